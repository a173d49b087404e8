/* The parts of the page, in reading order, and what they share. Each writes one <section>. One thread. */
#ifndef NHIP_REPORT_SECTION_H
#define NHIP_REPORT_SECTION_H

#include "aggregate/report/chart.h"
#include "aggregate/report/report.h"

struct report {
    struct page page;
    const struct report_input *input;
    struct editions editions;
    struct csv_table benchmarks; /* rows 0: none */
    struct csv_table revisions;
    struct csv_table codes;
};

void section_head(struct report *report); /* from <!doctype> to the key figures */
void section_shares(struct report *report);
void section_districts(struct report *report);
void section_flows(struct report *report);
void section_multiples(struct report *report);
void section_revisions(struct report *report);
/* The tables of the greatest revisions, inside the section of the revisions. */
void section_greatest(struct report *report);
void section_quality(struct report *report);
void section_method(struct report *report); /* to the end of the document */

/* The style sheet, for <style>. */
extern const char report_style[];

/* The figure of an indicator at the place of its province total, in the report's own period. */
struct figure report_total(const struct report *report, const struct indicator_label *label, const char *evidence);
/* The same in every edition, oldest first; returns how many. */
size_t report_totals(const struct report *report, const struct indicator_label *label, const char *evidence,
                     struct figure figures[static EDITIONS_MAX]);
/* What an indicator is held against: kind TARGET or REPORTED; cells of benchmarks.csv, "" where there is none. */
const char *report_benchmark(const struct report *report, const char *indicator, const char *kind, const char *column);

/* The name of a code in codes.csv of the vintage; the code itself where the list does not have it. */
struct phrase report_code(const struct report *report, const char *list, const char *code);
/* Old, new, change and cause of a row of revisions.csv, as four cells. */
void revision_cells(struct report *report, size_t row);
/* "Enterprises using e-mail; ...": what is not drawn because it has no value, as a sentence; nothing for none. */
void write_not_drawn(struct page *page, const struct indicator_label *const *labels, size_t count);

/* <section id> and its <h2> (which gets t<id of the return>); section_end closes it. */
int section_begin(struct page *page, const char *id, enum text title, enum text lead);
void section_end(struct page *page);
/* <figure> with a caption that names the chart: returns the number of its label. */
int figure_begin(struct page *page, enum text caption, size_t count, const struct phrase *phrases);
void figure_end(struct page *page);
/* The table that stands for the chart named by `label_id`, folded away. */
void alternative_begin(struct page *page, int label_id);
void alternative_end(struct page *page);
void head_cell(struct page *page, struct phrase phrase);
void figure_cell_out(struct page *page, struct figure figure, enum obs_column column, struct phrase unit);

#endif
