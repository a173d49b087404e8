/* Counts and sums of every flow over the days of one period, along every one-way axis: what flow, ratio and hhi indicators read.
 */
#ifndef NHIP_SNAPSHOT_FLOW_TABLE_H
#define NHIP_SNAPSHOT_FLOW_TABLE_H

#include "aggregate/snapshot/cells.h"

/* Where a figure is taken: exactly one of the axes, the others stand at their total. */
enum place_axis {
    PLACE_PROVINCE = 1,
    PLACE_UNMATCHED,
    PLACE_DISTRICT,
    PLACE_UNIT_TYPE,
    PLACE_OUTLETS,
    PLACE_INSTRUMENTS,
    PLACE_OBSERVED, /* the province and what is unmatched; so for the next */
    PLACE_PARTIES
};

struct place {
    enum place_axis axis;
    uint64_t codes; /* outlets, instruments, parties: a set; district, unit type: the index */
};

struct flow_row {
    struct amount province;
    struct amount unmatched;
    struct amount unmatched_party[PARTY_COUNT];
    struct amount district[DISTRICT_COUNT];
    struct amount unit_type[UNIT_TYPES_MAX];
    struct amount outlet[OUTLET_COUNT];
    struct amount instrument[INSTRUMENT_COUNT];
    struct amount party[PARTY_COUNT];
    struct amount district_outlet[DISTRICT_COUNT][OUTLET_COUNT];
    struct amount district_party[DISTRICT_COUNT][PARTY_COUNT];
};

struct flow_table {
    struct flow_row rows[FLOWS_MAX];
};

/* Days [first, last]. To be given to free(). */
struct flow_table *flow_table_create(const struct cells *cells, const struct registry *registry, int32_t first, int32_t last);

/* Sum of n or sum of the terms at a place. */
__int128 flow_table_terms(const struct flow_table *table, const struct terms *terms, struct place place);

#endif
