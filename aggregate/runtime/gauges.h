/* What a running process can be asked about itself: one reading per partition that it owns, and totals since it started. Workers
 * write a few times a second, never per event; the HTTP endpoint reads. All functions: any thread; a null `gauges` is allowed
 * everywhere and keeps nothing, so that tests and the simulator need none.
 *
 * Gauges are for eyes and alarms. Nothing of the state is computed from them. */
#ifndef NHIP_GAUGES_H
#define NHIP_GAUGES_H

#include "batch.h"
#include "source.h"

#include <stddef.h>

enum { GAUGE_TOPIC_BYTES = 250, LATENCY_BUCKETS = 12, GAUGE_WORKERS_MAX = 64 };

/* Upper bounds of the buckets of commit latency, ms, inclusive; beyond the last: only in `commits`. */
extern const int64_t latency_bounds_ms[LATENCY_BUCKETS];

/* What a worker says of a partition. Offsets and times are as in struct progress; -1 / INT64_MIN: not known. */
struct gauge_reading {
    int64_t next;
    int64_t committed_next;
    int64_t log_end; /* exclusive; of the source; -1 when it does not know */
    int64_t watermark_ms;
    int64_t record_time_max_ms;
    int64_t window_records;
    int64_t accounts;
    int64_t memory_bytes;
    int64_t dirty_cells;
    bool held; /* Redis did not take a commit: nothing is read until it does */
};

struct gauge_partition {
    char topic[GAUGE_TOPIC_BYTES];
    int32_t partition;
    struct gauge_reading reading;
};

/* Since the process started. */
struct gauge_totals {
    struct counts counts; /* of records applied here, those that were read again included */
    int64_t assigned, revoked, lost;
    int64_t held; /* times a partition had to wait for Redis */
    int64_t commits;
    int64_t commit_cells;
    int64_t commit_ms; /* sum of latencies, from sending to EXEC's answer */
    int64_t commit_latency[LATENCY_BUCKETS]; /* by bucket, not cumulative */
};

enum gauge_occasion { GAUGE_ASSIGNED, GAUGE_REVOKED, GAUGE_LOST, GAUGE_HELD };

struct gauges;

struct gauges *gauges_create(void);
void gauges_destroy(struct gauges *gauges);

/* The reading of `who`, replacing the one before; `counts` are the partition's own (from the log's beginning), `known` those
 * that it had when it was last told or opened: the difference is added to the totals. */
void gauges_tell(struct gauges *gauges, struct source_partition who, const struct gauge_reading *reading,
                 const struct counts *counts, const struct counts *known);
/* The partition has left this process. */
void gauges_forget(struct gauges *gauges, struct source_partition who);
void gauges_occasion(struct gauges *gauges, enum gauge_occasion occasion);
void gauges_commit(struct gauges *gauges, int64_t latency_ms, int64_t cells);

/* Worker `number` is alive at `now_ms` (monotonic); GAUGE_WORKER_GONE when it has ended. */
enum { GAUGE_WORKER_GONE = -1 };
void gauges_turn(struct gauges *gauges, size_t number, int64_t now_ms);
/* How long the worker has been silent that was silent longest; 0 when none works. */
int64_t gauges_idle_ms(const struct gauges *gauges, int64_t now_ms);

/* Copies up to `max` readings in the order of topic and partition; their number. */
size_t gauges_list(struct gauges *gauges, struct gauge_partition *out, size_t max);
void gauges_totals(struct gauges *gauges, struct gauge_totals *out);

#endif
