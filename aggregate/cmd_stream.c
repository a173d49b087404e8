/* `nhip stream`: the records of stream.topic as NDJSON on standard output, straight from Redis and the snapshot directory, for
 * pipelines without Kafka. Takes no lease and writes nothing anywhere else. */
#include "aggregate/commands.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/stream/feed.h"
#include "log.h"

#include <errno.h>

enum { TURN_MS = 50 };

static const char usage[] =
    "usage: nhip stream [--config FILE] [--set key=value]... [--once | --follow] [--dir DIR]\n"
    "\n"
    "Prints every closed minute of the counters in Redis and every observation of the newest release of\n"
    "each published series, one JSON object a line: {\"key\": ..., \"value\": {...}}; a value of null says\n"
    "that the key has gone. Whoever keeps the last value of each key has exactly what stands there. The\n"
    "same records go to Kafka with the setting stream.topic of nhip run. Fields: schemas/stream.md.\n"
    "Without the setting `namespace`: of the current namespace (nhip promote).\n"
    "\n"
    "  --once      what there is now, and end (the default)\n"
    "  --follow    and then what changes, every stream.interval, until SIGINT or SIGTERM\n"
    "  --dir DIR   where vintages are collected (setting snapshot.directory)\n"
    "\n"
    "Examples:\n"
    "  nhip stream --config nhip.conf > stream.ndjson             # schemas/stream.sql lands it in DuckDB\n"
    "  nhip stream --set redis.address=127.0.0.1:6379 | grep '\"kind\":\"observation\"'\n"
    "  nhip stream --config nhip.conf --follow --set stream.interval=1s | tee upserts.ndjson\n"
    "\n"
    "Exit codes: 0 fine, 1 Redis failed, 2 usage or setting, 4 standard output cannot be written.\n";

static const struct option long_options[] = {
    {"once", no_argument, NULL, 'o'}, {"follow", no_argument, NULL, 'f'}, {"dir", required_argument, NULL, 'd'}, {0}};

struct request {
    const char *directory;
    bool once, follow;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 'd') request->directory = argument;
    if (value == 'o') request->once = true;
    if (value == 'f') request->follow = true;
    return true;
}

static bool written(struct fault *fault) {
    if (ferror(stdout) == 0) return true;
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "standard output: %s", strerror(errno));
}

/* Keys are made of codes, periods and names of vintages: nothing to be escaped. */
static bool put(void *context, struct slice key, struct slice value, struct fault *fault) {
    (void)context;
    (void)fputs("{\"key\":\"", stdout);
    (void)fwrite(key.data, 1, key.length, stdout);
    (void)fputs("\",\"value\":", stdout);
    if (value.data == NULL)
        (void)fputs("null", stdout);
    else
        (void)fwrite(value.data, 1, value.length, stdout);
    (void)fputs("}\n", stdout);
    return written(fault);
}

static bool commit(void *context, struct fault *fault) {
    (void)context;
    (void)fflush(stdout);
    return written(fault);
}

static bool go_on(void *context) {
    (void)context;
    return !atomic_load(&command_stop);
}

static void pause_for(int64_t duration_ms) {
    int64_t until_ms = clock_monotonic_ms() + duration_ms;
    while (!atomic_load(&command_stop) && clock_monotonic_ms() < until_ms)
        clock_sleep_ms(TURN_MS);
}

/* Rounds until all was told once, or for ever. A Redis that does not answer is waited for when following: what was told stays
 * told. */
static bool rounds(struct feed *feed, const struct request *request, int64_t interval_ms, struct fault *fault) {
    for (;;) {
        struct feed_result result;
        bool fine = feed_round(feed, &result, fault);
        if (atomic_load(&command_stop)) return fine || fault->code != FAULT_IO;
        if (!fine && (!request->follow || !fault->retriable)) return false;
        if (!fine) log_warn("stream_waits", "code=%s error=\"%s\"", stop_code(fault->stop), fault->message);
        if (!request->follow && (result.whole || result.left == 0)) return true;
        pause_for(request->follow ? interval_ms : TURN_MS);
        if (atomic_load(&command_stop)) return true;
    }
}

static bool follow(struct command *command, const struct request *request, struct fault *fault) {
    struct setup setup;
    if (request->once && request->follow) return fault_set(fault, STOP_USAGE, false, "--once and --follow exclude each other");
    if (!setup_create(&setup, command->config, fault)) return false;
    const struct settings *settings = config_settings(command->config);
    const struct feed_options options = {
        .store = &setup.store,
        .idle_ms = settings->rolling_idle_ms,
        .snapshot_directory = request->directory != NULL ? request->directory : settings->snapshot_directory,
        .sink = {.put = put, .commit = commit, .go_on = go_on},
    };
    struct feed *feed = setup_follow(&setup, fault) ? feed_create(&options, fault) : NULL;
    bool fine = feed != NULL && rounds(feed, request, settings->stream_interval_ms, fault);
    feed_destroy(feed);
    setup_destroy(&setup);
    return fine;
}

int cmd_stream(int argc, char **argv) {
    struct request request = {.follow = false};
    const struct command_options how = {
        .name = "stream", .usage = usage, .options = long_options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    command_catch_signals();
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    if (command.argument_count > 0) {
        (void)fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%s\"", command.arguments[0]);
        return command_end(&command, false, &fault);
    }
    return command_end(&command, follow(&command, &request, &fault), &fault);
}
