/* The reference decoder: the promise of decode.h kept a second time, slowly and plainly, so that the two can be
 * compared.
 *
 * decode() is fast because it is one loop that knows everything; that is where mistakes hide. This one is built
 * the other way round: a recursive recogniser of JSON that looks at one byte at a time, strings unescaped by
 * jansson, numbers as text through strtoll, codes by walking the lists of names, and rules written down again from
 * schemas/README.md and booking.md (decode_reference_event.c). At the end jansson must accept the whole text, too.
 * It allocates as it likes: tests, the fuzzer and `nhip check` use it, the hot path never does.
 *
 * What is shared, because it *is* the contract and not a way of reading it: the table of fields (decode_fields.h),
 * the currencies, rfc3339_parse(), the fingerprints over what was read (decode_print.c), and the registry's reader
 * (unit.c).
 *
 * Permitted divergences: none. Verdict, reason, byte, field name and every field of the event must be equal;
 * slices must have equal bytes (they may point to the message in one and to `scratch` in the other). jansson alone
 * could not promise that: it stops at the first syntax error of a whole text, while we refuse the first offending
 * *token*, and it reports no usable positions. */
#include "ingest/decode_reference.h"

#include "ingest/decode_tame.h"

#include <jansson.h>
#include <stdlib.h>

bool plain_refuse(const struct plain_reader *reader, enum reason reason, size_t at, const char *field) {
    return reject(reader->rejection, reason, at, field);
}

static bool not_json(const struct plain_reader *reader) {
    return plain_refuse(reader, REASON_NOT_JSON, reader->at, "");
}

int plain_peek(const struct plain_reader *reader) {
    return reader->at < reader->message.length ? (unsigned char)reader->message.data[reader->at] : -1;
}

bool plain_expect(struct plain_reader *reader, char byte) {
    if (plain_peek(reader) != byte) return not_json(reader);
    reader->at++;
    return true;
}

void plain_space(struct plain_reader *reader) {
    for (;;) {
        int byte = plain_peek(reader);
        if (byte != ' ' && byte != '\t' && byte != '\n' && byte != '\r') return;
        reader->at++;
    }
}

/* The four digits behind \u. */
static bool plain_hex(struct plain_reader *reader, unsigned *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        int byte = plain_peek(reader);
        const char *digit = byte > 0 ? strchr(digits, byte) : NULL;
        if (digit == NULL) return not_json(reader);
        *unit = *unit * 16 + (unsigned)((digit - digits) % 16);
    }
    return true;
}

/* reader->at is at a backslash. */
static bool plain_escape(struct plain_reader *reader) {
    size_t start = reader->at++;
    int byte = plain_peek(reader);
    if (byte <= 0 || strchr("\"\\/bfnrtu", byte) == NULL) return not_json(reader);
    reader->at++;
    if (byte != 'u') return true;
    unsigned unit;
    if (!plain_hex(reader, &unit)) return false;
    if (unit == 0 || (unit & 0xFC00) == 0xDC00) return plain_refuse(reader, REASON_BAD_UTF8, start, "");
    if ((unit & 0xFC00) != 0xD800) return true;
    /* The other half must follow, whatever else follows instead. */
    struct rejection ignored;
    struct plain_reader ahead = *reader;
    ahead.rejection = &ignored;
    bool low = plain_expect(&ahead, '\\') && plain_expect(&ahead, 'u') && plain_hex(&ahead, &unit) && (unit & 0xFC00) == 0xDC00;
    if (!low) return plain_refuse(reader, REASON_BAD_UTF8, start, "");
    reader->at = ahead.at;
    return true;
}

