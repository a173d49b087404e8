/* The archive of one partition: a directory with its files and MANIFEST.sha256, which says which they are. One thread. */
#ifndef NHIP_KEPT_LOG_H
#define NHIP_KEPT_LOG_H

#include "aggregate/archive/kept_part.h"
#include "aggregate/runtime/digest.h"

struct kept_entry {
    struct kept_part part;
    char digest[DIGEST_TEXT_BYTES];
};

struct kept_log {
    char directory[KEPT_PATH_BYTES]; /* ARCHIVE/TOPIC-PARTITION */
    char topic[KEPT_TEXT_BYTES];
    int32_t partition;
    struct kept_entry *entries; /* one behind the other: each begins where the one before ends */
    size_t count;
    size_t sealed; /* so many of them are in the manifest */
    /* Of the last file, filled in by kept_log_resume(): */
    char cluster[KEPT_TEXT_BYTES];
    int64_t tail_offset;   /* of the last record in it; -1: none */
    struct kept_text tail; /* that record's line */
};

/* Reads the manifest and looks whether the files are there, none missing between the first and the last. A partition that has no
 * directory has no files. What stands there and is not in the manifest is refused, unless it goes on behind the end (somebody is
 * archiving). kept_log_close() in any case. */
bool kept_log_open(struct kept_log *log, const char *archive, const char *topic, int32_t partition, struct fault *fault);
/* For the one who goes on writing: makes the directory, removes what was left unfinished, takes files into the manifest that were
 * finished and not named yet, and proves the last file. Somebody else must not be writing. */
bool kept_log_resume(struct kept_log *log, const char *archive, const char *topic, int32_t partition, struct fault *fault);
void kept_log_close(struct kept_log *log);

int64_t kept_log_first(const struct kept_log *log); /* -1: empty */
int64_t kept_log_end(const struct kept_log *log);   /* exclusive; -1: empty */

/* A finished file that goes on behind the end. It is named by the manifest after kept_log_seal(). */
void kept_log_add(struct kept_log *log, const struct kept_entry *entry);
bool kept_log_seal(struct kept_log *log, struct fault *fault);

/* A file at `path` that is to become `entry`: it has that hash, and holds the whole range with so many records. */
bool kept_log_prove(const struct kept_log *log, const char *path, const struct kept_entry *entry, int64_t records,
                    struct fault *fault);
/* The path of file number `i`. */
void kept_log_path(const struct kept_log *log, size_t i, char out[static KEPT_PATH_BYTES]);
/* Whether file number `i` has its hash. STOP_ARCHIVE_BROKEN, with name and offsets, when it has not. */
bool kept_log_check_hash(const struct kept_log *log, size_t i, struct fault *fault);
/* Reads it through as well. `records` and `lost` (offsets) are added to. */
bool kept_log_check(const struct kept_log *log, size_t i, int64_t *records, int64_t *lost, struct fault *fault);

bool kept_directory_sync(const char *path, struct fault *fault);

#endif
