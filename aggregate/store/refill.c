/* The marks of a restore: see refill.h.
 *
 * What was not done: a lock with a time-out (a restore that stalls would lose it and go on), writing under other names and
 * renaming (a hundred thousand RENAMEs that are not one moment either), or one key for the whole namespace (in a cluster it lives
 * elsewhere and may be lost alone). The mark stands where the layout stands, so even an nhip that knows nothing of restores
 * refuses it. */
#include "aggregate/store/refill.h"

#include "aggregate/runtime/clock.h"
#include "aggregate/store/image.h"
#include "aggregate/store/meta.h"
#include "aggregate/store/pool.h"
#include "check.h"
#include "fault_point.h"

enum { NAMED_MAX = 3, NAMED_BYTES = 240 };

enum condition { EMPTY = 0, MARKED, MARKED_BY_ANOTHER, WHOLE };

struct part {
    struct keys keys;
    enum condition condition;
};

struct refill {
    const struct store_options *options;
    const char *backup;
    const struct source_partition *list;
    size_t count;
    char nonce[NONCE_BYTES];
    struct pool *pool;
    struct part *parts;
};

/* Sends `out` (emptied) to the partition's node and takes `count` replies; the last is returned. */
static redisReply *ask(struct refill *refill, const struct keys *keys, struct resp *out, size_t count, const char *doing,
                       struct fault *fault) {
    struct key key;
    struct connection *connection = pool_route(refill->pool, key_meta(keys, &key), fault);
    bool fine = connection != NULL && connection_send(connection, (struct slice){out->data, out->length}, fault);
    resp_clear(out);
    redisReply *reply = NULL;
    for (size_t i = 0; fine && i < count; i++) {
        freeReplyObject(reply);
        reply = connection_answer(connection, refill->options->timeout_ms, doing, fault);
        fine = reply != NULL;
    }
    return reply;
}

static struct slice value_of(const redisReply *pairs, struct slice wanted) {
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        if (slice_equal(reply_text(pairs->element[i]), wanted)) return reply_text(pairs->element[i + 1]);
    }
    return (struct slice){"", 0};
}

static enum condition condition_of(const struct refill *refill, const redisReply *meta) {
    if (meta->elements == 0) return EMPTY;
    if (!slice_equal(value_of(meta, SLICE("layout")), SLICE(META_RESTORING))) return WHOLE;
    return slice_equal(value_of(meta, SLICE("restore")), slice_of(refill->backup)) ? MARKED : MARKED_BY_ANOTHER;
}

/* Behind a WATCH, which a mark then leans on. */
static bool look(struct refill *refill, const struct keys *keys, enum condition *condition, struct fault *fault) {
    struct resp out = {0};
    struct key key, index;
    RESP_COMMAND(&out, SLICE("WATCH"), key_meta(keys, &key));
    RESP_COMMAND(&out, SLICE("HGETALL"), key_meta(keys, &key));
    redisReply *meta = ask(refill, keys, &out, 2, "looking for a state", fault);
    bool fine = meta != NULL && reply_is_pairs(meta);
    if (fine) *condition = condition_of(refill, meta);
    if (meta != NULL && !fine) (void)fault_set(fault, STOP_STATE_DAMAGED, false, "%s is not a hash", key.text);
    freeReplyObject(meta);
    if (fine && *condition == EMPTY) {
        /* Remains of a state without its meta would mix with what comes. */
        RESP_COMMAND(&out, SLICE("EXISTS"), key_index(keys, &index));
        redisReply *there = ask(refill, keys, &out, 1, "looking for a state", fault);
        fine = there != NULL;
        if (fine && there->type == REDIS_REPLY_INTEGER && there->integer != 0) *condition = WHOLE;
        freeReplyObject(there);
    }
    resp_free(&out);
    return fine;
}

static bool is_listed(const struct refill *refill, struct source_partition who) {
    for (size_t i = 0; i < refill->count; i++) {
        if (refill->list[i].partition == who.partition && strcmp(refill->list[i].topic, who.topic) == 0) return true;
    }
    return false;
}