/* One code point above ASCII: computed, then judged. */
static bool plain_code_point(struct plain_reader *reader) {
    size_t start = reader->at;
    unsigned lead = (unsigned)plain_peek(reader);
    int more = lead >= 0xF0 && lead < 0xF8 ? 3 : lead >= 0xE0 && lead < 0xF0 ? 2 : lead >= 0xC0 && lead < 0xE0 ? 1 : 0;
    unsigned point = lead & (0x3Fu >> more);
    bool good = more > 0;
    reader->at++;
    for (int i = 0; good && i < more; i++, reader->at++) {
        int byte = plain_peek(reader);
        good = byte >= 0 && (byte & 0xC0) == 0x80;
        point = point << 6 | ((unsigned)byte & 0x3F);
    }
    static const unsigned least[4] = {0, 0x80, 0x800, 0x10000};
    good = good && point >= least[more] && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    return good || plain_refuse(reader, REASON_BAD_UTF8, start, "");
}

/* reader->at is behind the opening quote. */
static bool plain_string(struct plain_reader *reader) {
    for (;;) {
        int byte = plain_peek(reader);
        if (byte < 0x20) return not_json(reader); /* the end, too */
        if (byte == '\\') {
            if (!plain_escape(reader)) return false;
        } else if (byte >= 0x80) {
            if (!plain_code_point(reader)) return false;
        } else {
            reader->at++;
            if (byte == '"') return true;
        }
    }
}

static bool plain_digits(struct plain_reader *reader) {
    if (plain_peek(reader) < '0' || plain_peek(reader) > '9') return not_json(reader);
    while (plain_peek(reader) >= '0' && plain_peek(reader) <= '9') reader->at++;
    return true;
}

static bool plain_number(struct plain_reader *reader) {
    if (plain_peek(reader) == '-') reader->at++;
    if (plain_peek(reader) == '0') {
        reader->at++;
    } else if (!plain_digits(reader)) {
        return false;
    }
    if (plain_peek(reader) == '.') {
        reader->at++;
        if (!plain_digits(reader)) return false;
    }
    if (plain_peek(reader) == 'e' || plain_peek(reader) == 'E') {
        reader->at++;
        if (plain_peek(reader) == '+' || plain_peek(reader) == '-') reader->at++;
        if (!plain_digits(reader)) return false;
    }
    return true;
}

static bool plain_word(struct plain_reader *reader, const char *word) {
    for (; *word != '\0'; word++) {
        if (!plain_expect(reader, *word)) return false;
    }
    return true;
}

bool plain_token(struct plain_reader *reader, struct plain_token *token) {
    int byte = plain_peek(reader);
    bool good = true;
    token->begin = reader->at;
    if (byte == '"') {
        token->kind = PLAIN_STRING;
        reader->at++;
        good = plain_string(reader);
    } else if (byte == '{' || byte == '[') {
        token->kind = PLAIN_OPEN;
    } else if (byte == 't') {
        token->kind = PLAIN_TRUE;
        good = plain_word(reader, "true");
    } else if (byte == 'f') {
        token->kind = PLAIN_FALSE;
        good = plain_word(reader, "false");
    } else if (byte == 'n') {
        token->kind = PLAIN_NULL;
        good = plain_word(reader, "null");
    } else if (byte == '-' || (byte >= '0' && byte <= '9')) {
        token->kind = PLAIN_NUMBER;
        good = plain_number(reader);
    } else {
        return not_json(reader);
    }
    token->end = reader->at;
    return good;
}

static bool plain_key(struct plain_reader *reader, struct plain_token *key) {
    plain_space(reader);
    if (plain_peek(reader) != '"') return not_json(reader);
    return plain_token(reader, key);
}

bool plain_skip(struct plain_reader *reader, int depth) {
    struct plain_token token;
    plain_space(reader);
    if (!plain_token(reader, &token)) return false;
    if (token.kind != PLAIN_OPEN) return true;
    if (depth >= JSON_DEPTH_MAX) return plain_refuse(reader, REASON_TOO_DEEP, reader->at, "");
    bool object = plain_peek(reader) == '{';
    char close = object ? '}' : ']';
    reader->at++;
    plain_space(reader);
    if (plain_peek(reader) == close) {
        reader->at++;
        return true;
    }
    for (;;) {
        if (object) {
            if (!plain_key(reader, &token)) return false;
            plain_space(reader);
            if (!plain_expect(reader, ':')) return false;
        }
        if (!plain_skip(reader, depth + 1)) return false;
        plain_space(reader);
        if (plain_peek(reader) == close) break;
        if (!plain_expect(reader, ',')) return false;
    }
    reader->at++;
    return true;
}

