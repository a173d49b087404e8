/* Memory of a snapshot: one command, one thread, freed at the end. Running out of it ends the process (CHECK_MEMORY): no
 * vintage has been named by then, so nothing is lost but the attempt. */
#ifndef NHIP_SNAPSHOT_MEMORY_H
#define NHIP_SNAPSHOT_MEMORY_H

#include "check.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Zeroed; to be given to free(). */
static inline void *memory_zeroed(size_t count, size_t item_bytes) {
    void *items = calloc(count > 0 ? count : 1, item_bytes);
    CHECK_MEMORY(items != NULL);
    return items;
}

/* Makes room for `needed` items (doubling); the new part is not initialised. Returns the array, which may have moved. */
static inline void *memory_reserve(void *items, size_t *capacity, size_t needed, size_t item_bytes) {
    if (needed <= *capacity) return items;
    size_t larger = *capacity > 0 ? *capacity * 2 : 64;
    if (larger < needed) larger = needed;
    CHECK(larger < SIZE_MAX / item_bytes);
    items = realloc(items, larger * item_bytes);
    CHECK_MEMORY(items != NULL);
    *capacity = larger;
    return items;
}

#endif
