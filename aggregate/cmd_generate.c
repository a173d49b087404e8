/* `nhip generate`: a synthetic province with a known truth, to a file, a directory of logs, or Kafka.
 *
 * The stream is a pure function of the options that shape it (seed, events, from, days, clean); where it goes and how
 * fast changes nothing. The registry comes first, as fast as it can; --rate paces the events by the wall clock, by
 * sleeping before each small bundle, so that a slow reader is not asked for bursts. The truth is written at the end,
 * when everything has been acknowledged. */
#include "aggregate/commands.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "ingest/producer.h"
#include "ingest/province.h"
#include "zone.h"

#include <errno.h>
#include <inttypes.h>

enum {
    OPTION_SEED = 1,
    OPTION_EVENTS,
    OPTION_FROM,
    OPTION_DAYS,
    OPTION_CLEAN,
    OPTION_RATE,
    OPTION_OUTPUT,
    OPTION_KAFKA,
    OPTION_PARTITIONS,
    OPTION_TRUTH,
    OPTION_SOURCES,
    OPTION_PREFIX
};
enum { FLUSH_MS = 120000, TOPIC_MS = 30000, PACE_MS = 10, PROPERTIES_MAX = 64, TOPIC_BYTES = 250 };

static const char usage[] =
    "usage: nhip generate [options]\n"
    "\n"
    "Makes the registry and the payments, orders, rides and website observations of a synthetic province,\n"
    "calibrated to the published figures of Thanh Hoa, with duplicates, late, disordered and broken\n"
    "records - and the truth about them.\n"
    "\n"
    "  --seed S           another province for each number (default 7)\n"
    "  --events N         event messages beside the registry (default 20000)\n"
    "  --from DATE        first local day (default 2021-07-03)\n"
    "  --days D           length, 1 to 1000 (default 90)\n"
    "  --clean            nothing doubled, late, disordered or broken\n"
    "  --rate R           events per second by the wall clock (default: as fast as it goes)\n"
    "  --output FILE      NDJSON to FILE, - = standard output (default), DIR/ = one TOPIC-P.ndjson per\n"
    "                     topic and partition\n"
    "  --kafka HOST:PORT  to the topics registry, payments, orders, rides, websites, created when they\n"
    "                     are missing\n"
    "  --prefix TEXT      put before each topic's name\n"
    "  --partitions P     of each topic, for --kafka and --output DIR/ (default 8)\n"
    "  --truth FILE       what the stream means: counts and figures (tests/oracle/README.md)\n"
    "  --sources FILE     what its sources declare, for the setting `sources`\n"
    "  --config FILE, --set KEY=VALUE   settings; `kafka.*` goes to the producer\n"
    "  --help             this text\n"
    "\n"
    "Examples:\n"
    "  nhip generate --events 1000 | head\n"
    "  nhip generate --seed 7 --events 200000 --output log/ --truth truth.json --sources sources.json\n"
    "  nhip generate --events 2000000 --kafka localhost:9092 --partitions 8 --rate 20000\n"
    "\n"
    "Exit codes: 0 made, 1 Kafka failed, 2 usage or settings, 4 a file could not be written.\n";

static const struct option long_options[] = {
    {"seed", required_argument, NULL, OPTION_SEED},     {"events", required_argument, NULL, OPTION_EVENTS},
    {"from", required_argument, NULL, OPTION_FROM},     {"days", required_argument, NULL, OPTION_DAYS},
    {"clean", no_argument, NULL, OPTION_CLEAN},         {"rate", required_argument, NULL, OPTION_RATE},
    {"output", required_argument, NULL, OPTION_OUTPUT}, {"kafka", required_argument, NULL, OPTION_KAFKA},
    {"truth", required_argument, NULL, OPTION_TRUTH},   {"partitions", required_argument, NULL, OPTION_PARTITIONS},
    {"sources", required_argument, NULL, OPTION_SOURCES}, {"prefix", required_argument, NULL, OPTION_PREFIX}, {0},
};

struct generate {
    struct province_options province;
    int64_t rate; /* events per second, 0 = unbounded */
    int32_t partitions;
    const char *output, *kafka, *truth, *sources, *prefix;
};

static bool number_option(const char *name, const char *argument, int64_t low, int64_t high, int64_t *out) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(argument, &end, 10);
    if (errno == 0 && *argument != '\0' && *end == '\0' && value >= low && value <= high) {
        *out = value;
        return true;
    }
    (void)fprintf(stderr, "nhip generate: --%s: found \"%s\", accepted is a whole number from %" PRId64 " to %" PRId64 "\n", name,
                  argument, low, high);
    return false;
}

static bool from_option(struct generate *generate, const char *argument) {
    int32_t lowest = day_from_civil((struct civil_date){2017, 1, 1}), highest = day_from_civil((struct civil_date){2150, 1, 1});
    if (iso_date_parse(slice_of(argument), &generate->province.first_day) && generate->province.first_day >= lowest &&
        generate->province.first_day <= highest) {
        return true;
    }
    (void)fprintf(stderr, "nhip generate: --from: found \"%s\", accepted is a date YYYY-MM-DD from 2017-01-01 to 2150-01-01\n",
                  argument);
    return false;
}

