/* Flows and ratios of flows, from the flow table of a period. Exact integers until the one rounding at the end. */
#include "aggregate/snapshot/engine.h"

/* Whether any source records cash; flows that need one are M otherwise: not zero, but not observable. */
static bool observable(const struct engine *engine, uint64_t flows) {
    if (!flows_record_cash(engine->definitions, flows)) return true;
    for (uint32_t i = 0; i < text_map_count(engine->state->accounts); i++) {
        struct slice account = text_map_text(engine->state->accounts, i);
        const char *mark = memchr(account.data, 0x1F, account.length);
        if (mark != NULL && sources_records_cash(engine->sources, (struct slice){account.data, (size_t)(mark - account.data)})) return true;
    }
    return false;
}

static void set_measure(const struct engine *engine, const struct indicator *indicator, struct observation *row) {
    switch (indicator->measure) {
    case MEASURE_NONE:
    case MEASURE_NUMBER:
        row->unit_measure = "NB";
        row->decimals = 0;
        return;
    case MEASURE_CURRENCY:
        row->unit_measure = engine->currency;
        row->decimals = indicator->kind == INDICATOR_RATIO ? 2 : engine->currency_exponent;
        return;
    case MEASURE_PERCENT:
        row->unit_measure = "PT";
        row->decimals = 2;
        return;
    }
}

static void set_ratio(const struct engine *engine, const struct indicator *indicator, struct observation *row, __int128 top,
                      __int128 bottom) {
    decimal_integer(row->numerator, top);
    decimal_integer(row->denominator, bottom);
    if (bottom == 0) {
        row->status = 'M';
        return;
    }
    if (indicator->measure == MEASURE_CURRENCY) {
        for (int i = 0; i < engine->currency_exponent; i++) bottom *= 10;
    }
    decimal_quotient(row->value, top, bottom, indicator->shift, row->decimals);
}

static void add_row(const struct engine *engine, const struct indicator *indicator, const struct period *period,
                    const struct coordinates *at, struct place place) {
    const struct flow_table *table = engine->table;
    struct observation *row = observations_add(engine->observations, at, period);
    set_measure(engine, indicator, row);
    __int128 top = flow_table_terms(table, &indicator->plus, place) - flow_table_terms(table, &indicator->minus, place);
    uint64_t flows = terms_flows(&indicator->plus) | terms_flows(&indicator->minus);
    if (indicator->kind == INDICATOR_RATIO) {
        __int128 bottom = flow_table_terms(table, &indicator->over, place) - flow_table_terms(table, &indicator->over_minus, place);
        set_ratio(engine, indicator, row, top, bottom);
    } else if (!observable(engine, flows)) {
        row->status = 'M';
    } else {
        decimal_scaled(row->value, top, indicator->measure == MEASURE_CURRENCY ? engine->currency_exponent : 0);
    }
}

static void write_unit_slices(const struct engine *engine, const struct indicator *indicator, const struct period *period,
                              const struct coordinates *total) {
    for (int i = 0; i < DISTRICT_COUNT && (indicator->slices & SLICE_DISTRICT) != 0; i++) {
        struct coordinates at = *total;
        engine_district_area(engine, i, at.area);
        if (engine_district_listed(i)) add_row(engine, indicator, period, &at, (struct place){PLACE_DISTRICT, (uint64_t)i});
    }
    if ((indicator->slices & SLICE_DISTRICT) != 0) {
        struct coordinates at = *total;
        (void)snprintf(at.area, sizeof(at.area), "%s_U", engine->area);
        add_row(engine, indicator, period, &at, (struct place){PLACE_UNMATCHED, 0});
    }
    for (size_t i = 0; i < engine->definitions->unit_types.count && (indicator->slices & SLICE_UNIT_TYPE) != 0; i++) {
        struct coordinates at = *total;
        at.unit_type = engine->definitions->unit_types.items[i];
        add_row(engine, indicator, period, &at, (struct place){PLACE_UNIT_TYPE, i});
    }
}

void flow_write(const struct engine *engine, const struct indicator *indicator, const struct period *period, bool daily) {
    const struct axis *platform = &engine->definitions->platform;
    const struct axis *instrument = &engine->definitions->instrument;
    struct coordinates total = engine_total(engine, indicator, 'O');
    add_row(engine, indicator, period, &total, (struct place){PLACE_PROVINCE, 0});
    if (!daily) write_unit_slices(engine, indicator, period, &total);
    for (size_t i = 0; i < platform->code_count && (indicator->slices & SLICE_PLATFORM) != 0; i++) {
        struct coordinates at = total;
        at.platform = platform->codes[i].name;
        add_row(engine, indicator, period, &at, (struct place){PLACE_OUTLETS, platform->codes[i].codes});
    }
    for (size_t i = 0; i < instrument->code_count && (indicator->slices & SLICE_INSTRUMENT) != 0; i++) {
        struct coordinates at = total;
        at.instrument = instrument->codes[i].name;
        add_row(engine, indicator, period, &at, (struct place){PLACE_INSTRUMENTS, instrument->codes[i].codes});
    }
}
