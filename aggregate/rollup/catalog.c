/* Bitmaps of existing hashes by bucket, see catalog.h.
 *
 * Retention goes through the entries (some 13,000: 8 days of minutes, 35 days of hours, 400 ledger days) and finds in
 * each bitmap what must be deleted. Asked once per loaded hash, not per event, so nothing here is tuned. */
#include "aggregate/rollup/catalog.h"

#include "aggregate/rollup/mix.h"
#include "check.h"

enum { WORD_BITS = 64, CAPACITY_LOG2_FIRST = 8 };

bool catalog_create(struct catalog *catalog) {
    *catalog = (struct catalog){0};
    return refs_create(&catalog->refs, CAPACITY_LOG2_FIRST);
}

void catalog_destroy(struct catalog *catalog) {
    for (uint32_t i = 0; i < catalog->count; i++) free(catalog->entries[i].bits);
    free(catalog->entries);
    refs_destroy(&catalog->refs);
    *catalog = (struct catalog){0};
}

static uint64_t key_of(uint64_t place) {
    return place & ~(uint64_t)UINT32_MAX;
}

static uint32_t shard_of(uint64_t place) {
    return (uint32_t)place >> SHARD_ACCOUNTS_LOG2;
}

static struct catalog_entry *find(const struct catalog *catalog, uint64_t key) {
    uint64_t hash = mix(key, 0);
    uint64_t at = refs_home(&catalog->refs, hash);
    uint32_t index;
    while (refs_next(&catalog->refs, hash, &at, &index)) {
        if (catalog->entries[index].key == key) return &catalog->entries[index];
    }
    return NULL;
}

const struct catalog_entry *catalog_find(const struct catalog *catalog, uint64_t key) {
    return find(catalog, key);
}

bool catalog_has(const struct catalog *catalog, uint64_t place) {
    const struct catalog_entry *entry = find(catalog, key_of(place));
    if (entry == NULL) return false;
    uint32_t shard = shard_of(place);
    return shard / WORD_BITS < entry->words && (entry->bits[shard / WORD_BITS] >> shard % WORD_BITS & 1) != 0;
}

static struct catalog_entry *add_bucket(struct catalog *catalog, uint64_t key) {
    uint32_t index = catalog->free - 1;
    if (catalog->free != 0) {
        catalog->free = catalog->entries[index].next_free;
    } else {
        if (catalog->count == catalog->capacity) {
            catalog->capacity = catalog->capacity * 2 + 64;
            catalog->entries = realloc(catalog->entries, catalog->capacity * sizeof(*catalog->entries));
            CHECK_MEMORY(catalog->entries != NULL);
        }
        index = catalog->count++;
    }
    catalog->entries[index] = (struct catalog_entry){.key = key};
    refs_insert(&catalog->refs, mix(key, 0), index);
    return &catalog->entries[index];
}

void catalog_add(struct catalog *catalog, uint64_t place) {
    struct catalog_entry *entry = find(catalog, key_of(place));
    if (entry == NULL) entry = add_bucket(catalog, key_of(place));
    uint32_t shard = shard_of(place);
    if (shard / WORD_BITS >= entry->words) {
        uint32_t words = shard / WORD_BITS + 1;
        if (words < entry->words * 2) words = entry->words * 2;
        entry->bits = realloc(entry->bits, words * sizeof(*entry->bits));
        CHECK_MEMORY(entry->bits != NULL);
        memset(entry->bits + entry->words, 0, (words - entry->words) * sizeof(*entry->bits));
        catalog->bytes += (words - entry->words) * sizeof(*entry->bits);
        entry->words = words;
    }
    entry->bits[shard / WORD_BITS] |= (uint64_t)1 << shard % WORD_BITS;
}

void catalog_remove(struct catalog *catalog, uint64_t key) {
    struct catalog_entry *entry = find(catalog, key);
    CHECK(entry != NULL);
    uint32_t index = (uint32_t)(entry - catalog->entries);
    refs_remove(&catalog->refs, mix(key, 0), index);
    free(entry->bits);
    catalog->bytes -= entry->words * sizeof(*entry->bits);
    *entry = (struct catalog_entry){.next_free = catalog->free};
    catalog->free = index + 1;
}

size_t catalog_bytes(const struct catalog *catalog) {
    return refs_bytes(&catalog->refs) + catalog->capacity * sizeof(*catalog->entries) + catalog->bytes;
}
