/* Folds: closed days of a partition's ledger in local files, so that a snapshot need not read them from Redis again.
 *
 * A fold is a copy, taken from a proved prefix, of what Redis holds of one day: never more than a saving of time. It stands for
 * the day as long as the index says that no record has changed it since. Files are confidential as the state is. One thread. */
#ifndef NHIP_FOLD_H
#define NHIP_FOLD_H

#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"
#include "aggregate/runtime/digest.h"

enum { FOLD_PATH_BYTES = 1024 };

struct image_hash;

/* Where the folds of one partition stand, and the state that they must be of. */
struct fold_place {
    char path[FOLD_PATH_BYTES]; /* a directory; empty: no folds */
    uint8_t binding[DIGEST_RAW_BYTES];
    int64_t next; /* of the state at hand */
    int32_t used, refused, written; /* counted here */
};

/* Folds below `directory` of the state that `meta` is of. `born`: the name of the state in Redis (store-layout.md §2); empty:
 * nobody has given it one, and there are no folds. */
void fold_place_set(struct fold_place *place, const char *directory, const struct keys *keys, const struct meta *meta,
                    struct source_partition who, const char *born);

struct fold; /* one day, proved */

/* The fold of `day` as the record at `offset` left it; null: there is none, or it is of another state or damaged (then the log
 * says so, and the caller reads Redis). */
struct fold *fold_load(struct fold_place *place, int32_t day, int64_t offset);
void fold_free(struct fold *fold); /* null is fine */

/* The hashes of the day, sorted by shard; `*hashes` and what they point to is one allocation, to be freed. False and FAULT_IO
 * when the file is not what a fold is although its digest is right. */
bool fold_hashes(const struct fold *fold, struct image_hash **hashes, size_t *count, struct fault *fault);

/* Writes a fold: aside, then renamed. What goes wrong is logged; the next snapshot reads Redis then. */
void fold_save(struct fold_place *place, int32_t day, int64_t offset, const struct image_hash *hashes, size_t count);
/* Removes folds of days for which `exists` says no: retention has deleted them. */
void fold_sweep(const struct fold_place *place, bool (*exists)(const void *context, int32_t day), const void *context);

#endif
