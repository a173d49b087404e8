/* The rolling windows: what `redis-cli HGETALL nhip:rolling:1h` answers an operator.
 *
 *     lease         SET NS:lease:rolling <nonce> NX PX: one instance writes them; when it dies, another takes over in seconds
 *     W             the least watermark of the partitions that are not idle, floored to the minute: how far *all* are known
 *     window L      [W - L, W): whole hours from hour cells, the ragged edges from minute cells
 *     every second  partitions whose `next` moved are refreshed (pulse.c), totals are summed, five hashes are replaced
 *
 * An idle partition (at the end of its log and far behind the others) would hold W back for ever, so it does not count for W; its
 * cells still do. The hashes are derived and marked with the offsets they stand for; no figure is made from them (rolling_read.c
 * shows them to people), so losing them or writing them twice is harmless, and the lease may be as simple as it is.
 *
 * The hashes of a namespace other than `nhip` go to nhip:rolling:* too while that namespace is the current one (rolling_lease.c),
 * so that who reads nhip:rolling:1h never has to know what was promoted.
 *
 * What was not done: windows by wall clock (a replay would show nothing), by arrival (not a function of the log), or counters
 * that age with TTLs (late events would revive them wrongly). */
#include "aggregate/store/rolling_parts.h"

#include "aggregate/store/image.h"
#include "check.h"

enum { STEP_MS = 1000, HOUR_MINUTES = 60 };

const struct rolling_window rolling_windows[ROLLING_WINDOWS] = {
    {"1m", 1}, {"5m", 5}, {"1h", 60}, {"24h", 24 * 60}, {"7d", 7 * 24 * 60}};

struct rolling *rolling_create(const struct store_options *options, int64_t idle_ms, struct fault *fault) {
    struct rolling *rolling = calloc(1, sizeof(*rolling));
    if (rolling == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the rolling windows");
        return NULL;
    }
    rolling->options = *options;
    rolling->idle_ms = idle_ms;
    nonce_create(rolling->nonce);
    rolling_targets(rolling);
    rolling->pool = pool_create(&rolling->options, fault);
    rolling->set = (struct pulse_set){.options = &rolling->options, .pool = rolling->pool};
    if (rolling->pool != NULL) return rolling;
    free(rolling);
    return NULL;
}

/* --- what belongs to the windows --- */

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
    for (size_t w = 0; w < ROLLING_WINDOWS; w++)
        most += (size_t)rolling_windows[w].minutes / HOUR_MINUTES + 2 * HOUR_MINUTES;
    rolling->needed = realloc(rolling->needed, most * sizeof(*rolling->needed));
    CHECK_MEMORY(rolling->needed != NULL);
    rolling->needed_count = 0;
    for (unsigned w = 0; w < ROLLING_WINDOWS; w++) {
        int32_t start = end - rolling_windows[w].minutes;
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
    for (size_t w = 0; w < ROLLING_WINDOWS; w++) {
        free(rolling->totals[w]);
        rolling->totals[w] = calloc(rolling->total_capacity + 1, sizeof(struct rolling_total));
        CHECK_MEMORY(rolling->totals[w] != NULL);
    }
    for (size_t p = 0; p < rolling->set.count; p++) {
        const struct pulse *pulse = rolling->set.pulses[p];
        for (size_t b = 0; b < pulse->bucket_count; b++) {
            const struct pulse_bucket *bucket = &pulse->buckets[b];
            for (size_t w = 0; w < ROLLING_WINDOWS; w++) {
                if ((bucket->windows & 1u << w) == 0) continue;
                for (size_t c = 0; c < bucket->count; c++) {
                    struct rolling_total *total = &rolling->totals[w][bucket->cells[c].number];
                    total->n += bucket->cells[c].n;
                    total->sum += bucket->cells[c].sum;
                }
            }
        }
    }
}

/* --- the step --- */

/* Refreshes the partitions that moved (all, when the windows did); `*changed`: something is to be published; `*settled`: all hold
 * still. */
static bool refresh(struct rolling *rolling, bool moved, bool *changed, bool *settled, struct fault *fault) {
    *changed = moved;
    *settled = true;
    for (size_t i = 0; i < rolling->set.count; i++) {
        struct pulse *pulse = rolling->set.pulses[i];
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
    bool fresh = false;
    int32_t end = 0;
    if (!rolling_hold(rolling, &ours, &fresh, fault)) return false;
    if (!ours || fresh) rolling->published = false;
    if (!ours) return true;
    bool other = false;
    if (!pulse_set_list(&rolling->set, &other, fault) || !pulse_set_ask(&rolling->set, fault)) return false;
    if (other) rolling->published = false; /* a partition more or less: all is to be summed again */
    if (!pulse_set_closed(&rolling->set, rolling->idle_ms, &end)) return true;
    bool moved = !rolling->published || rolling->published_minute != end;
    bool changed = false;
    bool settled = false;
    if (moved) list_needed(rolling, end);
    if (!refresh(rolling, moved, &changed, &settled, fault)) return false;
    if (!changed) return true;
    rolling->published = false;
    if (!settled) return true; /* commits kept coming: the next step will see calmer water */
    add_up(rolling);
    if (!rolling_publish(rolling, end, fault)) return false;
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

void rolling_destroy(struct rolling *rolling) {
    if (rolling == NULL) return;
    rolling_release(rolling);
    pool_destroy(rolling->pool);
    pulse_set_drop(&rolling->set);
    facet_table_free(&rolling->table);
    for (size_t w = 0; w < ROLLING_WINDOWS; w++)
        free(rolling->totals[w]);
    free(rolling->needed);
    free(rolling);
}
