/* The loop that moves events from a source into Redis.
 *
 *     poll the source  ->  feed the partition  ->  step every partition (take answers, send due commits)
 *
 * Nothing here waits for Redis while there is something to read: commits are sent and their answers are taken on a
 * later turn. When Redis does not answer or refuses (out of memory, loading, failover), the partition is *held*: its
 * source stops delivering, the group membership stays alive, and the step is tried again with growing pauses. A lost
 * claim (FAULT_FENCED) drops the partition at once; if the group does not take it away within FENCED_MS, the worker
 * ends, because two groups or two processes are configured for the same state, and a person must decide.
 *
 * What was not done: a thread per partition (context switches, and nothing to win on few cores), or handing batches
 * between threads (a lock and a cache miss per event). A second worker is a second member of the consumer group
 * instead. */
#include "aggregate/runtime/worker.h"

#include "aggregate/runtime/clock.h"
#include "check.h"
#include "log.h"

enum {
    POLL_MS_MAX = 50,      /* wakes for due commits and SIGTERM */
    PAUSE_MS_FIRST = 100,  /* first pause after a retriable fault; doubles */
    PAUSE_MS_MAX = 5000,
    FLUSH_MS = 10000,      /* what a revoke or the end may take */
    FENCED_MS = 60000,
};

struct slot {
    struct partition *partition; /* null: fenced, waiting for the group to take it away */
    struct source_partition who;
    int64_t retry_at_ms; /* 0: not held */
    int64_t pause_ms;
    int64_t fenced_at_ms;
    int64_t mirrored_next;
};

struct worker {
    struct worker_options options;
    struct chunk chunk;
    struct slot slots[PARTITIONS_MAX];
    size_t slot_count;
    int64_t started_ms;
    int64_t fed;
};

static bool stopping(const struct worker *worker) {
    return atomic_load_explicit(worker->options.stop, memory_order_relaxed);
}

static struct slot *find_slot(struct worker *worker, struct source_partition who) {
    for (size_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        if (slot->who.partition == who.partition && strcmp(slot->who.topic, who.topic) == 0) return slot;
    }
    return NULL;
}

static void drop_slot(struct worker *worker, struct slot *slot, bool release) {
    partition_close(slot->partition, release);
    *slot = worker->slots[--worker->slot_count];
}

/* Called by the source for each partition it is given: claims it, waiting for Redis if need be. */
static bool resume(void *context, struct source_partition who, int64_t first, int64_t end,
                   struct source_position *position, struct fault *fault) {
    struct worker *worker = context;
    struct slot *old = find_slot(worker, who);
    if (old != NULL) drop_slot(worker, old, false);
    CHECK(worker->slot_count < PARTITIONS_MAX);
    int64_t pause_ms = PAUSE_MS_FIRST;
    for (;;) {
        struct partition *partition =
            partition_open(&worker->options.partition, who, first, end, position, fault);
        if (partition != NULL) {
            worker->slots[worker->slot_count++] =
                (struct slot){.partition = partition, .who = who, .mirrored_next = position->next};
            log_info("partition_assigned", "topic=%s partition=%d next=%lld window_start=%lld", who.topic, who.partition,
                     (long long)position->next, (long long)position->window_start);
            return true;
        }
        if (!fault->retriable || stopping(worker)) return false;
        log_warn("claim_waits", "topic=%s partition=%d retry_ms=%lld error=\"%s\"", who.topic, who.partition,
                 (long long)pause_ms, fault->message);
        clock_sleep_ms(pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : pause_ms * 2;
    }
}

/* Redis would not: hold the partition and try again later. Lost claims drop it. Anything else ends the worker. */
static bool absorb(struct worker *worker, struct slot *slot, int64_t now_ms, struct fault *fault) {
    if (fault->code == FAULT_FENCED) {
        log_error("fenced", "topic=%s partition=%d error=\"%s\"", slot->who.topic, slot->who.partition, fault->message);
        status_add(worker->options.partition.status, STATUS_FENCED, 1);
        partition_close(slot->partition, false);
        slot->partition = NULL;
        slot->fenced_at_ms = now_ms;
        return true;
    }
    if (!fault->retriable) return false;
    slot->pause_ms = slot->pause_ms == 0 ? PAUSE_MS_FIRST : slot->pause_ms * 2;
    if (slot->pause_ms > PAUSE_MS_MAX) slot->pause_ms = PAUSE_MS_MAX;
    log_warn("held", "topic=%s partition=%d retry_ms=%lld error=\"%s\"", slot->who.topic, slot->who.partition,
             (long long)slot->pause_ms, fault->message);
    if (slot->retry_at_ms == 0) {
        worker->options.source->operations->hold(worker->options.source, slot->who, true);
    }
    slot->retry_at_ms = now_ms + slot->pause_ms;
    return true;
}

static bool step_slot(struct worker *worker, struct slot *slot, int64_t now_ms, struct fault *fault) {
    struct source *source = worker->options.source;
    if (slot->partition == NULL) {
        if (now_ms - slot->fenced_at_ms < FENCED_MS) return true;
        return fault_set(
            fault, FAULT_FENCED, false,
            "%s/%d: another process keeps the claim although this consumer group still gives us the partition: two groups or "
            "processes use one namespace; stop one of them",
            slot->who.topic, slot->who.partition);
    }
    if (slot->retry_at_ms != 0 && now_ms < slot->retry_at_ms) return true;
    int64_t committed_next = 0;
    if (!partition_step(slot->partition, now_ms, &committed_next, fault)) return absorb(worker, slot, now_ms, fault);
    if (slot->retry_at_ms != 0) {
        source->operations->hold(source, slot->who, false);
        slot->retry_at_ms = 0;
        slot->pause_ms = 0;
        log_info("released", "topic=%s partition=%d", slot->who.topic, slot->who.partition);
    }
    if (committed_next > slot->mirrored_next) {
        source->operations->mirror(source, slot->who, committed_next);
        slot->mirrored_next = committed_next;
    }
    return true;
}

static bool step_all(struct worker *worker, struct fault *fault) {
    int64_t now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < worker->slot_count; i++) {
        if (!step_slot(worker, &worker->slots[i], now_ms, fault)) return false;
    }
    return true;
}

