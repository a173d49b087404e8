/* HGETALL of each meta, one after the other (in a cluster they live on several nodes): see metas.h. */
#include "aggregate/store/metas.h"

#include "aggregate/store/image.h"
#include "aggregate/store/pool.h"
#include "check.h"

static bool read_row(struct pool *pool, const struct store_options *options, struct meta_row *row, struct fault *fault) {
    struct resp out = {0};
    struct keys keys;
    struct key key;
    if (!keys_create(&keys, options->name_space, row->who, fault)) return false;
    struct slice name = key_meta(&keys, &key);
    struct connection *connection = pool_route(pool, name, fault);
    RESP_COMMAND(&out, SLICE("HGETALL"), name);
    bool fine = connection != NULL && connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    redisReply *reply = fine ? connection_answer(connection, options->timeout_ms, "reading meta", fault) : NULL;
    fine = reply != NULL && meta_read(reply, name, &row->meta, fault);
    freeReplyObject(reply);
    return fine;
}

bool metas_read(struct pool *pool, const struct store_options *options, struct meta_row **rows, struct source_partition **list,
                size_t *count, struct fault *fault) {
    struct key key;
    *rows = NULL;
    *list = NULL;
    *count = 0;
    struct connection *connection = pool_route(pool, key_global(options->name_space, "p", &key), fault);
    bool fine = connection != NULL && partitions_list(connection, options, list, count, fault);
    if (fine) {
        *rows = calloc(*count + 1, sizeof(**rows));
        CHECK_MEMORY(*rows != NULL);
    }
    for (size_t i = 0; fine && i < *count; i++) {
        (*rows)[i].who = (*list)[i];
        fine = read_row(pool, options, &(*rows)[i], fault);
    }
    if (fine) return true;
    free(*rows);
    free(*list);
    *rows = NULL;
    *list = NULL;
    *count = 0;
    return false;
}
