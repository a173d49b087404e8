/* Claims that obs.csv makes about itself: see figures.h.
 *
 * They are written down again here, from schemas/indicators.md, and not taken from the code that computes figures: a check that
 * calls the same function finds nothing. */
#include "aggregate/verify/figures.h"

#include "aggregate/snapshot/decimal.h"
#include "aggregate/snapshot/obs_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_FIRST = OBS_FREQ, KEY_LAST = OBS_TIME_PERIOD, COLUMN_DECIMALS = 17, KEY_TEXT_BYTES = 400 };

static void key_text(const struct obs_row *row, char out[static KEY_TEXT_BYTES]) {
    (void)snprintf(out, KEY_TEXT_BYTES, "%s %s %s %s %s %s %s %s %s", row->cells[OBS_REF_AREA], row->cells[OBS_INDICATOR],
                   row->cells[OBS_EVIDENCE], row->cells[OBS_ACTIVITY], row->cells[OBS_UNIT_TYPE], row->cells[OBS_SIZE_CLASS],
                   row->cells[OBS_PLATFORM], row->cells[OBS_INSTRUMENT], row->cells[OBS_TIME_PERIOD]);
}

/* A claim about rows that `row` breaks. */
static void broken(struct findings *findings, const struct obs_row *row, const char *what) {
    char key[KEY_TEXT_BYTES];
    key_text(row, key);
    finding_differs(findings, "obs.csv: %.160s: %s", key, what);
}

static int compare_keys(const struct obs_row *left, const struct obs_row *right) {
    int order = 0;
    for (int column = KEY_FIRST; column <= KEY_LAST && order == 0; column++)
        order = strcmp(left->cells[column], right->cells[column]);
    return order;
}

static void check_keys(const struct obs_table *table, struct findings *findings) {
    int64_t before = findings->differs;
    for (size_t i = 1; i < table->count; i++) {
        int order = compare_keys(&table->rows[i - 1], &table->rows[i]);
        if (order == 0) broken(findings, &table->rows[i], "two rows have this key");
        if (order > 0) broken(findings, &table->rows[i], "the rows are not in the order of their keys");
    }
    if (findings->differs == before) finding_held(findings, "obs.csv: %zu keys, each once, in order", table->count);
}

static bool whole(const char *text, int64_t *out) {
    char *end;
    *out = strtoll(text, &end, 10);
    return text[0] != '\0' && *end == '\0';
}

/* Is `value` (ten-thousandths, `decimals` digits shown) 100 x numerator / denominator, rounded half to even? By what rounding
 * means, not by the division that wrote it: no more than half a last digit away, and even where it is exactly half. */
static bool rounds_to(__int128 value, int decimals, int64_t numerator, int64_t denominator) {
    __int128 step = 10000; /* one last digit, in ten-thousandths */
    for (int i = 0; i < decimals; i++) step /= 10;
    __int128 off = value * denominator - (__int128)numerator * 100 * 10000;
    if (off < 0) off = -off;
    __int128 half = step * denominator;
    return 2 * off < half || (2 * off == half && value / step % 2 == 0);
}

/* numerator / denominator, in per cent for shares, as the value says it. */
static void check_quotients(const struct obs_table *table, struct findings *findings) {
    int64_t before = findings->differs, checked = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *row = &table->rows[i];
        int64_t numerator, denominator, decimals;
        __int128 value;
        int shown;
        bool growth = strcmp(row->cells[OBS_TRANSFORMATION], "N") != 0; /* per cent, and no share */
        if (strcmp(row->cells[OBS_UNIT_MEASURE], "PT") != 0 || row->cells[OBS_VALUE][0] == '\0' || growth) continue;
        if (!whole(row->cells[OBS_NUMERATOR], &numerator) || !whole(row->cells[OBS_DENOMINATOR], &denominator) ||
            !whole(row->cells[COLUMN_DECIMALS], &decimals) || denominator <= 0 || decimals < 0 || decimals > 4) {
            broken(findings, row, "a share without numerator and denominator");
            continue;
        }
        checked++;
        if (!decimal_parse(row->cells[OBS_VALUE], &value, &shown) || shown != decimals ||
            !rounds_to(value, shown, numerator, denominator))
            broken(findings, row, "the share is not numerator / denominator");
    }
    if (findings->differs == before)
        finding_held(findings, "obs.csv: %" PRId64 " shares are numerator / denominator, rounded once", checked);
}

static void check_bounds(const struct obs_table *table, struct findings *findings) {
    int64_t before = findings->differs, checked = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *row = &table->rows[i];
        const char *low = row->cells[OBS_BOUND_LO], *high = row->cells[OBS_BOUND_HI], *value = row->cells[OBS_VALUE];
        if (low[0] == '\0' || high[0] == '\0' || value[0] == '\0') continue;
        __int128 least, figure, most;
        int decimals;
        checked++;
        if (!decimal_parse(low, &least, &decimals) || !decimal_parse(value, &figure, &decimals) ||
            !decimal_parse(high, &most, &decimals) || least > figure || figure > most)
            broken(findings, row, "the value lies outside of its bounds");
    }
    if (findings->differs == before) finding_held(findings, "obs.csv: %" PRId64 " values lie within their bounds", checked);
}

