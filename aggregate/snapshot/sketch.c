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

enum { RANK_LAST = 64 - HLL_REGISTERS_LOG2 + 1 }; /* 51: all remaining bits zero */

/* 1 / (2 ln 2) */
static const double alpha = 0.7213475204444817;

void sketch_unite(uint8_t registers[static HLL_REGISTERS], const uint8_t *other) {
    if (other == NULL) return;
    for (int i = 0; i < HLL_REGISTERS; i++) {
        if (other[i] > registers[i]) registers[i] = other[i];
    }
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

int64_t sketch_estimate(const uint8_t registers[static HLL_REGISTERS]) {
    int counts[RANK_LAST + 1] = {0};
    for (int i = 0; i < HLL_REGISTERS; i++)
        counts[registers[i] <= RANK_LAST ? registers[i] : RANK_LAST]++;
    const double m = HLL_REGISTERS;
    if (counts[0] == HLL_REGISTERS) return 0;
    double z = m * tau(1 - counts[RANK_LAST] / m);
    for (int rank = RANK_LAST - 1; rank >= 1; rank--)
        z = (z + counts[rank]) * 0.5;
    z += m * sigma(counts[0] / m);
    return llrint(alpha * m * m / z);
}
