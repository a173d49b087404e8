/* The thread behind the live page: see live.h.
 *
 *     somebody looks -> HGETALL of five windows, gauges, LATEST -> one event -> tick: the server wakes its viewers -> a second
 *
 * It works at a low priority and with a connection of its own, and holds its lock only to exchange results, so that neither a
 * slow Redis nor a slow viewer can hold up anybody else. After a failure Redis is left alone for a while; the gauges go on. */
#include "aggregate/http/live.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/version.h"
#include "aggregate/store/pool.h"
#include "check.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

enum { TICK_MS = 1000, FRESH_MS = 2000, WANTED_MS = 5000, REDIS_MS = 1000, RETRY_MS = 2000, GAP_MS = 3000, NICE = 10 };

struct live {
    struct live_options options;
    struct store_options store;
    struct pool *pool;
    struct http_facts *facts;
    void (*tick)(void *context);
    void *tick_context;
    pthread_t thread;
    bool started;

    int64_t looked_ms; /* monotonic; of the event before: 0 = none */
    int64_t delivered_before, commits_before, commit_ms_before;
    struct live_rates rates;

    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t bell;
    bool stop, asked;
    size_t viewers;
    int64_t wanted_until_ms;
    struct rolling_view views[ROLLING_WINDOW_COUNT];
    int64_t views_ms; /* when they were read; 0: never */
    struct fault fault;
    int64_t failed_ms; /* when that failed; 0: it did not */
    char *event;
    size_t event_length;
    uint64_t sequence;
};

