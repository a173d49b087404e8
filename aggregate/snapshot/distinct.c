/* Distinct persons, from sketches: payers of accepted non-cash payments and buyers, matched to a unit or not. Months are united
 * for months, quarters and years, days for days and weeks; day sketches are kept for 35 days only, so an older day cannot be
 * known (M, not 0). Districts: distinct_districts.c. */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"
#include "facet.h"

static const int64_t day_ms = 86400000;

/* 1.96 * 0.81 % in millionths. */
enum { BOUND_PPM = 15876 };

static bool day_kept(const struct statistics *statistics, int32_t day) {
    for (size_t i = 0; i < statistics->state->partition_count; i++) {
        const struct progress *progress = &statistics->state->partitions[i].progress;
        if (progress->watermark_ms == INT64_MIN) continue;
        if (zone_day_start_ms(statistics->zone, day) < progress->record_time_max_ms - HOUR_CELLS_DAYS * day_ms) return false;
    }
    return true;
}

static void unite_codes(const struct statistics *statistics, uint8_t *registers, enum hash_kind kind, int32_t bucket,
                        uint64_t outlets, uint64_t instruments) {
    for (int code = 1; code < OUTLET_COUNT; code++) {
        if ((outlets >> code & 1) == 0) continue;
        uint64_t facet = facet_with_outlet(facet_with_family(0, FAMILY_ORDER), (enum outlet)code);
        sketch_unite(registers, state_sketch(statistics->state, kind, bucket, facet));
    }
    for (int code = 1; code < INSTRUMENT_COUNT; code++) {
        if ((instruments >> code & 1) == 0) continue;
        uint64_t facet = facet_with_instrument(facet_with_family(0, FAMILY_PAYMENT), (enum instrument)code);
        sketch_unite(registers, state_sketch(statistics->state, kind, bucket, facet));
    }
}

void distinct_estimate(struct observation *row, int64_t persons, int bound_ppm) {
    static const int64_t ppm = 1000000;
    row->status = 'E';
    row->error_type = "HLL";
    decimal_integer(row->value, persons);
    decimal_quotient(row->bound_low, (__int128)persons * (ppm - bound_ppm), ppm, 0, 0);
    decimal_quotient(row->bound_high, (__int128)persons * (ppm + bound_ppm), ppm, 0, 0);
}

static void add_row(const struct statistics *statistics, const struct period *period, const struct coordinates *at,
                    uint64_t outlets, uint64_t instruments) {
    struct observation *row = observations_add(statistics->observations, at, period);
    bool by_day = period->frequency == FREQUENCY_DAY || period->frequency == FREQUENCY_WEEK;
    uint8_t *registers = memory_zeroed(HLL_REGISTERS, 1);
    if (by_day) {
        for (int32_t day = period->first; day <= period->last; day++) {
            unite_codes(statistics, registers, HASH_SKETCH_DAY, day, outlets, instruments);
        }
    } else {
        for (int32_t month = month_of_day(period->first); month <= month_of_day(period->last); month++) {
            unite_codes(statistics, registers, HASH_SKETCH_MONTH, month, outlets, instruments);
        }
    }
    if (by_day && !day_kept(statistics, period->first)) {
        row->status = 'M';
    } else {
        int64_t persons = sketch_estimate(registers, HLL_REGISTERS_LOG2);
        row->origin = control_persons(statistics->control, period, outlets, instruments, persons);
        distinct_estimate(row, persons, BOUND_PPM);
    }
    free(registers);
}

void distinct_write(const struct statistics *statistics, const struct indicator *indicator, const struct period *period) {
    const struct axis *platform = &statistics->definitions->platform;
    const struct axis *instrument = &statistics->definitions->instrument;
    struct coordinates total = statistics_total(statistics, indicator, 'O');
    add_row(statistics, period, &total, platform->total, instrument->total);
    for (size_t i = 0; i < platform->code_count && (indicator->slices & SLICE_PLATFORM) != 0; i++) {
        struct coordinates at = total;
        at.platform = platform->codes[i].name;
        at.instrument = "_Z";
        add_row(statistics, period, &at, platform->codes[i].codes, 0);
    }
    for (size_t i = 0; i < instrument->code_count && (indicator->slices & SLICE_INSTRUMENT) != 0; i++) {
        struct coordinates at = total;
        at.instrument = instrument->codes[i].name;
        at.platform = "_Z";
        add_row(statistics, period, &at, 0, instrument->codes[i].codes);
    }
    if ((indicator->slices & SLICE_DISTRICT) != 0) distinct_districts_write(statistics, indicator, period);
}
