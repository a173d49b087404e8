/* What goes wrong: see plan.h for the list. Each run knows a random part of it (swarm testing: a run that knows everything
 * rarely gets anywhere), at its own pace. */
#include "tests/sim/plan.h"

#include "check.h"
#include "tests/sim/judge.h"
#include "tests/sim/letters.h"
#include "tests/sim/world.h"

static int64_t until_us;
static bool healed; /* what was planned before does not happen any more */
static uint64_t made[KINDS_OF_FAULT];
static struct slice damaged_key;

static struct process *any_process(void) {
    return &processes[world_below((uint32_t)plan.processes)];
}

static void expel_later(void *object, int64_t member) {
    (void)object;
    group_expel((int)member); /* also when all is well again: or nobody would ever miss a dead one */
}

static void kill(void) {
    struct process *process = any_process();
    if (process->ended || process->task->dead) return;
    TRACE("fault: %c is killed", 'A' + process->task->number);
    task_kill(process->task);
    net_task_died(process->task->number);
    world_at(world_us() + world_skewed(100 * MS, 10 * SECOND), expel_later, NULL, process->member);
}

static void kill_sending(void) {
    struct process *process = any_process();
    if (process->ended) return;
    TRACE("fault: %c will be killed while it sends", 'A' + process->task->number);
    process->task->dies_sending = true;
}

static void stop(void) {
    struct process *process = any_process();
    if (process->ended || process->task->dead || process->task->stopped_us > world_us()) return;
    int64_t us = world_skewed(100 * MS, 20 * SECOND);
    TRACE("fault: %c is stopped for %lld ms", 'A' + process->task->number, (long long)us / MS);
    task_stop(process->task, us);
    if (world_chance(700)) world_at(world_us() + world_between(0, us), expel_later, NULL, process->member);
}

static void term(void) {
    struct process *process = any_process();
    TRACE("fault: SIGTERM to %d", process->member);
    process_terminate(process);
}

/* --- Redis --- */

struct dataset *truth_of(int klass) {
    return redis.nodes[redis.cluster ? redis.serving[klass] : redis.primary].data;
}

static bool any_state(int64_t next[static PARTITIONS_MOST]) {
    bool found = false;
    for (int i = 0; i < plan.partitions; i++) {
        next[i] = judge_number(judge_meta(truth_of(i), i), "next", -2);
        found = found || next[i] != -2;
    }
    return found;
}

/* Whoever serves these classes has lost its last units. */
static void lose_tail(struct node *node, bool everything) {
    int64_t before[PARTITIONS_MOST], after[PARTITIONS_MOST];
    (void)any_state(before);
    uint64_t units = dataset_units(node->data);
    uint64_t lost = everything ? units : (uint64_t)world_skewed(0, world_chance(300) ? 60 : 8);
    dataset_back_to(node->data, lost > units ? 0 : units - lost, redis.cluster ? node->serves : ALL_CLASSES);
    (void)any_state(after);
    for (int i = 0; i < plan.partitions; i++) {
        if (before[i] != after[i]) TRACE("redis: t/%d goes back from %lld to %lld", i, (long long)before[i], (long long)after[i]);
        was_emptied = was_emptied || after[i] == -2; /* of a split, a state may yet come to be on the losing side */
    }
}

static void comes_up(void *object, int64_t loading_ms) {
    struct node *node = object;
    if (healed) return;
    node->down = false;
    node->refuses &= ~(1u << REFUSE_LOADING);
    if (loading_ms == 0) return;
    node->refuses |= 1u << REFUSE_LOADING;
    world_at(world_us() + loading_ms * MS, comes_up, node, 0);
}

static struct node *serving_node(void) {
    int klass = (int)world_below(CLASSES_MAX);
    return &redis.nodes[redis.cluster ? redis.serving[klass] : redis.primary];
}

static void restart(bool everything) {
    struct node *node = serving_node();
    if (node->down) return;
    TRACE("fault: node %d restarts%s", (int)(node - redis.nodes), everything ? " empty" : "");
    net_cut_node(node, world_chance(200));
    node->down = true;
    lose_tail(node, everything);
    world_at(world_us() + world_skewed(10 * MS, 4 * SECOND), comes_up, node, world_chance(500) ? world_between(1, 500) : 0);
}

