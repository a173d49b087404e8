/* Dead letters to an NDJSON file, and what the file and the Kafka topic have in common: see include/deadletter.h.
 *
 * Nothing is written per letter: put() only fills a buffer, flush() writes and syncs, because the worker flushes
 * once per commit. When the disk is full both refuse with a retriable fault, the worker holds its partition, and
 * nothing is lost or doubled when there is room again. */
#include "ingest/deadletter_line.h"

#include "ingest/line_file.h"

struct deadletter_file {
    struct deadletter deadletter;
    struct line_file *lines;
};

bool deadletter_put(struct deadletter *deadletter, const struct deadletter_entry *entry, struct fault *fault) {
    size_t bytes = deadletter_line_bytes_max(entry);
    if (bytes > deadletter->line_capacity) {
        char *grown = realloc(deadletter->line, bytes);
        if (grown == NULL) return fault_set(fault, STOP_MEMORY, false, "out of memory for a dead letter of %zu bytes", bytes);
        deadletter->line = grown;
        deadletter->line_capacity = bytes;
    }
    struct slice line = {.data = deadletter->line, .length = deadletter_line(entry, deadletter->line)};
    return deadletter->operations->put(deadletter, entry, line, fault);
}

bool deadletter_flush(struct deadletter *deadletter, int timeout_ms, struct fault *fault) {
    return deadletter->operations->flush(deadletter, timeout_ms, fault);
}

void deadletter_destroy(struct deadletter *deadletter) {
    if (deadletter == NULL) return;
    free(deadletter->line);
    deadletter->operations->destroy(deadletter);
}

static bool file_put(struct deadletter *deadletter, const struct deadletter_entry *entry, struct slice line,
                     struct fault *fault) {
    (void)entry;
    return line_file_put(((struct deadletter_file *)deadletter)->lines, line, fault);
}

static bool file_flush(struct deadletter *deadletter, int timeout_ms, struct fault *fault) {
    (void)timeout_ms;
    return line_file_sync(((struct deadletter_file *)deadletter)->lines, fault);
}

static void file_destroy(struct deadletter *deadletter) {
    line_file_close(((struct deadletter_file *)deadletter)->lines);
    free(deadletter);
}

struct deadletter *deadletter_file_create(const char *path, struct fault *fault) {
    static const struct deadletter_operations operations = {.put = file_put, .flush = file_flush, .destroy = file_destroy};
    struct deadletter_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for dead letters");
        return NULL;
    }
    file->deadletter.operations = &operations;
    file->lines = line_file_open(path, LINE_FILE_APPEND, fault);
    if (file->lines != NULL) return &file->deadletter;
    free(file);
    return NULL;
}
