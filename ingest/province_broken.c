/* Records that must not be applied: every reason of refusal and quarantine, test events and tombstones.
 *
 * Each flaw is one edit of a sound record: find a piece of text, put another in its place. The table is walked in turn,
 * so a few hundred broken records hold every flaw. Only edits whose verdict the event contract fixes beyond doubt are
 * here; finer points (which of two flaws is named first) are for the decoder's own tests. A line break never occurs:
 * files of these records must stay NDJSON.
 *
 * In a replacement `@F` stands for an instant three days ahead, `@L` for 66,000 letters, `@D` for forty arrays in one
 * another. */
#include "ingest/province_truth.h"

#include "check.h"

struct flaw {
    enum reason reason; /* REASON_NONE: ignored */
    char base;          /* p o d w; t = tombstone, e = empty value */
    const char *find, *replace;
    int64_t shift_ms; /* of event_time from now */
    bool rare;        /* large: one round in eight */
};

enum { HOURS_3 = 3 * 3600000 };
#define YEARS_3 (3 * 366 * (int64_t)PROVINCE_DAY_MS)

static const struct flaw flaws[] = {
    {REASON_NOT_JSON, 'p', "\"payer_type\"", "\"payer_type", 0, false},
    {REASON_NOT_JSON, 'p', "\"HOUSEHOLD\"}", "\"HOUSEHOLD\"", 0, false},
    {REASON_NOT_JSON, 'o', "\"currency\"", "'currency'", 0, false},
    {REASON_NOT_JSON, 'o', "\"VND\"}", "\"VND\",}", 0, false},
    {REASON_NOT_JSON, 'p', "150000,", "0150000,", 0, false},
    {REASON_NOT_JSON, 'p', "150000,", "NaN,", 0, false},
    {REASON_NOT_JSON, 'd', "{", "[{", 0, false},
    {REASON_NOT_JSON, 'w', "\"wa\"", "\"a\\qb\"", 0, false},
    {REASON_NOT_JSON, 'p', "hbroken", "h\tbroken", 0, false},
    {REASON_NOT_JSON, 'p', "{", "\xef\xbb\xbf{", 0, false},
    {REASON_NOT_JSON, 'o', "\"VND\"}", "\"VND\"} {}", 0, false},
    {REASON_BAD_UTF8, 'p', "hbroken", "h\xff\xfe", 0, false},
    {REASON_BAD_UTF8, 'o', "hbroken", "h\xc3(", 0, false},
    {REASON_BAD_UTF8, 'w', "{", "{\"note\":\"\xed\xa0\x80\",", 0, false},
    {REASON_BAD_UTF8, 'p', "{", "{\"note\":\"\\ud800 alone\",", 0, false},
    {REASON_TOO_DEEP, 'p', "{", "{\"tree\":@D,", 0, false},
    {REASON_TOO_LARGE, 'o', "{", "{\"note\":\"@L\",", 0, true},
    {REASON_EMPTY, 'e', "", "", 0, false},
    {REASON_DUPLICATE_KEY, 'p', "\"payer_id\"", "\"status\":\"SETTLED\",\"payer_id\"", 0, false},
    {REASON_DUPLICATE_KEY, 'o', "\"channel\"", "\"wallet\":\"MOMO\",\"wallet\":\"MOMO\",\"channel\"", 0, false},
    {REASON_MISSING_FIELD, 'p', "\"payment_id\"", "\"paymentid\"", 0, false},
    {REASON_MISSING_FIELD, 'p', "\"merchant_id\"", "\"merchant\"", 0, false},
    {REASON_MISSING_FIELD, 'p', "\"scheme\"", "\"schema\"", 0, false},
    {REASON_MISSING_FIELD, 'p', "\"SETTLED\"", "\"DECLINED\"", 0, false},
    {REASON_MISSING_FIELD, 'p', "\"CARD\"", "\"EWALLET\"", 0, false},
    {REASON_MISSING_FIELD, 'o', "\"pay_mode\"", "\"paymode\"", 0, false},
    {REASON_MISSING_FIELD, 'o', "\"amount_minor\"", "\"amount\"", 0, false},
    {REASON_MISSING_FIELD, 'd', "\"operator\"", "\"driver\"", 0, false},
    {REASON_MISSING_FIELD, 'w', "\"content_changed_at\"", "\"changed_at\"", 0, false},
    {REASON_WRONG_TYPE, 'p', "\"hbroken\"", "17", 0, false},
    {REASON_WRONG_TYPE, 'p', "150000,", "\"150000\",", 0, false},
    {REASON_WRONG_TYPE, 'o', "\"SHOPEE\",\"event_time\"", "{\"name\":\"SHOPEE\"},\"event_time\"", 0, false},
    {REASON_WRONG_TYPE, 'o', "\"COD\"", "true", 0, false},
    {REASON_WRONG_TYPE, 'd', "\"schema_version\":1", "\"schema_version\":\"1\"", 0, false},
    {REASON_UNKNOWN_TYPE, 'p', "payment.status", "payment.created", 0, false},
    {REASON_UNKNOWN_VERSION, 'o', "\"schema_version\":1", "\"schema_version\":2", 0, false},
    {REASON_UNKNOWN_CODE, 'p', "\"SETTLED\"", "\"DONE\"", 0, false},
    {REASON_UNKNOWN_CODE, 'p', "\"VND\"", "\"XQQ\"", 0, false},
    {REASON_UNKNOWN_CODE, 'p', "\"CARD\"", "\"GOLD\"", 0, false},
    {REASON_UNKNOWN_CODE, 'p', "\"POS\"", "\"SHOP\"", 0, false},
    {REASON_UNKNOWN_CODE, 'o', "\"MARKETPLACE\"", "\"STREET\"", 0, false},
    {REASON_UNKNOWN_CODE, 'o', "\"COD\"", "\"LATER\"", 0, false},
    {REASON_UNKNOWN_CODE, 'd', "\"VND\"", "\"VND\",\"channel\":\"STREET\"", 0, false},
    {REASON_UNKNOWN_CODE, 'p', "\"payer_type\"", "\"payer_country\":\"vn\",\"payer_type\"", 0, false},
    {REASON_BAD_ID, 'p', "hbroken", "", 0, false},
    {REASON_BAD_ID, 'o', "\"U38000001\"", "\"\xc6\xaf\x38\"", 0, false},
    {REASON_BAD_ID, 'o', "hbroken", "h23456789012345678901234567890123456789012345678901234567890123456", 0, false},
    {REASON_BAD_TIME, 'p', "\"payer_type\"", "\"captured_at\":\"2021-07-30T10:00:00\",\"payer_type\"", 0, false},
    {REASON_BAD_TIME, 'p', "\"payer_type\"", "\"captured_at\":\"2021-07-30T10:00:00-00:00\",\"payer_type\"", 0, false},
    {REASON_BAD_TIME, 'o', "\"currency\"", "\"shipped_at\":\"2021-06-30T23:59:60Z\",\"currency\"", 0, false},
    {REASON_BAD_TIME, 'o', "\"currency\"", "\"shipped_at\":\"2021-02-29T10:00:00+07:00\",\"currency\"", 0, false},
    {REASON_BAD_TIME, 'o', "\"currency\"", "\"delivered_at\":1.5e12,\"currency\"", 0, false},
    {REASON_BAD_AMOUNT, 'p', "150000,", "150000.5,", 0, false},
    {REASON_BAD_AMOUNT, 'p', "150000,", "150000.0,", 0, false},
    {REASON_BAD_AMOUNT, 'p', "150000,", "15e4,", 0, false},
    {REASON_BAD_AMOUNT, 'o', "150000,", "-150000,", 0, false},
    {REASON_BAD_AMOUNT, 'o', "150000,", "9223372036854775808,", 0, false},
    {REASON_BAD_AMOUNT, 'd', "150000,", "123456789012345678901234567890,", 0, false},
    {REASON_FUTURE, 'p', NULL, NULL, HOURS_3, false},
    {REASON_FUTURE, 'o', NULL, NULL, 301001, false},
    {REASON_FUTURE, 'w', "\"content_changed_at\":", "\"content_changed_at\":@F,\"was\":", 0, false},
    {REASON_TOO_OLD, 'p', NULL, NULL, -YEARS_3, false},
    {REASON_TOO_OLD, 'd', NULL, NULL, -YEARS_3, false},
    {REASON_IMPOSSIBLE_STATE, 'o', "\"order.created\"", "\"order.delivered\",\"order_created_at\":@F", 0, false},
    {REASON_IMPOSSIBLE_STATE, 'o', "\"order.created\"", "\"order.cancelled\",\"order_created_at\":@F", 0, false},
    {REASON_IMPOSSIBLE_STATE, 'o', "\"order.created\"", "\"order.returned\",\"delivered_at\":@F", 0, false},
    {REASON_NONE, 'p', "{", "{\"test\":true,", 0, false},
    {REASON_NONE, 'o', "{", "{\"test\":true,", 0, false},
    {REASON_NONE, 't', "", "", 0, false},
};
enum { FLAWS = sizeof flaws / sizeof flaws[0] };

