/* Cells: the hot half of the table. (Shelves, reading and eviction: shelf.c.)
 *
 * A hot event books three to six cells, so a cell must cost one look-up and no more: one open-addressing table over
 * all kinds, from (place, facet) straight to the cell, which is one cache line: key, amounts and list links together.
 * The hash of the store that a cell is a field of (its shelf) is looked up only when a cell is made, and at the cut,
 * where the misses of many cells overlap.
 *
 *     refs: hash(place, facet) -> cell, 64 bytes, never moved; one for the ledger, one for the few hot others
 *     shelf: place without lane -> list of its cells, list of its changed cells, state
 *     catalog: which hashes exist in the store but need not be in memory
 *
 * Cells that are made while their shelf is still to be read hold deltas; since everything here is a sum (or a
 * maximum), the stored part is simply added when it arrives, and nobody needs to know which of the two came first.
 *
 * What was not done: two levels (hash, then field), which costs a second miss per booking; fixed arrays per hash
 * (facets are sparse); 64-bit sums with an overflow flag (16 bytes fit the line). */
#include "aggregate/rollup/table.h"

#include "aggregate/rollup/pages.h"
#include "aggregate/rollup/shelf.h"
#include "check.h"

enum { REFS_LOG2_FIRST = 12, SHELF_REFS_LOG2_FIRST = 8, SLAB_CHUNKS = 8 };
_Static_assert(SLAB_CHUNKS * TABLE_CHUNK_CELLS * sizeof(struct cell) == PAGES_HUGE_BYTES, "a slab is a huge page");

/* How many chunks the block has that chunk `first` begins: small tables grow by a chunk, big ones by a huge page. */
static uint32_t slab_chunks(uint32_t first) {
    return first < SLAB_CHUNKS ? 1 : SLAB_CHUNKS;
}

bool table_create(struct table *table, const uint64_t hash_key[static 2]) {
    *table = (struct table){.hash_key = {hash_key[0], hash_key[1]}, .cell_free = CELL_END, .shelf_free = CELL_END};
    bool fine = refs_create(&table->ledger_refs, REFS_LOG2_FIRST);
    fine = refs_create(&table->other_refs, REFS_LOG2_FIRST) && fine;
    fine = refs_create(&table->shelf_refs, SHELF_REFS_LOG2_FIRST) && fine;
    fine = catalog_create(&table->catalog) && fine;
    if (!fine) table_destroy(table);
    return fine;
}

void table_destroy(struct table *table) {
    for (uint32_t i = 0; i < table->shelf_count; i++) {
        const struct shelf *shelf = &table->shelves[i];
        if (shelf->state == SHELF_NONE || !rank_is_sketch(place_rank(shelf->place))) continue;
        for (uint32_t at = shelf->cells; at != CELL_END; at = table_at(table, at)->next)
            sketch_destroy(table_at(table, at)->sketch);
    }
    for (uint32_t i = 0; i < table->chunk_count; i += slab_chunks(i)) {
        pages_destroy(table->chunks[i], slab_chunks(i) * TABLE_CHUNK_CELLS * sizeof(struct cell));
    }
    free(table->chunks);
    free(table->shelves);
    free(table->dirty);
    free(table->dirty_shelves);
    free(table->wanted);
    refs_destroy(&table->ledger_refs);
    refs_destroy(&table->other_refs);
    refs_destroy(&table->shelf_refs);
    catalog_destroy(&table->catalog);
    *table = (struct table){0};
}

/* Memory for `count` chunks, all in one block. */
static void slab_add(struct table *table, uint32_t count) {
    if (table->chunk_room + count > table->chunk_capacity) {
        table->chunk_capacity = table->chunk_capacity * 2 + 4 * SLAB_CHUNKS;
        table->chunks = realloc(table->chunks, table->chunk_capacity * sizeof(struct cell *));
        CHECK_MEMORY(table->chunks != NULL);
    }
    struct cell *cells = pages_create(count * TABLE_CHUNK_CELLS * sizeof(*cells));
    CHECK_MEMORY(cells != NULL);
    for (uint32_t i = 0; i < count; i++) table->chunks[table->chunk_room++] = cells + (size_t)i * TABLE_CHUNK_CELLS;
}

