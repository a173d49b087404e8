/* Sums by contributor, in one pass over the items. A block of slots (one for each code of each dimension) knows what a
 * contributor has in every place at once. The items of one unit come together, so one block serves all units; platforms are few,
 * and each has its own. Most places are one code: a contributor looks up those of the codes that it has, and only places of
 * several codes are gone through, as unions in which it counts once. */
#include "aggregate/disclosure/table_parts.h"

#include "aggregate/snapshot/memory.h"

#include <string.h>

struct slots {
    uint64_t seen[DISCLOSURE_DIMENSIONS];
    __int128 values[DISCLOSURE_DIMENSIONS][DISCLOSURE_CODES];
    __int128 all;
    bool any;
};

/* What one contributor has in a place, whatever its codes; false when it is not there. */
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

/* Places by how they are found. */
struct cuts {
    const struct place_cut *places;
    uint32_t alone[DISCLOSURE_DIMENSIONS][DISCLOSURE_CODES]; /* number + 1 of the place that is this code; 0: none */
    uint64_t has_alone[DISCLOSURE_DIMENSIONS];               /* bit: `alone` is not 0 */
    uint32_t *others;
    size_t other_count;
};

/* The dimension of a place that is one code, else DISCLOSURE_ALL. */
static unsigned one_code(const struct place_cut *place) {
    unsigned found = DISCLOSURE_ALL;
    for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS && !place->all; i++) {
        if (place->masks[i] == 0) continue;
        if (found != DISCLOSURE_ALL || (place->masks[i] & (place->masks[i] - 1)) != 0) return DISCLOSURE_ALL;
        found = i;
    }
    return found;
}

static struct cuts *cuts_create(const struct place_cut *places, size_t count) {
    struct cuts *cuts = memory_zeroed(1, sizeof(*cuts));
    cuts->places = places;
    cuts->others = memory_zeroed(count, sizeof(*cuts->others));
    for (size_t i = 0; i < count; i++) {
        unsigned dimension = one_code(&places[i]);
        uint32_t *alone =
            dimension == DISCLOSURE_ALL ? NULL : &cuts->alone[dimension][__builtin_ctzll(places[i].masks[dimension])];
        if (alone == NULL || *alone != 0) {
            cuts->others[cuts->other_count++] = (uint32_t)i;
            continue;
        }
        *alone = (uint32_t)i + 1;
        cuts->has_alone[dimension] |= places[i].masks[dimension];
    }
    return cuts;
}

static void cuts_destroy(struct cuts *cuts) {
    free(cuts->others);
    free(cuts);
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

/* One contributor is whole: its contributions go to where it was seen. */
static void add_contributor(const struct cuts *cuts, const struct slots *slots, struct measures *out, bool platform) {
    for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS; i++) {
        for (uint64_t codes = slots->seen[i] & cuts->has_alone[i]; codes != 0; codes &= codes - 1) {
            unsigned code = (unsigned)__builtin_ctzll(codes);
            struct measures *at = &out[cuts->alone[i][code] - 1];
            contributed_add(platform ? &at->platforms : &at->units, slots->values[i][code]);
        }
    }
    for (size_t i = 0; i < cuts->other_count; i++) {
        struct measures *at = &out[cuts->others[i]];
        __int128 value;
        if (!value_at(slots, &cuts->places[cuts->others[i]], &value)) continue;
        contributed_add(platform ? &at->platforms : &at->units, value);
    }
}

static void measure_units(const struct figure *figure, const struct cuts *cuts, struct measures *out) {
    struct slots *slots = memory_zeroed(1, sizeof(*slots));
    for (size_t i = 0; i < figure->count; i++) {
        add_item(slots, &figure->items[i]);
        if (i + 1 < figure->count && figure->items[i + 1].unit == figure->items[i].unit) continue;
        add_contributor(cuts, slots, out, false);
        empty(slots);
    }
    free(slots);
}

static void measure_platforms(const struct figure *figure, const struct cuts *cuts, struct measures *out) {
    struct slots **platforms = NULL; /* by number; null: not seen */
    size_t capacity = 0;
    size_t known = 0;
    for (size_t i = 0; i < figure->count; i++) {
        size_t platform = figure->items[i].platform;
        if (platform >= known) {
            platforms = memory_reserve(platforms, &capacity, platform + 1, sizeof(*platforms));
            memset(&platforms[known], 0, (platform + 1 - known) * sizeof(*platforms));
            known = platform + 1;
        }
        if (platforms[platform] == NULL) platforms[platform] = memory_zeroed(1, sizeof(*platforms[platform]));
        add_item(platforms[platform], &figure->items[i]);
    }
    for (size_t i = 0; i < known; i++) {
        if (platforms[i] != NULL) add_contributor(cuts, platforms[i], out, true);
        free(platforms[i]);
    }
    free(platforms);
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

static bool stands_in(const struct place_cut *place, const uint8_t codes[static DISCLOSURE_DIMENSIONS]) {
    bool there = place->all;
    for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS; i++)
        there = there || (place->masks[i] >> codes[i] & 1) != 0;
    return there;
}

void figure_changes(const struct figure *figure, const struct place_cut *place, int64_t *entered, int64_t *left) {
    *entered = 0;
    *left = 0;
    for (size_t i = 0; i < figure->move_count; i++) {
        const struct disclosure_move *move = &figure->moves[i];
        bool now = move->now && stands_in(place, move->codes);
        bool before = move->before && stands_in(place, move->codes_before);
        *entered += now && !before;
        *left += before && !now;
    }
}

void figure_measures(const struct figure *figure, const struct place_cut *places, size_t count, struct measures *out) {
    memset(out, 0, count * sizeof(*out));
    struct cuts *cuts = cuts_create(places, count);
    measure_units(figure, cuts, out);
    if (figure->judge == JUDGE_MAGNITUDE) {
        measure_platforms(figure, cuts, out);
        measure_payers(figure, places, count, out);
    }
    cuts_destroy(cuts);
}

void figure_totals(const struct figure *figure, const struct place_cut *places, size_t count, __int128 *out) {
    struct slots *slots = memory_zeroed(1, sizeof(*slots));
    for (size_t i = 0; i < figure->count; i++)
        add_item(slots, &figure->items[i]);
    for (size_t i = 0; i < count; i++)
        (void)value_at(slots, &places[i], &out[i]);
    free(slots);
}
