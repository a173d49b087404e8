/* Dead letters of the simulator: see letters.h. put() only remembers; flush() makes durable what was put before, or part of it
 * when it fails; a killed worker's letters are gone. */
#include "tests/sim/letters.h"

#include "check.h"
#include "ingest/deadletter_line.h"
#include "tests/sim/world.h"

struct waiting {
    struct log *log;
    size_t at;
};

struct letters {
    struct deadletter deadletter;
    struct log *logs;
    struct waiting *waiting;
    size_t count, capacity;
};

int64_t letters_fail_until_us;

static bool fails(void) {
    const struct task *task = task_now();
    return task->dead || world_us() < letters_fail_until_us;
}

static bool put(struct deadletter *deadletter, const struct deadletter_entry *entry, struct slice line, struct fault *fault) {
    struct letters *letters = (struct letters *)deadletter;
    (void)line;
    if (fails() && world_chance(300)) return fault_set(fault, STOP_FILE_UNWRITABLE, true, "no room for letters");
    if (letters->count == letters->capacity) {
        letters->capacity = letters->capacity * 2 + 64;
        letters->waiting = realloc(letters->waiting, letters->capacity * sizeof(*letters->waiting));
        CHECK(letters->waiting != NULL);
    }
    struct log *log = &letters->logs[entry->partition];
    letters->waiting[letters->count++] = (struct waiting){log, log_find(log, entry->record->offset)};
    return true;
}

static bool flush(struct deadletter *deadletter, int timeout_ms, struct fault *fault) {
    struct letters *letters = (struct letters *)deadletter;
    (void)timeout_ms;
    bool fine = !fails();
    size_t kept = fine ? letters->count : world_below((uint32_t)letters->count + 1);
    if (!world_trusts && world_chance(200)) task_sleep(world_skewed(MS, 500 * MS));
    if (task_now()->dead) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "killed");
    for (size_t i = 0; i < kept; i++) letters->waiting[i].log->durable[letters->waiting[i].at] = true;
    if (!fine) return fault_set(fault, STOP_FILE_UNWRITABLE, true, "letters could not be kept");
    letters->count = 0;
    return true;
}

static void destroy(struct deadletter *deadletter) {
    free(((struct letters *)deadletter)->waiting);
    free(deadletter);
}

struct deadletter *letters_create(struct log *logs) {
    static const struct deadletter_operations operations = {put, flush, destroy};
    struct letters *letters = calloc(1, sizeof(*letters));
    CHECK(letters != NULL);
    letters->deadletter.operations = &operations;
    letters->logs = logs;
    return &letters->deadletter;
}

int64_t letters_missing(const struct log *log, int64_t next) {
    for (size_t i = 0; i < log->count && log->records[i].offset < next; i++) {
        if (log->refused[i] && !log->durable[i]) return log->records[i].offset;
    }
    return -1;
}
