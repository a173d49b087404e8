/* Read in pieces, not by the size that stat() says: a file may be a pipe, or grow. */
#include "aggregate/runtime/file_text.h"

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 65536 };

char *file_text(const char *path, size_t *length, struct fault *fault) {
    FILE *file = fopen(path, "rbe");
    char *text = NULL;
    size_t capacity = 0, used = 0, got = 1;
    while (file != NULL && got > 0) {
        if (capacity < used + PIECE_BYTES + 1) {
            capacity = capacity * 2 + PIECE_BYTES + 1;
            text = realloc(text, capacity);
            CHECK_MEMORY(text != NULL);
        }
        got = fread(text + used, 1, PIECE_BYTES, file);
        used += got;
    }
    bool good = file != NULL && ferror(file) == 0;
    if (!good) (void)fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be read: %s", path, strerror(errno));
    if (file != NULL) (void)fclose(file);
    if (!good) {
        free(text);
        return NULL;
    }
    text[used] = '\0';
    if (length != NULL) *length = used;
    return text;
}
