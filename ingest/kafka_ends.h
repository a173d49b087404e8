/* Which partitions there are and where their logs end: for the lag that `nhip top` and `nhip inspect --lag` show, and for
 * `nhip archive`. Nothing is consumed, no group is joined. One thread. */
#ifndef NHIP_KAFKA_ENDS_H
#define NHIP_KAFKA_ENDS_H

#include "fault.h"
#include "ingest/source_kafka.h"
#include "source.h"

#include <stddef.h>

struct kafka_ends;

/* A client that stays connected. The properties must outlive it. Null and `fault`. */
struct kafka_ends *kafka_ends_open(const struct kafka_property *properties, size_t count, struct fault *fault);
void kafka_ends_close(struct kafka_ends *ends); /* null is fine */

/* The end of each partition's log (exclusive) into `out`, -1 where nobody says; waits at most `timeout_ms`. False when nobody
 * answered at all. */
bool kafka_ends_ask(struct kafka_ends *ends, const struct source_partition *list, size_t count, int timeout_ms, int64_t *out);

/* Partitions of a topic; 0 when the cluster says that it does not exist, -1 when nobody says within `timeout_ms`. */
int kafka_ends_partitions(struct kafka_ends *ends, const char *topic, int timeout_ms);

#endif
