/* Units that do something (active, over the window, among the living) and how the set of active units moves from one period to
 * the next (turnover: whoever had a cell of the flows in the period, alive or not). Two identities hold by construction and are
 * tested: ACT(p) = new + retained + reactivated, ACT(p-1) = retained + churned. */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/population.h"

static bool used(const struct window *window, uint32_t unit, uint64_t flows) {
    for (; flows != 0; flows &= flows - 1) {
        if (window_use(window, unit, (uint32_t)__builtin_ctzll(flows))->outlets != 0) return true;
    }
    return false;
}

struct tally {
    int64_t active;
    int64_t whole;
};

/* The population and who of it is active, as disclosure control sees them; figures null: raw. */
struct judged {
    struct unit_figures *figures;
    uint32_t active;
};

/* The population at the end of a window, in order of units, and who of it is active. */
static size_t gather(const struct statistics *statistics, const struct indicator *indicator, const struct window *window,
                     struct unit_member *members, bool *active) {
    size_t count = 0;
    for (uint32_t unit = 0; unit < statistics->registry->unit_count; unit++) {
        uint32_t alive = window->alive[unit];
        if (alive == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(statistics->registry, alive);
        if (!population_holds(indicator->populations[0], record, window->first, window->last)) continue;
        members[count] = unit_member_of(statistics, alive, UNIT_CODE_NONE);
        active[count++] = used(window, unit, indicator->flows);
    }
    return count;
}

static struct judged control_active(const struct statistics *statistics, const struct indicator *indicator) {
    struct judged judged = {.figures = NULL};
    if (statistics->control == NULL) return judged;
    struct unit_member *members = memory_zeroed(statistics->registry->unit_count, sizeof(*members));
    bool *active = memory_zeroed(statistics->registry->unit_count, sizeof(*active));
    bool *before = statistics->before.uses != NULL ? memory_zeroed(statistics->registry->unit_count, sizeof(*before)) : NULL;
    unsigned slices = 0;
    if ((indicator->slices & SLICE_DISTRICT) != 0) slices |= UNITS_BY_DISTRICT;
    if ((indicator->slices & SLICE_UNIT_TYPE) != 0) slices |= UNITS_BY_TYPE;
    size_t count = gather(statistics, indicator, &statistics->now, members, active);
    judged.figures = control_units(statistics->control, members, count, slices, KINDS_NONE);
    if (before != NULL)
        control_before(judged.figures, members, gather(statistics, indicator, &statistics->before, members, before));
    judged.active = control_part(judged.figures, active, before, false);
    free(members);
    free(active);
    free(before);
    return judged;
}

static void add_row(const struct statistics *statistics, const struct indicator *indicator, const struct coordinates *at,
                    struct tally tally, const struct judged *judged, uint32_t place) {
    struct observation *row = observations_add(statistics->observations, at, &statistics->period);
    if (judged->figures != NULL) row->origin = control_share(judged->figures, place, judged->active, UINT32_MAX);
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
        uint32_t alive = statistics->now.alive[unit];
        if (alive == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(statistics->registry, alive);
        if (!population_holds(indicator->populations[0], record, statistics->now.first, statistics->now.last)) continue;
        const struct version *version = &statistics->registry->versions[alive];
        bool active = used(&statistics->now, unit, indicator->flows);
        count_unit(&province, active);
        count_unit(&districts[version->district], active);
        if (version->unit_type >= 0) count_unit(&unit_types[version->unit_type], active);
    }
    struct coordinates total = statistics_total(statistics, indicator, 'O');
    struct judged judged = control_active(statistics, indicator);
    add_row(statistics, indicator, &total, province, &judged, 0);
    for (int i = 0; i < DISTRICT_COUNT && (indicator->slices & SLICE_DISTRICT) != 0; i++) {
        struct coordinates at = total;
        statistics_district_area(statistics, i, at.area);
        uint32_t place = judged.figures != NULL ? judged.figures->districts[i] : 0;
        if (statistics_district_listed(i)) add_row(statistics, indicator, &at, districts[i], &judged, place);
    }
    for (size_t i = 0; i < statistics->definitions->unit_types.count && (indicator->slices & SLICE_UNIT_TYPE) != 0; i++) {
        struct coordinates at = total;
        at.unit_type = statistics->definitions->unit_types.items[i];
        add_row(statistics, indicator, &at, unit_types[i], &judged, judged.figures != NULL ? judged.figures->unit_types[i] : 0);
    }
}

int32_t *activity_first_days(const struct statistics *statistics, uint64_t activities) {
    uint32_t unit_count = statistics->registry->unit_count;
    int32_t *days = memory_zeroed(unit_count, sizeof(*days));
    for (uint32_t i = 0; i < unit_count; i++)
        days[i] = INT32_MAX;
    for (size_t i = 0; i < statistics->state->slot_count; i++) {
        const struct state_slot *slot = &statistics->state->slots[i];
        if (slot->account == TEXT_NONE) continue;
        for (int activity = 1; activity < ACTIVITY_COUNT; activity++) {
            int32_t day = slot->first_day[activity];
            if ((activities >> activity & 1) == 0 || day == INT32_MAX) continue;
            uint32_t version = crosswalk_version(statistics->crosswalk, slot->account, day);
            if (version == VERSION_NONE) continue;
            int32_t *first = &days[statistics->registry->versions[version].unit];
            if (day < *first) *first = day;
        }
    }
    return days;
}

/* Which part of the movement a unit is in. */
static enum turnover_part part_of(bool now, bool previous, bool earlier) {
    if (now) return previous ? PART_RETAINED : earlier ? PART_REACTIVATED : PART_NEW;
    return previous ? PART_CHURNED : PART_NONE;
}

/* A unit that is in no version on the last day any more stands for itself by its last one. */
static struct origin control_turnover(const struct statistics *statistics, const enum turnover_part *parts,
                                      enum turnover_part shown) {
    const struct registry *registry = statistics->registry;
    if (statistics->control == NULL) return (struct origin){.known = false};
    struct unit_member *members = memory_zeroed(registry->unit_count, sizeof(*members));
    size_t count = 0;
    for (uint32_t unit = 0; unit < registry->unit_count; unit++) {
        if (parts[unit] == PART_NONE) continue;
        uint32_t version = registry_version(registry, unit, statistics->period.last);
        if (version == VERSION_NONE) version = registry->unit_versions[unit + 1] - 1;
        members[count++] = (struct unit_member){control_contributor(statistics->control, version), UNIT_CODE_NONE, UNIT_CODE_NONE,
                                                (uint8_t)parts[unit], unit};
    }
    struct unit_figures *figures = control_units(statistics->control, members, count, UNITS_BY_KIND, KINDS_TURNOVER);
    free(members);
    return control_share(figures, figures->kinds[shown], UINT32_MAX, UINT32_MAX);
}

void turnover_write(const struct statistics *statistics, const struct indicator *indicator) {
    uint32_t unit_count = statistics->registry->unit_count;
    int32_t *first_days = activity_first_days(statistics, indicator->activities);
    enum turnover_part *parts = memory_zeroed(unit_count, sizeof(*parts));
    int64_t counts[PART_CHURNED + 1] = {0};
    for (uint32_t i = 0; i < unit_count; i++) {
        const struct unit_past *past = &statistics->cells->past[i];
        uint64_t flows = indicator->flows;
        bool earlier = first_days[i] < statistics->period.first || (past->earlier & flows) != 0;
        parts[i] = part_of((past->now & flows) != 0, (past->previous & flows) != 0, earlier);
        counts[parts[i]]++;
    }
    struct coordinates at = statistics_total(statistics, indicator, 'O');
    struct observation *row = observations_add(statistics->observations, &at, &statistics->period);
    row->origin = control_turnover(statistics, parts, indicator->part);
    decimal_integer(row->value, counts[indicator->part]);
    free(first_days);
    free(parts);
}
