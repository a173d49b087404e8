/* Lines of an archive: see kept_line.h.
 *
 * The bytes of a record stand in a JSON string, not as JSON inside JSON: a value need not be JSON at all, and whoever reads the
 * line with a JSON library must get the very bytes back, blanks and all. Where bytes are not UTF-8, or hold control characters
 * other than tab and line ends, they stand in base64 under another name; so a line is never much longer than twice its record.
 *
 * Reading takes exactly what is written, not JSON in general: there is one text for one record, and an archive that somebody
 * has edited is not read half. (Only whether a string is UTF-8 is not asked again: the file's hash says so, and asking would cost
 * as much as all the rest.) tests/oracle/archive.py reads the same lines with a JSON library. */
#include "aggregate/archive/kept_line.h"

#include "check.h"
#include "ingest/text_bytes.h"

#include <inttypes.h>

enum { FRAME_BYTES = 1024, HEADERS_MAX = 65536 };

/* --- writing --- */

static void reserve(struct kept_text *text, size_t more) {
    if (text->room - text->length >= more) return;
    text->room = (text->length + more) * 2;
    text->bytes = realloc(text->bytes, text->room);
    CHECK_MEMORY(text->bytes != NULL);
}

void kept_text_free(struct kept_text *text) {
    free(text->bytes);
    *text = (struct kept_text){.length = 0};
}

static void put(struct kept_text *text, const char *literal) {
    size_t length = strlen(literal);
    reserve(text, length);
    memcpy(text->bytes + text->length, literal, length);
    text->length += length;
}

static void put_number(struct kept_text *text, const char *before, int64_t value) {
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%" PRId64, value);
    put(text, before);
    put(text, digits);
}

static bool is_readable(struct slice bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') return false;
    }
    return bytes_are_utf8(bytes);
}

static char *put_escaped(char *out, struct slice bytes) {
    for (size_t i = 0; i < bytes.length; i++) {
        char byte = bytes.data[i];
        char escape = byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\t' ? 't' : byte == '"' || byte == '\\' ? byte : '\0';
        if (escape != '\0') *out++ = '\\';
        *out++ = escape != '\0' ? escape : byte;
    }
    return out;
}

/* `"name":"..."`, `"name_base64":"..."` or `"name":null`. */
static void put_bytes(struct kept_text *text, const char *name, struct slice bytes) {
    reserve(text, bytes.length * 2 + strlen(name) + 32);
    put(text, "\"");
    put(text, name);
    if (bytes.data == NULL) {
        put(text, "\":null");
        return;
    }
    bool readable = is_readable(bytes);
    put(text, readable ? "\":\"" : "_base64\":\"");
    char *at = text->bytes + text->length;
    at = readable ? put_escaped(at, bytes) : base64_put(at, bytes);
    *at++ = '"';
    text->length = (size_t)(at - text->bytes);
}

void kept_put_head(struct kept_text *text, const struct kept_head *head) {
    reserve(text, FRAME_BYTES);
    put(text, "{\"nhip_archive\":1,");
    put_bytes(text, "topic", slice_of(head->topic));
    put_number(text, ",\"partition\":", head->partition);
    put(text, ",");
    put_bytes(text, "cluster", slice_of(head->cluster));
    put_number(text, ",\"from\":", head->from);
    put(text, ",");
    put_bytes(text, "day", slice_of(head->day));
    put(text, "}\n");
}

void kept_put_record(struct kept_text *text, const struct record *record, const struct kept_header *headers, size_t count) {
    put_number(text, "{\"offset\":", record->offset);
    put_number(text, ",\"time\":", record->timestamp_ms);
    if (record->key.data != NULL) {
        put(text, ",");
        put_bytes(text, "key", record->key);
    }
    for (size_t i = 0; i < count; i++) {
        put(text, i == 0 ? ",\"headers\":[{" : ",{");
        put_bytes(text, "name", headers[i].name);
        put(text, ",");
        put_bytes(text, "value", headers[i].value);
        put(text, "}");
    }
    put(text, count > 0 ? "]," : ",");
    put_bytes(text, "value", record->value);
    put(text, "}\n");
}

void kept_put_range(struct kept_text *text, enum kept_kind kind, int64_t from, int64_t to) {
    put_number(text, kind == KEPT_HOLE ? "{\"hole\":[" : "{\"lost\":[", from);
    put_number(text, ",", to);
    put(text, "]}\n");
}

void kept_put_end(struct kept_text *text, int64_t to, int64_t records) {
    put_number(text, "{\"next\":", to);
    put_number(text, ",\"records\":", records);
    put(text, "}\n");
}

/* --- reading --- */

struct cursor {
    char *at, *end;
};

static bool literal(struct cursor *cursor, const char *text) {
    size_t length = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0) return false;
    cursor->at += length;
    return true;
}

/* A whole number, not negative, spelt as it is written. */
static bool number(struct cursor *cursor, int64_t *value) {
    const char *first = cursor->at;
    *value = 0;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        int digit = *cursor->at++ - '0';
        if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, digit, value)) return false;
    }
    return cursor->at > first && (*first != '0' || cursor->at == first + 1);
}

