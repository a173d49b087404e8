/* The uncommon tokens of JSON: escapes, text that is not ASCII, fractions, literals, and values that nobody reads.
 *
 * UTF-8 is checked by the table of well-formed byte sequences (Unicode 15, table 3-7): the lead byte decides how
 * many bytes follow and what range the *second* one may have, which is all that is needed to refuse overlong
 * forms, surrogates and code points beyond U+10FFFF. decode_reference.c decides the same by computing the code
 * point.
 *
 * Positions: a text that is not JSON is refused at the first byte that cannot continue it, or at its end;
 * ill-formed UTF-8 at the first byte of the sequence; a lone surrogate or NUL written as an escape at its
 * backslash.
 *
 * Values that nobody reads are skipped with a stack of one bit per level (object or array) in a word, so nesting
 * costs no C stack and is cut at JSON_DEPTH_MAX whatever the text claims. */
#include "ingest/decode_scan.h"

#include "check.h"

struct unescaped {
    char *room;
    size_t length; /* goes on counting when the room is full */
    bool in_use;
    bool printable;
};

const char *scan_refuse(const struct scan *scan, enum reason reason, const char *at, enum field field) {
    (void)reject(scan->rejection, reason, (size_t)(at - scan->begin), field_rules[field].name);
    return NULL;
}

static void unescaped_put(struct unescaped *out, const char *bytes, size_t length) {
    if (out->in_use && out->length < ID_BYTES_MAX) {
        size_t free_bytes = ID_BYTES_MAX - out->length;
        memcpy(out->room + out->length, bytes, length < free_bytes ? length : free_bytes);
    }
    out->length += length;
}

