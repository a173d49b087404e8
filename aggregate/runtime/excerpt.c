/* Which columns a character takes is decided here, not by the locale: the same file must look the same in a log of a
 * container that has none. Combining marks take no column, East Asian wide characters and emoji two, everything else one;
 * what is not to be trusted is written as an escape and as wide as that. */
#include "aggregate/runtime/excerpt.h"

#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MIN = 40, COLUMNS_DEFAULT = 100, SHOWN_BYTES = 12 };

/* One step along the text: how many bytes it takes, and what is shown for them. */
struct glyph {
    size_t bytes;
    int columns;
    char shown[SHOWN_BYTES];
};

int excerpt_columns(FILE *file) {
    struct winsize size = {.ws_col = 0};
    const char *variable = getenv("COLUMNS");
    long columns = COLUMNS_DEFAULT;
    if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        columns = size.ws_col;
    } else if (variable != NULL) {
        char *end = NULL;
        long given = strtol(variable, &end, 10);
        if (*variable != '\0' && *end == '\0' && given > 0 && given < 10000) columns = given;
    }
    return columns < COLUMNS_MIN ? COLUMNS_MIN : (int)columns;
}

/* Length of the well-formed UTF-8 sequence at `at` and its code point; 0 when there is none. */
static size_t sequence(struct slice text, size_t at, uint32_t *point) {
    const unsigned char *bytes = (const unsigned char *)text.data + at;
    size_t left = text.length - at;
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xC2 ? 0 : bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    if (length == 0 || length > left) return 0;
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) return 0;
        value = value << 6 | (bytes[i] & 0x3FU);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return 0;
    *point = value;
    return length;
}

struct range {
    uint32_t first;
    uint32_t last;
};

/* Controls, characters without a face, and those that turn the direction of the text. */
static const struct range unsafe[] = {{0, 0x1F},          {0x7F, 0x9F},     {0x61C, 0x61C},   {0x200B, 0x200F},
                                      {0x2028, 0x202E},   {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE0FFF}};
static const struct range combining[] = {{0x300, 0x36F}, {0x1AB0, 0x1AFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}};
static const struct range wide[] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},  {0xFE30, 0xFE6F},
                                    {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};

static bool within(uint32_t point, const struct range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) return true;
    }
    return false;
}

#define WITHIN(point, ranges) within(point, ranges, sizeof(ranges) / sizeof((ranges)[0]))

static struct glyph glyph_at(struct slice text, size_t at) {
    struct glyph glyph = {.bytes = 1};
    uint32_t point = 0;
    size_t length = sequence(text, at, &point);
    if (length == 0) {
        glyph.columns = snprintf(glyph.shown, SHOWN_BYTES, "\\x%02x", (unsigned char)text.data[at]);
    } else if (point == '\t') {
        glyph.columns = snprintf(glyph.shown, SHOWN_BYTES, "\\t");
    } else if (WITHIN(point, unsafe)) {
        glyph.bytes = length;
        glyph.columns = snprintf(glyph.shown, SHOWN_BYTES, point < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)point);
    } else {
        glyph.bytes = length;
        glyph.columns = WITHIN(point, combining) ? 0 : WITHIN(point, wide) ? 2 : 1;
        memcpy(glyph.shown, text.data + at, length);
    }
    return glyph;
}

/* The first byte of a glyph so that those from there up to `byte` fit into `columns`. */
static size_t begin_before(struct slice line, size_t byte, int columns) {
    int total = 0;
    for (size_t at = 0; at < byte;) {
        struct glyph glyph = glyph_at(line, at);
        total += glyph.columns;
        at += glyph.bytes;
    }
    size_t at = 0;
    while (at < byte && total > columns) {
        struct glyph glyph = glyph_at(line, at);
        total -= glyph.columns;
        at += glyph.bytes;
    }
    return at;
}

static void blanks(FILE *file, int count) {
    for (int i = 0; i < count; i++) (void)fputc(' ', file);
}

void excerpt_print(FILE *file, struct slice line, size_t byte, int indent, int columns) {
    static const char cut[] = "…";
    if (byte > line.length) byte = line.length;
    int room = columns - indent - 3; /* two marks of a cut, and the caret behind the end */
    size_t start = begin_before(line, byte, room * 2 / 3);
    int used = start > 0 ? 1 : 0;
    int caret = used;
    blanks(file, indent);
    if (start > 0) (void)fputs(cut, file);
    size_t at = start;
    while (at < line.length) {
        struct glyph glyph = glyph_at(line, at);
        if (used + glyph.columns > room) {
            (void)fputs(cut, file);
            break;
        }
        if (at + glyph.bytes <= byte) caret += glyph.columns;
        (void)fputs(glyph.shown, file);
        used += glyph.columns;
        at += glyph.bytes;
    }
    (void)fputc('\n', file);
    blanks(file, indent + caret);
    (void)fputs("^\n", file);
}

static bool is_space(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

void excerpt_text(FILE *file, struct slice text, int columns) {
    int used = 0;
    for (size_t at = 0; at < text.length;) {
        struct glyph glyph = {.bytes = 1, .columns = 1, .shown = " "};
        if (is_space(text.data[at])) {
            while (at + glyph.bytes < text.length && is_space(text.data[at + glyph.bytes])) glyph.bytes++;
        } else {
            glyph = glyph_at(text, at);
        }
        used += glyph.columns;
        if (used >= columns && at + glyph.bytes < text.length) {
            (void)fputs("…", file);
            return;
        }
        (void)fputs(glyph.shown, file);
        at += glyph.bytes;
    }
}
