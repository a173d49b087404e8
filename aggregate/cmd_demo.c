/* `nhip demo`: the whole path on embedded parts, so that a newcomer sees the adoption table in under a minute.
 *
 *     province (this thread) -> mock Kafka -> engine (its own thread) -> private redis-server -> snapshot -> adoption table
 * \-> tee: NDJSON log -> engine on files, empty namespace -> snapshot -> same bytes?
 *
 * The mock keeps 5 MiB per partition and silently drops the oldest beyond it. So the producer never runs more than
 * AHEAD_MAX records ahead of what the engine has taken: 10,000 records of at most a few hundred bytes cannot fill
 * even one partition. With --kafka and --redis the same runs on real servers, in topics and namespaces of its own.
 *
 * The last act is the proof: the log that was consumed is read again into an empty state and must give the same
 * obs.csv, byte for byte. */
#include "aggregate/commands.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/digest.h"
#include "aggregate/runtime/engine.h"
#include "aggregate/runtime/private_redis.h"
#include "aggregate/runtime/tree.h"
#include "aggregate/snapshot/table.h"
#include "check.h"
#include "ingest/mock_kafka.h"
#include "ingest/producer.h"
#include "ingest/province.h"
#include "log.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>

enum { AHEAD_MAX = 8000, PATH_BYTES = 512, FILES_MAX = 64, TURN_MS = 5, PROGRESS_MS = 2000, DRAIN_MS = 120000, FLUSH_MS = 30000 };

static const char usage[] =
    "usage: nhip demo [--dir DIR] [--events N] [--seed S] [--kafka HOST:PORT] [--redis HOST:PORT]\n"
    "\n"
    "Runs everything once: a synthetic province (registry and events) travels through Kafka (librdkafka's\n"
    "mock, in this process) and Redis (a private redis-server) into a snapshot; prints declared and\n"
    "observed adoption beside the published figures; then replays the log into an empty state and\n"
    "compares the published table byte for byte.\n"
    "\n"
    "  --dir DIR      where log, truth and snapshots are left (default build/demo; its former contents\n"
    "                 are replaced)\n"
    "  --events N     event messages beside the registry (default 200000)\n"
    "  --seed S       another province (default 38)\n"
    "  --kafka, --redis   use real servers instead of the embedded ones\n"
    "\n"
    "Examples:\n"
    "  nhip demo\n"
    "  nhip demo --dir other --seed 7 --events 50000\n"
    "\n"
    "Exit codes: 0 the two tables are the same, 1 a part failed, 2 usage, 3 they are not, 4 a file error.\n";

struct topic {
    const char *name;
    int32_t partitions;
};
static const struct topic topics[] = {{"registry", 1}, {"payments", 4}, {"orders", 4}, {"rides", 1}, {"websites", 1}};
enum { TOPIC_COUNT = sizeof(topics) / sizeof(topics[0]) };

struct demo {
    const char *directory;
    const char *kafka;
    const char *redis;
    int64_t events;
    uint64_t seed;
    char prefix[64]; /* of topics and namespaces on real servers */
    struct mock_kafka *mock;
    struct private_redis *server;
    struct province *province;
    struct producer *producer;
    struct config *config;
    struct setup setup;
    struct status *status;
    int64_t produced;
    char vintage[PATH_BYTES];
};

struct running {
    struct engine_options options;
    struct engine_result result;
    struct fault fault;
    bool healthy;
    atomic_bool done;
    pthread_t thread;
};

static atomic_bool interrupted;

static void on_signal(int signal_number) {
    (void)signal_number;
    atomic_store(&interrupted, true);
}

static bool on_option(void *context, int value, const char *argument) {
    struct demo *demo = context;
    char *end = NULL;
    if (value == 'd') demo->directory = argument;
    if (value == 'k') demo->kafka = argument;
    if (value == 'r') demo->redis = argument;
    if (value == 'e') demo->events = strtoll(argument, &end, 10);
    if (value == 's') demo->seed = strtoull(argument, &end, 10);
    if (end == NULL || (*end == '\0' && demo->events > 0)) return true;
    (void)fprintf(stderr, "nhip demo: found \"%s\", accepted is a positive integer\n", argument);
    return false;
}

