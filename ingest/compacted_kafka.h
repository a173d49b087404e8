/* A compacted topic as a table that one writer keeps: the last value of each key, a tombstone where a key has gone.
 *
 * Writers fence each other. All of one topic share a transactional id; opening it makes the broker end what an earlier writer
 * had begun and refuse him from then on, wherever he hangs. So what is read back behind that is all that earlier writers will
 * ever have written, and what follows comes from one process, in order. One thread. */
#ifndef NHIP_COMPACTED_KAFKA_H
#define NHIP_COMPACTED_KAFKA_H

#include "fault.h"
#include "ingest/source_kafka.h"
#include "slice.h"

struct compacted_options {
    const struct kafka_property *properties; /* must outlive it; so must `topic` */
    size_t property_count;
    const char *topic;
    /* Asked several times a second while Kafka is waited for; false: give up. */
    bool (*go_on)(void *context);
    void *context;
};

struct compacted;

/* Asks nobody. Null and `fault` (FAULT_CONFIG) when librdkafka refuses the properties. */
struct compacted *compacted_create(const struct compacted_options *options, struct fault *fault);
typedef void compacted_take(void *context, struct slice key, struct slice value);

/* Makes the topic when there is none (one partition, cleanup.policy=compact), warns of another cleanup.policy (stream_policy in
 * the log, with the remedy), and fences earlier writers. Then hands every
 * committed record to `take`, and once more every record, also of transactions that were aborted, to `see`; in the order of their
 * partition; value.data null: a tombstone. False and `fault`: only compacted_destroy() may follow, here and below. */
bool compacted_open(struct compacted *topic, compacted_take *take, compacted_take *see, void *context, struct fault *fault);
/* Bytes are copied. value.data null: a tombstone. Waits while the queue (of some thousand records) is full. */
bool compacted_put(struct compacted *topic, struct slice key, struct slice value, struct fault *fault);
/* All that was put since the last commit becomes visible at once; false: nothing of it, unless the answer alone was lost. */
bool compacted_commit(struct compacted *topic, struct fault *fault);
void compacted_destroy(struct compacted *topic); /* null is fine; an open transaction is aborted, or the next writer does it */

#endif
