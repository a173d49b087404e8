/* The people of the synthetic province: about 5,400 units in the proportions of Thanh Hoa.
 *
 * Counts are constants, not chances: 3,000 enterprises, 150 places of modern distribution, 60 utilities that bill
 * households and 800 trade-service units are alive at the end, so that 70 %, 50 %, 35 %, 10 %, 70 %, 50 % and 20 % are
 * whole numbers of units, and 520 IT enterprises divide into 348, 42 and 130 (66.92, 8.08, 25.00 %). What chance decides
 * is who adopts, where a unit stands, and what it sells.
 *
 * A unit's population is written down as what it is meant to be, when it is made: nothing here reads indicators.json,
 * and a mistake of the engine in reading industry codes shows as a difference.
 *
 * Order of creation: people, quotas (who adopts what), accounts and pools, history (moves, closures, late and corrected
 * records). */
#include "ingest/province_units.h"

#include "check.h"

#include <stdlib.h>

const struct province_source_trait province_sources[SOURCE_COUNT] = {
    [SOURCE_NAPASGW] = {"NAPASGW", POLICY_FIRST, false, 0},
    [SOURCE_MOMOPAY] = {"MOMOPAY", POLICY_FIRST, false, STYLE_EXTRA},
    [SOURCE_ACQCARD] = {"ACQCARD", POLICY_CAPTURED, false, 0},
    [SOURCE_BANKNET] = {"BANKNET", POLICY_SETTLED, false, STYLE_RFC},
    [SOURCE_BILLHUB] = {"BILLHUB", POLICY_FIRST, true, 0},
    [SOURCE_TILLNET] = {"TILLNET", POLICY_FIRST, true, 0},
    [SOURCE_RIDEPAY] = {"RIDEPAY", POLICY_FIRST, false, 0},
    [SOURCE_APPBILL] = {"APPBILL", POLICY_FIRST, false, STYLE_EXTRA},
    [SOURCE_LAZADA] = {"LAZADA", POLICY_FIRST, false, 0},
    [SOURCE_SHOPEE] = {"SHOPEE", POLICY_FIRST, false, 0},
    [SOURCE_TIKI] = {"TIKI", POLICY_FIRST, false, STYLE_EXTRA},
    [SOURCE_SENDO] = {"SENDO", POLICY_FIRST, false, STYLE_RFC},
    [SOURCE_TIKTOK] = {"TIKTOK_SHOP", POLICY_FIRST, false, 0},
    [SOURCE_VOSO] = {"VOSO", POLICY_FIRST, false, 0},
    [SOURCE_WEBSHOP] = {"WEBSHOP", POLICY_FIRST, false, 0},
    [SOURCE_SOCIALHUB] = {"SOCIALHUB", POLICY_FIRST, false, STYLE_ESCAPE},
    [SOURCE_OTAHUB] = {"OTAHUB", POLICY_FIRST, false, STYLE_RFC},
    [SOURCE_MAILERP] = {"MAILERP", POLICY_FIRST, false, 0},
    [SOURCE_RIDEHUB] = {"RIDEHUB", POLICY_FIRST, false, 0},
    [SOURCE_CRAWLER] = {"CRAWLER", POLICY_FIRST, false, STYLE_RFC},
};

/* Industry codes by kind, some with five digits, some with the section letter; none that would slip into another population. */
#define CODES_MAX 16
static const char *const enterprise_codes[CODES_MAX] = {"1410", "C1511", "1610", "2395", "25110", "4100", "4290", "F4322",
                                                        "4520", "46411", "4662", "H4933", "6820", "7110", "8299", "1020"};
static const char *const hardware_codes[CODES_MAX] = {"2610", "26200", "C2630", "2640", "4651", "G4652", "4741", "47420"};
static const char *const software_codes[CODES_MAX] = {"5820", "6201", "J6201", "62010", "6312"};
static const char *const support_codes[CODES_MAX] = {"6202", "J6209", "63110", "9511", "95120"};
static const char *const utility_codes[CODES_MAX] = {"3512", "D3512", "35120", "3600", "E36000",
                                                     "6110", "J6120", "6190",  "6021", "60220"};
static const char *const market_codes[CODES_MAX] = {"47111", "G47111", "47191"};
static const char *const modern_codes[CODES_MAX] = {"47111", "47191", "4719", "G4711"};
static const char *const service_codes[CODES_MAX] = {"4921", "H4931", "49321", "5011", "5914", "9000", "91030", "9311",
                                                     "R9321", "93290", "5510", "I55101", "5590", "N7911", "7912", "7990"};
static const char *const shop_codes[CODES_MAX] = {"4773", "47711", "G4722", "47224", "5610", "56101", "9631", "4763"};
static const char *const corner_codes[CODES_MAX] = {"47112", "47192", "G47112"};
static const char *const public_codes[CODES_MAX] = {"8610", "P8520", "86101", "8411"};

/* One kind of unit. `ending`: 1 closes during the stream, 2 its record ends. */
struct kind {
    enum province_group group;
    uint32_t count;
    enum province_legal legal;
    enum province_type type;
    const char *const *codes;
    unsigned population;
    int ending;
};

