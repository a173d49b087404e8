/* Starts and ends everything that runs: see engine.h.
 *
 *     check Redis (retry) -> cluster id (retry) -> per worker: source + dead letters + thread -> rolling windows' thread
 *     this thread: a progress line every few seconds, joins the workers, reports the first fault
 *
 * A fault of one worker stops the others cleanly: they commit what they have. Unreachable servers at the start are
 * waited for, as long as nobody says stop; a wrong configuration is not. */
#include "aggregate/runtime/engine.h"

#include "aggregate/archive/source_archive.h"
#include "aggregate/http/endpoint.h"
#include "aggregate/http/facts.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/plan.h"
#include "aggregate/runtime/roster.h"
#include "aggregate/runtime/service.h"
#include "aggregate/runtime/worker.h"
#include "aggregate/stream/publisher.h"
#include "check.h"
#include "ingest/source_file.h"
#include "ingest/tee.h"
#include "log.h"

#include <pthread.h>

enum {
    WORKERS_MAX = 64, TOPICS_MAX = 64,
    PROGRESS_MS = 5000, TURN_MS = 20,
    CHECK_MS = 60000, /* Redis' eviction policy, on all nodes */
    ANNOUNCE_MS = 20000,
    MEMORY_MS = 5000,
    ROLLING_MS = 200,
    RETRY_MS_MAX = 5000, CLUSTER_MS = 5000
};

struct job {
    const struct engine_options *options;
    struct worker_options worker;
    struct fault fault;
    bool healthy;
    atomic_bool done;
    pthread_t thread;
};

struct engine {
    const struct engine_options *options;
    const struct settings *settings;
    struct status *status;
    struct tee *tee;
    struct roster *roster;
    struct gauges *gauges;
    struct endpoint *endpoint;
    struct service service;
    struct publisher *publisher;
    struct job jobs[WORKERS_MAX];
    size_t job_count;
    char *topic_text;
    const char *topics[TOPICS_MAX];
    size_t topic_count;
    char cluster_id[128];
    atomic_bool rolling_stop;
    struct fault fault;
    struct fault unfit; /* Redis stopped being what it must be; written by the rolling windows' thread before it is joined */
    bool healthy;
};

static bool stopping(const struct engine *engine) {
    return atomic_load_explicit(engine->options->stop, memory_order_relaxed);
}

/* Waits before the next try; false when somebody said stop. */
static bool pause_for(struct engine *engine, int64_t *pause_ms, const char *what, const struct fault *fault) {
    log_warn(what, "retry_ms=%lld code=%s error=\"%s\"", (long long)*pause_ms, stop_code(fault->stop), fault->message);
    int64_t until_ms = clock_monotonic_ms() + *pause_ms;
    service_ready(&engine->service);
    service_status(&engine->service, "waits: %s", fault->message);
    while (!stopping(engine) && clock_monotonic_ms() < until_ms) {
        service_alive(&engine->service, clock_monotonic_ms());
        clock_sleep_ms(TURN_MS);
    }
    *pause_ms = *pause_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : *pause_ms * 2;
    return !stopping(engine);
}

/* True when both answer; false with engine->healthy false after a final fault, or healthy true when it was stopped. */
static bool servers_ready(struct engine *engine) {
    struct setup *setup = engine->options->setup;
    int64_t pause_ms = 100;
    while (!store_check(&setup->store, &engine->fault)) {
        engine->healthy = engine->fault.retriable;
        if (!engine->healthy || !pause_for(engine, &pause_ms, "redis_waits", &engine->fault)) return false;
    }
    if (engine->options->path_count > 0 || engine->options->archive != NULL) return true;
    size_t count = 0;
    const struct kafka_property *kafka = config_kafka(setup->config, &count);
    pause_ms = 100;
    while (!kafka_cluster_id(kafka, count, CLUSTER_MS, engine->cluster_id, sizeof(engine->cluster_id), &engine->fault)) {
        engine->healthy = engine->fault.retriable;
        if (!engine->healthy || !pause_for(engine, &pause_ms, "kafka_waits", &engine->fault)) return false;
    }
    setup->store.cluster_id = engine->cluster_id;
    return true;
}

