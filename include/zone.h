/* Calendar arithmetic in one reporting zone. Days are numbered from 1970-01-01 (day 0) of the local calendar.
 *
 * A zone is built once at start (it reads the system's zone database through the C library) and is immutable and shareable
 * between threads afterwards. All functions but zone_create are pure. */
#ifndef NHIP_ZONE_H
#define NHIP_ZONE_H

#include "fault.h"
#include "slice.h"

#include <stdint.h>

struct zone;

struct civil_date {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

/* `name` is an IANA name such as Asia/Ho_Chi_Minh. Call before threads start. Null and `fault` when unknown. */
struct zone *zone_create(const char *name, struct fault *fault);
void zone_destroy(struct zone *zone);

int32_t zone_day(const struct zone *zone, int64_t time_ms);            /* local day of an instant */
int64_t zone_day_start_ms(const struct zone *zone, int32_t day);       /* first instant of a local day */
/* The instant at which local clocks show `local_ms` (counted as if they showed UTC). What they show twice is the first time
 * that they do; what they skip is read with the offset before. */
int64_t zone_instant_ms(const struct zone *zone, int64_t local_ms);

struct civil_date civil_from_day(int32_t day);
int32_t day_from_civil(struct civil_date date);                        /* proleptic Gregorian */
bool civil_is_date(struct civil_date date);                            /* whether there is such a day; years 1.. */
int32_t month_of_day(int32_t day);                                     /* year * 12 + month - 1 */
int32_t day_of_month_start(int32_t month);                             /* inverse: first day of such a month */
int32_t weekday_of_day(int32_t day);                                   /* 0 = Monday .. 6 = Sunday */

/* RFC 3339 with an offset or Z -> epoch milliseconds. False for: no offset, -00:00, second 60, impossible dates, more than
 * 9 fraction digits, anything after it. Fractions finer than a millisecond are cut off. Years 1970..2199. */
bool rfc3339_parse(struct slice text, int64_t *time_ms);
bool iso_date_parse(struct slice text, int32_t *day);                  /* YYYY-MM-DD, nothing else */
void rfc3339_format(int64_t time_ms, char out[static 25]);             /* 2021-10-02T17:00:00.000Z */
void iso_date_format(int32_t day, char out[static 11]);

#endif
