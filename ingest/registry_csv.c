/* The register of units is kept by people, in spreadsheets and databases that export CSV. What they send is checked
 * here row by row, by the same function that reads the messages later (unit_parse), so that a row which is sent will
 * also be understood: a message refused as bad_registry weeks later in somebody's dead letters helps nobody,
 * "registry.csv:17: district: found 480" helps at once.
 *
 * How: the first line maps columns to a table of known ones; each row becomes a JSON text in the order of that table
 * (so equal rows give equal bytes), is parsed by unit_parse() and handed out. An event id is made from unit, valid_from
 * and recorded_at when there is no such column; two rows with one id are refused, because the second would be dropped
 * as a duplicate further on.
 *
 * Cells are text; only what the contract wants as numbers is written as one (employees, epoch times), and only when it
 * looks exactly like one: "007" stays text and is refused by its reader. An empty cell and an absent column are
 * different things (indicators.md §2), so empty cells are written as "" where the contract has an empty value.
 *
 * Not done: other separators, other encodings, a byte order mark (refused by name: silently skipping it hides that the
 * file went through a program that may have changed more), and guessing misspelt columns. */
#include "ingest/registry_csv.h"

#include "ingest/csv.h"
#include "ingest/text_bytes.h"
#include "limits.h"
#include "unit.h"

#include <errno.h>
#include <xxhash.h>

enum form {
    FORM_TEXT = 1,   /* the cell as it is */
    FORM_NUMBER,     /* a number when it looks like one, else text */
    FORM_IF_ANY,     /* no key when the cell is empty */
    FORM_ACCOUNTS,   /* source:account_id[:valid_from[:valid_to]];... */
    FORM_EVENT_ID,   /* made when there is none */
    FORM_SOURCE,     /* REGISTRY when there is none */
};

struct column {
    const char *name;
    enum form form;
    bool required;
};

static const struct column columns[] = {
    {"event_id", FORM_EVENT_ID, false},       {"source", FORM_SOURCE, false},
    {"merchant_id", FORM_TEXT, true},         {"recorded_at", FORM_NUMBER, true},
    {"valid_from", FORM_TEXT, true},          {"status", FORM_TEXT, true},
    {"legal_form", FORM_TEXT, true},          {"unit_type", FORM_TEXT, true},
    {"vsic", FORM_TEXT, true},                {"vsic_version", FORM_TEXT, true},
    {"district", FORM_TEXT, true},            {"valid_to", FORM_IF_ANY, false},
    {"parent_enterprise_id", FORM_IF_ANY, false}, {"enterprise_group_id", FORM_IF_ANY, false},
    {"employees", FORM_NUMBER, false},        {"has_email", FORM_TEXT, false},
    {"has_email_asof", FORM_TEXT, false},     {"accepts_epay", FORM_TEXT, false},
    {"bills_households", FORM_TEXT, false},   {"mgmt_software", FORM_TEXT, false},
    {"website_url", FORM_TEXT, false},        {"website_updated_at", FORM_TEXT, false},
    {"mktpl_accounts", FORM_TEXT, false},     {"echannels", FORM_TEXT, false},
    {"accounts", FORM_ACCOUNTS, false},
};

enum {
    COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]),
    COLUMN_MERCHANT = 2,
    COLUMN_RECORDED = 3,
    COLUMN_VALID_FROM = 4,
    NOT_THERE = -1,
    DOCUMENT_BYTES_MAX = MESSAGE_BYTES_MAX,
};

struct import {
    const char *path;
    const struct registry_handler *handler;
    int cell_of[COLUMN_COUNT]; /* which cell of a row, or NOT_THERE */
    size_t cell_count;         /* of the first line */
    uint64_t *seen;            /* open addressing: prints of event ids, 0 = free */
    size_t seen_count;
    size_t seen_capacity;      /* a power of two */
    size_t length;
    bool too_long;
    char made_id[CSV_ROW_BYTES_MAX + 8];
    char document[DOCUMENT_BYTES_MAX];
    struct csv csv;
};

/* ---- JSON text ---- */

