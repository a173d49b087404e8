/* One file of an archive: the records of a range of offsets of one partition, closed and never changed again. Reading it, with
 * proof that every offset of the range is accounted for. One thread. */
#ifndef NHIP_KEPT_PART_H
#define NHIP_KEPT_PART_H

#include "aggregate/archive/kept_line.h"
#include "fault.h"

enum { KEPT_NAME_BYTES = 72, KEPT_PATH_BYTES = 1024 };

struct kept_part {
    int64_t from, next; /* offsets, the second exclusive */
    char day[KEPT_DAY_BYTES];
};

/* FROM-NEXT.DAY.ndjson.zst, offsets with 20 digits: names sort as the log does. */
void kept_part_name(const struct kept_part *part, char out[static KEPT_NAME_BYTES]);
/* The inverse; false for any other name. */
bool kept_part_parse(const char *name, struct kept_part *part);

/* Whole lines of a file, unpacked; what is read from it stays valid until it is filled again. {0} is an empty one. */
struct kept_block {
    char *bytes;
    size_t length, room, at;
};
void kept_block_free(struct kept_block *block);

struct kept_reader;

/* The first line must be that of this topic, partition and part. Null and `fault`. */
struct kept_reader *kept_reader_open(const char *path, const char *topic, int32_t partition, const struct kept_part *part,
                                     struct fault *fault);
/* The next lines into the block; none when the file has ended as it should. False and `fault` (STOP_ARCHIVE_BROKEN, with file,
 * line and offset) when it is not so. */
bool kept_reader_fill(struct kept_reader *reader, struct kept_block *block, struct fault *fault);
enum kept_found { KEPT_FOUND_NOTHING = 0, KEPT_FOUND_LINE, KEPT_FOUND_FAULT };
/* The next record, hole or loss of the block; nothing: fill it again. Each begins where the one before ended. */
enum kept_found kept_reader_next(struct kept_reader *reader, struct kept_block *block, struct kept_line *line,
                                 struct fault *fault);
const char *kept_reader_cluster(const struct kept_reader *reader); /* known after the first line */
void kept_reader_close(struct kept_reader *reader);                /* null is fine */

#endif
