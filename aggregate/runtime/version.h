/* What was built. */
#ifndef NHIP_VERSION_H
#define NHIP_VERSION_H

const char *version_commit(void); /* short hash of the commit, or "unknown" */

#endif
