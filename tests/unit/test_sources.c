/* sources.json: what is read, what is refused, and that its hash is one of meaning. */
#include "aggregate/runtime/sources.h"

#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static struct sources *read_text(const char *text, struct fault *fault) {
    char path[] = "/tmp/nhip-sources-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(file) == 0);
    struct sources *sources = sources_create(path, fault);
    CHECK(unlink(path) == 0);
    return sources;
}

static void declared_sources_say_so_and_others_are_first_without_cash(void **state) {
    (void)state;
    struct fault fault;
    struct sources *sources =
        read_text("{\"PSP2\": {\"success_at\": \"SETTLED\"}, \"PSP1\": {\"records_cash\": true, \"success_at\": "
                  "\"FIRST\"}, \"A\": {\"success_at\": \"CAPTURED\", \"records_cash\": false}}",
                  &fault);
    assert_non_null(sources);
    assert_int_equal(sources_success_at(sources, SLICE("PSP2")), SUCCESS_AT_SETTLED);
    assert_int_equal(sources_success_at(sources, SLICE("A")), SUCCESS_AT_CAPTURED);
    assert_int_equal(sources_success_at(sources, SLICE("PSP1")), SUCCESS_AT_FIRST);
    assert_int_equal(sources_success_at(sources, SLICE("PSP")), SUCCESS_AT_FIRST);
    assert_int_equal(sources_success_at(sources, SLICE("PSP22")), SUCCESS_AT_FIRST);
    assert_true(sources_records_cash(sources, SLICE("PSP1")));
    assert_false(sources_records_cash(sources, SLICE("PSP2")));
    assert_true(sources_any_records_cash(sources));
    sources_destroy(sources);
    sources = sources_create("", &fault);
    assert_non_null(sources);
    assert_false(sources_any_records_cash(sources));
    assert_int_equal(sources_success_at(sources, SLICE("PSP2")), SUCCESS_AT_FIRST);
    sources_destroy(sources);
}

static void hash_follows_the_meaning_not_the_layout(void **state) {
    (void)state;
    struct fault fault;
    struct sources *plain = read_text("{\"B\":{\"records_cash\":true},\"A\":{\"success_at\":\"SETTLED\"}}", &fault);
    struct sources *other =
        read_text("{ \"A\" : {\"records_cash\": false, \"success_at\": \"SETTLED\"},\n\n\"C\": {\"success_at\": "
                  "\"FIRST\"},\n \"B\":{\"records_cash\":true}}",
                  &fault);
    struct sources *changed = read_text("{\"B\":{\"records_cash\":true},\"A\":{\"success_at\":\"CAPTURED\"}}", &fault);
    assert_string_equal(sources_hash(plain), sources_hash(other));
    assert_string_not_equal(sources_hash(plain), sources_hash(changed));
    sources_destroy(plain);
    sources_destroy(other);
    sources_destroy(changed);
}

static void refusals_name_line_key_and_what_is_accepted(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *said[3];
    } cases[] = {
        {"{\n\"PSP1\": {\"success_at\": \"LATER\"}}", {"line 2", "PSP1.success_at", "FIRST, CAPTURED, SETTLED"}},
        {"{\n\n\"PSP1\": {\"records_cash\": 1}}", {"line 3", "PSP1.records_cash", "true, false"}},
        {"{\"PSP1\": {\"cash\": true}}", {"line 1", "PSP1.cash", "records_cash"}},
        {"{\"PSP1\": true}", {"line 1", "PSP1", "object"}},
        {"{\"\": {}}", {"key", "1 to 64", "ASCII"}},
        {"{\"PSP1\": {}, \"PSP1\": {}}", {"line 1", "JSON", ""}},
        {"[]", {"JSON object", "", ""}},
        {"{\"PSP1\": {}\n,}", {"line 2", "JSON", ""}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault fault = {.code = FAULT_NONE};
        assert_null(read_text(cases[i].text, &fault));
        assert_int_equal(fault.code, FAULT_CONFIG);
        for (size_t j = 0; j < 3; j++) {
            if (strstr(fault.message, cases[i].said[j]) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", fault.message, cases[i].said[j]);
        }
    }
    struct fault fault = {.code = FAULT_NONE};
    assert_null(sources_create("/nowhere/sources.json", &fault));
    assert_int_equal(fault.code, FAULT_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_sources_say_so_and_others_are_first_without_cash),
        cmocka_unit_test(hash_follows_the_meaning_not_the_layout),
        cmocka_unit_test(refusals_name_line_key_and_what_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
