/* The accounts of one partition: number, name, first and last day of each activity (schemas/store-layout.md §6).
 *
 * Never retired: all of them are in memory. Sources are interned, because there are few and every account repeats one. */
#ifndef NHIP_ROLLUP_ACCOUNTS_H
#define NHIP_ROLLUP_ACCOUNTS_H

#include "aggregate/rollup/layout.h"
#include "aggregate/rollup/mix.h"
#include "aggregate/rollup/refs.h"

#define ACCOUNT_NONE UINT32_MAX
#define SOURCE_NONE UINT32_MAX

enum {
    ACTIVITY_DAY_NONE = INT32_MIN,
    ACCOUNT_VALUE_BYTES_MAX = 2 * ID_BYTES_MAX + 2 + (ACTIVITY_COUNT - 1) * 24,
};

struct account {
    int64_t last_change; /* offset of the record that numbered it or moved a day */
    uint32_t number;
    uint32_t source;
    int32_t first_days[ACTIVITY_COUNT - 1];
    int32_t last_days[ACTIVITY_COUNT - 1];
    uint8_t id_length;
    bool dirty;
    char id[]; /* in the same cache line or the next */
};

struct account_source {
    char text[ID_BYTES_MAX];
    uint32_t first; /* the least number of its accounts, which is its name in cells; ACCOUNT_NONE: it has none */
    uint8_t length;
    uint8_t mark; /* the roll-up's: its declared booking status */
};

struct accounts {
    uint64_t hash_key[2];
    struct refs refs; /* -> handles: places in the arena, in units of 8 bytes */
    char **chunks;
    uint32_t chunk_count;
    uint32_t chunk_capacity;
    uint32_t chunk_used; /* bytes of the last chunk */
    size_t count;
    struct refs source_refs;
    struct account_source *sources;
    uint32_t source_count;
    uint32_t source_capacity;
    uint32_t source_last; /* the last one found */
    uint32_t *dirty;      /* handles */
    size_t dirty_count;
    size_t dirty_capacity;
};

/* False when memory is short; later shortage stops the process. `hash_key`: secret, or names can be made to meet. */
bool accounts_create(struct accounts *accounts, const uint64_t hash_key[static 2]);
void accounts_destroy(struct accounts *accounts);

static inline uint64_t accounts_source_hash(const struct accounts *accounts, struct slice source) {
    return mix_text(source, accounts->hash_key[0], accounts->hash_key[1]);
}
static inline uint64_t accounts_hash(const struct accounts *accounts, uint64_t source_hash, struct slice id) {
    return mix_text(id, source_hash, accounts->hash_key[1]);
}

/* A known source, or SOURCE_NONE. */
uint32_t accounts_source(struct accounts *accounts, struct slice source, uint64_t source_hash);
/* The same, interned when it is new, with this mark. */
uint32_t accounts_source_add(struct accounts *accounts, struct slice source, uint64_t source_hash,
                             uint8_t mark);

/* Whether this handle, which must be one, is the account of that name. */
bool accounts_is(const struct accounts *accounts, uint32_t handle, struct slice source, struct slice id);
/* The handle of an account, or ACCOUNT_NONE. Exact: the bytes are compared. */
uint32_t accounts_find(const struct accounts *accounts, uint32_t source, struct slice id, uint64_t hash);
uint32_t accounts_add(struct accounts *accounts, uint32_t source, struct slice id, uint64_t hash,
                      uint32_t number);
/* Lists it as changed by the record at `offset`. */
void accounts_touch(struct accounts *accounts, uint32_t handle, int64_t offset);
/* It did this on that day: widens first and last; touches when that changed something. */
void accounts_active(struct accounts *accounts, uint32_t handle, enum activity activity, int32_t day,
                     int64_t offset);

/* Sorts the changed handles by account number. */
const uint32_t *accounts_dirty(struct accounts *accounts, size_t *count);
void accounts_clean(struct accounts *accounts);

size_t accounts_format(const struct accounts *accounts, const struct account *account,
                       char out[static ACCOUNT_VALUE_BYTES_MAX]);
/* Reads a stored value: the id's slice, its source, and the days into `days` (id[] is not written). False: not of the
 * layout. */
bool accounts_parse(struct slice value, struct slice *source, struct slice *id, struct account *days);
size_t accounts_bytes(const struct accounts *accounts);

enum { ACCOUNT_CHUNK_LOG2 = 21, ACCOUNT_UNIT_LOG2 = 3 };

static inline struct account *accounts_at(const struct accounts *accounts, uint32_t handle) {
    uint32_t units = 1U << (ACCOUNT_CHUNK_LOG2 - ACCOUNT_UNIT_LOG2);
    char *chunk = accounts->chunks[handle / units];
    return (struct account *)(void *)(chunk + ((size_t)(handle % units) << ACCOUNT_UNIT_LOG2));
}

#endif
