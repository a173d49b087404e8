/* Rows of obs.csv: 34 columns, sorted by the bytes of their key (schemas/indicators.md §5). */
#ifndef NHIP_SNAPSHOT_OBSERVATION_H
#define NHIP_SNAPSHOT_OBSERVATION_H

#include "aggregate/disclosure/table.h"
#include "aggregate/snapshot/decimal.h"
#include "aggregate/snapshot/period.h"

#include <stddef.h>
#include <stdio.h>

enum { AREA_BYTES = 40, ACTIVITY_BYTES = 56, OBSERVATION_KEY_BYTES = 384, COVERAGE_BYTES = 8 };

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
    const char *transformation; /* null: N, the figure itself */
};

enum { ORIGIN_FIGURES_MAX = 4 };

/* What a figure is made of, for disclosure control (schemas/disclosure.md §3). */
struct origin {
    bool known;                     /* false: nobody said, so it is suppressed */
    struct judgement own;             /* of the figure itself, beside that of its parts */
    struct disclosure_table *table; /* null: no parts */
    uint32_t place;
    uint32_t figures[ORIGIN_FIGURES_MAX];
    size_t figure_count;
    bool everywhere_too; /* also judged at place 0 of the table */
};

struct observation {
    struct coordinates at;
    struct period period;
    char value[DECIMAL_BYTES]; /* empty: none */
    const char *unit_measure;
    int decimals;
    char status;          /* OBS_STATUS: P A E M Q L U */
    char confidentiality; /* CONF_STATUS: F A O T M D N */
    char numerator[DECIMAL_BYTES];
    char denominator[DECIMAL_BYTES];
    const char *unit_class; /* N_UNITS, "" none */
    char bound_low[DECIMAL_BYTES];
    char bound_high[DECIMAL_BYTES];
    const char *error_type; /* NONE BND HLL */
    const char *window;     /* P90D or "" */
    char coverage[COVERAGE_BYTES];    /* percent, two decimals, or empty */
    char before_break[DECIMAL_BYTES]; /* OBS_PRE_BREAK, or empty */
    char key[OBSERVATION_KEY_BYTES];  /* columns FREQ to TIME_PERIOD joined by commas; set by observations_sort() */
    struct origin origin;
};

struct observations {
    struct observation *items;
    size_t count;
    size_t capacity;
};

/* A new row with status P, confidentiality N and every other cell empty; valid until the next call. */
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

/* Makes the keys and sorts the rows by their bytes. Two rows with one key are a programmer's error. */
void observations_sort(struct observations *observations);
/* The row with this key in sorted rows, or null. */
struct observation *observations_find(const struct observations *observations, const char *key);
/* The row in sorted rows with the coordinates of `like`, transformation N, in `period`; or null. */
struct observation *observations_find_in(const struct observations *observations, const struct observation *like,
                                         const struct period *period);
/* Writes header and rows of sorted rows. The caller looks at ferror(). */
void observations_write(const struct observations *observations, const struct observation_frame *frame, FILE *out);

#endif
