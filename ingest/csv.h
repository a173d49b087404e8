/* Rows of a CSV file as RFC 4180 has them: cells between commas, double quotes around cells that hold commas, quotes or
 * line ends, LF or CRLF after a row. What is not that is a problem of its row, with a line number; reading goes on
 * behind it. */
#ifndef NHIP_CSV_H
#define NHIP_CSV_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CSV_CELLS_MAX = 64, CSV_ROW_BYTES_MAX = 65536 };

struct csv {
    FILE *file;          /* the caller's */
    int64_t line;        /* where the reader stands, from 1 */
    int64_t row_line;    /* first line of the row that was read last */
    const char *problem; /* null, or why that row cannot be read (static storage) */
    size_t cell_count;
    struct slice cells[CSV_CELLS_MAX]; /* unquoted; valid until the next row is read */
    size_t length;
    char bytes[CSV_ROW_BYTES_MAX];
    size_t ends[CSV_CELLS_MAX];
};

/* Starts at the beginning of `file` (binary mode). */
void csv_open(struct csv *csv, FILE *file);
/* Reads the next row that is not an empty line: into cells, or into problem. False at the end of the file (and after a
 * read error: the caller asks ferror). One thread. */
bool csv_row(struct csv *csv);

#endif
