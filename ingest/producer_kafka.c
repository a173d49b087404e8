/* Events to Kafka: see producer.h.
 *
 * librdkafka's producer is asynchronous; ours is not asked about single records, only "is all of it there?"
 * (flush). So the delivery reports are counted, the first failure is kept, and from then on put and flush refuse:
 * a hole in a log must not be passed over. Reports are taken inside put and flush, on the caller's thread; so is the news that
 * the cluster will not have us at all, which no report would bring: without a time limit, records wait for ever. */
#include "ingest/producer_parts.h"

#include "ingest/kafka_config.h"
#include "ingest/kafka_refusal.h"

enum { TOPICS_MAX = 64, FULL_POLL_MS = 50, FULL_MS_MAX = 120000, LEAVE_MS = 5000, SLICE_MS = 200 };

struct producer_kafka {
    struct producer producer;
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topics[TOPICS_MAX];
    size_t topic_count;
    rd_kafka_resp_err_t failure;
    char bootstrap[128];
    char failed_topic[250];
    struct fault refusal; /* FAULT_NONE: none */
};

/* A record was not taken: said by a report, or at once where librdkafka knows already why (what is wrong with the topic comes
 * with its metadata, which may be there before the first record is). */
static void fail(struct producer_kafka *producer, rd_kafka_resp_err_t error, const char *topic) {
    if (producer->failure != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    producer->failure = error;
    (void)snprintf(producer->failed_topic, sizeof(producer->failed_topic), "%s", topic);
    char reason[352];
    (void)snprintf(reason, sizeof(reason), "topic %s: %s", producer->failed_topic, rd_kafka_err2str(error));
    if (producer->refusal.code == FAULT_NONE) (void)kafka_refused(error, reason, producer->bootstrap, &producer->refusal);
}

static void take_report(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque) {
    (void)kafka;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    fail(opaque, message->err, message->rkt == NULL ? "?" : rd_kafka_topic_name(message->rkt));
}

static void take_error(rd_kafka_t *kafka, int error, const char *text, void *opaque) {
    struct producer_kafka *producer = opaque;
    char reason[256];
    (void)snprintf(reason, sizeof(reason), "%s", text);
    rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)error;
    if (code == RD_KAFKA_RESP_ERR__FATAL) code = rd_kafka_fatal_error(kafka, reason, sizeof(reason));
    if (producer->refusal.code == FAULT_NONE) (void)kafka_refused(code, reason, producer->bootstrap, &producer->refusal);
}

static bool healthy(const struct producer_kafka *producer, struct fault *fault) {
    if (producer->refusal.code != FAULT_NONE) {
        *fault = producer->refusal;
        return false;
    }
    if (producer->failure == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    const char *remedy = producer->failure == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                                 producer->failure == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
                                 producer->failure == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                             ? "; create the topic first"
                             : "";
    return fault_set(fault, STOP_RECORD_NOT_TAKEN, false, "Kafka at %s did not take a record for topic %s: %s%s",
                     producer->bootstrap, producer->failed_topic, rd_kafka_err2str(producer->failure), remedy);
}

static rd_kafka_topic_t *find_topic(struct producer_kafka *producer, const char *topic, struct fault *fault) {
    for (size_t i = 0; i < producer->topic_count; i++) {
        if (strcmp(rd_kafka_topic_name(producer->topics[i]), topic) == 0) return producer->topics[i];
    }
    rd_kafka_topic_t *made = producer->topic_count < TOPICS_MAX ? rd_kafka_topic_new(producer->kafka, topic, NULL) : NULL;
    if (made == NULL) {
        (void)fault_set(fault, STOP_RECORD_NOT_TAKEN, false, "topic %s: not a topic name, or more than %d topics", topic,
                        TOPICS_MAX);
        return NULL;
    }
    producer->topics[producer->topic_count++] = made;
    return made;
}

static bool kafka_put(struct producer *base, const char *topic, int32_t partition, struct slice key, struct slice value,
                      int64_t timestamp_ms, struct fault *fault) {
    struct producer_kafka *producer = (struct producer_kafka *)base;
    rd_kafka_topic_t *handle = find_topic(producer, topic, fault);
    if (handle == NULL) return false;
    static char empty;
    /* librdkafka copies both; its parameters only look as if it wrote to them */
    char *key_bytes = (char *)(uintptr_t)key.data;
    char *bytes = value.data != NULL && value.length == 0 ? &empty : (char *)(uintptr_t)value.data;
    for (int waited_ms = 0; waited_ms < FULL_MS_MAX; waited_ms += FULL_POLL_MS) {
        (void)rd_kafka_poll(producer->kafka, 0);
        if (!healthy(producer, fault)) return false;
        rd_kafka_resp_err_t error = rd_kafka_producev(
            producer->kafka, RD_KAFKA_V_RKT(handle), RD_KAFKA_V_PARTITION(partition < 0 ? RD_KAFKA_PARTITION_UA : partition),
            RD_KAFKA_V_KEY(key_bytes, key.length), RD_KAFKA_V_VALUE(bytes, value.length), RD_KAFKA_V_TIMESTAMP(timestamp_ms),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            fail(producer, error, topic);
            return healthy(producer, fault);
        }
        (void)rd_kafka_poll(producer->kafka, FULL_POLL_MS);
    }
    return fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka at %s has taken no record for topic %s for %d s", producer->bootstrap,
                     topic, FULL_MS_MAX / 1000);
}

static bool kafka_flush(struct producer *base, int timeout_ms, struct fault *fault) {
    struct producer_kafka *producer = (struct producer_kafka *)base;
    for (int left_ms = timeout_ms; left_ms > 0; left_ms -= SLICE_MS) {
        rd_kafka_resp_err_t error = rd_kafka_flush(producer->kafka, left_ms < SLICE_MS ? left_ms : SLICE_MS);
        if (!healthy(producer, fault)) return false;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    }
    return fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka at %s has not acknowledged %d records within %d ms",
                     producer->bootstrap, rd_kafka_outq_len(producer->kafka), timeout_ms);
}

/* Drops what is not acknowledged: who needs it has flushed. */
static void kafka_destroy(struct producer *base) {
    struct producer_kafka *producer = (struct producer_kafka *)base;
    (void)rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_flush(producer->kafka, LEAVE_MS);
    for (size_t i = 0; i < producer->topic_count; i++)
        rd_kafka_topic_destroy(producer->topics[i]);
    rd_kafka_destroy(producer->kafka);
    free(producer);
}

struct producer *producer_kafka_create(const struct kafka_property *properties, size_t count, struct fault *fault) {
    static const struct producer_operations operations = {kafka_put, kafka_flush, kafka_destroy};
    struct producer_kafka *producer = calloc(1, sizeof(*producer));
    if (producer == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a producer");
        return NULL;
    }
    producer->producer.operations = &operations;
    (void)snprintf(producer->bootstrap, sizeof(producer->bootstrap), "%s",
                   kafka_property_value(properties, count, "bootstrap.servers"));
    rd_kafka_conf_t *config = kafka_config_producer(properties, count, fault);
    if (config != NULL) {
        rd_kafka_conf_set_dr_msg_cb(config, take_report);
        rd_kafka_conf_set_error_cb(config, take_error);
        rd_kafka_conf_set_opaque(config, producer);
        producer->kafka = kafka_new(RD_KAFKA_PRODUCER, config, fault);
    }
    if (producer->kafka != NULL) return &producer->producer;
    free(producer);
    return NULL;
}
