/* What a running process says of itself while it runs and after it was killed: a handful of counters, shared by all workers, and
 * mirrored into a small memory-mapped file when `status.file` is set. The page survives SIGKILL, so a test (or a person) can see
 * whether a commit was in flight at that moment. */
#ifndef NHIP_STATUS_H
#define NHIP_STATUS_H

#include "fault.h"

#include <stdint.h>

enum status_counter {
    STATUS_DELIVERED = 0, /* records taken from the sources, window rebuilds excluded */
    STATUS_REBUILT,       /* records read again to rebuild windows */
    STATUS_REFUSED,       /* rejected or quarantined */
    STATUS_COMMITS,       /* commits that Redis confirmed */
    STATUS_IN_FLIGHT,     /* commits sent and not yet confirmed */
    STATUS_PARTITIONS,    /* partitions owned now */
    STATUS_FENCED,        /* partitions lost to another worker */
    STATUS_COUNTER_COUNT,
};

struct status;

/* `path` may be null: counters in memory only. Null and `fault` when the file cannot be made. */
struct status *status_create(const char *path, struct fault *fault);
void status_destroy(struct status *status);
void status_add(struct status *status, enum status_counter counter, int64_t change); /* any thread */
int64_t status_get(const struct status *status, enum status_counter counter);        /* any thread */

#endif