struct live *live_create(const struct live_options *options) {
    struct live *live = calloc(1, sizeof(*live));
    CHECK_MEMORY(live != NULL);
    pthread_condattr_t attributes;
    live->options = *options;
    live->store = *options->store;
    if (live->store.timeout_ms > REDIS_MS) live->store.timeout_ms = REDIS_MS;
    live->facts = calloc(1, sizeof(*live->facts));
    CHECK_MEMORY(live->facts != NULL);
    (void)pthread_mutex_init(&live->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&live->bell, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return live;
}

/* --- on the thread --- */

static bool wanted(const struct live *live) {
    return live->viewers > 0 || clock_monotonic_ms() < live->wanted_until_ms;
}

/* Until somebody looks, and then until a second has passed since the event before, unless somebody is in a hurry. False: stop. */
static bool wait_for_turn(struct live *live) {
    (void)pthread_mutex_lock(&live->lock);
    int64_t due_ms = live->looked_ms + TICK_MS;
    while (!live->stop && !live->asked) {
        if (!wanted(live)) {
            (void)pthread_cond_wait(&live->bell, &live->lock);
            continue;
        }
        if (clock_monotonic_ms() >= due_ms) break;
        const struct timespec until = {.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};
        (void)pthread_cond_timedwait(&live->bell, &live->lock, &until);
    }
    live->asked = false;
    bool go_on = !live->stop;
    (void)pthread_mutex_unlock(&live->lock);
    return go_on;
}

static void read_windows(struct live *live) {
    struct rolling_view views[ROLLING_WINDOW_COUNT] = {{.present = false}};
    struct fault fault = {.code = FAULT_NONE};
    int64_t now_ms = clock_monotonic_ms();
    if (live->failed_ms > 0 && now_ms - live->failed_ms < RETRY_MS) return; /* only this thread writes it */
    if (live->pool == NULL) live->pool = pool_create(&live->store, &fault);
    bool fine = live->pool != NULL && rolling_views_read(live->pool, &live->store, live->store.name_space, views, &fault);
    if (!fine && live->pool != NULL) pool_reset(live->pool);
    (void)pthread_mutex_lock(&live->lock);
    rolling_views_clear(live->views);
    memcpy(live->views, views, sizeof(views));
    live->views_ms = fine ? clock_monotonic_ms() : 0;
    live->failed_ms = fine ? 0 : clock_monotonic_ms();
    live->fault = fault;
    (void)pthread_mutex_unlock(&live->lock);
}

static void take_rates(struct live *live) {
    const struct gauge_totals *totals = &live->facts->totals;
    int64_t now_ms = clock_monotonic_ms();
    int64_t passed_ms = now_ms - live->looked_ms;
    if (live->looked_ms > 0 && passed_ms < TICK_MS / 2) return; /* somebody was in a hurry: the rates of before stand */
    live->rates.known = live->looked_ms > 0 && passed_ms < GAP_MS;
    if (live->rates.known) {
        live->rates.events_per_s = (totals->counts.delivered - live->delivered_before) * 1000 / passed_ms;
        live->rates.commits = totals->commits - live->commits_before;
        live->rates.commit_ms = totals->commit_ms - live->commit_ms_before;
    }
    live->looked_ms = now_ms;
    live->delivered_before = totals->counts.delivered;
    live->commits_before = totals->commits;
    live->commit_ms_before = totals->commit_ms;
}

static char *make_headlines(const struct live *live) {
    const struct vintage_copy *copy = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    CHECK_MEMORY(out != NULL);
    bool found = vintages_open(live->options.vintages, NULL, &copy) == VINTAGE_FOUND;
    headlines_write(found ? copy : NULL, out);
    if (found) vintages_close(live->options.vintages);
    CHECK_MEMORY(fclose(out) == 0);
    return text;
}

static void make_event(struct live *live) {
    char *text = NULL;
    size_t length = 0;
    char *headlines = make_headlines(live);
    FILE *out = open_memstream(&text, &length);
    CHECK_MEMORY(out != NULL);
    (void)fprintf(out, "data: ");
    const struct live_moment moment = {.facts = live->facts,
                                       .views = live->views_ms > 0 ? live->views : NULL,
                                       .rates = &live->rates,
                                       .trouble = live->failed_ms > 0 ? live->fault.message : "",
                                       .headlines = headlines,
                                       .version = version_number()};
    live_event_write(&moment, out);
    (void)fputs("\n\n", out);
    CHECK_MEMORY(fclose(out) == 0);
    free(headlines);
    (void)pthread_mutex_lock(&live->lock);
    free(live->event);
    live->event = text;
    live->event_length = length;
    live->sequence++;
    (void)pthread_mutex_unlock(&live->lock);
}

static void *run(void *argument) {
    struct live *live = argument;
    (void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread: counting comes first */
    while (wait_for_turn(live)) {
        read_windows(live);
        live->options.look(live->options.context, live->facts);
        take_rates(live);
        make_event(live);
        live->tick(live->tick_context);
    }
    return NULL;
}

/* --- from outside --- */

void live_start(struct live *live, void (*tick)(void *context), void *context) {
    live->tick = tick;
    live->tick_context = context;
    live->started = pthread_create(&live->thread, NULL, run, live) == 0;
    CHECK(live->started);
}

void live_stop(struct live *live) {
    if (!live->started) return;
    (void)pthread_mutex_lock(&live->lock);
    live->stop = true;
    (void)pthread_cond_signal(&live->bell);
    (void)pthread_mutex_unlock(&live->lock);
    (void)pthread_join(live->thread, NULL);
    live->started = false;
}

void live_destroy(struct live *live) {
    if (live == NULL) return;
    live_stop(live);
    pool_destroy(live->pool);
    rolling_views_clear(live->views);
    (void)pthread_cond_destroy(&live->bell);
    (void)pthread_mutex_destroy(&live->lock);
    free(live->facts);
    free(live->event);
    free(live);
}

bool live_enter(struct live *live, uint64_t *sequence) {
    (void)pthread_mutex_lock(&live->lock);
    bool fine = live->viewers < LIVE_VIEWERS_MAX;
    if (fine) {
        live->viewers++;
        *sequence = live->sequence;
        (void)pthread_cond_signal(&live->bell);
    }
    (void)pthread_mutex_unlock(&live->lock);
    return fine;
}

void live_leave(struct live *live) {
    (void)pthread_mutex_lock(&live->lock);
    live->viewers--;
    (void)pthread_mutex_unlock(&live->lock);
}

char *live_event(struct live *live, uint64_t *sequence, size_t *length) {
    char *copy = NULL;
    (void)pthread_mutex_lock(&live->lock);
    if (live->sequence > *sequence) {
        copy = malloc(live->event_length);
        CHECK_MEMORY(copy != NULL);
        memcpy(copy, live->event, live->event_length);
        *length = live->event_length;
        *sequence = live->sequence;
    }
    (void)pthread_mutex_unlock(&live->lock);
    return copy;
}

enum live_state live_open(struct live *live, const struct rolling_view **views, struct fault *fault) {
    (void)pthread_mutex_lock(&live->lock);
    int64_t now_ms = clock_monotonic_ms();
    live->wanted_until_ms = now_ms + WANTED_MS;
    if (live->views_ms > 0 && now_ms - live->views_ms <= FRESH_MS) {
        *views = live->views;
        return LIVE_FRESH; /* the lock stays */
    }
    bool failed = live->failed_ms > 0 && now_ms - live->failed_ms <= RETRY_MS + FRESH_MS;
    if (failed) *fault = live->fault;
    if (!failed) {
        live->asked = true;
        (void)pthread_cond_signal(&live->bell);
    }
    (void)pthread_mutex_unlock(&live->lock);
    return failed ? LIVE_FAILED : LIVE_STALE;
}

void live_close(struct live *live) {
    (void)pthread_mutex_unlock(&live->lock);
}
