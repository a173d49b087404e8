/* exclusions.file: what is read, what is refused with line and column, what a range holds; that its hash is one of meaning. */
#include "aggregate/runtime/exclusions.h"

#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "topic,partition,from_offset,to_offset,source,reason,by,date\n"
#define TAIL ",sent twice,desk,2021-10-05\n"

static struct exclusions *read_bytes(struct slice text, struct fault *fault) {
    char path[] = "/tmp/nhip-exclusions-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, text.data, text.length) == (ssize_t)text.length);
    CHECK(close(file) == 0);
    struct exclusions *list = exclusions_create(path, fault);
    CHECK(unlink(path) == 0);
    return list;
}

static struct exclusions *read_text(const char *text) {
    struct fault fault = {.message = ""};
    struct exclusions *list = read_bytes(slice_of(text), &fault);
    if (list == NULL) fail_msg("refused: %s", fault.message);
    return list;
}

static bool held(const struct exclusions *list, const char *topic, int32_t partition, int64_t offset, const char *source) {
    size_t count;
    const struct exclusion *ranges = exclusions_of(list, topic, partition, &count);
    bool holds = exclusions_hold(ranges, count, offset, slice_of(source));
    if (holds) assert_true(exclusions_touch(ranges, count, offset, offset));
    return holds;
}

static void ranges_hold_their_first_offset_and_not_their_end(void **state) {
    (void)state;
    struct exclusions *list = read_text(HEAD "payments,1,10,20,PSP1" TAIL "payments,1,15,30,PSP2" TAIL "orders,0,0,5," TAIL);
    assert_true(held(list, "payments", 1, 10, "PSP1"));
    assert_true(held(list, "payments", 1, 19, "PSP1"));
    assert_false(held(list, "payments", 1, 9, "PSP1"));
    assert_false(held(list, "payments", 1, 20, "PSP1"));
    assert_false(held(list, "payments", 1, 10, "PSP"));
    assert_false(held(list, "payments", 1, 10, "PSP2"));
    assert_true(held(list, "payments", 1, 29, "PSP2"));
    assert_false(held(list, "payments", 0, 10, "PSP1"));
    assert_false(held(list, "payment", 1, 10, "PSP1"));
    assert_true(held(list, "orders", 0, 4, "whoever"));
    assert_false(held(list, "orders", 0, 5, "whoever"));
    exclusions_destroy(list);
}

static void pieces_of_the_log_are_asked_first(void **state) {
    (void)state;
    size_t count;
    struct exclusions *list = read_text(HEAD "t,0,10,20," TAIL "t,0,40,41," TAIL);
    const struct exclusion *ranges = exclusions_of(list, "t", 0, &count);
    assert_int_equal(count, 2);
    assert_false(exclusions_touch(ranges, count, 0, 9));
    assert_true(exclusions_touch(ranges, count, 0, 10));
    assert_true(exclusions_touch(ranges, count, 19, 30));
    assert_false(exclusions_touch(ranges, count, 20, 39));
    assert_true(exclusions_touch(ranges, count, 40, 40));
    assert_false(exclusions_touch(ranges, count, 41, INT64_MAX));
    assert_true(exclusions_touch(ranges, count, 0, INT64_MAX));
    exclusions_destroy(list);
}

static void without_a_file_or_without_rows_nothing_is_withdrawn(void **state) {
    (void)state;
    size_t count;
    struct fault fault;
    struct exclusions *none = exclusions_create("", &fault);
    struct exclusions *empty = read_text(HEAD);
    assert_non_null(none);
    assert_null(exclusions_of(none, "t", 0, &count));
    assert_int_equal(count, 0);
    assert_string_equal(exclusions_hash(none), "");
    assert_string_equal(exclusions_hash(empty), "");
    assert_string_equal(exclusions_hash(NULL), "");
    assert_false(held(NULL, "t", 0, 0, "s"));
    exclusions_destroy(none);
    exclusions_destroy(empty);
}

