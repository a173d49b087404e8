/* The state for readers: partition after partition, each a true prefix of its log (image.c proves it), always in the same order.
 *
 * Partitions are read one after the other and may stand at offsets of different instants: what a snapshot promises is the vector
 * of offsets, not a common moment. Only one partition is in memory at a time. In a cluster a failover or a slot that is being
 * moved is waited for. */
#include "aggregate/store/reader.h"

#include "aggregate/store/image.h"
#include "aggregate/runtime/clock.h"
#include "aggregate/store/pool.h"
#include "check.h"
#include "log.h"

#include <errno.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, PAUSE_MS = 200 };

struct delivery {
    const struct reader_sink *sink;
    struct reader_manner manner;
};

static bool deliver_hashes(const struct image_hash *hashes, size_t count, const struct delivery *delivery, struct fault *fault) {
    const struct reader_sink *sink = delivery->sink;
    size_t most = 0;
    bool fine = true;
    for (size_t i = 0; i < count; i++)
        most = hashes[i].pairs > most ? hashes[i].pairs : most;
    struct image_pair *pairs = malloc((most + 1) * sizeof(*pairs));
    CHECK_MEMORY(pairs != NULL);
    for (size_t i = 0; fine && i < count; i++) {
        if (hashes[i].id.kind == HASH_LEDGER && delivery->manner.ledger_in_any_order)
            image_pairs_any_order(&hashes[i], pairs);
        else
            image_pairs(&hashes[i], pairs);
        for (size_t j = 0; fine && j < hashes[i].pairs; j++)
            fine = sink->field(sink->context, hashes[i].id, pairs[j].field, pairs[j].value, fault);
    }
    free(pairs);
    return fine;
}

static bool deliver_fold(const struct fold *fold, const struct delivery *delivery, struct fault *fault) {
    struct image_hash *hashes;
    size_t count;
    if (!fold_hashes(fold, &hashes, &count, fault)) return false;
    bool fine = deliver_hashes(hashes, count, delivery, fault);
    free(hashes);
    return fine;
}

static bool deliver(const struct image *image, struct source_partition who, const struct delivery *delivery,
                    struct fault *fault) {
    const struct reader_sink *sink = delivery->sink;
    const struct reader_claim claim = {.epoch = image->meta.epoch,
                                       .owner = image->meta.owner,
                                       .instance = image->meta.instance,
                                       .commit_ms = image->meta.commit_ms,
                                       .end = image->meta.end,
                                       .replayed = image->meta.replayed};
    if (sink->claim != NULL) sink->claim(sink->context, who, &claim);
    if (!sink->partition(sink->context, who, &image->meta.progress, image->meta.configuration, image->meta.cluster, fault))
        return false;
    size_t at = 0;
    bool fine = true;
    for (size_t i = 0; fine && i < image->bucket_count; i++) {
        const struct image_bucket *bucket = &image->buckets[i];
        size_t first = at;
        if (bucket->fold != NULL) {
            fine = deliver_fold(bucket->fold, delivery, fault);
            continue;
        }
        at = bucket_end(image, bucket, at);
        fine = deliver_hashes(&image->hashes[first], at - first, delivery, fault);
    }
    return fine;
}

static bool list_all(struct pool *pool, const struct store_options *options, struct source_partition **list, size_t *count,
                     struct fault *fault) {
    struct key key;
    struct connection *connection = pool_route(pool, key_global(options->name_space, "p", &key), fault);
    return connection != NULL && partitions_list(connection, options, list, count, fault);
}

static bool read_one(struct pool *pool, const struct store_options *options, const char *folds, struct source_partition who,
                     struct image *image, struct fault *fault) {
    struct keys keys;
    struct key key;
    if (!keys_create(&keys, options->name_space, who, fault)) return false;
    struct connection *connection = pool_route(pool, key_meta(&keys, &key), fault);
    return connection != NULL && image_read(image, connection, options, folds, who, fault);
}

