/* Rows of obs.csv as the other files look at them. Any thread. */
#ifndef NHIP_PUBLICATION_ROWS_H
#define NHIP_PUBLICATION_ROWS_H

#include "aggregate/snapshot/obs_table.h"
#include "aggregate/snapshot/publication.h"

/* In what a row differs from the total of its indicator: a set. Empty: it is the total. */
enum row_axis {
    ROW_DISTRICT = 1,
    ROW_UNMATCHED = 2,
    ROW_COMMUNE = 4,
    ROW_ACTIVITY = 8,
    ROW_UNIT_TYPE = 16,
    ROW_SIZE_CLASS = 32,
    ROW_PLATFORM = 64,
    ROW_INSTRUMENT = 128,
    ROW_TRANSFORMATION = 256,
    ROW_FREQ = 512,
    ROW_AXIS_END = 1024
};
unsigned rows_axes(const struct publication *publication, const struct indicator *indicator, const struct obs_row *row);

/* "district", "freq+platform"; "total" for none. At most 96 bytes. */
enum { ROW_AXES_BYTES = 128 };
void rows_axes_name(unsigned axes, char out[static ROW_AXES_BYTES]);

#endif
