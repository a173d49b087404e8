/* GET /v1/rolling?window=1h&by=platform,outcome: the rolling windows of Redis, added up over the axes that are not asked for
 * (schemas/openapi.json). Operational numbers, not statistics: no disclosure control has seen them. */
#include "aggregate/http/routes.h"

#include "aggregate/http/query.h"
#include "aggregate/publication/text_out.h"
#include "check.h"

#include <inttypes.h>
#include <string.h>

enum { BY_BYTES = 128 };

static const char *axis_names[ROLLING_AXIS_COUNT];
static const char *window_names[ROLLING_WINDOW_COUNT];

/* One word of `accepted`, by number. */
static bool take_word(const char *parameter, const char *text, struct words accepted, size_t *number,
                      struct http_answer *answer) {
    for (size_t i = 0; i < accepted.count; i++) {
        if (strcmp(accepted.items[i], text) != 0) continue;
        *number = i;
        return true;
    }
    return query_refuse(answer, HTTP_STATUS_BAD, parameter, text, &accepted, "there is no such value");
}

/* Axes in the order in which they were asked for. */
static bool take_by(const struct http_request *request, size_t axes[static ROLLING_AXIS_COUNT], size_t *count,
                    struct http_answer *answer) {
    const struct words accepted = {axis_names, ROLLING_AXIS_COUNT};
    char text[BY_BYTES];
    char *rest = NULL;
    const char *value = query_value(request, "by");
    if (value == NULL) return true;
    if (strlen(value) >= sizeof(text) || value[0] == '\0')
        return query_refuse(answer, HTTP_STATUS_BAD, "by", value, &accepted, "accepted are some of these, separated by commas");
    (void)snprintf(text, sizeof(text), "%s", value);
    for (char *word = strtok_r(text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        size_t axis = 0;
        if (!take_word("by", word, accepted, &axis, answer)) return false;
        for (size_t i = 0; i < *count; i++) {
            if (axes[i] == axis) return query_refuse(answer, HTTP_STATUS_BAD, "by", value, &accepted, "an axis is given twice");
        }
        axes[(*count)++] = axis;
    }
    return true;
}

struct rolling_table {
    const char *window;
    const struct rolling_view *view;
    const size_t *axes;
    size_t axis_count;
    const struct rolling_cell *groups;
    size_t group_count;
    FILE *out;
};

static void write_group(const struct rolling_table *table, const struct rolling_cell *group, bool marked) {
    char sum[ROLLING_SUM_BYTES];
    struct slice text = rolling_sum_text(group->sum, sum);
    (void)fputc('{', table->out);
    if (marked) {
        (void)fprintf(table->out, "\"window\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",", table->window, table->view->from,
                      table->view->to);
    }
    for (size_t i = 0; i < table->axis_count; i++)
        (void)fprintf(table->out, "\"%s\":\"%s\",", axis_names[table->axes[i]], group->codes[table->axes[i]]);
    (void)fprintf(table->out, "\"n\":%" PRId64 ",\"sum_minor\":\"%.*s\"}", group->n, (int)text.length, text.data);
}

static void write_json(const struct rolling_table *table) {
    FILE *out = table->out;
    (void)fprintf(out, "{\"window\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"namespace\":", table->window, table->view->from,
                  table->view->to);
    json_text(out, table->view->name_space);
    (void)fputs(",\"offsets\":", out);
    json_text(out, table->view->offsets);
    (void)fprintf(out, ",\"total\":%" PRId64 ",\"by\":[", table->view->total);
    for (size_t i = 0; i < table->axis_count; i++)
        (void)fprintf(out, "%s\"%s\"", i > 0 ? "," : "", axis_names[table->axes[i]]);
    (void)fputs("],\"groups\":[", out);
    for (size_t i = 0; i < table->group_count; i++) {
        if (i > 0) (void)fputc(',', out);
        write_group(table, &table->groups[i], false);
    }
    (void)fputs("]}\n", out);
}

static void write_csv(const struct rolling_table *table) {
    (void)fputs("window,from,to,", table->out);
    for (size_t i = 0; i < table->axis_count; i++) (void)fprintf(table->out, "%s,", axis_names[table->axes[i]]);
    (void)fputs("n,sum_minor\n", table->out);
    for (size_t i = 0; i < table->group_count; i++) {
        const struct rolling_cell *group = &table->groups[i];
        char sum[ROLLING_SUM_BYTES];
        struct slice text = rolling_sum_text(group->sum, sum);
        (void)fprintf(table->out, "%s,%s,%s,", table->window, table->view->from, table->view->to);
        for (size_t axis = 0; axis < table->axis_count; axis++)
            (void)fprintf(table->out, "%s,", group->codes[table->axes[axis]]);
        (void)fprintf(table->out, "%" PRId64 ",%.*s\n", group->n, (int)text.length, text.data);
    }
}

static void write_ndjson(const struct rolling_table *table) {
    for (size_t i = 0; i < table->group_count; i++) {
        write_group(table, &table->groups[i], true);
        (void)fputc('\n', table->out);
    }
}

static void write_table(struct rolling_table *table, enum http_format format) {
    unsigned by = 0;
    for (size_t i = 0; i < table->axis_count; i++) by |= 1u << table->axes[i];
    struct rolling_cell *groups = rolling_group(table->view, by, &table->group_count);
    table->groups = groups;
    switch (format) {
    case FORMAT_JSON: write_json(table); break;
    case FORMAT_CSV: write_csv(table); break;
    case FORMAT_NDJSON: write_ndjson(table); break;
    }
    free(groups);
}

void api_rolling(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    static const char *const names[] = {"window", "by", "format"};
    size_t axes[ROLLING_AXIS_COUNT];
    size_t axis_count = 0;
    size_t window = 2;
    enum http_format format = FORMAT_JSON;
    const struct rolling_view *views = NULL;
    struct fault fault = {.code = FAULT_NONE};
    for (size_t i = 0; i < ROLLING_AXIS_COUNT; i++) axis_names[i] = rolling_axis_name((enum rolling_axis)i);
    for (size_t i = 0; i < ROLLING_WINDOW_COUNT; i++) window_names[i] = rolling_window_name(i);
    const char *wanted = query_value(request, "window");
    if (!query_check(request, (struct words){names, 3}, answer) || !query_format(request, &format, answer) ||
        (wanted != NULL &&
         !take_word("window", wanted, (struct words){window_names, ROLLING_WINDOW_COUNT}, &window, answer)) ||
        !take_by(request, axes, &axis_count, answer)) {
        return;
    }
    enum live_state state = live_open(view->live, &views, &fault);
    if (state == LIVE_STALE) answer->kind = HTTP_WAIT;
    if (state == LIVE_FAILED) (void)query_refuse(answer, HTTP_STATUS_LATER, NULL, NULL, NULL, fault.message);
    if (state != LIVE_FRESH) return;
    if (!views[window].present) {
        (void)query_refuse(answer, HTTP_STATUS_LATER, NULL, NULL, NULL, "no window has been written yet");
    } else {
        struct rolling_table table = {.window = rolling_window_name(window), .view = &views[window], .axes = axes,
                                      .axis_count = axis_count, .out = answer->out};
        answer->tagged = true;
        write_table(&table, format);
    }
    live_close(view->live);
}
