/* The order of an approval is: proof of the bytes, the line in the log made durable, the rename, LATEST. A crash between leaves a
 * line for a vintage that still waits, which the next approval repeats; never a publication without a line. */
#include "aggregate/snapshot/staging.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/runtime/file_text.h"
#include "aggregate/runtime/tree.h"
#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/revisions.h"
#include "zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIME_BYTES = 25 };

static void place_of(const char *directory, const char *below, const char *name, const char *ending,
                     char path[static VINTAGE_PATH_BYTES]) {
    (void)snprintf(path, VINTAGE_PATH_BYTES, "%.300s/%s/%.160s%s", directory, below, name, ending);
}

/* The newest of this period below `below`, when it is that release and has these figures. */
static bool held_below(const char *directory, const char *below, const char *flow, const struct period *period, int64_t release,
                       const struct obs_table *now, char path[static VINTAGE_PATH_BYTES]) {
    char inside[VINTAGE_PATH_BYTES];
    struct obs_table then = {.rows = NULL};
    (void)snprintf(inside, sizeof(inside), "%.300s/%s", directory, below);
    bool held = vintage_newest(inside, flow, period, path) == release && obs_table_open(&then, path) && tables_agree(&then, now);
    obs_table_close(&then);
    return held;
}

bool staging_holds(const char *directory, const char *flow, const struct period *period, int64_t release,
                   const struct obs_table *now, char name[static VINTAGE_NAME_BYTES], char path[static VINTAGE_PATH_BYTES]) {
    bool held = held_below(directory, STAGED_DIRECTORY, flow, period, release, now, path) ||
                held_below(directory, REJECTED_DIRECTORY, flow, period, release, now, path);
    if (held) (void)snprintf(name, VINTAGE_NAME_BYTES, "%.159s", strrchr(path, '/') + 1);
    return held;
}

static bool unwritable(const char *path, struct fault *fault) {
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%.300s: %s", path, strerror(errno));
}

bool staging_note(const char *directory, const char *name, const struct jumps *jumps, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    place_of(directory, STAGED_DIRECTORY, name, ".jumps", path);
    FILE *file = fopen(path, "wbe");
    if (file == NULL) return unwritable(path, fault);
    jumps_write(jumps, file);
    bool good = ferror(file) == 0;
    good = fclose(file) == 0 && good;
    return good || unwritable(path, fault);
}

/* One line, appended and made durable before anything moves. */
static bool write_line(const char *directory, const struct judgement_of_release *judgement, const char *verdict,
                       const char *manifest, const char *jumps, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    char at[TIME_BYTES];
    (void)snprintf(path, sizeof(path), "%.300s/judgements.ndjson", directory);
    rfc3339_format(judgement->at_ms, at);
    const char *const pairs[][2] = {{"at", at},
                                    {"verdict", verdict},
                                    {"vintage", judgement->name},
                                    {"manifest_sha256", manifest},
                                    {"by", judgement->by},
                                    {"reason", judgement->reason},
                                    {"jumps", jumps}};
    FILE *file = fopen(path, "abe");
    if (file == NULL) return unwritable(path, fault);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        (void)fprintf(file, "%s\"%s\":", i == 0 ? "{" : ",", pairs[i][0]);
        json_text(file, pairs[i][1]);
    }
    (void)fputs("}\n", file);
    bool good = ferror(file) == 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (!good) (void)unwritable(path, fault);
    if (fclose(file) != 0 && good) good = unwritable(path, fault);
    return good;
}

static bool is_staged(const char *directory, const char *name, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    struct stat found;
    place_of(directory, STAGED_DIRECTORY, name, "", path);
    size_t stem = vintage_stem(name);
    bool named = strlen(name) < VINTAGE_NAME_BYTES && strchr(name, '/') == NULL && vintage_release(name, name, stem) > 0;
    if (named && stat(path, &found) == 0 && S_ISDIR(found.st_mode)) return true;
    return fault_set(fault, STOP_NOT_STAGED, false, "%.160s is not staged in %.200s (nhip publish lists what is)", name,
                     directory);
}

