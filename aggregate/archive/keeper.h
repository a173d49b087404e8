/* Archiving: what stands in Kafka behind the end of the archive, up to now or to given offsets, goes into files. Reads as a run
 * does (committed records only), joins no group, and touches neither Redis nor a run. One thread. */
#ifndef NHIP_KEEPER_H
#define NHIP_KEEPER_H

#include "aggregate/archive/kept_writer.h"
#include "ingest/source_kafka.h"

#include <stdatomic.h>

struct keeper_options {
    const char *directory; /* made, with its parents */
    const struct kafka_property *properties;
    size_t property_count;
    const char *topics; /* comma separated; with `until` null: all their partitions, up to their present end */
    const struct source_vector_entry *until;
    size_t until_count;
    const struct zone *zone;
    bool accept_gap;   /* go on behind what Kafka has deleted, and note it */
    atomic_bool *stop; /* ends in good order: what was read is in files */
};

struct keeper_result {
    int64_t partitions; /* looked at */
    int64_t moved;      /* had something new */
    struct kept_totals totals;
    bool stopped; /* before everything was read */
};

/* Prints a line on standard output for each partition that had something new. After a fault, what was read until then is in files
 * unless these could not be written; calling it again goes on from there. */
bool keeper_run(const struct keeper_options *options, struct keeper_result *result, struct fault *fault);

/* Proves every file of an archive; a line on standard output for each partition. */
bool keeper_check(const char *directory, struct keeper_result *result, struct fault *fault);

#endif
