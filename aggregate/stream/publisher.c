/* The thread: see publisher.h.
 *
 *     lease    not ours: nothing to do
 *     open     fence earlier writers, then read the topic back, then look at Redis: in this order, or an older value could follow
 *              a newer one (schemas/stream.md)
 *     rounds   every stream.interval (feed.c)
 *     fault    whatever it was: the producer and all that was known of the topic are dropped; open again after a pause
 *
 * Back-pressure: there is no queue between counting and publishing but Redis itself. librdkafka's is bounded (10,000 records);
 * when Kafka takes none, the round waits, and the next one finds the newest values only. */
#include "aggregate/stream/publisher.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/current.h"
#include "aggregate/store/lease.h"
#include "aggregate/stream/feed.h"
#include "check.h"
#include "ingest/compacted_kafka.h"
#include "log.h"

#include <pthread.h>
#include <stdatomic.h>

enum { TURN_MS = 50, FINAL_MS = 5000, PAUSE_MS = 500, PAUSE_MS_MAX = 30000 };

struct publisher {
    struct publisher_options options;
    struct lease *lease;
    struct compacted *topic; /* null: not open */
    struct feed *feed;
    int64_t renewed_ms; /* when the lease was last asked for */
    bool ours;
    bool told_held, told_whole;
    int64_t pause_ms, retry_ms;
    atomic_bool stop;
    int64_t stop_ms; /* when the stop was noticed; 0: not yet */
    bool running;
    pthread_t thread;
};

static void gauge(struct publisher *publisher, enum status_counter counter, int64_t value) {
    status_add(publisher->options.status, counter, value - status_get(publisher->options.status, counter));
}

/* Asked between pieces of work, and while Kafka is waited for. */
static bool go_on(void *context) {
    struct publisher *publisher = context;
    struct fault ignored = {.code = FAULT_NONE};
    int64_t now_ms = clock_monotonic_ms();
    if (atomic_load(&publisher->stop)) {
        if (publisher->stop_ms == 0) publisher->stop_ms = now_ms;
        if (now_ms - publisher->stop_ms >= FINAL_MS) return false;
    }
    if (now_ms - publisher->renewed_ms < LEASE_RENEW_MS) return true;
    publisher->renewed_ms = now_ms;
    (void)lease_keep(publisher->lease, &publisher->ours, &ignored); /* a Redis that hangs is not a lease that is lost */
    return publisher->ours || ignored.code == FAULT_UNREACHABLE;
}

static bool put(void *context, struct slice key, struct slice value, struct fault *fault) {
    return compacted_put(((struct publisher *)context)->topic, key, value, fault);
}

static bool commit(void *context, struct fault *fault) {
    return compacted_commit(((struct publisher *)context)->topic, fault);
}

static void drop(struct publisher *publisher) {
    compacted_destroy(publisher->topic);
    feed_destroy(publisher->feed);
    publisher->topic = NULL;
    publisher->feed = NULL;
    publisher->told_whole = false;
}

static void fail(struct publisher *publisher, const struct fault *fault) {
    drop(publisher);
    status_add(publisher->options.status, STATUS_STREAM_FAILURES, 1);
    log_warn("stream_waits", "topic=%s retry_ms=%lld code=%s error=\"%s\"", publisher->options.topic,
             (long long)publisher->pause_ms, stop_code(fault->stop), fault->message);
    publisher->retry_ms = clock_monotonic_ms() + publisher->pause_ms;
    publisher->pause_ms = publisher->pause_ms * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : publisher->pause_ms * 2;
}

/* In the middle of something: because the lease has gone, or because of a fault. */
static void break_off(struct publisher *publisher, const struct fault *fault) {
    if (publisher->ours) {
        fail(publisher, fault);
        return;
    }
    drop(publisher);
    log_info("stream_left", "topic=%s reason=\"another instance has the lease\"", publisher->options.topic);
}

/* What was found in the topic must be a stream, and of our namespace, or of one that ours has followed as the current one. */
static bool is_ours(struct publisher *publisher, struct fault *fault) {
    const char *topic = publisher->options.topic;
    const char *own = publisher->options.store->name_space;
    const char *found = feed_namespace(publisher->feed);
    if (feed_is_foreign(publisher->feed)) {
        return fault_set(fault, STOP_RECORD_NOT_TAKEN, false,
                         "topic %s holds records that are not of a stream: give stream.topic a topic of its own", topic);
    }
    if (found[0] == '\0' || strcmp(found, own) == 0) return true;
    struct current current;
    if (!current_read(publisher->options.store, &current, fault)) return false;
    if (strcmp(current.name_space, own) == 0) return true;
    return fault_set(fault, STOP_RECORD_NOT_TAKEN, false,
                     "topic %s streams the namespace %s, and ours, %s, is not the current one: promote it, or give stream.topic "
                     "a topic of its own",
                     topic, found, own);
}

