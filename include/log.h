/* Log lines for operators: logfmt on standard error, one line an event, no payloads and no ids of persons.
 *
 *     2021-10-02T17:00:00.000Z level=info event=partition_assigned topic=payments partition=3 next=918223
 *
 * `event` is a fixed word; the rest are key=value pairs (printf style); text that may hold spaces goes in double
 * quotes. A line is written with one write(2), so lines of several threads do not mix. Any thread. */
#ifndef NHIP_LOG_H
#define NHIP_LOG_H

enum log_level { LOG_DEBUG = 0, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level); /* before threads start; default LOG_INFO */
void log_line(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_line(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_line(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, event, __VA_ARGS__)

#endif
