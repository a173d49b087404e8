/* adoption.dta: obs.csv for Stata 14 and later (and for R and pandas), labelled. Codes are kept as text under the names of
 * obs.csv, as merges need them; beside each coded column stand two numeric ones whose value labels are its Vietnamese and English
 * names. Stata has no decimals: OBS_VALUE is a double (whole numbers are exact up to 2^53), OBS_TEXT the published digits. Every
 * variable label has both languages where 80 characters hold them. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/code_lists.h"
#include "aggregate/publication/fields.h"
#include "aggregate/publication/rows.h"
#include "aggregate/snapshot/memory.h"

#include <readstat.h>

enum { LABELLED_MAX = 32, VARIABLE_NAME_BYTES = 33, LABEL_CHARACTERS_MAX = 80 };

/* A coded column: its codes in order of their numbers, and its two labelled variables. */
struct labelled {
    size_t column;
    struct text_map *codes;
    readstat_label_set_t *sets[2]; /* vi, en */
    readstat_variable_t *variables[2];
};

struct stata {
    const struct publication *publication;
    const struct obs_table *table;
    readstat_writer_t *writer;
    readstat_variable_t *columns[OBS_COLUMN_COUNT];
    readstat_variable_t *text;
    struct labelled labelled[LABELLED_MAX];
    size_t labelled_count;
    readstat_error_t error; /* the first */
};

static ssize_t on_bytes(const void *data, size_t length, void *context) {
    return fwrite(data, 1, length, context) == length ? (ssize_t)length : -1;
}

static void keep(struct stata *stata, readstat_error_t error) {
    if (stata->error == READSTAT_OK) stata->error = error;
}

static size_t characters_of(const char *text) {
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++)
        count += ((unsigned char)*at & 0xc0) != 0x80;
    return count;
}

static void set_label(readstat_variable_t *variable, const struct field *field) {
    char both[LABEL_BYTES];
    (void)snprintf(both, sizeof(both), "%s / %s", field->en, field->vi);
    readstat_variable_set_label(variable, characters_of(both) <= LABEL_CHARACTERS_MAX ? both : field->en);
}

static bool is_number(const struct field *field) {
    return field->type == FIELD_DECIMAL || field->type == FIELD_INTEGER;
}

/* The nearest double of a published decimal text (exact while its digits are below 2^53): no strtod, which asks the locale. */
static double number_of(const char *text) {
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4};
    bool negative = *text == '-';
    __int128 digits = 0;
    size_t decimals = 0;
    bool behind = false;
    for (const char *at = text + negative; *at != '\0'; at++) {
        if (*at == '.') {
            behind = true;
            continue;
        }
        CHECK(*at >= '0' && *at <= '9');
        digits = digits * 10 + (*at - '0');
        decimals += behind;
    }
    CHECK(decimals < sizeof(powers) / sizeof(powers[0]));
    return (double)(negative ? -digits : digits) / powers[decimals];
}

static size_t width_of(const struct obs_table *table, size_t column) {
    size_t width = 1;
    for (size_t i = 0; i < table->count; i++) {
        size_t length = strlen(table->rows[i].cells[column]);
        if (length > width) width = length;
    }
    return width;
}

static void add_columns(struct stata *stata) {
    for (size_t i = 0; i < OBS_COLUMN_COUNT; i++) {
        const struct field *field = &observation_file->fields[i];
        readstat_type_t type = is_number(field) ? READSTAT_TYPE_DOUBLE : READSTAT_TYPE_STRING;
        size_t width = is_number(field) ? 0 : width_of(stata->table, i);
        stata->columns[i] = readstat_add_variable(stata->writer, field->name, type, width);
        set_label(stata->columns[i], field);
    }
    stata->text = readstat_add_variable(stata->writer, "OBS_TEXT", READSTAT_TYPE_STRING, width_of(stata->table, OBS_VALUE));
    readstat_variable_set_label(stata->text, "Value as published / Giá trị như công bố");
}

static void on_code(void *context, const struct code *code) {
    struct labelled *labelled = context;
    int32_t number = (int32_t)text_map_intern(labelled->codes, slice_of(code->code)) + 1;
    readstat_label_int32_value(labelled->sets[0], number, code->vi);
    readstat_label_int32_value(labelled->sets[1], number, code->en);
}

