/* Complete is who can be compared with itself. With a file of expected sources that is who was expected on every day of the
 * period and delivered on all of them. Without one nobody knows what should have come, so the ledger must do: a source that was
 * there before the period, in it, and in its last seven days or later did neither come nor go inside of it.
 *
 * Memory without a file: a byte for each source and day of the ledger, its families as bits. */
#include "aggregate/snapshot/panel.h"

#include "aggregate/snapshot/memory.h"
#include "facet.h"

enum { LAST_DAYS = 7 };

struct panel {
    const struct coverage *coverage;
    uint32_t count;     /* sources */
    size_t *places;     /* per source: its place in the coverage */
    int32_t first_day;  /* of the ledger */
    size_t day_count;
    uint8_t *delivered; /* source * day_count + day: families, as bits; null with a coverage */
};

static void find_places(struct panel *panel, const struct state *state, const struct cells *cells) {
    size_t place_count = coverage_source_count(panel->coverage);
    panel->places = memory_zeroed(panel->count, sizeof(*panel->places));
    for (uint32_t account = 0; account < text_map_count(state->accounts); account++) {
        struct slice name = state_source(state, account);
        size_t *place = &panel->places[cells->sources[account]];
        if (*place < place_count && slice_equal(slice_of(coverage_source_name(panel->coverage, *place)), name)) continue;
        *place = 0;
        while (!slice_equal(slice_of(coverage_source_name(panel->coverage, *place)), name))
            ++*place;
        CHECK(*place < place_count); /* every source of the ledger is there */
    }
}

static void find_deliveries(struct panel *panel, const struct state *state, const struct cells *cells) {
    size_t count;
    const struct ledger_block *blocks = ledger_blocks(state->ledger, &count);
    if (count == 0) return;
    panel->first_day = blocks[0].day;
    panel->day_count = (size_t)((int64_t)blocks[count - 1].day - blocks[0].day) + 1;
    panel->delivered = memory_zeroed(panel->count * panel->day_count, sizeof(*panel->delivered));
    for (size_t i = 0; i < count; i++) {
        struct ledger_reading reading = ledger_read(&blocks[i]);
        struct ledger_cell cell;
        size_t day = (size_t)(blocks[i].day - panel->first_day);
        while (ledger_next(&reading, &cell)) {
            uint32_t source = cells->sources[state->slots[cell.slot].account];
            if (cell.n > 0) panel->delivered[source * panel->day_count + day] |= (uint8_t)(1U << facet_family(cell.facet));
        }
    }
}

struct panel *panel_create(const struct state *state, const struct cells *cells, const struct coverage *coverage) {
    struct panel *panel = memory_zeroed(1, sizeof(*panel));
    panel->coverage = coverage;
    panel->count = cells->source_count;
    if (coverage != NULL)
        find_places(panel, state, cells);
    else
        find_deliveries(panel, state, cells);
    return panel;
}

void panel_destroy(struct panel *panel) {
    if (panel == NULL) return;
    free(panel->places);
    free(panel->delivered);
    free(panel);
}

/* Some delivery on days [first, last]. */
static bool came(const struct panel *panel, uint32_t source, unsigned family, int64_t first, int64_t last) {
    int64_t from = first > panel->first_day ? first - panel->first_day : 0;
    int64_t end = last - panel->first_day + 1;
    if (end > (int64_t)panel->day_count) end = (int64_t)panel->day_count;
    for (int64_t day = from; day < end; day++) {
        if ((panel->delivered[source * panel->day_count + (size_t)day] >> family & 1) != 0) return true;
    }
    return false;
}

static bool complete_in(const struct panel *panel, uint32_t source, unsigned family, const struct period *period) {
    if (panel->coverage == NULL) {
        return came(panel, source, family, INT32_MIN, (int64_t)period->first - 1) &&
               came(panel, source, family, period->first, period->last) &&
               came(panel, source, family, (int64_t)period->last - LAST_DAYS + 1, INT32_MAX);
    }
    int64_t days = (int64_t)period->last - period->first + 1;
    struct source_days came_in =
        coverage_source_days(panel->coverage, panel->places[source], (enum family)family, period->first, period->last);
    return came_in.expected == days && came_in.delivered == days;
}

bool panel_complete(const struct panel *panel, uint32_t source, unsigned families, const struct period *period) {
    CHECK(families != 0);
    for (unsigned family = FAMILY_NONE + 1; family < FAMILY_COUNT; family++) {
        if ((families >> family & 1) != 0 && !complete_in(panel, source, family, period)) return false;
    }
    return true;
}
