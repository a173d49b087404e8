/* Logs from a seed: see logs.h.
 *
 * Few payments, orders and persons, so that life cycles collide; redelivered ids, mostly about a window's length apart, where it
 * matters who still remembers; record time that creeps and then leaps by days, so that buckets retire; messages that are refused,
 * ignored, late, early, too old. Offsets have gaps, as transaction markers, aborted records and compaction leave them. */
#include "tests/sim/logs.h"

#include "check.h"
#include "ingest/line_time.h"
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>

enum { VALUE_BYTES = 700, ARENA_BYTES = RECORDS_MAX * 480, HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, ACCOUNTS = 70 };

#define START_MS INT64_C(1630602000000) /* 2021-09-03 00:00 in Asia/Ho_Chi_Minh */

struct maker {
    uint64_t random;
    const struct log_options *options;
    struct log *log;
    int partition;
    int64_t now_ms;    /* record time, creeping on */
    int64_t record_ms; /* of the record at hand */
    int64_t line_ms;   /* the last time that a value has told */
    uint32_t pace;     /* 0: a second a record .. 3: hours */
    char text[VALUE_BYTES];
    size_t length;
};

static char *arenas[8];

static uint32_t below(struct maker *maker, uint32_t bound) {
    return (uint32_t)((mix_random(&maker->random) >> 32) * bound >> 32);
}

static bool one_in(struct maker *maker, uint32_t n) {
    return below(maker, n) == 0;
}

#define PICK(maker, list) ((list)[below((maker), (uint32_t)(sizeof(list) / sizeof((list)[0])))])

static void put(struct maker *maker, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct maker *maker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(maker->text + maker->length, VALUE_BYTES - maker->length, format, arguments);
    va_end(arguments);
    CHECK(added >= 0 && maker->length + (size_t)added < VALUE_BYTES);
    maker->length += (size_t)added;
}

static int64_t event_time(struct maker *maker) {
    int64_t ms = maker->record_ms - below(maker, 2 * HOUR_MS);
    if (one_in(maker, 8)) ms -= (int64_t)below(maker, 40) * DAY_MS;
    if (one_in(maker, 60)) ms -= (int64_t)below(maker, 300) * DAY_MS;
    if (one_in(maker, 25)) ms = maker->record_ms + below(maker, 600000);
    return ms;
}

static const char *const SOURCES[] = {"CAPA", "SETB", "SRC", "S"};

static void put_head(struct maker *maker, const char *type, size_t number, int64_t ms) {
    put(maker, "{\"type\":\"%s\",\"schema_version\":1,\"event_id\":\"e%zu\",\"source\":\"%s\",\"event_time\":%" PRId64
               ",\"ingest_time\":%" PRId64,
        type, number, PICK(maker, SOURCES), ms, maker->record_ms);
}

static void put_date(struct maker *maker, const char *name, int64_t ms, uint32_t days) {
    if (!one_in(maker, 3)) return;
    put(maker, ",\"%s\":%" PRId64, name, ms - (int64_t)below(maker, days * 24) * HOUR_MS + (one_in(maker, 12) ? DAY_MS : 0));
}

static void put_money(struct maker *maker, const char *name) {
    put(maker, ",\"%s\":%u,\"currency\":\"%s\"", name, below(maker, 1000000), one_in(maker, 10) ? "USD" : "VND");
    if (one_in(maker, 20)) put(maker, ",\"fx_amount_minor\":%u", below(maker, 1000000));
}

