/* Redis as far as nhip can see it: see redis.h.
 *
 * What matters is as the real one does it (7.0, server.c processCommand and multi.c): a command that is refused inside MULTI
 * flags the transaction, and EXEC then answers EXECABORT; EXEC itself is refused for what its commands would be refused for; a
 * watched key that was touched makes EXEC answer nil; MULTI, EXEC and WATCH are allowed while loading; every EXEC forgets all
 * watches. */
#include "tests/sim/redis.h"

#include "check.h"
#include "tests/sim/judge.h"
#include "tests/sim/world.h"

#include <inttypes.h>

enum flag { WRITES = 1, MEMORY = 2, LOADING = 4, CONTROL = 8, MANY_KEYS = 16, KEYLESS = 32 };

struct redis redis;

struct call {
    struct session *session;
    const char *base;
    const struct span *words;
    size_t count;
    struct bytes *reply;
};

struct command {
    const char *name;
    unsigned flags;
    void (*run)(const struct call *call);
};

/* --- replies --- */

void bytes_put(struct bytes *bytes, const void *data, size_t length) {
    if (bytes->length + length > bytes->capacity) {
        bytes->capacity = (bytes->length + length) * 2 + 1024;
        bytes->data = realloc(bytes->data, bytes->capacity);
        CHECK(bytes->data != NULL);
    }
    if (length > 0) memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void put_text(struct bytes *reply, const char *text) {
    bytes_put(reply, text, strlen(text));
}

static void put_number(struct bytes *reply, char mark, int64_t number) {
    char text[32];
    int length = snprintf(text, sizeof(text), "%c%" PRId64 "\r\n", mark, number);
    bytes_put(reply, text, (size_t)length);
}

static void put_bulk(struct bytes *reply, struct slice text) {
    if (text.data == NULL) {
        put_text(reply, "$-1\r\n");
        return;
    }
    put_number(reply, '$', (int64_t)text.length);
    bytes_put(reply, text.data, text.length);
    put_text(reply, "\r\n");
}

static void put_error(struct bytes *reply, const char *error) {
    put_text(reply, "-");
    put_text(reply, error);
    put_text(reply, "\r\n");
}

/* --- keys --- */

int redis_class(struct slice key) {
    const char *open = memchr(key.data, '{', key.length);
    if (open == NULL) return GLOBAL_CLASS;
    const char *slash = memchr(open, '/', key.length - (size_t)(open - key.data));
    CHECK(slash != NULL && slash[1] >= '0' && slash[1] - '0' < GLOBAL_CLASS);
    return slash[1] - '0';
}

static struct slice word(const struct call *call, size_t i) {
    return (struct slice){call->base + call->words[i].offset, call->words[i].length};
}

static struct entry *entry_of(const struct call *call, size_t i) {
    return dataset_entry(call->session->node->data, word(call, i));
}

/* --- commands --- */

static void run_hset(const struct call *call) {
    struct entry *entry = entry_of(call, 1);
    int64_t added = 0;
    for (size_t i = 2; i + 1 < call->count; i += 2) {
        added += dataset_get(entry, word(call, i)).data == NULL;
        dataset_put(call->session->node->data, entry, word(call, i), word(call, i + 1));
    }
    put_number(call->reply, ':', added);
}

static void run_sadd(const struct call *call) {
    struct entry *entry = entry_of(call, 1);
    int64_t added = 0;
    entry->is_set = true;
    for (size_t i = 2; i < call->count; i++) {
        bool there = false;
        for (uint32_t k = 0; k < entry->count; k++) there |= slice_equal(entry->fields[k].name, word(call, i));
        if (!there) dataset_put(call->session->node->data, entry, word(call, i), (struct slice){NULL, 0});
        added += !there;
    }
    put_number(call->reply, ':', added);
}

static void run_hdel(const struct call *call) {
    struct entry *entry = entry_of(call, 1);
    int64_t removed = 0;
    for (size_t i = 2; i < call->count; i++) removed += dataset_remove(call->session->node->data, entry, word(call, i));
    put_number(call->reply, ':', removed);
}

static void run_del(const struct call *call) {
    int64_t removed = 0;
    for (size_t i = 1; i < call->count; i++) removed += dataset_delete(call->session->node->data, entry_of(call, i));
    put_number(call->reply, ':', removed);
}

static void run_exists(const struct call *call) {
    put_number(call->reply, ':', entry_of(call, 1)->count > 0);
}

static void run_hgetall(const struct call *call) {
    const struct entry *entry = entry_of(call, 1);
    put_number(call->reply, '*', 2 * (int64_t)entry->count);
    for (uint32_t i = 0; i < entry->count; i++) {
        put_bulk(call->reply, entry->fields[i].name);
        put_bulk(call->reply, entry->fields[i].value);
    }
    judge_read(call->session, entry);
}

static void run_hmget(const struct call *call) {
    const struct entry *entry = entry_of(call, 1);
    put_number(call->reply, '*', (int64_t)call->count - 2);
    for (size_t i = 2; i < call->count; i++) put_bulk(call->reply, dataset_get(entry, word(call, i)));
    judge_read(call->session, entry);
}

static void run_smembers(const struct call *call) {
    const struct entry *entry = entry_of(call, 1);
    put_number(call->reply, '*', (int64_t)entry->count);
    for (uint32_t i = 0; i < entry->count; i++) put_bulk(call->reply, entry->fields[i].name);
}

static void run_info(const struct call *call) {
    char text[200];
    (void)snprintf(text, sizeof(text), "# Server\r\nredis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n"
                   "cluster_enabled:%d\r\n", redis.cluster);
    put_bulk(call->reply, slice_of(text));
}

static void run_ping(const struct call *call) {
    put_text(call->reply, "+PONG\r\n");
}

/* As many as were asked for, or now and then fewer. */
static void run_wait(const struct call *call) {
    int64_t wanted = word(call, 1).data[0] - '0';
    put_number(call->reply, ':', world_trusts || world_chance(800) ? wanted : 0);
}

static bool watched(const struct session *session, const struct entry *entry) {
    for (size_t i = 0; i < session->watch_count; i++) {
        if (session->watches[i].entry == entry) return true;
    }
    return false;
}

/* Watching a key again changes nothing: what has happened to it since the first time counts. */
static void run_watch(const struct call *call) {
    struct session *session = call->session;
    for (size_t i = 1; i < call->count; i++) {
        struct entry *entry = entry_of(call, i);
        if (watched(session, entry)) continue;
        CHECK(session->watch_count < WATCHES_MAX);
        session->watches[session->watch_count].entry = entry;
        session->watches[session->watch_count++].version = entry->version;
    }
    put_text(call->reply, "+OK\r\n");
}

static void run_unwatch(const struct call *call) {
    call->session->watch_count = 0;
    put_text(call->reply, "+OK\r\n");
}

static void forget_transaction(struct session *session) {
    session->multi = session->flagged = false;
    session->word_count = session->command_count = 0;
    session->queued_flags = 0;
    session->watch_count = 0;
}

static void run_multi(const struct call *call) {
    if (call->session->multi) violation("MULTI inside MULTI");
    call->session->multi = true;
    put_text(call->reply, "+OK\r\n");
}

static void run_discard(const struct call *call) {
    forget_transaction(call->session);
    put_text(call->reply, "+OK\r\n");
}

static void run_exec(const struct call *call);

static const struct command COMMANDS[] = {
    {"HSET", WRITES | MEMORY, run_hset},
    {"HDEL", WRITES, run_hdel},
    {"DEL", WRITES | MANY_KEYS, run_del},
    {"HGETALL", 0, run_hgetall},
    {"HMGET", 0, run_hmget},
    {"EXISTS", 0, run_exists},
    {"SADD", WRITES | MEMORY, run_sadd},
    {"SMEMBERS", 0, run_smembers},
    {"MULTI", LOADING | CONTROL | KEYLESS, run_multi},
    {"EXEC", LOADING | CONTROL | KEYLESS, run_exec},
    {"DISCARD", LOADING | CONTROL | KEYLESS, run_discard},
    {"WATCH", LOADING | CONTROL | MANY_KEYS, run_watch},
    {"UNWATCH", LOADING | KEYLESS, run_unwatch},
    {"INFO", LOADING | KEYLESS, run_info},
    {"PING", KEYLESS, run_ping},
    {"WAIT", KEYLESS, run_wait},
};

static const struct command *command_of(struct slice name) {
    for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
        if (slice_equal(name, slice_of(COMMANDS[i].name))) return &COMMANDS[i];
    }
    violation("the model of Redis does not know %.*s", (int)name.length, name.data);
}

