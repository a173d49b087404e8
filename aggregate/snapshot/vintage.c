/* Immutable directories. Everything is written into a hidden directory beside the final one and fsynced, file by file and then
 * the directory; a rename that refuses to replace gives it its name; LATEST, a plain file and not a symbolic link (people copy
 * these directories to places without links), is replaced last, by a rename too. A crash at any point leaves either no vintage or
 * a whole one.
 *
 * The release number counts what stands in the directory, so it needs no other state. Two writers at once may count the same
 * number: the rename of the slower one is then refused, and nothing is lost but its run. */
#include "aggregate/snapshot/vintage.h"

#include "aggregate/runtime/tree.h"
#include "zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_BYTES_MAX = 180 };

static bool io_fault(struct fault *fault, const char *path, const char *what) {
    return fault_set(fault, FAULT_IO, false, "%.300s: %s: %s", path, what, strerror(errno));
}

static bool sync_directory(const char *path, struct fault *fault) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return io_fault(fault, path, "cannot be opened");
    bool good = fsync(directory) == 0;
    if (!good) (void)io_fault(fault, path, "cannot be made durable");
    (void)close(directory);
    return good;
}

/* Vintages named PREFIX<digits>_... in the directory. */
static bool count_releases(const char *directory, const char *prefix, int64_t *count, struct fault *fault) {
    DIR *listing = opendir(directory);
    if (listing == NULL) return io_fault(fault, directory, "cannot be listed");
    size_t length = strlen(prefix);
    *count = 0;
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (strncmp(entry->d_name, prefix, length) != 0) continue;
        size_t digits = strspn(entry->d_name + length, "0123456789");
        *count += digits > 0 && entry->d_name[length + digits] == '_';
    }
    (void)closedir(listing);
    return true;
}

/* 2021-10-02T17:00:00.000Z -> 20211002T170000Z */
static void short_time(int64_t time_ms, char out[static 17]) {
    char text[25];
    rfc3339_format(time_ms, text);
    size_t length = 0;
    for (size_t i = 0; i < 19; i++) {
        if (text[i] != '-' && text[i] != ':') out[length++] = text[i];
    }
    out[length++] = 'Z';
    out[length] = '\0';
}

bool vintage_open(struct vintage *vintage, const char *directory, const char *flow, const struct period *period, int64_t as_of_ms,
                  struct fault *fault) {
    *vintage = (struct vintage){.release = 0};
    char prefix[VINTAGE_NAME_BYTES];
    char as_of[17];
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    if (length == 0 || length > DIRECTORY_BYTES_MAX) {
        return fault_set(fault, FAULT_USAGE, false, "snapshot directory: a path of 1 to %d bytes is expected",
                         DIRECTORY_BYTES_MAX);
    }
    memcpy(vintage->directory, directory, length);
    if (!tree_make(vintage->directory, fault)) return false;
    int written = snprintf(prefix, sizeof(prefix), "%.48s_%c_%s_r", flow, (char)period->frequency, period->text);
    if (!count_releases(vintage->directory, prefix, &vintage->release, fault)) return false;
    vintage->release++;
    short_time(as_of_ms, as_of);
    written = snprintf(vintage->name, sizeof(vintage->name), "%.100s%lld_%s", prefix, (long long)vintage->release, as_of);
    if (written < 0 || (size_t)written >= sizeof(vintage->name))
        return fault_set(fault, FAULT_USAGE, false, "vintage name too long");
    (void)snprintf(vintage->temporary, sizeof(vintage->temporary), "%.190s/.tmp-%s-XXXXXX", vintage->directory, vintage->name);
    if (mkdtemp(vintage->temporary) == NULL) {
        (void)io_fault(fault, vintage->temporary, "temporary directory cannot be made");
        vintage->temporary[0] = '\0';
        return false;
    }
    if (chmod(vintage->temporary, 0755) == 0) return true;
    (void)io_fault(fault, vintage->temporary, "mode cannot be set");
    vintage_abandon(vintage);
    return false;
}

