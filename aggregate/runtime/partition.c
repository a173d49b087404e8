/* The life of one partition in a worker: claim, rebuild the window, apply, commit, give up.
 *
 *     partition_open      lane_open (epoch + 1) -> rollup -> lane_recover -> "start reading at window_offset"
 *     partition_feed      offset < next: only rebuilds the window        (rollup_rewarm, then rollup_rewarmed: same log?)
 *                         offset >= next: decode -> prefetch -> apply    (rollup_record), refused ones -> dead letters
 *     partition_step      EXEC confirmed? -> next commit due? -> dead letters flushed -> cut and send
 *
 * Records go through in chunks: first all are decoded (their keys hashed), then the cache lines that those hashes
 * will touch are requested, then all are applied; so the misses of a chunk overlap instead of adding up.
 *
 * Order that must not change: dead letters of a commit are durable before its EXEC is sent (I6), and cold hashes are
 * read before the cut (the lane does that). A commit never waits here: lane_commit() sends, partition_step() of a
 * later turn sees the answer. */
#include "aggregate/runtime/partition.h"

#include "aggregate/runtime/clock.h"
#include "check.h"
#include "ingest/tee.h"

enum { DEADLETTER_FLUSH_MS = 10000, POLL_SLICE_MS = 50 };

struct partition {
    const struct partition_context *context;
    struct source_partition who;
    struct lane *lane;
    struct rollup *rollup;
    int64_t rebuild_until; /* records below it only rebuild the window */
    bool rebuilt;          /* and what was read is what the state was built from */
    int64_t cut_next;      /* `next` of the last cut */
    int64_t committed_next;
    int64_t commit_due_ms;
    bool in_flight;
    bool letters_waiting; /* dead letters put since the last flush */
    bool at_end;          /* the source has said that the log ends here for now */
    bool committed_end;   /* what the last cut said of it */
    bool rewarmed;        /* the rebuilt window has been compared with what the state was built from */
};

static bool bounds_hold(const struct partition *partition, const struct progress *progress, int64_t first, int64_t end,
                        struct fault *fault) {
    if (progress->next == SOURCE_START_BEGINNING) return true;
    const struct source_partition *who = &partition->who;
    if (progress->next > end) {
        return fault_set(
            fault, FAULT_REFUSED, false,
            "%s/%d: the state stands at offset %lld but the log ends at %lld: the topic was re-created or truncated, or this is "
            "another cluster; use a new `namespace`, or restore the topic",
            who->topic, who->partition, (long long)progress->next, (long long)end);
    }
    if (progress->next < first || progress->window_offset < first) {
        return fault_set(
            fault, FAULT_REFUSED, false,
            "%s/%d: the log starts at offset %lld but the state needs it from %lld (next %lld): the topic's retention has passed "
            "it; give the topic more retention and use a new `namespace`",
            who->topic, who->partition, (long long)first, (long long)progress->window_offset, (long long)progress->next);
    }
    return true;
}

struct partition *partition_open(const struct partition_context *context, struct source_partition who, int64_t first,
                                 int64_t end, struct source_position *position, struct fault *fault) {
    struct progress progress;
    struct partition *partition = calloc(1, sizeof(*partition));
    if (partition == NULL) {
        (void)fault_set(fault, FAULT_MEMORY, false, "out of memory for partition %s/%d", who.topic, who.partition);
        return NULL;
    }
    partition->context = context;
    partition->who = who;
    partition->lane = lane_open(context->store, who, &progress, fault);
    if (partition->lane == NULL) goto refuse;
    if (!bounds_hold(partition, &progress, first, end, fault)) goto refuse;
    partition->rollup = rollup_create(context->rollup, fault);
    if (partition->rollup == NULL) goto refuse;
    if (!lane_recover(partition->lane, partition->rollup, fault)) goto refuse;

    partition->rebuild_until = progress.next;
    partition->cut_next = progress.next;
    partition->committed_next = progress.next;
    position->next = progress.next;
    position->window_start = progress.next == SOURCE_START_BEGINNING ? SOURCE_START_BEGINNING : progress.window_offset;
    partition->commit_due_ms = clock_monotonic_ms() + context->commit_interval_ms;
    status_add(context->status, STATUS_PARTITIONS, 1);
    return partition;

refuse:
    rollup_destroy(partition->rollup);
    if (partition->lane != NULL) lane_close(partition->lane, true);
    free(partition);
    return NULL;
}

