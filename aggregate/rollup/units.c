/* Registry records, see units.h.
 *
 * The roll-up does not read them: which unit an account belongs to is decided when a snapshot is made, so that a
 * corrected link changes past periods as a revision. Ordinals only grow, so a shard is always appended to and no
 * stored field is ever needed. */
#include "aggregate/rollup/units.h"

#include "aggregate/rollup/layout.h"
#include "check.h"

enum { UNIT_SEPARATOR = 0x1F };

static void reserve(struct units *units, size_t more) {
    if (units->used + more <= units->capacity) return;
    units->capacity = (units->used + more) * 2;
    units->bytes = realloc(units->bytes, units->capacity);
    CHECK_MEMORY(units->bytes != NULL);
}

void units_keep(struct units *units, int64_t ordinal, int64_t offset, struct slice document) {
    CHECK(ordinal >= 0 && ordinal <= UINT32_MAX);
    CHECK(document.length <= MESSAGE_BYTES_MAX);
    if (units->count == units->entry_capacity) {
        units->entry_capacity = units->entry_capacity * 2 + 16;
        units->entries = realloc(units->entries, units->entry_capacity * sizeof(*units->entries));
        CHECK_MEMORY(units->entries != NULL);
    }
    reserve(units, document.length + 25);
    size_t start = units->used;
    char number[24];
    size_t digits = layout_number(offset, number);
    memcpy(units->bytes + units->used, number, digits);
    units->used += digits;
    units->bytes[units->used++] = UNIT_SEPARATOR;
    if (document.length > 0) memcpy(units->bytes + units->used, document.data, document.length);
    units->used += document.length;
    units->entries[units->count++] = (struct unit_entry){.offset = offset,
                                                         .ordinal = (uint32_t)ordinal,
                                                         .length = (uint32_t)(units->used - start),
                                                         .start = start};
}

void units_cut(struct units *units, const struct batch_writer *writer) {
    for (size_t i = 0; i < units->count;) {
        uint32_t shard = units->entries[i].ordinal >> SHARD_ACCOUNTS_LOG2;
        size_t end = i;
        while (end < units->count && units->entries[end].ordinal >> SHARD_ACCOUNTS_LOG2 == shard) end++;
        writer->hash(writer->context, (struct hash_id){HASH_UNIT, 0, shard}, units->entries[end - 1].offset);
        for (; i < end; i++) {
            const struct unit_entry *entry = &units->entries[i];
            char field[24];
            size_t length = layout_number(entry->ordinal & ((1U << SHARD_ACCOUNTS_LOG2) - 1), field);
            writer->field(writer->context, (struct slice){field, length},
                          (struct slice){units->bytes + entry->start, entry->length});
        }
    }
    units->count = 0;
    units->used = 0;
}

void units_destroy(struct units *units) {
    free(units->bytes);
    free(units->entries);
    *units = (struct units){0};
}
