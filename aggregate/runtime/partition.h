/* One topic partition in the hands of a worker: its lane to Redis, its roll-up, and when to commit.
 *
 * All functions run on the worker's thread. Faults: retriable ones leave the partition as it was (call again later); FAULT_FENCED
 * means that another worker has the partition now, FAULT_WENT_BACK that Redis has an older state of ours (open the partition
 * anew, and rewind the source): only partition_close(partition, false) may follow. */
#ifndef NHIP_PARTITION_H
#define NHIP_PARTITION_H

#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/exclusions.h"
#include "aggregate/runtime/gauges.h"
#include "aggregate/runtime/mappings.h"
#include "aggregate/runtime/status.h"
#include "aggregate/store/store.h"
#include "deadletter.h"
#include "decode.h"
#include "source.h"

struct tee;

enum { CHUNK_RECORDS = 64 }; /* decoded, hashed and prefetched together: the events of a chunk stay in the L2 cache */

/* Events on their way into the roll-up. Of those that are none, rejections[i].reason says why: REASON_NONE = ignored. */
struct chunk {
    struct event events[CHUNK_RECORDS];
    struct rejection rejections[CHUNK_RECORDS];
    bool valid[CHUNK_RECORDS];
    bool withdrawn[CHUNK_RECORDS]; /* set only where the partition has ranges that touch the chunk */
    /* Mapped messages only, where a record can be several events: the record as each of them sees it, and its number. */
    struct record records[CHUNK_RECORDS];
    uint32_t elements[CHUNK_RECORDS];
};

/* What the partitions of one worker share. */
struct partition_context {
    const struct decoder *decoder;
    const struct mappings *mappings; /* topics that none of them claims are canonical */
    const struct exclusions *exclusions; /* null: none */
    struct mapping_cursor *cursor;   /* null without mappings */
    mapping_header *header;          /* of the source; null: its records have none */
    bool own_times;                  /* of the source */
    const struct rollup_options *rollup;
    const struct store_options *store;
    struct deadletter *deadletter; /* null: refused records are counted only */
    struct tee *tee;               /* null: none */
    struct status *status;
    struct gauges *gauges; /* null: nobody looks */
    struct chunk *chunk;
    int64_t commit_interval_ms;
    size_t commit_cells_max;
};

struct partition;

/* Claims the partition and recovers its state; `position` says where reading must start (in: position->mirrored, the offset
 * that is known to have been committed before, or -1; a state that is gone is refused, one that lies back is read up again).
 * Refuses when the log's bounds
 * [first, end) do not hold what is needed. `who.topic` must outlive the partition. Null and `fault` on refusal. */
struct partition *partition_open(const struct partition_context *context, struct source_partition who, int64_t first,
                                 int64_t end, struct source_position *position, struct fault *fault);

/* Takes records in offset order: below the stored `next` they rebuild the window, from there on they are applied. False and
 * `fault` when a dead letter or the tee could not be kept, or the log is not the one that the state was built from: the
 * partition must then be closed without another commit, or that letter would be missing behind a committed offset (I6), or
 * a message be counted in part. */
bool partition_feed(struct partition *partition, const struct record *records, size_t count, struct fault *fault);
/* Records below `until` were counted before and are read again: they are counted in STATUS_REPLAYED. Before the first feed. */
void partition_replays(struct partition *partition, int64_t until);
/* The log ends at `next` for now. False and `fault` when it is not the one that the state was built from, as partition_feed(). */
bool partition_end(struct partition *partition, int64_t next, struct fault *fault);

/* Non-blocking: takes what Redis has answered, and sends the next commit when it is due at `now_ms`. `*committed_next` is the
 * last offset known to be in Redis. */
bool partition_step(struct partition *partition, int64_t now_ms, int64_t *committed_next, struct fault *fault);
/* Blocking: everything that was fed is in Redis when it returns true; gives up at `deadline_ms` (monotonic). */
bool partition_flush(struct partition *partition, int64_t deadline_ms, int64_t *committed_next, struct fault *fault);

/* Blocking: true when Redis still stands where the last commit left it. For the end of a bounded run. */
bool partition_verify(struct partition *partition, int64_t deadline_ms, struct fault *fault);

/* The group takes the partition away, perhaps only to hand it back when it has counted its members again. Until then nothing may
 * be called but the following two. Memory, connection and claim are kept. */
void partition_park(struct partition *partition);
/* Handed back. True when the claim is still ours: nobody has written since, so window, cells and what was fed hold, and reading
 * goes on from position->window_start, where it had stopped. Blocking, for some seconds at most. False: close it and open it
 * anew, which says why if that is a reason. */
bool partition_return(struct partition *partition, int64_t first, int64_t end, struct source_position *position);

void partition_close(struct partition *partition, bool release);

const struct progress *partition_progress(const struct partition *partition);
/* What is to be shown of it; `held` and `log_end` are the worker's to fill in. */
void partition_reading(const struct partition *partition, struct gauge_reading *reading);

#endif