static const struct kind kinds[] = {
    {GROUP_ENTERPRISE, 2360, LEGAL_ENTERPRISE, TYPE_GENERIC, enterprise_codes, POPULATION_ENT, 0},
    {GROUP_IT, 348, LEGAL_ENTERPRISE, TYPE_GENERIC, hardware_codes, POPULATION_ENT | POPULATION_HW, 0},
    {GROUP_IT, 42, LEGAL_ENTERPRISE, TYPE_OTHER, software_codes, POPULATION_ENT | POPULATION_SW, 0},
    {GROUP_IT, 130, LEGAL_ENTERPRISE, TYPE_GENERIC, support_codes, POPULATION_ENT | POPULATION_SV, 0},
    {GROUP_UTILITY, 20, LEGAL_ENTERPRISE, TYPE_UTILITY, utility_codes, POPULATION_ENT | POPULATION_UTL, 0},
    {GROUP_UTILITY, 20, LEGAL_BRANCH, TYPE_UTILITY, utility_codes, POPULATION_UTL, 0},
    {GROUP_UTILITY, 20, LEGAL_PUBLIC, TYPE_GENERIC, utility_codes, POPULATION_UTL, 0},
    {GROUP_UTILITY, 8, LEGAL_PUBLIC, TYPE_UTILITY, utility_codes, 0, 0}, /* wholesalers: no household bills */
    {GROUP_MODERN, 70, LEGAL_BRANCH, TYPE_SUPERMARKET, modern_codes, POPULATION_MDT, 0},
    {GROUP_MODERN, 10, LEGAL_BRANCH, TYPE_MALL, shop_codes, POPULATION_MDT, 0},
    {GROUP_MODERN, 10, LEGAL_BRANCH, TYPE_HYPERMARKET, modern_codes, POPULATION_MDT, 0},
    {GROUP_MODERN, 40, LEGAL_COOPERATIVE, TYPE_MODERN_OTHER, modern_codes, POPULATION_MDT, 0},
    {GROUP_MODERN, 20, LEGAL_BRANCH, TYPE_GENERIC, market_codes, POPULATION_MDT, 0},
    {GROUP_SERVICE, 100, LEGAL_ENTERPRISE, TYPE_GENERIC, service_codes, POPULATION_ENT | POPULATION_TSB, 0},
    {GROUP_SERVICE, 500, LEGAL_HOUSEHOLD, TYPE_OTHER, service_codes, POPULATION_TSB, 0},
    {GROUP_SERVICE, 150, LEGAL_BRANCH, TYPE_GENERIC, service_codes, POPULATION_TSB, 0},
    {GROUP_SERVICE, 50, LEGAL_COOPERATIVE, TYPE_GENERIC, service_codes, POPULATION_TSB, 0},
    {GROUP_SHOP, 600, LEGAL_HOUSEHOLD, TYPE_GENERIC, shop_codes, 0, 0},
    {GROUP_SHOP, 250, LEGAL_HOUSEHOLD, TYPE_MARKET, shop_codes, 0, 0},
    {GROUP_SHOP, 150, LEGAL_HOUSEHOLD, TYPE_OTHER, shop_codes, 0, 0},
    {GROUP_CONVENIENCE, 60, LEGAL_BRANCH, TYPE_CONVENIENCE, corner_codes, 0, 0},
    {GROUP_PUBLIC, 60, LEGAL_PUBLIC, TYPE_GENERIC, public_codes, 0, 0},
    {GROUP_ENTERPRISE, 15, LEGAL_ENTERPRISE, TYPE_GENERIC, enterprise_codes, POPULATION_ENT, 1},
    {GROUP_SHOP, 25, LEGAL_HOUSEHOLD, TYPE_GENERIC, shop_codes, 0, 1},
    {GROUP_SHOP, 10, LEGAL_HOUSEHOLD, TYPE_MARKET, shop_codes, 0, 2},
    {GROUP_DEAD, 90, LEGAL_ENTERPRISE, TYPE_GENERIC, enterprise_codes, POPULATION_ENT, 0},
    {GROUP_DEAD, 60, LEGAL_HOUSEHOLD, TYPE_GENERIC, service_codes, POPULATION_TSB, 0},
    {GROUP_DEAD, 8, LEGAL_BRANCH, TYPE_SUPERMARKET, modern_codes, POPULATION_MDT, 0},
};

/* The city and the industrial towns have most of the units; order of the district codes 380, 381, 382, 384 .. 407. */
static const uint16_t district_weights[PROVINCE_DISTRICTS] = {300, 70, 90, 5,  6,  12, 7,  8,  20, 18, 20, 22, 14, 28,
                                                              40,  12, 32, 26, 48, 26, 24, 10, 12, 28, 24, 40, 90};

static size_t codes_count(const char *const *codes) {
    size_t count = 0;
    while (count < CODES_MAX && codes[count]) count++;
    return count;
}

