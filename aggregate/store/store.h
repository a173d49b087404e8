/* The store: one partition's state in Redis, moved only by a WATCH-chained MULTI/EXEC (schemas/store-layout.md).
 *
 * A lane is one connection that serves one topic partition: an EXEC drops every WATCH of its connection, so two partitions on
 * one connection would let a zombie commit. A lane is used by one thread. */
#ifndef NHIP_STORE_H
#define NHIP_STORE_H

#include "batch.h"
#include "fault.h"
#include "source.h"

struct rollup;

struct store_options {
    const char *address;            /* "host:port" or "/path/of/socket" */
    const char *user;               /* null: default user */
    const char *password;           /* null: none */
    const char *name_space;         /* "nhip" */
    const char *configuration_hash; /* hex SHA-256 of the state-changing configuration */
    const char *cluster_id;         /* of the Kafka cluster, "" for files: part of meta */
    int timeout_ms;
};

/* Once per process: reachable? eviction policy noeviction? version >= 6? */
bool store_check(const struct store_options *options, struct fault *fault);

struct lane;

/* Connects and claims the partition: epoch + 1, our nonce; refuses an unknown layout, another configuration. `progress` is
 * what is stored (a fresh partition: next = SOURCE_START_BEGINNING, counts zero). */
struct lane *lane_open(const struct store_options *options, struct source_partition partition, struct progress *progress,
                       struct fault *fault);
/* Reads progress, accounts and index into an empty roll-up. */
bool lane_recover(struct lane *lane, struct rollup *rollup, struct fault *fault);

/* Requests every cold hash of the roll-up (pipelined behind the WATCH); cheap when there is none. */
bool lane_warm(struct lane *lane, struct rollup *rollup, struct fault *fault);
/* Waits for outstanding reads, cuts the roll-up and sends one MULTI..EXEC, WATCH, HMGET; does not wait for the reply. At most one
 * commit is in flight: a second call first finishes the former. */
bool lane_commit(struct lane *lane, struct rollup *rollup, struct fault *fault);
/* Progress of the commit in flight: reads what has arrived (timeout 0 = only that). `*committed_next` = the last offset known to
 * be durable in Redis; `*in_flight` says whether one is still open. FAULT_FENCED when another worker has claimed. */
bool lane_poll(struct lane *lane, int timeout_ms, int64_t *committed_next, bool *in_flight, struct fault *fault);
/* Whether the owner stands at the end of the log: written as `end` with the next commit (meta, not authoritative). */
void lane_set_end(struct lane *lane, bool end);
void lane_close(struct lane *lane, bool release); /* `release` gives the claim up after a clean final commit */

/* The rolling windows nhip:rolling:1m|5m|1h|24h|7d, rewritten about once a second by the instance that holds the lease. */
struct rolling;
struct rolling *rolling_create(const struct store_options *options, int64_t idle_ms, struct fault *fault);
bool rolling_step(struct rolling *rolling, int64_t now_ms, struct fault *fault); /* call about every 200 ms; any one thread */
void rolling_destroy(struct rolling *rolling);

#endif
