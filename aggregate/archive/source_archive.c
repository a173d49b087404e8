/* Reading an archive as if it were Kafka: see source_archive.h.
 *
 * Partition after partition, because an open file costs some memory and the state does not depend on the order of partitions;
 * one that is held lets the next one go on. A batch is a block of lines, unpacked; its records point into the block, which lives
 * until the batch is released. A file is hashed when it is its turn: a vintage that is proved from a damaged file would prove
 * nothing. */
#include "aggregate/archive/source_archive.h"

#include "aggregate/archive/kept_log.h"
#include "check.h"

#include <inttypes.h>
#include <time.h>

/* Headers of one record; records point to it as `native`. */
struct headers {
    struct headers *next;
    size_t count;
    struct kept_header list[];
};

struct batch {
    struct batch *next; /* in the list of free ones */
    struct kept_block block;
    struct record *records;
    size_t count, room;
    struct headers *headers;
};

struct shelf {
    struct kept_log log;
    int64_t until;
    int64_t position; /* the next offset to be delivered */
    struct kept_reader *reader; /* null: none is open */
    bool held, ended;
};

enum phase { PHASE_NONE = 0, PHASE_ASSIGN, PHASE_READ, PHASE_FINISHED };

struct source_archive {
    struct source source;
    struct source_resume resume;
    enum phase phase;
    struct shelf *shelves;
    size_t count;
    size_t turn; /* next to be assigned */
    struct kept_line line;
    struct batch *free_batches;
};

static struct source_partition who(const struct shelf *shelf) {
    return (struct source_partition){.topic = shelf->log.topic, .partition = shelf->log.partition};
}

static struct shelf *find(struct source_archive *archive, struct source_partition partition) {
    for (size_t i = 0; i < archive->count; i++) {
        struct shelf *shelf = &archive->shelves[i];
        if (shelf->log.partition == partition.partition && strcmp(shelf->log.topic, partition.topic) == 0) return shelf;
    }
    return NULL;
}

static bool start(struct source *source, const struct source_resume *resume, struct fault *fault) {
    struct source_archive *archive = (struct source_archive *)source;
    (void)fault;
    archive->resume = *resume;
    archive->phase = PHASE_ASSIGN;
    return true;
}

static void stand_at(struct shelf *shelf, int64_t position) {
    kept_reader_close(shelf->reader);
    shelf->reader = NULL;
    shelf->position = position;
    shelf->ended = false;
}

static bool assign(struct source_archive *archive, struct shelf *shelf, struct fault *fault) {
    int64_t first = shelf->log.count == 0 ? 0 : kept_log_first(&shelf->log);
    int64_t end = shelf->log.count == 0 ? 0 : kept_log_end(&shelf->log);
    struct source_position position = {
        .window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING, .mirrored = -1};
    if (!archive->resume.resume(archive->resume.context, who(shelf), first, end, &position, fault)) return false;
    stand_at(shelf, position.window_start == SOURCE_START_BEGINNING ? first : position.window_start);
    if (shelf->position >= first && shelf->position <= end) return true;
    return fault_set(fault, STOP_ARCHIVE_SHORT, false,
                     "%.100s/%d: reading should start at offset %" PRId64 ", but the archive holds [%" PRId64 ", %" PRId64 ")",
                     shelf->log.topic, shelf->log.partition, shelf->position, first, end);
}

/* --- reading --- */

static struct batch *take_batch(struct source_archive *archive) {
    struct batch *batch = archive->free_batches;
    if (batch == NULL) {
        batch = calloc(1, sizeof(*batch));
        CHECK_MEMORY(batch != NULL);
    } else {
        archive->free_batches = batch->next;
    }
    batch->count = 0;
    return batch;
}

static void release(struct source *source, void *handle) {
    struct source_archive *archive = (struct source_archive *)source;
    struct batch *batch = handle;
    for (struct headers *headers = batch->headers, *next; headers != NULL; headers = next) {
        next = headers->next;
        free(headers);
    }
    batch->headers = NULL;
    batch->next = archive->free_batches;
    archive->free_batches = batch;
}

