/* The list of currencies in the program is schemas/codes/currencies.csv, no more and no less. */
#include "decode.h"
#include "ingest/decode_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void the_list_is_the_published_one(void **state) {
    (void)state;
    FILE *file = fopen("schemas/codes/currencies.csv", "r");
    char line[512];
    int listed = 0;
    int known = 0;
    if (file == NULL) fail_msg("schemas/codes/currencies.csv not found; tests run at the top of the repository");
    assert_non_null(fgets(line, sizeof(line), file)); /* the header: code,number,exponent,... */
    while (fgets(line, sizeof(line), file) != NULL) {
        char code[4] = "";
        char number[4] = "";
        int exponent = -1;
        if (sscanf(line, "%3[A-Z],%3[0-9],%d", code, number, &exponent) != 3) fail_msg("not understood: %s", line);
        if (currency_exponent(slice_of(code)) != exponent) fail_msg("%s: %d", code, currency_exponent(slice_of(code)));
        listed++;
    }
    (void)fclose(file);
    for (char a = 'A'; a <= 'Z'; a++) {
        for (char b = 'A'; b <= 'Z'; b++) {
            for (char c = 'A'; c <= 'Z'; c++) {
                const char code[3] = {a, b, c};
                known += currency_exponent((struct slice){code, 3}) >= 0;
            }
        }
    }
    assert_int_equal(known, listed);
    assert_true(known > 150);
}

static void exponents_that_are_not_two(void **state) {
    (void)state;
    static const struct {
        const char *code;
        int exponent;
    } wanted[] = {
        {"VND", 0}, {"JPY", 0}, {"KRW", 0}, {"CLP", 0}, {"XOF", 0}, {"KWD", 3}, {"BHD", 3}, {"OMR", 3},
        {"JOD", 3}, {"TND", 3}, {"IQD", 3}, {"LYD", 3}, {"CLF", 4}, {"UYW", 4}, {"USD", 2}, {"EUR", 2},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        assert_int_equal(currency_exponent(slice_of(wanted[i].code)), wanted[i].exponent);
    }
}

static void what_is_no_code_has_no_exponent(void **state) {
    (void)state;
    static const char *const wrong[] = {"", "V", "VN", "VNDX", "vnd", "V D", "XAU", "XXX", "ZZZ", "AAA", "\xff\xff\xff"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(currency_exponent(slice_of(wrong[i])), -1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_the_published_one),
        cmocka_unit_test(exponents_that_are_not_two),
        cmocka_unit_test(what_is_no_code_has_no_exponent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
