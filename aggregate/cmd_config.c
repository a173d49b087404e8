/* `nhip config`: what the settings are, what they mean, where each value came from. */
#include "aggregate/commands.h"

#include "aggregate/runtime/command.h"

static const char usage[] =
    "usage: nhip config [--config FILE] [--set key=value]... [--list | --markdown | --example]\n"
    "\n"
    "Without an option: prints the effective settings and where each came from; exits 2 when one is\n"
    "wrong.\n"
    "\n"
    "  --list       every setting with default and meaning\n"
    "  --markdown   the same as ops/config.md\n"
    "  --example    a configuration file with every default, commented out\n"
    "\n"
    "Example:\n"
    "  nhip config --config nhip.conf && nhip run --config nhip.conf\n"
    "\n";

static bool on_option(void *context, int value, const char *argument) {
    (void)argument;
    *(int *)context = value;
    return true;
}

int cmd_config(int argc, char **argv) {
    static const struct option options[] = {
        {"list", no_argument, NULL, 'l'}, {"markdown", no_argument, NULL, 'm'}, {"example", no_argument, NULL, 'e'}, {0}};
    int what = 0;
    const struct command_options how = {
        .name = "config", .usage = usage, .options = options, .option = on_option, .context = &what};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) {
        if (command.exit_code == 0) config_print_help(stdout);
        return command.exit_code;
    }
    if (what == 'l') {
        config_print_help(stdout);
    } else if (what == 'm') {
        config_print_markdown(stdout);
    } else if (what == 'e') {
        config_print_example(stdout);
    } else {
        config_print_effective(command.config, stdout);
    }
    return command_end(&command, true, &fault);
}
