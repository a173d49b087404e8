/* What librdkafka's errors mean to an operator.
 *
 * Three kinds. The network heals: retriable, at most one line a second, with the address. An offset that is not in
 * the log, a topic that was deleted, a corrupt batch (librdkafka would *skip* it), a refused permission: polling
 * on would lose events or wait for ever, so they end the run with the place and the remedy. A topic that does not
 * exist yet may be about to be made: it is waited for, for a while. */
#include "ingest/kafka_refusal.h"
#include "ingest/source_kafka_parts.h"

#include "log.h"

enum { MISSING_GRACE_MS = 15000, ASK_MS = 5000, FENCED_AGAIN_MS = 20000 };

static bool unreachable(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN ||
           error == RD_KAFKA_RESP_ERR__RESOLVE || error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           error == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE || error == RD_KAFKA_RESP_ERR__WAIT_COORD ||
           error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
}

static bool unknown_topic(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Retention has overtaken the reading, or the topic is another one now: the log's bounds tell which. */
static void out_of_range(const struct source_kafka *kafka, const char *text, const struct owned *owned, struct fault *fault) {
    const struct source_partition *who = &owned->who;
    long long offset = (long long)owned->position;
    int64_t first = 0, end = 0;
    rd_kafka_resp_err_t error =
        kafka_log_bounds(kafka->kafka, who->topic, who->partition, ASK_MS, &first, &end);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)fault_set(fault, STOP_LOG_PASSED, false,
                        "%s/%d: offset %lld is not in the log (%.80s), and where the log begins and ends Kafka does not say "
                        "(%.80s): retention has deleted it, or the topic was deleted and made again; start again to learn more",
                        who->topic, who->partition, offset, text, rd_kafka_err2str(error));
    } else if (owned->position > end) {
        (void)fault_set(fault, STOP_LOG_SHORT, false,
                        "%s/%d: reading stands at offset %lld but the log ends at %lld now: the topic was deleted and made "
                        "again, or truncated; restore the topic, or count anew: a new `namespace`",
                        who->topic, who->partition, offset, (long long)end);
    } else {
        (void)fault_set(fault, STOP_LOG_PASSED, false,
                        "%s/%d: reading stands at offset %lld but the log starts at %lld now: retention has deleted what was not "
                        "read yet; give the topic more retention, and start again: that says what the state lacks, and how to go "
                        "on (a backup, a new `namespace`, nhip run --accept-gap)",
                        who->topic, who->partition, offset, (long long)first);
    }
}

/* Errors of one partition of ours. */
static void partition_fault(const struct source_kafka *kafka, rd_kafka_resp_err_t error, const char *text,
                            const struct owned *owned, struct fault *fault) {
    const char *topic = owned->who.topic;
    int partition = owned->who.partition;
    long long offset = (long long)owned->position;
    if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        out_of_range(kafka, text, owned, fault);
    } else if (unknown_topic(error)) {
        (void)fault_set(fault, STOP_TOPIC_DELETED, false, "%s/%d was deleted on %s while it was read, at offset %lld (%s)", topic,
                        partition, kafka->bootstrap, offset, text);
    } else if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        (void)fault_set(fault, STOP_RECORD_LARGE, false,
                        "%s/%d: the record at offset %lld is larger than kafka.fetch.message.max.bytes allows; raise it (%s)",
                        topic, partition, offset, text);
    } else if (error == RD_KAFKA_RESP_ERR__BAD_COMPRESSION) {
        (void)fault_set(fault, STOP_RECORD_BOMB, false,
                        "%s/%d: the batch at offset %lld is a compression bomb (unpacked it exceeds "
                        "kafka.receive.message.max.bytes, or a record for each 32 of them) or damaged; to pass it, run once with "
                        "more of them where there is three times that much memory: its records are then judged one by one (%s)",
                        topic, partition, offset, text);
    } else if (unreachable(error)) {
        (void)fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka at %s does not deliver %s/%d: %s", kafka->bootstrap, topic,
                        partition, text);
    } else {
        (void)fault_set(fault, STOP_KAFKA_ERROR, false, "%s/%d cannot be read behind offset %lld: %s", topic, partition, offset,
                        text);
    }
}

void kafka_fault_of(const struct source_kafka *kafka, rd_kafka_resp_err_t error, const char *text, const struct owned *owned,
                    struct fault *fault) {
    if (kafka_refused(error, text, kafka->bootstrap, fault)) return;
    if (owned != NULL) {
        partition_fault(kafka, error, text, owned, fault);
    } else if (unreachable(error)) {
        (void)fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka at %s does not answer: %s", kafka->bootstrap, text);
    } else if (error == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
        (void)fault_set(fault, STOP_GROUP_LEFT, true,
                        "the group has taken our partitions away, because nothing was polled for kafka.max.poll.interval.ms: %s",
                        text);
    } else {
        (void)fault_set(fault, STOP_KAFKA_ERROR, true, "Kafka at %s: %s", kafka->bootstrap, text);
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

/* A static member that was away while its coordinator died can be fenced by itself: its own requests come late, under the name it
 * had before it joined again. So a new consumer takes its place once; if that is fenced soon, it is by another process. */
static bool first_fence(struct source_kafka *kafka, const char *text) {
    int64_t now_ms = kafka_clock_ms();
    bool again = kafka->fenced_ms != 0 && now_ms - kafka->fenced_ms < FENCED_AGAIN_MS;
    kafka->fenced_ms = now_ms;
    if (again) return false;
    log_warn("member_fenced", "text=\"this member joins the group anew; it ends if that happens again within %d s\" error=\"%s\"",
             FENCED_AGAIN_MS / 1000, text);
    kafka->fenced = true;
    return true;
}

void kafka_error_event(struct source_kafka *kafka, rd_kafka_event_t *event) {
    struct fault fault;
    char text[256];
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    (void)snprintf(text, sizeof(text), "%s", rd_kafka_event_error_string(event));
    if (rd_kafka_event_error_is_fatal(event)) {
        error = rd_kafka_fatal_error(kafka->kafka, text, sizeof(text));
        bool fenced = error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
        if (fenced && first_fence(kafka, text)) return;
        (void)fault_set(&fault, STOP_KAFKA_FATAL, false, "librdkafka has given up: %s%s", text,
                        fenced ? "; another process has the same kafka.group.instance.id" : "");
    } else if (error == RD_KAFKA_RESP_ERR__BAD_MSG && strstr(text, "increase receive.message.max.bytes") != NULL) {
        /* librdkafka would ask for it again for ever. Which partition it is of, only the answer that it has thrown away knew. */
        (void)fault_set(&fault, STOP_RECORD_LARGE, false,
                        "an answer of Kafka at %s is larger than kafka.receive.message.max.bytes: a batch of that size follows "
                        "on one of the positions that `nhip inspect` shows; set it above max.message.bytes of the topics (%s)",
                        kafka->bootstrap, text);
    } else if (unknown_topic(error)) {
        if (kafka->missing_since_ms == 0) kafka->missing_since_ms = kafka_clock_ms();
        (void)fault_set(&fault, STOP_KAFKA_ERROR, true, "Kafka at %s: %s; waiting for it", kafka->bootstrap, text);
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
        (void)fault_set(&fault, STOP_TOPIC_MISSING, false,
                        "topic %s does not exist on %s: create it, or correct the setting `topics`; if it was deleted while it "
                        "was read, what was counted stays as `nhip inspect` shows it",
                        kafka->topics[i], kafka->bootstrap);
        kafka_push_fault(kafka, &fault);
        return;
    }
}