static bool split_topics(struct engine *engine) {
    engine->topic_text = strdup(engine->settings->topics);
    CHECK_MEMORY(engine->topic_text != NULL);
    char *rest = NULL;
    for (char *topic = strtok_r(engine->topic_text, ", ", &rest); topic != NULL; topic = strtok_r(NULL, ", ", &rest)) {
        if (engine->topic_count == TOPICS_MAX)
            return fault_set(&engine->fault, STOP_SETTING, false, "topics: more than %d", TOPICS_MAX);
        engine->topics[engine->topic_count++] = topic;
    }
    if (engine->topic_count > 0) return true;
    return fault_set(&engine->fault, STOP_SETTING, false, "topics: none given");
}

/* The offset where a file is to end, for `--until`; -1 when the vector does not name it. */
static int64_t until_of_path(const struct engine_options *options, const char *path) {
    char topic[250];
    int32_t partition = 0;
    source_file_name(path, topic, &partition);
    for (size_t i = 0; i < options->until_count; i++) {
        if (options->until[i].partition == partition && strcmp(options->until[i].topic, topic) == 0)
            return options->until[i].next;
    }
    return -1;
}

static struct source *open_files(const struct engine_options *options, struct fault *fault) {
    const char **paths = calloc(options->path_count, sizeof(*paths));
    int64_t *until = calloc(options->path_count, sizeof(*until));
    CHECK_MEMORY(paths != NULL && until != NULL);
    size_t count = 0;
    for (size_t i = 0; i < options->path_count; i++) {
        int64_t end = options->until_count > 0 ? until_of_path(options, options->paths[i]) : 0;
        if (options->until_count > 0 && end <= 0) continue;
        paths[count] = options->paths[i];
        until[count++] = end;
    }
    const struct source_file_options files = {
        .paths = paths, .path_count = count, .until = options->until_count > 0 ? until : NULL};
    struct source *source = count > 0 ? source_file_create(&files, fault) : NULL;
    if (count == 0)
        (void)fault_set(fault, STOP_OFFSETS, false, "the offsets name no file behind its beginning: nothing would be read");
    free(paths);
    free(until);
    return source;
}

static struct source *open_source(struct engine *engine) {
    const struct engine_options *options = engine->options;
    if (options->path_count > 0) return open_files(options, &engine->fault);
    const char *archive = options->archive;
    if (archive != NULL) return source_archive_create(archive, options->until, options->until_count, &engine->fault);
    struct source_kafka_options kafka = {
        .topics = engine->topics,
        .topic_count = engine->topic_count,
        .once = options->once,
        .witness = engine->settings->namespace_name,
        .until = options->until,
        .until_count = options->until_count,
    };
    const struct kafka_property *given = config_kafka(options->setup->config, &kafka.property_count);
    struct kafka_property *properties = calloc(kafka.property_count + 1, sizeof(*properties));
    CHECK_MEMORY(properties != NULL);
    /* A group for each namespace, or a backfill would take partitions away from the running one. What is given wins. */
    properties[0] = (struct kafka_property){.key = "group.id", .value = engine->settings->namespace_name};
    if (kafka.property_count > 0) memcpy(properties + 1, given, kafka.property_count * sizeof(*properties));
    kafka.properties = properties;
    kafka.property_count++;
    struct source *source = source_kafka_create(&kafka, &engine->fault);
    free(properties);
    return source;
}

