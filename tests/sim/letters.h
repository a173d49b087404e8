/* Where the dead letters of one worker go: forgets what was not flushed, fails when the seed says so. */
#ifndef NHIP_SIM_LETTERS_H
#define NHIP_SIM_LETTERS_H

#include "deadletter.h"
#include "tests/sim/logs.h"

struct deadletter *letters_create(struct log *logs);
extern int64_t letters_fail_until_us; /* no room for letters until then */
/* The offset of the first refused record below `next` without a durable letter; -1: all have theirs. */
int64_t letters_missing(const struct log *log, int64_t next);

#endif
