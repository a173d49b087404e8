/* `nhip snapshot`: one vintage from the state in Redis and the adoption table on standard output; or, with --from, every period
 * of a frequency; or, with --every, the same again and again until SIGTERM. */
#include "aggregate/commands.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/command.h"
#include "aggregate/runtime/setup.h"
#include "aggregate/snapshot/series.h"
#include "aggregate/snapshot/table.h"
#include "log.h"


enum { WAIT_STEP_MS = 100, EVERY_MIN_MS = 1000, TIME_TEXT_BYTES = 25 };
static const int64_t EVERY_DAY_MS = 86400000;

static const char usage[] =
    "usage: nhip snapshot --period PERIOD | --from PERIOD [--to PERIOD] [--every DURATION] [--as-of TIME] [--daily]\n"
    "            [--config FILE] [--set key=value]... [--dir DIR] [--definitions FILE] [--raw] [--quiet]\n"
    "\n"
    "Reads one true prefix of the state in Redis and writes a vintage: an immutable directory with\n"
    "obs.csv (SDMX-CSV 2.0), report.html, revisions.csv (what changed since the release before, and\n"
    "why), calendar.csv, cohorts.csv (time to adoption), indicators.json, snapshot.json (offsets,\n"
    "registry cut, configuration hashes), MANIFEST.sha256 and more: README.md in it names all. Prints\n"
    "its path and the adoption table.\n"
    "Without the setting `namespace`: of the current namespace (nhip promote).\n"
    "\n"
    "  --period PERIOD      2021, 2021-Q3, 2021-09, 2021-W39 or 2021-09-30\n"
    "  --from P, --to P     every period of that form from P to P, in order, all from one prefix; a line\n"
    "                       each. Without --to: until the last one that has ended at AS_OF. A period in\n"
    "                       which no figure changed and none became final gets no new release; one that\n"
    "                       fails is named, and the others are written\n"
    "  --every DURATION     do that again and again (1s to 24h, or whole days such as 7d), counted from\n"
    "                       local midnight. A turn that fails is logged and counted, and the next one\n"
    "                       tries again. SIGTERM: ends the period that is being written, exits 0\n"
    "  --as-of TIME         label and registry cut, RFC 3339 (default: the greatest record time of the\n"
    "                       state; earlier is refused)\n"
    "  --daily              also one row per day of the period for the indicators that are made daily\n"
    "  --dir DIR            where vintages are collected (setting snapshot.directory)\n"
    "  --definitions FILE   indicators.json (setting snapshot.definitions)\n"
    "  --raw                no disclosure control: a directory named ..._RAW_..., every row CONF_STATUS N,\n"
    "                       not for publication; LATEST stays where it is\n"
    "  --quiet              print the path only\n"
    "\n"
    "With snapshot.judgement = on: where a headline moved further than its bound (`jump` in indicators.json),\n"
    "the release is staged and not published until somebody has looked at it: nhip publish.\n"
    "With snapshot.growth = on: also how flows moved, on the period before and on a year ago; with\n"
    "snapshot.base = 2021 also as an index (schemas/indicators.md).\n"
    "\n"
    "Examples:\n"
    "  nhip snapshot --period 2021-09 --set redis.address=127.0.0.1:6379\n"
    "  nhip snapshot --config nhip.conf --period 2021-Q3 --as-of 2021-10-02T17:00:00Z --dir snapshots\n"
    "  nhip snapshot --config nhip.conf --from 2021-01 --to 2021-09       # a backfill of nine months\n"
    "  nhip snapshot --config nhip.conf --from 2021-01 --every 24h        # each midnight, whatever has changed\n"
    "\n"
    "Exit codes: 0 written, 1 Redis failed, 2 usage, setting or definitions, 3 refused (no state, as-of\n"
    "too early) or staged, 4 file error; with --from: that of the first period that failed.\n";

static const struct option long_options[] = {
    {"period", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'b'},
    {"to", required_argument, NULL, 'e'},
    {"every", required_argument, NULL, 't'},
    {"as-of", required_argument, NULL, 'a'},
    {"daily", no_argument, NULL, 'd'},
    {"dir", required_argument, NULL, 'o'},
    {"definitions", required_argument, NULL, 'f'},
    {"raw", no_argument, NULL, 'r'},
    {"quiet", no_argument, NULL, 'q'},
    {0},
};

struct request {
    const char *period;
    const char *from;
    const char *to;
    const char *every;
    const char *as_of;
    const char *directory;
    const char *definitions;
    int64_t every_ms; /* 0: once */
    bool daily;
    bool raw;
    bool quiet;
};

