/* benchmarks.csv: each target and reported figure of the definitions beside our figure of the same indicator, for every evidence
 * that the vintage has of it, and the gap. Texts in, texts out: the subtraction is done in ten-thousandths. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/rows.h"
#include "aggregate/publication/text_out.h"
#include "aggregate/snapshot/decimal.h"
#include "check.h"

enum { DECIMALS_MAX = 4 };

static void format_gap(const char *ours, const char *theirs, char out[static DECIMAL_BYTES]) {
    int our_decimals;
    int their_decimals;
    __int128 our_value;
    __int128 their_value;
    CHECK(decimal_parse(ours, &our_value, &our_decimals) && decimal_parse(theirs, &their_value, &their_decimals));
    __int128 gap = our_value - their_value;
    int decimals = our_decimals > their_decimals ? our_decimals : their_decimals;
    for (int i = decimals; i < DECIMALS_MAX; i++)
        gap /= 10;
    decimal_scaled(out, gap, decimals);
}

static bool same(const struct obs_row *row, int column, const char *text) {
    return strcmp(row->cells[column], text) == 0;
}

/* Our row: the indicator's total in the province (in an industry, where the benchmark names one). */
static bool is_ours(const struct publication *publication, const struct benchmark *benchmark, const struct obs_row *row) {
    if (!same(row, OBS_INDICATOR, benchmark->indicator) || !same(row, OBS_ACTIVITY, benchmark->activity)) return false;
    unsigned axes = rows_axes(publication, definitions_indicator(publication->definitions, benchmark->indicator), row);
    return (axes & ~(unsigned)ROW_ACTIVITY) == 0;
}

static void write_row(const struct benchmark *benchmark, const struct obs_row *row, FILE *out) {
    char year[12];
    char gap[DECIMAL_BYTES] = "";
    (void)snprintf(year, sizeof(year), "%d", (int)benchmark->year);
    if (!same(row, OBS_VALUE, "")) format_gap(row->cells[OBS_VALUE], benchmark->value, gap);
    csv_cell(out, benchmark->indicator, false);
    csv_cell(out, row->cells[OBS_EVIDENCE], false);
    csv_cell(out, benchmark->activity, false);
    csv_cell(out, benchmark->kind, false);
    csv_cell(out, benchmark->area, false);
    csv_cell(out, year, false);
    csv_cell(out, benchmark->value, false);
    csv_cell(out, row->cells[OBS_UNIT_MEASURE], false);
    csv_cell(out, row->cells[OBS_REF_AREA], false);
    csv_cell(out, row->cells[OBS_TIME_PERIOD], false);
    csv_cell(out, row->cells[OBS_VALUE], false);
    csv_cell(out, row->cells[OBS_OBS_STATUS], false);
    csv_cell(out, gap, false);
    csv_cell(out, benchmark->source, false);
    csv_cell(out, benchmark->url, false);
    csv_cell(out, benchmark->note, true);
}

bool benchmarks_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    const struct definitions *definitions = publication->definitions;
    const struct obs_table *table = publication->rows;
    (void)fault;
    (void)fputs(
        "indicator,evidence,activity,kind,area,year,value,unit_measure,ref_area,time_period,obs_value,obs_status,gap,source,"
        "url,note\n",
        out);
    for (size_t i = 0; i < definitions->benchmark_count; i++) {
        for (size_t j = 0; j < table->count; j++) {
            if (is_ours(publication, &definitions->benchmarks[i], &table->rows[j])) {
                write_row(&definitions->benchmarks[i], &table->rows[j], out);
            }
        }
    }
    return true;
}
