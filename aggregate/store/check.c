/* What a Redis must be before nhip trusts it with counters: reachable, 6 or newer, and never deleting keys on its own.
 *
 * An eviction policy other than noeviction deletes counters in silence when memory is short (redis issues 3852, 7856); with
 * noeviction the commit is refused whole, the partition is held, and nothing is lost. INFO is asked, not CONFIG GET, because
 * hosted servers commonly forbid the latter. Of a cluster every node is asked, replicas too: each may be a primary tomorrow. */
#include "aggregate/store/route.h"

enum { VERSION_MIN = 6 };

/* The value of `name:` in INFO's text; empty when it is not there. */
static struct slice info_value(struct slice info, const char *name) {
    size_t length = strlen(name);
    const char *at = info.data;
    const char *end = info.data + info.length;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) stop = end;
        if ((size_t)(stop - at) > length && memcmp(at, name, length) == 0 && at[length] == ':') {
            const char *first = at + length + 1;
            const char *last = stop > first && stop[-1] == '\r' ? stop - 1 : stop;
            return (struct slice){first, (size_t)(last - first)};
        }
        at = stop + 1;
    }
    return (struct slice){"", 0};
}

static bool version_fits(const struct store_options *options, struct slice version, struct fault *fault) {
    int64_t major = 0;
    const char *dot = version.length > 0 ? memchr(version.data, '.', version.length) : NULL;
    size_t length = dot != NULL ? (size_t)(dot - version.data) : version.length;
    if (!decimal_read((struct slice){version.data, length}, &major)) major = 0;
    if (major >= VERSION_MIN) return true;
    return fault_set(fault, STOP_REDIS_UNFIT, false, "Redis at %.200s has version \"%.*s\", nhip needs %d or newer",
                     options->address, (int)(version.length < 40 ? version.length : 40), version.data, VERSION_MIN);
}

static bool policy_fits(const struct store_options *options, struct slice policy, struct fault *fault) {
    if (slice_equal(policy, SLICE("noeviction"))) return true;
    if (policy.length == 0) {
        return fault_set(fault, STOP_REDIS_UNFIT, false,
                         "Redis at %.200s does not tell its maxmemory_policy (INFO memory), so nhip cannot know that it "
                         "keeps counters; allow INFO for this user",
                         options->address);
    }
    return fault_set(fault, STOP_REDIS_EVICTS, false,
                     "Redis at %.200s has maxmemory-policy \"%.*s\": it would delete counters when memory is short; accepted is "
                     "noeviction: CONFIG "
                     "SET maxmemory-policy noeviction",
                     options->address, (int)(policy.length < 40 ? policy.length : 40), policy.data);
}

/* One node: version and policy; `*cluster`: it is one of several. */
static bool check_node(struct connection *connection, bool *cluster, struct fault *fault) {
    const struct store_options *options = connection_options(connection);
    static const char *const sections[] = {"server", "memory", "cluster"};
    enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };
    redisReply *replies[SECTIONS] = {NULL};
    struct resp out = {0};
    for (size_t i = 0; i < SECTIONS; i++)
        RESP_COMMAND(&out, SLICE("INFO"), slice_of(sections[i]));
    bool fine = connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    for (size_t i = 0; fine && i < SECTIONS; i++) {
        replies[i] = connection_answer(connection, options->timeout_ms, "reading INFO", fault);
        fine = replies[i] != NULL;
        if (fine && replies[i]->type != REDIS_REPLY_STRING) {
            fine = fault_set(fault, STOP_REDIS_ERROR, false, "Redis at %.200s: INFO did not answer text", options->address);
        }
    }
    if (fine) {
        *cluster = slice_equal(info_value(reply_text(replies[2]), "cluster_enabled"), SLICE("1"));
        fine = version_fits(options, info_value(reply_text(replies[0]), "redis_version"), fault) &&
               policy_fits(options, info_value(reply_text(replies[1]), "maxmemory_policy"), fault);
    }
    for (size_t i = 0; i < SECTIONS; i++)
        freeReplyObject(replies[i]);
    return fine;
}

