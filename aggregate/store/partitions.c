/* Which partitions a namespace knows: the set NS:p, in a fixed order, so that every reader goes through the state the same way.
 */
#include "aggregate/store/image.h"
#include "aggregate/store/pool.h"

#include "check.h"

static int by_partition(const void *left, const void *right) {
    const struct source_partition *a = left;
    const struct source_partition *b = right;
    int order = strcmp(a->topic, b->topic);
    if (order != 0) return order;
    return (a->partition > b->partition) - (a->partition < b->partition);
}

/* `topic/partition` into `one`, whose topic is written at `text`. */
static bool member_read(struct slice member, struct source_partition *one, char *text) {
    const char *slash = memrchr(member.data, '/', member.length);
    if (slash == NULL) return false;
    size_t length = (size_t)(slash - member.data);
    int64_t number = 0;
    if (!decimal_read((struct slice){slash + 1, member.length - length - 1}, &number) || number < 0 || number > INT32_MAX)
        return false;
    memcpy(text, member.data, length);
    text[length] = '\0';
    *one = (struct source_partition){.topic = text, .partition = (int32_t)number};
    return true;
}

static bool members_read(const redisReply *members, struct source_partition **list, size_t *count) {
    if (members->type != REDIS_REPLY_ARRAY) return false;
    size_t bytes = members->elements * sizeof(**list);
    for (size_t i = 0; i < members->elements; i++) {
        if (members->element[i]->type != REDIS_REPLY_STRING) return false;
        bytes += members->element[i]->len + 1;
    }
    struct source_partition *all = malloc(bytes + 1);
    CHECK_MEMORY(all != NULL);
    char *text = (char *)(all + members->elements);
    for (size_t i = 0; i < members->elements; i++) {
        if (!member_read(reply_text(members->element[i]), &all[i], text)) {
            free(all);
            return false;
        }
        text += members->element[i]->len + 1;
    }
    if (members->elements > 1) qsort(all, members->elements, sizeof(*all), by_partition);
    *list = all;
    *count = members->elements;
    return true;
}

bool store_announce(const struct store_options *options, const struct source_partition *list, size_t count, struct fault *fault) {
    struct pool *pool = pool_create(options, fault);
    if (pool == NULL) return false;
    struct key key;
    struct resp out = {0};
    struct slice set = key_global(options->name_space, "p", &key);
    resp_begin(&out, 2 + count);
    resp_argument(&out, SLICE("SADD"));
    resp_argument(&out, set);
    for (size_t i = 0; i < count; i++) {
        char member[TOPIC_BYTES_MAX + 16];
        int length = snprintf(member, sizeof(member), "%s/%d", list[i].topic, list[i].partition);
        CHECK(length > 0 && (size_t)length < sizeof(member));
        resp_argument(&out, (struct slice){member, (size_t)length});
    }
    struct connection *connection = pool_route(pool, set, fault);
    bool fine = connection != NULL && connection_send(connection, (struct slice){out.data, out.length}, fault);
    redisReply *reply =
        fine ? connection_answer(connection, options->timeout_ms, "adding to the set of partitions", fault) : NULL;
    fine = reply != NULL;
    freeReplyObject(reply);
    resp_free(&out);
    pool_destroy(pool);
    return fine;
}

bool partitions_list(struct connection *connection, const struct store_options *options, struct source_partition **list,
                     size_t *count, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    *list = NULL;
    *count = 0;
    RESP_COMMAND(&out, SLICE("SMEMBERS"), key_global(options->name_space, "p", &key));
    bool fine = connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    if (!fine) return false;
    redisReply *members = connection_answer(connection, options->timeout_ms, "listing partitions", fault);
    if (members == NULL) return false;
    fine = members_read(members, list, count);
    freeReplyObject(members);
    if (fine) return true;
    return fault_set(fault, STOP_STATE_DAMAGED, false, "Redis at %.200s: %s:p is not a set of topic/partition", options->address,
                     options->name_space);
}