/* Worth another attempt? Not when the server cannot be reached at all: who asks is a person, who would rather know. */
static bool may_pass(struct pool *pool, const struct fault *fault, bool reached, int64_t deadline_ms) {
    if (!fault->retriable || (!reached && fault->code == FAULT_UNREACHABLE) || clock_monotonic_ms() >= deadline_ms) return false;
    pool_reset(pool);
    clock_sleep_ms(PAUSE_MS);
    return true;
}

/* What became of folds, for the log. */
struct folding {
    int64_t used, written, refused;
};

static void fold(struct folding *folding, struct image *image) {
    image_fold(image);
    folding->used += image->folds.used;
    folding->written += image->folds.written;
    folding->refused += image->folds.refused;
}

bool images_visit(const struct store_options *options, const struct image_visitor *visitor, struct fault *fault) {
    struct pool *pool = pool_create(options, fault);
    if (pool == NULL) return false;
    struct source_partition *list = NULL;
    size_t count = 0;
    size_t visited = 0;
    struct folding folding = {.used = 0};
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool fine = list_all(pool, options, &list, &count, fault);
    while (!fine && may_pass(pool, fault, false, deadline_ms))
        fine = list_all(pool, options, &list, &count, fault);
    for (size_t i = 0; fine && i < count; i++) {
        struct image image = {.present = false};
        fine = read_one(pool, options, visitor->folds, list[i], &image, fault);
        while (!fine && may_pass(pool, fault, true, deadline_ms)) {
            image_free(&image);
            fine = read_one(pool, options, visitor->folds, list[i], &image, fault);
        }
        if (fine && image.present) {
            fold(&folding, &image);
            fine = visitor->visit(visitor->context, &image, list[i], fault);
            visited++;
        }
        image_free(&image);
    }
    if (fine && visitor->folds != NULL) {
        log_info("state_read", "partitions=%zu folds_used=%lld folds_written=%lld folds_refused=%lld", visited,
                 (long long)folding.used, (long long)folding.written, (long long)folding.refused);
    }
    if (fine && visited == 0) {
        fine = fault_set(
            fault, STOP_NOTHING_COUNTED, false,
            "namespace %s of Redis at %.200s holds no committed state: let `nhip run` commit something first, or look at "
            "the settings `namespace` and `redis.address`",
            options->name_space, options->address);
    }
    free(list);
    pool_destroy(pool);
    return fine;
}

static bool visit_deliver(void *context, const struct image *image, struct source_partition who, struct fault *fault) {
    return deliver(image, who, context, fault);
}

bool reader_read_so(const struct store_options *options, const struct reader_manner *manner, const struct reader_sink *sink,
                    struct fault *fault) {
    struct delivery delivery = {.sink = sink, .manner = *manner};
    const struct image_visitor visitor = {.visit = visit_deliver, .context = &delivery, .folds = manner->folds};
    return images_visit(options, &visitor, fault);
}

bool reader_read(const struct store_options *options, const struct reader_sink *sink, struct fault *fault) {
    const struct reader_manner manner = {.ledger_in_any_order = false};
    return reader_read_so(options, &manner, sink, fault);
}

/* --- the dump --- */

struct dump {
    struct resp text; /* all lines */
    size_t *starts;
    size_t count, capacity;
};

static void put_encoded(struct resp *text, struct slice bytes) {
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < bytes.length; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        if (byte > 0x20 && byte < 0x7F && byte != '%') {
            resp_append(text, (struct slice){&bytes.data[i], 1});
        } else {
            const char code[3] = {'%', hex[byte >> 4], hex[byte & 15]};
            resp_append(text, (struct slice){code, sizeof(code)});
        }
    }
}

