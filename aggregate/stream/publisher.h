/* The stream to Kafka (setting stream.topic), beside the workers of `nhip run`: a thread of its own that reads Redis and the
 * snapshot directory and never speaks to a worker, so that nothing it waits for can hold counting up.
 *
 * One instance writes: the one that holds the lease NS:lease:stream, and Kafka refuses what others still have in hand
 * (ingest/compacted_kafka.h). A topic that cannot be written to is logged, counted, and tried again; then all that has changed
 * meanwhile follows, each key once, with its newest value. */
#ifndef NHIP_STREAM_PUBLISHER_H
#define NHIP_STREAM_PUBLISHER_H

#include "aggregate/runtime/status.h"
#include "aggregate/store/store.h"
#include "ingest/source_kafka.h"

struct publisher_options {
    const char *topic; /* "": no stream */
    int64_t interval_ms;
    const struct store_options *store;
    int64_t idle_ms;
    const char *snapshot_directory;
    const struct kafka_property *properties;
    size_t property_count;
    struct status *status;
};

struct publisher;

/* Asks nobody. `*publisher` is null without a topic. What the options point to must outlive it. False and `fault`: the settings
 * cannot be. */
bool publisher_create(struct publisher **publisher, const struct publisher_options *options, struct fault *fault);
/* Null is fine, here and below. */
void publisher_start(struct publisher *publisher);
/* A last round, within some seconds, so that a run which has ended leaves all it counted in the topic. */
void publisher_stop(struct publisher *publisher);
void publisher_destroy(struct publisher *publisher);

#endif
