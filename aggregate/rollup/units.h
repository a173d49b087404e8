/* Registry records on their way to the store: kept as bytes until the next cut, never read again
 * (schemas/store-layout.md §7). */
#ifndef NHIP_ROLLUP_UNITS_H
#define NHIP_ROLLUP_UNITS_H

#include "batch.h"

struct unit_entry {
    int64_t offset;
    uint32_t ordinal;
    uint32_t length;
    size_t start; /* in bytes */
};

struct units {
    char *bytes;
    size_t used;
    size_t capacity;
    struct unit_entry *entries;
    size_t count;
    size_t entry_capacity;
};

/* Copies the document; memory shortage stops the process. */
void units_keep(struct units *units, int64_t ordinal, int64_t offset, struct slice document);
/* Writes all kept records and forgets them. */
void units_cut(struct units *units, const struct batch_writer *writer);
void units_destroy(struct units *units);

#endif
