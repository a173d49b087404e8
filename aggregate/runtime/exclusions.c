/* Reads the list of withdrawn deliveries and answers what it holds: see exclusions.h.
 *
 * A list of decisions is kept by people and grows by rows, so it is CSV like the registry, and read as strictly: a row that is
 * not understood would otherwise count what somebody has withdrawn. Two rows may not hold one record, so that each withdrawn
 * record has one reason; rows of different sources may lie across each other.
 *
 * The hash is taken of what is withdrawn, not of the bytes: reasons, names, dates, order, and a range that is written in two
 * pieces change no count and must not force anybody to count anew. */
#include "aggregate/runtime/exclusions.h"

#include "aggregate/runtime/digest.h"
#include "check.h"
#include "ingest/csv.h"
#include "ingest/text_bytes.h"
#include "zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum column {
    COLUMN_TOPIC = 0,
    COLUMN_PARTITION,
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_SOURCE,
    COLUMN_REASON,
    COLUMN_BY,
    COLUMN_DATE,
    COLUMN_COUNT
};

static const char *const columns[COLUMN_COUNT] = {"topic", "partition", "from_offset", "to_offset", "source", "reason", "by",
                                                  "date"};

enum { ROWS_MAX = 4096, LINE_BYTES = EXCLUSION_TOPIC_BYTES + ID_BYTES_MAX + 80, SHOWN_BYTES = 60, NOT_THERE = -1 };

struct exclusions {
    struct exclusion *items; /* sorted by topic, partition, source, from */
    size_t count;
    size_t capacity;
    char *path;
    char hash[DIGEST_TEXT_BYTES];
};

struct reading {
    struct exclusions *list;
    const char *path;
    int cell_of[COLUMN_COUNT];
    size_t cell_count; /* of the first line */
    struct csv csv;
};

static struct slice cell_of(const struct reading *reading, enum column column) {
    return reading->csv.cells[reading->cell_of[column]];
}

static bool wrong(const struct reading *reading, enum column column, const char *accepted, struct fault *fault) {
    struct slice cell = cell_of(reading, column);
    return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:%lld: %s: found \"%.*s\", accepted is %s", reading->path,
                     (long long)reading->csv.row_line, columns[column],
                     cell.length < SHOWN_BYTES ? (int)cell.length : SHOWN_BYTES, cell.data, accepted);
}

/* One to eighteen digits: every such number is an int64. */
static bool whole_number(struct slice text, int64_t *value) {
    if (text.length == 0 || text.length > 18) return false;
    *value = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        *value = *value * 10 + (text.data[i] - '0');
    }
    return true;
}

static bool read_numbers(const struct reading *reading, struct exclusion *row, struct fault *fault) {
    int64_t partition;
    if (!whole_number(cell_of(reading, COLUMN_PARTITION), &partition) || partition > INT32_MAX)
        return wrong(reading, COLUMN_PARTITION, "the number of a partition, from 0", fault);
    row->partition = (int32_t)partition;
    if (!whole_number(cell_of(reading, COLUMN_FROM), &row->from))
        return wrong(reading, COLUMN_FROM, "an offset, from 0: the first one that is withdrawn", fault);
    if (!whole_number(cell_of(reading, COLUMN_TO), &row->to) || row->to <= row->from)
        return wrong(reading, COLUMN_TO, "an offset greater than from_offset: the first one behind what is withdrawn", fault);
    return true;
}

/* Topics are named as Kafka names them. */
static bool read_topic(const struct reading *reading, struct exclusion *row, struct fault *fault) {
    struct slice cell = cell_of(reading, COLUMN_TOPIC);
    bool good = cell.length > 0 && cell.length < sizeof(row->topic);
    for (size_t i = 0; good && i < cell.length; i++) {
        char c = cell.data[i];
        good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    }
    if (!good) return wrong(reading, COLUMN_TOPIC, "the name of a topic: 1 to 249 of A-Z a-z 0-9 . _ -", fault);
    memcpy(row->topic, cell.data, cell.length);
    row->topic[cell.length] = '\0';
    return true;
}