/* `DIR/name` */
static const char *inside(const struct demo *demo, const char *name, char path[static PATH_BYTES]) {
    (void)snprintf(path, PATH_BYTES, "%s/%s", demo->directory, name);
    return path;
}

/* Removes what an earlier demo left: only the names that a demo makes. */
static void clear(const struct demo *demo) {
    static const char *const names[] = {"log", "snapshots", "replayed", "truth.json", "sources.json", "deadletters.ndjson"};
    char path[PATH_BYTES];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) tree_remove(inside(demo, names[i], path));
}

static bool set(struct demo *demo, const char *key, const char *value, struct fault *fault) {
    return config_put(demo->config, key, value, fault);
}

static bool configure(struct demo *demo, struct fault *fault) {
    char path[PATH_BYTES];
    char list[PATH_BYTES] = "";
    size_t length = 0;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        length +=
            (size_t)snprintf(list + length, sizeof(list) - length, "%s%s%s", i > 0 ? "," : "", demo->prefix, topics[i].name);
    }
    char group[80];
    (void)snprintf(group, sizeof(group), "%snhip", demo->prefix);
    if (!province_write_sources(inside(demo, "sources.json", path), fault)) return false;
    return set(demo, "sources.file", path, fault) && set(demo, "topics", list, fault) &&
           set(demo, "kafka.bootstrap.servers", demo->kafka, fault) && set(demo, "kafka.group.id", group, fault) &&
           set(demo, "redis.address", demo->redis, fault) && set(demo, "namespace", group, fault) &&
           set(demo, "sketches.accounts", "on", fault) &&
           set(demo, "commit.interval", "250ms", fault) && set(demo, "tee.directory", inside(demo, "log", path), fault) &&
           set(demo, "deadletter.file", inside(demo, "deadletters.ndjson", path), fault) &&
           set(demo, "snapshot.directory", inside(demo, "snapshots", path), fault) &&
           setup_create(&demo->setup, demo->config, fault);
}

static bool start_parts(struct demo *demo, struct fault *fault) {
    if (demo->redis == NULL) {
        demo->server = private_redis_start(fault);
        if (demo->server == NULL) return false;
        demo->redis = private_redis_address(demo->server);
    }
    if (demo->kafka == NULL) {
        demo->mock = mock_kafka_create(1, fault);
        if (demo->mock == NULL) return false;
        demo->kafka = mock_kafka_bootstrap(demo->mock);
    } else {
        (void)snprintf(demo->prefix, sizeof(demo->prefix), "demo-%lld-", (long long)clock_wall_ms());
    }
    if (!configure(demo, fault)) return false;
    size_t count = 0;
    const struct kafka_property *kafka = config_kafka(demo->config, &count);
    for (int i = 0; i < TOPIC_COUNT; i++) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s%s", demo->prefix, topics[i].name);
        bool fine = demo->mock != NULL ? mock_kafka_topic(demo->mock, name, topics[i].partitions, fault)
                                       : kafka_topic_create(kafka, count, name, topics[i].partitions, FLUSH_MS, fault);
        if (!fine) return false;
    }
    demo->producer = producer_kafka_create(kafka, 1, fault);
    const struct province_options options = {
        .seed = demo->seed, .events = demo->events, .first_day = day_from_civil((struct civil_date){2021, 7, 3}), .days = 90};
    if (demo->producer != NULL) demo->province = province_create(&options, fault);
    if (demo->province != NULL) demo->status = status_create(NULL, fault);
    return demo->status != NULL;
}

static void *run_engine(void *argument) {
    struct running *running = argument;
    running->healthy = engine_run(&running->options, &running->result, &running->fault);
    atomic_store(&running->done, true);
    return NULL;
}

static int64_t delivered(const struct demo *demo) {
    return status_get(demo->status, STATUS_DELIVERED);
}

static void say_progress(const struct demo *demo, int64_t *next_ms) {
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms < *next_ms) return;
    *next_ms = now_ms + PROGRESS_MS;
    (void)fprintf(stderr, "  %9lld produced  %9lld counted  %6lld refused  %5lld commits\n", (long long)demo->produced,
                  (long long)delivered(demo), (long long)status_get(demo->status, STATUS_REFUSED),
                  (long long)status_get(demo->status, STATUS_COMMITS));
}

