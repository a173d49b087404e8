/* A HyperLogLog (schemas/store-layout.md §5): who was seen, not how often. */
#ifndef NHIP_ROLLUP_SKETCH_H
#define NHIP_ROLLUP_SKETCH_H

#include "limits.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SKETCH_REGISTERS = 1 << HLL_REGISTERS_LOG2, /* of the largest */
    SKETCH_SPARSE_MAX = 4000, /* registers set, of as many; more: dense */
    SKETCH_BLOB_BYTES_MAX = 1 + SKETCH_REGISTERS,
};

/* The same share of fewer registers. */
static inline uint32_t sketch_sparse_max(uint8_t registers_log2) {
    return SKETCH_SPARSE_MAX >> (HLL_REGISTERS_LOG2 - registers_log2);
}

/* An addition that raised a register of a sketch whose stored part is not known yet. */
struct sketch_raise {
    int64_t offset;
    uint16_t index;
    uint8_t rank;
};

struct sketch {
    uint8_t *registers;          /* a rank each; null while there are entries instead */
    uint32_t *entries;           /* register << 8 | rank, ascending, `set` of them */
    struct sketch_raise *raises; /* while cold */
    uint32_t set;                /* registers above zero */
    uint32_t room;               /* of entries */
    uint32_t raise_count;
    uint32_t raise_capacity;
    uint32_t bytes; /* memory held, raises aside */
    uint8_t registers_log2;
    bool cold; /* a stored part exists or may exist, and is not in memory */
};

/* 2^`registers_log2` registers, HLL_REGISTERS_LOG2 or HLL_ACCOUNT_REGISTERS_LOG2. Stops the process when memory is short, as
 * additions do. */
struct sketch *sketch_create(uint8_t registers_log2, bool cold);
void sketch_destroy(struct sketch *sketch);

/* The register of a print, and how far it must have risen. */
static inline uint32_t sketch_index(uint64_t print, uint8_t registers_log2) {
    return (uint32_t)(print >> (64 - registers_log2));
}
static inline uint8_t sketch_rank(uint64_t print, uint8_t registers_log2) {
    uint64_t rest = print << registers_log2;
    return rest == 0 ? (uint8_t)(64 - registers_log2 + 1) : (uint8_t)(__builtin_clzll(rest) + 1);
}

/* Of a sketch that has registers; true when this one rose. */
static inline bool sketch_raise(struct sketch *sketch, uint32_t index, uint8_t rank) {
    uint8_t old = sketch->registers[index];
    if (rank <= old) return false;
    sketch->set += old == 0;
    sketch->registers[index] = rank;
    return true;
}

/* True when a register rose. `offset` of the record is remembered while the sketch is cold. */
bool sketch_add(struct sketch *sketch, uint64_t print, int64_t offset);
/* The stored part has arrived (empty slice: there is none): merges by maximum. `*raised_at` = offset of the last
 * addition that raised a register of the whole, INT64_MIN when none did. False when the bytes are not of the layout
 * (the sketch is then unspecified). */
bool sketch_fill(struct sketch *sketch, struct slice blob, int64_t *raised_at);
/* The stored form; its length. The form is a function of the content. */
size_t sketch_format(const struct sketch *sketch, char out[static SKETCH_BLOB_BYTES_MAX]);

#endif
