/* Reading a true prefix from under a writer.
 *
 *     pass:  WATCH f, HGETALL f, HGETALL i
 *            buckets whose offset in the index differs from ours -> their shard index -> HGETALL of shards that differ
 *            MULTI, EXEC: not nil = meta did not move since the WATCH = what we hold is the state at meta's `next`
 *
 * The first pass reads everything and usually fails (a commit a second, and a million fields take longer); every later one reads
 * only what changed meanwhile, a few milliseconds, and holds. It works because index offsets are read *before* the content they
 * stand for: content may be newer than its note, never older, and what is newer is noted as changed in the next pass. The index
 * says what exists, so nothing is scanned. Nothing is locked either: the writer never notices.
 *
 * What was not done: one big MULTI that reads everything (the writer's commits would wait behind it), or a copy of the whole
 * state per pass. */
#include "aggregate/store/image.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/length.h"
#include "check.h"
#include "log.h"

enum { TELL_MS = 2000, TELL_HASHES = 1024 };
enum { OPEN_DAYS = 2 }; /* the newest days change with every commit: not worth a fold */
enum { READING_MS_MAX = 60000 }; /* then the writer is simply too fast for this reader */

/* Buckets and hashes. */
static void forget(struct image *image) {
    for (size_t i = 0; i < image->hash_count; i++)
        free(image->hashes[i].content);
    for (size_t i = 0; i < image->bucket_count; i++)
        fold_free(image->buckets[i].fold);
    free(image->hashes);
    free(image->buckets);
    image->hashes = NULL;
    image->buckets = NULL;
    image->hash_count = image->bucket_count = 0;
}

void image_free(struct image *image) {
    freeReplyObject(image->meta_pairs);
    forget(image);
    *image = (struct image){.present = false};
}

static int by_bucket(const void *left, const void *right) {
    const struct image_bucket *a = left;
    const struct image_bucket *b = right;
    return hash_id_compare((struct hash_id){a->kind, a->bucket, 0}, (struct hash_id){b->kind, b->bucket, 0});
}

static int by_id(const void *left, const void *right) {
    return hash_id_compare(((const struct image_hash *)left)->id, ((const struct image_hash *)right)->id);
}

static bool not_of_layout(const struct image *image, const char *what, struct fault *fault) {
    return fault_set(fault, STOP_STATE_DAMAGED, false, "%s of %s in namespace %s is not of the layout", what, image->keys.tag,
                     image->keys.name_space);
}

/* What one pass finds out before it replaces what the image holds. */
struct pass {
    struct image *image;
    struct image_bucket *buckets; /* the index as of now */
    size_t bucket_count;
    size_t *sharded; /* indices of changed buckets whose shard index must be read */
    size_t sharded_count;
    struct image_hash *hashes; /* all that exist now; contents moved over or still to be read */
    size_t hash_count, hash_capacity;
    size_t *unread;
    size_t unread_count;
};

static void add_hash(struct pass *pass, struct hash_id id, int64_t offset) {
    if (pass->hash_count == pass->hash_capacity) {
        pass->hash_capacity = pass->hash_capacity == 0 ? 256 : pass->hash_capacity * 2;
        pass->hashes = realloc(pass->hashes, pass->hash_capacity * sizeof(*pass->hashes));
        CHECK_MEMORY(pass->hashes != NULL);
    }
    pass->hashes[pass->hash_count++] = (struct image_hash){.id = id, .offset = offset};
}

static bool take_index(struct pass *pass, const redisReply *index, struct fault *fault) {
    if (!reply_is_pairs(index)) return not_of_layout(pass->image, "the index", fault);
    pass->buckets = calloc(index->elements / 2 + 1, sizeof(*pass->buckets));
    CHECK_MEMORY(pass->buckets != NULL);
    for (size_t i = 0; i < index->elements; i += 2) {
        struct image_bucket *bucket = &pass->buckets[pass->bucket_count];
        if (!index_field_read(reply_text(index->element[i]), &bucket->kind, &bucket->bucket) ||
            !decimal_read(reply_text(index->element[i + 1]), &bucket->offset)) {
            return not_of_layout(pass->image, "the index", fault);
        }
        pass->bucket_count++;
    }
    if (pass->bucket_count > 1) qsort(pass->buckets, pass->bucket_count, sizeof(*pass->buckets), by_bucket);
    return true;
}

