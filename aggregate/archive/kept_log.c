/* A partition's directory in an archive: see kept_log.h, schemas/archive.md.
 *
 *     .part -> written, fsync, read back -> FROM-NEXT.DAY.ndjson.zst -> fsync of the directory -> MANIFEST.sha256
 *
 * A file gets its name only when it is whole and durable, and the manifest follows. So a crash leaves at most a `.part`, which is
 * removed, or whole files that the manifest does not name yet: whoever writes next reads them through, and takes them in if they
 * go on exactly where the manifest ends. Everything else that the manifest does not know, or that it names and that is not there,
 * is damage, and is refused: by name and offsets. */
#include "aggregate/archive/kept_log.h"

#include "aggregate/runtime/tree.h"
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define MANIFEST "MANIFEST.sha256"
#define UNFINISHED ".part"
#define NEW_MANIFEST ".manifest"

enum { LINE_BYTES = DIGEST_TEXT_BYTES + KEPT_NAME_BYTES + 8 };

static void path_of(const struct kept_log *log, const char *name, char out[static KEPT_PATH_BYTES]) {
    int length = snprintf(out, KEPT_PATH_BYTES, "%.900s/%s", log->directory, name);
    CHECK(length > 0 && length < KEPT_PATH_BYTES);
}

bool kept_directory_sync(const char *path, struct fault *fault) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool fine = directory >= 0 && fsync(directory) == 0;
    if (!fine) (void)fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: cannot be made durable: %s", path, strerror(errno));
    if (directory >= 0) (void)close(directory);
    return fine;
}

int64_t kept_log_first(const struct kept_log *log) {
    return log->count == 0 ? -1 : log->entries[0].part.from;
}

int64_t kept_log_end(const struct kept_log *log) {
    return log->count == 0 ? -1 : log->entries[log->count - 1].part.next;
}

static void append(struct kept_log *log, const struct kept_entry *entry) {
    log->entries = realloc(log->entries, (log->count + 1) * sizeof(*log->entries));
    CHECK_MEMORY(log->entries != NULL);
    log->entries[log->count++] = *entry;
}

void kept_log_add(struct kept_log *log, const struct kept_entry *entry) {
    CHECK(log->count == 0 || entry->part.from == kept_log_end(log));
    append(log, entry);
}

static bool take_line(struct kept_log *log, char *line, const char *path, int number, struct fault *fault) {
    struct kept_entry entry;
    char *digest, *name, member[KEPT_PATH_BYTES];
    if (!digest_line(line, &digest, &name) || !kept_part_parse(name, &entry.part)) {
        return fault_set(fault, STOP_ARCHIVE_BROKEN, false, "%.300s:%d: not a line of sha256sum with the name of a file of an "
                                                            "archive", path, number);
    }
    memcpy(entry.digest, digest, DIGEST_TEXT_BYTES);
    int64_t end = kept_log_end(log);
    if (log->count > 0 && entry.part.from != end) {
        bool overlap = entry.part.from < end;
        return fault_set(fault, STOP_ARCHIVE_BROKEN, false,
                         "%.250s:%d: %s, in front of it the files end at offset %" PRId64 ": offsets [%" PRId64 ", %" PRId64
                         ") of %.100s/%d %s",
                         path, number, name, end, overlap ? entry.part.from : end, overlap ? end : entry.part.from, log->topic,
                         log->partition, overlap ? "overlap" : "are missing");
    }
    path_of(log, name, member);
    if (access(member, R_OK) != 0) {
        return fault_set(fault, STOP_ARCHIVE_BROKEN, false,
                         "%.300s: %s: the manifest names it; offsets [%" PRId64 ", %" PRId64 ") of %.100s/%d are missing", member,
                         strerror(errno), entry.part.from, entry.part.next, log->topic, log->partition);
    }
    append(log, &entry);
    return true;
}

static bool read_manifest(struct kept_log *log, struct fault *fault) {
    char path[KEPT_PATH_BYTES], line[LINE_BYTES];
    path_of(log, MANIFEST, path);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        if (errno == ENOENT) return true;
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: %s", path, strerror(errno));
    }
    bool fine = true;
    for (int number = 1; fine && fgets(line, sizeof(line), file) != NULL; number++)
        fine = take_line(log, line, path, number, fault);
    if (fine && ferror(file) != 0)
        fine = fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: reading broke off: %s", path, strerror(errno));
    (void)fclose(file);
    log->sealed = log->count;
    return fine;
}

static bool is_named(const struct kept_log *log, const struct kept_part *part) {
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (log->entries[middle].part.from < part->from) low = middle + 1;
        else high = middle;
    }
    if (low == log->count) return false;
    const struct kept_part *found = &log->entries[low].part;
    return found->from == part->from && found->next == part->next && strcmp(found->day, part->day) == 0;
}

/* Files that the manifest does not name, in order; the caller frees. */
struct strays {
    struct kept_part *parts;
    size_t count;
};

