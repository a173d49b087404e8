/* The file of expected sources: what is read, and that a mistake is refused by file, line and column. */
#include "aggregate/runtime/expected.h"

#include "check.h"
#include "zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct expected *read_text(const char *text, struct fault *fault) {
    char path[] = "/tmp/nhip-expected-XXXXXX";
    struct expected *expected;
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(file) == 0);
    bool good = expected_open(&expected, path, fault);
    CHECK(unlink(path) == 0);
    CHECK(good == (expected != NULL));
    return expected;
}

static int32_t on_day(const char *text) {
    int32_t day;
    CHECK(iso_date_parse((struct slice){text, strlen(text)}, &day));
    return day;
}

static void rows_are_read_in_any_order_of_columns(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct expected *expected = read_text("feeds,every_days,source,to,from\r\n"
                                          "payments;orders,,PSP1,,2021-02-01\r\n"
                                          "\"rides  websites;\",30,\"A, B\",2021-09-30,\r\n"
                                          "payments,366,PSP1,2021-01-31,\r\n",
                                          &fault);
    if (expected == NULL) fail_msg("%s", fault.message);
    assert_int_equal(expected->count, 3);
    const struct expectation *rows = expected->items;
    assert_string_equal(rows[0].source, "PSP1");
    assert_int_equal(rows[0].families, 1U << FAMILY_PAYMENT | 1U << FAMILY_ORDER);
    assert_int_equal(rows[0].first, on_day("2021-02-01"));
    assert_int_equal(rows[0].last, INT32_MAX);
    assert_int_equal(rows[0].every_days, 1);
    assert_string_equal(rows[1].source, "A, B");
    assert_int_equal(rows[1].families, 1U << FAMILY_RIDE | 1U << FAMILY_WEBSITE);
    assert_int_equal(rows[1].first, INT32_MIN);
    assert_int_equal(rows[1].last, on_day("2021-09-30"));
    assert_int_equal(rows[1].every_days, 30);
    assert_int_equal(rows[2].every_days, 366);
    expected_close(expected);
}

static void the_example_is_accepted_and_the_digest_is_of_its_bytes(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct expected *expected;
    char digest[DIGEST_TEXT_BYTES];
    if (!expected_open(&expected, "schemas/expected_sources.example.csv", &fault)) fail_msg("%s", fault.message);
    assert_true(digest_file("schemas/expected_sources.example.csv", digest, &fault));
    assert_string_equal(expected->sha256, digest);
    expected_close(expected);
}

static void without_a_path_nothing_is_expected(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct expected *expected = NULL;
    assert_true(expected_open(&expected, "", &fault));
    assert_null(expected);
    expected_close(expected);
    assert_false(expected_open(&expected, "/nowhere/expected.csv", &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_null(expected);
}

static void a_mistake_is_refused_by_line_and_column(void **state) {
    (void)state;
#define HEAD "source,feeds,from,to,every_days\n"
    static const struct {
        const char *text;
        const char *said[3];
    } cases[] = {
        {"", {":1: found an empty file", "source, feeds", ""}},
        {HEAD, {":1: found no row", "snapshot.sources", ""}},
        {"source,feed\nA,payments\n", {":1: feed: found an unknown column", "source, feeds, from, to, every_days", ""}},
        {"\xEF\xBB\xBFsource,feeds\nA,payments\n", {":1:", "byte order mark", ""}},
        {"source,source\nA,A\n", {":1: source: found twice", "", ""}},
        {"source,from\nA,\n", {":1: feeds: found no such column", "", ""}},
        {HEAD "A,payments,,\n", {":2: found 4 cells, accepted are 5", "", ""}},
        {HEAD "\n\n,payments,,,\n", {":4: source: found \"\"", "1 to 64", ""}},
        {HEAD "A ,payments,,,\n", {":2: source: found \"A \"", "no blank", ""}},
        {HEAD "\xC4\x90,payments,,,\n", {":2: source:", "ASCII", ""}},
        {HEAD "A,,,,\n", {":2: feeds: found \"\"", "payments, orders, rides, websites", ""}},
        {HEAD "A,payment,,,\n", {":2: feeds: found \"payment\"", "payments, orders", ""}},
        {HEAD "A,orders orders,,,\n", {":2: feeds:", "each once", ""}},
        {HEAD "A,units,,,\n", {":2: feeds: found \"units\"", "", ""}},
        {HEAD "A,rides,2021-02-30,,\n", {":2: from: found \"2021-02-30\"", "YYYY-MM-DD", ""}},
        {HEAD "A,rides,,2021-2-3,\n", {":2: to: found \"2021-2-3\"", "YYYY-MM-DD", ""}},
        {HEAD "A,rides,2021-02-03,2021-02-02,\n", {":2: to: found \"2021-02-02\"", "not before", ""}},
        {HEAD "A,rides,,,0\n", {":2: every_days: found \"0\"", "1 to 366", ""}},
        {HEAD "A,rides,,,367\n", {":2: every_days: found \"367\"", "1 to 366", ""}},
        {HEAD "A,rides,,,+7\n", {":2: every_days:", "", ""}},
        {HEAD "A,rides,,,0x\n", {":2: every_days:", "", ""}},
        {HEAD "A,rides,,2021-02-03,\nB,rides,,,\nA,rides orders,2021-02-03,,\n", {":4: feeds:", "line 2", "common days"}},
        {HEAD "\"A,rides,,,\n", {":2:", "", ""}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault fault = {.code = FAULT_NONE};
        struct expected *expected = read_text(cases[i].text, &fault);
        if (expected != NULL) fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(fault.stop, STOP_SETTING_FILE);
        for (size_t j = 0; j < 3; j++) {
            if (strstr(fault.message, cases[i].said[j]) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", fault.message, cases[i].said[j]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_in_any_order_of_columns),
        cmocka_unit_test(the_example_is_accepted_and_the_digest_is_of_its_bytes),
        cmocka_unit_test(without_a_path_nothing_is_expected),
        cmocka_unit_test(a_mistake_is_refused_by_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
