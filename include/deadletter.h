/* Dead letters: every record that was rejected or quarantined, with its reason and place, in a Kafka topic or an NDJSON file.
 *
 * Invariant I6: deadletter_flush() returns true only when everything put before is acknowledged by Kafka or fsynced, and a worker
 * calls it before the EXEC that passes those records. At-least-once, keyed by topic/partition/offset, and by the element of
 * a message that can be several events. */
#ifndef NHIP_DEADLETTER_H
#define NHIP_DEADLETTER_H

#include "codes.h"
#include "fault.h"
#include "record.h"

struct deadletter;

struct deadletter_entry {
    const char *topic;
    int32_t partition;
    const struct record *record; /* the bytes are copied */
    enum reason reason;
    uint32_t byte;
    const char *field;
    bool fans_out;    /* the message can be several events (schemas/mapping.md) ... */
    uint32_t element; /* ... and this one, counted from 0, was refused */
};

bool deadletter_put(struct deadletter *deadletter, const struct deadletter_entry *entry, struct fault *fault);
bool deadletter_flush(struct deadletter *deadletter, int timeout_ms, struct fault *fault);
void deadletter_destroy(struct deadletter *deadletter);

/* One NDJSON file, appended; each line is {"topic","partition","offset","timestamp","reason","byte","field",
 * "value"|"value_base64"}; where the message can be several events "element" stands behind "offset". Of a value longer than
 * an event can be only the first 64 KiB are kept, behind "value_bytes", its length. */
struct deadletter *deadletter_file_create(const char *path, struct fault *fault);

/* A Kafka topic: key `topic/partition/offset` (`.../element`), value = the same JSON line. `properties` as in
 * ingest/source_kafka.h. */
struct kafka_property;
struct deadletter *deadletter_kafka_create(const struct kafka_property *properties, size_t count, const char *topic,
                                           struct fault *fault);

#endif
