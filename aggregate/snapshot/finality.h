/* When a figure is final (schemas/vintages.md §3): OBS_STATUS P until then, A from then on. Pure. */
#ifndef NHIP_SNAPSHOT_FINALITY_H
#define NHIP_SNAPSHOT_FINALITY_H

#include "aggregate/snapshot/observation.h"
#include "aggregate/snapshot/registry.h"
#include "zone.h"

struct finality {
    const struct definitions *definitions;
    const struct registry *registry;
    const struct zone *zone;
    int64_t as_of_ms;
};

/* The instant from which figures of this class are final for this period; INT64_MAX when it is not known yet (REG without a
 * registry record after the end of the period). */
int64_t finality_instant(const struct finality *finality, enum finality_class class, const struct period *period);

/* The same for an indicator's figures of one evidence. */
int64_t finality_of(const struct finality *finality, const struct indicator *indicator, char evidence,
                    const struct period *period);

/* Turns status P into A where the instant has come at `as_of_ms`. Other statuses stay. */
void finality_apply(const struct finality *finality, struct observations *observations);

#endif
