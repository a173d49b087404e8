/* Immutable directories. Everything is written into a hidden directory beside the final one and fsynced, file by file and then
 * the directory; a rename that refuses to replace gives it its name; LATEST, a plain file and not a symbolic link (people copy
 * these directories to places without links), is replaced last, by a rename too. A crash at any point leaves either no vintage or
 * a whole one.
 *
 * The release number follows the greatest one in the directory, so it needs no other state. Writers work side by side and learn
 * at the rename, under a lock on the directory that lasts for a listing and that rename, whether their number is still free; a
 * writer that sleeps for long holds nobody up. One that was stopped between its two renames finds LATEST further on, and leaves
 * it. */
#include "aggregate/snapshot/vintage.h"

#include "aggregate/runtime/tree.h"
#include "fault_point.h"
#include "zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DIRECTORY_BYTES_MAX = 180, LOCK_WAIT_MS = 30000, LOCK_PAUSE_MS = 20 };

static bool io_fault(struct fault *fault, const char *path, const char *what) {
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s: %s", path, what, strerror(errno));
}

static bool sync_directory(const char *path, struct fault *fault) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return io_fault(fault, path, "cannot be opened");
    bool good = !FAULT_FAILS("vintage.sync_directory") && fsync(directory) == 0;
    if (!good) (void)io_fault(fault, path, "cannot be made durable");
    (void)close(directory);
    return good;
}

void vintage_flow(const char *structure_id, bool raw, char out[static VINTAGE_FLOW_BYTES]) {
    size_t length = 0;
    for (const char *at = structure_id; *at != '\0' && *at != '(' && length < 44; at++) {
        if (*at == ':') {
            out[length++] = '_';
            if (strncmp(at + 1, "DF_", 3) == 0) at += 3;
            continue;
        }
        bool plain = (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_' || *at == '-';
        out[length++] = plain ? *at : '_';
    }
    (void)snprintf(out + length, VINTAGE_FLOW_BYTES - length, "%s", raw ? "_RAW" : "");
}

size_t vintage_stem(const char *name) {
    size_t stem = 0;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (name[i] == '_' && name[i + 1] == 'r') stem = i + 2;
    }
    return stem;
}

int64_t vintage_release(const char *name, const char *stem, size_t stem_bytes) {
    if (strncmp(name, stem, stem_bytes) != 0) return 0;
    size_t digits = strspn(name + stem_bytes, "0123456789");
    return digits > 0 && digits <= 9 && name[stem_bytes + digits] == '_' ? strtoll(name + stem_bytes, NULL, 10) : 0;
}

/* The greatest release among the names that begin with `prefix`, FLOW_FREQ_PERIOD_r, and its path. */
static int64_t newest(const char *directory, const char *prefix, size_t prefix_bytes, char path[static VINTAGE_PATH_BYTES]) {
    int64_t greatest = 0;
    path[0] = '\0';
    DIR *listing = opendir(directory);
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        int64_t release = vintage_release(entry->d_name, prefix, prefix_bytes);
        if (release <= greatest) continue;
        greatest = release;
        (void)snprintf(path, VINTAGE_PATH_BYTES, "%.200s/%.200s", directory, entry->d_name);
    }
    if (listing != NULL) (void)closedir(listing);
    return greatest;
}

int64_t vintage_newest(const char *directory, const char *flow, const struct period *period,
                       char path[static VINTAGE_PATH_BYTES]) {
    char prefix[VINTAGE_NAME_BYTES];
    (void)snprintf(prefix, sizeof(prefix), "%.48s_%c_%s_r", flow, (char)period->frequency, period->text);
    return newest(directory, prefix, strlen(prefix), path);
}

int64_t vintage_greatest(const char *directory, const char *name, size_t stem_bytes) {
    char path[VINTAGE_PATH_BYTES];
    return newest(directory, name, stem_bytes, path);
}

/* The lock of a directory, which is held for a moment only: a descriptor for close(), or -1 after LOCK_WAIT_MS. */
static int lock_directory(const char *directory, struct fault *fault) {
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    int lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int waited_ms = 0; lock >= 0 && waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_PAUSE_MS) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
        if (errno != EWOULDBLOCK && errno != EINTR) break;
        (void)nanosleep(&pause, NULL);
    }
    (void)io_fault(fault, directory, "cannot be locked: is another nhip snapshot stopped there?");
    if (lock >= 0) (void)close(lock);
    return -1;
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

