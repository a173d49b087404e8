/* What the kinds of producer (ingest/producer.h) have in common. */
#ifndef NHIP_PRODUCER_PARTS_H
#define NHIP_PRODUCER_PARTS_H

#include "ingest/producer.h"

struct producer_operations {
    bool (*put)(struct producer *producer, const char *topic, int32_t partition, struct slice key, struct slice value,
                int64_t timestamp_ms, struct fault *fault);
    bool (*flush)(struct producer *producer, int timeout_ms, struct fault *fault);
    void (*destroy)(struct producer *producer);
};

struct producer {
    const struct producer_operations *operations;
};

/* The partition that Kafka's Java client (and librdkafka's `murmur2`) chooses for a key. */
int32_t producer_partition(struct slice key, int32_t partitions);

#endif
