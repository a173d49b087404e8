/* Which sources are expected to deliver which families of events, and from when to when (setting snapshot.sources, a CSV file:
 * schemas/coverage.md §1). What was not expected cannot be missed, so only with such a file a vintage can say that a figure was
 * not collected. Read once at start, immutable, shareable between threads. */
#ifndef NHIP_EXPECTED_H
#define NHIP_EXPECTED_H

#include "aggregate/runtime/digest.h"
#include "codes.h"
#include "limits.h"

#include <stdbool.h>
#include <stddef.h>

enum { EXPECTED_ROWS_MAX = 4096, EVERY_DAYS_MAX = 366 };

/* One row of the file. */
struct expectation {
    char source[ID_BYTES_MAX + 1]; /* as in events */
    unsigned families;             /* bits of enum family */
    int32_t first;                 /* local days, both inside; INT32_MIN, INT32_MAX: open */
    int32_t last;
    int32_t every_days; /* a day is delivered when something came on it or on one of the every_days - 1 days before it */
    int64_t line;
};

struct expected {
    struct expectation *items; /* in the order of the file */
    size_t count;
    char *text; /* the file's bytes, for the copy in the vintage */
    size_t text_length;
    char sha256[DIGEST_TEXT_BYTES]; /* of the file's bytes */
};

/* `path` "": *expected is null, nothing is expected of anybody. False and `fault` (STOP_SETTING_FILE: file, line, column, what
 * was found, what is accepted; STOP_FILE_UNREADABLE). */
bool expected_open(struct expected **expected, const char *path, struct fault *fault);
void expected_close(struct expected *expected);

/* payments, orders, rides, websites; "" for families that no feed delivers. */
const char *feed_name(enum family family);

#endif
