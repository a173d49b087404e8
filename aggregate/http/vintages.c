/* Two places: the latest vintage, and the one that was asked for by name last. A vintage never changes, so its name is all that
 * must be compared. Before a file is shown its bytes are compared with MANIFEST.sha256: a figure that somebody has edited is not
 * published here. Files beyond FILE_BYTES_MAX are not read: this is the process that counts, and memory is its own. */
#include "aggregate/http/vintages.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/file_text.h"
#include "aggregate/runtime/json_peek.h"
#include "aggregate/snapshot/vintage.h"
#include "aggregate/verify/manifest.h"
#include "check.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

enum { SLOTS = 2, LATEST_SLOT = 0, NAMED_SLOT = 1, FILE_BYTES_MAX = 64 << 20, PATH_BYTES = 1000, UNFIT_MS = 10000 };

struct vintages {
    pthread_mutex_t lock;
    const char *directory;
    struct vintage_copy slots[SLOTS];
    bool filled[SLOTS];
    char unfit[EDITION_NAME_BYTES]; /* was looked at and is no good ... */
    int64_t unfit_until_ms;         /* ... so it is not looked at again before that */
};

struct vintages *vintages_create(const char *directory) {
    struct vintages *vintages = calloc(1, sizeof(*vintages));
    CHECK_MEMORY(vintages != NULL);
    (void)pthread_mutex_init(&vintages->lock, NULL);
    vintages->directory = directory;
    return vintages;
}

static void clear(struct vintages *vintages, int slot) {
    struct vintage_copy *copy = &vintages->slots[slot];
    csv_table_clear(&copy->edition.table);
    csv_table_clear(&copy->benchmarks);
    free(copy->report);
    *copy = (struct vintage_copy){.report = NULL};
    vintages->filled[slot] = false;
}

void vintages_destroy(struct vintages *vintages) {
    if (vintages == NULL) return;
    for (int slot = 0; slot < SLOTS; slot++) clear(vintages, slot);
    (void)pthread_mutex_destroy(&vintages->lock);
    free(vintages);
}

/* Nothing that leaves the directory, nothing hidden, no raw figures. */
static bool is_published_name(const char *name) {
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return name[length] == '\0' && length < EDITION_NAME_BYTES && vintage_stem(name) > 0 && strstr(name, "_RAW_") == NULL;
}

/* The name that LATEST holds; "" when there is none. */
static void read_latest(const struct vintages *vintages, char name[static EDITION_NAME_BYTES]) {
    char path[PATH_BYTES];
    name[0] = '\0';
    (void)snprintf(path, sizeof(path), "%.700s/LATEST", vintages->directory);
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    if (fgets(name, EDITION_NAME_BYTES, file) == NULL) name[0] = '\0';
    name[strcspn(name, "\r\n")] = '\0';
    (void)fclose(file);
    if (!is_published_name(name)) name[0] = '\0';
}

/* The path of a file of the vintage, when its bytes are those of the manifest. */
static bool proved(const struct manifest *manifest, const char *directory, const char *name, char path[static PATH_BYTES],
                   struct fault *fault) {
    char digest[DIGEST_TEXT_BYTES];
    struct stat about;
    (void)snprintf(path, PATH_BYTES, "%.880s/%s", directory, name);
    if (stat(path, &about) != 0) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: %s", path, strerror(errno));
    if (about.st_size > FILE_BYTES_MAX)
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: too large to be shown", path);
    if (!digest_file(path, digest, fault)) return false;
    for (size_t i = 0; i < manifest->count; i++) {
        if (strcmp(manifest->names[i], name) == 0 && strcmp(manifest->digests[i], digest) == 0) return true;
    }
    return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s is not what MANIFEST.sha256 says", path);
}

