/* Shelves: the hashes of the store that are in memory. Private to table.c and shelf.c. */
#ifndef NHIP_ROLLUP_SHELF_H
#define NHIP_ROLLUP_SHELF_H

#include "aggregate/rollup/table.h"

/* `place` is that of a hash. CELL_END when it is not in memory. */
uint32_t shelf_find(const struct table *table, uint64_t place);
/* The same, made when it is not: known when the catalog does not have it (it is then added), else wanted. May move
 * shelves. */
uint32_t shelf_ensure(struct table *table, uint64_t place);

#endif
