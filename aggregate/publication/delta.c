/* delta.ndjson: what a consumer who has the release before must do to have this one. One JSON object a line with the columns of
 * obs.csv, in the order of their keys: ACTION R, a row that is new or differs in any column but RELEASE and AS_OF; ACTION D, a
 * row that is there no longer, with its key alone. A first release is all R. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/fields.h"
#include "aggregate/publication/rows.h"
#include "aggregate/publication/text_out.h"

static bool differs(const struct obs_row *now, const struct obs_row *before) {
    for (int i = OBS_FREQ; i < OBS_RELEASE; i++) {
        if (strcmp(now->cells[i], before->cells[i]) != 0) return true;
    }
    return false;
}

/* `deleted`: the row of the release before, of which only the key is said. */
static void write_line(const struct obs_row *row, bool deleted, FILE *out) {
    const char *separator = "{";
    for (size_t i = 0; i < OBS_COLUMN_COUNT; i++) {
        const struct field *field = &observation_file->fields[i];
        bool action = strcmp(field->name, "ACTION") == 0;
        (void)fprintf(out, "%s\"%s\": ", separator, field->name);
        json_text(out, action                                                    ? (deleted ? "D" : "R")
                       : deleted && !field->key && field->part != FIELD_CONSTANT ? ""
                                                                                 : row->cells[i]);
        separator = ", ";
    }
    (void)fputs("}\n", out);
}

/* Rows are sorted by their joined keys; no code has a character below the comma that joins them, so cells may be compared. */
static int compare_keys(const struct obs_row *left, const struct obs_row *right) {
    int order = 0;
    for (int i = OBS_FREQ; i <= OBS_TIME_PERIOD && order == 0; i++)
        order = strcmp(left->cells[i], right->cells[i]);
    return order;
}

static void write_changes(const struct obs_table *now, const struct obs_table *before, FILE *out) {
    for (size_t i = 0, j = 0; i < now->count || j < before->count;) {
        int order = i == now->count ? 1 : j == before->count ? -1 : compare_keys(&now->rows[i], &before->rows[j]);
        if (order > 0)
            write_line(&before->rows[j], true, out);
        else if (order < 0 || differs(&now->rows[i], &before->rows[j]))
            write_line(&now->rows[i], false, out);
        i += order <= 0;
        j += order >= 0;
    }
}

bool delta_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    static const struct obs_table none = {.rows = NULL};
    write_changes(publication->rows, publication->previous == NULL ? &none : &publication->previous->table, out);
    return true;
}
