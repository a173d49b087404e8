/* What a partition does with the records that it is fed.
 *
 *     offset < next     only rebuilds the window          (rollup_rewarm, then rollup_rewarmed: is it the same log?)
 *     offset >= next    decode -> prefetch -> apply       (rollup_record), refused ones -> dead letters
 *
 * Events in a range of a withdrawn delivery (exclusions.h) go another way on both lines: rollup_withdraw() and
 * rollup_rewarm_withdrawn().
 *
 * Events go through in chunks: first all are decoded (their keys hashed), then the cache lines that those hashes will
 * touch are requested, then all are applied or remembered; so the misses of a chunk overlap instead of adding up.
 *
 * Of a canonical topic a record is an event, and the source's records are used where they are. A mapped record can be
 * many: the chunk is filled from the mapping's cursor, a message goes on in the next chunk where one is full, and each event
 * has a copy of the record in which `next_offset` is right for it. Two loops, so that canonical topics pay nothing. */
#include "aggregate/runtime/partition_parts.h"

#include "aggregate/runtime/clock.h"
#include "check.h"
#include "fault_point.h"
#include "ingest/line_time.h"
#include "ingest/tee.h"
#include "log.h"

enum { TELL_MS = 3000, TEXT_BYTES = 4096 };

static bool put_letter(struct partition *partition, const struct record *record, size_t slot, enum verdict verdict,
                       enum reason reason, struct fault *fault) {
    const struct partition_context *context = partition->context;
    const struct chunk *chunk = context->chunk;
    status_add(context->status, STATUS_REFUSED, 1);
    if (context->deadletter == NULL) return true;
    struct deadletter_entry entry = {
        .topic = partition->who.topic, .partition = partition->who.partition, .record = record, .reason = reason, .field = ""};
    if (verdict == VERDICT_REJECTED) {
        entry.byte = chunk->rejections[slot].byte;
        entry.field = chunk->rejections[slot].field;
    }
    if (partition->mapping != NULL && mapping_fans_out(partition->mapping)) {
        entry.fans_out = true;
        entry.element = chunk->elements[slot];
    }
    partition->letters_waiting = true;
    if (FAULT_BREAKS("letters.put", fault)) return false;
    return deadletter_put(context->deadletter, &entry, fault);
}

static void decode_chunk(const struct partition_context *context, const struct record *records, size_t count) {
    struct chunk *chunk = context->chunk;
    for (size_t i = 0; i < count; i++) {
        struct event *event = &chunk->events[i];
        chunk->valid[i] = false;
        if (records[i].value.data != NULL) {
            chunk->valid[i] = decode(context->decoder, records[i].value, event, &chunk->rejections[i]);
        } else {
            chunk->rejections[i].reason = REASON_NONE;
        }
        if (!chunk->valid[i]) event->kind = KIND_NONE;
    }
}

/* Finds the events of the chunk that are withdrawn; false when there is none, and nothing was noted. The same when records are
 * applied and when the window is rebuilt, or the state would not be a function of the log. */
static bool find_withdrawn(const struct partition *partition, const struct record *records, size_t count) {
    struct chunk *chunk = partition->context->chunk;
    if (partition->range_count == 0 ||
        !exclusions_touch(partition->ranges, partition->range_count, records[0].offset, records[count - 1].offset))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct event *event = &chunk->events[i];
        chunk->withdrawn[i] = chunk->valid[i] && !event->test &&
                              exclusions_hold(partition->ranges, partition->range_count, records[i].offset, event->source);
    }
    return true;
}

static bool apply_chunk(struct partition *partition, const struct record *records, size_t count, struct fault *fault) {
    const struct chunk *chunk = partition->context->chunk;
    bool withdrawn = find_withdrawn(partition, records, count);
    rollup_prefetch(partition->rollup, chunk->events, count);
    for (size_t i = 0; i < count; i++) {
        enum reason reason = chunk->valid[i] ? REASON_NONE : chunk->rejections[i].reason;
        const struct event *event = chunk->valid[i] ? &chunk->events[i] : NULL;
        enum verdict verdict;
        if (withdrawn && chunk->withdrawn[i]) {
            reason = REASON_WITHDRAWN;
            verdict = rollup_withdraw(partition->rollup, &records[i], event);
        } else {
            verdict = rollup_record(partition->rollup, &records[i], event, &reason);
        }
        if (verdict != VERDICT_REJECTED && verdict != VERDICT_QUARANTINED) continue;
        if (!put_letter(partition, &records[i], i, verdict, reason, fault)) return false;
    }
    FAULT_STEP("feed.applied");
    partition->at_end = false;
    status_add(partition->context->status, STATUS_DELIVERED, (int64_t)count);
    /* The records are applied whether or not Redis answers now: a fault of these reads comes back from the next commit, which
     * needs them and may be tried again; a fault here would lose the rest of the batch. */
    struct fault later;
    (void)lane_warm(partition->lane, partition->rollup, &later);
    return true;
}

