/* Reading an archive: nothing is believed before its check holds.
 *
 * The file is read whole, since all of it goes to Redis anyway, and one partition is what a reader of the state holds in memory
 * too. What is found wrong is told with its byte in the file; inside the body, which only a writer gone wrong can have spoilt
 * (its blocks' checks held), with its byte in the body. */
#include "aggregate/backup/archive_parts.h"

#include "aggregate/runtime/squeeze.h"
#include "check.h"

#include <errno.h>
#include <sys/stat.h>

struct reading {
    const char *path;
    char *bytes;
    size_t length;
    size_t at;
    uint8_t header_check[DIGEST_RAW_BYTES];
    struct fault *fault;
};

static bool wrong(struct reading *reading, size_t at, const char *what) {
    return fault_set(reading->fault, STOP_BACKUP_BROKEN, false, "%.250s: byte %zu: %s; take another backup", reading->path, at,
                     what);
}

static bool read_all(struct reading *reading) {
    struct stat status;
    FILE *file = fopen(reading->path, "rbe");
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        (void)fault_set(reading->fault, STOP_FILE_UNREADABLE, false, "%.250s: %s", reading->path, strerror(errno));
        if (file != NULL) (void)fclose(file);
        return false;
    }
    size_t room = status.st_size > 0 ? (size_t)status.st_size : 0;
    reading->bytes = malloc(room + 1);
    CHECK_MEMORY(reading->bytes != NULL);
    reading->length = fread(reading->bytes, 1, room, file);
    reading->bytes[reading->length] = '\0';
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (!broken) return true;
    return fault_set(reading->fault, STOP_FILE_UNREADABLE, false, "%.250s: reading broke off at byte %zu", reading->path,
                     reading->length);
}

/* --- the header --- */

/* The rest of the line that starts with `name` and a blank. */
static bool take_line(struct reading *reading, const char *name, struct slice *value) {
    char what[80];
    const char *at = reading->bytes + reading->at;
    size_t left = reading->length - reading->at;
    size_t length = strlen(name);
    const char *end = memchr(at, '\n', left);
    if (end == NULL || (size_t)(end - at) <= length || memcmp(at, name, length) != 0 || at[length] != ' ') {
        (void)snprintf(what, sizeof(what), "a line `%s ...` is expected%s", name, end == NULL ? ", the file ends before it" : "");
        return wrong(reading, reading->at, what);
    }
    *value = (struct slice){at + length + 1, (size_t)(end - at) - length - 1};
    reading->at += (size_t)(end - at) + 1;
    return true;
}

static bool take_text(struct reading *reading, const char *name, char *out, size_t capacity) {
    struct slice value;
    size_t before = reading->at;
    if (!take_line(reading, name, &value)) return false;
    if (value.length >= capacity || memchr(value.data, '\0', value.length) != NULL)
        return wrong(reading, before, "the value is too long");
    memcpy(out, value.data, value.length);
    out[value.length] = '\0';
    return true;
}

static bool take_number(struct reading *reading, const char *name, int64_t min, int64_t *out) {
    struct slice value;
    size_t before = reading->at;
    if (!take_line(reading, name, &value)) return false;
    if (decimal_read(value, out) && *out >= min) return true;
    return wrong(reading, before, "the value is not such a number");
}

static bool take_unsigned(struct reading *reading, const char *name, uint64_t *out) {
    char text[24];
    size_t before = reading->at;
    char *end = NULL;
    if (!take_text(reading, name, text, sizeof(text))) return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0') return true;
    return wrong(reading, before, "the value is not such a number");
}

static bool take_version(struct reading *reading) {
    static const char first[] = "nhip-backup ";
    int64_t version = 0;
    if (reading->length < sizeof(first) - 1 || memcmp(reading->bytes, first, sizeof(first) - 1) != 0)
        return fault_set(reading->fault, STOP_BACKUP_BROKEN, false, "%.250s: byte 0: not a file of `nhip backup`", reading->path);
    if (!take_number(reading, "nhip-backup", 0, &version)) return false;
    if (version == ARCHIVE_VERSION) return true;
    return fault_set(reading->fault, STOP_BACKUP_VERSION, false,
                     "%.250s: byte 12: format version %lld, this nhip reads %d: use the nhip that wrote it", reading->path,
                     (long long)version, ARCHIVE_VERSION);
}

static bool take_settings(struct reading *reading, struct archive_header *header) {
    int64_t lines = 0;
    if (!take_number(reading, "settings", 0, &lines)) return false;
    size_t start = reading->at;
    for (; lines > 0; lines--) {
        const char *end = memchr(reading->bytes + reading->at, '\n', reading->length - reading->at);
        if (end == NULL) return wrong(reading, reading->at, "the file ends within its settings");
        reading->at = (size_t)(end - reading->bytes) + 1;
    }
    header->settings = strndup(reading->bytes + start, reading->at - start);
    CHECK_MEMORY(header->settings != NULL);
    return true;
}

