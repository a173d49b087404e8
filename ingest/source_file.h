/* NDJSON files (or standard input) as a source: a file is a log of one partition, the byte offset of a line is its
 * offset. */
#ifndef NHIP_SOURCE_FILE_H
#define NHIP_SOURCE_FILE_H

#include "source.h"

struct source_file_options {
    const char *const *paths; /* "-" = standard input (topic "stdin", partition 0, cannot resume) */
    size_t path_count;        /* `TOPIC-P.ndjson` = topic TOPIC partition P (schemas/store-layout.md §1) */
    /* When > 0: stop each partition at this offset (exclusive), parallel to `paths`. Null = to the end. */
    const int64_t *until;
};

/* Record time = `ingest_time` of the line (units: `recorded_at`); where it cannot be read, the record time of the
 * line before (0 for the first). Lines longer than MESSAGE_BYTES_MAX are delivered cut to MESSAGE_BYTES_MAX + 1
 * bytes, so that the decoder refuses them as too_large. An empty line is a record with zero bytes; the four bytes
 * `null` are a tombstone. A last line without newline counts as one. Delivers all files, then SOURCE_END for each
 * and SOURCE_FINISHED. Null and `fault` (FAULT_IO) when a file cannot be opened. */
struct source *source_file_create(const struct source_file_options *options, struct fault *fault);

/* Topic and partition of a path; `topic` holds at most 249 bytes and a NUL. */
void source_file_name(const char *path, char topic[static 250], int32_t *partition);

#endif
