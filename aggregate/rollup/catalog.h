/* The catalog: which hashes of cells exist in the store (or will with the next commit), without their content.
 *
 * A year of ledger days with 200,000 accounts is 2.5 million hashes; one bit each, in one bitmap per bucket. */
#ifndef NHIP_ROLLUP_CATALOG_H
#define NHIP_ROLLUP_CATALOG_H

#include "aggregate/rollup/layout.h"
#include "aggregate/rollup/refs.h"

struct catalog_entry {
    uint64_t key; /* place of shard 0; 0: free */
    uint64_t *bits;
    uint32_t words;
    uint32_t next_free;
};

struct catalog {
    struct refs refs;
    struct catalog_entry *entries;
    uint32_t count; /* used and free entries */
    uint32_t capacity;
    uint32_t free; /* first free entry + 1 */
    size_t bytes;  /* of bitmaps */
};

bool catalog_create(struct catalog *catalog); /* false when memory is short */
void catalog_destroy(struct catalog *catalog);

/* `place` is that of a hash. */
bool catalog_has(const struct catalog *catalog, uint64_t place);
void catalog_add(struct catalog *catalog, uint64_t place);
/* Forgets a whole bucket: `key` = an entry's key. Pointers to entries stay valid only until the next catalog_add(). */
void catalog_remove(struct catalog *catalog, uint64_t key);
size_t catalog_bytes(const struct catalog *catalog);
/* The entry of a bucket, by its key; null when there is none. */
const struct catalog_entry *catalog_find(const struct catalog *catalog, uint64_t key);

#endif
