/* The pointer to the current namespace, its history, and how far namespaces are: see current.h.
 *
 * History and pointer share a slot (the history's hash tag is the pointer's whole name), so that one EXEC moves both, in a
 * cluster too. Commands are those that workers and readers may use anyway: no rights are needed but on two more keys.
 *
 * What was not done: renaming keys (a hundred thousand of them are not one moment), a pointer that workers follow (one that is
 * restarted would suddenly count into another state), or a pointer per configuration (readers would not know which to ask). */
#include "aggregate/store/current.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/image.h"
#include "aggregate/store/meta.h"
#include "aggregate/store/pool.h"
#include "check.h"
#include "zone.h"

enum { PATIENCE_MS = 20000, PAUSE_MS = 200 };

#define HISTORY_KEY "promotions:{" PUBLIC_NAME ":current}"

static void take_text(struct slice value, char *out, size_t capacity) {
    size_t length = value.length < capacity - 1 ? value.length : capacity - 1;
    memcpy(out, value.data, length);
    out[length] = '\0';
}

static bool current_take(const redisReply *pairs, struct current *current, struct fault *fault) {
    *current = (struct current){.name_space = PUBLIC_NAME};
    if (!reply_is_pairs(pairs)) return fault_set(fault, STOP_STATE_DAMAGED, false, PUBLIC_NAME ":current is not a hash");
    for (size_t i = 0; i < pairs->elements; i += 2) {
        struct slice field = reply_text(pairs->element[i]);
        struct slice value = reply_text(pairs->element[i + 1]);
        if (slice_equal(field, SLICE("namespace"))) take_text(value, current->name_space, sizeof(current->name_space));
        if (slice_equal(field, SLICE("previous"))) take_text(value, current->previous, sizeof(current->previous));
        if (slice_equal(field, SLICE("since"))) take_text(value, current->since, sizeof(current->since));
        if (slice_equal(field, SLICE("promotions")) && !decimal_read(value, &current->promotions)) current->promotions = 0;
    }
    current->promoted = pairs->elements > 0;
    return true;
}

bool current_ask(struct pool *pool, struct current *current, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    struct slice name = key_global(PUBLIC_NAME, "current", &key);
    RESP_COMMAND(&out, SLICE("HGETALL"), name);
    redisReply *reply = pool_ask(pool, name, &out, 1, "asking for the current namespace", fault);
    resp_free(&out);
    bool fine = reply != NULL && current_take(reply, current, fault);
    freeReplyObject(reply);
    return fine;
}

/* A failover is waited for; a server that cannot be reached at all is not, as for readers of the state. */
bool current_read(const struct store_options *options, struct current *current, struct fault *fault) {
    struct pool *pool = pool_create(options, fault);
    int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool fine = pool != NULL && current_ask(pool, current, fault);
    while (pool != NULL && !fine && fault->retriable && fault->code != FAULT_UNREACHABLE && clock_monotonic_ms() < deadline_ms) {
        pool_reset(pool);
        clock_sleep_ms(PAUSE_MS);
        fine = current_ask(pool, current, fault);
    }
    pool_destroy(pool);
    return fine;
}

/* --- flipping --- */

static void write_flip(const struct current *before, const char *name_space, const char *note, struct resp *out) {
    struct key key, history;
    struct resp text = {0};
    char now[25], number[DECIMAL_BYTES_MAX];
    rfc3339_format(clock_wall_ms(), now);
    struct slice promotions = decimal_text(before->promotions + 1, number);
    const struct slice parts[] = {slice_of(now), SLICE(" "), slice_of(before->name_space), SLICE(" -> "), slice_of(name_space),
                                  SLICE(" "), slice_of(note)};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        resp_append(&text, parts[i]);
    RESP_COMMAND(out, SLICE("MULTI"));
    RESP_COMMAND(out, SLICE("HSET"), key_global(PUBLIC_NAME, "current", &key), SLICE("namespace"), slice_of(name_space),
                 SLICE("previous"), slice_of(before->name_space), SLICE("since"), slice_of(now), SLICE("promotions"), promotions);
    RESP_COMMAND(out, SLICE("HSET"), key_global(PUBLIC_NAME, HISTORY_KEY, &history), promotions,
                 (struct slice){text.data, text.length});
    RESP_COMMAND(out, SLICE("EXEC"));
    resp_free(&text);
}

