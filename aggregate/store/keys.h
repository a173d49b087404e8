/* The names of keys in Redis, and of fields in the index hashes (schemas/store-layout.md §1). Any thread. */
#ifndef NHIP_KEYS_H
#define NHIP_KEYS_H

#include "aggregate/store/resp.h"
#include "batch.h"
#include "fault.h"
#include "source.h"

enum {
    NAMESPACE_BYTES_MAX = 64,
    TOPIC_BYTES_MAX = 249, /* Kafka's own limit */
    TAG_BYTES_MAX = TOPIC_BYTES_MAX + 24,
    KEY_BYTES_MAX = NAMESPACE_BYTES_MAX + TAG_BYTES_MAX + 48,
    INDEX_FIELD_BYTES_MAX = 1 + DECIMAL_BYTES_MAX,
    SLOT_COUNT = 16384, /* of a Redis Cluster */
};

/* What all keys of one partition share. */
struct keys {
    char name_space[NAMESPACE_BYTES_MAX + 1];
    char tag[TAG_BYTES_MAX + 1]; /* topic/partition/s, without the braces */
};

/* Finds the partition's tag (some thousand short CRCs). False and FAULT_CONFIG for a namespace or topic that cannot be part of a
 * key. */
bool keys_create(struct keys *keys, const char *name_space, struct source_partition who, struct fault *fault);

/* A key's text; the slice points into `out`. */
struct key {
    char text[KEY_BYTES_MAX];
};
struct slice key_meta(const struct keys *keys, struct key *out);
struct slice key_index(const struct keys *keys, struct key *out);
struct slice key_born(const struct keys *keys, struct key *out);
struct slice key_shard_index(const struct keys *keys, enum hash_kind kind, int32_t bucket, struct key *out);
struct slice key_hash(const struct keys *keys, struct hash_id id, struct key *out);
struct slice key_global(const char *name_space, const char *rest, struct key *out); /* NS:rest */

bool kind_known(char letter);              /* one of enum hash_kind */
bool kind_has_shards(enum hash_kind kind); /* d, w, a, u */

/* Field of the index: `<kind><bucket>`, or `a`, `u`. The slice points into `out`. */
struct slice index_field(enum hash_kind kind, int32_t bucket, char out[static INDEX_FIELD_BYTES_MAX]);
bool index_field_read(struct slice field, enum hash_kind *kind, int32_t *bucket);

int hash_id_compare(struct hash_id a, struct hash_id b); /* by kind, bucket, shard: < 0, 0, > 0 */

uint16_t crc16(struct slice bytes); /* CRC-16/XMODEM, what Redis Cluster takes modulo 16384 */

#endif
