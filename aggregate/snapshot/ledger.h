/* The ledger's cells as a snapshot holds them: packed, a block for the cells of one partition and one day, about nine bytes a
 * cell. A state has tens of millions of them, and nearly all are looked at once; so they stay packed and are read in order.
 *
 * Filled by one thread, then read only. */
#ifndef NHIP_SNAPSHOT_LEDGER_H
#define NHIP_SNAPSHOT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger_cell {
    uint64_t facet;
    uint32_t slot;         /* in struct state */
    uint32_t facet_number; /* in the block's facets */
    int64_t n;
    __int128 sum;
};

struct ledger_block {
    int32_t day;
    uint32_t count;
    uint32_t slot_first;   /* of the partition */
    uint32_t facet_count;
    uint64_t *facets;      /* those that occur, in no order */
    uint8_t *bytes;
    size_t length;
};

struct ledger;

struct ledger *ledger_create(void);
void ledger_destroy(struct ledger *ledger);

/* One cell of a partition whose slots begin at `slot_first`. In any order; cells of one partition and day that come together are
 * packed together. `cell->facet_number` is not looked at. n and sum are not negative. */
void ledger_add(struct ledger *ledger, uint32_t slot_first, int32_t day, const struct ledger_cell *cell);
/* After the last cell, and before anything is read: packs what is left, and orders the blocks by day. */
void ledger_finish(struct ledger *ledger);

uint64_t ledger_count(const struct ledger *ledger); /* cells */

/* Blocks sorted by day; those of days [a, b] are [ledger_from(a), ledger_from(b + 1)). */
const struct ledger_block *ledger_blocks(const struct ledger *ledger, size_t *count);
size_t ledger_from(const struct ledger *ledger, int32_t day);

/* Reads a block from its beginning: cells by slot. */
struct ledger_reading {
    const struct ledger_block *block;
    const uint8_t *at;
    uint32_t slot;
    uint32_t left;
};
static inline struct ledger_reading ledger_read(const struct ledger_block *block) {
    return (struct ledger_reading){block, block->bytes, block->slot_first, block->count};
}
/* The next cell; false behind the last one. */
bool ledger_next(struct ledger_reading *reading, struct ledger_cell *cell);

#endif
