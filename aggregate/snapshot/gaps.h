/* Gaps of the log that were given up (nhip run --accept-gap), as a vintage shows them. One thread; inputs are borrowed. */
#ifndef NHIP_SNAPSHOT_GAPS_H
#define NHIP_SNAPSHOT_GAPS_H

#include "aggregate/snapshot/definitions.h"
#include "aggregate/snapshot/observation.h"
#include "aggregate/snapshot/state.h"

struct zone;

/* OBS_STATUS `U` (low reliability) instead of P, A or E in every row whose days have one in common with a gap: those of the
 * period, of the window that ends with it, for turnover also those of the period before. Evidence R comes from the registry: it
 * is marked for gaps of partitions that hold records of it. */
void gaps_mark(const struct state *state, const struct zone *zone, const struct definitions *definitions,
               struct observations *observations);

/* `[{"from": ..., "to": ..., "lost": ..., ...}, ...]`, in the order in which they were given up. */
void gaps_write(const struct progress *progress, FILE *out);

#endif
