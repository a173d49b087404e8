/* Flows and ratios of flows, from the flow table of a period. Exact integers until the one rounding at the end. */
#include "aggregate/snapshot/statistics.h"

/* Flows that need a source that records cash cannot be observed where no source declares it: M, and not zero. */
static bool observable(const struct statistics *statistics, const struct indicator *indicator) {
    uint64_t flows = terms_flows(&indicator->plus) | terms_flows(&indicator->minus) | terms_flows(&indicator->over) |
                     terms_flows(&indicator->over_minus);
    return !flows_record_cash(statistics->definitions, flows) || sources_any_records_cash(statistics->sources);
}

static void set_measure(const struct statistics *statistics, const struct indicator *indicator, struct observation *row) {
    switch (indicator->measure) {
    case MEASURE_NONE:
    case MEASURE_NUMBER:
        row->unit_measure = "NB";
        row->decimals = 0;
        return;
    case MEASURE_CURRENCY:
        row->unit_measure = statistics->currency;
        row->decimals = indicator->kind == INDICATOR_RATIO ? 2 : statistics->currency_exponent;
        return;
    case MEASURE_PERCENT:
        row->unit_measure = "PT";
        row->decimals = 2;
        return;
    }
}

static void set_ratio(const struct statistics *statistics, const struct indicator *indicator, struct observation *row,
                      __int128 top, __int128 bottom) {
    decimal_integer(row->numerator, top);
    decimal_integer(row->denominator, bottom);
    if (bottom == 0) {
        row->status = 'M';
        return;
    }
    if (indicator->measure == MEASURE_CURRENCY) {
        for (int i = 0; i < statistics->currency_exponent; i++)
            bottom *= 10;
    }
    decimal_quotient(row->value, top, bottom, indicator->shift, row->decimals);
}

static void add_row(const struct statistics *statistics, const struct indicator *indicator, const struct period *period,
                    const struct coordinates *at, struct place place) {
    const struct flow_table *table = statistics->table;
    struct observation *row = observations_add(statistics->observations, at, period);
    row->origin = period->frequency == statistics->period.frequency
                      ? control_flow(statistics->control, indicator, place)
                      : control_day(statistics->control, indicator, place, period->first);
    set_measure(statistics, indicator, row);
    if (!observable(statistics, indicator)) {
        row->status = 'M';
        return;
    }
    __int128 top = flow_table_terms(table, &indicator->plus, place) - flow_table_terms(table, &indicator->minus, place);
    if (indicator->kind == INDICATOR_RATIO) {
        __int128 bottom =
            flow_table_terms(table, &indicator->over, place) - flow_table_terms(table, &indicator->over_minus, place);
        set_ratio(statistics, indicator, row, top, bottom);
    } else {
        decimal_scaled(row->value, top, indicator->measure == MEASURE_CURRENCY ? statistics->currency_exponent : 0);
    }
}

static void write_unit_slices(const struct statistics *statistics, const struct indicator *indicator, const struct period *period,
                              const struct coordinates *total) {
    for (int i = 0; i < DISTRICT_COUNT && (indicator->slices & SLICE_DISTRICT) != 0; i++) {
        struct coordinates at = *total;
        statistics_district_area(statistics, i, at.area);
        if (statistics_district_listed(i))
            add_row(statistics, indicator, period, &at, (struct place){PLACE_DISTRICT, (uint64_t)i});
    }
    if ((indicator->slices & SLICE_DISTRICT) != 0) {
        struct coordinates at = *total;
        (void)snprintf(at.area, sizeof(at.area), "%s_U", statistics->area);
        add_row(statistics, indicator, period, &at, (struct place){PLACE_UNMATCHED, 0});
    }
    for (size_t i = 0; i < statistics->definitions->unit_types.count && (indicator->slices & SLICE_UNIT_TYPE) != 0; i++) {
        struct coordinates at = *total;
        at.unit_type = statistics->definitions->unit_types.items[i];
        add_row(statistics, indicator, period, &at, (struct place){PLACE_UNIT_TYPE, i});
    }
}

void flow_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period, bool daily) {
    const struct axis *platform = &statistics->definitions->platform;
    const struct axis *instrument = &statistics->definitions->instrument;
    const struct axis *ad_platform = &statistics->definitions->ad_platform;
    struct coordinates total = statistics_total(statistics, indicator, 'O');
    add_row(statistics, indicator, period, &total, (struct place){indicator->observed ? PLACE_OBSERVED : PLACE_PROVINCE, 0});
    if (!daily) write_unit_slices(statistics, indicator, period, &total);
    for (size_t i = 0; i < platform->code_count && (indicator->slices & SLICE_PLATFORM) != 0; i++) {
        struct coordinates at = total;
        at.platform = platform->codes[i].name;
        add_row(statistics, indicator, period, &at, (struct place){PLACE_OUTLETS, platform->codes[i].codes});
    }
    for (size_t i = 0; i < instrument->code_count && (indicator->slices & SLICE_INSTRUMENT) != 0; i++) {
        struct coordinates at = total;
        at.instrument = instrument->codes[i].name;
        add_row(statistics, indicator, period, &at, (struct place){PLACE_INSTRUMENTS, instrument->codes[i].codes});
    }
    for (size_t i = 0; i < ad_platform->code_count && (indicator->slices & SLICE_AD_PLATFORM) != 0; i++) {
        struct coordinates at = total;
        at.platform = ad_platform->codes[i].name;
        add_row(statistics, indicator, period, &at, (struct place){PLACE_PARTIES, ad_platform->codes[i].codes});
    }
}
