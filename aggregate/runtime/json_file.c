/* jansson knows the line of a syntax error but not of a value that is merely wrong; so the text is kept and searched for the key
 * when a message is due. Files are small; a size bound keeps a wrong path (a log, a device) from filling memory. */
#include "aggregate/runtime/json_file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

enum { FILE_BYTES_MAX = 4 << 20 };

static bool read_text(struct json_file *file, struct fault *fault) {
    FILE *stream = fopen(file->path, "rbe");
    if (stream == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: cannot be read: %s", file->path,
                                         strerror(errno));
    file->text = malloc(FILE_BYTES_MAX + 1);
    if (file->text == NULL) {
        (void)fclose(stream);
        return fault_set(fault, STOP_MEMORY, false, "%s: out of memory", file->path);
    }
    file->length = fread(file->text, 1, FILE_BYTES_MAX, stream);
    bool broken = ferror(stream) != 0;
    bool more = !broken && fgetc(stream) != EOF;
    (void)fclose(stream);
    if (broken) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: reading broke off: %s", file->path, strerror(errno));
    if (more) return fault_set(fault, STOP_JSON, false, "%s: larger than %d bytes", file->path, FILE_BYTES_MAX);
    file->text[file->length] = '\0';
    return true;
}

bool json_file_open(struct json_file *file, const char *path, struct fault *fault) {
    *file = (struct json_file){.path = path};
    json_error_t error;
    if (!read_text(file, fault)) goto refuse;
    file->root = json_loadb(file->text, file->length, JSON_REJECT_DUPLICATES, &error);
    if (file->root == NULL) {
        (void)fault_set(fault, STOP_JSON, false, "%s line %d: not well-formed JSON: %s", path, error.line, error.text);
        goto refuse;
    }
    if (!json_is_object(file->root)) {
        (void)fault_set(fault, STOP_JSON, false, "%s line 1: a JSON object is expected at the top", path);
        goto refuse;
    }
    return true;
refuse:
    json_file_close(file);
    return false;
}

void json_file_close(struct json_file *file) {
    if (file->root != NULL) json_decref(file->root);
    free(file->text);
    file->root = NULL;
    file->text = NULL;
}

int json_file_line(const struct json_file *file, const char *key) {
    size_t length = strlen(key);
    int line = 1;
    for (size_t i = 0; i + length + 2 <= file->length; i++) {
        if (file->text[i] == '\n') line++;
        if (file->text[i] == '"' && memcmp(file->text + i + 1, key, length) == 0 && file->text[i + 1 + length] == '"')
            return line;
    }
    return 1;
}
