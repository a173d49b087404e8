/* `nhip verify`: is a vintage what was published, and does the log still give it? What is looked at is in aggregate/verify/. */
#include "aggregate/commands.h"

#include "aggregate/runtime/command.h"
#include "aggregate/runtime/tree.h"
#include "aggregate/verify/difference.h"
#include "aggregate/verify/figures.h"
#include "aggregate/verify/manifest.h"
#include "aggregate/verify/passport.h"
#include "aggregate/verify/rebuild.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: nhip verify DIR [--quick] [--archive DIR | --logs LOGDIR] [--config FILE] [--set key=value]...\n"
    "\n"
    "Proves a vintage. First what can be said without the log: the manifest's hashes, keys, shares, bounds\n"
    "and identities of obs.csv. Then the log is read again up to the offsets that snapshot.json names, into\n"
    "an empty private redis-server, published again, and compared byte for byte. A difference names the\n"
    "partition and its offsets, or the first cell.\n"
    "\n"
    "  --quick          only what needs no log\n"
    "  --archive DIR    read an archive of consumed records (nhip archive) instead of Kafka, byte for byte;\n"
    "                   the hash of each of its files is compared first\n"
    "  --logs LOGDIR    read the NDJSON copies TOPIC-P.ndjson (setting tee.directory) instead of Kafka;\n"
    "                   files that show Kafka's offsets are then not compared\n"
    "\n"
    "The settings must be those that the vintage was counted with (their hash is compared).\n"
    "\n"
    "Examples:\n"
    "  nhip verify snapshots/THDX_ADOPTION_M_2021-09_r1_20211002T170000Z --quick\n"
    "  nhip verify --config nhip.conf snapshots/THDX_ADOPTION_M_2021-09_r1_20211002T170000Z\n"
    "  nhip verify --config nhip.conf snapshots/THDX_ADOPTION_M_2021-09_r1_20211002T170000Z --archive /backups/log\n"
    "\n"
    "Exit codes: 0 everything holds, 1 Kafka or Redis failed, 2 usage or settings, 3 something differs,\n"
    "4 a file cannot be read.\n";

struct request {
    bool quick;
    const char *logs;
    const char *archive;
};

static atomic_bool stop;

static void on_signal(int signal_number) {
    (void)signal_number;
    atomic_store(&stop, true);
}

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 'q') request->quick = true;
    if (value == 'l') request->logs = argument;
    if (value == 'a') request->archive = argument;
    return true;
}

static bool replay(const struct request *request, const char *directory, const struct manifest *manifest,
                   const struct passport *passport, struct config *config, struct findings *findings, struct fault *fault) {
    char work[256], made[512];
    const char *temporary = getenv("TMPDIR");
    if (temporary == NULL || temporary[0] == '\0') temporary = "/tmp";
    struct passport again = {.release = 0};
    (void)snprintf(work, sizeof(work), "%.200s/nhip-replay-XXXXXX", temporary);
    if (mkdtemp(work) == NULL) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%s: %s", work, strerror(errno));
    const struct rebuild_request how = {.directory = directory,
                                        .passport = passport,
                                        .logs = request->logs,
                                        .archive = request->archive,
                                        .work = work,
                                        .stop = &stop};
    bool fine = rebuild(&how, config, made, fault) && passport_read(&again, made, fault);
    if (fine) {
        passport_compare(passport, &again, request->logs == NULL, findings);
        if (passport->exclusion_count > 0)
            finding_held(findings, "withdrawn deliveries: %zu ranges, as snapshot.json lists them", passport->exclusion_count);
        fine = difference_check(manifest, directory, made, request->logs != NULL, findings, fault);
    }
    passport_clear(&again);
    tree_remove(work);
    return fine;
}

static bool verify(const struct request *request, const char *directory, struct config *config, struct fault *fault) {
    struct findings findings = {.out = stdout};
    struct manifest manifest;
    struct passport passport = {.release = 0};
    bool fine = manifest_read(&manifest, directory, fault) && manifest_check(&manifest, directory, &findings, fault) &&
                passport_read(&passport, directory, fault);
    if (fine) passport_check(&passport, directory, &findings);
    fine = fine && figures_check(directory, passport.observations, &findings, fault) &&
           cohorts_check(directory, &findings, fault);
    if (fine && !request->quick) fine = replay(request, directory, &manifest, &passport, config, &findings, fault);
    passport_clear(&passport);
    /* A file that cannot be read after its hash was wrong is part of the same news. */
    if (findings.differs > 0 && (fine || fault->code == FAULT_IO || fault->code == FAULT_CONFIG)) {
        return fault_set(fault, STOP_VERIFY_DIFFERS, false, "%lld of %lld claims do not hold; the first: %.300s",
                         (long long)findings.differs, (long long)(findings.differs + findings.held), findings.first);
    }
    if (fine) (void)printf("verified %s\n", directory);
    return fine;
}

int cmd_verify(int argc, char **argv) {
    static const struct option options[] = {
        {"quick", no_argument, NULL, 'q'}, {"logs", required_argument, NULL, 'l'},
        {"archive", required_argument, NULL, 'a'}, {0}};
    struct request request = {.quick = false};
    const struct command_options how = {
        .name = "verify", .usage = usage, .options = options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGINT, on_signal);
    bool fine = false;
    if (request.logs != NULL && request.archive != NULL) {
        (void)fault_set(&fault, STOP_USAGE, false, "--archive and --logs exclude each other");
    } else if (command.argument_count != 1) {
        (void)fault_set(&fault, STOP_USAGE, false, "which vintage? nhip verify DIR (see nhip verify --help)");
    } else {
        fine = verify(&request, command.arguments[0], command.config, &fault);
    }
    return command_end(&command, fine, &fault);
}
