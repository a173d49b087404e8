/* Lengths in front of bytes, as varints: seven bits a byte, the lowest first. Nearly all are one byte. Any thread. */
#ifndef NHIP_LENGTH_H
#define NHIP_LENGTH_H

#include <stddef.h>

static inline size_t length_bytes(size_t length) {
    size_t bytes = 1;
    for (; length > 127; length >>= 7)
        bytes++;
    return bytes;
}

/* Writes length_bytes(length) bytes; returns where they end. */
static inline char *length_put(char *at, size_t length) {
    for (; length > 127; length >>= 7)
        *at++ = (char)((length & 127) | 128);
    *at++ = (char)length;
    return at;
}

/* Returns where it ends; null when it does not end in front of `end`, or is beyond 63 bits. */
static inline const char *length_take(const char *at, const char *end, size_t *length) {
    *length = 0;
    for (int shift = 0; at < end && shift < 63; shift += 7) {
        unsigned char byte = (unsigned char)*at++;
        *length |= (size_t)(byte & 127) << shift;
        if (byte < 128) return at;
    }
    return NULL;
}

#endif
