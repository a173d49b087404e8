/* Hashing inside the roll-up: fast, deterministic; never stored except as the tail fingerprint of progress, which has no key.
 *
 * One step multiplies two 64-bit words into 128 bits and folds the halves: every input bit reaches every output bit. The
 * constants are odd with about as many ones as zeros; nothing else is special about them. Fingerprints of ids come keyed from
 * the decoder; what is hashed here is verified by comparing keys, so a collision costs time and never a figure. But time is
 * worth an attack: a factor of zero makes the product zero whatever the other is, so without a key anybody can write a million
 * account names that all meet in one slot (test_table.c does). Tables therefore mix in rollup_options.hash_key. */
#ifndef NHIP_ROLLUP_MIX_H
#define NHIP_ROLLUP_MIX_H

#include "slice.h"

#include <stdint.h>

#define MIX_A UINT64_C(0x9e3779b97f4a7c15)
#define MIX_B UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t mix(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)(a ^ MIX_A) * (b ^ MIX_B);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t mix_word(const char *data) {
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

/* Up to 8 bytes as a number; with the length mixed in by the caller no two inputs are the same. */
static inline uint64_t mix_rest(const char *data, size_t length) {
    uint64_t word = 0;
    if (length >= 4) {
        uint32_t low;
        uint32_t high;
        memcpy(&low, data, sizeof(low));
        memcpy(&high, data + length - 4, sizeof(high));
        return (uint64_t)high << 32 | low;
    }
    for (size_t i = 0; i < length; i++) word = word << 8 | (unsigned char)data[i];
    return word;
}

/* Of strings: about two nanoseconds per 16 bytes. Both factors of each product depend on a secret when `seed` and `key` are. */
static inline uint64_t mix_text(struct slice text, uint64_t seed, uint64_t key) {
    const char *data = text.data;
    size_t left = text.length;
    uint64_t hash = seed ^ text.length;
    while (left > 16) {
        hash = mix(hash ^ mix_word(data), mix_word(data + 8) ^ key);
        data += 16;
        left -= 16;
    }
    if (left > 8) return mix(hash ^ mix_word(data), mix_word(data + left - 8) ^ key);
    return mix(hash, mix_rest(data, left) ^ key);
}

#endif
