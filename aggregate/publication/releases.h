/* The releases of the same period that stand in the directory before this one. One thread. */
#ifndef NHIP_PUBLICATION_RELEASES_H
#define NHIP_PUBLICATION_RELEASES_H

#include "aggregate/snapshot/publication.h"

struct release {
    int64_t number;
    char name[VINTAGE_NAME_BYTES];
    char path[VINTAGE_PATH_BYTES];
};

struct releases {
    struct release *items; /* by number; free() */
    size_t count;
};

/* False and `fault` when the directory cannot be listed. */
bool releases_find(const struct publication *publication, struct releases *releases, struct fault *fault);

#endif
