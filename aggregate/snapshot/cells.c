/* The join, done once: a snapshot asks many questions of the same cells (some forty indicators, thirty days, sixty coordinates),
 * so the answers to "whose is it" and "what does it count for" are put into each cell and every later pass is a scan.
 *
 * The ledger reaches back as far as retention, a snapshot looks at single cells of its period and of the window before its end:
 * a quarter of them. The others are asked one question only - was this unit ever in this flow - and the answer is a bit, so they
 * are read and forgotten. Days after the period are not read at all.
 *
 * Facets repeat (a few thousand different ones in millions of cells): what each counts for is worked out once, and a block of the
 * ledger is read with a table of its facets. In a block the cells of an account stand together, so an account is looked up once a
 * day. Blocks come by day, and so do the cells. */
#include "aggregate/snapshot/cells.h"

#include "aggregate/snapshot/memory.h"
#include "facet.h"

#define KIND_NONE_HERE UINT32_MAX

/* Why an account is no part of some flows: its source does not record cash; it names no intents or drivers on that day. */
enum bar { BAR_CASH = 1, BAR_NAMED = 2, BARS = 4 };

/* What a facet counts for, by the bars of the account. */
struct meaning {
    uint64_t facet;
    bool known;
    uint32_t kinds[BARS];
};

/* Days from the first to the last on which an account named an intent or a driver. */
struct named_days {
    int32_t first, last; /* INT32_MAX, INT32_MIN: never */
};

