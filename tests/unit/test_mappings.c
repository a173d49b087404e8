/* The mapping files of a process (aggregate/runtime/mappings.h): which one reads a topic, what is refused, what the hash says. */
#include "aggregate/runtime/mappings.h"
#include "log.h"
#include "tests/support/event_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char directory[64];
static struct decoder *decoder;

/* Writes a small mapping; the path lives until the next call but three. */
static const char *mapping_file(const char *file, const char *name, const char *topics, const char *rest) {
    static char paths[4][128];
    static size_t turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", directory, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    (void)fprintf(out,
                  "{\"name\": \"%s\", \"topics\": [%s],\n \"event\": {\"type\": \"ride.completed\", \"source\": \"S\",\n"
                  "  \"event_id\": {\"from\": \"/id\"}%s}}\n",
                  name, topics, rest);
    assert_int_equal(fclose(out), 0);
    return path;
}

static struct mappings *load(const char *between, const char *first, const char *second) {
    char list[512];
    struct fault fault;
    (void)snprintf(list, sizeof(list), "%s%s%s", first, between, second);
    struct mappings *mappings = mappings_create(list, decoder, &fault);
    if (mappings == NULL) fail_msg("%s", fault.message);
    return mappings;
}

static void assert_refused(const char *list, enum fault_code code, const char *text, const char *more) {
    struct fault fault = {.code = FAULT_NONE};
    assert_null(mappings_create(list, decoder, &fault));
    assert_int_equal(fault.code, code);
    if (strstr(fault.message, text) == NULL || strstr(fault.message, more) == NULL)
        fail_msg("\"%s\" and \"%s\" are not in: %s", text, more, fault.message);
}

static void without_files_every_topic_is_canonical(void **state) {
    (void)state;
    struct fault fault;
    const char *const lists[] = {"", " ", " , ,"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct mappings *none = mappings_create(lists[i], decoder, &fault);
        assert_non_null(none);
        assert_int_equal(mappings_count(none), 0);
        assert_string_equal(mappings_hash(none), "");
        assert_null(mappings_find(none, "payments"));
        assert_true(mappings_check(none, "payments", "tee.directory", &fault));
        mappings_destroy(none);
    }
}

static void a_name_beats_a_prefix(void **state) {
    (void)state;
    struct fault fault;
    const char *wide = mapping_file("wide.json", "wide", "\"pay.*\"", "");
    const char *exact = mapping_file("exact.json", "exact", "\"pay.eu\", \"other\"", "");
    struct mappings *mappings = load(" , ", wide, exact);
    assert_int_equal(mappings_count(mappings), 2);
    assert_string_equal(mapping_name(mappings_find(mappings, "pay.vn")), "wide");
    assert_string_equal(mapping_name(mappings_find(mappings, "pay.eu")), "exact");
    assert_string_equal(mapping_name(mappings_find(mappings, "other")), "exact");
    assert_null(mappings_find(mappings, "pay"));
    assert_true(mappings_check(mappings, "pay.eu", NULL, &fault));
    assert_true(mappings_check(mappings, "pay.vn", "tee.directory", &fault)); /* needs no headers */
    mappings_destroy(mappings);
}

static void equal_claims_are_refused_by_name(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct mappings *mappings = load(",", mapping_file("one.json", "one", "\"pay.*\"", ""),
                                     mapping_file("two.json", "two", "\"pay.eu.*\", \"pay.us\"", ""));
    assert_true(mappings_check(mappings, "pay.us", NULL, &fault));
    assert_true(mappings_check(mappings, "pay.vn", NULL, &fault));
    assert_true(mappings_check(mappings, "else", NULL, &fault));
    assert_false(mappings_check(mappings, "pay.eu.1", NULL, &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
    const char *const said[] = {"pay.eu.1", "one.json", "two.json", "leave one out"};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        if (strstr(fault.message, said[i]) == NULL) fail_msg("%s is not in: %s", said[i], fault.message);
    }
    mappings_destroy(mappings);
}

static void what_copies_cannot_keep_is_refused(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    const char *path = mapping_file("key.json", "keyed", "\"k\"", ", \"trip_id\": {\"from\": \"record:key\"}");
    struct mappings *mappings = load("", path, "");
    assert_true(mappings_check(mappings, "k", NULL, &fault));
    assert_true(mappings_check(mappings, "canonical", "tee.directory", &fault));
    assert_false(mappings_check(mappings, "k", "tee.directory", &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
    assert_non_null(strstr(fault.message, "tee.directory"));
    assert_non_null(strstr(fault.message, "key.json"));
    assert_non_null(strstr(fault.message, "topic k"));
    mappings_destroy(mappings);
}

static void files_that_cannot_be_are_refused(void **state) {
    (void)state;
    char list[300];
    (void)snprintf(list, sizeof(list), "%s/none.json", directory);
    assert_refused(list, FAULT_CONFIG, list, "");
    const char *path = mapping_file("ill.json", "ill", "\"t\"", ",\n  \"trip\": \"x\"");
    assert_refused(path, FAULT_CONFIG, "ill.json line 4", "\"trip\"");
    path = mapping_file("same.json", "same", "\"t\"", "");
    (void)snprintf(list, sizeof(list), "%s,%s", path, mapping_file("again.json", "same", "\"u\"", ""));
    assert_refused(list, FAULT_CONFIG, "again.json", "same.json");
}

static void the_hash_is_of_the_bytes(void **state) {
    (void)state;
    const char *a = mapping_file("a.json", "a", "\"a\"", "");
    const char *b = mapping_file("b.json", "b", "\"b\"", "");
    struct mappings *both = load(",", a, b);
    struct mappings *turned = load(",", b, a);
    struct mappings *one = load("", a, "");
    assert_int_equal(strlen(mappings_hash(both)), 64);
    assert_string_equal(mappings_hash(both), mappings_hash(turned));
    assert_string_not_equal(mappings_hash(both), mappings_hash(one));
    struct mappings *moved = load("", mapping_file("elsewhere.json", "a", "\"a\"", ""), "");
    assert_string_equal(mappings_hash(one), mappings_hash(moved));
    struct mappings *touched = load("", mapping_file("a.json", "a", "\"a\"", " "), "");
    assert_string_not_equal(mappings_hash(one), mappings_hash(touched));
    mappings_destroy(both);
    mappings_destroy(turned);
    mappings_destroy(one);
    mappings_destroy(moved);
    mappings_destroy(touched);
}

static int setup(void **state) {
    (void)state;
    log_set_level(LOG_ERROR);
    decoder = test_decoder();
    memcpy(directory, "/tmp/nhip-mappings-XXXXXX", sizeof("/tmp/nhip-mappings-XXXXXX"));
    return mkdtemp(directory) == NULL;
}

static int teardown(void **state) {
    (void)state;
    decoder_destroy(decoder);
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_files_every_topic_is_canonical),
        cmocka_unit_test(a_name_beats_a_prefix),
        cmocka_unit_test(equal_claims_are_refused_by_name),
        cmocka_unit_test(what_copies_cannot_keep_is_refused),
        cmocka_unit_test(files_that_cannot_be_are_refused),
        cmocka_unit_test(the_hash_is_of_the_bytes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