static bool open_deadletter(struct engine *engine, struct deadletter **deadletter) {
    const struct settings *settings = engine->settings;
    *deadletter = NULL;
    if (settings->deadletter_topic[0] != '\0') {
        size_t count = 0;
        const struct kafka_property *kafka = config_kafka(engine->options->setup->config, &count);
        *deadletter = deadletter_kafka_create(kafka, count, settings->deadletter_topic, &engine->fault);
        return *deadletter != NULL;
    }
    if (settings->deadletter_file[0] == '\0') return true;
    *deadletter = deadletter_file_create(settings->deadletter_file, &engine->fault);
    return *deadletter != NULL;
}

static void *run_job(void *argument) {
    struct job *job = argument;
    job->healthy = worker_run(&job->worker, &job->fault);
    if (!job->healthy) atomic_store(job->options->stop, true);
    atomic_store(&job->done, true);
    return NULL;
}

/* Opens what a worker reads and where its refusals go: mistakes in settings and paths show before any server is
 * waited for. */
static bool prepare_job(struct engine *engine) {
    struct job *job = &engine->jobs[engine->job_count];
    const struct settings *settings = engine->settings;
    const struct setup *setup = engine->options->setup;
    struct deadletter *deadletter = NULL;
    if (!open_deadletter(engine, &deadletter)) return false;
    struct source *source = open_source(engine);
    if (source == NULL) {
        deadletter_destroy(deadletter);
        return false;
    }
    job->options = engine->options;
    job->worker = (struct worker_options){
        .partition = {.decoder = setup->decoder, .mappings = setup->mappings, .exclusions = setup->exclusions,
                      .rollup = &setup->rollup, .store = &setup->store, .deadletter = deadletter, .tee = engine->tee,
                      .status = engine->status, .gauges = engine->gauges, .commit_interval_ms = settings->commit_interval_ms,
                      .commit_cells_max = (size_t)settings->commit_cells},
        .source = source,
        .number = engine->job_count,
        .events_per_s_max = settings->rate_limit,
        .roster = engine->roster,
        .stop = engine->options->stop,
    };
    engine->job_count++;
    return true;
}

static bool prepare_jobs(struct engine *engine) {
    int64_t wanted = engine->options->path_count > 0 || engine->options->until_count > 0 ? 1 : engine->settings->workers;
    while ((int64_t)engine->job_count < wanted) {
        if (!prepare_job(engine)) return false;
    }
    return true;
}

/* A node that was told to evict, or a new one that does, would delete counters in silence: then the run ends. */
static void check_again(struct engine *engine, int64_t *due_ms) {
    struct fault fault;
    if (clock_monotonic_ms() < *due_ms) return;
    *due_ms = clock_monotonic_ms() + CHECK_MS;
    if (store_check(&engine->options->setup->store, &fault) || fault.retriable) return;
    log_error("redis_unfit", "code=%s error=\"%s\"", stop_code(fault.stop), fault.message);
    engine->unfit = fault;
    atomic_store(engine->options->stop, true);
}

/* For the endpoint: somebody must ask Redis, and nobody else has the time. */
static void ask_memory(struct engine *engine, int64_t *due_ms) {
    struct fault fault;
    int64_t used = -1, max = -1;
    if (engine->endpoint == NULL || clock_monotonic_ms() < *due_ms) return;
    *due_ms = clock_monotonic_ms() + MEMORY_MS;
    if (!store_memory(&engine->options->setup->store, &used, &max, &fault)) used = max = -1;
    endpoint_redis(engine->endpoint, used, max);
}

