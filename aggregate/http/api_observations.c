/* GET /v1/observations?indicator=ENT_MKTPL&area=VN_38&period=2021-09: rows of obs.csv of a published vintage, cell by cell as
 * they were written (schemas/openapi.json, schemas/vintage-files.md). Nothing here comes from Redis: obs.csv is the only public
 * door, and disclosure control stands in front of it. A page of rows is bounded; `next` and the Link header lead to the rest. */
#include "aggregate/http/routes.h"

#include "aggregate/http/query.h"
#include "aggregate/publication/text_out.h"
#include "check.h"

#include <inttypes.h>
#include <string.h>

enum { VALUES_MAX = 64, LIMIT_DEFAULT = 1000, LIMIT_MAX = 2000, OFFSET_MAX = 100000000, DISTINCT_MAX = 4000, NAMES_MAX = 200 };

static const struct {
    const char *parameter;
    enum obs_column column;
} columns[] = {{"indicator", OBS_INDICATOR},   {"area", OBS_REF_AREA},           {"period", OBS_TIME_PERIOD},
               {"evidence", OBS_EVIDENCE},     {"activity", OBS_ACTIVITY},       {"unit_type", OBS_UNIT_TYPE},
               {"size_class", OBS_SIZE_CLASS}, {"platform", OBS_PLATFORM},       {"instrument", OBS_INSTRUMENT},
               {"freq", OBS_FREQ},             {"transformation", OBS_TRANSFORMATION}};
enum { FILTERS = sizeof(columns) / sizeof(columns[0]) };

