/* MANIFEST.sha256 of a vintage against the files beside it. */
#ifndef NHIP_VERIFY_MANIFEST_H
#define NHIP_VERIFY_MANIFEST_H

#include "aggregate/runtime/digest.h"
#include "aggregate/verify/finding.h"
#include "fault.h"

#include <stddef.h>

enum { MANIFEST_FILES_MAX = 64, MANIFEST_NAME_BYTES = 80 };

struct manifest {
    size_t count;
    char names[MANIFEST_FILES_MAX][MANIFEST_NAME_BYTES];
    char digests[MANIFEST_FILES_MAX][DIGEST_TEXT_BYTES];
};

/* Reads DIRECTORY/MANIFEST.sha256. False and `fault` when it is not there or not of its form. */
bool manifest_read(struct manifest *manifest, const char *directory, struct fault *fault);

/* Every file that is named has its hash, and no other file stands in the directory. What is wrong goes to the findings; false and
 * `fault` only when the directory cannot be read. */
bool manifest_check(const struct manifest *manifest, const char *directory, struct findings *findings, struct fault *fault);

#endif
