/* The join, done once: a snapshot asks many questions of the same cells (some forty indicators, thirty days, sixty coordinates),
 * so the answers to "whose is it" and "what does it count for" are put into each cell and every later pass is a scan.
 *
 * Facets repeat (a few thousand different ones in millions of cells), so their flows are remembered in a small direct-mapped
 * table. The cells are ordered by day with a counting sort, so that a period is a contiguous stretch. */
#include "aggregate/snapshot/cells.h"

#include "aggregate/snapshot/memory.h"
#include "facet.h"

enum { MEMO_SIZE = 1 << 12 };

struct memo {
    uint64_t facet;
    uint64_t flows;
};

static bool in_set(uint64_t set, unsigned code) {
    return (set >> code & 1) != 0;
}

uint64_t facet_flows(const struct definitions *definitions, uint64_t facet) {
    uint64_t flows = 0;
    for (size_t i = 0; i < definitions->flow_count; i++) {
        const struct flow_rule *rule = &definitions->flows[i];
        bool holds = in_set(rule->family, facet_family(facet)) && in_set(rule->outcome, facet_outcome(facet)) &&
                     in_set(rule->role, facet_role(facet)) && in_set(rule->outlet, facet_outlet(facet) & 63) &&
                     in_set(rule->instrument, facet_instrument(facet)) && in_set(rule->context, facet_context(facet)) &&
                     in_set(rule->pay_mode, facet_pay_mode(facet)) && in_set(rule->person_type, facet_person_type(facet)) &&
                     in_set(rule->reason_class, facet_reason_class(facet)) && in_set(rule->category, facet_category(facet)) &&
                     in_set(rule->cross_border, facet_cross_border(facet));
        if (holds) flows |= (uint64_t)1 << i;
    }
    return flows;
}

static uint64_t remembered_flows(struct memo *memos, const struct definitions *definitions, uint64_t facet) {
    struct memo *memo = &memos[(facet * 0x9E3779B97F4A7C15u) >> 52];
    if (memo->facet != facet) *memo = (struct memo){facet, facet_flows(definitions, facet)};
    return memo->flows;
}

/* The source part of `source 0x1F id`. */
static struct slice source_of(struct slice account) {
    const char *mark = memchr(account.data, 0x1F, account.length);
    CHECK(mark != NULL);
    return (struct slice){account.data, (size_t)(mark - account.data)};
}

/* Per account: the flows it cannot be part of, because its source does not record cash. */
static uint64_t *barred_flows(const struct state *state, const struct definitions *definitions, const struct sources *sources) {
    uint64_t cash_flows = 0;
    for (size_t i = 0; i < definitions->flow_count; i++) {
        if (definitions->flows[i].records_cash) cash_flows |= (uint64_t)1 << i;
    }
    uint32_t count = text_map_count(state->accounts);
    uint64_t *barred = memory_zeroed(count, sizeof(*barred));
    for (uint32_t i = 0; i < count; i++) {
        if (!sources_records_cash(sources, source_of(text_map_text(state->accounts, i)))) barred[i] = cash_flows;
    }
    return barred;
}

static void number_sources(struct cells *cells, const struct state *state) {
    struct text_map *names = text_map_create();
    uint32_t count = text_map_count(state->accounts);
    cells->sources = memory_zeroed(count, sizeof(*cells->sources));
    for (uint32_t i = 0; i < count; i++)
        cells->sources[i] = text_map_intern(names, source_of(text_map_text(state->accounts, i)));
    cells->source_count = text_map_count(names);
    text_map_destroy(names);
}

static void sort_by_day(struct cells *cells) {
    if (cells->count == 0) return;
    int32_t first = INT32_MAX;
    int32_t last = INT32_MIN;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells->items[i].day < first) first = cells->items[i].day;
        if (cells->items[i].day > last) last = cells->items[i].day;
    }
    size_t days = (size_t)((int64_t)last - first) + 1;
    size_t *starts = memory_zeroed(days + 1, sizeof(*starts));
    for (size_t i = 0; i < cells->count; i++)
        starts[cells->items[i].day - first + 1]++;
    for (size_t i = 0; i < days; i++)
        starts[i + 1] += starts[i];
    struct cell *sorted = memory_zeroed(cells->count, sizeof(*sorted));
    for (size_t i = 0; i < cells->count; i++)
        sorted[starts[cells->items[i].day - first]++] = cells->items[i];
    free(starts);
    free(cells->items);
    cells->items = sorted;
}

struct cells *cells_create(const struct state *state, const struct registry *registry, const struct crosswalk *crosswalk,
                           const struct definitions *definitions, const struct sources *sources, const struct period *period) {
    CHECK(registry != NULL);
    struct cells *cells = memory_zeroed(1, sizeof(*cells));
    struct memo *memos = memory_zeroed(MEMO_SIZE, sizeof(*memos));
    uint64_t *barred = barred_flows(state, definitions, sources);
    bool *unmatched = memory_zeroed(text_map_count(state->accounts), sizeof(*unmatched));
    cells->items = memory_zeroed(state->cell_count, sizeof(*cells->items));
    for (size_t i = 0; i < MEMO_SIZE; i++)
        memos[i].facet = UINT64_MAX;
    for (size_t i = 0; i < state->cell_count; i++) {
        const struct state_cell *from = &state->cells[i];
        uint32_t account = state->slots[from->slot].account;
        uint32_t version = crosswalk_version(crosswalk, account, from->day);
        if (from->n <= 0) continue;
        if (version == VERSION_NONE && from->day >= period->first && from->day <= period->last) {
            unmatched[account] = true;
            cells->unmatched_n += from->n;
        }
        uint64_t flows = remembered_flows(memos, definitions, from->facet) & ~barred[account];
        if (flows == 0) continue;
        cells->items[cells->count++] = (struct cell){
            .flows = flows,
            .version = version,
            .day = from->day,
            .outlet = (uint8_t)facet_outlet(from->facet),
            .instrument = (uint8_t)facet_instrument(from->facet),
            .party = (uint8_t)facet_party(from->facet),
            .account = account,
            .n = from->n,
            .sum = from->sum,
        };
    }
    for (uint32_t i = 0; i < text_map_count(state->accounts); i++)
        cells->unmatched_accounts += unmatched[i];
    free(unmatched);
    free(barred);
    free(memos);
    sort_by_day(cells);
    number_sources(cells, state);
    return cells;
}

void cells_destroy(struct cells *cells) {
    if (cells == NULL) return;
    free(cells->items);
    free(cells->sources);
    free(cells);
}

size_t cells_from(const struct cells *cells, int32_t day) {
    size_t low = 0;
    size_t high = cells->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cells->items[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
