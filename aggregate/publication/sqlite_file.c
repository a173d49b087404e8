/* adoption.sqlite: the CSV files of the vintage as STRICT tables with keys, the observations of every release of the period
 * beside each other, and a view for each indicator. Loaded from the files that were written before, so that it cannot say
 * anything else than they do. Decimals are text, as published; obs.OBS_NUMBER is the same as a number.
 *
 * The database is built in memory and written through the caller's stream like every other file. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/fields.h"
#include "aggregate/publication/releases.h"
#include "aggregate/snapshot/memory.h"
#include "ingest/csv.h"

#include <sqlite3.h>

enum { STATEMENT_BYTES = 8192, PATH_BYTES = 800 };

struct database {
    const struct publication *publication;
    sqlite3 *handle;
    struct fault *fault;
};

static bool refuse(const struct database *database, const char *what) {
    return fault_set(database->fault, STOP_FILE_UNWRITABLE, false, "adoption.sqlite: %.80s: %.300s", what,
                     sqlite3_errmsg(database->handle));
}

static bool run(const struct database *database, const char *statement) {
    return sqlite3_exec(database->handle, statement, NULL, NULL, NULL) == SQLITE_OK || refuse(database, statement);
}

/* A statement in the making. */
struct text {
    char bytes[STATEMENT_BYTES];
    size_t length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && (size_t)length < sizeof(text->bytes) - text->length);
    text->length += (size_t)length;
}

/* `extra`: a first column before those of the file, part of the key; or null. */
static bool create_table(const struct database *database, const struct data_file *file, const char *table, const char *extra) {
    struct text text = {.length = 0};
    const char *separator = "";
    add(&text, "CREATE TABLE %s (", table);
    if (extra != NULL) add(&text, "%s TEXT NOT NULL, ", extra);
    for (size_t i = 0; i < file->field_count; i++) {
        const struct field *field = &file->fields[i];
        add(&text, "%s\"%s\" %s%s", separator, field->name, field->type == FIELD_INTEGER && !field->key ? "INTEGER" : "TEXT",
            field->required || field->key ? " NOT NULL" : "");
        separator = ", ";
    }
    if (file == observation_file) add(&text, ", OBS_NUMBER REAL GENERATED ALWAYS AS (CAST(OBS_VALUE AS REAL)) VIRTUAL");
    add(&text, ", PRIMARY KEY (%s", extra == NULL ? "" : extra);
    separator = extra == NULL ? "" : ", ";
    for (size_t i = 0; i < file->field_count; i++) {
        if (!file->fields[i].key) continue;
        add(&text, "%s\"%s\"", separator, file->fields[i].name);
        separator = ", ";
    }
    add(&text, ")) STRICT, WITHOUT ROWID");
    return run(database, text.bytes);
}

/* Where each column of the table stands in the file (by name: an older file may have fewer), SIZE_MAX where it does not. */
static void find_columns(const struct csv *header, const struct data_file *file, size_t places[static CSV_CELLS_MAX]) {
    CHECK(file->field_count <= CSV_CELLS_MAX);
    for (size_t i = 0; i < file->field_count; i++) {
        places[i] = SIZE_MAX;
        for (size_t j = 0; j < header->cell_count; j++) {
            if (slice_equal(header->cells[j], slice_of(file->fields[i].name))) places[i] = j;
        }
    }
}

/* An empty cell is NULL, in a key the empty text. */
static bool insert_row(const struct database *database, sqlite3_stmt *statement, const struct data_file *file,
                       const struct csv *csv, const size_t places[static CSV_CELLS_MAX], const char *first) {
    int place = 1;
    if (first != NULL) (void)sqlite3_bind_text(statement, place++, first, -1, SQLITE_STATIC);
    for (size_t i = 0; i < file->field_count; i++, place++) {
        struct slice cell = places[i] < csv->cell_count ? csv->cells[places[i]] : (struct slice){"", 0};
        if (cell.length == 0 && !file->fields[i].key)
            (void)sqlite3_bind_null(statement, place);
        else
            (void)sqlite3_bind_text(statement, place, cell.data, (int)cell.length, SQLITE_STATIC);
    }
    bool good = sqlite3_step(statement) == SQLITE_DONE || refuse(database, file->file);
    (void)sqlite3_reset(statement);
    return good;
}

