/* One partition's state as a file (schemas/backup.md): written hash by hash, read back only when every byte is proved.
 *
 * The file knows which partition, cluster, configuration and offset it stands for; it does not know the namespace's name in its
 * keys, so it can be restored under another one. One thread. */
#ifndef NHIP_ARCHIVE_H
#define NHIP_ARCHIVE_H

#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"

enum {
    ARCHIVE_VERSION = 1,
    ARCHIVE_BLOCK_BYTES = 1 << 20,       /* of the body, before packing; the last is shorter */
    ARCHIVE_HEADER_BYTES_MAX = 1 << 16,
    ARCHIVE_FILE_NAME_BYTES = TOPIC_BYTES_MAX + 24,
    ARCHIVE_KEY_TEXT_BYTES = 48,
    ARCHIVE_TIME_BYTES = 25,
};

/* What the file says of itself. Texts are one line each, but for `settings`. */
struct archive_header {
    char topic[TOPIC_BYTES_MAX + 1];
    int32_t partition;
    char cluster[META_TEXT_BYTES];
    int64_t layout;
    char configuration[META_TEXT_BYTES]; /* hash of the state-changing configuration */
    int64_t next, tail_offset;
    uint64_t tail_print;
    char name_space[NAMESPACE_BYTES_MAX + 1]; /* where it was taken: for people */
    char taken[ARCHIVE_TIME_BYTES];           /* RFC 3339: for people */
    char engine[32];                          /* nhip's version: for people */
    char *settings; /* the configuration as `key=value` lines; "" when whoever took the backup had another one */
};

/* A key without its namespace and tag; the order of members and groups is the order in the file. */
enum archive_group { ARCHIVE_META = 0, ARCHIVE_INDEX, ARCHIVE_SHARDS, ARCHIVE_HASH };
struct archive_key {
    enum archive_group group;
    struct hash_id id; /* SHARDS: kind and bucket; HASH: all; else nothing */
};
int archive_key_compare(struct archive_key a, struct archive_key b);
/* `f`, `i`, `x:d20`, `d:20:3`, `m:27000000`; the slice points into `out`. */
struct slice archive_key_text(struct archive_key key, char out[static ARCHIVE_KEY_TEXT_BYTES]);
bool archive_key_read(struct slice text, struct archive_key *key);
/* The whole key in Redis; the slice points into `out`. */
struct slice archive_key_name(struct archive_key key, const struct keys *keys, struct key *out);

/* TOPIC-PARTITION.nhip */
void archive_file_name(const char *topic, int32_t partition, char out[static ARCHIVE_FILE_NAME_BYTES]);

struct archive_totals {
    int64_t blocks, body_bytes, hashes, fields;
};

/* --- writing --- */

struct archive_writer;

/* Writes the header to `file`, which stays the caller's. */
struct archive_writer *archive_begin(FILE *file, const struct archive_header *header);
/* In the order of archive_key_compare(): a hash, then so many fields, ascending by bytes. Checked. */
void archive_hash(struct archive_writer *writer, struct archive_key key, size_t pairs);
void archive_pair(struct archive_writer *writer, struct slice field, struct slice value);
/* The end of the file; frees the writer. Whether the bytes arrived, `file` knows (ferror). */
struct archive_totals archive_finish(struct archive_writer *writer);

/* --- reading --- */

struct archive_hash {
    struct archive_key key;
    size_t pairs;
    const char *at; /* its first pair: archive_take() */
};

struct archive {
    struct archive_header header;
    char *body;
    struct archive_hash *hashes;
    size_t hash_count;
    struct archive_totals totals;
};

/* Reads the whole file into memory and proves it: every byte belongs to a check that holds, the parts stand in their order, the
 * file's name is the partition's, and index, hashes and meta agree. False and `fault` with the path and the byte where it is not
 * so (FAULT_IO when it cannot be read, FAULT_REFUSED else); archive_free() in any case. */
bool archive_read(struct archive *archive, const char *path, struct fault *fault);
void archive_free(struct archive *archive);

/* The pair at `*at`, which moves on. Only so many as the hash has. The slices point into the archive. */
void archive_take(const char **at, struct slice *field, struct slice *value);

/* The value of a field of meta; null data when there is none. */
struct slice archive_meta(const struct archive *archive, struct slice field);

/* Index, shard indices, hashes, meta and header say the same. archive_read() has asked. */
bool archive_agrees(const struct archive *archive, const char *path, struct fault *fault);

#endif
