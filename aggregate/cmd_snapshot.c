/* `nhip snapshot`: one vintage from the state in Redis, and the adoption table on standard output. */
#include "aggregate/commands.h"

#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/snapshot/table.h"

static const char usage[] =
    "usage: nhip snapshot --period PERIOD [--config FILE] [--set key=value]... [--as-of TIME] [--daily]\n"
    "            [--dir DIR] [--definitions FILE] [--quiet]\n"
    "\n"
    "Reads one true prefix of the state in Redis and writes a vintage: an immutable directory with\n"
    "obs.csv (SDMX-CSV 2.0), indicators.json, snapshot.json (offsets, registry cut, configuration hashes)\n"
    "and MANIFEST.sha256. Prints its path and the adoption table.\n"
    "\n"
    "  --period PERIOD      2021, 2021-Q3, 2021-09, 2021-W39 or 2021-09-30\n"
    "  --as-of TIME         label and registry cut, RFC 3339 (default: the greatest record time of the\n"
    "                       state; earlier is refused)\n"
    "  --daily              also one row per day of the period for the indicators that are made daily\n"
    "  --dir DIR            where vintages are collected (setting snapshot.directory)\n"
    "  --definitions FILE   indicators.json (setting snapshot.definitions)\n"
    "  --quiet              print the path only\n"
    "\n"
    "Examples:\n"
    "  nhip snapshot --period 2021-09 --set redis.address=127.0.0.1:6379\n"
    "  nhip snapshot --config nhip.conf --period 2021-Q3 --as-of 2021-10-02T17:00:00Z --dir snapshots\n"
    "\n"
    "Exit codes: 0 written, 1 Redis failed, 2 usage, setting or definitions, 3 refused (no state, as-of\n"
    "too early), 4 file error.\n";

static const struct option long_options[] = {
    {"period", required_argument, NULL, 'p'},
    {"as-of", required_argument, NULL, 'a'},
    {"daily", no_argument, NULL, 'd'},
    {"dir", required_argument, NULL, 'o'},
    {"definitions", required_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {0},
};

struct request {
    const char *period;
    const char *as_of;
    const char *directory;
    const char *definitions;
    bool daily;
    bool quiet;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 'p') request->period = argument;
    if (value == 'a') request->as_of = argument;
    if (value == 'o') request->directory = argument;
    if (value == 'f') request->definitions = argument;
    if (value == 'd') request->daily = true;
    if (value == 'q') request->quiet = true;
    return true;
}

static bool apply(const struct request *request, struct snapshot_options *options, struct fault *fault) {
    if (request->period == NULL) {
        return fault_set(fault, FAULT_USAGE, false, "--period is missing: 2021, 2021-Q3, 2021-09, 2021-W39 or 2021-09-30");
    }
    options->period = request->period;
    options->daily = request->daily;
    if (request->directory != NULL) options->directory = request->directory;
    if (request->as_of == NULL || rfc3339_parse(slice_of(request->as_of), &options->as_of_ms)) return true;
    return fault_set(fault, FAULT_USAGE, false, "--as-of: found \"%.40s\", accepted is RFC 3339 such as 2021-10-02T17:00:00Z",
                     request->as_of);
}

static bool write_and_print(const struct request *request, const struct snapshot_options *options, struct fault *fault) {
    struct snapshot_result result;
    if (!snapshot_write(options, &result, fault)) return false;
    (void)printf("%s\n", result.path);
    if (request->quiet) return true;
    (void)printf("%lld observations; %lld accounts belong to no unit, %lld claims refused\n\n", (long long)result.observations,
                 (long long)result.unmatched_accounts, (long long)result.refused_claims);
    if (adoption_table_print(result.path, options->period, stdout)) return true;
    return fault_set(fault, FAULT_IO, false, "%s: obs.csv cannot be read back", result.path);
}

static bool snapshot(const struct request *request, struct config *config, struct fault *fault) {
    char definitions[512];
    struct snapshot_options options;
    struct setup setup;
    if (request->definitions != NULL) {
        char assignment[600];
        (void)snprintf(assignment, sizeof(assignment), "snapshot.definitions=%.511s", request->definitions);
        if (!config_set(config, assignment, fault)) return false;
    }
    if (!setup_create(&setup, config, fault)) return false;
    bool good = setup_snapshot(&setup, &options, definitions, fault) && apply(request, &options, fault) &&
                write_and_print(request, &options, fault);
    setup_destroy(&setup);
    return good;
}

int cmd_snapshot(int argc, char **argv) {
    struct request request = {.period = NULL};
    const struct command_options how = {
        .name = "snapshot", .usage = usage, .options = long_options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = false;
    if (command.argument_count > 0) {
        (void)fault_set(&fault, FAULT_USAGE, false, "unexpected argument \"%.60s\" (see nhip snapshot --help)",
                        command.arguments[0]);
    } else {
        fine = snapshot(&request, command.config, &fault);
    }
    return command_end(&command, fine, &fault);
}
