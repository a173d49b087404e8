/* Minute and hour cells of one partition, re-read only where they changed.
 *
 * Of the index only the fields of needed buckets are asked for (at most some 350: the ragged edges in minutes, the rest in
 * hours), not the whole of it (8 days of minutes are 11,520 entries). A bucket whose last change is the one we have is not read
 * again, so a second in which a partition books into two minutes and an hour costs three small HGETALLs, however long the windows
 * are.
 *
 * `next` is read before and after; when it moved in between, the round is repeated, so that cells of one partition belong to one
 * prefix and
 * `_offsets` says the truth. */
#include "aggregate/store/pulse.h"

#include "check.h"
#include "facet.h"

enum { ROUNDS_MAX = 5, META_FIELDS = 3 };

/* --- facets --- */

static size_t slot_of(const struct facet_table *table, uint64_t facet) {
    size_t at = (size_t)(facet * 0x9E3779B97F4A7C15u >> 20) & (table->slot_count - 1);
    while (table->slots[at] != 0 && table->facets[table->slots[at] - 1] != facet)
        at = (at + 1) & (table->slot_count - 1);
    return at;
}

static void grow(struct facet_table *table) {
    table->capacity = table->capacity == 0 ? 256 : table->capacity * 2;
    table->slot_count = table->capacity * 2;
    table->facets = realloc(table->facets, table->capacity * sizeof(*table->facets));
    free(table->slots);
    table->slots = calloc(table->slot_count, sizeof(*table->slots));
    CHECK_MEMORY(table->facets != NULL && table->slots != NULL);
    for (size_t i = 0; i < table->count; i++)
        table->slots[slot_of(table, table->facets[i])] = (uint32_t)i + 1;
}

uint32_t facet_number(struct facet_table *table, uint64_t facet) {
    if (table->count == table->capacity) grow(table);
    size_t at = slot_of(table, facet);
    if (table->slots[at] == 0) {
        table->facets[table->count++] = facet;
        table->slots[at] = (uint32_t)table->count;
    }
    return table->slots[at] - 1;
}

void facet_table_free(struct facet_table *table) {
    free(table->facets);
    free(table->slots);
    *table = (struct facet_table){0};
}

/* --- one partition --- */

struct pulse *pulse_create(const char *name_space, struct source_partition who, struct fault *fault) {
    struct pulse *pulse = calloc(1, sizeof(*pulse));
    if (pulse == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for the rolling windows");
        return NULL;
    }
    if (!keys_create(&pulse->keys, name_space, who, fault)) {
        free(pulse);
        return NULL;
    }
    memcpy(pulse->topic, who.topic, strlen(who.topic) + 1);
    pulse->who = (struct source_partition){.topic = pulse->topic, .partition = who.partition};
    pulse->read_next = INT64_MIN;
    return pulse;
}

static void free_buckets(struct pulse *pulse) {
    for (size_t i = 0; i < pulse->bucket_count; i++)
        free(pulse->buckets[i].cells);
    free(pulse->buckets);
    pulse->buckets = NULL;
    pulse->bucket_count = 0;
}

void pulse_destroy(struct pulse *pulse) {
    if (pulse == NULL) return;
    free_buckets(pulse);
    free(pulse);
}

static bool not_of_layout(const struct pulse *pulse, const char *what, struct fault *fault) {
    return fault_set(fault, STOP_STATE_DAMAGED, false, "%s of %s in namespace %s is not of the layout", what, pulse->keys.tag,
                     pulse->keys.name_space);
}

static bool optional_number(const redisReply *reply, bool *present, int64_t *value) {
    *present = reply->type == REDIS_REPLY_STRING;
    return !*present || decimal_read(reply_text(reply), value);
}

bool pulse_take_meta(struct pulse *pulse, const redisReply *reply, struct fault *fault) {
    bool ended = false;
    int64_t end = 0;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == META_FIELDS &&
        optional_number(reply->element[0], &pulse->present, &pulse->next) &&
        optional_number(reply->element[1], &pulse->timed, &pulse->watermark_ms) &&
        optional_number(reply->element[2], &ended, &end)) {
        pulse->end = ended && end == 1;
        return true;
    }
    return not_of_layout(pulse, "meta", fault);
}

