/* What a run will need of memory, told when it starts. */
#ifndef NHIP_PLAN_H
#define NHIP_PLAN_H

#include "aggregate/runtime/setup.h"

/* One line in the log: bytes of a partition's window and cells here, what Redis uses and may use. A warning when a namespace
 * begins to be filled beside another that leaves it no room. Asks Redis; a fault is no reason not to run, and says nothing. */
void plan_tell(const struct setup *setup);

#endif
