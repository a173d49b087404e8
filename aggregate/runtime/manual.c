/* Help text -> mdoc: see manual.h.
 *
 * Line by line: what a line is, its indentation and its first characters say. Paragraphs are put together and broken anew, a
 * sentence at a time, as mdoc wants it. Sections are collected apart, because help texts have examples before exit codes and man
 * pages after them. */
#include "aggregate/runtime/manual.h"

#include "check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 72, INDENT = 2, WORDS_BYTES = 8192, PROMPT_LENGTH = 7 /* "usage: " */ };

static const char released[] = "November 26, 2026"; /* pages of one release have the same bytes */

enum part { DESCRIPTION, EXIT_STATUS, EXAMPLES, PARTS };
enum block { NO_BLOCK, LIST, LITERAL };

struct page {
    FILE *parts[PARTS];
    char *texts[PARTS];
    size_t lengths[PARTS];
    bool begun[PARTS];
    enum part part;
    enum block block;
    char words[WORDS_BYTES]; /* a paragraph that is still to be broken into lines */
    size_t word_bytes;
};

static void put_escaped(const char *text, size_t length, FILE *out) {
    if (length > 0 && (text[0] == '.' || text[0] == '\'')) (void)fputs("\\&", out);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\') (void)fputs("\\e", out);
        else (void)fputc(text[i], out);
    }
}

/* A line that is shown as it is; one too long for the source of a man page is continued there on the next line. */
static void put_literal(const char *text, size_t length, FILE *out) {
    for (size_t at = 0, piece; at < length || at == 0; at += piece) {
        piece = length - at < COLUMNS ? length - at : COLUMNS;
        for (size_t i = piece; at + piece < length && i > 1; i--) {
            if (text[at + i - 1] != ' ') continue;
            piece = i;
            break;
        }
        put_escaped(text + at, piece, out);
        (void)fputs(at + piece < length ? "\\\n" : "\n", out);
    }
}

static bool ends_sentence(const char *word, size_t length) {
    while (length > 0 && (word[length - 1] == ')' || word[length - 1] == '"')) length--;
    return length > 0 && strchr(".!?", word[length - 1]) != NULL;
}

void manual_text(const char *text, FILE *out) {
    size_t column = 0;
    for (const char *word = text + strspn(text, " "); *word != '\0';) {
        size_t length = strcspn(word, " ");
        bool fits = column + 1 + length <= COLUMNS;
        if (column > 0) (void)fputc(fits ? ' ' : '\n', out);
        put_escaped(word, length, out);
        column = fits || column == 0 ? column + 1 + length : length;
        if (ends_sentence(word, length)) {
            (void)fputc('\n', out);
            column = 0;
        }
        word += length;
        word += strspn(word, " ");
    }
    if (column > 0) (void)fputc('\n', out);
}

void manual_head(const char *name, int section, const char *title, FILE *out) {
    (void)fprintf(out, ".Dd %s\n.Dt ", released);
    for (const char *letter = name; *letter != '\0'; letter++)
        (void)fputc(*letter >= 'a' && *letter <= 'z' ? *letter - 'a' + 'A' : *letter, out);
    (void)fprintf(out, " %d\n.Os\n.Sh NAME\n.Nm %s\n.Nd ", section, name);
    put_escaped(title, strlen(title), out);
    (void)fputc('\n', out);
}

static void flush_words(struct page *page) {
    FILE *out = page->parts[page->part];
    if (page->word_bytes == 0) return;
    if (page->block == NO_BLOCK && page->begun[page->part]) (void)fputs(".Pp\n", out);
    manual_text(page->words, out);
    page->begun[page->part] = true;
    page->word_bytes = 0;
}

static void add_words(struct page *page, const char *text, size_t length) {
    CHECK(page->word_bytes + length + 2 <= WORDS_BYTES);
    if (page->word_bytes > 0) page->words[page->word_bytes++] = ' ';
    memcpy(page->words + page->word_bytes, text, length);
    page->word_bytes += length;
    page->words[page->word_bytes] = '\0';
}

static void end_block(struct page *page) {
    static const char *const ends[] = {[NO_BLOCK] = "", [LIST] = ".El\n", [LITERAL] = ".Ed\n"};
    flush_words(page);
    (void)fputs(ends[page->block], page->parts[page->part]);
    page->block = NO_BLOCK;
}

