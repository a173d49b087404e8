/* Dead letters to a Kafka topic: see include/deadletter.h.
 *
 * The key is the place of the refused record (`topic/partition/offset`, and the element where a message can be several
 * events): letters are at-least-once, and a reader who wants each once keeps the last of each key, or compacts the topic.
 * The producer is idempotent, waits for all replicas, and never gives up on a letter by time alone. The letter's own Kafka
 * time is now (0): with the record's time, a retention of days would delete the letters of a backfill at once. */
#include "ingest/deadletter_line.h"

#include "ingest/producer.h"

enum { KEY_BYTES = 300 };

struct deadletter_kafka {
    struct deadletter deadletter;
    struct producer *producer;
    char *topic;
};

static bool kafka_put(struct deadletter *deadletter, const struct deadletter_entry *entry, struct slice line,
                      struct fault *fault) {
    struct deadletter_kafka *kafka = (struct deadletter_kafka *)deadletter;
    char key[KEY_BYTES];
    int length = snprintf(key, sizeof(key), "%s/%d/%lld", entry->topic, entry->partition, (long long)entry->record->offset);
    if (entry->fans_out) length += snprintf(key + length, sizeof(key) - (size_t)length, "/%u", entry->element);
    return producer_put(kafka->producer, kafka->topic, -1, (struct slice){key, (size_t)length}, line, 0, fault);
}

static bool kafka_flush(struct deadletter *deadletter, int timeout_ms, struct fault *fault) {
    return producer_flush(((struct deadletter_kafka *)deadletter)->producer, timeout_ms, fault);
}

static void kafka_destroy(struct deadletter *deadletter) {
    struct deadletter_kafka *kafka = (struct deadletter_kafka *)deadletter;
    producer_destroy(kafka->producer);
    free(kafka->topic);
    free(kafka);
}

struct deadletter *deadletter_kafka_create(const struct kafka_property *properties, size_t count, const char *topic,
                                           struct fault *fault) {
    static const struct deadletter_operations operations = {.put = kafka_put, .flush = kafka_flush, .destroy = kafka_destroy};
    struct deadletter_kafka *kafka = calloc(1, sizeof(*kafka));
    char *copy = strdup(topic);
    if (kafka == NULL || copy == NULL) {
        free(kafka), free(copy);
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for dead letters");
        return NULL;
    }
    kafka->deadletter.operations = &operations;
    kafka->topic = copy;
    kafka->producer = producer_kafka_create(properties, count, fault);
    if (kafka->producer != NULL) return &kafka->deadletter;
    free(copy);
    free(kafka);
    return NULL;
}
