/* The seven shares of the plan, province's total and headline evidence, exactly as obs.csv of the latest vintage has them: texts
 * are passed on, nothing is computed. */
#include "aggregate/http/live.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/report/text.h"

static const enum indicator_id shares[] = {INDICATOR_ENT_EMAIL, INDICATOR_ENT_WEB_UPD, INDICATOR_ENT_MKTPL, INDICATOR_ENT_MGMTSW,
                                           INDICATOR_MDT_EPAY,  INDICATOR_UTL_EPAY_HH, INDICATOR_TSB_ECHAN};

static const char *target_of(const struct csv_table *table, const char *indicator, const char *column) {
    size_t indicators = csv_table_column(table, "indicator");
    size_t kinds = csv_table_column(table, "kind");
    size_t activities = csv_table_column(table, "activity");
    for (size_t row = 0; row < table->rows; row++) {
        if (strcmp(csv_table_cell(table, row, indicators), indicator) == 0 &&
            strcmp(csv_table_cell(table, row, kinds), "TARGET") == 0 && strcmp(csv_table_cell(table, row, activities), "_T") == 0)
            return csv_table_cell(table, row, csv_table_column(table, column));
    }
    return "";
}

static void member(const char *name, const char *text, FILE *out) {
    (void)fprintf(out, ",\"%s\":", name);
    json_text(out, text);
}

static struct figure figure_of(const struct vintage_copy *copy, const struct indicator_label *label) {
    const struct place place = {copy->area, label->code, label->evidence, "_T", label->unit_type, "_T", label->platform,
                                label->instrument};
    return edition_find(&copy->edition, &place);
}

size_t headlines_read(const struct vintage_copy *copy, struct headline out[static HEADLINES]) {
    _Static_assert(sizeof(shares) / sizeof(shares[0]) == HEADLINES, "as many headlines as shares");
    for (size_t i = 0; i < HEADLINES; i++) {
        const struct indicator_label *label = indicator_label(shares[i]);
        struct figure figure = figure_of(copy, label);
        out[i] = (struct headline){.indicator = label->code, .evidence = label->evidence, .value = "",
                                   .target = target_of(&copy->benchmarks, label->code, "value")};
        if (figure.edition != NULL && figure_has_value(figure)) out[i].value = figure_cell(figure, OBS_OBS_VALUE);
    }
    return HEADLINES;
}

static void write_share(const struct vintage_copy *copy, const struct indicator_label *label, const char *comma, FILE *out) {
    struct figure figure = figure_of(copy, label);
    bool has_value = figure.edition != NULL && figure_has_value(figure);
    (void)fprintf(out, "%s{\"indicator\":\"%s\"", comma, label->code);
    member("evidence", label->evidence, out);
    member("name_en", label->name.en, out);
    member("name_vi", label->name.vi, out);
    member("state", has_value ? "value" : figure.edition != NULL && figure_is_suppressed(figure) ? "suppressed" : "missing", out);
    member("value", has_value ? figure_cell(figure, OBS_OBS_VALUE) : "", out);
    member("target", target_of(&copy->benchmarks, label->code, "value"), out);
    member("target_year", target_of(&copy->benchmarks, label->code, "year"), out);
    (void)fputc('}', out);
}

void headlines_write(const struct vintage_copy *copy, FILE *out) {
    if (copy == NULL) {
        (void)fputs("null", out);
        return;
    }
    const struct figure any = {.edition = &copy->edition, .row = 0};
    (void)fputs("{\"vintage\":", out);
    json_text(out, copy->edition.name);
    member("period", copy->edition.period, out);
    member("area", copy->area, out);
    member("as_of", copy->edition.table.rows > 0 ? figure_cell(any, OBS_AS_OF) : "", out);
    member("release", copy->edition.table.rows > 0 ? figure_cell(any, OBS_RELEASE) : "", out);
    (void)fprintf(out, ",\"report\":%s,\"shares\":[", copy->report != NULL ? "\"/report\"" : "null");
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
        write_share(copy, indicator_label(shares[i]), i > 0 ? "," : "", out);
    (void)fputs("]}", out);
}
