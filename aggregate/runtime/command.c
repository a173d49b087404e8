/* The same beginning and end for every subcommand, so that options, precedence and exit codes cannot differ between them. */
#include "aggregate/runtime/command.h"

#include "check.h"
#include "log.h"

enum { OPTIONS_MAX = 48, SETS_MAX = 128 };

struct parsed {
    const char *config_path;
    const char *sets[SETS_MAX];
    size_t set_count;
    bool help;
};

static size_t join_options(const struct command_options *options, struct option *all) {
    size_t count = 0;
    for (const struct option *option = options->options; option != NULL && option->name != NULL; option++) {
        CHECK(count < OPTIONS_MAX - 4);
        all[count++] = *option;
    }
    all[count++] = (struct option){"config", required_argument, NULL, 'C'};
    all[count++] = (struct option){"set", required_argument, NULL, 'S'};
    all[count++] = (struct option){"help", no_argument, NULL, 'h'};
    all[count] = (struct option){0};
    return count;
}

static bool parse(const struct command_options *options, int argc, char **argv, struct parsed *parsed) {
    struct option all[OPTIONS_MAX];
    (void)join_options(options, all);
    optind = 1;
    for (;;) {
        int value = getopt_long(argc, argv, "h", all, NULL);
        if (value == -1) return true;
        if (value == 'h') {
            parsed->help = true;
        } else if (value == 'C') {
            parsed->config_path = optarg;
        } else if (value == 'S') {
            if (parsed->set_count == SETS_MAX) return false;
            parsed->sets[parsed->set_count++] = optarg;
        } else if (value == '?' || options->option == NULL || !options->option(options->context, value, optarg)) {
            return false;
        }
    }
}

static bool set_level(const char *text, struct fault *fault) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        log_set_level((enum log_level)i);
        return true;
    }
    return fault_set(fault, FAULT_CONFIG, false, "log.level: found \"%s\", accepted are debug, info, warn, error", text);
}

static bool configure(struct config *config, const struct parsed *parsed, struct fault *fault) {
    if (parsed->config_path != NULL && !config_load(config, parsed->config_path, fault)) return false;
    if (!config_environment(config, fault)) return false;
    for (size_t i = 0; i < parsed->set_count; i++) {
        if (!config_set(config, parsed->sets[i], fault)) return false;
    }
    return config_finish(config, fault) && set_level(config_settings(config)->log_level, fault);
}

bool command_begin(struct command *command, const struct command_options *options, int argc, char **argv) {
    struct parsed parsed = {.config_path = NULL};
    struct fault fault = {.code = FAULT_NONE};
    *command = (struct command){.name = options->name};
    if (!parse(options, argc, argv, &parsed)) {
        (void)fprintf(stderr, "nhip %s: see `nhip %s --help`\n", options->name, options->name);
        command->exit_code = 2;
        return false;
    }
    if (parsed.help) {
        (void)fputs(options->usage, stdout);
        return false;
    }
    command->argument_count = argc - optind;
    command->arguments = argv + optind;
    command->config = config_create();
    if (configure(command->config, &parsed, &fault)) return true;
    command->exit_code = command_end(command, false, &fault);
    return false;
}

int command_end(struct command *command, bool fine, const struct fault *fault) {
    config_destroy(command->config);
    command->config = NULL;
    if (fine) return 0;
    (void)fprintf(stderr, "nhip %s: %s\n", command->name, fault->message);
    int code = fault_exit_code(fault->code);
    return code != 0 ? code : 1;
}
