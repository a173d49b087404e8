/* When the messages of the synthetic province are recorded: N slots over D days, dense by day and thin by night.
 *
 * Slot i of N stands where i/N of the stream's weight has passed, so every stream has exactly N events and the same shape at any
 * size. Days are local days of UTC+7, numbered from 1970-01-01. One owner thread. */
#ifndef NHIP_PROVINCE_CALENDAR_H
#define NHIP_PROVINCE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { PROVINCE_DAY_MS = 86400000, PROVINCE_HOUR_MS = 3600000, PROVINCE_OFFSET_MS = 7 * 3600000 };

struct province_calendar {
    int32_t first_day;
    int32_t days;
    int64_t start_ms; /* first instant of the first day */
    int64_t end_ms;   /* the instant after the last day */
    uint64_t slots;
    uint64_t *cumulative; /* weight before hour h, h = 0 .. 24 days */
    uint32_t hour;        /* where the last slot was */
};

struct province_date {
    int32_t year, month, day; /* month and day from 1 */
};

/* False when memory is short. */
bool province_calendar_create(struct province_calendar *calendar, int32_t first_day, int32_t days, uint64_t slots);
void province_calendar_destroy(struct province_calendar *calendar);

/* Record time of a slot; slots must be asked for in ascending order. `jitter` is any random number. Never falls. */
int64_t province_calendar_slot_ms(struct province_calendar *calendar, uint64_t slot, uint32_t jitter);
/* The slot that stands at an instant of the stream (0 before it, `slots` after it). */
uint64_t province_calendar_slot_of(const struct province_calendar *calendar, int64_t time_ms);
/* How many slots pass in `seconds` on the average of the stream; at least 1. */
uint64_t province_calendar_slots_in(const struct province_calendar *calendar, int64_t seconds);

int32_t province_day(int64_t time_ms);
struct province_date province_date_of(int32_t day);
int32_t province_day_of(struct province_date date);
int32_t province_month_start(int32_t month);     /* month = year * 12 + month - 1 */
int32_t province_month_of(int32_t day);

#endif
