/* Where in a file a mistake stands: jansson knows the line of a syntax error only, so the text is walked once more, along
 * the JSON pointer of the mistake. It has been parsed, so it is well-formed and nothing has to be checked. */
#include "ingest/mapping_draft.h"

#include <stdlib.h>

struct finder {
    const char *at;
    const char *end;
};

static void space_pass(struct finder *finder) {
    while (finder->at < finder->end && strchr(" \t\r\n", *finder->at) != NULL && *finder->at != '\0') finder->at++;
}

static void string_pass(struct finder *finder) {
    for (finder->at++; finder->at < finder->end && *finder->at != '"'; finder->at++) finder->at += *finder->at == '\\';
    finder->at++;
}

static void value_pass(struct finder *finder) {
    int open = 0;
    do {
        space_pass(finder);
        if (finder->at >= finder->end) return;
        char byte = *finder->at;
        if (byte == '"') {
            string_pass(finder);
        } else if (byte == '{' || byte == '[') {
            open++;
            finder->at++;
        } else if (byte == '}' || byte == ']') {
            open--;
            finder->at++;
        } else if (byte == ',' || byte == ':') {
            finder->at++;
        } else {
            while (finder->at < finder->end && strchr(",:]} \t\r\n", *finder->at) == NULL) finder->at++;
        }
    } while (open > 0);
}

/* Whether the key in the text is this token of a pointer. Keys that are written with escapes are not found; their object is. */
static bool key_is(const char *key, size_t length, const char *token, size_t token_length) {
    size_t at = 0;
    for (size_t i = 0; i < token_length; i++, at++) {
        char byte = token[i];
        if (byte == '~' && i + 1 < token_length) byte = token[++i] == '0' ? '~' : '/';
        if (at >= length || key[at] != byte) return false;
    }
    return at == length;
}

/* Inside an object or array: goes to the value of a token. */
static bool token_find(struct finder *finder, const char *token, size_t length) {
    bool object = *finder->at == '{';
    if (!object && *finder->at != '[') return false;
    unsigned long wanted = object ? 0 : strtoul(token, NULL, 10);
    finder->at++;
    for (unsigned long index = 0;; index++) {
        space_pass(finder);
        if (finder->at >= finder->end || *finder->at == '}' || *finder->at == ']') return false;
        bool found = !object && index == wanted;
        if (object) {
            const char *key = finder->at + 1;
            string_pass(finder);
            found = key_is(key, (size_t)(finder->at - 1 - key), token, length);
            space_pass(finder);
            finder->at++; /* the colon */
            space_pass(finder);
        }
        if (found) return true;
        value_pass(finder);
        space_pass(finder);
        if (finder->at < finder->end && *finder->at == ',') finder->at++;
    }
}

int mapping_line(const char *text, size_t length, const char *pointer) {
    struct finder finder = {text, text + length};
    space_pass(&finder);
    const char *found = finder.at;
    while (*pointer == '/') {
        size_t token = strcspn(pointer + 1, "/");
        if (!token_find(&finder, pointer + 1, token)) break;
        found = finder.at;
        pointer += token + 1;
    }
    int line = 1;
    for (const char *at = text; at < found; at++) line += *at == '\n';
    return line;
}

/* Letters that must be changed, added or left out to make one word of the other (Levenshtein's distance). */
static size_t distance(const char *a, const char *b) {
    enum { LENGTH_MAX = 40 };
    size_t row[LENGTH_MAX + 1];
    size_t width = strlen(b) < LENGTH_MAX ? strlen(b) : LENGTH_MAX;
    for (size_t i = 0; i <= width; i++) row[i] = i;
    for (size_t y = 1; a[y - 1] != '\0' && y <= LENGTH_MAX; y++) {
        size_t diagonal = row[0];
        row[0] = y;
        for (size_t x = 1; x <= width; x++) {
            size_t changed = diagonal + (a[y - 1] != b[x - 1]);
            size_t shorter = (row[x] < row[x - 1] ? row[x] : row[x - 1]) + 1;
            diagonal = row[x];
            row[x] = changed < shorter ? changed : shorter;
        }
    }
    return row[width];
}

const char *mapping_nearest(const char *word, const char *const *words) {
    const char *best = words[0];
    for (size_t i = 1; words[i] != NULL; i++) {
        if (distance(word, words[i]) < distance(word, best)) best = words[i];
    }
    return best;
}