static void put_line(struct dump *dump, struct slice key, struct slice field, struct slice value) {
    if (dump->count == dump->capacity) {
        dump->capacity = dump->capacity == 0 ? 1024 : dump->capacity * 2;
        dump->starts = realloc(dump->starts, dump->capacity * sizeof(*dump->starts));
        CHECK_MEMORY(dump->starts != NULL);
    }
    dump->starts[dump->count++] = dump->text.length;
    put_encoded(&dump->text, key);
    resp_append(&dump->text, SLICE(" "));
    put_encoded(&dump->text, field);
    resp_append(&dump->text, SLICE(" "));
    put_encoded(&dump->text, value);
    resp_append(&dump->text, (struct slice){"\n\0", 2}); /* the NUL makes lines comparable with strcmp; it is not written */
}

static void put_index(struct dump *dump, const struct image *image) {
    struct key key;
    char field[INDEX_FIELD_BYTES_MAX];
    char digits[DECIMAL_BYTES_MAX];
    for (size_t i = 0; i < image->bucket_count; i++) {
        const struct image_bucket *bucket = &image->buckets[i];
        put_line(dump, key_index(&image->keys, &key), index_field(bucket->kind, bucket->bucket, field),
                 decimal_text(bucket->offset, digits));
    }
    for (size_t i = 0; i < image->hash_count; i++) {
        const struct image_hash *hash = &image->hashes[i];
        char shard[DECIMAL_BYTES_MAX];
        if (!kind_has_shards(hash->id.kind)) continue;
        put_line(dump, key_shard_index(&image->keys, hash->id.kind, hash->id.bucket, &key), decimal_text(hash->id.shard, shard),
                 decimal_text(hash->offset, digits));
    }
}

static bool visit_dump(void *context, const struct image *image, struct source_partition who, struct fault *fault) {
    (void)who;
    (void)fault;
    struct dump *dump = context;
    struct key key;
    for (size_t i = 0; i < image->meta_pairs->elements; i += 2) {
        struct slice field = reply_text(image->meta_pairs->element[i]);
        if (!meta_field_is_authoritative(field)) continue;
        put_line(dump, key_meta(&image->keys, &key), field, reply_text(image->meta_pairs->element[i + 1]));
    }
    put_index(dump, image);
    for (size_t i = 0; i < image->hash_count; i++) {
        const struct image_hash *hash = &image->hashes[i];
        struct image_pair *pairs = malloc((hash->pairs + 1) * sizeof(*pairs));
        CHECK_MEMORY(pairs != NULL);
        image_pairs(hash, pairs);
        for (size_t j = 0; j < hash->pairs; j++)
            put_line(dump, key_hash(&image->keys, hash->id, &key), pairs[j].field, pairs[j].value);
        free(pairs);
    }
    return true;
}

static int by_line(const void *left, const void *right, void *text) {
    const char *bytes = text;
    return strcmp(bytes + *(const size_t *)left, bytes + *(const size_t *)right);
}

static bool write_all(int file, struct slice bytes, struct fault *fault) {
    while (bytes.length > 0) {
        ssize_t written = write(file, bytes.data, bytes.length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fault_set(fault, STOP_FILE_UNWRITABLE, false, "the state dump could not be written: %s",
                                          strerror(errno));
        bytes.data += written;
        bytes.length -= (size_t)written;
    }
    return true;
}

bool reader_dump(const struct store_options *options, int file, struct fault *fault) {
    struct dump dump = {.count = 0};
    struct resp sorted = {0};
    const struct image_visitor visitor = {.visit = visit_dump, .context = &dump};
    bool fine = images_visit(options, &visitor, fault);
    if (fine) {
        qsort_r(dump.starts, dump.count, sizeof(*dump.starts), by_line, dump.text.data);
        for (size_t i = 0; i < dump.count; i++)
            resp_append(&sorted, slice_of(dump.text.data + dump.starts[i]));
        fine = write_all(file, (struct slice){sorted.data, sorted.length}, fault);
    }
    resp_free(&sorted);
    resp_free(&dump.text);
    free(dump.starts);
    return fine;
}
