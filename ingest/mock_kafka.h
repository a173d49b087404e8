/* librdkafka's mock cluster in this process: for unit tests and `nhip demo`. It keeps 5 MiB (or 100,000 records)
 * per partition. */
#ifndef NHIP_MOCK_KAFKA_H
#define NHIP_MOCK_KAFKA_H

#include "fault.h"

#include <stdint.h>

struct mock_kafka;

struct mock_kafka *mock_kafka_create(int brokers, struct fault *fault);
bool mock_kafka_topic(struct mock_kafka *mock, const char *topic, int32_t partitions, struct fault *fault);
const char *mock_kafka_bootstrap(const struct mock_kafka *mock); /* host:port of loopback, lives as long as the mock */
/* A broker, numbered from 1, dies with its connections, or is back. */
bool mock_kafka_down(struct mock_kafka *mock, int broker, bool down);
bool mock_kafka_lead(struct mock_kafka *mock, const char *topic, int32_t partition, int broker);
void mock_kafka_destroy(struct mock_kafka *mock);

#endif