/* --- transactions --- */

static bool watches_hold(const struct session *session) {
    for (size_t i = 0; i < session->watch_count; i++) {
        if (session->watches[i].entry->version != session->watches[i].version) return false;
    }
    return true;
}

static void run_exec(const struct call *call) {
    struct session *session = call->session;
    if (!session->multi) {
        put_error(call->reply, "ERR EXEC without MULTI");
        return;
    }
    if (session->flagged) {
        TRACE("redis: EXEC aborted");
        put_error(call->reply, "EXECABORT Transaction discarded because of previous errors.");
    } else if (!watches_hold(session)) {
        TRACE("redis: EXEC nil");
        put_text(call->reply, "*-1\r\n");
    } else {
        put_number(call->reply, '*', (int64_t)session->command_count);
        dataset_unit(session->node->data);
        judge_unit_begins(session);
        size_t first = 0;
        for (size_t i = 0; i < session->command_count; i++) {
            struct call one = {session, call->base, session->words + first, session->commands[i], call->reply};
            const struct command *command = command_of(word(&one, 0));
            if ((command->flags & WRITES) != 0) judge_write(session, redis_class(word(&one, 1)), word(&one, 1));
            command->run(&one);
            first += session->commands[i];
        }
        judge_unit_ends(session);
    }
    forget_transaction(session);
}