static bool read_source(const struct reading *reading, struct exclusion *row, struct fault *fault) {
    struct slice cell = cell_of(reading, COLUMN_SOURCE);
    bool good = cell.length <= ID_BYTES_MAX;
    for (size_t i = 0; good && i < cell.length; i++) good = cell.data[i] >= 0x20 && cell.data[i] <= 0x7E;
    if (!good) return wrong(reading, COLUMN_SOURCE, "1 to 64 printable ASCII characters, or nothing: every source", fault);
    memcpy(row->source, cell.data, cell.length);
    row->source[cell.length] = '\0';
    return true;
}

/* One line of text for people; it is published as it stands. */
static bool read_text(const struct reading *reading, enum column column, char out[static EXCLUSION_TEXT_BYTES],
                      struct fault *fault) {
    struct slice cell = cell_of(reading, column);
    if (!bytes_are_text(cell)) {
        return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:%lld: %s: found bytes that are not UTF-8 (or NUL), accepted is "
                         "UTF-8 text", reading->path, (long long)reading->csv.row_line, columns[column]);
    }
    size_t blanks = 0;
    bool good = cell.length < EXCLUSION_TEXT_BYTES;
    for (size_t i = 0; good && i < cell.length; i++) {
        good = (unsigned char)cell.data[i] >= 0x20 && cell.data[i] != 0x7F;
        blanks += cell.data[i] == ' ';
    }
    if (!good || blanks == cell.length) return wrong(reading, column, "a text of one line, up to 511 bytes, not empty", fault);
    memcpy(out, cell.data, cell.length);
    out[cell.length] = '\0';
    return true;
}

static bool read_date(const struct reading *reading, struct exclusion *row, struct fault *fault) {
    int32_t day;
    struct slice cell = cell_of(reading, COLUMN_DATE);
    if (cell.length != 10 || !iso_date_parse(cell, &day))
        return wrong(reading, COLUMN_DATE, "the day of the decision, YYYY-MM-DD", fault);
    memcpy(row->date, cell.data, 10);
    row->date[10] = '\0';
    return true;
}

static bool add(struct exclusions *list, const struct exclusion *row) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct exclusion *grown = realloc(list->items, capacity * sizeof(*grown));
        if (grown == NULL) return false;
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = *row;
    return true;
}

static bool row_read(struct reading *reading, struct fault *fault) {
    const struct csv *csv = &reading->csv;
    long long line = (long long)csv->row_line;
    if (csv->problem != NULL)
        return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:%lld: %s", reading->path, line, csv->problem);
    if (csv->cell_count != reading->cell_count) {
        return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:%lld: found %zu cells, accepted are %zu as in the first line",
                         reading->path, line, csv->cell_count, reading->cell_count);
    }
    if (reading->list->count == ROWS_MAX)
        return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:%lld: found more than %d rows", reading->path, line, ROWS_MAX);
    struct exclusion row = {.line = csv->row_line};
    char by[EXCLUSION_TEXT_BYTES];
    if (!read_topic(reading, &row, fault) || !read_numbers(reading, &row, fault) || !read_source(reading, &row, fault) ||
        !read_text(reading, COLUMN_REASON, row.reason, fault) || !read_text(reading, COLUMN_BY, by, fault) ||
        !read_date(reading, &row, fault))
        return false;
    return add(reading->list, &row) || fault_set(fault, STOP_MEMORY, false, "%.150s: out of memory", reading->path);
}

/* ---- the first line ---- */

static bool header_cell(struct reading *reading, size_t cell, struct fault *fault) {
    struct slice name = reading->csv.cells[cell];
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!slice_equal(name, slice_of(columns[i])) || reading->cell_of[i] != NOT_THERE) continue;
        reading->cell_of[i] = (int)cell;
        return true;
    }
    return fault_set(fault, STOP_EXCLUSIONS, false,
                     "%.150s:1: found the column \"%.*s\" (unknown, or twice), accepted are topic,partition,from_offset,"
                     "to_offset,source,reason,by,date, once each",
                     reading->path, name.length < SHOWN_BYTES ? (int)name.length : SHOWN_BYTES, name.data);
}

