/* NDJSON files as logs: see source_file.h.
 *
 *     file:   {"type":...}\n{"type":...}\n
 *             ^ offset 0     ^ offset 13 = next_offset of the first record
 *
 * A reader fills a block of bytes and cuts batches of records out of it, which point into the block; so a line is
 * copied only when it lies across two blocks, nothing is allocated per record, and a block is used again when all
 * its batches are released. Of a line that is longer than a message may be only the head is kept, the rest is read
 * and dropped.
 *
 * Files are read in turn, a batch each, as partitions of a topic would come. Not mmap: a file that shrinks under
 * us would end the process with SIGBUS, and standard input cannot be mapped. A file is read up to the end that it
 * has when it is reached: what is appended later is for the next run, which starts where this one stopped. */
#include "ingest/source_file.h"

#include "check.h"
#include "ingest/line_time.h"
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 1024 * 1024, /* must hold a line of MESSAGE_BYTES_MAX + 1 and leave room to read */
    RECORDS_MAX = 512,         /* of one batch */
    TOPIC_BYTES = 250,
};

struct block {
    struct block *next; /* in the list of free ones */
    int users;          /* the reader that fills it, and batches that point into it */
    size_t length;
    char bytes[BLOCK_BYTES];
};

struct batch {
    struct batch *next; /* in the list of free ones */
    struct block *block;
    struct record records[RECORDS_MAX];
};

struct reader {
    int fd;
    char *path;
    char topic[TOPIC_BYTES];
    int32_t partition;
    bool seekable;
    bool held;
    bool at_eof;
    bool ended;          /* everything up to the end, or to `until`, is delivered */
    int64_t until;       /* 0: to the end */
    struct block *block; /* null before the first read */
    size_t start;        /* of the current line in the block */
    size_t searched;     /* the block holds no newline from `start` up to here */
    int64_t offset;      /* of the current line in the file */
    int64_t read_offset; /* of the byte after the block's last one, in the file */
    int64_t time_ms;     /* of the record before */
};

enum phase { PHASE_NONE = 0, PHASE_ASSIGN, PHASE_READ, PHASE_END };

struct source_file {
    struct source source;
    struct source_resume resume;
    enum phase phase;
    struct reader **readers;
    size_t reader_count;
    size_t turn; /* next reader to be looked at */
    struct batch *free_batches;
    struct block *free_blocks;
};

/* Digits behind a last `-`, at most six; 0 when the name does not end so. */
static size_t partition_digits(const char *name, size_t length) {
    enum { DIGITS_MAX = 6 };
    size_t digits = 0;
    while (digits < length && name[length - 1 - digits] >= '0' && name[length - 1 - digits] <= '9')
        digits++;
    bool fine = digits > 0 && digits <= DIGITS_MAX && length > digits + 1 && name[length - digits - 1] == '-';
    return fine ? digits : 0;
}

void source_file_name(const char *path, char topic[static 250], int32_t *partition) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    size_t length = strlen(name);
    if (length > 7 && strcmp(name + length - 7, ".ndjson") == 0) length -= 7;
    size_t digits = partition_digits(name, length);
    *partition = digits == 0 ? 0 : (int32_t)strtol(name + length - digits, NULL, 10);
    if (digits > 0) length -= digits + 1;
    if (length > TOPIC_BYTES - 1) length = TOPIC_BYTES - 1;
    for (size_t i = 0; i < length; i++)
        topic[i] = strchr(allowed, name[i]) == NULL ? '_' : name[i];
    topic[length] = '\0';
}

static struct source_partition who(const struct reader *reader) {
    return (struct source_partition){.topic = reader->topic, .partition = reader->partition};
}

static void close_reader(struct reader *reader) {
    if (reader->fd > STDIN_FILENO) (void)close(reader->fd);
    free(reader->path);
    free(reader);
}

static struct reader *open_reader(const char *path, int64_t until, struct fault *fault) {
    struct reader *reader = calloc(1, sizeof(*reader));
    char *copy = strdup(path);
    if (reader == NULL || copy == NULL) {
        free(reader), free(copy);
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for %s", path);
        return NULL;
    }
    bool standard_input = strcmp(path, "-") == 0;
    struct stat status;
    reader->path = copy;
    reader->until = until > 0 ? until : 0;
    source_file_name(standard_input ? "stdin" : path, reader->topic, &reader->partition);
    reader->fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool fine = reader->fd >= 0 && fstat(reader->fd, &status) == 0;
    if (fine && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        fine = false;
    }
    if (!fine) {
        (void)fault_set(fault, STOP_FILE_UNREADABLE, false, "%s cannot be read: %s", path, strerror(errno));
        close_reader(reader);
        return NULL;
    }
    reader->seekable = !standard_input && S_ISREG(status.st_mode);
    return reader;
}

