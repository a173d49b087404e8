/* Operating errors as values: see include/fault.h. The message is cut, never overrun; nothing is allocated, so that
 * running out of memory can be reported too. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    enum fault_code kind;
    const char *code;
    const char *title;
} stops[STOP_COUNT] = {
    {FAULT_NONE, "", ""},
#define STOP_ROW(name, code, kind, title) {kind, "NHIP-" code, title},
    STOPS(STOP_ROW)
#undef STOP_ROW
};

const char *stop_code(enum stop stop) {
    return stops[stop].code;
}

const char *stop_title(enum stop stop) {
    return stops[stop].title;
}

enum fault_code stop_kind(enum stop stop) {
    return stops[stop].kind;
}

bool fault_set(struct fault *fault, enum stop stop, bool retriable, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault->message, sizeof(fault->message), format, arguments);
    va_end(arguments);
    fault->code = stops[stop].kind;
    fault->stop = stop;
    fault->retriable = retriable;
    return false;
}

int fault_exit_code(enum fault_code code) {
    switch (code) {
    case FAULT_NONE:
        return 0;
    case FAULT_USAGE:
    case FAULT_CONFIG:
        return 2;
    case FAULT_REFUSED:
        return 3;
    case FAULT_IO:
        return 4;
    case FAULT_UNREACHABLE:
    case FAULT_FENCED:
    case FAULT_WENT_BACK:
    case FAULT_STORE:
    case FAULT_SOURCE:
    case FAULT_MEMORY:
        return 1;
    }
    return 1;
}
