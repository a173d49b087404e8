/* What the first rooms cost on the production source: the rows of `make bench` between a consumer that does nothing and
 * the whole job.
 *
 *     stage_speed STAGE [spend_ns=N] [waker=off] [key=value]...        settings as for `nhip run --set`
 *
 *     none        records are taken from source_kafka.c and given back: what our way of reading costs
 *     decode      decode() per record, in chunks as partition.c does it
 *     reference   the same with decode_reference() (jansson): what a decoder from a library would cost
 *     rollup      worker_run() and partition.c as they are; their lane to Redis is replaced by the one below, which cuts on
 *                 time and throws the cut away
 *
 * Reads the topic to its end, touches nothing outside, and prints one line of JSON: events, seconds from the first batch to
 * the last, CPU microseconds per event (user + system, all threads, since the first batch: connecting is not counted; as
 * noop_consumer has it), peak resident memory, the time spent waiting for batches and the longest such wait, and, over the
 * second half of the records, how often our code called the allocator (allocation_count.h).
 *
 * For the study of librdkafka's back-off (source_kafka_wake.c): `spend_ns` burns that much per event, `waker=off` leaves the
 * fetcher asleep. */
#include "aggregate/rollup/rollup.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/runtime/worker.h"
#include "aggregate/store/meta.h"
#include "check.h"
#include "log.h"
#include "tests/tools/allocation_count.h"

#include <sys/resource.h>
#include <unistd.h>

enum { POLL_MS = 50 };

/* --- the source, with a watch on it --- */

struct watch {
    struct source source; /* first: what the worker is given */
    struct source *inner;
    int64_t events; /* delivered so far */
    double first_s, last_s, first_cpu_s, last_cpu_s;
    double idle_since_s, waited_s, longest_wait_s; /* from giving a batch back to getting the next */
    struct allocation_count at_half;
    int64_t events_at_half;
    int64_t ends; /* records of all partitions together, told by resume() */
    int64_t spend_ns;
    const struct source_resume *resume;
};

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void spend(int64_t ns) {
    double until = now_s() + (double)ns / 1e9;
    while (now_s() < until) continue;
}

static bool watch_resume(void *context, struct source_partition partition, int64_t first, int64_t end,
                         struct source_position *position, struct fault *fault) {
    struct watch *watch = context;
    watch->ends += end - first;
    if (watch->resume != NULL) return watch->resume->resume(watch->resume->context, partition, first, end, position, fault);
    *position = (struct source_position){.window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING};
    return true;
}

static bool watch_start(struct source *source, const struct source_resume *resume, struct fault *fault) {
    struct watch *watch = (struct watch *)source;
    static struct source_resume between;
    watch->resume = resume;
    between = (struct source_resume){.resume = watch_resume, .context = watch};
    return watch->inner->operations->start(watch->inner, &between, fault);
}

static void watch_poll(struct source *source, int timeout_ms, struct source_event *event) {
    struct watch *watch = (struct watch *)source;
    watch->inner->operations->poll(watch->inner, timeout_ms, event);
    if (event->kind != SOURCE_BATCH) return;
    double now = now_s();
    double waited = now - watch->idle_since_s;
    if (watch->events == 0) {
        watch->first_s = now;
        watch->first_cpu_s = cpu_s();
    } else {
        watch->waited_s += waited;
        if (waited > watch->longest_wait_s) watch->longest_wait_s = waited;
    }
    if (watch->events_at_half == 0 && watch->events >= watch->ends / 2 && watch->events > 0) {
        watch->at_half = allocation_count;
        watch->events_at_half = watch->events;
    }
    watch->events += (int64_t)event->count;
}

/* A batch is over when it is given back: the figures of the last one are those of the end. */
static void watch_release(struct source *source, void *batch) {
    struct watch *watch = (struct watch *)source;
    watch->inner->operations->release(watch->inner, batch);
    watch->idle_since_s = now_s();
    if (watch->events < watch->ends) return;
    watch->last_s = watch->idle_since_s;
    watch->last_cpu_s = cpu_s();
}

static void watch_hold(struct source *source, struct source_partition partition, bool hold) {
    struct watch *watch = (struct watch *)source;
    watch->inner->operations->hold(watch->inner, partition, hold);
}

