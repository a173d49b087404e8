/* One ListOffsets request for each broker, whatever the number of partitions (rd_kafka_offsets_for_times with the time -1, which
 * means the end): see kafka_ends.h. A screen is drawn around it, so librdkafka says nothing on standard error. */
#include "ingest/kafka_ends.h"

#include "ingest/kafka_config.h"
#include "ingest/source_kafka_parts.h"

struct kafka_ends {
    rd_kafka_t *kafka;
};

static void on_error(rd_kafka_t *kafka, int error, const char *text, void *opaque) {
    (void)kafka, (void)error, (void)text, (void)opaque;
}

struct kafka_ends *kafka_ends_open(const struct kafka_property *properties, size_t count, struct fault *fault) {
    struct kafka_ends *ends = calloc(1, sizeof(*ends));
    if (ends == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a Kafka client");
        return NULL;
    }
    rd_kafka_conf_t *config = kafka_config_producer(properties, count, fault);
    if (config != NULL) {
        char ignored[64];
        (void)rd_kafka_conf_set(config, "enable.idempotence", "false", ignored, sizeof(ignored));
        (void)rd_kafka_conf_set(config, "log_level", "0", ignored, sizeof(ignored));
        rd_kafka_conf_set_error_cb(config, on_error);
        ends->kafka = kafka_new(RD_KAFKA_PRODUCER, config, fault);
    }
    if (ends->kafka != NULL) return ends;
    free(ends);
    return NULL;
}

void kafka_ends_close(struct kafka_ends *ends) {
    if (ends == NULL) return;
    rd_kafka_destroy(ends->kafka);
    free(ends);
}

bool kafka_ends_ask(struct kafka_ends *ends, const struct source_partition *list, size_t count, int timeout_ms, int64_t *out) {
    rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        out[i] = -1;
        rd_kafka_topic_partition_list_add(asked, list[i].topic, list[i].partition)->offset = RD_KAFKA_OFFSET_END;
    }
    bool answered = count == 0 || rd_kafka_offsets_for_times(ends->kafka, asked, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; answered && i < count; i++) {
        const rd_kafka_topic_partition_t *found = rd_kafka_topic_partition_list_find(asked, list[i].topic, list[i].partition);
        if (found != NULL && found->err == RD_KAFKA_RESP_ERR_NO_ERROR && found->offset >= 0) out[i] = found->offset;
    }
    rd_kafka_topic_partition_list_destroy(asked);
    (void)rd_kafka_poll(ends->kafka, 0);
    return answered;
}

int kafka_ends_partitions(struct kafka_ends *ends, const char *topic, int timeout_ms) {
    return kafka_topic_partitions(ends->kafka, topic, timeout_ms);
}
