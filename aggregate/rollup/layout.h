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
    RANK_SKETCH_ACCOUNT, /* the last with shards */
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

/* Kinds that are kept by account: their lane is its number, their hashes are shards. There are millions of such cells. */
static inline bool rank_has_shards(enum kind_rank rank) {
    return rank <= RANK_SKETCH_ACCOUNT;
}

/* The place of the hash that holds this cell. */
static inline uint64_t place_hash(uint64_t place) {
    uint64_t lanes = rank_has_shards(place_rank(place)) ? (1U << SHARD_ACCOUNTS_LOG2) - 1 : UINT32_MAX;
    return place & ~lanes;
}

static inline bool rank_is_sketch(enum kind_rank rank) {
    return rank == RANK_SKETCH_DAY || rank == RANK_SKETCH_MONTH || rank == RANK_SKETCH_ACCOUNT;
}

/* Registers of a sketch of this kind, as a power of two. */
static inline uint8_t rank_registers_log2(enum kind_rank rank) {
    return rank == RANK_SKETCH_ACCOUNT ? HLL_ACCOUNT_REGISTERS_LOG2 : HLL_REGISTERS_LOG2;
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

/* 0 for nothing, else 2^bits * floor(log2 of the value) + the next `bits` bits + 1: classes that grow with the value. */
static inline uint32_t layout_log_lane(uint64_t value, unsigned bits) {
    if (value == 0) return 0;
    unsigned exponent = 63U - (unsigned)__builtin_clzll(value);
    uint64_t next = exponent >= bits ? value >> (exponent - bits) : value << (bits - exponent);
    return (exponent << bits) + (uint32_t)(next & ((1U << bits) - 1)) + 1;
}

/* Of the histogram: of an amount. */
static inline uint32_t layout_histogram_lane(int64_t amount_minor) {
    return layout_log_lane(amount_minor > 0 ? (uint64_t)amount_minor : 0, 4);
}

/* Of a delay: of its whole seconds. */
static inline uint32_t layout_delay_lane(int64_t delay_ms) {
    return layout_log_lane(delay_ms > 0 ? (uint64_t)delay_ms / 1000 : 0, 2);
}

#endif
