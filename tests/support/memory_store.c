/* The store in memory, see memory_store.h. Written for obviousness: arrays of hashes and fields, searched from the
 * front through a small index by name; a test state has some thousands of hashes. */
#include "memory_store.h"

#include "check.h"

#include <inttypes.h>

enum { INDEX_SLOTS = 1 << 16 };

struct pair {
    char *field;
    size_t field_length;
    char *value;
    size_t value_length;
};

struct hash {
    struct hash_id id;
    int64_t last_change;
    struct pair *pairs;
    size_t count;
    size_t capacity;
    struct hash *next; /* in its index slot */
};

struct memory_store {
    struct hash *index[INDEX_SLOTS];
    size_t hashes;
    struct hash *current; /* between hash() and its fields */
    struct progress progress;
};

struct memory_store *memory_store_create(void) {
    struct memory_store *store = calloc(1, sizeof(*store));
    CHECK(store != NULL);
    store->progress = (struct progress){.next = -2,
                                        .watermark_ms = INT64_MIN,
                                        .record_time_max_ms = INT64_MIN,
                                        .window_offset = -2,
                                        .window_record_time_max_ms = INT64_MIN,
                                        .ledger_day_min = INT32_MIN,
                                        .tail_offset = -1};
    return store;
}

static void hash_destroy(struct hash *hash) {
    for (size_t i = 0; i < hash->count; i++) {
        free(hash->pairs[i].field);
        free(hash->pairs[i].value);
    }
    free(hash->pairs);
    free(hash);
}

void memory_store_destroy(struct memory_store *store) {
    if (store == NULL) return;
    for (size_t i = 0; i < INDEX_SLOTS; i++) {
        for (struct hash *hash = store->index[i]; hash != NULL;) {
            struct hash *next = hash->next;
            hash_destroy(hash);
            hash = next;
        }
    }
    free(store);
}

static size_t slot_of(struct hash_id id) {
    uint64_t number = ((uint64_t)id.kind << 56) ^ ((uint64_t)(uint32_t)id.bucket << 24) ^ id.shard;
    return (size_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 48) % INDEX_SLOTS;
}

static bool same(struct hash_id a, struct hash_id b) {
    return a.kind == b.kind && a.bucket == b.bucket && a.shard == b.shard;
}

static struct hash *find(const struct memory_store *store, struct hash_id id) {
    struct hash *hash = store->index[slot_of(id)];
    while (hash != NULL && !same(hash->id, id)) hash = hash->next;
    return hash;
}

static void writer_hash(void *context, struct hash_id id, int64_t last_change_offset) {
    struct memory_store *store = context;
    store->current = find(store, id);
    if (store->current == NULL) {
        struct hash *hash = calloc(1, sizeof(*hash));
        CHECK(hash != NULL);
        hash->id = id;
        hash->last_change = INT64_MIN;
        hash->next = store->index[slot_of(id)];
        store->index[slot_of(id)] = hash;
        store->current = hash;
        store->hashes++;
    }
    CHECK(last_change_offset > store->current->last_change);
    store->current->last_change = last_change_offset;
}

static char *copy(struct slice bytes) {
    char *made = malloc(bytes.length + 1);
    CHECK(made != NULL);
    if (bytes.length > 0) memcpy(made, bytes.data, bytes.length);
    made[bytes.length] = 0;
    return made;
}

static struct pair *pair_find(const struct hash *hash, struct slice field) {
    for (size_t i = 0; i < hash->count; i++) {
        struct pair *pair = &hash->pairs[i];
        if (pair->field_length == field.length && memcmp(pair->field, field.data, field.length) == 0)
            return pair;
    }
    return NULL;
}

