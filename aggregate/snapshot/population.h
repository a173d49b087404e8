/* Who is counted: populations and declared evidence, evaluated on one registry record (schemas/indicators.md §2, §3). Pure. */
#ifndef NHIP_SNAPSHOT_POPULATION_H
#define NHIP_SNAPSHOT_POPULATION_H

#include "aggregate/snapshot/definitions.h"
#include "unit.h"

/* `last`: the last day of the period. `window_first`: the first of the window days. */
bool population_holds(const struct population *population, const struct unit_record *record, int32_t window_first, int32_t last);

enum declaration { DECLARED_NO = 0, DECLARED_UNKNOWN, DECLARED_YES };

/* What the record says of the indicator's main column, side conditions included. Unknown: the main column is empty or absent. */
enum declaration population_declared(const struct indicator *indicator, const struct unit_record *record, int32_t window_first,
                                     int32_t last);

#endif
