/* The same beginning and end for every subcommand, so that options, precedence and exit codes cannot differ between them. */
#include "aggregate/runtime/command.h"

#include "aggregate/runtime/manual.h"
#include "aggregate/runtime/nearest.h"
#include "check.h"
#include "log.h"

#include <signal.h>

enum { OPTIONS_MAX = 48, SETS_MAX = 128 };

struct parsed {
    const char *config_path;
    const char *sets[SETS_MAX];
    size_t set_count;
    const char *name_space; /* --namespace: the last word on that setting */
    bool help;
    const char *manual; /* --manual TITLE: the help as a man page (`nhip help --man`) */
};

static size_t join_options(const struct command_options *options, struct option *all) {
    size_t count = 0;
    for (const struct option *option = options->options; option != NULL && option->name != NULL; option++) {
        CHECK(count < OPTIONS_MAX - 6);
        all[count++] = *option;
    }
    all[count++] = (struct option){"config", required_argument, NULL, 'C'};
    all[count++] = (struct option){"set", required_argument, NULL, 'S'};
    all[count++] = (struct option){"namespace", required_argument, NULL, 'N'};
    all[count++] = (struct option){"help", no_argument, NULL, 'h'};
    all[count++] = (struct option){"manual", required_argument, NULL, 'M'};
    all[count] = (struct option){0};
    return count;
}

/* After getopt has named an option that is none: which one may have been meant. */
static void tell_nearest(const struct option *all, const char *word) {
    char name[64];
    const struct option *best = all;
    if (strncmp(word, "--", 2) != 0) return;
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (const struct option *option = all; option->name != NULL; option++) {
        if (text_distance(option->name, name) < text_distance(best->name, name)) best = option;
    }
    (void)fprintf(stderr, "did you mean --%s?\n", best->name);
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
        } else if (value == 'N') {
            parsed->name_space = optarg;
        } else if (value == 'M') {
            parsed->manual = optarg;
        } else if (value == 'S') {
            if (parsed->set_count == SETS_MAX) return false;
            parsed->sets[parsed->set_count++] = optarg;
        } else if (value == '?') {
            if (optopt == 0) tell_nearest(all, argv[optind - 1]);
            return false;
        } else if (options->option == NULL || !options->option(options->context, value, optarg)) {
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
    return fault_set(fault, STOP_SETTING, false, "log.level: found \"%s\", accepted are debug, info, warn, error", text);
}

static bool set_form(const struct settings *settings, struct fault *fault) {
    bool json = strcmp(settings->log_format, "json") == 0;
    if (!json && strcmp(settings->log_format, "logfmt") != 0) {
        return fault_set(fault, STOP_SETTING, false, "log.format: found \"%s\", accepted are logfmt, json", settings->log_format);
    }
    log_set_form(json ? LOG_JSON : LOG_LOGFMT, settings->log_burst);
    return true;
}

static bool configure(struct config *config, const struct parsed *parsed, struct fault *fault) {
    if (parsed->config_path != NULL && !config_load(config, parsed->config_path, fault)) return false;
    if (!config_environment(config, fault)) return false;
    for (size_t i = 0; i < parsed->set_count; i++) {
        if (!config_set(config, parsed->sets[i], fault)) return false;
    }
    if (parsed->name_space != NULL && !config_set_namespace(config, parsed->name_space, fault)) return false;
    return config_finish(config, fault) && set_form(config_settings(config), fault) &&
           set_level(config_settings(config)->log_level, fault);
}

bool command_begin(struct command *command, const struct command_options *options, int argc, char **argv) {
    struct parsed parsed = {.config_path = NULL};
    struct fault fault = {.code = FAULT_NONE};
    *command = (struct command){.name = options->name};
    if (!parse(options, argc, argv, &parsed)) {
        (void)fprintf(stderr, "nhip %s: %s: see `nhip %s --help`\n", options->name, stop_code(STOP_USAGE), options->name);
        command->exit_code = 2;
        return false;
    }
    if (parsed.manual != NULL) {
        manual_command(options->name, parsed.manual, options->usage, stdout);
        return false;
    }
    if (parsed.help) {
        (void)fputs(options->usage, stdout);
        command->helped = true;
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
    log_finish();
    if (fine) return 0;
    if (log_form() == LOG_JSON) {
        log_error("stopped", "command=%s code=%s text=\"%s\"", command->name, stop_code(fault->stop), fault->message);
    } else {
        (void)fprintf(stderr, "nhip %s: %s: %s\n", command->name, stop_code(fault->stop), fault->message);
    }
    int code = fault_exit_code(fault->code);
    return code != 0 ? code : 1;
}

/* --- stopping --- */

atomic_bool command_stop;

static void on_signal(int signal_number) {
    (void)signal_number;
    atomic_store(&command_stop, true);
}

void command_catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}
