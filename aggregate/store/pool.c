/* Finding the node of a key. A plain server answers the probe for any key; a cluster answers MOVED with the address of the node
 * that serves the slot. So nobody has to be told whether he talks to a cluster, and CLUSTER SLOTS with its nested arrays is not
 * needed: what is asked for is a handful of slots, once each. Of several configured addresses the first that answers is asked;
 * after a fault the next one, since the former may be dead, or a replica that takes no writes. */
#include "aggregate/store/pool.h"

#include "aggregate/store/keys.h"
#include "aggregate/store/route.h"
#include "check.h"

enum { NODES_MAX = 64, HOPS_MAX = 5, NODE_UNKNOWN = 0xFF };

struct node {
    char address[ADDRESS_BYTES_MAX];
    struct store_options options;
    struct connection *connection;
};

struct pool {
    const struct store_options *options;
    struct route route; /* the configured addresses */
    struct node *nodes[NODES_MAX];
    size_t count;
    uint8_t node_of_slot[SLOT_COUNT];
};

struct pool *pool_create(const struct store_options *options, struct fault *fault) {
    struct pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for connections to Redis");
        return NULL;
    }
    pool->options = options;
    if (!route_begin(&pool->route, options->address, fault)) {
        free(pool);
        return NULL;
    }
    memset(pool->node_of_slot, NODE_UNKNOWN, sizeof(pool->node_of_slot));
    return pool;
}

void pool_reset(struct pool *pool) {
    for (size_t i = 0; i < pool->count; i++) {
        connection_close(pool->nodes[i]->connection);
        free(pool->nodes[i]);
    }
    pool->count = 0;
    memset(pool->node_of_slot, NODE_UNKNOWN, sizeof(pool->node_of_slot));
    route_next(&pool->route);
}

void pool_destroy(struct pool *pool) {
    if (pool == NULL) return;
    pool_reset(pool);
    free(pool);
}

/* The node's number, connected; -1 and `fault`. */
static int node_at(struct pool *pool, const char *address, struct fault *fault) {
    for (size_t i = 0; i < pool->count; i++) {
        if (strcmp(pool->nodes[i]->address, address) == 0) return (int)i;
    }
    if (pool->count == NODES_MAX || strlen(address) >= ADDRESS_BYTES_MAX) {
        (void)fault_set(fault, STOP_REDIS_ERROR, false, "Redis at %.200s: more than %d nodes, or an address that is too long",
                        pool->options->address, NODES_MAX);
        return -1;
    }
    struct node *node = calloc(1, sizeof(*node));
    CHECK_MEMORY(node != NULL);
    memcpy(node->address, address, strlen(address) + 1);
    node->options = *pool->options;
    node->options.address = node->address;
    node->connection = connection_open(&node->options, node->options.timeout_ms, fault);
    if (node->connection == NULL) {
        free(node);
        return -1;
    }
    pool->nodes[pool->count++] = node;
    return (int)pool->count - 1;
}

/* A configured node that answers; -1 and `fault`. */
static int seed_node(struct pool *pool, struct fault *fault) {
    int number = -1;
    *fault = (struct fault){.code = FAULT_NONE};
    for (size_t left = route_seed_count(&pool->route); number < 0 && left > 0; left--) {
        number = node_at(pool, pool->route.address, fault);
        if (number < 0 && fault->retriable) route_next(&pool->route);
        if (number < 0 && !fault->retriable) break;
    }
    return number;
}

/* What Redis Cluster hashes of a key: what stands in the first pair of braces, if anything does. */
static size_t slot_of(struct slice key) {
    const char *open = memchr(key.data, '{', key.length);
    if (open == NULL) return crc16(key) % SLOT_COUNT;
    const char *first = open + 1;
    const char *close = memchr(first, '}', key.length - (size_t)(first - key.data));
    if (close == NULL || close == first) return crc16(key) % SLOT_COUNT;
    return crc16((struct slice){first, (size_t)(close - first)}) % SLOT_COUNT;
}

struct connection *pool_route(struct pool *pool, struct slice key, struct fault *fault) {
    size_t slot = slot_of(key);
    if (pool->node_of_slot[slot] != NODE_UNKNOWN) return pool->nodes[pool->node_of_slot[slot]]->connection;
    struct resp out = {0};
    struct connection *found = NULL;
    int number = seed_node(pool, fault);
    RESP_COMMAND(&out, SLICE("EXISTS"), key);
    for (int hop = 0; number >= 0 && found == NULL && hop < HOPS_MAX; hop++) {
        struct node *node = pool->nodes[number];
        if (!connection_send(node->connection, (struct slice){out.data, out.length}, fault)) break;
        redisReply *reply = connection_reply(node->connection, node->options.timeout_ms, fault);
        if (reply == NULL) break;
        if (reply->type != REDIS_REPLY_ERROR) {
            found = node->connection;
            pool->node_of_slot[slot] = (uint8_t)number;
        } else {
            struct route to = pool->route;
            char address[ADDRESS_BYTES_MAX];
            (void)error_fault(&node->options, "looking for a key", reply->str, fault);
            memcpy(to.address, node->address, sizeof(to.address));
            number = -1;
            if (error_moved(reply->str, address) && route_follow(&to, reply->str)) number = node_at(pool, to.address, fault);
        }
        freeReplyObject(reply);
    }
    resp_free(&out);
    return found;
}

redisReply *pool_ask(struct pool *pool, struct slice key, struct resp *out, size_t count, const char *doing,
                     struct fault *fault) {
    struct connection *connection = pool_route(pool, key, fault);
    bool fine = connection != NULL && connection_send(connection, (struct slice){out->data, out->length}, fault);
    resp_clear(out);
    redisReply *reply = NULL;
    for (size_t i = 0; fine && i < count; i++) {
        freeReplyObject(reply);
        reply = connection_answer(connection, connection_options(connection)->timeout_ms, doing, fault);
        fine = reply != NULL;
    }
    return reply;
}