static void put(struct import *import, const char *text, size_t length) {
    if (length > DOCUMENT_BYTES_MAX - import->length) {
        import->too_long = true;
        return;
    }
    memcpy(import->document + import->length, text, length);
    import->length += length;
}

static void put_string(struct import *import, struct slice text) {
    put(import, "\"", 1);
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20) {
            char escape[8];
            (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)c);
            put(import, escape, 6);
        } else {
            if (c == '"' || c == '\\') put(import, "\\", 1);
            put(import, text.data + i, 1);
        }
    }
    put(import, "\"", 1);
}

static void put_key(struct import *import, const char *key) {
    put(import, import->document[import->length - 1] == '{' ? "\"" : ",\"", import->document[import->length - 1] == '{' ? 1 : 2);
    put(import, key, strlen(key));
    put(import, "\":", 2);
}

static bool looks_like_number(struct slice text) {
    if (text.length == 0 || text.length > 18 || (text.data[0] == '0' && text.length > 1)) return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    }
    return true;
}

/* Takes the text before the next `separator` off `rest`; false when nothing is left. */
static bool take(struct slice *rest, char separator, struct slice *part) {
    if (rest->data == NULL) return false;
    const char *end = rest->length == 0 ? NULL : memchr(rest->data, separator, rest->length);
    size_t length = end == NULL ? rest->length : (size_t)(end - rest->data);
    *part = (struct slice){rest->data, length};
    *rest = end == NULL ? (struct slice){NULL, 0} : (struct slice){end + 1, rest->length - length - 1};
    return true;
}

static bool put_accounts(struct import *import, struct slice cell) {
    static const char *const keys[] = {"source", "account_id", "valid_from", "valid_to"};
    struct slice account;
    put(import, "[", 1);
    for (bool first = true; cell.length > 0 && take(&cell, ';', &account); first = false) {
        struct slice part;
        size_t parts = 0;
        put(import, first ? "{" : ",{", first ? 1 : 2);
        for (; take(&account, ':', &part); parts++) {
            if (parts == sizeof(keys) / sizeof(keys[0])) return false;
            if (parts >= 2 && part.length == 0) continue;
            put_key(import, keys[parts]);
            put_string(import, part);
        }
        if (parts < 2) return false;
        put(import, "}", 1);
    }
    put(import, "]", 1);
    return true;
}

/* ---- one row ---- */

static struct slice cell_at(const struct import *import, int column) {
    int cell = import->cell_of[column];
    return cell == NOT_THERE ? (struct slice){"", 0} : import->csv.cells[cell];
}

/* reg:<merchant_id>:<valid_from>:<recorded_at>, or, where that is longer than an id may be, reg: and 32 hex digits of
 * its XXH3 hash. */
static struct slice make_event_id(struct import *import) {
    static const int parts[] = {COLUMN_MERCHANT, COLUMN_VALID_FROM, COLUMN_RECORDED};
    char *id = import->made_id;
    size_t length = 3;
    memcpy(id, "reg", 3);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct slice cell = cell_at(import, parts[i]);
        id[length++] = ':';
        if (cell.length > 0) memcpy(id + length, cell.data, cell.length);
        length += cell.length;
    }
    if (length > ID_BYTES_MAX) {
        XXH128_hash_t hash = XXH3_128bits(id, length);
        length = (size_t)snprintf(id, ID_BYTES_MAX + 1, "reg:%016llx%016llx", (unsigned long long)hash.high64,
                                  (unsigned long long)hash.low64);
    }
    return (struct slice){id, length};
}

static void refuse(struct import *import, const char *column, const char *message) {
    struct registry_refusal refusal = {import->csv.row_line, column, message};
    import->handler->refused(import->handler->context, &refusal);
}

