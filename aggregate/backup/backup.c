/* Writing a backup: partition after partition, each as images_visit() proves it, through a file aside, fsync and rename; the
 * manifest comes last, so a directory without one is a backup that was broken off, and is refused as such. What was made is read
 * back before the manifest vouches for it: a backup that cannot be read is found today. */
#include "aggregate/backup/backup.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/digest.h"
#include "aggregate/runtime/tree.h"
#include "aggregate/store/image.h"
#include "check.h"
#include "fault_point.h"
#include "log.h"
#include "zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct writing {
    const struct backup_options *options;
    struct backup_result *result;
    FILE *manifest;
    char *manifest_text;
    size_t manifest_bytes;
};

static bool io_fault(struct fault *fault, const char *path, const char *what) {
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s: %s", path, what, strerror(errno));
}

static bool sync_directory(const char *path, struct fault *fault) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return io_fault(fault, path, "cannot be opened");
    bool fine = !FAULT_FAILS("backup.sync_directory") && fsync(directory) == 0;
    if (!fine) (void)io_fault(fault, path, "cannot be made durable");
    (void)close(directory);
    return fine;
}

static void path_of(const char *directory, const char *before, const char *name, char out[static BACKUP_PATH_BYTES]) {
    int length = snprintf(out, BACKUP_PATH_BYTES, "%s/%s%s", directory, before, name);
    CHECK(length > 0 && length < BACKUP_PATH_BYTES);
}

/* The file aside is finished: durable, then under its name. */
static bool put_in_place(FILE *file, const char *aside, const char *path, struct fault *fault) {
    bool fine = !FAULT_FAILS("backup.flush") && fflush(file) == 0 && ferror(file) == 0;
    fine = fine && !FAULT_FAILS("backup.sync") && fsync(fileno(file)) == 0;
    if (!fine) (void)io_fault(fault, aside, "cannot be written");
    if (fclose(file) != 0 && fine) fine = io_fault(fault, aside, "cannot be written");
    return fine && ((!FAULT_FAILS("backup.rename") && rename(aside, path) == 0) || io_fault(fault, path, "cannot be renamed"));
}

static void fill_header(const struct writing *writing, const struct image *image, struct source_partition who,
                        struct archive_header *header) {
    const struct store_options *store = writing->options->store;
    const struct progress *progress = &image->meta.progress;
    bool ours = strcmp(image->meta.configuration, store->configuration_hash) == 0;
    *header = (struct archive_header){
        .partition = who.partition,
        .layout = LAYOUT_VERSION,
        .next = progress->next,
        .tail_offset = progress->tail_offset,
        .tail_print = progress->tail_offset < 0 ? 0 : progress->tail_print,
        /* Only read. The settings of another configuration would be a lie. */
        .settings = (char *)(uintptr_t)(ours ? writing->options->settings : ""),
    };
    (void)snprintf(header->topic, sizeof(header->topic), "%s", who.topic);
    memcpy(header->cluster, image->meta.cluster, sizeof(header->cluster));
    memcpy(header->configuration, image->meta.configuration, sizeof(header->configuration));
    (void)snprintf(header->name_space, sizeof(header->name_space), "%s", store->name_space);
    (void)snprintf(header->engine, sizeof(header->engine), "%s", writing->options->engine_version);
    rfc3339_format(clock_wall_ms(), header->taken);
}

