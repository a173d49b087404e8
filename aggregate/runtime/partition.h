/* One topic partition in the hands of a worker: its lane to Redis, its roll-up, and when to commit.
 *
 * All functions run on the worker's thread. Faults: retriable ones leave the partition as it was (call again later); FAULT_FENCED
 * means that another worker has the partition now: only partition_close(partition, false) may follow. */
#ifndef NHIP_PARTITION_H
#define NHIP_PARTITION_H

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/status.h"
#include "aggregate/store/store.h"
#include "deadletter.h"
#include "decode.h"
#include "source.h"

struct tee;

enum { CHUNK_RECORDS = 64 }; /* decoded, hashed and prefetched together: the events of a chunk stay in the L2 cache */

struct chunk {
    struct event events[CHUNK_RECORDS];
    struct rejection rejections[CHUNK_RECORDS];
    bool valid[CHUNK_RECORDS];
};

/* What the partitions of one worker share. */
struct partition_context {
    const struct decoder *decoder;
    const struct rollup_options *rollup;
    const struct store_options *store;
    struct deadletter *deadletter; /* null: refused records are counted only */
    struct tee *tee;               /* null: none */
    struct status *status;
    struct chunk *chunk;
    int64_t commit_interval_ms;
    size_t commit_cells_max;
};

struct partition;

/* Claims the partition and recovers its state; `position` says where reading must start. Refuses when the log's bounds
 * [first, end) do not hold what is needed. `who.topic` must outlive the partition. Null and `fault` on refusal. */
struct partition *partition_open(const struct partition_context *context, struct source_partition who, int64_t first,
                                 int64_t end, struct source_position *position, struct fault *fault);

/* Applies records in offset order. False and `fault` when a dead letter or the tee could not be kept: the partition must then be
 * closed without another commit, or that letter would be missing behind a committed offset (I6). */
bool partition_feed(struct partition *partition, const struct record *records, size_t count, struct fault *fault);
/* The log ends at `next` for now. */
void partition_end(struct partition *partition, int64_t next);

/* Non-blocking: takes what Redis has answered, and sends the next commit when it is due at `now_ms`. `*committed_next` is the
 * last offset known to be in Redis. */
bool partition_step(struct partition *partition, int64_t now_ms, int64_t *committed_next, struct fault *fault);
/* Blocking: everything that was fed is in Redis when it returns true; gives up at `deadline_ms` (monotonic). */
bool partition_flush(struct partition *partition, int64_t deadline_ms, int64_t *committed_next, struct fault *fault);

void partition_close(struct partition *partition, bool release);

const struct progress *partition_progress(const struct partition *partition);
bool partition_is(const struct partition *partition, struct source_partition who);

#endif
