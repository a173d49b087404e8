/* Reading a file of an archive: see kept_part.h, schemas/archive.md.
 *
 * The file's hash says that it is what was written; reading it says that what was written is whole: the first line is this
 * partition's, each line begins at the offset where the one before ended (a record, a hole or a loss: nothing else may lie
 * between), the last line ends at the offset of the file's name and has counted the records. So a line that is missing, doubled
 * or moved is found by itself, and named by its offset. */
#include "aggregate/archive/kept_part.h"

#include "aggregate/archive/packed_file.h"
#include "check.h"
#include "zone.h"

#include <inttypes.h>

enum { BLOCK_BYTES = 1 << 18, LINE_BYTES_MAX = 1 << 28 };

struct kept_reader {
    char path[KEPT_PATH_BYTES];
    char topic[KEPT_TEXT_BYTES];
    int32_t partition;
    struct kept_part part;
    struct packed_reader *packed;
    char cluster[KEPT_TEXT_BYTES];
    int64_t position; /* offset that the next line must begin at */
    int64_t line;     /* number of the line that was read last */
    int64_t records;
    bool ended;
    struct kept_text rest; /* the beginning of a line, up to the next block */
};

void kept_part_name(const struct kept_part *part, char out[static KEPT_NAME_BYTES]) {
    int length = snprintf(out, KEPT_NAME_BYTES, "%020" PRId64 "-%020" PRId64 ".%s.ndjson.zst", part->from, part->next, part->day);
    CHECK(length > 0 && length < KEPT_NAME_BYTES);
}

bool kept_part_parse(const char *name, struct kept_part *part) {
    char again[KEPT_NAME_BYTES];
    long long from, next;
    int32_t day;
    if (strlen(name) >= KEPT_NAME_BYTES) return false;
    if (sscanf(name, "%20lld-%20lld.%10[0-9-]", &from, &next, part->day) != 3) return false;
    if (!iso_date_parse(slice_of(part->day), &day) || from < 0 || next <= from) return false;
    part->from = from;
    part->next = next;
    kept_part_name(part, again);
    return strcmp(again, name) == 0;
}

void kept_block_free(struct kept_block *block) {
    free(block->bytes);
    *block = (struct kept_block){.length = 0};
}

struct kept_reader *kept_reader_open(const char *path, const char *topic, int32_t partition, const struct kept_part *part,
                                     struct fault *fault) {
    struct kept_reader *reader = calloc(1, sizeof(*reader));
    CHECK_MEMORY(reader != NULL);
    (void)snprintf(reader->path, sizeof(reader->path), "%s", path);
    (void)snprintf(reader->topic, sizeof(reader->topic), "%s", topic);
    reader->partition = partition;
    reader->part = *part;
    reader->position = part->from;
    reader->packed = packed_open(reader->path, fault);
    if (reader->packed != NULL) return reader;
    free(reader);
    return NULL;
}

const char *kept_reader_cluster(const struct kept_reader *reader) {
    return reader->cluster;
}

void kept_reader_close(struct kept_reader *reader) {
    if (reader == NULL) return;
    packed_end(reader->packed);
    kept_text_free(&reader->rest);
    free(reader);
}

static void make_room(struct kept_block *block, size_t more) {
    if (block->room - block->length >= more) return;
    block->room = (block->length + more) * 2;
    block->bytes = realloc(block->bytes, block->room);
    CHECK_MEMORY(block->bytes != NULL);
}

static bool broken(const struct kept_reader *reader, const char *what, struct fault *fault) {
    return fault_set(fault, STOP_ARCHIVE_BROKEN, false, "%.300s: line %" PRId64 ", at offset %" PRId64 ": %s", reader->path,
                     reader->line, reader->position, what);
}

/* What stands behind the last newline is kept for the next block. */
static void split_rest(struct kept_reader *reader, struct kept_block *block, size_t end) {
    size_t length = block->length - end;
    reader->rest.length = 0;
    if (length == 0) return;
    if (reader->rest.room < length) {
        reader->rest.room = length * 2;
        reader->rest.bytes = realloc(reader->rest.bytes, reader->rest.room);
        CHECK_MEMORY(reader->rest.bytes != NULL);
    }
    memcpy(reader->rest.bytes, block->bytes + end, length);
    reader->rest.length = length;
    block->length = end;
}

