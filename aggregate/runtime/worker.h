/* A worker: one thread, one source, the partitions that the source gives it. Workers share nothing but the decoder, the
 * configuration, the status counters and the stop flag; each has its own consumer, connections, dead letters and scratch. */
#ifndef NHIP_WORKER_H
#define NHIP_WORKER_H

#include "aggregate/runtime/partition.h"

#include <stdatomic.h>

struct worker_options {
    struct partition_context partition; /* chunk, cursor, header and own_times are filled in by the worker */
    struct source *source;              /* owned: destroyed by the worker */
    size_t number;                      /* of the process: 0, 1, ... */
    int64_t events_per_s_max;           /* 0 = as fast as it goes; tests slow a worker down with it */
    struct roster *roster;              /* learns what is claimed; null: nobody wants to know */
    atomic_bool *stop;                  /* SIGTERM: finish what was fed, commit, leave */
};

/* Runs until the source has finished, `stop` is set, or a fault ends it; then commits what was fed, gives up its
 * claims and destroys the source. True when everything fed is committed. Blocks; call it on the worker's thread. */
bool worker_run(const struct worker_options *options, struct fault *fault);

#endif
