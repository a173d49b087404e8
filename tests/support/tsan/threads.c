/*
 * C11 threads on top of POSIX threads, for builds with the thread sanitizer only.
 *
 * Why: Debian's librdkafka starts its threads by thrd_create() and guards its queues by mtx_ and cnd_ of glibc. The
 * sanitizer of gcc 12 intercepts pthread_create() and its relatives but not these: a thread that it has not seen start
 * has no state of its own, and the first intercepted call in it (malloc is enough) crashes the program. And locks which it
 * does not see order nothing, so that every message handed over by a queue of librdkafka would be called a race.
 *
 * How: this file is linked into the program (Makefile, THREADS). A symbol that the program defines and that a shared
 * library refers to is exported, and precedes the one of glibc when the library is bound: librdkafka calls these functions,
 * they call POSIX threads, and those calls the sanitizer intercepts. The objects fit, because glibc makes its C11 types of
 * the size of the POSIX ones (checked below) and implements them the same way.
 *
 * What was not done: no suppression of librdkafka as a whole, which would have hidden our own races on memory that came
 * from it. Nothing of this is in a build without the sanitizer, with another sanitizer, or in what is installed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "a C11 thread is named like a POSIX one");
_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "a POSIX mutex fits into a C11 one");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "a POSIX condition fits into a C11 one");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t) && PTHREAD_ONCE_INIT == 0, "once is once");

struct start {
    thrd_start_t routine;
    void *argument;
};

static int result_of(int error) {
    switch (error) {
    case 0: return thrd_success;
    case ENOMEM: return thrd_nomem;
    case ETIMEDOUT: return thrd_timedout;
    case EBUSY: return thrd_busy;
    default: return thrd_error;
    }
}

static void *enter(void *argument) {
    const struct start start = *(struct start *)argument;
    free(argument);
    return (void *)(intptr_t)start.routine(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t routine, void *argument) {
    struct start *start = malloc(sizeof *start);
    if (start == NULL) return thrd_nomem;
    *start = (struct start){.routine = routine, .argument = argument};
    const int error = pthread_create(thread, NULL, enter, start);
    if (error != 0) free(start);
    return error == EAGAIN ? thrd_nomem : result_of(error);
}

int thrd_join(thrd_t thread, int *result) {
    void *value = NULL;
    const int error = pthread_join(thread, &value);
    if (error == 0 && result != NULL) *result = (int)(intptr_t)value;
    return result_of(error);
}

int thrd_detach(thrd_t thread) {
    return result_of(pthread_detach(thread));
}

thrd_t thrd_current(void) {
    return pthread_self();
}

_Noreturn void thrd_exit(int result) {
    pthread_exit((void *)(intptr_t)result);
}

void call_once(once_flag *flag, void (*routine)(void)) {
    (void)pthread_once((pthread_once_t *)(void *)flag, routine);
}

static pthread_mutex_t *mutex_of(mtx_t *mutex) {
    return (pthread_mutex_t *)(void *)mutex;
}

static pthread_cond_t *condition_of(cnd_t *condition) {
    return (pthread_cond_t *)(void *)condition;
}

int mtx_init(mtx_t *mutex, int type) {
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error != 0) return result_of(error);
    const bool recursive = (type & mtx_recursive) != 0;
    error = pthread_mutexattr_settype(&attributes, recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    if (error == 0) error = pthread_mutex_init(mutex_of(mutex), &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
    return result_of(error);
}

void mtx_destroy(mtx_t *mutex) {
    (void)pthread_mutex_destroy(mutex_of(mutex));
}

int mtx_lock(mtx_t *mutex) {
    return result_of(pthread_mutex_lock(mutex_of(mutex)));
}

int mtx_trylock(mtx_t *mutex) {
    return result_of(pthread_mutex_trylock(mutex_of(mutex)));
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until) {
    return result_of(pthread_mutex_timedlock(mutex_of(mutex), until));
}

int mtx_unlock(mtx_t *mutex) {
    return result_of(pthread_mutex_unlock(mutex_of(mutex)));
}

int cnd_init(cnd_t *condition) {
    return result_of(pthread_cond_init(condition_of(condition), NULL));
}

void cnd_destroy(cnd_t *condition) {
    (void)pthread_cond_destroy(condition_of(condition));
}

int cnd_signal(cnd_t *condition) {
    return result_of(pthread_cond_signal(condition_of(condition)));
}

int cnd_broadcast(cnd_t *condition) {
    return result_of(pthread_cond_broadcast(condition_of(condition)));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
    return result_of(pthread_cond_wait(condition_of(condition), mutex_of(mutex)));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    return result_of(pthread_cond_timedwait(condition_of(condition), mutex_of(mutex), until));
}