static void file_path(const struct vintage *vintage, const char *name, char out[static VINTAGE_PATH_BYTES]) {
    (void)snprintf(out, VINTAGE_PATH_BYTES, "%.440s/%.64s", vintage->temporary, name);
}

FILE *vintage_file(struct vintage *vintage, const char *name, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    file_path(vintage, name, path);
    FILE *file = fopen(path, "wbxe");
    if (file == NULL) (void)io_fault(fault, path, "cannot be made");
    return file;
}

bool vintage_close_file(struct vintage *vintage, FILE *file, const char *name, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    file_path(vintage, name, path);
    bool good = fflush(file) == 0 && ferror(file) == 0 && fsync(fileno(file)) == 0;
    if (!good) (void)io_fault(fault, path, "cannot be written");
    if (fclose(file) != 0 && good) good = io_fault(fault, path, "cannot be written");
    if (!good) return false;
    if (vintage->file_count == VINTAGE_FILES_MAX)
        return fault_set(fault, FAULT_IO, false, "%s: too many files in a vintage", path);
    vintage->files[vintage->file_count] = name;
    return digest_file(path, vintage->digests[vintage->file_count++], fault);
}

static bool write_manifest(struct vintage *vintage, struct fault *fault) {
    FILE *file = vintage_file(vintage, "MANIFEST.sha256", fault);
    if (file == NULL) return false;
    bool written[VINTAGE_FILES_MAX] = {false};
    size_t count = vintage->file_count;
    for (size_t i = 0; i < count; i++) {
        size_t next = count;
        for (size_t j = 0; j < count; j++) {
            if (!written[j] && (next == count || strcmp(vintage->files[j], vintage->files[next]) < 0)) next = j;
        }
        written[next] = true;
        (void)fprintf(file, "%s  %s\n", vintage->digests[next], vintage->files[next]);
    }
    return vintage_close_file(vintage, file, "MANIFEST.sha256", fault);
}

static bool replace_latest(const struct vintage *vintage, struct fault *fault) {
    char aside[VINTAGE_PATH_BYTES];
    char latest[VINTAGE_PATH_BYTES];
    (void)snprintf(aside, sizeof(aside), "%.400s/.LATEST-%ld", vintage->directory, (long)getpid());
    (void)snprintf(latest, sizeof(latest), "%.400s/LATEST", vintage->directory);
    FILE *file = fopen(aside, "wbe");
    if (file == NULL) return io_fault(fault, aside, "cannot be made");
    bool good = fprintf(file, "%s\n", vintage->name) > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (good && rename(aside, latest) == 0) return sync_directory(vintage->directory, fault);
    (void)io_fault(fault, latest, "cannot be replaced");
    (void)unlink(aside);
    return false;
}

bool vintage_publish(struct vintage *vintage, char path[static VINTAGE_PATH_BYTES], struct fault *fault) {
    if (!write_manifest(vintage, fault) || !sync_directory(vintage->temporary, fault)) return false;
    (void)snprintf(path, VINTAGE_PATH_BYTES, "%.300s/%s", vintage->directory, vintage->name);
    if (renameat2(AT_FDCWD, vintage->temporary, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
        /* File systems without that flag: rename() refuses to replace a directory that is not empty, which every vintage is. */
        if (errno != EINVAL || rename(vintage->temporary, path) != 0) return io_fault(fault, path, "vintage cannot be named");
    }
    vintage->temporary[0] = '\0';
    return sync_directory(vintage->directory, fault) && replace_latest(vintage, fault);
}

void vintage_abandon(struct vintage *vintage) {
    if (vintage->temporary[0] == '\0') return;
    DIR *listing = opendir(vintage->temporary);
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] != '.') (void)unlinkat(dirfd(listing), entry->d_name, 0);
    }
    if (listing != NULL) (void)closedir(listing);
    (void)rmdir(vintage->temporary);
    vintage->temporary[0] = '\0';
}
