/* The file of a fold:
 *
 *     header | the day's hashes, packed | SHA-256 of all in front of it
 *     hash = shard, pairs, bytes (varints), then its pairs as in an image: length, field, length, value
 *
 * Why it may stand for the day: an EXEC that changes a cell of a day also changes the day's offset in the index, so the same
 * offset is the same content - of one history. Other histories in the same keys (an emptied Redis that was filled from corrected
 * files, a restored backup) can show the same offsets, so a fold is bound to more: to the name that the state was given when it
 * was born, to namespace, tag, cluster and configuration, and to the gaps of the log. It also must not be of a later state than
 * the one at hand. What does not match is refused and made anew from Redis; the file is never the only one that knows.
 *
 * It is not fsynced: a power failure may leave an empty or torn file under its name, and the digest refuses it. Thousands of
 * fsyncs would cost more than reading Redis again. */
#include "aggregate/store/fold.h"

#include "aggregate/runtime/squeeze.h"
#include "aggregate/store/image.h"
#include "aggregate/store/length.h"
#include "check.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = FOLD_PATH_BYTES + 64, HASHES_MAX = 1 << 26 };
static const char MAGIC[8] = {'N', 'H', 'I', 'P', 'F', 'L', 'D', '1'};
static const size_t PLAIN_BYTES_MAX = (size_t)1 << 32;

struct header {
    char magic[8];
    int32_t day;
    uint32_t hash_count;
    int64_t offset;
    int64_t next; /* of the state that it was copied from */
    uint64_t plain_bytes;
    uint64_t packed_bytes;
    uint8_t binding[DIGEST_RAW_BYTES];
};

struct fold {
    struct header header;
    char bytes[]; /* packed */
};

static void bind_text(struct digest *digest, const char *name, const char *text) {
    digest_add(digest, slice_of(name));
    digest_add(digest, SLICE("="));
    digest_add(digest, slice_of(text));
    digest_add(digest, SLICE("\n"));
}

static void bind_gaps(struct digest *digest, const struct progress *progress) {
    for (int64_t i = 0; i < progress->gap_count; i++) {
        const struct gap *gap = &progress->gaps[i];
        char text[160];
        (void)snprintf(text, sizeof(text), "%lld,%lld,%lld,%lld,%lld,%lld", (long long)gap->from, (long long)gap->to,
                       (long long)gap->reread, (long long)gap->since_ms, (long long)gap->record_time_ms,
                       (long long)gap->until_ms);
        bind_text(digest, "gap", text);
    }
}

void fold_place_set(struct fold_place *place, const char *directory, const struct keys *keys, const struct meta *meta,
                    struct source_partition who, const char *born) {
    struct digest digest;
    char layout[DECIMAL_BYTES_MAX];
    place->next = meta->progress.next;
    place->path[0] = '\0';
    if (directory == NULL || directory[0] == '\0' || born[0] == '\0') return;
    /* The letters in front make names of `.` and `..`, which a namespace may bear, harmless. */
    int length = snprintf(place->path, sizeof(place->path), "%s/n-%s/t-%s/%d", directory, keys->name_space, who.topic,
                          (int)who.partition);
    if (length < 0 || (size_t)length >= sizeof(place->path)) place->path[0] = '\0';
    digest_begin(&digest);
    (void)snprintf(layout, sizeof(layout), "%d", LAYOUT_VERSION);
    bind_text(&digest, "layout", layout);
    bind_text(&digest, "namespace", keys->name_space);
    bind_text(&digest, "tag", keys->tag);
    bind_text(&digest, "cluster", meta->cluster);
    bind_text(&digest, "config", meta->configuration);
    bind_text(&digest, "born", born);
    bind_gaps(&digest, &meta->progress);
    digest_end(&digest, place->binding);
}

static void name_of(const struct fold_place *place, int32_t day, char out[static NAME_BYTES]) {
    (void)snprintf(out, NAME_BYTES, "%s/%d.fold", place->path, (int)day);
}

static void digest_of(const struct fold *fold, uint8_t out[static DIGEST_RAW_BYTES]) {
    struct digest digest;
    digest_begin(&digest);
    digest_add(&digest, (struct slice){(const char *)&fold->header, sizeof(fold->header)});
    digest_add(&digest, (struct slice){fold->bytes, fold->header.packed_bytes});
    digest_end(&digest, out);
}

/* --- reading --- */

