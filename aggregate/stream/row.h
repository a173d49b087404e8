/* The records of the stream as text: schemas/stream.schema.json. Each value is one JSON object in one line; what identifies it
 * stands in front of `version`. Any thread. */
#ifndef NHIP_STREAM_ROW_H
#define NHIP_STREAM_ROW_H

#include "aggregate/snapshot/obs_table.h"
#include "aggregate/store/minutes.h"
#include "aggregate/store/resp.h"

enum { MINUTE_TIME_BYTES = 25 };

/* The start of a minute, RFC 3339, and back. */
void row_minute_time(int32_t minute, char out[static MINUTE_TIME_BYTES]);
bool row_minute_number(struct slice time, int32_t *minute);

/* All append to `out`. The name is what stands behind `kind|group|` in the key. */
void row_minute(struct resp *out, const char *time, const struct minute_cell *cell, const struct minutes_view *prefix);
void row_observation_name(struct resp *out, const struct obs_row *row);
void row_observation(struct resp *out, struct slice series, const char *vintage, int64_t release, const struct obs_row *row);
/* `offsets` as in minutes_view, of the vintage. */
void row_release(struct resp *out, struct slice series, const char *vintage, int64_t release, size_t observations,
                 struct slice offsets);
void row_position(struct resp *out, const char *name_space, const struct minutes_view *view);

/* A text or number out of a value that was made here; false when it is not there. */
bool row_text(struct slice value, const char *key, struct slice *text);
bool row_number(struct slice value, const char *key, int64_t *number);

#endif
