/* Files of an archive in the making: see kept_writer.h, schemas/archive.md.
 *
 * A file is cut where a record of a later local day comes, or when it has grown to PART_BYTES of lines; and at the end of each
 * call. It holds a range of offsets without a hole in it, because only so the next file's beginning proves that none is missing.
 * So records that come late stand in the file of the day on which they came, and a clock that runs ahead gives one file a wrong
 * day: the day in the name is for people who look for something, no more.
 *
 * A finished file is read back through the reader before it gets its name: one that cannot be read is found while Kafka still has
 * the records. */
#include "aggregate/archive/kept_writer.h"

#include "aggregate/archive/packed_file.h"
#include "aggregate/runtime/clock.h"
#include "check.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

enum { PART_BYTES = 1 << 28, TEXT_BYTES = 1 << 17, SEAL_PARTS = 32 };

struct kept_writer {
    struct kept_log *log;
    const struct zone *zone;
    const char *cluster;
    int64_t position; /* the next offset to be accounted for; -1: not begun */
    int64_t lost;     /* offsets in front of it were lost, up to here; 0: none */
    int32_t day;      /* of the open file, or the one before; INT32_MIN: none yet */
    struct packed_writer *packed; /* null: no file is open */
    struct kept_part part;
    int64_t part_bytes, part_records;
    struct kept_text text;  /* lines that are not packed yet */
    struct kept_text probe; /* a line to be compared */
    struct kept_totals totals;
};

struct kept_writer *kept_writer_create(struct kept_log *log, const struct zone *zone, const char *cluster) {
    struct kept_writer *writer = calloc(1, sizeof(*writer));
    CHECK_MEMORY(writer != NULL);
    *writer = (struct kept_writer){
        .log = log, .zone = zone, .cluster = cluster, .position = kept_log_end(log), .day = INT32_MIN};
    if (log->count > 0) CHECK(iso_date_parse(slice_of(log->entries[log->count - 1].part.day), &writer->day));
    return writer;
}

void kept_writer_begin(struct kept_writer *writer, int64_t first) {
    CHECK(writer->log->count == 0 && writer->packed == NULL);
    writer->position = first;
}

void kept_writer_lose(struct kept_writer *writer, int64_t first) {
    CHECK(writer->packed == NULL && first > writer->position);
    writer->lost = first;
}

struct kept_totals kept_writer_totals(const struct kept_writer *writer) {
    return writer->totals;
}

int64_t kept_writer_position(const struct kept_writer *writer) {
    return writer->position;
}

static void unfinished_path(const struct kept_writer *writer, char out[static KEPT_PATH_BYTES]) {
    (void)snprintf(out, KEPT_PATH_BYTES, "%.900s/.part", writer->log->directory);
}

void kept_writer_destroy(struct kept_writer *writer) {
    if (writer == NULL) return;
    if (writer->packed != NULL) {
        char path[KEPT_PATH_BYTES];
        unfinished_path(writer, path);
        (void)unlink(path);
    }
    packed_close(writer->packed);
    kept_text_free(&writer->text);
    kept_text_free(&writer->probe);
    free(writer);
}

static bool pack_text(struct kept_writer *writer, struct fault *fault) {
    const struct slice lines = {writer->text.bytes, writer->text.length};
    writer->totals.plain_bytes += (int64_t)lines.length;
    writer->part_bytes += (int64_t)lines.length;
    writer->text.length = 0;
    return lines.length == 0 || packed_put(writer->packed, lines, fault);
}

/* The local day of a record; times that no calendar has are those of its first and last year. */
static int32_t day_of(const struct kept_writer *writer, int64_t time_ms) {
    static const int64_t last_ms = 7258118400000 - 2 * 86400000; /* shortly before 2200 */
    return zone_day(writer->zone, time_ms < 86400000 ? 86400000 : time_ms > last_ms ? last_ms : time_ms);
}

