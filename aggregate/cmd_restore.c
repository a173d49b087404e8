/* `nhip restore`: a backup back into Redis. */
#include "aggregate/commands.h"

#include "aggregate/backup/restore.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"

static const char usage[] =
    "usage: nhip restore --from DIR [--namespace N] [--config FILE] [--set key=value]...\n"
    "\n"
    "Proves every file of a backup (nhip backup), then brings it into an empty namespace of Redis. After it\n"
    "`nhip run` goes on: it rebuilds the window from Kafka and reads what came since. The settings that\n"
    "change what the numbers mean must be those of the backup.\n"
    "\n"
    "  --from DIR      the backup\n"
    "  --namespace N   where to (setting `namespace`); nothing may be there\n"
    "\n"
    "Broken off (also by kill -9), it leaves a namespace that run and snapshot refuse; type the same\n"
    "command again, and it begins anew.\n"
    "\n"
    "Examples:\n"
    "  nhip restore --config nhip.conf --from /backups/nhip-2021-10-02-17 && nhip run --config nhip.conf\n"
    "  nhip restore --config nhip.conf --from /backups/nhip-2021-10-02-17 --namespace look\n"
    "\n"
    "Exit codes: 0 restored, 1 Redis failed, 2 usage, 3 refused (not empty, a file that does not hold,\n"
    "other settings), 4 file error.\n";

static bool on_option(void *context, int value, const char *argument) {
    if (value == 'f') *(const char **)context = argument;
    return true;
}

static bool restore(const char *directory, struct config *config, struct fault *fault) {
    struct setup setup;
    struct backup_result result;
    if (directory == NULL) return fault_set(fault, STOP_USAGE, false, "--from DIR is missing (see nhip restore --help)");
    if (!setup_create(&setup, config, fault)) return false;
    const struct restore_options options = {.store = &setup.store, .directory = directory, .settings = setup.state_text};
    int64_t started_ms = clock_monotonic_ms();
    bool fine = store_check(&setup.store, fault) && restore_run(&options, &result, fault);
    if (fine) {
        (void)printf("namespace %s: restored %lld partitions, %lld hashes, %lld fields, %lld bytes, %lld ms\n"
                     "Next: nhip run with these settings; it reads on from the offsets of `nhip inspect`.\n",
                     setup.store.name_space, (long long)result.partitions, (long long)result.hashes, (long long)result.fields,
                     (long long)result.body_bytes, (long long)(clock_monotonic_ms() - started_ms));
    }
    setup_destroy(&setup);
    return fine;
}

int cmd_restore(int argc, char **argv) {
    static const struct option options[] = {{"from", required_argument, NULL, 'f'}, {0}};
    const char *directory = NULL;
    const struct command_options how = {
        .name = "restore", .usage = usage, .options = options, .option = on_option, .context = &directory};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = command.argument_count == 0
                    ? restore(directory, command.config, &fault)
                    : fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%.60s\"", command.arguments[0]);
    return command_end(&command, fine, &fault);
}