/* A token as jansson understands it; the caller releases it. */
static json_t *token_value(const struct plain_reader *reader, const struct plain_token *token) {
    return json_loadb(reader->message.data + token->begin, token->end - token->begin, JSON_DECODE_ANY, NULL);
}

static enum field field_of(struct slice name) {
    for (unsigned field = 1; field < FIELD_LIMIT; field++) {
        if (slice_equal(name, slice_of(field_rules[field].name))) return (enum field)field;
    }
    return FIELD_NONE;
}

/* The value of a field that is read. */
static bool plain_value(struct plain_reader *reader, enum field field) {
    struct plain_token token;
    if (!plain_token(reader, &token)) return false;
    if (token.kind != PLAIN_STRING) return plain_judge(reader, field, &token, (struct slice){"", 0});
    json_t *value = token_value(reader, &token);
    struct slice text = {json_string_value(value), json_string_length(value)};
    bool good = value != NULL ? plain_judge(reader, field, &token, text)
                              : plain_refuse(reader, REASON_NOT_JSON, token.begin, "jansson");
    json_decref(value);
    return good;
}

static bool plain_member(struct plain_reader *reader) {
    struct plain_token key;
    if (!plain_key(reader, &key)) return false;
    json_t *name = token_value(reader, &key);
    enum field field = field_of((struct slice){json_string_value(name), json_string_length(name)});
    json_decref(name);
    if (field != FIELD_NONE && (reader->reading->seen[field_set(field)] & field_bit(field)) != 0) {
        return plain_refuse(reader, REASON_DUPLICATE_KEY, key.begin, field_rules[field].name);
    }
    if (field != FIELD_NONE) reader->reading->seen[field_set(field)] |= field_bit(field);
    plain_space(reader);
    if (!plain_expect(reader, ':')) return false;
    plain_space(reader);
    if (field == FIELD_NONE || field_rules[field].value == VALUE_REGISTRY) return plain_skip(reader, 1);
    return plain_value(reader, field);
}

static bool plain_object(struct plain_reader *reader) {
    plain_space(reader);
    if (!plain_expect(reader, '{')) return false;
    plain_space(reader);
    if (plain_peek(reader) == '}') {
        reader->at++;
    } else {
        for (;;) {
            if (!plain_member(reader)) return false;
            plain_space(reader);
            if (plain_peek(reader) == '}') break;
            if (!plain_expect(reader, ',')) return false;
        }
        reader->at++;
    }
    plain_space(reader);
    return reader->at == reader->message.length || not_json(reader);
}

/* jansson must think the same of a text that was found to be JSON. Its name as the field marks a mistake of this
 * file. */
static bool jansson_agrees(const struct plain_reader *reader) {
    char *tame = json_tame(reader->message);
    json_t *root = json_loadb(tame, reader->message.length, 0, NULL);
    bool good = json_is_object(root);
    json_decref(root);
    free(tame);
    return good || plain_refuse(reader, REASON_NOT_JSON, 0, "jansson");
}

bool decode_reference(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection) {
    if (message.length == 0) return reject(rejection, REASON_EMPTY, 0, "");
    if (message.length > MESSAGE_BYTES_MAX) return reject(rejection, REASON_TOO_LARGE, MESSAGE_BYTES_MAX, "");
    struct reading reading;
    memset(&reading, 0, sizeof(reading));
    struct plain_reader reader = {decoder, message, 0, &reading, rejection};
    return plain_object(&reader) && jansson_agrees(&reader) && plain_derive(&reader, event);
}