/* Old hashes of one bucket that has not changed: they stay. */
static void keep_bucket(struct pass *pass, const struct image_bucket *bucket) {
    const struct image *image = pass->image;
    size_t low = 0;
    size_t high = image->hash_count;
    const struct hash_id first = {bucket->kind, bucket->bucket, 0};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (hash_id_compare(image->hashes[middle].id, first) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < image->hash_count; low++) {
        const struct image_hash *hash = &image->hashes[low];
        if (hash->id.kind != bucket->kind || hash->id.bucket != bucket->bucket) break;
        add_hash(pass, hash->id, hash->offset);
    }
}

/* Of a day: from its fold, when there is one. */
static bool is_folded(struct pass *pass, struct image_bucket *bucket, struct image_bucket *old) {
    if (bucket->kind != HASH_LEDGER) return false;
    if (old != NULL && old->fold != NULL && old->offset == bucket->offset) {
        bucket->fold = old->fold;
        old->fold = NULL;
    } else if (old == NULL || old->offset != bucket->offset) {
        bucket->fold = fold_load(&pass->image->folds, bucket->bucket, bucket->offset);
    }
    return bucket->fold != NULL;
}

static void sort_buckets(struct pass *pass) {
    const struct image *image = pass->image;
    pass->sharded = calloc(pass->bucket_count + 1, sizeof(*pass->sharded));
    CHECK_MEMORY(pass->sharded != NULL);
    for (size_t i = 0; i < pass->bucket_count; i++) {
        struct image_bucket *bucket = &pass->buckets[i];
        struct image_bucket *old =
            image->bucket_count == 0 ? NULL
                                     : bsearch(bucket, image->buckets, image->bucket_count, sizeof(*image->buckets), by_bucket);
        if (is_folded(pass, bucket, old)) continue;
        if (old != NULL && old->offset == bucket->offset) {
            keep_bucket(pass, bucket);
        } else if (kind_has_shards(bucket->kind)) {
            pass->sharded[pass->sharded_count++] = i;
        } else {
            add_hash(pass, (struct hash_id){bucket->kind, bucket->bucket, 0}, bucket->offset);
        }
    }
}

static void ask_shards(void *context, size_t i, struct resp *out) {
    const struct pass *pass = context;
    const struct image_bucket *bucket = &pass->buckets[pass->sharded[i]];
    struct key key;
    RESP_COMMAND(out, SLICE("HGETALL"), key_shard_index(&pass->image->keys, bucket->kind, bucket->bucket, &key));
}

static bool take_shards(void *context, size_t i, const redisReply *reply, struct fault *fault) {
    struct pass *pass = context;
    const struct image_bucket *bucket = &pass->buckets[pass->sharded[i]];
    if (!reply_is_pairs(reply)) return not_of_layout(pass->image, "a shard index", fault);
    for (size_t j = 0; j < reply->elements; j += 2) {
        int64_t shard = 0;
        int64_t offset = 0;
        if (!decimal_read(reply_text(reply->element[j]), &shard) || shard < 0 || shard > UINT32_MAX ||
            !decimal_read(reply_text(reply->element[j + 1]), &offset)) {
            return not_of_layout(pass->image, "a shard index", fault);
        }
        add_hash(pass, (struct hash_id){bucket->kind, bucket->bucket, (uint32_t)shard}, offset);
    }
    return true;
}

/* Takes over what the image holds already and has not changed; the rest is to be read. */
static void match_hashes(struct pass *pass) {
    struct image *image = pass->image;
    if (pass->hash_count > 0) qsort(pass->hashes, pass->hash_count, sizeof(*pass->hashes), by_id);
    pass->unread = calloc(pass->hash_count + 1, sizeof(*pass->unread));
    CHECK_MEMORY(pass->unread != NULL);
    for (size_t i = 0; i < pass->hash_count; i++) {
        struct image_hash *hash = &pass->hashes[i];
        struct image_hash *old =
            image->hash_count == 0 ? NULL : bsearch(hash, image->hashes, image->hash_count, sizeof(*image->hashes), by_id);
        if (old != NULL && old->read && old->offset == hash->offset) {
            *hash = *old;
            old->content = NULL;
        } else {
            pass->unread[pass->unread_count++] = i;
        }
    }
}

