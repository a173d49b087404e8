/* Masthead and key figures. The two languages are switched by two radio buttons that stand before everything else in <body>: the
 * style sheet hides one language, so that no script is needed and the page's security policy can forbid all of them. */
#include "aggregate/report/section.h"

#include <string.h>

static const enum indicator_id key_figures[] = {INDICATOR_NONCASH_SH_V, INDICATOR_PAY_SUCC,   INDICATOR_MER_ACTIVE_SH,
                                                INDICATOR_ORD_N,        INDICATOR_GMV_GROSS,  INDICATOR_PAYV_GROSS,
                                                INDICATOR_BUYERS_ACT_N, INDICATOR_COD_SH_N};

static const struct {
    const char *id;
    enum text title;
} sections[] = {{"shares", TEXT_SHARES},       {"districts", TEXT_DISTRICTS}, {"flows", TEXT_FLOWS},
                {"multiples", TEXT_MULTIPLES}, {"revisions", TEXT_REVISIONS}, {"quality", TEXT_QUALITY},
                {"method", TEXT_METHOD}};

static void write_head(struct report *report, struct phrase area, struct phrase period) {
    struct page *page = &report->page;
    page_raw(page, "<!doctype html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" "
                   "content=\"nhip\">\n<title>");
    page_escape(page, text_phrase(TEXT_TITLE).vi);
    page_raw(page, ", ");
    page_escape(page, period.vi);
    page_raw(page, ", ");
    page_escape(page, area.vi);
    page_raw(page, " · ");
    page_escape(page, text_phrase(TEXT_TITLE).en);
    page_raw(page, "</title>\n<style>\n");
    page_raw(page, report_style);
    page_raw(page, "</style>\n</head>\n<body>\n"
                   "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" class=\"defs\"><defs><pattern id=\"hatch\" width=\"6\" "
                   "height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" "
                   "class=\"hatch-ground\"/><rect width=\"2\" height=\"6\" class=\"hatch-line\"/></pattern></defs></svg>\n");
}

static void write_chips(struct report *report) {
    struct page *page = &report->page;
    const struct edition *own = page->own;
    const struct figure any = {.edition = own, .row = 0};
    struct made_phrase as_of;
    const char *release = own->table.rows > 0 ? figure_cell(any, OBS_RELEASE) : "";
    time_words(own->table.rows > 0 ? figure_cell(any, OBS_AS_OF) : "", &as_of);
    bool provisional = false;
    for (size_t row = 0; row < own->table.rows && !provisional; row++)
        provisional = figure_cell((struct figure){own, row}, OBS_OBS_STATUS)[0] == 'P';
    page_raw(page, "<ul class=\"chips\"><li>");
    page_say_with(page, TEXT_RELEASE, 1, &(struct phrase){release, release});
    page_raw(page, "</li><li>");
    page_say_with(page, TEXT_AS_OF, 1, &(struct phrase){as_of.vi, as_of.en});
    page_raw(page, "</li><li class=\"status\">");
    page_say(page, provisional ? TEXT_PROVISIONAL : TEXT_FINAL);
    page_raw(page, "</li></ul>\n");
}

static void write_masthead(struct report *report, struct phrase area, struct phrase period) {
    struct page *page = &report->page;
    page_raw(page, "<a class=\"skip\" href=\"#main\">");
    page_say(page, TEXT_SKIP);
    page_raw(page, "</a>\n<header>\n<div class=\"top\"><p class=\"kicker\">");
    page_say(page, TEXT_KICKER);
    page_raw(page, "</p>\n<div class=\"switch\" role=\"radiogroup\" aria-label=\"Ngôn ngữ · Language\">"
                   "<input type=\"radio\" name=\"language\" id=\"vi\" checked autocomplete=\"off\">"
                   "<label for=\"vi\" lang=\"vi\" class=\"pick\">Tiếng Việt</label> "
                   "<input type=\"radio\" name=\"language\" id=\"en\" autocomplete=\"off\">"
                   "<label for=\"en\" lang=\"en\" class=\"pick\">English</label></div></div>\n<h1>");
    page_say(page, TEXT_TITLE);
    page_raw(page, "</h1>\n<p class=\"where\">");
    page_phrase(page, area);
    page_raw(page, " · ");
    page_phrase(page, period);
    page_raw(page, "</p>\n");
    write_chips(report);
    page_raw(page, "</header>\n");
    if (page->own->raw) {
        page_raw(page, "<div class=\"raw\" role=\"note\"><strong>");
        page_say(page, TEXT_RAW_TITLE);
        page_raw(page, ".</strong> ");
        page_say(page, TEXT_RAW_TEXT);
        page_raw(page, "</div>\n");
    }
    page_raw(page, "<nav aria-label=\"Mục lục · Contents\"><ol>");
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        page_format(page, "<li><a href=\"#%s\">", sections[i].id);
        page_say(page, sections[i].title);
        page_raw(page, "</a></li>");
    }
    page_raw(page, "</ol></nav>\n");
}

static void write_key_figure(struct report *report, const struct indicator_label *label) {
    struct page *page = &report->page;
    struct figure figures[EDITIONS_MAX];
    struct figure figure = report_total(report, label, label->evidence);
    size_t count = report_totals(report, label, label->evidence, figures);
    if (figure.edition == NULL) return;
    page_raw(page, "<li><span class=\"what\">");
    page_phrase(page, label->name);
    page_raw(page, "</span><span class=\"big\">");
    page_figure(page, figure, OBS_OBS_VALUE, figure_unit(figure));
    page_raw(page, "</span><span class=\"note\">");
    if (!figure_has_value(figure)) {
        page_phrase(page, figure_absence_reason(figure));
        page_raw(page, ". ");
    }
    if (figure_has_value(figure) && figure_cell(figure, OBS_BOUND_LO)[0] != '\0') {
        char low[LANGUAGE_COUNT][NUMBER_BYTES];
        char high[LANGUAGE_COUNT][NUMBER_BYTES];
        const struct phrase bounds[] = {number_phrase(figure_cell(figure, OBS_BOUND_LO), low[0], low[1]),
                                        number_phrase(figure_cell(figure, OBS_BOUND_HI), high[0], high[1])};
        page_say_with(page, TEXT_BETWEEN, 2, bounds);
        page_raw(page, ". ");
    }
    if (count > 1 && figure_has_value(figures[count - 2])) {
        page_say(page, TEXT_PREVIOUS);
        page_figure(page, figures[count - 2], OBS_OBS_VALUE, figure_unit(figures[count - 2]));
    }
    page_raw(page, "</span></li>\n");
}

/* Those that can be read stand first; the others, with the reason, below. */
static void write_key_figures(struct report *report, bool shown) {
    for (size_t i = 0; i < sizeof(key_figures) / sizeof(key_figures[0]); i++) {
        const struct indicator_label *label = indicator_label(key_figures[i]);
        if (figure_has_value(report_total(report, label, label->evidence)) == shown) write_key_figure(report, label);
    }
}

void section_head(struct report *report) {
    struct page *page = &report->page;
    struct made_phrase period;
    struct phrase area = label_phrase(LABEL_AREA, report->input->area);
    period_words(page->own->period, &period);
    write_head(report, area, made(&period));
    write_masthead(report, area, made(&period));
    page_raw(page, "<main id=\"main\">\n");
    (void)section_begin(page, "key", TEXT_KEY_FIGURES, TEXT_COUNT);
    page_raw(page, "<ul class=\"keys\">\n");
    write_key_figures(report, true);
    write_key_figures(report, false);
    page_raw(page, "</ul>\n");
    section_end(page);
}
