/* Errors that say the cluster, or TLS on the way to it, will not have us, however often we try. Internal to the Kafka files of
 * ingest/. Any thread. */
#ifndef NHIP_KAFKA_REFUSAL_H
#define NHIP_KAFKA_REFUSAL_H

#include "fault.h"

#include <librdkafka/rdkafka.h>

/* `text` is librdkafka's own for `error`. True for wrong passwords and mechanisms, certificates that one side does not trust,
 * and missing permissions; then `fault` says so with the remedy (FAULT_CONFIG: exit 2). False: it may heal, `fault` is not
 * touched. */
bool kafka_refused(rd_kafka_resp_err_t error, const char *text, const char *bootstrap, struct fault *fault);

#endif
