/* What a running process says of itself while it runs and after it was killed: a handful of counters, shared by all workers, and
 * mirrored into a small memory-mapped file when `status.file` is set. The page survives SIGKILL, so a test (or a person) can see
 * whether a commit was in flight at that moment. */
#ifndef NHIP_STATUS_H
#define NHIP_STATUS_H

#include "fault.h"

#include <stdint.h>

enum status_counter {
    STATUS_DELIVERED = 0, /* events taken from the sources, window rebuilds excluded */
    STATUS_REBUILT,       /* events read again to rebuild windows */
    STATUS_REFUSED,       /* rejected or quarantined */
    STATUS_COMMITS,       /* commits that Redis confirmed */
    STATUS_IN_FLIGHT,     /* commits sent and not yet confirmed */
    STATUS_PARTITIONS,    /* partitions owned now */
    STATUS_FENCED,        /* partitions lost to another worker */
    STATUS_REPLAYED,      /* records read again because Redis went back to an older state */
    STATUS_UNCONFIRMED,   /* partitions whose last commit is not (yet) on enough replicas */
    STATUS_TAKEOVERS,     /* partitions with a state that were claimed and whose window is whole again */
    STATUS_TAKEOVER_MS,   /* how long these took together, from the claim on; several at a time overlap */
    STATUS_STREAM_UPSERTS,    /* values that stream.topic has taken */
    STATUS_STREAM_TOMBSTONES, /* keys that were deleted there */
    STATUS_STREAM_FAILURES,   /* times that it took nothing, or could not be opened */
    STATUS_STREAM_LEFT,       /* closed minutes that it does not have as they are, when last looked */
    STATUS_STREAM_HELD,       /* 1: Redis stands before what was published */
    STATUS_STREAM_WRITER,     /* 1: this process writes it */
    STATUS_STREAM_WHOLE_MS,   /* when it last had all, wall clock */
    STATUS_COUNTER_COUNT,
};

struct status;

/* `path` may be null: counters in memory only. Null and `fault` when the file cannot be made. */
struct status *status_create(const char *path, struct fault *fault);
void status_destroy(struct status *status);
void status_add(struct status *status, enum status_counter counter, int64_t change); /* any thread */
int64_t status_get(const struct status *status, enum status_counter counter);        /* any thread */

#endif
