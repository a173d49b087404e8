/* The life of one partition in a worker: claim, rebuild the window, apply, commit, give up.
 *
 *     partition_open      lane_open (epoch + 1) -> rollup -> lane_recover -> "start reading at window_offset"
 *     partition_feed      partition_feed.c
 *     partition_step      EXEC confirmed? -> next commit due? -> dead letters flushed -> cut and send
 *
 * Order that must not change: dead letters of a commit are durable before its EXEC is sent (I6), and cold hashes are
 * read before the cut (the lane does that). A commit never waits here: lane_commit() sends, partition_step() of a
 * later turn sees the answer.
 *
 * A partition without news commits nothing, and would not notice that Redis lost its tail: every VERIFY_MS it asks.
 *
 * A message may be several events, and a state must never stand between them: what `next` points to is read again.
 * It cannot: the roll-up changes in partition_feed() only, which takes whole messages and commits nothing, or fails and
 * is never followed by a commit; commits are made in partition_step() and partition_flush() only. The cut CHECKs it. */
#include "aggregate/runtime/partition_parts.h"

#include "aggregate/runtime/clock.h"
#include "check.h"
#include "fault_point.h"
#include "log.h"

enum { DEADLETTER_FLUSH_MS = 10000, POLL_SLICE_MS = 50, VERIFY_MS = 2000, RETURN_MS = 3000 };

/* Something was committed, and what is stored is a claim only: the log may be read again from its beginning as long as that is
 * where reading once began. */
static bool may_begin(const struct partition *partition, const struct progress *progress, int64_t first, int64_t past_next,
                      struct fault *fault) {
    if (progress->next != SOURCE_START_BEGINNING || past_next <= 0 || first == 0 || partition->context->store->accept_empty)
        return true;
    return fault_set(fault, STOP_REDIS_EMPTY, false,
                     "%s/%d: the state is gone but for a claim; committed was offset %lld, and the log begins at offset %lld: "
                     "whether records in front of that were counted cannot be known; restore a backup, or count anew from what "
                     "the log holds: a new `namespace`, or nhip run --accept-empty",
                     partition->who.topic, partition->who.partition, (long long)past_next, (long long)first);
}

/* What lies below `first` is given up: the log is read on from there, and the state says so. */
static bool pass_gap(struct partition *partition, struct progress *progress, int64_t first, struct fault *fault) {
    const struct source_partition *who = &partition->who;
    int64_t from = progress->window_offset;
    struct fault refusal;
    if (!progress_pass_gap(progress, first, &refusal)) {
        return fault_set(fault, refusal.stop, false, "%s/%d: the log starts at offset %lld, behind %lld: %.300s", who->topic,
                         who->partition, (long long)first, (long long)progress->next, refusal.message);
    }
    const struct gap *gap = &progress->gaps[progress->gap_count - 1];
    lane_amend(partition->lane, progress);
    partition->gap_due = true;
    log_warn("gap_accepted",
             "topic=%s partition=%d from=%lld to=%lld lost=%lld window_lost_from=%lld window_lost_to=%lld text=\"what lies "
             "there is never counted; the state and every snapshot say so\"",
             who->topic, who->partition, (long long)gap->from, (long long)gap->to, (long long)(gap->to - gap->from),
             (long long)from, (long long)first);
    return true;
}

/* The log must hold what the state needs, or somebody has decided to go on without it. */
static bool fit_log(struct partition *partition, struct progress *progress, int64_t first, int64_t end, struct fault *fault) {
    if (progress->next == SOURCE_START_BEGINNING) return true;
    const struct source_partition *who = &partition->who;
    if (progress->next > end) {
        return fault_set(
            fault, STOP_LOG_SHORT, false,
            "%s/%d: the state stands at offset %lld but the log ends at %lld: the topic was re-created or truncated, or this is "
            "another cluster; use a new `namespace`, or restore the topic",
            who->topic, who->partition, (long long)progress->next, (long long)end);
    }
    if (progress->window_offset >= first) return true;
    if (partition->context->store->accept_gap) return pass_gap(partition, progress, first, fault);
    return fault_set(
        fault, STOP_LOG_PASSED, false,
        "%s/%d: the log starts at offset %lld but the state needs it from %lld (next %lld): the topic's retention has passed "
        "it, %s; restore a newer backup, or count anew into a new `namespace`, or go on without them: nhip run --accept-gap "
        "notes the gap in the state and in every snapshot; and give the topic more retention",
        who->topic, who->partition, (long long)first, (long long)progress->window_offset, (long long)progress->next,
        first > progress->next ? "with records that were not counted yet" : "with records of the window only");
}

