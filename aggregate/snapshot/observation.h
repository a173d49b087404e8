/* Rows of obs.csv: 34 columns, sorted by the bytes of their key (schemas/indicators.md §5). */
#ifndef NHIP_SNAPSHOT_OBSERVATION_H
#define NHIP_SNAPSHOT_OBSERVATION_H

#include "aggregate/snapshot/decimal.h"
#include "aggregate/snapshot/period.h"

#include <stddef.h>
#include <stdio.h>

enum { AREA_BYTES = 40, ACTIVITY_BYTES = 56 };

/* The coordinates that differ between rows; texts that are not arrays outlive the list (definitions, literals). */
struct coordinates {
    char area[AREA_BYTES];
    const char *indicator;
    char evidence; /* R O C */
    char activity[ACTIVITY_BYTES];
    const char *unit_type;
    const char *size_class;
    const char *platform;
    const char *instrument;
};

struct observation {
    struct coordinates at;
    struct period period;
    char value[DECIMAL_BYTES]; /* empty: none */
    const char *unit_measure;
    int decimals;
    char status; /* P E M */
    char numerator[DECIMAL_BYTES];
    char denominator[DECIMAL_BYTES];
    const char *unit_class; /* N_UNITS, "" none */
    char bound_low[DECIMAL_BYTES];
    char bound_high[DECIMAL_BYTES];
    const char *error_type; /* NONE BND HLL */
    const char *window;     /* P90D or "" */
};

struct observations {
    struct observation *items;
    size_t count;
    size_t capacity;
};

/* A new row with status P and every other cell empty; valid until the next call. */
struct observation *observations_add(struct observations *observations, const struct coordinates *at,
                                     const struct period *period);
void observations_clear(struct observations *observations);

/* N_UNITS: 0, 1-4, 5-9, 10-49, 50+. */
const char *unit_class_of(int64_t units);

/* What is the same in every row. */
struct observation_frame {
    const char *structure_id;
    const char *method;
    int64_t release;
    int64_t as_of_ms;
};

/* Sorts the rows by key and writes header and rows. Two rows with one key are a programmer's error. The caller looks at ferror().
 */
void observations_write(struct observations *observations, const struct observation_frame *frame, FILE *out);

#endif
