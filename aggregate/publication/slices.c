/* slices.csv: which breakdowns of which indicator exist in obs.csv, how many of their cells have a value, and why the others do
 * not exist - what users of other publishers' tables have to ask for. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/rows.h"
#include "aggregate/publication/text_out.h"

struct tally {
    int64_t rows;
    int64_t with_value;
    int64_t suppressed;
};

/* The axes along which a reader may want one breakdown. */
static const struct {
    unsigned axis;
    const char *absent; /* why there is none when the definitions do not make it */
} one_way[] = {
    {ROW_DISTRICT, "indicators.json does not ask for districts: too few units, or the figure has no district"},
    {ROW_UNMATCHED, "Only flows can belong to no registered unit"},
    {ROW_COMMUNE, "Communes are too small: nearly every cell would be suppressed"},
    {ROW_ACTIVITY, "indicators.json does not ask for industries of this indicator"},
    {ROW_UNIT_TYPE, "indicators.json does not ask for types of units: the population is one type or has few units"},
    {ROW_SIZE_CLASS, "indicators.json does not ask for size classes: flows are not published by size"},
    {ROW_PLATFORM, "indicators.json does not ask for sales channels of this indicator"},
    {ROW_INSTRUMENT, "indicators.json does not ask for payment instruments of this indicator"},
    {ROW_FREQ, "Daily rows are made for flows, with nhip snapshot --daily"},
};

static void write_number(FILE *out, int64_t number) {
    (void)fprintf(out, "%lld,", (long long)number);
}

static void write_slice(const char *indicator, unsigned axes, const struct tally *tally, const char *reason, const char *note,
                        FILE *out) {
    char name[ROW_AXES_BYTES];
    rows_axes_name(axes, name);
    csv_cell(out, indicator, false);
    csv_cell(out, name, false);
    csv_cell(out, tally->rows > 0 ? "YES" : "NO", false);
    write_number(out, tally->rows);
    write_number(out, tally->with_value);
    write_number(out, tally->suppressed);
    write_number(out, tally->rows - tally->with_value - tally->suppressed);
    csv_cell(out, reason, false);
    csv_cell(out, note, true);
}

static void count_rows(const struct publication *publication, const struct obs_table *table, const struct indicator *indicator,
                       struct tally tallies[static ROW_AXIS_END]) {
    memset(tallies, 0, ROW_AXIS_END * sizeof(*tallies));
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *row = &table->rows[i];
        if (strcmp(row->cells[OBS_INDICATOR], indicator->code) != 0) continue;
        struct tally *tally = &tallies[rows_axes(publication, indicator, row)];
        bool value = row->cells[OBS_VALUE][0] != '\0';
        bool hidden = !value && (row->cells[OBS_OBS_STATUS][0] == 'Q' || strchr("FN", row->cells[OBS_CONF_STATUS][0]) == NULL);
        tally->rows++;
        tally->with_value += value;
        tally->suppressed += hidden;
    }
}

/* An axis that the indicator does not have at all, or one that it could have. */
static void write_absent(const struct indicator *indicator, size_t axis, FILE *out) {
    static const struct tally none = {0};
    bool platform = one_way[axis].axis == ROW_PLATFORM && strcmp(indicator->platform, "_Z") == 0;
    bool instrument = one_way[axis].axis == ROW_INSTRUMENT && strcmp(indicator->instrument, "_Z") == 0;
    if (platform || instrument) {
        write_slice(indicator->code, one_way[axis].axis, &none, "NOT_APPLICABLE",
                    platform ? "The indicator has no sales channel" : "The indicator has no payment instrument", out);
        return;
    }
    bool uncounted = one_way[axis].axis == ROW_DISTRICT && (indicator->slices & SLICE_DISTRICT) != 0;
    write_slice(indicator->code, one_way[axis].axis, &none, uncounted ? "NOT_COUNTED" : "NOT_DEFINED",
                uncounted ? "Persons by district are counted with the setting sketches.accounts, for months, quarters and years"
                          : one_way[axis].absent,
                out);
}

static void write_indicator(const struct indicator *indicator, const struct tally tallies[static ROW_AXIS_END], FILE *out) {
    const size_t axes = sizeof(one_way) / sizeof(one_way[0]);
    static const struct tally none = {0};
    for (unsigned set = 0; set < ROW_AXIS_END; set++) {
        if (tallies[set].rows > 0) write_slice(indicator->code, set, &tallies[set], "", "Published", out);
    }
    for (size_t i = 0; i < axes; i++) {
        if (tallies[one_way[i].axis].rows == 0) write_absent(indicator, i, out);
    }
    for (size_t i = 0; i < axes; i++) {
        for (size_t j = i + 1; j < axes; j++) {
            unsigned both = one_way[i].axis | one_way[j].axis;
            if (tallies[one_way[i].axis].rows == 0 || tallies[one_way[j].axis].rows == 0 || tallies[both].rows > 0) continue;
            if ((both & (ROW_DISTRICT | ROW_UNMATCHED)) == (ROW_DISTRICT | ROW_UNMATCHED)) continue; /* one and the same axis */
            write_slice(indicator->code, both, &none, "TWO_WAY",
                        "One axis at a time: hidden cells of two-way tables can be found again by subtraction", out);
        }
    }
}

bool slices_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    struct tally tallies[ROW_AXIS_END];
    (void)fault;
    (void)fputs("indicator,slice,published,rows,with_value,suppressed,missing,reason,note\n", out);
    for (size_t i = 0; i < publication->definitions->indicator_count; i++) {
        const struct indicator *indicator = &publication->definitions->indicators[i];
        count_rows(publication, publication->rows, indicator, tallies);
        write_indicator(indicator, tallies, out);
    }
    return true;
}