/* The image now holds what the pass knows; contents still to be read have read = false. */
static void adopt(struct pass *pass) {
    struct image *image = pass->image;
    forget(image);
    image->hashes = pass->hashes;
    image->hash_count = pass->hash_count;
    image->buckets = pass->buckets;
    image->bucket_count = pass->bucket_count;
    pass->hashes = NULL;
    pass->buckets = NULL;
}

static void ask_hash(void *context, size_t i, struct resp *out) {
    const struct pass *pass = context;
    struct key key;
    RESP_COMMAND(out, SLICE("HGETALL"), key_hash(&pass->image->keys, pass->image->hashes[pass->unread[i]].id, &key));
}

/* A person waits: how far it is, every two seconds. */
static void tell(struct image *image, size_t read, size_t count) {
    int64_t now_ms = read % TELL_HASHES == 0 ? clock_monotonic_ms() : 0;
    if (image->told_ms == 0) image->told_ms = now_ms;
    if (now_ms - image->told_ms < TELL_MS) return;
    image->told_ms = now_ms;
    log_info("state_reading", "partition=%s hashes=%zu of=%zu", image->keys.tag, read, count);
}

static bool take_hash(void *context, size_t i, const redisReply *reply, struct fault *fault) {
    struct pass *pass = context;
    struct image_hash *hash = &pass->image->hashes[pass->unread[i]];
    if (!reply_is_pairs(reply)) return not_of_layout(pass->image, "a hash", fault);
    tell(pass->image, i, pass->unread_count);
    size_t bytes = 1;
    for (size_t j = 0; j < reply->elements; j++)
        bytes += length_bytes(reply->element[j]->len) + reply->element[j]->len;
    char *at = malloc(bytes); /* exactly: a state is a hundred thousand small hashes */
    CHECK_MEMORY(at != NULL);
    hash->content = at;
    for (size_t j = 0; j < reply->elements; j++) {
        struct slice text = reply_text(reply->element[j]);
        at = length_put(at, text.length);
        memcpy(at, text.data, text.length);
        at += text.length;
    }
    hash->pairs = reply->elements / 2;
    hash->bytes = bytes - 1;
    hash->read = true;
    return true;
}

/* Sends `out` and reads so many replies into `replies`, to be freed whatever comes. */
static bool ask(struct connection *connection, const struct store_options *options, struct resp *out, redisReply **replies,
                size_t count, struct fault *fault) {
    bool fine = connection_send(connection, (struct slice){out->data, out->length}, fault);
    resp_clear(out);
    for (size_t i = 0; fine && i < count; i++) {
        replies[i] = connection_answer(connection, options->timeout_ms, "reading the state", fault);
        fine = replies[i] != NULL;
    }
    return fine;
}

/* What a state is called since it was born; another name than before: what is held is of another state. */
static void take_born(struct image *image, const redisReply *pairs) {
    char born[NONCE_BYTES] = "";
    for (size_t i = 0; reply_is_pairs(pairs) && i < pairs->elements; i += 2) {
        struct slice value = reply_text(pairs->element[i + 1]);
        if (!slice_equal(reply_text(pairs->element[i]), SLICE("born")) || value.length >= sizeof(born)) continue;
        memcpy(born, value.data, value.length);
        born[value.length] = '\0';
    }
    if (strcmp(born, image->born) != 0) forget(image);
    memcpy(image->born, born, sizeof(born));
}

enum { REPLY_WATCH = 0, REPLY_META, REPLY_INDEX, REPLY_BORN, REPLY_COUNT };

