/* Questions to a cluster that have nothing to do with records: its id, its topics, where logs begin and end, and making a topic.
 *
 * A question blocks and only says that nobody answered in time. Why, comes by another way (error_cb), when somebody polls: so a
 * question is asked in slices, and between them we listen whether the door is closed for good (kafka_refusal.c). */
#include "ingest/kafka_config.h"
#include "ingest/kafka_refusal.h"
#include "ingest/producer.h"
#include "ingest/source_kafka_parts.h"

enum { PAUSE_MS = 200, ERROR_BYTES = 256, SLICE_MS = 250 };

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
struct asker {
    rd_kafka_t *kafka;
    const char *bootstrap;
    char last[ERROR_BYTES]; /* what librdkafka has said last; "": nothing */
    struct fault refusal;   /* FAULT_NONE: none */
};

static void on_error(rd_kafka_t *kafka, int error, const char *text, void *opaque) {
    (void)kafka;
    struct asker *asker = opaque;
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || asker->last[0] == '\0')
        (void)snprintf(asker->last, sizeof(asker->last), "%s", text);
    if (asker->refusal.code == FAULT_NONE)
        (void)kafka_refused((rd_kafka_resp_err_t)error, text, asker->bootstrap, &asker->refusal);
}

static struct asker *asker_create(const struct kafka_property *properties, size_t count, struct fault *fault) {
    struct asker *asker = calloc(1, sizeof(*asker));
    if (asker == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a Kafka client");
        return NULL;
    }
    asker->bootstrap = kafka_property_value(properties, count, "bootstrap.servers");
    rd_kafka_conf_t *config = kafka_config_producer(properties, count, fault);
    if (config != NULL) {
        char ignored[64]; /* an idempotent producer would ask for an id as soon as it is connected */
        (void)rd_kafka_conf_set(config, "enable.idempotence", "false", ignored, sizeof(ignored));
        /* a broker that hangs up on us at once is no idle connection: it wants TLS or SASL, and librdkafka says so */
        (void)rd_kafka_conf_set(config, "log.connection.close", "true", ignored, sizeof(ignored));
        rd_kafka_conf_set_error_cb(config, on_error);
        rd_kafka_conf_set_opaque(config, asker);
        asker->kafka = kafka_new(RD_KAFKA_PRODUCER, config, fault);
    }
    if (asker->kafka != NULL) return asker;
    free(asker);
    return NULL;
}

static void asker_destroy(struct asker *asker) {
    rd_kafka_destroy(asker->kafka);
    free(asker);
}

/* Why there was no answer. */
static bool nobody(const struct asker *asker, int timeout_ms, struct fault *fault) {
    if (asker->refusal.code != FAULT_NONE) {
        *fault = asker->refusal;
        return false;
    }
    return fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka at %.100s has not answered within %d ms%s%.200s%s",
                     asker->bootstrap, timeout_ms, asker->last[0] == '\0' ? "" : ": ", asker->last,
                     strstr(asker->last, "security.protocol") != NULL
                         ? ""
                         : "; if something listens there, it may want another kafka.security.protocol");
}

/* rd_kafka_metadata() that gives up as soon as the cluster has refused us. `topic` null: the brokers only. */
static rd_kafka_resp_err_t ask(struct asker *asker, rd_kafka_topic_t *topic, int timeout_ms,
                               const struct rd_kafka_metadata **metadata) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (int64_t slice_ms = SLICE_MS; asker->refusal.code == FAULT_NONE; slice_ms *= 2) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        if (left_ms <= 0) break;
        error = rd_kafka_metadata(asker->kafka, 0, topic, metadata, (int)(left_ms < slice_ms ? left_ms : slice_ms));
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        (void)rd_kafka_poll(asker->kafka, error == RD_KAFKA_RESP_ERR__TIMED_OUT ? 0 : PAUSE_MS);
    }
    return error;
}

bool kafka_cluster_id(const struct kafka_property *properties, size_t count, int timeout_ms, char *out, size_t out_bytes,
                      struct fault *fault) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    struct asker *asker = asker_create(properties, count, fault);
    if (asker == NULL) return false;
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = ask(asker, NULL, timeout_ms, &metadata);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        char *id = rd_kafka_clusterid(asker->kafka, left_ms < 1 ? 1 : (int)left_ms);
        (void)snprintf(out, out_bytes, "%s", id == NULL ? "" : id);
        if (id != NULL) rd_kafka_mem_free(asker->kafka, id);
        rd_kafka_metadata_destroy(metadata);
    } else {
        (void)nobody(asker, timeout_ms, fault);
    }
    asker_destroy(asker);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

int kafka_topic_partitions(rd_kafka_t *kafka, const char *topic, int timeout_ms) {
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
    return kafka_topic_partitions(kafka, topic, timeout_ms) == 0;
}

