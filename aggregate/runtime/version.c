/* The only file that is compiled with the commit's hash, so that a new commit does not rebuild everything. */
#include "aggregate/runtime/version.h"

const char *version_commit(void) {
    return NHIP_COMMIT;
}
