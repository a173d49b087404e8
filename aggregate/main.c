/* nhip: the table of subcommands and nothing else. */
#include "aggregate/commands.h"

#include "aggregate/runtime/manual.h"
#include "aggregate/runtime/nearest.h"
#include "aggregate/runtime/version.h"
#include "fault.h"

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *prose;
} subcommands[] = {
    {"run", cmd_run, "Read events (Kafka or files), keep exact counters in Redis"},
    {"snapshot", cmd_snapshot, "Publish adoption statistics from the counters"},
    {"stream", cmd_stream, "Minutes and observations as keyed upserts, one JSON object a line"},
    {"publish", cmd_publish, "Judge a release whose headlines jumped: approve or reject it"},
    {"verify", cmd_verify, "Prove a vintage: hashes, identities, and the log read again"},
    {"generate", cmd_generate, "Make the synthetic province: registry, events, truth"},
    {"registry", cmd_registry, "Import registry records from CSV"},
    {"inspect", cmd_inspect, "Show offsets, counts and cells of the state"},
    {"top", cmd_top, "Watch a namespace in a terminal: throughput, lag, refusals, counters"},
    {"backup", cmd_backup, "Keep the state outside of Redis, while it is being counted"},
    {"restore", cmd_restore, "Bring a backup into an empty namespace"},
    {"archive", cmd_archive, "Keep consumed records as files, so that proof outlives Kafka's retention"},
    {"promote", cmd_promote, "Make a namespace the current one, for readers, at one moment"},
    {"check", cmd_check, "Show what becomes of each record of a file, and why not"},
    {"config", cmd_config, "Explain and check settings"},
    {"demo", cmd_demo, "Everything at once on embedded parts, in under a minute"},
};

enum { SUBCOMMAND_COUNT = sizeof(subcommands) / sizeof(subcommands[0]) };

/* Null when none is near: a list follows anyway. */
static const char *nearest(const char *name) {
    const char *best = subcommands[0].name;
    for (int i = 1; i < SUBCOMMAND_COUNT; i++) {
        if (text_distance(subcommands[i].name, name) < text_distance(best, name)) best = subcommands[i].name;
    }
    return text_distance(best, name) <= 2 ? best : NULL;
}

static void usage(FILE *out) {
    (void)fprintf(out, "nhip %s: payment and marketplace events -> exactly-once counters in Redis -> adoption statistics\n\n"
                       "usage: nhip COMMAND [options]      (nhip help COMMAND explains each, with examples)\n\n",
                  NHIP_VERSION);
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) (void)fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].prose);
    (void)fprintf(out,
                  "\nHow it goes:\n"
                  "  nhip demo                                          a synthetic province, from events to table\n"
                  "  nhip check --mapping MAPPING.json FILE             what becomes of your own events\n"
                  "  nhip config --example >nhip.conf                   settings: where Kafka and Redis are\n"
                  "  nhip registry import units.csv --config nhip.conf  whose accounts they are\n"
                  "  nhip run --config nhip.conf                        count, exactly once, until SIGTERM\n"
                  "  nhip inspect --config nhip.conf                    how far it is\n"
                  "  nhip snapshot --config nhip.conf --period 2021-09  publish a vintage\n"
                  "  nhip verify --config nhip.conf snapshots/VINTAGE   prove it\n"
                  "\nA message that ends a command begins with a code (NHIP-K05); ops/README.md says what is safe and what to\n"
                  "type. Exit codes: 0 fine, 1 Kafka or Redis failed, 2 usage or configuration, 3 refused, 4 file error.\n");
}

static void print_manual(FILE *out) {
    manual_head("nhip", 1, "payment and marketplace events to adoption statistics", out);
    (void)fputs(".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Sh DESCRIPTION\n", out);
    manual_text("Reads payment and marketplace events from Kafka or files, keeps exact counters of them in Redis, and publishes "
                "adoption statistics as immutable vintages. State and offset move in one transaction: any crash leaves a "
                "shorter, true prefix of the log.",
                out);
    (void)fputs(".Pp\nThe commands:\n.Bl -tag -width nhip-snapshot(1)\n", out);
    for (int i = 0; i < SUBCOMMAND_COUNT; i++)
        (void)fprintf(out, ".It Xr nhip-%s 1\n%s\n", subcommands[i].name, subcommands[i].prose);
    (void)fputs(".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev NHIP_...\nsettings, see\n.Xr nhip.conf 5\n"
                ".It Ev NOTIFY_SOCKET , WATCHDOG_USEC\nset by systemd, for\n.Xr nhip-run 1\n.El\n"
                ".Sh EXIT STATUS\n",
                out);
    manual_text("0 fine, 1 Kafka or Redis failed, 2 usage or configuration, 3 refused, 4 file error. A message that ends a "
                "command begins with a code, such as NHIP-K05, which the runbook explains.",
                out);
    (void)fputs(".Sh SEE ALSO\n.Xr nhip.conf 5\n", out);
}

static int call(const char *name, int argc, char **argv) {
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(name, subcommands[i].name) == 0) return subcommands[i].main(argc, argv);
    }
    const char *near = nearest(name);
    (void)fprintf(stderr, "nhip: %s: unknown command \"%s\"", stop_code(STOP_USAGE), name);
    if (near != NULL) (void)fprintf(stderr, "; did you mean \"%s\"?", near);
    (void)fputs("\n\n", stderr);
    usage(stderr);
    return 2;
}

/* `nhip help`, `nhip help COMMAND`; with --man as mdoc, which `make install` makes the man pages of. */
static int help(int argc, char **argv) {
    bool man = argc > 1 && strcmp(argv[1], "--man") == 0;
    char *name = argc > 1 + man ? argv[1 + man] : NULL;
    if (name == NULL) {
        if (man) print_manual(stdout);
        else usage(stdout);
        return 0;
    }
    char option[256] = "--help";
    for (int i = 0; man && i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(name, subcommands[i].name) == 0) (void)snprintf(option, sizeof(option), "--manual=%s", subcommands[i].prose);
    }
    char *arguments[] = {name, option, NULL};
    return call(name, 2, arguments);
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) return help(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0) {
        (void)printf("nhip %s (%s)\n", NHIP_VERSION, version_commit());
        return 0;
    }
    if (name[0] != '\0') return call(name, argc - 1, argv + 1);
    usage(stderr);
    return 2;
}
