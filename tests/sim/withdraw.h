/* Withdrawn deliveries (schemas/exclusions.md) in the simulator: every third seed has a list of them. */
#ifndef NHIP_SIM_WITHDRAW_H
#define NHIP_SIM_WITHDRAW_H

#include "aggregate/runtime/exclusions.h"
#include "tests/sim/logs.h"

/* The list that fits the logs of the seed, read from a file as nhip reads it; null when the seed has none. Replaces the one
 * before; `*text` is what stood in the file. */
const struct exclusions *withdraw_make(const struct log *logs, int count, uint64_t seed, const char **text);

#endif