static const struct flaw registry_flaws[] = {
    {REASON_BAD_REGISTRY, 'u', "\"ENTERPRISE\"", "\"LIMITED\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"GENERIC\"", "\"KIOSK\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"4100\"", "\"ABC\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"2018\"", "\"2025\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"380\"", "\"999\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"valid_from\"", "\"validfrom\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"2018\"", "\"2018\",\"mgmt_software\":[\"EXCEL\"]", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"2018\"", "\"2018\",\"employees\":-3", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"2018\"", "\"2018\",\"echannels\":[\"STREET\"]", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"2018\"", "\"2018\",\"accounts\":\"SHOPEE\"", 0, false},
    {REASON_BAD_REGISTRY, 'u', "\"2018\"", "\"2018\",\"has_email\":\"maybe\"", 0, false},
    {REASON_MISSING_FIELD, 'u', "\"merchant_id\"", "\"unit\"", 0, false},
    {REASON_NOT_JSON, 'u', "{", "", 0, false},
    {REASON_NONE, 'u', "{", "{\"test\":true,", 0, false},
};
enum { REGISTRY_FLAWS = sizeof registry_flaws / sizeof registry_flaws[0], REGISTRY_FLAW_EVERY = 211 };

enum { BASE_BYTES = 640 };

static void base_text(const struct province *province, char base, int64_t shift_ms, char out[static BASE_BYTES]) {
    long long now = (long long)province->now_ms, event = now - 1000 + (long long)shift_ms;
    unsigned long long number = (unsigned long long)province->broken_number;
    if (base == 'p') {
        (void)snprintf(
            out, BASE_BYTES,
            "{\"type\":\"payment.status\",\"schema_version\":1,\"event_id\":\"x%llu\",\"source\":\"NAPASGW\",\"event_time\":%lld,"
            "\"ingest_time\":%lld,\"payment_id\":\"x%llu\",\"merchant_id\":\"U38000001\",\"status\":\"SETTLED\","
            "\"amount_minor\":150000,\"currency\":\"VND\",\"instrument\":\"CARD\",\"scheme\":\"VISA\",\"context\":\"POS\","
            "\"payer_id\":\"hbroken\",\"payer_type\":\"HOUSEHOLD\"}",
            number, event, now, number);
    } else if (base == 'o') {
        (void)snprintf(
            out, BASE_BYTES,
            "{\"type\":\"order.created\",\"schema_version\":1,\"event_id\":\"x%llu\",\"source\":\"SHOPEE\",\"event_time\":%lld,"
            "\"ingest_time\":%lld,\"order_id\":\"x%llu\",\"seller_id\":\"U38000001\",\"channel\":\"MARKETPLACE\","
            "\"platform\":\"SHOPEE\",\"pay_mode\":\"COD\",\"buyer_type\":\"HOUSEHOLD\",\"buyer_id\":\"hbroken\","
            "\"amount_minor\":150000,\"currency\":\"VND\"}",
            number, event, now, number);
    } else if (base == 'd') {
        (void)snprintf(
            out, BASE_BYTES,
            "{\"type\":\"ride.completed\",\"schema_version\":1,\"event_id\":\"x%llu\",\"source\":\"RIDEHUB\",\"event_time\":%lld,"
            "\"ingest_time\":%lld,\"trip_id\":\"x%llu\",\"operator\":\"U38000001\",\"fare_minor\":150000,\"currency\":\"VND\"}",
            number, event, now, number);
    } else {
        (void)snprintf(out, BASE_BYTES,
                       "{\"type\":\"website.observed\",\"schema_version\":1,\"event_id\":\"x%llu\",\"source\":\"CRAWLER\","
                       "\"event_time\":%lld,"
                       "\"ingest_time\":%lld,\"merchant_id\":\"U38000001\",\"by\":\"wa\",\"content_changed_at\":%lld}",
                       number, event, now, event - 1000);
    }
}

