/* Calendar and zones. Days of many zones are compared with the C library at thousands of instants; oddities of real
 * zones by name. */
#include "zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct zone *zone_open(const char *name) {
    struct fault fault;
    struct zone *zone = zone_create(name, &fault);
    if (zone == NULL) fail_msg("%s: %s", name, fault.message);
    return zone;
}

static int64_t at(const char *text) {
    int64_t time_ms;
    if (!rfc3339_parse(slice_of(text), &time_ms)) fail_msg("%s is not a time", text);
    return time_ms;
}

static int32_t on(const char *text) {
    int32_t day;
    if (!iso_date_parse(slice_of(text), &day)) fail_msg("%s is not a date", text);
    return day;
}

static void day_equals_what_the_c_library_says(void **state) {
    (void)state;
    static const char *const names[] = {"Asia/Ho_Chi_Minh", "Europe/London", "UTC", "America/St_Johns", "Pacific/Apia",
                                        "Africa/Casablanca", "America/Recife", "America/Sao_Paulo"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct zone *zone = zone_open(names[i]);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        /* 8.6 hours and odd seconds apart, so that every part of a day and of a year is met */
        for (int64_t time_s = 0; time_s < 7258118400; time_s += 31013) {
            time_t time = (time_t)time_s;
            struct tm local;
            assert_non_null(localtime_r(&time, &local));
            struct civil_date date = civil_from_day(zone_day(zone, time_s * 1000 + 999));
            if (date.year != local.tm_year + 1900 || date.month != local.tm_mon + 1 || date.day != local.tm_mday) {
                fail_msg("%s at %lld: %d-%d-%d", names[i], (long long)time_s, date.year, date.month, date.day);
            }
        }
        assert_int_equal(unsetenv("TZ"), 0);
        tzset();
        zone_destroy(zone);
    }
}