static bool put_letter(struct partition *partition, const struct record *record, enum reason reason,
                       const struct rejection *rejection, struct fault *fault) {
    const struct partition_context *context = partition->context;
    status_add(context->status, STATUS_REFUSED, 1);
    if (context->deadletter == NULL) return true;
    const struct deadletter_entry entry = {
        .topic = partition->who.topic,
        .partition = partition->who.partition,
        .record = record,
        .reason = reason,
        .byte = rejection != NULL ? rejection->byte : 0,
        .field = rejection != NULL ? rejection->field : "",
    };
    partition->letters_waiting = true;
    return deadletter_put(context->deadletter, &entry, fault);
}

static void decode_chunk(const struct partition_context *context, const struct record *records, size_t count) {
    struct chunk *chunk = context->chunk;
    for (size_t i = 0; i < count; i++) {
        struct event *event = &chunk->events[i];
        chunk->valid[i] = false;
        if (records[i].value.data != NULL) {
            chunk->valid[i] = decode(context->decoder, records[i].value, event, &chunk->rejections[i]);
        }
        if (!chunk->valid[i]) event->kind = KIND_NONE;
    }
}

static bool apply_chunk(struct partition *partition, const struct record *records, size_t count, struct fault *fault) {
    struct chunk *chunk = partition->context->chunk;
    rollup_prefetch(partition->rollup, chunk->events, count);
    for (size_t i = 0; i < count; i++) {
        bool tombstone = records[i].value.data == NULL;
        enum reason reason = chunk->valid[i] || tombstone ? REASON_NONE : chunk->rejections[i].reason;
        const struct event *event = chunk->valid[i] ? &chunk->events[i] : NULL;
        enum verdict verdict = rollup_record(partition->rollup, &records[i], event, &reason);
        if (verdict != VERDICT_REJECTED && verdict != VERDICT_QUARANTINED) continue;
        const struct rejection *rejection = verdict == VERDICT_REJECTED ? &chunk->rejections[i] : NULL;
        if (!put_letter(partition, &records[i], reason, rejection, fault)) return false;
    }
    return true;
}

static bool feed_chunk(struct partition *partition, const struct record *records, size_t count, struct fault *fault) {
    const struct partition_context *context = partition->context;
    decode_chunk(context, records, count);
    if (records[0].offset < partition->rebuild_until) {
        for (size_t i = 0; i < count; i++) {
            rollup_rewarm(partition->rollup, &records[i], context->chunk->valid[i] ? &context->chunk->events[i] : NULL);
        }
        status_add(context->status, STATUS_REBUILT, (int64_t)count);
        return true;
    }
    if (!partition->rewarmed && !rollup_rewarmed(partition->rollup, fault)) return false;
    partition->rewarmed = true;
    if (!partition->rebuilt && !rollup_rewarmed(partition->rollup, fault)) return false;
    partition->rebuilt = true;
    if (context->tee != NULL) {
        for (size_t i = 0; i < count; i++) {
            if (!tee_put(context->tee, partition->who, &records[i], fault)) return false;
        }
    }
    if (!apply_chunk(partition, records, count, fault)) return false;
    partition->at_end = false;
    status_add(context->status, STATUS_DELIVERED, (int64_t)count);
    /* The records are applied whether or not Redis answers now: a fault of these reads comes back from the next commit, which
     * needs them and may be tried again; a fault here would lose the rest of the batch. */
    struct fault later;
    (void)lane_warm(partition->lane, partition->rollup, &later);
    return true;
}

bool partition_feed(struct partition *partition, const struct record *records, size_t count, struct fault *fault) {
    size_t done = 0;
    while (done < count) {
        size_t length = count - done < CHUNK_RECORDS ? count - done : CHUNK_RECORDS;
        /* A chunk is either all rebuild or all new. */
        bool rebuild = records[done].offset < partition->rebuild_until;
        size_t same = 1;
        while (same < length && (records[done + same].offset < partition->rebuild_until) == rebuild) same++;
        if (!feed_chunk(partition, records + done, same, fault)) return false;
        done += same;
    }
    return true;
}

