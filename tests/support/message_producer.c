/* See message_producer.h. Not ingest/producer.c: nhip itself never writes headers, and should not learn it for a test. */
#include "tests/support/message_producer.h"

#include "check.h"

#include <librdkafka/rdkafka.h>

enum { FULL_POLL_MS = 50, FLUSH_MS = 60000 };

struct message_producer {
    rd_kafka_t *kafka;
    int64_t failures;
};

static void take_report(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque) {
    (void)kafka;
    struct message_producer *producer = opaque;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    (void)fprintf(stderr, "a message was not taken: %s\n", rd_kafka_err2str(message->err));
    producer->failures++;
}

static void set(rd_kafka_conf_t *config, const char *key, const char *value) {
    char text[256];
    CHECK(rd_kafka_conf_set(config, key, value, text, sizeof(text)) == RD_KAFKA_CONF_OK);
}

struct message_producer *message_producer_create(const char *bootstrap) {
    struct message_producer *producer = calloc(1, sizeof(*producer));
    CHECK(producer != NULL);
    rd_kafka_conf_t *config = rd_kafka_conf_new();
    set(config, "bootstrap.servers", bootstrap);
    set(config, "enable.idempotence", "true"); /* keeps the order */
    set(config, "linger.ms", "20");
    set(config, "batch.size", "16384"); /* a consumer takes whole batches: small ones leave it the choice */
    rd_kafka_conf_set_dr_msg_cb(config, take_report);
    rd_kafka_conf_set_opaque(config, producer);
    char text[256];
    producer->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, config, text, sizeof(text));
    CHECK(producer->kafka != NULL);
    return producer;
}

static rd_kafka_headers_t *headers_of(const struct message *message) {
    if (message->header_count == 0) return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct message_header *header = &message->headers[i];
        CHECK(rd_kafka_header_add(headers, header->name, -1, header->value.data, (ssize_t)header->value.length) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return headers;
}

void message_producer_put(struct message_producer *producer, const struct message *message) {
    for (;;) {
        rd_kafka_headers_t *headers = headers_of(message);
        rd_kafka_vu_t parts[8] = {
            {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = message->topic},
            {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = message->partition},
            {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = message->timestamp_ms},
            {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
            {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)message->key.data, message->key.length}},
            {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)message->value.data, message->value.length}},
            {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        };
        rd_kafka_error_t *error = rd_kafka_produceva(producer->kafka, parts, headers == NULL ? 6 : 7);
        if (error == NULL) break;
        if (headers != NULL) rd_kafka_headers_destroy(headers);
        CHECK(rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL);
        rd_kafka_error_destroy(error);
        (void)rd_kafka_poll(producer->kafka, FULL_POLL_MS);
    }
    (void)rd_kafka_poll(producer->kafka, 0);
}

void message_producer_finish(struct message_producer *producer) {
    CHECK(rd_kafka_flush(producer->kafka, FLUSH_MS) == RD_KAFKA_RESP_ERR_NO_ERROR);
    CHECK(producer->failures == 0);
    rd_kafka_destroy(producer->kafka);
    free(producer);
}
