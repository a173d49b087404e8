/* Both languages are in the one file, so that a figure cannot be right in one and wrong in the other: it is written once, in two
 * spellings, from one cell. */
#include "aggregate/report/page.h"

#include <string.h>

void page_raw(struct page *page, const char *markup) {
    (void)fputs(markup, page->out);
}

void page_format(struct page *page, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(page->out, format, arguments);
    va_end(arguments);
}

static void escape_bytes(struct page *page, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '&': page_raw(page, "&amp;"); break;
        case '<': page_raw(page, "&lt;"); break;
        case '>': page_raw(page, "&gt;"); break;
        case '"': page_raw(page, "&quot;"); break;
        default: (void)fputc(text[i], page->out);
        }
    }
}

void page_escape(struct page *page, const char *text) {
    escape_bytes(page, text, strlen(text));
}

static const char *side(struct phrase phrase, enum language language) {
    return language == VIETNAMESE ? phrase.vi : phrase.en;
}

/* One language of a text; {} becomes the next phrase. */
static void write_side(struct page *page, const char *text, enum language language, size_t count, const struct phrase *phrases) {
    size_t next = 0;
    for (const char *hole; (hole = strstr(text, "{}")) != NULL && next < count; text = hole + 2) {
        escape_bytes(page, text, (size_t)(hole - text));
        page_escape(page, side(phrases[next++], language));
    }
    page_escape(page, text);
}

static void write_both(struct page *page, struct phrase text, size_t count, const struct phrase *phrases) {
    bool same = strcmp(text.vi, text.en) == 0;
    for (size_t i = 0; i < count; i++)
        same = same && strcmp(phrases[i].vi, phrases[i].en) == 0;
    if (same) {
        write_side(page, text.vi, VIETNAMESE, count, phrases);
        return;
    }
    const char *element = page->drawing ? "tspan" : "span";
    page_format(page, "<%s lang=\"vi\">", element);
    write_side(page, text.vi, VIETNAMESE, count, phrases);
    page_format(page, "</%s><%s lang=\"en\">", element, element);
    write_side(page, text.en, ENGLISH, count, phrases);
    page_format(page, "</%s>", element);
}

void page_phrase(struct page *page, struct phrase phrase) {
    write_both(page, phrase, 0, NULL);
}

void page_say(struct page *page, enum text text) {
    write_both(page, text_phrase(text), 0, NULL);
}

void page_say_with(struct page *page, enum text text, size_t count, const struct phrase *phrases) {
    write_both(page, text_phrase(text), count, phrases);
}

void page_svg_begin(struct page *page, int height, const char *class_name, int label_id) {
    page_format(page, "<svg class=\"%s\" width=\"100%%\" height=\"%d\" role=\"img\" aria-labelledby=\"t%d\">", class_name, height,
                label_id);
    page->drawing = true;
}

void page_svg_end(struct page *page) {
    page->drawing = false;
    page_raw(page, "</svg>\n");
}

static const char *column_name(enum obs_column column) {
    static const char *const names[] = {
#define X(name) #name,
        OBS_COLUMNS(X)
#undef X
    };
    return names[column];
}

void page_figure_attributes(struct page *page, struct figure figure, enum obs_column column, bool title) {
    char key[EDITION_KEY_BYTES];
    figure_key(figure, key);
    bool hidden = figure_is_suppressed(figure);
    page_raw(page, " data-key=\"");
    page_escape(page, key);
    page_format(page, "\" data-column=\"%s\" data-value=\"", column_name(column));
    page_escape(page, hidden ? "" : figure_cell(figure, column));
    if (figure.edition != page->own) {
        page_raw(page, "\" data-vintage=\"");
        page_escape(page, figure.edition->name);
    }
    if (title) {
        page_raw(page, "\" title=\"obs.csv ");
        page_escape(page, key);
    }
    page_raw(page, "\"");
}

struct phrase number_phrase(const char *decimal, char vi[static NUMBER_BYTES], char en[static NUMBER_BYTES]) {
    number_write(decimal, VIETNAMESE, vi);
    number_write(decimal, ENGLISH, en);
    return (struct phrase){vi, en};
}