/* A cell that may not be published, or was not collected, shows nothing of what it is made of. */
static void check_empty(const struct obs_table *table, const char *status, const char *what, struct findings *findings) {
    static const enum obs_column shown[] = {OBS_VALUE, OBS_NUMERATOR, OBS_DENOMINATOR, OBS_BOUND_LO, OBS_BOUND_HI};
    int64_t before = findings->differs, checked = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *row = &table->rows[i];
        if (strcmp(row->cells[OBS_OBS_STATUS], status) != 0) continue;
        checked++;
        for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++) {
            if (row->cells[shown[k]][0] == '\0') continue;
            char message[64];
            (void)snprintf(message, sizeof(message), "%s, and shows a number", what);
            broken(findings, row, message);
            break;
        }
    }
    if (findings->differs == before && checked > 0)
        finding_held(findings, "obs.csv: %" PRId64 " cells that are %s show nothing", checked, what);
}

/* COVERAGE is a percentage of what was observed, and a figure that less than half of it stands behind says so. */
static void check_coverage(const struct obs_table *table, struct findings *findings) {
    enum { HUNDRED = 100 * 10000, HALF = HUNDRED / 2 };
    int64_t before = findings->differs, checked = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *row = &table->rows[i];
        __int128 coverage;
        int decimals;
        if (row->cells[OBS_COVERAGE][0] == '\0') continue;
        checked++;
        bool percentage = decimal_parse(row->cells[OBS_COVERAGE], &coverage, &decimals) && decimals == 2 && coverage >= 0 &&
                          coverage <= HUNDRED;
        if (!percentage || strcmp(row->cells[OBS_EVIDENCE], "R") == 0)
            broken(findings, row, "COVERAGE is no percentage of what was observed");
        else if (coverage < HALF && strpbrk(row->cells[OBS_OBS_STATUS], "PAE") != NULL)
            broken(findings, row, "COVERAGE is below 50 %, and OBS_STATUS does not say U");
    }
    if (findings->differs == before && checked > 0)
        finding_held(findings, "obs.csv: %" PRId64 " rows with COVERAGE say U or L below 50 %%", checked);
}

/* The row that differs from `row` in the indicator only. */
static const struct obs_row *sibling(const struct obs_table *table, const struct obs_row *row, const char *indicator) {
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *other = &table->rows[i];
        bool same = strcmp(other->cells[OBS_INDICATOR], indicator) == 0;
        for (int column = KEY_FIRST; column <= KEY_LAST && same; column++)
            same = column == OBS_INDICATOR || strcmp(other->cells[column], row->cells[column]) == 0;
        if (same) return other;
    }
    return NULL;
}

/* Accepted, declined for business and for technical reasons: together all attempts. */
static void check_outcomes(const struct obs_table *table, struct findings *findings) {
    int64_t before = findings->differs, checked = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct obs_row *row = &table->rows[i];
        int64_t accepted, business, technical, attempts;
        if (strcmp(row->cells[OBS_INDICATOR], "PAY_SUCC") != 0 || row->cells[OBS_VALUE][0] == '\0') continue;
        const struct obs_row *declined = sibling(table, row, "PAY_BD");
        const struct obs_row *failed = sibling(table, row, "PAY_TD");
        if (declined == NULL || failed == NULL || declined->cells[OBS_VALUE][0] == '\0' || failed->cells[OBS_VALUE][0] == '\0')
            continue;
        checked++;
        if (!whole(row->cells[OBS_NUMERATOR], &accepted) || !whole(row->cells[OBS_DENOMINATOR], &attempts) ||
            !whole(declined->cells[OBS_NUMERATOR], &business) || !whole(failed->cells[OBS_NUMERATOR], &technical) ||
            accepted + business + technical != attempts)
            broken(findings, row, "accepted and declined payments are not all attempts");
    }
    if (findings->differs == before)
        finding_held(findings, "obs.csv: in %" PRId64 " cells accepted and declined payments are all attempts", checked);
}

bool figures_check(const char *directory, int64_t rows_expected, struct findings *findings, struct fault *fault) {
    struct obs_table table;
    if (!obs_table_open(&table, directory)) {
        obs_table_close(&table);
        return fault_set(fault, STOP_FILE_UNREADABLE, false,
                         "%.300s/obs.csv cannot be read, or has a line that is not of 34 cells", directory);
    }
    if ((int64_t)table.count != rows_expected) {
        finding_differs(findings, "obs.csv: %zu rows, snapshot.json says %" PRId64, table.count, rows_expected);
    }
    check_keys(&table, findings);
    check_quotients(&table, findings);
    check_bounds(&table, findings);
    check_empty(&table, "Q", "suppressed", findings);
    check_empty(&table, "L", "not collected", findings);
    check_coverage(&table, findings);
    check_outcomes(&table, findings);
    obs_table_close(&table);
    return true;
}
