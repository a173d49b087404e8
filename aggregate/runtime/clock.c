/* Monotonic and wall clocks in milliseconds. State never depends on either (I3): they pace commits and label log lines. */
#include "aggregate/runtime/clock.h"

static int64_t read_ms(clockid_t clock) {
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void) {
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void) {
    return read_ms(CLOCK_REALTIME);
}

void clock_sleep_ms(int64_t duration_ms) {
    struct timespec pause = {.tv_sec = (time_t)(duration_ms / 1000), .tv_nsec = (long)(duration_ms % 1000) * 1000000};
    (void)nanosleep(&pause, 0);
}
