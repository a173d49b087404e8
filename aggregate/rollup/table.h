/* The table of cells of one partition: ledger, pulse, histogram and late counts, and sketches, by (place, facet).
 *
 * Cells belong to shelves: a shelf is one hash of the store that is in memory, whole, or on its way. table.c tells how. */
#ifndef NHIP_ROLLUP_TABLE_H
#define NHIP_ROLLUP_TABLE_H

#include "aggregate/rollup/catalog.h"
#include "aggregate/rollup/mix.h"
#include "aggregate/rollup/sketch.h"

#define CELL_END UINT32_MAX         /* end of a list */
#define CELL_CLEAN (UINT32_MAX - 1) /* in no list of changed cells */
#define CELL_UNCHANGED INT64_MIN    /* last_change of a cell that is listed but turned out not to be changed */

enum { TABLE_CHUNK_LOG2 = 12, TABLE_CHUNK_CELLS = 1 << TABLE_CHUNK_LOG2 };

struct cell {
    uint64_t place;
    uint64_t facet;
    int64_t last_change; /* offset of the record */
    uint32_t next_dirty; /* after table_gather(): in the list of its shelf */
    uint32_t next;       /* in the shelf, or among the free */
    union {
        struct amounts amounts;
        struct sketch *sketch; /* kinds s, t and w; owned */
    };
};
_Static_assert(sizeof(struct cell) == 64, "a cell is one cache line");

enum shelf_state {
    SHELF_NONE = 0,
    SHELF_WANTED,  /* its stored fields must be read */
    SHELF_READING, /* popped by table_cold() */
    SHELF_KNOWN,   /* values in memory are absolute */
};

struct shelf {
    uint64_t place;
    enum shelf_state state;
    uint32_t cells; /* list */
    uint32_t dirty; /* list */
    uint32_t count;
    uint32_t touched; /* the cut at which it last changed */
    uint32_t next_free;
};

struct table {
    uint64_t hash_key[2];
    struct refs ledger_refs; /* -> cells by account, ledger and sketches: millions, each seen now and then */
    struct refs other_refs; /* -> all others: thousands, seen all the time, so they must lie close together */
    struct cell **chunks;
    uint32_t chunk_count; /* in use */
    uint32_t chunk_room;  /* with memory */
    uint32_t chunk_capacity;
    uint32_t cell_free;
    size_t cells;        /* in use */
    size_t sketch_bytes; /* what the sketches of those hold */
    uint32_t *dirty; /* changed cells, in order of their first change */
    size_t dirty_count;
    size_t dirty_capacity;

    struct refs shelf_refs;
    struct shelf *shelves;
    uint32_t shelf_count;
    uint32_t shelf_capacity;
    uint32_t shelf_free;
    uint32_t *dirty_shelves;
    size_t dirty_shelf_count;
    size_t dirty_shelf_capacity;
    uint32_t *wanted; /* queue of shelves to be read */
    size_t wanted_first;
    size_t wanted_count;
    size_t wanted_capacity;
    size_t reading;
    uint32_t cut; /* cuts so far */
    struct catalog catalog;
};

/* False when memory is short; later shortage stops the process. `hash_key`: as accounts_create(). */
bool table_create(struct table *table, const uint64_t hash_key[static 2]);
void table_destroy(struct table *table);

/* The cell, made when there is none (and with it its shelf: cold when the catalog knows the hash). Clean, zero when
 * new. An index stays good until the next cut. */
uint32_t table_cell(struct table *table, uint64_t place, uint64_t facet);
/* The same where `guess`, an index of a cell or CELL_END, is probably the answer. */
static inline uint32_t table_cell_guessed(struct table *table, uint32_t guess, uint64_t place, uint64_t facet);
/* The same as table_add_print(), of any sketch: it may be cold, or grow. */
void table_add_print_slowly(struct table *table, uint32_t index, int64_t offset, uint64_t print);
/* Lists a clean cell as changed. */
void table_list(struct table *table, uint32_t index);

/* Cold shelves: see rollup.h. */
bool table_cold(struct table *table, uint64_t *place);
bool table_fill(struct table *table, struct hash_id id, struct slice field, struct slice value);
void table_filled(struct table *table, uint64_t place);
static inline bool table_is_cold(const struct table *table) {
    return table->reading != 0 || table->wanted_first != table->wanted_count;
}

/* Sorts the changed cells into the lists of their shelves. The first step of a cut; no touch before table_clean(). */
void table_gather(struct table *table);
/* Drops the loaded shelf of a hash, changed or not, from memory. The catalog is left alone. No shelf may be cold. */
void table_drop(struct table *table, uint64_t place);
/* The shelves that table_gather() found, sorted by place, those dropped meanwhile taken out. */
const uint32_t *table_dirty(struct table *table, size_t *count);
/* After everything was written: all clean; then drops least recently changed shelves until about 3/4 of `cells_max`
 * remain, if more than `cells_max` are held (a sketch weighs as much as its bytes). */
void table_clean(struct table *table);
void table_evict(struct table *table, size_t cells_max);
size_t table_weight(const struct table *table);
size_t table_bytes(const struct table *table);

static inline struct cell *table_at(const struct table *table, uint32_t index) {
    return &table->chunks[index >> TABLE_CHUNK_LOG2][index & (TABLE_CHUNK_CELLS - 1)];
}

static inline uint32_t table_cell_guessed(struct table *table, uint32_t guess, uint64_t place, uint64_t facet) {
    if (guess != CELL_END) {
        const struct cell *cell = table_at(table, guess);
        if (cell->place == place && cell->facet == facet) return guess;
    }
    return table_cell(table, place, facet);
}

static inline struct refs *table_refs(struct table *table, uint64_t place) {
    return rank_has_shards(place_rank(place)) ? &table->ledger_refs : &table->other_refs;
}

static inline uint64_t table_hash(const struct table *table, uint64_t place, uint64_t facet) {
    return mix(place ^ table->hash_key[0], facet ^ table->hash_key[1]);
}

/* The record at `offset` changes the cell. */
static inline void table_touch(struct table *table, uint32_t index, int64_t offset) {
    struct cell *cell = table_at(table, index);
    cell->last_change = offset;
    if (cell->next_dirty == CELL_CLEAN) table_list(table, index);
}

/* n += 1, sum += amount, unconverted += 0 or 1. */
static inline void table_add(struct table *table, uint32_t index, int64_t offset, int64_t amount_minor,
                             bool unconverted) {
    struct amounts *amounts = &table_at(table, index)->amounts;
    amounts->n++;
    amounts->sum += amount_minor;
    amounts->unconverted += unconverted;
    table_touch(table, index, offset);
}

/* `registers_log2`: of the kind of the cell, and a constant. */
static inline void table_add_print(struct table *table, uint32_t index, int64_t offset, uint64_t print,
                                    uint8_t registers_log2) {
    struct sketch *sketch = table_at(table, index)->sketch;
    if (sketch->registers == NULL || sketch->cold) {
        table_add_print_slowly(table, index, offset, print);
        return;
    }
    if (sketch_raise(sketch, sketch_index(print, registers_log2), sketch_rank(print, registers_log2)))
        table_touch(table, index, offset);
}

#endif
