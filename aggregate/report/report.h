/* report.html of a vintage: one self-contained page in Vietnamese and English (schemas/report.md).
 *
 * Everything in it comes from the files of the vintage under `path` (obs.csv; benchmarks.csv, revisions.csv and codes.csv where
 * they are), from the obs.csv of earlier periods beside it, and from the counts given here, which are those of snapshot.json. No
 * clock, no chance: the same files give the same bytes. One thread. */
#ifndef NHIP_REPORT_H
#define NHIP_REPORT_H

#include "batch.h"
#include "fault.h"

#include <stdio.h>

/* What snapshot.json says of what came in. */
struct report_quality {
    struct counts counts; /* of all partitions */
    int64_t units;        /* in the registry */
    int64_t unmatched_accounts, unmatched_n;
    int64_t refused_claims;
};

struct report_input {
    const char *path;       /* where the files of the vintage stand now */
    const char *name;       /* FLOW_FREQ_PERIOD_rN_ASOF */
    const char *collection; /* where vintages are collected: earlier periods */
    const char *area;       /* VN_38 */
    struct report_quality quality;
};

/* Writes the page. False and `fault` (FAULT_IO) when obs.csv cannot be read; the caller looks at ferror(out). */
bool report_write(const struct report_input *input, FILE *out, struct fault *fault);

#endif