/* Produces the whole province, never further than AHEAD_MAX in front of the engine. */
static bool produce(struct demo *demo, struct running *running, struct fault *fault) {
    struct province_message message;
    int64_t next_ms = clock_monotonic_ms() + PROGRESS_MS;
    while (province_next(demo->province, &message)) {
        char topic[128];
        (void)snprintf(topic, sizeof(topic), "%s%s", demo->prefix, message.topic);
        if (!producer_put(demo->producer, topic, -1, message.key, message.value, message.timestamp_ms, fault)) return false;
        demo->produced++;
        while (demo->produced - delivered(demo) >= AHEAD_MAX) {
            if (atomic_load(&running->done) || atomic_load(&interrupted))
                return fault_set(fault, STOP_DEMO_SHORT, false, "interrupted");
            say_progress(demo, &next_ms);
            clock_sleep_ms(TURN_MS);
        }
    }
    if (!producer_flush(demo->producer, FLUSH_MS, fault)) return false;
    int64_t until_ms = clock_monotonic_ms() + DRAIN_MS;
    while (delivered(demo) < demo->produced && !atomic_load(&running->done)) {
        if (clock_monotonic_ms() > until_ms || atomic_load(&interrupted)) {
            return fault_set(fault, STOP_DEMO_SHORT, false, "only %lld of %lld records came through", (long long)delivered(demo),
                             (long long)demo->produced);
        }
        say_progress(demo, &next_ms);
        clock_sleep_ms(TURN_MS);
    }
    return true;
}

static bool count_stream(struct demo *demo, struct fault *fault) {
    struct running running = {.healthy = false};
    running.options =
        (struct engine_options){.setup = &demo->setup, .stop = &(atomic_bool){false}, .quiet = true, .status = demo->status};
    CHECK(pthread_create(&running.thread, NULL, run_engine, &running) == 0);
    bool fine = produce(demo, &running, fault);
    atomic_store(running.options.stop, true);
    (void)pthread_join(running.thread, NULL);
    if (!running.healthy) *fault = running.fault;
    return fine && running.healthy;
}

static bool take_snapshot(struct demo *demo, const char *directory, char vintage[static PATH_BYTES], struct fault *fault) {
    char definitions[PATH_BYTES];
    struct snapshot_options options;
    struct snapshot_result result;
    if (!setup_snapshot(&demo->setup, &options, definitions, fault)) return false;
    options.period = "2021-09";
    options.directory = directory;
    if (!snapshot_write(&options, &result, fault)) return false;
    (void)snprintf(vintage, PATH_BYTES, "%s", result.path);
    return true;
}

/* The files of DIR/log as paths; returns how many. */
static size_t list_log(const struct demo *demo, char paths[FILES_MAX][PATH_BYTES]) {
    char directory[PATH_BYTES];
    DIR *listing = opendir(inside(demo, "log", directory));
    size_t count = 0;
    if (listing == NULL) return 0;
    for (struct dirent *entry = readdir(listing); entry != NULL && count < FILES_MAX; entry = readdir(listing)) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(paths[count++], PATH_BYTES, "%.240s/%.240s", directory, entry->d_name);
    }
    (void)closedir(listing);
    return count;
}

/* Reads the tee'd log into an empty namespace, publishes again, compares the bytes of obs.csv. */
static bool replay(struct demo *demo, struct fault *fault) {
    static char paths[FILES_MAX][PATH_BYTES];
    const char *list[FILES_MAX];
    char directory[PATH_BYTES], vintage[PATH_BYTES], first[PATH_BYTES + 16], second[PATH_BYTES + 16];
    char digests[2][DIGEST_TEXT_BYTES];
    size_t count = list_log(demo, paths);
    for (size_t i = 0; i < count; i++) list[i] = paths[i];
    setup_destroy(&demo->setup);
    char name_space[80];
    (void)snprintf(name_space, sizeof(name_space), "%sreplay", demo->prefix);
    if (!set(demo, "namespace", name_space, fault) || !set(demo, "tee.directory", "", fault) ||
        !set(demo, "stream.topic", "", fault) || !set(demo, "deadletter.file", "", fault) ||
        !setup_create(&demo->setup, demo->config, fault)) {
        return false;
    }
    struct engine_result result;
    const struct engine_options engine = {
        .setup = &demo->setup, .paths = list, .path_count = count, .stop = &(atomic_bool){false}, .quiet = true};
    if (!engine_run(&engine, &result, fault)) return false;
    if (!take_snapshot(demo, inside(demo, "replayed", directory), vintage, fault)) return false;
    (void)snprintf(first, sizeof(first), "%s/obs.csv", demo->vintage);
    (void)snprintf(second, sizeof(second), "%s/obs.csv", vintage);
    if (!digest_file(first, digests[0], fault) || !digest_file(second, digests[1], fault)) return false;
    if (strcmp(digests[0], digests[1]) != 0) {
        return fault_set(fault, STOP_REPLAY_DIFFERS, false, "replaying the log gave another table: compare %s and %s", first,
                         second);
    }
    (void)printf("\nReplayed %lld records of the log into an empty state: the same obs.csv, byte for byte (sha256 %.16s...).\n",
                 (long long)result.delivered, digests[0]);
    return true;
}

