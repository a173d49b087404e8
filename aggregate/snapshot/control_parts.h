/* Inside of disclosure control: control.c (the whole), control_flows.c (flows and ratios), control_forms.c (sums of flows),
 * control_observed.c (flows of matched and unmatched cells together), control_units.c (numbers of units), control_sources.c
 * (parts of the sources), crowd.c (who brought distinct persons). */
#ifndef NHIP_SNAPSHOT_CONTROL_PARTS_H
#define NHIP_SNAPSHOT_CONTROL_PARTS_H

#include "aggregate/snapshot/control.h"

/* Dimensions of the table of flows, as in enum place_axis. */
enum flow_dimension { BY_DISTRICT = 0, BY_UNIT_TYPE, BY_OUTLET, BY_INSTRUMENT, BY_MONTH, BY_PARTY };

/* A sum of flows: how often each flow's n and sum are in it. */
struct form {
    uint8_t n[FLOWS_MAX];
    uint8_t sum[FLOWS_MAX];
};

struct form_use {
    struct form form;
    enum judge judge;
    uint32_t whole;
    unsigned dimensions;
    bool daily;
};

struct flow_figures {
    struct form_use *uses; /* a figure each, in this order */
    size_t count, capacity;
    struct disclosure_table *matched;
    struct disclosure_table *unmatched;
    struct disclosure_table *days; /* totals by day; null unless --daily */
    uint32_t *day_places;          /* of the period's days */
    uint32_t districts[DISTRICT_COUNT];
    uint32_t unit_types[UNIT_TYPES_MAX];
    uint32_t outlets[AXIS_CODES_MAX];
    uint32_t instruments[AXIS_CODES_MAX];
};

/* What one contributor has on one platform, in one place of each dimension, and in the same flows. */
struct pooled {
    uint64_t flows;
    uint32_t unit, platform;
    uint32_t source; /* only when the inputs ask for it, else 0 */
    uint8_t codes[DISCLOSURE_DIMENSIONS];
    bool unmatched; /* in no place */
    __int128 n, sum;
};

/* What is left of one of two published sums less the other. */
struct observed_rest {
    uint32_t observed; /* the figure of what is observed */
    uint32_t known;    /* the form that is published of matched cells, of unmatched ones, or of each of them */
    bool matched, unmatched;
    bool nothing; /* they are one number */
    uint32_t figure;
};

struct observed_figures {
    struct disclosure_table *table; /* the indicators' figures, in this order, then the rests */
    const struct indicator *indicators[INDICATORS_MAX];
    uint32_t count;
    uint32_t ad_platforms[AXIS_CODES_MAX];
    struct observed_rest *rests;
    size_t rest_count, rest_capacity;
};

struct control {
    struct control_inputs inputs;
    uint32_t *contributors; /* per version */
    uint32_t contributor_count;
    uint32_t *order; /* cells of the period, those of a contributor together; null after pooling when days are not shown */
    size_t order_count;
    struct pooled *pool; /* the same cells put together, those of a contributor together */
    size_t pool_count, pool_capacity;
    uint64_t observed_flows; /* of indicators that are observed */
    struct flow_figures flows;
    struct observed_figures observed;
    struct unit_figures **units;
    size_t unit_count, unit_capacity;
    int64_t differencing_checks;
};

/* The contributor of a cell: of an unmatched one, its account. */
uint32_t control_cell_contributor(const struct control *control, const struct cell *cell);
/* Who on the platform axis knows the cell: the marketplace, the wallet, or else the source. */
uint32_t control_cell_platform(const struct control *control, const struct cell *cell);

/* Puts the cells of control->order together. */
void control_pool_fill(struct control *control);

struct form form_of(const struct terms *terms);
/* The number of the figure that the form is, or UINT32_MAX. */
uint32_t form_find(const struct flow_figures *flows, const struct form *form);
/* What an amount is of `outer` less `inner` (null: nothing); false when it is nothing. */
bool form_amount(const struct form *outer, const struct form *inner, const struct pooled *amount, struct contribution *item);

enum { PATTERNS_MAX = 4096 };

/* The sets of flows that occur on cells of the period. */
struct patterns {
    uint64_t sets[PATTERNS_MAX];
    size_t count;
};
void patterns_find(const struct control *control, struct patterns *patterns);
/* inner is nowhere more than outer, and somewhere at all. */
bool form_is_part(const struct patterns *patterns, const struct form *inner, const struct form *outer);

void flow_figures_fill(struct control *control);
void flow_figures_run(struct flow_figures *flows);
void flow_figures_clear(struct flow_figures *flows);
void observed_figures_fill(struct control *control);
/* After the tables of flows. */
void observed_figures_run(struct control *control);
void observed_figures_clear(struct observed_figures *observed);
struct origin observed_origin(const struct control *control, const struct indicator *indicator, struct place place);
/* Withholds what a quarter or a year would tell of its months. */
void control_hold_months(struct control *control);
void unit_figures_destroy(struct unit_figures *units);

/* True where TP Thanh Hoa with and without Dong Son is in use (schemas/disclosure.md §5): their sum is known. */
bool control_merged_known(const struct control *control);
enum { DISTRICT_MERGED_INTO = 380 - DISTRICT_FIRST, DISTRICT_MERGED = 405 - DISTRICT_FIRST };
/* Places of all districts in dimension `dimension`, adding up to `all`. */
void control_district_places(const struct control *control, struct disclosure_table *table, unsigned dimension, uint32_t all,
                             uint32_t districts[static DISTRICT_COUNT]);

#endif