static void add_record(struct batch *batch, const struct kept_line *line) {
    if (batch->count == batch->room) {
        batch->room = batch->room * 2 + 256;
        batch->records = realloc(batch->records, batch->room * sizeof(*batch->records));
        CHECK_MEMORY(batch->records != NULL);
    }
    struct record *record = &batch->records[batch->count++];
    *record = line->record;
    if (line->header_count == 0) return;
    struct headers *headers = malloc(sizeof(*headers) + line->header_count * sizeof(headers->list[0]));
    CHECK_MEMORY(headers != NULL);
    headers->count = line->header_count;
    memcpy(headers->list, line->headers, line->header_count * sizeof(headers->list[0]));
    headers->next = batch->headers;
    batch->headers = headers;
    record->native = headers;
}

/* The file in which the shelf's position lies. */
static bool open_file(struct shelf *shelf, struct fault *fault) {
    const struct kept_log *log = &shelf->log;
    char path[KEPT_PATH_BYTES];
    size_t i = 0;
    while (i < log->count && log->entries[i].part.next <= shelf->position) i++;
    CHECK(i < log->count);
    if (!kept_log_check_hash(log, i, fault)) return false;
    kept_log_path(log, i, path);
    shelf->reader = kept_reader_open(path, log->topic, log->partition, &log->entries[i].part, fault);
    return shelf->reader != NULL;
}

/* One line into the batch. False and `fault` when offsets are lost that should be delivered. */
static bool take_line(struct shelf *shelf, const struct kept_line *line, struct batch *batch, struct fault *fault) {
    bool record = line->kind == KEPT_RECORD;
    int64_t from = record ? line->record.offset : line->from;
    int64_t to = record ? line->record.next_offset : line->to;
    if (to <= shelf->position) return true; /* read before */
    if (line->kind == KEPT_LOST) {
        return fault_set(fault, STOP_ARCHIVE_SHORT, false,
                         "%.100s/%d: offsets [%" PRId64 ", %" PRId64
                         ") had gone from Kafka before they were archived: the archive cannot prove what was counted from them",
                         shelf->log.topic, shelf->log.partition, from, to);
    }
    if (record) add_record(batch, line);
    shelf->position = to;
    return true;
}

/* Lines of the open file into the batch, up to the shelf's end. */
static bool read_block(struct source_archive *archive, struct shelf *shelf, struct batch *batch, struct fault *fault) {
    if (!kept_reader_fill(shelf->reader, &batch->block, fault)) return false;
    if (batch->block.length == 0) { /* the file has ended */
        kept_reader_close(shelf->reader);
        shelf->reader = NULL;
        return true;
    }
    while (shelf->position < shelf->until) {
        enum kept_found found = kept_reader_next(shelf->reader, &batch->block, &archive->line, fault);
        if (found == KEPT_FOUND_FAULT) return false;
        if (found == KEPT_FOUND_NOTHING) return true;
        bool beyond = archive->line.kind == KEPT_RECORD && archive->line.record.offset >= shelf->until;
        if (!beyond && !take_line(shelf, &archive->line, batch, fault)) return false;
        if (beyond) shelf->position = shelf->until;
    }
    return true;
}

/* A batch, an end or a fault of this shelf. */
static void read_shelf(struct source_archive *archive, struct shelf *shelf, struct source_event *event) {
    struct batch *batch = take_batch(archive);
    bool fine = true;
    event->partition = who(shelf);
    while (fine && batch->count == 0 && shelf->position < shelf->until) {
        fine = shelf->reader != NULL || open_file(shelf, &event->fault);
        fine = fine && read_block(archive, shelf, batch, &event->fault);
    }
    if (fine && batch->count > 0) {
        event->kind = SOURCE_BATCH;
        event->records = batch->records;
        event->count = batch->count;
        event->next_offset = batch->records[batch->count - 1].next_offset;
        event->batch = batch;
        return;
    }
    release(&archive->source, batch);
    event->kind = fine ? SOURCE_END : SOURCE_FAULT;
    event->next_offset = shelf->until;
    if (fine) stand_at(shelf, shelf->until);
    shelf->ended = fine;
}

static void nap(int timeout_ms) {
    struct timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    (void)nanosleep(&time, NULL);
}

