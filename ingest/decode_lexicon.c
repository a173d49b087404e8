/* Building of lexicons (decode_lexicon.h): a search for multipliers that send every word to a slot of its own.
 *
 * With n words in 512 slots a random pair of multipliers succeeds with probability about exp(-n^2/1024): at once for a code list of
 * a dozen words, after some fifty tries for the 64 keys. The search walks a fixed sequence (splitmix64), so each build of the same
 * lists gives the same table; it happens once per process and costs well under a millisecond. A perfect-hash generator as a build
 * step was not used: it would be a tool more, for a table that the words themselves can make in twenty lines. */
#include "ingest/decode_lexicon.h"

#include "check.h"

enum { SEARCH_TRIES_MAX = 1 << 20 };

static uint64_t splitmix(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void lexicon_add(struct lexicon *lexicon, const char *word, uint32_t value) {
    size_t length = strlen(word);
    CHECK(length >= 1);
    CHECK(length <= LEXICON_BYTES_MAX);
    CHECK(value > 0);
    CHECK(lexicon->count < LEXICON_WORDS_MAX);
    struct lexicon_word *added = &lexicon->words[++lexicon->count];
    lexicon_describe(word, length, added);
    added->value = value;
}

static bool all_apart(struct lexicon *lexicon) {
    memset(lexicon->slot, 0, sizeof(lexicon->slot));
    for (uint32_t i = 1; i <= lexicon->count; i++) {
        size_t slot = lexicon_slot(lexicon, &lexicon->words[i]);
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
