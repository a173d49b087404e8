/* Inside of growth: growth.c (bases and rows), chain.c (the chain index). */
#ifndef NHIP_SNAPSHOT_GROWTH_PARTS_H
#define NHIP_SNAPSHOT_GROWTH_PARTS_H

#include "aggregate/snapshot/compute.h"
#include "aggregate/snapshot/previous.h"

/* A period that is measured from, computed. */
struct base {
    bool observed; /* from its first day to its last */
    struct computation computation;
    struct snapshot_options options;
    struct previous *release;
};

enum base_place { BASE_BEFORE, BASE_YEAR, BASE_INDEX, BASE_YEAR_BEFORE, BASE_PLACES };

struct growth {
    struct computation *computation;
    bool ended;            /* the period, by as_of */
    int32_t first_day;     /* growth_first_day() */
    int32_t index_periods; /* periods of this frequency in the index' base */
    struct base bases[GROWTH_BASES_MAX]; /* as computation.bases: a period once */
    const struct base *at[BASE_PLACES];  /* null: no such base */
    struct chain_plan plan;
    const struct base *chain[CHAIN_LINKS_MAX]; /* from the start to the month before */
    size_t link_count;
};

/* What goes into a row: values of this period and of bases, added up above and below. */
struct growth_inputs {
    __int128 top;
    __int128 bottom;
    bool withheld, uncollected, missing, unsure;
    char coverage[COVERAGE_BYTES]; /* the least of theirs, or empty */
};

/* `row` null: there is none. */
void growth_take_row(struct growth_inputs *inputs, const struct observation *row, __int128 *sum);
/* The base's row with the coordinates of `row`. */
void growth_take_base(struct growth_inputs *inputs, const struct base *base, const struct observation *row, __int128 *sum);

#endif