static int by_offset(const void *left, const void *right) {
    const struct kept_part *a = left, *b = right;
    return a->from < b->from ? -1 : a->from > b->from;
}

static bool find_strays(const struct kept_log *log, struct strays *strays, struct fault *fault) {
    *strays = (struct strays){.count = 0};
    DIR *listing = opendir(log->directory);
    if (listing == NULL) {
        return errno == ENOENT || fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s cannot be listed: %s", log->directory,
                                            strerror(errno));
    }
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        struct kept_part part;
        if (!kept_part_parse(entry->d_name, &part) || is_named(log, &part)) continue;
        strays->parts = realloc(strays->parts, (strays->count + 1) * sizeof(*strays->parts));
        CHECK_MEMORY(strays->parts != NULL);
        strays->parts[strays->count++] = part;
    }
    (void)closedir(listing);
    if (strays->count > 1) qsort(strays->parts, strays->count, sizeof(*strays->parts), by_offset);
    return true;
}

static bool refuse_stray(const struct kept_log *log, const struct kept_part *part, struct fault *fault) {
    char name[KEPT_NAME_BYTES];
    kept_part_name(part, name);
    return fault_set(fault, STOP_ARCHIVE_BROKEN, false,
                     "%.300s/%s: not in " MANIFEST ", whose files end at offset %" PRId64 ": offsets [%" PRId64 ", %" PRId64
                     ") of %.100s/%d do not go on there",
                     log->directory, name, kept_log_end(log), part->from, part->next, log->topic, log->partition);
}

static bool prepare(struct kept_log *log, const char *archive, const char *topic, int32_t partition, struct fault *fault) {
    *log = (struct kept_log){.partition = partition, .tail_offset = -1};
    (void)snprintf(log->topic, sizeof(log->topic), "%s", topic);
    if (strlen(archive) + strlen(topic) + 16 < 900) {
        (void)snprintf(log->directory, sizeof(log->directory), "%s/%s-%d", archive, topic, partition);
        return true;
    }
    return fault_set(fault, STOP_USAGE, false, "%.300s: the path is too long", archive);
}

bool kept_log_open(struct kept_log *log, const char *archive, const char *topic, int32_t partition, struct fault *fault) {
    struct strays strays;
    if (!prepare(log, archive, topic, partition, fault) || !read_manifest(log, fault)) return false;
    if (!find_strays(log, &strays, fault)) return false;
    bool fine = true;
    if (strays.count > 0 && log->count == 0) {
        fine = fault_set(fault, STOP_ARCHIVE_BROKEN, false,
                         "%.300s: has files and no " MANIFEST ": archiving was broken off before it; nhip archive finishes it",
                         log->directory);
    } else if (strays.count > 0 && strays.parts[0].from < kept_log_end(log)) {
        fine = refuse_stray(log, &strays.parts[0], fault);
    }
    free(strays.parts);
    return fine;
}

void kept_log_close(struct kept_log *log) {
    free(log->entries);
    kept_text_free(&log->tail);
    *log = (struct kept_log){.count = 0};
}

static bool differs(const struct kept_log *log, size_t i, struct fault *fault) {
    const struct kept_part *part = &log->entries[i].part;
    char name[KEPT_NAME_BYTES];
    kept_part_name(part, name);
    return fault_set(fault, STOP_ARCHIVE_BROKEN, false,
                     "%.300s/%s: its SHA-256 is not the manifest's: offsets [%" PRId64 ", %" PRId64
                     ") of %.100s/%d are not what was archived",
                     log->directory, name, part->from, part->next, log->topic, log->partition);
}

void kept_log_path(const struct kept_log *log, size_t i, char out[static KEPT_PATH_BYTES]) {
    char name[KEPT_NAME_BYTES];
    kept_part_name(&log->entries[i].part, name);
    path_of(log, name, out);
}

bool kept_log_check_hash(const struct kept_log *log, size_t i, struct fault *fault) {
    char path[KEPT_PATH_BYTES], digest[DIGEST_TEXT_BYTES];
    kept_log_path(log, i, path);
    if (!digest_file(path, digest, fault)) return false;
    return strcmp(digest, log->entries[i].digest) == 0 || differs(log, i, fault);
}

/* What is to be known of a file that is read through. */
struct digest_of_part {
    int64_t records, lost;
    int64_t tail_offset;
    struct kept_text *tail; /* null: not wanted */
    char *cluster;          /* null: not wanted */
};

static void note_line(const struct kept_line *line, struct digest_of_part *found) {
    if (line->kind == KEPT_LOST) found->lost += line->to - line->from;
    if (line->kind != KEPT_RECORD) return;
    found->records++;
    found->tail_offset = line->record.offset;
    if (found->tail == NULL) return;
    found->tail->length = 0;
    kept_put_record(found->tail, &line->record, line->headers, line->header_count);
}

