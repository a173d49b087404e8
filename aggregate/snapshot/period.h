/* Reference periods: the five TIME_PERIOD forms and what lies before them (schemas/indicators.md §1). Pure. */
#ifndef NHIP_SNAPSHOT_PERIOD_H
#define NHIP_SNAPSHOT_PERIOD_H

#include "fault.h"
#include "zone.h"

#include <stdint.h>

enum frequency {
    FREQUENCY_NONE = 0,
    FREQUENCY_DAY = 'D',
    FREQUENCY_WEEK = 'W',
    FREQUENCY_MONTH = 'M',
    FREQUENCY_QUARTER = 'Q',
    FREQUENCY_YEAR = 'A'
};

struct period {
    enum frequency frequency;
    int32_t first; /* local days, both inside */
    int32_t last;
    char text[16]; /* as in TIME_PERIOD */
};

/* Accepts 2021, 2021-Q3, 2021-09, 2021-W39, 2021-09-30 (years 1970..2199); else FAULT_USAGE. */
bool period_parse(const char *text, struct period *period, struct fault *fault);
/* The period of the same form right before; its `text` is empty. */
struct period period_before(const struct period *period);
/* The same with its `text`. */
struct period period_preceding(const struct period *period);
/* The one right behind, with its `text`. */
struct period period_after(const struct period *period);
struct period period_of_day(int32_t day);
/* The one with the same name a year ago, with its `text`; false for a day or a week that that year has not. */
bool period_year_before(const struct period *period, struct period *before);
/* Whether its last day has ended at `time_ms`. */
bool period_ended(const struct period *period, const struct zone *zone, int64_t time_ms);
/* Months in it; 0 for a day or a week. */
int32_t period_months(enum frequency frequency);

#endif