static void queue(const struct call *call, unsigned flags) {
    struct session *session = call->session;
    if (session->command_count == session->command_capacity) {
        session->command_capacity = session->command_capacity * 2 + 16;
        session->commands = realloc(session->commands, session->command_capacity * sizeof(*session->commands));
        CHECK(session->commands != NULL);
    }
    if (session->word_count + call->count > session->word_capacity) {
        session->word_capacity = (session->word_count + call->count) * 2;
        session->words = realloc(session->words, session->word_capacity * sizeof(*session->words));
        CHECK(session->words != NULL);
    }
    memcpy(session->words + session->word_count, call->words, call->count * sizeof(*call->words));
    session->word_count += call->count;
    session->commands[session->command_count++] = call->count;
    session->queued_flags |= flags;
    put_text(call->reply, "+QUEUED\r\n");
}

/* --- what Redis refuses --- */

static bool left_already(struct slice key) {
    return key.length > 0 && (key.data[key.length - 1] & 1) != 0;
}

static bool elsewhere(const struct call *call, char error[static 80]) {
    const struct node *node = call->session->node;
    int klass = redis_class(word(call, 1));
    if ((node->serves >> klass & 1) == 0) {
        (void)snprintf(error, 80, "MOVED %d 127.0.0.1:%d", 1000 + klass, 7001 + redis.serving[klass]);
        return true;
    }
    if ((node->migrates >> klass & 1) == 0) return false;
    size_t last = (command_of(word(call, 0))->flags & MANY_KEYS) != 0 ? call->count - 1 : 1;
    size_t left = 0;
    for (size_t i = 1; i <= last; i++) left += left_already(word(call, i));
    if (left == 0) return false;
    if (left < last) {
        (void)snprintf(error, 80, "TRYAGAIN Multiple keys request during rehashing of slot");
    } else {
        (void)snprintf(error, 80, "ASK %d 127.0.0.1:%d", 1000 + klass, 7001 + redis.serving[klass]);
    }
    return true;
}

/* Where the keys of an EXEC are is asked again: slots may have moved since they were queued. */
static bool transaction_elsewhere(const struct call *call, char error[static 80]) {
    const struct session *session = call->session;
    size_t first = 0;
    for (size_t i = 0; i < session->command_count; i++) {
        const struct call one = {call->session, call->base, session->words + first, session->commands[i], call->reply};
        if (elsewhere(&one, error)) return true;
        first += session->commands[i];
    }
    return false;
}

