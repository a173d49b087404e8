/* Packing cells.
 *
 *     cell = how far its slot lies behind the one before | number of its facet in the block | n | sum       (a varint each)
 *
 * A varint has seven bits a byte, the lowest first, and the top bit where more follow. In a block slots ascend, so the first is 0
 * or a small number; a day knows a few hundred facets; n is small, and a sum of dong takes four bytes: eight or nine in all,
 * where a struct would take 48. Numbers of any size fit, which spares us a second form for great ones.
 *
 * The cells of a block wait unpacked until one of another day or partition comes: a partition's day is some ten thousand. They
 * come by shard and within it by facet, so sorting by slot is a counting sort; a partition of a million accounts with three cells
 * a day is sorted by comparing. */
#include "aggregate/snapshot/ledger.h"

#include "aggregate/snapshot/memory.h"

enum { CELL_BYTES_MAX = 5 + 5 + 10 + 19, SLOTS_PER_CELL = 16 };

struct numbered {
    uint64_t facet;
    uint32_t number; /* + 1; 0: free */
};

struct ledger {
    struct ledger_block *blocks;
    size_t block_count, block_capacity;
    uint64_t count;
    struct ledger_cell *waiting, *sorted; /* cells of one block */
    size_t waiting_count, waiting_capacity, sorted_capacity;
    uint32_t slot_first;
    int32_t day;
    bool in_order; /* the waiting ones, by slot */
    struct numbered *numbers; /* open addressing, for one block */
    uint32_t number_mask;
    uint64_t *facets;
    size_t facet_capacity;
    uint32_t facet_count;
    uint8_t *bytes;
    size_t byte_capacity;
    uint32_t *starts;
    size_t start_capacity;
};

struct ledger *ledger_create(void) {
    struct ledger *ledger = memory_zeroed(1, sizeof(*ledger));
    ledger->number_mask = 1023;
    ledger->numbers = memory_zeroed(ledger->number_mask + (size_t)1, sizeof(*ledger->numbers));
    return ledger;
}

static void forget_scratch(struct ledger *ledger) {
    free(ledger->waiting);
    free(ledger->sorted);
    free(ledger->facets);
    free(ledger->bytes);
    free(ledger->starts);
    ledger->waiting = ledger->sorted = NULL;
    ledger->facets = NULL;
    ledger->bytes = NULL;
    ledger->starts = NULL;
    ledger->waiting_capacity = ledger->sorted_capacity = ledger->facet_capacity = ledger->byte_capacity = 0;
    ledger->start_capacity = 0;
}

void ledger_destroy(struct ledger *ledger) {
    if (ledger == NULL) return;
    for (size_t i = 0; i < ledger->block_count; i++) {
        free(ledger->blocks[i].facets);
        free(ledger->blocks[i].bytes);
    }
    forget_scratch(ledger);
    free(ledger->blocks);
    free(ledger->numbers);
    free(ledger);
}

static uint8_t *put_varint(uint8_t *at, unsigned __int128 value) {
    for (; value > 127; value >>= 7)
        *at++ = (uint8_t)value | 128;
    *at++ = (uint8_t)value;
    return at;
}

static uint64_t take_varint(const uint8_t **at) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
}

/* The same beyond 64 bits, which hardly ever occurs. */
static unsigned __int128 take_wide(const uint8_t **at) {
    uint64_t low = 0;
    int shift = 0;
    for (; shift < 56; shift += 7) {
        uint8_t byte = *(*at)++;
        low |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return low;
    }
    unsigned __int128 value = low;
    for (;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (unsigned __int128)(byte & 127) << shift;
        if (byte < 128) return value;
    }
}

static struct numbered *place_of(const struct ledger *ledger, uint64_t facet) {
    for (uint32_t i = (uint32_t)(facet * 0x9E3779B97F4A7C15u >> 32) & ledger->number_mask;; i = (i + 1) & ledger->number_mask) {
        struct numbered *place = &ledger->numbers[i];
        if (place->number == 0 || place->facet == facet) return place;
    }
}

static void widen_numbers(struct ledger *ledger) {
    free(ledger->numbers);
    ledger->number_mask = ledger->number_mask * 2 + 1;
    ledger->numbers = memory_zeroed(ledger->number_mask + (size_t)1, sizeof(*ledger->numbers));
    for (uint32_t i = 0; i < ledger->facet_count; i++)
        *place_of(ledger, ledger->facets[i]) = (struct numbered){ledger->facets[i], i + 1};
}

static uint32_t number_of(struct ledger *ledger, uint64_t facet) {
    struct numbered *place = place_of(ledger, facet);
    if (place->number != 0) return place->number - 1;
    ledger->facets =
        memory_reserve(ledger->facets, &ledger->facet_capacity, ledger->facet_count + (size_t)1, sizeof(*ledger->facets));
    ledger->facets[ledger->facet_count++] = facet;
    *place = (struct numbered){facet, ledger->facet_count};
    if (ledger->facet_count > ledger->number_mask / 2) widen_numbers(ledger);
    return ledger->facet_count - 1;
}

static int by_slot(const void *left, const void *right) {
    uint32_t a = ((const struct ledger_cell *)left)->slot;
    uint32_t b = ((const struct ledger_cell *)right)->slot;
    return (a > b) - (a < b);
}

