/* The rolling windows: what `redis-cli HGETALL nhip:rolling:1h` answers an operator.
 *
 *     lease         SET NS:lease:rolling <nonce> NX PX: one instance writes them; when it dies, another takes over in seconds
 *     W             the least watermark of the partitions that are not idle, floored to the minute: how far *all* are known
 *     window L      [W - L, W): whole hours from hour cells, the ragged edges from minute cells
 *     every second  partitions whose `next` moved are refreshed (pulse.c), totals are summed, five hashes are replaced
 *
 * An idle partition (at the end of its log and far behind the others) would hold W back for ever, so it does not count for W; its
 * cells still do. The hashes are derived and marked with the offsets they stand for; nothing of nhip reads them back, so losing
 * them or writing them twice is harmless, and the lease may be as simple as it is.
 *
 * What was not done: windows by wall clock (a replay would show nothing), by arrival (not a function of the log), or counters
 * that age with TTLs (late events would revive them wrongly). */
#include "aggregate/store/image.h"
#include "aggregate/store/pool.h"
#include "aggregate/store/pulse.h"

#include "check.h"
#include "codes.h"
#include "facet.h"
#include "zone.h"

enum {
    STEP_MS = 1000,
    LEASE_MS = 5000,
    MINUTE_MS = 60000,
    HOUR_MINUTES = 60,
    WINDOW_COUNT = 5,
    NAME_BYTES = 160,
    WIDE_BYTES = 41
};

static const struct window {
    const char *name;
    int32_t minutes;
} WINDOWS[WINDOW_COUNT] = {{"1m", 1}, {"5m", 5}, {"1h", 60}, {"24h", 24 * 60}, {"7d", 7 * 24 * 60}};

struct total {
    int64_t n;
    wide sum;
};

struct rolling {
    struct store_options options;
    int64_t idle_ms;
    char nonce[NONCE_BYTES];
    struct pool *pool;
    int64_t stepped_ms;
    bool stepped;
    struct pulse **pulses; /* sorted as partitions_list() gives them */
    size_t pulse_count;
    struct facet_table table;
    bool published;
    int32_t published_minute;    /* W of the last publication, in minutes */
    struct pulse_bucket *needed; /* buckets of the windows that end at needed_minute, sorted */
    size_t needed_count;
    struct total *totals[WINDOW_COUNT];
    size_t total_capacity;
};

struct rolling *rolling_create(const struct store_options *options, int64_t idle_ms, struct fault *fault) {
    struct rolling *rolling = calloc(1, sizeof(*rolling));
    if (rolling == NULL) {
        (void)fault_set(fault, FAULT_MEMORY, false, "out of memory for the rolling windows");
        return NULL;
    }
    rolling->options = *options;
    rolling->idle_ms = idle_ms;
    nonce_create(rolling->nonce);
    rolling->pool = pool_create(&rolling->options, fault);
    if (rolling->pool != NULL) return rolling;
    free(rolling);
    return NULL;
}

/* --- asking Redis --- */

/* Sends `out` (emptied) to the node of `key` and takes `count` replies; the last is returned, an error among them is a fault. */
static redisReply *ask(struct rolling *rolling, struct slice key, struct resp *out, size_t count, const char *doing,
                       struct fault *fault) {
    struct connection *connection = pool_route(rolling->pool, key, fault);
    bool fine = connection != NULL && connection_send(connection, (struct slice){out->data, out->length}, fault);
    resp_clear(out);
    redisReply *reply = NULL;
    for (size_t i = 0; fine && i < count; i++) {
        freeReplyObject(reply);
        reply = connection_answer(connection, rolling->options.timeout_ms, doing, fault);
        fine = reply != NULL;
    }
    return reply;
}

/* True and `*ours` when the lease is ours now. */
static bool hold_lease(struct rolling *rolling, bool *ours, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    char duration[DECIMAL_BYTES_MAX];
    struct slice lease = key_global(rolling->options.name_space, "lease:rolling", &key);
    struct slice nonce = slice_of(rolling->nonce);
    struct slice duration_ms = decimal_text(LEASE_MS, duration);
    RESP_COMMAND(&out, SLICE("SET"), lease, nonce, SLICE("NX"), SLICE("PX"), duration_ms);
    RESP_COMMAND(&out, SLICE("GET"), lease);
    redisReply *reply = ask(rolling, lease, &out, 2, "taking the lease of the rolling windows", fault);
    bool fine = reply != NULL;
    *ours = fine && reply->type == REDIS_REPLY_STRING && slice_equal(reply_text(reply), nonce);
    freeReplyObject(reply);
    if (*ours) {
        /* Between GET and this the lease may have passed to another: then it lives a little longer, nothing else. */
        RESP_COMMAND(&out, SLICE("PEXPIRE"), lease, duration_ms);
        reply = ask(rolling, lease, &out, 1, "renewing the lease of the rolling windows", fault);
        fine = reply != NULL;
        freeReplyObject(reply);
    }
    resp_free(&out);
    return fine;
}