/* n,sum or n,sum,unconverted */
static bool cell_read(struct slice value, struct pulse_cell *cell) {
    const char *comma = memchr(value.data, ',', value.length);
    if (comma == NULL) return false;
    if (!decimal_read((struct slice){value.data, (size_t)(comma - value.data)}, &cell->n)) return false;
    const char *at = comma + 1;
    const char *end = value.data + value.length;
    const char *third = memchr(at, ',', (size_t)(end - at));
    cell->unconverted = 0;
    if (third != NULL && !decimal_read((struct slice){third + 1, (size_t)(end - third - 1)}, &cell->unconverted)) return false;
    if (third != NULL) end = third;
    bool negative = at < end && *at == '-';
    if (negative) at++;
    if (at == end) return false;
    cell->sum = 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9') return false;
        if (__builtin_mul_overflow(cell->sum, 10, &cell->sum) || __builtin_add_overflow(cell->sum, *at - '0', &cell->sum))
            return false;
    }
    if (negative) cell->sum = -cell->sum;
    return true;
}

/* What one refresh is about. */
struct refresh {
    struct pulse *pulse;
    struct facet_table *table;
    size_t *changed; /* indices of buckets to be read */
    size_t changed_count;
};

static int by_bucket(const void *left, const void *right) {
    const struct pulse_bucket *a = left;
    const struct pulse_bucket *b = right;
    return hash_id_compare((struct hash_id){a->kind, a->bucket, 0}, (struct hash_id){b->kind, b->bucket, 0});
}

/* Drops buckets that are needed no more, adds new ones, keeps the cells of the others. */
static void align(struct pulse *pulse, const struct pulse_bucket *needed, size_t count) {
    struct pulse_bucket *buckets = calloc(count + 1, sizeof(*buckets));
    CHECK_MEMORY(buckets != NULL);
    for (size_t i = 0; i < count; i++) {
        buckets[i] = needed[i];
        buckets[i].offset = INT64_MIN;
        buckets[i].cells = NULL;
        buckets[i].count = 0;
        struct pulse_bucket *old =
            pulse->bucket_count == 0 ? NULL : bsearch(&needed[i], pulse->buckets, pulse->bucket_count, sizeof(*old), by_bucket);
        if (old == NULL) continue;
        buckets[i].offset = old->offset;
        buckets[i].cells = old->cells;
        buckets[i].count = old->count;
        old->cells = NULL;
    }
    free_buckets(pulse);
    pulse->buckets = buckets;
    pulse->bucket_count = count;
}

static bool take_index(struct refresh *refresh, const redisReply *reply, struct fault *fault) {
    struct pulse *pulse = refresh->pulse;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != pulse->bucket_count)
        return not_of_layout(pulse, "the index", fault);
    refresh->changed_count = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        struct pulse_bucket *bucket = &pulse->buckets[i];
        bool exists = false;
        int64_t offset = INT64_MIN;
        if (!optional_number(reply->element[i], &exists, &offset)) return not_of_layout(pulse, "the index", fault);
        if (offset == bucket->offset) continue;
        bucket->offset = offset;
        free(bucket->cells);
        bucket->cells = NULL;
        bucket->count = 0;
        if (exists) refresh->changed[refresh->changed_count++] = i;
    }
    return true;
}

static void ask_bucket(void *context, size_t i, struct resp *out) {
    const struct refresh *refresh = context;
    const struct pulse_bucket *bucket = &refresh->pulse->buckets[refresh->changed[i]];
    struct key key;
    RESP_COMMAND(out, SLICE("HGETALL"), key_hash(&refresh->pulse->keys, (struct hash_id){bucket->kind, bucket->bucket, 0}, &key));
}

