/* The seven shares of the plan, each against its target: what is declared, what is seen, and the distance still to go. */
#include "aggregate/report/section.h"

#include <string.h>

static const enum indicator_id shares[] = {INDICATOR_ENT_EMAIL, INDICATOR_ENT_WEB_UPD, INDICATOR_ENT_MKTPL, INDICATOR_ENT_MGMTSW,
                                           INDICATOR_MDT_EPAY,  INDICATOR_UTL_EPAY_HH, INDICATOR_TSB_ECHAN};
enum { SHARES = sizeof(shares) / sizeof(shares[0]), EVIDENCES = 3 };
static const char *const evidences[EVIDENCES] = {"R", "O", "C"};
static const enum text evidence_texts[EVIDENCES] = {TEXT_EVIDENCE_R, TEXT_EVIDENCE_O, TEXT_EVIDENCE_C};

static void write_legend(struct page *page) {
    static const char *const shapes[EVIDENCES] = {
        "<g class=\"mark eR head\"><rect x=\"2\" y=\"2\" width=\"16\" height=\"16\" rx=\"2\"/>",
        "<g class=\"mark eO head\"><circle cx=\"10\" cy=\"10\" r=\"9\"/>",
        "<g class=\"mark eC head\"><path d=\"M10 -1L21 10L10 21L-1 10Z\"/>"};
    page_raw(page, "<ul class=\"legend\">");
    for (int i = 0; i < EVIDENCES; i++) {
        page_format(page,
                    "<li><svg class=\"over\" width=\"20\" height=\"20\" aria-hidden=\"true\">%s<text x=\"10\" y=\"14\" "
                    "text-anchor=\"middle\">%s</text></g></svg> ",
                    shapes[i], evidences[i]);
        page_say(page, evidence_texts[i]);
        page_raw(page, "</li>");
    }
    page_raw(page, "<li><svg width=\"8\" height=\"20\" aria-hidden=\"true\"><path class=\"aim\" d=\"M4 0V20\"/></svg> ");
    page_say(page, TEXT_TARGET);
    page_raw(page, "</li><li><svg width=\"8\" height=\"20\" aria-hidden=\"true\"><path class=\"pub\" d=\"M4 0V20\"/></svg> ");
    page_say(page, TEXT_PUBLISHED);
    page_raw(page, "</li><li><svg width=\"24\" height=\"20\" aria-hidden=\"true\"><rect class=\"band eR\" y=\"5\" width=\"24\" "
                   "height=\"10\"/></svg> ");
    page_say(page, TEXT_BOUNDS);
    page_raw(page, "</li></ul>\n");
}

/* "Target 2020: 100% · gap: -30.00 percentage points"; likewise what was published earlier. */
static void write_against(struct report *report, struct figure figure, const char *indicator, bool aimed) {
    struct page *page = &report->page;
    const char *kind = aimed ? "TARGET" : "REPORTED";
    const char *value = report_benchmark(report, indicator, kind, "value");
    const char *year = report_benchmark(report, indicator, kind, "year");
    char gap[NUMBER_BYTES];
    if (value[0] == '\0') return;
    page_raw(page, "<p class=\"against\">");
    page_say_with(page, aimed ? TEXT_TARGET_OF : TEXT_PUBLISHED_OF, 1, &(struct phrase){year, year});
    page_number(page, value, "benchmarks.csv", (struct phrase){"%", "%"});
    if (figure_has_value(figure) && number_difference(figure_cell(figure, OBS_OBS_VALUE), value, gap)) {
        page_raw(page, "<br>");
        page_say(page, aimed ? TEXT_GAP_LABEL : TEXT_DIFFERENCE_LABEL);
        page_format(page, "<b class=\"%s\">", !aimed ? "even" : gap[0] == '-' ? "below" : "above");
        page_number(page, gap, "obs.csv, benchmarks.csv", text_phrase(TEXT_GAP_POINTS));
        page_raw(page, "</b>");
    }
    page_raw(page, "</p>");
}

