/* The two halves of snapshot_write(): for several vintages of one state, and for tests that make a state by hand. */
#ifndef NHIP_SNAPSHOT_STATE_WRITE_H
#define NHIP_SNAPSHOT_STATE_WRITE_H

#include "aggregate/snapshot/snapshot.h"
#include "aggregate/snapshot/state.h"

/* One true prefix of the state that `options->store` names, finished; state_destroy(). Null and `fault`. */
struct state *snapshot_read(const struct snapshot_options *options, struct fault *fault);

/* `state` is finished (state_finish()). `options->store` is not looked at. */
bool snapshot_write_state(const struct snapshot_options *options, const struct state *state, struct snapshot_result *result,
                          struct fault *fault);

#endif