bool kept_reader_fill(struct kept_reader *reader, struct kept_block *block, struct fault *fault) {
    block->length = block->at = 0;
    make_room(block, reader->rest.length + BLOCK_BYTES);
    if (reader->rest.length > 0) memcpy(block->bytes, reader->rest.bytes, reader->rest.length);
    block->length = reader->rest.length;
    reader->rest.length = 0;
    for (;;) {
        make_room(block, BLOCK_BYTES);
        int64_t got = packed_take(reader->packed, block->bytes + block->length, BLOCK_BYTES, fault);
        if (got < 0) return false;
        block->length += (size_t)got;
        const char *newline = block->length > 0 ? memrchr(block->bytes, '\n', block->length) : NULL;
        if (newline != NULL) {
            split_rest(reader, block, (size_t)(newline + 1 - block->bytes));
            return true;
        }
        if (got == 0 && block->length == 0 && reader->ended) return true;
        if (got == 0 && !reader->ended) return broken(reader, "the last lines are missing", fault);
        if (got == 0) return broken(reader, "something follows the last line", fault);
        if (block->length > LINE_BYTES_MAX) return broken(reader, "a line longer than any that is written", fault);
    }
}

static bool check_head(struct kept_reader *reader, const struct kept_line *line, struct fault *fault) {
    const struct kept_head *head = &line->head;
    bool ours = line->kind == KEPT_HEAD && strcmp(head->topic, reader->topic) == 0 && head->partition == reader->partition &&
                head->from == reader->part.from && strcmp(head->day, reader->part.day) == 0;
    if (!ours) return broken(reader, "the first line is not that of this topic, partition, offset and day", fault);
    memcpy(reader->cluster, head->cluster, sizeof(reader->cluster));
    return true;
}

static bool check_end(struct kept_reader *reader, const struct kept_line *line, struct fault *fault) {
    if (line->to != reader->position || line->to != reader->part.next)
        return broken(reader, "the last line ends at another offset than the file's name, or than the line before", fault);
    if (line->records != reader->records) return broken(reader, "the last line has counted other records", fault);
    reader->ended = true;
    return true;
}

/* A record or a range must begin where the line before ended, and lie within the file. */
static bool pass(struct kept_reader *reader, int64_t from, int64_t to, struct fault *fault) {
    char what[96];
    (void)snprintf(what, sizeof(what), "found is offset %" PRId64 ": lines are missing, or doubled", from);
    if (from != reader->position) return broken(reader, what, fault);
    if (to > reader->part.next) return broken(reader, "an offset behind the end of the file's name", fault);
    reader->position = to;
    return true;
}

static enum kept_found take_line(struct kept_reader *reader, const struct kept_line *line, struct fault *fault) {
    bool fine = true;
    if (reader->ended) {
        fine = broken(reader, "something follows the last line", fault);
    } else if (reader->line == 1) {
        fine = check_head(reader, line, fault);
    } else if (line->kind == KEPT_HEAD) {
        fine = broken(reader, "a second first line", fault);
    } else if (line->kind == KEPT_END) {
        fine = check_end(reader, line, fault);
    } else {
        bool record = line->kind == KEPT_RECORD;
        reader->records += record;
        fine = pass(reader, record ? line->record.offset : line->from, record ? line->record.next_offset : line->to, fault);
        if (fine) return KEPT_FOUND_LINE;
    }
    return fine ? KEPT_FOUND_NOTHING : KEPT_FOUND_FAULT;
}

enum kept_found kept_reader_next(struct kept_reader *reader, struct kept_block *block, struct kept_line *line,
                                 struct fault *fault) {
    while (block->at < block->length) {
        char *first = block->bytes + block->at;
        const char *newline = memchr(first, '\n', block->length - block->at);
        CHECK(newline != NULL);
        size_t length = (size_t)(newline - first);
        block->at += length + 1;
        reader->line++;
        if (!kept_line_read(first, length, line)) {
            (void)broken(reader, "not a line of an archive", fault);
            return KEPT_FOUND_FAULT;
        }
        enum kept_found found = take_line(reader, line, fault);
        if (found != KEPT_FOUND_NOTHING) return found;
    }
    return KEPT_FOUND_NOTHING;
}
