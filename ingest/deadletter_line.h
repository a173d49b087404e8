/* One dead letter as one line of JSON (include/deadletter.h). */
#ifndef NHIP_DEADLETTER_LINE_H
#define NHIP_DEADLETTER_LINE_H

#include "deadletter.h"

/* Bytes that hold the line of this entry; less than 400,000. */
size_t deadletter_line_bytes_max(const struct deadletter_entry *entry);
/* Writes the line without newline; `out` holds deadletter_line_bytes_max(entry) bytes. Returns its length. Any
 * thread. */
size_t deadletter_line(const struct deadletter_entry *entry, char *out);

/* What a place to keep letters is made of; `struct deadletter` is the first member of each. */
struct deadletter_operations {
    bool (*put)(struct deadletter *deadletter, const struct deadletter_entry *entry, struct slice line, struct fault *fault);
    bool (*flush)(struct deadletter *deadletter, int timeout_ms, struct fault *fault);
    void (*destroy)(struct deadletter *deadletter);
};

struct deadletter {
    const struct deadletter_operations *operations;
    char *line; /* scratch of deadletter_put() */
    size_t line_capacity;
};

#endif