/* A delivery that is withdrawn has been made: what is sent again later must not fall into its range. */
static void tell_ahead(const struct partition *partition, int64_t end) {
    for (size_t i = 0; i < partition->range_count; i++) {
        const struct exclusion *range = &partition->ranges[i];
        if (range->to <= end) continue;
        log_warn("exclusion_ahead",
                 "topic=%s partition=%d line=%lld from_offset=%lld to_offset=%lld log_end=%lld text=\"records that are not "
                 "there yet will be withdrawn too, also those that are sent again: end the range where the bad delivery ends\"",
                 partition->who.topic, (int)partition->who.partition, (long long)range->line, (long long)range->from,
                 (long long)range->to, (long long)end);
    }
}

struct partition *partition_open(const struct partition_context *context, struct source_partition who, int64_t first,
                                 int64_t end, struct source_position *position, struct fault *fault) {
    struct progress progress;
    int64_t began_ms = clock_monotonic_ms();
    struct partition *partition = calloc(1, sizeof(*partition));
    if (partition == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for partition %s/%d", who.topic, who.partition);
        return NULL;
    }
    partition->context = context;
    partition->who = who;
    partition->lane = lane_open_after(context->store, who, position->mirrored, &progress, fault);
    if (partition->lane == NULL) goto refuse;
    if (!may_begin(partition, &progress, first, position->mirrored, fault)) goto refuse;
    int64_t stored_next = progress.next;
    if (!fit_log(partition, &progress, first, end, fault)) goto refuse;
    partition->rollup = rollup_create(context->rollup, fault);
    if (partition->rollup == NULL) goto refuse;
    if (!lane_recover(partition->lane, partition->rollup, fault)) goto refuse;

    partition->mapping = mappings_find(context->mappings, who.topic);
    partition->ranges = exclusions_of(context->exclusions, who.topic, who.partition, &partition->range_count);
    tell_ahead(partition, end);
    partition->rebuild_until = progress.next;
    partition->replay_until = position->mirrored;
    int64_t now_ms = clock_monotonic_ms();
    bool reread = partition->gap_due && progress.window_offset < progress.next; /* how many records these are, nobody knows */
    int64_t events = progress.ordinal - progress.window_ordinal + progress.window_element;
    partition->rebuild = (struct rebuild){.total = reread ? -1 : events,
                                          .claim_ms = now_ms - began_ms,
                                          .started_ms = now_ms,
                                          .told_ms = now_ms};
    partition->cut_next = progress.next;
    partition->committed_next = stored_next;
    partition->rebuilt = partition->gap_due && !reread;
    position->next = progress.next;
    position->window_start = progress.next == SOURCE_START_BEGINNING ? SOURCE_START_BEGINNING : progress.window_offset;
    partition->read_next = position->window_start;
    partition->heard_ms = now_ms;
    partition->commit_due_ms = partition->heard_ms + context->commit_interval_ms;
    status_add(context->status, STATUS_PARTITIONS, 1);
    return partition;

refuse:
    rollup_destroy(partition->rollup);
    if (partition->lane != NULL) lane_close(partition->lane, true);
    free(partition);
    return NULL;
}

void partition_replays(struct partition *partition, int64_t until) {
    if (until > partition->replay_until) partition->replay_until = until;
}

bool partition_end(struct partition *partition, int64_t next, struct fault *fault) {
    if (next < partition->rebuild_until) return true; /* a bound in front of it, or an end from before */
    if (!partition_prove(partition, fault)) return false;
    if (next > rollup_progress(partition->rollup)->next && next > 0) rollup_advance(partition->rollup, next);
    if (next > partition->read_next) partition->read_next = next;
    partition->at_end = true;
    return true;
}