static bool on_option(void *context, int value, const char *argument) {
    struct generate *generate = context;
    int64_t number = 0;
    bool fine = true;
    switch (value) {
    case OPTION_SEED:
        fine = number_option("seed", argument, 0, INT64_MAX, &number);
        generate->province.seed = (uint64_t)number;
        return fine;
    case OPTION_EVENTS: return number_option("events", argument, 1, 2000000000, &generate->province.events);
    case OPTION_FROM: return from_option(generate, argument);
    case OPTION_DAYS:
        fine = number_option("days", argument, 1, 1000, &number);
        generate->province.days = (int32_t)number;
        return fine;
    case OPTION_CLEAN: generate->province.clean = true; return true;
    case OPTION_RATE: return number_option("rate", argument, 1, 100000000, &generate->rate);
    case OPTION_OUTPUT: generate->output = argument; return true;
    case OPTION_KAFKA: generate->kafka = argument; return true;
    case OPTION_PARTITIONS:
        fine = number_option("partitions", argument, 1, 1024, &number);
        generate->partitions = (int32_t)number;
        return fine;
    case OPTION_TRUTH: generate->truth = argument; return true;
    case OPTION_PREFIX: generate->prefix = argument; return true;
    case OPTION_SOURCES: generate->sources = argument; return true;
    }
    return false;
}

static struct producer *kafka_open(const struct generate *generate, const struct config *config, struct fault *fault) {
    static const char *const topics[] = {"registry", "payments", "orders", "rides", "websites"};
    struct kafka_property properties[PROPERTIES_MAX];
    size_t given = 0, count = 0;
    const struct kafka_property *settings = config_kafka(config, &given);
    properties[count++] = (struct kafka_property){"bootstrap.servers", generate->kafka};
    for (size_t i = 0; i < given && count < PROPERTIES_MAX; i++) {
        if (strcmp(settings[i].key, "bootstrap.servers") != 0) properties[count++] = settings[i];
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        char topic[TOPIC_BYTES];
        (void)snprintf(topic, sizeof(topic), "%s%s", generate->prefix, topics[i]);
        if (!kafka_topic_create(properties, count, topic, generate->partitions, TOPIC_MS, fault)) return NULL;
    }
    return producer_kafka_create(properties, count, fault);
}

static struct producer *output_open(const struct generate *generate, const struct config *config, struct fault *fault) {
    if (generate->kafka) {
        if (!generate->output) return kafka_open(generate, config, fault);
        (void)fault_set(fault, STOP_USAGE, false, "--kafka and --output exclude each other");
        return NULL;
    }
    const char *output = generate->output ? generate->output : "-";
    size_t length = strlen(output);
    if (length > 1 && output[length - 1] == '/') return producer_directory_create(output, generate->partitions, fault);
    return producer_file_create(output, fault);
}

/* Waits until event number `done` is due. */
static void pace(const struct generate *generate, int64_t done, int64_t start_ms) {
    if (generate->rate == 0) return;
    int64_t due_ms = start_ms + (int64_t)((__int128)done * 1000 / generate->rate);
    int64_t ahead_ms = due_ms - clock_monotonic_ms();
    if (ahead_ms > PACE_MS) clock_sleep_ms(ahead_ms < 1000 ? ahead_ms : 1000);
}

static bool produce(const struct generate *generate, struct province *province, struct producer *producer, struct fault *fault) {
    struct province_message message;
    int64_t made = 0, units = 0, start_ms = clock_monotonic_ms(), told_ms = start_ms;
    while (province_next(province, &message)) {
        bool registry = strcmp(message.topic, "registry") == 0;
        char topic[TOPIC_BYTES];
        (void)snprintf(topic, sizeof(topic), "%s%s", generate->prefix, message.topic);
        if (!producer_put(producer, topic, -1, message.key, message.value, message.timestamp_ms, fault)) return false;
        if (registry) {
            units++;
            start_ms = clock_monotonic_ms();
            continue;
        }
        made++;
        if (generate->rate > 0 || made % 1024 == 0) pace(generate, made, start_ms);
        if (made % 256 != 0 || clock_monotonic_ms() - told_ms < 1000) continue;
        told_ms = clock_monotonic_ms();
        (void)fprintf(stderr, "nhip generate: %" PRId64 " of %" PRId64 " events, %" PRId64 " per second\n", made,
                      generate->province.events, made * 1000 / (told_ms - start_ms + 1));
    }
    if (!producer_flush(producer, FLUSH_MS, fault)) return false;
    (void)fprintf(stderr, "nhip generate: %" PRId64 " registry records and %" PRId64 " events\n", units, made);
    return true;
}

static bool generate_all(const struct generate *generate, const struct config *config, struct fault *fault) {
    struct province *province = province_create(&generate->province, fault);
    struct producer *producer = province ? output_open(generate, config, fault) : NULL;
    bool fine = producer != NULL;
    if (fine && generate->sources) fine = province_write_sources(generate->sources, fault);
    fine = fine && produce(generate, province, producer, fault);
    if (fine && generate->truth) fine = province_write_truth(province, generate->truth, fault);
    if (producer) producer_destroy(producer);
    province_destroy(province);
    return fine;
}

int cmd_generate(int argc, char **argv) {
    struct generate generate = {.province = {.seed = 7, .events = 20000, .days = 90}, .partitions = 8, .prefix = ""};
    generate.province.first_day = day_from_civil((struct civil_date){2021, 7, 3});
    const struct command_options options = {"generate", usage, long_options, on_option, &generate};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &options, argc, argv)) return command.exit_code;
    bool fine = false;
    if (command.argument_count > 0) {
        (void)fault_set(&fault, STOP_USAGE, false, "found \"%s\", accepted are only options (see nhip generate --help)",
                        command.arguments[0]);
    } else {
        fine = generate_all(&generate, command.config, &fault);
    }
    return command_end(&command, fine, &fault);
}