static void poll_archive(struct source *source, int timeout_ms, struct source_event *event) {
    struct source_archive *archive = (struct source_archive *)source;
    *event = (struct source_event){.kind = SOURCE_NOTHING};
    if (archive->phase == PHASE_ASSIGN) {
        struct shelf *shelf = &archive->shelves[archive->turn];
        event->partition = who(shelf);
        event->kind = assign(archive, shelf, &event->fault) ? SOURCE_ASSIGNED : SOURCE_FAULT;
        if (event->kind == SOURCE_ASSIGNED && ++archive->turn == archive->count) archive->phase = PHASE_READ;
        return;
    }
    bool left = false;
    for (size_t i = 0; i < archive->count; i++) {
        struct shelf *shelf = &archive->shelves[i];
        left = left || !shelf->ended;
        if (shelf->ended || shelf->held) continue;
        read_shelf(archive, shelf, event);
        return;
    }
    if (left) nap(timeout_ms);
    else event->kind = SOURCE_FINISHED;
}

static void hold(struct source *source, struct source_partition partition, bool hold) {
    struct shelf *shelf = find((struct source_archive *)source, partition);
    if (shelf != NULL) shelf->held = hold;
}

static bool go_back(struct source *source, struct source_partition partition, const struct source_position *position,
                    struct fault *fault) {
    struct shelf *shelf = find((struct source_archive *)source, partition);
    (void)fault;
    CHECK(shelf != NULL);
    int64_t first = shelf->log.count == 0 ? 0 : kept_log_first(&shelf->log);
    stand_at(shelf, position->window_start < first ? first : position->window_start);
    return true;
}

/* The last one of that name that has a value. */
static bool header(const void *native, const char *name, struct slice *value) {
    const struct headers *headers = native;
    for (size_t i = headers == NULL ? 0 : headers->count; i > 0; i--) {
        const struct kept_header *one = &headers->list[i - 1];
        if (!slice_equal(one->name, slice_of(name))) continue;
        *value = one->value;
        return one->value.data != NULL;
    }
    return false;
}

static void mirror(struct source *source, struct source_partition partition, int64_t next) {
    (void)source, (void)partition, (void)next;
}

static void destroy(struct source *source) {
    struct source_archive *archive = (struct source_archive *)source;
    for (size_t i = 0; i < archive->count; i++) {
        kept_reader_close(archive->shelves[i].reader);
        kept_log_close(&archive->shelves[i].log);
    }
    for (struct batch *batch = archive->free_batches, *next; batch != NULL; batch = next) {
        next = batch->next;
        kept_block_free(&batch->block);
        free(batch->records);
        free(batch);
    }
    kept_line_free(&archive->line);
    free(archive->shelves);
    free(archive);
}

/* The archive must reach as far as is asked. */
static bool open_shelf(struct shelf *shelf, const char *directory, const struct source_vector_entry *until, struct fault *fault) {
    shelf->until = until->next;
    if (!kept_log_open(&shelf->log, directory, until->topic, until->partition, fault)) return false;
    int64_t end = kept_log_end(&shelf->log);
    if (until->next <= 0 || end >= until->next) return true;
    if (end < 0) {
        return fault_set(fault, STOP_ARCHIVE_SHORT, false, "%.100s/%d: the archive holds nothing of it: there is no %.300s",
                         until->topic, until->partition, shelf->log.directory);
    }
    return fault_set(fault, STOP_ARCHIVE_SHORT, false,
                     "%.100s/%d: the archive ends at offset %" PRId64 ", the vintage was counted up to %" PRId64, until->topic,
                     until->partition, end, until->next);
}

struct source *source_archive_create(const char *directory, const struct source_vector_entry *until, size_t until_count,
                                     struct fault *fault) {
    static const struct source_operations operations = {.name = "archive",
                                                        .own_times = true,
                                                        .start = start,
                                                        .poll = poll_archive,
                                                        .release = release,
                                                        .hold = hold,
                                                        .rewind = go_back,
                                                        .header = header,
                                                        .mirror = mirror,
                                                        .destroy = destroy};
    CHECK(until_count > 0);
    struct source_archive *archive = calloc(1, sizeof(*archive));
    CHECK_MEMORY(archive != NULL);
    archive->source.operations = &operations;
    archive->shelves = calloc(until_count, sizeof(*archive->shelves));
    CHECK_MEMORY(archive->shelves != NULL);
    for (size_t i = 0; i < until_count; i++) {
        archive->count++;
        if (open_shelf(&archive->shelves[i], directory, &until[i], fault)) continue;
        destroy(&archive->source);
        return NULL;
    }
    return &archive->source;
}
