/* From a state to rows: one computation, which may be of other definitions or of an older registry cut than the one that is
 * published (revisions.h asks for both). One thread. */
#ifndef NHIP_SNAPSHOT_COMPUTE_H
#define NHIP_SNAPSHOT_COMPUTE_H

#include "aggregate/snapshot/control.h"
#include "aggregate/snapshot/coverage.h"
#include "aggregate/snapshot/finality.h"
#include "aggregate/snapshot/growth.h"
#include "aggregate/snapshot/obs_table.h"
#include "aggregate/snapshot/panel.h"
#include "aggregate/snapshot/snapshot.h"
#include "aggregate/snapshot/statistics.h"

/* `options`, `state`, `period` and `as_of_ms` are set by the caller, the others by computation_run(). `statistics` and
 * `observations` point into this struct and into its parts: it is not to be moved. */
struct computation {
    const struct snapshot_options *options;
    const struct state *state;
    struct period period;
    int64_t as_of_ms;
    const struct registry_cut *cut; /* null: every record until as_of_ms */
    const char *definitions_path;   /* null: that of the options */
    const struct obs_table *before; /* the release before, whose withheld cells are not told by this one; null: none */
    struct definitions *definitions;
    struct registry *registry;
    struct crosswalk *crosswalk;
    struct cells *cells;
    struct coverage *coverage; /* null: nothing is expected */
    struct statistics statistics;
    struct observations observations; /* sorted, controlled, with their statuses */
    struct disclosure_audit disclosure;
    struct growth_base bases[GROWTH_BASES_MAX]; /* what growths were measured from */
    size_t base_count;
    const struct panel *panel; /* of the sources; null: no chain index goes through the period */
    struct panel *panel_made;  /* the same where this is the period that is published, else null */
    struct chain_ends *ends;   /* per indicator; null without a panel */
};

/* False and `fault`. computation_clear() is due in any case. computation_define() reads the definitions only; computation_run()
 * does it too, when that has not been done. */
bool computation_define(struct computation *computation, struct fault *fault);
bool computation_run(struct computation *computation, struct fault *fault);
void computation_clear(struct computation *computation);

#endif
