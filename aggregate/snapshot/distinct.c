/* Distinct persons, intents and drivers, from sketches (schemas/store-layout.md §5), matched to a unit or not. Persons are payers
 * of accepted non-cash payments and buyers; intents and drivers are those that events of the indicator's flows name. Months are
 * united for months, quarters and years, days for days and weeks; day sketches are kept for 35 days only, so an older day cannot
 * be known (M, not 0). Districts: distinct_districts.c.
 *
 * A share is one estimate over another that holds all of its registers, and never more than 100. Both may err, each by its own
 * bound and in the wrong direction: the bounds of the share are the quotients of their opposite bounds. */
#include "aggregate/snapshot/crowd.h"
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"
#include "facet.h"

static const int64_t day_ms = 86400000;

/* 1.96 * 0.81 % in millionths. */
enum { BOUND_PPM = 15876, PPM = 1000000 };

static bool by_day(const struct period *period) {
    return period_months(period->frequency) == 0;
}

static bool day_kept(const struct statistics *statistics, int32_t day) {
    for (size_t i = 0; i < statistics->state->partition_count; i++) {
        const struct progress *progress = &statistics->state->partitions[i].progress;
        if (progress->watermark_ms == INT64_MIN) continue;
        if (zone_day_start_ms(statistics->zone, day) < progress->record_time_max_ms - HOUR_CELLS_DAYS * day_ms) return false;
    }
    return true;
}

static void unite_persons(const struct statistics *statistics, uint8_t *registers, enum hash_kind kind, int32_t bucket,
                          struct reach reach) {
    for (int code = 1; code < OUTLET_COUNT; code++) {
        if ((reach.outlets >> code & 1) == 0) continue;
        uint64_t facet = facet_with_outlet(facet_with_family(0, FAMILY_ORDER), (enum outlet)code);
        sketch_unite(registers, state_sketch(statistics->state, kind, bucket, facet));
    }
    for (int code = 1; code < INSTRUMENT_COUNT; code++) {
        if ((reach.instruments >> code & 1) == 0) continue;
        uint64_t facet = facet_with_instrument(facet_with_family(0, FAMILY_PAYMENT), (enum instrument)code);
        sketch_unite(registers, state_sketch(statistics->state, kind, bucket, facet));
    }
}

/* Intents of payments, or drivers of rides, that a flow holds: by outcome, and by instrument or outlet. */
static void unite_named(const struct statistics *statistics, uint8_t *registers, enum hash_kind kind, int32_t bucket,
                        const struct flow_rule *rule, struct reach reach) {
    bool ride = rule->family == (uint64_t)1 << FAMILY_RIDE;
    uint64_t codes = ride ? rule->outlet & reach.outlets : rule->instrument & reach.instruments;
    for (int outcome = OUTCOME_OK; outcome <= OUTCOME_DECLINED; outcome++) {
        for (int code = 1; (rule->outcome >> outcome & 1) != 0 && code < (ride ? OUTLET_COUNT : INSTRUMENT_COUNT); code++) {
            if ((codes >> code & 1) == 0) continue;
            uint64_t facet = ride ? facet_with_outlet(facet_with_family(0, FAMILY_RIDE), (enum outlet)code)
                                  : facet_with_instrument(facet_with_family(0, FAMILY_PAYMENT), (enum instrument)code);
            facet = facet_with_outcome(facet, (enum outcome)outcome);
            sketch_unite(registers, state_sketch(statistics->state, kind, bucket, facet));
        }
    }
}

static void unite_bucket(const struct statistics *statistics, uint8_t *registers, enum hash_kind kind, int32_t bucket,
                         const struct terms *terms, struct reach reach) {
    if (terms->count == 0) unite_persons(statistics, registers, kind, bucket, reach);
    for (size_t i = 0; i < terms->count; i++)
        unite_named(statistics, registers, kind, bucket, &statistics->definitions->flows[terms->items[i].flow], reach);
}

/* How many there are in the period; without terms: persons. */
static int64_t estimate(const struct statistics *statistics, const struct period *period, const struct terms *terms,
                        struct reach reach) {
    uint8_t *registers = memory_zeroed(HLL_REGISTERS, 1);
    if (by_day(period)) {
        for (int32_t day = period->first; day <= period->last; day++)
            unite_bucket(statistics, registers, HASH_SKETCH_DAY, day, terms, reach);
    } else {
        for (int32_t month = month_of_day(period->first); month <= month_of_day(period->last); month++)
            unite_bucket(statistics, registers, HASH_SKETCH_MONTH, month, terms, reach);
    }
    int64_t number = sketch_estimate(registers, HLL_REGISTERS_LOG2);
    free(registers);
    return number;
}

void distinct_estimate(struct observation *row, int64_t number, int bound_ppm) {
    row->status = 'E';
    row->error_type = "HLL";
    decimal_integer(row->value, number);
    decimal_quotient(row->bound_low, (__int128)number * (PPM - bound_ppm), PPM, 0, 0);
    decimal_quotient(row->bound_high, (__int128)number * (PPM + bound_ppm), PPM, 0, 0);
}

