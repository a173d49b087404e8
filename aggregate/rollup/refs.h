/* An open-addressing table from hashes to 32-bit indices into somebody else's pool; the pool keeps the keys and verifies.
 *
 * A slot is one 64-bit word: the upper half of the hash (its lower bits choose the home, all 32 are compared) and the
 * index + 1; 0 is empty. Linear probing, at most 5/8 full, so a look-up costs one cache line nearly always; removal
 * shifts back, so there are no tombstones and no rebuilds. Doubling copies words only: keys stay where they are.
 *
 *     uint64_t at = refs_home(refs, hash);
 *     uint32_t index;
 *     while (refs_next(refs, hash, &at, &index)) if (pool[index] is the key) return index;
 */
#ifndef NHIP_ROLLUP_REFS_H
#define NHIP_ROLLUP_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct refs {
    uint64_t *slots;
    uint64_t mask; /* slots - 1 */
    size_t used;
};

/* False when memory is short. `capacity_log2` slots to begin with. */
bool refs_create(struct refs *refs, unsigned capacity_log2);
void refs_destroy(struct refs *refs);

/* May double the table; memory shortage there stops the process (CHECK). Indices above 2^32 - 2 are not possible. */
void refs_insert(struct refs *refs, uint64_t hash, uint32_t index);
/* Removes exactly this pair, which must be in the table (checked). */
void refs_remove(struct refs *refs, uint64_t hash, uint32_t index);
size_t refs_bytes(const struct refs *refs);

static inline uint64_t refs_home(const struct refs *refs, uint64_t hash) {
    return (hash >> 32) & refs->mask;
}

/* The next index whose stored half equals this hash's; false when there is no more. */
static inline bool refs_next(const struct refs *refs, uint64_t hash, uint64_t *at, uint32_t *index) {
    for (;;) {
        uint64_t slot = refs->slots[*at];
        if (slot == 0) return false;
        *at = (*at + 1) & refs->mask;
        if ((slot ^ hash) >> 32 == 0) {
            *index = (uint32_t)slot - 1;
            return true;
        }
    }
}

/* The line in which a look-up begins. */
static inline const void *refs_line(const struct refs *refs, uint64_t hash) {
    return &refs->slots[refs_home(refs, hash)];
}

#endif
