/* From cells and registry to observations: the kinds of indicators (schemas/indicators.md §3, §4). One thread; inputs are
 * borrowed. */
#ifndef NHIP_SNAPSHOT_STATISTICS_H
#define NHIP_SNAPSHOT_STATISTICS_H

#include "aggregate/snapshot/control.h"
#include "aggregate/snapshot/observation.h"
#include "aggregate/snapshot/sketch.h"
#include "zone.h"

struct statistics {
    const struct definitions *definitions;
    const struct state *state;
    const struct registry *registry;
    const struct crosswalk *crosswalk;
    const struct cells *cells;
    const struct sources *sources;
    const struct zone *zone;
    const char *currency;
    int currency_exponent;
    const char *area;
    struct period period;
    struct window now;        /* of the period: ends with its last day */
    struct window before;     /* of the preceding period; uses null: not compared with it */
    char window[16];          /* "P90D" */
    struct flow_table *table; /* of the period that is being written */
    struct control *control;  /* null: raw figures */
    struct observations *observations;
};

/* Writes the rows of all indicators for statistics->period; `daily`: also the D rows of its days. The borrowed members and
 * `period` are set by the caller, the others here. */
void statistics_run(struct statistics *statistics, bool daily);

/* Shared by the kinds. */
struct coordinates statistics_total(const struct statistics *statistics, const struct indicator *indicator, char evidence);
void statistics_district_area(const struct statistics *statistics, int district, char out[static AREA_BYTES]);
bool statistics_district_listed(int district); /* index from DISTRICT_FIRST */
/* A unit in the version it has, for disclosure control. */
struct unit_member unit_member_of(const struct statistics *statistics, uint32_t version, uint8_t kind);
/* 100 * part / whole into value, numerator, denominator, N_UNITS; whole 0: status M. */
void statistics_percent(struct observation *row, int64_t part, int64_t whole);

/* Per unit the first day on which one of its accounts was active so for the first time, as far as it was the unit's on that day:
 * the memory that outlives the ledger's retention. INT32_MAX: none. free(). */
int32_t *activity_first_days(const struct statistics *statistics, uint64_t activities);

void share_write(const struct statistics *statistics, const struct indicator *indicator);
void structure_write(const struct statistics *statistics, const struct indicator *indicator); /* kinds units and structure */
void active_write(const struct statistics *statistics, const struct indicator *indicator);
void turnover_write(const struct statistics *statistics, const struct indicator *indicator);
/* These write for `period` from statistics->table; the province's total, platform and instrument slices, others unless `daily`.
 */
void flow_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period, bool daily);
void distinct_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period);
/* By district, where the state has sketches by account and the period is made of months; else no rows. */
void distinct_districts_write(const struct statistics *statistics, const struct indicator *indicator,
                              const struct period *period);
/* Makes the row an estimate, with bounds of that many millionths of it. */
void distinct_estimate(struct observation *row, int64_t persons, int bound_ppm);
void hhi_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period);

#endif
