/* The order of work: what holds on the last day, what was used in the window, one flow table for the period and one for each of its days;
 * then every indicator in the order of the file. Rows are sorted when they are written, so this order is nobody's business. */
#include "aggregate/snapshot/engine.h"

#include "aggregate/snapshot/memory.h"

static void find_alive(struct engine *engine) {
    const struct registry *registry = engine->registry;
    engine->alive = memory_zeroed(registry->unit_count, sizeof(*engine->alive));
    for (uint32_t unit = 0; unit < registry->unit_count; unit++) {
        uint32_t version = registry_version(registry, unit, engine->period.last);
        bool active = version != VERSION_NONE && registry_record(registry, version)->status == UNIT_ACTIVE;
        engine->alive[unit] = active ? version : VERSION_NONE;
    }
}

static void find_uses(struct engine *engine) {
    size_t flow_count = engine->definitions->flow_count;
    engine->uses = memory_zeroed(engine->registry->unit_count * flow_count, sizeof(*engine->uses));
    size_t end = cells_from(engine->cells, engine->period.last + 1);
    for (size_t i = cells_from(engine->cells, engine->window_first); i < end; i++) {
        const struct cell *cell = &engine->cells->items[i];
        engine->window_flows |= cell->flows;
        if (cell->version == VERSION_NONE) continue;
        struct use *uses = &engine->uses[engine->registry->versions[cell->version].unit * flow_count];
        for (uint64_t flows = cell->flows; flows != 0; flows &= flows - 1) {
            struct use *use = &uses[__builtin_ctzll(flows)];
            use->outlets |= (uint32_t)1 << (cell->outlet & 31);
            use->instruments |= (uint32_t)1 << (cell->instrument & 31);
        }
    }
}

struct coordinates engine_total(const struct engine *engine, const struct indicator *indicator, char evidence) {
    struct coordinates at = {
        .indicator = indicator->code,
        .evidence = evidence,
        .activity = "_T",
        .unit_type = indicator->unit_type,
        .size_class = "_T",
        .platform = indicator->platform,
        .instrument = indicator->instrument,
    };
    (void)snprintf(at.area, sizeof(at.area), "%s", engine->area);
    return at;
}

void engine_district_area(const struct engine *engine, int district, char out[static AREA_BYTES]) {
    (void)snprintf(out, AREA_BYTES, "%s_D%d", engine->area, DISTRICT_FIRST + district);
}

bool engine_district_listed(int district) {
    return unit_district_known(DISTRICT_FIRST + district);
}

void engine_percent(struct observation *row, int64_t part, int64_t whole) {
    row->unit_measure = "PT";
    row->decimals = 2;
    row->unit_class = unit_class_of(whole);
    decimal_integer(row->numerator, part);
    decimal_integer(row->denominator, whole);
    if (whole == 0) row->status = 'M';
    else decimal_quotient(row->value, part, whole, 2, 2);
}

static void write_indicator(const struct engine *engine, const struct indicator *indicator) {
    switch (indicator->kind) {
    case INDICATOR_NONE:
        break;
    case INDICATOR_SHARE:
        share_write(engine, indicator);
        break;
    case INDICATOR_UNITS:
    case INDICATOR_STRUCTURE:
        structure_write(engine, indicator);
        break;
    case INDICATOR_ACTIVE:
        active_write(engine, indicator);
        break;
    case INDICATOR_TURNOVER:
        turnover_write(engine, indicator);
        break;
    case INDICATOR_FLOW:
    case INDICATOR_RATIO:
        flow_write(engine, indicator, &engine->period, false);
        break;
    case INDICATOR_DISTINCT:
        distinct_write(engine, indicator, &engine->period);
        break;
    case INDICATOR_HHI:
        hhi_write(engine, indicator, &engine->period);
        break;
    }
}

static void write_day(struct engine *engine, int32_t day) {
    struct period period = period_of_day(day);
    engine->table = flow_table_create(engine->cells, engine->registry, day, day);
    for (size_t i = 0; i < engine->definitions->indicator_count; i++) {
        const struct indicator *indicator = &engine->definitions->indicators[i];
        if (!indicator->daily) continue;
        if (indicator->kind == INDICATOR_FLOW || indicator->kind == INDICATOR_RATIO) flow_write(engine, indicator, &period, true);
        if (indicator->kind == INDICATOR_DISTINCT) distinct_write(engine, indicator, &period);
    }
    free(engine->table);
    engine->table = NULL;
}

void engine_run(struct engine *engine, bool daily) {
    engine->window_first = engine->period.last - engine->definitions->window_days + 1;
    engine->window_flows = 0;
    (void)snprintf(engine->window, sizeof(engine->window), "P%dD", engine->definitions->window_days);
    find_alive(engine);
    find_uses(engine);
    engine->table = flow_table_create(engine->cells, engine->registry, engine->period.first, engine->period.last);
    for (size_t i = 0; i < engine->definitions->indicator_count; i++) write_indicator(engine, &engine->definitions->indicators[i]);
    free(engine->table);
    engine->table = NULL;
    if (daily && engine->period.frequency != FREQUENCY_DAY) {
        for (int32_t day = engine->period.first; day <= engine->period.last; day++) write_day(engine, day);
    }
    free(engine->alive);
    free(engine->uses);
    engine->alive = NULL;
    engine->uses = NULL;
}
