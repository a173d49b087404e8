/* Adoption as it was meant: shares of units alive at the end of a month, what they declared and what they were seen
 * doing.
 *
 * A unit's population is what it was made to be (province_units.c); what it declared stands in its own versions; what it
 * was seen doing is one bit per month (province_truth.c). Turnover compares two months of the same bits. */
#include "ingest/province_figures.h"

struct share {
    const char *code;
    unsigned population;
    const char *unit_type, *platform, *instrument;
    bool districts, sized;
};

enum { SHARE_EMAIL = 0, SHARE_WEBSITE, SHARE_MARKET, SHARE_MANAGEMENT, SHARE_MODERN, SHARE_UTILITY, SHARE_SERVICE, SHARE_COUNT };

static const struct share shares[SHARE_COUNT] = {
    {"ENT_EMAIL", POPULATION_ENT, "ENT", NULL, NULL, true, true},
    {"ENT_WEB_UPD", POPULATION_ENT, "ENT", NULL, NULL, true, true},
    {"ENT_MKTPL", POPULATION_ENT, "ENT", "_T", NULL, true, true},
    {"ENT_MGMTSW", POPULATION_ENT, "ENT", NULL, NULL, true, true},
    {"MDT_EPAY", POPULATION_MDT, "EST", NULL, "_T", true, false},
    {"UTL_EPAY_HH", POPULATION_UTL, "UTILITY", NULL, "_T", false, false},
    {"TSB_ECHAN", POPULATION_TSB, "EST", "_T", NULL, true, false},
};

static bool declared(int share, const struct province_version *version, int32_t last) {
    switch (share) {
    case SHARE_EMAIL:
        return version->has_email == CELL_YES &&
               (version->email_asof == PROVINCE_DATE_ABSENT || version->email_asof == PROVINCE_DATE_EMPTY ||
                version->email_asof >= last - 364);
    case SHARE_WEBSITE:
        return version->website && version->website_updated >= last - 89 && version->website_updated <= last;
    case SHARE_MARKET: return version->marketplaces != 0;
    case SHARE_MANAGEMENT: return version->management == CELL_YES;
    case SHARE_MODERN:
    case SHARE_UTILITY: return version->accepts_epay == CELL_YES;
    default: return version->channels != 0;
    }
}

static bool observed(int share, const struct truth_unit *seen, uint64_t bit) {
    const uint64_t flows[SHARE_COUNT] = {seen->mail, seen->website, seen->market, 0, seen->cards, seen->bills, seen->channel};
    return (flows[share] & bit) != 0;
}

/* Whether any event of the kind was in the 90 days at all; without it, nothing is collected. */
static bool collected(int share, const struct province_truth *truth, uint64_t bit) {
    if (share == SHARE_EMAIL) return (truth->any_mail & bit) != 0;
    if (share == SHARE_WEBSITE) return (truth->any_website & bit) != 0;
    return share != SHARE_MANAGEMENT;
}

/* One share of one area (a district, or all) and size; three rows. */
static void share_figures(const struct province *province, uint32_t index, const struct figure_sink *sink, int share,
                          int32_t district, bool large) {
    const struct province_truth *truth = province->truth;
    int32_t last = province_month_start(truth->months[index].month + 1) - 1;
    uint64_t bit = (uint64_t)1 << index;
    int64_t all = 0, said = 0, seen = 0, either = 0;
    for (uint32_t i = 0; i < province->units.unit_count; i++) {
        const struct province_version *version = province_version_on(&province->units.units[i], last);
        if (!version || version->status != STATUS_ACTIVE || !(version->population & shares[share].population)) continue;
        if (district >= 0 && version->district != (uint32_t)district) continue;
        if (large && version->employees < 10) continue;
        bool says = declared(share, version, last), does = observed(share, &truth->units[i], bit);
        all++;
        said += says;
        seen += does;
        either += says || does;
    }
    char area[16];
    struct figure figure = {
        .indicator = shares[share].code, .unit_type = shares[share].unit_type, .platform = shares[share].platform};
    figure.instrument = shares[share].instrument;
    figure.size_class = large ? "S_GE10" : NULL;
    figure.area = district >= 0 ? figure_area((uint32_t)district, area) : NULL;
    bool have = collected(share, truth, bit);
    figure.evidence = "R";
    figure_ratio(sink, &figure, (__int128)100 * said, all, 2);
    figure.evidence = "O";
    figure_ratio(sink, &figure, (__int128)100 * seen, have ? all : 0, 2);
    figure.evidence = "C";
    figure_ratio(sink, &figure, (__int128)100 * either, have ? all : 0, 2);
}

static void industry_figures(const struct province *province, uint32_t index, const struct figure_sink *sink) {
    static const unsigned populations[] = {POPULATION_HW, POPULATION_SW, POPULATION_SV};
    static const char *const names[] = {"V18_IT_HW", "V18_IT_SW", "V18_IT_SV"};
    int32_t last = province_month_start(province->truth->months[index].month + 1) - 1;
    int64_t counts[3] = {0};
    for (uint32_t i = 0; i < province->units.unit_count; i++) {
        const struct province_version *version = province_version_on(&province->units.units[i], last);
        if (!version || version->status != STATUS_ACTIVE) continue;
        for (int p = 0; p < 3; p++) counts[p] += (version->population & populations[p]) != 0;
    }
    int64_t all = counts[0] + counts[1] + counts[2];
    struct figure figure = {.indicator = "IT_ENT_N", .evidence = "R", .unit_type = "ENT"};
    figure_whole(sink, &figure, all);
    for (int p = 0; p < 3; p++) {
        figure.activity = names[p];
        figure.indicator = "IT_ENT_N";
        figure_whole(sink, &figure, counts[p]);
        figure.indicator = "IT_ENT_SH";
        figure_ratio(sink, &figure, (__int128)100 * counts[p], all, 2);
    }
}

