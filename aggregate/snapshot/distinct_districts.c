/* Distinct persons by district, from the sketches of accounts and months (schemas/store-layout.md §5).
 *
 * A sketch knows no days, so an account has one place a month: that of its unit on the last day on which it belongs to one. All
 * persons of the month go there; an account that belongs to no unit in the month is in no district. Months are united for
 * quarters and years, partitions and accounts alike: somebody who bought in two shops, or in two months, is counted once, and
 * once in each district. So districts do not add up, and nothing is told by subtracting them.
 *
 * Judged are those who brought the persons: the contributor of each account's unit, and the platforms that know its cells of the
 * month. */
#include "aggregate/snapshot/crowd.h"
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"

/* 1.96 * 1.04 / sqrt(4096) in millionths. */
enum { BOUND_PPM = 31850 };

struct gathering {
    uint8_t (*registers)[HLL_ACCOUNT_REGISTERS]; /* by district */
    struct crowd *crowds[DISTRICT_COUNT];
    uint32_t *versions; /* by account: its place in the month at hand */
    uint32_t account_count;
};

static int district_of(const struct statistics *statistics, uint32_t version) {
    return statistics->registry->versions[version].district;
}

static void gather_sketches(const struct statistics *statistics, struct gathering *gathering, int32_t month) {
    const struct state *state = statistics->state;
    for (size_t i = 0; i < state->person_count; i++) {
        const struct state_persons *persons = &state->persons[i];
        if (persons->month != month) continue;
        uint32_t account = state->slots[persons->slot].account;
        uint32_t version = crosswalk_version_within(statistics->crosswalk, account, day_of_month_start(month),
                                                    day_of_month_start(month + 1) - 1);
        gathering->versions[account] = version;
        if (version == VERSION_NONE) continue;
        int district = district_of(statistics, version);
        struct slice blob = {state->blobs + persons->at, persons->length};
        CHECK(sketch_unite_stored(gathering->registers[district], HLL_ACCOUNT_REGISTERS_LOG2, blob));
        crowd_add_version(gathering->crowds[district], version);
    }
}

static void gather_platforms(const struct statistics *statistics, struct gathering *gathering, int32_t month) {
    const struct cells *cells = statistics->cells;
    size_t end = cells_from(cells, day_of_month_start(month + 1));
    for (size_t i = cells_from(cells, day_of_month_start(month)); i < end; i++) {
        const struct cell *cell = &cells->items[i];
        uint32_t version = gathering->versions[cell->account];
        if (version != VERSION_NONE) crowd_add_platform(gathering->crowds[district_of(statistics, version)], cell);
    }
}

static void gather(const struct statistics *statistics, struct gathering *gathering, const struct indicator *indicator,
                   const struct period *period) {
    struct reach reach = {statistics->definitions->platform.total, statistics->definitions->instrument.total};
    gathering->account_count = text_map_count(statistics->state->accounts);
    gathering->registers = memory_zeroed(DISTRICT_COUNT, sizeof(*gathering->registers));
    gathering->versions = memory_zeroed(gathering->account_count, sizeof(*gathering->versions));
    for (int i = 0; i < DISTRICT_COUNT; i++)
        gathering->crowds[i] = crowd_create(statistics->control, indicator, reach);
    for (int32_t month = month_of_day(period->first); month <= month_of_day(period->last); month++) {
        for (uint32_t i = 0; i < gathering->account_count; i++)
            gathering->versions[i] = VERSION_NONE;
        gather_sketches(statistics, gathering, month);
        gather_platforms(statistics, gathering, month);
    }
}

void distinct_districts_write(const struct statistics *statistics, const struct indicator *indicator,
                              const struct period *period) {
    if (period_months(period->frequency) == 0 || statistics->state->person_count == 0) return;
    struct gathering gathering;
    gather(statistics, &gathering, indicator, period);
    struct coordinates at = statistics_total(statistics, indicator, 'O');
    for (int i = 0; i < DISTRICT_COUNT; i++) {
        if (!statistics_district_listed(i)) continue;
        statistics_district_area(statistics, i, at.area);
        struct observation *row = observations_add(statistics->observations, &at, period);
        int64_t persons = sketch_estimate(gathering.registers[i], HLL_ACCOUNT_REGISTERS_LOG2);
        const struct crowd *crowd = gathering.crowds[i];
        if (crowd != NULL) row->origin = (struct origin){.known = true, .own = crowd_judge(crowd, persons, persons)};
        distinct_estimate(row, persons, BOUND_PPM);
    }
    for (int i = 0; i < DISTRICT_COUNT; i++)
        crowd_destroy(gathering.crowds[i]);
    free(gathering.registers);
    free(gathering.versions);
}
