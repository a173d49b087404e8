/* One seed, from the making of its logs to the verdict. */
#ifndef NHIP_SIM_RUN_H
#define NHIP_SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct tally {
    int64_t runs, refused, commits, compared, records, steps, virtual_us, restarts;
    uint64_t faults[32];
};

void run_prepare(void); /* once per process */
void run_seed(uint64_t seed, struct tally *tally); /* violation() when something is wrong */
/* Writes the seed's logs as NDJSON files, its settings and its state, for the Python oracle. Plain logs only. */
void run_export(uint64_t seed, const char *directory);

#endif
