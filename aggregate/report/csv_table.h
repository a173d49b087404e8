/* A CSV file (RFC 4180, header first) in memory, for the report: cells by row and by the column's name. One thread. */
#ifndef NHIP_REPORT_CSV_TABLE_H
#define NHIP_REPORT_CSV_TABLE_H

#include "fault.h"

#include <stddef.h>

enum { CSV_NONE = 9999 };

struct csv_table {
    char *text;          /* owned; the cells point into it */
    const char **cells;  /* row by row, the header first */
    size_t cell_count;
    size_t columns;
    size_t rows; /* without the header */
};

/* False and `fault` (FAULT_IO: the file cannot be read, has no header, or a row of another width). Give it to csv_table_clear()
 * in every case. */
bool csv_table_read(struct csv_table *table, const char *path, struct fault *fault);
void csv_table_clear(struct csv_table *table);

/* The column of that name, or CSV_NONE. */
size_t csv_table_column(const struct csv_table *table, const char *name);
/* "" where the column is CSV_NONE. */
const char *csv_table_cell(const struct csv_table *table, size_t row, size_t column);

#endif
