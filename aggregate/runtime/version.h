/* Which build this is: for snapshots and `nhip --version`. Static storage. Any thread. */
#ifndef NHIP_VERSION_H
#define NHIP_VERSION_H

const char *version_number(void); /* "0.1.0" */
const char *version_commit(void); /* 12 hex digits, or "unknown" outside a git tree */

#endif