/* What stands in the way, for the message. */
struct obstacles {
    size_t count;
    bool another; /* a mark of another backup */
    char text[NAMED_BYTES];
};

static void add_obstacle(struct obstacles *obstacles, struct source_partition who, enum condition condition) {
    size_t length = strlen(obstacles->text);
    obstacles->another |= condition == MARKED_BY_ANOTHER;
    if (obstacles->count++ >= NAMED_MAX) return;
    (void)snprintf(obstacles->text + length, sizeof(obstacles->text) - length, "%s%.60s/%d", length > 0 ? ", " : "", who.topic,
                   who.partition);
}

/* Partitions that the namespace knows and the backup does not. */
static bool look_at_others(struct refill *refill, struct obstacles *obstacles, struct fault *fault) {
    struct key key;
    struct source_partition *list = NULL;
    size_t count = 0;
    struct connection *connection = pool_route(refill->pool, key_global(refill->options->name_space, "p", &key), fault);
    bool fine = connection != NULL && partitions_list(connection, refill->options, &list, &count, fault);
    for (size_t i = 0; fine && i < count; i++) {
        struct keys keys;
        enum condition condition = EMPTY;
        if (is_listed(refill, list[i])) continue;
        fine = keys_create(&keys, refill->options->name_space, list[i], fault) && look(refill, &keys, &condition, fault);
        if (fine && condition != EMPTY) add_obstacle(obstacles, list[i], condition);
    }
    free(list);
    return fine;
}

static bool refuse(const struct refill *refill, const struct obstacles *obstacles, struct fault *fault) {
    return fault_set(fault, STOP_RESTORE_OCCUPIED, false,
                     "namespace %s in Redis at %.80s is not empty: %s of %s%s (%zu partitions); a restore never overwrites: name "
                     "another one with --namespace, or delete the keys %s:* first",
                     refill->options->name_space, refill->options->address,
                     obstacles->another ? "it holds an unfinished restore of another backup" : "it holds the state",
                     obstacles->text, obstacles->count > NAMED_MAX ? ", ..." : "", obstacles->count,
                     refill->options->name_space);
}

static bool look_at_all(struct refill *refill, struct fault *fault) {
    struct obstacles obstacles = {.count = 0};
    bool begun = false;
    for (size_t i = 0; i < refill->count; i++) {
        struct part *part = &refill->parts[i];
        if (!keys_create(&part->keys, refill->options->name_space, refill->list[i], fault) ||
            !look(refill, &part->keys, &part->condition, fault))
            return false;
        begun |= part->condition == MARKED;
        if (part->condition == WHOLE || part->condition == MARKED_BY_ANOTHER)
            add_obstacle(&obstacles, refill->list[i], part->condition);
    }
    if (begun && !obstacles.another) return true; /* the same backup, broken off: what is whole already stays */
    if (!look_at_others(refill, &obstacles, fault)) return false;
    return obstacles.count == 0 || refuse(refill, &obstacles, fault);
}

static bool mark(struct refill *refill, size_t i, struct fault *fault) {
    struct part *part = &refill->parts[i];
    struct resp out = {0};
    struct key key;
    char now[DECIMAL_BYTES_MAX];
    enum condition condition = EMPTY;
    if (part->condition == WHOLE) return true;
    if (!look(refill, &part->keys, &condition, fault) || FAULT_BREAKS("restore.mark", fault)) return false;
    RESP_COMMAND(&out, SLICE("MULTI"));
    RESP_COMMAND(&out, SLICE("HSET"), key_meta(&part->keys, &key), SLICE("layout"), SLICE(META_RESTORING), SLICE("restore"),
                 slice_of(refill->backup), SLICE("owner"), slice_of(refill->nonce), SLICE("commit_ms"),
                 decimal_text(clock_wall_ms(), now));
    RESP_COMMAND(&out, SLICE("EXEC"));
    redisReply *reply = condition == part->condition ? ask(refill, &part->keys, &out, 3, "marking a partition", fault) : NULL;
    bool marked = reply != NULL && reply->type == REDIS_REPLY_ARRAY;
    bool moved = condition != part->condition || (reply != NULL && !marked);
    freeReplyObject(reply);
    resp_free(&out);
    FAULT_STEP("restore.marked");
    if (!moved) return marked;
    return fault_set(fault, STOP_RESTORE_RIVAL, false,
                     "%s/%d in namespace %s was claimed while the restore began: stop what runs there (nhip run, nhip restore)",
                     refill->list[i].topic, refill->list[i].partition, refill->options->name_space);
}

