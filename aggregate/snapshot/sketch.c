/* Ertl's improved raw estimator ("New cardinality estimation algorithms for HyperLogLog sketches", 2017): one formula from none
 * to saturation, without the empirical bias tables of HLL++ and without the bump where classic HLL hands over to linear counting.
 *
 * It is the only double arithmetic of a snapshot, and of an estimate, never of money. The order of operations is fixed, only + -
 * * / and sqrt are used, and contraction is off, so every IEEE machine gets the same bits. */
#include "aggregate/snapshot/sketch.h"

#include <math.h>

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

enum { FORM_SPARSE = 1, FORM_DENSE = 2, SPARSE_ENTRY_BYTES = 3, RANKS_MOST = 64 };

/* All remaining bits are zero. */
static uint8_t rank_last(uint8_t registers_log2) {
    return (uint8_t)(64 - registers_log2 + 1);
}

/* 1 / (2 ln 2) */
static const double alpha = 0.7213475204444817;

void sketch_unite(uint8_t registers[static HLL_REGISTERS], const uint8_t *other) {
    if (other == NULL) return;
    for (int i = 0; i < HLL_REGISTERS; i++) {
        if (other[i] > registers[i]) registers[i] = other[i];
    }
}

bool sketch_unite_stored(uint8_t *registers, uint8_t registers_log2, struct slice value) {
    const uint8_t *bytes = (const uint8_t *)value.data;
    size_t count = (size_t)1 << registers_log2;
    uint8_t last = rank_last(registers_log2);
    if (value.length == 1 + count && bytes[0] == FORM_DENSE) {
        for (size_t i = 0; i < count; i++) {
            if (bytes[i + 1] > last) return false;
            if (bytes[i + 1] > registers[i]) registers[i] = bytes[i + 1];
        }
        return true;
    }
    if (value.length == 0 || bytes[0] != FORM_SPARSE || value.length % SPARSE_ENTRY_BYTES != 1) return false;
    for (size_t i = 1; i < value.length; i += SPARSE_ENTRY_BYTES) {
        size_t number = (size_t)bytes[i] << 8 | bytes[i + 1];
        if (number >= count || bytes[i + 2] > last) return false;
        if (bytes[i + 2] > registers[number]) registers[number] = bytes[i + 2];
    }
    return true;
}

/* x + sum over k of x^(2^k) * 2^(k-1), for x in [0, 1): grows until it stands. */
static double sigma(double x) {
    double y = 1;
    double z = x;
    double before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

/* (1 - x - sum over k of (1 - x^(2^-k))^2 * 2^-k) / 3, for x in [0, 1]: falls until it stands. */
static double tau(double x) {
    if (x <= 0 || x >= 1) return 0;
    double y = 1;
    double z = 1 - x;
    double before;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

int64_t sketch_estimate(const uint8_t *registers, uint8_t registers_log2) {
    int counts[RANKS_MOST] = {0};
    const int count = 1 << registers_log2;
    const int last = rank_last(registers_log2);
    for (int i = 0; i < count; i++)
        counts[registers[i] <= last ? registers[i] : last]++;
    const double m = count;
    if (counts[0] == count) return 0;
    double z = m * tau(1 - counts[last] / m);
    for (int rank = last - 1; rank >= 1; rank--)
        z = (z + counts[rank]) * 0.5;
    z += m * sigma(counts[0] / m);
    return llrint(alpha * m * m / z);
}