static void rebuild_chunk(struct partition *partition, const struct record *records, size_t count) {
    const struct chunk *chunk = partition->context->chunk;
    bool withdrawn = find_withdrawn(partition, records, count);
    rollup_prefetch_window(partition->rollup, chunk->events, count);
    for (size_t i = 0; i < count; i++) {
        const struct event *event = chunk->valid[i] ? &chunk->events[i] : NULL;
        if (withdrawn && chunk->withdrawn[i]) {
            rollup_rewarm_withdrawn(partition->rollup, &records[i], event);
        } else {
            rollup_rewarm(partition->rollup, &records[i], event);
        }
    }
    partition->rebuild.done += (int64_t)count;
    partition->rebuilt = false;
    FAULT_STEP("rebuild.chunk");
    status_add(partition->context->status, STATUS_REBUILT, (int64_t)count);
}

static int64_t per_second(int64_t count, int64_t ms) {
    return ms > 0 ? count * 1000 / ms : count * 1000;
}

/* Once: before the first record is applied, or as soon as the last one is read that the window holds. */
bool partition_prove(struct partition *partition, struct fault *fault) {
    const struct rebuild *rebuild = &partition->rebuild;
    if (partition->rebuilt) return true;
    FAULT_STEP("rebuild.proof");
    struct fault refusal;
    if (!rollup_rewarmed(partition->rollup, &refusal)) {
        return fault_set(fault, refusal.stop, refusal.retriable, "%s/%d: %.400s", partition->who.topic, partition->who.partition,
                         refusal.message);
    }
    partition->rebuilt = true;
    if (rebuild->total == 0) return true;
    int64_t ms = clock_monotonic_ms() - rebuild->started_ms;
    status_add(partition->context->status, STATUS_TAKEOVERS, 1);
    status_add(partition->context->status, STATUS_TAKEOVER_MS, rebuild->claim_ms + ms);
    log_info("window_rebuilt",
             "topic=%s partition=%d events=%lld elapsed_ms=%lld events_per_s=%lld claim_ms=%lld takeover_ms=%lld",
             partition->who.topic, partition->who.partition, (long long)rebuild->done, (long long)ms,
             (long long)per_second(rebuild->done, ms), (long long)rebuild->claim_ms, (long long)(rebuild->claim_ms + ms));
    return true;
}

/* A batch has rebuilt a piece: says so now and then, and ends the rebuild when nothing is missing any more. */
static bool tell_rebuild(struct partition *partition, struct fault *fault) {
    struct rebuild *rebuild = &partition->rebuild;
    if (rebuild->total < 0) return true; /* the first record behind them ends it */
    if (rebuild->done >= rebuild->total) return partition_prove(partition, fault);
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - rebuild->told_ms < TELL_MS) return true;
    log_info("window_rebuilding", "topic=%s partition=%d events=%lld of=%lld percent=%lld events_per_s=%lld",
             partition->who.topic, partition->who.partition, (long long)rebuild->done, (long long)rebuild->total,
             (long long)(rebuild->done * 100 / rebuild->total),
             (long long)per_second(rebuild->done - rebuild->told, now_ms - rebuild->told_ms));
    rebuild->told_ms = now_ms;
    rebuild->told = rebuild->done;
    return true;
}

/* Before records are applied: copies of them, and the proof that the window is what it was. */
static bool begin_apply(struct partition *partition, const struct record *records, size_t count, struct fault *fault) {
    if (!partition->rebuilt && !partition_prove(partition, fault)) return false;
    FAULT_STEP("feed.apply");
    struct tee *tee = partition->context->tee;
    for (size_t i = 0; tee != NULL && i < count; i++) {
        if (!tee_put(tee, partition->who, &records[i], fault)) return false;
    }
    return true;
}