static void watch_mirror(struct source *source, struct source_partition partition, int64_t next) {
    struct watch *watch = (struct watch *)source;
    watch->inner->operations->mirror(watch->inner, partition, next);
}

static void watch_destroy(struct source *source) {
    (void)source; /* leaving a group can take seconds, and nobody waits for us */
}

static void watch_put(struct watch *watch, struct source *inner) {
    static struct source_operations operations;
    operations = *inner->operations; /* what is not listed here needs no watching: headers, whose times they are */
    operations.start = watch_start;
    operations.poll = watch_poll;
    operations.release = watch_release;
    operations.hold = watch_hold;
    operations.mirror = watch_mirror;
    operations.destroy = watch_destroy;
    watch->source.operations = &operations;
    watch->inner = inner;
}

/* --- a lane without Redis: the linker takes these instead of aggregate/store/ --- */

struct lane {
    int64_t next;
    size_t bytes;
};

static void drop_hash(void *context, struct hash_id id, int64_t last) {
    (void)context, (void)id, (void)last;
}

static void drop_field(void *context, struct slice field, struct slice value) {
    ((struct lane *)context)->bytes += field.length + value.length;
}

static void drop_retired(void *context, struct hash_id id) {
    (void)context, (void)id;
}

struct lane *lane_open_after(const struct store_options *options, struct source_partition partition, int64_t past_next,
                             struct progress *progress, struct fault *fault) {
    (void)options, (void)partition, (void)past_next, (void)fault;
    progress_clear(progress);
    return calloc(1, sizeof(struct lane));
}

bool lane_recover(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    struct progress progress;
    (void)lane;
    progress_clear(&progress);
    return rollup_restore(rollup, &progress, fault);
}

bool lane_warm(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    struct hash_id id;
    (void)lane, (void)fault;
    while (rollup_cold(rollup, &id)) rollup_filled(rollup, id);
    return true;
}

bool lane_commit(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    const struct batch_writer writer = {.hash = drop_hash, .field = drop_field, .retire = drop_retired, .context = lane};
    (void)lane_warm(lane, rollup, fault);
    rollup_cut(rollup, &writer);
    lane->next = rollup_progress(rollup)->next;
    return true;
}

bool lane_poll(struct lane *lane, int timeout_ms, int64_t *committed_next, bool *in_flight, struct fault *fault) {
    (void)timeout_ms, (void)fault;
    *committed_next = lane->next;
    *in_flight = false;
    return true;
}

void lane_verify(struct lane *lane) {
    (void)lane;
}

void lane_amend(struct lane *lane, const struct progress *progress) {
    (void)lane, (void)progress;
}

void lane_set_end(struct lane *lane, bool end) {
    (void)lane, (void)end;
}

void lane_close(struct lane *lane, bool release) {
    (void)release;
    free(lane);
}

/* --- the waker, unless it is to be left out --- */

static bool waker_off;
struct waker *__real_waker_create(void *kafka);
struct waker *__wrap_waker_create(void *kafka);

struct waker *__wrap_waker_create(void *kafka) {
    return waker_off ? NULL : __real_waker_create(kafka);
}

/* --- stages --- */

typedef bool decoder_function(const struct decoder *, struct slice, struct event *, struct rejection *);

static void decode_batch(const struct decoder *decoder, decoder_function *function, const struct source_event *event) {
    static struct chunk chunk;
    for (size_t done = 0; done < event->count; done += CHUNK_RECORDS) {
        size_t length = event->count - done < CHUNK_RECORDS ? event->count - done : CHUNK_RECORDS;
        for (size_t i = 0; i < length; i++) {
            const struct record *record = &event->records[done + i];
            chunk.valid[i] = function(decoder, record->value, &chunk.events[i], &chunk.rejections[i]);
        }
    }
}

/* Polls to the end; `function` null: nothing is done with what comes. */
static bool read_all(struct watch *watch, const struct decoder *decoder, decoder_function *function, struct fault *fault) {
    struct source *source = &watch->source;
    if (!source->operations->start(source, NULL, fault)) return false;
    for (;;) {
        struct source_event event = {.kind = SOURCE_NOTHING};
        source->operations->poll(source, POLL_MS, &event);
        if (event.kind == SOURCE_FINISHED) return true;
        if (event.kind == SOURCE_FAULT && !event.fault.retriable) {
            *fault = event.fault;
            return false;
        }
        if (event.kind != SOURCE_BATCH) continue;
        if (function != NULL) decode_batch(decoder, function, &event);
        if (watch->spend_ns > 0) spend(watch->spend_ns * (int64_t)event.count);
        source->operations->release(source, event.batch);
    }
}

