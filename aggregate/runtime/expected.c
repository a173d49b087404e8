/* The file of expected sources is kept by people, so it is read as strictly as the register: one mistake refuses the whole file,
 * because a misspelt feed would publish "not collected" over figures that were.
 *
 * Two rows of one source may not expect the same family on the same day: the day would count twice. */
#include "aggregate/runtime/expected.h"

#include "aggregate/runtime/file_text.h"
#include "check.h"
#include "ingest/csv.h"
#include "zone.h"

#include <stdlib.h>

enum column { COLUMN_SOURCE, COLUMN_FEEDS, COLUMN_FROM, COLUMN_TO, COLUMN_EVERY_DAYS, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {"source", "feeds", "from", "to", "every_days"};
static const bool column_required[COLUMN_COUNT] = {true, true, false, false, false};

struct reading {
    const char *path;
    struct expected *expected;
    int cell_of[COLUMN_COUNT]; /* which cell of a row, or -1 */
    size_t cell_count;         /* of the first line */
    struct csv csv;
};

const char *feed_name(enum family family) {
    static const char *const names[FAMILY_COUNT] = {[FAMILY_PAYMENT] = "payments",
                                                    [FAMILY_ORDER] = "orders",
                                                    [FAMILY_RIDE] = "rides",
                                                    [FAMILY_WEBSITE] = "websites"};
    return family > FAMILY_NONE && family < FAMILY_COUNT && names[family] != NULL ? names[family] : "";
}

static bool refuse(const struct reading *reading, enum column column, const char *accepted, struct fault *fault) {
    int cell = reading->cell_of[column];
    struct slice found = cell < 0 ? SLICE("") : reading->csv.cells[cell];
    int shown = found.length > 60 ? 60 : (int)found.length;
    return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:%lld: %s: found \"%.*s\", accepted %s", reading->path,
                     (long long)reading->csv.row_line, column_names[column], shown, found.data, accepted);
}

static struct slice cell_at(const struct reading *reading, enum column column) {
    int cell = reading->cell_of[column];
    return cell < 0 ? SLICE("") : reading->csv.cells[cell];
}

/* ---- the first line ---- */

static bool take_header_cell(struct reading *reading, size_t cell, struct fault *fault) {
    struct slice name = reading->csv.cells[cell];
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!slice_equal(name, slice_of(column_names[i]))) continue;
        if (reading->cell_of[i] >= 0) {
            return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:1: %s: found twice, accepted is one column of a name",
                             reading->path, column_names[i]);
        }
        reading->cell_of[i] = (int)cell;
        return true;
    }
    return fault_set(fault, STOP_SETTING_FILE, false,
                     "%.200s:1: %.*s: found an unknown column, accepted are source, feeds, from, to, every_days (UTF-8 without a "
                     "byte order mark, commas between cells)",
                     reading->path, name.length > 60 ? 60 : (int)name.length, name.data);
}

static bool read_header(struct reading *reading, struct fault *fault) {
    for (int i = 0; i < COLUMN_COUNT; i++)
        reading->cell_of[i] = -1;
    if (!csv_row(&reading->csv)) {
        return fault_set(fault, STOP_SETTING_FILE, false,
                         "%.200s:1: found an empty file, accepted is a first line with the columns source, feeds, from, to, "
                         "every_days; nothing expected is an empty setting snapshot.sources",
                         reading->path);
    }
    if (reading->csv.problem != NULL)
        return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:1: %s", reading->path, reading->csv.problem);
    for (size_t i = 0; i < reading->csv.cell_count; i++) {
        if (!take_header_cell(reading, i, fault)) return false;
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (column_required[i] && reading->cell_of[i] < 0) {
            return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:1: %s: found no such column, it is required", reading->path,
                             column_names[i]);
        }
    }
    reading->cell_count = reading->csv.cell_count;
    return true;
}

/* ---- one row ---- */

static bool read_source(const struct reading *reading, struct expectation *row, struct fault *fault) {
    struct slice cell = cell_at(reading, COLUMN_SOURCE);
    bool printable = cell.length > 0 && cell.length <= ID_BYTES_MAX && cell.data[0] != ' ' && cell.data[cell.length - 1] != ' ';
    for (size_t i = 0; printable && i < cell.length; i++)
        printable = cell.data[i] >= 0x20 && cell.data[i] <= 0x7E;
    if (!printable)
        return refuse(reading, COLUMN_SOURCE, "is the source as it stands in events: 1 to 64 printable ASCII characters, no "
                                              "blank at either end", fault);
    memcpy(row->source, cell.data, cell.length);
    return true;
}

static enum family family_of_feed(struct slice word) {
    for (int family = FAMILY_NONE + 1; family < FAMILY_COUNT; family++) {
        const char *name = feed_name((enum family)family);
        if (name[0] != '\0' && slice_equal(word, slice_of(name))) return (enum family)family;
    }
    return FAMILY_NONE;
}

static bool read_feeds(const struct reading *reading, struct expectation *row, struct fault *fault) {
    static const char accepted[] = "are payments, orders, rides, websites, each once, with blanks or ; between them";
    struct slice cell = cell_at(reading, COLUMN_FEEDS);
    for (size_t at = 0; at < cell.length;) {
        size_t start = at;
        while (at < cell.length && cell.data[at] != ' ' && cell.data[at] != ';')
            at++;
        struct slice word = {cell.data + start, at - start};
        at++; /* the mark behind it */
        if (word.length == 0) continue;
        enum family family = family_of_feed(word);
        if (family == FAMILY_NONE || (row->families >> family & 1) != 0) return refuse(reading, COLUMN_FEEDS, accepted, fault);
        row->families |= 1U << family;
    }
    return row->families != 0 || refuse(reading, COLUMN_FEEDS, accepted, fault);
}

