/* How many units an industry has (units), and what share each part has of them (structure). Declared evidence only: an industry code is
 * what the registry says, not what a transaction shows. */
#include "aggregate/snapshot/engine.h"

#include "aggregate/snapshot/population.h"

static void count_units(const struct engine *engine, const struct indicator *indicator, int64_t counts[static MEMBERS_MAX],
                        int64_t *together) {
    *together = 0;
    for (size_t i = 0; i < indicator->population_count; i++) counts[i] = 0;
    for (uint32_t unit = 0; unit < engine->registry->unit_count; unit++) {
        if (engine->alive[unit] == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(engine->registry, engine->alive[unit]);
        bool inside = false;
        for (size_t i = 0; i < indicator->population_count; i++) {
            bool holds = population_holds(indicator->populations[i], record, engine->window_first, engine->period.last);
            counts[i] += holds;
            inside = inside || holds;
        }
        *together += inside;
    }
}

void structure_write(const struct engine *engine, const struct indicator *indicator) {
    int64_t counts[MEMBERS_MAX];
    int64_t together;
    count_units(engine, indicator, counts, &together);
    struct coordinates at = engine_total(engine, indicator, 'R');
    bool shares = indicator->kind == INDICATOR_STRUCTURE;
    if (!shares) decimal_integer(observations_add(engine->observations, &at, &engine->period)->value, together);
    for (size_t i = 0; i < indicator->population_count; i++) {
        (void)snprintf(at.activity, sizeof(at.activity), "V18_%s", indicator->populations[i]->name);
        struct observation *row = observations_add(engine->observations, &at, &engine->period);
        if (shares) engine_percent(row, counts[i], together);
        else decimal_integer(row->value, counts[i]);
    }
}
