/* The process's clocks. Rooms never look at them (time is an argument there); the runtime does. */
#ifndef NHIP_CLOCK_H
#define NHIP_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ms(void); /* for intervals and deadlines */
int64_t clock_wall_ms(void);      /* epoch, for people */
void clock_sleep_ms(int64_t duration_ms);

#endif
