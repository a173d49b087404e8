/* What the files of the rolling windows share. Private to rolling*.c. One thread. */
#ifndef NHIP_ROLLING_PARTS_H
#define NHIP_ROLLING_PARTS_H

#include "aggregate/store/meta.h"
#include "aggregate/store/pulse_set.h"

enum { ROLLING_WINDOWS = 5, ROLLING_TARGETS = 2 };

struct rolling_window {
    const char *name;
    int32_t minutes;
};
extern const struct rolling_window rolling_windows[ROLLING_WINDOWS];

struct rolling_total {
    int64_t n;
    wide sum;
};

/* Where windows are written: NS:rolling:* of our own namespace, and nhip:rolling:* while ours is the current one. */
struct rolling_target {
    const char *name_space;
    bool wanted; /* our namespace may write there */
    bool held;   /* and this instance has the lease */
};

struct rolling {
    struct store_options options;
    int64_t idle_ms;
    char nonce[NONCE_BYTES];
    struct pool *pool;
    int64_t stepped_ms;
    bool stepped;
    struct rolling_target targets[ROLLING_TARGETS];
    struct pulse_set set;
    struct facet_table table;
    bool published;
    int32_t published_minute;    /* W of the last publication, in minutes */
    struct pulse_bucket *needed; /* buckets of the windows that end at needed_minute, sorted */
    size_t needed_count;
    struct rolling_total *totals[ROLLING_WINDOWS];
    size_t total_capacity;
};

/* --- rolling_lease.c --- */

void rolling_targets(struct rolling *rolling); /* at the beginning */
/* Asks which namespace is the current one, and takes, renews or gives up leases accordingly. `*ours`: there is something to
 * write; `*fresh`: some target is ours that was not before. */
bool rolling_hold(struct rolling *rolling, bool *ours, bool *fresh, struct fault *fault);
/* Lets other instances take over at once instead of when the leases run out. */
void rolling_release(struct rolling *rolling);

/* --- rolling_write.c --- */

/* Replaces the hashes of all targets that are held; `end` = W in minutes. */
bool rolling_publish(struct rolling *rolling, int32_t end, struct fault *fault);

#endif
