/* The shape of time in the synthetic province.
 *
 * Each hour of the stream has an integer weight: hour of day (nobody pays at four in the morning) x weekday (Saturday is
 * best) x season. Seasons are what a Vietnamese series really has: the weeks before Tet swell, the holiday itself is
 * empty, the double days 9.9 to 12.12 are sales, and wages arrive around the fifth. The sum of the weights is cut into N
 * equal slots, one message each.
 *
 * Follow-ups (a delivery two days after an order) are counted in slots, not in hours: so they fall where people are
 * awake, and a stream never has more due than it has slots at night. Slots are handed out in order, so the hour is a
 * cursor, not a search. */
#include "ingest/province_calendar.h"

#include "check.h"

#include <stdlib.h>

static const uint32_t hour_weights[24] = {14, 8,  5,  4,  5,  10, 28,  52,  74,  86,  92, 96,
                                          84, 70, 76, 82, 86, 92, 100, 112, 118, 100, 66, 32};
static const uint32_t weekday_weights[7] = {98, 96, 96, 99, 106, 120, 114}; /* from Monday */
/* First day of the lunar year, 2019 to 2026. */
static const struct province_date tets[] = {{2019, 2, 5},  {2020, 1, 25}, {2021, 2, 12}, {2022, 2, 1},
                                            {2023, 1, 22}, {2024, 2, 10}, {2025, 1, 29}, {2026, 2, 17}};

int32_t province_day(int64_t time_ms) {
    int64_t local_ms = time_ms + PROVINCE_OFFSET_MS;
    int64_t day = local_ms / PROVINCE_DAY_MS;
    if (local_ms % PROVINCE_DAY_MS < 0) day--;
    return (int32_t)day;
}

/* Days are counted from the 1st of March of the year 0, where leap days come last. */
struct province_date province_date_of(int32_t day) {
    int32_t shifted = day + 719468;
    int32_t era = shifted / 146097;
    int32_t day_of_era = shifted - era * 146097;
    int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t march_month = (5 * day_of_year + 2) / 153;
    struct province_date date;
    date.day = day_of_year - (153 * march_month + 2) / 5 + 1;
    date.month = march_month < 10 ? march_month + 3 : march_month - 9;
    date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
    return date;
}

int32_t province_day_of(struct province_date date) {
    int32_t year = date.month <= 2 ? date.year - 1 : date.year;
    int32_t era = year / 400;
    int32_t year_of_era = year - era * 400;
    int32_t march_month = date.month > 2 ? date.month - 3 : date.month + 9;
    int32_t day_of_year = (153 * march_month + 2) / 5 + date.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int32_t province_month_start(int32_t month) {
    return province_day_of((struct province_date){month / 12, month % 12 + 1, 1});
}

int32_t province_month_of(int32_t day) {
    struct province_date date = province_date_of(day);
    return date.year * 12 + date.month - 1;
}

/* Percent of a normal day, by the distance to the nearest Tet of the table. */
static uint32_t tet_weight(int32_t day) {
    for (size_t i = 0; i < sizeof tets / sizeof tets[0]; i++) {
        int32_t distance = day - province_day_of(tets[i]);
        if (distance < -21 || distance > 9) continue;
        if (distance < 0) return (uint32_t)(170 + distance * 5 / 2);
        return distance < 5 ? 35 : 70;
    }
    return 100;
}

static uint32_t day_weight(int32_t day) {
    struct province_date date = province_date_of(day);
    uint32_t weight = weekday_weights[(day + 3) % 7]; /* day 0 was a Thursday */
    weight = weight * tet_weight(day) / 100;
    if (date.month >= 9 && date.day == date.month) weight = weight * 3 / 2;
    if (date.day >= 5 && date.day <= 7) weight = weight * 11 / 10;
    return weight;
}

bool province_calendar_create(struct province_calendar *calendar, int32_t first_day, int32_t days, uint64_t slots) {
    size_t hours = (size_t)days * 24;
    *calendar = (struct province_calendar){.first_day = first_day, .days = days, .slots = slots};
    calendar->start_ms = (int64_t)first_day * PROVINCE_DAY_MS - PROVINCE_OFFSET_MS;
    calendar->end_ms = calendar->start_ms + (int64_t)days * PROVINCE_DAY_MS;
    calendar->cumulative = calloc(hours + 1, sizeof *calendar->cumulative);
    if (!calendar->cumulative) return false;
    for (size_t hour = 0; hour < hours; hour++) {
        uint64_t weight = (uint64_t)day_weight(first_day + (int32_t)(hour / 24)) * hour_weights[hour % 24];
        calendar->cumulative[hour + 1] = calendar->cumulative[hour] + weight * 65536; /* finer than a millisecond */
    }
    return true;
}

void province_calendar_destroy(struct province_calendar *calendar) {
    free(calendar->cumulative);
    calendar->cumulative = NULL;
}

static uint64_t total_weight(const struct province_calendar *calendar) {
    return calendar->cumulative[(size_t)calendar->days * 24];
}

int64_t province_calendar_slot_ms(struct province_calendar *calendar, uint64_t slot, uint32_t jitter) {
    CHECK(slot < calendar->slots);
    uint64_t total = total_weight(calendar);
    uint64_t position = (uint64_t)((unsigned __int128)total * slot / calendar->slots);
    position += (uint64_t)((unsigned __int128)(total / calendar->slots) * jitter >> 32);
    while (calendar->cumulative[calendar->hour + 1] <= position) calendar->hour++;
    uint64_t before = calendar->cumulative[calendar->hour];
    uint64_t weight = calendar->cumulative[calendar->hour + 1] - before;
    uint64_t within_ms = (uint64_t)((unsigned __int128)(position - before) * PROVINCE_HOUR_MS / weight);
    return calendar->start_ms + (int64_t)calendar->hour * PROVINCE_HOUR_MS + (int64_t)within_ms;
}

uint64_t province_calendar_slot_of(const struct province_calendar *calendar, int64_t time_ms) {
    if (time_ms <= calendar->start_ms) return 0;
    if (time_ms >= calendar->end_ms) return calendar->slots;
    uint64_t since_ms = (uint64_t)(time_ms - calendar->start_ms);
    uint64_t hour = since_ms / PROVINCE_HOUR_MS;
    uint64_t weight = calendar->cumulative[hour + 1] - calendar->cumulative[hour];
    uint64_t position = calendar->cumulative[hour] +
                        (uint64_t)((unsigned __int128)weight * (since_ms % PROVINCE_HOUR_MS) / PROVINCE_HOUR_MS);
    return (uint64_t)((unsigned __int128)position * calendar->slots / total_weight(calendar));
}

uint64_t province_calendar_slots_in(const struct province_calendar *calendar, int64_t seconds) {
    uint64_t slots = (uint64_t)((unsigned __int128)calendar->slots * (uint64_t)seconds / ((uint64_t)calendar->days * 86400));
    return slots > 0 ? slots : 1;
}
