/* How many units an industry has (units), and what share each part has of them (structure). Declared evidence only: an industry
 * code is what the registry says, not what a transaction shows. */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/population.h"

static void count_units(const struct statistics *statistics, const struct indicator *indicator,
                        int64_t counts[static MEMBERS_MAX], int64_t *together) {
    *together = 0;
    for (size_t i = 0; i < indicator->population_count; i++)
        counts[i] = 0;
    for (uint32_t unit = 0; unit < statistics->registry->unit_count; unit++) {
        if (statistics->now.alive[unit] == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(statistics->registry, statistics->now.alive[unit]);
        bool inside = false;
        for (size_t i = 0; i < indicator->population_count; i++) {
            bool holds = population_holds(indicator->populations[i], record, statistics->now.first, statistics->now.last);
            counts[i] += holds;
            inside = inside || holds;
        }
        *together += inside;
    }
}

/* The units of all populations; a unit in several counts for the first. */
static struct unit_figures *control_structure(const struct statistics *statistics, const struct indicator *indicator) {
    if (statistics->control == NULL) return NULL;
    struct unit_member *members = memory_zeroed(statistics->registry->unit_count, sizeof(*members));
    size_t count = 0;
    for (uint32_t unit = 0; unit < statistics->registry->unit_count; unit++) {
        uint32_t version = statistics->now.alive[unit];
        if (version == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(statistics->registry, version);
        for (size_t i = 0; i < indicator->population_count; i++) {
            if (!population_holds(indicator->populations[i], record, statistics->now.first, statistics->now.last)) continue;
            members[count++] = (struct unit_member){control_contributor(statistics->control, version), UNIT_CODE_NONE,
                                                    UNIT_CODE_NONE, (uint8_t)i, unit};
            break;
        }
    }
    struct unit_figures *figures = control_units(statistics->control, members, count, UNITS_BY_KIND, KINDS_STRUCTURE);
    free(members);
    return figures;
}

void structure_write(const struct statistics *statistics, const struct indicator *indicator) {
    int64_t counts[MEMBERS_MAX];
    int64_t together;
    count_units(statistics, indicator, counts, &together);
    struct coordinates at = statistics_total(statistics, indicator, 'R');
    bool shares = indicator->kind == INDICATOR_STRUCTURE;
    const struct unit_figures *figures = control_structure(statistics, indicator);
    if (!shares) {
        struct observation *row = observations_add(statistics->observations, &at, &statistics->period);
        decimal_integer(row->value, together);
        if (figures != NULL) row->origin = control_share(figures, 0, UINT32_MAX, UINT32_MAX);
    }
    for (size_t i = 0; i < indicator->population_count; i++) {
        (void)snprintf(at.activity, sizeof(at.activity), "V18_%s", indicator->populations[i]->name);
        struct observation *row = observations_add(statistics->observations, &at, &statistics->period);
        if (shares)
            statistics_percent(row, counts[i], together);
        else
            decimal_integer(row->value, counts[i]);
        if (figures != NULL) row->origin = control_share(figures, figures->kinds[i], UINT32_MAX, UINT32_MAX);
        row->origin.everywhere_too = shares;
    }
}
