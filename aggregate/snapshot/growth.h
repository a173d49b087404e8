/* Growth and indices of flows: TRANSFORMATION G1, GY, IX, IXM and GYT (schemas/indicators.md §7). Made by setting snapshot.growth
 * only.
 *
 * Every figure of a vintage is of one prefix of the log, so the period that another is measured from is computed again from the
 * same state, and not read from the vintage that published it then. One thread. */
#ifndef NHIP_SNAPSHOT_GROWTH_H
#define NHIP_SNAPSHOT_GROWTH_H

#include "aggregate/runtime/digest.h"
#include "aggregate/snapshot/chain.h"
#include "aggregate/snapshot/observation.h"
#include "aggregate/snapshot/period.h"
#include "aggregate/snapshot/vintage.h"

struct computation;
struct state;

enum { GROWTH_BASES_MAX = 4 + CHAIN_LINKS_MAX };

/* A period that others are measured from, and the newest release of it, whose withheld figures are not told by a growth. */
struct growth_base {
    struct period period;
    char vintage[VINTAGE_NAME_BYTES]; /* empty: none is published */
    char manifest_sha256[DIGEST_TEXT_BYTES];
    int64_t release; /* 0: none */
};

/* Adds the rows of the computation's flows to its observations, which are sorted and controlled and stay so, and fills its
 * `bases`. Nothing for a period of one day. False and `fault`. */
bool growth_add(struct computation *computation, struct fault *fault);

/* From which day on all partitions have their ledgers, and something was seen. */
int32_t growth_first_day(const struct state *state);

/* Refuses what snapshot.base cannot be; it is a period, or null or "" for no index. */
bool growth_check_base(const char *base, struct fault *fault);

/* How many days of [first, last] are of the five of the Tet holiday: the eve, New Year's Day and three days more. -1: in years
 * that the table of New Year's Days does not hold (2015 to 2035). */
int32_t growth_tet_days(int32_t first, int32_t last);

#endif
