/* Charts as SVG inside the page: horizontal places are percentages and type is in pixels, so one drawing serves a telephone, a
 * screen and A4. Each chart is named by the element t<label_id>, and each mark carries its obs.csv key. Nothing is rounded but
 * places on the paper. */
#ifndef NHIP_REPORT_CHART_H
#define NHIP_REPORT_CHART_H

#include "aggregate/report/page.h"

#include <stdint.h>

enum { MAP_CLASSES = 5 };

struct bar {
    struct phrase label;
    struct figure figure;
};
/* Horizontal bars on a common scale from 0; a suppressed one is hatched over the whole width. */
void chart_bars(struct page *page, int label_id, const struct bar *bars, size_t count);

/* Thin bars in one line each, longest first; those without a value at the end, with their mark. `bars` is put in that order. */
void chart_ranks(struct page *page, int label_id, struct bar *bars, size_t count);

/* One panel: the same figure in `count` editions, from the oldest to the latest; `target` may be "". */
void chart_line(struct page *page, int label_id, const struct figure *figures, size_t count, const char *target);

/* Declared, observed and combined evidence of a share on the axis 0-100, with bounds of the headline, target and published value
 * ("" = none). `figures` in the order R, O, C; `headline` is one of these letters. */
struct strip {
    struct figure figures[3];
    char headline;
    const char *target;
    const char *published;
};
void chart_strip(struct page *page, int label_id, const struct strip *strip);

/* The tile map of the districts, in the order of district_label(). Small maps bear no words. The classes are those of
 * map_scale_of(). */
struct map_scale {
    int low, step; /* lower limit of the first class and width of each, whole per cent; step 0: no value at all */
};
struct map_scale map_scale_of(const struct figure *figures);
void chart_tiles(struct page *page, int label_id, const struct figure *figures, struct map_scale scale, bool labelled);

/* A number of records as a bar of one hue: `part` of `whole`. */
void chart_share_of(struct page *page, int64_t part, int64_t whole);

#endif