static void writer_field(void *context, struct slice field, struct slice value) {
    struct memory_store *store = context;
    struct hash *hash = store->current;
    CHECK(hash != NULL);
    struct pair *pair = pair_find(hash, field);
    if (pair == NULL) {
        if (hash->count == hash->capacity) {
            hash->capacity = hash->capacity * 2 + 4;
            hash->pairs = realloc(hash->pairs, hash->capacity * sizeof(*hash->pairs));
            CHECK(hash->pairs != NULL);
        }
        pair = &hash->pairs[hash->count++];
        *pair = (struct pair){.field = copy(field), .field_length = field.length};
    }
    free(pair->value);
    pair->value = copy(value);
    pair->value_length = value.length;
}

static void writer_retire(void *context, struct hash_id id) {
    struct memory_store *store = context;
    store->current = NULL;
    struct hash **link = &store->index[slot_of(id)];
    while (*link != NULL && !same((*link)->id, id)) link = &(*link)->next;
    struct hash *hash = *link;
    if (hash == NULL) return;
    *link = hash->next;
    hash_destroy(hash);
    store->hashes--;
}

struct batch_writer memory_store_writer(struct memory_store *store) {
    return (struct batch_writer){writer_hash, writer_field, writer_retire, store};
}

size_t memory_store_warm(struct memory_store *store, struct rollup *rollup) {
    size_t read = 0;
    struct hash_id id;
    while (rollup_cold(rollup, &id)) {
        const struct hash *hash = find(store, id);
        for (size_t i = 0; hash != NULL && i < hash->count; i++) {
            const struct pair *pair = &hash->pairs[i];
            struct fault fault;
            CHECK(rollup_fill(rollup, id, (struct slice){pair->field, pair->field_length},
                              (struct slice){pair->value, pair->value_length}, &fault));
        }
        rollup_filled(rollup, id);
        read++;
    }
    return read;
}

void memory_store_commit(struct memory_store *store, struct rollup *rollup) {
    (void)memory_store_warm(store, rollup);
    struct batch_writer writer = memory_store_writer(store);
    store->current = NULL;
    rollup_cut(rollup, &writer);
    store->progress = *rollup_progress(rollup);
    const struct counts *counts = &store->progress.counts;
    CHECK(counts->delivered ==
          counts->applied + counts->duplicate + counts->quarantined + counts->rejected + counts->ignored);
}

const struct progress *memory_store_progress(const struct memory_store *store) {
    return &store->progress;
}

void memory_store_recover(const struct memory_store *store, struct rollup *rollup) {
    struct fault fault;
    CHECK(rollup_restore(rollup, &store->progress, &fault));
    for (size_t slot = 0; slot < INDEX_SLOTS; slot++) {
        for (const struct hash *hash = store->index[slot]; hash != NULL; hash = hash->next) {
            rollup_restore_hash(rollup, hash->id, hash->last_change);
            for (size_t i = 0; hash->id.kind == HASH_ACCOUNT && i < hash->count; i++) {
                const struct pair *pair = &hash->pairs[i];
                uint32_t lane = (uint32_t)strtoul(pair->field, NULL, 10);
                CHECK(rollup_restore_account(rollup, hash->id.shard << 5 | lane,
                                             (struct slice){pair->value, pair->value_length}, &fault));
            }
        }
    }
}

struct slice memory_store_value(const struct memory_store *store, struct hash_id id, struct slice field) {
    const struct hash *hash = find(store, id);
    const struct pair *pair = hash != NULL ? pair_find(hash, field) : NULL;
    return pair != NULL ? (struct slice){pair->value, pair->value_length} : (struct slice){NULL, 0};
}

bool memory_store_has(const struct memory_store *store, struct hash_id id) {
    return find(store, id) != NULL;
}

int64_t memory_store_last_change(const struct memory_store *store, struct hash_id id) {
    const struct hash *hash = find(store, id);
    return hash != NULL ? hash->last_change : INT64_MIN;
}

size_t memory_store_hashes(const struct memory_store *store) {
    return store->hashes;
}

size_t memory_store_fields(const struct memory_store *store, struct hash_id id) {
    const struct hash *hash = find(store, id);
    return hash != NULL ? hash->count : 0;
}

