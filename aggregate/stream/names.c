/* A hash table over one growing text: see names.h. The hash is FNV-1a; what comes in are codes, periods and names of vintages,
 * nothing that a stranger chooses. */
#include "aggregate/stream/names.h"

#include "check.h"

static uint32_t hash_of(struct slice text) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

struct slice names_text(const struct names *names, uint32_t number) {
    CHECK(number < names->count);
    return (struct slice){names->text + names->items[number].at, names->items[number].length};
}

static size_t slot_of(const struct names *names, struct slice text, uint32_t hash) {
    size_t at = hash & (names->slot_count - 1);
    for (; names->slots[at] != 0; at = (at + 1) & (names->slot_count - 1)) {
        uint32_t number = names->slots[at] - 1;
        if (names->items[number].slot_hash == hash && slice_equal(names_text(names, number), text)) break;
    }
    return at;
}

static void grow(struct names *names) {
    names->capacity = names->capacity == 0 ? 1024 : names->capacity * 2;
    names->slot_count = names->capacity * 2;
    names->items = realloc(names->items, names->capacity * sizeof(*names->items));
    free(names->slots);
    names->slots = calloc(names->slot_count, sizeof(*names->slots));
    CHECK_MEMORY(names->items != NULL && names->slots != NULL);
    for (size_t i = 0; i < names->count; i++)
        names->slots[slot_of(names, names_text(names, (uint32_t)i), names->items[i].slot_hash)] = (uint32_t)i + 1;
}

static size_t keep_text(struct names *names, struct slice text) {
    size_t at = names->text_length;
    if (at + text.length > names->text_capacity) {
        names->text_capacity = (at + text.length) * 2;
        names->text = realloc(names->text, names->text_capacity);
        CHECK_MEMORY(names->text != NULL);
    }
    if (text.length > 0) memcpy(names->text + at, text.data, text.length);
    names->text_length = at + text.length;
    return at;
}

uint32_t names_number(struct names *names, struct slice text) {
    if (names->count == names->capacity) grow(names);
    uint32_t hash = hash_of(text);
    size_t slot = slot_of(names, text, hash);
    if (names->slots[slot] == 0) {
        CHECK(names->count < UINT32_MAX - 1);
        size_t at = keep_text(names, text);
        names->items[names->count++] = (struct name){.at = at, .length = (uint32_t)text.length, .slot_hash = hash};
        names->slots[slot] = (uint32_t)names->count;
    }
    return names->slots[slot] - 1;
}

void names_free(struct names *names) {
    free(names->items);
    free(names->slots);
    free(names->text);
    *names = (struct names){.count = 0};
}
