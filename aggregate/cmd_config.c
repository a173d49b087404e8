/* `nhip config`: what the settings are, what they mean, where each value came from. */
#include "aggregate/commands.h"

#include "aggregate/http/metrics.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/plan.h"

#include <signal.h>

static const char usage[] =
    "usage: nhip config [--config FILE] [--set key=value]... [--list | --markdown | --example | --man | --stops | --metrics]\n"
    "       nhip config [--config FILE] [--set key=value]... --plan PARTITIONS,ACCOUNTS,DAYS,FACETS\n"
    "\n"
    "Without an option: prints the effective settings and where each came from; exits 2 when one is\n"
    "wrong.\n"
    "\n"
    "  --list       every setting with default and meaning\n"
    "  --markdown   the same as ops/config.md\n"
    "  --example    a configuration file with every default, commented out\n"
    "  --man        the same as a man page: nhip.conf(5)\n"
    "  --stops      the codes of the messages that end nhip, as ops/README.md explains them\n"
    "  --metrics    what the endpoint of nhip run says: ops/metrics.md\n"
    "  --plan P,A,D,F  memory that these settings take for P partitions, A accounts, D days and F facets\n"
    "               (kinds of cells) that an account has on a day; asks neither Kafka nor Redis\n"
    "\n"
    "Examples:\n"
    "  nhip config --config nhip.conf && nhip run --config nhip.conf\n"
    "  nhip config --example >nhip.conf\n"
    "  nhip config --config nhip.conf --plan 8,20000,400,3\n"
    "\n"
    "Exit codes: 0 printed, 2 a setting is wrong.\n"
    "\n";

struct question {
    int what; /* letter of the option; 0: none */
    const char *load; /* of --plan */
};

static bool on_option(void *context, int value, const char *argument) {
    struct question *question = context;
    question->what = value;
    if (value == 'p') question->load = argument;
    return true;
}

static void print_stops(FILE *out) {
    (void)fprintf(out, "| code | exit | |\n|---|--:|---|\n");
    for (int i = STOP_NONE + 1; i < STOP_COUNT; i++) {
        enum stop stop = (enum stop)i;
        int code = stop_kind(stop) == FAULT_NONE ? 128 + SIGABRT : fault_exit_code(stop_kind(stop));
        (void)fprintf(out, "| `%s` | %d | %s |\n", stop_code(stop), code, stop_title(stop));
    }
}

static bool print_plan(struct config *config, const char *text, struct fault *fault) {
    struct plan_load load;
    struct setup setup;
    if (!plan_load_parse(text, &load, fault) || !setup_create(&setup, config, fault)) return false;
    bool fine = plan_print(&setup, &load, stdout, fault);
    setup_destroy(&setup);
    return fine;
}

int cmd_config(int argc, char **argv) {
    static const struct option options[] = {
        {"list", no_argument, NULL, 'l'}, {"markdown", no_argument, NULL, 'm'}, {"example", no_argument, NULL, 'e'},
        {"man", no_argument, NULL, 'a'}, {"stops", no_argument, NULL, 's'}, {"metrics", no_argument, NULL, 't'},
        {"plan", required_argument, NULL, 'p'}, {0}};
    struct question question = {.what = 0};
    const struct command_options how = {
        .name = "config", .usage = usage, .options = options, .option = on_option, .context = &question};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) {
        if (command.helped) config_print_help(stdout);
        return command.exit_code;
    }
    bool fine = true;
    int what = question.what;
    if (what == 'l') {
        config_print_help(stdout);
    } else if (what == 'm') {
        config_print_markdown(stdout);
    } else if (what == 'e') {
        config_print_example(stdout);
    } else if (what == 'a') {
        config_print_manual(stdout);
    } else if (what == 's') {
        print_stops(stdout);
    } else if (what == 't') {
        metrics_print_markdown(stdout);
    } else if (what == 'p') {
        fine = print_plan(command.config, question.load, &fault);
    } else {
        config_print_effective(command.config, stdout);
    }
    return command_end(&command, fine, &fault);
}
