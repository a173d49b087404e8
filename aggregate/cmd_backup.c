/* `nhip backup`: the state as files, taken while workers go on, and the proof of such files. */
#include "aggregate/commands.h"

#include "aggregate/backup/backup.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"

static const char usage[] =
    "usage: nhip backup --to DIR [--config FILE] [--set key=value]... [--namespace N]\n"
    "       nhip backup --check DIR\n"
    "\n"
    "Writes the whole state of a namespace into DIR (made; an existing one must be empty): one file a\n"
    "partition and MANIFEST.sha256. Workers go on counting meanwhile: each file is the state at one\n"
    "offset of its partition. A lost Redis is then restored (nhip restore) and caught up from Kafka, as\n"
    "far as the topics still hold what came since; so take backups more often than topics forget, plus\n"
    "the window (window.max_age).\n"
    "\n"
    "  --to DIR       where to; nothing is ever overwritten\n"
    "  --check DIR    proves a backup, byte for byte; needs no Redis\n"
    "  --namespace N  instead of the current one (nhip promote)\n"
    "\n"
    "Examples:\n"
    "  nhip backup --config nhip.conf --to /backups/nhip-$(date +%F-%H)\n"
    "  nhip backup --check /backups/nhip-2021-10-02-17\n"
    "\n"
    "Exit codes: 0 written or proved, 1 Redis failed, 2 usage, 3 refused (no state, a file that does not\n"
    "hold), 4 file error. The format: schemas/backup.md.\n";

struct request {
    const char *to;
    const char *check;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 't') request->to = argument;
    if (value == 'c') request->check = argument;
    return true;
}

static void tell(const char *what, const char *directory, const struct backup_result *result) {
    (void)printf("%s: %s: %lld partitions, %lld hashes, %lld fields, %lld bytes", directory, what,
                 (long long)result->partitions, (long long)result->hashes, (long long)result->fields,
                 (long long)result->body_bytes);
    if (result->file_bytes > 0) (void)printf(", %lld packed", (long long)result->file_bytes);
    (void)printf("\n");
}

static void tell_file(const struct archive *archive) {
    const struct archive_header *header = &archive->header;
    (void)printf("%-20s %4d next=%-12lld namespace=%s taken=%s config=%.12s hashes=%lld\n", header->topic, header->partition,
                 (long long)header->next, header->name_space, header->taken, header->configuration,
                 (long long)archive->totals.hashes);
}

static bool write_backup(const char *directory, struct config *config, struct fault *fault) {
    struct setup setup;
    struct backup_result result;
    if (!setup_create(&setup, config, fault)) return false;
    const struct backup_options options = {.store = &setup.store,
                                           .directory = directory,
                                           .settings = setup.state_text,
                                           .engine_version = NHIP_VERSION};
    int64_t started_ms = clock_monotonic_ms();
    bool fine = setup_follow(&setup, fault) && backup_write(&options, &result, fault);
    if (fine) {
        tell("written", directory, &result);
        (void)printf("namespace %s, %lld ms\n", setup.store.name_space, (long long)(clock_monotonic_ms() - started_ms));
        if (result.foreign > 0) {
            (void)fprintf(stderr,
                          "nhip backup: %lld partitions were counted with other settings than these: the backup is whole, but a "
                          "restore that does not fit cannot say which setting differs\n",
                          (long long)result.foreign);
        }
    }
    setup_destroy(&setup);
    return fine;
}

static bool backup(const struct request *request, struct config *config, struct fault *fault) {
    struct backup_result result;
    if ((request->to == NULL) == (request->check == NULL))
        return fault_set(fault, STOP_USAGE, false, "one of --to DIR and --check DIR is expected (see nhip backup --help)");
    if (request->to != NULL) return write_backup(request->to, config, fault);
    if (!backup_check(request->check, tell_file, &result, fault)) return false;
    tell("whole", request->check, &result);
    return true;
}

int cmd_backup(int argc, char **argv) {
    static const struct option options[] = {
        {"to", required_argument, NULL, 't'}, {"check", required_argument, NULL, 'c'}, {0}};
    struct request request = {.to = NULL};
    const struct command_options how = {
        .name = "backup", .usage = usage, .options = options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = command.argument_count == 0
                    ? backup(&request, command.config, &fault)
                    : fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%.60s\"", command.arguments[0]);
    return command_end(&command, fine, &fault);
}
