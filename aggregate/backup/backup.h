/* A directory that holds a whole namespace: one archive a partition and MANIFEST.sha256, which `sha256sum -c` reads too. Written
 * while workers go on committing: each file is one true prefix of its partition's log. One thread. */
#ifndef NHIP_BACKUP_H
#define NHIP_BACKUP_H

#include "aggregate/backup/archive.h"
#include "aggregate/store/store.h"

enum { BACKUP_PATH_BYTES = 1024, BACKUP_ID_BYTES = 17 };
#define BACKUP_MANIFEST "MANIFEST.sha256"

struct backup_options {
    const struct store_options *store;
    const char *directory; /* made; must not exist, or be empty */
    const char *settings;  /* of this process: config_state_text() */
    const char *engine_version;
};

struct backup_result {
    int64_t partitions, hashes, fields, body_bytes, file_bytes;
    int64_t foreign; /* partitions that were counted with another configuration than ours */
};

/* False and `fault`: what was written is removed then. */
bool backup_write(const struct backup_options *options, struct backup_result *result, struct fault *fault);

/* A finished backup, opened: the manifest held, nothing is missing and nothing is there that it does not name. */
struct backup {
    char directory[BACKUP_PATH_BYTES];
    char id[BACKUP_ID_BYTES]; /* the first digits of the manifest's own hash */
    char **files;             /* sorted by name */
    size_t file_count;
};
bool backup_open(struct backup *backup, const char *directory, struct fault *fault);
void backup_close(struct backup *backup);
/* Reads and proves file number `i`. archive_free() in any case. */
bool backup_read(const struct backup *backup, size_t i, struct archive *archive, struct fault *fault);

/* Proves every file; adds up into `result`. `each` may be null. */
bool backup_check(const char *directory, void (*each)(const struct archive *archive), struct backup_result *result,
                  struct fault *fault);

#endif
