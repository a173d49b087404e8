/* How to remember half a million ids at one cache miss a record.
 *
 * The usual hash set pays twice: a miss to insert, and half a million records later another one to delete. Here
 * nothing is deleted. A slot is 32 bits: the record's ordinal modulo 2^k, and above it a tag of the fingerprint. From
 * the ordinal and the span anybody can see whether the slot is still alive; a dead slot is a free slot. A bucket is
 * one cache line, 15 slots and a mark:
 *
 *     [ mark | tag ordinal | tag ordinal | ... ]       10.7 live slots on average: 6 bytes per remembered record
 *
 * A key whose bucket is full goes to the next one, and leaves its ordinal as the *mark* of every bucket it had to
 * pass. A look-up goes on past a bucket only while its mark is alive, so a bucket that was once full does not
 * lengthen look-ups for ever, and the mark never dies before the last key that passed (a later passing, and a renewal
 * of a passed key, raise it).
 *
 * Ordinals are kept modulo 2^k, so a dead slot would come to life again after 2^k records. Each fourth record
 * therefore sweeps one bucket, in memory order (the hardware prefetches it): a round takes 3/8 W + 8 records, and 2^k
 * >= 1.5 W + 16, so that no slot grows that old.
 *
 * Exactness: a tag that matches is verified with the 64-bit key in the ring, so the table can cost time but never an answer.
 * What was not done: storing keys in the buckets (twice the memory), and a Bloom filter in front (nearly every record
 * is new, but it must be inserted anyway: the line is needed). */
#include "aggregate/rollup/recall.h"

#include "aggregate/rollup/pages.h"
#include "check.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MARK ((uint32_t)1 << 31)

enum { SLOTS = 16 };

static size_t entries_bytes(const struct recall *recall) {
    return (size_t)recall->ring * sizeof(*recall->entries);
}

static size_t buckets_bytes(const struct recall *recall) {
    return (size_t)recall->bucket_count * sizeof(*recall->buckets);
}

bool recall_create(struct recall *recall, uint32_t ring) {
    CHECK(ring >= 16 && ring <= (uint32_t)1 << 24);
    *recall = (struct recall){.bucket_count = ring / 32 * 3 + 2 + (ring % 32 * 3) / 32};
    while (recall->ordinal_mask < (uint64_t)ring + ring / 2 + 16)
        recall->ordinal_mask = recall->ordinal_mask * 2 + 1;
    recall->ring = ring;
    recall->entries = pages_create(entries_bytes(recall));
    recall->buckets = pages_create(buckets_bytes(recall));
    if (recall->entries != NULL && recall->buckets != NULL) return true;
    recall_destroy(recall);
    return false;
}

void recall_destroy(struct recall *recall) {
    pages_destroy(recall->entries, entries_bytes(recall));
    pages_destroy(recall->buckets, buckets_bytes(recall));
    *recall = (struct recall){0};
}

/* Above the ordinal; never 0 in all, so that a slot in use is not 0. */
static uint32_t tag_of(const struct recall *recall, uint64_t key) {
    uint32_t tag = (uint32_t)key & ~recall->ordinal_mask;
    return tag != 0 ? tag : recall->ordinal_mask + 1;
}

static uint32_t home_of(const struct recall *recall, uint64_t key) {
    return (uint32_t)((key >> 32) * recall->bucket_count >> 32);
}

static uint32_t following(const struct recall *recall, uint32_t bucket) {
    return bucket + 1 == recall->bucket_count ? 0 : bucket + 1;
}

static uint32_t age_of(const struct recall *recall, const struct span *span, uint32_t slot) {
    return ((uint32_t)span->next - slot) & recall->ordinal_mask;
}

static bool alive(const struct recall *recall, const struct span *span, uint32_t slot) {
    uint32_t age = age_of(recall, span, slot);
    return age - 1 < span->live;
}

/* Bit i of `tagged`: slot i has this tag; bit i of `open`: slot i is empty or dead. Bit 0, the mark, is in neither. */
struct scan {
    uint32_t tagged;
    uint32_t open;
};

#ifdef __SSE2__
/* 16 masks of 32 bits -> 16 bits, without that of the mark. */
static inline uint32_t lanes_of(const __m128i masks[4]) {
    __m128i low = _mm_packs_epi32(masks[0], masks[1]);
    __m128i high = _mm_packs_epi32(masks[2], masks[3]);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) & ~1U;
}

static inline uint32_t bucket_tagged(const struct recall *recall, uint32_t bucket, uint32_t tag) {
    const __m128i *lines = (const __m128i *)(const void *)recall->buckets[bucket].slots;
    __m128i mask = _mm_set1_epi32((int)recall->ordinal_mask);
    __m128i wanted = _mm_set1_epi32((int)tag);
    __m128i same[4];
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++)
        same[i] = _mm_cmpeq_epi32(_mm_andnot_si128(mask, _mm_load_si128(lines + i)), wanted);
    return lanes_of(same);
}

static inline uint32_t bucket_open(const struct recall *recall, const struct span *span, uint32_t bucket) {
    const __m128i *lines = (const __m128i *)(const void *)recall->buckets[bucket].slots;
    __m128i mask = _mm_set1_epi32((int)recall->ordinal_mask);
    __m128i next = _mm_set1_epi32((int)(uint32_t)span->next);
    __m128i live = _mm_set1_epi32((int)span->live);
    __m128i dead[4];
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; i++) {
        __m128i slots = _mm_load_si128(lines + i);
        __m128i age =
            _mm_and_si128(_mm_sub_epi32(next, slots), mask); /* never 0 in a slot: it would have been swept */
        dead[i] = _mm_or_si128(_mm_cmpgt_epi32(age, live), _mm_cmpeq_epi32(slots, _mm_setzero_si128()));
    }
    return lanes_of(dead);
}
#else
static inline uint32_t bucket_tagged(const struct recall *recall, uint32_t bucket, uint32_t tag) {
    uint32_t tagged = 0;
    for (unsigned i = 1; i < SLOTS; i++) {
        tagged |= (uint32_t)((recall->buckets[bucket].slots[i] & ~recall->ordinal_mask) == tag) << i;
    }
    return tagged;
}

