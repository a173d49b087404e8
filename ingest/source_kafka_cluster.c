/* Questions to a cluster that have nothing to do with records: its id, its topics, and making one. */
#include "ingest/kafka_config.h"
#include "ingest/producer.h"
#include "ingest/source_kafka_parts.h"

enum { PAUSE_MS = 200, ERROR_BYTES = 256 };

int64_t kafka_clock_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms) {
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* A handle that only asks. */
static rd_kafka_t *asker(const struct kafka_property *properties, size_t count, struct fault *fault) {
    rd_kafka_conf_t *config = kafka_config_producer(properties, count, fault);
    char ignored[64]; /* an idempotent producer would ask for an id as soon as it is connected */
    if (config != NULL) (void)rd_kafka_conf_set(config, "enable.idempotence", "false", ignored, sizeof(ignored));
    return config == NULL ? NULL : kafka_new(RD_KAFKA_PRODUCER, config, fault);
}

static bool nobody(const struct kafka_property *properties, size_t count, int timeout_ms, struct fault *fault) {
    return fault_set(fault, FAULT_UNREACHABLE, true, "Kafka at %s has not answered within %d ms",
                     kafka_property_value(properties, count, "bootstrap.servers"), timeout_ms);
}

bool kafka_cluster_id(const struct kafka_property *properties, size_t count, int timeout_ms, char *out, size_t out_bytes,
                      struct fault *fault) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    rd_kafka_t *kafka = asker(properties, count, fault);
    if (kafka == NULL) return false;
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(kafka, 0, NULL, &metadata, timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        char *id = rd_kafka_clusterid(kafka, left_ms < 1 ? 1 : (int)left_ms);
        (void)snprintf(out, out_bytes, "%s", id == NULL ? "" : id);
        if (id != NULL) rd_kafka_mem_free(kafka, id);
        rd_kafka_metadata_destroy(metadata);
    } else {
        (void)nobody(properties, count, timeout_ms, fault);
    }
    rd_kafka_destroy(kafka);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Partitions of one topic; 0 when it does not exist, -1 when nobody says. */
static int topic_partitions(rd_kafka_t *kafka, const char *topic, int timeout_ms) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    if (handle == NULL) return -1;
    int partitions = -1;
    if (rd_kafka_metadata(kafka, 0, handle, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const struct rd_kafka_metadata_topic *found = metadata->topic_cnt == 1 ? &metadata->topics[0] : NULL;
        rd_kafka_resp_err_t error = found == NULL ? RD_KAFKA_RESP_ERR__FAIL : found->err;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) partitions = found->partition_cnt;
        if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) partitions = 0;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(handle);
    return partitions;
}

bool kafka_topic_missing(rd_kafka_t *kafka, const char *topic, int timeout_ms) {
    return topic_partitions(kafka, topic, timeout_ms) == 0;
}

int kafka_partition_count(const struct source_kafka *kafka, int timeout_ms) {
    if (kafka->until_count > 0) return (int)kafka->until_count;
    struct fault ignored;
    int count = 0;
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    rd_kafka_t *handle = asker(kafka->properties, kafka->property_count, &ignored);
    for (size_t i = 0; handle != NULL && i < kafka->topic_count; i++) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        int partitions = left_ms <= 0 ? -1 : topic_partitions(handle, kafka->topics[i], (int)left_ms);
        if (partitions > 0) count += partitions;
    }
    if (handle != NULL) rd_kafka_destroy(handle);
    return count;
}

/* One attempt; true when the topic is there or was made. `*retry` when the cluster may answer otherwise in a
 * moment. */
static bool create_topic(rd_kafka_t *kafka, const char *topic, int32_t partitions, int timeout_ms, bool *retry,
                         struct fault *fault) {
    static const struct kafka_property settings[] = {
        {"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}, {"max.message.bytes", "1048588"}};
    char error[ERROR_BYTES] = "no answer";
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, 1, error, sizeof(error));
    *retry = false;
    if (wanted == NULL) return fault_set(fault, FAULT_USAGE, false, "topic %s with %d partitions: %s", topic, partitions, error);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        (void)rd_kafka_NewTopic_set_config(wanted, settings[i].key, settings[i].value);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_CreateTopics(kafka, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms);
    if (event != NULL) {
        code = rd_kafka_event_error(event);
        (void)snprintf(error, sizeof(error), "%s", code ? rd_kafka_event_error_string(event) : "");
        size_t results = 0;
        const rd_kafka_CreateTopics_result_t *result = code ? NULL : rd_kafka_event_CreateTopics_result(event);
        const rd_kafka_topic_result_t **topics = result == NULL ? NULL : rd_kafka_CreateTopics_result_topics(result, &results);
        if (results == 1) {
            code = rd_kafka_topic_result_error(topics[0]);
            const char *text = rd_kafka_topic_result_error_string(topics[0]);
            (void)snprintf(error, sizeof(error), "%s", text == NULL ? rd_kafka_err2str(code) : text);
        }
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_NewTopic_destroy(wanted);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return true;
    /* a broker that has just started has not told the controller yet that it may hold replicas */
    *retry = code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
             code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR || code == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
    return fault_set(fault, *retry ? FAULT_UNREACHABLE : FAULT_SOURCE, *retry, "topic %s was not made: %s", topic, error);
}

bool kafka_topic_create(const struct kafka_property *properties, size_t count, const char *topic, int32_t partitions,
                        int timeout_ms, struct fault *fault) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    rd_kafka_t *kafka = asker(properties, count, fault);
    if (kafka == NULL) return false;
    bool there = false, retry = true;
    (void)nobody(properties, count, timeout_ms, fault);
    while (!there && retry) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        if (left_ms <= 0) break;
        int found = topic_partitions(kafka, topic, (int)left_ms);
        there = found > 0;
        if (there || found < 0) continue;
        left_ms = deadline_ms - kafka_clock_ms();
        if (create_topic(kafka, topic, partitions, left_ms < 1 ? 1 : (int)left_ms, &retry, fault))
            retry = true; /* wait until it shows */
        pause_ms(PAUSE_MS);
    }
    rd_kafka_destroy(kafka);
    return there;
}
