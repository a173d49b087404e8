/* Writing figures: one row of obs.csv as an object of truth.json. Private to ingest/province*.c. */
#ifndef NHIP_PROVINCE_FIGURES_H
#define NHIP_PROVINCE_FIGURES_H

#include "ingest/province_truth.h"

enum { FIGURE_TEXT_BYTES = 64 };

/* Coordinates; null = the usual value (`_T`, for platform and instrument `_Z`, evidence O, area of the province). */
struct figure {
    const char *area, *indicator, *evidence, *activity, *unit_type, *size_class, *platform, *instrument;
};

struct figure_sink {
    FILE *file;
    bool *first;
    int32_t month;
};

void figure_write(const struct figure_sink *sink, const struct figure *figure, const char *value);
void figure_whole(const struct figure_sink *sink, const struct figure *figure, int64_t value);
/* numerator / denominator with `decimals` places, half to even; empty when the denominator is 0. */
void figure_ratio(const struct figure_sink *sink, const struct figure *figure, __int128 numerator, __int128 denominator,
                  int decimals);

/* `VN_38_D380` ... of a district, `VN_38_U` of TRUTH_UNMATCHED. Wire name of a unit type. */
const char *figure_area(uint32_t stratum, char out[static 16]);
const char *figure_unit_type(uint32_t type);

#endif