/* What stands up to the closing quote, its escapes undone in place. */
static bool string(struct cursor *cursor, struct slice *out) {
    char *to = cursor->at;
    *out = (struct slice){.data = to};
    while (cursor->at < cursor->end && *cursor->at != '"') {
        char byte = *cursor->at++;
        if ((unsigned char)byte < 0x20) return false;
        if (byte == '\\') {
            if (cursor->at == cursor->end) return false;
            char escape = *cursor->at++;
            byte = escape == 'n' ? '\n' : escape == 'r' ? '\r' : escape == 't' ? '\t' : escape;
            if (byte == escape && escape != '"' && escape != '\\') return false;
        }
        *to++ = byte;
    }
    out->length = (size_t)(to - out->data);
    return literal(cursor, "\"");
}

/* Behind `"name`: the rest of what put_bytes() writes. */
static bool bytes_behind(struct cursor *cursor, struct slice *out) {
    if (literal(cursor, "\":null")) {
        *out = (struct slice){.data = NULL};
        return true;
    }
    if (literal(cursor, "\":\"")) return string(cursor, out);
    if (!literal(cursor, "_base64\":\"")) return false;
    char *to = cursor->at;
    return string(cursor, out) && base64_read(*out, to, &out->length) && !is_readable(*out);
}

static bool bytes_of(struct cursor *cursor, const char *name, struct slice *out) {
    return literal(cursor, "\"") && literal(cursor, name) && bytes_behind(cursor, out);
}

static bool text_of(struct cursor *cursor, const char *name, char *out, size_t room) {
    struct slice bytes;
    if (!bytes_of(cursor, name, &bytes) || bytes.data == NULL || bytes.length >= room) return false;
    memcpy(out, bytes.data, bytes.length);
    out[bytes.length] = '\0';
    return true;
}

static bool read_head(struct cursor *cursor, struct kept_line *out) {
    struct kept_head *head = &out->head;
    out->kind = KEPT_HEAD;
    return text_of(cursor, "topic", head->topic, sizeof(head->topic)) && literal(cursor, ",\"partition\":") &&
           number(cursor, &head->partition) && literal(cursor, ",") &&
           text_of(cursor, "cluster", head->cluster, sizeof(head->cluster)) && literal(cursor, ",\"from\":") &&
           number(cursor, &head->from) && literal(cursor, ",") && text_of(cursor, "day", head->day, sizeof(head->day));
}

static struct kept_header *next_header(struct kept_line *out) {
    if (out->header_count == out->header_room) {
        out->header_room = out->header_room * 2 + 8;
        out->headers = realloc(out->headers, out->header_room * sizeof(*out->headers));
        CHECK_MEMORY(out->headers != NULL);
    }
    return &out->headers[out->header_count++];
}

static bool read_headers(struct cursor *cursor, struct kept_line *out) {
    if (!literal(cursor, "\"headers\":[")) return true;
    do {
        struct kept_header *header = next_header(out);
        bool fine = literal(cursor, "{") && bytes_of(cursor, "name", &header->name) && header->name.data != NULL &&
                    literal(cursor, ",") && bytes_of(cursor, "value", &header->value) && literal(cursor, "}");
        if (!fine || out->header_count > HEADERS_MAX) return false;
    } while (literal(cursor, ","));
    return literal(cursor, "],");
}

static bool read_record(struct cursor *cursor, struct kept_line *out) {
    struct record *record = &out->record;
    out->kind = KEPT_RECORD;
    *record = (struct record){.offset = 0};
    if (!number(cursor, &record->offset) || !literal(cursor, ",\"time\":") || !number(cursor, &record->timestamp_ms) ||
        !literal(cursor, ","))
        return false;
    record->next_offset = record->offset + 1;
    if (literal(cursor, "\"key") &&
        !(bytes_behind(cursor, &record->key) && record->key.data != NULL && literal(cursor, ",")))
        return false;
    return read_headers(cursor, out) && bytes_of(cursor, "value", &record->value);
}

static bool read_range(struct cursor *cursor, enum kept_kind kind, struct kept_line *out) {
    out->kind = kind;
    return number(cursor, &out->from) && literal(cursor, ",") && number(cursor, &out->to) && literal(cursor, "]") &&
           out->from < out->to;
}

static bool read_end(struct cursor *cursor, struct kept_line *out) {
    out->kind = KEPT_END;
    return number(cursor, &out->to) && literal(cursor, ",\"records\":") && number(cursor, &out->records);
}

static bool read_any(struct cursor *cursor, struct kept_line *out) {
    if (literal(cursor, "{\"offset\":")) return read_record(cursor, out);
    if (literal(cursor, "{\"hole\":[")) return read_range(cursor, KEPT_HOLE, out);
    if (literal(cursor, "{\"lost\":[")) return read_range(cursor, KEPT_LOST, out);
    if (literal(cursor, "{\"next\":")) return read_end(cursor, out);
    return literal(cursor, "{\"nhip_archive\":1,") && read_head(cursor, out);
}

bool kept_line_read(char *line, size_t length, struct kept_line *out) {
    struct cursor cursor = {line, line + length};
    out->header_count = 0;
    return read_any(&cursor, out) && literal(&cursor, "}") && cursor.at == cursor.end;
}

void kept_line_free(struct kept_line *line) {
    free(line->headers);
    *line = (struct kept_line){.header_count = 0};
}
