/* Which sources delivered a period from end to end: the panel that a chain index goes along (schemas/indicators.md §7). With a
 * file of expected sources by what it expects, without one by what the ledger holds. Built once a snapshot, then read only; one
 * thread, inputs are borrowed. */
#ifndef NHIP_SNAPSHOT_PANEL_H
#define NHIP_SNAPSHOT_PANEL_H

#include "aggregate/snapshot/cells.h"
#include "aggregate/snapshot/coverage.h"

struct panel;

/* Sources are numbered as in `cells`, alike in every computation from the same state. `coverage` null: nothing is expected. */
struct panel *panel_create(const struct state *state, const struct cells *cells, const struct coverage *coverage);
void panel_destroy(struct panel *panel);

/* Is the source complete in the period, in all of `families` (bits, not empty)? */
bool panel_complete(const struct panel *panel, uint32_t source, unsigned families, const struct period *period);

#endif
