/* Fixtures with their verdict beside them, read by both decoders.
 *
 * tests/cases/decode/invalid/NAME.json + NAME.expect: `reason byte field` (field `-` when none is concerned).
 * tests/cases/decode/valid/NAME.json + NAME.expect: key=value lines (event_text.h); what is not named is not checked.
 * A message is the file without its last line feed. To add a case, add two files. */
#include "check.h"
#include "tests/support/event_text.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILE_BYTES_MAX = 100000, CASES_MIN_INVALID = 150, CASES_MIN_VALID = 50 };

typedef bool decoder_function(const struct decoder *, struct slice, struct event *, struct rejection *);

struct runner {
    const struct decoder *decoder;
    int cases;
    int failures;
};

/* The whole file, NUL-terminated; the caller frees it. */
static char *file_read(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = malloc(FILE_BYTES_MAX + 1);
    CHECK(text != NULL);
    *length = fread(text, 1, FILE_BYTES_MAX, file);
    text[*length] = '\0';
    (void)fclose(file);
    return text;
}

static void fail_case(struct runner *runner, const char *name, const char *decoder, const char *wanted, const char *got) {
    (void)fprintf(stderr, "%s (%s): expected %s, got %s\n", name, decoder, wanted, got);
    runner->failures++;
}

static void check_invalid(struct runner *runner, const char *name, const char *which, decoder_function *function,
                          struct slice message, char *expect) {
    struct event event;
    struct rejection rejection = {REASON_NONE, 0, "?"};
    char got[200] = "a valid event";
    expect[strcspn(expect, "\n")] = '\0';
    if (!function(runner->decoder, message, &event, &rejection)) {
        (void)snprintf(got, sizeof(got), "%s %u %s", reason_name(rejection.reason), rejection.byte,
                       rejection.field[0] != '\0' ? rejection.field : "-");
    }
    if (strcmp(got, expect) != 0) fail_case(runner, name, which, expect, got);
}

static void check_valid(struct runner *runner, const char *name, const char *which, decoder_function *function,
                        struct slice message, char *expect) {
    struct event event;
    struct rejection rejection;
    if (!function(runner->decoder, message, &event, &rejection)) {
        fail_case(runner, name, which, "a valid event", reason_name(rejection.reason));
        (void)fprintf(stderr, "    byte %u field %s\n", rejection.byte, rejection.field);
        return;
    }
    for (char *line = expect; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        char *next = line[length] == '\n' ? line + length + 1 : line + length;
        line[length] = '\0';
        char *value = strchr(line, '=');
        CHECK(value != NULL);
        *value++ = '\0';
        char got[300];
        if (!event_field_text(&event, line, got, sizeof(got))) (void)snprintf(got, sizeof(got), "an unknown key");
        if (strcmp(got, value) != 0) {
            (void)fprintf(stderr, "    key %s\n", line);
            fail_case(runner, name, which, value, got);
        }
        line = next;
    }
}

static void run_case(struct runner *runner, const char *folder, const char *name, bool valid) {
    static const struct {
        const char *name;
        decoder_function *function;
    } decoders[] = {{"decode", decode}, {"decode_reference", decode_reference}};
    char path[600];
    size_t length = 0;
    size_t expect_length = 0;
    (void)snprintf(path, sizeof(path), "%s/%s.json", folder, name);
    char *text = file_read(path, &length);
    CHECK(text != NULL);
    if (length > 0 && text[length - 1] == '\n') length--;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.expect", folder, name);
        char *expect = file_read(path, &expect_length);
        if (expect == NULL) {
            fail_case(runner, name, decoders[i].name, "a file with the verdict", "none");
            break;
        }
        struct slice message = {text, length};
        if (valid) {
            check_valid(runner, name, decoders[i].name, decoders[i].function, message, expect);
        } else {
            check_invalid(runner, name, decoders[i].name, decoders[i].function, message, expect);
        }
        free(expect);
    }
    free(text);
    runner->cases++;
}

static void run_folder(const char *folder, bool valid, int at_least) {
    struct decoder *decoder = test_decoder();
    struct runner runner = {decoder, 0, 0};
    DIR *directory = opendir(folder);
    if (directory == NULL) fail_msg("%s: not found; tests run at the top of the repository", folder);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char name[256];
        (void)snprintf(name, sizeof(name), "%s", entry->d_name);
        char *suffix = strstr(name, ".json");
        if (suffix == NULL) continue;
        *suffix = '\0';
        run_case(&runner, folder, name, valid);
    }
    (void)closedir(directory);
    decoder_destroy(decoder);
    assert_int_equal(runner.failures, 0);
    assert_true(runner.cases >= at_least);
}

static void every_invalid_fixture_is_refused_for_its_reason_at_its_byte(void **state) {
    (void)state;
    run_folder("tests/cases/decode/invalid", false, CASES_MIN_INVALID);
}

static void every_valid_fixture_becomes_the_event_beside_it(void **state) {
    (void)state;
    run_folder("tests/cases/decode/valid", true, CASES_MIN_VALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_invalid_fixture_is_refused_for_its_reason_at_its_byte),
        cmocka_unit_test(every_valid_fixture_becomes_the_event_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
