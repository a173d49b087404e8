/* Counters of the process, readable from outside without a socket.
 *
 * The file is text of fixed width, one `name value` line per counter, so that `cat` shows it and a test can poll it through mmap.
 * Each counter is an atomic; the digits are rewritten in place after a change. Two threads may write the same digits at the same
 * time, so a reader can see a torn number for an instant: it is a gauge for people and tests, never an input of the state. */
#include "aggregate/runtime/status.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE_BYTES = 32, DIGITS = 15, DIGITS_AT = 16 };

static const char *const names[STATUS_COUNTER_COUNT] = {
    "delivered", "rebuilt", "refused", "commits", "in_flight", "partitions", "fenced", "replayed",
    "unconfirmed", "takeovers", "takeover_ms", "stream_upserts", "stream_deletes", "stream_failures", "stream_left",
    "stream_held", "stream_writer", "stream_whole_ms",
};

struct status {
    _Atomic int64_t counters[STATUS_COUNTER_COUNT];
    char *page; /* null without a file */
};

static void write_digits(struct status *status, enum status_counter counter, int64_t value) {
    char *digits = status->page + (size_t)counter * LINE_BYTES + DIGITS_AT;
    uint64_t rest = value < 0 ? 0 : (uint64_t)value;
    for (int i = DIGITS - 1; i >= 0; i--) {
        digits[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
}

static bool map_file(struct status *status, const char *path, struct fault *fault) {
    size_t bytes = (size_t)STATUS_COUNTER_COUNT * LINE_BYTES;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
        int error = errno;
        if (file >= 0) (void)close(file);
        return fault_set(fault, STOP_FILE_UNWRITABLE, false, "status.file %s: %s", path, strerror(error));
    }
    void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    int error = errno;
    (void)close(file);
    if (page == MAP_FAILED) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "status.file %s: %s", path, strerror(error));
    status->page = page;
    memset(page, ' ', bytes);
    for (int i = 0; i < STATUS_COUNTER_COUNT; i++) {
        char *line = status->page + (size_t)i * LINE_BYTES;
        memcpy(line, names[i], strlen(names[i]));
        line[LINE_BYTES - 1] = '\n';
        write_digits(status, (enum status_counter)i, 0);
    }
    return true;
}

struct status *status_create(const char *path, struct fault *fault) {
    struct status *status = calloc(1, sizeof(*status));
    if (status == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the status counters");
        return NULL;
    }
    if (path != NULL && path[0] != '\0' && !map_file(status, path, fault)) {
        free(status);
        return NULL;
    }
    return status;
}

void status_destroy(struct status *status) {
    if (status == NULL) return;
    if (status->page != NULL) (void)munmap(status->page, (size_t)STATUS_COUNTER_COUNT * LINE_BYTES);
    free(status);
}

void status_add(struct status *status, enum status_counter counter, int64_t change) {
    CHECK(counter < STATUS_COUNTER_COUNT);
    int64_t value = atomic_fetch_add_explicit(&status->counters[counter], change, memory_order_relaxed) + change;
    if (status->page != NULL) write_digits(status, counter, value);
}

int64_t status_get(const struct status *status, enum status_counter counter) {
    CHECK(counter < STATUS_COUNTER_COUNT);
    return atomic_load_explicit(&status->counters[counter], memory_order_relaxed);
}