static void drop_pulses(struct rolling *rolling) {
    for (size_t i = 0; i < rolling->pulse_count; i++)
        pulse_destroy(rolling->pulses[i]);
    free(rolling->pulses);
    rolling->pulses = NULL;
    rolling->pulse_count = 0;
}

static bool same_partition(struct source_partition a, struct source_partition b) {
    return a.partition == b.partition && strcmp(a.topic, b.topic) == 0;
}

/* Takes the pulse of `who` out of `pulses`; null when it is not there. */
static struct pulse *take_pulse(struct rolling *rolling, struct source_partition who) {
    for (size_t i = 0; i < rolling->pulse_count; i++) {
        struct pulse *pulse = rolling->pulses[i];
        if (pulse == NULL || !same_partition(pulse->who, who)) continue;
        rolling->pulses[i] = NULL;
        return pulse;
    }
    return NULL;
}

static bool is_known(const struct rolling *rolling, const struct source_partition *list, size_t count) {
    if (count != rolling->pulse_count) return false;
    for (size_t i = 0; i < count; i++) {
        if (!same_partition(rolling->pulses[i]->who, list[i])) return false;
    }
    return true;
}

/* Makes `pulses` those of `list`, keeping what is known of them. */
static bool replace_pulses(struct rolling *rolling, const struct source_partition *list, size_t count, struct fault *fault) {
    struct pulse **pulses = calloc(count + 1, sizeof(struct pulse *));
    CHECK(pulses != NULL);
    size_t made = 0;
    for (; made < count; made++) {
        pulses[made] = take_pulse(rolling, list[made]);
        if (pulses[made] == NULL) pulses[made] = pulse_create(rolling->options.name_space, list[made], fault);
        if (pulses[made] == NULL) break;
    }
    drop_pulses(rolling);
    rolling->pulses = pulses;
    rolling->pulse_count = made;
    rolling->published = false; /* a partition more or less: all is to be summed again */
    return made == count;
}

static bool list_pulses(struct rolling *rolling, struct fault *fault) {
    struct source_partition *list = NULL;
    size_t count = 0;
    struct key key;
    struct connection *connection = pool_route(rolling->pool, key_global(rolling->options.name_space, "p", &key), fault);
    bool fine = connection != NULL && partitions_list(connection, &rolling->options, &list, &count, fault);
    if (fine && !is_known(rolling, list, count)) fine = replace_pulses(rolling, list, count, fault);
    free(list);
    return fine;
}

/* How far every partition is. One question each: in a cluster they live on several nodes. */
static bool ask_metas(struct rolling *rolling, struct fault *fault) {
    struct resp out = {0};
    bool fine = true;
    for (size_t i = 0; fine && i < rolling->pulse_count; i++) {
        struct pulse *pulse = rolling->pulses[i];
        struct key key;
        struct slice meta = key_meta(&pulse->keys, &key);
        RESP_COMMAND(&out, SLICE("HMGET"), meta, SLICE("next"), SLICE("watermark"), SLICE("end"));
        redisReply *reply = ask(rolling, meta, &out, 1, "reading meta for the rolling windows", fault);
        fine = reply != NULL && pulse_take_meta(pulse, reply, fault);
        freeReplyObject(reply);
    }
    resp_free(&out);
    return fine;
}

/* --- what belongs to the windows --- */

