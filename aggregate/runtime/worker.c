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
 * A state that went back (FAULT_WENT_BACK: a failover or a restart of Redis has lost its tail) is no such thing: state and offset
 * went back together. The partition is held, claimed anew, the source rewound to where the window begins, and what was counted
 * before is counted again (`replayed`). A state that is gone ends the worker: beginning anew is a person's decision.
 *
 * A partition that the group takes away is *parked*: a rebalance takes all partitions from all members, and gives most back
 * within a second. One that comes back and still is ours, which Redis is asked, goes on with the window that it has; what was not
 * given back is closed.
 *
 * What was not done: a thread per partition (context switches, and nothing to win on few cores), or handing batches
 * between threads (a lock and a cache miss per event). A second worker is a second member of the consumer group
 * instead. */
#include "aggregate/runtime/worker.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/roster.h"
#include "check.h"
#include "fault_point.h"
#include "log.h"

enum {
    POLL_MS_MAX = 50,      /* wakes for due commits and SIGTERM */
    PAUSE_MS_FIRST = 100,  /* first pause after a retriable fault; doubles */
    PAUSE_MS_MAX = 1000,   /* a failover takes seconds, and every node on the way costs an attempt */
    FLUSH_MS = 10000,      /* what a revoke or the end may take */
    FENCED_MS = 60000,
    PARK_MS = 60000,       /* longer than an assignment takes */
    PACE_MS_MAX = 1000,    /* between two looks at the source */
    TELL_MS = 250,         /* between two readings for the gauges */
};

struct slot {
    struct partition *partition; /* null: fenced, waiting for the group to take it away; or to be claimed anew */
    struct source_partition who;
    bool went_back;         /* to be claimed anew */
    bool from_beginning;    /* reading began at the beginning of the log ... */
    int64_t first;          /* ... which was here */
    int64_t committed_next; /* what Redis is known to have had; -1: nothing */
    int64_t fed_next;       /* how far the partition had read that went back */
    int64_t retry_at_ms;    /* 0: not held */
    int64_t pause_ms;
    int64_t fenced_at_ms;
    int64_t mirrored_next;
    struct counts told; /* what the gauges have been told of its counts */
    int64_t tell_at_ms;
    int64_t parked_at_ms; /* 0: not parked */
    bool releases;        /* parked: all that was fed is committed */
};

