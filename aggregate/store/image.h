/* One partition's state, copied out of Redis as it stood at one offset while its owner went on writing. One thread. */
#ifndef NHIP_IMAGE_H
#define NHIP_IMAGE_H

#include "aggregate/store/connection.h"
#include "aggregate/store/fold.h"
#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"

/* A hash and its content: for each pair length, field, length, value, lengths as varints; in no order. */
struct image_hash {
    struct hash_id id;
    int64_t offset; /* last change, read before the content */
    char *content;
    size_t bytes; /* of the content */
    size_t pairs;
    bool read;
};

struct image_bucket {
    enum hash_kind kind;
    int32_t bucket;
    int64_t offset;
    struct fold *fold; /* holds its hashes, which are then not among those of the image; null: they are */
};

struct image {
    struct keys keys;
    bool present; /* false: nothing has been committed for this partition */
    struct meta meta;
    redisReply *meta_pairs;
    struct image_bucket *buckets; /* the index, sorted */
    size_t bucket_count;
    struct image_hash *hashes; /* sorted by id */
    size_t hash_count;
    struct fold_place folds;
    char born[NONCE_BYTES]; /* read when there are folds; empty: none */
    int64_t told_ms; /* when it was last said how far reading is */
    int passes; /* how often it was read until it held: for tests and curiosity */
};

/* Copies the partition's state; `folds`: the directory of folds, null: all is read from Redis. False and `fault`; image_free() in
 * any case. */
bool image_read(struct image *image, struct connection *connection, const struct store_options *options, const char *folds,
                struct source_partition who, struct fault *fault);
/* Writes folds of the days that are closed and have none: all but the newest two. Removes those of days that are gone. */
void image_fold(struct image *image);
void image_free(struct image *image);

/* Hashes come in the order of the buckets: where those of `bucket` end that begin at `at`. */
size_t bucket_end(const struct image *image, const struct image_bucket *bucket, size_t at);

struct image_pair {
    struct slice field;
    struct slice value;
};
/* The pairs of one hash, sorted by field bytes, in `pairs` (room for hash->pairs). The slices point into the image. */
void image_pairs(const struct image_hash *hash, struct image_pair *pairs);
/* The same in no order. */
void image_pairs_any_order(const struct image_hash *hash, struct image_pair *pairs);

/* What is done with each partition that has state: called once, when its image holds. */
struct image_visitor {
    bool (*visit)(void *context, const struct image *image, struct source_partition who, struct fault *fault);
    void *context;
    const char *folds; /* directory of folds; null: all is read from Redis */
};
/* Every partition of the namespace, sorted by topic and number, one image at a time; a failover is waited for. None at all is
 * FAULT_REFUSED with the remedy. */
bool images_visit(const struct store_options *options, const struct image_visitor *visitor, struct fault *fault);

/* The partitions that the namespace knows, sorted by topic and number; `*list` and the topics in it are one allocation, to be
 * freed. */
bool partitions_list(struct connection *connection, const struct store_options *options, struct source_partition **list,
                     size_t *count, struct fault *fault);

#endif
