/* calendar.csv: when this period is released and becomes final, as planned and as it came, and what is planned for the periods
 * behind it, so that users know beforehand when to look and when to stop waiting.
 *
 * The plan follows from the classes of finality and asks no clock. What came is carried from release to release: a step that the
 * release before had reached stays with the release that reached it first, unless its plan has moved since (a registry log that
 * was written anew); the first AS_OF at or after the plan reaches it. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/report/csv_table.h"
#include "zone.h"

#include <unistd.h>

enum { PERIODS_AHEAD = 4, INSTANT_BYTES = 25, NUMBER_BYTES = 24 };

/* The steps of a period, in the order of the file. FINALITY_NONE: the first release that covers the whole period. */
static const struct {
    const char *name;
    enum finality_class class;
} steps[] = {{"FIRST", FINALITY_NONE},
             {"F7", FINALITY_F7},
             {"F45", FINALITY_F45},
             {"F120", FINALITY_F120},
             {"REG", FINALITY_REG}};
enum { STEP_COUNT = sizeof(steps) / sizeof(steps[0]) };

/* Which release reached a step: empty texts when none has. */
struct reached {
    char release[NUMBER_BYTES];
    char as_of[INSTANT_BYTES];
};

static int64_t planned_ms(const struct finality *finality, size_t step, const struct period *period) {
    if (steps[step].class == FINALITY_NONE) return zone_day_start_ms(finality->zone, period->last + 1);
    return finality_instant(finality, steps[step].class, period);
}

static void reach(struct reached *reached, int64_t release, int64_t as_of_ms) {
    (void)snprintf(reached->release, sizeof(reached->release), "%lld", (long long)release);
    rfc3339_format(as_of_ms, reached->as_of);
}

static const char *cell(const struct csv_table *table, size_t row, const char *column) {
    return csv_table_cell(table, row, csv_table_column(table, column));
}

/* What calendar.csv of the release before says of a step that was planned for the same instant. */
static void carry(const struct csv_table *before, const struct period *period, size_t step, const char *planned,
                  struct reached *reached) {
    for (size_t row = 0; row < before->rows; row++) {
        if (strcmp(cell(before, row, "TIME_PERIOD"), period->text) != 0) continue;
        if (strcmp(cell(before, row, "STEP"), steps[step].name) != 0) continue;
        if (strcmp(cell(before, row, "PLANNED_AT"), planned) != 0) continue;
        (void)snprintf(reached->release, sizeof(reached->release), "%s", cell(before, row, "RELEASE"));
        (void)snprintf(reached->as_of, sizeof(reached->as_of), "%s", cell(before, row, "AS_OF"));
    }
}

/* Whether the step is of concern to an indicator: to its observed figures, or, REG, to those that the registry declares. */
static bool has_rows(const struct publication *publication, const struct indicator *indicator, size_t step) {
    bool registry = steps[step].class == FINALITY_REG;
    if (!registry && indicator->finality != steps[step].class) return false;
    for (size_t i = 0; i < publication->rows->count; i++) {
        const char *const *cells = publication->rows->rows[i].cells;
        if (strcmp(cells[OBS_INDICATOR], indicator->code) != 0) continue;
        if (cells[OBS_EVIDENCE][0] == 'C' || (cells[OBS_EVIDENCE][0] == 'R') == registry) return true;
        if (registry && indicator->finality == FINALITY_REG) return true;
    }
    return false;
}

static void write_scope(const struct publication *publication, size_t step, FILE *out) {
    const char *separator = "";
    if (steps[step].class == FINALITY_NONE) (void)fputs("ALL", out);
    for (size_t i = 0; steps[step].class != FINALITY_NONE && i < publication->definitions->indicator_count; i++) {
        const struct indicator *indicator = &publication->definitions->indicators[i];
        if (!has_rows(publication, indicator, step)) continue;
        (void)fprintf(out, "%s%s", separator, indicator->code);
        separator = " ";
    }
}

static void write_step(const struct publication *publication, const struct period *period, size_t step, const char *planned,
                       const struct reached *reached, FILE *out) {
    char dates[2][11];
    char day[11] = "";
    int64_t planned_at_ms;
    iso_date_format(period->first, dates[0]);
    iso_date_format(period->last, dates[1]);
    if (rfc3339_parse(slice_of(planned), &planned_at_ms))
        iso_date_format(zone_day(publication->options->zone, planned_at_ms), day);
    (void)fprintf(out, "%c,%s,%s,%s,%s,", (char)period->frequency, period->text, dates[0], dates[1], steps[step].name);
    write_scope(publication, step, out);
    (void)fprintf(out, ",%s,%s,%s,%s\n", day, planned, reached->release, reached->as_of);
}

/* `own`: the period of this vintage; else one that is still to come. */
static void write_period(const struct publication *publication, const struct finality *finality, const struct csv_table *before,
                         const struct period *period, bool own, FILE *out) {
    for (size_t step = 0; step < STEP_COUNT; step++) {
        int64_t at_ms = planned_ms(finality, step, period);
        char planned[INSTANT_BYTES] = "";
        struct reached reached = {.release = ""};
        if (at_ms != INT64_MAX) rfc3339_format(at_ms, planned);
        if (own && at_ms != INT64_MAX) carry(before, period, step, planned, &reached);
        if (own && reached.release[0] == '\0' && at_ms <= publication->as_of_ms)
            reach(&reached, publication->vintage->release, publication->as_of_ms);
        write_step(publication, period, step, planned, &reached, out);
    }
}

bool calendar_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    const struct finality finality = {.definitions = publication->definitions,
                                      .registry = publication->registry,
                                      .zone = publication->options->zone,
                                      .as_of_ms = publication->as_of_ms};
    struct csv_table before = {.text = NULL};
    char path[PREVIOUS_PATH_BYTES + 16] = "";
    if (publication->previous != NULL) (void)snprintf(path, sizeof(path), "%s/calendar.csv", publication->previous->path);
    /* A release of a version that wrote none has none. */
    bool good = path[0] == '\0' || access(path, F_OK) != 0 || csv_table_read(&before, path, fault);
    struct period period = publication->statistics->period;
    (void)fputs("FREQ,TIME_PERIOD,PERIOD_START,PERIOD_END,STEP,SCOPE,PLANNED_DATE,PLANNED_AT,RELEASE,AS_OF\n", out);
    for (int ahead = 0; good && ahead <= PERIODS_AHEAD; ahead++) {
        write_period(publication, &finality, &before, &period, ahead == 0, out);
        period = period_after(&period);
    }
    csv_table_clear(&before);
    return good;
}
