/* What a figure is measured from decides what a jump is. A later release of a period that was complete is measured from the one
 * before: nothing but late records and corrections may lie between them. A first release, or one after a release of the running
 * period, has nothing of its own kind there, so it is measured from the last complete period. A headline that nobody delivers
 * any more (L) has no distance from what it was: it is the greatest jump of all. */
#include "aggregate/snapshot/jumps.h"

#include "aggregate/snapshot/revisions.h"

#include <stdio.h>

bool jump_beyond(const char *from, const char *to, bool points, int64_t jump) {
    __int128 before;
    __int128 after;
    if (!hundredths_of(from, &before) || !hundredths_of(to, &after)) return false;
    __int128 distance = after > before ? after - before : before - after;
    if (points) return distance > (__int128)jump * 100;
    return before != 0 && distance * 100 > (before < 0 ? -before : before) * jump;
}

static const struct obs_row *total_of(const struct obs_table *table, const struct computation *computation,
                                      const struct indicator *indicator, const char *period) {
    const char evidence[2] = {indicator->headline, '\0'};
    const struct observation_key key = {.area = computation->options->reporting_area,
                                        .indicator = indicator->code,
                                        .evidence = evidence,
                                        .activity = "_T",
                                        .unit_type = indicator->unit_type,
                                        .size_class = "_T",
                                        .platform = indicator->platform,
                                        .instrument = indicator->instrument,
                                        .period = period};
    return obs_table_find(table, &key);
}

static void measure(struct jumps *jumps, const struct computation *computation, const struct obs_table *now, bool open,
                    const struct obs_table *then, const char *then_period) {
    const struct definitions *definitions = computation->definitions;
    for (size_t i = 0; i < definitions->indicator_count && jumps->count < JUMPS_MAX; i++) {
        const struct indicator *indicator = &definitions->indicators[i];
        if (indicator->headline == 0 || (open && indicator->headline != 'R')) continue;
        const struct obs_row *to = total_of(now, computation, indicator, computation->period.text);
        const struct obs_row *from = total_of(then, computation, indicator, then_period);
        if (to == NULL || from == NULL) continue;
        bool stopped = from->cells[OBS_VALUE][0] != '\0' && strcmp(to->cells[OBS_OBS_STATUS], "L") == 0;
        const char *const values[2] = {from->cells[OBS_VALUE], stopped ? "L (not collected)" : to->cells[OBS_VALUE]};
        bool points = strcmp(to->cells[OBS_UNIT_MEASURE], "PT") == 0;
        if (!stopped && !jump_beyond(values[0], values[1], points, indicator->jump)) continue;
        struct jump *jump = &jumps->items[jumps->count++];
        *jump = (struct jump){.indicator = indicator, .points = points};
        (void)snprintf(jump->from, sizeof(jump->from), "%s", values[0]);
        (void)snprintf(jump->to, sizeof(jump->to), "%s", values[1]);
    }
}

bool jumps_find(struct jumps *jumps, const struct computation *computation, const struct obs_table *now,
                const struct previous *previous, const char *flow, struct fault *fault) {
    const struct period *period = &computation->period;
    *jumps = (struct jumps){.count = 0};
    const struct zone *zone = computation->options->zone;
    bool open = !period_ended(period, zone, computation->as_of_ms);
    if (previous != NULL && (open || period_ended(period, zone, previous->as_of_ms))) {
        (void)snprintf(jumps->since, sizeof(jumps->since), "%s", previous->name);
        measure(jumps, computation, now, open, &previous->table, period->text);
        return true;
    }
    struct previous *before;
    struct period last = period_preceding(period);
    if (!previous_find(computation->options->directory, flow, &last, &before, fault)) return false;
    if (before != NULL && period_ended(&last, zone, before->as_of_ms)) {
        (void)snprintf(jumps->since, sizeof(jumps->since), "%s", before->name);
        measure(jumps, computation, now, open, &before->table, last.text);
    }
    previous_destroy(before);
    return true;
}

static void one_text(const struct jumps *jumps, size_t which, char *out, size_t out_bytes) {
    const struct jump *jump = &jumps->items[which];
    (void)snprintf(out, out_bytes, "%s (%c): from %s to %s, bound %lld %s, since %s", jump->indicator->code,
                   jump->indicator->headline, jump->from, jump->to, (long long)jump->indicator->jump,
                   jump->points ? "points" : "%", jumps->since);
}

void jumps_text(const struct jumps *jumps, char *out, size_t out_bytes) {
    char first[JUMP_TEXT_BYTES];
    one_text(jumps, 0, first, sizeof(first));
    if (jumps->count > 1)
        (void)snprintf(out, out_bytes, "%s, and %zu headlines more", first, jumps->count - 1);
    else
        (void)snprintf(out, out_bytes, "%s", first);
}

void jumps_write(const struct jumps *jumps, FILE *out) {
    for (size_t i = 0; i < jumps->count; i++) {
        char text[JUMP_TEXT_BYTES];
        one_text(jumps, i, text, sizeof(text));
        (void)fprintf(out, "%s\n", text);
    }
}
