/* A vintage directory in the making: written aside, made durable, then named by one rename (reference form
 * FLOW_FREQ_PERIOD_rN_ASOF). Never overwrites. One thread. */
#ifndef NHIP_SNAPSHOT_VINTAGE_H
#define NHIP_SNAPSHOT_VINTAGE_H

#include "aggregate/runtime/digest.h"
#include "aggregate/snapshot/period.h"

#include <stdio.h>

enum { VINTAGE_FILES_MAX = 16, VINTAGE_NAME_BYTES = 160, VINTAGE_PATH_BYTES = 512 };

struct vintage {
    char directory[VINTAGE_PATH_BYTES];
    char name[VINTAGE_NAME_BYTES];
    char temporary[VINTAGE_PATH_BYTES]; /* empty when there is none (any more) */
    int64_t release;
    const char *files[VINTAGE_FILES_MAX]; /* names, literals of the caller */
    char digests[VINTAGE_FILES_MAX][DIGEST_TEXT_BYTES];
    size_t file_count;
};

/* Makes `directory` (with parents) when it is missing, finds the release number and makes the temporary directory. `flow` is the
 * flow part of the name, such as THDX_ADOPTION. On failure nothing is left behind. */
bool vintage_open(struct vintage *vintage, const char *directory, const char *flow, const struct period *period, int64_t as_of_ms,
                  struct fault *fault);
/* A file of the vintage, for writing; vintage_close_file() flushes, fsyncs, closes and takes its digest. `name` outlives the
 * vintage. */
FILE *vintage_file(struct vintage *vintage, const char *name, struct fault *fault);
bool vintage_close_file(struct vintage *vintage, FILE *file, const char *name, struct fault *fault);
/* Writes MANIFEST.sha256, fsyncs, renames, replaces LATEST. `path` gets directory/name. */
bool vintage_publish(struct vintage *vintage, char path[static VINTAGE_PATH_BYTES], struct fault *fault);
/* Removes the temporary directory, if there still is one. Harmless after a publication. */
void vintage_abandon(struct vintage *vintage);

#endif