static void replacement_text(struct province *province, const char *replace) {
    struct province_text *text = &province->text;
    for (const char *at = replace; *at; at++) {
        if (*at != '@') {
            province_text_bytes(text, at, 1);
            continue;
        }
        at++;
        if (*at == 'F') province_text_number(text, province->now_ms + 3 * (int64_t)PROVINCE_DAY_MS);
        for (int i = 0; *at == 'L' && i < 66000; i++) province_text_bytes(text, "x", 1);
        for (int i = 0; *at == 'D' && i < 80; i++) province_text_bytes(text, i < 40 ? "[" : "]", 1);
    }
}

static void edited_text(struct province *province, const char *base, const struct flaw *flaw) {
    struct province_text *text = &province->text;
    const char *at = flaw->find ? strstr(base, flaw->find) : base;
    CHECK(at);
    province_text_bytes(text, base, (size_t)(at - base));
    if (flaw->find) replacement_text(province, flaw->replace);
    province_text_string(text, at + (flaw->find ? strlen(flaw->find) : 0));
}

bool province_broken_text(struct province *province, const char **topic) {
    const struct flaw *flaw = &flaws[province->broken_number % FLAWS];
    if (flaw->rare && province->broken_number / FLAWS % 8 != 0) flaw = &flaws[0];
    char base[BASE_BYTES];
    base_text(province, flaw->base, flaw->shift_ms, base);
    (void)snprintf(province->key, sizeof province->key, "x%llu", (unsigned long long)province->broken_number);
    bool odd = province->broken_number % 2;
    *topic = flaw->base == 'p' ? "payments" : flaw->base == 'd' ? "rides" : flaw->base == 'w' ? "websites" : "orders";
    if (flaw->base == 't' || flaw->base == 'e') *topic = odd ? "payments" : "orders";
    else edited_text(province, base, flaw);
    province_truth_refusal(province, flaw->reason);
    province->broken_number++;
    return flaw->base != 't';
}

