/* A small fixed set of words (keys of the contract, codes of one list) that is looked up without a comparison
 * chain.
 *
 * A word of up to 16 bytes is two 8-byte loads with the bytes behind it masked off; no word and no text that we
 * get has a NUL in it, so equal loads are equal words. A multiplicative hash of them, whose multipliers are
 * searched once at start so that no two words of the set meet, names the only candidate, and comparing decides. No
 * second probe, no loop, and no branch that depends on the word: keys and codes vary so much that mispredicted
 * branches would cost more than all the rest. The few longer words of a set (none that is common on the wire) are
 * a list. */
#ifndef NHIP_DECODE_LEXICON_H
#define NHIP_DECODE_LEXICON_H

#include "slice.h"

#include <stdint.h>

enum { LEXICON_WORDS_MAX = 64, LEXICON_LONG_MAX = 5, LEXICON_SLOTS_LOG2 = 9, LEXICON_SHORT_BYTES = 16 };

struct lexicon_word {
    uint64_t part[2]; /* bytes 0..7 and 8..15; zeros behind the end */
    uint64_t value;   /* what lexicon_find() returns; never 0 */
};

struct lexicon_long_word {
    struct slice text;
    uint32_t value;
};

struct lexicon {
    uint64_t salt[2];
    uint32_t count;
    uint32_t long_count;
    uint8_t slot[1 << LEXICON_SLOTS_LOG2];             /* index into words; 0 = nothing */
    struct lexicon_word words[1 + LEXICON_WORDS_MAX]; /* words[0] is all zeros and so matches nothing */
    struct lexicon_long_word long_words[LEXICON_LONG_MAX];
};

/* Bytes to keep of each part, by length. */
extern const uint64_t lexicon_masks[LEXICON_SHORT_BYTES + 1][2];

static inline uint64_t lexicon_load8(const char *data) {
    uint64_t value;
    memcpy(&value, data, sizeof(value));
    return value;
}

static inline uint32_t lexicon_load4(const char *data) {
    uint32_t value;
    memcpy(&value, data, sizeof(value));
    return value;
}

static inline size_t lexicon_slot(const struct lexicon *lexicon, const uint64_t part[2]) {
    uint64_t mixed = part[0] * lexicon->salt[0] ^ part[1] * lexicon->salt[1];
    return (size_t)(mixed >> (64 - LEXICON_SLOTS_LOG2));
}

/* lexicon_find() for words of more than 16 bytes, and for none. */
uint32_t lexicon_find_long(const struct lexicon *lexicon, struct slice text);
/* lexicon_find() where 16 bytes cannot be read. */
uint32_t lexicon_find_edge(const struct lexicon *lexicon, struct slice text);

static inline uint32_t lexicon_find_loaded(const struct lexicon *lexicon, const char *data, size_t length) {
    const uint64_t part[2] = {lexicon_load8(data) & lexicon_masks[length][0], lexicon_load8(data + 8) & lexicon_masks[length][1]};
    const struct lexicon_word *found = &lexicon->words[lexicon->slot[lexicon_slot(lexicon, part)]];
    return ((part[0] ^ found->part[0]) | (part[1] ^ found->part[1])) == 0 ? (uint32_t)found->value : 0;
}

/* The word's value, or 0 when it is not in the set. 16 bytes are read at `data` unless it lies behind
 * `last_block`. Any thread. */
static inline __attribute__((always_inline)) uint32_t lexicon_find(const struct lexicon *lexicon, const char *data,
                                                                   size_t length, const char *last_block) {
    if (__builtin_expect(length - 1 >= LEXICON_SHORT_BYTES, 0)) return lexicon_find_long(lexicon, (struct slice){data, length});
    if (__builtin_expect((uintptr_t)data > (uintptr_t)last_block, 0)) {
        return lexicon_find_edge(lexicon, (struct slice){data, length});
    }
    return lexicon_find_loaded(lexicon, data, length);
}

/* Adds a word (static storage, not empty, not yet in the set; value > 0). Breaking that, or filling the set, is a
 * programmer's error. */
void lexicon_add(struct lexicon *lexicon, const char *word, uint32_t value);

/* Searches multipliers; to be called once, after the last lexicon_add(). Deterministic. */
void lexicon_seal(struct lexicon *lexicon);

#endif
