/* How a log line is written: from `key=value` pairs to logfmt or JSON. Pure; any thread. */
#ifndef NHIP_LOG_TEXT_H
#define NHIP_LOG_TEXT_H

#include "log.h"

#include <stddef.h>

enum {
    LOG_LINE_BYTES_MAX = 4000, /* less than PIPE_BUF: a line is whole, also in a pipe */
    LOG_QUOTE = 1              /* stands in `body` where the caller's format has a double quote */
};

struct log_head {
    const char *time; /* RFC 3339 */
    const char *level;
    const char *event;
};

/* Writes one line with its newline into `out` and returns its length. `body` holds pairs, separated by spaces; a value that
 * stands between two LOG_QUOTE may hold any bytes, and what is cut off there is ended well. Whatever the values are, the line is
 * one line, valid UTF-8, and in JSON an object; of what does not fit the end is left out. */
size_t log_text(enum log_format format, const struct log_head *head, const char *body, size_t length,
                char out[static LOG_LINE_BYTES_MAX]);

#endif
