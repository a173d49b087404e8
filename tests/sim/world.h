/* The simulated world: one virtual clock, one random stream, things that happen at times, and tasks that take turns.
 *
 * A task is a worker's whole program on a stack of its own. It runs until it waits (for a socket, for time to pass), and the
 * world decides what happens next. Nothing here knows of Redis or Kafka. One thread; one world at a time. */
#ifndef NHIP_SIM_WORLD_H
#define NHIP_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TASKS_MAX = 8, MS = 1000 /* µs */, SECOND = 1000 * MS };

struct task {
    int number;
    bool live;           /* has something to run */
    bool dead;           /* killed: whatever it asks of the world from now on fails, and the world sees nothing of it */
    bool dies_sending;   /* will be killed in the middle of its next bytes */
    int64_t wake_us;     /* when it goes on */
    int64_t stopped_us;  /* SIGSTOP until then */
    int64_t skew_us;     /* a dead task's own time goes on without the world */
    int waits_for;       /* descriptor that wakes it earlier; -1: none */
};

/* --- the run --- */
void world_begin(uint64_t seed, uint64_t stream); /* the same seed and stream: the same world */
void world_run(int64_t until_us, bool (*done)(void)); /* until then, or until done() says so */
int64_t world_us(void);
int64_t world_steps(void);

/* --- chance --- */
uint64_t world_random(void);
uint32_t world_below(uint32_t bound);            /* 0 .. bound - 1 */
bool world_chance(uint32_t permille);
int64_t world_between(int64_t low, int64_t high); /* both included */
int64_t world_skewed(int64_t low, int64_t high);  /* mostly near `low`, now and then up to `high` */
uint64_t mix_random(uint64_t *state);             /* the generator itself */

/* --- what happens later --- */
void world_at(int64_t us, void (*happen)(void *object, int64_t argument), void *object, int64_t argument);

/* --- tasks --- */
struct task *task_start(void (*program)(void *context), void *context); /* its first turn is soon */
struct task *task_now(void);                                           /* null: the world itself is at work */
void task_sleep(int64_t us);
void task_wait(int descriptor, int64_t us); /* until world_wake(descriptor) or the time is over */
void world_wake(int descriptor);
void task_preempt(void); /* a place where the system may take the processor away for a while */
void task_kill(struct task *task);
void task_stop(struct task *task, int64_t us);
void task_revive(struct task *task); /* the same program begins anew: its fate is its own again */

/* --- telling --- */
extern bool world_tells;   /* trace() has somebody who listens */
extern bool world_trusts;  /* no faults are to be made */
void trace_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define TRACE(...)                                                                                                               \
    do {                                                                                                                         \
        if (world_tells) trace_line(__VA_ARGS__);                                                                                \
    } while (0)
/* Something that must never be: prints it with the seed and ends the process (or begins it again, to show what came before). */
void violation(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void world_on_violation(void (*show)(const char *message) __attribute__((noreturn)));

#endif
