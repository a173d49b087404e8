/* Byte for byte, and where not, where: see difference.h. */
#include "aggregate/verify/difference.h"

#include "aggregate/runtime/file_text.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, CELLS_MAX = 64, KEY_CELL_LAST = 13 };

/* A file, whole, with a NUL behind it. */
struct text {
    char *bytes;
    size_t length;
};

static bool read_text(const char *directory, const char *name, struct text *text, struct fault *fault) {
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%.900s/%s", directory, name);
    text->bytes = file_text(path, &text->length, fault);
    return text->bytes != NULL;
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

/* Made by libraries, which may put their version or a time into it. */
static bool by_content(const char *name) {
    return ends_with(name, ".sqlite") || ends_with(name, ".dta") || ends_with(name, ".html");
}

static size_t cut_cells(char *line, char *cells[CELLS_MAX]) {
    size_t count = 0;
    for (char *at = line; count < CELLS_MAX; at++) {
        cells[count++] = at;
        at += strcspn(at, ",");
        if (*at == '\0') break;
        *at = '\0';
    }
    return count;
}

/* The first line that differs, both cut out; the header too. False when one text is the beginning of the other. */
static bool first_line(struct text *left, struct text *right, char **left_line, char **right_line, size_t *number) {
    char *l = left->bytes, *r = right->bytes;
    for (*number = 1; *l != '\0' && *r != '\0'; ++*number) {
        size_t l_length = strcspn(l, "\n"), r_length = strcspn(r, "\n");
        if (l_length != r_length || memcmp(l, r, l_length) != 0) {
            l[l_length] = r[r_length] = '\0';
            *left_line = l;
            *right_line = r;
            return true;
        }
        l += l_length + (l[l_length] == '\n');
        r += r_length + (r[r_length] == '\n');
    }
    return false;
}

static void tell_cell(const char *name, const struct text *published, size_t number, char *left_line, char *right_line,
                      struct findings *findings) {
    char header[2048], *columns[CELLS_MAX], *left[CELLS_MAX], *right[CELLS_MAX], key[300];
    (void)snprintf(header, sizeof(header), "%.*s", (int)strcspn(published->bytes, "\n"), published->bytes);
    size_t column_count = cut_cells(header, columns);
    size_t left_count = cut_cells(left_line, left), right_count = cut_cells(right_line, right);
    size_t at = 0;
    while (at < left_count && at < right_count && strcmp(left[at], right[at]) == 0) at++;
    if (strcmp(name, "obs.csv") == 0 && left_count > KEY_CELL_LAST) {
        (void)snprintf(key, sizeof(key), "%s %s %s %s %s %s %s", left[4], left[5], left[6], left[8], left[10], left[11],
                       left[KEY_CELL_LAST]);
    } else {
        (void)snprintf(key, sizeof(key), "%s", left[0]);
    }
    finding_differs(findings, "%s line %zu, %s: %s: published \"%.60s\", came out \"%.60s\"", name, number, key,
                    at < column_count ? columns[at] : "number of cells", at < left_count ? left[at] : "",
                    at < right_count ? right[at] : "");
}

static void tell_lines(const char *name, struct text *published, struct text *made, struct findings *findings) {
    char *left_line, *right_line;
    size_t number;
    if (!first_line(published, made, &left_line, &right_line, &number)) {
        finding_differs(findings, "%s: %zu bytes were published, %zu came out; one is the beginning of the other", name,
                        published->length, made->length);
    } else if (ends_with(name, ".csv") && number > 1) {
        tell_cell(name, published, number, left_line, right_line, findings);
    } else {
        finding_differs(findings, "%s line %zu: published \"%.120s\", came out \"%.120s\"", name, number, left_line, right_line);
    }
}

/* What depends on offsets, which files have of their own. */
static bool shows_offsets(const char *name) {
    return strcmp(name, "snapshot.json") == 0 || strcmp(name, "paradata.csv") == 0 || strcmp(name, "datapackage.json") == 0 ||
           strcmp(name, "METHODOLOGY.md") == 0 || strcmp(name, "README.md") == 0 || by_content(name);
}

bool difference_check(const struct manifest *published, const char *published_directory, const char *made_directory,
                      bool figures_only, struct findings *findings, struct fault *fault) {
    size_t same = 0;
    for (size_t i = 0; i < published->count; i++) {
        const char *name = published->names[i];
        struct text before, after = {.bytes = NULL};
        if (figures_only && shows_offsets(name)) continue;
        if (!read_text(published_directory, name, &before, fault)) return false;
        bool fine = read_text(made_directory, name, &after, fault);
        if (!fine) {
            finding_differs(findings, "%s: was published, and does not come out again", name);
        } else if (before.length == after.length && memcmp(before.bytes, after.bytes, before.length) == 0) {
            same++;
        } else if (by_content(name)) {
            finding_held(findings, "%s: other bytes, as another version of its library writes them; its figures are obs.csv's",
                         name);
        } else {
            tell_lines(name, &before, &after, findings);
        }
        free(before.bytes);
        free(after.bytes);
    }
    if (same > 0) finding_held(findings, "%zu files came out again, byte for byte", same);
    return true;
}
