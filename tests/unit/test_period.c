/* Reference periods: the five forms, their days, what comes before and behind; turns on the clock. */
#include "aggregate/snapshot/period.h"
#include "aggregate/snapshot/series.h"

#include "check.h"
#include "zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
    const char *text, *first, *last, *before_first, *before_last;
    enum frequency frequency;
} good[] = {
    {"2021", "2021-01-01", "2021-12-31", "2020-01-01", "2020-12-31", FREQUENCY_YEAR},
    {"2021-Q1", "2021-01-01", "2021-03-31", "2020-10-01", "2020-12-31", FREQUENCY_QUARTER},
    {"2021-Q3", "2021-07-01", "2021-09-30", "2021-04-01", "2021-06-30", FREQUENCY_QUARTER},
    {"2021-09", "2021-09-01", "2021-09-30", "2021-08-01", "2021-08-31", FREQUENCY_MONTH},
    {"2020-02", "2020-02-01", "2020-02-29", "2020-01-01", "2020-01-31", FREQUENCY_MONTH},
    {"2021-01", "2021-01-01", "2021-01-31", "2020-12-01", "2020-12-31", FREQUENCY_MONTH},
    {"2021-W39", "2021-09-27", "2021-10-03", "2021-09-20", "2021-09-26", FREQUENCY_WEEK},
    {"2021-W01", "2021-01-04", "2021-01-10", "2020-12-28", "2021-01-03", FREQUENCY_WEEK},
    {"2020-W53", "2020-12-28", "2021-01-03", "2020-12-21", "2020-12-27", FREQUENCY_WEEK},
    {"2026-W01", "2025-12-29", "2026-01-04", "2025-12-22", "2025-12-28", FREQUENCY_WEEK},
    {"2021-09-30", "2021-09-30", "2021-09-30", "2021-09-29", "2021-09-29", FREQUENCY_DAY},
    {"2021-03-01", "2021-03-01", "2021-03-01", "2021-02-28", "2021-02-28", FREQUENCY_DAY},
};

static void each_form_covers_its_days(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct period period;
        struct fault fault;
        char first[11];
        char last[11];
        assert_true(period_parse(good[i].text, &period, &fault));
        iso_date_format(period.first, first);
        iso_date_format(period.last, last);
        assert_string_equal(first, good[i].first);
        assert_string_equal(last, good[i].last);
        assert_string_equal(period.text, good[i].text);
        assert_int_equal(period.frequency, good[i].frequency);
        struct period before = period_before(&period);
        iso_date_format(before.first, first);
        iso_date_format(before.last, last);
        assert_string_equal(first, good[i].before_first);
        assert_string_equal(last, good[i].before_last);
        struct period again = period_after(&before);
        assert_int_equal(again.first, period.first);
        assert_int_equal(again.last, period.last);
        assert_string_equal(again.text, period.text);
    }
}

static void turns_are_counted_from_local_midnight(void **state) {
    (void)state;
    static const struct {
        const char *zone, *now, *next;
        int64_t every_ms;
    } turns[] = {
        {"Asia/Ho_Chi_Minh", "2021-10-02T16:59:59.999Z", "2021-10-02T17:00:00.000Z", 86400000},
        {"Asia/Ho_Chi_Minh", "2021-10-02T17:00:00.000Z", "2021-10-03T17:00:00.000Z", 86400000},
        {"Asia/Ho_Chi_Minh", "2021-10-02T17:00:00.001Z", "2021-10-02T17:00:01.000Z", 1000},
        {"Asia/Ho_Chi_Minh", "2021-10-02T18:00:00.000Z", "2021-10-02T23:00:00.000Z", 6 * 3600000},
        {"Asia/Ho_Chi_Minh", "2021-10-02T15:00:00.000Z", "2021-10-02T17:00:00.000Z", 7 * 3600000}, /* each day anew */
        {"Asia/Ho_Chi_Minh", "2021-10-02T18:00:00.000Z", "2021-10-06T17:00:00.000Z", 7 * (int64_t)86400000},
        {"Europe/Berlin", "2021-10-30T22:30:00.000Z", "2021-10-31T23:00:00.000Z", 86400000}, /* a day of 25 hours */
        {"Europe/Berlin", "2021-10-31T22:30:00.000Z", "2021-10-31T23:00:00.000Z", 12 * 3600000},
    };
    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        struct fault fault;
        int64_t now_ms;
        char next[25];
        struct zone *zone = zone_create(turns[i].zone, &fault);
        assert_non_null(zone);
        assert_true(rfc3339_parse(slice_of(turns[i].now), &now_ms));
        rfc3339_format(series_next_turn_ms(zone, turns[i].every_ms, now_ms), next);
        assert_string_equal(next, turns[i].next);
        zone_destroy(zone);
    }
}

static void other_spellings_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",        "21",       "2021-9",   "2021-13",  "2021-00",       "2021-Q0",
                                      "2021-Q5", "2021-W00", "2021-W53", "2021-W1",  "2021-W",        "2021-02-29",
                                      "2021/09", "2021-09-", "1969",     "2200",     "2021-09-30T00", " 2021",
                                      "2021 ",   "-021",     "2021-q3",  "2021-w39", "2021Q3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct period period;
        struct fault fault = {.code = FAULT_NONE};
        if (period_parse(bad[i], &period, &fault)) fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(fault.code, FAULT_USAGE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_covers_its_days),
        cmocka_unit_test(turns_are_counted_from_local_midnight),
        cmocka_unit_test(other_spellings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
