/* Trends come from what was published, not from the state: the report of a period then shows for earlier periods exactly what
 * their own vintages say, under their own disclosure control, and each point can be looked up in the obs.csv that is named
 * beside it. * The name of a vintage (FLOW_FREQ_PERIOD_rN_ASOF) orders everything: periods of one frequency and times sort as
 * text. */
#include "aggregate/report/edition.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

/* The parts of FLOW_FREQ_PERIOD_rN_ASOF; `flow_length` covers FLOW_FREQ_. */
struct vintage_name {
    size_t flow_length;
    char period[16];
    long release;
    const char *as_of;
};

static bool parse_name(const char *name, struct vintage_name *parts) {
    const char *as_of = strrchr(name, '_');
    if (as_of == NULL) return false;
    const char *release = as_of;
    while (release > name && release[-1] != '_')
        release--;
    const char *period = release - 1;
    while (period > name && period[-1] != '_')
        period--;
    char *end = NULL;
    if (release <= name + 1 || period <= name + 2 || release[0] != 'r') return false;
    size_t length = (size_t)(release - 1 - period);
    parts->release = strtol(release + 1, &end, 10);
    if (end != as_of || parts->release < 1 || length == 0 || length >= sizeof(parts->period)) return false;
    memcpy(parts->period, period, length);
    parts->period[length] = '\0';
    parts->flow_length = (size_t)(period - name);
    parts->as_of = as_of + 1;
    return true;
}

bool edition_open(struct edition *edition, const char *path, const char *name, struct fault *fault) {
    static const char *const column_names[] = {
#define X(name) #name,
        OBS_COLUMNS(X)
#undef X
    };
    char file[PATH_BYTES];
    struct vintage_name parts;
    *edition = (struct edition){.raw = false};
    if (!parse_name(name, &parts)) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.160s: no name of a vintage", name);
    (void)snprintf(edition->name, sizeof(edition->name), "%s", name);
    (void)snprintf(edition->period, sizeof(edition->period), "%s", parts.period);
    edition->frequency[0] = name[parts.flow_length - 2];
    (void)snprintf(file, sizeof(file), "%.700s/obs.csv", path);
    if (!csv_table_read(&edition->table, file, fault)) return false;
    for (int i = 0; i < OBS_COLUMN_COUNT; i++) {
        edition->columns[i] = csv_table_column(&edition->table, column_names[i]);
        if (edition->columns[i] == CSV_NONE)
            return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: no column %s", file, column_names[i]);
    }
    size_t conf = edition->columns[OBS_CONF_STATUS];
    for (size_t row = 0; row < edition->table.rows && !edition->raw; row++)
        edition->raw = strcmp(csv_table_cell(&edition->table, row, conf), "N") == 0;
    return true;
}

/* Names of earlier periods, one for each, the latest EDITIONS_MAX - 1, ascending. */
struct chosen {
    char names[EDITIONS_MAX][EDITION_NAME_BYTES];
    struct vintage_name parts[EDITIONS_MAX];
    size_t count;
};

static void choose(struct chosen *chosen, const char *name, const struct vintage_name *parts) {
    size_t at = 0;
    while (at < chosen->count && strcmp(chosen->parts[at].period, parts->period) < 0)
        at++;
    bool same = at < chosen->count && strcmp(chosen->parts[at].period, parts->period) == 0;
    if (same && chosen->parts[at].release >= parts->release) return;
    if (!same) {
        size_t from = at;
        if (chosen->count == EDITIONS_MAX - 1) { /* full: the oldest goes, or this one is older than all */
            if (at == 0) return;
            memmove(chosen->names, chosen->names + 1, (at - 1) * sizeof(chosen->names[0]));
            memmove(chosen->parts, chosen->parts + 1, (at - 1) * sizeof(chosen->parts[0]));
            at--;
        } else {
            memmove(chosen->names + from + 1, chosen->names + from, (chosen->count - from) * sizeof(chosen->names[0]));
            memmove(chosen->parts + from + 1, chosen->parts + from, (chosen->count - from) * sizeof(chosen->parts[0]));
            chosen->count++;
        }
    }
    (void)snprintf(chosen->names[at], sizeof(chosen->names[at]), "%s", name);
    chosen->parts[at] = *parts;
}

