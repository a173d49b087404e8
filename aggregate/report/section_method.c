/* How to read the page, what each indicator is, where the targets come from, and how to cite it. */
#include "aggregate/report/section.h"

#include <string.h>

static void write_pair(struct page *page, enum text title, enum text body) {
    page_raw(page, "<div><h3>");
    page_say(page, title);
    page_raw(page, "</h3><p>");
    page_say(page, body);
    page_raw(page, "</p></div>\n");
}

static void write_mark(struct page *page, struct phrase mark, enum text meaning) {
    page_raw(page, "<dt>");
    page_phrase(page, mark);
    page_raw(page, "</dt><dd>");
    page_say(page, meaning);
    page_raw(page, "</dd>\n");
}

static void write_marks(struct page *page) {
    static const struct {
        const char *letter;
        enum text meaning;
    } letters[] = {{"A", TEXT_CONF_A}, {"O", TEXT_CONF_O}, {"T", TEXT_CONF_T}, {"M", TEXT_CONF_M}, {"D", TEXT_CONF_D}};
    page_raw(page, "<div><h3>");
    page_say(page, TEXT_READ_MARKS);
    page_raw(page, "</h3><dl>\n");
    write_mark(page, (struct phrase){"0", "0"}, TEXT_ZERO_TEXT);
    write_mark(page, text_phrase(TEXT_SUPPRESSED_MARK), TEXT_SUPPRESSED_TEXT);
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        char both[2][48];
        (void)snprintf(both[0], sizeof(both[0]), "%s %s", text_phrase(TEXT_SUPPRESSED_MARK).vi, letters[i].letter);
        (void)snprintf(both[1], sizeof(both[1]), "%s %s", text_phrase(TEXT_SUPPRESSED_MARK).en, letters[i].letter);
        write_mark(page, (struct phrase){both[0], both[1]}, letters[i].meaning);
    }
    write_mark(page, text_phrase(TEXT_ABSENT_MARK), TEXT_ABSENT_TEXT);
    write_mark(page, text_phrase(TEXT_NOT_COLLECTED_MARK), TEXT_NOT_COLLECTED_TEXT);
    page_raw(page, "</dl></div>\n");
}

static void write_definitions(struct page *page) {
    page_raw(page, "<h3>");
    page_say(page, TEXT_DEFINITIONS);
    page_raw(page, "</h3>\n<dl class=\"wide\">");
    for (int i = 0; i < INDICATOR_ID_COUNT; i++) {
        const struct indicator_label *label = indicator_label((enum indicator_id)i);
        page_raw(page, "<dt>");
        page_phrase(page, label->name);
        page_format(page, " <code>%s</code></dt><dd>", label->code);
        page_phrase(page, label->about);
        page_raw(page, "</dd>\n");
    }
    page_raw(page, "</dl>\n");
}

/* One line for each source, with the indicators it speaks of. */
static void write_sources(struct report *report) {
    struct page *page = &report->page;
    const struct csv_table *table = &report->benchmarks;
    size_t source = csv_table_column(table, "source");
    size_t url = csv_table_column(table, "url");
    if (table->rows == 0) return;
    page_raw(page, "<h3>");
    page_say(page, TEXT_SOURCES_OF_TARGETS);
    page_raw(page, "</h3>\n<ul>");
    for (size_t row = 0; row < table->rows; row++) {
        bool said = false;
        for (size_t earlier = 0; earlier < row && !said; earlier++)
            said = strcmp(csv_table_cell(table, row, source), csv_table_cell(table, earlier, source)) == 0;
        if (said) continue;
        page_raw(page, "<li>");
        page_escape(page, csv_table_cell(table, row, source));
        page_raw(page, " <span class=\"url\">");
        page_escape(page, csv_table_cell(table, row, url));
        page_raw(page, "</span></li>\n");
    }
    page_raw(page, "</ul>\n");
}

static void write_citation(struct report *report) {
    struct page *page = &report->page;
    const struct figure any = {.edition = page->own, .row = 0};
    struct made_phrase period;
    struct made_phrase as_of;
    const char *release = page->own->table.rows > 0 ? figure_cell(any, OBS_RELEASE) : "";
    period_words(page->own->period, &period);
    time_words(page->own->table.rows > 0 ? figure_cell(any, OBS_AS_OF) : "", &as_of);
    page_raw(page, "<h3>");
    page_say(page, TEXT_CITATION);
    page_raw(page, "</h3>\n<p class=\"citation\">");
    page_say_with(page, TEXT_CITATION_TEXT, 6,
                  (const struct phrase[]){label_phrase(LABEL_AREA, report->input->area), text_phrase(TEXT_TITLE), made(&period),
                                          {release, release}, made(&as_of), {report->input->name, report->input->name}});
    page_raw(page, "</p>\n");
}

static void write_vintages(struct report *report) {
    struct page *page = &report->page;
    page_raw(page, "<h3>");
    page_say(page, TEXT_VINTAGES);
    page_raw(page, "</h3>\n<ul class=\"vintages\">");
    for (size_t i = 0; i < report->editions.count; i++) {
        page_raw(page, "<li><code>");
        page_escape(page, report->editions.items[i].name);
        page_raw(page, "</code></li>\n");
    }
    page_raw(page, "</ul>\n");
}

void section_method(struct report *report) {
    struct page *page = &report->page;
    (void)section_begin(page, "method", TEXT_METHOD, TEXT_COUNT);
    page_raw(page, "<div class=\"pair\">");
    write_pair(page, TEXT_READ_EVIDENCE, TEXT_READ_EVIDENCE_TEXT);
    write_pair(page, TEXT_READ_BOUNDS, TEXT_READ_BOUNDS_TEXT);
    write_pair(page, TEXT_READ_PROVISIONAL, TEXT_READ_PROVISIONAL_TEXT);
    write_pair(page, TEXT_READ_TRACE, TEXT_READ_TRACE_TEXT);
    write_marks(page);
    page_raw(page, "</div>\n");
    write_definitions(page);
    write_sources(report);
    write_vintages(report);
    write_citation(report);
    section_end(page);
    page_raw(page, "</main>\n<footer><p>");
    page_say(page, TEXT_FOOTER);
    page_raw(page, "</p></footer>\n</body>\n</html>\n");
}