struct refill *refill_open(const struct store_options *options, const char *backup, const struct source_partition *list,
                           size_t count, struct fault *fault) {
    struct refill *refill = calloc(1, sizeof(*refill));
    CHECK_MEMORY(refill != NULL);
    refill->options = options;
    refill->backup = backup;
    refill->list = list;
    refill->count = count;
    refill->parts = calloc(count + 1, sizeof(*refill->parts));
    CHECK_MEMORY(refill->parts != NULL);
    nonce_create(refill->nonce);
    refill->pool = pool_create(options, fault);
    bool fine = refill->pool != NULL && look_at_all(refill, fault);
    for (size_t i = 0; fine && i < count; i++)
        fine = mark(refill, i, fault);
    if (fine && store_announce(options, list, count, fault)) return refill;
    refill_close(refill);
    return NULL;
}

void refill_close(struct refill *refill) {
    if (refill == NULL) return;
    pool_destroy(refill->pool);
    free(refill->parts);
    free(refill);
}

bool refill_wanted(const struct refill *refill, size_t i) {
    return refill->parts[i].condition != WHOLE;
}

const struct keys *refill_keys(const struct refill *refill, size_t i) {
    return &refill->parts[i].keys;
}

struct connection *refill_connection(struct refill *refill, size_t i, struct fault *fault) {
    struct key key;
    return pool_route(refill->pool, key_meta(&refill->parts[i].keys, &key), fault);
}

bool refill_finish(struct refill *refill, size_t i, struct slice arguments, size_t count, struct fault *fault) {
    const struct keys *keys = &refill->parts[i].keys;
    struct resp out = {0};
    struct key key, born;
    struct slice meta = key_meta(keys, &key);
    RESP_COMMAND(&out, SLICE("WATCH"), meta);
    RESP_COMMAND(&out, SLICE("HGETALL"), meta);
    redisReply *reply = ask(refill, keys, &out, 2, "looking for the mark", fault);
    bool ours = reply != NULL && reply_is_pairs(reply) && slice_equal(value_of(reply, SLICE("owner")), slice_of(refill->nonce));
    bool asked = reply != NULL;
    freeReplyObject(reply);
    reply = NULL;
    if (ours) {
        RESP_COMMAND(&out, SLICE("MULTI"));
        RESP_COMMAND(&out, SLICE("DEL"), meta, key_born(keys, &born)); /* the state is another one than the one of that name */
        resp_begin(&out, 2 + count);
        resp_argument(&out, SLICE("HSET"));
        resp_argument(&out, meta);
        resp_append(&out, arguments);
        RESP_COMMAND(&out, SLICE("EXEC"));
        if (!FAULT_BREAKS("restore.finish", fault)) reply = ask(refill, keys, &out, 4, "finishing a partition", fault);
        FAULT_STEP("restore.finished");
    }
    resp_free(&out);
    bool done = reply != NULL && reply->type == REDIS_REPLY_ARRAY;
    bool void_now = asked && (!ours || (reply != NULL && !done));
    freeReplyObject(reply);
    if (!void_now) return done;
    return fault_set(fault, STOP_RESTORE_RIVAL, false,
                     "%s/%d in namespace %s: the mark of this restore is gone: another restore works there, or Redis went back; "
                     "let one restore run alone",
                     refill->list[i].topic, refill->list[i].partition, refill->options->name_space);
}
