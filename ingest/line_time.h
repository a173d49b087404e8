/* The record time of a line of NDJSON: what Kafka would have carried beside the bytes. */
#ifndef NHIP_LINE_TIME_H
#define NHIP_LINE_TIME_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* `ingest_time` of the object at the top of the line, or `recorded_at` when there is none. False when neither is
 * there as RFC 3339 text or epoch milliseconds. Never looks beyond the line; any bytes are allowed. Any thread. */
bool line_time(struct slice line, int64_t *time_ms);

#endif
