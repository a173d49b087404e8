/* What changed since the previous release of the same period, from revisions.csv: how many cells and why, and the province's
 * totals one by one. A value that is suppressed on either side shows on neither. */
#include "aggregate/report/section.h"

#include <string.h>

enum { CAUSES_MAX = 16, CAUSE_BYTES = 64 };

struct cause_counts {
    char names[CAUSES_MAX][CAUSE_BYTES];
    int64_t counts[CAUSES_MAX];
    size_t count;
};

static const char *cell(const struct report *report, size_t row, const char *column) {
    return csv_table_cell(&report->revisions, row, csv_table_column(&report->revisions, column));
}

/* The next cause of a cell that may name several; `*at` moves behind it. False at the end. */
static bool next_cause(const char **at, char out[static CAUSE_BYTES]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    *at += strcspn(*at, letters);
    size_t length = strspn(*at, letters);
    if (length == 0 || length >= CAUSE_BYTES) return false;
    memcpy(out, *at, length);
    out[length] = '\0';
    *at += length;
    return true;
}

static void count_causes(const struct report *report, struct cause_counts *causes) {
    for (size_t row = 0; row < report->revisions.rows; row++) {
        char name[CAUSE_BYTES];
        for (const char *at = cell(report, row, "CAUSE"); next_cause(&at, name);) {
            size_t i = 0;
            while (i < causes->count && strcmp(causes->names[i], name) != 0)
                i++;
            if (i == CAUSES_MAX) break;
            if (i == causes->count) memcpy(causes->names[causes->count++], name, CAUSE_BYTES);
            causes->counts[i]++;
        }
    }
}

static void write_causes(struct report *report) {
    struct page *page = &report->page;
    struct cause_counts causes = {.count = 0};
    count_causes(report, &causes);
    int label_id = figure_begin(page, TEXT_CAUSES, 0, NULL);
    page_format(page, "<table class=\"counts\" aria-labelledby=\"t%d\"><thead><tr>", label_id);
    head_cell(page, text_phrase(TEXT_CAUSE));
    head_cell(page, text_phrase(TEXT_CELLS));
    page_raw(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < causes.count; i++) {
        char decimal[24];
        (void)snprintf(decimal, sizeof(decimal), "%lld", (long long)causes.counts[i]);
        page_raw(page, "<tr><th scope=\"row\">");
        page_phrase(page, label_phrase(LABEL_CAUSE, causes.names[i]));
        page_raw(page, "</th><td>");
        page_number(page, decimal, "revisions.csv CAUSE", PHRASE_NONE);
        page_raw(page, "</td></tr>\n");
    }
    page_raw(page, "</tbody></table>\n");
    figure_end(page);
}

/* The indicator, when the row is a total of the province; else null. */
static const struct indicator_label *total_of(const struct report *report, size_t row) {
    const struct indicator_label *label = indicator_label_of(cell(report, row, "INDICATOR"));
    if (label == NULL || strcmp(cell(report, row, "REF_AREA"), report->input->area) != 0) return NULL;
    if (strcmp(cell(report, row, "TIME_PERIOD"), report->page.own->period) != 0) return NULL;
    const bool same = strcmp(cell(report, row, "ACTIVITY"), "_T") == 0 && strcmp(cell(report, row, "SIZE_CLASS"), "_T") == 0 &&
                      strcmp(cell(report, row, "UNIT_TYPE"), label->unit_type) == 0 &&
                      strcmp(cell(report, row, "PLATFORM"), label->platform) == 0 &&
                      strcmp(cell(report, row, "INSTRUMENT"), label->instrument) == 0 &&
                      strcmp(cell(report, row, "TRANSFORMATION"), "N") == 0;
    return same ? label : NULL;
}

static void write_value(struct page *page, const char *value, bool hidden) {
    page_raw(page, "<td>");
    if (hidden || value[0] == '\0')
        page_say(page, hidden ? TEXT_SUPPRESSED_MARK : TEXT_ABSENT_MARK);
    else
        page_number(page, value, "revisions.csv", PHRASE_NONE);
    page_raw(page, "</td>");
}

