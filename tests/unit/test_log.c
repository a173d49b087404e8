/* Log lines: what they look like, that whatever is in them stays in them, and that repeated ones are counted. */
#include "ingest/log_text.h"
#include "log.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char text[1 << 20];

/* Standard error is a pipe while `say` logs; what came out is `text`. */
static void hear(void (*say)(void)) {
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stderr);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    say();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
}

static size_t lines_with(const char *word) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

static void say_one(void) {
    log_warn("held", "topic=%s partition=%d error=\"%s\" next=%lld", "payments", 3, "found \"a=b\\\" twice\n", -2LL);
}

static void a_line_is_logfmt(void **state) {
    (void)state;
    hear(say_one);
    assert_string_equal(text + 24, " level=warn event=held topic=payments partition=3 "
                                   "error=\"found \\\"a=b\\\\\\\" twice\\u000a\" next=-2\n");
}

static void a_line_is_json(void **state) {
    (void)state;
    log_set_form(LOG_JSON, 0);
    hear(say_one);
    log_set_form(LOG_LOGFMT, 0);
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(line, "event")), "held");
    assert_string_equal(json_string_value(json_object_get(line, "topic")), "payments");
    assert_int_equal(json_integer_value(json_object_get(line, "partition")), 3);
    assert_int_equal(json_integer_value(json_object_get(line, "next")), -2);
    assert_string_equal(json_string_value(json_object_get(line, "error")), "found \"a=b\\\" twice\n");
    assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 24);
    json_decref(line);
}

/* Bytes of every kind, also those that mark a quote, and more of them than a line has. */
static void whatever_is_in_a_value_the_line_is_one_json_object(void **state) {
    (void)state;
    static char body[3000];
    char out[LOG_LINE_BYTES_MAX + 1];
    unsigned seed = 1;
    const struct log_head head = {.time = "t", .level = "info", .event = "e"};
    for (int round = 0; round < 3000; round++) {
        size_t length = 4 + (size_t)round % (sizeof(body) - 4);
        memcpy(body, "a=\1", 3);
        for (size_t i = 3; i < length; i++) {
            seed = seed * 1103515245U + 12345U;
            body[i] = (char)(seed >> 16);
        }
        size_t bytes = log_text(LOG_JSON, &head, body, length, out);
        assert_true(bytes <= LOG_LINE_BYTES_MAX && out[bytes - 1] == '\n');
        assert_ptr_equal(memchr(out, '\n', bytes), out + bytes - 1);
        json_t *line = json_loadb(out, bytes, JSON_ALLOW_NUL, NULL);
        assert_non_null(line);
        json_decref(line);
        bytes = log_text(LOG_LOGFMT, &head, body, length, out);
        assert_ptr_equal(memchr(out, '\n', bytes), out + bytes - 1);
    }
}

static void say_many(void) {
    for (int i = 0; i < 50; i++)
        log_warn("repeated", "number=%d", i);
    log_warn("other", "number=%d", 1);
    log_finish();
}

static void more_than_a_burst_is_counted_and_said(void **state) {
    (void)state;
    log_set_form(LOG_LOGFMT, 20);
    hear(say_many);
    log_set_form(LOG_LOGFMT, 0);
    assert_int_equal(lines_with("event=repeated"), 20);
    assert_int_equal(lines_with("event=other"), 1);
    assert_int_equal(lines_with("event=suppressed of=repeated lines=30\n"), 1);
    assert_int_equal(lines_with("\n"), 22);
}

static void without_a_limit_every_line_is_written(void **state) {
    (void)state;
    hear(say_many);
    assert_int_equal(lines_with("event=repeated"), 50);
    assert_int_equal(lines_with("event=suppressed"), 0);
}

static void say_of_each_level(void) {
    log_debug("d", "n=%d", 1);
    log_info("i", "n=%d", 1);
    log_error("e", "n=%d", 1);
}

static void lower_levels_are_not_written(void **state) {
    (void)state;
    log_set_level(LOG_INFO);
    hear(say_of_each_level);
    assert_int_equal(lines_with("event=d "), 0);
    assert_int_equal(lines_with("event=i "), 1);
    log_set_level(LOG_ERROR);
    hear(say_of_each_level);
    assert_int_equal(lines_with("event="), 1);
    log_set_level(LOG_INFO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_logfmt),
        cmocka_unit_test(a_line_is_json),
        cmocka_unit_test(whatever_is_in_a_value_the_line_is_one_json_object),
        cmocka_unit_test(more_than_a_burst_is_counted_and_said),
        cmocka_unit_test(without_a_limit_every_line_is_written),
        cmocka_unit_test(lower_levels_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
