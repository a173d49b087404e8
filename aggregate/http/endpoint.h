/* The endpoint of `nhip run`: a server, and what it shows. All functions take a null endpoint (http.listen is empty) and then do
 * nothing. Any thread. */
#ifndef NHIP_HTTP_ENDPOINT_H
#define NHIP_HTTP_ENDPOINT_H

#include "aggregate/runtime/gauges.h"
#include "aggregate/runtime/status.h"
#include "aggregate/store/store.h"
#include "fault.h"

#include <stddef.h>

struct endpoint_options {
    const char *listen;             /* host:port; empty: no endpoint */
    const char *snapshot_directory; /* where LATEST is looked for */
    struct gauges *gauges;
    const struct status *status;
    const struct store_options *store; /* where the rolling windows are read, with this process's namespace */
    size_t workers;
};

struct endpoint;

/* True with *endpoint null when there is to be none. The options' pointers must outlive the endpoint. */
bool endpoint_start(struct endpoint **endpoint, const struct endpoint_options *options, struct fault *fault);
void endpoint_stop(struct endpoint *endpoint);

void endpoint_ready(struct endpoint *endpoint); /* Kafka and Redis have answered, the workers begin */
/* What Redis says of its memory, in bytes; -1: it did not say. */
void endpoint_redis(struct endpoint *endpoint, int64_t used_bytes, int64_t max_bytes);

#endif
