/* Open addressing over 32-bit numbers, the texts in blocks that never move. Names are written by others: the hash has a key of
 * its own in every map, drawn when it is made, so that nobody can write a million that meet in one slot. Numbers are given in
 * the order of arrival, so nothing that is published depends on the key. */
#include "aggregate/snapshot/text_map.h"

#include "aggregate/snapshot/memory.h"

#include <sys/random.h>

enum { BLOCK_BYTES = 1 << 16 };

struct block {
    struct block *previous;
    size_t used;
    size_t size;
    char bytes[];
};

struct text_map {
    uint64_t key[2];
    struct slice *texts;
    uint64_t *hashes;
    size_t text_capacity;
    size_t hash_capacity;
    uint32_t count;
    uint32_t *slots; /* number + 1, 0 = free */
    uint32_t slot_mask;
    struct block *block;
};

/* The 128-bit product folded: every bit reaches every other. */
static uint64_t step(uint64_t a, uint64_t b) {
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct text_map *map, struct slice text) {
    uint64_t hash = map->key[0] ^ text.length;
    for (size_t at = 0; at < text.length; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, text.data + at, text.length - at < sizeof(word) ? text.length - at : sizeof(word));
        hash = step(hash ^ word, map->key[1]);
    }
    return hash;
}

struct text_map *text_map_create(void) {
    struct text_map *map = memory_zeroed(1, sizeof(*map));
    CHECK(getrandom(map->key, sizeof(map->key), 0) == (ssize_t)sizeof(map->key));
    map->key[1] |= 1;
    map->slot_mask = 1023;
    map->slots = memory_zeroed(map->slot_mask + 1, sizeof(*map->slots));
    return map;
}

void text_map_destroy(struct text_map *map) {
    if (map == NULL) return;
    for (struct block *block = map->block, *previous; block != NULL; block = previous) {
        previous = block->previous;
        free(block);
    }
    free(map->texts);
    free(map->hashes);
    free(map->slots);
    free(map);
}

/* The slot that holds `text`, or the free slot where it belongs. */
static uint32_t *slot_of(const struct text_map *map, struct slice text, uint64_t hash) {
    for (uint32_t i = (uint32_t)hash & map->slot_mask;; i = (i + 1) & map->slot_mask) {
        uint32_t number = map->slots[i];
        if (number == 0) return &map->slots[i];
        if (map->hashes[number - 1] == hash && slice_equal(map->texts[number - 1], text)) return &map->slots[i];
    }
}

static void widen(struct text_map *map) {
    free(map->slots);
    map->slot_mask = map->slot_mask * 2 + 1;
    map->slots = memory_zeroed((size_t)map->slot_mask + 1, sizeof(*map->slots));
    for (uint32_t i = 0; i < map->count; i++)
        *slot_of(map, map->texts[i], map->hashes[i]) = i + 1;
}

static const char *keep(struct text_map *map, struct slice text) {
    if (map->block == NULL || map->block->size - map->block->used < text.length + 1) {
        size_t size = text.length + 1 > BLOCK_BYTES ? text.length + 1 : BLOCK_BYTES;
        struct block *block = malloc(sizeof(*block) + size);
        CHECK_MEMORY(block != NULL);
        *block = (struct block){.previous = map->block, .size = size};
        map->block = block;
    }
    char *copy = map->block->bytes + map->block->used;
    if (text.length > 0) memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    map->block->used += text.length + 1;
    return copy;
}

uint32_t text_map_intern(struct text_map *map, struct slice text) {
    uint64_t hash = hash_of(map, text);
    uint32_t *slot = slot_of(map, text, hash);
    if (*slot != 0) return *slot - 1;
    CHECK(map->count < UINT32_MAX / 4);
    if (map->count >= map->slot_mask / 2) {
        widen(map);
        slot = slot_of(map, text, hash);
    }
    map->texts = memory_reserve(map->texts, &map->text_capacity, map->count + (size_t)1, sizeof(*map->texts));
    map->hashes = memory_reserve(map->hashes, &map->hash_capacity, map->count + (size_t)1, sizeof(*map->hashes));
    map->texts[map->count] = (struct slice){keep(map, text), text.length};
    map->hashes[map->count] = hash;
    *slot = ++map->count;
    return map->count - 1;
}

uint32_t text_map_find(const struct text_map *map, struct slice text) {
    uint32_t number = *slot_of(map, text, hash_of(map, text));
    return number == 0 ? TEXT_NONE : number - 1;
}

uint32_t text_map_count(const struct text_map *map) {
    return map->count;
}

struct slice text_map_text(const struct text_map *map, uint32_t number) {
    CHECK(number < map->count);
    return map->texts[number];
}
