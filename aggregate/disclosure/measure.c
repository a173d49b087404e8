/* Sums by contributor. The items of one contributor come together, so one pass with a small block of slots (a slot for each code
 * of each dimension) knows its contribution to every place at once; places of several codes are unions, in which a contributor
 * counts once. */
#include "aggregate/disclosure/table_parts.h"

#include "aggregate/snapshot/memory.h"

#include <string.h>

struct slots {
    uint64_t seen[DISCLOSURE_DIMENSIONS];
    __int128 values[DISCLOSURE_DIMENSIONS][DISCLOSURE_CODES];
    __int128 all;
    bool any;
};

static void add_value(struct contributed *measure, __int128 value) {
    measure->contributors++;
    measure->total += value;
    if (value > measure->first) {
        measure->second = measure->first;
        measure->first = value;
    } else if (value > measure->second) {
        measure->second = value;
    }
}

/* What one contributor has in one place; false when it is not there. */
static bool value_at(const struct slots *slots, const struct place_cut *place, __int128 *value) {
    *value = slots->all;
    if (place->all) return slots->any;
    bool there = false;
    *value = 0;
    for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS; i++) {
        uint64_t codes = slots->seen[i] & place->masks[i];
        there = there || codes != 0;
        for (; codes != 0; codes &= codes - 1)
            *value += slots->values[i][__builtin_ctzll(codes)];
    }
    return there;
}

static void add_item(struct slots *slots, const struct contribution *item) {
    slots->any = true;
    slots->all += item->value;
    for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS; i++) {
        uint64_t bit = (uint64_t)1 << item->codes[i];
        if ((slots->seen[i] & bit) == 0) slots->values[i][item->codes[i]] = 0;
        slots->seen[i] |= bit;
        slots->values[i][item->codes[i]] += item->value;
    }
}

static void empty(struct slots *slots) {
    memset(slots->seen, 0, sizeof(slots->seen));
    slots->all = 0;
    slots->any = false;
}

/* One axis: `order` null means the items as they stand. */
static void measure_axis(const struct figure *figure, const uint32_t *order, const struct place_cut *places, size_t count,
                         struct measures *out) {
    struct slots *slots = memory_zeroed(1, sizeof(*slots));
    for (size_t i = 0; i < figure->count; i++) {
        const struct contribution *item = &figure->items[order == NULL ? i : order[i]];
        const struct contribution *next = i + 1 < figure->count ? &figure->items[order == NULL ? i + 1 : order[i + 1]] : NULL;
        add_item(slots, item);
        bool more = next != NULL && (order == NULL ? next->unit == item->unit : next->platform == item->platform);
        if (more) continue;
        for (size_t j = 0; j < count; j++) {
            __int128 value;
            if (value_at(slots, &places[j], &value)) add_value(order == NULL ? &out[j].units : &out[j].platforms, value);
        }
        empty(slots);
    }
    free(slots);
}

static int64_t add_payers(int64_t left, int64_t right) {
    return left > INT64_MAX - right ? INT64_MAX : left + right;
}

static void measure_payers(const struct figure *figure, const struct place_cut *places, size_t count, struct measures *out) {
    int64_t(*payers)[DISCLOSURE_CODES] = memory_zeroed(DISCLOSURE_DIMENSIONS, sizeof(*payers));
    int64_t all = 0;
    for (size_t i = 0; i < figure->count; i++) {
        const struct contribution *item = &figure->items[i];
        all = add_payers(all, item->payers);
        for (unsigned j = 0; j < DISCLOSURE_DIMENSIONS; j++)
            payers[j][item->codes[j]] = add_payers(payers[j][item->codes[j]], item->payers);
    }
    for (size_t j = 0; j < count; j++) {
        out[j].payers = places[j].all ? all : 0;
        for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS; i++) {
            for (uint64_t codes = places[j].masks[i]; codes != 0; codes &= codes - 1)
                out[j].payers = add_payers(out[j].payers, payers[i][__builtin_ctzll(codes)]);
        }
    }
    free(payers);
}

void figure_measures(const struct figure *figure, const struct place_cut *places, size_t count, struct measures *out) {
    memset(out, 0, count * sizeof(*out));
    measure_axis(figure, NULL, places, count, out);
    if (figure->judge == JUDGE_MAGNITUDE) {
        measure_axis(figure, figure->by_platform, places, count, out);
        measure_payers(figure, places, count, out);
    }
}
