/* A store in memory: what Redis would hold for one partition. For tests of the roll-up and of everything that drives it.
 *
 * It is a batch_writer (memory_store_writer), answers cold reads (memory_store_warm) and brings a state back
 * (memory_store_recover). It CHECKs what a real store could not: fields before a hash, progress that does not add up.
 * One thread. */
#ifndef NHIP_TESTS_MEMORY_STORE_H
#define NHIP_TESTS_MEMORY_STORE_H

#include "aggregate/rollup/rollup.h"

struct memory_store;

struct memory_store *memory_store_create(void);
void memory_store_destroy(struct memory_store *store);

/* Fills everything cold, cuts the roll-up into the store, and keeps its progress: one whole commit. */
void memory_store_commit(struct memory_store *store, struct rollup *rollup);
/* Only the reads: as lane_warm() with an answer that comes at once. Returns how many hashes were read. */
size_t memory_store_warm(struct memory_store *store, struct rollup *rollup);
struct batch_writer memory_store_writer(struct memory_store *store);
/* The last committed progress; that of an empty partition before the first commit. */
const struct progress *memory_store_progress(const struct memory_store *store);
/* memory_store_recover() gives back this progress instead. */
void memory_store_amend(struct memory_store *store, const struct progress *progress);
/* Progress, accounts and existing hashes into an empty roll-up. The window remains to be fed. */
void memory_store_recover(const struct memory_store *store, struct rollup *rollup);

/* One stored value; null data when there is none. `field` as in store-layout.md. Valid until the next commit. */
struct slice memory_store_value(const struct memory_store *store, struct hash_id id, struct slice field);
bool memory_store_has(const struct memory_store *store, struct hash_id id);
int64_t memory_store_last_change(const struct memory_store *store,
                                 struct hash_id id); /* INT64_MIN: no such hash */
size_t memory_store_hashes(const struct memory_store *store);
size_t memory_store_fields(const struct memory_store *store, struct hash_id id);

/* Everything authoritative as sorted text lines (binary values as hex): two states are equal exactly if these are.
 * The caller frees. */
char *memory_store_dump(const struct memory_store *store);

#endif
