/* One pass over the cells of the period fills every axis; some six hundred kilobytes stand in for asking the cells again for each
 * of the thousand published rows. Unmatched cells stand beside the province and on no axis but that of parties. */
#include "aggregate/snapshot/flow_table.h"

#include "aggregate/snapshot/memory.h"

static void add(struct amount *amount, const struct amount *more) {
    amount->n += more->n;
    amount->sum += more->sum;
}

static void add_unmatched(struct flow_row *row, const struct cell_kind *kind, const struct amount *amount) {
    add(&row->unmatched, amount);
    if (kind->party < PARTY_COUNT) add(&row->unmatched_party[kind->party], amount);
}

static void add_cell(struct flow_row *row, const struct cell_kind *kind, const struct amount *amount,
                     const struct version *version) {
    add(&row->province, amount);
    add(&row->district[version->district], amount);
    if (version->unit_type >= 0) add(&row->unit_type[version->unit_type], amount);
    if (kind->outlet < OUTLET_COUNT) {
        add(&row->outlet[kind->outlet], amount);
        add(&row->district_outlet[version->district][kind->outlet], amount);
    }
    if (kind->instrument < INSTRUMENT_COUNT) add(&row->instrument[kind->instrument], amount);
    if (kind->party < PARTY_COUNT) {
        add(&row->party[kind->party], amount);
        add(&row->district_party[version->district][kind->party], amount);
    }
}

struct flow_table *flow_table_create(const struct cells *cells, const struct registry *registry, int32_t first, int32_t last) {
    struct flow_table *table = memory_zeroed(1, sizeof(*table));
    size_t end = cells_from(cells, last + 1);
    for (size_t i = cells_from(cells, first); i < end; i++) {
        const struct cell *cell = &cells->items[i];
        const struct cell_kind *kind = cell_kind(cells, cell);
        struct amount amount = cell_amount(cells, cell);
        for (uint64_t flows = kind->flows; flows != 0; flows &= flows - 1) {
            struct flow_row *row = &table->rows[__builtin_ctzll(flows)];
            if (cell->version == VERSION_NONE)
                add_unmatched(row, kind, &amount);
            else
                add_cell(row, kind, &amount, &registry->versions[cell->version]);
        }
    }
    return table;
}

static struct amount sum_codes(const struct amount *amounts, int count, uint64_t codes) {
    struct amount total = {.n = 0};
    for (int i = 0; i < count; i++) {
        if ((codes >> i & 1) == 0) continue;
        total.n += amounts[i].n;
        total.sum += amounts[i].sum;
    }
    return total;
}

static struct amount both(struct amount left, struct amount right) {
    add(&left, &right);
    return left;
}

static struct amount amount_at(const struct flow_row *row, struct place place) {
    switch (place.axis) {
    case PLACE_PROVINCE:
        return row->province;
    case PLACE_UNMATCHED:
        return row->unmatched;
    case PLACE_DISTRICT:
        return row->district[place.codes];
    case PLACE_UNIT_TYPE:
        return row->unit_type[place.codes];
    case PLACE_OUTLETS:
        return sum_codes(row->outlet, OUTLET_COUNT, place.codes);
    case PLACE_INSTRUMENTS:
        return sum_codes(row->instrument, INSTRUMENT_COUNT, place.codes);
    case PLACE_OBSERVED:
        return both(row->province, row->unmatched);
    case PLACE_PARTIES:
        return both(sum_codes(row->party, PARTY_COUNT, place.codes), sum_codes(row->unmatched_party, PARTY_COUNT, place.codes));
    }
    UNREACHABLE();
    return row->province;
}

__int128 flow_table_terms(const struct flow_table *table, const struct terms *terms, struct place place) {
    __int128 total = 0;
    for (size_t i = 0; i < terms->count; i++) {
        struct amount amount = amount_at(&table->rows[terms->items[i].flow], place);
        total += terms->items[i].sum ? amount.sum : amount.n;
    }
    return total;
}