/* Writes one column of the row that csv holds; false when its cell cannot be written (refused). */
static bool column_write(struct import *import, int index) {
    const struct column *column = &columns[index];
    struct slice cell = cell_at(import, index);
    if (!bytes_are_text(cell)) {
        refuse(import, column->name, "found bytes that are not UTF-8 (or NUL), accepted is UTF-8 text");
        return false;
    }
    if (cell.length == 0) {
        if (column->form == FORM_EVENT_ID) cell = make_event_id(import);
        else if (column->form == FORM_SOURCE) cell = SLICE("REGISTRY");
        else if (import->cell_of[index] == NOT_THERE || column->form == FORM_IF_ANY) return true;
    }
    put_key(import, column->name);
    if (column->form == FORM_NUMBER && looks_like_number(cell)) {
        put(import, cell.data, cell.length);
    } else if (column->form != FORM_ACCOUNTS) {
        put_string(import, cell);
    } else if (!put_accounts(import, cell)) {
        refuse(import, column->name, "accepted are items source:account_id[:valid_from[:valid_to]], joined by ;");
        return false;
    }
    return true;
}

static bool row_write(struct import *import) {
    static const char head[] = "{\"type\":\"unit.registered\",\"schema_version\":1";
    import->length = 0;
    import->too_long = false;
    put(import, head, sizeof(head) - 1);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!column_write(import, i)) return false;
    }
    put(import, "}", 1);
    if (import->too_long) refuse(import, "", "found a row whose message is larger than 65536 bytes");
    return !import->too_long;
}

/* What unit_parse() said, with the cell in front and without the name that is printed before it anyway. */
static void refuse_unit(struct import *import, const struct unit_refusal *refusal) {
    enum { SHOWN_BYTES = 60 };
    char message[sizeof(refusal->message) + SHOWN_BYTES + 16];
    const char *said = refusal->message;
    size_t name_length = strlen(refusal->field);
    if (strncmp(said, refusal->field, name_length) == 0) said += name_length + strspn(said + name_length, ": ");
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (strcmp(columns[i].name, refusal->field) != 0) continue;
        struct slice cell = cell_at(import, i);
        int shown = cell.length < SHOWN_BYTES ? (int)cell.length : SHOWN_BYTES;
        (void)snprintf(message, sizeof(message), "found \"%.*s\"; %s", shown, cell.data, said);
        refuse(import, refusal->field, message);
        return;
    }
    refuse(import, refusal->field, said);
}

static bool seen_grow(struct import *import) {
    size_t capacity = import->seen_capacity == 0 ? 1024 : import->seen_capacity * 2;
    uint64_t *grown = calloc(capacity, sizeof(*grown));
    if (grown == NULL) return false;
    for (size_t i = 0; i < import->seen_capacity; i++) {
        if (import->seen[i] == 0) continue;
        size_t at = import->seen[i] & (capacity - 1);
        while (grown[at] != 0) at = (at + 1) & (capacity - 1);
        grown[at] = import->seen[i];
    }
    free(import->seen);
    import->seen = grown;
    import->seen_capacity = capacity;
    return true;
}

/* Remembers an event id; false when it was there (or, `memory` false, cannot be remembered). */
static bool seen_add(struct import *import, const char *event_id, bool *memory) {
    *memory = import->seen_count * 2 < import->seen_capacity || seen_grow(import);
    if (!*memory) return false;
    uint64_t print = XXH3_64bits(event_id, strlen(event_id)) | 1;
    size_t at = print & (import->seen_capacity - 1);
    for (; import->seen[at] != 0; at = (at + 1) & (import->seen_capacity - 1)) {
        if (import->seen[at] == print) return false;
    }
    import->seen[at] = print;
    import->seen_count++;
    return true;
}

