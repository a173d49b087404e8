/* SET NX PX takes it, PEXPIRE renews it, DEL behind a WATCH gives it up: see lease.h. */
#include "aggregate/store/lease.h"

#include "aggregate/store/keys.h"
#include "aggregate/store/meta.h"
#include "aggregate/store/pool.h"
#include "check.h"

bool lease_hold(struct pool *pool, const char *name_space, const char *name, const char *nonce, bool *ours, struct fault *fault) {
    struct resp out = {0};
    struct key key;
    char duration[DECIMAL_BYTES_MAX];
    struct slice lease = key_global(name_space, name, &key);
    struct slice duration_ms = decimal_text(LEASE_MS, duration);
    RESP_COMMAND(&out, SLICE("SET"), lease, slice_of(nonce), SLICE("NX"), SLICE("PX"), duration_ms);
    RESP_COMMAND(&out, SLICE("GET"), lease);
    redisReply *reply = pool_ask(pool, lease, &out, 2, "taking a lease", fault);
    bool fine = reply != NULL;
    *ours = fine && reply->type == REDIS_REPLY_STRING && slice_equal(reply_text(reply), slice_of(nonce));
    freeReplyObject(reply);
    if (*ours) {
        /* Between GET and this the lease may have passed to another: then it lives a little longer, nothing else. */
        RESP_COMMAND(&out, SLICE("PEXPIRE"), lease, duration_ms);
        reply = pool_ask(pool, lease, &out, 1, "renewing a lease", fault);
        fine = reply != NULL;
        freeReplyObject(reply);
    }
    resp_free(&out);
    return fine;
}

void lease_give_up(struct pool *pool, const char *name_space, const char *name, const char *nonce) {
    struct resp out = {0};
    struct key key;
    struct fault ignored;
    struct slice lease = key_global(name_space, name, &key);
    RESP_COMMAND(&out, SLICE("WATCH"), lease);
    RESP_COMMAND(&out, SLICE("GET"), lease);
    redisReply *reply = pool_ask(pool, lease, &out, 2, "giving a lease up", &ignored);
    if (reply != NULL && reply->type == REDIS_REPLY_STRING && slice_equal(reply_text(reply), slice_of(nonce))) {
        RESP_COMMAND(&out, SLICE("MULTI"));
        RESP_COMMAND(&out, SLICE("DEL"), lease);
        RESP_COMMAND(&out, SLICE("EXEC"));
        freeReplyObject(pool_ask(pool, lease, &out, 3, "giving a lease up", &ignored));
    }
    freeReplyObject(reply);
    resp_free(&out);
}

struct lease {
    const struct store_options *options;
    const char *name;
    struct pool *pool;
    char nonce[NONCE_BYTES];
};

struct lease *lease_create(const struct store_options *options, const char *name, struct fault *fault) {
    struct lease *lease = calloc(1, sizeof(*lease));
    CHECK_MEMORY(lease != NULL);
    *lease = (struct lease){.options = options, .name = name, .pool = pool_create(options, fault)};
    nonce_create(lease->nonce);
    if (lease->pool != NULL) return lease;
    free(lease);
    return NULL;
}

bool lease_keep(struct lease *lease, bool *ours, struct fault *fault) {
    if (lease_hold(lease->pool, lease->options->name_space, lease->name, lease->nonce, ours, fault)) return true;
    *ours = false;
    pool_reset(lease->pool);
    return false;
}

void lease_destroy(struct lease *lease) {
    if (lease == NULL) return;
    lease_give_up(lease->pool, lease->options->name_space, lease->name, lease->nonce);
    pool_destroy(lease->pool);
    free(lease);
}
