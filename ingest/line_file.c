/* Lines to a file: see line_file.h.
 *
 * The buffer is flushed only between lines, with O_APPEND: so several writers (the workers of one process) may
 * share a dead-letter file, and a crash leaves at most one cut line, at the end. stdio was not used because it
 * forgets what it could not write: after ENOSPC the caller could neither retry nor tell how far it came.
 *
 * One record, one line. A value may hold newlines (pretty-printed JSON): outside strings they mean nothing, so a
 * space stands for them. Inside a string a newline is an error of the record; it becomes another control character
 * that is the same error at the same byte (VT), so that the record is refused once, here as there, and not as two
 * halves. The text `null` (four bytes) is how a file writes a tombstone; a record that really is those four bytes
 * gets a space behind it and is refused by the decoder as it was. */
#include "ingest/line_file.h"

#include "check.h"
#include "fault_point.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16, VERTICAL_TAB = 0x0b };

struct line_file {
    int fd;
    char *path;
    char *buffer;
    size_t first; /* bytes before it are written */
    size_t end;
    size_t capacity;
};

static bool io_fault(const struct line_file *file, const char *what, struct fault *fault) {
    int error = errno;
    bool full = error == ENOSPC || error == EDQUOT;
    return fault_set(fault, STOP_FILE_UNWRITABLE, full, "%s: %s failed: %s%s", file->path, what, strerror(error),
                     full ? " (make room; writing goes on by itself)" : "");
}

/* A line cut by a crash must not swallow the next one. */
static bool end_cut_line(struct line_file *file, struct fault *fault) {
    struct stat status;
    char last = '\n';
    if (fstat(file->fd, &status) != 0) return io_fault(file, "stat", fault);
    if (!S_ISREG(status.st_mode) || status.st_size == 0) return true;
    if (pread(file->fd, &last, 1, status.st_size - 1) != 1) return io_fault(file, "reading its last byte", fault);
    return last == '\n' || line_file_put(file, SLICE(""), fault);
}

struct line_file *line_file_open(const char *path, enum line_file_mode mode, struct fault *fault) {
    struct line_file *file = calloc(1, sizeof(*file));
    char *buffer = malloc(BUFFER_BYTES);
    char *copy = strdup(path);
    if (file == NULL || buffer == NULL || copy == NULL) {
        free(file), free(buffer), free(copy);
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for %s", path);
        return NULL;
    }
    *file = (struct line_file){.fd = STDOUT_FILENO, .path = copy, .buffer = buffer, .capacity = BUFFER_BYTES};
    if (strcmp(path, "-") == 0) return file;
    CHECK(mode != LINE_FILE_NONE);
    int flags = mode == LINE_FILE_APPEND ? O_RDWR | O_APPEND : O_WRONLY | O_TRUNC;
    file->fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
    if (file->fd < 0) (void)io_fault(file, "opening for writing", fault);
    if (file->fd >= 0 && (mode != LINE_FILE_APPEND || end_cut_line(file, fault))) return file;
    line_file_close(file);
    return NULL;
}

bool line_file_flush(struct line_file *file, struct fault *fault) {
    while (file->first < file->end) {
        if (FAULT_FAILS("lines.write")) return io_fault(file, "writing", fault);
        ssize_t written = write(file->fd, file->buffer + file->first, file->end - file->first);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return io_fault(file, "writing", fault);
        file->first += (size_t)written;
    }
    file->first = 0;
    file->end = 0;
    return true;
}

/* Room for one more line of `bytes`. */
static bool reserve(struct line_file *file, size_t bytes, struct fault *fault) {
    if (file->end + bytes <= file->capacity) return true;
    if (!line_file_flush(file, fault)) return false;
    if (bytes <= file->capacity) return true;
    char *grown = realloc(file->buffer, bytes);
    if (grown == NULL)
        return fault_set(fault, STOP_MEMORY, false, "%s: out of memory for a line of %zu bytes", file->path, bytes);
    file->buffer = grown;
    file->capacity = bytes;
    return true;
}

static void add(struct line_file *file, struct slice bytes) {
    if (bytes.length > 0) memcpy(file->buffer + file->end, bytes.data, bytes.length);
    file->end += bytes.length;
}

bool line_file_put(struct line_file *file, struct slice line, struct fault *fault) {
    if (!reserve(file, line.length + 1, fault)) return false;
    add(file, line);
    file->buffer[file->end++] = '\n';
    return true;
}

/* Newlines and carriage returns that would break or blur the line. */
static void flatten(char *bytes, size_t length) {
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char byte = bytes[i];
        if (byte == '\n') bytes[i] = in_string ? VERTICAL_TAB : ' ';
        if (byte == '\r' && !in_string) bytes[i] = ' ';
        if (byte == '"') in_string = !in_string;
        if (byte == '\\' && in_string && i + 1 < length && bytes[i + 1] != '\n') i++;
    }
}

bool line_file_put_value(struct line_file *file, struct slice value, struct fault *fault) {
    if (value.data == NULL) return line_file_put(file, SLICE("null"), fault);
    if (slice_equal(value, SLICE("null"))) return line_file_put(file, SLICE("null "), fault);
    if (!line_file_put(file, value, fault)) return false;
    if (value.length == 0) return true;
    char *bytes = file->buffer + file->end - 1 - value.length;
    if (memchr(bytes, '\n', value.length) != NULL || memchr(bytes, '\r', value.length) != NULL) flatten(bytes, value.length);
    return true;
}

bool line_file_sync(struct line_file *file, struct fault *fault) {
    if (!line_file_flush(file, fault)) return false;
    if (FAULT_FAILS("lines.sync")) return io_fault(file, "syncing", fault);
    if (fdatasync(file->fd) == 0 || errno == EINVAL || errno == EROFS) return true; /* a pipe or a terminal cannot be synced */
    (void)io_fault(file, "syncing", fault);
    fault->retriable = false;
    return false;
}

void line_file_close(struct line_file *file) {
    if (file == NULL) return;
    struct fault ignored;
    if (file->fd >= 0) (void)line_file_flush(file, &ignored);
    if (file->fd >= 0 && file->fd != STDOUT_FILENO) (void)close(file->fd);
    free(file->buffer);
    free(file->path);
    free(file);
}

bool line_directory_make(const char *directory, struct fault *fault) {
    if (mkdir(directory, 0777) == 0 || errno == EEXIST) return true;
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%s: making the directory failed: %s", directory, strerror(errno));
}

char *line_file_path(const char *directory, const char *topic, int partition) {
    char *path = NULL;
    return asprintf(&path, "%s/%s-%d.ndjson", directory, topic, partition) < 0 ? NULL : path;
}
