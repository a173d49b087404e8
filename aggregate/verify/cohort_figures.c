/* Claims that cohorts.csv makes about itself, written down again from schemas/cohorts.md: see figures.h. */
#include "aggregate/verify/figures.h"

#include "aggregate/report/csv_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One row, and what the rows before it in its cohort leave. */
struct cohort_row {
    const char *cohort, *month, *at_risk, *adoptions, *hazard, *survivor, *status;
    int64_t age;
};

struct chain {
    const char *cohort;
    int64_t age;       /* of the row before */
    int64_t left;      /* at most so many are at risk now */
    __int128 survivor; /* in units of 10^-12 */
    bool withheld;     /* since some age */
};

static const __int128 ONE = 1000000000000;

static struct cohort_row row_of(const struct csv_table *table, size_t row) {
    static const char *const names[] = {"COHORT", "MONTH", "AT_RISK", "ADOPTIONS", "HAZARD", "SURVIVOR", "OBS_STATUS", "AGE"};
    const char *cells[8];
    for (size_t i = 0; i < 8; i++)
        cells[i] = csv_table_cell(table, row, csv_table_column(table, names[i]));
    return (struct cohort_row){cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], strtoll(cells[7], NULL, 10)};
}

/* Nearest whole number, of two the even one. */
static __int128 nearest(__int128 top, __int128 bottom) {
    __int128 twice = 2 * top + bottom;
    __int128 up = twice / (2 * bottom);
    return twice % (2 * bottom) == 0 && up % 2 == 1 ? up - 1 : up;
}

static bool shows(const char *text, __int128 top, __int128 bottom) {
    char wanted[32];
    int64_t millionths = (int64_t)nearest(top * 1000000, bottom);
    (void)snprintf(wanted, sizeof(wanted), "%" PRId64 ".%06" PRId64, millionths / 1000000, millionths % 1000000);
    return strcmp(text, wanted) == 0;
}

static bool is_empty(const struct cohort_row *row) {
    return row->at_risk[0] == '\0' && row->adoptions[0] == '\0' && row->hazard[0] == '\0' && row->survivor[0] == '\0';
}

/* What the numbers of the row break, or null. */
static const char *numbers_break(const struct cohort_row *row, struct chain *chain) {
    int64_t at_risk = strtoll(row->at_risk, NULL, 10), adoptions = strtoll(row->adoptions, NULL, 10);
    if (row->at_risk[0] == '\0' || row->adoptions[0] == '\0' || adoptions < 0 || adoptions > at_risk)
        return "ADOPTIONS are no part of AT_RISK";
    if (at_risk > chain->left) return "more are at risk than the month before left";
    chain->left = at_risk - adoptions;
    if (at_risk > 0) chain->survivor = nearest(chain->survivor * (at_risk - adoptions), at_risk);
    bool hazard = at_risk > 0 ? shows(row->hazard, adoptions, at_risk) : row->hazard[0] == '\0';
    if (!hazard) return "HAZARD is not ADOPTIONS / AT_RISK";
    return shows(row->survivor, chain->survivor, ONE) ? NULL : "SURVIVOR is not the product over the ages";
}

/* What the row breaks, or null. The chain goes on behind it. */
static const char *row_breaks(const struct cohort_row *row, struct chain *chain) {
    bool begins = chain->cohort == NULL || strcmp(row->cohort, chain->cohort) != 0;
    if (begins) *chain = (struct chain){.cohort = row->cohort, .age = -1, .left = INT64_MAX, .survivor = ONE};
    if (row->age != chain->age++ + 1) return "the ages of a cohort are not 0, 1, 2 and so on";
    if (strcmp(row->status, "Q") == 0) {
        chain->withheld = true;
        return is_empty(row) ? NULL : "withheld, and shows a number";
    }
    return chain->withheld ? "told, and an earlier age is withheld" : numbers_break(row, chain);
}

bool cohorts_check(const char *directory, struct findings *findings, struct fault *fault) {
    char path[1024];
    struct csv_table table = {.text = NULL};
    struct chain chain = {.cohort = NULL};
    int64_t before = findings->differs;
    (void)snprintf(path, sizeof(path), "%.900s/cohorts.csv", directory);
    if (access(path, F_OK) != 0) return true; /* days and weeks have none, nor have vintages of older versions */
    bool good = csv_table_read(&table, path, fault);
    for (size_t i = 0; good && i < table.rows; i++) {
        struct cohort_row row = row_of(&table, i);
        const char *what = row_breaks(&row, &chain);
        if (what != NULL) finding_differs(findings, "cohorts.csv: %.16s %.16s: %s", row.cohort, row.month, what);
    }
    if (good && findings->differs == before)
        finding_held(findings, "cohorts.csv: in %zu rows hazards and survivors follow from the counts, withheld tails are whole",
                     table.rows);
    csv_table_clear(&table);
    return good;
}
