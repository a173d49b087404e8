/* mkdir -p and rm -r, for the demo, the private Redis and unfinished vintages. */
#include "aggregate/runtime/tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 1024, OPEN_MAX_DIRECTORIES = 16 };

static bool make_one(const char *path, struct fault *fault) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return true;
    return fault_set(fault, STOP_FILE_UNWRITABLE, false, "%s: %s", path, strerror(errno));
}

bool tree_make(const char *path, struct fault *fault) {
    char part[PATH_BYTES];
    if (strlen(path) >= sizeof(part)) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "path longer than %d bytes",
                                                       PATH_BYTES - 1);
    (void)snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one(part, fault)) return false;
        *slash = '/';
    }
    return make_one(part, fault);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void tree_remove(const char *path) {
    (void)nftw(path, remove_entry, OPEN_MAX_DIRECTORIES, FTW_DEPTH | FTW_PHYS);
}