/* A state that says "byte N" must find a line starting there; anything else is another file under the same name. */
static bool check_start(const struct reader *reader, int64_t start, int64_t end, struct fault *fault) {
    char before = '\n';
    if (start > end) {
        return fault_set(fault, STOP_FILE_OTHER, false,
                         "%s ends at byte %lld but reading should start at %lld: it is not the file that the state comes "
                         "from",
                         reader->path, (long long)end, (long long)start);
    }
    if (start > 0 && start < end && pread(reader->fd, &before, 1, start - 1) != 1) {
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: byte %lld cannot be read: %s", reader->path,
                         (long long)start - 1, strerror(errno));
    }
    if (before == '\n') return true;
    return fault_set(fault, STOP_FILE_OTHER, false,
                     "%s: no line starts at byte %lld, where reading should go on: it is not the file that the state comes from, "
                     "or its last line was still being written",
                     reader->path, (long long)start);
}

static bool assign(struct source_file *file, struct reader *reader, struct fault *fault) {
    struct source_position position = {
        .window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING, .mirrored = -1};
    struct stat status;
    if (fstat(reader->fd, &status) != 0) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: %s", reader->path,
                                                          strerror(errno));
    int64_t end = reader->seekable ? status.st_size : INT64_MAX; /* nobody knows where a pipe ends */
    if (reader->seekable && reader->until > end) {
        return fault_set(fault, STOP_FILE_OTHER, false, "%s has %lld bytes, but it should be read up to byte %lld", reader->path,
                         (long long)end, (long long)reader->until);
    }
    if (!file->resume.resume(file->resume.context, who(reader), 0, end, &position, fault)) return false;
    int64_t start = position.window_start < 0 ? 0 : position.window_start;
    if (!reader->seekable && start > 0) {
        return fault_set(fault, STOP_PIPE, false,
                         "%s cannot go on at byte %lld: only files can be resumed, not pipes; use a new `namespace`",
                         reader->path, (long long)start);
    }
    if (!reader->seekable) return true;
    if (!check_start(reader, start, end, fault)) return false;
    if (lseek(reader->fd, start, SEEK_SET) < 0)
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: seek: %s", reader->path, strerror(errno));
    reader->offset = start;
    reader->read_offset = start;
    reader->ended = reader->until != 0 && start >= reader->until;
    return true;
}

static struct block *take_block(struct source_file *file) {
    struct block *block = file->free_blocks;
    if (block == NULL) {
        block = malloc(sizeof(*block));
        CHECK_MEMORY(block != NULL);
    } else {
        file->free_blocks = block->next;
    }
    block->users = 1;
    block->length = 0;
    return block;
}

static void leave_block(struct source_file *file, struct block *block) {
    if (block == NULL || --block->users > 0) return;
    block->next = file->free_blocks;
    file->free_blocks = block;
}

static struct batch *take_batch(struct source_file *file, struct block *block) {
    struct batch *batch = file->free_batches;
    if (batch == NULL) {
        batch = malloc(sizeof(*batch));
        CHECK_MEMORY(batch != NULL);
    } else {
        file->free_batches = batch->next;
    }
    batch->block = block;
    block->users++;
    return batch;
}

/* Room behind the current line: drops the tail of an over-long one, moves the rest of a full block to a new one. */
static void make_room(struct source_file *file, struct reader *reader) {
    struct block *block = reader->block;
    if (block == NULL) {
        reader->block = take_block(file);
        reader->start = reader->searched = 0;
        return;
    }
    size_t kept = block->length - reader->start;
    if (kept > MESSAGE_BYTES_MAX) kept = MESSAGE_BYTES_MAX + 1;
    block->length = reader->start + kept;
    if (block->length + MESSAGE_BYTES_MAX < BLOCK_BYTES) {
        reader->searched = block->length;
        return;
    }
    reader->block = take_block(file);
    memcpy(reader->block->bytes, block->bytes + reader->start, kept);
    reader->block->length = reader->searched = kept;
    reader->start = 0;
    leave_block(file, block);
}

static bool fill(struct source_file *file, struct reader *reader, int timeout_ms, struct fault *fault) {
    struct pollfd ready = {.fd = reader->fd, .events = POLLIN};
    if (!reader->seekable && poll(&ready, 1, timeout_ms) <= 0) return true; /* nothing yet: a pipe may take its time */
    make_room(file, reader);
    struct block *block = reader->block;
    ssize_t got = read(reader->fd, block->bytes + block->length, BLOCK_BYTES - block->length);
    if (got < 0 && errno == EINTR) return true;
    if (got < 0) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: reading failed: %s", reader->path, strerror(errno));
    block->length += (size_t)got;
    reader->read_offset += got;
    reader->at_eof = got == 0;
    return true;
}

