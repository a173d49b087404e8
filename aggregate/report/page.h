/* The document under construction: escaped text, both languages, published figures with the key they can be looked up by.
 *
 * Everything that comes from outside is escaped; `page_raw` is for literals of this room. A text in two languages becomes two
 * elements of which the style sheet shows one; a text that is the same in both stands once. Errors of the stream are the caller's
 * to look at (ferror). One thread. */
#ifndef NHIP_REPORT_PAGE_H
#define NHIP_REPORT_PAGE_H

#include "aggregate/report/number.h"
#include "aggregate/report/edition.h"
#include "aggregate/report/text.h"

#include <stdarg.h>
#include <stdio.h>

struct page {
    FILE *out;
    bool drawing;                     /* inside <svg>: spans are <tspan> there */
    const struct edition *own;    /* figures of other vintages name theirs */
    int ids;                          /* numbers for id attributes */
};

void page_raw(struct page *page, const char *markup);
/* printf for markup whose arguments need no escaping: numbers and literals. */
void page_format(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
void page_escape(struct page *page, const char *text);

void page_phrase(struct page *page, struct phrase phrase);
void page_say(struct page *page, enum text text);
/* The text with each {} replaced by the next of `count` phrases. */
void page_say_with(struct page *page, enum text text, size_t count, const struct phrase *phrases);

void page_svg_begin(struct page *page, int height, const char *class_name, int label_id);
void page_svg_end(struct page *page);

/* ` data-key="..." data-column="..." data-value="..." title="..."` of a figure's cell, with data-vintage where it is another
 * one. */
void page_figure_attributes(struct page *page, struct figure figure, enum obs_column column, bool title);
/* <data>: the number in both languages, with `unit` behind it (PHRASE_NONE: nothing); why there is none, where there is none. */
void page_figure(struct page *page, struct figure figure, enum obs_column column, struct phrase unit);
/* The same as the content of a <text> that the caller has opened with page_figure_attributes. */
void page_figure_text(struct page *page, struct figure figure, struct phrase unit);
/* A decimal that is no cell of obs.csv: `source` says what it is taken from (data-source). */
void page_number(struct page *page, const char *decimal, const char *source, struct phrase unit);
/* A decimal in one language, as a phrase; `vi` and `en` are the caller's memory. */
struct phrase number_phrase(const char *decimal, char vi[static NUMBER_BYTES], char en[static NUMBER_BYTES]);
/* The mark that stands where a figure has no value, and the words for it. */
struct phrase figure_absence(struct figure figure);
struct phrase figure_absence_reason(struct figure figure);
/* What stands behind a figure's number: a per cent sign, the currency, nothing. */
struct phrase figure_unit(struct figure figure);

#endif
