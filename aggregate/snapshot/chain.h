/* The matched-panel chain index of flows: TRANSFORMATION IXM (schemas/indicators.md §7). From month to month it compares only the
 * sources that were complete in both, so one that comes or goes moves the flow and not the index.
 *
 * A computation that a chain goes through is measured while its cells and its control are there: what its matched sources have,
 * as the end of the link from the month before and as the beginning of the link to the month after. One thread. */
#ifndef NHIP_SNAPSHOT_CHAIN_H
#define NHIP_SNAPSHOT_CHAIN_H

#include "aggregate/snapshot/period.h"

struct computation;
struct control;
struct growth;
struct growth_inputs;

enum { CHAIN_LINKS_MAX = 60 };

/* What a flow of the sources of one link is in one of its two months, and whether that may be known. */
struct chain_end {
    __int128 value;
    bool told;
};

/* A month in a chain, of one indicator. */
struct chain_ends {
    struct chain_end later;   /* of the link from the month before */
    struct chain_end earlier; /* of the link to the month after */
};

struct chain_plan {
    bool made; /* there are rows: months from the start on */
    bool goes; /* all months can be looked at */
    struct period start; /* 100: the last month of snapshot.base */
};

/* Of the computation that is published. */
struct chain_plan chain_plan_of(const struct computation *computation);

/* Fills computation->ends, one for each indicator, from the cells, and the control after control_apply() (null: raw figures).
 * Nothing without computation->panel. */
void chain_measure(struct computation *computation, const struct control *control);

/* What the index of row `from` is made of: above its value, below that of the start, both in 10^-9. */
struct growth_inputs chain_inputs(const struct growth *growth, size_t from);

/* Is the row the indicator's total of the province? What is observed has none that a chain could be made of. */
bool chain_is_total(const struct computation *computation, size_t from);

#endif
