/* What the sections share: headings with ids, charts with the table that says the same, look-ups. */
#include "aggregate/report/section.h"

#include <string.h>

struct figure report_total(const struct report *report, const struct indicator_label *label, const char *evidence) {
    const struct place place = {report->input->area, label->code, evidence, "_T", label->unit_type, "_T", label->platform,
                                label->instrument};
    return edition_find(editions_own(&report->editions), &place);
}

size_t report_totals(const struct report *report, const struct indicator_label *label, const char *evidence,
                     struct figure figures[static EDITIONS_MAX]) {
    const struct place place = {report->input->area, label->code, evidence, "_T", label->unit_type, "_T", label->platform,
                                label->instrument};
    size_t count = 0;
    for (size_t i = 0; i < report->editions.count; i++) {
        struct figure figure = edition_find(&report->editions.items[i], &place);
        if (figure.edition != NULL) figures[count++] = figure;
    }
    return count;
}

const char *report_benchmark(const struct report *report, const char *indicator, const char *kind, const char *column) {
    const struct csv_table *table = &report->benchmarks;
    size_t indicators = csv_table_column(table, "indicator");
    size_t kinds = csv_table_column(table, "kind");
    size_t activities = csv_table_column(table, "activity");
    for (size_t row = 0; row < table->rows; row++) {
        if (strcmp(csv_table_cell(table, row, indicators), indicator) == 0 &&
            strcmp(csv_table_cell(table, row, kinds), kind) == 0 && strcmp(csv_table_cell(table, row, activities), "_T") == 0) {
            return csv_table_cell(table, row, csv_table_column(table, column));
        }
    }
    return "";
}

struct phrase report_code(const struct report *report, const char *list, const char *code) {
    const struct csv_table *table = &report->codes;
    size_t lists = csv_table_column(table, "codelist");
    size_t codes = csv_table_column(table, "code");
    for (size_t row = 0; row < table->rows; row++) {
        if (strcmp(csv_table_cell(table, row, codes), code) != 0) continue;
        if (strcmp(csv_table_cell(table, row, lists), list) != 0) continue;
        return (struct phrase){csv_table_cell(table, row, csv_table_column(table, "label_vi")),
                               csv_table_cell(table, row, csv_table_column(table, "label_en"))};
    }
    return (struct phrase){code, code};
}

void write_not_drawn(struct page *page, const struct indicator_label *const *labels, size_t count) {
    if (count == 0) return;
    page_raw(page, "<p class=\"absent\">");
    page_say(page, TEXT_NOT_DRAWN);
    for (size_t i = 0; i < count; i++) {
        page_raw(page, i == 0 ? "" : "; ");
        page_phrase(page, labels[i]->name);
        page_format(page, " (%s)", labels[i]->evidence);
    }
    page_raw(page, ".</p>\n");
}

int section_begin(struct page *page, const char *id, enum text title, enum text lead) {
    int label_id = ++page->ids;
    page_format(page, "<section id=\"%s\" aria-labelledby=\"t%d\">\n<h2 id=\"t%d\">", id, label_id, label_id);
    page_say(page, title);
    page_raw(page, "</h2>\n");
    if (lead == TEXT_COUNT) return label_id;
    page_raw(page, "<p class=\"lead\">");
    page_say(page, lead);
    page_raw(page, "</p>\n");
    return label_id;
}

void section_end(struct page *page) {
    page_raw(page, "</section>\n");
}

int figure_begin(struct page *page, enum text caption, size_t count, const struct phrase *phrases) {
    int label_id = ++page->ids;
    page_format(page, "<figure>\n<figcaption id=\"t%d\">", label_id);
    page_say_with(page, caption, count, phrases);
    page_raw(page, "</figcaption>\n");
    return label_id;
}

void figure_end(struct page *page) {
    page_raw(page, "</figure>\n");
}

void alternative_begin(struct page *page, int label_id) {
    page_raw(page, "<details><summary>");
    page_say(page, TEXT_TABLE);
    page_format(page, "</summary><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"t%d\"><table>\n",
                label_id);
}

void alternative_end(struct page *page) {
    page_raw(page, "</tbody></table></div></details>\n");
}

void head_cell(struct page *page, struct phrase phrase) {
    page_raw(page, "<th scope=\"col\">");
    page_phrase(page, phrase);
    page_raw(page, "</th>");
}

void figure_cell_out(struct page *page, struct figure figure, enum obs_column column, struct phrase unit) {
    page_raw(page, "<td>");
    page_figure(page, figure, column, unit);
    page_raw(page, "</td>");
}
