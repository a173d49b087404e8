/* Registry messages: one unit.registered record per version, complete in itself.
 *
 * Different offices write differently: lists as arrays or joined by `;`, numbers as strings, dates empty or missing,
 * `recorded_at` in milliseconds or RFC 3339. Which form a record has follows from its unit's number, so all forms are in
 * every registry. */
#include "ingest/province_units.h"

#include "check.h"
#include "codes.h"

static const char *const statuses[] = {"", "ACTIVE", "SUSPENDED", "CLOSED", "UNKNOWN"};
static const char *const legal_forms[] = {"", "ENTERPRISE", "BRANCH", "COOPERATIVE", "HOUSEHOLD_BIZ", "PUBLIC_UNIT"};
static const char *const types[] = {"",        "GENERIC", "SUPERMARKET", "MALL", "HYPERMARKET", "CONVENIENCE", "MODERN_OTHER",
                                    "UTILITY", "MARKET",  "OTHER"};
#define X(name) #name,
static const char *const channels[] = {"", CHANNELS(X)};
#undef X

static void cell_text(struct province_text *text, const char *name, enum province_cell cell) {
    static const char *const values[] = {"", "", "N", "Y"};
    if (cell != CELL_ABSENT) province_text_field(text, name, values[cell]);
}

static void date_text(struct province_text *text, const char *name, int32_t day) {
    if (day == PROVINCE_DATE_ABSENT) return;
    PROVINCE_TEXT(text, ",\"");
    province_text_string(text, name);
    PROVINCE_TEXT(text, "\":\"");
    if (day != PROVINCE_DATE_EMPTY) province_text_date(text, day);
    PROVINCE_TEXT(text, "\"");
}

/* A list as an array or as one string, by `array`. */
static void list_text(struct province_text *text, const char *name, const char *const *items, size_t count, bool array) {
    PROVINCE_TEXT(text, ",\"");
    province_text_string(text, name);
    province_text_string(text, array ? "\":[" : "\":\"");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) province_text_string(text, array ? "," : ";");
        if (array) PROVINCE_TEXT(text, "\"");
        province_text_string(text, items[i]);
        if (array) PROVINCE_TEXT(text, "\"");
    }
    province_text_string(text, array ? "]" : "\"");
}

static void adoption_text(const struct province_version *version, uint32_t unit, struct province_text *text) {
    static const char *const programs[] = {"ERP", "ACCOUNTING", "CRM", "POS_ERP"};
    const char *items[32];
    size_t count = 0;
    cell_text(text, "has_email", version->has_email);
    date_text(text, "has_email_asof", version->email_asof);
    cell_text(text, "accepts_epay", version->accepts_epay);
    cell_text(text, "bills_households", version->bills_households);
    if (version->management == CELL_YES && unit % 2 == 0) {
        list_text(text, "mgmt_software", &programs[unit % 3], 1 + unit % 2, unit % 4 == 0);
    } else {
        cell_text(text, "mgmt_software", version->management);
    }
    if (version->website) {
        PROVINCE_TEXT(text, ",\"website_url\":\"https://u");
        province_text_number(text, unit);
        PROVINCE_TEXT(text, ".example.vn/\"");
    } else if (unit % 2) {
        PROVINCE_TEXT(text, ",\"website_url\":\"\"");
    } else if (version->website_updated != PROVINCE_DATE_ABSENT) { /* the column must be there to say that it is empty */
        PROVINCE_TEXT(text, ",\"website_url\":\"\"");
    }
    date_text(text, "website_updated_at", version->website_updated);
    for (unsigned i = 0; i < 6; i++) {
        if (version->marketplaces & 1u << i) items[count++] = province_sources[SOURCE_LAZADA + i].name;
    }
    if (count > 0 || unit % 3 == 0) list_text(text, "mktpl_accounts", items, count, unit % 5 != 0);
    count = 0;
    for (unsigned i = 1; i < CHANNEL_COUNT; i++) {
        if (version->channels & 1u << i) items[count++] = channels[i];
    }
    if (count > 0 || unit % 4 == 0) list_text(text, "echannels", items, count, unit % 2 == 0);
}

