/* The greatest revisions: shares by percentage points, everything else by relative change, since a change of one billion dong
 * and one of three orders cannot stand in one order. Only figures that are shown in both releases. Comparisons are exact: old
 * and new are whole numbers of 1/NUMBER_SCALE, and two relative changes are compared by their cross products. */
#include "aggregate/report/section.h"

#include <string.h>

enum { GREATEST_MAX = 10, WHERE_BYTES = 400, CROSS_LIMIT_DIGITS = 18 };

struct change {
    size_t row;
    __int128 size; /* absolute change */
    __int128 old;  /* absolute */
};

static const char *cell(const struct report *report, size_t row, const char *column) {
    return csv_table_cell(&report->revisions, row, csv_table_column(&report->revisions, column));
}

static bool is_share(const struct report *report, const char *indicator) {
    const struct edition *own = report->page.own;
    for (size_t row = 0; row < own->table.rows; row++) {
        struct figure figure = {own, row};
        if (strcmp(figure_cell(figure, OBS_INDICATOR), indicator) == 0)
            return strcmp(figure_cell(figure, OBS_UNIT_MEASURE), "PT") == 0;
    }
    return false;
}

/* False: not shown in both releases, or, for levels, nothing that a relative change could be of. */
static bool read_change(const struct report *report, size_t row, bool shares, struct change *change) {
    __int128 old = 0;
    __int128 new = 0;
    const char *before = cell(report, row, "OLD_VALUE");
    const char *now = cell(report, row, "NEW_VALUE");
    if (cell(report, row, "OLD_STATUS")[0] == 'Q' || cell(report, row, "NEW_STATUS")[0] == 'Q') return false;
    if (strlen(before) > CROSS_LIMIT_DIGITS || strlen(now) > CROSS_LIMIT_DIGITS) return false;
    if (!number_read(before, &old) || !number_read(now, &new) || old == new || (!shares && old == 0)) return false;
    *change = (struct change){.row = row, .size = new > old ? new - old : old - new, .old = old > 0 ? old : -old};
    return true;
}

/* 18 characters are at most 10^22 in units of 1/NUMBER_SCALE, too much for a product: the common factors of ten go first. */
static bool is_greater(const struct change *left, const struct change *right, bool shares) {
    if (shares) return left->size > right->size;
    __int128 limit = (__int128)1 << 62;
    struct change a = *left;
    struct change b = *right;
    while (a.size > limit || a.old > limit || b.size > limit || b.old > limit) {
        a.size /= 2, a.old /= 2;
        b.size /= 2, b.old /= 2;
    }
    return a.size * b.old > b.size * a.old;
}

static size_t find_greatest(const struct report *report, bool shares, struct change greatest[static GREATEST_MAX]) {
    size_t count = 0;
    for (size_t row = 0; row < report->revisions.rows; row++) {
        struct change change;
        if (is_share(report, cell(report, row, "INDICATOR")) != shares || !read_change(report, row, shares, &change)) continue;
        size_t at = count < GREATEST_MAX ? count++ : GREATEST_MAX;
        for (; at > 0 && is_greater(&change, &greatest[at - 1], shares); at--) {
            if (at < GREATEST_MAX) greatest[at] = greatest[at - 1];
        }
        if (at < GREATEST_MAX) greatest[at] = change;
    }
    return count;
}

static void append(char *text, const char *separator, const char *more) {
    size_t length = strlen(text);
    (void)snprintf(text + length, WHERE_BYTES - length, "%s%s", separator, more);
}

/* In what the row differs from the total: names of its codes; the province's total has none. */
static void write_where(struct report *report, size_t row, const struct indicator_label *label) {
    const struct {
        const char *column, *list, *total;
    } axes[] = {{"REF_AREA", "CL_AREA", report->input->area},   {"ACTIVITY", "CL_ACTIVITY", "_T"},
                {"UNIT_TYPE", "CL_UNIT_TYPE", label->unit_type}, {"SIZE_CLASS", "CL_SIZE_CLASS", "_T"},
                {"PLATFORM", "CL_PLATFORM", label->platform},    {"INSTRUMENT", "CL_INSTRUMENT", label->instrument}};
    char vi[WHERE_BYTES] = "";
    char en[WHERE_BYTES] = "";
    for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) {
        const char *code = cell(report, row, axes[i].column);
        if (strcmp(code, axes[i].total) == 0 || strcmp(code, "_Z") == 0) continue;
        struct phrase name = report_code(report, axes[i].list, code);
        append(vi, vi[0] == '\0' ? "" : "; ", name.vi);
        append(en, en[0] == '\0' ? "" : "; ", name.en);
    }
    if (strcmp(cell(report, row, "TIME_PERIOD"), report->page.own->period) != 0) {
        append(vi, vi[0] == '\0' ? "" : "; ", cell(report, row, "TIME_PERIOD"));
        append(en, en[0] == '\0' ? "" : "; ", cell(report, row, "TIME_PERIOD"));
    }
    if (vi[0] == '\0')
        page_say(&report->page, TEXT_PROVINCE);
    else
        page_phrase(&report->page, (struct phrase){vi, en});
}

static void write_row(struct report *report, size_t row) {
    struct page *page = &report->page;
    const struct indicator_label *label = indicator_label_of(cell(report, row, "INDICATOR"));
    const struct indicator_label unknown = {.unit_type = "_T", .platform = "_T", .instrument = "_T"};
    page_raw(page, "<tr><th scope=\"row\">");
    page_phrase(page, report_code(report, "CL_INDICATOR", cell(report, row, "INDICATOR")));
    page_format(page, " (%.1s)</th><td class=\"text\">", cell(report, row, "EVIDENCE"));
    write_where(report, row, label != NULL ? label : &unknown);
    page_raw(page, "</td>");
    revision_cells(report, row);
    page_raw(page, "</tr>\n");
}

static void write_table(struct report *report, bool shares, enum text caption) {
    static const struct {
        enum text text;
        bool left;
    } heads[] = {{TEXT_INDICATOR, true}, {TEXT_WHERE, true},   {TEXT_OLD, false},
                 {TEXT_NEW, false},      {TEXT_CHANGE, false}, {TEXT_CAUSE, true}};
    struct page *page = &report->page;
    struct change greatest[GREATEST_MAX];
    size_t count = find_greatest(report, shares, greatest);
    if (count == 0) return;
    int label_id = ++page->ids;
    page_format(page, "<h3 id=\"t%d\">", label_id);
    page_say(page, caption);
    page_format(page, "</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"t%d\"><table><thead><tr>",
                label_id);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        page_raw(page, heads[i].left ? "<th scope=\"col\" class=\"text\">" : "<th scope=\"col\">");
        page_say(page, heads[i].text);
        page_raw(page, "</th>");
    }
    page_raw(page, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < count; i++)
        write_row(report, greatest[i].row);
    page_raw(page, "</tbody></table></div>\n");
}

void section_greatest(struct report *report) {
    write_table(report, true, TEXT_GREATEST_SHARES);
    write_table(report, false, TEXT_GREATEST_LEVELS);
}
