/* What every subcommand does the same way: `--config FILE`, `--set key=value`, `--namespace N`, environment, and the end of a
 * fault.
 *
 *     struct command command;
 *     if (!command_begin(&command, argc, argv, "f:", long_options, on_option, &mine, usage)) return command.exit_code;
 *     ...
 *     return command_end(&command, fine, &fault);
 */
#ifndef NHIP_COMMAND_H
#define NHIP_COMMAND_H

#include "aggregate/runtime/config.h"
#include "fault.h"

#include <getopt.h>
#include <stdatomic.h>

struct command {
    const char *name;
    struct config *config; /* finished: ready for the getters */
    int exit_code;
    bool helped; /* --help has been answered: whoever has more to say may */
    int argument_count; /* what stands after the options */
    char **arguments;
};

/* One option of the subcommand's own: `letter` is option.val. False: not understood (a message has been printed). */
struct command_options {
    const char *name;        /* subcommand, for messages */
    const char *usage;       /* the whole help text */
    const struct option *options; /* long options, ended by a zero row; vals 1..255 (not 'C', 'S', 'N', 'M', 'h') */
    bool (*option)(void *context, int value, const char *argument);
    void *context;
};

/* Parses, loads configuration (file, environment, --set), finishes it, sets level and form of log lines. False: exit with
 * command->exit_code (0 after --help, 2 after a mistake, which has been explained on standard error). */
bool command_begin(struct command *command, const struct command_options *options, int argc, char **argv);
/* Prints the fault when `fine` is false (as a log line under log.format = json), frees the configuration, returns the exit
 * code. */
int command_end(struct command *command, bool fine, const struct fault *fault);

/* Set by SIGTERM and SIGINT once they are caught, for commands that finish what they are at. Any thread. */
extern atomic_bool command_stop;
/* From now on they set command_stop; calls that wait are interrupted (no SA_RESTART). */
void command_catch_signals(void);

#endif
