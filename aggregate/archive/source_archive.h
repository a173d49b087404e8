/* An archive of consumed records as a source (include/source.h): offsets, times, keys, headers and values are those of Kafka. */
#ifndef NHIP_SOURCE_ARCHIVE_H
#define NHIP_SOURCE_ARCHIVE_H

#include "ingest/source_kafka.h"

/* Delivers each partition of the vector up to its offset (exclusive), then SOURCE_END there and SOURCE_FINISHED, as a Kafka
 * source with `until` does. Opens the partitions' manifests; each file's hash is compared before it is read. Faults:
 * STOP_ARCHIVE_BROKEN, STOP_ARCHIVE_SHORT (it ends in front of an offset of the vector, or lacks offsets that Kafka had deleted).
 * The texts are copied. */
struct source *source_archive_create(const char *directory, const struct source_vector_entry *until, size_t until_count,
                                     struct fault *fault);

#endif
