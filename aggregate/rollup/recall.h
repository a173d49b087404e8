/* Recall: the latest record with a given fingerprint among the last W records, without deletions.
 *
 * A span numbers the delivered records and says which of them are remembered: the last `live` before ordinal `next`.
 * A recall holds one 16-byte entry a record in a ring, and a table of 64-byte buckets from fingerprints to ages.
 * recall.c tells how. */
#ifndef NHIP_ROLLUP_RECALL_H
#define NHIP_ROLLUP_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECALL_SWEEP_RECORDS = 4 }; /* one bucket is swept after so many */

struct span {
    int64_t next;  /* ordinal of the next record */
    uint32_t head; /* its place in the ring */
    uint32_t live; /* records remembered before it: 0 .. ring */
    uint32_t ring; /* W */
};

/* What `first` and `second` mean is the window's business. Key 0 = nothing to recall. */
struct recall_entry {
    uint64_t key;
    uint32_t first;
    uint32_t second;
};

struct recall_bucket {
    uint32_t slots[16]; /* 0: overflow mark; 1..15: tag and ordinal */
};

struct recall {
    struct recall_entry *entries;
    struct recall_bucket *buckets;
    uint32_t ring;
    uint32_t bucket_count;
    uint32_t ordinal_mask;
    uint32_t sweep; /* the bucket to be swept next */
};

/* The answer to a look-up, and the place where this key's next ordinal goes. Valid until the next recall_put(). */
struct sighting {
    uint32_t age;   /* 0: not remembered; else how many records ago */
    uint32_t home;  /* bucket of the key */
    uint32_t steps; /* buckets further on */
    uint32_t slot;
};

/* False when memory is short. The ring's memory is reserved here and touched as it fills. `ring`: 16 .. 2^24. */
bool recall_create(struct recall *recall, uint32_t ring);
void recall_destroy(struct recall *recall);

struct sighting recall_find(const struct recall *recall, const struct span *span, uint64_t key);
/* Remembers `key` at span->next; `sighting` is what recall_find() said of it. The caller then fills the entry and
 * moves the span. */
void recall_put(struct recall *recall, const struct span *span, uint64_t key,
                const struct sighting *sighting);
/* Once per record, after the span has moved over it: takes a little of the expired away. */
void recall_sweep(struct recall *recall, const struct span *span);
/* For warming the cache: where a look-up of `key` begins; once that is there, where it may go on, and the entry of a likely
 * match (or null); the place in the ring of the record `ahead` of the next one; the bucket that the sweep reaches after
 * `ahead` others. */
const void *recall_line(const struct recall *recall, uint64_t key);
const void *recall_further(const struct recall *recall, uint64_t key);
const void *recall_likely(const struct recall *recall, const struct span *span, uint64_t key);
const void *recall_place(const struct recall *recall, const struct span *span, uint32_t ahead);
const void *recall_sweep_line(const struct recall *recall, uint32_t ahead);
size_t recall_bytes(const struct recall *recall);

/* The entry `age` records ago; 0 is the one to be written now. */
static inline struct recall_entry *recall_entry(const struct recall *recall, const struct span *span,
                                                uint32_t age) {
    uint32_t place = span->head >= age ? span->head - age : span->head + span->ring - age;
    return &recall->entries[place];
}

#endif