static void active_figures(const struct province *province, uint32_t index, const struct figure_sink *sink) {
    int32_t last = province_month_start(province->truth->months[index].month + 1) - 1;
    int64_t alive[TRUTH_STRATA + 1] = {0}, busy[TRUTH_STRATA + 1] = {0};
    for (uint32_t i = 0; i < province->units.unit_count; i++) {
        const struct province_version *version = province_version_on(&province->units.units[i], last);
        if (!version || version->status != STATUS_ACTIVE) continue;
        const uint32_t strata[] = {version->district, TRUTH_UNMATCHED + 1 + (uint32_t)version->type, TRUTH_STRATA};
        bool is = (province->truth->units[i].busy >> index & 1) != 0;
        for (int s = 0; s < 3; s++) {
            alive[strata[s]]++;
            busy[strata[s]] += is;
        }
    }
    for (uint32_t s = 0; s <= TRUTH_STRATA; s++) {
        char area[16];
        struct figure figure = {.indicator = "MER_ACTIVE_N"};
        if (s == TRUTH_UNMATCHED || s == TRUTH_UNMATCHED + 1) continue;
        if (s < TRUTH_UNMATCHED) figure.area = figure_area(s, area);
        else if (s < TRUTH_STRATA) figure.unit_type = figure_unit_type(s - TRUTH_UNMATCHED - 1);
        figure_whole(sink, &figure, busy[s]);
        figure.indicator = "MER_ACTIVE_SH";
        figure_ratio(sink, &figure, (__int128)100 * busy[s], alive[s], 2);
    }
}

static void turnover_figures(const struct province *province, uint32_t index, const struct figure_sink *sink) {
    const struct province_truth *truth = province->truth;
    int32_t first_day = province_month_start(truth->months[index].month);
    int64_t fresh = 0, retained = 0, back = 0, lost = 0;
    for (uint32_t i = 0; i < province->units.unit_count; i++) {
        const struct truth_unit *seen = &truth->units[i];
        bool now = (seen->active >> index & 1) != 0, then = index > 0 && (seen->active >> (index - 1) & 1) != 0;
        bool earlier = seen->first_active_day < first_day;
        fresh += now && !earlier;
        retained += now && then;
        back += now && !then && earlier;
        lost += then && !now;
    }
    figure_whole(sink, &(struct figure){.indicator = "MER_NEW_N"}, fresh);
    figure_whole(sink, &(struct figure){.indicator = "MER_RET_N"}, retained);
    figure_whole(sink, &(struct figure){.indicator = "MER_REACT_N"}, back);
    figure_whole(sink, &(struct figure){.indicator = "MER_CHURN_N"}, lost);
    int64_t persons = 0;
    for (uint32_t p = 0; p < PROVINCE_PERSONS; p++) persons += (int64_t)(truth->persons[p] >> index & 1);
    figure_whole(sink, &(struct figure){.indicator = "BUYERS_ACT_N", .platform = "_T", .instrument = "_T"}, persons);
}

/* Intents and drivers; none at all: nobody named any. */
static void named_figures(const struct province *province, uint32_t index, const struct figure_sink *sink) {
    const struct province_truth *truth = province->truth;
    int64_t tried = 0, paid = 0, drivers = 0;
    for (size_t i = 0; i < truth->intent_capacity; i++) {
        tried += (int64_t)(truth->intents[i].tried >> index & 1);
        paid += (int64_t)(truth->intents[i].paid >> index & 1);
    }
    for (size_t i = 0; i < (size_t)province->units.account_count * PROVINCE_DRIVERS; i++)
        drivers += (int64_t)(truth->drivers[i] >> index & 1);
    figure_ratio(sink, &(struct figure){.indicator = "PAY_INT_N", .instrument = "_T"}, tried, tried > 0, 0);
    figure_ratio(sink, &(struct figure){.indicator = "PAY_SUCC_INT", .instrument = "_T"}, (__int128)100 * paid, tried, 2);
    figure_ratio(sink, &(struct figure){.indicator = "RIDE_DRIVERS_ACT", .platform = "RIDE_APP"}, drivers, drivers > 0, 0);
}

void province_truth_shares(const struct province *province, uint32_t index, FILE *file, bool *first) {
    struct figure_sink sink = {file, first, province->truth->months[index].month};
    for (int share = 0; share < SHARE_COUNT; share++) {
        share_figures(province, index, &sink, share, -1, false);
        if (shares[share].sized) share_figures(province, index, &sink, share, -1, true);
        for (int32_t d = 0; shares[share].districts && d < PROVINCE_DISTRICTS; d++)
            share_figures(province, index, &sink, share, d, false);
    }
    industry_figures(province, index, &sink);
    active_figures(province, index, &sink);
    turnover_figures(province, index, &sink);
    named_figures(province, index, &sink);
}