static bool header_read(struct reading *reading, struct fault *fault) {
    if (!csv_row(&reading->csv)) {
        return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:1: found an empty file, accepted is a first line with the columns"
                         " topic,partition,from_offset,to_offset,source,reason,by,date", reading->path);
    }
    if (reading->csv.problem != NULL)
        return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:1: %s", reading->path, reading->csv.problem);
    for (int i = 0; i < COLUMN_COUNT; i++) reading->cell_of[i] = NOT_THERE;
    for (size_t i = 0; i < reading->csv.cell_count; i++) {
        if (!header_cell(reading, i, fault)) return false;
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (reading->cell_of[i] == NOT_THERE)
            return fault_set(fault, STOP_EXCLUSIONS, false, "%.150s:1: %s: found no such column, it is required", reading->path,
                             columns[i]);
    }
    reading->cell_count = reading->csv.cell_count;
    return true;
}

/* ---- the list as a whole ---- */

static int compare(const void *left, const void *right) {
    const struct exclusion *a = left;
    const struct exclusion *b = right;
    int order = strcmp(a->topic, b->topic);
    if (order == 0) order = (a->partition > b->partition) - (a->partition < b->partition);
    if (order == 0) order = strcmp(a->source, b->source);
    if (order == 0) order = (a->from > b->from) - (a->from < b->from);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

static bool same_partition(const struct exclusion *a, const struct exclusion *b) {
    return a->partition == b->partition && strcmp(a->topic, b->topic) == 0;
}

/* Both could withdraw one record. */
static bool clash(const struct exclusion *a, const struct exclusion *b) {
    bool one_source = a->source[0] == '\0' || b->source[0] == '\0' || strcmp(a->source, b->source) == 0;
    return same_partition(a, b) && one_source && a->from < b->to && b->from < a->to;
}

static bool check_clashes(const struct exclusions *list, struct fault *fault) {
    for (size_t i = 0; i < list->count; i++) {
        const struct exclusion *a = &list->items[i];
        for (size_t k = i + 1; k < list->count && same_partition(a, &list->items[k]); k++) {
            const struct exclusion *b = &list->items[k];
            if (!clash(a, b)) continue;
            const struct exclusion *first = a->line < b->line ? a : b, *second = a->line < b->line ? b : a;
            return fault_set(fault, STOP_EXCLUSIONS, false,
                             "%.150s:%lld: found %s/%d offsets %lld to %lld, which line %lld holds too, accepted are ranges that "
                             "do not overlap (but for different sources): make one row of them",
                             list->path, (long long)second->line, second->topic, (int)second->partition, (long long)second->from,
                             (long long)second->to, (long long)first->line);
        }
    }
    return true;
}

/* A line for each range; one that begins where the one before ends, of the same source, is the same range. */
static void hash_meaning(struct exclusions *list) {
    struct digest digest;
    uint8_t raw[DIGEST_RAW_BYTES];
    if (list->count == 0) return;
    digest_begin(&digest);
    for (size_t i = 0; i < list->count;) {
        const struct exclusion *row = &list->items[i];
        int64_t to = row->to;
        for (i++; i < list->count; i++) {
            const struct exclusion *next = &list->items[i];
            if (!same_partition(row, next) || strcmp(row->source, next->source) != 0 || next->from != to) break;
            to = next->to;
        }
        char line[LINE_BYTES];
        int length = snprintf(line, sizeof(line), "%s\x1f%d\x1f%lld\x1f%lld\x1f%s\n", row->topic, (int)row->partition,
                              (long long)row->from, (long long)to, row->source);
        CHECK(length > 0 && (size_t)length < sizeof(line));
        digest_add(&digest, (struct slice){line, (size_t)length});
    }
    digest_end(&digest, raw);
    digest_text(raw, list->hash);
}

static bool read_file(struct exclusions *list, const char *path, struct fault *fault) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return fault_set(fault, STOP_SETTING_FILE, false, "exclusions.file: %s: %s", path, strerror(errno));
    struct reading *reading = malloc(sizeof(*reading));
    bool fine = reading != NULL;
    if (fine) {
        reading->list = list;
        reading->path = path;
        csv_open(&reading->csv, file);
        fine = header_read(reading, fault);
        while (fine && csv_row(&reading->csv)) fine = row_read(reading, fault);
    } else {
        (void)fault_set(fault, STOP_MEMORY, false, "%.150s: out of memory", path);
    }
    if (fine && ferror(file))
        fine = fault_set(fault, STOP_SETTING_FILE, false, "exclusions.file: %s: reading broke off: %s", path, strerror(errno));
    (void)fclose(file);
    free(reading);
    return fine;
}