bool vintage_open(struct vintage *vintage, const char *directory, const char *flow, const struct period *period, int64_t release,
                  int64_t as_of_ms, struct fault *fault) {
    *vintage = (struct vintage){.release = release};
    char prefix[VINTAGE_NAME_BYTES];
    char as_of[17];
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    if (length == 0 || length > DIRECTORY_BYTES_MAX) {
        return fault_set(fault, STOP_SETTING, false, "snapshot directory: a path of 1 to %d bytes is expected",
                         DIRECTORY_BYTES_MAX);
    }
    memcpy(vintage->directory, directory, length);
    if (!tree_make(vintage->directory, fault)) return false;
    int written = snprintf(prefix, sizeof(prefix), "%.48s_%c_%s_r", flow, (char)period->frequency, period->text);
    vintage->prefix_bytes = strlen(prefix);
    short_time(as_of_ms, as_of);
    written = snprintf(vintage->name, sizeof(vintage->name), "%.100s%lld_%s", prefix, (long long)vintage->release, as_of);
    if (written < 0 || (size_t)written >= sizeof(vintage->name))
        return fault_set(fault, STOP_SETTING, false, "vintage name too long");
    (void)snprintf(vintage->temporary, sizeof(vintage->temporary), "%.190s/.tmp-%s-XXXXXX", vintage->directory, vintage->name);
    if (FAULT_FAILS("vintage.make") || mkdtemp(vintage->temporary) == NULL) {
        (void)io_fault(fault, vintage->temporary, "temporary directory cannot be made");
        vintage->temporary[0] = '\0';
        return false;
    }
    if (chmod(vintage->temporary, 0755) == 0) return true;
    (void)io_fault(fault, vintage->temporary, "mode cannot be set");
    vintage_abandon(vintage);
    return false;
}

void vintage_file_path(const struct vintage *vintage, const char *name, char out[static VINTAGE_PATH_BYTES]) {
    (void)snprintf(out, VINTAGE_PATH_BYTES, "%.440s/%.64s", vintage->temporary, name);
}

FILE *vintage_file(struct vintage *vintage, const char *name, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    vintage_file_path(vintage, name, path);
    FILE *file = FAULT_FAILS("vintage.file") ? NULL : fopen(path, "wbxe");
    if (file == NULL) (void)io_fault(fault, path, "cannot be made");
    return file;
}

/* The file is whole and durable: into the manifest with it. */
static bool note_file(struct vintage *vintage, const char *path, const char *name, struct fault *fault) {
    if (vintage->file_count == VINTAGE_FILES_MAX)
        return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%s: too many files in a vintage", path);
    vintage->files[vintage->file_count] = name;
    return digest_file(path, vintage->digests[vintage->file_count++], fault);
}

bool vintage_close_file(struct vintage *vintage, FILE *file, const char *name, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    vintage_file_path(vintage, name, path);
    bool good = !FAULT_FAILS("vintage.flush") && fflush(file) == 0 && ferror(file) == 0;
    good = good && !FAULT_FAILS("vintage.sync") && fsync(fileno(file)) == 0;
    if (!good) (void)io_fault(fault, path, "cannot be written");
    if (fclose(file) != 0 && good) good = io_fault(fault, path, "cannot be written");
    return good && note_file(vintage, path, name, fault);
}