static bool take_what(struct reading *reading, struct archive_header *header, int64_t *partition) {
    return take_text(reading, "topic", header->topic, sizeof(header->topic)) &&
           take_number(reading, "partition", 0, partition) &&
           take_text(reading, "cluster", header->cluster, sizeof(header->cluster)) &&
           take_number(reading, "layout", 0, &header->layout) &&
           take_text(reading, "config", header->configuration, sizeof(header->configuration)) &&
           take_number(reading, "next", 0, &header->next) && take_number(reading, "tail_offset", -1, &header->tail_offset) &&
           take_unsigned(reading, "tail_print", &header->tail_print);
}

static bool take_header(struct reading *reading, struct archive_header *header) {
    int64_t partition = 0;
    if (!take_version(reading) || !take_what(reading, header, &partition) ||
        !take_text(reading, "namespace", header->name_space, sizeof(header->name_space)) ||
        !take_text(reading, "taken", header->taken, sizeof(header->taken)) ||
        !take_text(reading, "engine", header->engine, sizeof(header->engine)) || !take_settings(reading, header))
        return false;
    header->partition = (int32_t)partition;
    if (partition > INT32_MAX) return wrong(reading, 0, "the partition is not such a number");
    char check[DIGEST_TEXT_BYTES], found[DIGEST_TEXT_BYTES];
    struct digest digest;
    digest_begin(&digest);
    digest_add(&digest, (struct slice){reading->bytes, reading->at});
    digest_end(&digest, reading->header_check);
    digest_text(reading->header_check, check);
    if (!take_text(reading, "check", found, sizeof(found))) return false;
    return strcmp(check, found) == 0 || wrong(reading, 0, "the header does not match its check");
}

static bool header_fits(struct reading *reading, const struct archive_header *header) {
    char name[ARCHIVE_FILE_NAME_BYTES];
    const char *slash = strrchr(reading->path, '/');
    archive_file_name(header->topic, header->partition, name);
    if (strcmp(slash != NULL ? slash + 1 : reading->path, name) != 0) {
        return fault_set(reading->fault, STOP_BACKUP_BROKEN, false,
                         "%.200s: byte 14: holds %.200s/%d, so its name should be %.200s: it does not belong here", reading->path,
                         header->topic, header->partition, name);
    }
    if (header->layout == LAYOUT_VERSION) return true;
    return fault_set(reading->fault, STOP_BACKUP_VERSION, false,
                     "%.250s: store layout %lld, this nhip reads and writes %d only: use the nhip that wrote it", reading->path,
                     (long long)header->layout, LAYOUT_VERSION);
}

/* --- the blocks --- */

static size_t size_at(const char *at) {
    size_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

static bool block_wrong(struct reading *reading, int64_t number, const char *what) {
    char text[120];
    (void)snprintf(text, sizeof(text), "block %lld %s", (long long)number, what);
    return wrong(reading, reading->at, text);
}

/* Proves and unpacks one block behind body[0..*length). `*last`: it ends the body. */
static bool take_block(struct reading *reading, struct squeeze *squeeze, struct archive *archive, size_t *room, bool *last) {
    int64_t number = archive->totals.blocks;
    size_t left = reading->length - reading->at;
    const char *at = reading->bytes + reading->at;
    uint8_t check[DIGEST_RAW_BYTES];
    if (left < BLOCK_SIZES_BYTES + BLOCK_CHECK_BYTES) return block_wrong(reading, number, "is missing: the file was cut off");
    size_t packed = size_at(at);
    size_t plain = size_at(at + 4);
    if (plain > ARCHIVE_BLOCK_BYTES || packed > squeeze_bound(ARCHIVE_BLOCK_BYTES) || (packed == 0) != (plain == 0))
        return block_wrong(reading, number, "does not match its check: it has an impossible size");
    if (left - BLOCK_SIZES_BYTES - BLOCK_CHECK_BYTES < packed)
        return block_wrong(reading, number, "does not end: the file was cut off, or its size is wrong");
    block_check(reading->header_check, number, (struct slice){at, BLOCK_SIZES_BYTES + packed}, check);
    if (memcmp(check, at + BLOCK_SIZES_BYTES + packed, BLOCK_CHECK_BYTES) != 0)
        return block_wrong(reading, number, "does not match its check");
    size_t length = (size_t)archive->totals.body_bytes;
    if (length + plain > *room) {
        *room = 2 * (length + plain);
        archive->body = realloc(archive->body, *room);
        CHECK_MEMORY(archive->body != NULL);
    }
    if (plain > 0 && !squeeze_unpack(squeeze, at + BLOCK_SIZES_BYTES, packed, archive->body + length, plain))
        return block_wrong(reading, number, "cannot be unpacked");
    archive->totals.body_bytes += (int64_t)plain;
    archive->totals.blocks += plain > 0;
    *last = plain == 0;
    reading->at += BLOCK_SIZES_BYTES + packed + BLOCK_CHECK_BYTES;
    return true;
}

static bool take_blocks(struct reading *reading, struct archive *archive) {
    struct squeeze *squeeze = squeeze_create();
    size_t room = 0;
    bool last = false;
    bool fine = true;
    while (fine && !last)
        fine = take_block(reading, squeeze, archive, &room, &last);
    squeeze_destroy(squeeze);
    return fine;
}

/* --- the body --- */

struct body {
    const char *start, *at, *end;
};

static bool body_wrong(struct reading *reading, const struct body *body, const char *what) {
    return fault_set(reading->fault, STOP_BACKUP_BROKEN, false, "%.250s: byte %lld of the body: %s", reading->path,
                     (long long)(body->at - body->start), what);
}

static bool take_size(struct body *body, size_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 63 && body->at < body->end; shift += 7) {
        unsigned char byte = (unsigned char)*body->at++;
        *value |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return byte != 0 || shift == 0; /* one spelling for each number */
    }
    return false;
}