static const char *const names[] = {"indicator",  "area",     "period",     "evidence", "activity",
                                    "unit_type",  "size_class", "platform", "instrument", "freq",
                                    "transformation", "vintage", "format",   "limit",    "offset"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

struct filter {
    char *text; /* the values are cut out of it */
    const char *values[VALUES_MAX];
    size_t count; /* 0: everything passes */
};

struct selection {
    const struct edition *edition;
    struct filter filters[FILTERS];
    int64_t limit, offset;
    size_t *rows; /* of this page */
    size_t row_count, matched;
    const struct http_request *request;
    FILE *out;
};

static const char *cell_of(const struct edition *edition, size_t row, enum obs_column column) {
    return csv_table_cell(&edition->table, row, edition->columns[column]);
}

/* --- what is asked for --- */

/* A value that no row has is a mistake: the refusal names those that there are. */
static bool refuse_value(const struct edition *edition, size_t filter, const char *value, struct http_answer *answer) {
    const char **distinct = calloc(DISTINCT_MAX, sizeof(*distinct));
    CHECK_MEMORY(distinct != NULL);
    size_t count = 0;
    for (size_t row = 0; row < edition->table.rows && count < DISTINCT_MAX; row++) {
        const char *text = cell_of(edition, row, columns[filter].column);
        bool known = false;
        for (size_t i = count; i > 0 && !known; i--) known = strcmp(distinct[i - 1], text) == 0;
        if (!known) distinct[count++] = text;
    }
    const struct words accepted = {distinct, count};
    (void)query_refuse(answer, HTTP_STATUS_BAD, columns[filter].parameter, value, &accepted,
                       "no observation of this vintage has it");
    free(distinct);
    return false;
}

static bool value_exists(const struct edition *edition, size_t filter, const char *value) {
    for (size_t row = 0; row < edition->table.rows; row++) {
        if (strcmp(cell_of(edition, row, columns[filter].column), value) == 0) return true;
    }
    return false;
}

static bool take_filter(struct selection *selection, size_t number, struct http_answer *answer) {
    struct filter *filter = &selection->filters[number];
    const char *value = query_value(selection->request, columns[number].parameter);
    char *rest = NULL;
    if (value == NULL) return true;
    if (value[0] == '\0') return refuse_value(selection->edition, number, value, answer);
    filter->text = strdup(value);
    CHECK_MEMORY(filter->text != NULL);
    for (char *word = strtok_r(filter->text, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        if (filter->count == VALUES_MAX)
            return query_refuse(answer, HTTP_STATUS_BAD, columns[number].parameter, value, NULL, "more than 64 values");
        if (!value_exists(selection->edition, number, word)) return refuse_value(selection->edition, number, word, answer);
        filter->values[filter->count++] = word;
    }
    return filter->count > 0 || refuse_value(selection->edition, number, value, answer);
}

static bool passes(const struct selection *selection, size_t row) {
    for (size_t i = 0; i < FILTERS; i++) {
        const struct filter *filter = &selection->filters[i];
        if (filter->count == 0) continue;
        const char *text = cell_of(selection->edition, row, columns[i].column);
        bool found = false;
        for (size_t k = 0; k < filter->count && !found; k++) found = strcmp(filter->values[k], text) == 0;
        if (!found) return false;
    }
    return true;
}

static void select_rows(struct selection *selection) {
    selection->rows = calloc((size_t)selection->limit, sizeof(*selection->rows));
    CHECK_MEMORY(selection->rows != NULL);
    for (size_t row = 0; row < selection->edition->table.rows; row++) {
        if (!passes(selection, row)) continue;
        bool here = selection->matched >= (size_t)selection->offset && selection->row_count < (size_t)selection->limit;
        if (here) selection->rows[selection->row_count++] = row;
        selection->matched++;
    }
}

/* --- what is answered --- */

static void write_encoded(const char *text, FILE *out) {
    for (; *text != '\0'; text++) {
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.,", *text) != NULL)
            (void)fputc(*text, out);
        else
            (void)fprintf(out, "%%%02X", (unsigned char)*text);
    }
}

/* The same request for the next page, of the same vintage even if another one is published meanwhile; "" when this was the last,
 * or when it would be too long for a header. */
static void make_link(const struct selection *selection, char link[static HTTP_LINK_BYTES]) {
    char *text = NULL;
    size_t length = 0;
    size_t next = (size_t)selection->offset + selection->row_count;
    link[0] = '\0';
    if (next >= selection->matched) return;
    FILE *out = open_memstream(&text, &length);
    CHECK_MEMORY(out != NULL);
    (void)fprintf(out, "/v1/observations?vintage=%s", selection->edition->name);
    for (size_t i = 0; i < selection->request->parameter_count; i++) {
        const struct http_parameter *parameter = &selection->request->parameters[i];
        if (strcmp(parameter->name, "offset") == 0 || strcmp(parameter->name, "vintage") == 0) continue;
        (void)fprintf(out, "&%s=", parameter->name);
        write_encoded(parameter->value, out);
    }
    (void)fprintf(out, "&offset=%zu", next);
    CHECK_MEMORY(fclose(out) == 0);
    if (length < HTTP_LINK_BYTES) memcpy(link, text, length + 1);
    free(text);
}

static void write_row_json(const struct selection *selection, size_t row) {
    const struct csv_table *table = &selection->edition->table;
    for (size_t i = 0; i < table->columns; i++) {
        (void)fputs(i > 0 ? "," : "{", selection->out);
        json_text(selection->out, table->cells[i]);
        (void)fputc(':', selection->out);
        json_text(selection->out, csv_table_cell(table, row, i));
    }
    (void)fputc('}', selection->out);
}

static void write_json(const struct selection *selection, const char *link) {
    FILE *out = selection->out;
    const struct edition *edition = selection->edition;
    (void)fprintf(out, "{\"vintage\":\"%s\",\"matched\":%zu,\"offset\":%" PRId64 ",\"limit\":%" PRId64 ",\"next\":",
                  edition->name, selection->matched, selection->offset, selection->limit);
    if (link[0] != '\0')
        json_text(out, link);
    else
        (void)fputs("null", out);
    (void)fputs(",\"observations\":[", out);
    for (size_t i = 0; i < selection->row_count; i++) {
        if (i > 0) (void)fputc(',', out);
        write_row_json(selection, selection->rows[i]);
    }
    (void)fputs("]}\n", out);
}

static void write_csv(const struct selection *selection) {
    const struct csv_table *table = &selection->edition->table;
    for (size_t i = 0; i < table->columns; i++) csv_cell(selection->out, table->cells[i], i + 1 == table->columns);
    for (size_t row = 0; row < selection->row_count; row++) {
        for (size_t i = 0; i < table->columns; i++)
            csv_cell(selection->out, csv_table_cell(table, selection->rows[row], i), i + 1 == table->columns);
    }
}

static void write_rows(const struct selection *selection, enum http_format format, struct http_answer *answer) {
    make_link(selection, answer->link);
    answer->tagged = true;
    switch (format) {
    case FORMAT_JSON: write_json(selection, answer->link); break;
    case FORMAT_CSV: write_csv(selection); break;
    case FORMAT_NDJSON:
        for (size_t i = 0; i < selection->row_count; i++) {
            write_row_json(selection, selection->rows[i]);
            (void)fputc('\n', selection->out);
        }
        break;
    }
}

static void answer_from(const struct edition *edition, const struct http_request *request, enum http_format format,
                        struct http_answer *answer) {
    struct selection selection = {.edition = edition, .limit = LIMIT_DEFAULT, .request = request, .out = answer->out};
    bool fine = query_number(request, "limit", 1, LIMIT_MAX, &selection.limit, answer) &&
                query_number(request, "offset", 0, OFFSET_MAX, &selection.offset, answer);
    for (size_t i = 0; fine && i < FILTERS; i++) fine = take_filter(&selection, i, answer);
    if (fine) {
        select_rows(&selection);
        write_rows(&selection, format, answer);
    }
    for (size_t i = 0; i < FILTERS; i++) free(selection.filters[i].text);
    free(selection.rows);
}

static void refuse_vintage(const struct http_view *view, const char *wanted, struct http_answer *answer) {
    char *vintages[NAMES_MAX];
    size_t count = vintages_list(view->vintages, vintages, NAMES_MAX);
    const struct words accepted = {(const char *const *)vintages, count};
    (void)query_refuse(answer, HTTP_STATUS_NONE, "vintage", wanted, &accepted,
                       wanted != NULL ? "there is no published vintage of that name" : "nothing has been published yet");
    for (size_t i = 0; i < count; i++) free(vintages[i]);
}

void api_observations(const struct http_view *view, const struct http_request *request, struct http_answer *answer) {
    enum http_format format = FORMAT_JSON;
    const struct vintage_copy *copy = NULL;
    if (!query_check(request, (struct words){names, NAMES}, answer) || !query_format(request, &format, answer)) return;
    const char *wanted = query_value(request, "vintage");
    switch (vintages_open(view->vintages, wanted, &copy)) {
    case VINTAGE_NONE: refuse_vintage(view, wanted, answer); break;
    case VINTAGE_UNFIT: (void)query_refuse(answer, HTTP_STATUS_BROKEN, "vintage", wanted, NULL, VINTAGE_UNFIT_TEXT); break;
    case VINTAGE_FOUND:
        answer_from(&copy->edition, request, format, answer);
        vintages_close(view->vintages);
        break;
    }
}
