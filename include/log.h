/* Log lines for operators, on standard error, one line an event, no payloads and no ids of persons. As logfmt or as JSON:
 *
 *     2021-10-02T17:00:00.000Z level=info event=partition_assigned topic=payments partition=3 next=918223
 *     {"time":"2021-10-02T17:00:00.000Z","level":"info","event":"partition_assigned","topic":"payments","partition":3,...}
 *
 * `event` is a fixed word; the rest are key=value pairs (printf style); text that may hold spaces goes in double
 * quotes, and what such a text holds is escaped. A line is written with one write(2), so lines of several threads do not mix.
 *
 * Of one event at most `burst` lines are written in ten seconds; the rest is counted, and the count is said in a line of its own
 * (event=suppressed of=EVENT lines=N) when the ten seconds are over, or at the end. Any thread. */
#ifndef NHIP_LOG_H
#define NHIP_LOG_H

#include <stdint.h>

enum log_level { LOG_DEBUG = 0, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT = 0, LOG_JSON };

void log_set_level(enum log_level level); /* before threads start; default LOG_INFO */
/* `burst`: lines of one event in ten seconds, 0: no limit. Before threads start; default logfmt, no limit. */
void log_set_form(enum log_format format, int64_t burst);
enum log_format log_form(void);
void log_line(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Says what is still suppressed. */
void log_finish(void);

#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)

#endif
