/* How many units an industry has (units), and what share each part has of them (structure). Declared evidence only: an industry
 * code is what the registry says, not what a transaction shows. */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/population.h"

static void count_units(const struct statistics *statistics, const struct indicator *indicator,
                        int64_t counts[static MEMBERS_MAX], int64_t *together) {
    *together = 0;
    for (size_t i = 0; i < indicator->population_count; i++)
        counts[i] = 0;
    for (uint32_t unit = 0; unit < statistics->registry->unit_count; unit++) {
        if (statistics->alive[unit] == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(statistics->registry, statistics->alive[unit]);
        bool inside = false;
        for (size_t i = 0; i < indicator->population_count; i++) {
            bool holds = population_holds(indicator->populations[i], record, statistics->window_first, statistics->period.last);
            counts[i] += holds;
            inside = inside || holds;
        }
        *together += inside;
    }
}

void structure_write(const struct statistics *statistics, const struct indicator *indicator) {
    int64_t counts[MEMBERS_MAX];
    int64_t together;
    count_units(statistics, indicator, counts, &together);
    struct coordinates at = statistics_total(statistics, indicator, 'R');
    bool shares = indicator->kind == INDICATOR_STRUCTURE;
    if (!shares) decimal_integer(observations_add(statistics->observations, &at, &statistics->period)->value, together);
    for (size_t i = 0; i < indicator->population_count; i++) {
        (void)snprintf(at.activity, sizeof(at.activity), "V18_%s", indicator->populations[i]->name);
        struct observation *row = observations_add(statistics->observations, &at, &statistics->period);
        if (shares)
            statistics_percent(row, counts[i], together);
        else
            decimal_integer(row->value, counts[i]);
    }
}
