/* A lease: which one of several instances does a piece of work that nobody needs twice. A key with a time to live; who dies is
 * followed by another within seconds. It keeps two from working side by side nearly always, not always: what would be harmed by
 * two needs a fence of its own. One thread. */
#ifndef NHIP_LEASE_H
#define NHIP_LEASE_H

#include "aggregate/store/store.h"

enum { LEASE_MS = 5000, LEASE_RENEW_MS = 1000 };

struct pool;

/* Takes NS:name for `nonce`, or renews it; `*ours`: it is ours for LEASE_MS from now. False and `fault`. */
bool lease_hold(struct pool *pool, const char *name_space, const char *name, const char *nonce, bool *ours, struct fault *fault);
/* Lets others take over at once instead of when it runs out. A lease of others is left alone; failures are ignored. */
void lease_give_up(struct pool *pool, const char *name_space, const char *name, const char *nonce);

/* The same with connections and a nonce of its own. `options` and `name` must outlive it. Null and `fault`: memory is short. */
struct lease;
struct lease *lease_create(const struct store_options *options, const char *name, struct fault *fault);
bool lease_keep(struct lease *lease, bool *ours, struct fault *fault);
void lease_destroy(struct lease *lease); /* gives it up; null is fine */

#endif