static bool read_through(const struct kept_log *log, const char *path, const struct kept_part *part,
                         struct digest_of_part *found, struct fault *fault) {
    struct kept_block block = {.length = 0};
    struct kept_line line = {.header_count = 0};
    struct kept_reader *reader = kept_reader_open(path, log->topic, log->partition, part, fault);
    bool fine = reader != NULL;
    while (fine && (fine = kept_reader_fill(reader, &block, fault)) && block.length > 0) {
        enum kept_found what;
        while ((what = kept_reader_next(reader, &block, &line, fault)) == KEPT_FOUND_LINE) note_line(&line, found);
        fine = what != KEPT_FOUND_FAULT;
    }
    if (fine && found->cluster != NULL) (void)snprintf(found->cluster, KEPT_TEXT_BYTES, "%s", kept_reader_cluster(reader));
    kept_block_free(&block);
    kept_line_free(&line);
    kept_reader_close(reader);
    return fine;
}

bool kept_log_check(const struct kept_log *log, size_t i, int64_t *records, int64_t *lost, struct fault *fault) {
    char path[KEPT_PATH_BYTES];
    struct digest_of_part found = {.tail_offset = -1};
    kept_log_path(log, i, path);
    if (!kept_log_check_hash(log, i, fault) || !read_through(log, path, &log->entries[i].part, &found, fault)) return false;
    *records += found.records;
    *lost += found.lost;
    return true;
}

bool kept_log_prove(const struct kept_log *log, const char *path, const struct kept_entry *entry, int64_t records,
                    struct fault *fault) {
    char digest[DIGEST_TEXT_BYTES];
    struct digest_of_part found = {.tail_offset = -1};
    if (!digest_file(path, digest, fault) || !read_through(log, path, &entry->part, &found, fault)) return false;
    if (strcmp(digest, entry->digest) == 0 && found.records == records) return true;
    return fault_set(fault, STOP_ARCHIVE_BROKEN, false, "%.300s: read back are other bytes than were written: a disk that fails?",
                     path);
}

static bool adopt(struct kept_log *log, const struct strays *strays, struct fault *fault) {
    for (size_t i = 0; i < strays->count; i++) {
        char name[KEPT_NAME_BYTES], path[KEPT_PATH_BYTES];
        struct kept_entry entry = {.part = strays->parts[i]};
        struct digest_of_part found = {.tail_offset = -1};
        if (log->count > 0 && entry.part.from != kept_log_end(log)) return refuse_stray(log, &entry.part, fault);
        kept_part_name(&entry.part, name);
        path_of(log, name, path);
        if (!read_through(log, path, &entry.part, &found, fault) || !digest_file(path, entry.digest, fault)) return false;
        kept_log_add(log, &entry);
    }
    return true;
}

static bool prove_last(struct kept_log *log, struct fault *fault) {
    struct digest_of_part found = {.tail_offset = -1, .tail = &log->tail, .cluster = log->cluster};
    char path[KEPT_PATH_BYTES];
    if (log->count == 0) return true;
    kept_log_path(log, log->count - 1, path);
    if (!kept_log_check_hash(log, log->count - 1, fault)) return false;
    if (!read_through(log, path, &log->entries[log->count - 1].part, &found, fault)) return false;
    log->tail_offset = found.tail_offset;
    return true;
}

static void remove_unfinished(const struct kept_log *log) {
    static const char *const names[] = {UNFINISHED, NEW_MANIFEST};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[KEPT_PATH_BYTES];
        path_of(log, names[i], path);
        (void)unlink(path);
    }
}

bool kept_log_resume(struct kept_log *log, const char *archive, const char *topic, int32_t partition, struct fault *fault) {
    struct strays strays;
    if (!prepare(log, archive, topic, partition, fault) || !tree_make(log->directory, fault)) return false;
    remove_unfinished(log);
    if (!read_manifest(log, fault) || !find_strays(log, &strays, fault)) return false;
    bool fine = adopt(log, &strays, fault);
    free(strays.parts);
    return fine && kept_log_seal(log, fault) && prove_last(log, fault);
}

static bool write_manifest(const struct kept_log *log, const char *path, struct fault *fault) {
    FILE *file = fopen(path, "we");
    bool fine = file != NULL;
    for (size_t i = 0; fine && i < log->count; i++) {
        char name[KEPT_NAME_BYTES];
        kept_part_name(&log->entries[i].part, name);
        fine = fprintf(file, "%s  %s\n", log->entries[i].digest, name) > 0;
    }
    fine = fine && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (!fine) (void)fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: cannot be written: %s", path, strerror(errno));
    if (file != NULL) (void)fclose(file);
    return fine;
}

bool kept_log_seal(struct kept_log *log, struct fault *fault) {
    char aside[KEPT_PATH_BYTES], path[KEPT_PATH_BYTES];
    if (log->sealed == log->count) return true;
    path_of(log, NEW_MANIFEST, aside);
    path_of(log, MANIFEST, path);
    if (!write_manifest(log, aside, fault)) return false;
    if (rename(aside, path) != 0)
        return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: cannot be renamed: %s", path, strerror(errno));
    if (!kept_directory_sync(log->directory, fault)) return false;
    log->sealed = log->count;
    return true;
}