static bool run_worker(struct watch *watch, const struct setup *setup, struct fault *fault) {
    static atomic_bool stop;
    const struct settings *settings = config_settings(setup->config);
    struct status *status = status_create(NULL, fault);
    CHECK(status != NULL);
    const struct worker_options options = {
        .partition = {.decoder = setup->decoder, .mappings = setup->mappings, .rollup = &setup->rollup, .store = &setup->store,
                      .status = status,
                      .commit_interval_ms = settings->commit_interval_ms, .commit_cells_max = (size_t)settings->commit_cells},
        .source = &watch->source,
        .stop = &stop,
    };
    return worker_run(&options, fault);
}

static bool run_stage(const char *stage, struct watch *watch, const struct setup *setup, struct fault *fault) {
    if (strcmp(stage, "none") == 0) return read_all(watch, NULL, NULL, fault);
    if (strcmp(stage, "decode") == 0) return read_all(watch, setup->decoder, decode, fault);
    if (strcmp(stage, "reference") == 0) return read_all(watch, setup->decoder, decode_reference, fault);
    if (strcmp(stage, "rollup") == 0) return run_worker(watch, setup, fault);
    return fault_set(fault, STOP_USAGE, false, "stage \"%s\": accepted are none, decode, reference, rollup", stage);
}

static bool report(const char *stage, const struct watch *watch) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    if (watch->events == 0 || watch->events != watch->ends) {
        (void)fprintf(stderr, "stage_speed: %lld of %lld records came\n", (long long)watch->events, (long long)watch->ends);
        return false;
    }
    double seconds = watch->last_s - watch->first_s;
    double events = (double)watch->events;
    (void)printf("{\"stage\":\"%s\",\"events\":%lld,\"seconds\":%.3f,\"events_per_s\":%.0f,\"cpu_us\":%.3f,\"rss_mib\":%.1f,"
                 "\"waited_s\":%.3f,\"longest_wait_ms\":%.0f,\"half\":%lld,\"allocations\":%lld,\"growth\":%lld}\n",
                 stage, (long long)watch->events, seconds, events / seconds,
                 (watch->last_cpu_s - watch->first_cpu_s) * 1e6 / events, (double)usage.ru_maxrss / 1024,
                 watch->waited_s, watch->longest_wait_s * 1e3, (long long)(watch->events - watch->events_at_half),
                 (long long)(allocation_count.others - watch->at_half.others),
                 (long long)(allocation_count.growth - watch->at_half.growth));
    (void)fflush(stdout);
    return true;
}

static bool configure(struct config *config, struct watch *watch, int argc, char **argv, struct fault *fault) {
    for (int i = 2; i < argc; i++) {
        if (strncmp(argv[i], "spend_ns=", 9) == 0) {
            watch->spend_ns = strtoll(argv[i] + 9, NULL, 10);
        } else if (strcmp(argv[i], "waker=off") == 0) {
            waker_off = true;
        } else if (!config_set(config, argv[i], fault)) {
            return false;
        }
    }
    return config_finish(config, fault);
}

int main(int argc, char **argv) {
    struct fault fault;
    struct setup setup;
    static struct watch watch;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: stage_speed none|decode|reference|rollup [spend_ns=N] [waker=off] [key=value]...\n");
        return 2;
    }
    struct config *config = config_create();
    log_set_level(LOG_ERROR);
    bool fine = configure(config, &watch, argc, argv, &fault) && setup_create(&setup, config, &fault);
    if (fine) {
        const char *topic = config_settings(config)->topics;
        struct source_kafka_options options = {.topics = &topic, .topic_count = 1, .once = true};
        options.properties = config_kafka(config, &options.property_count);
        struct source *inner = source_kafka_create(&options, &fault);
        if (inner != NULL) watch_put(&watch, inner);
        fine = inner != NULL && run_stage(argv[1], &watch, &setup, &fault);
    }
    if (!fine) (void)fprintf(stderr, "stage_speed: %s\n", fault.message);
    _exit(fine && report(argv[1], &watch) ? 0 : 1); /* closing a consumer of 2.0.2 can hang, and there is nothing to save */
}
