/* Who writes which windows: a lease for each target, and only targets that our namespace may write to.
 *
 *     NS:rolling:*      workers of NS; of `nhip` only while `nhip` is the current namespace
 *     nhip:rolling:*    workers of the current namespace
 *
 * Whoever is not current any more gives the public lease up, at his next step; only then (or when it has run out) can a worker of
 * the promoted namespace take it. So after a promotion nothing of the former namespace is written over the new one's windows. A
 * user who may not read the pointer writes his own windows only. */
#include "aggregate/store/rolling_parts.h"

#include "aggregate/store/current.h"
#include "aggregate/store/lease.h"

static const char lease_name[] = "lease:rolling";

void rolling_targets(struct rolling *rolling) {
    bool public = strcmp(rolling->options.name_space, PUBLIC_NAME) == 0;
    rolling->targets[0] = (struct rolling_target){.name_space = rolling->options.name_space, .wanted = true};
    rolling->targets[1] = (struct rolling_target){.name_space = public ? NULL : PUBLIC_NAME};
}

static bool decide(struct rolling *rolling, struct fault *fault) {
    struct current current = {.name_space = PUBLIC_NAME};
    if (!current_ask(rolling->pool, &current, fault)) {
        if (fault->stop != STOP_REDIS_CLOSED) return false;
        current = (struct current){.name_space = PUBLIC_NAME};
    }
    bool public = rolling->targets[1].name_space == NULL;
    bool is_current = strcmp(current.name_space, rolling->options.name_space) == 0;
    rolling->targets[0].wanted = !public || is_current;
    rolling->targets[1].wanted = !public && is_current;
    return true;
}

static bool take_lease(struct rolling *rolling, struct rolling_target *target, struct fault *fault) {
    return lease_hold(rolling->pool, target->name_space, lease_name, rolling->nonce, &target->held, fault);
}

bool rolling_hold(struct rolling *rolling, bool *ours, bool *fresh, struct fault *fault) {
    *ours = false;
    *fresh = false;
    if (!decide(rolling, fault)) return false;
    for (size_t i = 0; i < ROLLING_TARGETS; i++) {
        struct rolling_target *target = &rolling->targets[i];
        bool before = target->held;
        target->held = false;
        if (target->wanted && !take_lease(rolling, target, fault)) return false;
        if (before && !target->wanted) lease_give_up(rolling->pool, target->name_space, lease_name, rolling->nonce);
        *ours |= target->held;
        *fresh |= target->held && !before;
    }
    return true;
}

void rolling_release(struct rolling *rolling) {
    for (size_t i = 0; i < ROLLING_TARGETS; i++) {
        if (rolling->targets[i].wanted)
            lease_give_up(rolling->pool, rolling->targets[i].name_space, lease_name, rolling->nonce);
    }
}
