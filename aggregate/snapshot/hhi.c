/* Concentration: 10000 * sum(v^2) / (sum v)^2 over outlets or wallets, by value, in integers. */
#include "aggregate/snapshot/statistics.h"

/* (sum v)^2 must stay below 1.7e37 for exact remainders; beyond 2^61 minor units the last bits are dropped, a relative change
 * below 1e-17. */
enum { TOTAL_BITS_MAX = 61 };

/* The leaves as contributors: fewer than three, or one or two that dominate, can be solved for. */
static struct contributed measure_leaves(const struct amount *leaves, int count, uint64_t codes) {
    struct contributed measure = {.contributors = 0};
    for (int i = 0; i < count; i++) {
        __int128 value = (codes >> i & 1) != 0 ? leaves[i].sum : 0;
        if (value == 0) continue;
        measure.contributors++;
        measure.total += value;
        if (value > measure.first) {
            measure.second = measure.first;
            measure.first = value;
        } else if (value > measure.second) {
            measure.second = value;
        }
    }
    return measure;
}

static void set_value(struct observation *row, const struct amount *leaves, int count, uint64_t codes) {
    __int128 total = 0;
    __int128 squares = 0;
    int drop = 0;
    row->unit_measure = "IX_10K";
    row->decimals = 2;
    for (int i = 0; i < count; i++)
        total += (codes >> i & 1) != 0 ? leaves[i].sum : 0;
    while (total >> drop >> TOTAL_BITS_MAX != 0)
        drop++;
    total = 0;
    for (int i = 0; i < count; i++) {
        __int128 value = (codes >> i & 1) != 0 ? leaves[i].sum >> drop : 0;
        total += value;
        squares += value * value;
    }
    if (total == 0)
        row->status = 'M';
    else
        decimal_quotient(row->value, squares, total * total, 4, 2);
}

/* Where, and over which of the leaves. */
struct leaves {
    const struct amount *amounts;
    int count;
    uint64_t codes;
};

static void add_row(const struct statistics *statistics, const struct indicator *indicator, const struct period *period,
                    const struct coordinates *at, struct place place, struct leaves leaves) {
    struct observation *row = observations_add(statistics->observations, at, period);
    struct contributed measure = measure_leaves(leaves.amounts, leaves.count, leaves.codes);
    row->origin = control_concentration(statistics->control, indicator, place, &measure);
    set_value(row, leaves.amounts, leaves.count, leaves.codes);
}

void hhi_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period) {
    const struct flow_row *flow = &statistics->table->rows[indicator->flow];
    const struct axis *platform = &statistics->definitions->platform;
    bool outlets = indicator->leaf == LEAF_OUTLET;
    struct leaves leaves = {outlets ? flow->outlet : flow->party, outlets ? (int)OUTLET_COUNT : (int)PARTY_COUNT,
                            outlets ? platform->total : UINT64_MAX};
    struct coordinates total = statistics_total(statistics, indicator, 'O');
    add_row(statistics, indicator, period, &total, (struct place){PLACE_PROVINCE, 0}, leaves);
    for (size_t i = 0; i < platform->group_count && (indicator->slices & SLICE_MARKETPLACE_TOTAL) != 0; i++) {
        struct coordinates at = total;
        at.platform = platform->groups[i].name;
        if (strcmp(at.platform, "MARKETPLACE") != 0) continue;
        add_row(statistics, indicator, period, &at, (struct place){PLACE_OUTLETS, platform->groups[i].codes},
                (struct leaves){flow->outlet, OUTLET_COUNT, platform->groups[i].codes});
    }
    for (int i = 0; i < DISTRICT_COUNT && (indicator->slices & SLICE_DISTRICT) != 0; i++) {
        if (!statistics_district_listed(i)) continue;
        struct coordinates at = total;
        statistics_district_area(statistics, i, at.area);
        leaves.amounts = outlets ? flow->district_outlet[i] : flow->district_party[i];
        add_row(statistics, indicator, period, &at, (struct place){PLACE_DISTRICT, (uint64_t)i}, leaves);
    }
}
