/* The manifest is what sha256sum(1) writes and checks: one `HEX  NAME` a line. A vintage without one was never published: the
 * manifest is written last. */
#include "aggregate/verify/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

enum { PATH_BYTES = 1024, LINE_BYTES = 256 };

static bool take_line(struct manifest *manifest, char *line) {
    char *digest, *name;
    if (manifest->count == MANIFEST_FILES_MAX || !digest_line(line, &digest, &name)) return false;
    if (strlen(name) >= MANIFEST_NAME_BYTES) return false;
    memcpy(manifest->digests[manifest->count], digest, DIGEST_TEXT_BYTES);
    memcpy(manifest->names[manifest->count++], name, strlen(name) + 1);
    return true;
}

bool manifest_read(struct manifest *manifest, const char *directory, struct fault *fault) {
    char path[PATH_BYTES], line[LINE_BYTES];
    (void)snprintf(path, sizeof(path), "%.900s/MANIFEST.sha256", directory);
    *manifest = (struct manifest){.count = 0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fault_set(fault, STOP_FILE_UNREADABLE, false,
                         "%.300s: %s: a vintage is a directory that nhip snapshot has written, with its manifest", path,
                         strerror(errno));
    }
    bool fine = true;
    int number = 0;
    while (fine && fgets(line, sizeof(line), file) != NULL) {
        number++;
        fine = take_line(manifest, line);
    }
    fine = fine && ferror(file) == 0 && manifest->count > 0;
    (void)fclose(file);
    if (fine) return true;
    return fault_set(fault, STOP_FILE_UNREADABLE, false,
                     "%.300s line %d: expected is `SHA-256, two blanks, name of a file`", path,
                     number);
}

static bool named(const struct manifest *manifest, const char *name) {
    for (size_t i = 0; i < manifest->count; i++) {
        if (strcmp(manifest->names[i], name) == 0) return true;
    }
    return strcmp(name, "MANIFEST.sha256") == 0;
}

static bool check_strangers(const struct manifest *manifest, const char *directory, struct findings *findings,
                            struct fault *fault) {
    DIR *listing = opendir(directory);
    if (listing == NULL)
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s cannot be listed: %s", directory, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        bool dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        if (dots || named(manifest, entry->d_name)) continue;
        finding_differs(findings, "%.80s: a file that the manifest does not know", entry->d_name);
    }
    (void)closedir(listing);
    return true;
}

bool manifest_check(const struct manifest *manifest, const char *directory, struct findings *findings, struct fault *fault) {
    int64_t before = findings->differs;
    for (size_t i = 0; i < manifest->count; i++) {
        char path[PATH_BYTES], digest[DIGEST_TEXT_BYTES];
        (void)snprintf(path, sizeof(path), "%.900s/%s", directory, manifest->names[i]);
        if (!digest_file(path, digest, fault)) {
            finding_differs(findings, "%s: named in the manifest, and cannot be read", manifest->names[i]);
        } else if (strcmp(digest, manifest->digests[i]) != 0) {
            finding_differs(findings, "%s: its SHA-256 is not the manifest's: it was changed after publication",
                            manifest->names[i]);
        }
    }
    if (!check_strangers(manifest, directory, findings, fault)) return false;
    if (findings->differs == before) finding_held(findings, "MANIFEST.sha256: %zu files are what was published", manifest->count);
    return true;
}
