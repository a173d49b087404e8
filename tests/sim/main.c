/* The simulator's command line: see tests/README.md.
 *
 *     sim --from A --count N     seeds A .. A + N - 1; ends at the first violation, names its seed and shows what came before
 *     sim --seed N [--trace]     one seed, with everything that happens
 *     sim --export DIR --seed N  logs and state of a seed without gaps, for the Python oracle
 *
 * Exit status: 0 no violation, 1 a violation, 2 usage. */
#include "tests/sim/run.h"

#include "check.h"
#include "tests/sim/world.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED_SECONDS_MAX = 60, LAST_LINES = 60 };

/* jemalloc: keep what was freed, the next run wants the same. */
extern const char *malloc_conf;
const char *malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:-1,narenas:1";

static uint64_t seed_now;
static bool replaying; /* this process was begun to show what came before */

/* Runs the seed again with a voice, and keeps the last lines. */
static _Noreturn void replay(void) {
    char self[400], command[600];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    (void)fflush(stdout);
    if (replaying || length < 0) _exit(1);
    self[length] = '\0';
    (void)snprintf(command, sizeof(command), "'%s' --seed %" PRIu64 " --trace --again 2>&1 | tail -n %d", self, seed_now,
                   LAST_LINES);
    (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(1);
}

static _Noreturn void show(const char *message) {
    (void)printf("violation: seed %" PRIu64 ": %s\n", seed_now, message);
    if (replaying || world_tells) {
        (void)fflush(stdout);
        _exit(1);
    }
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) replay();
    if (child > 0) (void)waitpid(child, NULL, 0);
    _exit(1);
}

/* A broken promise, a bad pointer, or a loop without an end inside the program under test. */
static void on_signal(int number) {
    show(number == SIGABRT ? "the program stops itself (CHECK)" : number == SIGVTALRM ? "it does not end" : "a bad pointer");
}

static void watch(void) {
    static char stack[65536];
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof(stack)};
    (void)sigaltstack(&own, NULL);
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGVTALRM};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};
        (void)sigaction(signals[i], &action, NULL);
    }
}

static void set_timer(void) {
    const struct itimerval bound = {.it_value = {.tv_sec = SEED_SECONDS_MAX}};
    (void)setitimer(ITIMER_VIRTUAL, &bound, NULL);
}

static double seconds(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const struct tally *tally, double elapsed_s) {
    static const char *const kinds[] = {"kill",   "kill_sending", "stop",      "term", "rebalance", "expel",
                                        "cut",    "deafen",       "storm",     "refuse", "letters", "retention",
                                        "move",   "restart",      "failover",  "split", "empty",    "evict"};
    (void)printf("%" PRId64 " seeds, 0 violations, %.1f s (%.0f seeds/s); ", tally->runs, elapsed_s,
                 (double)tally->runs / elapsed_s);
    (void)printf("%" PRId64 " records, %" PRId64 " commits, %" PRId64 " states compared on the way, ", tally->records,
                 tally->commits, tally->compared);
    (void)printf("%" PRId64 " workers begun, %" PRId64 " runs ended in a refusal that was due, %.1f hours simulated\n",
                 tally->restarts, tally->refused, (double)tally->virtual_us / 3.6e9);
    (void)printf("faults:");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) (void)printf(" %s %" PRIu64, kinds[i], tally->faults[i]);
    (void)printf("\n");
}

static bool number(const char *text, uint64_t *value) {
    char *end = NULL;
    *value = text == NULL ? 0 : strtoull(text, &end, 10);
    return text != NULL && end != text && *end == '\0';
}

struct request {
    uint64_t from, count;
    const char *directory;
};

static bool read_arguments(int count, char **words, struct request *request) {
    bool fine = count > 1;
    for (int i = 1; fine && i < count; i++) {
        const char *value = i + 1 < count ? words[i + 1] : NULL;
        if (strcmp(words[i], "--trace") == 0) {
            world_tells = true;
        } else if (strcmp(words[i], "--again") == 0) {
            replaying = true;
        } else if (strcmp(words[i], "--seed") == 0) {
            fine = number(value, &request->from);
            request->count = 1;
            i++;
        } else if (strcmp(words[i], "--from") == 0 || strcmp(words[i], "--count") == 0) {
            fine = number(value, words[i][2] == 'f' ? &request->from : &request->count);
            i++;
        } else if (strcmp(words[i], "--export") == 0 && value != NULL) {
            request->directory = value;
            i++;
        } else {
            fine = false;
        }
    }
    return fine;
}

int main(int count, char **words) {
    struct request request = {.from = 1, .count = 1};
    struct tally tally = {.runs = 0};
    if (!read_arguments(count, words, &request)) {
        (void)fprintf(stderr, "usage: sim --from A --count N | --seed N [--trace] | --export DIR --seed N\n");
        return 2;
    }
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* roll-ups are short-lived here: clearing 2 MiB for each is half the work */
    world_on_violation(show);
    watch();
    run_prepare();
    double began_s = seconds();
    if (request.directory != NULL) {
        run_export(request.from, request.directory);
        return 0;
    }
    for (uint64_t i = 0; i < request.count; i++) {
        seed_now = request.from + i;
        set_timer();
        run_seed(seed_now, &tally);
    }
    report(&tally, seconds() - began_s);
    return 0;
}
