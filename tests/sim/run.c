/* One seed:
 *
 *     logs <- seed
 *     an undisturbed run: one worker, a Redis that always answers     -> the state that must come out, and what is refused
 *     the same logs, several workers, faults for a while, then none   -> everything is consumed within a bounded time,
 *                                                                        and the state is the same, byte for byte
 *
 * Everything between the source and the socket is the production code: worker, partition, decoder, roll-up, lane, connection,
 * reader; linked from its objects. What happens inside is judged at every transaction (judge.h). */
#include "tests/sim/run.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/worker.h"
#include "aggregate/store/reader.h"
#include "check.h"
#include "ingest/deadletter_line.h"
#include "log.h"
#include "tests/sim/judge.h"
#include "tests/sim/letters.h"
#include "tests/sim/plan.h"
#include "tests/sim/withdraw.h"
#include "tests/sim/world.h"
#include "tests/support/event_text.h"
#include "zone.h"

#include <inttypes.h>
#include <stdarg.h>

#define NAME_SPACE "nhip"
#define CONFIGURATION "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

enum { HEAL_US = 600 * SECOND, LEAVE_US = 120 * SECOND, OLDEST_DAY = 16436 };

struct plan plan;
struct log run_logs[PARTITIONS_MOST];
struct process processes[PROCESSES_MOST];
bool was_emptied, was_damaged;

static struct {
    struct zone *zone;
    struct decoder *decoder;
    struct status *status;
    bool finishing; /* everything is consumed: processes end for good */
    bool refused;   /* a process has refused to go on, and was right */
    int64_t restarts;
    struct rollup_options rollup;
    struct store_options store;
    const struct exclusions *exclusions; /* null: none */
    const char *exclusions_text;
    atomic_bool stops[PROCESSES_MOST];
    struct bytes expected;
    bool dumped;
    struct fault dump_fault;
} run;

/* --- the clock that nhip sees --- */

int64_t clock_monotonic_ms(void) {
    return world_us() / MS;
}

int64_t clock_wall_ms(void) {
    return INT64_C(1700000000000) + world_us() / MS;
}

void clock_sleep_ms(int64_t duration_ms) {
    const struct task *task = task_now();
    for (int i = 0; task->dead && i < PROCESSES_MOST; i++) {
        if (processes[i].task == task) process_terminate(&processes[i]); /* or it would wait for Redis for ever */
    }
    task_sleep(duration_ms * MS);
}

/* Log lines are part of the trace. */
void log_set_level(enum log_level level) {
    (void)level;
}

void log_set_form(enum log_format format, int64_t burst) {
    (void)format;
    (void)burst;
}

enum log_format log_form(void) {
    return LOG_LOGFMT;
}

void log_finish(void) {
}

