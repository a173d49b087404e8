/* What a fault point does, in `nhip-faults` only (include/fault_point.h).
 *
 *     NHIP_FAULT=commit.inside:3:kill            at its third time: SIGKILL; `stop`: SIGSTOP; `error`: the step fails;
 *                                                `hang`: this thread never goes on, the others do
 *     NHIP_FAULT=commit.sent:1:error,reopen.connect:1:kill        one after another or in any order, each once
 *     NHIP_FAULT_CUT=500                         of the bytes of a commit so many thousandths are sent before commit.inside
 *     NHIP_FAULT_FIRED=FILE                      a line for each that acted, written before it acts
 *     NHIP_FAULT_TRACE=FILE                      at the end of the process: each point that was passed, and how often
 *
 * The environment is read once; a text that says something else ends the process, so that no run passes for one with a fault. */
#include "fault_point.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { PLANTED_MAX = 8, POINTS_MAX = 160, NAME_BYTES = 40, CUT_DEFAULT = 500 };

enum action { ACTION_NONE = 0, ACTION_KILL, ACTION_STOP, ACTION_HANG, ACTION_ERROR };

struct planted {
    char name[NAME_BYTES];
    unsigned long at; /* acts at this time */
    unsigned long passed;
    enum action action;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct planted planted[PLANTED_MAX];
static size_t planted_count;
static struct {
    const char *name;
    unsigned long times;
} passed[POINTS_MAX];
static size_t passed_count;
static size_t cut_thousandths = CUT_DEFAULT;

static void write_trace(void) {
    FILE *file = fopen(getenv("NHIP_FAULT_TRACE"), "we");
    CHECK(file != NULL);
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < passed_count; i++)
        (void)fprintf(file, "%s %lu\n", passed[i].name, passed[i].times);
    (void)pthread_mutex_unlock(&lock);
    (void)fclose(file);
}

static enum action action_of(const char *text) {
    if (strcmp(text, "kill") == 0) return ACTION_KILL;
    if (strcmp(text, "stop") == 0) return ACTION_STOP;
    if (strcmp(text, "hang") == 0) return ACTION_HANG;
    CHECK(strcmp(text, "error") == 0);
    return ACTION_ERROR;
}

/* name:nth:action */
static void plant(char *text) {
    char *rest = NULL;
    const char *name = strtok_r(text, ":", &rest);
    const char *nth = strtok_r(NULL, ":", &rest);
    const char *action = strtok_r(NULL, ":", &rest);
    CHECK(name != NULL && nth != NULL && action != NULL && strlen(name) < NAME_BYTES && planted_count < PLANTED_MAX);
    struct planted *one = &planted[planted_count++];
    memcpy(one->name, name, strlen(name) + 1);
    one->at = strtoul(nth, NULL, 10);
    one->action = action_of(action);
    CHECK(one->at > 0);
}

static void read_environment(void) {
    const char *text = getenv("NHIP_FAULT");
    const char *cut = getenv("NHIP_FAULT_CUT");
    if (cut != NULL) cut_thousandths = strtoul(cut, NULL, 10);
    CHECK(cut_thousandths <= 1000);
    if (getenv("NHIP_FAULT_TRACE") != NULL) CHECK(atexit(write_trace) == 0);
    if (text == NULL) return;
    char *copy = strdup(text);
    char *rest = NULL;
    CHECK(copy != NULL);
    for (char *one = strtok_r(copy, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest))
        plant(one);
    free(copy);
}

static void tell(const struct planted *one) {
    const char *path = getenv("NHIP_FAULT_FIRED");
    char line[NAME_BYTES + 32];
    if (path == NULL) return;
    int length = snprintf(line, sizeof(line), "%s:%lu:%d\n", one->name, one->at, (int)one->action);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    CHECK(file >= 0 && write(file, line, (size_t)length) == length && close(file) == 0);
}

static void count(const char *name) {
    size_t i = 0;
    while (i < passed_count && strcmp(passed[i].name, name) != 0)
        i++;
    CHECK(i < POINTS_MAX);
    if (i == passed_count) passed[passed_count++].name = name;
    passed[i].times++;
}

bool fault_point(const char *name) {
    enum action action = ACTION_NONE;
    CHECK(pthread_once(&once, read_environment) == 0);
    (void)pthread_mutex_lock(&lock);
    count(name);
    for (size_t i = 0; i < planted_count; i++) {
        struct planted *one = &planted[i];
        if (strcmp(one->name, name) != 0 || ++one->passed != one->at) continue;
        action = one->action;
        tell(one);
    }
    (void)pthread_mutex_unlock(&lock);
    if (action == ACTION_KILL) (void)kill(getpid(), SIGKILL);
    if (action == ACTION_STOP) (void)raise(SIGSTOP); /* here: after kill() this thread runs on until another one has taken it */
    while (action == ACTION_HANG)
        (void)pause();
    errno = EIO;
    return action == ACTION_ERROR;
}

bool fault_point_breaks(const char *name, struct fault *fault) {
    if (!fault_point(name)) return false;
    (void)fault_set(fault, STOP_REDIS_SILENT, true, "%s: broken by NHIP_FAULT", name);
    return true;
}

size_t fault_point_cut(size_t length) {
    CHECK(pthread_once(&once, read_environment) == 0);
    return length * cut_thousandths / 1000;
}
