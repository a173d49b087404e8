/* What came in, what became of it, and what is not in the figures: every record is in exactly one group, and the page says the
 * sum. */
#include "aggregate/report/section.h"

#include "codes.h"

#include <string.h>

static void count_cell(struct page *page, int64_t count, const char *source) {
    char decimal[24];
    (void)snprintf(decimal, sizeof(decimal), "%lld", (long long)count);
    page_number(page, decimal, source, PHRASE_NONE);
}

struct count_line {
    struct phrase name;
    int64_t count;
    const char *key; /* in snapshot.json */
};

/* A table with a bar in every row: `whole` is the length of a full one; 0 draws none. */
static void write_lines(struct page *page, int label_id, enum text head, const struct count_line *lines, size_t count,
                        int64_t whole) {
    page_format(page, "<table class=\"counts\" aria-labelledby=\"t%d\"><thead><tr>", label_id);
    head_cell(page, text_phrase(head));
    head_cell(page, text_phrase(TEXT_RECORDS));
    if (whole > 0) page_raw(page, "<td></td>");
    page_raw(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++) {
        page_raw(page, "<tr><th scope=\"row\">");
        page_phrase(page, lines[i].name);
        page_raw(page, "</th><td>");
        char source[80];
        (void)snprintf(source, sizeof(source), "snapshot.json %.60s", lines[i].key);
        count_cell(page, lines[i].count, source);
        page_raw(page, "</td>");
        if (whole > 0) {
            page_raw(page, "<td class=\"drawn\">");
            chart_share_of(page, lines[i].count, whole);
            page_raw(page, "</td>");
        }
        page_raw(page, "</tr>\n");
    }
    page_raw(page, "</tbody></table>\n");
}

static void write_verdicts(struct page *page, const struct counts *counts) {
    const struct count_line lines[] = {{text_phrase(TEXT_APPLIED), counts->applied, "counts.applied"},
                                       {text_phrase(TEXT_DUPLICATE), counts->duplicate, "counts.duplicate"},
                                       {text_phrase(TEXT_QUARANTINED), counts->quarantined, "counts.quarantined"},
                                       {text_phrase(TEXT_REJECTED), counts->rejected, "counts.rejected"},
                                       {text_phrase(TEXT_IGNORED), counts->ignored, "counts.ignored"},
                                       {text_phrase(TEXT_DELIVERED), counts->delivered, "counts.delivered"}};
    int label_id = figure_begin(page, TEXT_RECORDS_BY_VERDICT, 0, NULL);
    write_lines(page, label_id, TEXT_VERDICT, lines, sizeof(lines) / sizeof(lines[0]), counts->delivered);
    page_raw(page, "<p class=\"small\">");
    page_say(page, TEXT_BALANCED);
    page_raw(page, "</p>\n");
    figure_end(page);
}

static void write_reasons(struct page *page, const struct counts *counts) {
    struct count_line lines[REASON_COUNT];
    char keys[REASON_COUNT][64];
    size_t used = 0;
    for (int i = 1; i < REASON_COUNT; i++) {
        const char *code = reason_name((enum reason)i);
        if (counts->reasons[i] == 0) continue;
        (void)snprintf(keys[used], sizeof(keys[used]), "counts.reasons.%.40s", code);
        size_t at = used++;
        for (; at > 0 && lines[at - 1].count < counts->reasons[i]; at--)
            lines[at] = lines[at - 1];
        lines[at] = (struct count_line){label_phrase(LABEL_REASON, code), counts->reasons[i], keys[used - 1]};
    }
    int label_id = figure_begin(page, TEXT_REFUSED_BY_REASON, 0, NULL);
    if (used > 0) {
        write_lines(page, label_id, TEXT_REASON, lines, used, lines[0].count);
    } else {
        page_raw(page, "<p>");
        page_say(page, TEXT_NO_REFUSALS);
        page_raw(page, "</p>");
    }
    figure_end(page);
}

static void write_measures(struct report *report) {
    struct page *page = &report->page;
    const struct report_quality *quality = &report->input->quality;
    const struct counts *counts = &quality->counts;
    const struct count_line lines[] = {
        {text_phrase(TEXT_LATE), counts->late, "counts.late"},
        {text_phrase(TEXT_CONFLICT), counts->conflict, "counts.conflict"},
        {text_phrase(TEXT_UNRESOLVED), counts->unresolved, "counts.unresolved"},
        {text_phrase(TEXT_UNCONVERTED), counts->unconverted, "counts.unconverted"},
        {text_phrase(TEXT_OPEN_UNKNOWN), counts->open_unknown, "counts.open_unknown"},
        {text_phrase(TEXT_UNMATCHED_ACCOUNTS), quality->unmatched_accounts, "registry.unmatched_accounts"},
        {text_phrase(TEXT_UNMATCHED_N), quality->unmatched_n, "registry.unmatched_n"},
        {text_phrase(TEXT_REGISTRY_UNITS), quality->units, "registry.units"},
        {text_phrase(TEXT_REFUSED_CLAIMS), quality->refused_claims, "registry.refused_claims"}};
    int label_id = figure_begin(page, TEXT_OTHER_MEASURES, 0, NULL);
    write_lines(page, label_id, TEXT_MEASURE, lines, sizeof(lines) / sizeof(lines[0]), 0);
    figure_end(page);
}

static void write_statuses(struct page *page) {
    static const struct {
        char status;
        enum text name;
    } known[] = {{'A', TEXT_STATUS_A}, {'P', TEXT_STATUS_P}, {'E', TEXT_STATUS_E},
                 {'Q', TEXT_STATUS_Q}, {'M', TEXT_STATUS_M_NAME}, {'L', TEXT_STATUS_L_NAME},
                 {'U', TEXT_STATUS_U_NAME}};
    enum { KNOWN = sizeof(known) / sizeof(known[0]), ALWAYS = KNOWN - 2 };
    int64_t counts[KNOWN + 1] = {0};
    for (size_t row = 0; row < page->own->table.rows; row++) {
        char status = figure_cell((struct figure){page->own, row}, OBS_OBS_STATUS)[0];
        size_t at = 0;
        while (at < KNOWN && known[at].status != status)
            at++;
        counts[at]++;
    }
    int label_id = figure_begin(page, TEXT_STATUS_COUNTS, 0, NULL);
    page_format(page, "<table class=\"counts\" aria-labelledby=\"t%d\"><thead><tr>", label_id);
    head_cell(page, text_phrase(TEXT_STATUS));
    head_cell(page, text_phrase(TEXT_CELLS));
    page_raw(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; i <= KNOWN; i++) {
        if (i >= ALWAYS && counts[i] == 0) continue;
        page_raw(page, "<tr><th scope=\"row\">");
        page_say(page, i < KNOWN ? known[i].name : TEXT_STATUS_OTHER);
        page_raw(page, "</th><td>");
        count_cell(page, counts[i], "obs.csv OBS_STATUS");
        page_raw(page, "</td></tr>\n");
    }
    page_raw(page, "</tbody></table>\n");
    figure_end(page);
}

void section_quality(struct report *report) {
    struct page *page = &report->page;
    (void)section_begin(page, "quality", TEXT_QUALITY, TEXT_QUALITY_LEAD);
    page_raw(page, "<div class=\"pair\"><div class=\"stack\">");
    write_verdicts(page, &report->input->quality.counts);
    write_measures(report);
    page_raw(page, "</div><div class=\"stack\">");
    write_reasons(page, &report->input->quality.counts);
    write_statuses(page);
    page_raw(page, "</div></div>\n");
    section_end(page);
}
