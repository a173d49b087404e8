/* The pulse cells of one partition, as far as the rolling windows need them, kept between refreshes. One thread. */
#ifndef NHIP_PULSE_H
#define NHIP_PULSE_H

#include "aggregate/store/connection.h"
#include "aggregate/store/keys.h"
#include "aggregate/store/pulse_text.h"

/* Numbers for the facets seen so far, so that totals are arrays. */
struct facet_table {
    uint64_t *facets; /* by number */
    size_t count, capacity;
    uint32_t *slots; /* open addressing: number + 1, 0 = empty */
    size_t slot_count;
};
uint32_t facet_number(struct facet_table *table, uint64_t facet);
void facet_table_free(struct facet_table *table);

struct pulse_cell {
    uint32_t number;
    int64_t n, unconverted;
    wide sum;
};

/* A bucket that some window needs: kind HASH_MINUTE or HASH_HOUR. */
struct pulse_bucket {
    enum hash_kind kind;
    int32_t bucket;
    unsigned windows; /* bit w: it is part of window w */
    int64_t offset;   /* last change that `cells` include; INT64_MIN: the bucket does not exist */
    struct pulse_cell *cells;
    size_t count;
};

struct pulse {
    struct source_partition who; /* the topic is `topic` */
    char topic[TOPIC_BYTES_MAX + 1];
    struct keys keys;
    bool present; /* something has been committed */
    bool timed;   /* it has a watermark */
    bool end;
    int64_t next, watermark_ms;   /* as last asked */
    int64_t read_next;            /* `next` that the cells stand for; INT64_MIN: never read */
    struct pulse_bucket *buckets; /* sorted by kind, bucket */
    size_t bucket_count;
};

struct pulse *pulse_create(const char *name_space, struct source_partition who, struct fault *fault);
void pulse_destroy(struct pulse *pulse);

/* Takes the reply to HMGET f next watermark end. */
bool pulse_take_meta(struct pulse *pulse, const redisReply *reply, struct fault *fault);

/* Makes the cells those of the buckets in `needed` (sorted) at one `next`, reading only what the index says has changed.
 * `*settled` is false when commits kept coming in between: try again later. */
bool pulse_refresh(struct pulse *pulse, struct connection *connection, const struct store_options *options,
                   struct facet_table *table, const struct pulse_bucket *needed, size_t needed_count, bool *settled,
                   struct fault *fault);

#endif
