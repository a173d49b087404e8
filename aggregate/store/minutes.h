/* The minutes of a namespace that are closed, merged over its partitions, and which of them have changed since they were last
 * read. For the stream. One thread.
 *
 * A minute is closed when W (schemas/store-layout.md §8) has passed it, and stays so even if W goes back. Late events change a
 * closed minute, retention deletes it: both make it one that is to be read again. */
#ifndef NHIP_MINUTES_H
#define NHIP_MINUTES_H

#include "aggregate/store/store.h"
#include "slice.h"

enum { MINUTES_CHUNK_MAX = 256, MINUTE_SUM_BYTES = 42 };

struct minute_cell {
    uint64_t facet;
    int64_t n, unconverted;
    char sum[MINUTE_SUM_BYTES]; /* decimal text */
};

/* What one look at the partitions has shown; valid until the next call. */
struct minutes_view {
    bool closed;            /* there is a watermark: `end` is known */
    bool behind;            /* some partition stands before what minutes_floor() was told, or is not there: nothing may be read */
    int32_t end;            /* minutes before it are closed */
    const int32_t *changed; /* of them: those that differ from what was read, ascending */
    size_t changed_count;
    struct slice offsets; /* `topic/partition=next ...`: the prefix that was looked at */
    int64_t version;      /* their sum: grows whenever any of them does */
};

/* The cells of one minute, sorted by facet (none: it is gone), and the prefix that they stand for. */
typedef bool minutes_visit(void *context, int32_t minute, const struct minute_cell *cells, size_t count,
                           const struct minutes_view *prefix, struct fault *fault);

struct minutes;

/* `options` must outlive it. Null and `fault` when memory is short. */
struct minutes *minutes_create(const struct store_options *options, int64_t idle_ms, struct fault *fault);
void minutes_destroy(struct minutes *minutes);

/* Nothing older than `offsets` (form as above) is given out from now on: what is known to have been published. What cannot be
 * understood is passed over. */
void minutes_floor(struct minutes *minutes, struct slice offsets);
/* Minutes before `end` count as closed. */
void minutes_close(struct minutes *minutes, int32_t end);

bool minutes_look(struct minutes *minutes, struct minutes_view *view, struct fault *fault);
/* After a look: whether the state holds cells of this minute. */
bool minutes_exist(const struct minutes *minutes, int32_t minute);
/* Reads `count` <= MINUTES_CHUNK_MAX minutes, ascending, and visits each. What was visited counts as read, and its prefix is the
 * floor from then on. `*settled` false: commits kept coming in between, or Redis went back; nothing was visited. */
bool minutes_read(struct minutes *minutes, const int32_t *list, size_t count, bool *settled, minutes_visit *visit, void *context,
                  struct fault *fault);

#endif