static void add_record(struct reader *reader, struct record *record, size_t end, int64_t next) {
    struct slice line = {.data = reader->block->bytes + reader->start, .length = end - reader->start};
    if (line.length > MESSAGE_BYTES_MAX) line.length = MESSAGE_BYTES_MAX + 1;
    bool tombstone = slice_equal(line, SLICE("null"));
    if (tombstone) line = (struct slice){.data = NULL, .length = 0};
    int64_t time_ms = 0;
    if (line_time(line, &time_ms)) reader->time_ms = time_ms;
    *record = (struct record){.value = line, .offset = reader->offset, .next_offset = next, .timestamp_ms = reader->time_ms};
    reader->offset = next;
}

static bool stopped(const struct reader *reader) {
    return reader->until != 0 && reader->offset >= reader->until;
}

/* The whole lines of the block become records, at most RECORDS_MAX; returns how many. */
static size_t cut_lines(struct reader *reader, struct record *records) {
    struct block *block = reader->block;
    size_t count = 0;
    while (count < RECORDS_MAX && !stopped(reader)) {
        const char *newline = memchr(block->bytes + reader->searched, '\n', block->length - reader->searched);
        if (newline == NULL) {
            reader->searched = block->length;
            break;
        }
        size_t end = (size_t)(newline - block->bytes);
        add_record(reader, &records[count++], end, reader->read_offset - (int64_t)(block->length - end) + 1);
        reader->start = reader->searched = end + 1;
    }
    bool rest = reader->at_eof && reader->searched == block->length && reader->start < block->length;
    if (rest && count < RECORDS_MAX && !stopped(reader)) { /* the last line has no newline */
        add_record(reader, &records[count++], block->length, reader->read_offset);
        reader->start = block->length;
    }
    reader->ended = stopped(reader) || (reader->at_eof && reader->start == block->length);
    return count;
}

/* One batch of one reader; false when it has nothing now. */
static bool read_batch(struct source_file *file, struct reader *reader, int timeout_ms, struct source_event *event) {
    if (reader->block == NULL || reader->searched == reader->block->length) {
        if (!fill(file, reader, timeout_ms, &event->fault)) {
            event->kind = SOURCE_FAULT;
            return true;
        }
        if (reader->block == NULL) return false;
    }
    struct batch *batch = take_batch(file, reader->block);
    size_t count = cut_lines(reader, batch->records);
    if (count == 0) {
        file->source.operations->release(&file->source, batch);
        return false;
    }
    *event = (struct source_event){.kind = SOURCE_BATCH,
                                   .partition = who(reader),
                                   .records = batch->records,
                                   .count = count,
                                   .next_offset = reader->offset,
                                   .batch = batch};
    return true;
}

static bool start(struct source *source, const struct source_resume *resume, struct fault *fault) {
    (void)fault;
    struct source_file *file = (struct source_file *)source;
    file->resume = *resume;
    file->phase = PHASE_ASSIGN;
    return true;
}

/* Assigns the files one by one, a poll each. */
static void poll_assign(struct source_file *file, struct source_event *event) {
    struct reader *reader = file->readers[file->turn];
    event->partition = who(reader);
    if (!assign(file, reader, &event->fault)) {
        event->kind = SOURCE_FAULT; /* retriable ones are tried again by the next poll */
        return;
    }
    event->kind = SOURCE_ASSIGNED;
    if (++file->turn < file->reader_count) return;
    file->turn = 0;
    file->phase = PHASE_READ;
}

static void nap(int timeout_ms) {
    struct timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    (void)nanosleep(&time, NULL);
}

/* Every file in turn, a batch each. */
static void poll_read(struct source_file *file, int timeout_ms, struct source_event *event) {
    size_t held = 0, ended = 0;
    for (size_t i = 0; i < file->reader_count; i++) {
        struct reader *reader = file->readers[file->turn];
        file->turn = (file->turn + 1) % file->reader_count;
        held += reader->held && !reader->ended;
        while (!reader->ended && !reader->held) {
            int64_t before = reader->read_offset;
            if (read_batch(file, reader, file->reader_count == 1 ? timeout_ms : 0, event)) return;
            if (reader->read_offset == before && !reader->at_eof) break; /* a pipe without news */
        }
        ended += reader->ended;
    }
    if (ended == file->reader_count) {
        file->phase = PHASE_END;
        file->turn = 0;
        return;
    }
    if (held > 0 || file->reader_count > 1) nap(timeout_ms);
}

