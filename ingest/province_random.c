/* Chance for the synthetic province.
 *
 * xoshiro256** (Blackman and Vigna) is small, fast and good enough that no pattern of ours shows through; its state is
 * filled by splitmix64, so that seeds 1, 2, 3 give unrelated streams. Everything that a run decides goes through these
 * functions in one fixed order, which is what makes a run a function of its seed. Weighted choices are linear scans over
 * a handful of weights: the tables are short and warm, and an alias table would be more code for nothing. */
#include "ingest/province_random.h"

#include "check.h"

uint64_t province_random_spread(uint64_t number) {
    uint64_t z = number + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void province_random_seed(struct province_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++) random->state[i] = province_random_spread(seed + (uint64_t)i * 0x9e3779b97f4a7c15u);
}

static uint64_t rotated(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t province_random_next(struct province_random *random) {
    uint64_t *s = random->state;
    uint64_t result = rotated(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotated(s[3], 45);
    return result;
}

size_t province_random_pick(struct province_random *random, const uint16_t *weights, size_t count) {
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) total += weights[i];
    CHECK(total > 0);
    uint32_t rest = province_random_below(random, total);
    for (size_t i = 0; i < count; i++) {
        if (rest < weights[i]) return i;
        rest -= weights[i];
    }
    UNREACHABLE();
    return 0;
}

void province_random_shuffle(struct province_random *random, uint32_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = province_random_below(random, (uint32_t)i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
