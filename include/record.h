/* One record of a log, as a source delivers it: bytes and where they stand. */
#ifndef NHIP_RECORD_H
#define NHIP_RECORD_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct record {
    struct slice value;   /* lives until the batch is released; value.data is null for a tombstone */
    struct slice key;     /* as value; null when there is none */
    int64_t offset;       /* Kafka offset, or byte offset of the line's first byte in a file */
    int64_t next_offset;  /* where to resume after this record: offset + 1, or the byte after the newline. For the roll-up a
                           * record is one event: of all but the last of a message's events this is `offset` */
    const void *native;   /* what source_operations.header() needs; null where records have no headers */
    int64_t timestamp_ms; /* record time: Kafka's, or `ingest_time` (units: `recorded_at`) for files */
};

#endif