static void check_hash(const struct exclusions *list, const char *text, bool same) {
    struct exclusions *other = read_text(text);
    bool found = strcmp(exclusions_hash(list), exclusions_hash(other)) == 0;
    if (found != same) fail_msg("%s: its hash is %s", text, same ? "another" : "the same");
    exclusions_destroy(other);
}

static void hash_follows_what_is_withdrawn_not_the_words(void **state) {
    (void)state;
    struct exclusions *list = read_text(HEAD "b,0,0,9,S" TAIL "a,1,3,7," TAIL "a,0,3,7," TAIL);
    assert_int_equal(strlen(exclusions_hash(list)), 64);
    check_hash(list, HEAD "a,0,3,7,,other words,somebody else,2022-01-01\na,1,3,7," TAIL "b,0,0,9,S" TAIL, true);
    check_hash(list, "date,by,reason,source,to_offset,from_offset,partition,topic\r\n2021-10-05,x,y,,7,3,0,a\r\n"
                     "2021-10-05,x,y,,7,3,1,a\r\n2021-10-05,x,\"y, z\",S,9,0,0,b\r\n", true);
    check_hash(list, HEAD "b,0,4,9,S" TAIL "a,1,3,7," TAIL "a,0,3,7," TAIL "b,0,0,4,S" TAIL, true);
    check_hash(list, HEAD "b,0,5,9,S" TAIL "a,1,3,7," TAIL "a,0,3,7," TAIL "b,0,0,4,S" TAIL, false);
    check_hash(list, HEAD "b,0,0,9," TAIL "a,1,3,7," TAIL "a,0,3,7," TAIL, false);
    check_hash(list, HEAD "b,0,0,9,S" TAIL "a,1,3,7," TAIL, false);
    check_hash(list, HEAD "b,0,0,10,S" TAIL "a,1,3,7," TAIL "a,0,3,7," TAIL, false);
    exclusions_destroy(list);
}

static void what_is_for_people_is_kept(void **state) {
    (void)state;
    size_t count;
    struct exclusions *list = read_text(HEAD "t,3,1,2,S,\"gửi hai lần, \"\"lô 7\"\"\",desk,2021-10-05\n");
    const struct exclusion *all = exclusions_all(list, &count);
    assert_int_equal(count, 1);
    assert_string_equal(all[0].topic, "t");
    assert_int_equal(all[0].partition, 3);
    assert_string_equal(all[0].source, "S");
    assert_string_equal(all[0].reason, "gửi hai lần, \"lô 7\"");
    assert_string_equal(all[0].date, "2021-10-05");
    assert_int_equal(all[0].line, 2);
    exclusions_destroy(list);
}

static void check_refused(struct slice text, const char *const said[3]) {
    struct fault fault = {.code = FAULT_NONE, .message = ""};
    assert_null(read_bytes(text, &fault));
    assert_int_equal(fault.stop, STOP_EXCLUSIONS);
    for (size_t j = 0; j < 3; j++) {
        if (strstr(fault.message, said[j]) == NULL) fail_msg("\"%s\" does not say \"%s\"", fault.message, said[j]);
    }
}