bool vintage_take_file(struct vintage *vintage, const char *name, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    vintage_file_path(vintage, name, path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return io_fault(fault, path, "cannot be opened");
    bool good = fsync(file) == 0;
    if (!good) (void)io_fault(fault, path, "cannot be made durable");
    (void)close(file);
    return good && note_file(vintage, path, name, fault);
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

/* Another writer has begun later and published meanwhile: LATEST does not go back within a period. */
static bool is_overtaken(const struct vintage *vintage, const char *latest) {
    char name[VINTAGE_NAME_BYTES] = "";
    FILE *file = fopen(latest, "re");
    if (file == NULL) return false;
    bool read = fgets(name, sizeof(name), file) != NULL;
    (void)fclose(file);
    return read && strncmp(name, vintage->name, vintage->prefix_bytes) == 0 &&
           strtoll(name + vintage->prefix_bytes, NULL, 10) > vintage->release;
}

static bool replace_latest(const struct vintage *vintage, struct fault *fault) {
    char aside[VINTAGE_PATH_BYTES];
    char latest[VINTAGE_PATH_BYTES];
    (void)snprintf(aside, sizeof(aside), "%.400s/.LATEST-%ld", vintage->directory, (long)getpid());
    (void)snprintf(latest, sizeof(latest), "%.400s/LATEST", vintage->directory);
    FILE *file = FAULT_FAILS("latest.file") ? NULL : fopen(aside, "wbe");
    if (file == NULL) return io_fault(fault, aside, "cannot be made");
    bool good = fprintf(file, "%s\n", vintage->name) > 0 && fflush(file) == 0;
    good = good && !FAULT_FAILS("latest.sync") && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    good = good && !FAULT_FAILS("latest.rename");
    bool overtaken = good && is_overtaken(vintage, latest);
    if (good && !overtaken) good = rename(aside, latest) == 0;
    if (!good) (void)io_fault(fault, latest, "cannot be replaced");
    if (!good || overtaken) (void)unlink(aside);
    FAULT_STEP("latest.renamed");
    return good && sync_directory(vintage->directory, fault);
}

/* What waits of this period already has other figures: the newer ones take its place. */
static bool clear_staged(const struct vintage *vintage, struct fault *fault) {
    char staged[VINTAGE_PATH_BYTES];
    char path[VINTAGE_PATH_BYTES];
    (void)snprintf(staged, sizeof(staged), "%.200s/" STAGED_DIRECTORY, vintage->directory);
    if (!tree_make(staged, fault)) return false;
    DIR *listing = opendir(staged);
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (vintage_release(entry->d_name, vintage->name, vintage->prefix_bytes) == 0) continue;
        (void)snprintf(path, sizeof(path), "%.220s/%.255s", staged, entry->d_name);
        tree_remove(path);
    }
    if (listing != NULL) (void)closedir(listing);
    return true;
}

/* Gives the directory its name, unless its number was taken meanwhile. */
static enum vintage_end name_it(struct vintage *vintage, char path[static VINTAGE_PATH_BYTES], struct fault *fault) {
    char other[VINTAGE_PATH_BYTES];
    int lock = lock_directory(vintage->directory, fault);
    if (lock < 0) return VINTAGE_FAILED;
    enum vintage_end end = VINTAGE_PUBLISHED;
    if (newest(vintage->directory, vintage->name, vintage->prefix_bytes, other) >= vintage->release) {
        end = VINTAGE_OVERTAKEN;
    } else if (vintage->staged && !clear_staged(vintage, fault)) {
        end = VINTAGE_FAILED;
    } else if (renameat2(AT_FDCWD, vintage->temporary, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
        /* File systems without that flag: rename() refuses to replace a directory that is not empty, which every vintage is. */
        if (errno != EINVAL || rename(vintage->temporary, path) != 0) {
            (void)io_fault(fault, path, "vintage cannot be named");
            end = VINTAGE_FAILED;
        }
    }
    (void)close(lock);
    if (end == VINTAGE_PUBLISHED) vintage->temporary[0] = '\0';
    return end;
}

enum vintage_end vintage_publish(struct vintage *vintage, char path[static VINTAGE_PATH_BYTES], struct fault *fault) {
    if (!write_manifest(vintage, fault) || !sync_directory(vintage->temporary, fault)) return VINTAGE_FAILED;
    (void)snprintf(path, VINTAGE_PATH_BYTES, "%.300s/%s%s", vintage->directory, vintage->staged ? STAGED_DIRECTORY "/" : "",
                   vintage->name);
    if (FAULT_FAILS("vintage.rename")) {
        (void)io_fault(fault, path, "vintage cannot be named");
        return VINTAGE_FAILED;
    }
    enum vintage_end end = name_it(vintage, path, fault);
    if (end != VINTAGE_PUBLISHED) return end;
    FAULT_STEP("vintage.renamed");
    bool good = sync_directory(vintage->directory, fault) &&
                (vintage->unpublished || vintage->staged || replace_latest(vintage, fault));
    return good ? VINTAGE_PUBLISHED : VINTAGE_FAILED;
}

enum vintage_end vintage_approve(const char *directory, const char *name, char path[static VINTAGE_PATH_BYTES],
                                 struct fault *fault) {
    struct vintage vintage = {.prefix_bytes = vintage_stem(name)};
    vintage.release = vintage_release(name, name, vintage.prefix_bytes);
    (void)snprintf(vintage.directory, sizeof(vintage.directory), "%.300s", directory);
    (void)snprintf(vintage.name, sizeof(vintage.name), "%s", name);
    (void)snprintf(vintage.temporary, sizeof(vintage.temporary), "%.300s/" STAGED_DIRECTORY "/%.150s", directory, name);
    (void)snprintf(path, VINTAGE_PATH_BYTES, "%.300s/%.150s", directory, name);
    enum vintage_end end = name_it(&vintage, path, fault);
    if (end != VINTAGE_PUBLISHED) return end;
    return sync_directory(vintage.directory, fault) && replace_latest(&vintage, fault) ? VINTAGE_PUBLISHED : VINTAGE_FAILED;
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