void kafka_learn_leaders(const struct source_kafka *kafka, int timeout_ms) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    for (size_t i = 0; i < kafka->topic_count; i++) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        if (left_ms <= 0 || kafka_topic_partitions(kafka->kafka, kafka->topics[i], (int)left_ms) < 0) return;
    }
}

/* rd_kafka_query_watermark_offsets() asks the same; but once its question lies with a broker that has died, it waits until that
 * is back, whatever its timeout. In the question for a time, -1 is the end of the log and -2 its beginning. */
static rd_kafka_resp_err_t log_bound(rd_kafka_t *kafka, const char *topic, int32_t partition, int64_t which, int timeout_ms,
                                     int64_t *offset) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(list, topic, partition);
    entry->offset = which;
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(kafka, list, timeout_ms < 1 ? 1 : timeout_ms);
    bool nowhere = error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    if (nowhere && entry->err != RD_KAFKA_RESP_ERR_NO_ERROR) error = entry->err; /* it may only be without a leader */
    *offset = entry->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR && *offset < 0 ? RD_KAFKA_RESP_ERR__BAD_MSG : error;
}

rd_kafka_resp_err_t kafka_log_end(rd_kafka_t *kafka, const char *topic, int32_t partition, int timeout_ms, int64_t *end) {
    return log_bound(kafka, topic, partition, RD_KAFKA_OFFSET_END, timeout_ms, end);
}

rd_kafka_resp_err_t kafka_log_bounds(rd_kafka_t *kafka, const char *topic, int32_t partition, int timeout_ms, int64_t *first,
                                     int64_t *end) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    rd_kafka_resp_err_t error = log_bound(kafka, topic, partition, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, first);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    return kafka_log_end(kafka, topic, partition, (int)(deadline_ms - kafka_clock_ms()), end);
}

int kafka_partition_count(const struct source_kafka *kafka, int timeout_ms) {
    if (kafka->until_count > 0) return (int)kafka->until_count;
    struct fault ignored;
    int count = 0;
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    struct asker *asker = asker_create(kafka->properties, kafka->property_count, &ignored);
    for (size_t i = 0; asker != NULL && i < kafka->topic_count; i++) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        int partitions = left_ms <= 0 ? -1 : kafka_topic_partitions(asker->kafka, kafka->topics[i], (int)left_ms);
        if (partitions > 0) count += partitions;
    }
    if (asker != NULL) asker_destroy(asker);
    return count;
}

/* One attempt; true when the topic is there or was made. `*retry` when the cluster may answer otherwise in a
 * moment. */
static bool create_topic(rd_kafka_t *kafka, const char *topic, const char *policy, int32_t partitions, int timeout_ms,
                         bool *retry, struct fault *fault) {
    const struct kafka_property settings[] = {
        {"cleanup.policy", policy}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}, {"max.message.bytes", "1048588"}};
    enum { BROKER_DEFAULT = -1 }; /* replicas: the cluster's default.replication.factor */
    char error[ERROR_BYTES] = "no answer";
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, BROKER_DEFAULT, error, sizeof(error));
    *retry = false;
    if (wanted == NULL) return fault_set(fault, STOP_USAGE, false, "topic %s with %d partitions: %s", topic, partitions, error);
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
    return fault_set(fault, *retry ? STOP_KAFKA_SILENT : STOP_TOPIC_NOT_MADE, *retry, "topic %s was not made: %s", topic, error);
}

static bool create(const struct kafka_property *properties, size_t count, const char *topic, const char *policy,
                   int32_t partitions, int timeout_ms, struct fault *fault) {
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    struct asker *asker = asker_create(properties, count, fault);
    if (asker == NULL) return false;
    const struct rd_kafka_metadata *metadata = NULL;
    bool there = false, retry = ask(asker, NULL, timeout_ms, &metadata) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (retry) rd_kafka_metadata_destroy(metadata);
    (void)nobody(asker, timeout_ms, fault);
    while (!there && retry) {
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        if (left_ms <= 0) break;
        int found = kafka_topic_partitions(asker->kafka, topic, (int)left_ms);
        there = found > 0;
        if (there || found < 0) continue;
        left_ms = deadline_ms - kafka_clock_ms();
        if (create_topic(asker->kafka, topic, policy, partitions, left_ms < 1 ? 1 : (int)left_ms, &retry, fault))
            retry = true; /* wait until it shows */
        pause_ms(PAUSE_MS);
    }
    asker_destroy(asker);
    return there;
}

bool kafka_topic_create(const struct kafka_property *properties, size_t count, const char *topic, int32_t partitions,
                        int timeout_ms, struct fault *fault) {
    return create(properties, count, topic, "delete", partitions, timeout_ms, fault);
}

bool kafka_compacted_create(const struct kafka_property *properties, size_t count, const char *topic, int32_t partitions,
                        int timeout_ms, struct fault *fault) {
    return create(properties, count, topic, "compact", partitions, timeout_ms, fault);
}
