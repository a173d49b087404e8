/* The rolling windows as they stand in Redis, for eyes: the live page and /v1/rolling. Nothing of the state is made from them.
 * One thread. */
#ifndef NHIP_ROLLING_READ_H
#define NHIP_ROLLING_READ_H

#include "aggregate/store/keys.h"
#include "aggregate/store/store.h"

struct pool;

/* What one can count by. Channel and platform are two readings of the outlet: a platform is one of channel MARKETPLACE. */
#define ROLLING_AXES(X) X(FAMILY, "family") X(CHANNEL, "channel") X(PLATFORM, "platform") X(INSTRUMENT, "instrument") \
    X(CONTEXT, "context") X(OUTCOME, "outcome") X(REASON, "reason")
#define X(code, name) ROLLING_##code,
enum rolling_axis { ROLLING_AXES(X) ROLLING_AXIS_COUNT };
#undef X
const char *rolling_axis_name(enum rolling_axis axis);

enum { ROLLING_WINDOW_COUNT = 5, ROLLING_CODE_BYTES = 24, ROLLING_SUM_BYTES = 41, ROLLING_CELLS_MAX = 20000 };
const char *rolling_window_name(size_t window); /* "1m" ... "7d" */

__extension__ typedef __int128 rolling_sum; /* minor units */

struct rolling_cell {
    char codes[ROLLING_AXIS_COUNT][ROLLING_CODE_BYTES]; /* `_Z` where an axis does not apply */
    int64_t n;
    rolling_sum sum;
};

struct rolling_view {
    bool present; /* false: nobody has written this window yet */
    char from[25], to[25];
    char name_space[NAMESPACE_BYTES_MAX + 1];
    char *offsets; /* "topic/partition=next ..." */
    int64_t total;
    struct rolling_cell *cells; /* as Redis has them, without order */
    size_t count;
};

/* Reads all windows of `name_space`, each as one whole hash. False and `fault` when Redis does not answer, or a hash is not of
 * the form of store-layout.md §8; then all views are empty. After a fault the caller resets the pool. */
bool rolling_views_read(struct pool *pool, const struct store_options *options, const char *name_space,
                        struct rolling_view views[static ROLLING_WINDOW_COUNT], struct fault *fault);
void rolling_views_clear(struct rolling_view views[static ROLLING_WINDOW_COUNT]);

/* Decimal text of a sum; points into `out`. */
struct slice rolling_sum_text(rolling_sum sum, char out[static ROLLING_SUM_BYTES]);

/* Cells that agree on the axes of `by` (bit per axis) as one, the other axes `*`; sorted by n, greatest first, then by codes.
 * To be given to free(). */
struct rolling_cell *rolling_group(const struct rolling_view *view, unsigned by, size_t *count);

#endif