static void choose_earlier(struct chosen *chosen, const char *collection, const char *name, const struct vintage_name *own) {
    DIR *listing = opendir(collection);
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        struct vintage_name parts;
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= EDITION_NAME_BYTES) continue;
        if (!parse_name(entry->d_name, &parts) || parts.flow_length != own->flow_length) continue;
        if (strncmp(entry->d_name, name, own->flow_length) != 0 || strcmp(parts.period, own->period) >= 0) continue;
        if (strcmp(parts.as_of, own->as_of) <= 0) choose(chosen, entry->d_name, &parts);
    }
    if (listing != NULL) (void)closedir(listing);
}

bool editions_read(struct editions *editions, const char *path, const char *name, const char *collection,
                       struct fault *fault) {
    struct chosen chosen = {.count = 0};
    struct vintage_name own;
    struct edition mine;
    editions->count = 0;
    bool good = edition_open(&mine, path, name, fault);
    if (good && parse_name(name, &own)) choose_earlier(&chosen, collection, name, &own);
    for (size_t i = 0; good && i < chosen.count; i++) {
        char directory[PATH_BYTES];
        struct fault ignored;
        struct edition *item = &editions->items[editions->count];
        (void)snprintf(directory, sizeof(directory), "%.600s/%.160s", collection, chosen.names[i]);
        if (edition_open(item, directory, chosen.names[i], &ignored) && (mine.raw || !item->raw))
            editions->count++;
        else
            csv_table_clear(&item->table);
    }
    editions->items[editions->count++] = mine;
    return good;
}

void editions_clear(struct editions *editions) {
    for (size_t i = 0; i < editions->count; i++)
        csv_table_clear(&editions->items[i].table);
    editions->count = 0;
}

const struct edition *editions_own(const struct editions *editions) {
    return &editions->items[editions->count - 1];
}

/* Rows are sorted by the bytes of the joined key; no code holds a character below the comma, so cell by cell is the same
 * order. */
struct figure edition_find(const struct edition *edition, const struct place *place) {
    const char *const wanted[OBS_KEY_COLUMNS] = {
        edition->frequency, place->area,     place->indicator,  place->evidence, place->activity,    place->unit_type,
        place->size_class,      place->platform, place->instrument, "N",             edition->period};
    size_t low = 0;
    size_t high = edition->table.rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = 0;
        for (int i = 0; i < OBS_KEY_COLUMNS && order == 0; i++)
            order = strcmp(csv_table_cell(&edition->table, middle, edition->columns[i]), wanted[i]);
        if (order == 0) return (struct figure){.edition = edition, .row = middle};
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return (struct figure){.edition = NULL};
}

const char *figure_cell(struct figure figure, enum obs_column column) {
    if (figure.edition == NULL) return "";
    return csv_table_cell(&figure.edition->table, figure.row, figure.edition->columns[column]);
}

void figure_key(struct figure figure, char out[static EDITION_KEY_BYTES]) {
    size_t length = 0;
    out[0] = '\0';
    for (int i = 0; i < OBS_KEY_COLUMNS && length < EDITION_KEY_BYTES - 64; i++) {
        length += (size_t)snprintf(out + length, EDITION_KEY_BYTES - length, "%s%.60s", i > 0 ? "," : "",
                                   figure_cell(figure, (enum obs_column)i));
    }
}

bool figure_is_suppressed(struct figure figure) {
    const char *status = figure_cell(figure, OBS_OBS_STATUS);
    const char *conf = figure_cell(figure, OBS_CONF_STATUS);
    return strcmp(status, "Q") == 0 || (conf[0] != '\0' && strchr("FN", conf[0]) == NULL);
}

bool figure_has_value(struct figure figure) {
    return figure_cell(figure, OBS_OBS_VALUE)[0] != '\0' && !figure_is_suppressed(figure);
}
