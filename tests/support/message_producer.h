/* Kafka messages as somebody else writes them: any bytes, with headers. For tests of mappings and of the Kafka source. */
#ifndef NHIP_TESTS_MESSAGE_PRODUCER_H
#define NHIP_TESTS_MESSAGE_PRODUCER_H

#include "slice.h"

#include <stdint.h>

struct message_producer;

struct message_header {
    const char *name;
    struct slice value; /* null data: a header without value */
};

struct message {
    const char *topic; /* must exist */
    int32_t partition;
    int64_t timestamp_ms;
    struct slice key;   /* null data: none */
    struct slice value; /* null data: tombstone */
    const struct message_header *headers;
    size_t header_count;
};

/* Each ends the program when something fails: a test without its messages proves nothing. put() copies. */
struct message_producer *message_producer_create(const char *bootstrap);
void message_producer_put(struct message_producer *producer, const struct message *message);
/* Waits until all are acknowledged, then frees. */
void message_producer_finish(struct message_producer *producer);

#endif
