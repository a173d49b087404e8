/* A HyperLogLog of 2^14 registers (schemas/store-layout.md §5): who was seen, not how often. */
#ifndef NHIP_ROLLUP_SKETCH_H
#define NHIP_ROLLUP_SKETCH_H

#include "limits.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SKETCH_REGISTERS = 1 << HLL_REGISTERS_LOG2,
    SKETCH_SPARSE_MAX = 4000, /* registers set; more: dense */
    SKETCH_BLOB_BYTES_MAX = 1 + SKETCH_REGISTERS,
};

/* An addition that raised a register of a sketch whose stored part is not known yet. */
struct sketch_raise {
    int64_t offset;
    uint16_t index;
    uint8_t rank;
};

struct sketch {
    uint8_t registers[SKETCH_REGISTERS];
    uint32_t set;                /* registers above zero */
    bool cold;                   /* a stored part exists or may exist, and is not in `registers` */
    struct sketch_raise *raises; /* while cold */
    size_t raise_count;
    size_t raise_capacity;
};

struct sketch *sketch_create(bool cold); /* stops the process when memory is short */
void sketch_destroy(struct sketch *sketch);

/* True when a register rose. `offset` of the record is remembered while the sketch is cold. */
bool sketch_add(struct sketch *sketch, uint64_t person_print, int64_t offset);
/* The stored part has arrived (empty slice: there is none): merges by maximum. `*raised_at` = offset of the last
 * addition that raised a register of the whole, INT64_MIN when none did. False when the bytes are not of the layout
 * (the sketch is then unspecified). */
bool sketch_fill(struct sketch *sketch, struct slice blob, int64_t *raised_at);
/* The stored form; its length. The form is a function of the content. */
size_t sketch_format(const struct sketch *sketch, char out[static SKETCH_BLOB_BYTES_MAX]);

#endif
