/* What counting will need of memory: beforehand, and told when a run starts. */
#ifndef NHIP_PLAN_H
#define NHIP_PLAN_H

#include "aggregate/runtime/setup.h"

#include <stdio.h>

/* One line in the log: bytes of a partition's window and cells here, what Redis uses and may use. A warning when a namespace
 * begins to be filled beside another that leaves it no room. Asks Redis; a fault is no reason not to run, and says nothing. */
void plan_tell(const struct setup *setup);

/* How much there will be to count. */
struct plan_load {
    int64_t partitions;
    int64_t accounts; /* of all partitions */
    int64_t days;     /* that the ledger holds */
    int64_t facets;   /* different facets that an account has on a day */
};

enum { PLAN_LOAD_MAX = 1000000000 };

/* "PARTITIONS,ACCOUNTS,DAYS,FACETS", each 1 to PLAN_LOAD_MAX. False and FAULT_CONFIG otherwise. */
bool plan_load_parse(const char *text, struct plan_load *load, struct fault *fault);

/* The arithmetic under these settings: a line for each thing that grows, with how many, bytes each and bytes in all. Asks
 * nobody. False and `fault` when memory for one window is short. */
bool plan_print(const struct setup *setup, const struct plan_load *load, FILE *out, struct fault *fault);

#endif
