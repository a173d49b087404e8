/* A redis-server of our own: in a temporary directory, on a unix socket, with an append-only file. For `nhip demo`
 * and the tests. */
#ifndef NHIP_PRIVATE_REDIS_H
#define NHIP_PRIVATE_REDIS_H

#include "fault.h"

struct private_redis;

/* Starts redis-server (found on PATH) and waits until it answers. Null and `fault` when it is missing or does not
 * come up within 10 s. */
struct private_redis *private_redis_start(struct fault *fault);
const char *private_redis_address(const struct private_redis *redis); /* path of the socket; lives as long as the server */
/* Ends the server and removes its directory. Accepts null. */
void private_redis_stop(struct private_redis *redis);

#endif