static bool row_read(struct import *import, struct fault *fault) {
    if (import->csv.problem != NULL) {
        refuse(import, "", import->csv.problem);
        return true;
    }
    if (import->csv.cell_count != import->cell_count) {
        char message[96];
        (void)snprintf(message, sizeof(message), "found %zu cells, accepted are %zu as in the first line", import->csv.cell_count,
                       import->cell_count);
        refuse(import, "", message);
        return true;
    }
    if (!row_write(import)) return true;
    struct unit_refusal refusal = {.field = ""};
    struct slice document = {import->document, import->length};
    struct unit_record *unit = unit_parse(document, &refusal);
    if (unit == NULL) {
        refuse_unit(import, &refusal);
        return true;
    }
    bool memory;
    bool fine = true;
    if (seen_add(import, unit->event_id, &memory)) {
        struct registry_row row = {import->csv.row_line, slice_of(unit->unit_id), document, unit->recorded_at_ms};
        fine = import->handler->row(import->handler->context, &row, fault);
    } else if (memory) {
        refuse(import, "event_id",
               "found the id of an earlier row (same merchant_id, valid_from, recorded_at), accepted is one row each");
    } else {
        fine = fault_set(fault, STOP_MEMORY, false, "%s: out of memory", import->path);
    }
    unit_destroy(unit);
    return fine;
}

/* ---- the first line ---- */

static bool header_cell(struct import *import, int cell, struct fault *fault) {
    struct slice name = import->csv.cells[cell];
    int shown = name.length > 64 ? 64 : (int)name.length;
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (!slice_equal(name, slice_of(columns[i].name))) continue;
        if (import->cell_of[i] != NOT_THERE) {
            return fault_set(fault, STOP_CSV, false, "%s:1: %s: found twice, accepted is one column of a name", import->path,
                             columns[i].name);
        }
        import->cell_of[i] = cell;
        return true;
    }
    if (import->handler->skip_unknown_columns) return true;
    return fault_set(fault, STOP_CSV, false,
                     "%s:1: %.*s: found an unknown column, accepted are those of schemas/README.md section 3 "
                     "(--skip-unknown-columns leaves others aside)", import->path, shown, name.data);
}

static bool header_read(struct import *import, struct fault *fault) {
    if (!csv_row(&import->csv)) {
        return fault_set(fault, STOP_CSV, false, "%s:1: found an empty file, accepted is a first line with the columns",
                         import->path);
    }
    if (import->csv.problem != NULL) return fault_set(fault, STOP_CSV, false, "%s:1: %s", import->path, import->csv.problem);
    struct slice first = import->csv.cells[0];
    bool utf8_mark = first.length >= 3 && memcmp(first.data, "\xEF\xBB\xBF", 3) == 0;
    bool utf16_mark = first.length >= 2 && (memcmp(first.data, "\xFF\xFE", 2) == 0 || memcmp(first.data, "\xFE\xFF", 2) == 0);
    if (utf8_mark || utf16_mark) {
        return fault_set(fault, STOP_CSV, false,
                         "%s:1: found a byte order mark%s, accepted is UTF-8 without one (`CSV UTF-8` of spreadsheets adds it: "
                         "tail -c +4 removes it)", import->path, utf16_mark ? " of UTF-16" : "");
    }
    for (int i = 0; i < COLUMN_COUNT; i++) import->cell_of[i] = NOT_THERE;
    for (size_t i = 0; i < import->csv.cell_count; i++) {
        if (!header_cell(import, (int)i, fault)) return false;
    }
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (columns[i].required && import->cell_of[i] == NOT_THERE) {
            return fault_set(fault, STOP_CSV, false, "%s:1: %s: found no such column, it is required", import->path,
                             columns[i].name);
        }
    }
    import->cell_count = import->csv.cell_count;
    return true;
}

bool registry_csv_read(const char *path, const struct registry_handler *handler, struct fault *fault) {
    bool fine = false;
    struct import *import = malloc(sizeof(*import));
    FILE *file = fopen(path, "rbe");
    if (import == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "%s: out of memory", path);
        goto out;
    }
    import->path = path;
    import->handler = handler;
    import->seen = NULL;
    import->seen_count = import->seen_capacity = 0;
    if (file == NULL) {
        (void)fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: cannot be read: %s", path, strerror(errno));
        goto out;
    }
    csv_open(&import->csv, file);
    fine = header_read(import, fault);
    while (fine && csv_row(&import->csv)) fine = row_read(import, fault);
    if (ferror(file)) fine = fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: reading broke off: %s", path, strerror(errno));
    free(import->seen);
out:
    if (file != NULL) (void)fclose(file);
    free(import);
    return fine;
}
