/* How many different persons united HyperLogLog registers stand for. Pure. */
#ifndef NHIP_SNAPSHOT_SKETCH_H
#define NHIP_SNAPSHOT_SKETCH_H

#include "aggregate/snapshot/state.h"

/* registers = max(registers, other); `other` may be null. */
void sketch_unite(uint8_t registers[static HLL_REGISTERS], const uint8_t *other);

/* The estimate, rounded half to even. Standard error 0.81 %; exact for a handful. */
int64_t sketch_estimate(const uint8_t registers[static HLL_REGISTERS]);

#endif
