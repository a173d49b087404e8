/* Places where a test may end, stop or fail the process: each step after which a crash would leave something half done.
 *
 *     FAULT_STEP("commit.cut");                                    may be killed or stopped here
 *     if (FAULT_BREAKS("claim.read", fault)) return false;         ... or lose Redis or Kafka here (a retriable fault)
 *     if (FAULT_FAILS("vintage.fsync") || fsync(fd) != 0) ...      ... or see a system call fail here (errno is EIO)
 *
 * Only the objects of `nhip-faults` (tests/faults/faults.mk) are compiled with NHIP_FAULT_POINTS; which points act is said by the
 * environment, see tests/faults/fault_point.c. In `nhip` they are nothing: no code, no name. A name stands in one place only. */
#ifndef NHIP_FAULT_POINT_H
#define NHIP_FAULT_POINT_H

#ifdef NHIP_FAULT_POINTS
#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

/* True when the step is to fail (then errno is EIO). Does not return when the process is to be killed here. Any thread. */
bool fault_point(const char *name);

/* Like fault_point(); fills `fault` as a server would that does not answer. */
bool fault_point_breaks(const char *name, struct fault *fault);

/* How many of `length` bytes go out before the fault point that stands in their middle: 0 to `length`. */
size_t fault_point_cut(size_t length);

#define FAULT_STEP(name) ((void)fault_point(name))
#define FAULT_FAILS(name) fault_point(name)
#define FAULT_BREAKS(name, fault) fault_point_breaks(name, fault)
#define FAULT_CUT(length) fault_point_cut(length)
#else
#define FAULT_STEP(name) ((void)0)
#define FAULT_FAILS(name) false
#define FAULT_BREAKS(name, fault) false
#define FAULT_CUT(length) (length)
#endif

#endif
