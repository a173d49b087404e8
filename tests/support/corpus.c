/* See corpus.h. A line that begins with # and an empty one are no messages. */
#include "tests/support/corpus.h"

#include <stdio.h>
#include <stdlib.h>

static int hex(char digit) {
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* In place; returns the length. */
static size_t unpack(char *line, size_t length) {
    size_t out = 0;
    for (size_t at = 0; at < length; at++) {
        if (line[at] != '\\') {
            line[out++] = line[at];
        } else if (line[at + 1] == '\\') {
            line[out++] = '\\';
            at++;
        } else { /* \xHH */
            line[out++] = (char)(hex(line[at + 2]) << 4 | hex(line[at + 3]));
            at += 3;
        }
    }
    return out;
}

size_t corpus_read(const char *path, corpus_visitor *visit, void *context) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: not found; tests run at the top of the repository\n", path);
        exit(1);
    }
    char *line = NULL;
    size_t capacity = 0;
    size_t count = 0;
    for (ssize_t length = getline(&line, &capacity, file); length > 0; length = getline(&line, &capacity, file)) {
        if (line[length - 1] == '\n') length--;
        if (length == 0 || line[0] == '#') continue;
        visit(context, (struct slice){line, unpack(line, (size_t)length)});
        count++;
    }
    free(line);
    (void)fclose(file);
    return count;
}
