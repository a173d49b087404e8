/* libsystemd's notifications: datagrams to a socket whose name stands in the environment.
 *
 * Borrowed rather than written, because addresses, abstract names and the watchdog's process id have been got wrong by many. */
#include "aggregate/runtime/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

enum { STATUS_BYTES = 256, SIGNS = 4 };

void service_begin(struct service *service, bool wanted) {
    uint64_t watchdog_us = 0;
    *service = (struct service){.wanted = wanted};
    if (wanted && sd_watchdog_enabled(0, &watchdog_us) > 0) service->watchdog_ms = (int64_t)(watchdog_us / 1000);
}

void service_ready(struct service *service) {
    if (!service->wanted || service->ready) return;
    service->ready = true;
    (void)sd_notify(0, "READY=1");
}

void service_stopping(struct service *service) {
    if (!service->wanted || service->stopping) return;
    service->stopping = true;
    (void)sd_notify(0, "STOPPING=1\nSTATUS=commits what was read, and leaves");
}

void service_status(const struct service *service, const char *format, ...) {
    char text[STATUS_BYTES];
    va_list arguments;
    if (!service->wanted) return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (!service->stopping) (void)sd_notifyf(0, "STATUS=%s", text);
}

void service_alive(struct service *service, int64_t now_ms) {
    if (service->watchdog_ms == 0 || now_ms < service->due_ms) return;
    service->due_ms = now_ms + service->watchdog_ms / SIGNS;
    (void)sd_notify(0, "WATCHDOG=1");
}
