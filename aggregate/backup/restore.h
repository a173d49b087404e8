/* A backup into an empty namespace of Redis. One thread. */
#ifndef NHIP_RESTORE_H
#define NHIP_RESTORE_H

#include "aggregate/backup/backup.h"

struct restore_options {
    const struct store_options *store; /* name_space: where to */
    const char *directory;
    const char *settings; /* of this process: config_state_text(), for naming what differs */
};

/* Proves every file, compares configuration and layout, then writes; FAULT_REFUSED when something of the namespace is there, or a
 * file does not hold. Broken off, it leaves a namespace that workers and readers refuse; repeated, it begins anew. */
bool restore_run(const struct restore_options *options, struct backup_result *result, struct fault *fault);

/* Names the settings in which two texts of config_state_text() differ: `key: backup X, here Y; ...` */
void settings_difference(const char *theirs, const char *ours, char *out, size_t out_bytes);

#endif