static void make_payment(struct maker *maker, size_t number) {
    static const char *const statuses[] = {"INITIATED", "AUTHORISED", "CAPTURED", "SETTLED",      "DECLINED",    "CAPTURED",
                                           "SETTLED",   "REFUNDED",   "REVERSED", "CHARGED_BACK", "EXPIRED"};
    static const char *const instruments[] = {"CARD", "EWALLET", "BANK_A2A", "CASH"};
    static const char *const contexts[] = {"POS", "ONLINE", "TRANSFER", "AD"};
    static const char *const persons[] = {"HOUSEHOLD", "HOUSEHOLD", "BUSINESS"};
    int64_t ms = event_time(maker);
    put_head(maker, "payment.status", number, ms);
    const char *status = PICK(maker, statuses);
    const char *instrument = PICK(maker, instruments);
    put(maker, ",\"payment_id\":\"p%u\",\"merchant_id\":\"m%u\",\"status\":\"%s\"", below(maker, 24),
        below(maker, ACCOUNTS), status);
    if (strcmp(status, "DECLINED") == 0) put(maker, ",\"reason_class\":\"%s\"", one_in(maker, 2) ? "BUSINESS" : "TECHNICAL");
    put_money(maker, "amount_minor");
    put(maker, ",\"instrument\":\"%s\",\"context\":\"%s\"", instrument, PICK(maker, contexts));
    if (strcmp(instrument, "EWALLET") == 0) put(maker, ",\"wallet\":\"%s\"", one_in(maker, 5) ? "NEWPAY" : "MOMO");
    if (strcmp(instrument, "CARD") == 0) put(maker, ",\"scheme\":\"VISA\"");
    put(maker, ",\"payer_id\":\"b%u\",\"payer_type\":\"%s\"", below(maker, 60), PICK(maker, persons));
    if (number % 3 != 0) put(maker, ",\"payment_intent_id\":\"i%zu\"", number / 4); /* without a draw of chance */
    if (one_in(maker, 5)) put(maker, ",\"captured_at\":%" PRId64, ms - below(maker, 3 * DAY_MS));
}

static void make_order(struct maker *maker, size_t number) {
    static const char *const types[] = {"order.created",   "order.created",         "order.shipped",  "order.delivered",
                                        "order.cancelled", "order.failed_delivery", "order.returned", "order.refunded"};
    static const char *const platforms[] = {"SHOPEE", "LAZADA", "NEWSHOP"};
    int64_t ms = event_time(maker);
    put_head(maker, PICK(maker, types), number, ms);
    put(maker, ",\"order_id\":\"o%u\",\"seller_id\":\"m%u\",\"channel\":\"MARKETPLACE\",\"platform\":\"%s\",\"pay_mode\":\"%s\"",
        below(maker, 24), below(maker, ACCOUNTS), PICK(maker, platforms), one_in(maker, 2) ? "COD" : "PREPAID");
    put(maker, ",\"buyer_type\":\"%s\",\"buyer_id\":\"b%u\"", one_in(maker, 3) ? "BUSINESS" : "HOUSEHOLD", below(maker, 60));
    put_money(maker, "amount_minor");
    put_date(maker, "order_created_at", ms, 20);
    put_date(maker, "shipped_at", ms, 9);
    put_date(maker, "delivered_at", ms, 30);
}

static void make_other(struct maker *maker, size_t number) {
    int64_t ms = event_time(maker);
    uint32_t sort = below(maker, 3);
    if (sort == 0) {
        put_head(maker, "ride.completed", number, ms);
        put(maker, ",\"trip_id\":\"t%zu\",\"operator\":\"m%u\"", number, below(maker, ACCOUNTS));
        if (number % 4 != 0) put(maker, ",\"driver_id\":\"w%zu\"", number % 37);
        put_money(maker, "fare_minor");
    } else if (sort == 1) {
        put_head(maker, "website.observed", number, ms);
        put(maker, ",\"merchant_id\":\"m%u\",\"content_changed_at\":%" PRId64, below(maker, ACCOUNTS),
            ms - (int64_t)below(maker, 40) * DAY_MS);
    } else {
        put(maker, "{\"type\":\"unit.registered\",\"schema_version\":1,\"event_id\":\"r%zu\",\"source\":\"REGISTRY\"", number);
        put(maker, ",\"merchant_id\":\"m%u\",\"recorded_at\":%" PRId64 ",\"valid_from\":\"2020-01-01\",\"status\":\"ACTIVE\"",
            below(maker, ACCOUNTS), maker->record_ms);
        put(maker, ",\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"GENERIC\",\"vsic\":\"47711\",\"vsic_version\":\"2018\"");
        put(maker, ",\"district\":\"380\"");
    }
}

static void make_event(struct maker *maker, size_t number) {
    uint32_t family = below(maker, 20);
    if (family < 9) {
        make_payment(maker, number);
    } else if (family < 17) {
        make_order(maker, number);
    } else {
        make_other(maker, number);
    }
    if (one_in(maker, 40)) put(maker, ",\"test\":true");
    put(maker, one_in(maker, 30) ? "," : "}"); /* some are cut short and refused */
}

