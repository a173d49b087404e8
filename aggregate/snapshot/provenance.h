/* snapshot.json: from what a vintage was computed, so that anybody can compute it again. No wall clock and no paths: two runs
 * over the same inputs write the same bytes, but for the release number. */
#ifndef NHIP_SNAPSHOT_PROVENANCE_H
#define NHIP_SNAPSHOT_PROVENANCE_H

#include "aggregate/snapshot/cells.h"
#include "aggregate/snapshot/snapshot.h"
#include "aggregate/snapshot/vintage.h"

struct provenance {
    const struct snapshot_options *options;
    const struct definitions *definitions;
    const struct state *state;
    const struct registry *registry;
    const struct cells *cells;
    const struct period *period;
    const struct vintage *vintage;
    int64_t as_of_ms;
    int64_t refused_claims;
    int64_t observations;
};

/* The caller looks at ferror(). */
void provenance_write(const struct provenance *provenance, FILE *out);

/* Conservation (I4) in every partition, one configuration for all: else FAULT_STORE or FAULT_REFUSED, as figures from such a
 * state would be wrong. */
bool provenance_check(const struct state *state, struct fault *fault);

#endif
