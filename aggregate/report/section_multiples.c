/* Small multiples: the same small drawing for every indicator, so that the eye compares shapes; the table has the numbers and
 * names the vintage of each column. */
#include "aggregate/report/section.h"

static const enum indicator_id multiples[] = {
    INDICATOR_ENT_EMAIL,   INDICATOR_ENT_WEB_UPD,   INDICATOR_ENT_MKTPL,    INDICATOR_ENT_MGMTSW,   INDICATOR_MDT_EPAY,
    INDICATOR_UTL_EPAY_HH, INDICATOR_TSB_ECHAN,     INDICATOR_IT_ENT_N,     INDICATOR_MER_ACTIVE_SH, INDICATOR_ORD_N,
    INDICATOR_GMV_GROSS,   INDICATOR_AOV,           INDICATOR_CANC_RATE,    INDICATOR_COD_SH_N,     INDICATOR_PAY_ATT_N,
    INDICATOR_PAYV_GROSS,  INDICATOR_PAY_SUCC,      INDICATOR_EW_SH_V,      INDICATOR_NONCASH_SH_V, INDICATOR_BUYERS_ACT_N,
    INDICATOR_HHI_PLATFORM};
enum { MULTIPLES = sizeof(multiples) / sizeof(multiples[0]) };

static bool has_values(const struct report *report, const struct indicator_label *label) {
    struct figure figures[EDITIONS_MAX];
    size_t count = report_totals(report, label, label->evidence, figures);
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || figure_has_value(figures[i]);
    return any;
}

static void write_panel(struct report *report, const struct indicator_label *label) {
    struct page *page = &report->page;
    struct figure figures[EDITIONS_MAX];
    size_t count = report_totals(report, label, label->evidence, figures);
    if (count == 0) return;
    int panel_id = ++page->ids;
    page_format(page, "<div class=\"panel\"><h3 id=\"t%d\">", panel_id);
    page_phrase(page, label->name);
    page_raw(page, "</h3><p class=\"latest\">");
    page_figure(page, figures[count - 1], OBS_OBS_VALUE, figure_unit(figures[count - 1]));
    page_raw(page, "</p>");
    chart_line(page, panel_id, figures, count, report_benchmark(report, label->code, "TARGET", "value"));
    page_raw(page, "</div>\n");
}

static void write_heads(struct report *report) {
    struct page *page = &report->page;
    page_raw(page, "<thead><tr>");
    head_cell(page, text_phrase(TEXT_INDICATOR));
    for (size_t i = 0; i < report->editions.count; i++) {
        struct made_phrase period;
        period_short(report->editions.items[i].period, &period);
        page_raw(page, "<th scope=\"col\" title=\"");
        page_escape(page, report->editions.items[i].name);
        page_raw(page, "\">");
        page_phrase(page, made(&period));
        page_raw(page, "</th>");
    }
    page_raw(page, "</tr></thead><tbody>\n");
}

static void write_table(struct report *report, int label_id) {
    struct page *page = &report->page;
    alternative_begin(page, label_id);
    write_heads(report);
    for (int i = 0; i < MULTIPLES; i++) {
        const struct indicator_label *label = indicator_label(multiples[i]);
        const struct place place = {report->input->area, label->code, label->evidence, "_T", label->unit_type, "_T",
                                    label->platform, label->instrument};
        page_raw(page, "<tr><th scope=\"row\">");
        page_phrase(page, label->name);
        page_raw(page, "</th>");
        for (size_t edition = 0; edition < report->editions.count; edition++) {
            struct figure figure = edition_find(&report->editions.items[edition], &place);
            figure_cell_out(page, figure, OBS_OBS_VALUE, figure_unit(figure));
        }
        page_raw(page, "</tr>\n");
    }
    alternative_end(page);
}

void section_multiples(struct report *report) {
    struct page *page = &report->page;
    bool alone = report->editions.count == 1;
    int label_id = section_begin(page, "multiples", TEXT_MULTIPLES, alone ? TEXT_NO_HISTORY : TEXT_MULTIPLES_LEAD);
    if (!alone) {
        page_raw(page, "<div class=\"panels\">");
        const struct indicator_label *absent[MULTIPLES];
        size_t absent_count = 0;
        for (int i = 0; i < MULTIPLES; i++) {
            if (has_values(report, indicator_label(multiples[i])))
                write_panel(report, indicator_label(multiples[i]));
            else
                absent[absent_count++] = indicator_label(multiples[i]);
        }
        page_raw(page, "</div>\n");
        write_not_drawn(page, absent, absent_count);
    }
    write_table(report, label_id);
    section_end(page);
}