/* How many bytes a sequence has that starts with `lead`; 0 for bytes that start none. */
static size_t utf8_expected(unsigned char lead) {
    if (lead < 0xC2 || lead > 0xF4) return 0;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/* Length of the well-formed sequence at `at` (a byte >= 0x80), or 0. */
static size_t utf8_length(const char *at, const char *end) {
    unsigned char lead = (unsigned char)*at;
    size_t length = utf8_expected(lead);
    if (length == 0 || (size_t)(end - at) < length) return 0;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    unsigned char second = (unsigned char)at[1];
    if (second < low || second > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if (((unsigned char)at[i] & 0xC0) != 0x80) return 0;
    }
    return length;
}

static int hex_digit(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits at `at`. Returns how many of them are good, from the left. */
static size_t hex_unit(const char *at, const char *end, uint32_t *unit) {
    *unit = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = at + i < end ? hex_digit(at[i]) : -1;
        if (digit < 0) return i;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return 4;
}

static void put_code_point(struct unescaped *out, uint32_t point) {
    char bytes[4];
    size_t length = 0;
    if (point < 0x80) {
        bytes[length++] = (char)point;
    } else if (point < 0x800) {
        bytes[length++] = (char)(0xC0 | point >> 6);
    } else if (point < 0x10000) {
        bytes[length++] = (char)(0xE0 | point >> 12);
        bytes[length++] = (char)(0x80 | (point >> 6 & 0x3F));
    } else {
        bytes[length++] = (char)(0xF0 | point >> 18);
        bytes[length++] = (char)(0x80 | (point >> 12 & 0x3F));
        bytes[length++] = (char)(0x80 | (point >> 6 & 0x3F));
    }
    if (point >= 0x80) bytes[length++] = (char)(0x80 | (point & 0x3F));
    if (point < 0x20 || point > 0x7E) out->printable = false;
    unescaped_put(out, bytes, length);
}

/* `at` is the backslash of \uXXXX. */
static const char *unicode_escape(const struct scan *scan, const char *at, struct unescaped *out) {
    uint32_t unit;
    size_t good = hex_unit(at + 2, scan->end, &unit);
    if (good < 4) return scan_refuse(scan, REASON_NOT_JSON, at + 2 + good, FIELD_NONE);
    if (unit == 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return scan_refuse(scan, REASON_BAD_UTF8, at, FIELD_NONE);
    if (unit < 0xD800 || unit > 0xDBFF) {
        put_code_point(out, unit);
        return at + 6;
    }
    uint32_t low = 0;
    bool pair = scan->end - at >= 12 && at[6] == '\\' && at[7] == 'u' && hex_unit(at + 8, scan->end, &low) == 4;
    if (!pair || low < 0xDC00 || low > 0xDFFF) return scan_refuse(scan, REASON_BAD_UTF8, at, FIELD_NONE);
    put_code_point(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
    return at + 12;
}

static const char *escape(const struct scan *scan, const char *at, struct unescaped *out) {
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (scan->end - at < 2) return scan_refuse(scan, REASON_NOT_JSON, scan->end, FIELD_NONE);
    if (at[1] == 'u') return unicode_escape(scan, at, out);
    const char *letter = at[1] == '\0' ? NULL : strchr(letters, at[1]);
    if (letter == NULL) return scan_refuse(scan, REASON_NOT_JSON, at + 1, FIELD_NONE);
    put_code_point(out, (uint32_t)(unsigned char)meanings[letter - letters]);
    return at + 2;
}

const char *scan_string_rest(const struct scan *scan, const char *start, char room[static ID_BYTES_MAX], struct text *text) {
    const char *at = start;
    struct unescaped out = {.room = room, .printable = true};
    for (;;) {
        const char *plain = at;
        at = scan_plain(scan, at);
        unescaped_put(&out, plain, (size_t)(at - plain));
        if (at == scan->end) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
        unsigned char byte = (unsigned char)*at;
        if (byte == '"') break;
        if (byte == '\\') {
            if (!out.in_use) { /* what came before is copied now; lengths agree because nothing was escaped yet */
                out.in_use = true;
                out.length = 0;
                unescaped_put(&out, start, (size_t)(at - start));
            }
            at = escape(scan, at, &out);
            if (at == NULL) return NULL;
            continue;
        }
        if (byte < 0x20) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
        size_t length = byte == 0x7F ? 1 : utf8_length(at, scan->end);
        if (length == 0) return scan_refuse(scan, REASON_BAD_UTF8, at, FIELD_NONE);
        out.printable = false;
        unescaped_put(&out, at, length);
        at += length;
    }
    text->data = out.in_use ? room : start;
    text->length = out.length;
    text->printable = out.printable;
    return at + 1;
}

/* At least one digit. */
static const char *digits_skip(const struct scan *scan, const char *at) {
    if (at == scan->end || !scan_is_digit(*at)) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    while (at < scan->end && scan_is_digit(*at)) at++;
    return at;
}

const char *scan_number_rest(const struct scan *scan, const char *at) {
    if (*at == '.') {
        at = digits_skip(scan, at + 1);
        if (at == NULL || at == scan->end || (*at | 0x20) != 'e') return at;
    }
    at++;
    if (at < scan->end && (*at == '+' || *at == '-')) at++;
    return digits_skip(scan, at);
}

const char *scan_word(const struct scan *scan, const char *at, const char *word) {
    for (; *word != '\0'; word++, at++) {
        if (at == scan->end || *at != *word) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    }
    return at;
}

static const char *skip_scalar(const struct scan *scan, const char *at) {
    struct number number = {0};
    struct text text;
    char room[ID_BYTES_MAX];
    if (at == scan->end) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    if (*at == '"') return scan_string(scan, at + 1, room, &text);
    if (*at == '-' || scan_is_digit(*at)) return scan_number(scan, at, &number);
    if (*at == 't') return scan_word(scan, at, "true");
    if (*at == 'f') return scan_word(scan, at, "false");
    if (*at == 'n') return scan_word(scan, at, "null");
    return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
}

/* A key, its colon and the space around them. */
static const char *skip_key(const struct scan *scan, const char *at) {
    struct text text;
    char room[ID_BYTES_MAX];
    if (at == scan->end || *at != '"') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    at = scan_string(scan, at + 1, room, &text);
    if (at == NULL) return NULL;
    at = scan_space(scan, at);
    if (at == scan->end || *at != ':') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    return scan_space(scan, at + 1);
}

/* What is open while a value is skipped. */
struct nesting {
    uint64_t objects; /* lowest bit: is the innermost open value an object? */
    int depth;        /* 1 = only the event itself */
};

/* Enters the object or array at `at`: stands at its first value, or at the bracket that closes it at once. */
static const char *skip_enter(const struct scan *scan, const char *at, struct nesting *nesting, bool *empty) {
    if (nesting->depth == JSON_DEPTH_MAX) return scan_refuse(scan, REASON_TOO_DEEP, at, FIELD_NONE);
    bool object = *at == '{';
    nesting->objects = nesting->objects << 1 | object;
    nesting->depth++;
    at = scan_space(scan, at + 1);
    *empty = at < scan->end && *at == (object ? '}' : ']');
    return object && !*empty ? skip_key(scan, at) : at;
}

/* Behind a value inside, or at the bracket that closes an empty one: closes what is closed here, and goes to the next value. */
static const char *skip_leave(const struct scan *scan, const char *at, struct nesting *nesting) {
    at = scan_space(scan, at);
    while (at < scan->end && *at == ((nesting->objects & 1) != 0 ? '}' : ']')) {
        nesting->objects >>= 1;
        if (--nesting->depth == 1) return at + 1;
        at = scan_space(scan, at + 1);
    }
    if (at == scan->end || *at != ',') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    at = scan_space(scan, at + 1);
    return (nesting->objects & 1) != 0 ? skip_key(scan, at) : at;
}

const char *scan_skip(const struct scan *scan, const char *at) {
    struct nesting nesting = {0, 1};
    do {
        bool empty = true; /* whether there is something to leave */
        if (at < scan->end && (*at == '{' || *at == '[')) {
            at = skip_enter(scan, at, &nesting, &empty);
        } else {
            at = skip_scalar(scan, at);
        }
        if (at != NULL && empty && nesting.depth > 1) at = skip_leave(scan, at, &nesting);
    } while (at != NULL && nesting.depth > 1);
    return at;
}
