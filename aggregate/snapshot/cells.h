/* Ledger cells joined to the registry once: each with its day, the version of the unit it belongs to, and what it counts for.
 * Cells of no flow are left out. What indicators look at cell by cell - the period and the window before its end - is kept
 * so, sorted by day; of all other days only which flows a unit was in. Read only after creation. */
#ifndef NHIP_SNAPSHOT_CELLS_H
#define NHIP_SNAPSHOT_CELLS_H

#include "aggregate/runtime/sources.h"
#include "aggregate/snapshot/crosswalk.h"
#include "aggregate/snapshot/period.h"

struct amount {
    int64_t n;
    __int128 sum;
};

/* What cells have in common: few, in millions of cells. */
struct cell_kind {
    uint64_t flows; /* set of flow numbers, not empty */
    uint8_t outlet;
    uint8_t instrument;
    uint8_t party;
};

enum { CELL_KIND_BITS = 19, CELL_DAY_BITS = 12 };

/* 24 bytes, because there are so many. An amount that does not fit stands in cells.wide, at `n`. */
struct cell {
    int64_t sum;
    uint32_t n;
    uint32_t version; /* VERSION_NONE: matched to no unit on its day */
    uint32_t account;
    uint32_t kind : CELL_KIND_BITS;
    uint32_t is_wide : 1;
    uint32_t day : CELL_DAY_BITS; /* from cells.first_day */
};

/* In which flows a unit has cells, of all days of the ledger. */
struct unit_past {
    uint64_t now;      /* days of the period */
    uint64_t previous; /* the period right before */
    uint64_t earlier;  /* any day before the period */
    int32_t first_day; /* until the period's end, of a cell of the flows of definitions_adoption(); INT32_MAX: none */
};

/* What a unit did on days of a window, per flow: outlets and instruments of its cells (bit 0: absent), so never empty when there
 * is a cell. */
struct use {
    uint32_t outlets;
    uint32_t instruments;
};

struct window {
    int32_t first, last; /* days, both inside */
    uint32_t *alive;     /* per unit: its version on the last day when it is ACTIVE there, else VERSION_NONE */
    struct use *uses;    /* unit * flow_count + flow */
    size_t flow_count;
    uint64_t flows;      /* with any cell, matched or not */
};

/* Notes a cell of the kind on a day of the window, of the unit in that version; VERSION_NONE: of none. */
static inline void window_note(struct window *window, const struct registry *registry, const struct cell_kind *kind,
                               uint32_t version) {
    window->flows |= kind->flows;
    if (version == VERSION_NONE) return;
    uint32_t unit = registry->versions[version].unit;
    for (uint64_t flows = kind->flows; flows != 0; flows &= flows - 1) {
        struct use *use = &window->uses[unit * window->flow_count + (uint32_t)__builtin_ctzll(flows)];
        use->outlets |= (uint32_t)1 << (kind->outlet & 31);
        use->instruments |= (uint32_t)1 << (kind->instrument & 31);
    }
}
static inline const struct use *window_use(const struct window *window, uint32_t unit, uint32_t flow) {
    return &window->uses[unit * window->flow_count + flow];
}

struct cells {
    struct cell *items;
    size_t count;
    struct cell_kind *kinds;
    size_t kind_count;
    struct amount *wide;
    size_t wide_count;
    int32_t first_day, last_day; /* of those that are kept */
    size_t *starts;              /* of the days from first_day to last_day + 1 in items */
    struct unit_past *past;      /* per unit */
    struct window before;        /* of the preceding period; uses null: not asked for. Who is alive is not filled in */
    uint32_t account_count;
    uint32_t *sources; /* per account: the number of its source, 0 .. source_count - 1 */
    uint32_t source_count;
    int64_t unmatched_accounts; /* accounts with a ledger cell on a day of the period on which they belong to no unit */
    int64_t unmatched_n;        /* n of those cells (all flows and none) */
};

/* `window_before`: fills in what was done in the window of the preceding period. */
struct cells *cells_create(const struct state *state, const struct registry *registry, const struct crosswalk *crosswalk,
                           const struct definitions *definitions, const struct sources *sources, const struct period *period,
                           bool window_before);
void cells_destroy(struct cells *cells);

/* The first cell with day >= `day`, as an index; cells of days [a, b] are [cells_from(a), cells_from(b + 1)). */
size_t cells_from(const struct cells *cells, int32_t day);

static inline const struct cell_kind *cell_kind(const struct cells *cells, const struct cell *cell) {
    return &cells->kinds[cell->kind];
}
static inline struct amount cell_amount(const struct cells *cells, const struct cell *cell) {
    return cell->is_wide != 0 ? cells->wide[cell->n] : (struct amount){cell->n, cell->sum};
}
static inline int32_t cell_day(const struct cells *cells, const struct cell *cell) {
    return cells->first_day + (int32_t)cell->day;
}

/* The flows that a facet is part of, `records_cash` and `named` aside. */
uint64_t facet_flows(const struct definitions *definitions, uint64_t facet);

#endif
