/* Texts out of a message, and the canonical text of what was mapped.
 *
 * Unescaping trusts the walk: it has refused every escape that is wrong, so nothing can fail here. */
#include "ingest/mapping_inner.h"

#include <stdio.h>

static unsigned hex_value(char byte) {
    return (unsigned)(byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10);
}

static unsigned hex_unit(const char *at) {
    return hex_value(at[0]) << 12 | hex_value(at[1]) << 8 | hex_value(at[2]) << 4 | hex_value(at[3]);
}

static size_t utf8_put(uint32_t point, char *out) {
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xC0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xE0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}

/* The escape at `at`; *used: its bytes. */
static size_t escape_copy(const char *at, char *out, size_t *used) {
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    *used = 2;
    if (at[1] != 'u') {
        *out = meanings[strchr(letters, at[1]) - letters];
        return 1;
    }
    uint32_t point = hex_unit(at + 2);
    *used = 6;
    if (point >= 0xD800 && point < 0xDC00) {
        point = 0x10000 + ((point - 0xD800) << 10) + (hex_unit(at + 8) - 0xDC00);
        *used = 12;
    }
    return utf8_put(point, out);
}

size_t span_copy(const struct span *span, char *out) {
    if (!span->escapes) {
        memcpy(out, span->text, span->length);
        return span->length;
    }
    size_t length = 0;
    const char *end = span->text + span->length;
    for (const char *at = span->text; at < end;) {
        size_t used = 1;
        if (*at == '\\') {
            length += escape_copy(at, out + length, &used);
        } else {
            out[length++] = *at;
        }
        at += used;
    }
    return length;
}

struct slice span_text(struct mapping_cursor *cursor, const struct span *span) {
    if (!span->escapes) return (struct slice){span->text, span->length};
    return (struct slice){cursor->scratch, span_copy(span, cursor->scratch)};
}

/* ---- the canonical text ---- */

struct writer {
    char *text;
    size_t capacity;
    size_t length;
};

static void put(struct writer *writer, const char *bytes, size_t length) {
    size_t room = writer->capacity - writer->length;
    if (length > room) length = room;
    memcpy(writer->text + writer->length, bytes, length);
    writer->length += length;
}

static void put_quoted(struct writer *writer, struct slice text) {
    put(writer, "\"", 1);
    for (size_t i = 0; i < text.length; i++) {
        char escaped[8];
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\') {
            escaped[0] = '\\';
            escaped[1] = (char)byte;
            put(writer, escaped, 2);
        } else if (byte < 0x20) {
            (void)snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
            put(writer, escaped, 6);
        } else {
            put(writer, text.data + i, 1);
        }
    }
    put(writer, "\"", 1);
}

static void put_value(struct writer *writer, const struct reading *reading, enum field field) {
    enum value_kind kind = field_rules[field].value;
    int64_t number = reading->number[field];
    if (kind == VALUE_BOOL) {
        struct slice word = number != 0 ? SLICE("true") : SLICE("false");
        put(writer, word.data, word.length);
    } else if (kind == VALUE_TIME || kind == VALUE_MONEY || kind == VALUE_INT) {
        char digits[24];
        put(writer, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)number));
    } else {
        put_quoted(writer, reading->text[field]);
    }
}

size_t mapping_text(const struct mapping_cursor *cursor, char *text, size_t capacity) {
    struct writer writer = {text, capacity, 0};
    put(&writer, "{", 1);
    for (unsigned field = 1; field < REGISTRY_FIELD_FIRST; field++) {
        if (!reading_has(&cursor->reading, (enum field)field)) continue;
        if (writer.length > 1) put(&writer, ",", 1);
        put_quoted(&writer, slice_of(field_rules[field].name));
        put(&writer, ":", 1);
        put_value(&writer, &cursor->reading, (enum field)field);
    }
    put(&writer, "}", 1);
    return writer.length;
}
