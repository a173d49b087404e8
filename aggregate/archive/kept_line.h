/* One line of an archive of consumed records (schemas/archive.md): a record, a range of offsets without records, or the first or
 * last line of a file. Writing and reading; what is read back is what was written, byte for byte. One thread each. */
#ifndef NHIP_KEPT_LINE_H
#define NHIP_KEPT_LINE_H

#include "record.h"

enum { KEPT_TEXT_BYTES = 250, KEPT_DAY_BYTES = 11 };

/* A header of a record; value.data is null when it has none. */
struct kept_header {
    struct slice name, value;
};

enum kept_kind {
    KEPT_HEAD = 1, /* the first line: which log this is, and from where on */
    KEPT_RECORD,
    KEPT_HOLE, /* [from, to) of the log holds no record that counts: markers of transactions, aborted or compacted records */
    KEPT_LOST, /* [from, to) was deleted by Kafka before it was archived, and somebody has accepted that */
    KEPT_END,  /* the last line: the file ends in front of offset `to` */
};

struct kept_head {
    char topic[KEPT_TEXT_BYTES];
    int64_t partition;
    char cluster[KEPT_TEXT_BYTES];
    int64_t from;
    char day[KEPT_DAY_BYTES];
};

struct kept_line {
    enum kept_kind kind;
    struct kept_head head;
    struct record record;        /* `native` is null */
    struct kept_header *headers; /* of the record */
    size_t header_count;
    size_t header_room;
    int64_t from, to;
    int64_t records; /* KEPT_END: so many stand in the file */
};

/* Text that grows. {0} is an empty one; kept_text_free() at the end. */
struct kept_text {
    char *bytes;
    size_t length, room;
};
void kept_text_free(struct kept_text *text);

/* Each adds one line with its newline. */
void kept_put_head(struct kept_text *text, const struct kept_head *head);
void kept_put_record(struct kept_text *text, const struct record *record, const struct kept_header *headers, size_t count);
void kept_put_range(struct kept_text *text, enum kept_kind kind, int64_t from, int64_t to); /* KEPT_HOLE or KEPT_LOST */
void kept_put_end(struct kept_text *text, int64_t to, int64_t records);

/* Takes a line (without its newline) apart in place: what `out` points to stands in it afterwards. `out` begins as {0} and is
 * used again for the next line. False when it is not a line as written above. */
bool kept_line_read(char *line, size_t length, struct kept_line *out);
void kept_line_free(struct kept_line *line);

#endif
