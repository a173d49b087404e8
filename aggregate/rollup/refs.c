/* Growth and removal of refs.h.
 *
 * Both need a slot's home again, and the stored half of the hash is enough for it: a table never has more than 2^32 slots.
 * Removal walks the cluster behind the hole and moves back every entry whose home does not lie between the hole and
 * itself; after it the table looks as if the entry had never been there. */
#include "aggregate/rollup/refs.h"

#include "aggregate/rollup/pages.h"
#include "check.h"

bool refs_create(struct refs *refs, unsigned capacity_log2) {
    CHECK(capacity_log2 <= 32);
    refs->mask = ((uint64_t)1 << capacity_log2) - 1;
    refs->used = 0;
    refs->slots = pages_create(refs_bytes(refs));
    return refs->slots != NULL;
}

void refs_destroy(struct refs *refs) {
    pages_destroy(refs->slots, refs_bytes(refs));
    *refs = (struct refs){0};
}

static uint64_t home_of(const struct refs *refs, uint64_t slot) {
    return (slot >> 32) & refs->mask;
}

static void place(struct refs *refs, uint64_t slot) {
    uint64_t at = home_of(refs, slot);
    while (refs->slots[at] != 0) at = (at + 1) & refs->mask;
    refs->slots[at] = slot;
}

static void grow(struct refs *refs) {
    uint64_t *old = refs->slots;
    uint64_t old_count = refs->mask + 1;
    CHECK(old_count <= UINT32_MAX);
    refs->mask = old_count * 2 - 1;
    refs->slots = pages_create(refs_bytes(refs));
    CHECK(refs->slots != NULL);
    for (uint64_t i = 0; i < old_count; i++) {
        if (old[i] != 0) place(refs, old[i]);
    }
    pages_destroy(old, old_count * sizeof(*old));
}

void refs_insert(struct refs *refs, uint64_t hash, uint32_t index) {
    CHECK(index < UINT32_MAX);
    if ((refs->used + 1) * 8 > (refs->mask + 1) * 5) grow(refs);
    place(refs, (hash & ~(uint64_t)UINT32_MAX) | (index + 1));
    refs->used++;
}

void refs_remove(struct refs *refs, uint64_t hash, uint32_t index) {
    uint64_t wanted = (hash & ~(uint64_t)UINT32_MAX) | (index + 1);
    uint64_t hole = refs_home(refs, hash);
    while (refs->slots[hole] != wanted) {
        CHECK(refs->slots[hole] != 0);
        hole = (hole + 1) & refs->mask;
    }
    for (uint64_t at = (hole + 1) & refs->mask; refs->slots[at] != 0; at = (at + 1) & refs->mask) {
        uint64_t home = home_of(refs, refs->slots[at]);
        if (((at - home) & refs->mask) < ((at - hole) & refs->mask)) continue;
        refs->slots[hole] = refs->slots[at];
        hole = at;
    }
    refs->slots[hole] = 0;
    refs->used--;
}

size_t refs_bytes(const struct refs *refs) {
    return (refs->mask + 1) * sizeof(*refs->slots);
}