struct join {
    struct cells *cells;
    const struct state *state;
    const struct registry *registry;
    const struct crosswalk *crosswalk;
    const struct definitions *definitions;
    const struct period *period;
    struct period before;
    uint64_t barred_flows[BARS]; /* flows that accounts with these bars are no part of */
    bool *cashless;              /* per account: its source records no cash */
    struct named_days *named;    /* per account */
    uint64_t adoption_flows;
    bool *unmatched;     /* per account */
    struct meaning *meanings; /* open addressing */
    size_t meaning_count, meaning_mask;
    size_t kind_capacity, wide_capacity, facet_capacity;
    const struct meaning **facets; /* of the block at hand */
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

/* The kind of these, which may be new. Kinds are few enough to be looked through. */
static uint32_t kind_of(struct join *join, uint64_t flows, uint64_t facet) {
    struct cells *cells = join->cells;
    if (flows == 0) return KIND_NONE_HERE;
    const struct cell_kind kind = {
        .flows = flows,
        .outlet = (uint8_t)facet_outlet(facet),
        .instrument = (uint8_t)facet_instrument(facet),
        .party = (uint8_t)facet_party(facet),
    };
    for (size_t i = 0; i < cells->kind_count; i++) {
        const struct cell_kind *other = &cells->kinds[i];
        bool same = other->flows == kind.flows && other->outlet == kind.outlet && other->instrument == kind.instrument &&
                    other->party == kind.party;
        if (same) return (uint32_t)i;
    }
    CHECK(cells->kind_count < (size_t)1 << CELL_KIND_BITS);
    cells->kinds = memory_reserve(cells->kinds, &join->kind_capacity, cells->kind_count + 1, sizeof(*cells->kinds));
    cells->kinds[cells->kind_count++] = kind;
    return (uint32_t)cells->kind_count - 1;
}

static struct meaning *meaning_place(const struct join *join, uint64_t facet) {
    for (size_t i = (facet * 0x9E3779B97F4A7C15u >> 32) & join->meaning_mask;; i = (i + 1) & join->meaning_mask) {
        struct meaning *place = &join->meanings[i];
        if (!place->known || place->facet == facet) return place;
    }
}

static void widen_meanings(struct join *join) {
    struct meaning *old = join->meanings;
    size_t size = old == NULL ? 0 : join->meaning_mask + 1;
    join->meaning_mask = size == 0 ? 1023 : size * 2 - 1;
    join->meanings = memory_zeroed(join->meaning_mask + 1, sizeof(*join->meanings));
    for (size_t i = 0; i < size; i++) {
        if (old[i].known) *meaning_place(join, old[i].facet) = old[i];
    }
    free(old);
}

/* Makes the table of the block's facets. */
static void understand(struct join *join, const struct ledger_block *block) {
    while (join->meanings == NULL || join->meaning_count + block->facet_count > join->meaning_mask / 2)
        widen_meanings(join);
    join->facets = memory_reserve(join->facets, &join->facet_capacity, block->facet_count, sizeof(*join->facets));
    for (uint32_t i = 0; i < block->facet_count; i++) {
        struct meaning *place = meaning_place(join, block->facets[i]);
        if (!place->known) {
            uint64_t flows = facet_flows(join->definitions, block->facets[i]);
            *place = (struct meaning){.facet = block->facets[i], .known = true};
            for (unsigned bars = 0; bars < BARS; bars++)
                place->kinds[bars] = kind_of(join, flows & ~join->barred_flows[bars], block->facets[i]);
            join->meaning_count++;
        }
        join->facets[i] = place;
    }
}

/* An account may have been counted in several partitions. */
static void find_named(struct join *join) {
    const struct state *state = join->state;
    for (size_t i = 0; i < state->slot_count; i++) {
        const struct state_slot *slot = &state->slots[i];
        if (slot->account == TEXT_NONE || slot->first_day[ACTIVITY_NAMED] == INT32_MAX) continue;
        struct named_days *days = &join->named[slot->account];
        if (slot->first_day[ACTIVITY_NAMED] < days->first) days->first = slot->first_day[ACTIVITY_NAMED];
        if (slot->last_day[ACTIVITY_NAMED] > days->last) days->last = slot->last_day[ACTIVITY_NAMED];
    }
}

static void find_bars(struct join *join, const struct sources *sources) {
    const struct definitions *definitions = join->definitions;
    for (size_t i = 0; i < definitions->flow_count; i++) {
        for (unsigned bars = 0; bars < BARS; bars++) {
            bool barred = ((bars & BAR_CASH) != 0 && definitions->flows[i].records_cash) ||
                          ((bars & BAR_NAMED) != 0 && definitions->flows[i].named);
            if (barred) join->barred_flows[bars] |= (uint64_t)1 << i;
        }
    }
    uint32_t count = text_map_count(join->state->accounts);
    join->cashless = memory_zeroed(count, sizeof(*join->cashless));
    join->named = memory_zeroed(count, sizeof(*join->named));
    for (uint32_t i = 0; i < count; i++) {
        join->cashless[i] = !sources_records_cash(sources, state_source(join->state, i));
        join->named[i] = (struct named_days){INT32_MAX, INT32_MIN};
    }
    find_named(join);
}

static unsigned bars_of(const struct join *join, uint32_t account, int32_t day) {
    const struct named_days *named = &join->named[account];
    return (join->cashless[account] ? BAR_CASH : 0u) | (day < named->first || day > named->last ? BAR_NAMED : 0u);
}

static void number_sources(struct cells *cells, const struct state *state) {
    struct text_map *names = text_map_create();
    cells->account_count = text_map_count(state->accounts);
    cells->sources = memory_zeroed(cells->account_count, sizeof(*cells->sources));
    for (uint32_t i = 0; i < cells->account_count; i++)
        cells->sources[i] = text_map_intern(names, state_source(state, i));
    cells->source_count = text_map_count(names);
    text_map_destroy(names);
}

static void keep(struct join *join, const struct ledger_cell *from, struct cell cell) {
    struct cells *cells = join->cells;
    if (from->n <= UINT32_MAX && from->sum <= INT64_MAX) {
        cell.n = (uint32_t)from->n;
        cell.sum = (int64_t)from->sum;
    } else {
        CHECK(cells->wide_count < UINT32_MAX);
        cells->wide = memory_reserve(cells->wide, &join->wide_capacity, cells->wide_count + 1, sizeof(*cells->wide));
        cell.is_wide = 1;
        cell.n = (uint32_t)cells->wide_count;
        cells->wide[cells->wide_count++] = (struct amount){from->n, from->sum};
    }
    cells->items[cells->count++] = cell;
}

static void prepare_past(struct join *join) {
    const struct indicator *adoption = definitions_adoption(join->definitions);
    uint32_t unit_count = join->registry->unit_count;
    join->adoption_flows = adoption == NULL ? 0 : adoption->flows;
    join->cells->past = memory_zeroed(unit_count, sizeof(*join->cells->past));
    for (uint32_t i = 0; i < unit_count; i++)
        join->cells->past[i].first_day = INT32_MAX;
}

static void note_past(struct join *join, int32_t day, uint32_t version, uint64_t flows) {
    struct unit_past *past = &join->cells->past[join->registry->versions[version].unit];
    if (day >= join->period->first && day <= join->period->last) past->now |= flows;
    if (day >= join->before.first && day <= join->before.last) past->previous |= flows;
    if (day < join->period->first) past->earlier |= flows;
    if ((flows & join->adoption_flows) != 0 && day < past->first_day) past->first_day = day;
}

static void note_unmatched(struct join *join, uint32_t account, int64_t n) {
    join->unmatched[account] = true;
    join->cells->unmatched_n += n;
}

/* All cells of one partition and day. */
static void join_block(struct join *join, const struct ledger_block *block) {
    struct cells *cells = join->cells;
    struct ledger_reading reading = ledger_read(block);
    struct ledger_cell from;
    struct cell cell = {.day = (uint32_t)(block->day - cells->first_day) & ((1u << CELL_DAY_BITS) - 1)};
    bool kept = block->day >= cells->first_day;
    bool in_period = block->day >= join->period->first && block->day <= join->period->last;
    bool in_before = cells->before.uses != NULL && block->day >= cells->before.first && block->day <= cells->before.last;
    uint32_t slot = UINT32_MAX;
    unsigned bars = 0;
    understand(join, block);
    while (ledger_next(&reading, &from)) {
        if (from.n <= 0) continue;
        if (from.slot != slot) {
            slot = from.slot;
            cell.account = join->state->slots[slot].account;
            cell.version = crosswalk_version(join->crosswalk, cell.account, block->day);
            bars = bars_of(join, cell.account, block->day);
        }
        if (in_period && cell.version == VERSION_NONE) note_unmatched(join, cell.account, from.n);
        uint32_t kind = join->facets[from.facet_number]->kinds[bars];
        if (kind == KIND_NONE_HERE) continue;
        if (cell.version != VERSION_NONE) note_past(join, block->day, cell.version, cells->kinds[kind].flows);
        if (in_before) window_note(&cells->before, join->registry, &cells->kinds[kind], cell.version);
        if (!kept) continue;
        cell.kind = kind & ((1u << CELL_KIND_BITS) - 1);
        keep(join, &from, cell);
    }
}

/* All days up to the end of the period, in order. */
static void join_days(struct join *join) {
    struct cells *cells = join->cells;
    size_t block_count;
    const struct ledger_block *blocks = ledger_blocks(join->state->ledger, &block_count);
    size_t end = ledger_from(join->state->ledger, cells->last_day + 1);
    size_t room = 0;
    for (size_t i = ledger_from(join->state->ledger, cells->first_day); i < end; i++)
        room += blocks[i].count;
    cells->items = memory_zeroed(room, sizeof(*cells->items)); /* what stays untouched costs nothing */
    for (size_t i = 0; i < end; i++) {
        join_block(join, &blocks[i]);
        if (blocks[i].day < cells->first_day) continue;
        cells->starts[blocks[i].day - cells->first_day + 1] = cells->count;
    }
    for (int32_t day = cells->first_day; day <= cells->last_day; day++) {
        size_t *start = &cells->starts[day - cells->first_day];
        if (start[1] < start[0]) start[1] = start[0]; /* a day without blocks */
    }
}

struct cells *cells_create(const struct state *state, const struct registry *registry, const struct crosswalk *crosswalk,
                           const struct definitions *definitions, const struct sources *sources, const struct period *period,
                           bool window_before) {
    CHECK(registry != NULL);
    struct cells *cells = memory_zeroed(1, sizeof(*cells));
    struct join join = {
        .cells = cells,
        .state = state,
        .registry = registry,
        .crosswalk = crosswalk,
        .definitions = definitions,
        .period = period,
        .before = period_before(period),
        .unmatched = memory_zeroed(text_map_count(state->accounts), sizeof(bool)),
    };
    int32_t window_first = period->last - definitions->window_days + 1;
    cells->first_day = window_first < period->first ? window_first : period->first;
    cells->last_day = period->last;
    CHECK(cells->last_day - cells->first_day < 1 << CELL_DAY_BITS);
    cells->starts = memory_zeroed((size_t)(cells->last_day - cells->first_day) + 2, sizeof(*cells->starts));
    prepare_past(&join);
    cells->before = (struct window){
        .first = period->first - definitions->window_days, .last = period->first - 1, .flow_count = definitions->flow_count};
    if (window_before)
        cells->before.uses = memory_zeroed(registry->unit_count * definitions->flow_count, sizeof(*cells->before.uses));
    find_bars(&join, sources);
    join_days(&join);
    for (uint32_t i = 0; i < text_map_count(state->accounts); i++)
        cells->unmatched_accounts += join.unmatched[i];
    free(join.unmatched);
    free(join.cashless);
    free(join.named);
    free(join.meanings);
    free(join.facets);
    number_sources(cells, state);
    return cells;
}

void cells_destroy(struct cells *cells) {
    if (cells == NULL) return;
    free(cells->items);
    free(cells->kinds);
    free(cells->wide);
    free(cells->starts);
    free(cells->past);
    free(cells->before.uses);
    free(cells->sources);
    free(cells);
}

size_t cells_from(const struct cells *cells, int32_t day) {
    if (day <= cells->first_day) return 0;
    if (day > cells->last_day) return cells->count;
    return cells->starts[day - cells->first_day];
}
