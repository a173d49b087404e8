/* Transactions of librdkafka, and one consumer at the beginning: see compacted_kafka.h.
 *
 *     open    InitProducerId with our transactional id: the coordinator raises its epoch, ends an open transaction of an earlier
 *             producer (abort) or completes one that was about to commit, and only then answers. Records of the earlier epoch
 *             are refused by every broker from then on. Then the whole topic is read, once as readers of
 *             committed records see it, and once as the others do.
 *     put     into the producer's queue; the first one begins a transaction
 *     commit  waits for every record and for the coordinator
 *
 * Every wait is cut into slices, between which go_on() is asked: whoever waits may have to renew a lease, or leave. librdkafka's
 * transactional calls may be repeated after a timeout and go on where they were.
 *
 * transaction.timeout.ms is what a writer that was killed may hold readers of committed records up, if nobody follows it. */
#include "ingest/compacted_kafka.h"

#include "ingest/kafka_config.h"
#include "ingest/kafka_guard.h"
#include "ingest/kafka_refusal.h"
#include "ingest/producer.h"
#include "ingest/source_kafka_parts.h"

#include "check.h"
#include "log.h"

enum { SLICE_MS = 200, WAIT_MS_MAX = 30000, TOPIC_MS = 3000, LEAVE_MS = 1000, PARTITIONS_OF_NEW = 1 };

struct compacted {
    struct compacted_options options;
    rd_kafka_t *kafka;
    const char *bootstrap;
    bool dirty; /* a transaction has begun */
    rd_kafka_resp_err_t failure; /* of the first record that was not taken */
    struct fault refusal;
};

static void take_report(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque) {
    (void)kafka;
    struct compacted *topic = opaque;
    if (topic->failure == RD_KAFKA_RESP_ERR_NO_ERROR) topic->failure = message->err;
}

static void take_error(rd_kafka_t *kafka, int error, const char *text, void *opaque) {
    (void)kafka;
    struct compacted *topic = opaque;
    if (topic->refusal.code == FAULT_NONE)
        (void)kafka_refused((rd_kafka_resp_err_t)error, text, topic->bootstrap, &topic->refusal);
}

struct compacted *compacted_create(const struct compacted_options *options, struct fault *fault) {
    static const struct kafka_property ours[] = {
        {"transaction.timeout.ms", "60000"},       {"message.timeout.ms", "30000"},
        {"queue.buffering.max.messages", "10000"}, {"enable.idempotence", "true"},
    };
    struct compacted *topic = calloc(1, sizeof(*topic));
    CHECK_MEMORY(topic != NULL);
    char id[300], error[256];
    topic->options = *options;
    topic->bootstrap = kafka_property_value(options->properties, options->property_count, "bootstrap.servers");
    rd_kafka_conf_t *config = kafka_config_producer(options->properties, options->property_count, fault);
    if (config != NULL) {
        (void)snprintf(id, sizeof(id), "nhip-stream-%s", options->topic);
        CHECK(rd_kafka_conf_set(config, "transactional.id", id, error, sizeof(error)) == RD_KAFKA_CONF_OK);
        for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
            CHECK(rd_kafka_conf_set(config, ours[i].key, ours[i].value, error, sizeof(error)) == RD_KAFKA_CONF_OK);
        rd_kafka_conf_set_error_cb(config, take_error);
        rd_kafka_conf_set_dr_msg_cb(config, take_report);
        rd_kafka_conf_set_opaque(config, topic);
        topic->kafka = kafka_new(RD_KAFKA_PRODUCER, config, fault);
    }
    if (topic->kafka != NULL) return topic;
    free(topic);
    return NULL;
}

/* --- waiting --- */

static bool silent(const struct compacted *topic, const char *doing, const char *text, struct fault *fault) {
    return fault_set(fault, STOP_KAFKA_SILENT, true, "Kafka at %.80s: %s for topic %s: %.200s", topic->bootstrap, doing,
                     topic->options.topic, text);
}

/* Records were not taken: librdkafka's word for it, and that for the first record, if it has told it. */
static bool not_taken(struct compacted *topic, const char *doing, const char *text, struct fault *fault) {
    (void)rd_kafka_poll(topic->kafka, 0);
    bool told = topic->failure != RD_KAFKA_RESP_ERR_NO_ERROR;
    return fault_set(fault, STOP_RECORD_NOT_TAKEN, true, "Kafka at %.80s: %s for topic %s: %.160s%s%.100s", topic->bootstrap,
                     doing, topic->options.topic, text, told ? "; a record was not taken: " : "",
                     told ? rd_kafka_err2str(topic->failure) : "");
}

/* Whether the wait for something may go on. */
static bool may_wait(struct compacted *topic, int64_t since_ms, const char *doing, struct fault *fault) {
    (void)rd_kafka_poll(topic->kafka, 0);
    if (topic->refusal.code != FAULT_NONE) {
        *fault = topic->refusal;
        return false;
    }
    if (!topic->options.go_on(topic->options.context)) return silent(topic, doing, "given up", fault);
    if (kafka_clock_ms() - since_ms < WAIT_MS_MAX) return true;
    return silent(topic, doing, "no answer within 30 s", fault);
}

