/* The life of a shelf: made, read, changed, written, evicted or retired.
 *
 *     not in the catalog --first cell--> KNOWN           (nothing is stored: what is in memory is all there is)
 *     in the catalog     --first cell--> WANTED --table_cold--> READING --table_fill*, table_filled--> KNOWN
 *     KNOWN, clean       --memory short, at a cut--> gone; the catalog still has it
 *     any                --retention, at a cut-----> gone; the catalog forgets it
 *
 * Eviction looks at the cut in which a shelf last changed and nothing else. It decides what is in memory, never what
 * a value is: every value comes back from the store as it was, and additions commute. */
#include "aggregate/rollup/shelf.h"

#include "check.h"

enum { LIST_FIRST = 64, GATHER_AHEAD = 8 };

static uint64_t shelf_hash(const struct table *table, uint64_t place) {
    return table_hash(table, place, 1);
}

uint32_t shelf_find(const struct table *table, uint64_t place) {
    uint64_t hash = shelf_hash(table, place);
    uint64_t at = refs_home(&table->shelf_refs, hash);
    uint32_t index;
    while (refs_next(&table->shelf_refs, hash, &at, &index)) {
        if (table->shelves[index].place == place) return index;
    }
    return CELL_END;
}

static void push(uint32_t **list, size_t *count, size_t *capacity, uint32_t index) {
    if (*count == *capacity) {
        *capacity = *capacity * 2 + LIST_FIRST;
        *list = realloc(*list, *capacity * sizeof(**list));
        CHECK_MEMORY(*list != NULL);
    }
    (*list)[(*count)++] = index;
}

static uint32_t shelf_take(struct table *table) {
    uint32_t index = table->shelf_free;
    if (index != CELL_END) {
        table->shelf_free = table->shelves[index].next_free;
        return index;
    }
    if (table->shelf_count == table->shelf_capacity) {
        table->shelf_capacity = table->shelf_capacity * 2 + LIST_FIRST;
        table->shelves = realloc(table->shelves, table->shelf_capacity * sizeof(*table->shelves));
        CHECK_MEMORY(table->shelves != NULL);
    }
    return table->shelf_count++;
}

uint32_t shelf_ensure(struct table *table, uint64_t place) {
    uint32_t index = shelf_find(table, place);
    if (index != CELL_END) return index;
    index = shelf_take(table);
    bool stored = catalog_has(&table->catalog, place);
    table->shelves[index] = (struct shelf){.place = place,
                                           .state = stored ? SHELF_WANTED : SHELF_KNOWN,
                                           .cells = CELL_END,
                                           .dirty = CELL_END,
                                           .touched = table->cut};
    refs_insert(&table->shelf_refs, shelf_hash(table, place), index);
    if (stored) {
        push(&table->wanted, &table->wanted_count, &table->wanted_capacity, index);
    } else {
        catalog_add(&table->catalog, place);
    }
    return index;
}

static void gather(struct table *table, uint32_t index) {
    struct cell *cell = table_at(table, index);
    uint32_t shelf_index = shelf_find(table, place_hash(cell->place));
    CHECK(shelf_index != CELL_END);
    struct shelf *shelf = &table->shelves[shelf_index];
    if (shelf->dirty == CELL_END) {
        shelf->touched = table->cut;
        push(&table->dirty_shelves, &table->dirty_shelf_count, &table->dirty_shelf_capacity, shelf_index);
    }
    cell->next_dirty = shelf->dirty;
    shelf->dirty = index;
}

/* Requests what gather() will touch some cells later: the cell, then the slot of its shelf, then the shelf. */
static void gather_ahead(const struct table *table, size_t i) {
    const uint32_t *dirty = table->dirty;
    if (i + 3 * GATHER_AHEAD < table->dirty_count) {
        __builtin_prefetch(table_at(table, dirty[i + 3 * GATHER_AHEAD]), 1);
    }
    if (i + 2 * GATHER_AHEAD < table->dirty_count) {
        uint64_t place = place_hash(table_at(table, dirty[i + 2 * GATHER_AHEAD])->place);
        __builtin_prefetch(refs_line(&table->shelf_refs, shelf_hash(table, place)));
    }
    if (i + GATHER_AHEAD < table->dirty_count) {
        uint64_t hash = shelf_hash(table, place_hash(table_at(table, dirty[i + GATHER_AHEAD])->place));
        uint64_t at = refs_home(&table->shelf_refs, hash);
        uint32_t index;
        if (refs_next(&table->shelf_refs, hash, &at, &index)) __builtin_prefetch(&table->shelves[index], 1);
    }
}

void table_gather(struct table *table) {
    CHECK(!table_is_cold(table));
    for (size_t i = 0; i < table->dirty_count; i++) {
        gather_ahead(table, i);
        gather(table, table->dirty[i]);
    }
}

bool table_cold(struct table *table, uint64_t *place) {
    if (table->wanted_first == table->wanted_count) return false;
    struct shelf *shelf = &table->shelves[table->wanted[table->wanted_first++]];
    if (table->wanted_first == table->wanted_count) table->wanted_first = table->wanted_count = 0;
    CHECK(shelf->state == SHELF_WANTED);
    shelf->state = SHELF_READING;
    table->reading++;
    *place = shelf->place;
    return true;
}

static struct shelf *shelf_reading(struct table *table, uint64_t place) {
    uint32_t index = shelf_find(table, place);
    CHECK(index != CELL_END);
    CHECK(table->shelves[index].state == SHELF_READING);
    return &table->shelves[index];
}

