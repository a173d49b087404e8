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
struct tls; /* tls.h */

struct store_options {
    const char *address;            /* "host:port" or "/path/of/socket"; several, separated by commas, are tried in turn */
    const char *user;               /* null: default user */
    const char *password;           /* null: none */
    const char *name_space;         /* "nhip" */
    const char *configuration_hash; /* hex SHA-256 of the state-changing configuration */
    const char *cluster_id;         /* of the Kafka cluster, "" for files: part of meta */
    int timeout_ms;
    const struct tls *tls; /* null: plain connections */
    int replicas;          /* a commit counts as committed when so many replicas have it; 0: when the primary has it */
    int replicas_ms;       /* how long a commit waits for them; below timeout_ms */
    bool accept_empty;     /* begin anew where a state is known to have been and is gone */
    bool accept_gap;       /* go on behind records that the log has lost, and note it in the state (for the owner of the lane) */
};

/* Once per process, and now and then while it runs: reachable? eviction policy noeviction, on every node of a cluster?
 * version >= 6? */
bool store_check(const struct store_options *options, struct fault *fault);

/* What Redis says of its memory, in bytes: used, and allowed (0: no bound); of a cluster one node. */
bool store_memory(const struct store_options *options, int64_t *used, int64_t *max, struct fault *fault);

/* Adds partitions to the set by which readers find them, all at once; idempotent. A claim does it for its own; this is for
 * the case that the set's node, another one than the partition's in a cluster, has lost it since. */
bool store_announce(const struct store_options *options, const struct source_partition *list, size_t count, struct fault *fault);

struct lane;

/* Connects and claims the partition: epoch + 1, our nonce; refuses an unknown layout, another configuration. `progress` is
 * what is stored (a fresh partition: next = SOURCE_START_BEGINNING, counts zero). */
struct lane *lane_open(const struct store_options *options, struct source_partition partition, struct progress *progress,
                       struct fault *fault);
/* The same with a witness: `past_next` is the `next` that is known to have been committed (-1: nothing is known). No state where
 * there was one is FAULT_REFUSED and nothing is written, unless options->accept_empty; an older state is taken up, and how far
 * it lies back is added to meta's `replayed`. */
struct lane *lane_open_after(const struct store_options *options, struct source_partition partition, int64_t past_next,
                             struct progress *progress, struct fault *fault);
/* What was claimed is recovered with this progress instead (progress_pass_gap()). */
void lane_amend(struct lane *lane, const struct progress *progress);
/* Reads progress, accounts and index into an empty roll-up. */
bool lane_recover(struct lane *lane, struct rollup *rollup, struct fault *fault);

/* Requests every cold hash of the roll-up (pipelined behind the WATCH); cheap when there is none. */
bool lane_warm(struct lane *lane, struct rollup *rollup, struct fault *fault);
/* Waits for outstanding reads, cuts the roll-up and sends one MULTI..EXEC, WATCH, HMGET; does not wait for the reply. At most one
 * commit is in flight: a second call first finishes the former. */
bool lane_commit(struct lane *lane, struct rollup *rollup, struct fault *fault);
/* Progress of the commit in flight: reads what has arrived (timeout 0 = only that). `*committed_next` = the last offset known to
 * be in Redis (and on options->replicas replicas: then it may stay behind when nothing is in flight; the next commit waits for
 * both); `*in_flight` says whether one is still open. FAULT_FENCED when another worker has claimed; FAULT_WENT_BACK when Redis
 * stands at an older state of this claim or of an earlier one; FAULT_REFUSED when the state is gone: only lane_close() may
 * follow. */
bool lane_poll(struct lane *lane, int timeout_ms, int64_t *committed_next, bool *in_flight, struct fault *fault);
/* Asks Redis whether it still stands where the last commit left it: what an idle lane would not notice (a failover, an emptied
 * Redis). Sends only, and nothing while a commit is in flight; lane_poll() says `*in_flight` until the answer is there. */
void lane_verify(struct lane *lane);
/* Whether the owner stands at the end of the log: written as `end` with the next commit (meta, not authoritative). */
void lane_set_end(struct lane *lane, bool end);
void lane_close(struct lane *lane, bool release); /* `release` gives the claim up after a clean final commit */

/* The rolling windows nhip:rolling:1m|5m|1h|24h|7d, rewritten about once a second by the instance that holds the lease. */
struct rolling;
struct rolling *rolling_create(const struct store_options *options, int64_t idle_ms, struct fault *fault);
bool rolling_step(struct rolling *rolling, int64_t now_ms, struct fault *fault); /* call about every 200 ms; any one thread */
void rolling_destroy(struct rolling *rolling);

#endif