static inline uint32_t bucket_open(const struct recall *recall, const struct span *span, uint32_t bucket) {
    uint32_t open = 0;
    for (unsigned i = 1; i < SLOTS; i++) {
        uint32_t slot = recall->buckets[bucket].slots[i];
        open |= (uint32_t)(slot == 0 || !alive(recall, span, slot)) << i;
    }
    return open;
}
#endif

static inline struct scan bucket_scan(const struct recall *recall, const struct span *span, uint32_t bucket,
                                      uint32_t tag) {
    uint32_t open = bucket_open(recall, span, bucket);
    return (struct scan){bucket_tagged(recall, bucket, tag) & ~open, open};
}

static bool passed(const struct recall *recall, const struct span *span, uint32_t bucket) {
    uint32_t mark = recall->buckets[bucket].slots[0];
    return mark != 0 && alive(recall, span, mark);
}

/* A tag matches, or the bucket is full or was when something alive came by. */
static __attribute__((noinline)) struct sighting find_further(const struct recall *recall,
                                                              const struct span *span, uint64_t key) {
    struct sighting sighting = {.age = 0, .home = home_of(recall, key)};
    uint32_t tag = tag_of(recall, key);
    uint32_t bucket = sighting.home;
    bool on = true; /* the key may still be further on */
    for (uint32_t steps = 0; on || sighting.slot == 0; steps++) {
        CHECK(steps <= recall->bucket_count);
        struct scan scan = bucket_scan(recall, span, bucket, tag);
        for (uint32_t left = on ? scan.tagged : 0; left != 0; left &= left - 1) {
            uint32_t slot = (uint32_t)__builtin_ctz(left);
            uint32_t age = age_of(recall, span, recall->buckets[bucket].slots[slot]);
            if (recall_entry(recall, span, age)->key != key) continue;
            return (struct sighting){.age = age, .home = sighting.home, .steps = steps, .slot = slot};
        }
        if (sighting.slot == 0 && scan.open != 0) {
            sighting.steps = steps;
            sighting.slot = (uint32_t)__builtin_ctz(scan.open);
        }
        on = on && steps < recall->bucket_count - 1 && passed(recall, span, bucket);
        bucket = following(recall, bucket);
    }
    return sighting;
}

/* Nearly every id is new, and nearly every bucket has room: one line, no verification. */
struct sighting recall_find(const struct recall *recall, const struct span *span, uint64_t key) {
    uint32_t home = home_of(recall, key);
    struct scan scan = bucket_scan(recall, span, home, tag_of(recall, key));
    if (scan.tagged == 0 && scan.open != 0 && !passed(recall, span, home)) {
        return (struct sighting){.home = home, .slot = (uint32_t)__builtin_ctz(scan.open)};
    }
    return find_further(recall, span, key);
}

void recall_put(struct recall *recall, const struct span *span, uint64_t key,
                const struct sighting *sighting) {
    uint32_t ordinal = (uint32_t)span->next & recall->ordinal_mask;
    uint32_t bucket = sighting->home;
    for (uint32_t i = 0; i < sighting->steps; i++) {
        recall->buckets[bucket].slots[0] = MARK | ordinal;
        bucket = following(recall, bucket);
    }
    CHECK(sighting->slot != 0);
    recall->buckets[bucket].slots[sighting->slot] = tag_of(recall, key) | ordinal;
}

void recall_sweep(struct recall *recall, const struct span *span) {
    if (span->next % RECALL_SWEEP_RECORDS != 0) return;
    uint32_t *slots = recall->buckets[recall->sweep].slots;
    uint32_t open = bucket_open(recall, span, recall->sweep);
    for (; open != 0; open &= open - 1) slots[__builtin_ctz(open)] = 0;
    if (!alive(recall, span, slots[0])) slots[0] = 0;
    recall->sweep = following(recall, recall->sweep);
}

const void *recall_line(const struct recall *recall, uint64_t key) {
    return &recall->buckets[home_of(recall, key)];
}

/* The last slot is taken only when all others are; so without it and without a mark nothing went further. */
const void *recall_further(const struct recall *recall, uint64_t key) {
    uint32_t bucket = home_of(recall, key);
    const uint32_t *slots = recall->buckets[bucket].slots;
    return (slots[0] | slots[SLOTS - 1]) != 0 ? &recall->buckets[following(recall, bucket)] : NULL;
}

const void *recall_likely(const struct recall *recall, const struct span *span, uint64_t key) {
    uint32_t bucket = home_of(recall, key);
    uint32_t tagged = bucket_tagged(recall, bucket, tag_of(recall, key));
    if (tagged == 0) return NULL;
    uint32_t age = age_of(recall, span, recall->buckets[bucket].slots[__builtin_ctz(tagged)]);
    return age <= span->live ? recall_entry(recall, span, age) : NULL;
}

const void *recall_place(const struct recall *recall, const struct span *span, uint32_t ahead) {
    return &recall->entries[(span->head + ahead) % span->ring];
}

const void *recall_sweep_line(const struct recall *recall, uint32_t ahead) {
    return &recall->buckets[(recall->sweep + ahead) % recall->bucket_count];
}

size_t recall_bytes(const struct recall *recall) {
    return entries_bytes(recall) + buckets_bytes(recall);
}