void partition_end(struct partition *partition, int64_t next) {
    struct fault later; /* the next record will be refused with it; until then nothing moves */
    if (!partition->rebuilt && !rollup_rewarmed(partition->rollup, &later)) return;
    if (next > rollup_progress(partition->rollup)->next && next > 0) rollup_advance(partition->rollup, next);
    partition->at_end = true;
}

static bool take_answer(struct partition *partition, int timeout_ms, struct fault *fault) {
    if (!partition->in_flight) return true;
    bool in_flight = true;
    bool fine = lane_poll(partition->lane, timeout_ms, &partition->committed_next, &in_flight, fault);
    if (!in_flight) {
        partition->in_flight = false;
        status_add(partition->context->status, STATUS_IN_FLIGHT, -1);
        if (fine) status_add(partition->context->status, STATUS_COMMITS, 1);
    }
    return fine;
}

static bool send_commit(struct partition *partition, struct fault *fault) {
    const struct partition_context *context = partition->context;
    CHECK(!partition->in_flight);
    if (partition->letters_waiting) {
        if (!deadletter_flush(context->deadletter, DEADLETTER_FLUSH_MS, fault)) return false;
        partition->letters_waiting = false;
    }
    int64_t next = rollup_progress(partition->rollup)->next;
    lane_set_end(partition->lane, partition->at_end);
    if (!lane_commit(partition->lane, partition->rollup, fault)) return false;
    partition->cut_next = next;
    partition->committed_end = partition->at_end;
    partition->in_flight = true;
    status_add(context->status, STATUS_IN_FLIGHT, 1);
    return true;
}

bool partition_step(struct partition *partition, int64_t now_ms, int64_t *committed_next, struct fault *fault) {
    bool fine = take_answer(partition, 0, fault);
    *committed_next = partition->committed_next;
    if (!fine || partition->in_flight) return fine;
    int64_t next = rollup_progress(partition->rollup)->next;
    /* Reaching the end is worth a commit of its own: the rolling windows wait for partitions that are not known to be
     * idle. */
    bool reached_end = partition->at_end && !partition->committed_end && next != SOURCE_START_BEGINNING;
    bool changed = next != partition->cut_next || reached_end;
    bool full = rollup_dirty_cells(partition->rollup) >= partition->context->commit_cells_max;
    if (!changed || (!full && now_ms < partition->commit_due_ms)) return true;
    partition->commit_due_ms = now_ms + partition->context->commit_interval_ms;
    return send_commit(partition, fault);
}

bool partition_flush(struct partition *partition, int64_t deadline_ms, int64_t *committed_next, struct fault *fault) {
    for (;;) {
        bool fine = take_answer(partition, POLL_SLICE_MS, fault);
        *committed_next = partition->committed_next;
        if (!fine && !fault->retriable) return false;
        if (fine && !partition->in_flight) {
            if (rollup_progress(partition->rollup)->next == partition->cut_next) return true;
            if (!send_commit(partition, fault) && !fault->retriable) return false;
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            return fault_set(fault, FAULT_UNREACHABLE, true,
                             "%s/%d: Redis did not confirm the last commit in time; it will be read again", partition->who.topic,
                             partition->who.partition);
        }
        if (!fine) clock_sleep_ms(POLL_SLICE_MS);
    }
}

void partition_close(struct partition *partition, bool release) {
    if (partition == NULL) return;
    if (partition->in_flight) status_add(partition->context->status, STATUS_IN_FLIGHT, -1);
    lane_close(partition->lane, release);
    rollup_destroy(partition->rollup);
    status_add(partition->context->status, STATUS_PARTITIONS, -1);
    free(partition);
}

const struct progress *partition_progress(const struct partition *partition) {
    return rollup_progress(partition->rollup);
}

bool partition_is(const struct partition *partition, struct source_partition who) {
    return partition->who.partition == who.partition && strcmp(partition->who.topic, who.topic) == 0;
}