static bool read_days(const struct reading *reading, struct expectation *row, struct fault *fault) {
    static const char accepted[] = "is a local day YYYY-MM-DD, or nothing: without an end";
    struct slice from = cell_at(reading, COLUMN_FROM);
    struct slice to = cell_at(reading, COLUMN_TO);
    row->first = INT32_MIN;
    row->last = INT32_MAX;
    if (from.length > 0 && !iso_date_parse(from, &row->first)) return refuse(reading, COLUMN_FROM, accepted, fault);
    if (to.length > 0 && !iso_date_parse(to, &row->last)) return refuse(reading, COLUMN_TO, accepted, fault);
    return row->first <= row->last || refuse(reading, COLUMN_TO, "is a day not before `from` (both days are expected)", fault);
}

static bool read_every_days(const struct reading *reading, struct expectation *row, struct fault *fault) {
    struct slice cell = cell_at(reading, COLUMN_EVERY_DAYS);
    bool good = cell.length <= 3 && (cell.length == 0 || cell.data[0] != '0');
    int32_t days = 0;
    for (size_t i = 0; good && i < cell.length; i++) {
        good = cell.data[i] >= '0' && cell.data[i] <= '9';
        days = days * 10 + (cell.data[i] - '0');
    }
    row->every_days = cell.length == 0 ? 1 : days;
    return (good && days <= EVERY_DAYS_MAX) ||
           refuse(reading, COLUMN_EVERY_DAYS, "is a number of days from 1 to 366, or nothing: 1", fault);
}

static bool check_overlap(const struct reading *reading, const struct expectation *row, struct fault *fault) {
    for (size_t i = 0; i < reading->expected->count; i++) {
        const struct expectation *other = &reading->expected->items[i];
        bool meet = row->first <= other->last && other->first <= row->last && (row->families & other->families) != 0;
        if (!meet || strcmp(row->source, other->source) != 0) continue;
        char accepted[96];
        (void)snprintf(accepted, sizeof(accepted), "is each feed of a source once a day: line %lld has this one on common days",
                       (long long)other->line);
        return refuse(reading, COLUMN_FEEDS, accepted, fault);
    }
    return true;
}

static bool read_row(struct reading *reading, struct fault *fault) {
    const struct csv *csv = &reading->csv;
    struct expected *expected = reading->expected;
    if (csv->problem != NULL)
        return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:%lld: %s", reading->path, (long long)csv->row_line,
                         csv->problem);
    if (csv->cell_count != reading->cell_count) {
        return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:%lld: found %zu cells, accepted are %zu as in the first line",
                         reading->path, (long long)csv->row_line, csv->cell_count, reading->cell_count);
    }
    if (expected->count == EXPECTED_ROWS_MAX) {
        return fault_set(fault, STOP_SETTING_FILE, false, "%.200s:%lld: found more rows, accepted are %d at most", reading->path,
                         (long long)csv->row_line, EXPECTED_ROWS_MAX);
    }
    struct expectation row = {.line = csv->row_line};
    if (!read_source(reading, &row, fault) || !read_feeds(reading, &row, fault) || !read_days(reading, &row, fault) ||
        !read_every_days(reading, &row, fault) || !check_overlap(reading, &row, fault))
        return false;
    expected->items[expected->count++] = row;
    return true;
}

static bool read_rows(struct reading *reading, struct fault *fault) {
    bool good = read_header(reading, fault);
    while (good && csv_row(&reading->csv))
        good = read_row(reading, fault);
    if (good && reading->expected->count == 0) {
        return fault_set(fault, STOP_SETTING_FILE, false,
                         "%.200s:1: found no row, accepted is a row for each expected source; nothing expected is an empty "
                         "setting snapshot.sources",
                         reading->path);
    }
    return good;
}

/* The bytes that are hashed are the bytes that are read: the file is read once. */
bool expected_open(struct expected **expected, const char *path, struct fault *fault) {
    *expected = NULL;
    if (path == NULL || path[0] == '\0') return true;
    struct expected *made = calloc(1, sizeof(*made));
    struct reading *reading = calloc(1, sizeof(*reading));
    CHECK_MEMORY(made != NULL && reading != NULL);
    made->items = calloc(EXPECTED_ROWS_MAX, sizeof(*made->items));
    CHECK_MEMORY(made->items != NULL);
    made->text = file_text(path, &made->text_length, fault);
    bool good = made->text != NULL;
    if (good) {
        digest_bytes((struct slice){made->text, made->text_length}, made->sha256);
        FILE *file = fmemopen(made->text, made->text_length, "rb");
        CHECK_MEMORY(file != NULL);
        reading->path = path;
        reading->expected = made;
        csv_open(&reading->csv, file);
        good = read_rows(reading, fault);
        (void)fclose(file);
    }
    free(reading);
    if (good)
        *expected = made;
    else
        expected_close(made);
    return good;
}

void expected_close(struct expected *expected) {
    if (expected == NULL) return;
    free(expected->items);
    free(expected->text);
    free(expected);
}