/* A node that was replaced comes back as a replica. */
static void rejoin(void *object, int64_t unused) {
    struct node *node = object;
    (void)unused;
    if (healed) return;
    int number = (int)(node - redis.nodes);
    if (!redis.cluster && redis.primary == number) return;
    TRACE("redis: node %d is a replica now", number);
    struct dataset *data = truth_of(0);
    if (node->data != data) net_cut_node(node, false);
    node->data = data;
    node->down = false;
    node->refuses = redis.cluster ? 0 : 1u << REFUSE_READONLY;
    if (redis.cluster) node->serves = 0;
    for (int klass = 0; redis.cluster && klass < CLASSES_MAX; klass++) {
        if (redis.serving[klass] == number) node->serves |= 1u << klass;
    }
}

static bool may_fail_over(const struct node *old, const struct node *new) {
    bool is_replica = (old->refuses >> REFUSE_READONLY & 1) != 0 || (redis.cluster && old->serves == 0);
    return !old->down && !new->down && new->data == old->data && !is_replica;
}

static void promote(int from, int to) {
    if (!redis.cluster) {
        redis.primary = to;
        redis.nodes[to].refuses &= ~(1u << REFUSE_READONLY);
        return;
    }
    for (int klass = 0; klass < CLASSES_MAX; klass++) {
        if (redis.serving[klass] == from) redis.serving[klass] = to;
    }
    redis.nodes[to].serves |= redis.nodes[from].serves;
}

static void failover(bool split) {
    struct node *old = serving_node();
    int from = (int)(old - redis.nodes);
    int to = (from + 1 + (int)world_below((uint32_t)plan.nodes - 1)) % plan.nodes;
    struct node *new = &redis.nodes[to];
    if (!may_fail_over(old, new) || (split && !dataset_may_copy())) return;
    TRACE("fault: node %d takes over from node %d%s", to, from, split ? ", which does not know" : "");
    struct dataset *left_behind = split ? dataset_copy(old->data) : NULL;
    if (split) net_move_node(old, left_behind);
    lose_tail(old, false);
    if (split) {
        old->data = left_behind;
    } else {
        net_cut_node(old, world_chance(300));
        old->down = true;
    }
    promote(from, to);
    if (redis.cluster && !split) old->serves = 0;
    world_at(world_us() + world_skewed(100 * MS, 8 * SECOND), rejoin, old, 0);
}

static void has_moved(void *object, int64_t klass) {
    struct node *from = object;
    int to = (int)(klass >> 8);
    klass &= 0xFF;
    if (healed) return;
    from->migrates &= ~(1u << klass);
    if ((from->serves >> klass & 1) == 0 || redis.serving[klass] != (int)(from - redis.nodes) || redis.nodes[to].down) return;
    if (redis.nodes[to].data != from->data) return;
    TRACE("redis: the slot of class %d is at node %d now", (int)klass, to);
    from->serves &= ~(1u << klass);
    redis.nodes[to].serves |= 1u << klass;
    redis.serving[klass] = to;
    dataset_touch_class(from->data, (int)klass);
}

static void move(void) {
    int klass = (int)world_below(CLASSES_MAX);
    struct node *from = &redis.nodes[redis.serving[klass]];
    int to = (int)world_below((uint32_t)plan.nodes);
    if (!redis.cluster || from->down || &redis.nodes[to] == from) return;
    TRACE("fault: the slot of class %d moves from node %d to node %d", klass, (int)(from - redis.nodes), to);
    from->migrates |= 1u << klass;
    world_at(world_us() + world_skewed(1 * MS, 2 * SECOND), has_moved, from, klass | to << 8);
}

static void stops_refusing(void *object, int64_t bit) {
    struct node *node = object;
    node->crowded = false;
    node->refuses &= ~(1u << bit);
}

static void refuse(void) {
    static const enum refusal which[] = {REFUSE_OOM, REFUSE_OOM, REFUSE_MISCONF, REFUSE_NOREPLICAS, REFUSE_LOADING, REFUSE_BUSY,
                                         REFUSE_DOWN};
    struct node *node = serving_node();
    enum refusal refusal = which[world_below(sizeof(which) / sizeof(which[0]))];
    if (world_chance(100)) {
        node->crowded = true;
    } else {
        node->refuses |= 1u << refusal;
    }
    TRACE("fault: node %d refuses (%d)", (int)(node - redis.nodes), node->crowded ? -1 : (int)refusal);
    world_at(world_us() + world_skewed(1 * MS, 5 * SECOND), stops_refusing, node, (int64_t)refusal);
}

