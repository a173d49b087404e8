/* How many different persons united HyperLogLog registers stand for. Pure. There are 2^`registers_log2` of them:
 * HLL_REGISTERS_LOG2 of the province, HLL_ACCOUNT_REGISTERS_LOG2 of accounts. */
#ifndef NHIP_SNAPSHOT_SKETCH_H
#define NHIP_SNAPSHOT_SKETCH_H

#include "aggregate/snapshot/state.h"

/* registers = max(registers, other); `other` may be null. */
void sketch_unite(uint8_t registers[static HLL_REGISTERS], const uint8_t *other);

/* The same with stored bytes (schemas/store-layout.md §5). False when they are not of the layout. */
bool sketch_unite_stored(uint8_t *registers, uint8_t registers_log2, struct slice value);

/* The estimate, rounded half to even. Standard error 1.04 / sqrt(registers): 0.81 %, 1.63 %; exact for a handful. */
int64_t sketch_estimate(const uint8_t *registers, uint8_t registers_log2);

#endif
