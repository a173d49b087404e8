/* The tokens of JSON, for the hot decoder: strings sixteen bytes at a time, whole numbers eight digits at a time.
 *
 * All functions take a position inside [begin, end], never look at *end, and return the position after the token; NULL means that
 * the rejection has been filled. What is inline here is what a plain event needs; escapes, non-ASCII text, fractions and nested
 * values are in decode_text.c. */
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

/* Goes on where scan_string() met something that is not plain; `start` is the first byte of the string's content. */
const char *scan_string_rest(const struct scan *scan, const char *start, const char *at, char room[static ID_BYTES_MAX],
                             struct text *text);
const char *scan_number_rest(const struct scan *scan, const char *at); /* at '.', 'e' or 'E' */
const char *scan_word(const struct scan *scan, const char *at, const char *word); /* true, false, null */
const char *scan_skip(const struct scan *scan, const char *at); /* any value that nobody reads; `at` may be the end */

static inline const char *scan_space(const struct scan *scan, const char *at) {
    while (at < scan->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) at++;
    return at;
}

/* The first byte that is a quote, a backslash or not printable ASCII; or the end.
 * Adding 1 makes 0x7F negative like all non-ASCII bytes, so that one signed comparison finds them and the control characters. */
static inline const char *scan_plain(const char *at, const char *end) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i one = _mm_set1_epi8(1);
    const __m128i lowest = _mm_set1_epi8(0x21);
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i odd = _mm_or_si128(_mm_cmplt_epi8(_mm_add_epi8(bytes, one), lowest),
                                   _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        unsigned found = (unsigned)_mm_movemask_epi8(odd);
        if (found != 0) return at + __builtin_ctz(found);
    }
#endif
    while (at < end && *at >= 0x20 && *at < 0x7F && *at != '"' && *at != '\\') at++;
    return at;
}

/* `at` is the byte after the opening quote. `room` is used only when there are escapes. */
static inline const char *scan_string(const struct scan *scan, const char *at, char room[static ID_BYTES_MAX],
                                      struct text *text) {
    const char *stop = scan_plain(at, scan->end);
    if (__builtin_expect(stop == scan->end || *stop != '"', 0)) return scan_string_rest(scan, at, stop, room, text);
    text->data = at;
    text->length = (size_t)(stop - at);
    text->printable = true;
    return stop + 1;
}

static inline bool scan_is_digit(char byte) {
    return (unsigned char)(byte - '0') <= 9;
}

/* Eight ASCII digits as a number, or false. (Little endian: the first digit is the lowest byte.) */
static inline bool scan_eight_digits(const char *at, uint64_t *value) {
    uint64_t bytes = lexicon_load8(at);
    const uint64_t high = 0xF0F0F0F0F0F0F0F0u;
    const uint64_t zeros = 0x3030303030303030u;
    if ((bytes & high) != zeros || ((bytes + 0x0606060606060606u) & high) != zeros) return false;
    bytes -= zeros;
    bytes = bytes * 10 + (bytes >> 8);
    *value = ((bytes & 0x000000FF000000FFu) * 0x000F424000000064u + ((bytes >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u) >>
             32;
    return true;
}

/* `at` is '-' or a digit. */
static inline const char *scan_number(const struct scan *scan, const char *at, struct number *number) {
    number->negative = *at == '-';
    at += number->negative;
    if (at == scan->end || !scan_is_digit(*at)) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    const char *first = at;
    uint64_t magnitude = 0;
    if (*at == '0') {
        at++;
    } else {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        uint64_t eight;
        if (scan->end - at >= 8 && scan_eight_digits(at, &eight)) {
            magnitude = eight;
            at += 8;
        }
#endif
        for (; at < scan->end && scan_is_digit(*at); at++) magnitude = magnitude * 10 + (uint64_t)(*at - '0');
    }
    number->magnitude = magnitude;
    number->digits = (size_t)(at - first);
    number->whole = true;
    if (at < scan->end && (*at == '.' || *at == 'e' || *at == 'E')) {
        number->whole = false;
        return scan_number_rest(scan, at);
    }
    return at;
}

#endif