static const char *const REASONS[REFUSALS] = {
    [REFUSE_OOM] = "OOM command not allowed when used memory > 'maxmemory'.",
    [REFUSE_MISCONF] = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    [REFUSE_NOREPLICAS] = "NOREPLICAS Not enough good replicas to write.",
    [REFUSE_READONLY] = "READONLY You can't write against a read only replica.",
    [REFUSE_LOADING] = "LOADING Redis is loading the dataset in memory",
    [REFUSE_BUSY] = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    [REFUSE_DOWN] = "CLUSTERDOWN The cluster is down",
};

static const char *refused(const struct session *session, const struct command *command, bool exec) {
    unsigned flags = command->flags | (exec ? session->queued_flags : 0);
    bool queued = session->multi && (command->flags & CONTROL) == 0;
    bool works = (command->flags & LOADING) == 0;
    const bool concerned[REFUSALS] = {
        [REFUSE_OOM] = (flags & MEMORY) != 0 || queued,
        [REFUSE_MISCONF] = (flags & WRITES) != 0,
        [REFUSE_NOREPLICAS] = (flags & WRITES) != 0,
        [REFUSE_READONLY] = (flags & WRITES) != 0,
        [REFUSE_LOADING] = works || (exec && session->command_count > 0),
        [REFUSE_BUSY] = works,
        [REFUSE_DOWN] = (command->flags & KEYLESS) == 0,
    };
    for (int i = 0; i < REFUSALS; i++) {
        if (concerned[i] && (session->node->refuses >> i & 1) != 0) return REASONS[i];
    }
    return NULL;
}

static void refuse(const struct call *call, bool exec, const char *error) {
    struct session *session = call->session;
    TRACE("redis: %.*s refused: %s", (int)word(call, 0).length, word(call, 0).data, error);
    if (exec) {
        char text[300];
        forget_transaction(session);
        (void)snprintf(text, sizeof(text), "EXECABORT Transaction discarded because of: %s", error);
        put_error(call->reply, text);
        return;
    }
    if (session->multi) session->flagged = true;
    put_error(call->reply, error);
}

void session_begin(struct session *session, struct node *node, int task) {
    *session = (struct session){.node = node,
                                .task = task,
                                .words = session->words, /* the memory of the connection before it */
                                .word_capacity = session->word_capacity,
                                .commands = session->commands,
                                .command_capacity = session->command_capacity};
    judge_session(session);
}

/* True when the command goes no further. */
static bool turned_away(const struct call *call, const struct command *command, bool exec) {
    struct session *session = call->session;
    char error[80];
    if ((command->flags & KEYLESS) == 0 && elsewhere(call, error)) {
        refuse(call, false, error);
        return true;
    }
    if (exec && !session->flagged && transaction_elsewhere(call, error)) {
        TRACE("redis: EXEC refused: %s", error);
        forget_transaction(session);
        put_error(call->reply, error);
        return true;
    }
    const char *why = refused(session, command, exec);
    if (why != NULL) refuse(call, exec, why);
    return why != NULL;
}

void session_execute(struct session *session, const char *base, const struct span *words, size_t count, struct bytes *reply) {
    const struct call call = {session, base, words, count, reply};
    const struct command *command = command_of(word(&call, 0));
    if (turned_away(&call, command, command->run == run_exec && session->multi)) return;
    if (session->multi && (command->flags & CONTROL) == 0) {
        queue(&call, command->flags);
        return;
    }
    if ((command->flags & WRITES) != 0) {
        dataset_unit(session->node->data);
        judge_write_alone(session, word(&call, 1));
    }
    command->run(&call);
}

void redis_begin(bool cluster, int nodes) {
    dataset_forget_all();
    redis = (struct redis){.node_count = nodes, .cluster = cluster};
    struct dataset *data = dataset_create(redis_class, judge_print);
    for (int i = 0; i < nodes; i++) redis.nodes[i] = (struct node){.data = data, .serves = cluster ? 0 : ALL_CLASSES};
    for (int klass = 0; cluster && klass < CLASSES_MAX; klass++) {
        int node = (int)world_below((uint32_t)nodes);
        redis.serving[klass] = node;
        redis.nodes[node].serves |= 1u << klass;
    }
}
