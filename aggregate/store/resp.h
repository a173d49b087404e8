/* Writing RESP: commands into one growing buffer, so that a whole commit is one write to the socket.
 *
 * A buffer starts zeroed, keeps its memory between uses and is owned by one thread. Running out of memory here stops the process
 * (CHECK): a commit that is half written may not be sent, and the log is still there. */
#ifndef NHIP_RESP_H
#define NHIP_RESP_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { DECIMAL_BYTES_MAX = 21 }; /* -9223372036854775808 and a NUL */

struct resp {
    char *data;
    size_t length;
    size_t capacity;
};

void resp_append(struct resp *resp, struct slice bytes); /* raw bytes, no framing */
void resp_clear(struct resp *resp);                      /* forgets the content, keeps the memory */
void resp_free(struct resp *resp);

/* A command is resp_begin() with the number of its arguments (the name counts), then exactly so many arguments. */
void resp_begin(struct resp *resp, size_t arguments);
void resp_argument(struct resp *resp, struct slice argument);
void resp_integer(struct resp *resp, int64_t argument);
void resp_words(struct resp *resp, const struct slice *words, size_t count);

#define RESP_COMMAND(resp, ...)                                                                                                  \
    resp_words((resp), (const struct slice[]){__VA_ARGS__}, sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))

/* Decimal text of `value` into `out`; the slice points into it. */
struct slice decimal_text(int64_t value, char out[static DECIMAL_BYTES_MAX]);
/* Exactly one decimal integer, no sign but '-', nothing around it, within int64. */
bool decimal_read(struct slice text, int64_t *value);

#endif
