/* The group: see group.h, and ingest/source_kafka_group.c, whose sources these stand for.
 *
 *     group_rebalance()  every member finds out at its next poll: REVOKED for what it has, and the poll after that joins
 *                        all have joined, or patience is over (who has not come is out)  ->  partitions are dealt out
 *     group_expel()      the member's partitions are dealt out without it; its next poll says LOST
 *
 * So a member that is stopped or busy is replaced while it goes on believing in what it has. */
#include "tests/sim/group.h"

#include "check.h"
#include "tests/sim/plan.h"
#include "tests/sim/world.h"

enum { EVENTS_MAX = 16, PARTITIONS = 4, RETRY_US = 20 * MS };

enum phase { STEADY, REVOKING, JOINING, ASSIGNING };

struct owned {
    int partition;
    bool resumed, held, at_end;
    int64_t position;
};

struct member {
    struct source source;
    struct source_resume resume;
    int number;
    enum phase phase;
    int64_t generation; /* that it takes part in */
    struct owned owned[PARTITIONS];
    size_t owned_count, turn;
    struct source_event events[EVENTS_MAX];
    size_t event_count;
};

static struct {
    struct log *logs;
    int count;
    int64_t generation;
    bool joining;        /* a rebalance is on */
    int64_t patience_us; /* ... until then */
    bool present[MEMBERS_MAX], joined[MEMBERS_MAX], dealt[MEMBERS_MAX];
    int owner[PARTITIONS];
    int64_t mirrored[PARTITIONS];
} group;

static void push(struct member *member, struct source_event event) {
    CHECK(member->event_count < EVENTS_MAX);
    member->events[member->event_count++] = event;
}

static struct source_partition who(int partition) {
    return (struct source_partition){"t", partition};
}

static void report_all(struct member *member, enum source_event_kind kind) {
    for (size_t i = 0; i < member->owned_count; i++) {
        if (!member->owned[i].resumed) continue;
        push(member, (struct source_event){.kind = kind, .partition = who(member->owned[i].partition)});
    }
}

/* --- the coordinator --- */

static void deal(void) {
    int members[MEMBERS_MAX];
    int count = 0;
    for (int i = 0; i < MEMBERS_MAX; i++) {
        group.present[i] = group.present[i] && group.joined[i];
        group.joined[i] = group.dealt[i] = false;
        if (group.present[i]) members[count++] = i;
    }
    group.joining = false;
    group.generation++;
    uint32_t first = world_below(MEMBERS_MAX);
    for (int i = 0; i < group.count; i++) group.owner[i] = count == 0 ? -1 : members[((uint32_t)i + first) % (uint32_t)count];
    TRACE("group: generation %lld, %d members, owners %d %d %d", (long long)group.generation, count, group.owner[0],
          group.count > 1 ? group.owner[1] : -1, group.count > 2 ? group.owner[2] : -1);
}

static void look_round(void *unused, int64_t generation) {
    (void)unused;
    if (!group.joining || generation != group.generation) return;
    bool all = true;
    int joined = 0;
    for (int i = 0; i < MEMBERS_MAX; i++) {
        all = all && (!group.present[i] || group.joined[i]);
        joined += group.joined[i];
    }
    if (joined > 0 && (all || world_us() >= group.patience_us)) {
        deal();
    } else {
        world_at(world_us() + 50 * MS, look_round, NULL, generation);
    }
}

void group_rebalance(void) {
    if (group.joining) return;
    group.joining = true;
    group.patience_us = world_us() + world_skewed(2 * SECOND, 30 * SECOND);
    world_at(world_us() + 50 * MS, look_round, NULL, group.generation);
}

void group_expel(int member) {
    if (!group.present[member]) return;
    TRACE("fault: %d is expelled from the group", member);
    group.present[member] = group.joined[member] = false;
    group_rebalance();
}

/* --- a member --- */

static void leave_all(struct member *member) {
    member->owned_count = 0;
    member->turn = 0;
    member->phase = JOINING;
}

