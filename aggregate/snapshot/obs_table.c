/* The reader of our own table: no quotes occur in it (observation.c), so a line is split at its commas. */
#include "aggregate/snapshot/obs_table.h"

#include "aggregate/runtime/file_text.h"
#include "aggregate/snapshot/memory.h"

#include <stdio.h>

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

/* The key of a cut line, from the copy of the text that was not cut. */
static void take_key(struct obs_table *table, struct obs_row *row) {
    size_t start = (size_t)(row->cells[OBS_FREQ] - table->text);
    size_t end = (size_t)(row->cells[OBS_VALUE] - table->text) - 1;
    table->keys[end] = '\0';
    row->key = table->keys + start;
}

bool obs_table_parse(struct obs_table *table, char *text) {
    *table = (struct obs_table){.text = text, .keys = strdup(text)};
    CHECK(table->keys != NULL);
    size_t capacity = 0;
    bool header = true;
    for (char *line = table->text; *line != '\0'; header = false) {
        char *end = line + strcspn(line, "\n");
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        if (!header) {
            table->rows = memory_reserve(table->rows, &capacity, table->count + 1, sizeof(*table->rows));
            struct obs_row *row = &table->rows[table->count++];
            if (!cut_line(line, row)) return false;
            take_key(table, row);
        }
        line = next;
    }
    return true;
}

bool obs_table_open(struct obs_table *table, const char *vintage_path) {
    char path[600];
    struct fault ignored; /* the caller says what it wanted the table for */
    *table = (struct obs_table){.text = NULL};
    int length = snprintf(path, sizeof(path), "%s/obs.csv", vintage_path);
    char *text = length > 0 && (size_t)length < sizeof(path) ? file_text(path, NULL, &ignored) : NULL;
    return text != NULL && obs_table_parse(table, text);
}

void obs_table_close(struct obs_table *table) {
    free(table->rows);
    free(table->text);
    free(table->keys);
    *table = (struct obs_table){.rows = NULL};
}

static int compare_key(const void *key, const void *row) {
    return strcmp(key, ((const struct obs_row *)row)->key);
}

const struct obs_row *obs_table_key(const struct obs_table *table, const char *key) {
    if (table->count == 0) return NULL;
    return bsearch(key, table->rows, table->count, sizeof(*table->rows), compare_key);
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
            matches(key->period, cells[OBS_TIME_PERIOD]) && matches("N", cells[OBS_TRANSFORMATION])) {
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
