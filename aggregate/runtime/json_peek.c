/* A walk along one object, without a tree and without decoding: strings are skipped quote to quote, nested values by
 * counting brackets. It does not judge; the decoder or the mapping has done that before. */
#include "aggregate/runtime/json_peek.h"

struct walker {
    struct slice text;
    size_t at;
};

static bool ended(const struct walker *walker) {
    return walker->at >= walker->text.length;
}

static char now(const struct walker *walker) {
    return ended(walker) ? '\0' : walker->text.data[walker->at];
}

static void skip_space(struct walker *walker) {
    while (!ended(walker) && memchr(" \t\r\n", now(walker), 4) != NULL) walker->at++;
}

static void skip_string(struct walker *walker) {
    walker->at++;
    while (!ended(walker) && now(walker) != '"') walker->at += now(walker) == '\\' ? 2 : 1;
    walker->at++;
}

/* Up to the comma or bracket behind the value. */
static void skip_value(struct walker *walker) {
    size_t depth = 0;
    while (!ended(walker)) {
        char byte = now(walker);
        if (byte == '"') {
            skip_string(walker);
            continue;
        }
        if (depth == 0 && (byte == ',' || byte == '}' || byte == ']')) return;
        if (byte == '{' || byte == '[') depth++;
        if (byte == '}' || byte == ']') depth--;
        walker->at++;
    }
}

static struct slice cut(const struct walker *walker, size_t from) {
    size_t end = walker->at < walker->text.length ? walker->at : walker->text.length;
    while (end > from && memchr(" \t\r\n", walker->text.data[end - 1], 4) != NULL) end--;
    return (struct slice){walker->text.data + from, end > from ? end - from : 0};
}

bool json_peek(struct slice object, const char *key, struct slice *value) {
    struct walker walker = {.text = object};
    size_t key_length = strlen(key);
    skip_space(&walker);
    if (now(&walker) != '{') return false;
    walker.at++;
    for (;;) {
        skip_space(&walker);
        if (now(&walker) != '"') return false;
        size_t start = walker.at + 1;
        skip_string(&walker);
        bool found = walker.at <= object.length && walker.at - 1 - start == key_length &&
                     memcmp(object.data + start, key, key_length) == 0;
        skip_space(&walker);
        if (now(&walker) != ':') return false;
        walker.at++;
        skip_space(&walker);
        size_t from = walker.at;
        skip_value(&walker);
        if (found) {
            *value = cut(&walker, from);
            return value->length > 0;
        }
        if (now(&walker) != ',') return false;
        walker.at++;
    }
}
