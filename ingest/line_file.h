/* A file of lines that we write: buffered, whole lines at a time, every failure reported. Under tee, producer and
 * dead letters.
 *
 * One thread at a time. Faults are FAULT_IO; they are retriable when the disk is full or over quota: nothing is
 * lost then, what could not be written stays in the buffer and the next call goes on where this one stopped. */
#ifndef NHIP_LINE_FILE_H
#define NHIP_LINE_FILE_H

#include "fault.h"
#include "slice.h"

struct line_file;

enum line_file_mode { LINE_FILE_NONE = 0, LINE_FILE_TRUNCATE, LINE_FILE_APPEND };

/* "-" = standard output (never truncated, never closed). Appending to a file whose last line was cut by a crash
 * ends that line first. */
struct line_file *line_file_open(const char *path, enum line_file_mode mode, struct fault *fault);
/* Adds bytes as they are and a newline. */
bool line_file_put(struct line_file *file, struct slice line, struct fault *fault);
/* Adds one record's value as one line, as `tee.h` describes it. */
bool line_file_put_value(struct line_file *file, struct slice value, struct fault *fault);
/* Everything put is in the file (survives the end of the process). */
bool line_file_flush(struct line_file *file, struct fault *fault);
/* line_file_flush() and fdatasync() (survives the end of the machine). A failed fdatasync is not retriable: the
 * pages may be gone. */
bool line_file_sync(struct line_file *file, struct fault *fault);
/* Writes what it can and frees; null is allowed. */
void line_file_close(struct line_file *file);

/* mkdir, fine when it exists. */
bool line_directory_make(const char *directory, struct fault *fault);
/* The path `directory/TOPIC-P.ndjson`, to be freed by the caller; null when out of memory. */
char *line_file_path(const char *directory, const char *topic, int partition);

#endif
