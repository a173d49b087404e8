/* Opening a backup: the manifest decides. What it names must be there with that hash, and every archive that is there must be
 * named: a file of another backup that strayed in would otherwise be restored with the rest. */
#include "aggregate/backup/backup.h"

#include "aggregate/runtime/digest.h"
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

enum { LINE_BYTES = DIGEST_TEXT_BYTES + ARCHIVE_FILE_NAME_BYTES + 8 };

static bool path_of(const struct backup *backup, const char *name, char out[static BACKUP_PATH_BYTES], struct fault *fault) {
    int length = snprintf(out, BACKUP_PATH_BYTES, "%s/%s", backup->directory, name);
    if (length > 0 && length < BACKUP_PATH_BYTES) return true;
    return fault_set(fault, STOP_USAGE, false, "%.300s: the path is too long", backup->directory);
}

static void add_file(struct backup *backup, const char *name) {
    backup->files = realloc(backup->files, (backup->file_count + 1) * sizeof(*backup->files));
    CHECK_MEMORY(backup->files != NULL);
    char *copy = strdup(name);
    CHECK_MEMORY(copy != NULL);
    backup->files[backup->file_count++] = copy;
}

static bool take_manifest(struct backup *backup, FILE *file, const char *path, struct fault *fault) {
    char line[LINE_BYTES], found[DIGEST_TEXT_BYTES], member[BACKUP_PATH_BYTES];
    char *digest, *name;
    for (int number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        if (!digest_line(line, &digest, &name) || strlen(name) >= ARCHIVE_FILE_NAME_BYTES) {
            return fault_set(fault, STOP_BACKUP_BROKEN, false, "%.300s:%d: not a line of sha256sum with the name of a file", path,
                             number);
        }
        if (!path_of(backup, name, member, fault)) return false;
        if (access(member, F_OK) != 0) {
            return fault_set(fault, STOP_BACKUP_BROKEN, false, "%.250s:%d: %.200s is missing: the backup is not whole", path,
                             number, name);
        }
        if (!digest_file(member, found, fault)) return false;
        add_file(backup, name);
        if (strcmp(found, digest) == 0) continue;
        /* Where it is wrong, the file itself can say; if it cannot, it is another, whole file. */
        struct archive archive;
        bool whole = archive_read(&archive, member, fault);
        archive_free(&archive);
        if (!whole) return false;
        return fault_set(fault, STOP_BACKUP_BROKEN, false, "%.250s:%d: %.200s is another file than the one that was backed up",
                         path, number, name);
    }
    return true;
}

static bool is_named(const struct backup *backup, const char *name) {
    for (size_t i = 0; i < backup->file_count; i++) {
        if (strcmp(backup->files[i], name) == 0) return true;
    }
    return false;
}

static bool nothing_else(const struct backup *backup, struct fault *fault) {
    DIR *listing = opendir(backup->directory);
    if (listing == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: %s", backup->directory, strerror(errno));
    bool fine = true;
    for (const struct dirent *entry; fine && (entry = readdir(listing)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        if (end == NULL || strcmp(end, ".nhip") != 0 || is_named(backup, entry->d_name)) continue;
        fine = fault_set(fault, STOP_BACKUP_BROKEN, false,
                         "%.250s: %.200s is not in " BACKUP_MANIFEST ": it does not belong here",
                         backup->directory, entry->d_name);
    }
    (void)closedir(listing);
    return fine;
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

bool backup_open(struct backup *backup, const char *directory, struct fault *fault) {
    char path[BACKUP_PATH_BYTES], digest[DIGEST_TEXT_BYTES];
    *backup = (struct backup){.file_count = 0};
    size_t length = strlen(directory);
    if (length == 0 || length >= sizeof(backup->directory) - ARCHIVE_FILE_NAME_BYTES)
        return fault_set(fault, STOP_USAGE, false, "a backup's directory: a path of 1 to %zu bytes is expected",
                         sizeof(backup->directory) - ARCHIVE_FILE_NAME_BYTES);
    memcpy(backup->directory, directory, length + 1);
    if (!path_of(backup, BACKUP_MANIFEST, path, fault)) return false;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        bool there = access(directory, F_OK) == 0;
        return fault_set(fault, there ? STOP_BACKUP_BROKEN : STOP_FILE_UNREADABLE, false, "%.300s: %s%s", path, strerror(errno),
                         there ? ": not a backup, or one that was broken off" : "");
    }
    bool fine = take_manifest(backup, file, path, fault);
    (void)fclose(file);
    if (!fine || !nothing_else(backup, fault) || !digest_file(path, digest, fault)) return false;
    if (backup->file_count == 0) return fault_set(fault, STOP_BACKUP_BROKEN, false, "%.300s: it names no file", path);
    (void)snprintf(backup->id, sizeof(backup->id), "%.16s", digest);
    qsort(backup->files, backup->file_count, sizeof(*backup->files), by_name);
    return true;
}

void backup_close(struct backup *backup) {
    for (size_t i = 0; i < backup->file_count; i++)
        free(backup->files[i]);
    free(backup->files);
    *backup = (struct backup){.file_count = 0};
}

bool backup_read(const struct backup *backup, size_t i, struct archive *archive, struct fault *fault) {
    char path[BACKUP_PATH_BYTES];
    *archive = (struct archive){.body = NULL};
    return path_of(backup, backup->files[i], path, fault) && archive_read(archive, path, fault);
}

bool backup_check(const char *directory, void (*each)(const struct archive *archive), struct backup_result *result,
                  struct fault *fault) {
    struct backup backup;
    *result = (struct backup_result){.partitions = 0};
    bool fine = backup_open(&backup, directory, fault);
    for (size_t i = 0; fine && i < backup.file_count; i++) {
        struct archive archive;
        fine = backup_read(&backup, i, &archive, fault);
        if (fine) {
            result->partitions++;
            result->hashes += archive.totals.hashes;
            result->fields += archive.totals.fields;
            result->body_bytes += archive.totals.body_bytes;
            if (each != NULL) each(&archive);
        }
        archive_free(&archive);
    }
    backup_close(&backup);
    return fine;
}
