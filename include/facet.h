/* A facet: the coordinates of a ledger cell, a pulse cell or a sketch, packed into 48 bits of codes.h numbers.
 *
 * Packing keeps cells small and comparable; unused coordinates are 0. The bit layout is part of the stored layout
 * (schemas/store-layout.md): append, never move. On the wire a facet is 8 characters of base64url, most significant first. */
#ifndef NHIP_FACET_H
#define NHIP_FACET_H

#include "codes.h"

#include <stdbool.h>
#include <stdint.h>

/* coordinate, enum type, lowest bit, width */
#define FACET_COORDINATES(X)                 \
    X(family, family, 45, 3)                 \
    X(role, role, 43, 2)                     \
    X(outlet, outlet, 36, 7)                 \
    X(party, party, 29, 7)                   \
    X(instrument, instrument, 25, 4)         \
    X(pay_mode, pay_mode, 22, 3)             \
    X(context, context, 18, 4)               \
    X(category, category, 14, 4)             \
    X(cross_border, cross_border, 12, 2)     \
    X(person_type, person_type, 9, 3)        \
    X(outcome, outcome, 4, 5)                \
    X(reason_class, reason_class, 2, 2)

enum { FACET_TEXT_LENGTH = 8 };

#define X(name, type, low, width)                                                                  \
    static inline uint64_t facet_with_##name(uint64_t facet, enum type code) {                     \
        return (facet & ~((((uint64_t)1 << (width)) - 1) << (low))) | ((uint64_t)code << (low));   \
    }                                                                                              \
    static inline enum type facet_##name(uint64_t facet) {                                         \
        return (enum type)((facet >> (low)) & (((uint64_t)1 << (width)) - 1));                     \
    }
FACET_COORDINATES(X)
#undef X

static inline void facet_format(uint64_t facet, char out[FACET_TEXT_LENGTH]) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (int i = FACET_TEXT_LENGTH - 1; i >= 0; i--) {
        out[i] = digits[facet & 63];
        facet >>= 6;
    }
}

/* False when `text` holds a character outside base64url. */
static inline bool facet_parse(const char text[FACET_TEXT_LENGTH], uint64_t *facet) {
    uint64_t value = 0;
    for (int i = 0; i < FACET_TEXT_LENGTH; i++) {
        char c = text[i];
        uint64_t digit = c >= 'A' && c <= 'Z'   ? (uint64_t)(c - 'A')
                         : c >= 'a' && c <= 'z' ? (uint64_t)(c - 'a') + 26
                         : c >= '0' && c <= '9' ? (uint64_t)(c - '0') + 52
                         : c == '-'             ? 62
                         : c == '_'             ? 63
                                                : 64;
        if (digit == 64) return false;
        value = value << 6 | digit;
    }
    *facet = value;
    return true;
}

#endif