static bool take_bucket(void *context, size_t i, const redisReply *reply, struct fault *fault) {
    struct refresh *refresh = context;
    struct pulse_bucket *bucket = &refresh->pulse->buckets[refresh->changed[i]];
    if (!reply_is_pairs(reply)) return not_of_layout(refresh->pulse, "a pulse hash", fault);
    bucket->cells = calloc(reply->elements / 2 + 1, sizeof(*bucket->cells));
    CHECK_MEMORY(bucket->cells != NULL);
    for (size_t j = 0; j < reply->elements; j += 2) {
        struct slice field = reply_text(reply->element[j]);
        struct pulse_cell *cell = &bucket->cells[bucket->count];
        uint64_t facet = 0;
        if (field.length != FACET_TEXT_LENGTH || !facet_parse(field.data, &facet) ||
            !cell_read(reply_text(reply->element[j + 1]), cell)) {
            return not_of_layout(refresh->pulse, "a pulse cell", fault);
        }
        cell->number = facet_number(refresh->table, facet);
        bucket->count++;
    }
    return true;
}

static void write_questions(const struct pulse *pulse, struct resp *out) {
    struct key key;
    RESP_COMMAND(out, SLICE("HMGET"), key_meta(&pulse->keys, &key), SLICE("next"), SLICE("watermark"), SLICE("end"));
    resp_begin(out, 2 + pulse->bucket_count);
    resp_argument(out, SLICE("HMGET"));
    resp_argument(out, key_index(&pulse->keys, &key));
    for (size_t i = 0; i < pulse->bucket_count; i++) {
        char field[INDEX_FIELD_BYTES_MAX];
        resp_argument(out, index_field(pulse->buckets[i].kind, pulse->buckets[i].bucket, field));
    }
}

/* Meta and index, then the changed hashes, then meta again. */
static bool one_round(struct refresh *refresh, struct connection *connection, int timeout_ms, bool *settled,
                      struct fault *fault) {
    struct pulse *pulse = refresh->pulse;
    struct resp out = {0};
    struct key key;
    bool fine = false;
    redisReply *meta = NULL;
    redisReply *index = NULL;
    redisReply *again = NULL;
    write_questions(pulse, &out);
    if (!connection_send(connection, (struct slice){out.data, out.length}, fault)) goto out;
    meta = connection_answer(connection, timeout_ms, "reading meta for the rolling windows", fault);
    if (meta == NULL) goto out;
    index = connection_answer(connection, timeout_ms, "reading the index for the rolling windows", fault);
    if (index == NULL || !pulse_take_meta(pulse, meta, fault) || !take_index(refresh, index, fault)) goto out;
    int64_t before = pulse->next;
    const struct pipeline buckets = {refresh->changed_count, ask_bucket, take_bucket, refresh, "reading pulse cells"};
    if (!connection_pipeline(connection, &buckets, timeout_ms, fault)) goto out;
    resp_clear(&out);
    RESP_COMMAND(&out, SLICE("HMGET"), key_meta(&pulse->keys, &key), SLICE("next"), SLICE("watermark"), SLICE("end"));
    if (!connection_send(connection, (struct slice){out.data, out.length}, fault)) goto out;
    again = connection_answer(connection, timeout_ms, "reading meta for the rolling windows", fault);
    if (again == NULL || !pulse_take_meta(pulse, again, fault)) goto out;
    *settled = pulse->next == before;
    pulse->read_next = before;
    fine = true;
out:
    freeReplyObject(meta);
    freeReplyObject(index);
    freeReplyObject(again);
    resp_free(&out);
    return fine;
}

bool pulse_refresh(struct pulse *pulse, struct connection *connection, const struct store_options *options,
                   struct facet_table *table, const struct pulse_bucket *needed, size_t needed_count, bool *settled,
                   struct fault *fault) {
    struct refresh refresh = {.pulse = pulse, .table = table};
    refresh.changed = calloc(needed_count + 1, sizeof(*refresh.changed));
    CHECK_MEMORY(refresh.changed != NULL);
    align(pulse, needed, needed_count);
    *settled = false;
    bool fine = true;
    for (int round = 0; fine && !*settled && round < ROUNDS_MAX; round++) {
        fine = one_round(&refresh, connection, options->timeout_ms, settled, fault);
    }
    if (!fine) free_buckets(pulse); /* an index entry may be noted whose hash was not read */
    if (!fine || !*settled) pulse->read_next = INT64_MIN;
    free(refresh.changed);
    return fine;
}
