/* Withdrawn deliveries (setting `exclusions.file`): which offsets of which partition, of which source, are not to be counted, and
 * who said so, when and why. The file's form and what it means for the state: schemas/exclusions.md.
 *
 * Immutable after exclusions_create(); shareable between threads. */
#ifndef NHIP_EXCLUSIONS_H
#define NHIP_EXCLUSIONS_H

#include "fault.h"
#include "limits.h"
#include "slice.h"

#include <stddef.h>
#include <stdint.h>

enum { EXCLUSION_TOPIC_BYTES = 250, EXCLUSION_TEXT_BYTES = 512 };

struct exclusion {
    char topic[EXCLUSION_TOPIC_BYTES];
    int32_t partition;
    int64_t from; /* first offset ... */
    int64_t to;   /* ... and the first that is not withdrawn any more */
    char source[ID_BYTES_MAX + 1]; /* "": every source */
    char reason[EXCLUSION_TEXT_BYTES];
    char date[11]; /* of the decision: YYYY-MM-DD */
    int64_t line;  /* in the file */
};

struct exclusions;

/* `path` "": none. Null and `fault` for a file that cannot be read (STOP_SETTING_FILE) or says what is not accepted
 * (STOP_EXCLUSIONS: file, line, column, what was found, what is accepted), ranges that would withdraw a record twice included. */
struct exclusions *exclusions_create(const char *path, struct fault *fault);
void exclusions_destroy(struct exclusions *exclusions);

/* All of them, by topic, partition, source and offset. Null stands for none, here and below. */
const struct exclusion *exclusions_all(const struct exclusions *exclusions, size_t *count);
/* Those of one partition: a run of exclusions_all(). */
const struct exclusion *exclusions_of(const struct exclusions *exclusions, const char *topic, int32_t partition, size_t *count);
/* Hex SHA-256 of what is withdrawn: rows that say the same in another order, in other words or in more pieces have the same; ""
 * when there are none. */
const char *exclusions_hash(const struct exclusions *exclusions);
/* False and `fault` when a row names a topic that is in neither list: a misspelt one would withdraw nothing, in silence. */
bool exclusions_check(const struct exclusions *exclusions, const char *const *topics, size_t count, const char *const *others,
                      size_t other_count, struct fault *fault);

/* Offsets of one partition in the terms of another copy of its log: `place` says where one of them lies there. The hash stays. */
void exclusions_renumber(struct exclusions *exclusions, const char *topic, int32_t partition,
                         int64_t (*place)(void *context, int64_t offset), void *context);

/* Whether any of `ranges` (exclusions_of()) may hold an offset in [first, last]; pure. */
bool exclusions_touch(const struct exclusion *ranges, size_t count, int64_t first, int64_t last);
/* Whether an event of `source` at `offset` is withdrawn; pure. */
bool exclusions_hold(const struct exclusion *ranges, size_t count, int64_t offset, struct slice source);

#endif
