/* Which unit, in which version, an account belongs to on a day (schemas/indicators.md §2). Built once, read only. */
#ifndef NHIP_SNAPSHOT_CROSSWALK_H
#define NHIP_SNAPSHOT_CROSSWALK_H

#include "aggregate/snapshot/registry.h"

struct crosswalk;

struct crosswalk *crosswalk_create(const struct registry *registry, const struct text_map *accounts);
void crosswalk_destroy(struct crosswalk *crosswalk);

/* `account`: its number in the text map given above. VERSION_NONE: matched to nothing on that day. */
uint32_t crosswalk_version(const struct crosswalk *crosswalk, uint32_t account, int32_t day);

/* The same on the last of the days from `first` to `last` on which it is matched at all. */
uint32_t crosswalk_version_within(const struct crosswalk *crosswalk, uint32_t account, int32_t first, int32_t last);

/* Entries of registry records that claimed an account on some day on which an earlier record of another unit holds it. */
int64_t crosswalk_refused(const struct crosswalk *crosswalk);

#endif