/* Keeps nhip:rolling:* fresh; a failure there is logged and tried again, it never stops the counting. */
static void *run_rolling(void *argument) {
    struct engine *engine = argument;
    struct rolling *rolling = NULL;
    int64_t quiet_until_ms = 0;
    int64_t check_ms = clock_monotonic_ms() + CHECK_MS;
    int64_t announce_ms = clock_monotonic_ms() + ANNOUNCE_MS;
    int64_t memory_ms = 0;
    while (!atomic_load(&engine->rolling_stop)) {
        struct fault fault = {.code = FAULT_NONE};
        check_again(engine, &check_ms);
        ask_memory(engine, &memory_ms);
        if (clock_monotonic_ms() >= announce_ms && roster_announce(engine->roster, &engine->options->setup->store, &fault))
            announce_ms = clock_monotonic_ms() + ANNOUNCE_MS;
        if (rolling == NULL) rolling = rolling_create(&engine->options->setup->store, engine->settings->rolling_idle_ms, &fault);
        if ((rolling == NULL || !rolling_step(rolling, clock_monotonic_ms(), &fault)) && clock_monotonic_ms() >= quiet_until_ms) {
            log_warn("rolling_waits", "code=%s error=\"%s\"", stop_code(fault.stop), fault.message);
            quiet_until_ms = clock_monotonic_ms() + PROGRESS_MS;
        }
        clock_sleep_ms(ROLLING_MS);
    }
    struct fault fault;
    if (rolling != NULL) (void)rolling_step(rolling, clock_monotonic_ms() + PROGRESS_MS, &fault);
    rolling_destroy(rolling);
    (void)roster_announce(engine->roster, &engine->options->setup->store, &fault);
    return NULL;
}

static bool all_done(struct engine *engine) {
    for (size_t i = 0; i < engine->job_count; i++) {
        if (!atomic_load(&engine->jobs[i].done)) return false;
    }
    return true;
}

/* A worker that does not go round for too long, or for as long as the manager waits for a sign, is not alive: it may end us. */
static void tell_manager(struct engine *engine, int64_t now_ms) {
    int64_t watchdog_ms = engine->service.watchdog_ms;
    int64_t idle_ms_max = watchdog_ms > 0 && watchdog_ms < HTTP_ALIVE_MS ? watchdog_ms : HTTP_ALIVE_MS;
    if (stopping(engine)) service_stopping(&engine->service);
    if (gauges_idle_ms(engine->gauges, now_ms) <= idle_ms_max) service_alive(&engine->service, now_ms);
}

static void watch(struct engine *engine, int64_t started_ms) {
    int64_t next_ms = started_ms + PROGRESS_MS;
    int64_t before = 0;
    service_ready(&engine->service);
    service_status(&engine->service, "counts");
    while (!all_done(engine)) {
        clock_sleep_ms(TURN_MS);
        int64_t now_ms = clock_monotonic_ms();
        tell_manager(engine, now_ms);
        if (now_ms < next_ms) continue;
        next_ms = now_ms + PROGRESS_MS;
        int64_t delivered = status_get(engine->status, STATUS_DELIVERED);
        if (!engine->options->quiet) {
            log_info("progress",
                     "delivered=%lld events_per_s=%lld rebuilt=%lld refused=%lld commits=%lld partitions=%lld replayed=%lld",
                     (long long)delivered, (long long)((delivered - before) * 1000 / PROGRESS_MS),
                     (long long)status_get(engine->status, STATUS_REBUILT), (long long)status_get(engine->status, STATUS_REFUSED),
                     (long long)status_get(engine->status, STATUS_COMMITS),
                     (long long)status_get(engine->status, STATUS_PARTITIONS),
                     (long long)status_get(engine->status, STATUS_REPLAYED));
        }
        service_status(&engine->service, "%lld events since the start, %lld a second; %lld partitions", (long long)delivered,
                       (long long)((delivered - before) * 1000 / PROGRESS_MS),
                       (long long)status_get(engine->status, STATUS_PARTITIONS));
        before = delivered;
    }
}

static void run_jobs(struct engine *engine, int64_t started_ms) {
    pthread_t rolling;
    CHECK(pthread_create(&rolling, NULL, run_rolling, engine) == 0);
    publisher_start(engine->publisher);
    for (size_t i = 0; i < engine->job_count; i++)
        CHECK(pthread_create(&engine->jobs[i].thread, NULL, run_job, &engine->jobs[i]) == 0);
    watch(engine, started_ms);
    for (size_t i = 0; i < engine->job_count; i++) {
        struct job *job = &engine->jobs[i];
        (void)pthread_join(job->thread, NULL);
        job->worker.source = NULL; /* the worker has destroyed it */
        if (engine->healthy && !job->healthy) {
            engine->fault = job->fault;
            engine->healthy = false;
        }
    }
    atomic_store(&engine->rolling_stop, true);
    (void)pthread_join(rolling, NULL);
    publisher_stop(engine->publisher);
    if (engine->healthy && engine->unfit.code != FAULT_NONE) {
        engine->fault = engine->unfit;
        engine->healthy = false;
    }
}

