/* A headline that moved further than its bound (`headline.jump` in indicators.json): such a release is a mistake of the data more
 * often than news, so somebody looks at it before the public does (schemas/vintages.md §5). One thread. */
#ifndef NHIP_SNAPSHOT_JUMPS_H
#define NHIP_SNAPSHOT_JUMPS_H

#include "aggregate/snapshot/compute.h"
#include "aggregate/snapshot/previous.h"

enum { JUMPS_MAX = 64, JUMP_VALUE_BYTES = 48, JUMP_TEXT_BYTES = 400 };

struct jump {
    const struct indicator *indicator;
    char from[JUMP_VALUE_BYTES]; /* as published */
    char to[JUMP_VALUE_BYTES];
    bool points; /* the bound is in percentage points; else in per cent of `from` */
};

struct jumps {
    struct jump items[JUMPS_MAX];
    size_t count;
    char since[160]; /* the vintage that they are measured from; "" when there is none to measure from */
};

/* Whether `from` -> `to` (OBS_VALUE as text) is further than `jump`: percentage points for PT, else per cent of `from`. An empty
 * value, or a beginning from 0, is no jump. Pure. */
bool jump_beyond(const char *from, const char *to, bool points, int64_t jump);

/* Measures the headlines of `now` (the rows of this release) against the release before of the same period, `previous`, when the
 * period had ended by then; else against the newest release of the period before in `directory`. Of a period that has not ended
 * only declared headlines (evidence R) are looked at: the others grow from day to day. False and `fault` when a vintage that it
 * should be measured from does not hold. */
bool jumps_find(struct jumps *jumps, const struct computation *computation, const struct obs_table *now,
                const struct previous *previous, const char *flow, struct fault *fault);

/* The first of them in a sentence, and how many more. */
void jumps_text(const struct jumps *jumps, char *out, size_t out_bytes);
/* One line for each: "ORD_N (O): from 120 to 300, bound 50 %, since VINTAGE". */
void jumps_write(const struct jumps *jumps, FILE *out);

#endif
