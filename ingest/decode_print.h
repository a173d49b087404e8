/* The inner parts of the fingerprints, inline because the hot decoder takes them while it reads (decode_print.c says
 * what they are). xxhash is included here and nowhere else. */
#ifndef NHIP_DECODE_PRINT_H
#define NHIP_DECODE_PRINT_H

#include "ingest/decode_inner.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PRINT_SHORT_BYTES = 16 };

/* Nearly all ids are short, and for them XXH3 is a dozen instructions; the rest of it only stands in the way. */
static inline __attribute__((flatten)) uint64_t print_hash_short(const struct decoder *decoder, const char *data, size_t length) {
    if (length > PRINT_SHORT_BYTES) __builtin_unreachable();
    return XXH3_64bits_withSecret(data, length, decoder->secret, sizeof(decoder->secret));
}

/* h(text) of any length (decode_print.c). */
uint64_t print_hash_long(const struct decoder *decoder, const char *data, size_t length);

/* h(text) of an id. */
static inline __attribute__((always_inline)) uint64_t print_hash(const struct decoder *decoder, const char *data, size_t length) {
    if (__builtin_expect(length > PRINT_SHORT_BYTES, 0)) return print_hash_long(decoder, data, length);
    return print_hash_short(decoder, data, length);
}

/* What a field adds to the sum of the payload: the 128-bit product folded, so that every bit of the value reaches
 * every bit of the sum. 0 for ingest_time, whose second salt is 0. */
static inline uint64_t print_part(const struct field_card *card, uint64_t value) {
    __extension__ unsigned __int128 product = (unsigned __int128)(value ^ card->salt[0]) * card->salt[1];
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