struct exclusions *exclusions_create(const char *path, struct fault *fault) {
    struct exclusions *list = calloc(1, sizeof(*list));
    if (list == NULL || (list->path = strdup(path)) == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "exclusions: out of memory");
        goto refuse;
    }
    if (path[0] != '\0' && !read_file(list, path, fault)) goto refuse;
    if (list->count > 1) qsort(list->items, list->count, sizeof(*list->items), compare);
    if (!check_clashes(list, fault)) goto refuse;
    hash_meaning(list);
    return list;
refuse:
    exclusions_destroy(list);
    return NULL;
}

void exclusions_destroy(struct exclusions *exclusions) {
    if (exclusions == NULL) return;
    free(exclusions->items);
    free(exclusions->path);
    free(exclusions);
}

const struct exclusion *exclusions_all(const struct exclusions *exclusions, size_t *count) {
    *count = exclusions != NULL ? exclusions->count : 0;
    return *count > 0 ? exclusions->items : NULL;
}

const struct exclusion *exclusions_of(const struct exclusions *exclusions, const char *topic, int32_t partition, size_t *count) {
    size_t all;
    const struct exclusion *items = exclusions_all(exclusions, &all);
    const struct exclusion *first = NULL;
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        if (items[i].partition != partition || strcmp(items[i].topic, topic) != 0) continue;
        if (first == NULL) first = &items[i];
        (*count)++;
    }
    return first;
}

const char *exclusions_hash(const struct exclusions *exclusions) {
    return exclusions != NULL ? exclusions->hash : "";
}

static bool listed(const char *topic, const char *const *topics, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(topic, topics[i]) == 0) return true;
    }
    return false;
}

bool exclusions_check(const struct exclusions *exclusions, const char *const *topics, size_t count, const char *const *others,
                      size_t other_count, struct fault *fault) {
    size_t all;
    const struct exclusion *items = exclusions_all(exclusions, &all);
    for (size_t i = 0; i < all; i++) {
        if (listed(items[i].topic, topics, count) || listed(items[i].topic, others, other_count)) continue;
        return fault_set(fault, STOP_EXCLUSIONS, false,
                         "%.150s:%lld: topic: found \"%s\", which is not read, accepted is one of the setting `topics`",
                         exclusions->path, (long long)items[i].line, items[i].topic);
    }
    return true;
}

void exclusions_renumber(struct exclusions *exclusions, const char *topic, int32_t partition,
                         int64_t (*place)(void *context, int64_t offset), void *context) {
    for (size_t i = 0; exclusions != NULL && i < exclusions->count; i++) {
        struct exclusion *range = &exclusions->items[i];
        if (range->partition != partition || strcmp(range->topic, topic) != 0) continue;
        range->from = place(context, range->from);
        range->to = place(context, range->to);
    }
}

bool exclusions_touch(const struct exclusion *ranges, size_t count, int64_t first, int64_t last) {
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].from <= last && first < ranges[i].to) return true;
    }
    return false;
}

bool exclusions_hold(const struct exclusion *ranges, size_t count, int64_t offset, struct slice source) {
    for (size_t i = 0; i < count; i++) {
        const struct exclusion *range = &ranges[i];
        if (offset < range->from || offset >= range->to) continue;
        if (range->source[0] == '\0' || slice_equal(source, slice_of(range->source))) return true;
    }
    return false;
}
