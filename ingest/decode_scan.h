/* The tokens of JSON, for the hot decoder: strings sixteen bytes at a time, whole numbers eight digits at a time.
 *
 * All functions take a position inside [begin, end], never look at *end, and return the position after the token;
 * NULL means that the rejection has been filled. What is inline here is what a plain event needs; escapes,
 * non-ASCII text, fractions and nested values are in decode_text.c. */
#ifndef NHIP_DECODE_SCAN_H
#define NHIP_DECODE_SCAN_H

#include "ingest/decode_inner.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct scan {
    const char *begin;
    const char *end;
    const struct decoder *decoder;
    struct reading *reading;
    struct rejection *rejection;
    const char *last_block; /* where the last 16 bytes start; `begin` - 1 or less in a shorter message */
};

/* An unescaped string. When `length` > ID_BYTES_MAX only the length is to be used. */
struct text {
    const char *data;
    size_t length;
    bool printable; /* only 0x20..0x7E after unescaping */
};

struct number {
    uint64_t magnitude; /* meaningless beyond 19 digits */
    size_t digits;
    bool negative;
    bool whole; /* neither fraction nor exponent */
};

/* Always NULL, so that `return scan_refuse(...)` reads well. */
const char *scan_refuse(const struct scan *scan, enum reason reason, const char *at, enum field field) __attribute__((cold));

/* Any string at all; `start` is the first byte of its content. */
const char *scan_string_rest(const struct scan *scan, const char *start, char room[static ID_BYTES_MAX], struct text *text);
const char *scan_number_rest(const struct scan *scan, const char *at); /* at '.', 'e' or 'E' */
const char *scan_word(const struct scan *scan, const char *at, const char *word); /* true, false, null */
const char *scan_skip(const struct scan *scan, const char *at); /* any value that nobody reads; `at` may be the end */

static inline const char *scan_space(const struct scan *scan, const char *at) {
    while (at < scan->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) at++;
    return at;
}

#ifdef __SSE2__
/* One bit for each byte that is a quote, a backslash or not printable ASCII. Adding 1 makes 0x7F negative like all
 * non-ASCII bytes, so that one signed comparison finds them and the control characters. */
static inline unsigned scan_odd(const char *at) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i odd = _mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(1)), _mm_set1_epi8(0x21));
    odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    odd = _mm_or_si128(odd, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    return (unsigned)_mm_movemask_epi8(odd);
}
#endif

#ifdef __SSE2__
/* One bit for each byte that is a quote. */
static inline unsigned scan_quotes(const char *at) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
}

/* True when the text at `at` begins with this card's pattern and is long enough to see it. */
static inline bool scan_matches(const struct scan *scan, const char *at, const struct field_card *card) {
    if (at > scan->last_block) return false;
    const __m128i *text = (const __m128i *)(const void *)at;
    const __m128i *wanted = (const __m128i *)(const void *)card->pattern;
    unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(text), _mm_loadu_si128(wanted)));
    if ((~equal & card->first_half) != 0) return false;
    if (card->second_half == 0) return true;
    if (at + 16 > scan->last_block) return false;
    equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(text + 1), _mm_loadu_si128(wanted + 1)));
    return (~equal & card->second_half) == 0;
}
#endif

/* The first byte that is a quote, a backslash or not printable ASCII; or the end. The last 15 bytes are looked at
 * through the last 16 of the message. */
static inline const char *scan_plain(const struct scan *scan, const char *at) {
    const char *end = scan->end;
#ifdef __SSE2__
    for (; end - at >= 16; at += 16) {
        unsigned found = scan_odd(at);
        if (found != 0) return at + __builtin_ctz(found);
    }
    if (end - scan->begin >= 16) {
        unsigned found = scan_odd(end - 16) >> (16 - (end - at));
        return found != 0 ? at + __builtin_ctz(found) : end;
    }
#endif
    while (at < end && *at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') at++;
    return at;
}

/* `at` is the byte after the opening quote. `room` is used only when there are escapes. */
static inline __attribute__((always_inline)) const char *scan_string(const struct scan *scan, const char *at,
                                                                     char room[static ID_BYTES_MAX], struct text *text) {
#ifdef __SSE2__
    const char *block = at;
    while (__builtin_expect(block <= scan->last_block, 1)) {
        unsigned found = scan_odd(block);
        if (found == 0) {
            block += 16;
            continue;
        }
        block += __builtin_ctz(found);
        if (__builtin_expect(*block != '"', 0)) break;
        text->data = at;
        text->length = (size_t)(block - at);
        text->printable = true;
        return block + 1;
    }
    if (block > scan->last_block && block < scan->end && scan->last_block >= scan->begin) { /* through the last 16 bytes */
        unsigned found = scan_odd(scan->last_block) >> (block - scan->last_block);
        block += found != 0 ? __builtin_ctz(found) : 0;
        if (found != 0 && *block == '"') {
            text->data = at;
            text->length = (size_t)(block - at);
            text->printable = true;
            return block + 1;
        }
    }
#endif
    return scan_string_rest(scan, at, room, text);
}

static inline bool scan_is_digit(char byte) {
    return (unsigned char)(byte - '0') <= 9;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Takes the leading digits among the eight bytes at `at`, at least one, and adds them to the right of *magnitude.
 * Returns how many they were. The first digit is the lowest byte: what follows the digits is shifted out, and
 * zeros come in before them. */
static inline size_t scan_eight_digits(const char *at, uint64_t *magnitude) {
    static const uint64_t tens[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    const uint64_t high = 0xF0F0F0F0F0F0F0F0u;
    const uint64_t zeros = 0x3030303030303030u;
    uint64_t bytes = lexicon_load8(at);
    uint64_t others = ((bytes & high) ^ zeros) | (((bytes + 0x0606060606060606u) & high) ^ zeros);
    size_t digits = 8;
    if (others != 0) {
        digits = (size_t)__builtin_ctzll(others) >> 3;
        bytes <<= 64 - 8 * digits;
    }
    bytes = (bytes & 0x0F0F0F0F0F0F0F0Fu) * (1 + (10 << 8)) >> 8;
    bytes = (bytes & 0x00FF00FF00FF00FFu) * (1 + (100 << 16)) >> 16;
    bytes = (bytes & 0x0000FFFF0000FFFFu) * (1 + ((uint64_t)10000 << 32)) >> 32;
    *magnitude = *magnitude * tens[digits] + bytes;
    return digits;
}
#endif

static inline const char *scan_digits(const struct scan *scan, const char *at, uint64_t *magnitude) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (at + 8 <= scan->end && scan_is_digit(*at)) {
        size_t digits = scan_eight_digits(at, magnitude);
        at += digits;
        if (digits < 8) return at;
    }
#endif
    for (; at < scan->end && scan_is_digit(*at); at++) *magnitude = *magnitude * 10 + (uint64_t)(*at - '0');
    return at;
}

/* `at` is '-' or a digit. */
static inline __attribute__((always_inline)) const char *scan_number(const struct scan *scan, const char *at,
                                                                     struct number *number) {
    number->negative = *at == '-';
    at += number->negative;
    if (at == scan->end || !scan_is_digit(*at)) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    const char *first = at;
    uint64_t magnitude = 0;
    at = *at == '0' ? at + 1 : scan_digits(scan, at, &magnitude);
    number->magnitude = magnitude;
    number->digits = (size_t)(at - first);
    number->whole = true;
    if (at < scan->end && (*at == '.' || (*at | 0x20) == 'e')) {
        number->whole = false;
        return scan_number_rest(scan, at);
    }
    return at;
}

#endif
