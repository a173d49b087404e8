/* The one file that is compiled with NHIP_COMMIT, so that a new commit rebuilds one object only. */
#include "aggregate/runtime/version.h"

#ifndef NHIP_COMMIT
#define NHIP_COMMIT "unknown"
#endif

const char *version_number(void) {
    return NHIP_VERSION;
}

const char *version_commit(void) {
    return NHIP_COMMIT;
}
