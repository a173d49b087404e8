/* Compression bombs: what a consumer may unpack. See kafka_guard.c. */
#ifndef NHIP_KAFKA_GUARD_H
#define NHIP_KAFKA_GUARD_H

#include "fault.h"

#include <librdkafka/rdkafka.h>

/* Guards the consumer that will be made from `config`. False and `fault` when librdkafka refuses. */
bool kafka_guard_consumer(rd_kafka_conf_t *config, struct fault *fault);

/* Of an RD_KAFKA_RESP_ERR__BAD_COMPRESSION at this offset: true when the guard has only put the batch off, because the answer was
 * full; librdkafka asks for it again by itself. To be called once for each such error. Any thread. */
bool kafka_guard_postponed(int64_t offset);

/* A queue that is being read, until kafka_guard_unwatch(), which must come before the caller gives it up; both may be called
 * twice. When all such queues together hold too many records, the threads of brokers wait a little before they take the next
 * answer apart. Any thread. */
void kafka_guard_watch(rd_kafka_queue_t *queue);
void kafka_guard_unwatch(rd_kafka_queue_t *queue);

#endif
