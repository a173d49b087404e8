/* Dead letters (include/deadletter.h): every line can be read back, and flush() means kept. */
#include "deadletter.h"
#include "ingest/deadletter_line.h"
#include "ingest/mock_kafka.h"
#include "ingest/source_kafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static char directory[64];

static int setup(void **state) {
    (void)state;
    memcpy(directory, "/tmp/nhip-letters-XXXXXX", sizeof("/tmp/nhip-letters-XXXXXX"));
    return mkdtemp(directory) == NULL;
}

static int teardown(void **state) {
    (void)state;
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static struct deadletter_entry entry_of(const struct record *record) {
    return (struct deadletter_entry){
        .topic = "payments", .partition = 3, .record = record, .reason = REASON_BAD_TIME, .byte = 17, .field = "event_time"};
}

static json_t *line_of(const struct record *record) {
    struct deadletter_entry entry = entry_of(record);
    size_t bytes = deadletter_line_bytes_max(&entry);
    char *line = malloc(bytes);
    assert_non_null(line);
    size_t length = deadletter_line(&entry, line);
    assert_true(length <= bytes);
    json_error_t error;
    json_t *letter = json_loadb(line, length, JSON_ALLOW_NUL, &error);
    if (letter == NULL) fail_msg("%s: %.*s", error.text, (int)length, line);
    free(line);
    return letter;
}

static void line_says_what_and_where(void **state) {
    (void)state;
    struct record record = {.value = SLICE("{\"event_time\":7}"), .offset = 918223, .timestamp_ms = 1633046400000};
    json_t *letter = line_of(&record);
    assert_string_equal(json_string_value(json_object_get(letter, "topic")), "payments");
    assert_int_equal(json_integer_value(json_object_get(letter, "partition")), 3);
    assert_int_equal(json_integer_value(json_object_get(letter, "offset")), 918223);
    assert_int_equal(json_integer_value(json_object_get(letter, "timestamp")), 1633046400000);
    assert_string_equal(json_string_value(json_object_get(letter, "reason")), "bad_time");
    assert_int_equal(json_integer_value(json_object_get(letter, "byte")), 17);
    assert_string_equal(json_string_value(json_object_get(letter, "field")), "event_time");
    assert_string_equal(json_string_value(json_object_get(letter, "value")), "{\"event_time\":7}");
    json_decref(letter);
}

static void an_event_of_several_is_named(void **state) {
    (void)state;
    struct record record = {.value = SLICE("[1]"), .offset = 7};
    struct deadletter_entry entry = entry_of(&record);
    char line[4096];
    line[deadletter_line(&entry, line)] = '\0';
    assert_null(strstr(line, "element")); /* of others nothing is said */
    for (uint32_t element = 0; element < 256; element += 255) {
        entry.fans_out = true;
        entry.element = element;
        json_t *letter = json_loadb(line, deadletter_line(&entry, line), 0, NULL);
        assert_non_null(letter);
        assert_int_equal(json_integer_value(json_object_get(letter, "element")), element);
        assert_int_equal(json_integer_value(json_object_get(letter, "offset")), 7);
        json_decref(letter);
    }
}

/* Well-formed text comes back as it was; other bytes come back through base64. */
static void any_bytes_come_back(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *base64; /* null: as text */
    } cases[] = {
        {"", 0, NULL},
        {"\"quo\\ted\"\t\r\n\x01\x1f\x7f", 15, NULL},
        {"a\0b", 3, NULL},
        {"Thành phố Đà Lạt", 23, NULL},
        {"\xf0\x9f\x92\xb3", 4, NULL},
        {"\xff", 1, "/w=="},
        {"\xc0\x80", 2, "wIA="},             /* over-long */
        {"\xed\xa0\x80", 3, "7aCA"},         /* surrogate */
        {"\xf4\x90\x80\x80", 4, "9JCAgA=="}, /* beyond U+10FFFF */
        {"abc\xe2\x82", 5, "YWJj4oI="},      /* cut */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct record record = {.value = {.data = cases[i].bytes, .length = cases[i].length}};
        json_t *letter = line_of(&record);
        const json_t *value = json_object_get(letter, "value");
        if (cases[i].base64 == NULL) {
            assert_int_equal(json_string_length(value), cases[i].length);
            assert_memory_equal(json_string_value(value), cases[i].bytes, cases[i].length);
        } else {
            assert_null(value);
            assert_string_equal(json_string_value(json_object_get(letter, "value_base64")), cases[i].base64);
        }
        json_decref(letter);
    }
}

