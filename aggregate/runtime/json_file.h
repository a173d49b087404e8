/* Reading one JSON file of the operator's, with messages that say where. For the few files that hold configuration as JSON. */
#ifndef NHIP_JSON_FILE_H
#define NHIP_JSON_FILE_H

#include "fault.h"

#include <jansson.h>
#include <stddef.h>

struct json_file {
    const char *path; /* the caller's */
    char *text;       /* whole file, NUL-terminated */
    size_t length;
    json_t *root; /* an object */
};

/* False and `fault` (FAULT_IO, or FAULT_CONFIG with file, line and what is wrong) when it is not one JSON object without
 * duplicate keys. On success json_file_close() is due. */
bool json_file_open(struct json_file *file, const char *path, struct fault *fault);
void json_file_close(struct json_file *file);

/* The line of the first `"key"` in the text, 1 when it is not found: good enough to lead a person there. */
int json_file_line(const struct json_file *file, const char *key);

#endif
