/* Finding the node of a key. A plain server answers the probe for any key; a cluster answers MOVED with the address of the node
 * that serves the slot. So nobody has to be told whether he talks to a cluster, and CLUSTER SLOTS with its nested arrays is not
 * needed: what is asked for is a handful of slots, once each. */
#include "aggregate/store/pool.h"

#include "aggregate/store/keys.h"
#include "check.h"

enum { NODES_MAX = 64, HOPS_MAX = 5, NODE_UNKNOWN = 0xFF };

struct node {
    char address[ADDRESS_BYTES_MAX];
    struct store_options options;
    struct connection *connection;
};

struct pool {
    const struct store_options *options;
    struct node *nodes[NODES_MAX]; /* [0] is the configured one */
    size_t count;
    uint8_t node_of_slot[SLOT_COUNT];
};

struct pool *pool_create(const struct store_options *options, struct fault *fault) {
    struct pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL) {
        (void)fault_set(fault, FAULT_MEMORY, false, "out of memory for connections to Redis");
        return NULL;
    }
    pool->options = options;
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
        (void)fault_set(fault, FAULT_STORE, false, "Redis at %.200s: more than %d nodes, or an address that is too long",
                        pool->options->address, NODES_MAX);
        return -1;
    }
    struct node *node = calloc(1, sizeof(*node));
    CHECK(node != NULL);
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
    char address[ADDRESS_BYTES_MAX];
    struct resp out = {0};
    struct connection *found = NULL;
    int number = node_at(pool, pool->options->address, fault);
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
            (void)error_fault(&node->options, "looking for a key", reply->str, fault);
            number = error_moved(reply->str, address) ? node_at(pool, address, fault) : -1;
        }
        freeReplyObject(reply);
    }
    resp_free(&out);
    return found;
}
