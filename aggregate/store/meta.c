/* Meta as text. One table names every number of struct progress and struct counts, so that reading and writing cannot drift
 * apart; what is not known yet (a watermark before the first event) is absent, never a magic number in Redis. */
#include "aggregate/store/meta.h"

#include "check.h"

#include <stddef.h>
#include <sys/random.h>

#define TIME_UNKNOWN INT64_MIN

/* `unknown` is the value that stands for "absent"; ALWAYS says that the number is written in any case and 0 when absent. */
#define ALWAYS 0
static const struct number {
    const char *name;
    size_t place; /* in struct progress */
    bool optional;
    int64_t unknown;
} NUMBERS[] = {
#define NUMBER(name, member)                                                                                                     \
    { name, offsetof(struct progress, member), false, ALWAYS }
#define OPTIONAL(name, member, unknown)                                                                                          \
    { name, offsetof(struct progress, member), true, unknown }
    OPTIONAL("next", next, SOURCE_START_BEGINNING),
    NUMBER("ordinal", ordinal),
    OPTIONAL("watermark", watermark_ms, TIME_UNKNOWN),
    OPTIONAL("record_time_max", record_time_max_ms, TIME_UNKNOWN),
    NUMBER("window_offset", window_offset),
    NUMBER("window_ordinal", window_ordinal),
    OPTIONAL("window_record_time_max", window_record_time_max_ms, TIME_UNKNOWN),
    NUMBER("accounts", accounts),
    NUMBER("units", units),
    OPTIONAL("ledger_day_min", ledger_day_min, INT32_MIN),
    OPTIONAL("tail_offset", tail_offset, -1),
    NUMBER("delivered", counts.delivered),
    NUMBER("applied", counts.applied),
    NUMBER("duplicate", counts.duplicate),
    NUMBER("quarantined", counts.quarantined),
    NUMBER("rejected", counts.rejected),
    NUMBER("ignored", counts.ignored),
    NUMBER("conflict", counts.conflict),
    NUMBER("late", counts.late),
    NUMBER("unresolved", counts.unresolved),
    NUMBER("unconverted", counts.unconverted),
    NUMBER("open_unknown", counts.open_unknown),
#undef NUMBER
#undef OPTIONAL
};
enum { NUMBER_COUNT = sizeof(NUMBERS) / sizeof(NUMBERS[0]) };

#define REASON_PREFIX "reason."
#define TAIL_PRINT "tail_print"

static int64_t *number_in(struct progress *progress, const struct number *number) {
    return (int64_t *)(void *)((char *)progress + number->place);
}

void progress_clear(struct progress *progress) {
    *progress = (struct progress){.next = 0};
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        *number_in(progress, &NUMBERS[i]) = NUMBERS[i].unknown;
}

static bool unsigned_read(struct slice text, uint64_t *value) {
    uint64_t result = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned)(text.data[i] - '0');
        if (digit > 9 || __builtin_mul_overflow(result, 10u, &result) || __builtin_add_overflow(result, digit, &result))
            return false;
    }
    *value = result;
    return text.length > 0;
}

static bool text_read(struct slice value, char *out, size_t capacity) {
    if (value.length >= capacity) return false;
    memcpy(out, value.data, value.length);
    out[value.length] = '\0';
    return true;
}

static bool reason_read(struct slice name, struct slice value, struct counts *counts) {
    for (int code = 1; code < REASON_COUNT; code++) {
        if (slice_equal(name, slice_of(reason_name((enum reason)code)))) return decimal_read(value, &counts->reasons[code]);
    }
    return false; /* from a newer nhip: counting on would lose it */
}

static bool number_read(struct slice field, struct slice value, struct progress *progress) {
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        if (slice_equal(field, slice_of(NUMBERS[i].name))) return decimal_read(value, number_in(progress, &NUMBERS[i]));
    }
    return true;
}