static void chunk_add(struct table *table) {
    CHECK(table->chunk_count < UINT32_MAX / TABLE_CHUNK_CELLS - 1);
    if (table->chunk_count == table->chunk_room) slab_add(table, slab_chunks(table->chunk_count));
    uint32_t first = table->chunk_count << TABLE_CHUNK_LOG2;
    struct cell *chunk = table->chunks[table->chunk_count++];
    for (uint32_t i = 0; i < TABLE_CHUNK_CELLS; i++) {
        chunk[i].next = i + 1 < TABLE_CHUNK_CELLS ? first + i + 1 : table->cell_free;
    }
    table->cell_free = first;
}

static __attribute__((noinline)) uint32_t cell_make(struct table *table, uint64_t place, uint64_t facet) {
    uint32_t shelf_index = shelf_ensure(table, place_hash(place));
    struct shelf *shelf = &table->shelves[shelf_index];
    if (table->cell_free == CELL_END) chunk_add(table);
    uint32_t index = table->cell_free;
    struct cell *cell = table_at(table, index);
    table->cell_free = cell->next;
    *cell = (struct cell){.place = place,
                          .facet = facet,
                          .last_change = CELL_UNCHANGED,
                          .next_dirty = CELL_CLEAN,
                          .next = shelf->cells};
    shelf->cells = index;
    shelf->count++;
    if (rank_is_sketch(place_rank(place))) {
        cell->sketch = sketch_create(rank_registers_log2(place_rank(place)), shelf->state != SHELF_KNOWN);
        table->sketch_bytes += cell->sketch->bytes;
    }
    table->cells++;
    refs_insert(table_refs(table, place), table_hash(table, place, facet), index);
    return index;
}

uint32_t table_cell(struct table *table, uint64_t place, uint64_t facet) {
    const struct refs *refs = table_refs(table, place);
    uint64_t hash = table_hash(table, place, facet);
    uint64_t at = refs_home(refs, hash);
    uint32_t index;
    while (refs_next(refs, hash, &at, &index)) {
        const struct cell *cell = table_at(table, index);
        if (cell->place == place && cell->facet == facet) return index;
    }
    return cell_make(table, place, facet);
}

void table_list(struct table *table, uint32_t index) {
    struct cell *cell = table_at(table, index);
    CHECK(cell->next_dirty == CELL_CLEAN);
    cell->next_dirty = CELL_END;
    if (table->dirty_count == table->dirty_capacity) {
        table->dirty_capacity = table->dirty_capacity * 2 + 1024;
        table->dirty = realloc(table->dirty, table->dirty_capacity * sizeof(*table->dirty));
        CHECK_MEMORY(table->dirty != NULL);
    }
    table->dirty[table->dirty_count++] = index;
}

void table_add_print_slowly(struct table *table, uint32_t index, int64_t offset, uint64_t print) {
    struct sketch *sketch = table_at(table, index)->sketch;
    uint32_t before = sketch->bytes;
    if (!sketch_add(sketch, print, offset)) return;
    table->sketch_bytes += sketch->bytes - before;
    table_touch(table, index, offset);
}

size_t table_weight(const struct table *table) {
    return table->cells + table->sketch_bytes / sizeof(struct cell);
}

size_t table_bytes(const struct table *table) {
    return refs_bytes(&table->ledger_refs) + refs_bytes(&table->other_refs) + refs_bytes(&table->shelf_refs) +
           catalog_bytes(&table->catalog) +
           (size_t)table->chunk_room * TABLE_CHUNK_CELLS * sizeof(struct cell) +
           table->sketch_bytes + table->shelf_capacity * sizeof(*table->shelves) +
           table->dirty_shelf_capacity * sizeof(*table->dirty_shelves) +
           table->dirty_capacity * sizeof(*table->dirty) + table->wanted_capacity * sizeof(*table->wanted);
}
