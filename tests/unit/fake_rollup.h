/* A roll-up that is told what to say: the store's tests decide which hashes are dirty, cold or retired, and see what was handed
 * back. It takes the place of the real one in the programs that include it (the archive's objects are not pulled in). */
#ifndef NHIP_TEST_FAKE_ROLLUP_H
#define NHIP_TEST_FAKE_ROLLUP_H

#include "aggregate/rollup/rollup.h"
#include "aggregate/store/meta.h"
#include "check.h"

enum { FAKE_CELLS_MAX = 8192, FAKE_LIST_MAX = 4096, FAKE_TEXT_MAX = 64 };

struct fake_cell {
    struct hash_id id;
    int64_t offset;
    char field[FAKE_TEXT_MAX];
    char value[FAKE_TEXT_MAX];
};

struct rollup {
    struct progress progress;
    struct fake_cell dirty[FAKE_CELLS_MAX]; /* in the order of the next cut */
    size_t dirty_count;
    struct hash_id retired[FAKE_LIST_MAX];
    size_t retired_count;
    struct hash_id cold[FAKE_LIST_MAX]; /* to be asked for */
    size_t cold_count;
    size_t cold_open; /* asked for and not filled yet */
    struct fake_cell filled[FAKE_LIST_MAX];
    size_t filled_count, filled_hashes;
    struct fake_cell restored[FAKE_LIST_MAX]; /* accounts: field = number; hashes: field empty */
    size_t restored_count;
    int cuts;
};

static inline void fake_copy(char out[FAKE_TEXT_MAX], struct slice text) {
    CHECK(text.length < FAKE_TEXT_MAX);
    memset(out, 0, FAKE_TEXT_MAX);
    memcpy(out, text.data, text.length);
}

static inline void fake_set(struct rollup *rollup, struct hash_id id, const char *field, const char *value, int64_t offset) {
    CHECK(rollup->dirty_count < FAKE_CELLS_MAX);
    struct fake_cell *cell = &rollup->dirty[rollup->dirty_count++];
    cell->id = id;
    cell->offset = offset;
    fake_copy(cell->field, slice_of(field));
    fake_copy(cell->value, slice_of(value));
}

static inline void fake_cold(struct rollup *rollup, struct hash_id id) {
    CHECK(rollup->cold_count < FAKE_LIST_MAX);
    rollup->cold[rollup->cold_count++] = id;
}

static inline void fake_advance(struct rollup *rollup, int64_t next) {
    int64_t step = rollup->progress.next < 0 ? next : next - rollup->progress.next;
    rollup->progress.next = next;
    rollup->progress.ordinal += step;
    rollup->progress.counts.delivered += step;
    rollup->progress.counts.applied += step;
    rollup->progress.tail_offset = next - 1;
}

bool rollup_restore(struct rollup *rollup, const struct progress *progress, struct fault *fault) {
    (void)fault;
    rollup->progress = *progress;
    return true;
}

bool rollup_restore_account(struct rollup *rollup, uint32_t number, struct slice value, struct fault *fault) {
    (void)fault;
    CHECK(rollup->restored_count < FAKE_LIST_MAX);
    struct fake_cell *cell = &rollup->restored[rollup->restored_count++];
    cell->id = (struct hash_id){.kind = HASH_ACCOUNT, .bucket = 0, .shard = number >> 5};
    (void)snprintf(cell->field, sizeof(cell->field), "%u", number);
    fake_copy(cell->value, value);
    return true;
}

void rollup_restore_hash(struct rollup *rollup, struct hash_id id, int64_t last_change_offset) {
    CHECK(rollup->restored_count < FAKE_LIST_MAX);
    rollup->restored[rollup->restored_count++] = (struct fake_cell){.id = id, .offset = last_change_offset};
}

bool rollup_cold(struct rollup *rollup, struct hash_id *id) {
    if (rollup->cold_count == 0) return false;
    *id = rollup->cold[--rollup->cold_count];
    rollup->cold_open++;
    return true;
}

bool rollup_fill(struct rollup *rollup, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    if (slice_equal(value, SLICE("broken"))) return fault_set(fault, STOP_STATE_DAMAGED, false, "a value that is none");
    CHECK(rollup->filled_count < FAKE_LIST_MAX);
    struct fake_cell *cell = &rollup->filled[rollup->filled_count++];
    cell->id = id;
    fake_copy(cell->field, field);
    fake_copy(cell->value, value);
    return true;
}

void rollup_filled(struct rollup *rollup, struct hash_id id) {
    (void)id;
    CHECK(rollup->cold_open > 0);
    rollup->cold_open--;
    rollup->filled_hashes++;
}

void rollup_cut(struct rollup *rollup, const struct batch_writer *writer) {
    CHECK(rollup->cold_count == 0 && rollup->cold_open == 0);
    for (size_t i = 0; i < rollup->dirty_count; i++) {
        const struct fake_cell *cell = &rollup->dirty[i];
        bool same = i > 0 && memcmp(&cell->id, &cell[-1].id, sizeof(cell->id)) == 0;
        if (!same) writer->hash(writer->context, cell->id, cell->offset);
        writer->field(writer->context, slice_of(cell->field), slice_of(cell->value));
    }
    for (size_t i = 0; i < rollup->retired_count; i++)
        writer->retire(writer->context, rollup->retired[i]);
    rollup->dirty_count = rollup->retired_count = 0;
    rollup->cuts++;
}

const struct progress *rollup_progress(const struct rollup *rollup) {
    return &rollup->progress;
}

/* The rest of the contract, so that the linker has no reason to fetch the real roll-up; the store calls none of it. */
struct rollup *rollup_create(const struct rollup_options *options, struct fault *fault) {
    (void)options;
    (void)fault;
    UNREACHABLE();
    return NULL;
}

void rollup_destroy(struct rollup *rollup) {
    (void)rollup;
    UNREACHABLE();
}

void rollup_prefetch(struct rollup *rollup, const struct event *events, size_t count) {
    (void)rollup;
    (void)events;
    (void)count;
    UNREACHABLE();
}

enum verdict rollup_record(struct rollup *rollup, const struct record *record, const struct event *event, enum reason *reason) {
    (void)rollup;
    (void)record;
    (void)event;
    (void)reason;
    UNREACHABLE();
    return VERDICT_NONE;
}

void rollup_rewarm(struct rollup *rollup, const struct record *record, const struct event *event) {
    (void)rollup;
    (void)record;
    (void)event;
    UNREACHABLE();
}

bool rollup_rewarmed(struct rollup *rollup, struct fault *fault) {
    (void)rollup;
    (void)fault;
    UNREACHABLE();
    return false;
}

void rollup_advance(struct rollup *rollup, int64_t next) {
    (void)rollup;
    (void)next;
    UNREACHABLE();
}

size_t rollup_dirty_cells(const struct rollup *rollup) {
    return rollup->dirty_count;
}

size_t rollup_bytes(const struct rollup *rollup) {
    return sizeof(*rollup);
}

#endif
