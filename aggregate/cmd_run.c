/* `nhip run`: the long-lived job. Everything that it does is in aggregate/runtime/engine.c; here are the options and
 * the signals. */
#include "aggregate/commands.h"

#include "aggregate/runtime/command.h"
#include "aggregate/runtime/engine.h"
#include "log.h"

#include <signal.h>

enum { PATHS_MAX = 1024 };

static const char usage[] =
    "usage: nhip run [--config FILE] [--set key=value]... [--file PATH]... [--once | --until OFFSETS]\n"
    "                [--accept-empty] [--accept-gap]\n"
    "\n"
    "Reads events from Kafka (a consumer group) or from NDJSON files and keeps exact counters in Redis.\n"
    "State and offsets move in one transaction: after any crash the state is a true, shorter prefix of\n"
    "the log, and the next start goes on from there.\n"
    "\n"
    "  --config FILE     settings (nhip config --help lists them)\n"
    "  --set key=value   one setting; may be repeated; wins over file and environment\n"
    "  --namespace N     the setting `namespace`: one holds one state\n"
    "  --file PATH       read this NDJSON file instead of Kafka (TOPIC-P.ndjson; `-` = standard input);\n"
    "                    may be repeated\n"
    "  --once            stop at the end that the log has now\n"
    "  --until OFFSETS   stop each partition at topic/partition=offset (exclusive), separated by commas;\n"
    "                    others are not read\n"
    "  --accept-empty    begin anew where the group remembers a state of this namespace and Redis has none\n"
    "                    (it was emptied or replaced); without it that is refused\n"
    "  --accept-gap      go on where Kafka has deleted what the state needs; the gap is noted in the state\n"
    "                    and in every snapshot of it. For one start, not for a unit file\n"
    "\n"
    "SIGTERM and SIGINT: commit what was read, leave the group, exit 0.\n"
    "\n"
    "Examples:\n"
    "  nhip run --set kafka.bootstrap.servers=127.0.0.1:9092\n"
    "  nhip run --config nhip.conf --once\n"
    "  nhip run --set namespace=replay --file log/payments-0.ndjson --file log/registry-0.ndjson\n"
    "\n"
    "Exit codes: 0 ended as it should, 1 Kafka or Redis failed, 2 usage or settings, 3 refused (the state and\n"
    "the log do not belong together, ...), 4 a file cannot be read or written.\n";

struct run_options {
    const char *paths[PATHS_MAX];
    size_t path_count;
    const char *until;
    bool once;
    bool accept_empty;
    bool accept_gap;
};

static bool on_option(void *context, int value, const char *argument) {
    struct run_options *options = context;
    if (value == 'f') {
        if (options->path_count == PATHS_MAX) return false;
        options->paths[options->path_count++] = argument;
    } else if (value == 'o') {
        options->once = true;
    } else if (value == 'e') {
        options->accept_empty = true;
    } else if (value == 'g') {
        options->accept_gap = true;
    } else if (value == 'u') {
        options->until = argument;
    } else {
        return false;
    }
    return true;
}

static bool run(struct command *command, const struct run_options *options, struct fault *fault) {
    static struct source_vector_entry entries[PARTITIONS_MAX];
    struct setup setup;
    size_t entry_count = 0;
    if (options->until != NULL && !vector_parse(options->until, entries, PARTITIONS_MAX, &entry_count, fault)) return false;
    bool fine = setup_create(&setup, command->config, fault);
    if (fine) {
        setup.store.accept_empty = options->accept_empty;
        setup.store.accept_gap = options->accept_gap;
        if (config_settings(command->config)->redis_tls != 0 && config_settings(command->config)->redis_tls_verify == 0)
            log_warn("redis_unverified", "remedy=\"redis.tls.verify = off believes whoever answers: set redis.tls.ca instead\"");
        if (config_secret_is_default(command->config)) {
            log_warn("development_key", "remedy=\"set secret.key.file: person ids are hashed with a well-known key\"");
        }
        struct engine_result result;
        const struct engine_options engine = {.setup = &setup, .paths = options->paths, .path_count = options->path_count,
                                              .once = options->once, .until = entries, .until_count = entry_count,
                                              .stop = &command_stop};
        fine = engine_run(&engine, &result, fault);
        log_info("ended", "delivered=%lld refused=%lld commits=%lld elapsed_ms=%lld", (long long)result.delivered,
                 (long long)result.refused, (long long)result.commits, (long long)result.elapsed_ms);
        setup_destroy(&setup);
    }
    if (entry_count > 0) free((void *)(uintptr_t)entries[0].topic);
    return fine;
}

int cmd_run(int argc, char **argv) {
    static const struct option options[] = {
        {"file", required_argument, NULL, 'f'}, {"once", no_argument, NULL, 'o'}, {"until", required_argument, NULL, 'u'},
        {"accept-empty", no_argument, NULL, 'e'}, {"accept-gap", no_argument, NULL, 'g'}, {0}};
    struct run_options mine = {.path_count = 0};
    const struct command_options how = {.name = "run", .usage = usage, .options = options, .option = on_option, .context = &mine};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    (void)signal(SIGPIPE, SIG_IGN);
    command_catch_signals(); /* first, so that a signal at any moment ends the run as it should */
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    if (command.argument_count > 0) {
        (void)fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%s\"", command.arguments[0]);
        return command_end(&command, false, &fault);
    }
    return command_end(&command, run(&command, &mine, &fault), &fault);
}