/* The topics that will be read: of the settings, the files or the vector. One block; the caller frees. */
static const char **topics_read(const struct engine *engine, size_t *count) {
    enum { NAME_BYTES = 250 };
    const struct engine_options *options = engine->options;
    bool files = options->path_count > 0;
    size_t vector_count = files ? 0 : options->until_count;
    *count = files ? options->path_count : vector_count > 0 ? vector_count : engine->topic_count;
    const char **topics = calloc(*count, sizeof(*topics) + NAME_BYTES);
    CHECK_MEMORY(topics != NULL);
    char *names = (char *)(topics + *count);
    for (size_t i = 0; i < *count; i++) {
        int32_t partition;
        topics[i] = files ? names + i * NAME_BYTES : vector_count > 0 ? options->until[i].topic : engine->topics[i];
        if (!files) continue;
        const char *path = options->paths[i];
        source_file_name(strcmp(path, "-") == 0 ? "stdin" : path, names + i * NAME_BYTES, &partition);
    }
    return topics;
}

/* Mappings and exclusions against the topics. */
static bool check_topics(struct engine *engine) {
    const struct setup *setup = engine->options->setup;
    const char *kept = engine->settings->tee_directory[0] != '\0' ? "tee.directory" : NULL;
    size_t count;
    const char **topics = topics_read(engine, &count);
    bool fine = true;
    for (size_t i = 0; i < count && fine; i++) fine = mappings_check(setup->mappings, topics[i], kept, &engine->fault);
    if (fine) mappings_warn_unused(setup->mappings, topics, count);
    fine = fine && exclusions_check(setup->exclusions, topics, count, engine->topics, engine->topic_count, &engine->fault);
    free((void *)topics);
    return fine;
}

/* Replays and files are not what the topic is a stream of. */
static bool prepare_publisher(struct engine *engine) {
    const struct settings *settings = engine->settings;
    const char *topic = settings->stream_topic;
    if (topic[0] == '\0') return true;
    if (engine->options->path_count > 0 || engine->options->until_count > 0) {
        log_info("stream_off", "topic=%s reason=\"files and --until are not streamed\"", topic);
        return true;
    }
    bool read = strcmp(topic, settings->deadletter_topic) == 0;
    for (size_t i = 0; i < engine->topic_count; i++) read = read || strcmp(topic, engine->topics[i]) == 0;
    if (read) {
        return fault_set(&engine->fault, STOP_SETTING, false,
                         "stream.topic: %s is one of `topics`, or deadletter.topic; the stream needs a topic of its own", topic);
    }
    struct publisher_options options = {.topic = topic,
                                        .interval_ms = settings->stream_interval_ms,
                                        .store = &engine->options->setup->store,
                                        .idle_ms = settings->rolling_idle_ms,
                                        .snapshot_directory = settings->snapshot_directory,
                                        .status = engine->status};
    options.properties = config_kafka(engine->options->setup->config, &options.property_count);
    return publisher_create(&engine->publisher, &options, &engine->fault);
}