bool current_flip(const struct store_options *options, const struct current *before, const char *name_space, const char *note,
                  struct fault *fault) {
    struct resp out = {0};
    struct key key;
    struct current now;
    struct slice name = key_global(PUBLIC_NAME, "current", &key);
    struct pool *pool = pool_create(options, fault);
    if (pool == NULL) return false;
    RESP_COMMAND(&out, SLICE("WATCH"), name);
    RESP_COMMAND(&out, SLICE("HGETALL"), name);
    redisReply *reply = pool_ask(pool, name, &out, 2, "asking for the current namespace", fault);
    bool fine = reply != NULL && current_take(reply, &now, fault);
    freeReplyObject(reply);
    reply = NULL;
    bool same = fine && now.promotions == before->promotions && strcmp(now.name_space, before->name_space) == 0;
    if (same) {
        write_flip(before, name_space, note, &out);
        reply = pool_ask(pool, name, &out, 4, "promoting", fault);
        fine = reply != NULL;
    }
    bool flipped = reply != NULL && reply->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);
    resp_free(&out);
    pool_destroy(pool);
    if (!fine || flipped) return fine;
    return fault_set(fault, STOP_PROMOTE_RIVAL, false,
                     "somebody else promoted a namespace at the same moment: look at `nhip promote` and decide again");
}

static int by_number(const void *left, const void *right) {
    int64_t a = 0;
    int64_t b = 0;
    (void)decimal_read(reply_text(*(const redisReply *const *)left), &a);
    (void)decimal_read(reply_text(*(const redisReply *const *)right), &b);
    return (a > b) - (a < b);
}

bool current_history(const struct store_options *options, void (*tell)(void *context, int64_t number, struct slice text),
                     void *context, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    struct slice name = key_global(PUBLIC_NAME, HISTORY_KEY, &key);
    struct pool *pool = pool_create(options, fault);
    if (pool == NULL) return false;
    RESP_COMMAND(&out, SLICE("HGETALL"), name);
    redisReply *reply = pool_ask(pool, name, &out, 1, "asking for the history of promotions", fault);
    bool fine = reply != NULL;
    if (fine && !reply_is_pairs(reply)) fine = fault_set(fault, STOP_STATE_DAMAGED, false, "%s is not a hash", key.text);
    /* Pairs stay together: an element of twice the size. */
    if (fine && reply->elements > 2)
        qsort(reply->element, reply->elements / 2, 2 * sizeof(*reply->element), by_number);
    for (size_t i = 0; fine && i < reply->elements; i += 2) {
        int64_t number = 0;
        if (decimal_read(reply_text(reply->element[i]), &number)) tell(context, number, reply_text(reply->element[i + 1]));
    }
    freeReplyObject(reply);
    resp_free(&out);
    pool_destroy(pool);
    return fine;
}

/* --- how far namespaces are --- */

static bool standing_read(struct pool *pool, const struct store_options *options, struct standing *standing,
                          struct fault *fault) {
    struct resp out = {0};
    struct keys keys;
    struct key key;
    struct meta meta;
    if (!keys_create(&keys, options->name_space, standing->who, fault)) return false;
    struct slice name = key_meta(&keys, &key);
    RESP_COMMAND(&out, SLICE("HGETALL"), name);
    redisReply *reply = pool_ask(pool, name, &out, 1, "reading meta", fault);
    resp_free(&out);
    bool fine = reply != NULL && meta_read(reply, name, &meta, fault);
    freeReplyObject(reply);
    if (!fine) return false;
    standing->next = meta.present && meta.progress.next != SOURCE_START_BEGINNING ? meta.progress.next : -1;
    memcpy(standing->cluster, meta.cluster, sizeof(standing->cluster));
    memcpy(standing->configuration, meta.configuration, sizeof(standing->configuration));
    return true;
}

/* Into one block, topics behind the rows. */
static struct standing *rows_for(const struct source_partition *list, size_t count) {
    size_t names = 0;
    for (size_t i = 0; i < count; i++)
        names += strlen(list[i].topic) + 1;
    struct standing *rows = calloc(1, count * sizeof(*rows) + names + 1);
    CHECK_MEMORY(rows != NULL);
    char *name = (char *)(rows + count);
    for (size_t i = 0; i < count; i++) {
        size_t bytes = strlen(list[i].topic) + 1;
        memcpy(name, list[i].topic, bytes);
        rows[i].who = (struct source_partition){.topic = name, .partition = list[i].partition};
        name += bytes;
    }
    return rows;
}

bool standings_read(const struct store_options *options, const char *name_space, struct standing **list, size_t *count,
                    struct fault *fault) {
    struct store_options there = *options;
    struct source_partition *partitions = NULL;
    struct key key;
    struct keys keys;
    if (!keys_create(&keys, name_space, (struct source_partition){.topic = "any"}, fault)) return false; /* a name at all? */
    there.name_space = name_space;
    *list = NULL;
    *count = 0;
    struct pool *pool = pool_create(&there, fault);
    if (pool == NULL) return false;
    struct connection *connection = pool_route(pool, key_global(name_space, "p", &key), fault);
    bool fine = connection != NULL && partitions_list(connection, &there, &partitions, count, fault);
    if (fine) *list = rows_for(partitions, *count);
    for (size_t i = 0; fine && i < *count; i++)
        fine = standing_read(pool, &there, &(*list)[i], fault);
    free(partitions);
    pool_destroy(pool);
    if (fine) return true;
    free(*list);
    *list = NULL;
    return false;
}