static bool insert_rows(const struct database *database, sqlite3_stmt *statement, const struct data_file *file, struct csv *csv,
                        const char *path, const char *first) {
    size_t places[CSV_CELLS_MAX];
    if (csv_row(csv)) find_columns(csv, file, places);
    while (csv_row(csv)) {
        if (csv->problem != NULL) {
            return fault_set(database->fault, STOP_FILE_UNREADABLE, false, "%.300s line %lld: %s", path, (long long)csv->row_line,
                             csv->problem);
        }
        if (!insert_row(database, statement, file, csv, places, first)) return false;
    }
    return ferror(csv->file) == 0 || fault_set(database->fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be read", path);
}

static bool load(const struct database *database, const struct data_file *file, const char *path, const char *table,
                 const char *first) {
    struct text text = {.length = 0};
    sqlite3_stmt *statement = NULL;
    struct csv *csv = memory_zeroed(1, sizeof(*csv));
    FILE *in = fopen(path, "rbe");
    bool good = in != NULL || fault_set(database->fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be opened", path);
    add(&text, "INSERT INTO %s VALUES (?", table);
    for (size_t i = first == NULL ? 1 : 0; i < file->field_count; i++)
        add(&text, ", ?");
    add(&text, ")");
    if (good && sqlite3_prepare_v2(database->handle, text.bytes, -1, &statement, NULL) != SQLITE_OK)
        good = refuse(database, table);
    if (good) {
        csv_open(csv, in);
        good = insert_rows(database, statement, file, csv, path, first);
    }
    (void)sqlite3_finalize(statement);
    if (in != NULL) (void)fclose(in);
    free(csv);
    return good;
}

static bool was_written(const struct publication *publication, const char *name) {
    for (size_t i = 0; i < publication->vintage->file_count; i++) {
        if (strcmp(publication->vintage->files[i], name) == 0) return true;
    }
    return false;
}

static bool load_files(const struct database *database) {
    const struct publication *publication = database->publication;
    for (size_t i = 0; i < data_file_count; i++) {
        const struct data_file *file = &data_files[i];
        char path[PATH_BYTES];
        if (!was_written(publication, file->file)) continue;
        (void)snprintf(path, sizeof(path), "%s/%s", publication->vintage->temporary, file->file);
        if (!create_table(database, file, file->name, NULL) || !load(database, file, path, file->name, NULL)) return false;
    }
    return true;
}

/* The releases of the period beside each other, this one and those that stand where the release before stands. */
static bool load_release(const struct database *database, const char *path, const char *name) {
    char file[PATH_BYTES];
    (void)snprintf(file, sizeof(file), "%.600s/obs.csv", path);
    return load(database, observation_file, file, "obs_releases", name);
}

static bool load_releases(const struct database *database) {
    const struct vintage *vintage = database->publication->vintage;
    struct releases releases;
    bool good = create_table(database, observation_file, "obs_releases", "VINTAGE") &&
                load_release(database, vintage->temporary, vintage->name) &&
                releases_find(database->publication, &releases, database->fault);
    if (!good) return false;
    for (size_t i = 0; good && i < releases.count; i++)
        good = load_release(database, releases.items[i].path, releases.items[i].name);
    free(releases.items);
    return good &&
           run(database,
               "CREATE VIEW revision_triangle AS SELECT FREQ, REF_AREA, INDICATOR, EVIDENCE, ACTIVITY, UNIT_TYPE, "
               "SIZE_CLASS, PLATFORM, INSTRUMENT, TRANSFORMATION, TIME_PERIOD, RELEASE, AS_OF, OBS_VALUE, OBS_STATUS, "
               "OBS_NUMBER - LAG(OBS_NUMBER) OVER (PARTITION BY FREQ, REF_AREA, INDICATOR, EVIDENCE, ACTIVITY, UNIT_TYPE, "
               "SIZE_CLASS, PLATFORM, INSTRUMENT, TRANSFORMATION, TIME_PERIOD ORDER BY RELEASE) AS REVISION FROM "
               "obs_releases");
}

static bool create_views(const struct database *database) {
    const struct definitions *definitions = database->publication->definitions;
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        struct text text = {.length = 0};
        const char *code = definitions->indicators[i].code;
        add(&text,
            "CREATE VIEW \"%s\" AS SELECT REF_AREA, area.label_vi AS AREA_VI, area.label_en AS AREA_EN, EVIDENCE, ACTIVITY, "
            "UNIT_TYPE, SIZE_CLASS, PLATFORM, INSTRUMENT, FREQ, TRANSFORMATION, TIME_PERIOD, OBS_NUMBER AS VALUE, OBS_VALUE, "
            "UNIT_MEASURE, OBS_STATUS, CONF_STATUS, NUMERATOR, DENOMINATOR, BOUND_LO, BOUND_HI, RELEASE, AS_OF FROM obs LEFT "
            "JOIN "
            "codes AS area ON area.codelist = 'CL_AREA' AND area.code = obs.REF_AREA WHERE INDICATOR = '%s'",
            code, code);
        if (!run(database, text.bytes)) return false;
    }
    return true;
}

static bool write_bytes(const struct database *database, FILE *out) {
    sqlite3_int64 length = 0;
    unsigned char *bytes = sqlite3_serialize(database->handle, "main", &length, 0);
    if (bytes == NULL) return refuse(database, "serialize");
    (void)fwrite(bytes, 1, (size_t)length, out);
    sqlite3_free(bytes);
    return true;
}

bool sqlite_write(const struct publication *publication, FILE *out, struct fault *fault) {
    struct database database = {.publication = publication, .fault = fault};
    bool good = sqlite3_open(":memory:", &database.handle) == SQLITE_OK || refuse(&database, "open");
    good = good && run(&database, "PRAGMA page_size = 4096") && run(&database, "BEGIN") && load_files(&database) &&
           load_releases(&database) && create_views(&database) && run(&database, "COMMIT") && write_bytes(&database, out);
    (void)sqlite3_close(database.handle);
    return good;
}