static bool on_option(void *context, int value, const char *argument) {
    struct request *request = context;
    if (value == 'p') request->period = argument;
    if (value == 'b') request->from = argument;
    if (value == 'e') request->to = argument;
    if (value == 't') request->every = argument;
    if (value == 'a') request->as_of = argument;
    if (value == 'o') request->directory = argument;
    if (value == 'f') request->definitions = argument;
    if (value == 'd') request->daily = true;
    if (value == 'r') request->raw = true;
    if (value == 'q') request->quiet = true;
    return true;
}

static bool check_every(struct request *request, struct fault *fault) {
    if (request->every == NULL) return true;
    if (config_duration(request->every, &request->every_ms) && request->every_ms >= EVERY_MIN_MS &&
        request->every_ms <= 366 * EVERY_DAY_MS && (request->every_ms <= EVERY_DAY_MS || request->every_ms % EVERY_DAY_MS == 0))
        return true;
    return fault_set(fault, STOP_USAGE, false,
                     "--every: found \"%.40s\", accepted are durations from 1s to 24h and whole days up to 366d", request->every);
}

static bool check_request(struct request *request, struct fault *fault) {
    if (request->period == NULL && request->from == NULL) {
        return fault_set(fault, STOP_USAGE, false,
                         "--period is missing: 2021, 2021-Q3, 2021-09, 2021-W39 or 2021-09-30 (or --from, for several)");
    }
    if (request->period != NULL && (request->from != NULL || request->to != NULL))
        return fault_set(fault, STOP_USAGE, false, "--period is one period, --from and --to are several: give one of the two");
    if (request->every != NULL && request->as_of != NULL)
        return fault_set(fault, STOP_USAGE, false, "--every takes AS_OF from the state of each turn: leave --as-of out");
    return check_every(request, fault);
}

static bool apply(const struct request *request, struct snapshot_options *options, struct fault *fault) {
    options->period = request->period;
    options->daily = request->daily;
    options->raw = request->raw;
    if (request->raw) options->judged = false;
    if (request->directory != NULL) options->directory = request->directory;
    if (request->as_of == NULL || rfc3339_parse(slice_of(request->as_of), &options->as_of_ms)) return true;
    return fault_set(fault, STOP_USAGE, false, "--as-of: found \"%.40s\", accepted is RFC 3339 such as 2021-10-02T17:00:00Z",
                     request->as_of);
}

static void say_final(int64_t revised_after_final) {
    if (revised_after_final == 0) return;
    (void)fprintf(stderr, "nhip snapshot: notice: %lld figures were revised that had been final: see revisions.csv\n",
                  (long long)revised_after_final);
}

static void say_raw(const struct request *request) {
    if (request->raw) (void)fputs("nhip: raw figures, without disclosure control: not for publication\n", stderr);
}

static bool say_staged(const struct snapshot_options *options, const struct snapshot_result *result, struct fault *fault) {
    return fault_set(fault, STOP_STAGED, false,
                     "%.260s; not published, staged: look at it, then `nhip publish --dir %.60s --approve %.80s --by WHO "
                     "--reason TEXT`, or --reject",
                     result->jump, options->directory, result->vintage);
}

static bool write_and_print(const struct request *request, const struct snapshot_options *options, struct fault *fault) {
    struct snapshot_result result;
    if (!snapshot_write(options, &result, fault)) return false;
    if (result.staged) return say_staged(options, &result, fault);
    say_raw(request);
    (void)printf("%s\n", result.path);
    say_final(result.revised_after_final);
    if (request->quiet) return true;
    (void)printf("%lld observations, %lld suppressed; %lld accounts belong to no unit, %lld claims refused\n\n",
                 (long long)result.observations, (long long)result.suppressed, (long long)result.unmatched_accounts,
                 (long long)result.refused_claims);
    if (adoption_table_print(result.path, options->period, stdout)) return true;
    return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: obs.csv cannot be read back", result.path);
}

/* A backfill: the first failure is the command's. */
static bool write_series(const struct request *request, const struct series *series, const struct snapshot_options *options,
                         struct fault *fault) {
    struct series_result result;
    if (!series_write(series, options, &result, fault)) return false;
    say_raw(request);
    say_final(result.revised_after_final);
    if (!request->quiet) {
        (void)printf("%lld periods: %lld released, %lld unchanged, %lld failed", (long long)result.periods,
                     (long long)result.released, (long long)result.unchanged, (long long)result.failed);
        if (result.staged > 0) (void)printf(", %lld staged", (long long)result.staged);
        (void)putchar('\n');
    }
    if (result.failed == 0 && result.staged == 0) return true;
    if (result.failed == 0) {
        return fault_set(fault, STOP_STAGED, false, "%lld periods wait for a judgement: nhip publish --dir %.200s",
                         (long long)result.staged, options->directory);
    }
    return fault_set(fault, result.first_fault.stop, result.first_fault.retriable, "%s: %.400s", result.first_failed,
                     result.first_fault.message);
}

