/* The cut: everything that changed since the last one, as hashes of absolute values, then what retention deletes; and
 * the reading of cold hashes that must come before it.
 *
 * Deterministic order: accounts by number; hashes of cells by (kind, bucket, shard), in each the latest changed cell
 * first; registry records in log order; retired hashes by (kind, bucket, shard). Hashes that retention has passed are
 * not written any more: a cell that was booked and has expired since the last cut never reaches the store.
 *
 * What is written is a function of the log up to `next`; *when* it is written is not, and must not matter. */
#include "aggregate/rollup/state.h"

#include "check.h"

bool rollup_cold(struct rollup *rollup, struct hash_id *id) {
    uint64_t place;
    if (!table_cold(&rollup->table, &place)) return false;
    *id = layout_hash_id(place);
    return true;
}

bool rollup_fill(struct rollup *rollup, struct hash_id id, struct slice field, struct slice value,
                 struct fault *fault) {
    if (table_fill(&rollup->table, id, field, value)) return true;
    return fault_set(fault, STOP_STATE_DAMAGED, false,
                     "a field of hash %c:%d:%u is not of the layout; the key is damaged", (char)id.kind,
                     id.bucket, id.shard);
}

void rollup_filled(struct rollup *rollup, struct hash_id id) {
    table_filled(&rollup->table, layout_place(id));
}

static void cut_accounts(struct rollup *rollup, const struct batch_writer *writer) {
    struct accounts *accounts = &rollup->accounts;
    size_t count;
    const uint32_t *dirty = accounts_dirty(accounts, &count);
    for (size_t i = 0; i < count;) {
        uint32_t shard = accounts_at(accounts, dirty[i])->number >> SHARD_ACCOUNTS_LOG2;
        int64_t last_change = INT64_MIN;
        size_t end = i;
        for (; end < count; end++) {
            const struct account *account = accounts_at(accounts, dirty[end]);
            if (account->number >> SHARD_ACCOUNTS_LOG2 != shard) break;
            if (account->last_change > last_change) last_change = account->last_change;
        }
        writer->hash(writer->context, (struct hash_id){HASH_ACCOUNT, 0, shard}, last_change);
        for (; i < end; i++) {
            const struct account *account = accounts_at(accounts, dirty[i]);
            char field[24];
            char value[ACCOUNT_VALUE_BYTES_MAX];
            size_t field_length = layout_number(account->number & ((1U << SHARD_ACCOUNTS_LOG2) - 1), field);
            size_t value_length = accounts_format(accounts, account, value);
            writer->field(writer->context, (struct slice){field, field_length},
                          (struct slice){value, value_length});
        }
    }
    accounts_clean(accounts);
}

static void cut_cell(struct rollup *rollup, const struct cell *cell, const struct batch_writer *writer) {
    char field[FIELD_BYTES_MAX];
    char value[VALUE_BYTES_MAX];
    struct slice field_text = {field, layout_field(cell->place, cell->facet, field)};
    struct slice value_text = {value, 0};
    if (rank_is_sketch(place_rank(cell->place))) {
        value_text = (struct slice){rollup->blob, sketch_format(cell->sketch, rollup->blob)};
    } else {
        value_text.length = layout_value(&cell->amounts, value);
    }
    writer->field(writer->context, field_text, value_text);
}

/* Writes the changed cells of a shelf and cleans them on the way: they are in the cache now and not later. */
static void cut_shelf(struct rollup *rollup, struct shelf *shelf, const struct batch_writer *writer) {
    struct table *table = &rollup->table;
    CHECK(shelf->state == SHELF_KNOWN);
    int64_t last_change = CELL_UNCHANGED;
    for (uint32_t at = shelf->dirty; at != CELL_END;) {
        const struct cell *cell = table_at(table, at);
        at = cell->next_dirty;
        if (at != CELL_END) __builtin_prefetch(table_at(table, at));
        if (cell->last_change > last_change) last_change = cell->last_change;
    }
    if (last_change != CELL_UNCHANGED) writer->hash(writer->context, layout_hash_id(shelf->place), last_change);
    for (uint32_t at = shelf->dirty; at != CELL_END;) {
        struct cell *cell = table_at(table, at);
        at = cell->next_dirty;
        cell->next_dirty = CELL_CLEAN;
        if (cell->last_change != CELL_UNCHANGED) cut_cell(rollup, cell, writer);
    }
    shelf->dirty = CELL_END;
}

static int key_compare(const void *left, const void *right) {
    const uint64_t *a = left;
    const uint64_t *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Calls `each` for every hash of the bucket that exists. */
static void bucket_each(struct rollup *rollup, uint64_t key,
                        void (*each)(struct rollup *, uint64_t, const struct batch_writer *),
                        const struct batch_writer *writer) {
    const struct catalog_entry *entry = catalog_find(&rollup->table.catalog, key);
    CHECK(entry != NULL);
    for (uint32_t word = 0; word < entry->words; word++) {
        for (uint64_t left = entry->bits[word]; left != 0; left &= left - 1) {
            uint32_t shard = word * 64 + (uint32_t)__builtin_ctzll(left);
            each(rollup, key | (uint64_t)shard << SHARD_ACCOUNTS_LOG2, writer);
        }
    }
}

static void shelf_drop(struct rollup *rollup, uint64_t place, const struct batch_writer *writer) {
    (void)writer;
    table_drop(&rollup->table, place);
}

static void shelf_retire(struct rollup *rollup, uint64_t place, const struct batch_writer *writer) {
    (void)rollup;
    writer->retire(writer->context, layout_hash_id(place));
}

/* The keys of the buckets that retention has passed, sorted; owned by the caller. */
static uint64_t *expired(struct rollup *rollup, size_t *count) {
    const struct catalog *catalog = &rollup->table.catalog;
    *count = 0;
    uint64_t *keys = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < catalog->count; i++) {
        uint64_t key = catalog->entries[i].key;
        if (key == 0 || bucket_open(rollup, place_rank(key), place_bucket(key))) continue;
        if (*count == capacity) {
            capacity = capacity * 2 + 64;
            keys = realloc(keys, capacity * sizeof(*keys));
            CHECK_MEMORY(keys != NULL);
        }
        keys[(*count)++] = key;
    }
    if (*count > 0) qsort(keys, *count, sizeof(*keys), key_compare);
    return keys;
}

void rollup_cut(struct rollup *rollup, const struct batch_writer *writer) {
    struct table *table = &rollup->table;
    const struct progress *progress = &rollup->progress;
    CHECK(progress->ordinal == 0 || progress->next > progress->tail_offset); /* never between the events of one message */
    table_gather(table);
    book_memos_clear(rollup);
    size_t expired_count;
    uint64_t *keys = expired(rollup, &expired_count);
    for (size_t i = 0; i < expired_count; i++) bucket_each(rollup, keys[i], shelf_drop, writer);

    cut_accounts(rollup, writer);
    size_t dirty_count;
    const uint32_t *dirty = table_dirty(table, &dirty_count);
    for (size_t i = 0; i < dirty_count; i++) cut_shelf(rollup, &table->shelves[dirty[i]], writer);
    units_cut(&rollup->units, writer);

    for (size_t i = 0; i < expired_count; i++) {
        bucket_each(rollup, keys[i], shelf_retire, writer);
        catalog_remove(&table->catalog, keys[i]);
    }
    free(keys);
    table_clean(table);
    table_evict(table, rollup->options.cells_max);
}
