/* The running job: workers over sources, the rolling windows beside them, progress lines for people.
 *
 * Blocks until the sources have finished (files, `once`, `until`), `stop` is set, or a fault ends it. Whatever was
 * fed is then committed. */
#ifndef NHIP_ENGINE_H
#define NHIP_ENGINE_H

#include "aggregate/runtime/setup.h"
#include "aggregate/runtime/status.h"

#include <stdatomic.h>

struct engine_options {
    struct setup *setup;
    const char *const *paths; /* NDJSON files; none: Kafka */
    size_t path_count;
    const char *archive; /* an archive of consumed records in Kafka's place, with `until` (schemas/archive.md); null: none */
    bool once;
    const struct source_vector_entry *until; /* up to these offsets; none: to the end */
    size_t until_count;
    atomic_bool *stop; /* set from a signal handler or another thread */
    bool quiet;        /* no progress lines */
    struct status *status; /* null: made from `status.file`; else borrowed, so that the caller can watch it */
};

struct engine_result {
    int64_t delivered;
    int64_t refused;
    int64_t commits;
    int64_t elapsed_ms;
};

bool engine_run(const struct engine_options *options, struct engine_result *result, struct fault *fault);

/* "topic/partition=next" separated by commas or white space -> entries (topics are copied into one block that the
 * caller frees through the first entry's topic). False and FAULT_USAGE with the piece that is wrong. */
bool vector_parse(const char *text, struct source_vector_entry *entries, size_t entries_max, size_t *count, struct fault *fault);

#endif
