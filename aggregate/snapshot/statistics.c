/* The order of work: what holds on the last day, what was used in the window, one flow table for the period and one for each of
 * its days; then every indicator in the order of the file. Rows are sorted when they are written, so this order is nobody's
 * business. */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"

static void find_alive(const struct registry *registry, struct window *window) {
    window->alive = memory_zeroed(registry->unit_count, sizeof(*window->alive));
    for (uint32_t unit = 0; unit < registry->unit_count; unit++)
        window->alive[unit] = registry_alive(registry, unit, window->last);
}

static void find_uses(const struct statistics *statistics, struct window *window) {
    const struct cells *cells = statistics->cells;
    const struct registry *registry = statistics->registry;
    window->uses = memory_zeroed(registry->unit_count * window->flow_count, sizeof(*window->uses));
    size_t end = cells_from(cells, window->last + 1);
    for (size_t i = cells_from(cells, window->first); i < end; i++)
        window_note(window, registry, cell_kind(cells, &cells->items[i]), cells->items[i].version);
}

/* The window of the period, and the one before where figures are compared with it. */
static void open_windows(struct statistics *statistics) {
    const struct definitions *definitions = statistics->definitions;
    int32_t last = statistics->period.last;
    statistics->now = (struct window){
        .first = last - definitions->window_days + 1, .last = last, .flow_count = definitions->flow_count};
    (void)snprintf(statistics->window, sizeof(statistics->window), "P%dD", definitions->window_days);
    find_alive(statistics->registry, &statistics->now);
    find_uses(statistics, &statistics->now);
    statistics->before = statistics->cells->before;
    if (statistics->before.uses != NULL) find_alive(statistics->registry, &statistics->before);
}

static void close_windows(struct statistics *statistics) {
    free(statistics->now.alive);
    free(statistics->now.uses);
    free(statistics->before.alive);
    statistics->now = statistics->before = (struct window){.uses = NULL};
}

struct coordinates statistics_total(const struct statistics *statistics, const struct indicator *indicator, char evidence) {
    struct coordinates at = {
        .indicator = indicator->code,
        .evidence = evidence,
        .activity = "_T",
        .unit_type = indicator->unit_type,
        .size_class = "_T",
        .platform = indicator->platform,
        .instrument = indicator->instrument,
    };
    (void)snprintf(at.area, sizeof(at.area), "%s", statistics->area);
    return at;
}

void statistics_district_area(const struct statistics *statistics, int district, char out[static AREA_BYTES]) {
    (void)snprintf(out, AREA_BYTES, "%s_D%d", statistics->area, DISTRICT_FIRST + district);
}

bool statistics_district_listed(int district) {
    return unit_district_known(DISTRICT_FIRST + district);
}

struct unit_member unit_member_of(const struct statistics *statistics, uint32_t version, uint8_t kind) {
    const struct version *at = &statistics->registry->versions[version];
    return (struct unit_member){
        .contributor = control_contributor(statistics->control, version),
        .district = (uint8_t)at->district,
        .unit_type = at->unit_type >= 0 ? (uint8_t)at->unit_type : (uint8_t)UNIT_CODE_NONE,
        .kind = kind,
        .unit = at->unit,
    };
}

void statistics_percent(struct observation *row, int64_t part, int64_t whole) {
    row->unit_measure = "PT";
    row->decimals = 2;
    row->unit_class = unit_class_of(whole);
    decimal_integer(row->numerator, part);
    decimal_integer(row->denominator, whole);
    if (whole == 0)
        row->status = 'M';
    else
        decimal_quotient(row->value, part, whole, 2, 2);
}

static void write_indicator(const struct statistics *statistics, const struct indicator *indicator) {
    switch (indicator->kind) {
    case INDICATOR_NONE:
        break;
    case INDICATOR_SHARE:
        share_write(statistics, indicator);
        break;
    case INDICATOR_UNITS:
    case INDICATOR_STRUCTURE:
        structure_write(statistics, indicator);
        break;
    case INDICATOR_ACTIVE:
        active_write(statistics, indicator);
        break;
    case INDICATOR_TURNOVER:
        turnover_write(statistics, indicator);
        break;
    case INDICATOR_FLOW:
    case INDICATOR_RATIO:
        flow_write(statistics, indicator, &statistics->period, false);
        break;
    case INDICATOR_DISTINCT:
    case INDICATOR_DISTINCT_SHARE:
        distinct_write(statistics, indicator, &statistics->period);
        break;
    case INDICATOR_HHI:
        hhi_write(statistics, indicator, &statistics->period);
        break;
    }
}

static void write_day(struct statistics *statistics, int32_t day) {
    struct period period = period_of_day(day);
    statistics->table = flow_table_create(statistics->cells, statistics->registry, day, day);
    for (size_t i = 0; i < statistics->definitions->indicator_count; i++) {
        const struct indicator *indicator = &statistics->definitions->indicators[i];
        if (!indicator->daily) continue;
        if (indicator->kind == INDICATOR_FLOW || indicator->kind == INDICATOR_RATIO)
            flow_write(statistics, indicator, &period, true);
        if (indicator->kind == INDICATOR_DISTINCT) distinct_write(statistics, indicator, &period);
    }
    free(statistics->table);
    statistics->table = NULL;
}

void statistics_run(struct statistics *statistics, bool daily) {
    open_windows(statistics);
    statistics->table =
        flow_table_create(statistics->cells, statistics->registry, statistics->period.first, statistics->period.last);
    for (size_t i = 0; i < statistics->definitions->indicator_count; i++)
        write_indicator(statistics, &statistics->definitions->indicators[i]);
    free(statistics->table);
    statistics->table = NULL;
    if (daily && statistics->period.frequency != FREQUENCY_DAY) {
        for (int32_t day = statistics->period.first; day <= statistics->period.last; day++)
            write_day(statistics, day);
    }
    close_windows(statistics);
}