static void claim_text(const struct province_account *account, struct province_text *text) {
    PROVINCE_TEXT(text, "{\"source\":\"");
    province_text_string(text, province_sources[account->source].name);
    PROVINCE_TEXT(text, "\",\"account_id\":\"");
    province_text_string(text, account->id);
    PROVINCE_TEXT(text, "\"");
}

static void accounts_text(const struct province_units *units, uint32_t index, struct province_text *text) {
    const struct province_unit *unit = &units->units[index];
    bool any = unit->account_count > 0 || unit->false_claim != PROVINCE_NOBODY;
    if (!any && index % 4 != 0) return;
    PROVINCE_TEXT(text, ",\"accounts\":[");
    for (uint32_t i = 0; i < unit->account_count; i++) {
        const struct province_account *account = &units->accounts[unit->accounts[i]];
        if (i > 0) PROVINCE_TEXT(text, ",");
        claim_text(account, text);
        bool changes = account->before != account->after;
        if (changes && account->after == (int32_t)index) date_text(text, "valid_from", account->switch_day);
        if (changes && account->before == (int32_t)index) date_text(text, "valid_to", account->switch_day);
        PROVINCE_TEXT(text, "}");
    }
    if (unit->false_claim != PROVINCE_NOBODY) {
        if (unit->account_count > 0) PROVINCE_TEXT(text, ",");
        claim_text(&units->accounts[unit->false_claim], text);
        PROVINCE_TEXT(text, "}");
    }
    PROVINCE_TEXT(text, "]");
}

static void size_text(const struct province_version *version, uint32_t unit, struct province_text *text) {
    if (version->employees == -2) return;
    if (version->employees == -1) {
        province_text_string(text, unit % 2 ? ",\"employees\":\"\"" : "");
        return;
    }
    PROVINCE_TEXT(text, ",\"employees\":");
    province_text_number(text, version->employees);
}

void province_registry_text(const struct province_units *units, uint32_t index, struct province_text *text) {
    CHECK(index < units->order_count);
    uint32_t unit = units->order[index] / PROVINCE_VERSIONS_MAX, number = units->order[index] % PROVINCE_VERSIONS_MAX;
    const struct province_version *version = &units->units[unit].versions[number];
    char id[24];
    province_unit_id(unit, id);
    PROVINCE_TEXT(text, "{\"type\":\"unit.registered\",\"schema_version\":1,\"event_id\":\"reg:");
    province_text_string(text, id);
    PROVINCE_TEXT(text, ":");
    province_text_number(text, number);
    PROVINCE_TEXT(text, "\",\"source\":\"REGISTRY\",\"recorded_at\":");
    if (unit % 3 == 0) province_text_time(text, version->recorded_ms);
    else province_text_number(text, version->recorded_ms);
    province_text_field(text, "merchant_id", id);
    date_text(text, "valid_from", version->valid_from);
    if (version->valid_to != PROVINCE_FOREVER) date_text(text, "valid_to", version->valid_to);
    province_text_field(text, "status", statuses[version->status]);
    province_text_field(text, "legal_form", legal_forms[version->legal]);
    province_text_field(text, "unit_type", types[version->type]);
    province_text_field(text, "vsic", version->vsic);
    province_text_string(text, unit % 2 ? ",\"vsic_version\":\"2018\"" : ",\"vsic_version\":2018");
    int32_t district = version->district < 3 ? 380 + (int32_t)version->district : 381 + (int32_t)version->district;
    province_text_string(text, unit % 2 ? ",\"district\":\"" : ",\"district\":");
    province_text_number(text, district);
    if (unit % 2) PROVINCE_TEXT(text, "\"");
    size_text(version, unit, text);
    adoption_text(version, unit, text);
    accounts_text(units, unit, text);
    PROVINCE_TEXT(text, "}");
}