/* The same message again, or another one with its id; mostly from about a window ago. */
static bool repeat(struct maker *maker, size_t number) {
    uint32_t window = maker->options->window_records;
    uint32_t back = one_in(maker, 3) ? 1 + below(maker, 6) : window - 4 + below(maker, 9);
    if (back == 0 || back > number) return false;
    struct slice old = maker->log->records[number - back].value;
    if (old.data == NULL || old.length >= VALUE_BYTES) return false;
    memcpy(maker->text, old.data, old.length);
    maker->length = old.length;
    char *amount = memmem(maker->text, maker->length, "\"amount_minor\":", 15);
    if (amount != NULL && one_in(maker, 4)) amount[15] = (char)('1' + below(maker, 9));
    return true;
}

static void make_value(struct maker *maker, size_t number, struct slice *value, char **room) {
    maker->length = 0;
    *value = (struct slice){NULL, 0};
    if (one_in(maker, 40)) return; /* a tombstone */
    if (!one_in(maker, 6) || !repeat(maker, number)) make_event(maker, number);
    memcpy(*room, maker->text, maker->length);
    *value = (struct slice){*room, maker->length};
    *room += maker->length;
}

static void pass_time(struct maker *maker) {
    static const uint32_t steps_ms[] = {2000, 10 * 60000, HOUR_MS, 8 * HOUR_MS};
    if (one_in(maker, 60)) maker->pace = below(maker, 4);
    maker->now_ms += below(maker, steps_ms[maker->pace]);
    if (one_in(maker, 100)) maker->now_ms += (int64_t)(1 + below(maker, 5)) * DAY_MS;
    maker->record_ms = maker->now_ms;
    if (one_in(maker, 15)) maker->record_ms -= below(maker, 2 * HOUR_MS);
    if (one_in(maker, 150)) maker->record_ms += 3 * DAY_MS;
}

void log_make(struct log *log, int partition, uint64_t seed, const struct log_options *options) {
    struct maker maker = {.random = seed + (uint64_t)partition * 7919, .options = options, .log = log, .partition = partition};
    if (arenas[partition] == NULL) arenas[partition] = malloc(ARENA_BYTES);
    CHECK(arenas[partition] != NULL);
    char *room = arenas[partition];
    (void)mix_random(&maker.random);
    maker.now_ms = START_MS + below(&maker, DAY_MS);
    maker.pace = below(&maker, 4);
    memset(log->prints, 0, sizeof(log->prints));
    log->count = 40 + below(&maker, one_in(&maker, 4) ? 500 : 160);
    int64_t offset = options->plain ? 0 : below(&maker, 1000);
    bool gaps = !options->plain && !one_in(&maker, 3);
    log->first = one_in(&maker, 2) ? 0 : offset;
    for (size_t i = 0; i < log->count; i++) {
        CHECK(room + VALUE_BYTES < arenas[partition] + ARENA_BYTES);
        pass_time(&maker);
        struct record *record = &log->records[i];
        if (gaps && one_in(&maker, 8)) offset += 1 + below(&maker, 4);
        make_value(&maker, i, &record->value, &room);
        record->key = (struct slice){NULL, 0};
        record->native = NULL;
        record->offset = offset++;
        record->next_offset = offset;
        record->timestamp_ms = maker.record_ms;
        if (options->plain) { /* as a file is read */
            (void)line_time(record->value, &maker.line_ms);
            record->timestamp_ms = maker.line_ms;
        }
        log->refused[i] = log->durable[i] = false;
    }
    log->end = offset + (gaps && one_in(&maker, 2) ? below(&maker, 4) : 0);
    log->span_us = one_in(&maker, 3) ? 1 : (int64_t)below(&maker, 25) * SECOND + 1;
}

size_t log_visible(const struct log *log, int64_t now_us, int64_t *end) {
    int64_t passed_us = now_us - log->begin_us;
    if (passed_us >= log->span_us) {
        *end = log->end;
        return log->count;
    }
    size_t count = passed_us <= 0 ? 0 : (size_t)((int64_t)log->count * passed_us / log->span_us);
    int64_t last = count > 0 ? log->records[count - 1].next_offset : log->first;
    int64_t following = log->records[count].offset;
    if (following < last) following = last;
    *end = last + (following - last) * (int64_t)(count % 3) / 2; /* none, some or all of the markers behind it */
    return count;
}

size_t log_find(const struct log *log, int64_t offset) {
    size_t low = 0;
    size_t high = log->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->records[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