/* Its bytes are those that were computed; the line is written. */
static bool begin(const char *directory, const struct judgement_of_release *judgement, const char *verdict, struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    char manifest[DIGEST_TEXT_BYTES];
    struct fault ignored;
    size_t length;
    place_of(directory, STAGED_DIRECTORY, judgement->name, "", path);
    if (!manifest_holds(path, manifest, fault)) return false;
    place_of(directory, STAGED_DIRECTORY, judgement->name, ".jumps", path);
    char *jumps = file_text(path, &length, &ignored);
    bool good = write_line(directory, judgement, verdict, manifest, jumps == NULL ? "" : jumps, fault);
    free(jumps);
    return good;
}

static void forget_jumps(const char *directory, const char *name) {
    char path[VINTAGE_PATH_BYTES];
    place_of(directory, STAGED_DIRECTORY, name, ".jumps", path);
    (void)unlink(path);
}

static bool overtaken(const char *directory, const char *name, struct fault *fault) {
    return fault_set(fault, STOP_STAGED_OVERTAKEN, false,
                     "%.160s: this release of its period, or a later one, was published in %.160s meanwhile; reject it, and let "
                     "nhip snapshot measure anew",
                     name, directory);
}

bool staging_approve(const char *directory, const struct judgement_of_release *judgement, char path[static VINTAGE_PATH_BYTES],
                     struct fault *fault) {
    size_t stem = vintage_stem(judgement->name);
    if (!is_staged(directory, judgement->name, fault)) return false;
    if (vintage_greatest(directory, judgement->name, stem) >= vintage_release(judgement->name, judgement->name, stem))
        return overtaken(directory, judgement->name, fault);
    if (!begin(directory, judgement, "APPROVED", fault)) return false;
    enum vintage_end end = vintage_approve(directory, judgement->name, path, fault);
    if (end == VINTAGE_OVERTAKEN) return overtaken(directory, judgement->name, fault);
    if (end == VINTAGE_PUBLISHED) forget_jumps(directory, judgement->name);
    return end == VINTAGE_PUBLISHED;
}

bool staging_reject(const char *directory, const struct judgement_of_release *judgement, char path[static VINTAGE_PATH_BYTES],
                    struct fault *fault) {
    char from[VINTAGE_PATH_BYTES];
    char place[VINTAGE_PATH_BYTES];
    (void)snprintf(place, sizeof(place), "%.300s/" REJECTED_DIRECTORY, directory);
    if (!is_staged(directory, judgement->name, fault) || !begin(directory, judgement, "REJECTED", fault) ||
        !tree_make(place, fault))
        return false;
    place_of(directory, STAGED_DIRECTORY, judgement->name, "", from);
    place_of(directory, REJECTED_DIRECTORY, judgement->name, "", path);
    tree_remove(path);
    if (rename(from, path) != 0) return unwritable(path, fault);
    forget_jumps(directory, judgement->name);
    return true;
}

static int by_name(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void print_one(const char *directory, const char *name, FILE *out) {
    char path[VINTAGE_PATH_BYTES];
    struct fault ignored;
    size_t length;
    size_t stem = vintage_stem(name);
    bool late = vintage_greatest(directory, name, stem) >= vintage_release(name, name, stem);
    (void)fprintf(out, "%s%s\n", name, late ? "  (overtaken by a later release: only to be rejected)" : "");
    place_of(directory, STAGED_DIRECTORY, name, ".jumps", path);
    char *jumps = file_text(path, &length, &ignored);
    for (char *save = NULL, *line = jumps == NULL ? NULL : strtok_r(jumps, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        (void)fprintf(out, "    %s\n", line);
    free(jumps);
}

size_t staging_list(const char *directory, FILE *out) {
    char path[VINTAGE_PATH_BYTES];
    char **names = NULL;
    size_t count = 0;
    size_t capacity = 0;
    (void)snprintf(path, sizeof(path), "%.300s/" STAGED_DIRECTORY, directory);
    DIR *listing = opendir(path);
    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (vintage_release(entry->d_name, entry->d_name, vintage_stem(entry->d_name)) == 0 ||
            strchr(entry->d_name, '.') != NULL)
            continue;
        names = memory_reserve(names, &capacity, count + 1, sizeof(*names));
        names[count] = strdup(entry->d_name);
        CHECK_MEMORY(names[count++] != NULL);
    }
    if (listing != NULL) (void)closedir(listing);
    if (count > 0) qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++) {
        print_one(directory, names[i], out);
        free(names[i]);
    }
    free(names);
    return count;
}
