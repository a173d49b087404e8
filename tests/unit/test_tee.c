/* The tee (ingest/tee.h), and what it shares with the producers: a value becomes one line, and the file source
 * reads it back as the same record wherever a line can say it. */
#include "ingest/line_file.h"
#include "ingest/source_file.h"
#include "ingest/tee.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static char directory[64];

static int setup(void **state) {
    (void)state;
    memcpy(directory, "/tmp/nhip-tee-XXXXXX", sizeof("/tmp/nhip-tee-XXXXXX"));
    return mkdtemp(directory) == NULL;
}

static int teardown(void **state) {
    (void)state;
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static size_t read_back(const char *name, char *out, size_t bytes) {
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(out, 1, bytes - 1, file);
    out[length] = '\0';
    assert_int_equal(fclose(file), 0);
    return length;
}

static void put(struct tee *tee, const char *topic, int32_t partition, const char *value, size_t length) {
    struct fault fault;
    struct record record = {.value = {.data = value, .length = length}};
    assert_true(tee_put(tee, (struct source_partition){topic, partition}, &record, &fault));
}

static void each_partition_has_its_file(void **state) {
    (void)state;
    struct fault fault;
    char inside[96], text[256];
    (void)snprintf(inside, sizeof(inside), "%s/new", directory); /* is made */
    struct tee *tee = tee_create(inside, &fault);
    assert_non_null(tee);
    put(tee, "a", 0, "1", 1);
    put(tee, "a", 10, "2", 1);
    put(tee, "b", 0, "3", 1);
    put(tee, "a", 0, "4", 1);
    assert_true(tee_flush(tee, &fault)); /* visible before the end */
    (void)read_back("new/a-0.ndjson", text, sizeof(text));
    assert_string_equal(text, "1\n4\n");
    (void)read_back("new/a-10.ndjson", text, sizeof(text));
    assert_string_equal(text, "2\n");
    tee_destroy(tee);
    tee = tee_create(inside, &fault);
    put(tee, "b", 0, "5", 1);
    tee_destroy(tee); /* writes, and has truncated */
    (void)read_back("new/b-0.ndjson", text, sizeof(text));
    assert_string_equal(text, "5\n");
}

static void every_value_is_one_line(void **state) {
    (void)state;
    static const struct {
        const char *value, *line;
    } cases[] = {
        {"{\"a\":1}", "{\"a\":1}\n"},
        {"", "\n"},
        {NULL, "null\n"},
        {"null", "null \n"},
        {"{\r\n \"a\": 1\n}", "{   \"a\": 1 }\n"},
        {"{\"a\":\"x\ny\"}", "{\"a\":\"x\x0by\"}\n"},       /* still refused: a control character in a string */
        {"{\"a\":\"x\\\"\n\"}", "{\"a\":\"x\\\"\x0b\"}\n"}, /* an escaped quote does not end the string */
        {"{\"a\":\"\\\\\"\n}", "{\"a\":\"\\\\\" }\n"},
        {"\xff\xfe", "\xff\xfe\n"},
        {"\n", " \n"},
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        struct tee *tee = tee_create(directory, &fault);
        assert_non_null(tee);
        put(tee, "line", 0, cases[i].value, cases[i].value == NULL ? 0 : strlen(cases[i].value));
        tee_destroy(tee);
        (void)read_back("line-0.ndjson", text, sizeof(text));
        assert_string_equal(text, cases[i].line);
    }
}

static void long_values_pass_the_buffer(void **state) {
    (void)state;
    enum { LENGTH = 300000 };
    struct fault fault;
    char *value = malloc(LENGTH), *text = malloc(LENGTH * 2);
    assert_non_null(value);
    assert_non_null(text);
    memset(value, 'x', LENGTH);
    struct tee *tee = tee_create(directory, &fault);
    put(tee, "long", 0, "{}", 2);
    put(tee, "long", 0, value, LENGTH);
    put(tee, "long", 0, "{}", 2);
    tee_destroy(tee);
    assert_int_equal(read_back("long-0.ndjson", text, LENGTH * 2), LENGTH + 7);
    assert_memory_equal(text + 3, value, LENGTH);
    assert_string_equal(text + LENGTH + 3, "\n{}\n");
    free(value);
    free(text);
}

static void places_that_cannot_be_written_are_named(void **state) {
    (void)state;
    struct fault fault;
    assert_null(tee_create("/proc/nhip/none", &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_non_null(strstr(fault.message, "/proc/nhip/none"));
    struct tee *tee = tee_create("/proc", &fault); /* exists, but no file can be made there */
    assert_non_null(tee);
    struct record record = {.value = SLICE("{}")};
    assert_false(tee_put(tee, (struct source_partition){"t", 0}, &record, &fault));
    assert_int_equal(fault.code, FAULT_IO);
    tee_destroy(tee);
}

/* /dev/full refuses every write as a full disk does: nothing may be forgotten, and the fault heals. */
static void full_disk_is_retriable_and_keeps_the_lines(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct line_file *file = line_file_open("/dev/full", LINE_FILE_TRUNCATE, &fault);
    assert_non_null(file);
    assert_true(line_file_put(file, SLICE("kept"), &fault));
    for (int i = 0; i < 3; i++) {
        assert_false(line_file_flush(file, &fault));
        assert_int_equal(fault.code, FAULT_IO);
        assert_true(fault.retriable);
    }
    line_file_close(file);
}

static void line_cut_by_a_crash_is_ended(void **state) {
    (void)state;
    char path[96], text[64];
    struct fault fault;
    (void)snprintf(path, sizeof(path), "%s/cut", directory);
    FILE *crashed = fopen(path, "w");
    assert_non_null(crashed);
    assert_true(fputs("whole\nhal", crashed) >= 0);
    assert_int_equal(fclose(crashed), 0);
    for (int i = 0; i < 2; i++) {
        struct line_file *file = line_file_open(path, LINE_FILE_APPEND, &fault);
        assert_non_null(file);
        assert_true(line_file_put(file, SLICE("next"), &fault));
        assert_true(line_file_sync(file, &fault));
        line_file_close(file);
    }
    (void)read_back("cut", text, sizeof(text));
    assert_string_equal(text, "whole\nhal\nnext\nnext\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_partition_has_its_file),
        cmocka_unit_test(every_value_is_one_line),
        cmocka_unit_test(long_values_pass_the_buffer),
        cmocka_unit_test(places_that_cannot_be_written_are_named),
        cmocka_unit_test(full_disk_is_retriable_and_keeps_the_lines),
        cmocka_unit_test(line_cut_by_a_crash_is_ended),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