/* What to look at next, a path a line. */
static void print_files(const struct demo *demo) {
    static const struct {
        const char *file;
        const char *what;
    } files[] = {
        {"report.html", "Report, to be opened in a browser (charts and tables, Vietnamese and English)"},
        {"obs.csv", "Snapshot, the figures (SDMX-CSV 2.0)"},
        {"adoption.sqlite", "the same figures for SQL"},
        {"adoption.dta", "the same figures for Stata"},
        {"calendar.csv", "when each period is released and final"},
        {"paradata.csv", "how the data came in: duplicates, refusals, gaps"},
        {"METHODOLOGY.md", "how each figure is made"},
        {"README.md", "all files of the vintage, and how to open them"},
        {"snapshot.json", "what it was made of: offsets, registry cut, hashes"},
        {"MANIFEST.sha256", "hashes of all files"},
    };
    (void)printf("\nLook at:\n");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)printf("%s:\n  %s/%s\n", files[i].what, demo->vintage, files[i].file);
    (void)printf("the log it was counted from, and what was refused:\n  %s/log/\n  %s/deadletters.ndjson\n", demo->directory,
                 demo->directory);
}

static bool run_demo(struct demo *demo, struct fault *fault) {
    char path[PATH_BYTES];
    int64_t started_ms = clock_monotonic_ms();
    if (!tree_make(demo->directory, fault)) return false;
    clear(demo);
    if (!start_parts(demo, fault)) return false;
    (void)fprintf(stderr, "nhip demo: %lld events of a synthetic province -> Kafka (%s) -> Redis (%s)\n", (long long)demo->events,
                  demo->mock != NULL ? "mock, in process" : demo->kafka,
                  demo->server != NULL ? "private redis-server" : demo->redis);
    if (!count_stream(demo, fault)) return false;
    if (!province_write_truth(demo->province, inside(demo, "truth.json", path), fault)) return false;
    if (!take_snapshot(demo, inside(demo, "snapshots", path), demo->vintage, fault)) return false;
    if (!adoption_table_print(demo->vintage, "2021-09", stdout))
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: obs.csv cannot be read", demo->vintage);
    if (!replay(demo, fault)) return false;
    (void)printf("\n%lld records counted, %lld refused (each with its reason in %s/deadletters.ndjson), %.1f s.\n",
                 (long long)delivered(demo), (long long)status_get(demo->status, STATUS_REFUSED), demo->directory,
                 (double)(clock_monotonic_ms() - started_ms) / 1000);
    print_files(demo);
    return true;
}

static void end_parts(struct demo *demo) {
    setup_destroy(&demo->setup);
    status_destroy(demo->status);
    province_destroy(demo->province);
    producer_destroy(demo->producer);
    mock_kafka_destroy(demo->mock);
    private_redis_stop(demo->server);
}

int cmd_demo(int argc, char **argv) {
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'},   {"events", required_argument, NULL, 'e'},
                                            {"seed", required_argument, NULL, 's'},  {"kafka", required_argument, NULL, 'k'},
                                            {"redis", required_argument, NULL, 'r'}, {0}};
    struct demo demo = {.directory = "build/demo", .events = 200000, .seed = 38};
    const struct command_options how = {
        .name = "demo", .usage = usage, .options = options, .option = on_option, .context = &demo};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_WARN);
    demo.config = command.config;
    bool fine = run_demo(&demo, &fault);
    end_parts(&demo);
    return command_end(&command, fine, &fault);
}
