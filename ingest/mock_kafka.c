/* A Kafka cluster inside the process: see mock_kafka.h.
 *
 * The mock is librdkafka's own and hangs on a handle, here of a producer that produces nothing. It speaks enough
 * of the protocol for groups, offsets and idempotent producers; it does not create topics over the wire, so topics
 * are made here. */
#include "ingest/mock_kafka.h"

#include "ingest/kafka_config.h"

#include <librdkafka/rdkafka_mock.h>

struct mock_kafka {
    rd_kafka_t *kafka;
    rd_kafka_mock_cluster_t *cluster;
    int brokers;
};

struct mock_kafka *mock_kafka_create(int brokers, struct fault *fault) {
    struct mock_kafka *mock = calloc(1, sizeof(*mock));
    if (mock == NULL) goto no_memory;
    mock->brokers = brokers;
    rd_kafka_conf_t *config = rd_kafka_conf_new(); /* no brokers: only the mock is on this handle */
    char ignored[64];
    (void)rd_kafka_conf_set(config, "log_level", "3", ignored, sizeof(ignored)); /* not the warning that there are none */
    mock->kafka = kafka_new(RD_KAFKA_PRODUCER, config, fault);
    if (mock->kafka == NULL) goto refuse;
    mock->cluster = rd_kafka_mock_cluster_new(mock->kafka, brokers);
    if (mock->cluster != NULL) return mock;
    rd_kafka_destroy(mock->kafka);

no_memory:
    (void)fault_set(fault, STOP_MEMORY, false, "the mock cluster of %d brokers could not be made", brokers);
refuse:
    free(mock);
    return NULL;
}

bool mock_kafka_topic(struct mock_kafka *mock, const char *topic, int32_t partitions, struct fault *fault) {
    rd_kafka_resp_err_t error =
        rd_kafka_mock_topic_create(mock->cluster, topic, partitions, mock->brokers < 3 ? mock->brokers : 3);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    return fault_set(fault, STOP_TOPIC_NOT_MADE, false, "the mock cluster does not make topic %s: %s", topic,
                     rd_kafka_err2str(error));
}

const char *mock_kafka_bootstrap(const struct mock_kafka *mock) {
    return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

bool mock_kafka_down(struct mock_kafka *mock, int broker, bool down) {
    rd_kafka_resp_err_t error = down ? rd_kafka_mock_broker_set_down(mock->cluster, broker)
                                     : rd_kafka_mock_broker_set_up(mock->cluster, broker);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool mock_kafka_lead(struct mock_kafka *mock, const char *topic, int32_t partition, int broker) {
    return rd_kafka_mock_partition_set_leader(mock->cluster, topic, partition, broker) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void mock_kafka_destroy(struct mock_kafka *mock) {
    if (mock == NULL) return;
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->kafka);
    free(mock);
}
