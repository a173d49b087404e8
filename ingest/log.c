/* Log lines: see include/log.h. Kept in the lowest room so that every room may warn; the only clocks that ingest reads
 * are here, for the time stamp of the line and the ten seconds of a burst, and they reach no state.
 *
 * A caller's format has its quotes around texts, which may hold quotes themselves; so before the texts are put in, the quotes of
 * the format become LOG_QUOTE, and log_text() knows both apart. */
#include "log.h"

#include "ingest/log_text.h"
#include "zone.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BODY_BYTES_MAX = 1024, EVENTS_MAX = 96, WINDOW_MS = 10000 };

static enum log_level level_min = LOG_INFO;
static enum log_format form = LOG_LOGFMT;
static int64_t lines_max; /* of one event in WINDOW_MS; 0: no limit */

/* What was written of each event. */
struct burst {
    const char *event;
    int64_t began_ms;
    int64_t lines;
    int64_t suppressed;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct burst bursts[EVENTS_MAX];
static size_t burst_count;

void log_set_level(enum log_level level) {
    level_min = level;
}

void log_set_form(enum log_format format, int64_t burst) {
    form = format;
    lines_max = burst;
}

enum log_format log_form(void) {
    return form;
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

static int64_t now_ms(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_body(enum log_level level, const char *event, const char *body, size_t length) {
    char line[LOG_LINE_BYTES_MAX];
    char stamp[25];
    rfc3339_format(now_ms(CLOCK_REALTIME), stamp);
    const struct log_head head = {.time = stamp, .level = level_name(level), .event = event};
    ssize_t written = write(STDERR_FILENO, line, log_text(form, &head, body, length, line));
    (void)written;
}

static void tell(struct burst *burst) {
    char body[128];
    int length = snprintf(body, sizeof(body), "of=%s lines=%lld", burst->event, (long long)burst->suppressed);
    burst->suppressed = 0;
    write_body(LOG_WARN, "suppressed", body, (size_t)length);
}

static struct burst *find(const char *event, int64_t now) {
    for (size_t i = 0; i < burst_count; i++) {
        if (strcmp(bursts[i].event, event) == 0) return &bursts[i];
    }
    if (burst_count == EVENTS_MAX) return NULL;
    bursts[burst_count] = (struct burst){.event = event, .began_ms = now};
    return &bursts[burst_count++];
}

/* False: it is only counted. What was counted before is said as soon as its window is over. */
static bool admit(const char *event) {
    int64_t now = now_ms(CLOCK_MONOTONIC);
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < burst_count; i++) {
        struct burst *burst = &bursts[i];
        if (now - burst->began_ms < WINDOW_MS) continue;
        burst->began_ms = now;
        burst->lines = 0;
        if (burst->suppressed > 0) tell(burst);
    }
    struct burst *burst = find(event, now);
    bool admitted = burst == NULL || burst->lines < lines_max;
    if (burst != NULL) burst->lines++;
    if (!admitted) burst->suppressed++;
    (void)pthread_mutex_unlock(&lock);
    return admitted;
}

void log_finish(void) {
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < burst_count; i++) {
        if (bursts[i].suppressed > 0) tell(&bursts[i]);
    }
    (void)pthread_mutex_unlock(&lock);
}

void log_line(enum log_level level, const char *event, const char *format, ...) {
    /* Through a pointer: the format is a copy, which the compiler cannot check; the caller's was. */
    int (*const print)(char *, size_t, const char *, va_list) = vsnprintf;
    char body[BODY_BYTES_MAX];
    char marked[BODY_BYTES_MAX];
    if (level < level_min || (lines_max > 0 && !admit(event))) return;
    size_t length = 0;
    for (; format[length] != '\0' && length < sizeof(marked) - 1; length++)
        marked[length] = format[length] == '"' ? LOG_QUOTE : format[length];
    marked[length] = '\0';
    va_list arguments;
    va_start(arguments, format);
    int written = print(body, sizeof(body), marked, arguments);
    va_end(arguments);
    length = written < 0 ? 0 : (size_t)written < sizeof(body) ? (size_t)written : sizeof(body) - 1;
    write_body(level, event, body, length);
}
