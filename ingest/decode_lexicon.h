/* A small fixed set of words (keys of the contract, codes of one list) that is looked up without a comparison chain.
 *
 * A word of up to 24 bytes is fully described by its length and three overlapping 8-byte loads. A multiplicative hash of them, whose
 * multipliers are searched once at start so that no two words of the set meet, names the only candidate; comparing the loads
 * decides. Words of other lengths than the candidate's can never match, so there is no second probe and no loop. */
#ifndef NHIP_DECODE_LEXICON_H
#define NHIP_DECODE_LEXICON_H

#include "slice.h"

#include <stdint.h>

enum { LEXICON_WORDS_MAX = 64, LEXICON_SLOTS_LOG2 = 9, LEXICON_BYTES_MAX = 24 };

struct lexicon_word {
    uint64_t first;
    uint64_t last;
    uint64_t middle;
    uint32_t length;
    uint32_t value; /* what lexicon_find() returns; never 0 */
};

struct lexicon {
    uint64_t salt[2];
    uint32_t count;
    uint8_t slot[1 << LEXICON_SLOTS_LOG2];             /* index into words; 0 = nothing */
    struct lexicon_word words[1 + LEXICON_WORDS_MAX]; /* words[0] has length 0 and so matches nothing */
};

static inline uint64_t lexicon_load8(const char *data) {
    uint64_t value;
    memcpy(&value, data, sizeof(value));
    return value;
}

static inline uint64_t lexicon_load4(const char *data) {
    uint32_t value;
    memcpy(&value, data, sizeof(value));
    return value;
}

/* Describes 1..24 bytes without reading beyond them. */
static inline void lexicon_describe(const char *data, size_t length, struct lexicon_word *word) {
    word->length = (uint32_t)length;
    word->middle = 0;
    if (length >= 8) {
        word->first = lexicon_load8(data);
        word->last = lexicon_load8(data + length - 8);
        if (length > 16) word->middle = lexicon_load8(data + 8);
    } else if (length >= 4) {
        word->first = lexicon_load4(data);
        word->last = lexicon_load4(data + length - 4);
    } else {
        word->first = (uint64_t)(unsigned char)data[0] | (uint64_t)(unsigned char)data[length >> 1] << 8;
        word->last = (uint64_t)(unsigned char)data[length - 1];
    }
}

static inline size_t lexicon_slot(const struct lexicon *lexicon, const struct lexicon_word *word) {
    uint64_t mixed = (word->first + word->length) * lexicon->salt[0] ^ word->last * lexicon->salt[1];
    return (size_t)(mixed >> (64 - LEXICON_SLOTS_LOG2));
}

/* The word's value, or 0 when it is not in the set. Any thread. */
static inline uint32_t lexicon_find(const struct lexicon *lexicon, const char *data, size_t length) {
    if (length - 1 >= LEXICON_BYTES_MAX) return 0;
    struct lexicon_word word;
    lexicon_describe(data, length, &word);
    const struct lexicon_word *found = &lexicon->words[lexicon->slot[lexicon_slot(lexicon, &word)]];
    uint64_t difference = (word.first ^ found->first) | (word.last ^ found->last) | (word.middle ^ found->middle) |
                          (word.length ^ found->length);
    return difference == 0 ? found->value : 0;
}

/* Adds a word (1..24 bytes, not yet in the set; value > 0). Breaking that, or filling the set, is a programmer's error. */
void lexicon_add(struct lexicon *lexicon, const char *word, uint32_t value);

/* Searches multipliers; to be called once, after the last lexicon_add(). Deterministic. */
void lexicon_seal(struct lexicon *lexicon);

#endif