/* Whether the taken key was written again, with what was changed since: no reader can see then what is missing in it. */
bool damage_is_hidden(void) {
    return dataset_entry(truth_of(redis_class(damaged_key)), damaged_key)->count > 0;
}

static void evict(void) {
    if (was_damaged) return;
    struct entry *entry = dataset_any(truth_of(0), world_below(1 << 20));
    if (entry == NULL || entry->klass == GLOBAL_CLASS || judge_is_name(entry->key)) return; /* nobody misses a name */
    TRACE("fault: %.*s is evicted", (int)entry->key.length, entry->key.data);
    (void)dataset_delete(truth_of(0), entry);
    damaged_key = entry->key;
    was_damaged = true;
}

static void retention(void) {
    if ((plan.kinds & (1u << KIND_RESTART | 1u << KIND_FAILOVER | 1u << KIND_SPLIT | 1u << KIND_EMPTY)) != 0) return;
    for (int i = 0; i < plan.partitions; i++) {
        int64_t needed = judge_number(judge_meta(truth_of(i), i), "window_offset", -2);
        if (needed > run_logs[i].first) run_logs[i].first = world_between(run_logs[i].first, needed);
    }
    TRACE("fault: retention: the logs begin at %lld ...", (long long)run_logs[0].first);
}

static void expel(void) {
    group_expel(any_process()->member);
}

static void storm(void) {
    TRACE("fault: storm");
    net.storm_until_us = world_us() + world_skewed(10 * MS, 6 * SECOND);
    if (world_chance(300)) net.deaf_until_us = world_us() + world_skewed(100 * MS, 8 * SECOND);
}

static void letters(void) {
    letters_fail_until_us = world_us() + world_skewed(10 * MS, 4 * SECOND);
    TRACE("fault: no room for letters");
}

static void lagging_failover(void) {
    failover(false);
}

static void split_brain(void) {
    failover(true);
}

static void losing_restart(void) {
    restart(false);
}

static void empty_restart(void) {
    restart(true);
}

static void (*const MAKERS[])(void) = {
    [KIND_KILL] = kill,
    [KIND_KILL_SENDING] = kill_sending,
    [KIND_STOP] = stop,
    [KIND_TERM] = term,
    [KIND_REBALANCE] = group_rebalance,
    [KIND_EXPEL] = expel,
    [KIND_CUT] = net_cut_any,
    [KIND_DEAFEN] = net_deafen_any,
    [KIND_STORM] = storm,
    [KIND_REFUSE] = refuse,
    [KIND_LETTERS] = letters,
    [KIND_RETENTION] = retention,
    [KIND_MOVE] = move,
    [KIND_RESTART] = losing_restart,
    [KIND_FAILOVER] = lagging_failover,
    [KIND_SPLIT] = split_brain,
    [KIND_EMPTY] = empty_restart,
    [KIND_EVICT] = evict,
};

static void next_fault(void *unused, int64_t also_unused) {
    (void)unused, (void)also_unused;
    if (world_us() >= until_us) return;
    uint32_t first = world_below(KINDS_OF_FAULT);
    for (uint32_t i = 0; i < KINDS_OF_FAULT; i++) {
        enum kind kind = (enum kind)((first + i) % KINDS_OF_FAULT);
        if ((plan.kinds >> kind & 1) == 0) continue;
        made[kind]++;
        MAKERS[kind]();
        break;
    }
    world_at(world_us() + world_skewed(1 * MS, 2 * plan.fault_us), next_fault, NULL, 0);
}

void faults_begin(void) {
    until_us = world_us() + plan.chaos_us;
    healed = false;
    letters_fail_until_us = 0;
    memset(made, 0, sizeof(made));
    if (plan.kinds != 0) world_at(world_us() + world_skewed(1 * MS, 4 * plan.fault_us), next_fault, NULL, 0);
}

void faults_heal(void) {
    TRACE("no more faults");
    for (int i = 0; i < plan.nodes; i++) {
        struct node *node = &redis.nodes[i];
        node->crowded = node->down = false;
        node->migrates = 0;
        node->refuses = 0;
        if (redis.cluster || i != redis.primary) rejoin(node, 0);
    }
    healed = true;
    net.storm_until_us = net.deaf_until_us = letters_fail_until_us = 0;
    net.lag_us_max = 2 * MS;
    for (int i = 0; i < plan.processes; i++) {
        if (processes[i].task != NULL && !processes[i].ended) processes[i].task->dies_sending = false;
    }
}

uint64_t faults_made(int kind) {
    return made[kind];
}
