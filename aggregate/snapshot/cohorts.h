/* How many of the units that were registered in a month had not been active yet, month by month since, and how many then were for
 * the first time (schemas/cohorts.md): counts first, then what of them may leave. Pure but for memory. One thread. */
#ifndef NHIP_SNAPSHOT_COHORTS_H
#define NHIP_SNAPSHOT_COHORTS_H

#include "aggregate/snapshot/statistics.h"

/* The survivor is kept in units of 10^-12: each age multiplies and rounds once, half to even. */
#define COHORT_SURVIVOR_ONE INT64_C(1000000000000)

/* Units of one cohort in one month. */
struct cohort_cell {
    int64_t at_risk;
    int64_t adoptions;
    int64_t contributors; /* distinct ones among those at risk; 0 without control */
    int64_t survivor;     /* at the end of the month */
    bool held;            /* the release before withheld it to protect others */
    char status;          /* CONF_STATUS: N without control, F, A, D */
};

/* What one contributor has at risk in one cohort: a run of months, which begins with the cohort. */
struct cohort_member {
    uint32_t contributor;
    int32_t cohort;
    int32_t last_month; /* from first_month */
};

/* Cohort 0 is PRE, units that are older than the data; cohort i is that of month first_month + i - 1. */
struct cohorts {
    int32_t first_month; /* the first one wholly observed (year * 12 + month - 1) */
    int32_t month_count; /* from first_month to the last complete one; 0: nothing to say */
    struct cohort_cell *cells;     /* (month_count + 1) cohorts of month_count months */
    struct cohort_member *members; /* by contributor, cohort; null without control */
    size_t member_count;
};

#define COHORTS_START_NONE INT32_MIN

/* The last months counted are those of `statistics`' period that have ended at `as_of_ms`. `start`: the first month of the table
 * that this one follows, or COHORTS_START_NONE: it begins with the data. `contributors`: control_contributors() as of the
 * period's last day, or null: no control. */
struct cohorts *cohorts_create(const struct statistics *statistics, int64_t as_of_ms, int32_t start,
                               const uint32_t *contributors);
void cohorts_destroy(struct cohorts *cohorts);

/* The first month, from first_month, of a cohort's rows. */
static inline int32_t cohort_entry(int32_t cohort) {
    return cohort == 0 ? 0 : cohort - 1;
}
static inline struct cohort_cell *cohort_cell(const struct cohorts *cohorts, int32_t cohort, int32_t month) {
    return &cohorts->cells[(size_t)cohort * (size_t)cohorts->month_count + (size_t)month];
}
/* Whether the cohort has rows: some unit was at risk when it began. */
static inline bool cohort_stands(const struct cohorts *cohorts, int32_t cohort) {
    return cohort_cell(cohorts, cohort, cohort_entry(cohort))->at_risk > 0;
}

/* cohorts_control.c: verdicts of all cells, with those that are `held` (schemas/disclosure.md §7). */
void cohorts_control(struct cohorts *cohorts, const struct disclosure_rules *rules);

#endif
