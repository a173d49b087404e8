/* The published tables that a report draws on: obs.csv of its own vintage and of the latest releases of earlier periods that
 * stand in the same directory. Built once, then read only. One thread. */
#ifndef NHIP_REPORT_EDITION_H
#define NHIP_REPORT_EDITION_H

#include "aggregate/report/csv_table.h"

#include <stdbool.h>

enum { EDITIONS_MAX = 13, EDITION_NAME_BYTES = 160, EDITION_KEY_BYTES = 400 };

/* Columns of obs.csv that are looked at; the first eleven are the key. */
#define OBS_COLUMNS(X) \
    X(FREQ) X(REF_AREA) X(INDICATOR) X(EVIDENCE) X(ACTIVITY) X(UNIT_TYPE) X(SIZE_CLASS) X(PLATFORM) X(INSTRUMENT) \
    X(TRANSFORMATION) X(TIME_PERIOD) X(OBS_VALUE) X(UNIT_MEASURE) X(OBS_STATUS) X(CONF_STATUS) X(NUMERATOR) X(DENOMINATOR) \
    X(N_UNITS) X(BOUND_LO) X(BOUND_HI) X(ERR_TYPE) X(COVERAGE) X(PERIOD_START) X(PERIOD_END) X(RELEASE) X(AS_OF)
enum obs_column {
#define X(name) OBS_##name,
    OBS_COLUMNS(X)
#undef X
    OBS_COLUMN_COUNT
};
enum { OBS_KEY_COLUMNS = OBS_OBS_VALUE };

struct edition {
    char name[EDITION_NAME_BYTES]; /* of the vintage */
    char period[16];                   /* TIME_PERIOD of its own period */
    char frequency[2];
    bool raw; /* holds figures that no disclosure control has seen (CONF_STATUS N) */
    struct csv_table table;
    size_t columns[OBS_COLUMN_COUNT];
};

struct editions {
    struct edition items[EDITIONS_MAX]; /* by period, ascending; the last is the report's own */
    size_t count;
};

/* One of them, by the directory in which it stands and its name. After a fault, too, its table is to be cleared. */
bool edition_open(struct edition *edition, const char *path, const char *name, struct fault *fault);

/* `path`: the directory in which the vintage `name` stands or is being made; `collection`: where vintages are collected.
 * Earlier ones are taken when flow and frequency are the same, the period lies before and AS_OF is not later; the greatest
 * release of each period, at most EDITIONS_MAX - 1 of them. One that holds uncontrolled figures is left out unless this one
 * does too, and one without a readable obs.csv is left out. */
bool editions_read(struct editions *editions, const char *path, const char *name, const char *collection,
                       struct fault *fault);
void editions_clear(struct editions *editions);

/* The vintage that the report belongs to. */
const struct edition *editions_own(const struct editions *editions);

/* A row of one of them, or none (edition == NULL). */
struct figure {
    const struct edition *edition;
    size_t row;
};

struct place {
    const char *area, *indicator, *evidence, *activity, *unit_type, *size_class, *platform, *instrument;
};
/* The row of that place with TRANSFORMATION N in the edition's own period. */
struct figure edition_find(const struct edition *edition, const struct place *place);

/* "" when there is no such row. */
const char *figure_cell(struct figure figure, enum obs_column column);
/* Columns 4-14 joined with commas, as obs.csv sorts them. */
void figure_key(struct figure figure, char out[static EDITION_KEY_BYTES]);
/* Whether it holds a value; a suppressed one never does, whatever its cell says. */
bool figure_has_value(struct figure figure);
bool figure_is_suppressed(struct figure figure);

#endif
