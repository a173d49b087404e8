/* The partitions that this process has claimed since it started, in one list for all workers. */
#ifndef NHIP_ROSTER_H
#define NHIP_ROSTER_H

#include "aggregate/store/store.h"

struct roster;

struct roster *roster_create(void); /* aborts when memory is out: start-up */
void roster_destroy(struct roster *roster);
void roster_add(struct roster *roster, struct source_partition who); /* any thread; the topic is copied, once */
/* Announces all of them again (store_announce()); blocks. True when there is none. */
bool roster_announce(struct roster *roster, const struct store_options *store, struct fault *fault);

#endif