/* The rest is comfort: a vintage without a report or benchmarks still has its figures. */
static void read_extras(struct vintage_copy *copy, const struct manifest *manifest, const char *directory) {
    char path[PATH_BYTES];
    struct fault ignored;
    size_t length = 0;
    struct slice area;
    if (proved(manifest, directory, "snapshot.json", path, &ignored)) {
        char *text = file_text(path, &length, &ignored);
        bool found = text != NULL && json_peek((struct slice){text, length}, "area", &area) && area.length > 2;
        if (found && area.length - 2 < sizeof(copy->area)) memcpy(copy->area, area.data + 1, area.length - 2);
        free(text);
    }
    if (proved(manifest, directory, "benchmarks.csv", path, &ignored)) (void)csv_table_read(&copy->benchmarks, path, &ignored);
    if (proved(manifest, directory, "report.html", path, &ignored))
        copy->report = file_text(path, &copy->report_length, &ignored);
}

static bool load(struct vintages *vintages, int slot, const char *name, struct fault *fault) {
    char directory[PATH_BYTES];
    char path[PATH_BYTES];
    struct manifest manifest;
    struct vintage_copy *copy = &vintages->slots[slot];
    clear(vintages, slot);
    (void)snprintf(directory, sizeof(directory), "%.700s/%.160s", vintages->directory, name);
    bool fine = manifest_read(&manifest, directory, fault) && proved(&manifest, directory, "obs.csv", path, fault) &&
                edition_open(&copy->edition, directory, name, fault);
    if (fine && copy->edition.raw)
        fine = fault_set(fault, STOP_FILE_UNREADABLE, false, "%.160s holds figures that are not for publication", name);
    if (fine) read_extras(copy, &manifest, directory);
    if (!fine) clear(vintages, slot);
    vintages->filled[slot] = fine;
    return fine;
}

static bool is_directory(const struct vintages *vintages, const char *name) {
    char path[PATH_BYTES];
    struct stat about;
    (void)snprintf(path, sizeof(path), "%.700s/%.160s", vintages->directory, name);
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* What is no good is said once, and then left alone for a while: the live page asks every second. */
static bool load_or_warn(struct vintages *vintages, int slot, const char *name) {
    struct fault fault = {.code = FAULT_NONE};
    int64_t now_ms = clock_monotonic_ms();
    if (strcmp(vintages->unfit, name) == 0 && now_ms < vintages->unfit_until_ms) return false;
    if (load(vintages, slot, name, &fault)) return true;
    log_warn("vintage_unfit", "code=%s error=\"%s\"", stop_code(fault.stop), fault.message);
    (void)snprintf(vintages->unfit, sizeof(vintages->unfit), "%s", name);
    vintages->unfit_until_ms = now_ms + UNFIT_MS;
    return false;
}

enum vintage_state vintages_open(struct vintages *vintages, const char *name, const struct vintage_copy **copy) {
    char latest[EDITION_NAME_BYTES];
    (void)pthread_mutex_lock(&vintages->lock);
    read_latest(vintages, latest);
    const char *wanted = name != NULL ? name : latest;
    int slot = strcmp(wanted, latest) == 0 ? LATEST_SLOT : NAMED_SLOT;
    enum vintage_state state = VINTAGE_FOUND;
    if (!is_published_name(wanted) || !is_directory(vintages, wanted)) {
        state = VINTAGE_NONE;
    } else if (!vintages->filled[slot] || strcmp(vintages->slots[slot].edition.name, wanted) != 0) {
        state = load_or_warn(vintages, slot, wanted) ? VINTAGE_FOUND : VINTAGE_UNFIT;
    }
    *copy = &vintages->slots[slot];
    if (state != VINTAGE_FOUND) (void)pthread_mutex_unlock(&vintages->lock);
    return state;
}

void vintages_close(struct vintages *vintages) {
    (void)pthread_mutex_unlock(&vintages->lock);
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

size_t vintages_list(struct vintages *vintages, char **names, size_t max) {
    size_t count = 0;
    DIR *listing = opendir(vintages->directory);
    for (const struct dirent *entry; listing != NULL && count < max && (entry = readdir(listing)) != NULL;) {
        if (!is_published_name(entry->d_name) || !is_directory(vintages, entry->d_name)) continue;
        names[count] = strdup(entry->d_name);
        CHECK_MEMORY(names[count] != NULL);
        count++;
    }
    if (listing != NULL) (void)closedir(listing);
    if (count > 0) qsort(names, count, sizeof(*names), by_name);
    return count;
}
