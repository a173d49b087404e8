/* One connection to Redis: bytes out, replies in, nothing lost in between.
 *
 * The transport is ours (hiredis' context forgets what was sent when a connection dies, and reconnecting behind our back would
 * commit without a WATCH); only the parser, redisReader, is theirs. A connection that was reported lost can only be closed: there
 * is no reconnecting, the owner opens another one and decides what that means. One thread. */
#ifndef NHIP_CONNECTION_H
#define NHIP_CONNECTION_H

#include "aggregate/store/resp.h"
#include "aggregate/store/store.h"

#include <hiredis/hiredis.h>

enum { ADDRESS_BYTES_MAX = 300 };

struct connection;

/* Connects to options->address (one address here; route.h knows several), speaks TLS if options->tls says so, and
 * authenticates, within `timeout_ms`. Options and what they point to must outlive the connection. Null and `fault`
 * (FAULT_UNREACHABLE retriable; FAULT_CONFIG for an address that cannot be read; FAULT_REFUSED when Redis does not let us in). */
struct connection *connection_open(const struct store_options *options, int timeout_ms, struct fault *fault);
void connection_close(struct connection *connection); /* null is fine */

/* Hands bytes over. What the socket takes goes out at once, the rest is copied and follows with later calls; never blocks. False
 * and `fault` when the connection is lost. */
bool connection_send(struct connection *connection, struct slice bytes, struct fault *fault);

enum arrival {
    ARRIVAL_NONE = 0, /* the time passed */
    ARRIVAL_REPLY,    /* *reply is the caller's, to be given to freeReplyObject() */
    ARRIVAL_LOST,     /* `fault` says why; FAULT_UNREACHABLE, retriable */
};

/* The next reply in order, waiting at most `timeout_ms` (0 = what has arrived already); sends leftovers meanwhile. */
enum arrival connection_receive(struct connection *connection, int timeout_ms, redisReply **reply, struct fault *fault);

/* When bytes last moved in either direction (monotonic): who waits for an answer judges silence by it. */
int64_t connection_active_ms(const struct connection *connection);

/* What it was opened with; `address` is where it goes. */
const struct store_options *connection_options(const struct connection *connection);

/* --- on top of these (answer.c) --- */

/* Blocking: one reply within `timeout_ms`, else a fault (silence is FAULT_UNREACHABLE too, and the connection is then of no more
 * use). An error reply is returned as a reply. */
redisReply *connection_reply(struct connection *connection, int timeout_ms, struct fault *fault);
/* The same, and an error reply becomes a fault: null. `doing` completes "while ...". */
redisReply *connection_answer(struct connection *connection, int timeout_ms, const char *doing, struct fault *fault);

/* Sends `count` requests, keeping some hundred of them on the way, and takes their replies in order: what reads a million fields
 * without a round trip each and without a Redis that hoards megabytes of output for us. request() appends exactly one command for
 * item i; take() gets its reply (never an error; freed afterwards) and returns false with `fault` to stop. */
struct pipeline {
    size_t count;
    void (*request)(void *context, size_t i, struct resp *out);
    bool (*take)(void *context, size_t i, const redisReply *reply, struct fault *fault);
    void *context;
    const char *doing;
};
bool connection_pipeline(struct connection *connection, const struct pipeline *pipeline, int timeout_ms, struct fault *fault);

/* Turns Redis' error text into a fault that names the address: FAULT_STORE; retriable for states of the server that pass (-OOM,
 * -MISCONF, -NOREPLICAS, -LOADING, -CLUSTERDOWN, -TRYAGAIN, -ASK, -MOVED, -MASTERDOWN, -BUSY, -READONLY, too many clients);
 * FAULT_REFUSED for -NOAUTH, -WRONGPASS, -NOPERM. Returns false. */
bool error_fault(const struct store_options *options, const char *doing, const char *error, struct fault *fault);
/* What refused a transaction as a whole stands behind "EXECABORT ... because of: "; other errors are their own cause. */
const char *error_cause(const char *error);
/* True for -MOVED: the node of a cluster that serves the slot now is at `address`. */
bool error_moved(const char *error, char address[static ADDRESS_BYTES_MAX]);

static inline struct slice reply_text(const redisReply *reply) {
    return (struct slice){reply->str, reply->len};
}
/* True for an array of pairs as HGETALL gives it: an even number of strings. */
bool reply_is_pairs(const redisReply *reply);

#endif
