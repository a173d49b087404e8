/* What the mutations of the fuzzer are written with: names, codes, and values at the edge of some rule. */
#ifndef NHIP_TESTS_FUZZ_WORDS_H
#define NHIP_TESTS_FUZZ_WORDS_H

#include "ingest/decode_fields.h"

#include <stddef.h>
#include <stdint.h>

/* A sequence of numbers that only its seed decides. */
struct chance {
    uint64_t state;
};

/* 0 .. limit - 1; `limit` > 0. */
uint32_t chance_below(struct chance *chance, uint32_t limit);

/* Text that grows up to its capacity; what does not fit is left out. */
struct draft {
    char *data;
    size_t length;
    size_t capacity;
};

void draft_put(struct draft *draft, const char *bytes, size_t length);
void draft_text(struct draft *draft, const char *text);

/* Any field of the contract; now and then a name that is nearly one. */
enum field words_field(struct chance *chance);
/* A key in its quotes. `field` FIELD_NONE: one that is not listed. */
void words_key(struct chance *chance, enum field field, struct draft *draft);
/* A value for the field, mostly of its type. */
void words_value(struct chance *chance, enum field field, struct draft *draft);
/* A piece of a string: escapes, surrogates, UTF-8 good and bad, lengths around 8, 16, 32 and 64. */
void words_piece(struct chance *chance, struct draft *draft);
/* A whole valid event of some family. */
void words_event(struct chance *chance, struct draft *draft);

#endif