static void set_share(struct observation *row, int64_t part, int64_t whole) {
    decimal_integer(row->numerator, part);
    decimal_integer(row->denominator, whole);
    if (whole == 0) {
        row->status = 'M';
        return;
    }
    row->status = 'E';
    row->error_type = "HLL";
    decimal_quotient(row->value, part, whole, 2, 2);
    __int128 least = (__int128)part * (PPM - BOUND_PPM);
    __int128 most = (__int128)part * (PPM + BOUND_PPM);
    __int128 whole_least = (__int128)whole * (PPM - BOUND_PPM);
    __int128 whole_most = (__int128)whole * (PPM + BOUND_PPM);
    decimal_quotient(row->bound_low, least, whole_most, 2, 2);
    decimal_quotient(row->bound_high, most < whole_least ? most : whole_least, whole_least, 2, 2);
}

/* Everything that the indicator looks at. */
static struct reach reach_of(const struct statistics *statistics, const struct indicator *indicator) {
    const struct definitions *definitions = statistics->definitions;
    if (indicator->plus.count == 0) return (struct reach){definitions->platform.total, definitions->instrument.total};
    return (struct reach){(uint64_t)1 << OUTLET_RIDE_APP, definitions->instrument.total};
}

/* Days that are kept no more are not known; intents or drivers that no event of the period names, nobody counts. */
static bool is_collected(const struct statistics *statistics, const struct indicator *indicator, const struct period *period) {
    if (by_day(period) && !day_kept(statistics, period->first)) return false;
    const struct terms *all = indicator->over.count > 0 ? &indicator->over : &indicator->plus;
    return all->count == 0 || estimate(statistics, period, all, reach_of(statistics, indicator)) > 0;
}

/* A row that is to come: where it stands, and what it looks at. */
struct aim {
    struct coordinates at;
    struct place place;
    struct reach reach;
};

enum { AIMS_MAX = 1 + 2 * AXIS_CODES_MAX };

static size_t aims_of(const struct statistics *statistics, const struct indicator *indicator, struct aim *aims) {
    const struct axis *platform = &statistics->definitions->platform;
    const struct axis *instrument = &statistics->definitions->instrument;
    struct coordinates total = statistics_total(statistics, indicator, 'O');
    size_t count = 0;
    aims[count++] = (struct aim){total, {PLACE_PROVINCE, 0}, reach_of(statistics, indicator)};
    for (size_t i = 0; i < platform->code_count && (indicator->slices & SLICE_PLATFORM) != 0; i++) {
        uint64_t codes = platform->codes[i].codes;
        aims[count] = (struct aim){total, {PLACE_OUTLETS, codes}, {codes, 0}};
        aims[count].at.instrument = "_Z";
        aims[count++].at.platform = platform->codes[i].name;
    }
    for (size_t i = 0; i < instrument->code_count && (indicator->slices & SLICE_INSTRUMENT) != 0; i++) {
        uint64_t codes = instrument->codes[i].codes;
        aims[count] = (struct aim){total, {PLACE_INSTRUMENTS, codes}, {0, codes}};
        aims[count].at.platform = "_Z";
        aims[count++].at.instrument = instrument->codes[i].name;
    }
    return count;
}

static void fill(const struct statistics *statistics, const struct indicator *indicator, const struct period *period,
                 const struct aim *aim, const struct crowd *crowd, struct observation *row) {
    bool share = indicator->kind == INDICATOR_DISTINCT_SHARE;
    bool persons = indicator->plus.count == 0;
    int64_t part = estimate(statistics, period, &indicator->plus, aim->reach);
    int64_t whole = share ? estimate(statistics, period, &indicator->over, aim->reach) : part;
    if (part > whole) part = whole;
    if (crowd != NULL) {
        row->origin = persons ? (struct origin){.known = true} : control_flow(statistics->control, indicator, aim->place);
        row->origin.own = crowd_judge(crowd, part, whole);
    }
    if (share)
        set_share(row, part, whole);
    else
        distinct_estimate(row, part, BOUND_PPM);
}

void distinct_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period) {
    struct aim aims[AIMS_MAX];
    struct crowd *crowds[AIMS_MAX];
    size_t count = aims_of(statistics, indicator, aims);
    bool collected = is_collected(statistics, indicator, period);
    for (size_t i = 0; i < count; i++)
        crowds[i] = collected ? crowd_create(statistics->control, indicator, aims[i].reach) : NULL;
    crowds_add_cells(crowds, count, period);
    for (size_t i = 0; i < count; i++) {
        struct observation *row = observations_add(statistics->observations, &aims[i].at, period);
        if (indicator->kind == INDICATOR_DISTINCT_SHARE) {
            row->unit_measure = "PT";
            row->decimals = 2;
        }
        if (collected)
            fill(statistics, indicator, period, &aims[i], crowds[i], row);
        else
            row->status = 'M';
        crowd_destroy(crowds[i]);
    }
    if ((indicator->slices & SLICE_DISTRICT) != 0) distinct_districts_write(statistics, indicator, period);
}