static struct fold *refuse(struct fold_place *place, const char *name, const char *why, struct fold *fold) {
    log_warn("fold_refused", "path=\"%s\" reason=\"%s\"", name, why);
    place->refused++;
    free(fold);
    return NULL;
}

static bool read_all(int file, char *at, size_t bytes) {
    while (bytes > 0) {
        ssize_t got = read(file, at, bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        bytes -= (size_t)got;
    }
    return true;
}

static bool sizes_fit(const struct header *header, off_t file_bytes) {
    return file_bytes > 0 && header->packed_bytes <= PLAIN_BYTES_MAX && header->plain_bytes <= PLAIN_BYTES_MAX &&
           header->hash_count > 0 && header->hash_count <= HASHES_MAX &&
           (uint64_t)file_bytes == sizeof(*header) + header->packed_bytes + DIGEST_RAW_BYTES;
}

/* An open file's fold. */
static struct fold *take_file(struct fold_place *place, int file, const char *name, int32_t day, int64_t offset) {
    struct header header;
    struct stat status;
    uint8_t stored[DIGEST_RAW_BYTES], found[DIGEST_RAW_BYTES];
    if (!read_all(file, (char *)&header, sizeof(header)) || fstat(file, &status) != 0 ||
        memcmp(header.magic, MAGIC, sizeof(MAGIC)) != 0 || !sizes_fit(&header, status.st_size))
        return refuse(place, name, "damaged", NULL);
    if (memcmp(header.binding, place->binding, sizeof(header.binding)) != 0 || header.day != day)
        return refuse(place, name, "of another state", NULL);
    if (header.next > place->next) return refuse(place, name, "of a later state", NULL);
    if (header.offset != offset) return NULL; /* the day has changed since */
    struct fold *fold = malloc(sizeof(*fold) + header.packed_bytes);
    CHECK_MEMORY(fold != NULL);
    fold->header = header;
    if (!read_all(file, fold->bytes, header.packed_bytes) || !read_all(file, (char *)stored, sizeof(stored)))
        return refuse(place, name, "damaged", fold);
    digest_of(fold, found);
    if (memcmp(stored, found, sizeof(found)) != 0) return refuse(place, name, "damaged", fold);
    place->used++;
    return fold;
}

struct fold *fold_load(struct fold_place *place, int32_t day, int64_t offset) {
    char name[NAME_BYTES];
    if (place->path[0] == '\0') return NULL;
    name_of(place, day, name);
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno == ENOENT ? NULL : refuse(place, name, strerror(errno), NULL);
    struct fold *fold = take_file(place, file, name, day, offset);
    (void)close(file);
    return fold;
}

void fold_free(struct fold *fold) {
    free(fold);
}

/* Steps over one pair's half; null when it does not fit. */
static const char *skip_text(const char *at, const char *end) {
    size_t length;
    at = length_take(at, end, &length);
    return at != NULL && length <= (size_t)(end - at) ? at + length : NULL;
}

/* One hash at `at`; returns where it ends, null when it is not one. */
static const char *take_hash(const char *at, const char *end, int32_t day, struct image_hash *hash) {
    size_t shard, bytes;
    at = length_take(at, end, &shard);
    if (at != NULL) at = length_take(at, end, &hash->pairs);
    if (at != NULL) at = length_take(at, end, &bytes);
    if (at == NULL || shard > UINT32_MAX || bytes > (size_t)(end - at) || hash->pairs == 0 || hash->pairs > bytes) return NULL;
    hash->id = (struct hash_id){HASH_LEDGER, day, (uint32_t)shard};
    hash->content = (char *)(uintptr_t)at;
    hash->bytes = bytes;
    hash->read = true;
    end = at + bytes;
    for (size_t i = 0; at != NULL && i < 2 * hash->pairs; i++)
        at = skip_text(at, end);
    return at == end ? at : NULL;
}

bool fold_hashes(const struct fold *fold, struct image_hash **hashes, size_t *count, struct fault *fault) {
    const struct header *header = &fold->header;
    size_t table_bytes = header->hash_count * sizeof(**hashes);
    struct squeeze *squeeze = squeeze_create();
    char *memory = malloc(table_bytes + header->plain_bytes);
    CHECK_MEMORY(memory != NULL);
    memset(memory, 0, table_bytes);
    *hashes = (struct image_hash *)(void *)memory;
    *count = header->hash_count;
    const char *at = memory + table_bytes;
    const char *end = at + header->plain_bytes;
    bool fine = squeeze_unpack(squeeze, fold->bytes, header->packed_bytes, memory + table_bytes, header->plain_bytes);
    for (size_t i = 0; fine && i < *count; i++) {
        at = take_hash(at, end, header->day, &(*hashes)[i]);
        fine = at != NULL && (i == 0 || (*hashes)[i - 1].id.shard < (*hashes)[i].id.shard);
    }
    squeeze_destroy(squeeze);
    if (fine && at == end) return true;
    free(memory);
    *hashes = NULL;
    return fault_set(fault, STOP_FILE_UNREADABLE, false,
                     "the fold of day %d is not of the layout, but its digest is right: empty the directory of snapshot.folds",
                     (int)header->day);
}

/* --- writing --- */

static bool make_directories(const char *path) {
    char part[FOLD_PATH_BYTES];
    (void)snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL) *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) return false;
        if (slash == NULL) return true;
        *slash = '/';
    }
}

