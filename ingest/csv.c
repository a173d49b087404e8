/* CSV, read a character at a time by a machine of four states. Registers come out of spreadsheets and statistical
 * packages, so the dialect is RFC 4180 and nothing is guessed: a quote in the middle of a bare cell, text behind a
 * closing quote or a lone carriage return makes the row a problem instead of a surprise. Behind a problem the reader
 * looks for the next line end, so one broken row costs one row - only a quote that is never closed swallows the rest,
 * and the line it was opened on is what is reported.
 *
 * Speed does not matter here (imports happen once a day); a bound does: a row is at most as long as a message may be. */
#include "ingest/csv.h"

enum cell_state { CELL_BEGIN = 1, CELL_BARE, CELL_QUOTED, CELL_QUOTE };

void csv_open(struct csv *csv, FILE *file) {
    csv->file = file;
    csv->line = 1;
    csv->row_line = 0;
    csv->problem = NULL;
    csv->cell_count = 0;
    csv->length = 0;
}

static void cell_put(struct csv *csv, int c) {
    if (csv->length == CSV_ROW_BYTES_MAX) {
        csv->problem = "found a row of more than 65536 bytes, accepted is a row that fits into one message";
        return;
    }
    csv->bytes[csv->length++] = (char)c;
}

static void cell_end(struct csv *csv) {
    if (csv->cell_count == CSV_CELLS_MAX) {
        csv->problem = "found more than 64 cells, accepted are the columns of the first line";
        return;
    }
    csv->ends[csv->cell_count++] = csv->length;
}

/* The next character, with CRLF read as LF; a lone CR comes through. */
static int character(struct csv *csv) {
    int c = getc_unlocked(csv->file);
    if (c != '\r') return c;
    int next = getc_unlocked(csv->file);
    if (next == '\n') return next;
    (void)ungetc(next, csv->file);
    return c;
}

static enum cell_state quoted_step(struct csv *csv, int c) {
    if (c == '"') return CELL_QUOTE;
    if (c == '\n') csv->line++;
    cell_put(csv, c);
    return CELL_QUOTED;
}

/* One character outside quotes, neither line end nor end of file. */
static enum cell_state bare_step(struct csv *csv, enum cell_state state, int c) {
    if (c == ',') {
        cell_end(csv);
        return CELL_BEGIN;
    }
    if (c == '"' && state == CELL_BEGIN) return CELL_QUOTED;
    if (c == '"' && state == CELL_QUOTE) {
        cell_put(csv, c);
        return CELL_QUOTED;
    }
    if (c == '"') {
        csv->problem = "found a quote inside a bare cell, accepted is a cell in quotes with its quotes doubled";
    } else if (state == CELL_QUOTE) {
        csv->problem = "found text behind a closing quote, accepted is a comma or the end of the line";
    } else if (c == '\r') {
        csv->problem = "found a carriage return without line feed, accepted are LF and CRLF";
    }
    cell_put(csv, c);
    return CELL_BARE;
}

/* Reads up to the end of a row; false when the file ended before its first character. */
static bool row_scan(struct csv *csv) {
    enum cell_state state = CELL_BEGIN;
    bool any = false;
    for (;;) {
        int c = state == CELL_QUOTED ? getc_unlocked(csv->file) : character(csv);
        if (c == EOF && !any) return false;
        any = true;
        if (c == EOF && state == CELL_QUOTED) csv->problem = "found a quote that is never closed";
        if (c == '\n' && state != CELL_QUOTED) csv->line++;
        if (c == EOF || (c == '\n' && state != CELL_QUOTED)) {
            cell_end(csv);
            return true;
        }
        if (csv->problem != NULL) continue; /* on to the end of the line */
        state = state == CELL_QUOTED ? quoted_step(csv, c) : bare_step(csv, state, c);
        if (csv->problem != NULL) state = CELL_BARE;
    }
}

bool csv_row(struct csv *csv) {
    do {
        csv->row_line = csv->line;
        csv->problem = NULL;
        csv->cell_count = 0;
        csv->length = 0;
        if (!row_scan(csv)) return false;
    } while (csv->cell_count == 1 && csv->length == 0 && csv->problem == NULL);
    size_t from = 0;
    for (size_t i = 0; i < csv->cell_count; i++) {
        csv->cells[i] = (struct slice){csv->bytes + from, csv->ends[i] - from};
        from = csv->ends[i];
    }
    return true;
}
