/* librdkafka configurations: ours, the user's over it, and what may not be changed. Internal to the Kafka files of
 * ingest/. */
#ifndef NHIP_KAFKA_CONFIG_H
#define NHIP_KAFKA_CONFIG_H

#include "fault.h"
#include "ingest/source_kafka.h"

#include <librdkafka/rdkafka.h>

/* Default of librdkafka properties that depend on how many partitions share one process (source_kafka_config.c). */
struct kafka_sizes {
    int queued_messages; /* queued.min.messages: per partition */
    int queued_kbytes;   /* queued.max.messages.kbytes: per partition */
};

/* A consumer's configuration: events of the group come through its queue (no callbacks). FAULT_CONFIG for what
 * librdkafka or we refuse. To be handed to kafka_new() or rd_kafka_conf_destroy(). */
rd_kafka_conf_t *kafka_config_consumer(const struct kafka_property *properties, size_t count, const struct kafka_sizes *sizes,
                                       struct fault *fault);
/* A producer's or administrator's: idempotent, acks=all, lz4. */
rd_kafka_conf_t *kafka_config_producer(const struct kafka_property *properties, size_t count, struct fault *fault);
/* Consumes `config` in any case. Null and `fault`. */
rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *config, struct fault *fault);

/* The value of a property, or "". */
const char *kafka_property_value(const struct kafka_property *properties, size_t count, const char *key);

#endif
