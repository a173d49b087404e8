/* The districts as tiles: one large map with names and figures, smaller ones for comparison, and one table for all of them. A
 * tile map and not a drawn one: a large empty mountain district must not outweigh a city. */
#include "aggregate/report/section.h"

#include <string.h>

static const enum indicator_id maps[] = {INDICATOR_MER_ACTIVE_SH, INDICATOR_ENT_MKTPL, INDICATOR_MDT_EPAY, INDICATOR_NONCASH_SH_V,
                                         INDICATOR_ENT_WEB_UPD, INDICATOR_ENT_EMAIL, INDICATOR_TSB_ECHAN};
enum { MAPS = sizeof(maps) / sizeof(maps[0]) };

static void find_districts(const struct report *report, const struct indicator_label *label,
                           struct figure figures[static DISTRICT_LABELS]) {
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        char area[64];
        (void)snprintf(area, sizeof(area), "%.40s_D%s", report->input->area, district_label(i)->code);
        const struct place place = {area, label->code, label->evidence, "_T", label->unit_type, "_T", label->platform,
                                    label->instrument};
        figures[i] = edition_find(editions_own(&report->editions), &place);
    }
}

static void write_classes(struct page *page, struct map_scale scale, const struct figure *figures) {
    bool hidden = false;
    bool empty = false;
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        hidden = hidden || figure_is_suppressed(figures[i]);
        empty = empty || (!figure_has_value(figures[i]) && !figure_is_suppressed(figures[i]));
    }
    page_raw(page, "<ul class=\"classes\">");
    for (int i = 0; scale.step > 0 && i < MAP_CLASSES; i++) {
        char low[16];
        char high[16];
        (void)snprintf(low, sizeof(low), "%d", scale.low + i * scale.step);
        (void)snprintf(high, sizeof(high), "%d", scale.low + (i + 1) * scale.step);
        bool top = scale.low + (i + 1) * scale.step > 100;
        page_format(page, "<li><svg width=\"18\" height=\"14\" class=\"c%d\" aria-hidden=\"true\"><rect class=\"tile\" "
                          "width=\"18\" height=\"14\"/></svg> ",
                    i);
        page_say_with(page, top ? TEXT_FROM_UP : TEXT_FROM_TO, 2, (const struct phrase[]){{low, low}, {high, high}});
        page_raw(page, "</li>");
        if (top) break;
    }
    if (hidden) {
        page_raw(page, "<li><svg width=\"18\" height=\"14\" class=\"hidden\" aria-hidden=\"true\"><rect class=\"tile\" "
                       "width=\"18\" height=\"14\"/></svg> ");
        page_say(page, TEXT_HATCHED);
        page_raw(page, "</li>");
    }
    if (empty) {
        page_raw(page, "<li><svg width=\"18\" height=\"14\" class=\"void\" aria-hidden=\"true\"><rect class=\"tile\" "
                       "width=\"18\" height=\"14\"/></svg> ");
        page_say(page, TEXT_DOTTED);
        page_raw(page, "</li>");
    }
    page_raw(page, "</ul>\n");
}

/* Which districts are without a figure, and why. */
static void write_absent(struct page *page, const struct figure *figures) {
    bool any = false;
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        const struct district_label *label = district_label(i);
        if (figure_has_value(figures[i])) continue;
        page_format(page, "%s%s %s (", any ? ", " : "<p class=\"absent\">", label->first, label->second);
        page_phrase(page, figure_absence_reason(figures[i]));
        page_raw(page, ")");
        any = true;
    }
    if (any) page_raw(page, ".</p>\n");
}

static void write_map(struct report *report, const struct indicator_label *label, bool large) {
    struct page *page = &report->page;
    struct figure figures[DISTRICT_LABELS];
    find_districts(report, label, figures);
    struct map_scale scale = map_scale_of(figures);
    const struct phrase letter = {label->evidence, label->evidence};
    int label_id = figure_begin(page, TEXT_MAP_CAPTION, 2, (const struct phrase[]){label->name, letter});
    chart_tiles(page, label_id, figures, scale, large);
    write_classes(page, scale, figures);
    if (large) write_absent(page, figures);
    figure_end(page);
}

/* A map without a single value would be a page of hatching. */
static bool has_map(const struct report *report, const struct indicator_label *label) {
    struct figure figures[DISTRICT_LABELS];
    find_districts(report, label, figures);
    return map_scale_of(figures).step > 0;
}

static void write_ranks(struct report *report, const struct indicator_label *label) {
    struct page *page = &report->page;
    struct figure figures[DISTRICT_LABELS];
    struct bar bars[DISTRICT_LABELS];
    char names[DISTRICT_LABELS][48];
    find_districts(report, label, figures);
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%s %s", district_label(i)->first, district_label(i)->second);
        bars[i] = (struct bar){{names[i], names[i]}, figures[i]};
    }
    int label_id = figure_begin(page, TEXT_RANKING, 0, NULL);
    chart_ranks(page, label_id, bars, DISTRICT_LABELS);
    figure_end(page);
}

static void write_cells(struct report *report, const char *area) {
    for (int i = 0; i < MAPS; i++) {
        const struct indicator_label *label = indicator_label(maps[i]);
        const struct place place = {area, label->code, label->evidence, "_T", label->unit_type, "_T", label->platform,
                                    label->instrument};
        figure_cell_out(&report->page, edition_find(report->page.own, &place), OBS_OBS_VALUE, PHRASE_NONE);
    }
    page_raw(&report->page, "</tr>\n");
}

static void write_table(struct report *report, int label_id) {
    struct page *page = &report->page;
    alternative_begin(page, label_id);
    page_raw(page, "<thead><tr>");
    head_cell(page, text_phrase(TEXT_DISTRICT));
    for (int i = 0; i < MAPS; i++)
        head_cell(page, indicator_label(maps[i])->name);
    page_raw(page, "</tr></thead><tbody>\n<tr class=\"sum\"><th scope=\"row\">");
    page_say(page, TEXT_PROVINCE);
    page_raw(page, "</th>");
    write_cells(report, report->input->area);
    for (size_t i = 0; i < DISTRICT_LABELS; i++) {
        char area[64];
        (void)snprintf(area, sizeof(area), "%.40s_D%s", report->input->area, district_label(i)->code);
        page_format(page, "<tr><th scope=\"row\">%s %s</th>", district_label(i)->first, district_label(i)->second);
        write_cells(report, area);
    }
    alternative_end(page);
}

void section_districts(struct report *report) {
    struct page *page = &report->page;
    int label_id = section_begin(page, "districts", TEXT_DISTRICTS, TEXT_DISTRICTS_LEAD);
    page_raw(page, "<div class=\"maps\"><div class=\"large\">");
    write_map(report, indicator_label(maps[0]), true);
    page_raw(page, "</div>\n");
    write_ranks(report, indicator_label(maps[0]));
    page_raw(page, "</div>\n<div class=\"smalls\">");
    const struct indicator_label *absent[MAPS];
    size_t absent_count = 0;
    for (int i = 1; i < MAPS; i++) {
        if (has_map(report, indicator_label(maps[i])))
            write_map(report, indicator_label(maps[i]), false);
        else
            absent[absent_count++] = indicator_label(maps[i]);
    }
    page_raw(page, "</div>\n");
    write_not_drawn(page, absent, absent_count);
    write_table(report, label_id);
    section_end(page);
}