/* A broken row stands behind each 211th sound one, recorded at the same instant. */
bool province_broken_registry(struct province *province, int64_t *timestamp_ms) {
    if (province->options.clean || province->registry_next % REGISTRY_FLAW_EVERY != 0 || province->registry_next == 0)
        return false;
    uint32_t round = province->registry_next / REGISTRY_FLAW_EVERY;
    if (province->last_registry_unit == round) return false;
    province->last_registry_unit = round;
    const struct flaw *flaw = &registry_flaws[round % REGISTRY_FLAWS];
    uint32_t item = province->units.order[province->registry_next - 1];
    *timestamp_ms = province->units.units[item / PROVINCE_VERSIONS_MAX].versions[item % PROVINCE_VERSIONS_MAX].recorded_ms;
    char base[BASE_BYTES];
    (void)snprintf(
        base, sizeof base,
        "{\"type\":\"unit.registered\",\"schema_version\":1,\"event_id\":\"reg:x%u\",\"source\":\"REGISTRY\",\"recorded_at\":"
        "%lld,"
        "\"merchant_id\":\"U38000001\",\"valid_from\":\"2019-01-01\",\"status\":\"CLOSED\",\"legal_form\":\"ENTERPRISE\","
        "\"unit_type\":\"GENERIC\",\"vsic\":\"4100\",\"vsic_version\":\"2018\",\"district\":\"380\"}",
        round, (long long)*timestamp_ms);
    edited_text(province, base, flaw);
    (void)snprintf(province->key, sizeof province->key, "U38000001");
    province_truth_refusal(province, flaw->reason);
    return true;
}
