/* State and vintages as a stream of keyed upserts (schemas/stream.md): every closed minute of the pulse, every observation of the
 * newest release of each series. Whoever keeps the last value of each key has what stands in Redis and in the directory.
 *
 * A stream compares what is there with what its readers have, and tells the difference. It keeps no state of its own that would
 * have to survive: what readers have is told to it again (feed_take), or is nothing. One thread. */
#ifndef NHIP_FEED_H
#define NHIP_FEED_H

#include "aggregate/store/store.h"
#include "slice.h"

/* Where the stream goes. value.data null: a tombstone. What was put becomes visible with the next commit. */
struct feed_sink {
    bool (*put)(void *context, struct slice key, struct slice value, struct fault *fault);
    bool (*commit)(void *context, struct fault *fault);
    bool (*go_on)(void *context); /* asked between pieces of work; false: the round ends with a fault */
    void *context;
};

struct feed_options {
    const struct store_options *store;
    int64_t idle_ms;                /* setting rolling.idle */
    const char *snapshot_directory; /* one that does not exist has no vintages */
    struct feed_sink sink;
};

struct feed_result {
    int64_t upserts, tombstones; /* committed */
    int64_t left;                /* closed minutes that readers do not have as they are */
    bool held;                   /* Redis stands before what was published: no minutes are told until it is there again */
    bool whole;                  /* readers have all */
};

struct feed;

/* `options` and what it points to must outlive the stream. Null and `fault`. */
struct feed *feed_create(const struct feed_options *options, struct fault *fault);
void feed_destroy(struct feed *feed);

/* A record that readers have; before the first round. */
void feed_take(void *feed, struct slice key, struct slice value);
/* The same for all records that readers of uncommitted ones see: they are to end with the same table. */
void feed_see(void *feed, struct slice key, struct slice value);
/* Of what was taken: the namespace of its minutes ("" when none says), and whether something else than a stream was among it. */
const char *feed_namespace(const struct feed *feed);
bool feed_is_foreign(const struct feed *feed);
/* It remembers so many minutes that are gone that it should be made anew. */
bool feed_is_worn(const struct feed *feed);

/* Tells readers what has changed. False and `fault`: what was put since the last commit may or may not be there, and the
 * stream is of no more use; unless it goes to somewhere that has no transactions. */
bool feed_round(struct feed *feed, struct feed_result *result, struct fault *fault);

#endif