static int line_compare(const void *left, const void *right) {
    char *const *a = left;
    char *const *b = right;
    return strcmp(*a, *b);
}

struct lines {
    char **lines;
    size_t count;
    size_t capacity;
};

static void lines_add(struct lines *lines, char *line) {
    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity * 2 + 256;
        lines->lines = realloc(lines->lines, lines->capacity * sizeof(*lines->lines));
        CHECK(lines->lines != NULL);
    }
    lines->lines[lines->count++] = line;
}

static char *pair_line(const struct hash *hash, const struct pair *pair) {
    char *line = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&line, &size);
    CHECK(out != NULL);
    (void)fprintf(out, "%c:%d:%u ", (char)hash->id.kind, hash->id.bucket, hash->id.shard);
    if (pair == NULL) {
        (void)fprintf(out, " last change %" PRId64, hash->last_change);
    } else {
        (void)fprintf(out, "%s ", pair->field);
        for (size_t i = 0; i < pair->value_length; i++) {
            unsigned char byte = (unsigned char)pair->value[i];
            (void)fprintf(out, byte > 0x20 && byte < 0x7F ? "%c" : "%%%02X", byte);
        }
    }
    (void)fclose(out);
    return line;
}

void memory_store_amend(struct memory_store *store, const struct progress *progress) {
    store->progress = *progress;
}

static char *progress_text(const struct progress *progress) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CHECK(out != NULL);
    (void)fprintf(out,
                  "next %" PRId64 " ordinal %" PRId64 " watermark %" PRId64 " record_time_max %" PRId64 "\n",
                  progress->next, progress->ordinal, progress->watermark_ms, progress->record_time_max_ms);
    (void)fprintf(out,
                  "window %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " accounts %" PRId64 " units %" PRId64
                  " floor %" PRId64 "\n",
                  progress->window_offset, progress->window_element, progress->window_ordinal,
                  progress->window_record_time_max_ms,
                  progress->accounts, progress->units, progress->ledger_day_min);
    (void)fprintf(out, "tail %" PRId64 " %" PRIx64 "\ncounts", progress->tail_offset, progress->tail_print);
    const struct counts *counts = &progress->counts;
    const int64_t numbers[] = {counts->delivered,   counts->applied,     counts->duplicate,
                               counts->quarantined, counts->rejected,    counts->ignored,
                               counts->conflict,    counts->late,        counts->unresolved,
                               counts->unconverted, counts->open_unknown};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        (void)fprintf(out, " %" PRId64, numbers[i]);
    for (int i = 0; i < REASON_COUNT; i++) (void)fprintf(out, " %" PRId64, counts->reasons[i]);
    for (int64_t i = 0; i < progress->gap_count; i++) {
        const struct gap *gap = &progress->gaps[i];
        (void)fprintf(out, "\ngap %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, gap->from, gap->to,
                      gap->reread, gap->since_ms, gap->record_time_ms, gap->until_ms);
    }
    (void)fprintf(out, "\n");
    (void)fclose(out);
    return text;
}

char *memory_store_dump(const struct memory_store *store) {
    struct lines lines = {0};
    for (size_t slot = 0; slot < INDEX_SLOTS; slot++) {
        for (const struct hash *hash = store->index[slot]; hash != NULL; hash = hash->next) {
            lines_add(&lines, pair_line(hash, NULL));
            for (size_t i = 0; i < hash->count; i++) lines_add(&lines, pair_line(hash, &hash->pairs[i]));
        }
    }
    if (lines.count > 0) qsort(lines.lines, lines.count, sizeof(*lines.lines), line_compare);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CHECK(out != NULL);
    char *head = progress_text(&store->progress);
    (void)fputs(head, out);
    free(head);
    for (size_t i = 0; i < lines.count; i++) {
        (void)fprintf(out, "%s\n", lines.lines[i]);
        free(lines.lines[i]);
    }
    free(lines.lines);
    (void)fclose(out);
    return text;
}
