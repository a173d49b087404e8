/* The report is written from the files of the vintage and from nothing else: what a reader of obs.csv cannot see, the page cannot
 * show. A table is one block of texts and one of pointers to them. */
#include "aggregate/report/csv_table.h"

#include "aggregate/snapshot/memory.h"
#include "ingest/csv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void keep_cell(struct csv_table *table, size_t *offset, size_t *capacity, struct slice cell) {
    table->text = memory_reserve(table->text, capacity, *offset + cell.length + 1, 1);
    memcpy(table->text + *offset, cell.data, cell.length);
    table->text[*offset + cell.length] = '\0';
    *offset += cell.length + 1;
}

/* One row more; the first one is the header, and says how wide the others are. */
static bool keep_row(struct csv_table *table, const struct csv *csv, size_t *offset, size_t *capacity, const char *path,
                     struct fault *fault) {
    if (table->cell_count == 0) table->columns = csv->cell_count;
    if (csv->problem != NULL || csv->cell_count != table->columns) {
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: line %lld: %s", path, (long long)csv->row_line,
                         csv->problem != NULL ? csv->problem : "not as many cells as the header has");
    }
    for (size_t i = 0; i < csv->cell_count; i++) keep_cell(table, offset, capacity, csv->cells[i]);
    table->cell_count += csv->cell_count;
    return true;
}

/* Where each cell begins, once the text does not move any more. */
static void place_cells(struct csv_table *table) {
    const char *at = table->text;
    table->cells = memory_zeroed(table->cell_count, sizeof(*table->cells));
    for (size_t i = 0; i < table->cell_count; i++) {
        table->cells[i] = at;
        at += strlen(at) + 1;
    }
}

bool csv_table_read(struct csv_table *table, const char *path, struct fault *fault) {
    size_t offset = 0;
    size_t capacity = 0;
    *table = (struct csv_table){.text = NULL};
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be read: %s", path, strerror(errno));
    }
    struct csv *csv = memory_zeroed(1, sizeof(*csv));
    csv_open(csv, file);
    bool good = true;
    while (good && csv_row(csv)) good = keep_row(table, csv, &offset, &capacity, path, fault);
    if (good && (ferror(file) != 0 || table->cell_count == 0)) {
        good = fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: %s", path,
                         ferror(file) != 0 ? "reading broke off" : "no header");
    }
    (void)fclose(file);
    free(csv);
    if (!good) return false;
    place_cells(table);
    table->rows = table->cell_count / table->columns - 1;
    return true;
}

void csv_table_clear(struct csv_table *table) {
    free(table->text);
    free(table->cells);
    *table = (struct csv_table){.text = NULL};
}

size_t csv_table_column(const struct csv_table *table, const char *name) {
    for (size_t i = 0; i < table->columns; i++) {
        if (strcmp(table->cells[i], name) == 0) return i;
    }
    return CSV_NONE;
}

const char *csv_table_cell(const struct csv_table *table, size_t row, size_t column) {
    return column == CSV_NONE ? "" : table->cells[(row + 1) * table->columns + column];
}
