/* Which node of Redis to talk to: the configured addresses in turn, until a cluster names another one. One thread. */
#ifndef NHIP_ROUTE_H
#define NHIP_ROUTE_H

#include "aggregate/store/connection.h"

struct route {
    const char *seeds; /* as configured, separated by commas; outlives the route */
    size_t turn;       /* which of them was taken last */
    char address[ADDRESS_BYTES_MAX]; /* where to connect now */
};

/* Starts at the first of `seeds`. False and FAULT_CONFIG when one of them is empty or too long. */
bool route_begin(struct route *route, const char *seeds, struct fault *fault);
size_t route_seed_count(const struct route *route);
/* To the next configured address: the node at hand is dead, silent, or not the one that takes writes. */
void route_next(struct route *route);
/* What an error of Redis means for the route: -MOVED names the node; -READONLY, -CLUSTERDOWN, -LOADING, -MASTERDOWN: another
 * one may do. True when the address is another one now. */
bool route_follow(struct route *route, const char *error);

#endif
