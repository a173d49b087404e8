/* cohorts.csv: time to adoption, as counts that users fit their own models to. A cell that is withheld shows nothing but where it
 * stands. What the release before and the newest one of the period before withheld to protect others stays in. */
#include "aggregate/publication/writers.h"

#include "aggregate/report/csv_table.h"
#include "aggregate/snapshot/cohorts.h"

#include <unistd.h>

enum { MONTH_BYTES = 16, DECIMALS = 6 };

static void month_name(int32_t month, char out[static MONTH_BYTES]) {
    (void)snprintf(out, MONTH_BYTES, "%04d-%02d", (int)(month / 12), (int)(month % 12 + 1));
}

static void cohort_name(const struct cohorts *cohorts, int32_t cohort, char out[static MONTH_BYTES]) {
    if (cohort == 0)
        (void)snprintf(out, MONTH_BYTES, "PRE");
    else
        month_name(cohorts->first_month + cohort - 1, out);
}

static void write_row(const struct cohorts *cohorts, int32_t cohort, int32_t month, FILE *out) {
    const struct cohort_cell *cell = cohort_cell(cohorts, cohort, month);
    char names[2][MONTH_BYTES];
    char hazard[DECIMAL_BYTES] = "";
    char survivor[DECIMAL_BYTES];
    cohort_name(cohorts, cohort, names[0]);
    month_name(cohorts->first_month + month, names[1]);
    (void)fprintf(out, "%s,%d,%s,", names[0], (int)(month - cohort_entry(cohort)), names[1]);
    if (cell->status != 'F' && cell->status != 'N') {
        (void)fprintf(out, ",,,,Q,%c\n", cell->status);
        return;
    }
    if (cell->at_risk > 0) decimal_quotient(hazard, cell->adoptions, cell->at_risk, 0, DECIMALS);
    decimal_quotient(survivor, cell->survivor, COHORT_SURVIVOR_ONE, 0, DECIMALS);
    (void)fprintf(out, "%lld,%lld,%s,%s,%c,%c\n", (long long)cell->at_risk, (long long)cell->adoptions, hazard, survivor,
                  cell->at_risk > 0 ? 'P' : 'M', cell->status);
}

/* The month of that name, from the first one; false: none of the table's. */
static bool month_of(const struct cohorts *cohorts, const char *name, int32_t *month) {
    struct period period;
    if (!period_parse(name, &period, &(struct fault){.code = FAULT_NONE})) return false;
    *month = month_of_day(period.first) - cohorts->first_month;
    return *month >= 0 && *month < cohorts->month_count;
}

static void hold_row(struct cohorts *cohorts, const struct csv_table *before, size_t row) {
    const char *name = csv_table_cell(before, row, csv_table_column(before, "COHORT"));
    const char *at = csv_table_cell(before, row, csv_table_column(before, "MONTH"));
    int32_t cohort = 0, month;
    if (strcmp(csv_table_cell(before, row, csv_table_column(before, "CONF_STATUS")), "D") != 0) return;
    if (strcmp(name, "PRE") != 0 && !month_of(cohorts, name, &cohort)) return;
    cohort += strcmp(name, "PRE") != 0;
    if (month_of(cohorts, at, &month) && month >= cohort_entry(cohort)) cohort_cell(cohorts, cohort, month)->held = true;
}

/* A release of a version that wrote no cohorts holds nothing. */
static bool hold(struct cohorts *cohorts, const struct previous *release, struct fault *fault) {
    struct csv_table before = {.text = NULL};
    char path[PREVIOUS_PATH_BYTES + 16];
    if (release == NULL) return true;
    (void)snprintf(path, sizeof(path), "%s/cohorts.csv", release->path);
    if (access(path, F_OK) != 0) return true;
    bool good = csv_table_read(&before, path, fault);
    for (size_t row = 0; good && row < before.rows; row++)
        hold_row(cohorts, &before, row);
    csv_table_clear(&before);
    return good;
}

bool cohorts_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    const struct statistics *statistics = publication->statistics;
    bool raw = !publication_holds_cohorts(publication->options, &statistics->period);
    uint32_t count;
    uint32_t *contributors =
        raw ? NULL : control_contributors(publication->registry, statistics->period.last, &count);
    struct cohorts *cohorts = cohorts_create(statistics, publication->as_of_ms, contributors);
    bool good = raw || (hold(cohorts, publication->previous, fault) && hold(cohorts, publication->neighbour, fault));
    if (good && !raw) cohorts_control(cohorts, &publication->options->disclosure);
    (void)fputs("COHORT,AGE,MONTH,AT_RISK,ADOPTIONS,HAZARD,SURVIVOR,OBS_STATUS,CONF_STATUS\n", out);
    for (int32_t cohort = 0; good && cohort <= cohorts->month_count; cohort++) {
        for (int32_t month = cohort_entry(cohort); month < cohorts->month_count && cohort_stands(cohorts, cohort); month++)
            write_row(cohorts, cohort, month, out);
    }
    cohorts_destroy(cohorts);
    free(contributors);
    return good;
}
