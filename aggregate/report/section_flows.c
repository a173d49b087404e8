/* Platforms and instruments: the period in bars, and each code through the periods in a panel of its own. No share of a total is
 * computed here: with a suppressed platform it would give the platform away. */
#include "aggregate/report/section.h"

#include <string.h>

static const char *const platforms[] = {"SHOPEE", "LAZADA", "TIKI", "SENDO", "TIKTOK_SHOP", "OTHER", "OWN_WEB", "OWN_APP",
                                        "SOCIAL", "OTA"};
static const char *const instruments[] = {"CARD", "EWALLET", "BANK_A2A", "QR_A2A", "MOBILE_MONEY", "BNPL", "OTHER"};
enum { CODES_MAX = 10 };

/* One way to cut: the codes of an axis. */
struct axis_view {
    const char *const *codes;
    size_t count;
    bool platform;
    enum text bars, trend, head;
};
static const struct axis_view by_platform = {platforms, 10, true, TEXT_BY_PLATFORM, TEXT_TREND_PLATFORM, TEXT_PLATFORM};
static const struct axis_view by_instrument = {instruments, 7, false, TEXT_BY_INSTRUMENT, TEXT_TREND_INSTRUMENT, TEXT_INSTRUMENT};

/* Breakdowns by platform and instrument are observed (O), whatever the headline's evidence is. */
static struct figure find(const struct report *report, const struct edition *edition, const struct indicator_label *label,
                          const struct axis_view *axis, const char *code) {
    const struct place place = {report->input->area, label->code, "O", "_T", label->unit_type, "_T",
                                axis->platform ? code : label->platform, axis->platform ? label->instrument : code};
    return edition_find(edition, &place);
}

static struct phrase name_of(const struct axis_view *axis, const char *code) {
    return label_phrase(axis->platform ? LABEL_PLATFORM : LABEL_INSTRUMENT, code);
}

/* Whether any code of the axis has a value in the period of the report. */
static bool has_values(const struct report *report, enum indicator_id id, const struct axis_view *axis) {
    bool any = false;
    for (size_t i = 0; i < axis->count; i++)
        any = any || figure_has_value(find(report, report->page.own, indicator_label(id), axis, axis->codes[i]));
    return any;
}

/* What is wanted and what is drawn where every part of it is suppressed: volumes tell of single companies sooner than shares of
 * enterprises do. */
struct choice {
    enum indicator_id wanted, instead;
};
static const struct choice orders_by_channel = {INDICATOR_ORD_N, INDICATOR_ENT_MKTPL};
static const struct choice value_by_channel = {INDICATOR_GMV_GROSS, INDICATOR_TSB_ECHAN};
static const struct choice value_by_instrument = {INDICATOR_PAYV_GROSS, INDICATOR_PAY_ATT_N};
static const struct choice accepted_by_instrument = {INDICATOR_PAY_SUCC, INDICATOR_PAY_SUCC};

static enum indicator_id choose(const struct report *report, const struct choice *choice, const struct axis_view *axis) {
    return has_values(report, choice->wanted, axis) ? choice->wanted : choice->instead;
}

static void write_instead(struct report *report, const struct choice *choice, enum indicator_id chosen) {
    if (chosen == choice->wanted) return;
    page_raw(&report->page, "<p class=\"instead\">");
    page_say_with(&report->page, TEXT_INSTEAD, 1, &indicator_label(choice->wanted)->name);
    page_raw(&report->page, "</p>\n");
}

static void write_bars(struct report *report, const struct choice *choice, const struct axis_view *axis) {
    struct page *page = &report->page;
    enum indicator_id chosen = choose(report, choice, axis);
    const struct indicator_label *label = indicator_label(chosen);
    struct bar bars[CODES_MAX];
    size_t count = 0;
    if (!has_values(report, chosen, axis)) {
        write_not_drawn(page, &label, 1);
        return;
    }
    for (size_t i = 0; i < axis->count; i++) {
        struct figure figure = find(report, page->own, label, axis, axis->codes[i]);
        if (figure.edition != NULL) bars[count++] = (struct bar){name_of(axis, axis->codes[i]), figure};
    }
    int label_id = figure_begin(page, axis->bars, 1, &label->name);
    write_instead(report, choice, chosen);
    chart_bars(page, label_id, bars, count);
    figure_end(page);
}

