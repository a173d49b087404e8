/* What the service manager is told (systemd: Type=notify, WatchdogSec). Where nobody asked (no NOTIFY_SOCKET), nothing is told.
 * One thread, that of the engine; nothing here fails: a manager that does not listen changes nothing. */
#ifndef NHIP_SERVICE_H
#define NHIP_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

struct service {
    bool wanted;         /* we are a service, not a part of another command */
    bool ready;          /* has been told */
    bool stopping;       /* has been told */
    int64_t watchdog_ms; /* without a sign for so long we are killed; 0: nobody waits for one */
    int64_t due_ms;      /* next sign, monotonic */
};

void service_begin(struct service *service, bool wanted);
/* Once: the work has begun, or cannot begin yet and is tried again (`systemctl start` must not wait for a broker). */
void service_ready(struct service *service);
/* Once: the end has begun. */
void service_stopping(struct service *service);
/* One line for `systemctl status`. */
void service_status(const struct service *service, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A sign of life, sent when it is time for one (four in the time that is allowed). Call often. */
void service_alive(struct service *service, int64_t now_ms);

#endif
