/* Connections to the nodes of one Redis: one for a plain server, one per master that is needed for a cluster. For readers and for
 * keys that no lane owns; a lane has its own connection. One thread. */
#ifndef NHIP_POOL_H
#define NHIP_POOL_H

#include "aggregate/store/connection.h"

struct pool;

/* `options` (and what it points to) must outlive the pool. Connects when asked, not here. Null and `fault` when memory is short.
 */
struct pool *pool_create(const struct store_options *options, struct fault *fault);
void pool_destroy(struct pool *pool);
/* Closes all connections and forgets where slots are: after any fault, since replies may be outstanding or slots have moved. */
void pool_reset(struct pool *pool);

/* The connection to the node that serves `key`; asks the server once per slot. Owned by the pool. Null and `fault`. */
struct connection *pool_route(struct pool *pool, struct slice key, struct fault *fault);
/* Sends `out` (emptied) to the node of `key` and takes `count` replies; the last is returned, an error among them is a fault. */
redisReply *pool_ask(struct pool *pool, struct slice key, struct resp *out, size_t count, const char *doing, struct fault *fault);

#endif