/* Looks at the outcome of a transactional call. True: it is done; `*again`: it is to be repeated. */
static bool take_outcome(struct compacted *topic, rd_kafka_error_t *error, const char *doing, bool *again, struct fault *fault) {
    *again = false;
    if (error == NULL) return true;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    if (rd_kafka_error_is_fatal(error) || rd_kafka_error_txn_requires_abort(error) || !rd_kafka_error_is_retriable(error)) {
        bool fenced = code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                      code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
        bool closed = code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
        if (closed) {
            (void)fault_set(fault, STOP_KAFKA_CLOSED, false,
                            "Kafka at %.80s refuses us: an ACL is missing: Write and Describe on the transactional id "
                            "nhip-stream-%s (ops/kafka.md)",
                            topic->bootstrap, topic->options.topic);
        } else if (fenced) {
            (void)fault_set(fault, STOP_RECORD_NOT_TAKEN, true, "another process has taken topic %s over: %.200s",
                            topic->options.topic, rd_kafka_error_string(error));
        } else if (!kafka_refused(code, rd_kafka_error_string(error), topic->bootstrap, fault)) {
            (void)not_taken(topic, doing, rd_kafka_error_string(error), fault);
        }
        rd_kafka_error_destroy(error);
        return false;
    }
    *again = true;
    rd_kafka_error_destroy(error);
    return true;
}

typedef rd_kafka_error_t *transact(rd_kafka_t *kafka, int timeout_ms);

static bool repeat(struct compacted *topic, transact *call, const char *doing, struct fault *fault) {
    int64_t since_ms = kafka_clock_ms();
    bool again = true;
    while (again) {
        if (!may_wait(topic, since_ms, doing, fault)) return false;
        if (!take_outcome(topic, call(topic->kafka, SLICE_MS), doing, &again, fault)) return false;
    }
    return true;
}

/* --- the topic's own setting --- */

/* The value of `name` of our topic, "" when it is not told (no answer, no right to ask: nothing depends on it). */
static void ask_setting(struct compacted *topic, const char *name, char *out, size_t capacity) {
    out[0] = '\0';
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic->options.topic);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(topic->kafka);
    CHECK_MEMORY(resource != NULL && queue != NULL);
    rd_kafka_DescribeConfigs(topic->kafka, &resource, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TOPIC_MS);
    const rd_kafka_DescribeConfigs_result_t *result =
        event != NULL && rd_kafka_event_error(event) == 0 ? rd_kafka_event_DescribeConfigs_result(event) : NULL;
    size_t count = 0, entry_count = 0;
    const rd_kafka_ConfigResource_t **found = result != NULL ? rd_kafka_DescribeConfigs_result_resources(result, &count) : NULL;
    const rd_kafka_ConfigEntry_t **entries = count == 1 ? rd_kafka_ConfigResource_configs(found[0], &entry_count) : NULL;
    for (size_t i = 0; i < entry_count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value != NULL && strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0) (void)snprintf(out, capacity, "%s", value);
    }
    if (event != NULL) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_ConfigResource_destroy(resource);
}

/* A topic that somebody made, or changed: what retention deletes, readers from its beginning lack until it is told again. */
static void look_at_policy(struct compacted *topic) {
    char policy[64];
    ask_setting(topic, "cleanup.policy", policy, sizeof(policy));
    if (policy[0] == '\0' || strcmp(policy, "compact") == 0) return;
    log_warn("stream_policy",
             "topic=%s cleanup_policy=\"%s\" text=\"Kafka deletes values that stand; type: kafka-configs.sh "
             "--bootstrap-server %.80s --alter --entity-type topics --entity-name %s --add-config cleanup.policy=compact\"",
             topic->options.topic, policy, topic->bootstrap, topic->options.topic);
}

/* --- reading back --- */

struct reading {
    const char *isolation;
    rd_kafka_t *consumer;
    rd_kafka_topic_partition_list_t *left; /* partitions whose end has not been reached */
};

static bool list_partitions(struct compacted *topic, struct reading *reading, struct fault *fault) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(topic->kafka, topic->options.topic, NULL);
    rd_kafka_resp_err_t code = handle == NULL ? RD_KAFKA_RESP_ERR__INVALID_ARG
                                             : rd_kafka_metadata(topic->kafka, 0, handle, &metadata, TOPIC_MS);
    if (handle != NULL) rd_kafka_topic_destroy(handle);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        for (int i = 0; i < metadata->topics[0].partition_cnt; i++) {
            rd_kafka_topic_partition_list_add(reading->left, topic->options.topic, metadata->topics[0].partitions[i].id)->offset =
                RD_KAFKA_OFFSET_BEGINNING;
        }
    }
    if (metadata != NULL) rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && reading->left->cnt > 0) return true;
    return silent(topic, "asking for the partitions", rd_kafka_err2str(code), fault);
}

