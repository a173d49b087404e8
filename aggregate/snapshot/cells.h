/* Ledger cells joined to the registry once: each with its day, the version of the unit it belongs to, and the flows it is part
 * of. Cells of no flow are left out. Sorted by day; read only after creation. */
#ifndef NHIP_SNAPSHOT_CELLS_H
#define NHIP_SNAPSHOT_CELLS_H

#include "aggregate/runtime/sources.h"
#include "aggregate/snapshot/crosswalk.h"
#include "aggregate/snapshot/period.h"

struct cell {
    uint64_t flows;   /* set of flow numbers */
    uint32_t version; /* VERSION_NONE: matched to no unit on its day */
    int32_t day;
    uint8_t outlet;
    uint8_t instrument;
    uint8_t party;
    uint32_t account;
    int64_t n;
    __int128 sum;
};

struct cells {
    struct cell *items;
    size_t count;
    uint32_t *sources; /* per account: the number of its source, 0 .. source_count - 1 */
    uint32_t source_count;
    int64_t unmatched_accounts; /* accounts with a ledger cell on a day of the period on which they belong to no unit */
    int64_t unmatched_n;        /* n of those cells (all flows and none) */
};

struct cells *cells_create(const struct state *state, const struct registry *registry, const struct crosswalk *crosswalk,
                           const struct definitions *definitions, const struct sources *sources, const struct period *period);
void cells_destroy(struct cells *cells);

/* The first cell with day >= `day`, as an index; cells of days [a, b] are [cells_from(a), cells_from(b + 1)). */
size_t cells_from(const struct cells *cells, int32_t day);

/* The flows that a facet is part of, records_cash aside. */
uint64_t facet_flows(const struct definitions *definitions, uint64_t facet);

#endif