static void write_number(struct page *page, const char *decimal, struct phrase unit) {
    char vi[NUMBER_BYTES];
    char en[NUMBER_BYTES];
    char with_unit[LANGUAGE_COUNT][NUMBER_BYTES + 32];
    struct phrase number = number_phrase(decimal, vi, en);
    (void)snprintf(with_unit[VIETNAMESE], sizeof(with_unit[0]), "%s%.24s", number.vi, unit.vi);
    (void)snprintf(with_unit[ENGLISH], sizeof(with_unit[0]), "%s%.24s", number.en, unit.en);
    page_phrase(page, (struct phrase){with_unit[VIETNAMESE], with_unit[ENGLISH]});
}

void page_figure_text(struct page *page, struct figure figure, struct phrase unit) {
    if (figure_has_value(figure))
        write_number(page, figure_cell(figure, OBS_OBS_VALUE), unit);
    else
        page_phrase(page, figure_absence(figure));
}

void page_figure(struct page *page, struct figure figure, enum obs_column column, struct phrase unit) {
    if (figure.edition == NULL) {
        page_raw(page, "<span class=\"none\">");
        page_phrase(page, figure_absence(figure));
        page_raw(page, "</span>");
        return;
    }
    const char *cell = figure_is_suppressed(figure) ? "" : figure_cell(figure, column);
    page_format(page, "<data class=\"%s\" value=\"", cell[0] != '\0' ? "n" : "none");
    page_escape(page, cell);
    page_raw(page, "\"");
    page_figure_attributes(page, figure, column, true);
    page_raw(page, ">");
    if (cell[0] != '\0')
        write_number(page, cell, unit);
    else
        page_phrase(page, figure_absence(figure));
    page_raw(page, "</data>");
}

void page_number(struct page *page, const char *decimal, const char *source, struct phrase unit) {
    page_raw(page, "<data class=\"n\" value=\"");
    page_escape(page, decimal);
    page_raw(page, "\" data-source=\"");
    page_escape(page, source);
    page_raw(page, "\" title=\"");
    page_escape(page, source);
    page_raw(page, "\">");
    write_number(page, decimal, unit);
    page_raw(page, "</data>");
}

struct phrase figure_absence(struct figure figure) {
    if (figure.edition == NULL) return text_phrase(TEXT_ABSENT_MARK);
    if (figure_is_suppressed(figure)) return text_phrase(TEXT_SUPPRESSED_MARK);
    const char *status = figure_cell(figure, OBS_OBS_STATUS);
    if (strcmp(status, "L") == 0 || strcmp(status, "O") == 0) return text_phrase(TEXT_NOT_COLLECTED_MARK);
    return text_phrase(TEXT_ABSENT_MARK);
}

struct phrase figure_absence_reason(struct figure figure) {
    static const struct {
        char conf;
        enum text text;
    } reasons[] = {{'A', TEXT_CONF_A}, {'O', TEXT_CONF_O}, {'T', TEXT_CONF_T}, {'G', TEXT_CONF_T},
                   {'M', TEXT_CONF_M}, {'D', TEXT_CONF_D}, {'S', TEXT_CONF_D}};
    if (figure.edition == NULL) return text_phrase(TEXT_NO_ROW);
    char conf = figure_cell(figure, OBS_CONF_STATUS)[0];
    for (size_t i = 0; figure_is_suppressed(figure) && i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].conf == conf) return text_phrase(reasons[i].text);
    }
    if (figure_is_suppressed(figure)) return text_phrase(TEXT_CONF_OTHER);
    const char *status = figure_cell(figure, OBS_OBS_STATUS);
    if (strcmp(status, "M") == 0) return text_phrase(TEXT_STATUS_M);
    return text_phrase(status[0] == 'L' || status[0] == 'O' ? TEXT_STATUS_L : TEXT_NO_ROW);
}

struct phrase figure_unit(struct figure figure) {
    const char *unit = figure_cell(figure, OBS_UNIT_MEASURE);
    if (strcmp(unit, "PT") == 0) return (struct phrase){"%", "%"};
    if (strcmp(unit, "VND") == 0) return text_phrase(TEXT_UNIT_VND);
    return PHRASE_NONE;
}
