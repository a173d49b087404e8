/* A message cut into tokens and members, however broken it is: for mutations, and for what comes before a message. */
#ifndef NHIP_TESTS_FUZZ_OUTLINE_H
#define NHIP_TESTS_FUZZ_OUTLINE_H

#include "ingest/decode_fields.h"

enum { TOKENS_MAX = 1024, MEMBERS_MAX = 200 };

struct span {
    size_t begin;
    size_t end;
};

struct token {
    struct span span;
    char kind; /* its first byte for marks, '"' for strings, '0' for what else stands there */
};

struct outline {
    struct token tokens[TOKENS_MAX];
    size_t token_count;
    struct span members[MEMBERS_MAX]; /* of the outer object: from the key's quote to the end of the value */
    struct span keys[MEMBERS_MAX];
    struct span values[MEMBERS_MAX];
    size_t member_count;
};

void outline_find(const char *text, size_t length, struct outline *outline);

/* The field that a key names as it stands; FIELD_NONE for others. */
enum field outline_field(const char *text, struct span key);

#endif
