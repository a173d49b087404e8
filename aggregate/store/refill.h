/* Filling empty partitions from a backup. Until a partition is whole, its meta says `restoring` where the layout's number
 * belongs, so that no worker claims it and no reader believes it; meta itself comes last, in one EXEC.
 *
 *     refill_open()     nothing of the namespace may be there, but what an earlier attempt with the same backup left; all
 *                       partitions are marked, then announced
 *     per partition     the caller sends DEL and HSET of every hash over refill_connection(), and keeps meta back
 *     refill_finish()   per partition, when all are filled
 *
 * A connection is kept from the marks to the end: if the server fails in between, the refill fails, and is repeated. One
 * thread. */
#ifndef NHIP_REFILL_H
#define NHIP_REFILL_H

#include "aggregate/store/connection.h"
#include "aggregate/store/keys.h"

struct refill;

/* `list` is borrowed and must outlive the refill; so must `options` and `backup`, which names the backup. Null and `fault`:
 * FAULT_REFUSED names what is there. */
struct refill *refill_open(const struct store_options *options, const char *backup, const struct source_partition *list,
                           size_t count, struct fault *fault);
void refill_close(struct refill *refill);
/* False: an earlier attempt has finished this partition (a worker may have gone on from there); it is left alone. */
bool refill_wanted(const struct refill *refill, size_t i);
const struct keys *refill_keys(const struct refill *refill, size_t i);
/* Owned by the refill. Null and `fault`. */
struct connection *refill_connection(struct refill *refill, size_t i, struct fault *fault);
/* Replaces the mark by meta: `arguments` holds `count` RESP arguments, fields and values. FAULT_REFUSED when another restore has
 * put its mark there since. */
bool refill_finish(struct refill *refill, size_t i, struct slice arguments, size_t count, struct fault *fault);

#endif