static bool write_all(int file, const void *bytes, size_t count) {
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = write(file, at, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        at += written;
        count -= (size_t)written;
    }
    return true;
}

/* Aside, then renamed, so that a name never stands for half a file. */
static bool put_file(const struct fold_place *place, const struct fold *fold, const char *name) {
    char aside[NAME_BYTES];
    uint8_t digest[DIGEST_RAW_BYTES];
    (void)snprintf(aside, sizeof(aside), "%s/.%d.%d.aside", place->path, (int)fold->header.day, (int)getpid());
    int file = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 && errno == ENOENT && make_directories(place->path))
        file = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return false;
    digest_of(fold, digest);
    bool fine = write_all(file, fold, sizeof(fold->header) + fold->header.packed_bytes);
    fine = fine && write_all(file, digest, sizeof(digest));
    fine = close(file) == 0 && fine;
    fine = fine && rename(aside, name) == 0;
    int error = errno;
    if (!fine) (void)unlink(aside);
    errno = error;
    return fine;
}

static char *put_hash(char *at, const struct image_hash *hash) {
    at = length_put(at, hash->id.shard);
    at = length_put(at, hash->pairs);
    at = length_put(at, hash->bytes);
    memcpy(at, hash->content, hash->bytes);
    return at + hash->bytes;
}

static struct fold *fold_pack(const struct fold_place *place, const struct image_hash *hashes, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += length_bytes(hashes[i].id.shard) + length_bytes(hashes[i].pairs) + length_bytes(hashes[i].bytes) +
                 hashes[i].bytes;
    char *plain = malloc(bytes + 1);
    struct fold *fold = malloc(sizeof(*fold) + squeeze_bound(bytes));
    CHECK_MEMORY(plain != NULL && fold != NULL);
    char *at = plain;
    for (size_t i = 0; i < count; i++)
        at = put_hash(at, &hashes[i]);
    memset(fold, 0, sizeof(*fold));
    memcpy(fold->header.magic, MAGIC, sizeof(MAGIC));
    memcpy(fold->header.binding, place->binding, sizeof(place->binding));
    struct squeeze *squeeze = squeeze_create();
    fold->header.hash_count = (uint32_t)count;
    fold->header.next = place->next;
    fold->header.plain_bytes = bytes;
    fold->header.packed_bytes = squeeze_pack(squeeze, plain, bytes, fold->bytes);
    squeeze_destroy(squeeze);
    free(plain);
    return fold;
}

void fold_save(struct fold_place *place, int32_t day, int64_t offset, const struct image_hash *hashes, size_t count) {
    char name[NAME_BYTES];
    if (place->path[0] == '\0' || count == 0 || count > HASHES_MAX) return;
    name_of(place, day, name);
    struct fold *fold = fold_pack(place, hashes, count);
    fold->header.day = day;
    fold->header.offset = offset;
    if (put_file(place, fold, name))
        place->written++;
    else
        log_warn("fold_unwritten", "path=\"%s\" reason=\"%s\"", name, strerror(errno));
    free(fold);
}

void fold_sweep(const struct fold_place *place, bool (*exists)(const void *context, int32_t day), const void *context) {
    DIR *directory = place->path[0] == '\0' ? NULL : opendir(place->path);
    if (directory == NULL) return;
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        int64_t day;
        const char *end = strstr(entry->d_name, ".fold");
        if (end == NULL || end[5] != '\0') continue;
        if (!decimal_read((struct slice){entry->d_name, (size_t)(end - entry->d_name)}, &day)) continue;
        if (day >= INT32_MIN && day <= INT32_MAX && !exists(context, (int32_t)day)) {
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
        }
    }
    (void)closedir(directory);
}
