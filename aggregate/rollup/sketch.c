/* The sketch of persons, of intents to pay and of drivers, of 2^14 registers for the province and of 2^12 for the persons of a
 * month of an account.
 *
 * The province's are few and hot: at most 18 of persons (instruments, outlets) of a day and a month are in use at a time, 0.6 MB
 * a partition, and as many again where events name intents and drivers; their registers lie there from the beginning, one byte
 * each. Accounts' are many and nearly all have few persons: they begin as a list of the registers above zero, ascending, and
 * become registers when that list would weigh a quarter of them. Which of the two it is in memory says nothing of the stored
 * form: that is a function of the content alone.
 *
 * A sketch whose stored part is still in Redis collects additions on top of zero. Whether such an addition changed
 * *the whole* is not known before the stored part is there, but the index must name the record that changed it
 * (store-layout §4.3), the same record whether the sketch was in memory or not. So a cold sketch keeps the raising
 * additions in order and replays them on the stored part: an addition changes the whole exactly if it exceeds the
 * stored rank and all earlier ones. The list lives until the next commit.
 *
 * What was not done: bias tables or the estimate itself; reading is the snapshot's business. Registers of 6 bits, a
 * quarter less of the few that are dense. */
#include "aggregate/rollup/sketch.h"

#include "check.h"

enum { FORM_SPARSE = 1, FORM_DENSE = 2, SPARSE_ENTRY_BYTES = 3, RAISES_FIRST = 8, ENTRIES_FIRST = 4 };

static size_t register_count(const struct sketch *sketch) {
    return (size_t)1 << sketch->registers_log2;
}

static uint8_t rank_max(const struct sketch *sketch) {
    return (uint8_t)(64 - sketch->registers_log2 + 1);
}

static void become_dense(struct sketch *sketch) {
    uint32_t *entries = sketch->entries;
    sketch->registers = calloc(register_count(sketch), 1);
    CHECK_MEMORY(sketch->registers != NULL);
    for (uint32_t i = 0; i < sketch->set && entries != NULL; i++) sketch->registers[entries[i] >> 8] = (uint8_t)entries[i];
    sketch->bytes = (uint32_t)(sizeof(*sketch) + register_count(sketch));
    free(entries);
    sketch->entries = NULL;
}

struct sketch *sketch_create(uint8_t registers_log2, bool cold) {
    struct sketch *sketch = calloc(1, sizeof(*sketch));
    CHECK_MEMORY(sketch != NULL);
    sketch->registers_log2 = registers_log2;
    sketch->cold = cold;
    sketch->bytes = sizeof(*sketch);
    if (registers_log2 == HLL_REGISTERS_LOG2) become_dense(sketch);
    return sketch;
}

void sketch_destroy(struct sketch *sketch) {
    if (sketch == NULL) return;
    free(sketch->registers);
    free(sketch->entries);
    free(sketch->raises);
    free(sketch);
}

/* Room for one more entry; false when it has become dense instead. */
static bool entries_grow(struct sketch *sketch) {
    if (sketch->set < sketch->room) return true;
    if (sketch->set * sizeof(*sketch->entries) >= register_count(sketch) / 4) {
        become_dense(sketch);
        return false;
    }
    sketch->room = sketch->room == 0 ? ENTRIES_FIRST : sketch->room * 2;
    sketch->entries = realloc(sketch->entries, sketch->room * sizeof(*sketch->entries));
    CHECK_MEMORY(sketch->entries != NULL);
    sketch->bytes = (uint32_t)(sizeof(*sketch) + sketch->room * sizeof(*sketch->entries));
    return true;
}

static bool raise_entry(struct sketch *sketch, uint32_t index, uint8_t rank) {
    uint32_t low = 0;
    uint32_t high = sketch->set;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sketch->entries[middle] >> 8 < index)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < sketch->set && sketch->entries[low] >> 8 == index) {
        if (rank <= (uint8_t)sketch->entries[low]) return false;
    } else if (entries_grow(sketch)) {
        memmove(&sketch->entries[low + 1], &sketch->entries[low], (sketch->set - low) * sizeof(*sketch->entries));
        sketch->set++;
    } else {
        return sketch_raise(sketch, index, rank);
    }
    sketch->entries[low] = index << 8 | rank;
    return true;
}

static bool raise_register(struct sketch *sketch, uint32_t index, uint8_t rank) {
    return sketch->registers == NULL ? raise_entry(sketch, index, rank) : sketch_raise(sketch, index, rank);
}

bool sketch_add(struct sketch *sketch, uint64_t print, int64_t offset) {
    uint16_t index = (uint16_t)sketch_index(print, sketch->registers_log2);
    uint8_t rank = sketch_rank(print, sketch->registers_log2);
    if (!raise_register(sketch, index, rank)) return false;
    if (!sketch->cold) return true;
    if (sketch->raise_count == sketch->raise_capacity) {
        sketch->raise_capacity = sketch->raise_capacity * 2 + RAISES_FIRST;
        sketch->raises = realloc(sketch->raises, sketch->raise_capacity * sizeof(*sketch->raises));
        CHECK_MEMORY(sketch->raises != NULL);
    }
    sketch->raises[sketch->raise_count++] = (struct sketch_raise){offset, index, rank};
    return true;
}

static bool dense_read(struct sketch *sketch, const unsigned char *bytes, size_t length) {
    size_t count = register_count(sketch);
    if (length != 1 + count) return false;
    if (sketch->registers == NULL) become_dense(sketch);
    for (size_t i = 0; i < count; i++) {
        if (bytes[1 + i] > rank_max(sketch)) return false;
        (void)raise_register(sketch, (uint32_t)i, bytes[1 + i]);
    }
    return true;
}

static bool sparse_read(struct sketch *sketch, const unsigned char *bytes, size_t length) {
    if ((length - 1) % SPARSE_ENTRY_BYTES != 0) return false;
    int32_t last = -1;
    for (size_t at = 1; at < length; at += SPARSE_ENTRY_BYTES) {
        int32_t index = bytes[at] << 8 | bytes[at + 1];
        uint8_t rank = bytes[at + 2];
        if (index <= last || (size_t)index >= register_count(sketch) || rank == 0 || rank > rank_max(sketch)) return false;
        (void)raise_register(sketch, (uint32_t)index, rank);
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
    if (sketch->registers != NULL) memset(sketch->registers, 0, register_count(sketch));
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

static size_t put_entry(char *out, uint32_t index, uint8_t rank) {
    out[0] = (char)(unsigned char)(index >> 8);
    out[1] = (char)(unsigned char)(index & 255);
    out[2] = (char)rank;
    return SPARSE_ENTRY_BYTES;
}

size_t sketch_format(const struct sketch *sketch, char out[static SKETCH_BLOB_BYTES_MAX]) {
    size_t count = register_count(sketch);
    if (sketch->set > sketch_sparse_max(sketch->registers_log2)) {
        out[0] = FORM_DENSE;
        memcpy(out + 1, sketch->registers, count);
        return 1 + count;
    }
    size_t length = 0;
    out[length++] = FORM_SPARSE;
    if (sketch->registers == NULL) {
        for (uint32_t i = 0; i < sketch->set; i++)
            length += put_entry(out + length, sketch->entries[i] >> 8, (uint8_t)sketch->entries[i]);
        return length;
    }
    for (size_t i = 0; i < count; i++) {
        if (sketch->registers[i] != 0) length += put_entry(out + length, (uint32_t)i, sketch->registers[i]);
    }
    return length;
}
