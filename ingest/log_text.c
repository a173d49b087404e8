/* Log lines: see log_text.h. logfmt has the same escapes in quotes as JSON, so that both are written by the same few lines; what
 * differs is what stands around keys and values, and that a number is bare in JSON. */
#include "ingest/log_text.h"

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { RESERVE = 16, KEY_BYTES_MAX = 64 }; /* for what ends a text and a line; longer is no key of ours */

struct line {
    char *text;
    size_t length;
    enum log_format format;
};

static void put(struct line *line, const char *bytes, size_t length) {
    if (line->length + length + RESERVE > LOG_LINE_BYTES_MAX) return;
    memcpy(line->text + line->length, bytes, length);
    line->length += length;
}

static void put_text(struct line *line, const char *text) {
    put(line, text, strlen(text));
}

static bool continues(const unsigned char *at, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if ((at[i] & 0xc0) != 0x80) return false;
    }
    return true;
}

/* Bytes of the UTF-8 sequence that begins here; 0 when none does. (Surrogates and overlong forms are none.) */
static size_t sequence(const unsigned char *at, size_t left) {
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char least, most; /* of the second */
        size_t bytes;
    } forms[] = {
        {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (at[0] < forms[i].first || at[0] > forms[i].last) continue;
        if (forms[i].bytes > left || (forms[i].bytes > 1 && (at[1] < forms[i].least || at[1] > forms[i].most))) return 0;
        return forms[i].bytes < 3 || continues(at + 2, forms[i].bytes - 2) ? forms[i].bytes : 0;
    }
    return 0;
}

static void put_escaped(struct line *line, struct slice value) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < value.length;) {
        const unsigned char *at = (const unsigned char *)value.data + i;
        size_t bytes = sequence(at, value.length - i);
        if (bytes == 0) {
            put_text(line, "\xef\xbf\xbd"); /* U+FFFD */
            bytes = 1;
        } else if (*at == '"' || *at == '\\') {
            put(line, (const char[]){'\\', (char)*at}, 2);
        } else if (*at < 0x20 || *at == 0x7f) {
            put(line, (const char[]){'\\', 'u', '0', '0', digits[*at >> 4], digits[*at & 15]}, 6);
        } else {
            put(line, (const char *)at, bytes);
        }
        i += bytes;
    }
}

static bool is_number(struct slice value) {
    size_t sign = value.length > 0 && value.data[0] == '-';
    size_t digits = value.length - sign;
    for (size_t i = sign; i < value.length; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') return false;
    }
    return digits > 0 && digits <= 18 && (digits == 1 || value.data[sign] != '0');
}

/* A word of our own. */
static bool is_key(struct slice key) {
    for (size_t i = 0; i < key.length; i++) {
        char at = key.data[i];
        if ((at < 'a' || at > 'z') && (at < '0' || at > '9') && at != '_') return false;
    }
    return key.length > 0 && key.length <= KEY_BYTES_MAX;
}

static bool is_plain(struct slice value) {
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] <= ' ' || value.data[i] >= 0x7f || strchr("\"\\=", value.data[i]) != NULL) return false;
    }
    return value.length > 0;
}

static void put_pair(struct line *line, struct slice key, struct slice value, bool quoted) {
    bool json = line->format == LOG_JSON;
    bool bare = json ? !quoted && is_number(value) : !quoted && is_plain(value);
    if (line->length + key.length + (bare ? value.length : 0) + 2 * RESERVE > LOG_LINE_BYTES_MAX) return;
    put_text(line, json ? ",\"" : " ");
    put(line, key.data, key.length);
    put_text(line, json ? "\":" : "=");
    if (bare) {
        put(line, value.data, value.length);
        return;
    }
    line->text[line->length++] = '"';
    put_escaped(line, value);
    line->text[line->length++] = '"';
}

static void put_head(struct line *line, const struct log_head *head) {
    bool json = line->format == LOG_JSON;
    put_text(line, json ? "{\"time\":\"" : "");
    put_text(line, head->time);
    put_text(line, json ? "\",\"level\":\"" : " level=");
    put_text(line, head->level);
    put_text(line, json ? "\",\"event\":\"" : " event=");
    put_text(line, head->event);
    put_text(line, json ? "\"" : "");
}

size_t log_text(enum log_format format, const struct log_head *head, const char *body, size_t length,
                char out[static LOG_LINE_BYTES_MAX]) {
    struct line line = {.text = out, .format = format};
    put_head(&line, head);
    const char *end = body + length;
    while (body < end) {
        const char *equals = memchr(body, '=', (size_t)(end - body));
        if (equals == NULL) break;
        struct slice key = {body, (size_t)(equals - body)};
        if (!is_key(key)) break; /* what stands here is the rest of a text that held the mark */
        const char *value = equals + 1;
        bool quoted = value < end && *value == LOG_QUOTE;
        value += quoted;
        const char *stop = memchr(value, quoted ? LOG_QUOTE : ' ', (size_t)(end - value));
        if (stop == NULL) stop = end;
        put_pair(&line, key, (struct slice){value, (size_t)(stop - value)}, quoted);
        body = stop + (quoted && stop < end);
        while (body < end && *body == ' ')
            body++;
    }
    if (format == LOG_JSON) line.text[line.length++] = '}';
    line.text[line.length++] = '\n';
    return line.length;
}