/* One turn: the current namespace may be another one than in the turn before. */
static void take_turn(struct setup *setup, const struct series *series, const struct snapshot_options *options, int64_t turn,
                      int64_t *failed) {
    struct fault fault = {.code = FAULT_NONE};
    struct series_result result = {.periods = 0};
    int64_t started_ms = clock_monotonic_ms();
    if (!setup_follow(setup, &fault) || !series_write(series, options, &result, &fault)) {
        log_error("snapshot_failed", "code=%s reason=\"%s\"", stop_code(fault.stop), fault.message);
        result.failed = 1;
    }
    *failed += result.failed;
    say_final(result.revised_after_final);
    log_info("snapshot_turn", "turn=%lld released=%lld unchanged=%lld failed=%lld failed_in_all=%lld staged=%lld took_ms=%lld",
             (long long)turn, (long long)result.released, (long long)result.unchanged, (long long)result.failed,
             (long long)*failed, (long long)result.staged, (long long)(clock_monotonic_ms() - started_ms));
}

/* Until a signal; whatever fails is the turn's. A turn that outlasts its interval skips those that it has missed. */
static void take_turns(const struct request *request, struct setup *setup, const struct series *series,
                       const struct snapshot_options *options) {
    int64_t failed = 0;
    int64_t turns = 0;
    say_raw(request);
    for (;;) {
        char when[TIME_TEXT_BYTES];
        int64_t next_ms = series_next_turn_ms(setup->zone, request->every_ms, clock_wall_ms());
        rfc3339_format(next_ms, when);
        log_info("snapshot_waits", "next=%s every=%s", when, request->every);
        while (!atomic_load(&command_stop) && clock_wall_ms() < next_ms)
            clock_sleep_ms(WAIT_STEP_MS);
        if (atomic_load(&command_stop)) break;
        take_turn(setup, series, options, ++turns, &failed);
    }
    log_info("ended", "turns=%lld failed=%lld", (long long)turns, (long long)failed);
}

/* `series` stays as it is for one period, once. */
static bool choose_periods(const struct request *request, struct series *series, struct fault *fault) {
    if (request->from != NULL) return series_parse(request->from, request->to, series, fault);
    return request->every == NULL || series_parse(request->period, request->period, series, fault);
}

static bool do_it(const struct request *request, struct setup *setup, const struct series *series,
                  const struct snapshot_options *options, struct fault *fault) {
    if (request->every_ms > 0) {
        take_turns(request, setup, series, options);
        return true;
    }
    return request->from != NULL ? write_series(request, series, options, fault) : write_and_print(request, options, fault);
}

static bool snapshot(struct request *request, struct config *config, struct fault *fault) {
    char definitions[512];
    struct snapshot_options options;
    struct setup setup;
    struct series series = {.stop = &command_stop, .out = stdout};
    if (!check_request(request, fault) || !choose_periods(request, &series, fault)) return false;
    if (request->definitions != NULL && !config_put(config, "snapshot.definitions", request->definitions, fault)) return false;
    if (!setup_create(&setup, config, fault)) return false;
    bool good = (request->every_ms > 0 || setup_follow(&setup, fault)) && setup_snapshot(&setup, &options, definitions, fault) &&
                apply(request, &options, fault);
    good = good && do_it(request, &setup, &series, &options, fault);
    setup_destroy(&setup);
    return good;
}

int cmd_snapshot(int argc, char **argv) {
    struct request request = {.period = NULL};
    const struct command_options how = {
        .name = "snapshot", .usage = usage, .options = long_options, .option = on_option, .context = &request};
    struct command command;
    struct fault fault = {.code = FAULT_NONE};
    if (!command_begin(&command, &how, argc, argv)) return command.exit_code;
    bool fine = false;
    if (command.argument_count > 0) {
        (void)fault_set(&fault, STOP_USAGE, false, "unexpected argument \"%.60s\" (see nhip snapshot --help)",
                        command.arguments[0]);
    } else {
        if (request.every != NULL) command_catch_signals();
        fine = snapshot(&request, command.config, &fault);
    }
    return command_end(&command, fine, &fault);
}