static void refusals_name_line_column_and_what_is_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *said[3];
    } cases[] = {
        {"", {":1:", "empty file", "to_offset"}},
        {"topic,partition\n", {":1:", "from_offset", "required"}},
        {"\xEF\xBB\xBF" HEAD, {":1:", "unknown", "topic,partition"}},
        {"topic," HEAD, {":1:", "\"topic\"", "twice"}},
        {"why," HEAD, {":1:", "\"why\"", "unknown"}},
        {HEAD "t,0,1,2," TAIL "t,0,1\n", {":3:", "3 cells", "8"}},
        {HEAD "t,0,1,2,\"a\"b" TAIL, {":2:", "quote", "comma"}},
        {HEAD ",0,1,2," TAIL, {":2: topic", "found \"\"", "name of a topic"}},
        {HEAD "a b,0,1,2," TAIL, {":2: topic", "a b", "A-Z"}},
        {HEAD "t,-1,1,2," TAIL, {":2: partition", "\"-1\"", "from 0"}},
        {HEAD "t,2147483648,1,2," TAIL, {":2: partition", "2147483648", "partition"}},
        {HEAD "t,0,,2," TAIL, {":2: from_offset", "\"\"", "first one"}},
        {HEAD "t,0,1e3,2," TAIL, {":2: from_offset", "1e3", "offset"}},
        {HEAD "t,0,2,2," TAIL, {":2: to_offset", "\"2\"", "greater than from_offset"}},
        {HEAD "t,0,0,1234567890123456789," TAIL, {":2: to_offset", "1234567890123456789", "offset"}},
        {HEAD "t,0,1,2,\xC3\xA9" TAIL, {":2: source", "ASCII", "every source"}},
        {HEAD "t,0,1,2,,,desk,2021-10-05\n", {":2: reason", "\"\"", "not empty"}},
        {HEAD "t,0,1,2,,  ,desk,2021-10-05\n", {":2: reason", "\"  \"", "not empty"}},
        {HEAD "t,0,1,2,,\"a\nb\",desk,2021-10-05\n", {":2: reason", "one line", ""}},
        {HEAD "t,0,1,2,,\xFFz,desk,2021-10-05\n", {":2: reason", "UTF-8", ""}},
        {HEAD "t,0,1,2,,bad,,2021-10-05\n", {":2: by", "\"\"", "not empty"}},
        {HEAD "t,0,1,2,,bad,desk,2021-13-05\n", {":2: date", "2021-13-05", "YYYY-MM-DD"}},
        {HEAD "t,0,1,2,,bad,desk,\n", {":2: date", "\"\"", "YYYY-MM-DD"}},
        {HEAD "t,0,1,9,S" TAIL "t,0,8,12,S" TAIL, {":3:", "8 to 12", "line 2"}},
        {HEAD "t,0,8,12,S" TAIL "t,0,1,9," TAIL, {":3:", "1 to 9", "line 2"}},
        {HEAD "t,0,1,9," TAIL "t,0,1,9," TAIL, {":3:", "t/0", "overlap"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) check_refused(slice_of(cases[i].text), cases[i].said);
    static const char nul[] = HEAD "t,0,1,2,,a\0b,desk,2021-10-05\n";
    static const char *const said[3] = {":2: reason", "UTF-8 (or NUL)", ""};
    check_refused((struct slice){nul, sizeof(nul) - 1}, said);
    struct fault fault = {.code = FAULT_NONE};
    assert_null(exclusions_create("/nowhere/exclusions.csv", &fault));
    assert_int_equal(fault.stop, STOP_SETTING_FILE);
}

static void topics_that_nobody_reads_are_refused(void **state) {
    (void)state;
    static const char *const read[] = {"payments"};
    static const char *const settings[] = {"orders", "rides"};
    struct fault fault = {.message = ""};
    struct exclusions *list = read_text(HEAD "payments,0,1,2," TAIL "rides,0,1,2," TAIL);
    assert_true(exclusions_check(list, read, 1, settings, 2, &fault));
    assert_false(exclusions_check(list, read, 1, settings, 1, &fault));
    assert_int_equal(fault.stop, STOP_EXCLUSIONS);
    assert_non_null(strstr(fault.message, ":3: topic: found \"rides\""));
    assert_true(exclusions_check(NULL, read, 1, settings, 1, &fault));
    exclusions_destroy(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_hold_their_first_offset_and_not_their_end),
        cmocka_unit_test(pieces_of_the_log_are_asked_first),
        cmocka_unit_test(without_a_file_or_without_rows_nothing_is_withdrawn),
        cmocka_unit_test(hash_follows_what_is_withdrawn_not_the_words),
        cmocka_unit_test(what_is_for_people_is_kept),
        cmocka_unit_test(refusals_name_line_column_and_what_is_accepted),
        cmocka_unit_test(topics_that_nobody_reads_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
