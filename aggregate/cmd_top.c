/* `nhip top`: what happens in a namespace, second by second, in a terminal; `--once` for scripts. It reads Redis and asks Kafka
 * where logs end, writes nothing anywhere and joins no group, so any number of people may look. */
#include "aggregate/commands.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/top/screen.h"
#include "aggregate/top/terminal.h"

enum { TURN_MS = 1000 };

static const char usage[] =
    "usage: nhip top [--once] [--config FILE] [--set key=value]...\n"
    "\n"
    "Shows what is being counted, every second: events per second, lag and owner of each partition, refusals\n"
    "by reason, rolling counters by kind, channel, platform and instrument. All instances of the namespace\n"
    "together. It only reads. Without the setting `namespace`: that of the current namespace (nhip promote).\n"
    "\n"
    "  --once   two looks a second apart, printed as plain text; then the end\n"
    "\n"
    "q or Ctrl-C ends it. Lag needs kafka.bootstrap.servers; without it, or when Kafka does not answer, it\n"
    "shows as `-`.\n"
    "\n"
    "Examples:\n"
    "  nhip top --config nhip.conf\n"
    "  nhip top --once --set redis.address=127.0.0.1:6379 --set kafka.bootstrap.servers=127.0.0.1:9092\n"
    "\n"
    "Exit codes: 0 fine, 1 Redis failed, 2 usage or settings, 3 refused.\n";

struct view {
    bool once;
};

static bool on_option(void *context, int value, const char *argument) {
    (void)value;
    (void)argument;
    ((struct view *)context)->once = true;
    return true;
}

/* Two looks, so that there is a rate. What does not answer is an error here: nobody waits. */
static bool look_once(struct top_reader *reader, struct fault *fault) {
    static const struct top_size all = {.plain = true};
    struct top_sample before, now;
    if (!top_sample_take(reader, &before, fault)) return false;
    clock_sleep_ms(TURN_MS);
    bool fine = top_sample_take(reader, &now, fault);
    if (fine && fault->code != FAULT_NONE) fine = false;
    if (fine) top_draw(&now, &before, &all, stdout);
    top_sample_clear(&before);
    top_sample_clear(&now);
    return fine;
}

static bool watch(struct top_reader *reader, struct fault *fault) {
    struct top_sample before = {.count = 0}, now = {.count = 0};
    struct top_size size = {.plain = false};
    enum terminal_event event = TERMINAL_TIME;
    bool fine = true;
    if (!terminal_enter()) {
        return fault_set(fault, STOP_USAGE, false,
                         "standard input and output are no terminal: nhip top --once prints plain text");
    }
    while (fine && event != TERMINAL_QUIT) {
        if (event == TERMINAL_TIME) {
            top_sample_clear(&before);
            before = now;
            fine = top_sample_take(reader, &now, fault);
        }
        if (!fine) break;
        terminal_size(&size.columns, &size.rows);
        top_draw(&now, before.count > 0 ? &before : NULL, &size, stdout);
        (void)fflush(stdout);
        event = terminal_wait(TURN_MS);
    }
    terminal_leave();
    top_sample_clear(&before);
    top_sample_clear(&now);
    return fine;
}

static bool run(struct command *command, const struct view *view, struct fault *fault) {
    struct setup setup;
    if (!setup_create(&setup, command->config, fault)) return false;
    bool fine = setup_follow(&setup, fault);
    struct top_reader *reader = fine ? top_reader_open(&setup, fault) : NULL;
    fine = reader != NULL && (view->once ? look_once(reader, fault) : watch(reader, fault));
    if (reader != NULL) top_reader_close(reader);
    setup_destroy(&setup);
    return fine;
}

int cmd_top(int argc, char **argv) {
    static const struct option options[] = {{"once", no_argument, NULL, 'o'}, {0}};
    struct view view = {.once = false};
    const struct command_options how = {
        .name = "top", .usage = usage, .options = options, .option = on_option, .context = &view};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    if (command.argument_count > 0) {
        (void)fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%s\"", command.arguments[0]);
        return command_end(&command, false, &fault);
    }
    return command_end(&command, run(&command, &view, &fault), &fault);
}
