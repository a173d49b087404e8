/* What is happening now, told once a second to whoever looks: one thread reads the rolling windows from Redis, looks at the
 * gauges and makes one event, which all viewers share. Nobody looks: it sleeps, and neither Redis nor the workers notice it.
 * Functions: any thread, unless said otherwise. */
#ifndef NHIP_HTTP_LIVE_H
#define NHIP_HTTP_LIVE_H

#include "aggregate/http/facts.h"
#include "aggregate/http/vintages.h"
#include "aggregate/store/rolling_read.h"

#include <pthread.h>

enum { LIVE_VIEWERS_MAX = 64 };

struct live_options {
    const struct store_options *store; /* whose namespace is shown; must outlive live */
    void (*look)(void *context, struct http_facts *facts);
    void *context;
    struct vintages *vintages;
};

struct live;

struct live *live_create(const struct live_options *options);
/* Starts the thread; `tick(context)` is called on it after each new event. */
void live_start(struct live *live, void (*tick)(void *context), void *context);
void live_stop(struct live *live); /* joins the thread: no tick after it */
void live_destroy(struct live *live);

/* One viewer more; false when there are as many as there may be. Sets `*sequence` so that his first event is a new one. */
bool live_enter(struct live *live, uint64_t *sequence);
void live_leave(struct live *live);
/* The newest event as bytes of text/event-stream when it is newer than `*sequence`, which follows; to be given to free(). Null:
 * there is nothing new. */
char *live_event(struct live *live, uint64_t *sequence, size_t *length);

enum live_state { LIVE_FRESH, LIVE_STALE, LIVE_FAILED };
/* The windows as they stood in Redis at most two seconds ago: LIVE_FRESH, and live_close() is due, soon. LIVE_STALE: nobody has
 * looked lately; there will be a tick. LIVE_FAILED: Redis does not answer, `fault` says how. */
enum live_state live_open(struct live *live, const struct rolling_view **views, struct fault *fault);
void live_close(struct live *live);

/* --- live_event.c --- */

struct live_rates {
    bool known; /* there was an event a second or so before */
    int64_t events_per_s;
    int64_t commits;       /* since that event */
    int64_t commit_ms;     /* sum of their latencies */
};

struct live_moment {
    const struct http_facts *facts;
    const struct rolling_view *views; /* null: Redis did not answer */
    const struct live_rates *rates;
    const char *trouble;   /* why not; "" */
    const char *headlines; /* JSON */
    const char *version;
};

/* One JSON object without line feeds. */
void live_event_write(const struct live_moment *moment, FILE *out);

/* The shares of the plan, per cent, as texts of a vintage (valid while it is open); "": suppressed, missing, no target. */
enum { HEADLINES = 7 };
struct headline {
    const char *indicator, *evidence, *value, *target;
};
size_t headlines_read(const struct vintage_copy *copy, struct headline out[static HEADLINES]);
/* The shares of the plan as the latest vintage publishes them, as a JSON object; `null` when there is none. */
void headlines_write(const struct vintage_copy *copy, FILE *out);

#endif