static bool open_topic(struct publisher *publisher, struct fault *fault) {
    const struct publisher_options *options = &publisher->options;
    const struct compacted_options topic = {.properties = options->properties,
                                            .property_count = options->property_count,
                                            .topic = options->topic,
                                            .go_on = go_on,
                                            .context = publisher};
    const struct feed_options stream = {.store = options->store,
                                          .idle_ms = options->idle_ms,
                                          .snapshot_directory = options->snapshot_directory,
                                          .sink = {.put = put, .commit = commit, .go_on = go_on, .context = publisher}};
    publisher->topic = compacted_create(&topic, fault);
    if (publisher->topic == NULL) return false;
    publisher->feed = feed_create(&stream, fault);
    return publisher->feed != NULL && compacted_open(publisher->topic, feed_take, feed_see, publisher->feed, fault) &&
           is_ours(publisher, fault);
}

static void tell(struct publisher *publisher, const struct feed_result *result) {
    struct status *status = publisher->options.status;
    status_add(status, STATUS_STREAM_UPSERTS, result->upserts);
    status_add(status, STATUS_STREAM_TOMBSTONES, result->tombstones);
    gauge(publisher, STATUS_STREAM_LEFT, result->left);
    gauge(publisher, STATUS_STREAM_HELD, result->held);
    if (result->held && !publisher->told_held) {
        log_warn("stream_held", "topic=%s reason=\"Redis stands before what was published: minutes wait for it\"",
                 publisher->options.topic);
    }
    publisher->told_held = result->held;
    if (!result->whole) return;
    gauge(publisher, STATUS_STREAM_WHOLE_MS, clock_wall_ms());
    publisher->pause_ms = PAUSE_MS;
    if (!publisher->told_whole) {
        log_info("stream_whole", "topic=%s upserts=%lld tombstones=%lld", publisher->options.topic, (long long)result->upserts,
                 (long long)result->tombstones);
    }
    publisher->told_whole = true;
}

static void step(struct publisher *publisher) {
    struct fault fault = {.code = FAULT_NONE};
    struct feed_result result = {.left = 0};
    publisher->renewed_ms = clock_monotonic_ms();
    bool answered = lease_keep(publisher->lease, &publisher->ours, &fault);
    gauge(publisher, STATUS_STREAM_WRITER, publisher->ours);
    if (!answered) {
        fail(publisher, &fault);
        return;
    }
    if (!publisher->ours) {
        drop(publisher);
        return;
    }
    if (publisher->topic == NULL && !open_topic(publisher, &fault)) {
        break_off(publisher, &fault);
        return;
    }
    bool fine = feed_round(publisher->feed, &result, &fault);
    tell(publisher, &result);
    if (!fine)
        break_off(publisher, &fault);
    else if (feed_is_worn(publisher->feed))
        drop(publisher); /* read back anew with the next step */
}

static void *run(void *context) {
    struct publisher *publisher = context;
    while (!atomic_load(&publisher->stop)) {
        int64_t until_ms = clock_monotonic_ms() + publisher->options.interval_ms;
        if (clock_monotonic_ms() >= publisher->retry_ms) step(publisher);
        while (!atomic_load(&publisher->stop) && clock_monotonic_ms() < until_ms) {
            clock_sleep_ms(TURN_MS);
            if (publisher->ours) (void)go_on(publisher); /* intervals may be longer than the lease */
        }
    }
    step(publisher);
    gauge(publisher, STATUS_STREAM_WRITER, 0);
    drop(publisher);
    return NULL;
}

bool publisher_create(struct publisher **publisher, const struct publisher_options *options, struct fault *fault) {
    *publisher = NULL;
    if (options->topic[0] == '\0') return true;
    const struct compacted_options topic = {
        .properties = options->properties, .property_count = options->property_count, .topic = options->topic};
    struct compacted *trial = compacted_create(&topic, fault);
    if (trial == NULL) return false;
    compacted_destroy(trial);
    struct publisher *made = calloc(1, sizeof(*made));
    CHECK_MEMORY(made != NULL);
    made->options = *options;
    made->pause_ms = PAUSE_MS;
    atomic_init(&made->stop, false);
    made->lease = lease_create(options->store, "lease:stream", fault);
    if (made->lease == NULL) {
        free(made);
        return false;
    }
    *publisher = made;
    return true;
}

void publisher_start(struct publisher *publisher) {
    if (publisher == NULL) return;
    CHECK(pthread_create(&publisher->thread, NULL, run, publisher) == 0);
    publisher->running = true;
}

void publisher_stop(struct publisher *publisher) {
    if (publisher == NULL || !publisher->running) return;
    atomic_store(&publisher->stop, true);
    (void)pthread_join(publisher->thread, NULL);
    publisher->running = false;
}

void publisher_destroy(struct publisher *publisher) {
    if (publisher == NULL) return;
    lease_destroy(publisher->lease);
    free(publisher);
}