struct worker {
    struct worker_options options;
    struct chunk chunk;
    struct slot slots[PARTITIONS_MAX];
    size_t slot_count;
    int64_t started_ms;
    int64_t fed;
    bool rewound; /* a partition is to be read again, and the source was not asked since */
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

/* Shows where the partition stands. */
static void show_slot(struct worker *worker, struct slot *slot) {
    const struct source_operations *operations = worker->options.source->operations;
    struct gauges *gauges = worker->options.partition.gauges;
    if (gauges == NULL || slot->partition == NULL) return;
    struct gauge_reading reading;
    partition_reading(slot->partition, &reading);
    reading.held = slot->retry_at_ms != 0;
    if (operations->log_end != NULL) reading.log_end = operations->log_end(worker->options.source, slot->who);
    const struct counts *counts = &partition_progress(slot->partition)->counts;
    gauges_tell(gauges, slot->who, &reading, counts, &slot->told);
    slot->told = *counts;
}

static void close_partition(struct worker *worker, struct slot *slot, bool release) {
    show_slot(worker, slot);
    partition_close(slot->partition, release);
    slot->partition = NULL;
}

static void drop_slot(struct worker *worker, struct slot *slot, bool release) {
    close_partition(worker, slot, release);
    gauges_forget(worker->options.partition.gauges, slot->who);
    *slot = worker->slots[--worker->slot_count];
}

static void park_slot(struct worker *worker, struct slot *slot, bool releases) {
    partition_park(slot->partition);
    gauges_forget(worker->options.partition.gauges, slot->who);
    slot->parked_at_ms = clock_monotonic_ms();
    slot->releases = releases;
}

/* Those that the group has not given back. */
static void drop_parked(struct worker *worker) {
    for (size_t i = worker->slot_count; i-- > 0;) {
        struct slot *slot = &worker->slots[i];
        if (slot->parked_at_ms != 0) drop_slot(worker, slot, slot->releases);
    }
}

/* A partition that we have known is given to us again. False when it is not ours as it was: nothing is left of it then. */
static bool return_slot(struct worker *worker, struct slot *slot, int64_t first, int64_t end, struct source_position *position) {
    if (slot->parked_at_ms == 0 || !partition_return(slot->partition, first, end, position)) {
        drop_slot(worker, slot, false);
        return false;
    }
    slot->parked_at_ms = 0;
    slot->retry_at_ms = 0;
    slot->pause_ms = 0;
    gauges_occasion(worker->options.partition.gauges, GAUGE_ASSIGNED);
    log_info("partition_returned", "topic=%s partition=%d next=%lld", slot->who.topic, slot->who.partition,
             (long long)position->next);
    return true;
}

static void tell_replay(const char *what, struct source_partition who, const struct source_position *position, int64_t known) {
    log_warn(what, "topic=%s partition=%d committed_before=%lld next=%lld window_start=%lld text=\"Redis has an older state than "
             "was committed; the log is read again from there\"",
             who.topic, who.partition, (long long)known, (long long)position->next, (long long)position->window_start);
}

/* Called by the source for each partition it is given: claims it, waiting for Redis if need be. */
static bool resume(void *context, struct source_partition who, int64_t first, int64_t end,
                   struct source_position *position, struct fault *fault) {
    struct worker *worker = context;
    struct slot *old = find_slot(worker, who);
    if (old != NULL && return_slot(worker, old, first, end, position)) return true;
    if (worker->slot_count == PARTITIONS_MAX) drop_parked(worker);
    CHECK(worker->slot_count < PARTITIONS_MAX);
    int64_t pause_ms = PAUSE_MS_FIRST;
    for (;;) {
        struct partition *partition =
            partition_open(&worker->options.partition, who, first, end, position, fault);
        if (partition != NULL) {
            worker->slots[worker->slot_count++] = (struct slot){.partition = partition,
                                                                .who = who,
                                                                .from_beginning = position->next == SOURCE_START_BEGINNING,
                                                                .first = first,
                                                                .committed_next = position->next,
                                                                .mirrored_next = position->next,
                                                                .told = partition_progress(partition)->counts};
            gauges_occasion(worker->options.partition.gauges, GAUGE_ASSIGNED);
            FAULT_STEP("claim.resumed");
            if (worker->options.roster != NULL) roster_add(worker->options.roster, who);
            if (position->mirrored > 0 && position->mirrored > position->next)
                tell_replay("lies_back", who, position, position->mirrored);
            log_info("partition_assigned", "topic=%s partition=%d next=%lld window_start=%lld", who.topic, who.partition,
                     (long long)position->next, (long long)position->window_start);
            return true;
        }
        if (!fault->retriable || stopping(worker)) return false;
        log_warn("claim_waits", "topic=%s partition=%d retry_ms=%lld code=%s error=\"%s\"", who.topic, who.partition,
                 (long long)pause_ms, stop_code(fault->stop), fault->message);
        clock_sleep_ms(pause_ms);
        pause_ms = pause_ms * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : pause_ms * 2;
    }
}

/* Not before a while, and until then nothing is read. */
static void hold_slot(struct worker *worker, struct slot *slot, int64_t now_ms, const struct fault *fault) {
    gauges_occasion(worker->options.partition.gauges, GAUGE_HELD);
    slot->pause_ms = slot->pause_ms == 0 ? PAUSE_MS_FIRST : slot->pause_ms * 2;
    if (slot->pause_ms > PAUSE_MS_MAX) slot->pause_ms = PAUSE_MS_MAX;
    log_warn("held", "topic=%s partition=%d retry_ms=%lld code=%s error=\"%s\"", slot->who.topic, slot->who.partition,
             (long long)slot->pause_ms, stop_code(fault->stop), fault->message);
    if (slot->retry_at_ms == 0) {
        worker->options.source->operations->hold(worker->options.source, slot->who, true);
    }
    slot->retry_at_ms = now_ms + slot->pause_ms;
}

static void release_slot(struct worker *worker, struct slot *slot) {
    worker->options.source->operations->hold(worker->options.source, slot->who, false);
    slot->retry_at_ms = 0;
    slot->pause_ms = 0;
}

/* Redis would not: hold the partition and try again later. Lost claims drop it. Anything else ends the worker. */
static bool absorb(struct worker *worker, struct slot *slot, int64_t now_ms, struct fault *fault) {
    if (fault->code == FAULT_FENCED) {
        log_error("fenced", "topic=%s partition=%d code=%s error=\"%s\"", slot->who.topic, slot->who.partition,
                  stop_code(fault->stop), fault->message);
        status_add(worker->options.partition.status, STATUS_FENCED, 1);
        close_partition(worker, slot, false);
        slot->fenced_at_ms = now_ms;
        return true;
    }
    if (fault->code == FAULT_WENT_BACK) {
        int64_t fed_next = partition_progress(slot->partition)->next;
        if (fed_next > slot->fed_next) slot->fed_next = fed_next;
        close_partition(worker, slot, false);
        slot->went_back = true;
    } else if (!fault->retriable) {
        return false;
    }
    hold_slot(worker, slot, now_ms, fault);
    return true;
}

/* Claims a partition anew whose state went back, and has the log read again from there. */
static bool reclaim_slot(struct worker *worker, struct slot *slot, int64_t now_ms, struct fault *fault) {
    struct source *source = worker->options.source;
    struct source_position position = {.window_start = SOURCE_START_BEGINNING,
                                       .next = SOURCE_START_BEGINNING,
                                       .mirrored = slot->committed_next > 0 ? slot->committed_next : -1};
    int64_t first = slot->from_beginning ? 0 : slot->first;
    /* The log's end is not asked for again: an older state does not lie behind it. */
    slot->partition = partition_open(&worker->options.partition, slot->who, first, INT64_MAX, &position, fault);
    if (slot->partition == NULL) {
        if (!fault->retriable) return false;
        hold_slot(worker, slot, now_ms, fault);
        return true;
    }
    FAULT_STEP("rewind.claimed");
    slot->told = partition_progress(slot->partition)->counts;
    partition_replays(slot->partition, slot->fed_next);
    if (position.window_start == SOURCE_START_BEGINNING && slot->from_beginning) position.window_start = slot->first;
    if (!source->operations->rewind(source, slot->who, &position, fault)) {
        if (!fault->retriable) return false;
        close_partition(worker, slot, true); /* it has left us; the source will say so */
        hold_slot(worker, slot, now_ms, fault);
        return true;
    }
    FAULT_STEP("rewind.done");
    worker->rewound = true;
    tell_replay("went_back", slot->who, &position, slot->committed_next);
    slot->went_back = false;
    slot->committed_next = position.next;
    slot->mirrored_next = position.next;
    release_slot(worker, slot);
    return true;
}

static bool fenced_for_good(const struct slot *slot, struct fault *fault) {
    return fault_set(
        fault, STOP_FENCED, false,
        "%s/%d: another process keeps the claim although this consumer group still gives us the partition: two groups or "
        "processes use one namespace; stop one of them",
        slot->who.topic, slot->who.partition);
}

static bool step_slot(struct worker *worker, struct slot *slot, int64_t now_ms, struct fault *fault) {
    struct source *source = worker->options.source;
    if (slot->parked_at_ms != 0) {
        if (now_ms - slot->parked_at_ms >= PARK_MS) drop_slot(worker, slot, slot->releases);
        return true;
    }
    if (slot->went_back) return now_ms < slot->retry_at_ms || reclaim_slot(worker, slot, now_ms, fault);
    if (slot->partition == NULL) return now_ms - slot->fenced_at_ms < FENCED_MS || fenced_for_good(slot, fault);
    if (slot->retry_at_ms != 0 && now_ms < slot->retry_at_ms) return true;
    int64_t committed_next = 0;
    bool fine = partition_step(slot->partition, now_ms, &committed_next, fault);
    if (committed_next > slot->committed_next) slot->committed_next = committed_next;
    if (now_ms >= slot->tell_at_ms) {
        show_slot(worker, slot);
        slot->tell_at_ms = now_ms + TELL_MS;
    }
    if (!fine) return absorb(worker, slot, now_ms, fault);
    if (slot->retry_at_ms != 0) {
        release_slot(worker, slot);
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
    gauges_turn(worker->options.partition.gauges, worker->options.number, now_ms);
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
        log_warn("not_flushed", "topic=%s partition=%d code=%s error=\"%s\"", slot->who.topic, slot->who.partition,
                 stop_code(fault->stop), fault->message);
        return fault->retriable || fault->code == FAULT_FENCED || fault->code == FAULT_WENT_BACK;
    }
    if (committed_next >= 0) source->operations->mirror(source, slot->who, committed_next);
    return true;
}

static bool revoke(struct worker *worker, struct source_partition who, bool lost, struct fault *fault) {
    struct slot *slot = find_slot(worker, who);
    if (slot == NULL) return true;
    FAULT_STEP("revoke.begin");
    struct fault late = {.code = FAULT_NONE};
    bool fine = lost || flush_slot(worker, slot, &late);
    bool whole = slot->partition != NULL && (late.code == FAULT_NONE || late.retriable);
    if (!fine) *fault = late;
    FAULT_STEP("revoke.flushed");
    gauges_occasion(worker->options.partition.gauges, lost ? GAUGE_LOST : GAUGE_REVOKED);
    log_info(lost ? "partition_lost" : "partition_revoked", "topic=%s partition=%d", who.topic, who.partition);
    if (whole && fine && !stopping(worker)) {
        park_slot(worker, slot, !lost);
    } else {
        drop_slot(worker, slot, !lost && fine);
    }
    FAULT_STEP("revoke.done");
    return fine;
}

/* Tests and gentle backfills: not more than events_per_s_max on average since the start. */
static bool pace(struct worker *worker, struct fault *fault) {
    int64_t limit = worker->options.events_per_s_max;
    if (limit == 0) return true;
    int64_t due_ms = worker->started_ms + worker->fed * 1000 / limit;
    int64_t stop_ms = clock_monotonic_ms() + PACE_MS_MAX;
    if (due_ms > stop_ms) due_ms = stop_ms;
    for (int64_t ahead_ms; !stopping(worker) && (ahead_ms = due_ms - clock_monotonic_ms()) > 0;) {
        clock_sleep_ms(ahead_ms < POLL_MS_MAX ? ahead_ms : POLL_MS_MAX);
        if (!step_all(worker, fault)) return false;
    }
    return true;
}

static bool feed(struct worker *worker, const struct source_event *event, struct fault *fault) {
    struct slot *slot = find_slot(worker, event->partition);
    bool fine = true;
    if (slot != NULL && slot->partition != NULL) {
        int64_t before = partition_progress(slot->partition)->ordinal; /* a rebuild moves nothing, and is not slowed down */
        fine = partition_feed(slot->partition, event->records, event->count, fault);
        worker->fed += partition_progress(slot->partition)->ordinal - before;
        if (!fine) drop_slot(worker, slot, false); /* never committed: the records will be read again */
    }
    worker->options.source->operations->release(worker->options.source, event->batch);
    return fine;
}

/* One event of the source. `*finished` when there will be no more. */
static bool turn(struct worker *worker, bool *finished, struct fault *fault) {
    struct source *source = worker->options.source;
    struct source_event event = {.kind = SOURCE_NOTHING};
    worker->rewound = false;
    source->operations->poll(source, POLL_MS_MAX, &event);
    struct slot *slot = NULL;
    switch (event.kind) {
    case SOURCE_NOTHING:
        return true;
    case SOURCE_ASSIGNED:
        drop_parked(worker);
        return true;
    case SOURCE_BATCH:
        return feed(worker, &event, fault);
    case SOURCE_REVOKED:
        return revoke(worker, event.partition, false, fault);
    case SOURCE_LOST:
        return revoke(worker, event.partition, true, fault);
    case SOURCE_END:
        slot = find_slot(worker, event.partition);
        if (slot == NULL || slot->partition == NULL || partition_end(slot->partition, event.next_offset, fault)) return true;
        drop_slot(worker, slot, false);
        return false;
    case SOURCE_FINISHED:
        *finished = true;
        return true;
    case SOURCE_FAULT:
        if (!event.fault.retriable) {
            *fault = event.fault;
            return false;
        }
        log_warn("source_waits", "source=%s code=%s error=\"%s\"", source->operations->name, stop_code(event.fault.stop),
                 event.fault.message);
        return true;
    }
    UNREACHABLE();
}

/* The source has nothing more; but what it gave is not safe before Redis has it, and a state that goes back until then has it
 * deliver again; also one that went back before, and was claimed again since the source said so. `*finished` stays when
 * everything is committed. */
static bool finish(struct worker *worker, bool *finished, struct fault *fault) {
    FAULT_STEP("end.verify");
    if (worker->rewound) {
        *finished = false;
        return true;
    }
    drop_parked(worker);
    for (size_t i = 0; i < worker->slot_count; i++) {
        struct slot *slot = &worker->slots[i];
        int64_t committed_next = 0;
        if (slot->partition != NULL &&
            partition_flush(slot->partition, clock_monotonic_ms() + FLUSH_MS, &committed_next, fault) &&
            partition_verify(slot->partition, clock_monotonic_ms() + FLUSH_MS, fault)) {
            continue;
        }
        if (slot->partition != NULL && fault->code == FAULT_WENT_BACK && !absorb(worker, slot, clock_monotonic_ms(), fault))
            return false;
        if (slot->partition == NULL && !slot->went_back) return fenced_for_good(slot, fault); /* who knows what is counted */
        if (!slot->went_back) continue; /* leave() tries once more, and says what is wrong */
        *finished = false;
        clock_sleep_ms(POLL_MS_MAX);
    }
    return true;
}

/* Commits and leaves; `healthy` says whether the loop ended without a fault. */
static bool leave(struct worker *worker, bool healthy, struct fault *fault) {
    drop_parked(worker);
    FAULT_STEP("end.leave");
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
    FAULT_STEP("end.left");
    worker->options.source->operations->destroy(worker->options.source);
    return healthy;
}

bool worker_run(const struct worker_options *options, struct fault *fault) {
    struct worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        options->source->operations->destroy(options->source);
        return fault_set(fault, STOP_MEMORY, false, "out of memory for a worker");
    }
    const struct source_operations *operations = options->source->operations;
    worker->options = *options;
    struct partition_context *shared = &worker->options.partition;
    shared->chunk = &worker->chunk;
    shared->header = operations->header;
    shared->own_times = operations->own_times;
    shared->cursor = mappings_count(shared->mappings) > 0 ? mapping_cursor_create() : NULL;
    worker->started_ms = clock_monotonic_ms();
    const struct source_resume how = {.resume = resume, .context = worker};
    bool finished = false;
    bool healthy = shared->cursor != NULL || mappings_count(shared->mappings) == 0;
    if (!healthy) (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a worker");
    healthy = healthy && operations->start(options->source, &how, fault);
    while (healthy && !finished && !stopping(worker)) {
        healthy = turn(worker, &finished, fault) && step_all(worker, fault) && (!finished || finish(worker, &finished, fault));
        if (healthy && !finished) healthy = pace(worker, fault);
    }
    healthy = leave(worker, healthy, fault);
    gauges_turn(shared->gauges, options->number, GAUGE_WORKER_GONE);
    if (worker->options.partition.cursor != NULL) mapping_cursor_destroy(worker->options.partition.cursor);
    free(worker);
    return healthy;
}