static int by_field(const void *left, const void *right) {
    struct slice a = ((const struct image_pair *)left)->field;
    struct slice b = ((const struct image_pair *)right)->field;
    int order = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static void put_pairs(struct archive_writer *writer, struct archive_key key, struct image_pair *pairs, size_t count) {
    if (count > 1) qsort(pairs, count, sizeof(*pairs), by_field);
    archive_hash(writer, key, count);
    for (size_t i = 0; i < count; i++)
        archive_pair(writer, pairs[i].field, pairs[i].value);
}

/* Who holds the claim and where he stands is no part of the state. */
static bool is_kept(struct slice field) {
    return meta_field_is_authoritative(field) || slice_equal(field, SLICE("epoch")) || slice_equal(field, SLICE("replayed")) ||
           slice_equal(field, SLICE("commit_ms"));
}

static void put_meta(struct archive_writer *writer, const struct image *image, struct image_pair *pairs) {
    size_t count = 0;
    for (size_t i = 0; i < image->meta_pairs->elements; i += 2) {
        struct slice field = reply_text(image->meta_pairs->element[i]);
        if (is_kept(field)) pairs[count++] = (struct image_pair){field, reply_text(image->meta_pairs->element[i + 1])};
    }
    put_pairs(writer, (struct archive_key){.group = ARCHIVE_META}, pairs, count);
}

struct index_text {
    char field[INDEX_FIELD_BYTES_MAX];
    char offset[DECIMAL_BYTES_MAX];
};

static void put_index(struct archive_writer *writer, const struct image *image, struct image_pair *pairs,
                      struct index_text *texts) {
    for (size_t i = 0; i < image->bucket_count; i++) {
        const struct image_bucket *bucket = &image->buckets[i];
        pairs[i] = (struct image_pair){index_field(bucket->kind, bucket->bucket, texts[i].field),
                                       decimal_text(bucket->offset, texts[i].offset)};
    }
    put_pairs(writer, (struct archive_key){.group = ARCHIVE_INDEX}, pairs, image->bucket_count);
}

/* One shard index for each run of hashes of a kind and bucket. */
static void put_shards(struct archive_writer *writer, const struct image *image, struct image_pair *pairs,
                       struct index_text *texts) {
    for (size_t i = 0; i < image->hash_count;) {
        struct hash_id first = image->hashes[i].id;
        size_t count = 0;
        for (; i < image->hash_count; i++) {
            const struct image_hash *hash = &image->hashes[i];
            if (hash->id.kind != first.kind || hash->id.bucket != first.bucket) break;
            pairs[count] = (struct image_pair){decimal_text(hash->id.shard, texts[count].field),
                                               decimal_text(hash->offset, texts[count].offset)};
            count++;
        }
        const struct archive_key key = {ARCHIVE_SHARDS, {first.kind, first.bucket, 0}};
        if (kind_has_shards(first.kind)) put_pairs(writer, key, pairs, count);
    }
}

static struct archive_totals put_image(FILE *file, const struct archive_header *header, const struct image *image) {
    size_t most = image->meta_pairs->elements / 2 + image->bucket_count + image->hash_count;
    for (size_t i = 0; i < image->hash_count; i++) {
        if (image->hashes[i].pairs > most) most = image->hashes[i].pairs;
    }
    struct image_pair *pairs = malloc((most + 1) * sizeof(*pairs));
    struct index_text *texts = malloc((image->bucket_count + image->hash_count + 1) * sizeof(*texts));
    CHECK_MEMORY(pairs != NULL && texts != NULL);
    struct archive_writer *writer = archive_begin(file, header);
    put_meta(writer, image, pairs);
    put_index(writer, image, pairs, texts);
    put_shards(writer, image, pairs, texts);
    for (size_t i = 0; i < image->hash_count; i++) {
        const struct image_hash *hash = &image->hashes[i];
        image_pairs(hash, pairs);
        put_pairs(writer, (struct archive_key){ARCHIVE_HASH, hash->id}, pairs, hash->pairs);
    }
    free(pairs);
    free(texts);
    return archive_finish(writer);
}

/* The file is read again from the disk, proved, and entered into the manifest. */
static bool vouch(struct writing *writing, const char *path, const char *name, struct fault *fault) {
    char digest[DIGEST_TEXT_BYTES];
    struct archive archive;
    struct stat status;
    bool fine = archive_read(&archive, path, fault);
    archive_free(&archive);
    if (!fine || !digest_file(path, digest, fault)) return false;
    if (stat(path, &status) != 0) return io_fault(fault, path, "cannot be looked at");
    writing->result->file_bytes += status.st_size;
    (void)fprintf(writing->manifest, "%s  %s\n", digest, name);
    return true;
}

static bool write_partition(void *context, const struct image *image, struct source_partition who, struct fault *fault) {
    struct writing *writing = context;
    struct archive_header header;
    char name[ARCHIVE_FILE_NAME_BYTES], path[BACKUP_PATH_BYTES], aside[BACKUP_PATH_BYTES];
    int64_t started_ms = clock_monotonic_ms();
    archive_file_name(who.topic, who.partition, name);
    path_of(writing->options->directory, "", name, path);
    path_of(writing->options->directory, ".", name, aside);
    fill_header(writing, image, who, &header);
    FILE *file = FAULT_FAILS("backup.file") ? NULL : fopen(aside, "wbxe");
    if (file == NULL) return io_fault(fault, aside, "cannot be made");
    struct archive_totals totals = put_image(file, &header, image);
    if (!put_in_place(file, aside, path, fault) || !vouch(writing, path, name, fault)) return false;
    FAULT_STEP("backup.partition");
    struct backup_result *result = writing->result;
    result->partitions++;
    result->foreign += header.settings[0] == '\0';
    result->hashes += totals.hashes;
    result->fields += totals.fields;
    result->body_bytes += totals.body_bytes;
    log_info("backed_up", "topic=%s partition=%d next=%lld hashes=%lld fields=%lld bytes=%lld passes=%d elapsed_ms=%lld",
             who.topic, who.partition, (long long)image->meta.progress.next, (long long)totals.hashes, (long long)totals.fields,
             (long long)totals.body_bytes, image->passes, (long long)(clock_monotonic_ms() - started_ms));
    return true;
}

static bool is_empty_directory(const char *path) {
    DIR *listing = opendir(path);
    if (listing == NULL) return false;
    size_t entries = 0;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(listing);
    return entries == 0;
}

static bool make_directory(const char *path, struct fault *fault) {
    struct stat status;
    if (strlen(path) == 0 || strlen(path) > BACKUP_PATH_BYTES - ARCHIVE_FILE_NAME_BYTES - 8)
        return fault_set(fault, STOP_USAGE, false, "--to: a path of 1 to %d bytes is expected",
                         BACKUP_PATH_BYTES - ARCHIVE_FILE_NAME_BYTES - 8);
    if (stat(path, &status) != 0) return tree_make(path, fault);
    if (is_empty_directory(path)) return true;
    return fault_set(fault, STOP_BACKUP_EXISTS, false, "%.300s exists and is not an empty directory: a backup overwrites nothing",
                     path);
}

static bool write_manifest(struct writing *writing, struct fault *fault) {
    char path[BACKUP_PATH_BYTES], aside[BACKUP_PATH_BYTES];
    const char *directory = writing->options->directory;
    path_of(directory, "", BACKUP_MANIFEST, path);
    path_of(directory, ".", BACKUP_MANIFEST, aside);
    CHECK(fflush(writing->manifest) == 0);
    FAULT_STEP("backup.manifest");
    if (!sync_directory(directory, fault)) return false; /* the names of the files, before the one that vouches for them */
    FILE *file = fopen(aside, "wbxe");
    if (file == NULL) return io_fault(fault, aside, "cannot be made");
    (void)fwrite(writing->manifest_text, 1, writing->manifest_bytes, file);
    if (!put_in_place(file, aside, path, fault)) return false;
    FAULT_STEP("backup.vouched");
    return sync_directory(directory, fault);
}

/* Takes away what a backup that failed has made, and nothing else. */
static void remove_files(const char *directory) {
    char path[BACKUP_PATH_BYTES];
    DIR *listing = opendir(directory);
    if (listing == NULL) return;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || (strcmp(end, ".nhip") != 0 && strcmp(end, ".sha256") != 0)) continue;
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) < sizeof(path)) (void)unlink(path);
    }
    (void)closedir(listing);
    (void)rmdir(directory);
}

bool backup_write(const struct backup_options *options, struct backup_result *result, struct fault *fault) {
    struct writing writing = {.options = options, .result = result};
    const struct image_visitor visitor = {.visit = write_partition, .context = &writing};
    *result = (struct backup_result){.partitions = 0};
    if (!make_directory(options->directory, fault)) return false;
    writing.manifest = open_memstream(&writing.manifest_text, &writing.manifest_bytes);
    CHECK_MEMORY(writing.manifest != NULL);
    bool fine = images_visit(options->store, &visitor, fault) && write_manifest(&writing, fault);
    (void)fclose(writing.manifest);
    free(writing.manifest_text);
    if (!fine) remove_files(options->directory);
    return fine;
}
