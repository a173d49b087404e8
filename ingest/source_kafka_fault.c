/* What librdkafka's errors mean to an operator.
 *
 * Three kinds. The network heals: retriable, at most one line a second, with the address. An offset that is not in
 * the log, a topic that was deleted, a corrupt batch (librdkafka would *skip* it), a refused permission: polling
 * on would lose events or wait for ever, so they end the run with the place and the remedy. A topic that does not
 * exist yet may be about to be made: it is waited for, for a while. */
#include "ingest/source_kafka_parts.h"

enum { MISSING_GRACE_MS = 15000, ASK_MS = 5000 };

static bool unreachable(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           error == RD_KAFKA_RESP_ERR__RESOLVE || error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           error == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE || error == RD_KAFKA_RESP_ERR__WAIT_COORD ||
           error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
}

static bool forbidden(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
}

static bool unknown_topic(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Errors of one partition of ours. */
static void partition_fault(const struct source_kafka *kafka, rd_kafka_resp_err_t error, const char *text,
                            const struct owned *owned, struct fault *fault) {
    const char *topic = owned->who.topic;
    int partition = owned->who.partition;
    long long offset = (long long)owned->position;
    if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        (void)fault_set(fault, FAULT_REFUSED, false,
                        "%s/%d: offset %lld is not in the log (%s): retention has deleted it, or the topic was re-created or "
                        "truncated; give the "
                        "topic more retention and use a new `namespace`",
                        topic, partition, offset, text);
    } else if (unknown_topic(error)) {
        (void)fault_set(fault, FAULT_SOURCE, false, "%s/%d was deleted on %s while it was read, at offset %lld (%s)", topic,
                        partition, kafka->bootstrap, offset, text);
    } else if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        (void)fault_set(fault, FAULT_SOURCE, false,
                        "%s/%d: the record at offset %lld is larger than kafka.fetch.message.max.bytes allows; raise it (%s)",
                        topic, partition, offset, text);
    } else if (unreachable(error)) {
        (void)fault_set(fault, FAULT_UNREACHABLE, true, "Kafka at %s does not deliver %s/%d: %s", kafka->bootstrap, topic,
                        partition, text);
    } else {
        (void)fault_set(fault, FAULT_SOURCE, false, "%s/%d cannot be read behind offset %lld: %s", topic, partition, offset,
                        text);
    }
}

void kafka_fault_of(const struct source_kafka *kafka, rd_kafka_resp_err_t error, const char *text, const struct owned *owned,
                    struct fault *fault) {
    if (forbidden(error)) {
        (void)fault_set(
            fault, FAULT_SOURCE, false,
            "Kafka at %s refuses us: %s; check the kafka.sasl.* and kafka.ssl.* settings and the ACLs of topics and group",
            kafka->bootstrap, text);
    } else if (owned != NULL) {
        partition_fault(kafka, error, text, owned, fault);
    } else if (unreachable(error)) {
        (void)fault_set(fault, FAULT_UNREACHABLE, true, "Kafka at %s does not answer: %s", kafka->bootstrap, text);
    } else if (error == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
        (void)fault_set(fault, FAULT_SOURCE, true,
                        "the group has taken our partitions away, because nothing was polled for kafka.max.poll.interval.ms: %s",
                        text);
    } else {
        (void)fault_set(fault, FAULT_SOURCE, true, "Kafka at %s: %s", kafka->bootstrap, text);
    }
}

bool kafka_fault_due(struct source_kafka *kafka, const struct fault *fault) {
    int64_t now_ms = kafka_clock_ms();
    if (fault->retriable && kafka->fault_ms != 0 && now_ms - kafka->fault_ms < FAULT_INTERVAL_MS) return false;
    kafka->fault_ms = now_ms;
    return true;
}

void kafka_push_fault(struct source_kafka *kafka, const struct fault *fault) {
    if (kafka_fault_due(kafka, fault)) kafka_push(kafka, (struct source_event){.kind = SOURCE_FAULT, .fault = *fault});
}

void kafka_error_event(struct source_kafka *kafka, rd_kafka_event_t *event) {
    struct fault fault;
    char text[256];
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    (void)snprintf(text, sizeof(text), "%s", rd_kafka_event_error_string(event));
    if (rd_kafka_event_error_is_fatal(event)) {
        error = rd_kafka_fatal_error(kafka->kafka, text, sizeof(text));
        bool fenced = error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
        (void)fault_set(&fault, FAULT_SOURCE, false, "librdkafka has given up: %s%s", text,
                        fenced ? "; another process has the same kafka.group.instance.id" : "");
    } else if (unknown_topic(error)) {
        if (kafka->missing_since_ms == 0) kafka->missing_since_ms = kafka_clock_ms();
        (void)fault_set(&fault, FAULT_SOURCE, true, "Kafka at %s: %s; waiting for it", kafka->bootstrap, text);
    } else {
        kafka_fault_of(kafka, error, text, NULL, &fault);
    }
    kafka_push_fault(kafka, &fault);
}

void kafka_check_missing(struct source_kafka *kafka) {
    if (kafka->missing_since_ms == 0 || kafka_clock_ms() - kafka->missing_since_ms < MISSING_GRACE_MS) return;
    kafka->missing_since_ms = 0; /* librdkafka says it again when it finds another */
    for (size_t i = 0; i < kafka->topic_count; i++) {
        if (!kafka_topic_missing(kafka->kafka, kafka->topics[i], ASK_MS)) continue;
        struct fault fault;
        (void)fault_set(&fault, FAULT_SOURCE, false, "topic %s does not exist on %s: create it, or correct the setting `topics`",
                        kafka->topics[i], kafka->bootstrap);
        kafka_push_fault(kafka, &fault);
        return;
    }
}
