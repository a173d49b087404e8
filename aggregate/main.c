/* nhip: the table of subcommands and nothing else. */
#include "aggregate/commands.h"

#include "aggregate/runtime/version.h"

static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *prose;
} subcommands[] = {
    {"run", cmd_run, "Read events (Kafka or files), keep exact counters in Redis"},
    {"snapshot", cmd_snapshot, "Publish adoption statistics from the counters"},
    {"generate", cmd_generate, "Make the synthetic province: registry, events, truth"},
    {"registry", cmd_registry, "Import registry records from CSV"},
    {"inspect", cmd_inspect, "Show offsets, counts and cells of the state"},
    {"config", cmd_config, "Explain and check settings"},
    {"demo", cmd_demo, "Everything at once on embedded parts, in under a minute"},
};

enum { SUBCOMMAND_COUNT = sizeof(subcommands) / sizeof(subcommands[0]) };

static void usage(FILE *out) {
    (void)fprintf(out, "nhip %s: payment and marketplace events -> exactly-once counters in Redis -> adoption statistics\n\n"
                       "usage: nhip COMMAND [options]      (nhip COMMAND --help explains each)\n\n",
                  NHIP_VERSION);
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) (void)fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].prose);
    (void)fprintf(out,
                  "\nFirst steps:\n  nhip demo                                   see the adoption table of a synthetic province\n"
                  "  nhip run --config nhip.conf                 aggregate until SIGTERM\n"
                  "  nhip snapshot --config nhip.conf --period 2021-09\n"
                  "\nExit codes: 0 fine, 1 Kafka or Redis failed, 2 usage or configuration, 3 refused, 4 file error.\n");
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        (void)printf("nhip %s (%s)\n", NHIP_VERSION, version_commit());
        return 0;
    }
    for (int i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(name, subcommands[i].name) == 0) return subcommands[i].main(argc - 1, argv + 1);
    }
    if (name[0] != '\0') (void)fprintf(stderr, "nhip: unknown command \"%s\"\n\n", name);
    usage(stderr);
    return 2;
}