static bool feed_canonical(struct partition *partition, const struct record *records, size_t count, bool rebuild,
                           struct fault *fault) {
    for (size_t done = 0; done < count;) {
        size_t length = count - done < CHUNK_RECORDS ? count - done : CHUNK_RECORDS;
        const struct record *chunk = records + done;
        decode_chunk(partition->context, chunk, length);
        if (rebuild) {
            rebuild_chunk(partition, chunk, length);
        } else if (!begin_apply(partition, chunk, length, fault) || !apply_chunk(partition, chunk, length, fault)) {
            return false;
        }
        done += length;
    }
    return true;
}

/* The record time of an event whose source has none: its ingest_time; of what is no event, that of the event before. */
static void take_time(struct partition *partition, struct record *record, bool valid) {
    char text[TEXT_BYTES];
    if (valid) {
        size_t length = mapping_text(partition->context->cursor, text, sizeof(text));
        (void)line_time((struct slice){text, length < sizeof(text) ? length : sizeof(text)}, &partition->time_ms);
    }
    record->timestamp_ms = partition->time_ms;
}

/* Puts the next event of the cursor's message into slot `at` of the chunk; true when it is the last one. */
static bool fill_slot(struct partition *partition, const struct record *message, uint32_t element, size_t at) {
    const struct partition_context *context = partition->context;
    struct chunk *chunk = context->chunk;
    struct record *record = &chunk->records[at];
    bool last = true;
    enum mapped mapped = MAPPED_IGNORED; /* a tombstone */
    if (message->value.data != NULL)
        mapped = mapping_next(context->cursor, &chunk->events[at], &chunk->rejections[at], &last);
    chunk->valid[at] = mapped == MAPPED_EVENT;
    if (mapped != MAPPED_EVENT) chunk->events[at].kind = KIND_NONE;
    if (mapped == MAPPED_IGNORED) chunk->rejections[at].reason = REASON_NONE;
    chunk->elements[at] = element;
    *record = *message;
    if (!last) record->next_offset = record->offset;
    if (!context->own_times) take_time(partition, record, chunk->valid[at]);
    return last;
}

static bool flush_chunk(struct partition *partition, size_t *filled, bool rebuild, struct fault *fault) {
    size_t count = *filled;
    const struct record *records = partition->context->chunk->records;
    *filled = 0;
    if (count == 0) return true;
    if (!rebuild) return apply_chunk(partition, records, count, fault);
    rebuild_chunk(partition, records, count);
    return true;
}

static bool feed_mapped(struct partition *partition, const struct record *records, size_t count, bool rebuild,
                        struct fault *fault) {
    const struct partition_context *context = partition->context;
    size_t filled = 0;
    if (!rebuild && !begin_apply(partition, records, count, fault)) return false;
    for (size_t i = 0; i < count; i++) {
        struct record message = records[i];
        if (!context->own_times) message.timestamp_ms = 0; /* what was read as such is a key of somebody else's */
        if (message.value.data != NULL)
            mapping_begin(context->cursor, partition->mapping, &message, partition->who.topic, context->header);
        bool last = false;
        for (uint32_t element = 0; !last; element++) {
            CHECK(element < FAN_OUT_MAX);
            last = fill_slot(partition, &message, element, filled++);
            if (filled == CHUNK_RECORDS && !flush_chunk(partition, &filled, rebuild, fault)) return false;
        }
    }
    return flush_chunk(partition, &filled, rebuild, fault);
}

static void count_replayed(struct partition *partition, const struct record *records, size_t count) {
    int64_t again = 0;
    for (size_t i = 0; i < count; i++)
        again += records[i].offset >= partition->rebuild_until && records[i].offset < partition->replay_until;
    status_add(partition->context->status, STATUS_REPLAYED, again);
}

bool partition_feed(struct partition *partition, const struct record *records, size_t count, struct fault *fault) {
    if (count > 0 && records[0].offset < partition->replay_until) count_replayed(partition, records, count);
    size_t known = 0; /* a chunk is either all rebuild or all new */
    while (known < count && records[known].offset < partition->rebuild_until) known++;
    bool (*feed)(struct partition *, const struct record *, size_t, bool, struct fault *) =
        partition->mapping != NULL ? feed_mapped : feed_canonical;
    if (known > 0 && (!feed(partition, records, known, true, fault) || !tell_rebuild(partition, fault))) return false;
    if (known < count && !feed(partition, records + known, count - known, false, fault)) return false;
    if (count > 0) partition->read_next = records[count - 1].next_offset;
    return true;
}
