/* The network between nhip and Redis, at the lowest place there is: the system calls of sockets, replaced at link time. */
#ifndef NHIP_SIM_NET_H
#define NHIP_SIM_NET_H

#include "tests/sim/redis.h"
#include "tests/sim/world.h"

enum { SEED_PORT = 7000, DUMP_FILE = (1 << 24) - 1 };

struct net {
    int64_t lag_us_max;     /* usual delay of bytes, one way */
    int64_t storm_until_us; /* delays of seconds until then */
    int64_t deaf_until_us;  /* connecting hangs until then */
};
extern struct net net;

void net_begin(void);
void net_end(void); /* violation when a descriptor was left open */

/* A random open connection is cut: its client knows at once; of what is on its way, a part arrives, or all of it, later. */
void net_cut_any(void);
/* ... or both sides go on believing in it and nothing passes any more. */
void net_deafen_any(void);
void net_cut_node(const struct node *node, bool silently); /* the node is gone, with all that it had not read */
void net_move_node(const struct node *node, struct dataset *data); /* its connections and their watches are on that data now */
void net_task_died(int task);

extern struct bytes net_dump; /* what was written to DUMP_FILE */

#endif
