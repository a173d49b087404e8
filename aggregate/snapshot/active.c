/* Units that do something (active, over the window, among the living) and how the set of active units moves from one period to
 * the next (turnover: whoever had a cell of the flows in the period, alive or not). Two identities hold by construction and are
 * tested: ACT(p) = new + retained + reactivated, ACT(p-1) = retained + churned. */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/population.h"

static bool used(const struct statistics *statistics, uint32_t unit, uint64_t flows) {
    for (; flows != 0; flows &= flows - 1) {
        if (statistics_use(statistics, unit, (uint32_t)__builtin_ctzll(flows))->outlets != 0) return true;
    }
    return false;
}

struct tally {
    int64_t active;
    int64_t whole;
};

static void add_row(const struct statistics *statistics, const struct indicator *indicator, const struct coordinates *at,
                    struct tally tally) {
    struct observation *row = observations_add(statistics->observations, at, &statistics->period);
    row->window = statistics->window;
    if (indicator->share)
        statistics_percent(row, tally.active, tally.whole);
    else
        decimal_integer(row->value, tally.active);
}

static void count_unit(struct tally *tally, bool active) {
    tally->whole++;
    tally->active += active;
}

void active_write(const struct statistics *statistics, const struct indicator *indicator) {
    struct tally province = {0, 0};
    struct tally districts[DISTRICT_COUNT] = {{0, 0}};
    struct tally unit_types[UNIT_TYPES_MAX] = {{0, 0}};
    for (uint32_t unit = 0; unit < statistics->registry->unit_count; unit++) {
        uint32_t alive = statistics->alive[unit];
        if (alive == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(statistics->registry, alive);
        if (!population_holds(indicator->populations[0], record, statistics->window_first, statistics->period.last)) continue;
        const struct version *version = &statistics->registry->versions[alive];
        bool active = used(statistics, unit, indicator->flows);
        count_unit(&province, active);
        count_unit(&districts[version->district], active);
        if (version->unit_type >= 0) count_unit(&unit_types[version->unit_type], active);
    }
    struct coordinates total = statistics_total(statistics, indicator, 'O');
    add_row(statistics, indicator, &total, province);
    for (int i = 0; i < DISTRICT_COUNT && (indicator->slices & SLICE_DISTRICT) != 0; i++) {
        struct coordinates at = total;
        statistics_district_area(statistics, i, at.area);
        if (statistics_district_listed(i)) add_row(statistics, indicator, &at, districts[i]);
    }
    for (size_t i = 0; i < statistics->definitions->unit_types.count && (indicator->slices & SLICE_UNIT_TYPE) != 0; i++) {
        struct coordinates at = total;
        at.unit_type = statistics->definitions->unit_types.items[i];
        add_row(statistics, indicator, &at, unit_types[i]);
    }
}

/* Marks units with a cell of the flows on days [from, to) in `marks`. */
static void mark_cells(const struct statistics *statistics, uint64_t flows, int32_t from, int32_t to, bool *marks) {
    size_t end = cells_from(statistics->cells, to);
    for (size_t i = cells_from(statistics->cells, from); i < end; i++) {
        const struct cell *cell = &statistics->cells->items[i];
        if ((cell->flows & flows) == 0 || cell->version == VERSION_NONE) continue;
        marks[statistics->registry->versions[cell->version].unit] = true;
    }
}

/* Marks units to which an account belonged on the first day of one of its activities, when that day is before `day`: the memory
 * that outlives the ledger's retention. */
static void mark_first_days(const struct statistics *statistics, uint64_t activities, int32_t day, bool *marks) {
    for (size_t i = 0; i < statistics->state->slot_count; i++) {
        const struct state_slot *slot = &statistics->state->slots[i];
        if (slot->account == TEXT_NONE) continue;
        for (int activity = 1; activity < ACTIVITY_COUNT; activity++) {
            if ((activities >> activity & 1) == 0 || slot->first_day[activity] >= day) continue;
            uint32_t version = crosswalk_version(statistics->crosswalk, slot->account, slot->first_day[activity]);
            if (version != VERSION_NONE) marks[statistics->registry->versions[version].unit] = true;
        }
    }
}

void turnover_write(const struct statistics *statistics, const struct indicator *indicator) {
    uint32_t unit_count = statistics->registry->unit_count;
    struct period before = period_before(&statistics->period);
    bool *now = memory_zeroed(unit_count, sizeof(*now));
    bool *previous = memory_zeroed(unit_count, sizeof(*previous));
    bool *earlier = memory_zeroed(unit_count, sizeof(*earlier));
    mark_cells(statistics, indicator->flows, statistics->period.first, statistics->period.last + 1, now);
    mark_cells(statistics, indicator->flows, before.first, before.last + 1, previous);
    mark_cells(statistics, indicator->flows, INT32_MIN, statistics->period.first, earlier);
    mark_first_days(statistics, indicator->activities, statistics->period.first, earlier);
    int64_t counts[PART_CHURNED + 1] = {0};
    for (uint32_t i = 0; i < unit_count; i++) {
        if (now[i] && previous[i])
            counts[PART_RETAINED]++;
        else if (now[i] && earlier[i])
            counts[PART_REACTIVATED]++;
        else if (now[i])
            counts[PART_NEW]++;
        else if (previous[i])
            counts[PART_CHURNED]++;
    }
    struct coordinates at = statistics_total(statistics, indicator, 'O');
    decimal_integer(observations_add(statistics->observations, &at, &statistics->period)->value, counts[indicator->part]);
    free(now);
    free(previous);
    free(earlier);
}
