/* Why a figure may have changed: the inputs of two vintages, compared (schemas/vintages.md §4). Pure. */
#ifndef NHIP_SNAPSHOT_CAUSES_H
#define NHIP_SNAPSHOT_CAUSES_H

#include "aggregate/snapshot/compute.h"
#include "aggregate/snapshot/previous.h"

/* Bits of a set. */
enum cause {
    REVISED_NONE = 0,
    REVISED_LATE_EVENT = 1,
    REVISED_REGISTRY = 2,
    REVISED_DEDUP = 4,
    REVISED_METHOD = 8,
    REVISED_BOUNDARY = 16,
    REVISED_CLASSIFICATION = 32,
    REVISED_SUPPRESSION = 64,
    REVISED_BUGFIX = 128,
    REVISED_EXCLUSION = 256
};
enum { REVISED_COUNT = 9, CAUSES_TEXT_BYTES = 128 };

/* The inputs that differ, in the three groups that can be recomputed apart. Each a set of causes, 0: the same. */
struct causes {
    unsigned counting;    /* what stands in the counters: records, configuration, engine */
    unsigned registry;    /* the registry cut */
    unsigned definitions; /* indicators.json */
};

struct causes causes_find(const struct previous *previous, const struct computation *computation);

/* definition_changes.c: METHOD, CLASSIFICATION, both, or 0 when no figure hangs on what differs. */
unsigned definitions_changed(const char *previous_path, const struct definitions *definitions);

/* LATE_EVENT+REGISTRY: the names of a set, in the order of the enumeration. */
void causes_text(unsigned causes, char out[static CAUSES_TEXT_BYTES]);
const char *cause_name(int bit); /* 0 .. REVISED_COUNT - 1 */

#endif