/* Commits everything of one partition, within a deadline. False only for faults that must end the worker. */
static bool flush_slot(struct worker *worker, struct slot *slot, struct fault *fault) {
    if (slot->partition == NULL) return true;
    int64_t committed_next = 0;
    struct source *source = worker->options.source;
    if (!partition_flush(slot->partition, clock_monotonic_ms() + FLUSH_MS, &committed_next, fault)) {
        log_warn("not_flushed", "topic=%s partition=%d error=\"%s\"", slot->who.topic, slot->who.partition, fault->message);
        return fault->retriable || fault->code == FAULT_FENCED;
    }
    if (committed_next >= 0) source->operations->mirror(source, slot->who, committed_next);
    return true;
}

static bool revoke(struct worker *worker, struct source_partition who, bool lost, struct fault *fault) {
    struct slot *slot = find_slot(worker, who);
    if (slot == NULL) return true;
    bool fine = lost || flush_slot(worker, slot, fault);
    log_info(lost ? "partition_lost" : "partition_revoked", "topic=%s partition=%d", who.topic, who.partition);
    drop_slot(worker, slot, !lost && fine);
    return fine;
}

/* Tests and gentle backfills: not more than events_per_s_max on average since the start. */
static void pace(struct worker *worker) {
    int64_t limit = worker->options.events_per_s_max;
    if (limit == 0) return;
    int64_t due_ms = worker->started_ms + worker->fed * 1000 / limit;
    int64_t ahead_ms = due_ms - clock_monotonic_ms();
    if (ahead_ms > 0) clock_sleep_ms(ahead_ms < POLL_MS_MAX ? ahead_ms : POLL_MS_MAX);
}

static bool feed(struct worker *worker, const struct source_event *event, struct fault *fault) {
    struct slot *slot = find_slot(worker, event->partition);
    bool fine = true;
    if (slot != NULL && slot->partition != NULL) {
        fine = partition_feed(slot->partition, event->records, event->count, fault);
        if (!fine) drop_slot(worker, slot, false); /* never committed: the records will be read again */
        worker->fed += (int64_t)event->count;
    }
    worker->options.source->operations->release(worker->options.source, event->batch);
    return fine;
}

/* One event of the source. `*finished` when there will be no more. */
static bool turn(struct worker *worker, bool *finished, struct fault *fault) {
    struct source *source = worker->options.source;
    struct source_event event = {.kind = SOURCE_NOTHING};
    source->operations->poll(source, POLL_MS_MAX, &event);
    struct slot *slot = NULL;
    switch (event.kind) {
    case SOURCE_NOTHING:
    case SOURCE_ASSIGNED:
        return true;
    case SOURCE_BATCH:
        return feed(worker, &event, fault);
    case SOURCE_REVOKED:
        return revoke(worker, event.partition, false, fault);
    case SOURCE_LOST:
        return revoke(worker, event.partition, true, fault);
    case SOURCE_END:
        slot = find_slot(worker, event.partition);
        if (slot != NULL && slot->partition != NULL) partition_end(slot->partition, event.next_offset);
        return true;
    case SOURCE_FINISHED:
        *finished = true;
        return true;
    case SOURCE_FAULT:
        if (!event.fault.retriable) {
            *fault = event.fault;
            return false;
        }
        log_warn("source_waits", "source=%s error=\"%s\"", source->operations->name, event.fault.message);
        return true;
    }
    UNREACHABLE();
}

/* Commits and leaves; `healthy` says whether the loop ended without a fault. */
static bool leave(struct worker *worker, bool healthy, struct fault *fault) {
    while (worker->slot_count > 0) {
        struct slot *slot = &worker->slots[worker->slot_count - 1];
        struct fault late = {.code = FAULT_NONE};
        bool fine = flush_slot(worker, slot, &late);
        if (healthy && late.code != FAULT_NONE && !stopping(worker)) {
            *fault = late;
            healthy = false;
        }
        drop_slot(worker, slot, fine);
    }
    worker->options.source->operations->destroy(worker->options.source);
    return healthy;
}

bool worker_run(const struct worker_options *options, struct fault *fault) {
    struct worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        options->source->operations->destroy(options->source);
        return fault_set(fault, FAULT_MEMORY, false, "out of memory for a worker");
    }
    worker->options = *options;
    worker->options.partition.chunk = &worker->chunk;
    worker->started_ms = clock_monotonic_ms();
    const struct source_resume how = {.resume = resume, .context = worker};
    bool finished = false;
    bool healthy = options->source->operations->start(options->source, &how, fault);
    while (healthy && !finished && !stopping(worker)) {
        healthy = turn(worker, &finished, fault) && step_all(worker, fault);
        pace(worker);
    }
    healthy = leave(worker, healthy, fault);
    free(worker);
    return healthy;
}
