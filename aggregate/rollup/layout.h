/* Names of cells inside the roll-up, and their text in the store (schemas/store-layout.md §3).
 *
 * A place is 64 bits: rank of the kind (4), bucket (28, biased), and 32 bits of account number or lane. Together with
 * a facet it names a cell; without its lane it names the hash that the cell is a field of. Places order like (kind,
 * bucket, shard). */
#ifndef NHIP_ROLLUP_LAYOUT_H
#define NHIP_ROLLUP_LAYOUT_H

#include "batch.h"
#include "facet.h"
#include "fault.h"
#include "limits.h"

#include <stdbool.h>

enum kind_rank {
    RANK_NONE = 0,
    RANK_LEDGER,
    RANK_HISTOGRAM,
    RANK_HOUR,
    RANK_LATE,
    RANK_MINUTE,
    RANK_SKETCH_DAY,
    RANK_SKETCH_MONTH,
    RANK_DELAY,
    RANK_COUNT
};

enum {
    BUCKET_BIAS = 16, /* the first local day west of Greenwich is -1 */
    BUCKET_BITS = 28,
    FIELD_BYTES_MAX = FACET_TEXT_LENGTH + 6,
    VALUE_BYTES_MAX = 96,
};

struct amounts {
    int64_t n;
    int64_t unconverted;
    __int128 sum;
};

static inline uint64_t place_of(enum kind_rank rank, int32_t bucket, uint32_t lane) {
    return (uint64_t)rank << 60 | (uint64_t)(uint32_t)(bucket + BUCKET_BIAS) << 32 | lane;
}

static inline enum kind_rank place_rank(uint64_t place) {
    return (enum kind_rank)(place >> 60);
}

static inline int32_t place_bucket(uint64_t place) {
    return (int32_t)(place >> 32 & ((1U << BUCKET_BITS) - 1)) - BUCKET_BIAS;
}

/* The place of the hash that holds this cell. Only the ledger has shards. */
static inline uint64_t place_hash(uint64_t place) {
    uint64_t lanes = place_rank(place) == RANK_LEDGER ? (1U << SHARD_ACCOUNTS_LOG2) - 1 : UINT32_MAX;
    return place & ~lanes;
}

static inline bool rank_is_sketch(enum kind_rank rank) {
    return rank == RANK_SKETCH_DAY || rank == RANK_SKETCH_MONTH;
}

/* RANK_NONE for kinds that do not live in the table of cells (accounts, units). */
enum kind_rank rank_of_kind(enum hash_kind kind);
struct hash_id layout_hash_id(uint64_t place);
/* Of a whole hash; CHECKs that the bucket fits. */
uint64_t layout_place(struct hash_id id);

/* Write and return lengths. */
size_t layout_number(int64_t number, char out[static 24]);
size_t layout_field(uint64_t place, uint64_t facet, char out[static FIELD_BYTES_MAX]);
size_t layout_value(const struct amounts *amounts, char out[static VALUE_BYTES_MAX]);

/* False when the text is not of the layout. `lane` has no more than 31 bits. */
bool layout_field_parse(struct slice text, uint64_t *facet, uint32_t *lane);
bool layout_value_parse(struct slice text, struct amounts *amounts);

/* Histogram lane of an amount >= 0: 0 for 0, else 16 * floor(log2) + the next four bits + 1. */
static inline uint32_t layout_histogram_lane(int64_t amount_minor) {
    if (amount_minor <= 0) return 0;
    uint64_t amount = (uint64_t)amount_minor;
    unsigned exponent = 63U - (unsigned)__builtin_clzll(amount);
    uint64_t next = exponent >= 4 ? amount >> (exponent - 4) : amount << (4 - exponent);
    return 16 * exponent + (uint32_t)(next & 15) + 1;
}

/* Delay lane of a time between happening and arrival: 0 below a second, else 4 * floor(log2 of the seconds) + the next two bits
 * + 1. */
static inline uint32_t layout_delay_lane(int64_t delay_ms) {
    if (delay_ms < 1000) return 0;
    uint64_t delay_s = (uint64_t)delay_ms / 1000;
    unsigned exponent = 63U - (unsigned)__builtin_clzll(delay_s);
    uint64_t next = exponent >= 2 ? delay_s >> (exponent - 2) : delay_s << (2 - exponent);
    return 4 * exponent + (uint32_t)(next & 3) + 1;
}

#endif
