/* A vintage directory in the making: written aside, made durable, then named by one rename (reference form
 * FLOW_FREQ_PERIOD_rN_ASOF). Never overwrites. One thread. */
#ifndef NHIP_SNAPSHOT_VINTAGE_H
#define NHIP_SNAPSHOT_VINTAGE_H

#include "aggregate/runtime/digest.h"
#include "aggregate/snapshot/period.h"

#include <stdio.h>

/* In a directory of vintages: those that wait for somebody's judgement, and those that were refused. Readers look for names of
 * vintages, which these are not. */
#define STAGED_DIRECTORY "staged"
#define REJECTED_DIRECTORY "rejected"

enum { VINTAGE_FILES_MAX = 48, VINTAGE_NAME_BYTES = 160, VINTAGE_PATH_BYTES = 512, VINTAGE_FLOW_BYTES = 64 };

struct vintage {
    char directory[VINTAGE_PATH_BYTES];
    char name[VINTAGE_NAME_BYTES];
    char temporary[VINTAGE_PATH_BYTES]; /* empty when there is none (any more) */
    int64_t release;
    bool unpublished; /* LATEST stays where it is */
    bool staged;      /* to DIRECTORY/staged/, where no reader looks; LATEST stays */
    size_t prefix_bytes; /* of the name, before the release number */
    const char *files[VINTAGE_FILES_MAX]; /* names, literals of the caller */
    char digests[VINTAGE_FILES_MAX][DIGEST_TEXT_BYTES];
    size_t file_count;
};

/* FLOW of the name: THDX:DF_ADOPTION(1.0.0) -> THDX_ADOPTION; raw figures bear it in their name, so they count releases of their
 * own. */
void vintage_flow(const char *structure_id, bool raw, char out[static VINTAGE_FLOW_BYTES]);
/* How long FLOW_FREQ_PERIOD_r is in the name of a vintage; 0 when it is none. */
size_t vintage_stem(const char *name);
/* The release number of the vintage `name` when its name begins with the first `stem_bytes` of `stem`, else 0. */
int64_t vintage_release(const char *name, const char *stem, size_t stem_bytes);
/* The greatest release number of this flow and period in a directory, and that vintage's path; 0 and "" when there is none. A
 * directory that does not exist has none. */
int64_t vintage_newest(const char *directory, const char *flow, const struct period *period,
                       char path[static VINTAGE_PATH_BYTES]);
/* The greatest release among the names in `directory` that begin with the first `stem_bytes` of `name`; 0: none. */
int64_t vintage_greatest(const char *directory, const char *name, size_t stem_bytes);
/* Makes `directory` (with parents) when it is missing, and the temporary directory in it. `flow` is the flow part of the name,
 * such as THDX_ADOPTION. On failure nothing is left behind. */
bool vintage_open(struct vintage *vintage, const char *directory, const char *flow, const struct period *period, int64_t release,
                  int64_t as_of_ms, struct fault *fault);
/* A file of the vintage, for writing; vintage_close_file() flushes, fsyncs, closes and takes its digest. `name` outlives the
 * vintage. */
FILE *vintage_file(struct vintage *vintage, const char *name, struct fault *fault);
bool vintage_close_file(struct vintage *vintage, FILE *file, const char *name, struct fault *fault);
/* The same for a file that somebody else writes: where it is to stand, and the end of it (fsync, digest). */
void vintage_file_path(const struct vintage *vintage, const char *name, char out[static VINTAGE_PATH_BYTES]);
bool vintage_take_file(struct vintage *vintage, const char *name, struct fault *fault);
/* Writes MANIFEST.sha256, fsyncs, renames, replaces LATEST. `path` gets directory/name. */
enum vintage_end {
    VINTAGE_FAILED, /* see `fault` */
    VINTAGE_PUBLISHED,
    VINTAGE_OVERTAKEN /* another writer has published this release or a later one: what is measured from the one before is void */
};
enum vintage_end vintage_publish(struct vintage *vintage, char path[static VINTAGE_PATH_BYTES], struct fault *fault);
/* Gives the staged vintage `name` of `directory` its place among the published ones: one rename, then LATEST. `path` gets
 * directory/name. VINTAGE_OVERTAKEN: this release or a later one of its period has been published. */
enum vintage_end vintage_approve(const char *directory, const char *name, char path[static VINTAGE_PATH_BYTES],
                                 struct fault *fault);
/* Removes the temporary directory, if there still is one. Harmless after a publication. */
void vintage_abandon(struct vintage *vintage);

#endif
