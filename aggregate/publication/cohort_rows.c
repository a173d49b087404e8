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

/* Tables that this one follows: of the release before, and of the newest one of the period before. */
struct former {
    struct csv_table tables[2];
    size_t count;
};

/* A release of a version that wrote no cohorts has none. */
static bool read_former(struct former *former, const struct previous *release, struct fault *fault) {
    char path[PREVIOUS_PATH_BYTES + 16];
    if (release == NULL) return true;
    (void)snprintf(path, sizeof(path), "%s/cohorts.csv", release->path);
    if (access(path, F_OK) != 0) return true;
    struct csv_table *table = &former->tables[former->count++];
    *table = (struct csv_table){.text = NULL};
    return csv_table_read(table, path, fault);
}

static const char *cell(const struct csv_table *table, size_t row, const char *column) {
    return csv_table_cell(table, row, csv_table_column(table, column));
}

/* year * 12 + month - 1; false: the text is no month. */
static bool month_number(const char *text, int32_t *month) {
    struct period period;
    if (!period_parse(text, &period, &(struct fault){.code = FAULT_NONE})) return false;
    *month = month_of_day(period.first);
    return true;
}

/* The first month of the first of them that has rows. */
static int32_t former_start(const struct former *former) {
    int32_t start = COHORTS_START_NONE, month;
    for (size_t i = 0; i < former->count && start == COHORTS_START_NONE; i++) {
        for (size_t row = 0; row < former->tables[i].rows; row++) {
            if (!month_number(cell(&former->tables[i], row, "MONTH"), &month)) continue;
            if (start == COHORTS_START_NONE || month < start) start = month;
        }
    }
    return start;
}

static void hold_row(struct cohorts *cohorts, const struct csv_table *table, size_t row) {
    const char *name = cell(table, row, "COHORT");
    int32_t cohort = 0, month;
    if (strcmp(cell(table, row, "CONF_STATUS"), "D") != 0 || !month_number(cell(table, row, "MONTH"), &month)) return;
    if (strcmp(name, "PRE") != 0) {
        if (!month_number(name, &cohort)) return;
        cohort += 1 - cohorts->first_month;
        if (cohort < 1) return;
    }
    month -= cohorts->first_month;
    if (month >= cohort_entry(cohort) && month < cohorts->month_count) cohort_cell(cohorts, cohort, month)->held = true;
}

static void hold(struct cohorts *cohorts, const struct former *former) {
    for (size_t i = 0; i < former->count; i++) {
        for (size_t row = 0; row < former->tables[i].rows; row++)
            hold_row(cohorts, &former->tables[i], row);
    }
}

static void write_rows(const struct cohorts *cohorts, FILE *out) {
    (void)fputs("COHORT,AGE,MONTH,AT_RISK,ADOPTIONS,HAZARD,SURVIVOR,OBS_STATUS,CONF_STATUS\n", out);
    for (int32_t cohort = 0; cohort <= cohorts->month_count; cohort++) {
        for (int32_t month = cohort_entry(cohort); month < cohorts->month_count && cohort_stands(cohorts, cohort); month++)
            write_row(cohorts, cohort, month, out);
    }
}

bool cohorts_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    const struct statistics *statistics = publication->statistics;
    bool raw = !publication_holds_cohorts(publication->options, &statistics->period);
    struct former former = {.count = 0};
    bool good = raw || (read_former(&former, publication->previous, fault) &&
                        read_former(&former, publication->neighbour, fault));
    uint32_t count;
    uint32_t *contributors = raw ? NULL : control_contributors(publication->registry, statistics->period.last, &count);
    struct cohorts *cohorts = cohorts_create(statistics, publication->as_of_ms, former_start(&former), contributors);
    if (!raw) {
        hold(cohorts, &former);
        cohorts_control(cohorts, &publication->options->disclosure);
    }
    write_rows(cohorts, out);
    cohorts_destroy(cohorts);
    free(contributors);
    for (size_t i = 0; i < former.count; i++)
        csv_table_clear(&former.tables[i]);
    return good;
}
