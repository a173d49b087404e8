/* The world: see world.h.
 *
 *     loop:  the earliest of (events, tasks that may go on) -> the clock jumps there -> it happens
 *
 * Tasks are coroutines: whoever waits hands the processor back to the loop. What would be threads and processes elsewhere are
 * turns here, and which turn comes when is a function of the seed. That is the whole trick: every interleaving of workers,
 * network and faults can be had, and had again.
 *
 * A killed task is not thrown away (its memory would be lost with it, 200,000 times): from the moment of its death every call
 * into the world fails at once and time passes for it alone, so that its program runs to its end without leaving a trace. */
#include "tests/sim/world.h"

#include "check.h"

#include <stdarg.h>
#include <ucontext.h>

enum { STACK_BYTES = 512 * 1024, LINE_BYTES = 1100, WAKE_US_MAX = 300, STEPS_MAX = 4000000 };

struct happening {
    int64_t us;
    uint64_t order; /* ties: as they were planned */
    void (*happen)(void *object, int64_t argument);
    void *object;
    int64_t argument;
};

struct place {
    struct task task;
    ucontext_t context;
    char *stack;
    void (*program)(void *context_);
    void *argument;
};

static struct {
    int64_t now_us;
    uint64_t random;
    uint64_t order;
    int64_t steps;
    struct happening *heap;
    size_t heap_length, heap_capacity;
    struct place places[TASKS_MAX];
    struct place *running;
    ucontext_t loop;
    void (*show)(const char *message) __attribute__((noreturn));
} world;

bool world_tells;
bool world_trusts;

/* --- chance --- */

uint64_t mix_random(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t world_random(void) {
    return mix_random(&world.random);
}

uint32_t world_below(uint32_t bound) {
    return (uint32_t)((world_random() >> 32) * bound >> 32);
}

bool world_chance(uint32_t permille) {
    return world_below(1000) < permille;
}

int64_t world_between(int64_t low, int64_t high) {
    return low + (int64_t)(world_random() % (uint64_t)(high - low + 1));
}

int64_t world_skewed(int64_t low, int64_t high) {
    int64_t span = high - low;
    uint32_t halvings = world_below(8);
    return low + world_between(0, span >> halvings);
}

/* --- events --- */

static bool earlier(const struct happening *a, const struct happening *b) {
    return a->us != b->us ? a->us < b->us : a->order < b->order;
}

void world_at(int64_t us, void (*happen)(void *object, int64_t argument), void *object, int64_t argument) {
    if (world.heap_length == world.heap_capacity) {
        world.heap_capacity = world.heap_capacity * 2 + 256;
        world.heap = realloc(world.heap, world.heap_capacity * sizeof(*world.heap));
        CHECK(world.heap != NULL);
    }
    struct happening new = {us > world.now_us ? us : world.now_us, world.order++, happen, object, argument};
    size_t at = world.heap_length++;
    for (; at > 0 && earlier(&new, &world.heap[(at - 1) / 2]); at = (at - 1) / 2) world.heap[at] = world.heap[(at - 1) / 2];
    world.heap[at] = new;
}

static struct happening take_first(void) {
    struct happening first = world.heap[0];
    struct happening last = world.heap[--world.heap_length];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world.heap_length) break;
        if (child + 1 < world.heap_length && earlier(&world.heap[child + 1], &world.heap[child])) child++;
        if (!earlier(&world.heap[child], &last)) break;
        world.heap[at] = world.heap[child];
        at = child;
    }
    world.heap[at] = last;
    return first;
}

/* --- tasks --- */

struct task *task_now(void) {
    return world.running != NULL ? &world.running->task : NULL;
}

static void enter(void) {
    struct place *place = world.running;
    place->program(place->argument);
    place->task.live = false;
    (void)swapcontext(&place->context, &world.loop);
}

static __attribute__((noinline)) void prepare(struct place *place) {
    if (place->stack == NULL) place->stack = malloc(STACK_BYTES);
    CHECK(place->stack != NULL && getcontext(&place->context) == 0);
    place->context.uc_stack.ss_sp = place->stack;
    place->context.uc_stack.ss_size = STACK_BYTES;
    place->context.uc_link = NULL;
    makecontext(&place->context, enter, 0);
}

