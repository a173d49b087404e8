/* What a jump of a headline is (aggregate/snapshot/jumps.h). */
#include "aggregate/snapshot/jumps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void shares_are_held_in_points(void **state) {
    (void)state;
    assert_false(jump_beyond("60.00", "70.00", true, 10));
    assert_true(jump_beyond("60.00", "70.01", true, 10));
    assert_true(jump_beyond("60.00", "49.99", true, 10));
    assert_true(jump_beyond("0.00", "10.01", true, 10));
}

static void sums_are_held_in_per_cent_of_what_they_were(void **state) {
    (void)state;
    assert_false(jump_beyond("200", "300", false, 50));
    assert_true(jump_beyond("200", "301", false, 50));
    assert_false(jump_beyond("200", "100", false, 50));
    assert_true(jump_beyond("200", "99", false, 50));
    assert_true(jump_beyond("1", "0", false, 50));
    assert_false(jump_beyond("1.00", "1.50", false, 50));
    assert_true(jump_beyond("1.00", "1.51", false, 50));
    assert_true(jump_beyond("9223372036854775807", "92233720368547758070", false, 50));
}

static void beginnings_and_empty_values_are_no_jumps(void **state) {
    (void)state;
    assert_false(jump_beyond("0", "1000000", false, 50));
    assert_false(jump_beyond("", "1000000", false, 50));
    assert_false(jump_beyond("60.00", "", true, 10));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_held_in_points),
        cmocka_unit_test(sums_are_held_in_per_cent_of_what_they_were),
        cmocka_unit_test(beginnings_and_empty_values_are_no_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
