/* A model of Redis: the commands that nhip uses, transactions and watches as the real one has them, and what goes wrong with it.
 *
 * Commands: WATCH UNWATCH MULTI EXEC DISCARD, HMGET HGETALL HSET HDEL DEL EXISTS SADD SMEMBERS, INFO PING WAIT. Another one is a
 * violation: whoever teaches nhip a new command teaches it to the model too. One thread. */
#ifndef NHIP_SIM_REDIS_H
#define NHIP_SIM_REDIS_H

#include "tests/sim/dataset.h"

enum { NODES_MAX = 4, WATCHES_MAX = 8, OWNER_BYTES = 24, GLOBAL_CLASS = CLASSES_MAX - 1, ALL_CLASSES = (1 << CLASSES_MAX) - 1 };

/* States in which Redis refuses work. Several hold at once as bits. */
enum refusal {
    REFUSE_OOM,
    REFUSE_MISCONF,
    REFUSE_NOREPLICAS,
    REFUSE_READONLY,
    REFUSE_LOADING,
    REFUSE_BUSY,
    REFUSE_DOWN,
    REFUSALS,
};

struct node {
    struct dataset *data;
    unsigned refuses;   /* bits of enum refusal */
    unsigned serves;    /* bits of classes: others are answered with MOVED */
    unsigned migrates;  /* bits of classes on their way to another node: some keys have left already */
    bool down;          /* does not accept connections */
    bool crowded;       /* has no room for more clients */
    uint64_t safe_unit; /* what is on its disk */
};

/* What a connection may still do, as far as the protocol has told it. */
struct licence {
    bool known;
    char epoch[OWNER_BYTES], owner[OWNER_BYTES], next[OWNER_BYTES];
};

struct span {
    size_t offset, length;
};

struct bytes {
    char *data;
    size_t length, capacity;
};

/* The server's side of one connection. */
struct session {
    struct node *node;
    struct {
        struct entry *entry;
        uint64_t version;
    } watches[WATCHES_MAX];
    size_t watch_count;
    bool multi, flagged;
    struct span *words; /* of the queued commands, one after another */
    size_t word_count, word_capacity;
    size_t *commands; /* how many words each queued command has */
    size_t command_count, command_capacity;
    unsigned queued_flags;
    /* For the judge. */
    struct licence read[CLASSES_MAX];               /* by its last HMGET or HGETALL of meta */
    char owners[CLASSES_MAX][OWNER_BYTES];          /* of the claim in whose name this connection speaks */
    int task;
    bool given_up; /* the worker has closed it and knows nothing of what still arrives: a claim there is none it lives by */
};

struct redis {
    struct node nodes[NODES_MAX];
    int node_count;
    bool cluster;
    int primary;             /* not a cluster: whom the one address leads to */
    int serving[CLASSES_MAX]; /* cluster: the node that has them */
};
extern struct redis redis;

void redis_begin(bool cluster, int nodes);
void session_begin(struct session *session, struct node *node, int task);
/* Does one command, whose words lie in `base`, and appends the reply. */
void session_execute(struct session *session, const char *base, const struct span *words, size_t count, struct bytes *reply);

void bytes_put(struct bytes *bytes, const void *data, size_t length);
int redis_class(struct slice key);

#endif
