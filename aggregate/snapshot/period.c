/* Periods are pairs of local days; the text is kept as it was given, since each form has one spelling only. ISO weeks: week 1 is
 * the one with 4 January in it, so week w of year y starts (w - 1) weeks after the Monday at or before 4 January. */
#include "aggregate/snapshot/period.h"

#include <stdio.h>
#include <string.h>

enum { YEAR_DIGITS = 4 };

/* `digits` decimal digits at `text`; -1 when one is none. */
static int32_t number_at(const char *text, int digits) {
    int32_t value = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int32_t month_first(int32_t year, int32_t month) {
    return day_from_civil((struct civil_date){.year = year, .month = month, .day = 1});
}

static int32_t week_one(int32_t year) {
    int32_t fourth = day_from_civil((struct civil_date){.year = year, .month = 1, .day = 4});
    return fourth - weekday_of_day(fourth);
}

static void set(struct period *period, enum frequency frequency, int32_t first, int32_t next) {
    period->frequency = frequency;
    period->first = first;
    period->last = next - 1;
}

static int32_t months_later(int32_t day, int32_t months) {
    return day_of_month_start(month_of_day(day) + months);
}

/* Behind the year and the hyphen: Q3, W39 or 09. */
static bool parse_part(const char *part, size_t length, int32_t year, struct period *period) {
    int32_t number = number_at(part + (length == 3 || part[0] == 'Q'), length == 3 || part[0] != 'Q' ? 2 : 1);
    if (length == 3 && part[0] == 'W') {
        int32_t first = week_one(year) + (number - 1) * 7;
        if (number < 1 || first >= week_one(year + 1)) return false;
        set(period, FREQUENCY_WEEK, first, first + 7);
        return true;
    }
    bool quarter = part[0] == 'Q';
    if (length != 2 || number < 1 || number > (quarter ? 4 : 12)) return false;
    int32_t first = month_first(year, quarter ? number * 3 - 2 : number);
    set(period, quarter ? FREQUENCY_QUARTER : FREQUENCY_MONTH, first, months_later(first, quarter ? 3 : 1));
    return true;
}

static bool parse(const char *text, struct period *period) {
    size_t length = strlen(text);
    int32_t year = length >= 4 ? number_at(text, 4) : -1;
    if (year < 1970 || year > 2199) return false;
    if (length == 4) {
        set(period, FREQUENCY_YEAR, month_first(year, 1), month_first(year + 1, 1));
        return true;
    }
    if (text[4] != '-') return false;
    if (length == 7 || length == 8) return parse_part(text + 5, length - 5, year, period);
    int32_t day;
    if (length != 10 || !iso_date_parse((struct slice){text, length}, &day)) return false;
    set(period, FREQUENCY_DAY, day, day + 1);
    return true;
}

bool period_parse(const char *text, struct period *period, struct fault *fault) {
    *period = (struct period){.frequency = FREQUENCY_NONE};
    if (text == NULL || !parse(text, period)) {
        return fault_set(
            fault, STOP_USAGE, false,
            "period: found \"%.40s\", accepted are 2021, 2021-Q3, 2021-09, 2021-W39 and 2021-09-30 (years 1970 to 2199)",
            text == NULL ? "" : text);
    }
    (void)snprintf(period->text, sizeof(period->text), "%s", text);
    return true;
}

struct period period_before(const struct period *period) {
    struct period before = {.frequency = period->frequency, .last = period->first - 1};
    switch (period->frequency) {
    case FREQUENCY_NONE:
    case FREQUENCY_DAY:
        before.first = period->first - 1;
        break;
    case FREQUENCY_WEEK:
        before.first = period->first - 7;
        break;
    case FREQUENCY_MONTH:
        before.first = months_later(period->first, -1);
        break;
    case FREQUENCY_QUARTER:
        before.first = months_later(period->first, -3);
        break;
    case FREQUENCY_YEAR:
        before.first = months_later(period->first, -12);
        break;
    }
    return before;
}

/* The period of that frequency which contains `day`. A week bears the year in which its Thursday lies. */
static struct period period_at(enum frequency frequency, int32_t day) {
    struct period period = {.frequency = frequency, .first = day, .last = day};
    struct civil_date date = civil_from_day(day);
    int32_t month = day_of_month_start(month_of_day(day));
    switch (frequency) {
    case FREQUENCY_NONE:
    case FREQUENCY_DAY:
        iso_date_format(day, period.text);
        break;
    case FREQUENCY_WEEK:
        period.first = day - weekday_of_day(day);
        period.last = period.first + 6;
        date = civil_from_day(period.first + 3);
        (void)snprintf(period.text, sizeof(period.text), "%04d-W%02d", (int)date.year % 10000,
                       (int)((period.first - week_one(date.year)) / 7 + 1) % 100);
        break;
    case FREQUENCY_MONTH:
        set(&period, frequency, month, months_later(month, 1));
        (void)snprintf(period.text, sizeof(period.text), "%04d-%02d", (int)date.year, (int)date.month);
        break;
    case FREQUENCY_QUARTER:
        set(&period, frequency, months_later(month, -((date.month - 1) % 3)), months_later(month, 3 - (date.month - 1) % 3));
        (void)snprintf(period.text, sizeof(period.text), "%04d-Q%d", (int)date.year % 10000,
                       (int)((date.month - 1) / 3 + 1) % 10);
        break;
    case FREQUENCY_YEAR:
        set(&period, frequency, month_first(date.year, 1), month_first(date.year + 1, 1));
        (void)snprintf(period.text, sizeof(period.text), "%04d", (int)date.year);
        break;
    }
    return period;
}

struct period period_preceding(const struct period *period) {
    return period_at(period->frequency, period->first - 1);
}

struct period period_after(const struct period *period) {
    return period_at(period->frequency, period->last + 1);
}

struct period period_of_day(int32_t day) {
    struct period period = {.frequency = FREQUENCY_DAY, .first = day, .last = day};
    iso_date_format(day, period.text);
    return period;
}

bool period_year_before(const struct period *period, struct period *before) {
    char text[2 * sizeof(period->text)];
    (void)snprintf(text, sizeof(text), "%04d%s", (int)number_at(period->text, YEAR_DIGITS) - 1, period->text + YEAR_DIGITS);
    return period_parse(text, before, &(struct fault){.code = FAULT_NONE});
}

bool period_ended(const struct period *period, const struct zone *zone, int64_t time_ms) {
    return time_ms >= zone_day_start_ms(zone, period->last + 1);
}

int32_t period_months(enum frequency frequency) {
    switch (frequency) {
    case FREQUENCY_MONTH: return 1;
    case FREQUENCY_QUARTER: return 3;
    case FREQUENCY_YEAR: return 12;
    case FREQUENCY_NONE:
    case FREQUENCY_DAY:
    case FREQUENCY_WEEK: break;
    }
    return 0;
}