/* Meta, index and name, behind a WATCH. */
static bool read_head(struct image *image, struct connection *connection, const struct store_options *options,
                      const char *folds, redisReply **index, struct fault *fault) {
    redisReply *replies[REPLY_COUNT] = {NULL};
    struct resp out = {0};
    struct key key, other;
    struct slice meta_name = key_meta(&image->keys, &key);
    RESP_COMMAND(&out, SLICE("WATCH"), meta_name);
    RESP_COMMAND(&out, SLICE("HGETALL"), meta_name);
    RESP_COMMAND(&out, SLICE("HGETALL"), key_index(&image->keys, &other));
    if (folds != NULL) RESP_COMMAND(&out, SLICE("HGETALL"), key_born(&image->keys, &other));
    bool fine = ask(connection, options, &out, replies, folds != NULL ? REPLY_COUNT : REPLY_BORN, fault);
    resp_free(&out);
    freeReplyObject(image->meta_pairs);
    image->meta_pairs = replies[REPLY_META];
    *index = replies[REPLY_INDEX];
    fine = fine && meta_read(image->meta_pairs, meta_name, &image->meta, fault);
    if (fine && folds != NULL) take_born(image, replies[REPLY_BORN]);
    freeReplyObject(replies[REPLY_WATCH]);
    freeReplyObject(replies[REPLY_BORN]);
    return fine;
}

/* One pass; `*held` when meta did not move while it read. */
static bool read_pass(struct pass *pass, struct connection *connection, const struct store_options *options, const char *folds,
                      struct source_partition who, bool *held, struct fault *fault) {
    struct image *image = pass->image;
    redisReply *index = NULL;
    redisReply *end[2] = {NULL};
    struct resp out = {0};
    bool fine = false;
    if (!read_head(image, connection, options, folds, &index, fault)) goto out;
    image->present = image->meta.present && image->meta.progress.next != SOURCE_START_BEGINNING;
    fold_place_set(&image->folds, folds, &image->keys, &image->meta, who, image->born);
    if (!take_index(pass, index, fault)) goto out;
    sort_buckets(pass);
    const struct pipeline shards = {pass->sharded_count, ask_shards, take_shards, pass, "reading a shard index"};
    if (!connection_pipeline(connection, &shards, options->timeout_ms, fault)) goto out;
    match_hashes(pass);
    adopt(pass);
    const struct pipeline contents = {pass->unread_count, ask_hash, take_hash, pass, "reading the state"};
    if (!connection_pipeline(connection, &contents, options->timeout_ms, fault)) goto out;
    RESP_COMMAND(&out, SLICE("MULTI"));
    RESP_COMMAND(&out, SLICE("EXEC"));
    if (!ask(connection, options, &out, end, 2, fault)) goto out;
    *held = end[1]->type == REDIS_REPLY_ARRAY;
    fine = true;
out:
    freeReplyObject(end[0]);
    freeReplyObject(end[1]);
    freeReplyObject(index);
    resp_free(&out);
    return fine;
}

/* Of one state everything is there that its index and its meta speak of; else somebody has deleted or evicted keys. */
static bool is_whole(const struct image *image, struct fault *fault) {
    int64_t accounts = 0;
    int64_t units = 0;
    size_t at = 0; /* hashes come in the order of the buckets */
    bool whole = image->bucket_count > 0 || image->meta.progress.counts.applied == 0;
    for (size_t i = 0; i < image->bucket_count; i++) {
        const struct image_bucket *bucket = &image->buckets[i];
        size_t first = at;
        if (bucket->fold != NULL) continue;
        for (; at < image->hash_count; at++) {
            const struct image_hash *hash = &image->hashes[at];
            if (hash->id.kind != bucket->kind || hash->id.bucket != bucket->bucket) break;
            whole = whole && hash->pairs > 0;
            if (hash->id.kind == HASH_ACCOUNT) accounts += (int64_t)hash->pairs;
            if (hash->id.kind == HASH_UNIT) units += (int64_t)hash->pairs;
        }
        whole = whole && at > first;
    }
    if (!image->present) return true;
    if (whole && accounts == image->meta.progress.accounts && units == image->meta.progress.units) return true;
    return fault_set(fault, STOP_STATE_GONE, false,
                     "keys of %s in namespace %s are gone: they were deleted or evicted, the state is damaged; restore a backup, "
                     "or count anew in a new `namespace`; maxmemory-policy must be noeviction",
                     image->keys.tag, image->keys.name_space);
}

