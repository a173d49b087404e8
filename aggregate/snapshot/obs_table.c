/* The reader of our own table: no quotes occur in it (observation.c), so a line is split at its commas. */
#include "aggregate/snapshot/obs_table.h"

#include "aggregate/snapshot/memory.h"

#include <stdio.h>

static char *read_file(const char *vintage_path) {
    char path[600];
    int length = snprintf(path, sizeof(path), "%s/obs.csv", vintage_path);
    FILE *file = length > 0 && (size_t)length < sizeof(path) ? fopen(path, "rbe") : NULL;
    if (file == NULL) return NULL;
    char *text = NULL;
    size_t capacity = 0;
    size_t used = 0;
    size_t got = 1;
    while (got > 0) {
        text = memory_reserve(text, &capacity, used + 65536 + 1, 1);
        got = fread(text + used, 1, 65536, file);
        used += got;
    }
    text[used] = '\0';
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (!broken) return text;
    free(text);
    return NULL;
}

/* Cuts one line into 34 cells in place. */
static bool cut_line(char *line, struct obs_row *row) {
    int count = 0;
    for (char *at = line;; at++) {
        if (count == OBS_COLUMN_COUNT) return false;
        row->cells[count++] = at;
        at += strcspn(at, ",");
        if (*at == '\0') break;
        *at = '\0';
    }
    return count == OBS_COLUMN_COUNT;
}

bool obs_table_open(struct obs_table *table, const char *vintage_path) {
    *table = (struct obs_table){.text = read_file(vintage_path)};
    if (table->text == NULL) return false;
    size_t capacity = 0;
    bool header = true;
    for (char *line = table->text; *line != '\0'; header = false) {
        char *end = line + strcspn(line, "\n");
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        if (!header) {
            table->rows = memory_reserve(table->rows, &capacity, table->count + 1, sizeof(*table->rows));
            if (!cut_line(line, &table->rows[table->count++])) return false;
        }
        line = next;
    }
    return true;
}

void obs_table_close(struct obs_table *table) {
    free(table->rows);
    free(table->text);
    *table = (struct obs_table){.rows = NULL};
}

static bool matches(const char *wanted, const char *found) {
    return wanted == NULL || strcmp(wanted, found) == 0;
}

const struct obs_row *obs_table_find(const struct obs_table *table, const struct observation_key *key) {
    for (size_t i = 0; i < table->count; i++) {
        const char *const *cells = table->rows[i].cells;
        if (matches(key->indicator, cells[OBS_INDICATOR]) && matches(key->area, cells[OBS_REF_AREA]) &&
            matches(key->evidence, cells[OBS_EVIDENCE]) && matches(key->activity, cells[OBS_ACTIVITY]) &&
            matches(key->unit_type, cells[OBS_UNIT_TYPE]) && matches(key->size_class, cells[OBS_SIZE_CLASS]) &&
            matches(key->platform, cells[OBS_PLATFORM]) && matches(key->instrument, cells[OBS_INSTRUMENT]) &&
            matches(key->period, cells[OBS_TIME_PERIOD])) {
            return &table->rows[i];
        }
    }
    return NULL;
}

bool snapshot_lookup(const char *vintage_path, const struct observation_key *key, char value[static 32], char status[static 4]) {
    struct obs_table table;
    const struct obs_row *row = obs_table_open(&table, vintage_path) ? obs_table_find(&table, key) : NULL;
    if (row != NULL) {
        (void)snprintf(value, 32, "%s", row->cells[OBS_VALUE]);
        (void)snprintf(status, 4, "%s", row->cells[OBS_OBS_STATUS]);
    }
    obs_table_close(&table);
    return row != NULL;
}
