/* Puts NDJSON logs into Kafka as they are: each `TOPIC-P.ndjson` becomes partition P of topic PREFIX+TOPIC (created
 * when missing), record time = ingest_time, so that a test can run the same log through files and through Kafka.
 *
 *     produce HOST:PORT PREFIX PARTITIONS FILE...
 */
#include "ingest/producer.h"
#include "ingest/source_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool from_beginning(void *context, struct source_partition partition, int64_t first, int64_t end,
                           struct source_position *position, struct fault *fault) {
    (void)context;
    (void)partition;
    (void)first;
    (void)end;
    (void)fault;
    *position = (struct source_position){.window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING};
    return true;
}

static bool put_batch(struct producer *producer, const char *prefix, const struct source_event *event, struct fault *fault) {
    char topic[300];
    (void)snprintf(topic, sizeof(topic), "%s%s", prefix, event->partition.topic);
    for (size_t i = 0; i < event->count; i++) {
        const struct record *record = &event->records[i];
        if (!producer_put(producer, topic, event->partition.partition, SLICE("k"), record->value, record->timestamp_ms, fault))
            return false;
    }
    return true;
}

static bool copy_file(struct producer *producer, const char *prefix, const char *path, struct fault *fault) {
    const struct source_file_options options = {.paths = &path, .path_count = 1};
    const struct source_resume resume = {.resume = from_beginning};
    struct source *source = source_file_create(&options, fault);
    if (source == NULL || !source->operations->start(source, &resume, fault)) return false;
    bool fine = true;
    bool finished = false;
    while (fine && !finished) {
        struct source_event event = {.kind = SOURCE_NOTHING};
        source->operations->poll(source, 100, &event);
        if (event.kind == SOURCE_BATCH) {
            fine = put_batch(producer, prefix, &event, fault);
            source->operations->release(source, event.batch);
        } else if (event.kind == SOURCE_FINISHED) {
            finished = true;
        } else if (event.kind == SOURCE_FAULT) {
            *fault = event.fault;
            fine = false;
        }
    }
    source->operations->destroy(source);
    return fine;
}

int main(int argc, char **argv) {
    struct fault fault = {.code = FAULT_NONE};
    if (argc < 5) {
        (void)fprintf(stderr, "usage: produce HOST:PORT PREFIX PARTITIONS FILE...\n");
        return 2;
    }
    const struct kafka_property property = {"bootstrap.servers", argv[1]};
    struct producer *producer = producer_kafka_create(&property, 1, &fault);
    bool fine = producer != NULL;
    for (int i = 4; fine && i < argc; i++) {
        char topic[250], name[300];
        int32_t partition = 0;
        source_file_name(argv[i], topic, &partition);
        (void)snprintf(name, sizeof(name), "%s%s", argv[2], topic);
        fine = kafka_topic_create(&property, 1, name, (int32_t)strtol(argv[3], NULL, 10), 30000, &fault) &&
               copy_file(producer, argv[2], argv[i], &fault);
    }
    if (fine) fine = producer_flush(producer, 60000, &fault);
    producer_destroy(producer);
    if (!fine) (void)fprintf(stderr, "produce: %s\n", fault.message);
    return fine ? 0 : 1;
}