/* A commit has been answered. It counts when it is on as many replicas as are asked for; if not, a later one says so for both. */
static void tell_commit(struct partition *partition) {
    struct status *status = partition->context->status;
    bool confirmed = partition->committed_next == partition->cut_next;
    if (confirmed) status_add(status, STATUS_COMMITS, 1);
    if (confirmed == !partition->unconfirmed) return;
    partition->unconfirmed = !confirmed;
    status_add(status, STATUS_UNCONFIRMED, confirmed ? -1 : 1);
    if (confirmed) {
        log_info("confirmed", "topic=%s partition=%d next=%lld", partition->who.topic, partition->who.partition,
                 (long long)partition->committed_next);
    } else {
        log_warn("unconfirmed",
                 "topic=%s partition=%d next=%lld confirmed=%lld text=\"fewer replicas than durability.replicas (%d) "
                 "had the commit within durability.timeout\"",
                 partition->who.topic, partition->who.partition, (long long)partition->cut_next,
                 (long long)partition->committed_next, partition->context->store->replicas);
    }
}

static bool take_answer(struct partition *partition, int timeout_ms, struct fault *fault) {
    if (!partition->in_flight && !partition->verifying) return true;
    bool open = true;
    bool fine = lane_poll(partition->lane, timeout_ms, &partition->committed_next, &open, fault);
    if (open) return fine;
    partition->verifying = false;
    partition->heard_ms = clock_monotonic_ms();
    if (partition->in_flight) {
        partition->in_flight = false;
        status_add(partition->context->status, STATUS_IN_FLIGHT, -1);
        if (fine) gauges_commit(partition->context->gauges, partition->heard_ms - partition->sent_ms, partition->sent_cells);
        if (fine) tell_commit(partition);
    }
    return fine;
}

static bool send_commit(struct partition *partition, struct fault *fault) {
    const struct partition_context *context = partition->context;
    CHECK(!partition->in_flight && !partition->verifying);
    if (partition->letters_waiting) {
        if (FAULT_BREAKS("letters.flush", fault)) return false;
        if (!deadletter_flush(context->deadletter, DEADLETTER_FLUSH_MS, fault)) return false;
        if (FAULT_BREAKS("letters.flushed", fault)) return false;
        partition->letters_waiting = false;
    }
    int64_t next = rollup_progress(partition->rollup)->next;
    lane_set_end(partition->lane, partition->at_end);
    partition->sent_ms = clock_monotonic_ms();
    partition->sent_cells = (int64_t)rollup_dirty_cells(partition->rollup);
    if (!lane_commit(partition->lane, partition->rollup, fault)) return false;
    partition->cut_next = next;
    partition->committed_end = partition->at_end;
    partition->gap_due = false;
    partition->in_flight = true;
    status_add(context->status, STATUS_IN_FLIGHT, 1);
    return true;
}

/* A gap is due to be committed, also if nothing comes behind it. */
static bool gap_is_due(const struct partition *partition) {
    return partition->gap_due && partition->rebuilt;
}

/* Reaching the end is worth a commit of its own: the rolling windows wait for partitions that are not known to be idle. */
static bool has_news(const struct partition *partition) {
    int64_t next = rollup_progress(partition->rollup)->next;
    bool reached_end = partition->at_end && !partition->committed_end && next != SOURCE_START_BEGINNING;
    return next != partition->cut_next || reached_end || partition->unconfirmed || gap_is_due(partition);
}

/* Redis has all that was read. */
static bool is_whole(const struct partition *partition) {
    bool committed = rollup_progress(partition->rollup)->next == partition->cut_next && !partition->unconfirmed;
    return committed && !gap_is_due(partition);
}

bool partition_step(struct partition *partition, int64_t now_ms, int64_t *committed_next, struct fault *fault) {
    bool fine = take_answer(partition, 0, fault);
    *committed_next = partition->committed_next;
    if (!fine || partition->in_flight || partition->verifying) return fine;
    bool changed = has_news(partition);
    bool full = rollup_dirty_cells(partition->rollup) >= partition->context->commit_cells_max;
    if (!changed && now_ms - partition->heard_ms >= VERIFY_MS) {
        lane_verify(partition->lane);
        partition->verifying = true;
    }
    if (!changed || (!full && now_ms < partition->commit_due_ms)) return true;
    partition->commit_due_ms = now_ms + partition->context->commit_interval_ms;
    return send_commit(partition, fault);
}

