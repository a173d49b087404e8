/* What a Redis must be before nhip trusts it with counters: reachable, 6 or newer, and never deleting keys on its own.
 *
 * An eviction policy other than noeviction deletes counters in silence when memory is short (redis issues 3852, 7856); with
 * noeviction the commit is refused whole, the partition is held, and nothing is lost. INFO is asked, not CONFIG GET, because
 * hosted servers commonly forbid the latter. */
#include "aggregate/store/connection.h"

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
    return fault_set(fault, FAULT_REFUSED, false, "Redis at %.200s has version \"%.*s\", nhip needs %d or newer",
                     options->address, (int)(version.length < 40 ? version.length : 40), version.data, VERSION_MIN);
}

static bool policy_fits(const struct store_options *options, struct slice policy, struct fault *fault) {
    if (slice_equal(policy, SLICE("noeviction"))) return true;
    if (policy.length == 0) {
        return fault_set(fault, FAULT_REFUSED, false,
                         "Redis at %.200s does not tell its maxmemory_policy (INFO memory), so nhip cannot know that it "
                         "keeps counters; allow INFO for this user",
                         options->address);
    }
    return fault_set(fault, FAULT_REFUSED, false,
                     "Redis at %.200s has maxmemory-policy \"%.*s\": it would delete counters when memory is short; accepted is "
                     "noeviction: CONFIG "
                     "SET maxmemory-policy noeviction",
                     options->address, (int)(policy.length < 40 ? policy.length : 40), policy.data);
}

bool store_check(const struct store_options *options, struct fault *fault) {
    struct connection *connection = connection_open(options, options->timeout_ms, fault);
    if (connection == NULL) return false;
    bool fine = false;
    redisReply *server = NULL;
    redisReply *memory = NULL;
    struct resp out = {0};
    RESP_COMMAND(&out, SLICE("INFO"), SLICE("server"));
    RESP_COMMAND(&out, SLICE("INFO"), SLICE("memory"));
    if (!connection_send(connection, (struct slice){out.data, out.length}, fault)) goto out;
    server = connection_answer(connection, options->timeout_ms, "reading INFO server", fault);
    if (server == NULL) goto out;
    memory = connection_answer(connection, options->timeout_ms, "reading INFO memory", fault);
    if (memory == NULL) goto out;
    if (server->type != REDIS_REPLY_STRING || memory->type != REDIS_REPLY_STRING) {
        (void)fault_set(fault, FAULT_STORE, false, "Redis at %.200s: INFO did not answer text", options->address);
        goto out;
    }
    fine = version_fits(options, info_value(reply_text(server), "redis_version"), fault) &&
           policy_fits(options, info_value(reply_text(memory), "maxmemory_policy"), fault);
out:
    freeReplyObject(server);
    freeReplyObject(memory);
    resp_free(&out);
    connection_close(connection);
    return fine;
}