static void of_a_value_that_is_too_large_the_beginning_is_kept_and_the_length_said(void **state) {
    (void)state;
    enum { LENGTH = 1000000 };
    char *bytes = malloc(LENGTH);
    assert_non_null(bytes);
    bytes[0] = bytes[LENGTH - 1] = 'x'; /* so that the cut would fall into a sequence */
    for (int i = 1; i + 1 < LENGTH; i += 2) memcpy(bytes + i, "\xc3\xa0", 2);
    struct record record = {.value = {bytes, LENGTH}};
    json_t *letter = line_of(&record);
    assert_int_equal(json_integer_value(json_object_get(letter, "value_bytes")), LENGTH);
    const json_t *value = json_object_get(letter, "value");
    assert_int_equal(json_string_length(value), 65535);
    assert_memory_equal(json_string_value(value), bytes, 65535);
    json_decref(letter);
    record.value.length = 65535;
    letter = line_of(&record);
    assert_null(json_object_get(letter, "value_bytes"));
    json_decref(letter);
    memset(bytes, 1, LENGTH); /* the longest line there is must still be a message that Kafka takes */
    record.value.length = LENGTH;
    struct deadletter_entry entry = entry_of(&record);
    assert_true(deadletter_line_bytes_max(&entry) < 400000);
    json_decref(line_of(&record));
    free(bytes);
}

static void worst_case_fits_the_bound(void **state) {
    (void)state;
    enum { LENGTH = 65537 };
    char *bytes = malloc(LENGTH);
    assert_non_null(bytes);
    for (int fill = 0; fill < 256; fill += 51) {
        memset(bytes, fill, LENGTH);
        struct record record = {.value = {.data = bytes, .length = LENGTH}, .offset = INT64_MIN, .timestamp_ms = INT64_MIN};
        json_decref(line_of(&record));
    }
    free(bytes);
}

static size_t count_lines(const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t lines = 0;
    for (int byte = fgetc(file); byte != EOF; byte = fgetc(file))
        lines += byte == '\n';
    assert_int_equal(fclose(file), 0);
    return lines;
}

static void flushed_letters_are_in_the_file_and_stay(void **state) {
    (void)state;
    struct fault fault;
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/letters.ndjson", directory);
    struct record record = {.value = SLICE("{}")};
    struct deadletter_entry entry = entry_of(&record);
    for (size_t run = 0; run < 2; run++) { /* the second run appends */
        struct deadletter *letters = deadletter_file_create(path, &fault);
        assert_non_null(letters);
        for (int i = 0; i < 1000; i++)
            assert_true(deadletter_put(letters, &entry, &fault));
        assert_true(deadletter_flush(letters, 1000, &fault));
        assert_int_equal(count_lines(path), 1000 * (run + 1));
        assert_true(deadletter_flush(letters, 1000, &fault)); /* nothing new: fine */
        deadletter_destroy(letters);
    }
}

static void unwritable_place_is_refused_and_named(void **state) {
    (void)state;
    struct fault fault;
    assert_null(deadletter_file_create("/nonexistent/letters.ndjson", &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_non_null(strstr(fault.message, "/nonexistent/letters.ndjson"));
    assert_false(fault.retriable);
}

static void full_disk_fails_the_flush_and_heals(void **state) {
    (void)state;
    struct fault fault;
    struct record record = {.value = SLICE("{}")};
    struct deadletter_entry entry = entry_of(&record);
    struct deadletter *letters = deadletter_file_create("/dev/full", &fault);
    assert_non_null(letters);
    assert_true(deadletter_put(letters, &entry, &fault));
    assert_false(deadletter_flush(letters, 100, &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_true(fault.retriable);
    deadletter_destroy(letters);
}

static void kafka_letters_are_acknowledged(void **state) {
    (void)state;
    struct fault fault;
    struct mock_kafka *mock = mock_kafka_create(1, &fault);
    assert_non_null(mock);
    assert_true(mock_kafka_topic(mock, "letters", 2, &fault));
    const struct kafka_property properties[] = {{"bootstrap.servers", mock_kafka_bootstrap(mock)}};
    struct deadletter *letters = deadletter_kafka_create(properties, 1, "letters", &fault);
    assert_non_null(letters);
    struct record record = {.value = SLICE("{}")};
    struct deadletter_entry entry = entry_of(&record);
    for (int i = 0; i < 100; i++) {
        record.offset = i;
        assert_true(deadletter_put(letters, &entry, &fault));
    }
    assert_true(deadletter_flush(letters, 20000, &fault));
    deadletter_destroy(letters);
    mock_kafka_destroy(mock);
}

static void unreachable_kafka_fails_the_flush(void **state) {
    (void)state;
    struct fault fault;
    const struct kafka_property properties[] = {{"bootstrap.servers", "127.0.0.1:1"}};
    struct deadletter *letters = deadletter_kafka_create(properties, 1, "letters", &fault);
    assert_non_null(letters);
    struct record record = {.value = SLICE("{}")};
    struct deadletter_entry entry = entry_of(&record);
    assert_true(deadletter_put(letters, &entry, &fault));
    assert_false(deadletter_flush(letters, 200, &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    assert_true(fault.retriable);
    deadletter_destroy(letters);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_says_what_and_where),
        cmocka_unit_test(an_event_of_several_is_named),
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(of_a_value_that_is_too_large_the_beginning_is_kept_and_the_length_said),
        cmocka_unit_test(worst_case_fits_the_bound),
        cmocka_unit_test(flushed_letters_are_in_the_file_and_stay),
        cmocka_unit_test(unwritable_place_is_refused_and_named),
        cmocka_unit_test(full_disk_fails_the_flush_and_heals),
        cmocka_unit_test(kafka_letters_are_acknowledged),
        cmocka_unit_test(unreachable_kafka_fails_the_flush),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
