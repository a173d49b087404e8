/* Whether the parts of an archive tell one story: what the index names is there and nothing else is, the shard indices likewise,
 * the counts of meta add up, and the header says what meta says. A backup that was taken of a spoilt state is found here, when it
 * is taken and before it is restored, and not by the snapshot after next. */
#include "aggregate/backup/archive.h"

#include "check.h"

struct question {
    const struct archive *archive;
    const char *path;
    struct fault *fault;
};

static bool disagree(const struct question *question, struct archive_key key, const char *what) {
    char text[ARCHIVE_KEY_TEXT_BYTES];
    struct slice name = archive_key_text(key, text);
    return fault_set(question->fault, STOP_BACKUP_SPOILT, false,
                     "%.250s: hash %.*s: %s: the state was spoilt before it was backed up",
                     question->path, (int)name.length, name.data, what);
}

static int by_key(const void *key, const void *hash) {
    return archive_key_compare(*(const struct archive_key *)key, ((const struct archive_hash *)hash)->key);
}

static const struct archive_hash *find(const struct archive *archive, struct archive_key key) {
    if (archive->hash_count == 0) return NULL;
    return bsearch(&key, archive->hashes, archive->hash_count, sizeof(*archive->hashes), by_key);
}

static struct slice value_of(const struct archive_hash *hash, struct slice wanted) {
    const char *at = hash != NULL ? hash->at : NULL;
    for (size_t i = 0; hash != NULL && i < hash->pairs; i++) {
        struct slice field, value;
        archive_take(&at, &field, &value);
        if (slice_equal(field, wanted)) return value;
    }
    return (struct slice){NULL, 0};
}

struct slice archive_meta(const struct archive *archive, struct slice field) {
    return value_of(find(archive, (struct archive_key){.group = ARCHIVE_META}), field);
}

static int64_t meta_number(const struct question *question, const char *name) {
    int64_t number = 0;
    struct slice text = archive_meta(question->archive, slice_of(name));
    return text.data != NULL && decimal_read(text, &number) ? number : 0;
}

static bool header_agrees(const struct question *question) {
    const struct archive_header *header = &question->archive->header;
    const struct archive_key meta = {.group = ARCHIVE_META};
    if (find(question->archive, meta) == NULL) return disagree(question, meta, "is missing");
    if (archive_meta(question->archive, SLICE("next")).data == NULL || meta_number(question, "next") != header->next ||
        meta_number(question, "layout") != header->layout ||
        !slice_equal(archive_meta(question->archive, SLICE("config")), slice_of(header->configuration)) ||
        !slice_equal(archive_meta(question->archive, SLICE("cluster")), slice_of(header->cluster)))
        return disagree(question, meta, "next, layout, config or cluster is not the header's");
    int64_t verdicts = 0;
    static const char *const names[] = {"applied", "duplicate", "quarantined", "rejected", "ignored"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        verdicts += meta_number(question, names[i]);
    if (verdicts != meta_number(question, "delivered"))
        return disagree(question, meta, "applied + duplicate + quarantined + rejected + ignored is not delivered");
    return true;
}

/* Every account and every record of the registry has a field of its own. */
static bool counts_agree(const struct question *question) {
    int64_t accounts = 0;
    int64_t units = 0;
    const struct archive_key meta = {.group = ARCHIVE_META};
    for (size_t i = 0; i < question->archive->hash_count; i++) {
        const struct archive_hash *hash = &question->archive->hashes[i];
        if (hash->key.group != ARCHIVE_HASH) continue;
        if (hash->key.id.kind == HASH_ACCOUNT) accounts += (int64_t)hash->pairs;
        if (hash->key.id.kind == HASH_UNIT) units += (int64_t)hash->pairs;
    }
    if (accounts == meta_number(question, "accounts") && units == meta_number(question, "units")) return true;
    return disagree(question, meta, "accounts or units are not as many as there are fields for them");
}

/* What `hash` (the index, or a shard index) names is there; how many hashes that are. */
static bool named_are_there(const struct question *question, const struct archive_hash *hash, size_t *named) {
    const char *at = hash->at;
    for (size_t i = 0; i < hash->pairs; i++) {
        struct slice field, value;
        struct archive_key key = {.group = ARCHIVE_HASH};
        int64_t shard = 0;
        int64_t offset = 0;
        archive_take(&at, &field, &value);
        bool fine = decimal_read(value, &offset) && offset >= 0 && offset < question->archive->header.next;
        if (hash->key.group == ARCHIVE_INDEX) {
            fine = fine && index_field_read(field, &key.id.kind, &key.id.bucket);
            if (fine && kind_has_shards(key.id.kind)) key.group = ARCHIVE_SHARDS;
        } else {
            fine = fine && decimal_read(field, &shard) && shard >= 0 && shard <= UINT32_MAX;
            key.id = (struct hash_id){.kind = hash->key.id.kind, .bucket = hash->key.id.bucket, .shard = (uint32_t)shard};
        }
        if (!fine) return disagree(question, hash->key, "a field or offset is not of the layout, or not before `next`");
        const struct archive_hash *there = find(question->archive, key);
        if (there == NULL || there->pairs == 0) return disagree(question, key, "is empty, although the index names it");
        ++*named;
    }
    return true;
}

bool archive_agrees(const struct archive *archive, const char *path, struct fault *fault) {
    const struct question question = {.archive = archive, .path = path, .fault = fault};
    if (!header_agrees(&question) || !counts_agree(&question)) return false;
    size_t named = 0;
    size_t others = 0;
    for (size_t i = 0; i < archive->hash_count; i++) {
        const struct archive_hash *hash = &archive->hashes[i];
        bool names = hash->key.group == ARCHIVE_INDEX || hash->key.group == ARCHIVE_SHARDS;
        if (hash->key.group == ARCHIVE_META || hash->key.group == ARCHIVE_INDEX) others++;
        if (names && !named_are_there(&question, hash, &named)) return false;
    }
    if (named + others == archive->hash_count) return true;
    return fault_set(fault, STOP_BACKUP_SPOILT, false, "%.250s: %zu hashes, but the index names %zu: the state was spoilt", path,
                     archive->hash_count - others, named);
}
