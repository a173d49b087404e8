/* A revision measured from a damaged file would be a lie that carries a cause, so nothing is read from a vintage before its
 * manifest has been held against its bytes. */
#include "aggregate/snapshot/previous.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/vintage.h"

#include <stdio.h>

/* One line of MANIFEST.sha256, cut in place. */
static bool line_holds(const char *vintage_path, char *line, struct fault *fault) {
    char path[700];
    char found[DIGEST_TEXT_BYTES];
    char *digest;
    char *name;
    if (!digest_line(line, &digest, &name))
        return fault_set(fault, STOP_VERIFY_DIFFERS, false, "%s/MANIFEST.sha256: not a line of it: %.90s", vintage_path, line);
    (void)snprintf(path, sizeof(path), "%.500s/%.100s", vintage_path, name);
    if (!digest_file(path, found, fault)) return false;
    if (strcmp(found, digest) == 0) return true;
    return fault_set(fault, STOP_VERIFY_DIFFERS, false,
                     "%s: its bytes are not those of its manifest; bring the vintage back from a copy", path);
}

bool manifest_holds(const char *vintage_path, char manifest_sha256[static DIGEST_TEXT_BYTES], struct fault *fault) {
    char path[700];
    char line[256];
    (void)snprintf(path, sizeof(path), "%.500s/MANIFEST.sha256", vintage_path);
    if (!digest_file(path, manifest_sha256, fault)) return false;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return fault_set(fault, STOP_FILE_UNREADABLE, false, "%s: cannot be read", path);
    bool good = true;
    while (good && fgets(line, sizeof(line), file) != NULL)
        good = line_holds(vintage_path, line, fault);
    (void)fclose(file);
    return good;
}

struct previous *previous_open(const char *path, struct fault *fault) {
    struct previous *previous = memory_zeroed(1, sizeof(*previous));
    const char *slash = strrchr(path, '/');
    (void)snprintf(previous->path, sizeof(previous->path), "%s", path);
    (void)snprintf(previous->name, sizeof(previous->name), "%.159s", slash == NULL ? path : slash + 1);
    if (!manifest_holds(path, previous->manifest_sha256, fault) || !previous_read_provenance(previous, fault)) goto refuse;
    if (!obs_table_open(&previous->table, path)) {
        (void)fault_set(fault, STOP_VERIFY_DIFFERS, false, "%s/obs.csv: not a table of nhip", path);
        goto refuse;
    }
    return previous;
refuse:
    previous_destroy(previous);
    return NULL;
}

bool previous_find(const char *directory, const char *flow, const struct period *period, struct previous **previous,
                   struct fault *fault) {
    char path[VINTAGE_PATH_BYTES];
    *previous = NULL;
    if (vintage_newest(directory, flow, period, path) == 0) return true;
    *previous = previous_open(path, fault);
    return *previous != NULL;
}

void previous_destroy(struct previous *previous) {
    if (previous == NULL) return;
    obs_table_close(&previous->table);
    free(previous->state_config);
    free(previous->inputs);
    free(previous);
}
