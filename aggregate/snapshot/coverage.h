/* How much of what was expected came in (schemas/coverage.md): COVERAGE of a row, and which figures were not collected at all.
 * Only with a file of expected sources. Built once, then read only but for a memo; one thread, inputs are borrowed. */
#ifndef NHIP_SNAPSHOT_COVERAGE_H
#define NHIP_SNAPSHOT_COVERAGE_H

#include "aggregate/runtime/expected.h"
#include "aggregate/snapshot/crosswalk.h"
#include "aggregate/snapshot/definitions.h"
#include "aggregate/snapshot/observation.h"
#include "aggregate/snapshot/state.h"
#include "zone.h"

struct coverage;

struct coverage_inputs {
    const struct state *state;
    const struct crosswalk *crosswalk;
    const struct expected *expected;
    const struct zone *zone;
    int64_t as_of_ms;
    int64_t accounts_min; /* fewer unmatched accounts, or fewer sources: the registry match in whole per cents */
    int64_t sources_min;
    int32_t first; /* nobody asks for days outside of these: events on them are not counted */
    int32_t last;
};

/* Null when `inputs->expected` is null. */
struct coverage *coverage_create(const struct coverage_inputs *inputs);
void coverage_destroy(struct coverage *coverage);

struct fraction {
    __int128 top; /* not negative */
    __int128 bottom;
};
bool fraction_less(struct fraction a, struct fraction b); /* a < b */

/* One family of events on local days [first, last]. */
struct covered {
    struct fraction share; /* 0 to 1: source-days delivered of those expected, times events matched of all */
    struct fraction connected; /* the first of the two alone */
    bool missing;          /* no expected source has delivered anything, or none is expected */
};
struct covered coverage_of(struct coverage *coverage, enum family family, int32_t first, int32_t last);

/* The sources of the file and of the ledger, by name. */
size_t coverage_source_count(const struct coverage *coverage);
const char *coverage_source_name(const struct coverage *coverage, size_t place);

struct source_days {
    int64_t expected;
    int64_t delivered;  /* of those expected */
    int64_t unexpected; /* days with events that no row of the file expects */
};
struct source_days coverage_source_days(const struct coverage *coverage, size_t place, enum family family, int32_t first,
                                        int32_t last);

/* coverage_rows.c: the families, as bits, that the indicator's events are of; 0: it does not hang on events. */
unsigned coverage_families(const struct definitions *definitions, const struct indicator *indicator);

/* coverage_rows.c: for every row of evidence O and C that hangs on events: COVERAGE; without any delivery OBS_STATUS `L` and no
 * figure, unless the row is suppressed; below 50 % `U` instead of P, A and E. After the control of disclosure, on its rows. Null
 * coverage: nothing. */
void coverage_mark(struct coverage *coverage, const struct definitions *definitions, struct observations *observations);

#endif