/* The columns are the indicators of this axis, so that one table serves its charts. */
static void write_table(struct report *report, int label_id, const struct axis_view *axis, const enum indicator_id *ids,
                        size_t count) {
    struct page *page = &report->page;
    alternative_begin(page, label_id);
    page_raw(page, "<thead><tr>");
    head_cell(page, text_phrase(axis->head));
    for (size_t i = 0; i < count; i++)
        head_cell(page, indicator_label(ids[i])->name);
    page_raw(page, "</tr></thead><tbody>\n<tr class=\"sum\"><th scope=\"row\">");
    page_say(page, TEXT_PROVINCE);
    page_raw(page, "</th>");
    for (size_t i = 0; i < count; i++) {
        struct figure figure = report_total(report, indicator_label(ids[i]), "O");
        figure_cell_out(page, figure, OBS_OBS_VALUE, figure_unit(figure));
    }
    page_raw(page, "</tr>\n");
    for (size_t code = 0; code < axis->count; code++) {
        page_raw(page, "<tr><th scope=\"row\">");
        page_phrase(page, name_of(axis, axis->codes[code]));
        page_raw(page, "</th>");
        for (size_t i = 0; i < count; i++) {
            struct figure figure = find(report, page->own, indicator_label(ids[i]), axis, axis->codes[code]);
            figure_cell_out(page, figure, OBS_OBS_VALUE, figure_unit(figure));
        }
        page_raw(page, "</tr>\n");
    }
    alternative_end(page);
}

static void write_trend(struct report *report, const struct choice *choice, const struct axis_view *axis) {
    struct page *page = &report->page;
    enum indicator_id chosen = choose(report, choice, axis);
    const struct indicator_label *label = indicator_label(chosen);
    if (!has_values(report, chosen, axis)) return;
    int label_id = ++page->ids;
    page_format(page, "<h3 id=\"t%d\">", label_id);
    page_say_with(page, axis->trend, 1, &label->name);
    page_raw(page, "</h3>\n");
    write_instead(report, choice, chosen);
    page_raw(page, "<div class=\"panels\">");
    for (size_t code = 0; code < axis->count; code++) {
        struct figure figures[EDITIONS_MAX];
        size_t count = 0;
        for (size_t i = 0; i < report->editions.count; i++) {
            struct figure figure = find(report, &report->editions.items[i], label, axis, axis->codes[code]);
            if (figure.edition != NULL) figures[count++] = figure;
        }
        if (count < 2) continue;
        page_raw(page, "<div class=\"panel\"><p class=\"latest\">");
        page_figure(page, figures[count - 1], OBS_OBS_VALUE, figure_unit(figures[count - 1]));
        page_raw(page, "</p>");
        int panel_id = ++page->ids;
        page_format(page, "<h4 id=\"t%d\">", panel_id);
        page_phrase(page, name_of(axis, axis->codes[code]));
        page_raw(page, "</h4>");
        chart_line(page, panel_id, figures, count, "");
        page_raw(page, "</div>\n");
    }
    page_raw(page, "</div>\n");
}

void section_flows(struct report *report) {
    static const enum indicator_id orders[] = {INDICATOR_ORD_N, INDICATOR_GMV_GROSS, INDICATOR_AOV, INDICATOR_CANC_RATE,
                                               INDICATOR_COD_SH_N,  INDICATOR_ENT_MKTPL, INDICATOR_TSB_ECHAN};
    static const enum indicator_id payments[] = {INDICATOR_PAY_ATT_N, INDICATOR_PAYV_GROSS, INDICATOR_PAY_SUCC};
    struct page *page = &report->page;
    int label_id = section_begin(page, "flows", TEXT_FLOWS, TEXT_FLOWS_LEAD);
    page_raw(page, "<div class=\"pair\">");
    write_bars(report, &orders_by_channel, &by_platform);
    write_bars(report, &value_by_channel, &by_platform);
    page_raw(page, "</div>\n");
    write_table(report, label_id, &by_platform, orders, sizeof(orders) / sizeof(orders[0]));
    page_raw(page, "<div class=\"pair\">");
    write_bars(report, &value_by_instrument, &by_instrument);
    write_bars(report, &accepted_by_instrument, &by_instrument);
    page_raw(page, "</div>\n");
    write_table(report, label_id, &by_instrument, payments, sizeof(payments) / sizeof(payments[0]));
    if (report->editions.count > 1) {
        write_trend(report, &orders_by_channel, &by_platform);
        write_trend(report, &value_by_instrument, &by_instrument);
    }
    section_end(page);
}
