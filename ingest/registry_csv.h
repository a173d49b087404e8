/* A register as CSV -> `unit.registered` messages, one a row (schemas/README.md §3): what `nhip registry import` sends.
 *
 * The first line names the columns: the required ones and any of the optional ones, in any order. A column that is not
 * there leaves its key away; an empty cell is the empty value (""), but for valid_to, parent_enterprise_id and
 * enterprise_group_id, where it leaves the key away too, and for accounts, where it is an empty list. */
#ifndef NHIP_REGISTRY_CSV_H
#define NHIP_REGISTRY_CSV_H

#include "fault.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

struct registry_row {
    int64_t line;           /* first line of the row, from 1 */
    struct slice key;       /* merchant_id; slices are valid during the call */
    struct slice document;  /* the JSON text */
    int64_t recorded_at_ms; /* the record's time */
};

struct registry_refusal {
    int64_t line;
    const char *column;  /* "" when it is the whole row */
    const char *message; /* what was found, what is accepted */
};

struct registry_handler {
    bool skip_unknown_columns; /* else an unknown column is a fault, because it may be a known one, misspelt */
    bool (*row)(void *context, const struct registry_row *row, struct fault *fault); /* false: stop, with fault */
    void (*refused)(void *context, const struct registry_refusal *refusal);
    void *context;
};

/* Reads the whole file, in file order; each row goes to row() or to refused(). False and `fault` when the file cannot
 * be read (FAULT_IO), its first line is wrong (FAULT_CONFIG: FILE:1: column: what was found, what is accepted), memory
 * is out, or row() says so. One thread. */
bool registry_csv_read(const char *path, const struct registry_handler *handler, struct fault *fault);

#endif
