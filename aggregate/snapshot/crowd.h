/* Those who brought distinct persons, intents or drivers to an estimate: contributors and platforms, each once. Nobody knows how
 * many each of them brought, so the rules ask for their numbers only. One thread. */
#ifndef NHIP_SNAPSHOT_CROWD_H
#define NHIP_SNAPSHOT_CROWD_H

#include "aggregate/snapshot/control.h"

/* Where they are counted. */
struct reach {
    uint64_t outlets, instruments;
};

struct crowd;

/* Empty. Cells count when they are of the indicator's flows (of persons: who sold, or was paid) and in the reach. Without control
 * (null) there is no crowd (null), and nothing is known. Control and indicator outlive it. */
struct crowd *crowd_create(const struct control *control, const struct indicator *indicator, struct reach reach);
void crowd_destroy(struct crowd *crowd);

/* The unit behind an account. */
void crowd_add_version(struct crowd *crowd, uint32_t version);
/* Who knows the cell on the platform axis, when the cell counts. */
void crowd_add_platform(struct crowd *crowd, const struct cell *cell);
/* To each of `count` crowds of one control: contributors and platforms of all cells that count, on days of `period`. One pass. */
void crowds_add_cells(struct crowd *const *crowds, size_t count, const struct period *period);

/* The verdict on an estimate; `part` of `whole`, which are the same but for a share. Not of null. */
struct judgement crowd_judge(const struct crowd *crowd, int64_t part, int64_t whole);

#endif
