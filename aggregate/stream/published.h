/* What readers of the stream have: for every key a print of the value that was last written. 16 bytes a key, since names are kept
 * once. Keys are `kind|group|name`; a group is what is compared as a whole: a minute, a release of a period. One thread. */
#ifndef NHIP_STREAM_PUBLISHED_H
#define NHIP_STREAM_PUBLISHED_H

#include "aggregate/stream/names.h"

#include <stdbool.h>

enum {
    PRINT_NONE = 0, /* no value: the key is not there */
    PRINT_DOUBT,    /* not all readers have the same: whatever is wanted is to be told */
};

struct published;

struct published *published_create(void);
void published_destroy(struct published *published);

/* 64 bits of what identifies a value: its text in front of `,"version":`, which says only as of when. None of the above. */
uint64_t published_print(struct slice value);

/* One record as it was read back from where the stream goes; value.data null: a tombstone. Of one key, the later wins. */
void published_take(struct published *published, struct slice key, struct slice value);

/* What some readers have is `seen`: keys of which it says something else are in doubt from now on. `visit` is called for each
 * group that has such keys, perhaps more than once. */
void published_doubt(struct published *published, struct published *seen, void (*visit)(void *context, struct slice group),
                     void *context);

/* Calls `visit` for each group whose name begins with `kind|`; it may call published_sync(). */
void published_groups(struct published *published, struct slice kind, void (*visit)(void *context, struct slice group),
                      void *context);
size_t published_group_count(const struct published *published); /* that were ever seen */

/* The rows that a group is to have from now on. A row is added with published_row(); published_sync() then tells those that
 * readers do not have (`put` with the index of the row, in the order of rows that were added) and then the keys that are to go
 * (`put` with index -1), and remembers all of that as published. A false of `put` ends it: what was not told is still owed.
 * `key` is valid during the call. */
typedef bool published_put(void *context, struct slice key, int64_t index);
void published_begin(struct published *published);
void published_row(struct published *published, struct slice name, uint64_t print);
bool published_sync(struct published *published, struct slice group, published_put *put, void *context);

#endif