static bool take_slice(struct body *body, struct slice *text) {
    size_t length = 0;
    if (!take_size(body, &length) || length > (size_t)(body->end - body->at)) return false;
    *text = (struct slice){body->at, length};
    body->at += length;
    return true;
}

static bool take_pairs(struct reading *reading, struct body *body, struct archive *archive, size_t count) {
    struct slice last = {NULL, 0};
    for (size_t i = 0; i < count; i++) {
        struct slice field, value;
        if (!take_slice(body, &field) || !take_slice(body, &value)) return body_wrong(reading, body, "it ends inside a hash");
        if (i > 0 && bytes_compare(last, field) >= 0) return body_wrong(reading, body, "fields are not in order");
        last = field;
    }
    archive->totals.fields += (int64_t)count;
    return true;
}

static bool take_hash(struct reading *reading, struct body *body, struct archive *archive, size_t *room) {
    struct slice name;
    struct archive_hash hash = {.pairs = 0};
    if (!take_slice(body, &name) || !archive_key_read(name, &hash.key))
        return body_wrong(reading, body, "not the name of a hash");
    if (!take_size(body, &hash.pairs)) return body_wrong(reading, body, "not a number of fields");
    size_t count = archive->hash_count;
    if (count > 0 && archive_key_compare(archive->hashes[count - 1].key, hash.key) >= 0)
        return body_wrong(reading, body, "hashes are not in order");
    hash.at = body->at;
    if (!take_pairs(reading, body, archive, hash.pairs)) return false;
    if (count == *room) {
        *room = *room == 0 ? 1024 : *room * 2;
        archive->hashes = realloc(archive->hashes, *room * sizeof(*archive->hashes));
        CHECK_MEMORY(archive->hashes != NULL);
    }
    archive->hashes[archive->hash_count++] = hash;
    archive->totals.hashes++;
    return true;
}

static bool take_body(struct reading *reading, struct archive *archive) {
    struct body body = {.start = archive->body, .at = archive->body};
    size_t room = 0;
    body.end = archive->totals.body_bytes > 0 ? archive->body + archive->totals.body_bytes : archive->body;
    bool fine = true;
    while (fine && body.at < body.end)
        fine = take_hash(reading, &body, archive, &room);
    return fine;
}

static bool take_end(struct reading *reading, const struct archive_totals *totals) {
    char line[256], all[DIGEST_TEXT_BYTES];
    uint8_t raw[DIGEST_RAW_BYTES];
    struct digest digest;
    digest_begin(&digest);
    digest_add(&digest, (struct slice){reading->bytes, reading->at});
    digest_end(&digest, raw);
    digest_text(raw, all);
    int length = snprintf(line, sizeof(line), ARCHIVE_END_FORMAT, (long long)totals->blocks, (long long)totals->body_bytes,
                          (long long)totals->hashes, (long long)totals->fields, all);
    CHECK(length > 0 && (size_t)length < sizeof(line));
    size_t left = reading->length - reading->at;
    if (left == (size_t)length && memcmp(reading->bytes + reading->at, line, left) == 0) return true;
    if (left < (size_t)length) return wrong(reading, reading->length, "the file was cut off within its last line");
    if (left > (size_t)length) return wrong(reading, reading->at + (size_t)length, "something follows the last line");
    return wrong(reading, reading->at, "the last line does not match what stands before it");
}

bool archive_read(struct archive *archive, const char *path, struct fault *fault) {
    struct reading reading = {.path = path, .fault = fault};
    *archive = (struct archive){.body = NULL};
    bool fine = read_all(&reading) && take_header(&reading, &archive->header) && header_fits(&reading, &archive->header) &&
                take_blocks(&reading, archive) && take_body(&reading, archive) && take_end(&reading, &archive->totals) &&
                archive_agrees(archive, path, fault);
    free(reading.bytes);
    return fine;
}

void archive_free(struct archive *archive) {
    free(archive->header.settings);
    free(archive->body);
    free(archive->hashes);
    *archive = (struct archive){.body = NULL};
}

/* archive_read() has been through it, so nothing is asked again. */
static struct slice pass_slice(const char **at) {
    size_t length = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte = (unsigned char)*(*at)++;
        length |= (size_t)(byte & 0x7F) << shift;
        if (byte < 0x80) break;
    }
    struct slice text = {*at, length};
    *at += length;
    return text;
}

void archive_take(const char **at, struct slice *field, struct slice *value) {
    *field = pass_slice(at);
    *value = pass_slice(at);
}
