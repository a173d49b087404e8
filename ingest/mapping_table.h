/* Texts and what they stand for, looked up while reading: the tables of rules and the lists of conditions. */
#ifndef NHIP_MAPPING_TABLE_H
#define NHIP_MAPPING_TABLE_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* A canonical value, ready to be stored. */
struct constant {
    struct slice text; /* of ids and codes */
    int64_t number;    /* as in struct reading */
    uint64_t part;     /* its share of the payload print */
    bool absent;       /* of a table: null, the field is left away */
};

/* The first and the last bytes of a text, eight each: with the length they are all of a text of up to 16 bytes, and tell
 * nearly all longer ones apart. */
struct text_ends {
    uint64_t head;
    uint64_t tail;
};

static inline uint64_t text_load(const char *data, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, data, bytes);
    return value;
}

static inline struct text_ends text_ends_of(struct slice text) {
    if (text.length >= 8) return (struct text_ends){text_load(text.data, 8), text_load(text.data + text.length - 8, 8)};
    if (text.length >= 4) return (struct text_ends){text_load(text.data, 4), text_load(text.data + text.length - 4, 4)};
    if (text.length == 0) return (struct text_ends){0, 0};
    uint64_t middle = (unsigned char)text.data[text.length / 2];
    return (struct text_ends){(unsigned char)text.data[0] | middle << 8, (unsigned char)text.data[text.length - 1]};
}

static inline uint32_t text_ends_hash(struct text_ends ends, size_t length) {
    uint64_t mixed = (ends.head ^ length) * 0x9E3779B97F4A7C15u ^ ends.tail * 0xD6E8FEB86659FD93u;
    return (uint32_t)(mixed >> 32);
}

/* Whether two texts are one, when their ends are known. */
static inline bool text_is(struct slice a, struct text_ends a_ends, struct slice b, struct text_ends b_ends) {
    if (((a_ends.head ^ b_ends.head) | (a_ends.tail ^ b_ends.tail) | (a.length ^ b.length)) != 0) return false;
    return a.length <= 16 || memcmp(a.data, b.data, a.length) == 0;
}

struct word {
    struct slice text; /* somebody else's storage */
    struct text_ends ends;
    struct constant value;
};

struct word_table {
    uint32_t mask;
    uint32_t count;
    struct word words[]; /* mask + 1 of them; those without text.data are free */
};

/* Null when memory is out. Holds up to `capacity` words; free() releases it. */
struct word_table *word_table_create(size_t capacity);
/* The word that stands for `text`, new or old. */
struct word *word_table_add(struct word_table *table, struct slice text);
/* Null when it is not in it. Any thread. */
const struct word *word_table_find(const struct word_table *table, struct slice text);

#endif