static void need_block(struct page *page, enum block block) {
    static const char *const begins[] = {[NO_BLOCK] = "", [LIST] = ".Bl -tag -width Ds\n",
                                         [LITERAL] = ".Bd -literal -offset indent\n"};
    if (page->block == block) {
        flush_words(page);
        return;
    }
    end_block(page);
    (void)fputs(begins[block], page->parts[page->part]);
    page->block = block;
    page->begun[page->part] = true;
}

/* `--name ARGUMENT, --other  text` */
static void option_line(struct page *page, const char *line, size_t length) {
    FILE *out = page->parts[page->part];
    const char *gap = memmem(line, length, "  ", 2);
    size_t head = gap != NULL ? (size_t)(gap - line) : length;
    need_block(page, LIST);
    (void)fputs(".It", out);
    for (size_t at = 0; at < head;) {
        const char *blank = memchr(line + at, ' ', head - at);
        size_t word = blank != NULL ? (size_t)(blank - line) - at : head - at;
        size_t comma = line[at + word - 1] == ',' ? 1 : 0;
        size_t flag = line[at] == '-' ? 1 : 0;
        (void)fprintf(out, " %s %.*s%s", flag > 0 ? "Fl" : "Ar", (int)(word - comma - flag), line + at + flag,
                      comma > 0 ? " ," : "");
        at += word + 1;
    }
    (void)fputc('\n', out);
    while (head < length && line[head] == ' ') head++;
    if (head < length) add_words(page, line + head, length - head);
}

static size_t opens(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0 ? strlen(word) : 0;
}

static void help_line(struct page *page, const char *line, size_t length) {
    size_t blanks = strspn(line, " ");
    size_t exits = opens(line, "Exit codes: ");
    if (length == 0) {
        end_block(page);
        page->part = DESCRIPTION;
    } else if (opens(line, "Example:") > 0 || opens(line, "Examples:") > 0) {
        end_block(page);
        page->part = EXAMPLES;
    } else if (exits > 0) {
        end_block(page);
        page->part = EXIT_STATUS;
        add_words(page, line + exits, length - exits);
    } else if (blanks == 0) {
        if (page->block != NO_BLOCK) end_block(page);
        add_words(page, line, length);
    } else if (blanks > INDENT && page->block == LIST) {
        add_words(page, line + blanks, length - blanks);
    } else if (line[blanks] == '-' && page->part == DESCRIPTION) {
        option_line(page, line + blanks, length - blanks);
    } else {
        need_block(page, LITERAL);
        put_literal(line + INDENT, length - INDENT, page->parts[page->part]);
    }
}

static const char *put_synopsis(const char *usage, FILE *out) {
    (void)fputs(".Sh SYNOPSIS\n.Bd -literal\n", out);
    while (*usage != '\n' && *usage != '\0') {
        size_t length = strcspn(usage, "\n");
        size_t skip = length < PROMPT_LENGTH ? length : PROMPT_LENGTH;
        put_literal(usage + skip, length - skip, out);
        usage += length + (usage[length] == '\n');
    }
    (void)fputs(".Ed\n", out);
    return usage;
}

void manual_command(const char *name, const char *title, const char *usage, FILE *out) {
    static const char *const sections[] = {
        [DESCRIPTION] = "DESCRIPTION", [EXIT_STATUS] = "EXIT STATUS", [EXAMPLES] = "EXAMPLES"};
    struct page *page = calloc(1, sizeof(*page));
    char full_name[64];
    CHECK_MEMORY(page != NULL);
    for (int part = 0; part < PARTS; part++) {
        page->parts[part] = open_memstream(&page->texts[part], &page->lengths[part]);
        CHECK_MEMORY(page->parts[part] != NULL);
    }
    (void)snprintf(full_name, sizeof(full_name), "nhip-%s", name);
    manual_head(full_name, 1, title, out);
    for (const char *line = put_synopsis(usage, out); *line != '\0';) {
        size_t length = strcspn(line, "\n");
        help_line(page, line, length);
        line += length + (line[length] == '\n');
    }
    end_block(page);
    for (int part = 0; part < PARTS; part++) {
        (void)fclose(page->parts[part]);
        if (page->lengths[part] > 0) (void)fprintf(out, ".Sh %s\n%s", sections[part], page->texts[part]);
        free(page->texts[part]);
    }
    (void)fputs(".Sh SEE ALSO\n.Xr nhip 1 ,\n.Xr nhip.conf 5\n", out);
    free(page);
}