static bool fill_sketch(struct table *table, struct cell *cell, struct slice value) {
    table->sketch_bytes -= cell->sketch->bytes;
    bool fine = sketch_fill(cell->sketch, value, &cell->last_change);
    table->sketch_bytes += cell->sketch->bytes;
    return fine;
}

bool table_fill(struct table *table, struct hash_id id, struct slice field, struct slice value) {
    uint64_t facet;
    uint32_t lane;
    uint64_t place = layout_place(id);
    (void)shelf_reading(table, place);
    if (!layout_field_parse(field, &facet, &lane)) return false;
    if (place_hash(place | lane) != place) return false;
    enum kind_rank rank = place_rank(place);
    if (lane != 0 && !rank_has_shards(rank) && rank != RANK_HISTOGRAM && rank != RANK_DELAY) return false;
    bool is_sketch = rank_is_sketch(rank);
    struct amounts stored;
    if (!is_sketch && !layout_value_parse(value, &stored)) return false;
    struct cell *cell = table_at(table, table_cell(table, place | lane, facet));
    if (is_sketch) return cell->sketch->cold && value.length > 0 && fill_sketch(table, cell, value);
    cell->amounts.n += stored.n;
    cell->amounts.sum += stored.sum;
    cell->amounts.unconverted += stored.unconverted;
    return true;
}

void table_filled(struct table *table, uint64_t place) {
    struct shelf *shelf = shelf_reading(table, place);
    shelf->state = SHELF_KNOWN;
    table->reading--;
    if (!rank_is_sketch(place_rank(place))) return;
    for (uint32_t at = shelf->cells; at != CELL_END; at = table_at(table, at)->next) {
        struct cell *cell = table_at(table, at);
        if (cell->sketch->cold) CHECK(fill_sketch(table, cell, (struct slice){NULL, 0}));
    }
}

void table_drop(struct table *table, uint64_t place) {
    CHECK(!table_is_cold(table));
    uint32_t index = shelf_find(table, place);
    if (index == CELL_END) return;
    struct shelf *shelf = &table->shelves[index];
    for (uint32_t at = shelf->cells; at != CELL_END;) {
        struct cell *cell = table_at(table, at);
        uint32_t next = cell->next;
        refs_remove(table_refs(table, cell->place), table_hash(table, cell->place, cell->facet), at);
        if (rank_is_sketch(place_rank(place))) {
            table->sketch_bytes -= cell->sketch->bytes;
            sketch_destroy(cell->sketch);
        }
        cell->next = table->cell_free;
        table->cell_free = at;
        table->cells--;
        at = next;
    }
    refs_remove(&table->shelf_refs, shelf_hash(table, place), index);
    *shelf = (struct shelf){.state = SHELF_NONE,
                            .cells = CELL_END,
                            .dirty = CELL_END,
                            .next_free = table->shelf_free};
    table->shelf_free = index;
}

/* Sorting needs the places beside the indices; qsort has no context, so both go into one array of pairs. */
struct ranked {
    uint64_t touched;
    uint64_t place;
    uint32_t index;
};

static int ranked_compare(const void *left, const void *right) {
    const struct ranked *a = left;
    const struct ranked *b = right;
    if (a->touched != b->touched) return a->touched < b->touched ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

const uint32_t *table_dirty(struct table *table, size_t *count) {
    struct ranked *ranked = calloc(table->dirty_shelf_count + 1, sizeof(*ranked));
    CHECK_MEMORY(ranked != NULL);
    size_t kept = 0;
    for (size_t i = 0; i < table->dirty_shelf_count; i++) {
        const struct shelf *shelf = &table->shelves[table->dirty_shelves[i]];
        if (shelf->state == SHELF_NONE) continue; /* dropped */
        ranked[kept++] = (struct ranked){.place = shelf->place, .index = table->dirty_shelves[i]};
    }
    qsort(ranked, kept, sizeof(*ranked), ranked_compare);
    for (size_t i = 0; i < kept; i++) table->dirty_shelves[i] = ranked[i].index;
    free(ranked);
    table->dirty_shelf_count = kept;
    *count = kept;
    return table->dirty_shelves;
}

void table_clean(struct table *table) {
    for (size_t i = 0; i < table->dirty_shelf_count; i++) {
        struct shelf *shelf = &table->shelves[table->dirty_shelves[i]];
        for (uint32_t at = shelf->dirty; at != CELL_END;) {
            struct cell *cell = table_at(table, at);
            at = cell->next_dirty;
            cell->next_dirty = CELL_CLEAN;
        }
        shelf->dirty = CELL_END; /* nothing is left to do where the cut has written */
    }
    table->dirty_shelf_count = 0;
    table->dirty_count = 0;
    table->cut++;
}

void table_evict(struct table *table, size_t cells_max) {
    CHECK(table->dirty_shelf_count == 0);
    if (table_weight(table) <= cells_max) return;
    struct ranked *ranked = calloc(table->shelf_count + 1, sizeof(*ranked));
    CHECK_MEMORY(ranked != NULL);
    size_t count = 0;
    for (uint32_t i = 0; i < table->shelf_count; i++) {
        const struct shelf *shelf = &table->shelves[i];
        if (shelf->state != SHELF_KNOWN) continue;
        ranked[count++] = (struct ranked){shelf->touched, shelf->place, i};
    }
    qsort(ranked, count, sizeof(*ranked), ranked_compare);
    for (size_t i = 0; i < count && table_weight(table) > cells_max / 4 * 3; i++)
        table_drop(table, ranked[i].place);
    free(ranked);
}