static void add_labelled(struct stata *stata, size_t column) {
    static const char *const suffixes[] = {"VI", "EN"};
    const struct field *field = &observation_file->fields[column];
    CHECK(stata->labelled_count < LABELLED_MAX);
    struct labelled *labelled = &stata->labelled[stata->labelled_count++];
    *labelled = (struct labelled){.column = column, .codes = text_map_create()};
    for (size_t i = 0; i < 2; i++) {
        char name[VARIABLE_NAME_BYTES];
        char label[LABEL_BYTES];
        (void)snprintf(name, sizeof(name), "%.28s_%s", field->name, suffixes[i]);
        (void)snprintf(label, sizeof(label), "%s", i == 0 ? field->vi : field->en);
        labelled->sets[i] = readstat_add_label_set(stata->writer, READSTAT_TYPE_INT32, name);
        labelled->variables[i] = readstat_add_variable(stata->writer, name, READSTAT_TYPE_INT32, 0);
        readstat_variable_set_label(labelled->variables[i], label);
        readstat_variable_set_label_set(labelled->variables[i], labelled->sets[i]);
    }
    code_list_visit(stata->publication, field->code_list, on_code, labelled);
}

static void write_cells(struct stata *stata, const struct obs_row *row) {
    for (size_t i = 0; i < OBS_COLUMN_COUNT; i++) {
        const char *cell = row->cells[i];
        if (!is_number(&observation_file->fields[i]))
            keep(stata, readstat_insert_string_value(stata->writer, stata->columns[i], cell));
        else if (cell[0] == '\0')
            keep(stata, readstat_insert_missing_value(stata->writer, stata->columns[i]));
        else
            keep(stata, readstat_insert_double_value(stata->writer, stata->columns[i], number_of(cell)));
    }
    keep(stata, readstat_insert_string_value(stata->writer, stata->text, row->cells[OBS_VALUE]));
    for (size_t i = 0; i < stata->labelled_count; i++) {
        const struct labelled *labelled = &stata->labelled[i];
        uint32_t number = text_map_find(labelled->codes, slice_of(row->cells[labelled->column]));
        for (size_t j = 0; j < 2; j++) {
            keep(stata, number == TEXT_NONE
                            ? readstat_insert_missing_value(stata->writer, labelled->variables[j])
                            : readstat_insert_int32_value(stata->writer, labelled->variables[j], (int32_t)number + 1));
        }
    }
}

/* The time that the file bears is written by the library in local time: noon of the day of AS_OF (UTC) as a local time, so that
 * the machine's zone does not get into the bytes. Noon is never skipped by a change of clocks. */
static time_t stamp_of(int64_t as_of_ms) {
    time_t as_of = (time_t)(as_of_ms / 1000);
    struct tm fields;
    CHECK(gmtime_r(&as_of, &fields) != NULL);
    fields.tm_hour = 12;
    fields.tm_min = 0;
    fields.tm_sec = 0;
    fields.tm_isdst = -1;
    return mktime(&fields);
}

static void write_all(struct stata *stata, FILE *out) {
    char label[LABEL_CHARACTERS_MAX];
    (void)snprintf(label, sizeof(label), "%.79s", stata->publication->vintage->name);
    keep(stata, readstat_set_data_writer(stata->writer, on_bytes));
    keep(stata, readstat_writer_set_file_format_version(stata->writer, 118));
    keep(stata, readstat_writer_set_file_label(stata->writer, label));
    keep(stata, readstat_writer_set_file_timestamp(stata->writer, stamp_of(stata->publication->as_of_ms)));
    add_columns(stata);
    for (size_t i = 0; i < OBS_COLUMN_COUNT; i++) {
        const struct field *field = &observation_file->fields[i];
        bool coded = field->code_list[0] != '\0' && field->part != FIELD_CONSTANT;
        if (coded) add_labelled(stata, i);
    }
    keep(stata, readstat_begin_writing_dta(stata->writer, out, (long)stata->table->count));
    for (size_t i = 0; stata->error == READSTAT_OK && i < stata->table->count; i++) {
        keep(stata, readstat_begin_row(stata->writer));
        write_cells(stata, &stata->table->rows[i]);
        keep(stata, readstat_end_row(stata->writer));
    }
    if (stata->error == READSTAT_OK) keep(stata, readstat_end_writing(stata->writer));
}

bool stata_write(const struct publication *publication, FILE *out, struct fault *fault) {
    struct stata stata = {.publication = publication, .table = publication->rows, .writer = readstat_writer_init()};
    CHECK(stata.writer != NULL);
    write_all(&stata, out);
    readstat_writer_free(stata.writer);
    for (size_t i = 0; i < stata.labelled_count; i++)
        text_map_destroy(stata.labelled[i].codes);
    if (stata.error == READSTAT_OK) return true;
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "adoption.dta: %s", readstat_error_message(stata.error));
}