static int32_t employees_of(enum province_legal legal, struct province_random *random) {
    static const uint16_t sizes[] = {55, 35, 8, 2};
    static const int32_t low[] = {1, 10, 50, 250}, high[] = {9, 49, 249, 1200};
    uint32_t draw = province_random_below(random, 100);
    if (draw < 6) return -1;
    if (draw < 8) return -2;
    size_t size = legal == LEGAL_HOUSEHOLD ? 0 : province_random_pick(random, sizes, 4);
    return province_random_between(random, low[size], high[size]);
}

static enum province_cell cell_of(struct province_random *random) {
    static const uint16_t weights[] = {30, 10, 35, 25};
    return (enum province_cell)province_random_pick(random, weights, 4);
}

static void version_make(struct province_version *version, const struct kind *kind, const struct province_units *units,
                         struct province_random *random) {
    *version = (struct province_version){.valid_to = PROVINCE_FOREVER, .legal = kind->legal, .type = kind->type};
    version->valid_from = units->first_day - 400 - (int32_t)province_random_below(random, 1500);
    version->recorded_ms = (int64_t)(units->first_day - 60 - (int32_t)province_random_below(random, 240)) * PROVINCE_DAY_MS +
                           (int64_t)province_random_below(random, 36000000);
    version->status = kind->group == GROUP_DEAD
                          ? (enum province_status)province_random_between(random, STATUS_SUSPENDED, STATUS_UNKNOWN)
                          : STATUS_ACTIVE;
    version->vsic = kind->codes[province_random_below(random, (uint32_t)codes_count(kind->codes))];
    version->district = (uint32_t)province_random_pick(random, district_weights, PROVINCE_DISTRICTS);
    version->population = kind->population;
    version->employees = employees_of(kind->legal, random);
    version->email_asof = version->website_updated = PROVINCE_DATE_ABSENT;
    version->has_email = kind->legal == LEGAL_ENTERPRISE ? CELL_NO : cell_of(random);
    version->management = kind->legal == LEGAL_ENTERPRISE ? CELL_NO : CELL_ABSENT;
    version->accepts_epay = cell_of(random);
    version->bills_households = kind->group == GROUP_UTILITY ? CELL_YES : CELL_ABSENT;
    if (kind->group == GROUP_UTILITY && kind->population == 0) {
        version->bills_households = province_random_below(random, 4) == 0 ? CELL_EMPTY : CELL_NO;
    } else if (kind->group == GROUP_UTILITY && province_random_below(random, 12) == 0) {
        version->bills_households = CELL_ABSENT; /* a column the record does not have holds */
    }
}

void province_people_make(struct province_units *units, struct province_random *random) {
    uint32_t total = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) total += kinds[k].count;
    units->units = calloc(total, sizeof *units->units);
    CHECK_MEMORY(units->units);
    units->unit_capacity = total;
    int32_t days = units->end_day - units->first_day;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (uint32_t i = 0; i < kinds[k].count; i++) {
            struct province_unit *unit = &units->units[units->unit_count++];
            unit->group = kinds[k].group;
            unit->false_claim = PROVINCE_NOBODY;
            unit->end_day = PROVINCE_FOREVER;
            unit->version_count = 1;
            version_make(&unit->versions[0], &kinds[k], units, random);
            if (kinds[k].ending == 0) continue;
            unit->end_day = units->first_day + days / 5 + (int32_t)province_random_below(random, (uint32_t)days / 3 + 1);
            if (kinds[k].ending == 2) unit->versions[0].valid_to = unit->end_day;
        }
    }
}

void province_units_create(struct province_units *units, const struct province_calendar *calendar,
                           struct province_random *random) {
    memset(units, 0, sizeof *units);
    units->first_day = calendar->first_day;
    units->end_day = calendar->first_day + calendar->days;
    int32_t month = province_month_of(units->end_day); /* the last month that ends inside the stream */
    units->last_day = province_month_start(month) - 1;
    if (province_month_start(month - 1) < units->first_day) units->last_day = units->end_day - 1;
    units->window_first = units->last_day - 89;
    province_people_make(units, random);
    province_quotas_set(units, random);
    province_accounts_make(units, random);
    province_history_make(units, random);
}

void province_units_destroy(struct province_units *units) {
    for (int pool = 0; pool < POOL_COUNT; pool++) {
        free(units->pools[pool].accounts);
        free(units->pools[pool].cumulative);
    }
    free(units->units);
    free(units->accounts);
    free(units->promises);
    free(units->order);
}

const struct province_version *province_version_on(const struct province_unit *unit, int32_t day) {
    const struct province_version *best = NULL;
    for (uint32_t i = 0; i < unit->version_count; i++) {
        const struct province_version *version = &unit->versions[i];
        if (version->valid_from > day) continue;
        if (!best || version->valid_from > best->valid_from ||
            (version->valid_from == best->valid_from && version->recorded_ms >= best->recorded_ms)) {
            best = version;
        }
    }
    return best && best->valid_to > day ? best : NULL;
}

int32_t province_owner_on(const struct province_units *units, uint32_t account, int32_t day) {
    const struct province_account *a = &units->accounts[account];
    int32_t owner = day < a->switch_day ? a->before : a->after;
    if (owner == PROVINCE_NOBODY || !province_version_on(&units->units[owner], day)) return PROVINCE_NOBODY;
    return owner;
}