static void pass_free(struct pass *pass) {
    for (size_t i = 0; i < pass->hash_count && pass->hashes != NULL; i++)
        free(pass->hashes[i].content);
    for (size_t i = 0; i < pass->bucket_count && pass->buckets != NULL; i++)
        fold_free(pass->buckets[i].fold);
    free(pass->hashes);
    free(pass->buckets);
    free(pass->sharded);
    free(pass->unread);
}

bool image_read(struct image *image, struct connection *connection, const struct store_options *options, const char *folds,
                struct source_partition who, struct fault *fault) {
    *image = (struct image){.present = false};
    if (!keys_create(&image->keys, options->name_space, who, fault)) return false;
    int64_t deadline_ms = clock_monotonic_ms() + READING_MS_MAX;
    while (clock_monotonic_ms() < deadline_ms) {
        struct pass pass = {.image = image};
        bool held = false;
        bool fine = read_pass(&pass, connection, options, folds, who, &held, fault);
        pass_free(&pass);
        image->passes++;
        if (!fine || held) return fine && is_whole(image, fault);
    }
    return fault_set(fault, STOP_READER_OUTRUN, true,
                     "%s/%d: commits came faster than their changes could be read, for %d s: read again when it is calmer, or "
                     "from nearer to Redis",
                     who.topic, who.partition, READING_MS_MAX / 1000);
}

static bool has_day(const void *context, int32_t day) {
    const struct image *image = context;
    const struct image_bucket wanted = {.kind = HASH_LEDGER, .bucket = day};
    return image->bucket_count > 0 &&
           bsearch(&wanted, image->buckets, image->bucket_count, sizeof(*image->buckets), by_bucket) != NULL;
}

size_t bucket_end(const struct image *image, const struct image_bucket *bucket, size_t at) {
    while (at < image->hash_count && image->hashes[at].id.kind == bucket->kind && image->hashes[at].id.bucket == bucket->bucket)
        at++;
    return at;
}

void image_fold(struct image *image) {
    int32_t newest = INT32_MIN;
    size_t at = 0;
    if (image->folds.path[0] == '\0') return;
    for (size_t i = 0; i < image->bucket_count; i++) {
        const struct image_bucket *bucket = &image->buckets[i];
        if (bucket->kind == HASH_LEDGER && bucket->bucket > newest) newest = bucket->bucket;
    }
    for (size_t i = 0; i < image->bucket_count; i++) {
        const struct image_bucket *bucket = &image->buckets[i];
        size_t first = at;
        if (bucket->fold != NULL) continue;
        at = bucket_end(image, bucket, at);
        if (bucket->kind == HASH_LEDGER && (int64_t)bucket->bucket <= (int64_t)newest - OPEN_DAYS)
            fold_save(&image->folds, bucket->bucket, bucket->offset, &image->hashes[first], at - first);
    }
    fold_sweep(&image->folds, has_day, image);
}

static int by_field(const void *left, const void *right) {
    const struct image_pair *a = left;
    const struct image_pair *b = right;
    size_t common = a->field.length < b->field.length ? a->field.length : b->field.length;
    int order = memcmp(a->field.data, b->field.data, common);
    if (order != 0) return order;
    return (a->field.length > b->field.length) - (a->field.length < b->field.length);
}

void image_pairs_any_order(const struct image_hash *hash, struct image_pair *pairs) {
    const char *at = hash->content;
    const char *end = at + hash->bytes;
    for (size_t i = 0; i < 2 * hash->pairs; i++) {
        size_t length = 0;
        at = length_take(at, end, &length);
        CHECK(at != NULL);
        *(i % 2 == 0 ? &pairs[i / 2].field : &pairs[i / 2].value) = (struct slice){at, length};
        at += length;
    }
}

void image_pairs(const struct image_hash *hash, struct image_pair *pairs) {
    image_pairs_any_order(hash, pairs);
    if (hash->pairs > 1) qsort(pairs, hash->pairs, sizeof(*pairs), by_field);
}
