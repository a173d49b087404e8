/* Cells of the period put together before anything is judged: what one contributor has on one platform, in the same places and
 * flows, is one amount, however many days and accounts it came from. Rules ask for sums by contributor only, each of some
 * hundred figures is made of a pass over all amounts, and a shop does on each day what it did the day before: so there are a
 * tenth as many amounts as cells (quarters and years keep their months apart).
 *
 * In a contributor, amounts of the same platform and places stand together, so contributions_add() finds what to add to. */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

/* Finds amounts of one contributor again; open addressing over their indices + 1. */
struct finder {
    size_t *slots;
    size_t mask;
};

static uint8_t code_or_none(int code, int limit) {
    return code >= 0 && code < limit ? (uint8_t)code : (uint8_t)(DISCLOSURE_CODES - 1);
}

/* Places of a cell that belongs to a unit. */
static void code_matched(const struct control *control, const struct cell *cell, uint8_t codes[static DISCLOSURE_DIMENSIONS]) {
    const struct cells *cells = control->inputs.cells;
    const struct version *version = &control->inputs.registry->versions[cell->version];
    const struct cell_kind *kind = cell_kind(cells, cell);
    codes[BY_DISTRICT] = code_or_none(version->district, DISTRICT_COUNT);
    codes[BY_UNIT_TYPE] = code_or_none(version->unit_type, UNIT_TYPES_MAX);
    codes[BY_OUTLET] = code_or_none(kind->outlet, OUTLET_COUNT);
    codes[BY_INSTRUMENT] = code_or_none(kind->instrument, INSTRUMENT_COUNT);
    int month = month_of_day(cell_day(cells, cell)) - month_of_day(control->inputs.period->first);
    codes[BY_MONTH] = code_or_none(month, DISCLOSURE_NONE);
}

/* Places of a cell of what is observed, be it of a unit or not. */
static void code_observed(const struct control *control, const struct cell *cell, uint8_t codes[static DISCLOSURE_DIMENSIONS]) {
    int month = month_of_day(cell_day(control->inputs.cells, cell)) - month_of_day(control->inputs.period->first);
    codes[BY_MONTH] = code_or_none(month, DISCLOSURE_NONE);
    codes[BY_PARTY] = code_or_none(cell_kind(control->inputs.cells, cell)->party, PARTY_COUNT);
}

/* The amount that the cell is alone. */
static struct pooled pooled_of(const struct control *control, const struct cell *cell) {
    struct amount amount = cell_amount(control->inputs.cells, cell);
    struct pooled item = {
        .flows = cell_kind(control->inputs.cells, cell)->flows,
        .unit = control_cell_contributor(control, cell),
        .platform = control_cell_platform(control, cell),
        .source = control->inputs.by_source ? control->inputs.cells->sources[cell->account] : 0,
        .unmatched = cell->version == VERSION_NONE,
        .n = amount.n,
        .sum = amount.sum,
    };
    memset(item.codes, DISCLOSURE_NONE, sizeof(item.codes));
    if (!item.unmatched) code_matched(control, cell, item.codes);
    if ((item.flows & control->observed_flows) != 0) code_observed(control, cell, item.codes);
    return item;
}

static bool same_pool(const struct pooled *a, const struct pooled *b) {
    return a->flows == b->flows && a->platform == b->platform && a->source == b->source &&
           a->unmatched == b->unmatched && memcmp(a->codes, b->codes, sizeof(a->codes)) == 0;
}

static size_t hash_of(const struct pooled *item) {
    uint64_t codes = 0;
    memcpy(&codes, item->codes, sizeof(item->codes));
    uint64_t who = item->platform ^ (uint64_t)item->source << 32;
    uint64_t hash = (item->flows ^ codes * 0xBF58476D1CE4E5B9u ^ who) * 0x9E3779B97F4A7C15u;
    return (size_t)(hash >> 32);
}

static size_t *slot_of(const struct control *control, const struct finder *finder, const struct pooled *item) {
    for (size_t i = hash_of(item) & finder->mask;; i = (i + 1) & finder->mask) {
        size_t *slot = &finder->slots[i];
        if (*slot == 0 || same_pool(&control->pool[*slot - 1], item)) return slot;
    }
}

/* Makes the finder ready for amounts [first, pool_count) and as many again. */
static void refill(const struct control *control, struct finder *finder, size_t first) {
    size_t needed = 4 * (control->pool_count - first + 16);
    if (finder->slots == NULL || finder->mask + 1 < needed) {
        free(finder->slots);
        size_t size = 64;
        while (size < needed)
            size *= 2;
        finder->slots = memory_zeroed(size, sizeof(*finder->slots));
        finder->mask = size - 1;
    }
    for (size_t i = first; i < control->pool_count; i++)
        *slot_of(control, finder, &control->pool[i]) = i + 1;
}

static void forget(const struct control *control, const struct finder *finder, size_t first) {
    if (finder->slots == NULL) return;
    /* The last come first: then none of them stands in the way of one that is still to be found. */
    for (size_t i = control->pool_count; i > first; i--)
        *slot_of(control, finder, &control->pool[i - 1]) = 0;
}

static void add(struct control *control, struct finder *finder, size_t first, const struct pooled *item) {
    if (finder->slots == NULL || 2 * (control->pool_count - first + 1) > finder->mask) refill(control, finder, first);
    size_t *slot = slot_of(control, finder, item);
    if (*slot != 0) {
        control->pool[*slot - 1].n += item->n;
        control->pool[*slot - 1].sum += item->sum;
        return;
    }
    control->pool = memory_reserve(control->pool, &control->pool_capacity, control->pool_count + 1, sizeof(*control->pool));
    control->pool[control->pool_count++] = *item;
    *slot = control->pool_count;
}

static int by_place(const void *left, const void *right) {
    const struct pooled *a = left;
    const struct pooled *b = right;
    if (a->unmatched != b->unmatched) return a->unmatched ? 1 : -1;
    if (a->platform != b->platform) return a->platform < b->platform ? -1 : 1;
    int order = memcmp(a->codes, b->codes, sizeof(a->codes));
    if (order != 0) return order;
    return (a->flows > b->flows) - (a->flows < b->flows);
}

void control_pool_fill(struct control *control) {
    struct finder finder = {.slots = NULL};
    size_t first = 0; /* of the contributor at hand */
    for (size_t i = 0; i < control->order_count; i++) {
        struct pooled item = pooled_of(control, &control->inputs.cells->items[control->order[i]]);
        if (control->pool_count > first && control->pool[first].unit != item.unit) {
            forget(control, &finder, first);
            qsort(&control->pool[first], control->pool_count - first, sizeof(*control->pool), by_place);
            first = control->pool_count;
        }
        add(control, &finder, first, &item);
    }
    if (control->pool_count > first)
        qsort(&control->pool[first], control->pool_count - first, sizeof(*control->pool), by_place);
    free(finder.slots);
}