static void poll_source(struct source *source, int timeout_ms, struct source_event *event) {
    struct source_file *file = (struct source_file *)source;
    *event = (struct source_event){.kind = SOURCE_NOTHING};
    if (file->phase == PHASE_ASSIGN) {
        poll_assign(file, event);
        return;
    }
    if (file->phase == PHASE_READ) {
        poll_read(file, timeout_ms, event);
        if (file->phase == PHASE_READ) return;
    }
    if (file->phase == PHASE_END && file->turn < file->reader_count) {
        const struct reader *reader = file->readers[file->turn++];
        *event = (struct source_event){.kind = SOURCE_END, .partition = who(reader), .next_offset = reader->offset};
        return;
    }
    event->kind = SOURCE_FINISHED;
}

static void release(struct source *source, void *handle) {
    struct source_file *file = (struct source_file *)source;
    struct batch *batch = handle;
    leave_block(file, batch->block);
    batch->next = file->free_batches;
    file->free_batches = batch;
}

static void hold(struct source *source, struct source_partition partition, bool hold) {
    struct source_file *file = (struct source_file *)source;
    for (size_t i = 0; i < file->reader_count; i++) {
        struct reader *reader = file->readers[i];
        if (reader->partition == partition.partition && strcmp(reader->topic, partition.topic) == 0) reader->held = hold;
    }
}

/* Back to an earlier line: the block is left to the batches that still point into it. */
static bool rewind_reader(struct source *source, struct source_partition partition, const struct source_position *position,
                          struct fault *fault) {
    struct source_file *file = (struct source_file *)source;
    int64_t start = position->window_start < 0 ? 0 : position->window_start;
    for (size_t i = 0; i < file->reader_count; i++) {
        struct reader *reader = file->readers[i];
        if (reader->partition != partition.partition || strcmp(reader->topic, partition.topic) != 0) continue;
        if (!reader->seekable || lseek(reader->fd, start, SEEK_SET) < 0) {
            return fault_set(fault, STOP_PIPE, false,
                             "%s cannot go back to byte %lld, where the state stands now: only files can be read again, not "
                             "pipes; give it as a file",
                             reader->path, (long long)start);
        }
        leave_block(file, reader->block);
        reader->block = NULL;
        reader->offset = reader->read_offset = start;
        reader->at_eof = false;
        reader->ended = reader->until != 0 && start >= reader->until;
        reader->time_ms = 0;
        if (file->phase == PHASE_END) file->phase = PHASE_READ;
        if (file->phase == PHASE_READ) file->turn %= file->reader_count;
        return true;
    }
    return fault_set(fault, STOP_FILE_OTHER, false, "%s/%d is none of the files", partition.topic, partition.partition);
}

static void mirror(struct source *source, struct source_partition partition, int64_t next) {
    (void)source, (void)partition, (void)next; /* a file has no group to tell */
}

static void destroy(struct source *source) {
    struct source_file *file = (struct source_file *)source;
    for (size_t i = 0; i < file->reader_count; i++) {
        leave_block(file, file->readers[i]->block);
        close_reader(file->readers[i]);
    }
    for (struct batch *batch = file->free_batches, *next; batch != NULL; batch = next) {
        next = batch->next;
        free(batch);
    }
    for (struct block *block = file->free_blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    free(file->readers);
    free(file);
}

/* Two files of one topic and partition would share one state: their byte offsets mean different things. */
static bool distinct(const struct source_file *file, struct fault *fault) {
    const struct reader *last = file->readers[file->reader_count - 1];
    for (size_t i = 0; i + 1 < file->reader_count; i++) {
        const struct reader *reader = file->readers[i];
        if (reader->partition != last->partition || strcmp(reader->topic, last->topic) != 0) continue;
        return fault_set(fault, STOP_SAME_PARTITION, false,
                         "%s and %s both are partition %d of topic %s: rename one to TOPIC-P.ndjson",
                         reader->path, last->path, last->partition, last->topic);
    }
    return true;
}

struct source *source_file_create(const struct source_file_options *options, struct fault *fault) {
    static const struct source_operations operations = {.name = "file",
                                                        .start = start,
                                                        .poll = poll_source,
                                                        .release = release,
                                                        .hold = hold,
                                                        .rewind = rewind_reader,
                                                        .mirror = mirror,
                                                        .destroy = destroy};
    CHECK(options->path_count > 0);
    struct source_file *file = calloc(1, sizeof(*file));
    struct reader **readers = calloc(options->path_count, sizeof(struct reader *));
    if (file == NULL || readers == NULL) {
        free(file), free(readers);
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a source");
        return NULL;
    }
    file->source.operations = &operations;
    file->readers = readers;
    for (size_t i = 0; i < options->path_count; i++) {
        readers[i] = open_reader(options->paths[i], options->until == NULL ? 0 : options->until[i], fault);
        if (readers[i] != NULL) file->reader_count++;
        if (readers[i] == NULL || !distinct(file, fault)) {
            destroy(&file->source);
            return NULL;
        }
    }
    return &file->source;
}
