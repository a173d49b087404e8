/* What the endpoint knows at one moment: taken once per request, then only read. */
#ifndef NHIP_HTTP_FACTS_H
#define NHIP_HTTP_FACTS_H

#include "aggregate/runtime/gauges.h"
#include "aggregate/runtime/status.h"
#include "limits.h"

struct http_facts {
    int64_t now_ms;     /* wall clock */
    int64_t started_ms; /* when the process began, wall clock */
    bool ready;         /* both servers have answered and the workers run */
    bool alive;         /* every worker has gone round within HTTP_ALIVE_MS */
    int64_t workers;
    int64_t redis_memory_bytes; /* -1: not known */
    int64_t redis_memory_max_bytes; /* 0: no bound; -1: not known */
    int64_t snapshot_ms; /* when LATEST was written; -1: there is none */
    int64_t resident_bytes;
    int64_t descriptors;
    int64_t status[STATUS_COUNTER_COUNT];
    struct gauge_totals totals;
    size_t partition_count;
    struct gauge_partition partitions[PARTITIONS_MAX];
};

enum { HTTP_ALIVE_MS = 60000 };

#endif
