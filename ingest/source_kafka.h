/* A Kafka consumer group as a source (include/source.h). librdkafka is known to ingest/ only. */
#ifndef NHIP_SOURCE_KAFKA_H
#define NHIP_SOURCE_KAFKA_H

#include "source.h"

/* key = value pairs that go to librdkafka as they are (setting `kafka.*` without the prefix). */
struct kafka_property {
    const char *key;
    const char *value;
};

struct source_kafka_options {
    const struct kafka_property *properties; /* must hold bootstrap.servers; group.id defaults to "nhip"; copied */
    size_t property_count;
    const char *const *topics; /* exact names; copied */
    size_t topic_count;
    bool once; /* SOURCE_FINISHED when every assigned partition has reached the end that it had when it was assigned */
    /* `run --until`: read each listed partition up to its offset (exclusive), no others, without a group; then
     * SOURCE_FINISHED. */
    const struct source_vector_entry *until;
    size_t until_count;
    const char *witness; /* namespace that mirrors its offsets, so that resume() is told of them later; copied; null: none */
};

struct source_vector_entry {
    const char *topic;
    int32_t partition;
    int64_t next;
};

/* Null and `fault` (FAULT_CONFIG) when librdkafka refuses a property; connecting happens in start(). One thread
 * uses it. */
struct source *source_kafka_create(const struct source_kafka_options *options, struct fault *fault);

/* The cluster id, or "" when the broker does not say within `timeout_ms`. False and a retriable fault when nobody
 * answers. */
bool kafka_cluster_id(const struct kafka_property *properties, size_t count, int timeout_ms, char *out, size_t out_bytes,
                      struct fault *fault);

#endif
