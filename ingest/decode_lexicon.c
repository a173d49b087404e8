/* Building of lexicons (decode_lexicon.h): a search for multipliers that send every word to a slot of its own.
 *
 * With n words in 512 slots a random pair of multipliers succeeds with probability about exp(-n^2/1024): at once
 * for a code list of a dozen words, after some fifty tries for the keys. The search walks a fixed sequence
 * (splitmix64), so each build of the same lists gives the same table; it happens once per process and costs well
 * under a millisecond. A perfect-hash generator as a build step was not used: it would be a tool more, for a table
 * that the words themselves can make in twenty lines. */
#include "ingest/decode_lexicon.h"

#include "check.h"

enum { SEARCH_TRIES_MAX = 1 << 20 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PART(n) ((n) <= 0 ? 0 : (n) >= 8 ? UINT64_MAX : ((uint64_t)1 << (8 * ((n) & 7))) - 1)
#else
#define PART(n) ((n) <= 0 ? 0 : (n) >= 8 ? UINT64_MAX : ~(UINT64_MAX >> (8 * ((n) & 7))))
#endif
#define ROW(n) {PART(n), PART((n) - 8)}
const uint64_t lexicon_masks[LEXICON_SHORT_BYTES + 1][2] = {
    ROW(0), ROW(1),  ROW(2),  ROW(3),  ROW(4),  ROW(5),  ROW(6),  ROW(7),  ROW(8),
    ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14), ROW(15), ROW(16),
};

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void lexicon_add(struct lexicon *lexicon, const char *word, uint32_t value) {
    size_t length = strlen(word);
    CHECK(length >= 1);
    CHECK(value > 0);
    if (length > LEXICON_SHORT_BYTES) {
        CHECK(lexicon->long_count < LEXICON_LONG_MAX);
        lexicon->long_words[lexicon->long_count++] = (struct lexicon_long_word){{word, length}, value};
        return;
    }
    CHECK(lexicon->count < LEXICON_WORDS_MAX);
    struct lexicon_word *added = &lexicon->words[++lexicon->count];
    memcpy(added->part, word, length);
    added->value = value;
}

uint32_t lexicon_find_long(const struct lexicon *lexicon, struct slice text) {
    for (uint32_t i = 0; i < lexicon->long_count; i++) {
        if (slice_equal(lexicon->long_words[i].text, text)) return lexicon->long_words[i].value;
    }
    return 0;
}

uint32_t lexicon_find_edge(const struct lexicon *lexicon, struct slice text) {
    char copy[LEXICON_SHORT_BYTES] = {0};
    memcpy(copy, text.data, text.length);
    return lexicon_find_loaded(lexicon, copy, text.length);
}

static bool all_apart(struct lexicon *lexicon) {
    memset(lexicon->slot, 0, sizeof(lexicon->slot));
    for (uint32_t i = 1; i <= lexicon->count; i++) {
        size_t slot = lexicon_slot(lexicon, lexicon->words[i].part);
        if (lexicon->slot[slot] != 0) return false;
        lexicon->slot[slot] = (uint8_t)i;
    }
    return true;
}

void lexicon_seal(struct lexicon *lexicon) {
    uint64_t state = 1;
    for (int i = 0; i < SEARCH_TRIES_MAX; i++) {
        lexicon->salt[0] = splitmix(&state) | 1;
        lexicon->salt[1] = splitmix(&state) | 1;
        if (all_apart(lexicon)) return;
    }
    CHECK(0 && "two words of a lexicon cannot be told apart");
}
