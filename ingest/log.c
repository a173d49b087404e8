/* Log lines: see include/log.h. Kept in the lowest room so that every room may warn; the only clock that ingest reads
 * is here, for the time stamp of the line, and it reaches no state. */
#include "log.h"

#include "zone.h"

#include <stdarg.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 1024 };

static enum log_level level_min = LOG_INFO;

void log_set_level(enum log_level level) {
    level_min = level;
}

static const char *level_name(enum log_level level) {
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARN:
        return "warn";
    case LOG_ERROR:
        return "error";
    }
    return "";
}

void log_line(enum log_level level, const char *event, const char *format, ...) {
    if (level < level_min) return;
    char line[LINE_BYTES_MAX];
    char stamp[25];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    rfc3339_format((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, stamp);
    int head = snprintf(line, sizeof(line), "%s level=%s event=%s ", stamp, level_name(level), event);
    va_list arguments;
    va_start(arguments, format);
    int body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, arguments);
    va_end(arguments);
    size_t length = (size_t)head + (size_t)(body < 0 ? 0 : body);
    if (length > sizeof(line) - 2) length = sizeof(line) - 2;
    line[length] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written;
}
