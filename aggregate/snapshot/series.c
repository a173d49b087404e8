/* All periods are computed from one true prefix, so that the releases of one turn agree with each other. A period in which no
 * figure changed and none became final gets no release: a number more without a change would only teach users to overlook
 * releases, and its revisions.csv would be empty. */
#include "aggregate/snapshot/series.h"

#include "aggregate/snapshot/snapshot_state.h"
#include "log.h"

static const int64_t DAY_MS = 86400000;

bool series_parse(const char *from, const char *to, struct series *series, struct fault *fault) {
    if (!period_parse(from, &series->from, fault)) return false;
    series->to = (struct period){.frequency = FREQUENCY_NONE};
    if (to == NULL) return true;
    if (!period_parse(to, &series->to, fault)) return false;
    if (series->to.frequency == series->from.frequency && series->to.first >= series->from.first) return true;
    return fault_set(fault, STOP_USAGE, false,
                     "--from %s --to %s: accepted are two periods of one form, the earlier one first, such as --from 2021-07 "
                     "--to 2021-09",
                     from, to);
}

/* Whether the period belongs to the series: up to its end, or for an open one, ended at AS_OF. */
static bool is_due(const struct series *series, const struct snapshot_options *options, const struct state *state,
                   const struct period *period) {
    if (series->to.frequency != FREQUENCY_NONE) return period->first <= series->to.first;
    int64_t as_of_ms = options->as_of_ms == TIME_NONE ? state_record_time_max(state) : options->as_of_ms;
    return period_ended(period, options->zone, as_of_ms);
}

static int64_t count_due(const struct series *series, const struct snapshot_options *options, const struct state *state) {
    int64_t count = 0;
    for (struct period period = series->from; is_due(series, options, state, &period); period = period_after(&period))
        count++;
    return count;
}

static void note_failure(struct series_result *result, const char *period, const struct fault *fault) {
    log_error("snapshot_failed", "period=%s code=%s reason=\"%s\"", period, stop_code(fault->stop), fault->message);
    if (result->failed++ > 0) return;
    result->first_fault = *fault;
    (void)snprintf(result->first_failed, sizeof(result->first_failed), "%s", period);
}

static void write_one(const struct series *series, const struct snapshot_options *options, const struct state *state,
                      int64_t count, struct series_result *result) {
    struct snapshot_result one;
    struct fault fault = {.code = FAULT_NONE};
    bool good = snapshot_write_state(options, state, &one, &fault);
    result->periods++;
    (void)fprintf(series->out, "[%lld/%lld] %s: ", (long long)result->periods, (long long)count, options->period);
    if (!good) {
        note_failure(result, options->period, &fault);
        (void)fprintf(series->out, "failed, %s\n", stop_code(fault.stop));
    } else if (one.staged) {
        result->staged++;
        log_warn("snapshot_staged", "period=%s vintage=%s jump=\"%s\"", options->period, one.vintage, one.jump);
        (void)fprintf(series->out, "not published, see nhip publish: %s: %s\n", one.path, one.jump);
    } else if (one.unchanged) {
        result->unchanged++;
        (void)fprintf(series->out, "unchanged since %s\n", one.path);
    } else {
        result->released++;
        result->revised_after_final += one.revised_after_final;
        (void)fprintf(series->out, "%s\n", one.path);
    }
    (void)fflush(series->out);
}

bool series_write(const struct series *series, const struct snapshot_options *options, struct series_result *result,
                  struct fault *fault) {
    *result = (struct series_result){.periods = 0};
    struct state *state = snapshot_read(options, fault);
    if (state == NULL) return false;
    struct snapshot_options each = *options;
    each.only_changed = true;
    int64_t count = count_due(series, options, state);
    struct period period = series->from;
    for (int64_t i = 0; i < count && !result->interrupted; i++) {
        each.period = period.text;
        write_one(series, &each, state, count, result);
        result->interrupted = i + 1 < count && series->stop != NULL && atomic_load(series->stop);
        period = period_after(&period);
    }
    state_destroy(state);
    return true;
}

int64_t series_next_turn_ms(const struct zone *zone, int64_t every_ms, int64_t now_ms) {
    int32_t today = zone_day(zone, now_ms);
    if (every_ms >= DAY_MS) {
        int32_t days = (int32_t)(every_ms / DAY_MS);
        return zone_day_start_ms(zone, today - today % days + days);
    }
    int64_t midnight_ms = zone_day_start_ms(zone, today);
    int64_t next_ms = midnight_ms + ((now_ms - midnight_ms) / every_ms + 1) * every_ms;
    int64_t tomorrow_ms = zone_day_start_ms(zone, today + 1);
    return next_ms < tomorrow_ms ? next_ms : tomorrow_ms;
}