static bool make_consumer(struct compacted *topic, struct reading *reading, struct fault *fault) {
    static const struct kafka_sizes sizes = {.queued_messages = 10000, .queued_kbytes = 8192};
    rd_kafka_conf_t *config =
        kafka_config_consumer(topic->options.properties, topic->options.property_count, &sizes, fault);
    if (config == NULL) return false;
    rd_kafka_conf_set_events(config, 0); /* all comes through consumer_poll() */
    char error[256];
    CHECK(rd_kafka_conf_set(config, "isolation.level", reading->isolation, error, sizeof(error)) == RD_KAFKA_CONF_OK);
    reading->consumer = kafka_new(RD_KAFKA_CONSUMER, config, fault);
    if (reading->consumer == NULL) return false;
    (void)rd_kafka_poll_set_consumer(reading->consumer);
    rd_kafka_resp_err_t code = rd_kafka_assign(reading->consumer, reading->left);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || silent(topic, "reading back", rd_kafka_err2str(code), fault);
}

static bool is_passing(const rd_kafka_message_t *message) {
    switch ((int)message->err) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return true;
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
        return kafka_guard_postponed(message->offset);
    default:
        return false;
    }
}

static bool read_back(struct compacted *topic, struct reading *reading, compacted_take *take, void *context,
                      struct fault *fault) {
    int64_t since_ms = kafka_clock_ms();
    int64_t asked_ms = 0;
    while (reading->left->cnt > 0) {
        if (kafka_clock_ms() - asked_ms >= SLICE_MS) {
            if (!may_wait(topic, since_ms, "reading back", fault)) return false;
            asked_ms = kafka_clock_ms();
        }
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reading->consumer, SLICE_MS);
        if (message == NULL) continue;
        bool fine = true;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            since_ms = kafka_clock_ms();
            take(context, (struct slice){message->key, message->key_len}, (struct slice){message->payload, message->len});
        } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            (void)rd_kafka_topic_partition_list_del(reading->left, topic->options.topic, message->partition);
        } else if (!is_passing(message)) {
            fine = kafka_refused(message->err, rd_kafka_message_errstr(message), topic->bootstrap, fault)
                       ? false
                       : silent(topic, "reading back", rd_kafka_message_errstr(message), fault);
        }
        rd_kafka_message_destroy(message);
        if (!fine) return false;
    }
    return true;
}

static bool read_all(struct compacted *topic, const char *isolation, compacted_take *take, void *context, struct fault *fault) {
    struct reading reading = {.isolation = isolation, .left = rd_kafka_topic_partition_list_new(1)};
    bool fine = list_partitions(topic, &reading, fault) && make_consumer(topic, &reading, fault) &&
                read_back(topic, &reading, take, context, fault);
    rd_kafka_topic_partition_list_destroy(reading.left);
    if (reading.consumer != NULL) {
        (void)rd_kafka_assign(reading.consumer, NULL);
        rd_kafka_destroy(reading.consumer);
    }
    return fine;
}

bool compacted_open(struct compacted *topic, compacted_take *take, compacted_take *see, void *context, struct fault *fault) {
    if (!kafka_compacted_create(topic->options.properties, topic->options.property_count, topic->options.topic,
                                PARTITIONS_OF_NEW, TOPIC_MS, fault) ||
        !repeat(topic, rd_kafka_init_transactions, "becoming the only writer", fault)) {
        return false;
    }
    look_at_policy(topic);
    return read_all(topic, "read_committed", take, context, fault) && read_all(topic, "read_uncommitted", see, context, fault);
}

/* --- writing --- */

bool compacted_put(struct compacted *topic, struct slice key, struct slice value, struct fault *fault) {
    bool again = false;
    if (!topic->dirty &&
        !take_outcome(topic, rd_kafka_begin_transaction(topic->kafka), "beginning a transaction", &again, fault)) {
        return false;
    }
    topic->dirty = true;
    /* librdkafka copies both; its parameters only look as if it wrote to them */
    char *key_bytes = (char *)(uintptr_t)key.data;
    char *bytes = (char *)(uintptr_t)value.data;
    for (int64_t since_ms = kafka_clock_ms();;) {
        rd_kafka_resp_err_t code = rd_kafka_producev(
            topic->kafka, RD_KAFKA_V_TOPIC(topic->options.topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
            RD_KAFKA_V_KEY(key_bytes, key.length), RD_KAFKA_V_VALUE(bytes, value.length),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            return not_taken(topic, "handing records over", rd_kafka_err2str(code), fault);
        }
        if (!may_wait(topic, since_ms, "handing records over", fault)) return false;
        (void)rd_kafka_poll(topic->kafka, SLICE_MS);
    }
}

bool compacted_commit(struct compacted *topic, struct fault *fault) {
    if (!topic->dirty) return true;
    if (!repeat(topic, rd_kafka_commit_transaction, "committing", fault)) return false;
    topic->dirty = false;
    return true;
}

void compacted_destroy(struct compacted *topic) {
    if (topic == NULL) return;
    if (topic->dirty) {
        (void)rd_kafka_purge(topic->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_error_t *error = rd_kafka_abort_transaction(topic->kafka, LEAVE_MS);
        if (error != NULL) rd_kafka_error_destroy(error);
    }
    rd_kafka_destroy(topic->kafka);
    free(topic);
}