/* The waiting cells by slot. */
static const struct ledger_cell *sort_waiting(struct ledger *ledger) {
    size_t count = ledger->waiting_count;
    uint32_t last = 0;
    if (ledger->in_order) return ledger->waiting;
    for (size_t i = 0; i < count; i++)
        last = ledger->waiting[i].slot > last ? ledger->waiting[i].slot : last;
    size_t slots = (size_t)(last - ledger->slot_first) + 1;
    if (slots / SLOTS_PER_CELL > count) {
        qsort(ledger->waiting, count, sizeof(*ledger->waiting), by_slot);
        return ledger->waiting;
    }
    ledger->starts = memory_reserve(ledger->starts, &ledger->start_capacity, slots + 1, sizeof(*ledger->starts));
    ledger->sorted = memory_reserve(ledger->sorted, &ledger->sorted_capacity, count, sizeof(*ledger->sorted));
    memset(ledger->starts, 0, (slots + 1) * sizeof(*ledger->starts));
    for (size_t i = 0; i < count; i++)
        ledger->starts[ledger->waiting[i].slot - ledger->slot_first + 1]++;
    for (size_t i = 0; i < slots; i++)
        ledger->starts[i + 1] += ledger->starts[i];
    for (size_t i = 0; i < count; i++)
        ledger->sorted[ledger->starts[ledger->waiting[i].slot - ledger->slot_first]++] = ledger->waiting[i];
    return ledger->sorted;
}

static void *copied(const void *bytes, size_t length) {
    void *copy = memory_zeroed(length, 1);
    if (length > 0) memcpy(copy, bytes, length);
    return copy;
}

/* Packs what waits into a block. */
static void pack(struct ledger *ledger) {
    size_t count = ledger->waiting_count;
    if (count == 0) return;
    const struct ledger_cell *cells = sort_waiting(ledger);
    ledger->bytes = memory_reserve(ledger->bytes, &ledger->byte_capacity, count * CELL_BYTES_MAX, 1);
    uint8_t *at = ledger->bytes;
    uint32_t slot = ledger->slot_first;
    ledger->facet_count = 0;
    for (size_t i = 0; i < count; i++) {
        at = put_varint(at, cells[i].slot - slot);
        at = put_varint(at, number_of(ledger, cells[i].facet));
        at = put_varint(at, (uint64_t)cells[i].n);
        at = put_varint(at, (unsigned __int128)cells[i].sum);
        slot = cells[i].slot;
    }
    size_t length = (size_t)(at - ledger->bytes);
    ledger->blocks = memory_reserve(ledger->blocks, &ledger->block_capacity, ledger->block_count + 1, sizeof(*ledger->blocks));
    ledger->blocks[ledger->block_count++] = (struct ledger_block){
        .day = ledger->day,
        .count = (uint32_t)count,
        .slot_first = ledger->slot_first,
        .facet_count = ledger->facet_count,
        .facets = copied(ledger->facets, ledger->facet_count * sizeof(*ledger->facets)),
        .bytes = copied(ledger->bytes, length),
        .length = length,
    };
    for (uint32_t i = 0; i < ledger->facet_count; i++)
        *place_of(ledger, ledger->facets[ledger->facet_count - 1 - i]) = (struct numbered){0, 0};
    ledger->count += count;
    ledger->waiting_count = 0;
}

void ledger_add(struct ledger *ledger, uint32_t slot_first, int32_t day, const struct ledger_cell *cell) {
    CHECK(cell->n >= 0 && cell->sum >= 0 && cell->slot >= slot_first);
    bool together = ledger->waiting_count > 0 && ledger->slot_first == slot_first && ledger->day == day;
    if (!together || ledger->waiting_count == UINT32_MAX) {
        pack(ledger);
        ledger->slot_first = slot_first;
        ledger->day = day;
        ledger->in_order = true;
    }
    ledger->waiting =
        memory_reserve(ledger->waiting, &ledger->waiting_capacity, ledger->waiting_count + 1, sizeof(*ledger->waiting));
    if (ledger->waiting_count > 0 && ledger->waiting[ledger->waiting_count - 1].slot > cell->slot) ledger->in_order = false;
    ledger->waiting[ledger->waiting_count++] = *cell;
}

static int by_day(const void *left, const void *right) {
    const struct ledger_block *a = left;
    const struct ledger_block *b = right;
    if (a->day != b->day) return a->day < b->day ? -1 : 1;
    return (a->slot_first > b->slot_first) - (a->slot_first < b->slot_first);
}

void ledger_finish(struct ledger *ledger) {
    pack(ledger);
    forget_scratch(ledger);
    if (ledger->block_count > 1) qsort(ledger->blocks, ledger->block_count, sizeof(*ledger->blocks), by_day);
}

uint64_t ledger_count(const struct ledger *ledger) {
    return ledger->count;
}

const struct ledger_block *ledger_blocks(const struct ledger *ledger, size_t *count) {
    *count = ledger->block_count;
    return ledger->blocks;
}

size_t ledger_from(const struct ledger *ledger, int32_t day) {
    size_t low = 0;
    size_t high = ledger->block_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ledger->blocks[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool ledger_next(struct ledger_reading *reading, struct ledger_cell *cell) {
    if (reading->left == 0) return false;
    reading->left--;
    reading->slot += (uint32_t)take_varint(&reading->at);
    cell->slot = reading->slot;
    cell->facet_number = (uint32_t)take_varint(&reading->at);
    cell->facet = reading->block->facets[cell->facet_number];
    cell->n = (int64_t)take_varint(&reading->at);
    cell->sum = (__int128)take_wide(&reading->at);
    return true;
}
