/* Where made or imported events go: a Kafka topic, an NDJSON file, or standard output. */
#ifndef NHIP_PRODUCER_H
#define NHIP_PRODUCER_H

#include "fault.h"
#include "ingest/source_kafka.h"
#include "slice.h"

#include <stdint.h>

struct producer;

/* Idempotent librdkafka producer (acks=all, lz4 unless the properties say otherwise). Null and `fault`. */
struct producer *producer_kafka_create(const struct kafka_property *properties, size_t count, struct fault *fault);
/* `TOPIC-P.ndjson` files in `directory` (P chosen as Kafka's default partitioner would, of `partitions`),
 * truncated. */
struct producer *producer_directory_create(const char *directory, int32_t partitions, struct fault *fault);
/* One stream for everything; "-" = standard output. */
struct producer *producer_file_create(const char *path, struct fault *fault);

/* Bytes are copied. `partition` < 0: by murmur2 of the key (Kafka's default; key must not be empty). timestamp_ms
 * = record time (Kafka only). value.data null = tombstone. Blocks while the queue is full. */
bool producer_put(struct producer *producer, const char *topic, int32_t partition, struct slice key, struct slice value,
                  int64_t timestamp_ms, struct fault *fault);
/* True when everything put is acknowledged or written. */
bool producer_flush(struct producer *producer, int timeout_ms, struct fault *fault);
void producer_destroy(struct producer *producer);

/* Creates topics where they do not exist: partitions, the cluster's default replication, cleanup.policy=delete, retention.ms=-1,
 * max.message.bytes 1 MiB... */
bool kafka_topic_create(const struct kafka_property *properties, size_t count, const char *topic, int32_t partitions,
                        int timeout_ms, struct fault *fault);
/* The same with cleanup.policy=compact: a table of which the last value of each key is kept. */
bool kafka_compacted_create(const struct kafka_property *properties, size_t count, const char *topic, int32_t partitions,
                        int timeout_ms, struct fault *fault);

#endif
