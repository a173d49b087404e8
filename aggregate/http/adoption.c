/* GET /metrics/adoption: what is being paid and bought, and the published shares, for Prometheus.
 *
 * Apart from /metrics, because it reads Redis and a vintage: alerts on the process must not wait for either. The windows are
 * those of the live page, read once for all who ask within a second. Labels come from the lists in the code: windows, axes,
 * codes. */
#include "aggregate/http/routes.h"

#include "aggregate/http/metrics.h"
#include "check.h"
#include "fault.h"

#include <inttypes.h>
#include <string.h>

enum row { RECORDS, SUM, SHARE, TARGET, VINTAGE, ROWS };

static const struct {
    const char *name, *labels, *help;
} table[ROWS] = {
    [RECORDS] = {"nhip_rolling_records", "`window`, `axis`, `code`",
                 "Records booked in the rolling window, by the codes of one axis at a time."},
    [SUM] = {"nhip_rolling_minor_units", "`window`, `axis`, `code`",
             "Sum of their amounts, in minor units of the reporting currency."},
    [SHARE] = {"nhip_share_percent", "`indicator`, `evidence`", "Published share of the latest vintage, province's total."},
    [TARGET] = {"nhip_share_target_percent", "`indicator`, `evidence`", "What the plan wants it to be."},
    [VINTAGE] = {"nhip_vintage_info", "`area`, `period`", "Always 1: of which area and period the shares are."},
};

static void head(enum row row, FILE *out) {
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", table[row].name, table[row].help, table[row].name);
}

static void write_axis(const struct rolling_view *view, size_t window, enum rolling_axis axis, enum row row, FILE *out) {
    size_t count = 0;
    struct rolling_cell *groups = rolling_group(view, 1u << axis, &count);
    for (size_t i = 0; i < count; i++) {
        char digits[ROLLING_SUM_BYTES];
        struct slice sum = rolling_sum_text(groups[i].sum, digits);
        if (strcmp(groups[i].codes[axis], "_Z") == 0) continue;
        (void)fprintf(out, "%s{window=\"%s\",axis=\"%s\",code=\"%s\"} ", table[row].name, rolling_window_name(window),
                      rolling_axis_name(axis), groups[i].codes[axis]);
        if (row == RECORDS) (void)fprintf(out, "%" PRId64 "\n", groups[i].n);
        else (void)fprintf(out, "%.*s\n", (int)sum.length, sum.data);
    }
    free(groups);
}

static void write_windows(const struct rolling_view *views, FILE *out) {
    for (enum row row = RECORDS; row <= SUM; row++) {
        head(row, out);
        for (size_t window = 0; window < ROLLING_WINDOW_COUNT; window++) {
            for (int axis = 0; axis < ROLLING_AXIS_COUNT && views[window].present; axis++)
                write_axis(&views[window], window, (enum rolling_axis)axis, row, out);
        }
    }
}

/* Values are texts of obs.csv, as they are. */
static void write_shares(const struct vintage_copy *copy, FILE *out) {
    struct headline headlines[HEADLINES];
    size_t count = headlines_read(copy, headlines);
    for (enum row row = SHARE; row <= TARGET; row++) {
        head(row, out);
        for (size_t i = 0; i < count; i++) {
            const char *value = row == SHARE ? headlines[i].value : headlines[i].target;
            if (value[0] == '\0') continue;
            (void)fprintf(out, "%s{indicator=\"%s\",evidence=\"%s\"} %s\n", table[row].name, headlines[i].indicator,
                          headlines[i].evidence, value);
        }
    }
    head(VINTAGE, out);
    (void)fprintf(out, "%s{area=\"%s\",period=\"%s\"} 1\n", table[VINTAGE].name, copy->area, copy->edition.period);
}

void metrics_adoption(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    const struct rolling_view *views = NULL;
    const struct vintage_copy *copy = NULL;
    struct fault fault = {.code = FAULT_NONE};
    (void)request;
    enum live_state state = live_open(view->live, &views, &fault);
    if (state == LIVE_STALE) {
        answer->kind = HTTP_WAIT;
        return;
    }
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    if (state == LIVE_FRESH) {
        write_windows(views, answer->out);
        live_close(view->live);
    }
    if (vintages_open(view->vintages, NULL, &copy) != VINTAGE_FOUND) return;
    write_shares(copy, answer->out);
    vintages_close(view->vintages);
}

void adoption_print_markdown(FILE *out) {
    (void)fprintf(out, "\n"
                       "`/metrics/adoption` is a page of its own, because it asks Redis and the latest vintage. One process of\n"
                       "several is enough: all show the same. Windows are operational numbers (no disclosure control), shares\n"
                       "are published figures.\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n");
    for (int row = 0; row < ROWS; row++)
        (void)fprintf(out, "| `%s` | gauge | %s | %s |\n", table[row].name, table[row].labels, table[row].help);
}