static void write_share(struct report *report, const struct indicator_label *label) {
    struct page *page = &report->page;
    struct strip strip = {.headline = label->evidence[0],
                          .target = report_benchmark(report, label->code, "TARGET", "value"),
                          .published = report_benchmark(report, label->code, "REPORTED", "value")};
    for (int i = 0; i < EVIDENCES; i++)
        strip.figures[i] = report_total(report, label, evidences[i]);
    struct figure figure = report_total(report, label, label->evidence);
    int label_id = ++page->ids;
    page_format(page, "<div class=\"share\"><div class=\"name\"><h3 id=\"t%d\">", label_id);
    page_phrase(page, label->name);
    page_raw(page, "</h3><p>");
    page_phrase(page, label->about);
    page_raw(page, "</p></div>\n<div class=\"drawing\">");
    chart_strip(page, label_id, &strip);
    page_raw(page, "<div class=\"axis\" aria-hidden=\"true\"><span>0</span><span>25</span><span>50</span><span>75</span>"
                   "<span>100%</span></div></div>\n<div class=\"result\"><p class=\"big\">");
    page_figure(page, figure, OBS_OBS_VALUE, figure_unit(figure));
    page_format(page, " <span class=\"letter e%s\">%s</span></p>", label->evidence, label->evidence);
    if (!figure_has_value(figure)) {
        page_raw(page, "<p class=\"against\">");
        page_phrase(page, figure_absence_reason(figure));
        page_raw(page, "</p>");
    }
    write_against(report, figure, label->code, true);
    if (strip.target[0] == '\0') write_against(report, figure, label->code, false);
    page_raw(page, "</div></div>\n");
}

static void write_table_row(struct report *report, const struct indicator_label *label, int evidence) {
    struct page *page = &report->page;
    struct figure figure = report_total(report, label, evidences[evidence]);
    const char *target = report_benchmark(report, label->code, "TARGET", "value");
    char gap[NUMBER_BYTES];
    page_raw(page, "<tr><th scope=\"row\">");
    page_phrase(page, label->name);
    page_raw(page, "</th><td class=\"text\">");
    page_say(page, evidence_texts[evidence]);
    page_raw(page, "</td>");
    figure_cell_out(page, figure, OBS_OBS_VALUE, PHRASE_NONE);
    figure_cell_out(page, figure, OBS_BOUND_LO, PHRASE_NONE);
    figure_cell_out(page, figure, OBS_BOUND_HI, PHRASE_NONE);
    figure_cell_out(page, figure, OBS_NUMERATOR, PHRASE_NONE);
    figure_cell_out(page, figure, OBS_DENOMINATOR, PHRASE_NONE);
    page_raw(page, "<td>");
    if (target[0] != '\0') page_number(page, target, "benchmarks.csv", PHRASE_NONE);
    page_raw(page, "</td><td>");
    if (figure_has_value(figure) && number_difference(figure_cell(figure, OBS_OBS_VALUE), target, gap))
        page_number(page, gap, "obs.csv, benchmarks.csv", PHRASE_NONE);
    page_raw(page, "</td></tr>\n");
}

static void write_table(struct report *report, int label_id) {
    struct page *page = &report->page;
    static const enum text heads[] = {TEXT_INDICATOR, TEXT_EVIDENCE, TEXT_VALUE, TEXT_BOUND_LOW, TEXT_BOUND_HIGH,
                                      TEXT_NUMERATOR, TEXT_DENOMINATOR, TEXT_TARGET, TEXT_GAP};
    alternative_begin(page, label_id);
    page_raw(page, "<thead><tr>");
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        head_cell(page, text_phrase(heads[i]));
    page_raw(page, "</tr></thead><tbody>\n");
    for (int i = 0; i < SHARES; i++) {
        for (int evidence = 0; evidence < EVIDENCES; evidence++)
            write_table_row(report, indicator_label(shares[i]), evidence);
    }
    alternative_end(page);
}

/* How many of the headline shares that have a target have reached it. */
static void write_count(struct report *report) {
    int aimed = 0;
    int reached = 0;
    for (int i = 0; i < SHARES; i++) {
        const struct indicator_label *label = indicator_label(shares[i]);
        struct figure figure = report_total(report, label, label->evidence);
        __int128 target = 0;
        __int128 value = 0;
        if (!number_read(report_benchmark(report, label->code, "TARGET", "value"), &target)) continue;
        if (!figure_has_value(figure) || !number_read(figure_cell(figure, OBS_OBS_VALUE), &value)) continue;
        aimed++;
        reached += value >= target;
    }
    if (aimed == 0) return;
    char numbers[2][16];
    (void)snprintf(numbers[0], sizeof(numbers[0]), "%d", reached);
    (void)snprintf(numbers[1], sizeof(numbers[1]), "%d", aimed);
    page_raw(&report->page, "<p class=\"finding\">");
    page_say_with(&report->page, TEXT_SHARES_COUNT, 2,
                  (const struct phrase[]){{numbers[0], numbers[0]}, {numbers[1], numbers[1]}});
    page_raw(&report->page, "</p>\n");
}

void section_shares(struct report *report) {
    struct page *page = &report->page;
    int label_id = section_begin(page, "shares", TEXT_SHARES, TEXT_SHARES_LEAD);
    write_count(report);
    write_legend(page);
    for (int i = 0; i < SHARES; i++)
        write_share(report, indicator_label(shares[i]));
    write_table(report, label_id);
    section_end(page);
}
