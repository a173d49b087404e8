/* The published vintages that stand in a directory, the newest release of each series. A series is one flow, frequency and
 * period: THDX_ADOPTION_M_2021-09. Raw figures are none of them. One thread. */
#ifndef NHIP_STREAM_NEWEST_H
#define NHIP_STREAM_NEWEST_H

#include "aggregate/snapshot/vintage.h"
#include "aggregate/store/resp.h"

struct newest {
    char series[VINTAGE_NAME_BYTES];
    char name[VINTAGE_NAME_BYTES];
    int64_t release;
};

struct newest_list {
    struct newest *items; /* by series */
    size_t count;
};

/* A directory that does not exist has none. False and `fault` when it cannot be listed. free(items). */
bool newest_list(const char *directory, struct newest_list *vintages, struct fault *fault);
/* Appends `topic/partition=end ...`: the prefix that snapshot.json of the vintage names; nothing when it cannot be read. */
void newest_offsets(const char *path, struct resp *out);

#endif