static bool resume_one(struct member *member, struct owned *owned) {
    struct source_event failure = {.kind = SOURCE_FAULT};
    const struct log *log = &group.logs[owned->partition];
    struct source_position position = {SOURCE_START_BEGINNING, SOURCE_START_BEGINNING, group.mirrored[owned->partition]};
    int64_t end;
    (void)log_visible(log, world_us(), &end);
    if (!member->resume.resume(member->resume.context, who(owned->partition), log->first, end, &position, &failure.fault)) {
        int64_t end_now;
        (void)log_visible(log, world_us(), &end_now);
        if (failure.fault.stop == STOP_LOG_SHORT && end_now > end) failure.fault.retriable = true; /* as source_kafka_group.c */
        push(member, failure);
        return false;
    }
    owned->resumed = true;
    owned->position = position.window_start == SOURCE_START_BEGINNING ? log->first : position.window_start;
    return true;
}

static bool has_resumed(const struct member *member) {
    for (size_t i = 0; i < member->owned_count; i++) {
        if (member->owned[i].resumed) return true;
    }
    return false;
}

/* Has no partitions and waits for the group to deal them out. */
static void join(struct member *member) {
    if (!group.present[member->number]) {
        group.present[member->number] = true;
        group_rebalance();
    }
    if (group.joining) {
        group.joined[member->number] = true;
        member->generation = group.generation + 1;
        return;
    }
    if (member->generation != group.generation) {
        group_rebalance();
        return;
    }
    member->phase = ASSIGNING;
    for (int i = 0; i < group.count; i++) {
        if (group.owner[i] == member->number) member->owned[member->owned_count++] = (struct owned){.partition = i};
    }
}

/* What the group has to tell this member. */
static void hear(struct member *member) {
    bool in = group.present[member->number] && (member->phase == JOINING || member->generation == group.generation);
    if (member->phase == REVOKING) leave_all(member);
    if (!in && member->phase != JOINING) { /* it was expelled, or the group went on without it */
        report_all(member, SOURCE_LOST);
        leave_all(member);
    } else if (group.joining && (member->phase == STEADY || member->phase == ASSIGNING)) {
        bool fed = member->phase == STEADY;
        report_all(member, fed ? SOURCE_REVOKED : SOURCE_LOST);
        if (fed && has_resumed(member)) {
            member->phase = REVOKING;
            return;
        }
        leave_all(member);
    }
    if (member->phase == JOINING && member->event_count == 0) join(member);
}

static bool read_owned(struct owned *owned, struct source_event *event) {
    const struct log *log = &group.logs[owned->partition];
    int64_t end;
    size_t visible = log_visible(log, world_us(), &end);
    size_t at = log_find(log, owned->position);
    if (at < visible) {
        size_t most = visible - at;
        size_t count = 1 + world_below(world_chance(500) ? 12 : 120);
        if (world_trusts && plan.deep) count = 1;
        if (count > most) count = most;
        *event = (struct source_event){
            .kind = SOURCE_BATCH, .partition = who(owned->partition), .records = &log->records[at], .count = count};
        owned->position = log->records[at + count - 1].next_offset;
        event->next_offset = owned->position;
        owned->at_end = false;
        return true;
    }
    if (owned->position < end) owned->at_end = false;
    if (owned->at_end) return false;
    owned->at_end = true;
    if (end > owned->position) owned->position = end;
    *event = (struct source_event){.kind = SOURCE_END, .partition = who(owned->partition), .next_offset = owned->position};
    return true;
}

static bool read(struct member *member, struct source_event *event) {
    for (size_t i = 0; i < member->owned_count; i++) {
        struct owned *owned = &member->owned[member->turn];
        member->turn = (member->turn + 1) % member->owned_count;
        if (!owned->held && read_owned(owned, event)) return true;
    }
    return false;
}

static bool pop(struct member *member, struct source_event *event) {
    if (member->event_count == 0) return false;
    *event = member->events[0];
    member->event_count--;
    memmove(member->events, member->events + 1, member->event_count * sizeof(*member->events));
    return true;
}

