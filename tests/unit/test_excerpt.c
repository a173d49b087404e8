/* What nhip check shows of somebody's line: the caret stands under the byte, and no byte plays with the terminal. */
#include "aggregate/runtime/excerpt.h"
#include "aggregate/runtime/json_peek.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *shown(const char *bytes, size_t length, size_t byte, int columns) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    excerpt_print(file, (struct slice){bytes, length}, byte, 2, columns);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void expect(const char *bytes, size_t length, size_t byte, const char *expected) {
    char *text = shown(bytes, length, byte, 60);
    assert_string_equal(text, expected);
    free(text);
}

static void test_caret_under_the_byte(void **state) {
    (void)state;
    expect("{\"a\":1}", 7, 5, "  {\"a\":1}\n       ^\n");
    expect("{\"a\":1}", 7, 0, "  {\"a\":1}\n  ^\n");
    expect("{\"a\":1", 6, 6, "  {\"a\":1\n        ^\n");
    expect("{\"a\":1", 6, 99, "  {\"a\":1\n        ^\n");
    expect("", 0, 0, "  \n  ^\n");
}

static void test_characters_take_the_columns_they_have(void **state) {
    (void)state;
    expect("ph\xe1\xbb\x9f|", 6, 5, "  ph\xe1\xbb\x9f|\n     ^\n");      /* one column */
    expect("e\xcc\x81|", 4, 3, "  e\xcc\x81|\n   ^\n");                   /* a combining accent */
    expect("\xe4\xb8\xad|", 4, 3, "  \xe4\xb8\xad|\n    ^\n");            /* two columns */
    expect("ph\xe1\xbb\x9f", 5, 3, "  ph\xe1\xbb\x9f\n    ^\n");          /* inside a character: under its first column */
}

static void test_nothing_plays_with_the_terminal(void **state) {
    (void)state;
    expect("\t|", 2, 1, "  \\t|\n    ^\n");
    expect("\x1b[31m|", 6, 5, "  \\x1b[31m|\n          ^\n");
    expect("\xff|", 2, 1, "  \\xff|\n      ^\n");
    expect("\xc0\x80|", 3, 2, "  \\xc0\\x80|\n          ^\n");
    expect("\xed\xa0\x80|", 4, 3, "  \\xed\\xa0\\x80|\n              ^\n");
    expect("\xe2\x80\xae|", 4, 3, "  \\u202e|\n        ^\n");
    expect("\xc2\x9b|", 3, 2, "  \\x9b|\n      ^\n");
    expect("a\0|", 3, 2, "  a\\x00|\n       ^\n");
    expect("\xe1\xbb", 2, 0, "  \\xe1\\xbb\n  ^\n");
}

/* Wherever the byte is, both lines fit, and the caret's column shows the byte itself. */
static void test_long_lines_are_cut_around_the_byte(void **state) {
    (void)state;
    char line[1000];
    for (size_t i = 0; i < sizeof(line); i++) line[i] = (char)('a' + i % 23);
    for (int columns = 40; columns <= 120; columns += 16) {
        for (size_t byte = 0; byte < sizeof(line); byte++) {
            char *text = shown(line, sizeof(line), byte, columns);
            char *caret_line = strchr(text, '\n');
            assert_non_null(caret_line);
            *caret_line++ = '\0';
            size_t column = strspn(caret_line, " ");
            assert_true(column < (size_t)columns);
            char plain[400] = "";
            size_t used = 0;
            for (const char *c = text; *c != '\0'; c++) {
                if (strncmp(c, "\xe2\x80\xa6", 3) == 0) c += 2;
                plain[used++] = *c;
            }
            assert_true(used <= (size_t)columns);
            assert_int_equal(plain[column], line[byte]);
            free(text);
        }
    }
}

static void test_text_is_one_line_within_columns(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    excerpt_text(file, SLICE("{\n    \"from\":   \"/x\"\n}"), 60);
    (void)fputc('|', file);
    excerpt_text(file, SLICE("abcdefghij"), 5);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "{ \"from\": \"/x\" }|abcd\xe2\x80\xa6");
    free(text);
}

static void expect_peek(const char *object, const char *key, const char *expected) {
    struct slice value;
    if (expected == NULL) {
        assert_false(json_peek(slice_of(object), key, &value));
        return;
    }
    assert_true(json_peek(slice_of(object), key, &value));
    assert_int_equal(value.length, strlen(expected));
    assert_memory_equal(value.data, expected, value.length);
}

static void test_values_are_cut_out_as_they_are_written(void **state) {
    (void)state;
    const char *object = " { \"a\" : {\"b\":[1,\"}\\\"\"]} ,\"b\": \"x,y\\\\\" , \"c\":-1.50e3 }";
    expect_peek(object, "a", "{\"b\":[1,\"}\\\"\"]}");
    expect_peek(object, "b", "\"x,y\\\\\"");
    expect_peek(object, "c", "-1.50e3");
    expect_peek(object, "d", NULL);
    expect_peek("[1]", "a", NULL);
    expect_peek("{}", "a", NULL);
    expect_peek("{\"a\"", "a", NULL);
    expect_peek("{\"a\":", "a", NULL);
    expect_peek("{\"a\":\"", "a", "\"");
    expect_peek("{\"a\\", "a", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caret_under_the_byte),
        cmocka_unit_test(test_characters_take_the_columns_they_have),
        cmocka_unit_test(test_nothing_plays_with_the_terminal),
        cmocka_unit_test(test_long_lines_are_cut_around_the_byte),
        cmocka_unit_test(test_text_is_one_line_within_columns),
        cmocka_unit_test(test_values_are_cut_out_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
