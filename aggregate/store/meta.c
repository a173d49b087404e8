/* Meta as text. One table names every number of struct progress and struct counts, so that reading and writing cannot drift
 * apart; what is not known yet (a watermark before the first event) is absent, never a magic number in Redis. */
#include "aggregate/store/meta.h"

#include "check.h"

#include <stddef.h>
#include <unistd.h>
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
    NUMBER("window_element", window_element),
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
#define GAP_PREFIX "gap."
enum { GAP_NUMBERS = 6, GAP_BYTES = GAP_NUMBERS * DECIMAL_BYTES_MAX };
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

/* A gap is its numbers, separated by commas; one that is not known is empty. */
static const struct number GAP_PARTS[GAP_NUMBERS] = {
    {"from", offsetof(struct gap, from), false, ALWAYS},
    {"to", offsetof(struct gap, to), false, ALWAYS},
    {"reread", offsetof(struct gap, reread), false, ALWAYS},
    {"since", offsetof(struct gap, since_ms), true, TIME_UNKNOWN},
    {"record_time", offsetof(struct gap, record_time_ms), true, TIME_UNKNOWN},
    {"until", offsetof(struct gap, until_ms), true, INT64_MAX},
};

static int64_t *part_of(struct gap *gap, const struct number *part) {
    return (int64_t *)(void *)((char *)gap + part->place);
}

static bool gap_read(struct slice name, struct slice value, struct progress *progress) {
    int64_t place = 0;
    if (!decimal_read(name, &place) || place < 0 || place >= GAPS_MAX) return false;
    struct gap *gap = &progress->gaps[place];
    if (place >= progress->gap_count) progress->gap_count = place + 1; /* fields come in any order */
    const char *end = value.data + value.length;
    for (size_t i = 0; i < GAP_NUMBERS; i++) {
        const char *comma = memchr(value.data, ',', value.length);
        if ((comma != NULL) != (i + 1 < GAP_NUMBERS)) return false;
        struct slice text = {value.data, (size_t)((comma != NULL ? comma : end) - value.data)};
        *part_of(gap, &GAP_PARTS[i]) = GAP_PARTS[i].unknown;
        if (text.length > 0 ? !decimal_read(text, part_of(gap, &GAP_PARTS[i])) : !GAP_PARTS[i].optional) return false;
        if (comma != NULL) value = (struct slice){comma + 1, (size_t)(end - comma - 1)};
    }
    return gap->to >= gap->from && gap->reread >= 0;
}

static size_t gap_write(struct resp *arguments, const struct gap *gap, int64_t place) {
    char name[DECIMAL_BYTES_MAX + sizeof(GAP_PREFIX)], text[GAP_BYTES] = "";
    struct gap copy = *gap;
    size_t length = 0;
    for (size_t i = 0; i < GAP_NUMBERS; i++) {
        int64_t number = *part_of(&copy, &GAP_PARTS[i]);
        if (i > 0) text[length++] = ',';
        if (GAP_PARTS[i].optional && number == GAP_PARTS[i].unknown) continue;
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%lld", (long long)number);
    }
    int name_length = snprintf(name, sizeof(name), GAP_PREFIX "%lld", (long long)place);
    resp_argument(arguments, (struct slice){name, (size_t)name_length});
    resp_argument(arguments, (struct slice){text, length});
    return 2;
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
    const size_t gap = sizeof(GAP_PREFIX) - 1;
    if (slice_equal(field, SLICE("epoch"))) return decimal_read(value, &meta->epoch);
    if (slice_equal(field, SLICE("replayed"))) return decimal_read(value, &meta->replayed);
    if (slice_equal(field, SLICE("owner"))) return text_read(value, meta->owner, sizeof(meta->owner));
    if (slice_equal(field, SLICE("instance"))) return text_read(value, meta->instance, sizeof(meta->instance));
    if (slice_equal(field, SLICE("commit_ms"))) return decimal_read(value, &meta->commit_ms);
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
    if (field.length > gap && memcmp(field.data, GAP_PREFIX, gap) == 0)
        return gap_read((struct slice){field.data + gap, field.length - gap}, value, &meta->progress);
    return number_read(field, value, &meta->progress);
}

/* A restore writes META_RESTORING in place of the layout's number until the partition is whole (refill.h). */
static bool half_restored(const redisReply *pairs, struct slice key, struct fault *fault) {
    struct slice backup = {"?", 1};
    bool marked = false;
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (slice_equal(field, SLICE("layout")) && slice_equal(value, SLICE(META_RESTORING))) marked = true;
        if (slice_equal(field, SLICE("restore"))) backup = value;
    }
    if (!marked) return false;
    (void)fault_set(fault, STOP_RESTORE_OPEN, false,
                    "%.*s: a restore (backup %.*s) is under way or was broken off: wait for it, or type the same `nhip restore` "
                    "again",
                    (int)key.length, key.data, (int)backup.length, backup.data);
    return true;
}

bool meta_read(const redisReply *pairs, struct slice key, struct meta *meta, struct fault *fault) {
    *meta = (struct meta){.present = false};
    progress_clear(&meta->progress);
    if (!reply_is_pairs(pairs)) return fault_set(fault, STOP_STATE_DAMAGED, false, "%.*s is not a hash", (int)key.length,
                                                 key.data);
    int64_t layout = 0;
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (slice_equal(field, SLICE("layout")) && !decimal_read(value, &layout)) layout = -1;
    }
    meta->present = pairs->elements > 0;
    if (half_restored(pairs, key, fault)) return false;
    if (meta->present && layout != LAYOUT_VERSION) {
        return fault_set(fault, STOP_LAYOUT, false,
                         "%.*s has layout version %lld, this nhip reads and writes version %d only: use the nhip that wrote it, "
                         "or a new `namespace`",
                         (int)key.length, key.data, (long long)layout, LAYOUT_VERSION);
    }
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (field_read(field, value, meta)) continue;
        return fault_set(fault, STOP_LAYOUT, false,
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
    for (int64_t i = 0; i < progress->gap_count; i++) count += gap_write(arguments, &progress->gaps[i], i);
    return count;
}

bool meta_field_is_authoritative(struct slice field) {
    static const char *const labels[] = {"epoch", "owner", "instance", "commit_ms", "end", "replayed"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (slice_equal(field, slice_of(labels[i]))) return false;
    }
    return true;
}

void instance_name(char out[static INSTANCE_BYTES]) {
    char host[65] = "";
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(out, INSTANCE_BYTES, "%s/%lld", host, (long long)getpid());
}

void nonce_create(char out[static NONCE_BYTES]) {
    uint64_t bits = 0;
    CHECK(getrandom(&bits, sizeof(bits), 0) == (ssize_t)sizeof(bits));
    int length = snprintf(out, NONCE_BYTES, "%016llx", (unsigned long long)bits);
    CHECK(length == NONCE_BYTES - 1);
}
