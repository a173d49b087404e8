/* snapshot.json: from what a vintage was computed, so that anybody can compute it again. No wall clock and no paths: two runs
 * over the same inputs write the same bytes, but for the release number. */
#ifndef NHIP_SNAPSHOT_PROVENANCE_H
#define NHIP_SNAPSHOT_PROVENANCE_H

#include "aggregate/snapshot/publication.h"

bool provenance_file(const struct publication *publication, FILE *out, struct fault *fault);

/* The counts of all partitions together, as snapshot.json states them. */
void provenance_counts(const struct state *state, struct counts *total);

/* Conservation (I4) in every partition, one configuration for all: else FAULT_REFUSED, as figures from such a
 * state would be wrong. */
bool provenance_check(const struct state *state, struct fault *fault);

#endif