/* Connects to one more node of the cluster and checks it. A replica that does not answer is no reason to wait: it is asked when
 * it is back, since this is repeated. */
static bool check_other(const struct route *from, struct slice host, int64_t port, bool primary, struct store_options *options,
                        struct fault *fault) {
    struct route to = *from;
    if (host.length > 0) {
        int length = snprintf(to.address, sizeof(to.address), "%.*s:%lld", (int)host.length, host.data, (long long)port);
        if (length < 0 || (size_t)length >= sizeof(to.address)) return true;
    }
    options->address = to.address;
    struct connection *connection = connection_open(options, options->timeout_ms, fault);
    if (connection == NULL) return fault->retriable && !primary;
    bool cluster = false;
    bool fine = check_node(connection, &cluster, fault);
    connection_close(connection);
    return fine || (fault->retriable && !primary);
}

/* Nodes of one range of slots: [first, last, [host, port, id ...] of the primary, the same of each replica ...]. */
static bool check_range(const struct route *from, const redisReply *range, struct store_options *options, struct fault *fault) {
    if (range->type != REDIS_REPLY_ARRAY) return true;
    bool fine = true;
    for (size_t i = 2; fine && i < range->elements; i++) {
        const redisReply *node = range->element[i];
        if (node->type != REDIS_REPLY_ARRAY || node->elements < 2 || node->element[1]->type != REDIS_REPLY_INTEGER) continue;
        bool named = node->element[0]->type == REDIS_REPLY_STRING;
        struct slice host = named ? reply_text(node->element[0]) : (struct slice){"", 0};
        fine = check_other(from, host, node->element[1]->integer, i == 2, options, fault);
    }
    return fine;
}

static bool check_cluster(const struct route *from, struct connection *connection, struct fault *fault) {
    struct store_options options = *connection_options(connection);
    struct resp out = {0};
    RESP_COMMAND(&out, SLICE("CLUSTER"), SLICE("SLOTS"));
    bool fine = connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    redisReply *ranges = fine ? connection_answer(connection, options.timeout_ms, "reading CLUSTER SLOTS", fault) : NULL;
    fine = ranges != NULL;
    /* A migrated slot makes a range of its own, so nodes come several times; asking them again costs a connection. */
    for (size_t i = 0; fine && ranges->type == REDIS_REPLY_ARRAY && i < ranges->elements; i++)
        fine = check_range(from, ranges->element[i], &options, fault);
    freeReplyObject(ranges);
    return fine;
}

bool store_check(const struct store_options *options, struct fault *fault) {
    struct route route;
    struct store_options one = *options;
    if (!route_begin(&route, options->address, fault)) return false;
    one.address = route.address;
    bool fine = false;
    for (size_t left = route_seed_count(&route); !fine && left > 0; left--) {
        bool cluster = false;
        struct connection *connection = connection_open(&one, one.timeout_ms, fault);
        if (connection != NULL) {
            fine = check_node(connection, &cluster, fault) && (!cluster || check_cluster(&route, connection, fault));
            connection_close(connection);
        }
        if (!fine && !fault->retriable) return false;
        if (!fine) route_next(&route);
    }
    return fine;
}

bool store_memory(const struct store_options *options, int64_t *used, int64_t *max, struct fault *fault) {
    struct route route;
    struct store_options one = *options;
    if (!route_begin(&route, options->address, fault)) return false;
    one.address = route.address;
    struct connection *connection = connection_open(&one, one.timeout_ms, fault);
    if (connection == NULL) return false;
    struct resp out = {0};
    RESP_COMMAND(&out, SLICE("INFO"), SLICE("memory"));
    bool fine = connection_send(connection, (struct slice){out.data, out.length}, fault);
    resp_free(&out);
    redisReply *info = fine ? connection_answer(connection, one.timeout_ms, "reading INFO", fault) : NULL;
    fine = info != NULL && info->type == REDIS_REPLY_STRING;
    if (fine && !decimal_read(info_value(reply_text(info), "used_memory"), used)) *used = 0;
    if (fine && !decimal_read(info_value(reply_text(info), "maxmemory"), max)) *max = 0;
    freeReplyObject(info);
    connection_close(connection);
    return fine;
}