void log_line(enum log_level level, const char *event, const char *format, ...) {
    if (!world_tells || level < LOG_INFO || task_now()->dead) return;
    char line[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    trace_line("%s %s", event, line);
}

ssize_t __wrap_getrandom(void *data, size_t length, unsigned flags);
ssize_t __wrap_getrandom(void *data, size_t length, unsigned flags) {
    (void)flags;
    char *bytes = data;
    for (size_t i = 0; i < length; i++) bytes[i] = (char)world_below(256);
    return (ssize_t)length;
}

/* The tag of a partition takes thousands of CRCs to find; there are few, so they are found once. */
bool __real_keys_create(struct keys *keys, const char *name_space, struct source_partition who, struct fault *fault);
bool __wrap_keys_create(struct keys *keys, const char *name_space, struct source_partition who, struct fault *fault);
bool __wrap_keys_create(struct keys *keys, const char *name_space, struct source_partition who, struct fault *fault) {
    static struct keys found[PARTITIONS_MOST];
    struct keys *known = &found[who.partition];
    CHECK(strcmp(who.topic, "t") == 0 && who.partition < PARTITIONS_MOST && strcmp(name_space, NAME_SPACE) == 0);
    if (known->tag[0] == '\0' && !__real_keys_create(known, name_space, who, fault)) return false;
    *keys = *known;
    return true;
}

static enum success_at success_at(const void *sources, struct slice source) {
    (void)sources;
    if (source.length >= 3 && memcmp(source.data, "CAP", 3) == 0) return SUCCESS_AT_CAPTURED;
    if (source.length >= 3 && memcmp(source.data, "SET", 3) == 0) return SUCCESS_AT_SETTLED;
    return SUCCESS_AT_FIRST;
}

/* --- what the seed decides --- */

static void make_plan(uint64_t seed) {
    world_begin(seed, 1);
    plan = (struct plan){.seed = seed};
    plan.partitions = 1 + (int)world_below(PARTITIONS_MOST);
    plan.processes = 1 + (int)world_below(PROCESSES_MOST);
    plan.cluster = world_chance(300);
    plan.nodes = 2 + (int)world_below(2);
    plan.kinds = (unsigned)world_random() & (unsigned)world_random() & ((1u << KINDS_OF_FAULT) - 1);
    if (world_chance(300)) plan.kinds |= 1u << world_below(KINDS_OF_FAULT) | 1u << world_below(KINDS_OF_FAULT);
    if (!world_chance(80)) plan.kinds &= ~(1u << KIND_EMPTY);
    if (!world_chance(80)) plan.kinds &= ~(1u << KIND_EVICT);
    plan.chaos_us = world_skewed(2 * SECOND, 40 * SECOND);
    plan.fault_us = 20 * MS << world_below(8);
    plan.window_records = 16 + world_below(world_chance(500) ? 16 : 185);
    static const int64_t ages_ms[] = {3600000, 12 * 3600000, INT64_C(14) * 86400000, INT64_C(400) * 86400000};
    plan.window_age_ms = ages_ms[world_below(4)];
    plan.retention_days = world_chance(500) ? 63 : (int32_t)world_between(3, 20);
    plan.cells_max = (size_t)world_between(1, world_chance(500) ? 60 : 2000);
    plan.commit_cells_max = (size_t)world_between(20, 2000);
    plan.commit_ms = world_skewed(5, 1500);
    plan.timeout_ms = (int)world_skewed(300, 5000);
    plan.replicas = world_chance(150) ? 1 : 0;
    plan.accept_empty = world_chance(500);
    plan.deep = seed % 4 == 0;
    plan.account_sketches = world_chance(500);
}

static void set_options(bool reference) {
    run.rollup = (struct rollup_options){.zone = run.zone,
                                         .window_records = plan.window_records,
                                         .window_age_ms_max = plan.window_age_ms,
                                         .watermark_bound_ms = 300000,
                                         .retention_days = plan.retention_days,
                                         .oldest_day = OLDEST_DAY,
                                         .account_sketches = plan.account_sketches,
                                         .success_at = success_at,
                                         .hash_key = {plan.seed, 1},
                                         .cells_max = reference ? 1 << 20 : plan.cells_max};
    run.store = (struct store_options){.address = plan.cluster ? "127.0.0.1:7000,127.0.0.1:7002" : "127.0.0.1:7000",
                                       .name_space = NAME_SPACE,
                                       .configuration_hash = CONFIGURATION,
                                       .cluster_id = "c1",
                                       .timeout_ms = plan.timeout_ms,
                                       .replicas = plan.replicas,
                                       .replicas_ms = plan.timeout_ms / 2,
                                       .accept_empty = plan.accept_empty};
}

static void make_logs(uint64_t seed, bool plain) {
    const struct log_options options = {.window_records = plan.window_records, .plain = plain};
    for (int i = 0; i < plan.partitions; i++) log_make(&run_logs[i], i, seed, &options);
    run.exclusions = withdraw_make(run_logs, plan.partitions, seed, &run.exclusions_text);
}

/* --- processes --- */

void process_terminate(struct process *process) {
    atomic_store(&run.stops[process->member], true);
}

static bool is_passing(const struct fault *fault) {
    return fault->retriable || fault->code == FAULT_UNREACHABLE || fault->code == FAULT_FENCED || fault->code == FAULT_IO ||
           fault->code == FAULT_WENT_BACK;
}

/* How a worker may end; anything else is a finding. */
static void judge_end(const struct process *process, bool fine, const struct fault *fault) {
    if (process->task->dead || run.finishing) return;
    if (fine && !atomic_load(&run.stops[process->member])) violation("worker %c ended unasked", 'A' + process->member);
    if (fine) return;
    TRACE("worker ended: %s", fault->message);
    if (is_passing(fault)) return;
    bool gone = was_emptied && !was_damaged && fault->stop == STOP_REDIS_EMPTY;
    if (gone && plan.accept_empty) return; /* whoever starts it again has accepted that */
    if (!gone && !was_damaged) violation("worker %c refuses to go on: %s", 'A' + process->member, fault->message);
    run.refused = true;
}

static void work(const struct process *process, struct fault *fault) {
    struct deadletter *letters = letters_create(run_logs);
    const struct worker_options options = {
        .partition = {.decoder = run.decoder,
                      .exclusions = run.exclusions,
                      .rollup = &run.rollup,
                      .store = &run.store,
                      .deadletter = letters,
                      .status = run.status,
                      .commit_interval_ms = plan.commit_ms,
                      .commit_cells_max = world_trusts && plan.deep ? 0 : plan.commit_cells_max},
        .source = group_source(process->member),
        .stop = &run.stops[process->member],
    };
    bool fine = worker_run(&options, fault);
    judge_end(process, fine, fault);
    deadletter_destroy(letters);
}

static void program(void *context) {
    struct process *process = context;
    while (!run.finishing && !run.refused) {
        struct fault fault = {.code = FAULT_NONE};
        judge_task(process->task->number);
        atomic_store(&run.stops[process->member], false);
        TRACE("worker begins");
        work(process, &fault);
        if (process->task->dead) TRACE("worker is dead");
        task_revive(process->task);
        run.restarts++;
        if (!run.finishing) task_sleep(world_trusts ? 1 : world_skewed(10 * MS, 8 * SECOND));
    }
    process->ended = true;
}

/* --- a run --- */

static bool consumed(void) {
    static int64_t looked_steps;
    if (run.refused) return true;
    if (world_steps() - looked_steps >= 0 && world_steps() - looked_steps < 16) return false;
    looked_steps = world_steps();
    for (int i = 0; i < plan.partitions; i++) {
        if (judge_number(judge_meta(truth_of(i), i), "next", -2) != run_logs[i].end) return false;
    }
    return true;
}

static bool all_ended(void) {
    for (int i = 0; i < plan.processes; i++) {
        if (!processes[i].ended) return false;
    }
    return true;
}

static void begin(uint64_t stream, bool reference) {
    world_trusts = reference;
    world_begin(plan.seed, stream);
    net_begin();
    redis_begin(plan.cluster && !reference, reference ? 1 : plan.nodes);
    judge_begin(run_logs, plan.partitions, NAME_SPACE, reference);
    group_begin(run_logs, plan.partitions);
    set_options(reference);
    run.finishing = run.refused = was_emptied = was_damaged = false;
    run.restarts = 0;
    for (int i = 0; i < plan.partitions; i++) run_logs[i].begin_us = world_us();
    if (!reference) net.lag_us_max = world_skewed(1 * MS, 300 * MS);
    for (int i = 0; i < (reference ? 1 : plan.processes); i++) {
        processes[i] = (struct process){.member = i};
        processes[i].task = task_start(program, &processes[i]);
    }
}

static void tell_missing(void) {
    for (int i = 0; i < plan.partitions; i++) {
        int64_t next = judge_number(judge_meta(truth_of(i), i), "next", -2);
        if (next == run_logs[i].end) continue;
        violation("no progress: t/%d stands at %" PRId64 " of %" PRId64 " although nothing was wrong for %d s", i, next,
                  run_logs[i].end, HEAL_US / SECOND);
    }
}

static void finish(void) {
    run.finishing = true;
    for (int i = 0; i < PROCESSES_MOST; i++) atomic_store(&run.stops[i], true);
    world_run(world_us() + LEAVE_US, all_ended);
    if (!all_ended()) violation("a worker does not leave");
    net_end();
}

static void dump_program(void *context) {
    (void)context;
    struct source_partition list[PARTITIONS_MOST];
    for (int i = 0; i < plan.partitions; i++) list[i] = (struct source_partition){"t", i};
    /* What the engine does every minute, because the set can lose its tail without any partition doing so. */
    run.dumped = store_announce(&run.store, list, (size_t)plan.partitions, &run.dump_fault) &&
                 reader_dump(&run.store, DUMP_FILE, &run.dump_fault);
    run.finishing = true;
}

static bool is_dumped(void) {
    return run.finishing;
}

/* The state as `nhip inspect --state` prints it, into net_dump. */
static void dump(void) {
    world_trusts = true;
    run.finishing = false;
    run.store.timeout_ms = 5000;
    net_dump.length = 0;
    (void)task_start(dump_program, NULL);
    world_run(world_us() + 100 * SECOND, is_dumped);
    world_run(world_us() + MS, NULL);
    if (run.dumped) return;
    if (!was_damaged) violation("the state cannot be read: %s", run.dump_fault.message);
    run.refused = true;
}

static void undisturbed(void) {
    int64_t spans_us[PARTITIONS_MOST];
    int processes_wanted = plan.processes;
    plan.processes = 1;
    for (int i = 0; i < plan.partitions; i++) {
        spans_us[i] = run_logs[i].span_us;
        run_logs[i].span_us = 1;
    }
    begin(2, true);
    world_run(world_us() + HEAL_US, consumed);
    tell_missing();
    finish();
    dump();
    run.expected.length = 0;
    bytes_put(&run.expected, net_dump.data, net_dump.length);
    bytes_put(&run.expected, "", 1);
    for (int i = 0; i < plan.partitions; i++) {
        run_logs[i].span_us = spans_us[i];
        memcpy(run_logs[i].refused, run_logs[i].durable, sizeof(run_logs[i].refused));
        memset(run_logs[i].durable, 0, sizeof(run_logs[i].durable));
    }
    plan.processes = processes_wanted;
}

/* Names the first line that differs. */
static void compare(void) {
    bytes_put(&net_dump, "", 1);
    const char *expected = run.expected.data;
    const char *found = net_dump.data;
    if (strcmp(expected, found) == 0) return;
    const char *line = expected;
    const char *other = found;
    for (size_t i = 0; expected[i] == found[i] && expected[i] != '\0'; i++) {
        if (expected[i] != '\n') continue;
        line = expected + i + 1;
        other = found + i + 1;
    }
    violation("the state is another one: expected \"%.*s\", found \"%.*s\"", (int)strcspn(line, "\n"), line,
              (int)strcspn(other, "\n"), other);
}

static void disturbed(struct tally *tally) {
    begin(3, false);
    int64_t began_us = world_us();
    faults_begin();
    world_run(world_us() + plan.chaos_us, NULL);
    if (!run.refused) {
        faults_heal();
        world_run(world_us() + HEAL_US, consumed);
        if (!run.refused) tell_missing();
    }
    tally->virtual_us += world_us() - began_us;
    tally->commits += judge_commits();
    tally->compared += judge_compared();
    finish();
    if (!run.refused) dump();
    if (was_damaged && !run.refused && damage_is_hidden()) run.refused = true;
    if (!run.refused) compare();
    tally->refused += run.refused;
    tally->steps += world_steps();
    tally->restarts += run.restarts;
    for (int kind = 0; kind < KINDS_OF_FAULT; kind++) tally->faults[kind] += faults_made(kind);
}

void run_seed(uint64_t seed, struct tally *tally) {
    make_plan(seed);
    make_logs(seed, false);
    TRACE("seed %" PRIu64 ": %d partitions, %d processes, %s of %d nodes, faults %#x, window %u, retention %d", seed,
          plan.partitions, plan.processes, plan.cluster ? "cluster" : "primary", plan.nodes, plan.kinds, plan.window_records,
          plan.retention_days);
    bool tells = world_tells;
    world_tells = false;
    undisturbed();
    world_tells = tells;
    disturbed(tally);
    tally->runs++;
    for (int i = 0; i < plan.partitions; i++) tally->records += (int64_t)run_logs[i].count;
}

void run_prepare(void) {
    struct fault fault;
    run.zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    run.decoder = test_decoder();
    run.status = status_create(NULL, &fault);
    CHECK(run.zone != NULL && run.status != NULL);
}

/* --- for the oracle --- */

static void write_file(const char *directory, const char *name, const char *data, size_t length) {
    char path[500];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && (length == 0 || fwrite(data, length, 1, file) == 1) && fclose(file) == 0);
}

void run_export(uint64_t seed, const char *directory) {
    make_plan(seed);
    make_logs(seed, true);
    undisturbed();
    for (int i = 0; i < plan.partitions; i++) {
        struct bytes text = {NULL, 0, 0};
        char name[20];
        for (size_t k = 0; k < run_logs[i].count; k++) {
            struct slice value = run_logs[i].records[k].value;
            bytes_put(&text, value.data == NULL ? "null" : value.data, value.data == NULL ? 4 : value.length);
            bytes_put(&text, "\n", 1);
        }
        (void)snprintf(name, sizeof(name), "t-%d.ndjson", i);
        write_file(directory, name, text.data, text.length);
        free(text.data);
    }
    char settings[200];
    int length = snprintf(settings, sizeof(settings),
                          "window.records=%u window.max_age=%" PRId64 "ms retention.days=%d sketches.accounts=%s\n",
                          plan.window_records, plan.window_age_ms, plan.retention_days,
                          plan.account_sketches ? "on" : "off");
    write_file(directory, "exclusions", run.exclusions_text, strlen(run.exclusions_text));
    write_file(directory, "settings", settings, (size_t)length);
    write_file(directory, "state", run.expected.data, run.expected.length - 1);
}