/* W in minutes; false when no partition has a watermark. */
static bool window_end(const struct rolling *rolling, int32_t *minute) {
    int64_t greatest_ms = INT64_MIN;
    int64_t least_ms = INT64_MAX;
    for (size_t i = 0; i < rolling->pulse_count; i++) {
        const struct pulse *pulse = rolling->pulses[i];
        if (pulse->present && pulse->timed && pulse->watermark_ms > greatest_ms) greatest_ms = pulse->watermark_ms;
    }
    if (greatest_ms == INT64_MIN) return false;
    for (size_t i = 0; i < rolling->pulse_count; i++) {
        const struct pulse *pulse = rolling->pulses[i];
        if (!pulse->present || !pulse->timed) continue;
        bool idle = pulse->end && pulse->watermark_ms < greatest_ms - rolling->idle_ms;
        if (!idle && pulse->watermark_ms < least_ms) least_ms = pulse->watermark_ms;
    }
    int64_t floored = least_ms / MINUTE_MS - (least_ms % MINUTE_MS < 0 ? 1 : 0);
    *minute = (int32_t)floored;
    return true;
}

static int32_t hour_floor(int32_t minute) {
    return minute / HOUR_MINUTES - (minute % HOUR_MINUTES < 0 ? 1 : 0);
}

static void need(struct rolling *rolling, enum hash_kind kind, int32_t first, int32_t end, unsigned window) {
    for (int32_t bucket = first; bucket < end; bucket++) {
        rolling->needed[rolling->needed_count++] = (struct pulse_bucket){.kind = kind, .bucket = bucket, .windows = 1u << window};
    }
}

static int by_bucket(const void *left, const void *right) {
    const struct pulse_bucket *a = left;
    const struct pulse_bucket *b = right;
    return hash_id_compare((struct hash_id){a->kind, a->bucket, 0}, (struct hash_id){b->kind, b->bucket, 0});
}

static void list_needed(struct rolling *rolling, int32_t end) {
    /* Per window at most its hours and two edges of less than an hour. */
    size_t most = 0;
    for (size_t w = 0; w < WINDOW_COUNT; w++)
        most += (size_t)WINDOWS[w].minutes / HOUR_MINUTES + 2 * HOUR_MINUTES;
    rolling->needed = realloc(rolling->needed, most * sizeof(*rolling->needed));
    CHECK(rolling->needed != NULL);
    rolling->needed_count = 0;
    for (unsigned w = 0; w < WINDOW_COUNT; w++) {
        int32_t start = end - WINDOWS[w].minutes;
        int32_t first_hour = hour_floor(start + HOUR_MINUTES - 1);
        int32_t end_hour = hour_floor(end);
        if (first_hour >= end_hour) {
            need(rolling, HASH_MINUTE, start, end, w);
            continue;
        }
        need(rolling, HASH_MINUTE, start, first_hour * HOUR_MINUTES, w);
        need(rolling, HASH_HOUR, first_hour, end_hour, w);
        need(rolling, HASH_MINUTE, end_hour * HOUR_MINUTES, end, w);
    }
    CHECK(rolling->needed_count <= most);
    qsort(rolling->needed, rolling->needed_count, sizeof(*rolling->needed), by_bucket);
    size_t kept = 0;
    for (size_t i = 0; i < rolling->needed_count; i++) {
        if (kept > 0 && by_bucket(&rolling->needed[kept - 1], &rolling->needed[i]) == 0) {
            rolling->needed[kept - 1].windows |= rolling->needed[i].windows;
        } else {
            rolling->needed[kept++] = rolling->needed[i];
        }
    }
    rolling->needed_count = kept;
}

static void add_up(struct rolling *rolling) {
    if (rolling->total_capacity < rolling->table.capacity) rolling->total_capacity = rolling->table.capacity;
    for (size_t w = 0; w < WINDOW_COUNT; w++) {
        free(rolling->totals[w]);
        rolling->totals[w] = calloc(rolling->total_capacity + 1, sizeof(struct total));
        CHECK(rolling->totals[w] != NULL);
    }
    for (size_t p = 0; p < rolling->pulse_count; p++) {
        const struct pulse *pulse = rolling->pulses[p];
        for (size_t b = 0; b < pulse->bucket_count; b++) {
            const struct pulse_bucket *bucket = &pulse->buckets[b];
            for (size_t w = 0; w < WINDOW_COUNT; w++) {
                if ((bucket->windows & 1u << w) == 0) continue;
                for (size_t c = 0; c < bucket->count; c++) {
                    struct total *total = &rolling->totals[w][bucket->cells[c].number];
                    total->n += bucket->cells[c].n;
                    total->sum += bucket->cells[c].sum;
                }
            }
        }
    }
}

/* --- writing them --- */

static const char *or_none(const char *name) {
    return name[0] != '\0' ? name : "_Z";
}