bool partition_flush(struct partition *partition, int64_t deadline_ms, int64_t *committed_next, struct fault *fault) {
    for (;;) {
        bool fine = take_answer(partition, POLL_SLICE_MS, fault);
        *committed_next = partition->committed_next;
        if (!fine && !fault->retriable) return false;
        if (fine && !partition->in_flight && !partition->verifying) {
            if (is_whole(partition)) return true;
            fine = send_commit(partition, fault);
            if (!fine && !fault->retriable) return false;
        }
        if (clock_monotonic_ms() >= deadline_ms) {
            return fault_set(fault, STOP_UNCONFIRMED, true, "%s/%d: %s did not confirm the last commit in time%s",
                             partition->who.topic, partition->who.partition, partition->unconfirmed ? "replicas" : "Redis",
                             partition->unconfirmed ? " (durability.replicas); the primary has it" : "; it will be read again");
        }
        if (!fine) clock_sleep_ms(POLL_SLICE_MS);
    }
}

bool partition_verify(struct partition *partition, int64_t deadline_ms, struct fault *fault) {
    lane_verify(partition->lane);
    partition->verifying = true;
    for (;;) {
        bool fine = take_answer(partition, POLL_SLICE_MS, fault);
        if (fine && !partition->verifying) return true;
        if (!fine && !fault->retriable) return false;
        if (clock_monotonic_ms() >= deadline_ms) {
            return fault_set(fault, STOP_REDIS_SILENT, true, "%s/%d: Redis does not say where it stands", partition->who.topic,
                             partition->who.partition);
        }
        if (!fine) clock_sleep_ms(POLL_SLICE_MS);
    }
}

void partition_park(struct partition *partition) {
    partition->parked = true;
    status_add(partition->context->status, STATUS_PARTITIONS, -1);
}

bool partition_return(struct partition *partition, int64_t first, int64_t end, struct source_position *position) {
    struct fault fault;
    int64_t from = partition->read_next, committed_next = 0;
    int64_t deadline_ms = clock_monotonic_ms() + RETURN_MS;
    if (from != SOURCE_START_BEGINNING && (from < first || from > end)) return false;
    if (!partition_flush(partition, deadline_ms, &committed_next, &fault)) return false;
    if (!partition_verify(partition, deadline_ms, &fault)) return false;
    partition->parked = false;
    partition->at_end = false;
    status_add(partition->context->status, STATUS_PARTITIONS, 1);
    position->next = rollup_progress(partition->rollup)->next;
    position->window_start = from;
    return true;
}

void partition_close(struct partition *partition, bool release) {
    if (partition == NULL) return;
    if (partition->in_flight) status_add(partition->context->status, STATUS_IN_FLIGHT, -1);
    if (partition->unconfirmed) status_add(partition->context->status, STATUS_UNCONFIRMED, -1);
    lane_close(partition->lane, release);
    rollup_destroy(partition->rollup);
    if (!partition->parked) status_add(partition->context->status, STATUS_PARTITIONS, -1);
    free(partition);
}

const struct progress *partition_progress(const struct partition *partition) {
    return rollup_progress(partition->rollup);
}

void partition_reading(const struct partition *partition, struct gauge_reading *reading) {
    const struct progress *progress = rollup_progress(partition->rollup);
    *reading = (struct gauge_reading){
        .next = progress->next < 0 ? -1 : progress->next,
        .committed_next = partition->committed_next < 0 ? -1 : partition->committed_next,
        .log_end = -1,
        .watermark_ms = progress->watermark_ms,
        .record_time_max_ms = progress->record_time_max_ms,
        .window_records = progress->ordinal - progress->window_ordinal,
        .accounts = progress->accounts,
        .memory_bytes = (int64_t)rollup_bytes(partition->rollup),
        .dirty_cells = (int64_t)rollup_dirty_cells(partition->rollup),
    };
}
