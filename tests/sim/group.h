/* A Kafka consumer group and its members' sources (include/source.h), over the logs in memory. */
#ifndef NHIP_SIM_GROUP_H
#define NHIP_SIM_GROUP_H

#include "source.h"
#include "tests/sim/logs.h"

enum { MEMBERS_MAX = 4 };

/* `logs` of partitions 0 .. count - 1 of topic "t". */
void group_begin(struct log *logs, int count);
struct source *group_source(int member); /* a new member takes the place of whoever was there; owned by the worker */
void group_rebalance(void);              /* everybody has to come and join again */
void group_expel(int member);            /* its session is over; it will be told */
int64_t group_mirrored(int partition);   /* -1: nothing yet */
void group_forget_mirrored(void);

#endif
