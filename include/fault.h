/* An operating error: something outside went wrong (network, disk, configuration), and the caller decides what to do.
 *
 * The callee fills a struct fault that the caller owns; nothing is to be freed. Bad input records are not faults, they are
 * results (reject.h). Only main.c and cmd_*.c may turn a fault into an exit code.
 *
 * A message says what happened here and now; its code (stops.h: STOP_..., shown as NHIP-K05) says where the runbook explains
 * it. To add a message: fault_set(fault, STOP_<row of stops.h>, retriable, "...") with the row whose remedy fits, or a new row
 * and its entry in ops/README.md. The kind of the row (FAULT_...) is what callers decide by, and what gives the exit code. */
#ifndef NHIP_FAULT_H
#define NHIP_FAULT_H

#include "stops.h"

#include <stdbool.h>

enum fault_code {
    FAULT_NONE = 0,
    FAULT_USAGE,       /* the command line or a setting is wrong: exit 2 */
    FAULT_CONFIG,      /* a file of the user's is wrong: file, line, key in the message: exit 2 */
    FAULT_UNREACHABLE, /* Kafka or Redis does not answer: retriable */
    FAULT_FENCED,      /* another worker has claimed this partition: drop it, do not retry */
    FAULT_WENT_BACK,   /* Redis stands at an older state of ours: claim again, read the log again from there */
    FAULT_REFUSED,     /* state, layout, policy or offsets forbid going on: exit 3 */
    FAULT_STORE,       /* Redis answered with an error */
    FAULT_SOURCE,      /* Kafka or the file answered with an error */
    FAULT_IO,          /* a file could not be read or written: exit 4 */
    FAULT_MEMORY,      /* out of memory on a start-up path */
};

enum stop {
    STOP_NONE = 0,
#define STOP_NAME(name, code, kind, title) STOP_##name,
    STOPS(STOP_NAME)
#undef STOP_NAME
    STOP_COUNT,
};

struct fault {
    enum fault_code code; /* the kind of `stop` */
    enum stop stop;
    bool retriable;
    char message[480]; /* one sentence for a person: what, where, found, accepted, remedy */
};

/* Fills `fault` (printf style) and returns false, so that `return fault_set(...)` reads well. Any thread. */
bool fault_set(struct fault *fault, enum stop stop, bool retriable, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *stop_code(enum stop stop);  /* "NHIP-K05"; STOP_NONE: "" */
const char *stop_title(enum stop stop); /* half a sentence, as the runbook's heading has it; STOP_NONE: "" */
enum fault_code stop_kind(enum stop stop);

/* The process exit code that belongs to `code`: 0, 1, 2, 3 or 4. */
int fault_exit_code(enum fault_code code);

#endif