/* One field; false when its value is not of the layout. */
static bool field_read(struct slice field, struct slice value, struct meta *meta) {
    const size_t prefix = sizeof(REASON_PREFIX) - 1;
    if (slice_equal(field, SLICE("epoch"))) return decimal_read(value, &meta->epoch);
    if (slice_equal(field, SLICE("owner"))) return text_read(value, meta->owner, sizeof(meta->owner));
    if (slice_equal(field, SLICE("config"))) return text_read(value, meta->configuration, sizeof(meta->configuration));
    if (slice_equal(field, SLICE("cluster"))) return text_read(value, meta->cluster, sizeof(meta->cluster));
    if (slice_equal(field, SLICE("end"))) {
        meta->end = slice_equal(value, SLICE("1"));
        return true;
    }
    if (slice_equal(field, SLICE(TAIL_PRINT))) return unsigned_read(value, &meta->progress.tail_print);
    if (field.length > prefix && memcmp(field.data, REASON_PREFIX, prefix) == 0) {
        return reason_read((struct slice){field.data + prefix, field.length - prefix}, value, &meta->progress.counts);
    }
    return number_read(field, value, &meta->progress);
}

bool meta_read(const redisReply *pairs, struct slice key, struct meta *meta, struct fault *fault) {
    *meta = (struct meta){.present = false};
    progress_clear(&meta->progress);
    if (!reply_is_pairs(pairs)) return fault_set(fault, FAULT_STORE, false, "%.*s is not a hash", (int)key.length, key.data);
    int64_t layout = 0;
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (slice_equal(field, SLICE("layout")) && !decimal_read(value, &layout)) layout = -1;
    }
    meta->present = pairs->elements > 0;
    if (meta->present && layout != LAYOUT_VERSION) {
        return fault_set(fault, FAULT_REFUSED, false,
                         "%.*s has layout version %lld, this nhip reads and writes version %d only: use the nhip that wrote it, "
                         "or a new `namespace`",
                         (int)key.length, key.data, (long long)layout, LAYOUT_VERSION);
    }
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (field_read(field, value, meta)) continue;
        return fault_set(fault, FAULT_REFUSED, false,
                         "%.*s: field %.*s is not of layout version %d: somebody else wrote it, or a newer nhip", (int)key.length,
                         key.data, (int)field.length, field.data, LAYOUT_VERSION);
    }
    return true;
}

static size_t pair_write(struct resp *arguments, const char *name, int64_t value) {
    resp_argument(arguments, slice_of(name));
    resp_integer(arguments, value);
    return 2;
}

size_t meta_write(struct resp *arguments, const struct progress *progress) {
    struct progress copy = *progress;
    size_t count = 0;
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        int64_t value = *number_in(&copy, &NUMBERS[i]);
        if (NUMBERS[i].optional && value == NUMBERS[i].unknown) continue;
        count += pair_write(arguments, NUMBERS[i].name, value);
    }
    if (progress->tail_offset >= 0) {
        char print[24];
        int length = snprintf(print, sizeof(print), "%llu", (unsigned long long)progress->tail_print);
        CHECK(length > 0);
        resp_argument(arguments, SLICE(TAIL_PRINT));
        resp_argument(arguments, (struct slice){print, (size_t)length});
        count += 2;
    }
    for (int code = 1; code < REASON_COUNT; code++) {
        if (progress->counts.reasons[code] == 0) continue;
        char name[64];
        int length = snprintf(name, sizeof(name), REASON_PREFIX "%s", reason_name((enum reason)code));
        CHECK(length > 0 && (size_t)length < sizeof(name));
        count += pair_write(arguments, name, progress->counts.reasons[code]);
    }
    return count;
}

bool meta_field_is_authoritative(struct slice field) {
    static const char *const labels[] = {"epoch", "owner", "instance", "commit_ms", "end"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (slice_equal(field, slice_of(labels[i]))) return false;
    }
    return true;
}

void nonce_create(char out[static NONCE_BYTES]) {
    uint64_t bits = 0;
    CHECK(getrandom(&bits, sizeof(bits), 0) == (ssize_t)sizeof(bits));
    int length = snprintf(out, NONCE_BYTES, "%016llx", (unsigned long long)bits);
    CHECK(length == NONCE_BYTES - 1);
}