struct task *task_start(void (*program)(void *context), void *context) {
    struct place *place = world.places;
    while (place->task.live) {
        place++;
        CHECK(place < world.places + TASKS_MAX);
    }
    prepare(place);
    place->program = program;
    place->argument = context;
    place->task = (struct task){.number = (int)(place - world.places),
                                .live = true,
                                .waits_for = -1,
                                .wake_us = world.now_us + world_between(1, 20 * MS)};
    return &place->task;
}

static void hand_back(void) {
    struct place *place = world.running;
    (void)swapcontext(&place->context, &world.loop);
}

void task_wait(int descriptor, int64_t us) {
    struct task *task = task_now();
    CHECK(task != NULL);
    if (task->dead) {
        task->skew_us += us > 0 ? us : 1;
        return;
    }
    task->waits_for = descriptor;
    task->wake_us = world.now_us + (us > 0 ? us : 1);
    hand_back();
    task->waits_for = -1;
}

void task_sleep(int64_t us) {
    task_wait(-1, us);
}

void world_wake(int descriptor) {
    for (size_t i = 0; i < TASKS_MAX; i++) {
        struct task *task = &world.places[i].task;
        if (!task->live || task->waits_for != descriptor) continue;
        int64_t soon_us = world.now_us + world_between(1, WAKE_US_MAX);
        if (soon_us < task->wake_us) task->wake_us = soon_us;
    }
}

void task_preempt(void) {
    struct task *task = task_now();
    if (task == NULL || task->dead || !world_chance(60)) return;
    task_sleep(world_skewed(1, 20 * MS));
}

void task_kill(struct task *task) {
    task->dead = true;
    task->stopped_us = 0;
    task->wake_us = world.now_us;
}

void task_stop(struct task *task, int64_t us) {
    task->stopped_us = world.now_us + us;
}

void task_revive(struct task *task) {
    task->dead = task->dies_sending = false;
    task->skew_us = 0;
}

static int64_t wakes_us(const struct task *task) {
    return task->wake_us > task->stopped_us ? task->wake_us : task->stopped_us;
}

static struct place *next_place(void) {
    struct place *found = NULL;
    for (size_t i = 0; i < TASKS_MAX; i++) {
        struct place *place = &world.places[i];
        if (place->task.live && (found == NULL || wakes_us(&place->task) < wakes_us(&found->task))) found = place;
    }
    return found;
}

/* --- the run --- */

void world_begin(uint64_t seed, uint64_t stream) {
    for (size_t i = 0; i < TASKS_MAX; i++) CHECK(!world.places[i].task.live);
    world.now_us = 1000 * SECOND;
    world.random = seed * UINT64_C(0xd1342543de82ef95) + stream;
    world.order = 0;
    world.steps = 0;
    world.heap_length = 0;
    (void)world_random();
}

void world_run(int64_t until_us, bool (*done)(void)) {
    while (done == NULL || !done()) {
        struct place *place = next_place();
        int64_t place_us = place != NULL ? wakes_us(&place->task) : INT64_MAX;
        int64_t event_us = world.heap_length > 0 ? world.heap[0].us : INT64_MAX;
        int64_t next_us = place_us < event_us ? place_us : event_us;
        if (next_us > until_us) {
            if (until_us > world.now_us) world.now_us = until_us;
            return;
        }
        if (++world.steps > STEPS_MAX) violation("the world goes round and round without an end");
        if (next_us > world.now_us) world.now_us = next_us;
        if (event_us <= place_us) {
            struct happening first = take_first();
            first.happen(first.object, first.argument);
            continue;
        }
        world.running = place;
        place->task.wake_us = INT64_MAX;
        (void)swapcontext(&world.loop, &place->context);
        world.running = NULL;
    }
}

int64_t world_us(void) {
    const struct task *task = task_now();
    return world.now_us + (task != NULL ? task->skew_us : 0);
}

int64_t world_steps(void) {
    return world.steps;
}

/* --- telling --- */

void trace_line(const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    int64_t us = world.now_us - 1000 * SECOND;
    const struct task *task = task_now();
    (void)printf("%5lld.%06lld %c %s\n", (long long)(us / SECOND), (long long)(us % SECOND),
                 task != NULL ? (char)('A' + task->number) : '.', line);
}

void world_on_violation(void (*show)(const char *message) __attribute__((noreturn))) {
    world.show = show;
}

void violation(const char *format, ...) {
    static char message[2 * LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    world.show(message);
}