static bool open_part(struct kept_writer *writer, int32_t day, struct fault *fault) {
    char path[KEPT_PATH_BYTES];
    struct kept_head head = {.partition = writer->log->partition, .from = writer->position};
    unfinished_path(writer, path);
    writer->packed = packed_create(path, fault);
    if (writer->packed == NULL) return false;
    writer->day = day;
    writer->part = (struct kept_part){.from = writer->position};
    writer->part_bytes = writer->part_records = 0;
    iso_date_format(day, writer->part.day);
    (void)snprintf(head.topic, sizeof(head.topic), "%s", writer->log->topic);
    (void)snprintf(head.cluster, sizeof(head.cluster), "%s", writer->cluster);
    memcpy(head.day, writer->part.day, sizeof(head.day));
    kept_put_head(&writer->text, &head);
    if (writer->lost > writer->position) {
        kept_put_range(&writer->text, KEPT_LOST, writer->position, writer->lost);
        writer->totals.lost += writer->lost - writer->position;
        writer->position = writer->lost;
    }
    return true;
}

/* Under its name, for good. */
static bool put_in_place(struct kept_writer *writer, const char *aside, const struct kept_entry *entry, struct fault *fault) {
    char path[KEPT_PATH_BYTES];
    kept_log_add(writer->log, entry);
    kept_log_path(writer->log, writer->log->count - 1, path);
    if (rename(aside, path) == 0) return kept_directory_sync(writer->log->directory, fault);
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: cannot be renamed: %s", path, strerror(errno));
}

static bool close_part(struct kept_writer *writer, struct fault *fault) {
    char path[KEPT_PATH_BYTES];
    struct kept_entry entry;
    int64_t file_bytes;
    unfinished_path(writer, path);
    writer->part.next = writer->position;
    kept_put_end(&writer->text, writer->position, writer->part_records);
    if (!pack_text(writer, fault) || !packed_finish(writer->packed, entry.digest, &file_bytes, fault)) return false;
    packed_close(writer->packed);
    writer->packed = NULL;
    entry.part = writer->part;
    if (!kept_log_prove(writer->log, path, &entry, writer->part_records, fault)) return false;
    if (!put_in_place(writer, path, &entry, fault)) return false;
    writer->totals.parts++;
    writer->totals.file_bytes += file_bytes;
    return writer->log->count - writer->log->sealed < SEAL_PARTS || kept_log_seal(writer->log, fault);
}

/* The record that the archive ends with must be the one that the log has at its offset. */
static bool prove_tail(struct kept_writer *writer, const struct record *record, const struct kept_header *headers, size_t count,
                       struct fault *fault) {
    const struct kept_log *log = writer->log;
    if (record->offset != log->tail_offset) return true;
    writer->probe.length = 0;
    kept_put_record(&writer->probe, record, headers, count);
    const struct slice kept = {log->tail.bytes, log->tail.length}, found = {writer->probe.bytes, writer->probe.length};
    if (slice_equal(kept, found)) return true;
    return fault_set(fault, STOP_ARCHIVE_OTHER, false,
                     "%.100s/%d: the record at offset %" PRId64 " is not the one that was archived: the topic was made again, or "
                     "this is another cluster",
                     log->topic, log->partition, record->offset);
}

bool kept_writer_put(struct kept_writer *writer, const struct record *record, const struct kept_header *headers, size_t count,
                     struct fault *fault) {
    CHECK(writer->position >= 0);
    if (record->offset < writer->position) return prove_tail(writer, record, headers, count, fault);
    int32_t day = day_of(writer, record->timestamp_ms);
    bool full = writer->packed != NULL && (day > writer->day || writer->part_bytes >= PART_BYTES);
    if (full && !close_part(writer, fault)) return false;
    if (writer->packed == NULL && !open_part(writer, day, fault)) return false;
    if (record->offset > writer->position) kept_put_range(&writer->text, KEPT_HOLE, writer->position, record->offset);
    kept_put_record(&writer->text, record, headers, count);
    writer->position = record->offset + 1;
    writer->part_records++;
    writer->totals.records++;
    return writer->text.length < TEXT_BYTES || pack_text(writer, fault);
}

bool kept_writer_pass(struct kept_writer *writer, int64_t next, struct fault *fault) {
    CHECK(writer->position >= 0);
    bool lost = writer->lost > writer->position;
    if (next <= writer->position && !lost) return true;
    int32_t day = writer->day != INT32_MIN ? writer->day : day_of(writer, clock_wall_ms());
    if (writer->packed == NULL && !open_part(writer, day, fault)) return false;
    if (next <= writer->position) return true;
    kept_put_range(&writer->text, KEPT_HOLE, writer->position, next);
    writer->position = next;
    return true;
}

bool kept_writer_close(struct kept_writer *writer, struct fault *fault) {
    return (writer->packed == NULL || close_part(writer, fault)) && kept_log_seal(writer->log, fault);
}