static struct slice facet_text(uint64_t facet, const char *suffix, char out[static NAME_BYTES]) {
    const char *reason = reason_class_name(facet_reason_class(facet));
    int length = snprintf(out, NAME_BYTES, "%s|%s|%s|%s|%s%s%s%s", or_none(family_name(facet_family(facet))),
                          or_none(outlet_name(facet_outlet(facet))), or_none(instrument_name(facet_instrument(facet))),
                          or_none(context_name(facet_context(facet))), or_none(outcome_name(facet_outcome(facet))),
                          reason[0] != '\0' ? ":" : "", reason, suffix);
    CHECK(length > 0 && length < NAME_BYTES);
    return (struct slice){out, (size_t)length};
}

static struct slice wide_text(wide value, char out[static WIDE_BYTES]) {
    size_t at = WIDE_BYTES;
    bool negative = value < 0;
    do {
        int digit = (int)(value % 10);
        out[--at] = (char)('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    } while (value != 0);
    if (negative) out[--at] = '-';
    return (struct slice){out + at, WIDE_BYTES - at};
}

static size_t write_pair(struct resp *arguments, struct slice field, struct slice value) {
    resp_argument(arguments, field);
    resp_argument(arguments, value);
    return 2;
}

static size_t write_offsets(const struct rolling *rolling, struct resp *arguments) {
    struct resp text = {0};
    for (size_t i = 0; i < rolling->pulse_count; i++) {
        const struct pulse *pulse = rolling->pulses[i];
        if (!pulse->present) continue;
        char digits[DECIMAL_BYTES_MAX];
        if (text.length > 0) resp_append(&text, SLICE(" "));
        resp_append(&text, slice_of(pulse->topic));
        resp_append(&text, SLICE("/"));
        resp_append(&text, decimal_text(pulse->who.partition, digits));
        resp_append(&text, SLICE("="));
        resp_append(&text, decimal_text(pulse->read_next, digits));
    }
    size_t count = write_pair(arguments, SLICE("_offsets"), (struct slice){text.data, text.length});
    resp_free(&text);
    return count;
}

static size_t write_fields(const struct rolling *rolling, size_t w, int32_t end, struct resp *arguments) {
    size_t count = 0;
    int64_t total_n = 0;
    char digits[DECIMAL_BYTES_MAX];
    for (size_t i = 0; i < rolling->table.count; i++) {
        const struct total *total = &rolling->totals[w][i];
        char name[NAME_BYTES], sum[WIDE_BYTES];
        if (total->n == 0) continue;
        total_n += total->n;
        count += write_pair(arguments, facet_text(rolling->table.facets[i], "", name), decimal_text(total->n, digits));
        count += write_pair(arguments, facet_text(rolling->table.facets[i], "|sum", name), wide_text(total->sum, sum));
    }
    char time[25];
    rfc3339_format((int64_t)(end - WINDOWS[w].minutes) * MINUTE_MS, time);
    count += write_pair(arguments, SLICE("_from"), slice_of(time));
    rfc3339_format((int64_t)end * MINUTE_MS, time);
    count += write_pair(arguments, SLICE("_to"), slice_of(time));
    count += write_pair(arguments, SLICE("_total"), decimal_text(total_n, digits));
    return count + write_offsets(rolling, arguments);
}

/* MULTI, the new hash beside the old one, RENAME, EXEC: readers see the whole old or the whole new one. The name aside carries
 * the key's name as its hash tag, so that both are in one cluster slot. */
static bool write_window(struct rolling *rolling, size_t w, int32_t end, struct resp *out, struct fault *fault) {
    struct key key, aside;
    char rest[32], aside_rest[160];
    struct resp arguments = {0};
    (void)snprintf(rest, sizeof(rest), "rolling:%s", WINDOWS[w].name);
    (void)snprintf(aside_rest, sizeof(aside_rest), "rolling-next:{%s:%s}:%s", rolling->options.name_space, rest, rolling->nonce);
    struct slice name = key_global(rolling->options.name_space, rest, &key);
    struct slice aside_name = key_global(rolling->options.name_space, aside_rest, &aside);
    size_t count = write_fields(rolling, w, end, &arguments);
    RESP_COMMAND(out, SLICE("MULTI"));
    RESP_COMMAND(out, SLICE("DEL"), aside_name);
    resp_begin(out, 2 + count);
    resp_argument(out, SLICE("HSET"));
    resp_argument(out, aside_name);
    resp_append(out, (struct slice){arguments.data, arguments.length});
    RESP_COMMAND(out, SLICE("RENAME"), aside_name, name);
    RESP_COMMAND(out, SLICE("EXEC"));
    resp_free(&arguments);
    redisReply *reply = ask(rolling, name, out, 5, "writing the rolling windows", fault);
    freeReplyObject(reply);
    return reply != NULL;
}

static bool publish(struct rolling *rolling, int32_t end, struct fault *fault) {
    struct resp out = {0};
    bool fine = true;
    for (size_t w = 0; fine && w < WINDOW_COUNT; w++)
        fine = write_window(rolling, w, end, &out, fault);
    resp_free(&out);
    return fine;
}

/* --- the step --- */

/* Refreshes the partitions that moved (all, when the windows did); `*changed`: something is to be published; `*settled`: all hold
 * still. */
static bool refresh(struct rolling *rolling, bool moved, bool *changed, bool *settled, struct fault *fault) {
    *changed = moved;
    *settled = true;
    for (size_t i = 0; i < rolling->pulse_count; i++) {
        struct pulse *pulse = rolling->pulses[i];
        if (!pulse->present || (!moved && pulse->next == pulse->read_next)) continue;
        *changed = true;
        bool still = false;
        struct key key;
        struct connection *connection = pool_route(rolling->pool, key_meta(&pulse->keys, &key), fault);
        if (connection == NULL || !pulse_refresh(pulse, connection, &rolling->options, &rolling->table, rolling->needed,
                                                 rolling->needed_count, &still, fault)) {
            return false;
        }
        *settled = *settled && still;
    }
    return true;
}

static bool step(struct rolling *rolling, struct fault *fault) {
    bool ours = false;
    int32_t end = 0;
    if (!hold_lease(rolling, &ours, fault)) return false;
    if (!ours) {
        rolling->published = false;
        return true;
    }
    if (!list_pulses(rolling, fault)) return false;
    if (!ask_metas(rolling, fault)) return false;
    if (!window_end(rolling, &end)) return true;
    bool moved = !rolling->published || rolling->published_minute != end;
    bool changed = false;
    bool settled = false;
    if (moved) list_needed(rolling, end);
    if (!refresh(rolling, moved, &changed, &settled, fault)) return false;
    if (!changed) return true;
    rolling->published = false;
    if (!settled) return true; /* commits kept coming: the next step will see calmer water */
    add_up(rolling);
    if (!publish(rolling, end, fault)) return false;
    rolling->published = true;
    rolling->published_minute = end;
    return true;
}

bool rolling_step(struct rolling *rolling, int64_t now_ms, struct fault *fault) {
    if (rolling->stepped && now_ms - rolling->stepped_ms < STEP_MS) return true;
    rolling->stepped = true;
    rolling->stepped_ms = now_ms;
    if (step(rolling, fault)) return true;
    pool_reset(rolling->pool); /* replies may be outstanding, or a slot has moved */
    rolling->published = false;
    return false;
}

/* Lets another instance take over at once instead of after LEASE_MS. */
static void give_lease_up(struct rolling *rolling) {
    struct resp out = {0};
    struct key key;
    struct fault ignored;
    struct slice lease = key_global(rolling->options.name_space, "lease:rolling", &key);
    RESP_COMMAND(&out, SLICE("WATCH"), lease);
    RESP_COMMAND(&out, SLICE("GET"), lease);
    redisReply *reply = ask(rolling, lease, &out, 2, "giving the lease up", &ignored);
    if (reply != NULL && reply->type == REDIS_REPLY_STRING && slice_equal(reply_text(reply), slice_of(rolling->nonce))) {
        RESP_COMMAND(&out, SLICE("MULTI"));
        RESP_COMMAND(&out, SLICE("DEL"), lease);
        RESP_COMMAND(&out, SLICE("EXEC"));
        freeReplyObject(ask(rolling, lease, &out, 3, "giving the lease up", &ignored));
    }
    freeReplyObject(reply);
    resp_free(&out);
}

void rolling_destroy(struct rolling *rolling) {
    if (rolling == NULL) return;
    give_lease_up(rolling);
    pool_destroy(rolling->pool);
    drop_pulses(rolling);
    facet_table_free(&rolling->table);
    for (size_t w = 0; w < WINDOW_COUNT; w++)
        free(rolling->totals[w]);
    free(rolling->needed);
    free(rolling);
}
