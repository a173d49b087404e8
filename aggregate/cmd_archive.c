/* `nhip archive`: what is consumed, kept as files, so that a vintage can be proved when Kafka has deleted its records. */
#include "aggregate/commands.h"

#include "aggregate/archive/keeper.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/verify/passport.h"
#include "check.h"

#include <inttypes.h>

static const char usage[] =
    "usage: nhip archive [--to DIR] [--until VINTAGE] [--accept-gap] [--config FILE] [--set key=value]...\n"
    "       nhip archive --check DIR\n"
    "\n"
    "Keeps the records of the topics as files, from where the archive ends to the present end of each log:\n"
    "zstd-compressed NDJSON, a file for each partition and local day, never changed again, with SHA-256\n"
    "manifests. Offsets, times, keys, headers and values are kept byte for byte; nhip verify --archive\n"
    "counts a vintage again from them. Reads Kafka as a run does, without a consumer group: runs do not\n"
    "notice. Ended at any moment (kill -9 too), it goes on where it was. Call it every day, or oftener\n"
    "than Kafka deletes.\n"
    "\n"
    "  --to DIR         the archive (setting archive.directory)\n"
    "  --until VINTAGE  only up to the offsets of a vintage's directory\n"
    "  --accept-gap     go on where Kafka has deleted what was not archived; the archive says so for ever\n"
    "  --check DIR      prove every file of an archive; needs neither Kafka nor Redis\n"
    "\n"
    "Examples:\n"
    "  nhip archive --config nhip.conf --to /backups/log\n"
    "  nhip archive --config nhip.conf --to /backups/log --until snapshots/THDX_ADOPTION_M_2021-09_r1_20211002T170000Z\n"
    "  nhip archive --check /backups/log\n"
    "\n"
    "Exit codes: 0 archived, or ended by SIGTERM in good order, 1 Kafka failed, 2 usage or settings, 3 refused (records are\n"
    "lost, damaged, or of another log), 4 a file could not be read or written. The format: schemas/archive.md.\n";

struct request {
    const char *to, *until, *check;
    bool accept_gap;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 't') request->to = argument;
    if (value == 'u') request->until = argument;
    if (value == 'c') request->check = argument;
    if (value == 'g') request->accept_gap = true;
    return true;
}

/* The offsets of a vintage; topics stand in the passport. */
static bool take_vector(const char *directory, struct passport *passport, struct source_vector_entry **vector,
                        struct fault *fault) {
    if (!passport_read(passport, directory, fault)) return false;
    *vector = calloc(passport->input_count, sizeof(**vector));
    CHECK_MEMORY(*vector != NULL);
    for (size_t i = 0; i < passport->input_count; i++) {
        const struct passport_input *input = &passport->inputs[i];
        (*vector)[i] = (struct source_vector_entry){
            .topic = input->topic, .partition = input->partition, .next = input->end_offset};
    }
    return true;
}

static void tell(const char *directory, const struct keeper_result *result, int64_t elapsed_ms) {
    const struct kept_totals *totals = &result->totals;
    (void)printf("%s: %" PRId64 " of %" PRId64 " partitions had something new: %" PRId64 " records, %" PRId64 " files, %" PRId64
                 " bytes (%" PRId64 " unpacked), %" PRId64 " ms\n",
                 directory, result->moved, result->partitions, totals->records, totals->parts, totals->file_bytes,
                 totals->plain_bytes, elapsed_ms);
    if (totals->lost > 0)
        (void)fprintf(stderr, "nhip archive: %" PRId64 " offsets are noted as lost: Kafka had deleted them\n", totals->lost);
    if (result->stopped) (void)fprintf(stderr, "nhip archive: stopped; the next call goes on from there\n");
}

/* Those of a run: no group is joined, but librdkafka wants its name, and a Kafka with ACLs a right on it. The caller frees. */
static struct kafka_property *kafka_properties(const struct config *config, size_t *count) {
    const struct kafka_property *given = config_kafka(config, count);
    struct kafka_property *properties = calloc(*count + 1, sizeof(*properties));
    CHECK_MEMORY(properties != NULL);
    properties[0] = (struct kafka_property){.key = "group.id", .value = config_settings(config)->namespace_name};
    if (*count > 0) memcpy(properties + 1, given, *count * sizeof(*properties));
    ++*count;
    return properties;
}

static bool keep(const struct request *request, const char *directory, struct config *config, struct fault *fault) {
    struct passport passport = {.release = 0};
    struct source_vector_entry *vector = NULL;
    struct keeper_result result;
    const struct settings *settings = config_settings(config);
    struct keeper_options options = {.directory = directory,
                                     .topics = settings->topics,
                                     .accept_gap = request->accept_gap,
                                     .stop = &command_stop};
    struct kafka_property *properties = kafka_properties(config, &options.property_count);
    options.properties = properties;
    int64_t started_ms = clock_monotonic_ms();
    bool fine = request->until == NULL || take_vector(request->until, &passport, &vector, fault);
    options.until = vector;
    options.until_count = passport.input_count;
    struct zone *zone = fine ? zone_create(settings->reporting_timezone, fault) : NULL;
    options.zone = zone;
    if (zone != NULL) {
        fine = keeper_run(&options, &result, fault);
        if (fine || result.partitions > 0) tell(directory, &result, clock_monotonic_ms() - started_ms);
        zone_destroy(zone);
    }
    free(properties);
    free(vector);
    passport_clear(&passport);
    return zone != NULL && fine;
}

static bool archive(const struct request *request, struct config *config, struct fault *fault) {
    if (request->check != NULL) {
        struct keeper_result result;
        if (request->to != NULL || request->until != NULL || request->accept_gap)
            return fault_set(fault, STOP_USAGE, false, "--check stands alone (see nhip archive --help)");
        if (!keeper_check(request->check, &result, fault)) return false;
        (void)printf("%s: whole: %" PRId64 " partitions, %" PRId64 " records, %" PRId64 " files, %" PRId64 " offsets lost\n",
                     request->check, result.partitions, result.totals.records, result.totals.parts, result.totals.lost);
        return true;
    }
    const char *directory = request->to != NULL ? request->to : config_settings(config)->archive_directory;
    if (directory[0] != '\0') return keep(request, directory, config, fault);
    return fault_set(fault, STOP_SETTING, false, "archive.directory: empty; say where, there or with --to DIR");
}

int cmd_archive(int argc, char **argv) {
    static const struct option options[] = {{"to", required_argument, NULL, 't'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"check", required_argument, NULL, 'c'},
                                            {"accept-gap", no_argument, NULL, 'g'},
                                            {0}};
    struct request request = {.to = NULL};
    const struct command_options how = {
        .name = "archive", .usage = usage, .options = options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    command_catch_signals();
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = command.argument_count == 0
                    ? archive(&request, command.config, &fault)
                    : fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%.60s\"", command.arguments[0]);
    return command_end(&command, fine, &fault);
}