static void assign(struct member *member) {
    for (size_t i = 0; i < member->owned_count; i++) {
        if (!member->owned[i].resumed && !resume_one(member, &member->owned[i])) return;
    }
    report_all(member, SOURCE_ASSIGNED);
    member->phase = STEADY;
}

static void poll(struct source *source, int timeout_ms, struct source_event *event) {
    struct member *member = (struct member *)source;
    int64_t deadline_us = world_us() + (int64_t)timeout_ms * MS;
    *event = (struct source_event){.kind = SOURCE_NOTHING};
    task_sleep(world_between(20, world_trusts ? 100 : 2000));
    for (;;) {
        if (task_now()->dead) {
            event->kind = SOURCE_FAULT;
            (void)fault_set(&event->fault, STOP_KAFKA_ERROR, false, "killed");
            return;
        }
        if (pop(member, event)) return;
        hear(member);
        if (member->event_count > 0) continue;
        if (member->phase == ASSIGNING) assign(member);
        if (member->event_count > 0) continue;
        if (member->phase == STEADY && read(member, event)) return;
        int64_t left_us = deadline_us - world_us();
        if (left_us <= 0) return;
        task_sleep(member->phase != STEADY && left_us > RETRY_US ? RETRY_US : left_us);
    }
}

static bool start(struct source *source, const struct source_resume *resume, struct fault *fault) {
    struct member *member = (struct member *)source;
    (void)fault;
    member->resume = *resume;
    member->phase = JOINING;
    group_expel(member->number); /* whoever was called so before */
    group.present[member->number] = true;
    member->generation = -1;
    group_rebalance();
    return true;
}

static struct owned *find(struct member *member, int partition) {
    for (size_t i = 0; i < member->owned_count; i++) {
        if (member->owned[i].partition == partition) return &member->owned[i];
    }
    return NULL;
}

static void release(struct source *source, void *batch) {
    (void)source, (void)batch;
}

static void hold(struct source *source, struct source_partition partition, bool hold) {
    struct owned *owned = find((struct member *)source, partition.partition);
    if (owned != NULL) owned->held = hold;
}

static bool rewind_to(struct source *source, struct source_partition partition, const struct source_position *position,
                      struct fault *fault) {
    struct owned *owned = find((struct member *)source, partition.partition);
    if (owned == NULL) return fault_set(fault, STOP_KAFKA_ERROR, true, "not ours any more");
    const struct log *log = &group.logs[owned->partition];
    TRACE("source: t/%d is read again from %lld", owned->partition, (long long)position->window_start);
    owned->position = position->window_start == SOURCE_START_BEGINNING ? log->first : position->window_start;
    owned->at_end = false;
    return true;
}

static void mirror(struct source *source, struct source_partition partition, int64_t next) {
    (void)source;
    if (!task_now()->dead && world_chance(900)) group.mirrored[partition.partition] = next;
}

static void destroy(struct source *source) {
    struct member *member = (struct member *)source;
    if (!task_now()->dead && group.present[member->number]) { /* says goodbye */
        group.present[member->number] = group.joined[member->number] = false;
        group_rebalance();
    }
    free(member);
}

struct source *group_source(int member) {
    static const struct source_operations operations = {.name = "simulated",
                                                        .own_times = true,
                                                        .start = start,
                                                        .poll = poll,
                                                        .release = release,
                                                        .hold = hold,
                                                        .rewind = rewind_to,
                                                        .mirror = mirror,
                                                        .destroy = destroy};
    struct member *made = calloc(1, sizeof(*made));
    CHECK(made != NULL && member < MEMBERS_MAX);
    made->source.operations = &operations;
    made->number = member;
    return &made->source;
}

void group_begin(struct log *logs, int count) {
    memset(&group, 0, sizeof(group));
    group.logs = logs;
    group.count = count;
    for (int i = 0; i < PARTITIONS; i++) {
        group.owner[i] = -1;
        group.mirrored[i] = -1;
    }
}

int64_t group_mirrored(int partition) {
    return group.mirrored[partition];
}

void group_forget_mirrored(void) {
    for (int i = 0; i < PARTITIONS; i++) group.mirrored[i] = -1;
}