void revision_cells(struct report *report, size_t row) {
    struct page *page = &report->page;
    const char *old = cell(report, row, "OLD_VALUE");
    const char *new = cell(report, row, "NEW_VALUE");
    bool hidden = strcmp(cell(report, row, "OLD_STATUS"), "Q") == 0 || strcmp(cell(report, row, "NEW_STATUS"), "Q") == 0;
    char change[NUMBER_BYTES];
    write_value(page, old, hidden);
    write_value(page, new, hidden);
    write_value(page, number_difference(new, old, change) ? change : "", hidden);
    page_raw(page, "<td class=\"text\">");
    char name[CAUSE_BYTES];
    const char *separator = "";
    for (const char *at = cell(report, row, "CAUSE"); next_cause(&at, name); separator = "; ") {
        page_raw(page, separator);
        page_phrase(page, label_phrase(LABEL_CAUSE, name));
    }
    page_raw(page, "</td>");
}

static void write_row(struct report *report, size_t row, const struct indicator_label *label) {
    struct page *page = &report->page;
    page_raw(page, "<tr><th scope=\"row\">");
    page_phrase(page, label->name);
    page_format(page, " (%.1s)</th>", cell(report, row, "EVIDENCE"));
    revision_cells(report, row);
    page_raw(page, "</tr>\n");
}

static void write_totals(struct report *report) {
    struct page *page = &report->page;
    int label_id = ++page->ids;
    page_format(page, "<h3 id=\"t%d\">", label_id);
    page_say(page, TEXT_REVISED_TOTALS);
    page_raw(page, "</h3>\n");
    static const enum text heads[] = {TEXT_INDICATOR, TEXT_OLD, TEXT_NEW, TEXT_CHANGE, TEXT_CAUSE};
    page_format(page, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"t%d\"><table><thead><tr>", label_id);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        page_raw(page, heads[i] == TEXT_CAUSE ? "<th scope=\"col\" class=\"text\">" : "<th scope=\"col\">");
        page_say(page, heads[i]);
        page_raw(page, "</th>");
    }
    page_raw(page, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < report->revisions.rows; row++) {
        const struct indicator_label *label = total_of(report, row);
        if (label != NULL) write_row(report, row, label);
    }
    page_raw(page, "</tbody></table></div>\n");
}

/* How many of the revised figures had been final. */
static void write_final(struct report *report) {
    int64_t count = 0;
    char decimal[24];
    char both[LANGUAGE_COUNT][NUMBER_BYTES];
    for (size_t row = 0; row < report->revisions.rows; row++)
        count += strcmp(cell(report, row, "OLD_STATUS"), "A") == 0;
    if (count == 0) return;
    (void)snprintf(decimal, sizeof(decimal), "%lld", (long long)count);
    const struct phrase number = number_phrase(decimal, both[VIETNAMESE], both[ENGLISH]);
    page_raw(&report->page, " ");
    page_say_with(&report->page, TEXT_WERE_FINAL, 1, &number);
}

void section_revisions(struct report *report) {
    struct page *page = &report->page;
    const char *release = page->own->table.rows > 0 ? figure_cell((struct figure){page->own, 0}, OBS_RELEASE) : "1";
    size_t rows = report->revisions.rows;
    size_t totals = 0;
    bool first = strcmp(release, "1") == 0;
    (void)section_begin(page, "revisions", TEXT_REVISIONS,
                                 first       ? TEXT_FIRST_RELEASE
                                 : rows == 0 ? TEXT_NO_REVISIONS
                                             : TEXT_COUNT);
    for (size_t row = 0; row < rows; row++)
        totals += total_of(report, row) != NULL;
    if (rows > 0) {
        char decimal[24];
        char both[LANGUAGE_COUNT][NUMBER_BYTES];
        (void)snprintf(decimal, sizeof(decimal), "%zu", rows);
        const struct phrase number = number_phrase(decimal, both[VIETNAMESE], both[ENGLISH]);
        page_raw(page, "<p class=\"finding\">");
        page_say_with(page, TEXT_REVISIONS_COUNT, 1, &number);
        write_final(report);
        page_raw(page, "</p><p class=\"lead\">");
        page_say(page, totals > 0 ? TEXT_REVISIONS_SHOWN : TEXT_REVISIONS_NONE_SHOWN);
        page_raw(page, "</p>\n");
        section_greatest(report);
        if (totals > 0) write_totals(report);
        page_raw(page, "<div class=\"pair\">");
        write_causes(report);
        page_raw(page, "</div>\n");
    }
    section_end(page);
}
