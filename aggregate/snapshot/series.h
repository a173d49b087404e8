/* Several periods from one reading of the state: every period of a frequency in order, each a release of its own, and only where
 * there is something to release. What `nhip snapshot --from` and `--every` do. One thread. */
#ifndef NHIP_SNAPSHOT_SERIES_H
#define NHIP_SNAPSHOT_SERIES_H

#include "aggregate/snapshot/period.h"
#include "aggregate/snapshot/snapshot.h"

#include <stdatomic.h>
#include <stdio.h>

struct series {
    struct period from;
    struct period to;       /* frequency NONE: until the last period that has ended at AS_OF */
    const atomic_bool *stop; /* looked at between two periods; null: never */
    FILE *out;               /* a line for each period, flushed; failures go to the log */
};

struct series_result {
    int64_t periods; /* that were looked at: the sum of released, unchanged, failed and staged */
    int64_t released;
    int64_t unchanged;
    int64_t failed;
    int64_t staged; /* wait for a judgement, with these figures */
    int64_t revised_after_final;
    bool interrupted;           /* `stop` was set before the last period */
    struct fault first_fault;   /* when failed > 0 */
    char first_failed[16];      /* its period */
};

/* Both ends by name; `to` null or of the same frequency as `from` and not before it. False and STOP_USAGE. */
bool series_parse(const char *from, const char *to, struct series *series, struct fault *fault);

/* Reads the state once, then writes period after period with `options` (whose `period` and `only_changed` are set here); one that
 * fails does not keep the others from being written. False and `fault` when the state cannot be read; failures of periods are in
 * `result`. */
bool series_write(const struct series *series, const struct snapshot_options *options, struct series_result *result,
                  struct fault *fault);

/* The first instant behind `now_ms` at which a turn is due: multiples of `every_ms` counted from local midnight, each day anew;
 * whole days: local midnight of the days whose number is a multiple. Pure. */
int64_t series_next_turn_ms(const struct zone *zone, int64_t every_ms, int64_t now_ms);

#endif