static void day_begins_at_its_first_instant(void **state) {
    (void)state;
    static const struct {
        const char *zone, *day, *start;
    } rows[] = {
        {"Asia/Ho_Chi_Minh", "2021-10-03", "2021-10-02T17:00:00Z"},
        {"Asia/Ho_Chi_Minh", "1970-01-01", "1969-12-31T16:00:00Z"}, /* Saigon was at +08:00 until 1975 */
        {"Europe/London", "2011-03-27", "2011-03-27T00:00:00Z"},
        {"Europe/London", "2011-03-28", "2011-03-27T23:00:00Z"},
        {"Europe/London", "2011-10-30", "2011-10-29T23:00:00Z"},
        {"Europe/London", "2011-10-31", "2011-10-31T00:00:00Z"},
        {"Europe/London", "2150-07-01", "2150-06-30T23:00:00Z"},
        {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, /* no midnight: the day begins at 01:00 */
        {"America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z"},  /* set back from 00:01: begins twice, the first counts */
        {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},      /* a day that was left out: empty */
        {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zone *zone = zone_open(rows[i].zone);
        char text[25];
        int64_t start_ms = zone_day_start_ms(zone, on(rows[i].day));
        rfc3339_format(start_ms, text);
        text[19] = 'Z';
        text[20] = '\0';
        assert_string_equal(text, rows[i].start);
        assert_true(zone_day(zone, start_ms) >= on(rows[i].day));
        assert_true(zone_day(zone, start_ms - 1) < on(rows[i].day));
        zone_destroy(zone);
    }
}

static void any_instant_has_a_day(void **state) {
    (void)state;
    struct zone *zone = zone_open("Asia/Ho_Chi_Minh");
    assert_int_equal(zone_day(zone, INT64_MIN), -2000000000);
    assert_int_equal(zone_day(zone, INT64_MAX), 2000000000);
    assert_int_equal(zone_day(zone, -1), 0);
    assert_int_equal(zone_day(zone, -28800001), -1);
    assert_int_equal(zone_day(zone, at("2199-12-31T23:59:59Z") + 86400000), on("2200-01-02"));
    zone_destroy(zone);
}

static void unknown_zone_is_refused(void **state) {
    (void)state;
    static const char *const names[] = {"",  "Mars/Olympus", "../zoneinfo/UTC", "/usr/share/zoneinfo/UTC", "zone.tab",
                                        "Asia", "right/UTC", "UTC+7 ", "localtime", "asia/ho_chi_minh"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct fault fault = {0};
        assert_null(zone_create(names[i], &fault));
        assert_int_equal(fault.code, FAULT_CONFIG);
        assert_non_null(strstr(fault.message, "Asia/Ho_Chi_Minh"));
    }
    struct fault fault = {0};
    assert_null(zone_create(NULL, &fault));
}

static void creation_leaves_tz_as_it_was(void **state) {
    (void)state;
    assert_int_equal(setenv("TZ", "America/New_York", 1), 0);
    zone_destroy(zone_open("Europe/London"));
    assert_string_equal(getenv("TZ"), "America/New_York");
    time_t zero = 0;
    struct tm local;
    assert_non_null(localtime_r(&zero, &local));
    assert_int_equal(local.tm_hour, 19);
    assert_int_equal(unsetenv("TZ"), 0);
    zone_destroy(zone_open("Europe/London"));
    assert_null(getenv("TZ"));
}

static void civil_date_and_day_are_inverse(void **state) {
    (void)state;
    struct civil_date expected = {1600, 1, 1};
    assert_int_equal(day_from_civil(expected), -135140);
    for (int32_t day = -135140; day < 150000; day++) { /* 1600 .. 2380, counted by hand */
        struct civil_date date = civil_from_day(day);
        assert_int_equal(date.year, expected.year);
        assert_int_equal(date.month, expected.month);
        assert_int_equal(date.day, expected.day);
        assert_int_equal(day_from_civil(date), day);
        assert_int_equal(weekday_of_day(day), ((day % 7) + 7 + 3) % 7);
        int leap = expected.year % 4 == 0 && (expected.year % 100 != 0 || expected.year % 400 == 0);
        int lengths[] = {31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        if (++expected.day > lengths[expected.month - 1]) {
            expected.day = 1;
            if (++expected.month > 12) {
                expected.month = 1;
                expected.year++;
            }
        }
    }
    (void)civil_from_day(INT32_MIN);
    (void)civil_from_day(INT32_MAX);
}

static void month_number_and_first_day_are_inverse(void **state) {
    (void)state;
    assert_int_equal(month_of_day(on("2021-09-30")), 2021 * 12 + 8);
    assert_int_equal(day_of_month_start(2021 * 12 + 8), on("2021-09-01"));
    assert_int_equal(day_of_month_start(2021 * 12), on("2021-01-01"));
    assert_int_equal(month_of_day(on("1969-12-31")), 1969 * 12 + 11);
    for (int32_t month = 1900 * 12; month < 2300 * 12; month++) {
        assert_int_equal(month_of_day(day_of_month_start(month)), month);
        assert_int_equal(month_of_day(day_of_month_start(month) - 1), month - 1);
    }
    assert_int_equal(weekday_of_day(on("2021-10-04")), 0);
    assert_int_equal(weekday_of_day(on("1969-12-28")), 6);
}

static void rfc3339_reads_what_it_promises(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t time_ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"2021-10-03T00:00:00+07:00", 1633194000000},
        {"2021-10-02T17:00:00.000Z", 1633194000000},
        {"2021-10-02T17:00:00.9Z", 1633194000900},
        {"2021-10-02T17:00:00.98Z", 1633194000980},
        {"2021-10-02T17:00:00.987654321Z", 1633194000987},
        {"2021-10-02T17:00:00+00:00", 1633194000000},
        {"2021-10-02T11:30:00-05:30", 1633194000000},
        {"1969-12-31T23:59:59-00:01", 59000},
        {"2020-02-29T23:59:59Z", 1583020799000},
        {"2199-12-31T23:59:59.999Z", 7258118399999},
        {"2200-01-01T06:59:59+07:00", 7258118399000},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t time_ms;
        if (!rfc3339_parse(slice_of(rows[i].text), &time_ms)) fail_msg("%s was refused", rows[i].text);
        assert_int_equal(time_ms, rows[i].time_ms);
    }
}

static void rfc3339_refuses_everything_else(void **state) {
    (void)state;
    static const char *const rows[] = {
        "", "2021-10-02", "2021-10-02T17:00:00", "2021-10-02 17:00:00Z", "2021-10-02T17:00Z", "2021-10-02T17:00:60Z",
        "2021-10-02T24:00:00Z", "2021-10-02T17:60:00Z", "2021-02-29T00:00:00Z", "2021-13-01T00:00:00Z", "2021-00-01T00:00:00Z",
        "2021-10-00T00:00:00Z", "2021-10-32T00:00:00Z", "2021-10-02T17:00:00-00:00", "2021-10-02T17:00:00+24:00",
        "2021-10-02T17:00:00+07:60", "2021-10-02T17:00:00+0700", "2021-10-02T17:00:00+07", "2021-10-02T17:00:00.Z",
        "2021-10-02T17:00:00.1234567890Z", "2021-10-02T17:00:00,5Z", "2021-10-02T17:00:00Z ", " 2021-10-02T17:00:00Z",
        "2021-10-02T17:00:00ZZ", "2021-10-02T17:00:00.5", "2021-1-02T17:00:00Z", "21-10-02T17:00:00Z", "2021-10-02T+7:00:00Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2200-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t time_ms;
        if (rfc3339_parse(slice_of(rows[i]), &time_ms)) fail_msg("%s was read", rows[i]);
    }
    int64_t time_ms;
    assert_false(rfc3339_parse((struct slice){"2021-10-02T17:00:00\0Z", 21}, &time_ms));
    assert_false(rfc3339_parse((struct slice){NULL, 0}, &time_ms));
}

static void iso_date_is_ten_characters_of_a_real_day(void **state) {
    (void)state;
    assert_int_equal(on("1970-01-01"), 0);
    assert_int_equal(on("1969-12-31"), -1);
    assert_int_equal(on("2000-02-29"), 11016);
    static const char *const rows[] = {"", "2021-02-29", "1900-02-29", "2021-9-30", "2021-09-31", "2021-09-30 ", "20210930",
                                       "2021/09/30", "0000-01-01", "2021-09-30T00:00:00Z", "+021-09-30", "2021-00-10"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int32_t day;
        if (iso_date_parse(slice_of(rows[i]), &day)) fail_msg("%s was read", rows[i]);
    }
}

static void formatting_is_the_inverse_of_reading(void **state) {
    (void)state;
    static const char *const times[] = {"2021-10-02T17:00:00.000Z", "1970-01-01T00:00:00.001Z", "2199-12-31T23:59:59.999Z"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[25];
        rfc3339_format(at(times[i]), text);
        assert_string_equal(text, times[i]);
    }
    char text[25];
    rfc3339_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    rfc3339_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    rfc3339_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
    char date[11];
    iso_date_format(on("2021-09-30"), date);
    assert_string_equal(date, "2021-09-30");
    iso_date_format(INT32_MAX, date);
    assert_string_equal(date, "9999-12-31");
    iso_date_format(INT32_MIN, date);
    assert_string_equal(date, "0000-01-01");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(day_equals_what_the_c_library_says),
        cmocka_unit_test(day_begins_at_its_first_instant),
        cmocka_unit_test(any_instant_has_a_day),
        cmocka_unit_test(unknown_zone_is_refused),
        cmocka_unit_test(creation_leaves_tz_as_it_was),
        cmocka_unit_test(civil_date_and_day_are_inverse),
        cmocka_unit_test(month_number_and_first_day_are_inverse),
        cmocka_unit_test(rfc3339_reads_what_it_promises),
        cmocka_unit_test(rfc3339_refuses_everything_else),
        cmocka_unit_test(iso_date_is_ten_characters_of_a_real_day),
        cmocka_unit_test(formatting_is_the_inverse_of_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
