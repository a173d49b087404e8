/* Releases that wait for somebody's judgement: DIRECTORY/staged/NAME beside the published ones, NAME.jumps with what moved, and
 * DIRECTORY/judgements.ndjson, which is only ever appended to (schemas/vintages.md §5). No reader of publications looks at any of
 * them. One thread. */
#ifndef NHIP_SNAPSHOT_STAGING_H
#define NHIP_SNAPSHOT_STAGING_H

#include "aggregate/snapshot/jumps.h"
#include "aggregate/snapshot/vintage.h"

/* Whether this release of the period is staged, or was rejected, with the figures of `now`: nothing new to be judged. `name` and
 * `path` are those of that vintage. */
bool staging_holds(const char *directory, const char *flow, const struct period *period, int64_t release,
                   const struct obs_table *now, char name[static VINTAGE_NAME_BYTES], char path[static VINTAGE_PATH_BYTES]);

/* Writes NAME.jumps. */
bool staging_note(const char *directory, const char *name, const struct jumps *jumps, struct fault *fault);

struct judgement_of_release {
    const char *name;
    const char *by;
    const char *reason;
    int64_t at_ms;
};

/* Each holds the staged bytes against their manifest, writes the line of judgements.ndjson, then moves the vintage. False and
 * `fault`: STOP_NOT_STAGED; STOP_STAGED_OVERTAKEN when a release like it or a later one was published meanwhile. */
bool staging_approve(const char *directory, const struct judgement_of_release *judgement, char path[static VINTAGE_PATH_BYTES],
                     struct fault *fault);
bool staging_reject(const char *directory, const struct judgement_of_release *judgement, char path[static VINTAGE_PATH_BYTES],
                    struct fault *fault);

/* Prints what waits, sorted by name, with its jumps; returns how many. */
size_t staging_list(const char *directory, FILE *out);

#endif
