/* Figures that a gap makes unsure, marked: see gaps.h.
 *
 * What was lost nobody knows, so no figure is corrected; what is known is when. The days of a gap go from the day on which the
 * last record before it was counted (by the watermark, which is earlier when events come late) to the day on which record time
 * had passed it; one that has no end yet goes on. An event that came later than the watermark's bound, or is booked to an earlier
 * day, may be missing on days before: the revisions that it would have made are what is lost there. */
#include "aggregate/snapshot/gaps.h"

#include "zone.h"

struct days {
    int32_t first;
    int32_t last;
};

static struct days days_of(const struct gap *gap, const struct zone *zone) {
    return (struct days){.first = gap->since_ms == INT64_MIN ? INT32_MIN : zone_day(zone, gap->since_ms),
                         .last = gap->until_ms == INT64_MAX ? INT32_MAX : zone_day(zone, gap->until_ms)};
}

static bool is_turnover(const struct definitions *definitions, const char *code) {
    const struct indicator *indicator = definitions_indicator(definitions, code);
    return indicator != NULL && indicator->kind == INDICATOR_TURNOVER;
}

static bool concerns(const struct observation *row, const struct definitions *definitions, struct days days) {
    int32_t first = row->period.first;
    int32_t window_first = row->period.last - definitions->window_days + 1;
    if (row->window[0] != '\0' && window_first < first) first = window_first;
    if (is_turnover(definitions, row->at.indicator)) first = period_before(&row->period).first;
    return days.first <= row->period.last && days.last >= first;
}

void gaps_mark(const struct state *state, const struct zone *zone, const struct definitions *definitions,
               struct observations *observations) {
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct progress *progress = &state->partitions[i].progress;
        for (int64_t j = 0; j < progress->gap_count; j++) {
            struct days days = days_of(&progress->gaps[j], zone);
            for (size_t k = 0; k < observations->count; k++) {
                struct observation *row = &observations->items[k];
                bool sure = row->at.evidence == 'R' && progress->units == 0;
                bool marked = row->status == 'P' || row->status == 'A' || row->status == 'E';
                if (marked && !sure && concerns(row, definitions, days)) row->status = 'U';
            }
        }
    }
}

static void write_instant(FILE *out, const char *key, int64_t time_ms, int64_t unknown) {
    char text[25];
    if (time_ms == unknown) {
        (void)fprintf(out, ", \"%s\": null", key);
        return;
    }
    rfc3339_format(time_ms, text);
    (void)fprintf(out, ", \"%s\": \"%s\"", key, text);
}

void gaps_write(const struct progress *progress, FILE *out) {
    (void)fputc('[', out);
    for (int64_t i = 0; i < progress->gap_count; i++) {
        const struct gap *gap = &progress->gaps[i];
        (void)fprintf(out, "%s{\"from\": %lld, \"to\": %lld, \"lost\": %lld, \"reread\": %lld", i == 0 ? "" : ", ",
                      (long long)gap->from, (long long)gap->to, (long long)(gap->to - gap->from), (long long)gap->reread);
        write_instant(out, "since", gap->since_ms, INT64_MIN);
        write_instant(out, "until", gap->until_ms, INT64_MAX);
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}
