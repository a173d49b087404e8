/* The sketch of persons.
 *
 * In memory registers are always one byte each: at most 18 sketches (instruments, outlets) of a day and a month are
 * in use at a time, 0.6 MB a partition; only the stored form knows sparse and dense.
 *
 * A sketch whose stored part is still in Redis collects additions on top of zero. Whether such an addition changed
 * *the whole* is not known before the stored part is there, but the index must name the record that changed it
 * (store-layout §4.3), the same record whether the sketch was in memory or not. So a cold sketch keeps the raising
 * additions in order and replays them on the stored part: an addition changes the whole exactly if it exceeds the
 * stored rank and all earlier ones. The list lives until the next commit.
 *
 * What was not done: bias tables or the estimate itself; reading is the snapshot's business. */
#include "aggregate/rollup/sketch.h"

#include "check.h"

enum { FORM_SPARSE = 1, FORM_DENSE = 2, SPARSE_ENTRY_BYTES = 3, RANK_MAX = 64 - HLL_REGISTERS_LOG2 + 1 };

struct sketch *sketch_create(bool cold) {
    struct sketch *sketch = calloc(1, sizeof(*sketch));
    CHECK_MEMORY(sketch != NULL);
    sketch->cold = cold;
    return sketch;
}

void sketch_destroy(struct sketch *sketch) {
    if (sketch == NULL) return;
    free(sketch->raises);
    free(sketch);
}

static bool raise_register(struct sketch *sketch, size_t index, uint8_t rank) {
    uint8_t old = sketch->registers[index];
    if (rank <= old) return false;
    sketch->set += old == 0;
    sketch->registers[index] = rank;
    return true;
}

bool sketch_add(struct sketch *sketch, uint64_t person_print, int64_t offset) {
    uint16_t index = (uint16_t)(person_print >> (64 - HLL_REGISTERS_LOG2));
    uint64_t rest = person_print << HLL_REGISTERS_LOG2;
    uint8_t rank = rest == 0 ? RANK_MAX : (uint8_t)(__builtin_clzll(rest) + 1);
    if (!raise_register(sketch, index, rank)) return false;
    if (!sketch->cold) return true;
    if (sketch->raise_count == sketch->raise_capacity) {
        sketch->raise_capacity = sketch->raise_capacity * 2 + 64;
        sketch->raises = realloc(sketch->raises, sketch->raise_capacity * sizeof(*sketch->raises));
        CHECK_MEMORY(sketch->raises != NULL);
    }
    sketch->raises[sketch->raise_count++] = (struct sketch_raise){offset, index, rank};
    return true;
}

static bool dense_read(struct sketch *sketch, const unsigned char *bytes, size_t length) {
    if (length != SKETCH_BLOB_BYTES_MAX) return false;
    for (size_t i = 0; i < SKETCH_REGISTERS; i++) {
        if (bytes[1 + i] > RANK_MAX) return false;
        (void)raise_register(sketch, i, bytes[1 + i]);
    }
    return true;
}

static bool sparse_read(struct sketch *sketch, const unsigned char *bytes, size_t length) {
    if ((length - 1) % SPARSE_ENTRY_BYTES != 0) return false;
    int32_t last = -1;
    for (size_t at = 1; at < length; at += SPARSE_ENTRY_BYTES) {
        int32_t index = bytes[at] << 8 | bytes[at + 1];
        uint8_t rank = bytes[at + 2];
        if (index <= last || index >= SKETCH_REGISTERS || rank == 0 || rank > RANK_MAX) return false;
        (void)raise_register(sketch, (size_t)index, rank);
        last = index;
    }
    return true;
}

static bool blob_read(struct sketch *sketch, struct slice blob) {
    if (blob.length == 0) return true;
    const unsigned char *bytes = (const unsigned char *)blob.data;
    if (bytes[0] == FORM_DENSE) return dense_read(sketch, bytes, blob.length);
    return bytes[0] == FORM_SPARSE && sparse_read(sketch, bytes, blob.length);
}

bool sketch_fill(struct sketch *sketch, struct slice blob, int64_t *raised_at) {
    CHECK(sketch->cold);
    memset(sketch->registers, 0, sizeof(sketch->registers));
    sketch->set = 0;
    *raised_at = INT64_MIN;
    if (!blob_read(sketch, blob)) return false;
    for (size_t i = 0; i < sketch->raise_count; i++) {
        const struct sketch_raise *raise = &sketch->raises[i];
        if (raise_register(sketch, raise->index, raise->rank)) *raised_at = raise->offset;
    }
    free(sketch->raises);
    sketch->raises = NULL;
    sketch->raise_count = 0;
    sketch->raise_capacity = 0;
    sketch->cold = false;
    return true;
}

size_t sketch_format(const struct sketch *sketch, char out[static SKETCH_BLOB_BYTES_MAX]) {
    if (sketch->set > SKETCH_SPARSE_MAX) {
        out[0] = FORM_DENSE;
        memcpy(out + 1, sketch->registers, SKETCH_REGISTERS);
        return SKETCH_BLOB_BYTES_MAX;
    }
    size_t length = 0;
    out[length++] = FORM_SPARSE;
    for (size_t i = 0; i < SKETCH_REGISTERS; i++) {
        if (sketch->registers[i] == 0) continue;
        out[length++] = (char)(unsigned char)(i >> 8);
        out[length++] = (char)(unsigned char)(i & 255);
        out[length++] = (char)sketch->registers[i];
    }
    return length;
}