static bool prepare(struct engine *engine) {
    engine->status =
        engine->options->status != NULL ? engine->options->status : status_create(engine->settings->status_file, &engine->fault);
    if (engine->status == NULL || !split_topics(engine) || !check_topics(engine)) return false;
    if (engine->settings->tee_directory[0] != '\0') {
        engine->tee = tee_create(engine->settings->tee_directory, &engine->fault);
        if (engine->tee == NULL) return false;
    }
    if (!prepare_jobs(engine) || !prepare_publisher(engine)) return false;
    const struct endpoint_options endpoint = {.listen = engine->settings->http_listen,
                                              .snapshot_directory = engine->settings->snapshot_directory,
                                              .gauges = engine->gauges,
                                              .status = engine->status,
                                              .store = &engine->options->setup->store,
                                              .workers = engine->job_count};
    return endpoint_start(&engine->endpoint, &endpoint, &engine->fault);
}

static void dismantle(struct engine *engine) {
    endpoint_stop(engine->endpoint);
    publisher_destroy(engine->publisher);
    for (size_t i = 0; i < engine->job_count; i++) {
        struct worker_options *worker = &engine->jobs[i].worker;
        if (worker->source != NULL) worker->source->operations->destroy(worker->source);
        deadletter_destroy(worker->partition.deadletter);
    }
    tee_destroy(engine->tee);
    roster_destroy(engine->roster);
    gauges_destroy(engine->gauges);
    if (engine->options->status == NULL) status_destroy(engine->status);
    engine->options->setup->store.cluster_id = "";
    free(engine->topic_text);
    free(engine);
}

bool engine_run(const struct engine_options *options, struct engine_result *result, struct fault *fault) {
    struct engine *engine = calloc(1, sizeof(*engine));
    CHECK_MEMORY(engine != NULL);
    int64_t started_ms = clock_monotonic_ms();
    engine->options = options;
    engine->settings = config_settings(options->setup->config);
    engine->roster = roster_create();
    service_begin(&engine->service, !options->quiet);
    if (engine->settings->http_listen[0] != '\0' || engine->service.watchdog_ms > 0)
        engine->gauges = gauges_create(); /* nobody looks otherwise */
    engine->healthy = prepare(engine);
    if (engine->healthy && servers_ready(engine)) {
        if (!options->quiet) plan_tell(options->setup);
        endpoint_ready(engine->endpoint);
        run_jobs(engine, started_ms);
    }
    if (engine->healthy && engine->tee != NULL) engine->healthy = tee_flush(engine->tee, &engine->fault);
    *result = (struct engine_result){.elapsed_ms = clock_monotonic_ms() - started_ms};
    if (engine->status != NULL) {
        result->delivered = status_get(engine->status, STATUS_DELIVERED);
        result->refused = status_get(engine->status, STATUS_REFUSED);
        result->commits = status_get(engine->status, STATUS_COMMITS);
    }
    bool healthy = engine->healthy;
    if (!healthy) *fault = engine->fault;
    dismantle(engine);
    return healthy;
}

bool vector_parse(const char *text, struct source_vector_entry *entries, size_t entries_max, size_t *count, struct fault *fault) {
    char *block = strdup(text);
    CHECK_MEMORY(block != NULL);
    char *rest = NULL;
    *count = 0;
    for (char *piece = strtok_r(block, ", \t\r\n", &rest); piece != NULL; piece = strtok_r(NULL, ", \t\r\n", &rest)) {
        char *slash = strrchr(piece, '/');
        char *end = NULL;
        long partition = slash != NULL ? strtol(slash + 1, &end, 10) : -1;
        char *last = NULL;
        long long next = end != NULL && *end == '=' ? strtoll(end + 1, &last, 10) : -1;
        if (partition < 0 || next < 0 || last == NULL || *last != '\0' || *count == entries_max) {
            bool fine =
                fault_set(fault, STOP_OFFSETS, false, "offsets: found \"%.80s\", accepted is topic/partition=offset", piece);
            free(block);
            return fine;
        }
        *slash = '\0';
        entries[(*count)++] =
            (struct source_vector_entry){.topic = piece, .partition = (int32_t)partition, .next = (int64_t)next};
    }
    if (*count > 0) return true;
    free(block);
    return fault_set(fault, STOP_OFFSETS, false, "offsets: empty, accepted is topic/partition=offset, separated by commas");
}
