/* Chance for the synthetic province: xoshiro256** seeded through splitmix64, integers only.
 *
 * No floating point and nothing of the C library: the same seed must give the same bytes on every machine. One owner thread. */
#ifndef NHIP_PROVINCE_RANDOM_H
#define NHIP_PROVINCE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct province_random {
    uint64_t state[4];
};

void province_random_seed(struct province_random *random, uint64_t seed);
uint64_t province_random_next(struct province_random *random);
/* The finaliser of splitmix64: spreads a number over 64 bits; a bijection, so distinct numbers stay distinct. Any thread. */
uint64_t province_random_spread(uint64_t number);

/* 0 .. n-1, n >= 1. The bias of the multiply-shift (2^-32 n) does not matter for a generator. */
static inline uint32_t province_random_below(struct province_random *random, uint32_t n) {
    return (uint32_t)(((province_random_next(random) >> 32) * n) >> 32);
}

/* low .. high, both inclusive. */
static inline int32_t province_random_between(struct province_random *random, int32_t low, int32_t high) {
    return low + (int32_t)province_random_below(random, (uint32_t)(high - low) + 1);
}

/* True in `parts` of 10,000 cases. */
static inline bool province_random_chance(struct province_random *random, uint32_t parts) {
    return province_random_below(random, 10000) < parts;
}

/* Index into `weights` with the probability of its weight; the sum must be above 0. */
size_t province_random_pick(struct province_random *random, const uint16_t *weights, size_t count);

void province_random_shuffle(struct province_random *random, uint32_t *items, size_t count);

#endif
