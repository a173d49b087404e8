/* Published numbers: exact decimals with one rounding, and the estimate of distinct persons. */
#include "aggregate/snapshot/decimal.h"
#include "aggregate/snapshot/sketch.h"

#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void quotients_round_half_to_even_once(void **state) {
    (void)state;
    static const struct {
        int64_t numerator, denominator;
        int shift, decimals;
        const char *text;
    } cases[] = {
        {3, 5, 2, 2, "60.00"},
        {1, 3, 2, 2, "33.33"},
        {2, 3, 2, 2, "66.67"},
        {5, 11, 2, 2, "45.45"},
        {1100000, 3, 0, 2, "366666.67"},
        {1, 8, 0, 2, "0.12"},
        {3, 8, 0, 2, "0.38"},
        {5, 1000, 0, 2, "0.00"},
        {15, 1000, 0, 2, "0.02"},
        {25, 1000, 0, 2, "0.02"},
        {-1, 3, 2, 2, "-33.33"},
        {-5, 1000, 0, 2, "0.00"},
        {-15, 1000, 0, 2, "-0.02"},
        {1, -3, 0, 2, "-0.33"},
        {0, 7, 2, 2, "0.00"},
        {0, -7, 2, 2, "0.00"},
        {1, 2, 0, 0, "0"},
        {3, 2, 0, 0, "2"},
        {99999, 100000, 2, 2, "100.00"},
        {999949, 1000000, 2, 2, "99.99"},
        {610000000000, 1210000000000, 4, 2, "5041.32"},
        {INT64_MAX, 1, 2, 2, "922337203685477580700.00"},
        {1, 3, 0, 6, "0.333333"},
        {1, 2000000, 0, 6, "0.000000"},
        {3, 2000000, 0, 6, "0.000002"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[DECIMAL_BYTES];
        decimal_quotient(text, cases[i].numerator, cases[i].denominator, cases[i].shift, cases[i].decimals);
        assert_string_equal(text, cases[i].text);
    }
}

static void whole_numbers_round_half_to_even(void **state) {
    (void)state;
    assert_true(decimal_rounded(1, 2) == 0 && decimal_rounded(3, 2) == 2 && decimal_rounded(5, 2) == 2);
    assert_true(decimal_rounded(7, 3) == 2 && decimal_rounded(8, 3) == 3 && decimal_rounded(0, 9) == 0);
    assert_true(decimal_rounded((__int128)1000000000000 * INT64_MAX, INT64_MAX) == 1000000000000);
}

static void products_round_half_to_even_at_each_step(void **state) {
    (void)state;
    static const __int128 huge = (__int128)1000000000000000000 * 1000000000000000000; /* 10^36 */
    static const __int128 most = (__int128)10000000000 * 10000000000;
    const struct {
        __int128 value, top, bottom, product; /* product -1: too much */
    } cases[] = {
        {100, 3, 2, 150},     {1, 1, 2, 0},          {3, 1, 2, 2},           {5, 1, 2, 2},
        {7, 1, 2, 4},         {2, 1, 3, 1},          {1, 1, 3, 0},           {0, 9, 7, 0},
        {12, 0, 7, 0},        {most, huge, huge, most}, {most, huge - 1, huge, most}, {most / 3, 3, 1, most / 3 * 3},
        {most, 2, 1, -1},     {1, huge, 1, -1},      {1, most, 1, most},     {1, most + 1, 1, -1},
        {100000000000, 70368744177663, 70368744177664, 100000000000}, {100000000000, huge + 1, huge * 2, 50000000000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        __int128 value = cases[i].value;
        assert_int_equal(decimal_multiply(&value, cases[i].top, cases[i].bottom), cases[i].product >= 0);
        if (cases[i].product >= 0) assert_true(value == cases[i].product);
    }
}

static void scaled_numbers_keep_every_digit(void **state) {
    (void)state;
    char text[DECIMAL_BYTES];
    decimal_scaled(text, 1100000, 0);
    assert_string_equal(text, "1100000");
    decimal_scaled(text, -123456, 2);
    assert_string_equal(text, "-1234.56");
    decimal_scaled(text, 7, 3);
    assert_string_equal(text, "0.007");
    decimal_scaled(text, 0, 2);
    assert_string_equal(text, "0.00");
    decimal_integer(text, (__int128)INT64_MAX * 1000000000);
    assert_string_equal(text, "9223372036854775807000000000");
}

static uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static void add(uint8_t *registers, uint64_t person) {
    uint64_t hash = mix(person);
    uint64_t rest = hash << HLL_REGISTERS_LOG2;
    uint8_t rank = rest == 0 ? 51 : (uint8_t)(__builtin_clzll(rest) + 1);
    uint8_t *one = &registers[hash >> (64 - HLL_REGISTERS_LOG2)];
    if (rank > *one) *one = rank;
}

static void estimates_stay_within_three_standard_errors(void **state) {
    (void)state;
    static uint8_t registers[HLL_REGISTERS];
    int64_t next_check = 1;
    assert_int_equal(sketch_estimate(registers, HLL_REGISTERS_LOG2), 0);
    for (int64_t count = 1; count <= 2000000; count++) {
        add(registers, (uint64_t)count);
        if (count != next_check) continue;
        next_check = count < 10 ? count + 1 : count * 3 / 2;
        int64_t estimate = sketch_estimate(registers, HLL_REGISTERS_LOG2);
        int64_t allowed = count < 100 ? 1 : count * 243 / 10000 + 1;
        if (estimate < count - allowed || estimate > count + allowed) {
            fail_msg("%lld persons estimated as %lld", (long long)count, (long long)estimate);
        }
    }
}

static void a_handful_is_counted_exactly(void **state) {
    (void)state;
    static uint8_t registers[HLL_REGISTERS];
    memset(registers, 0, sizeof(registers));
    for (uint64_t count = 1; count <= 12; count++) {
        add(registers, count + 1000);
        assert_int_equal(sketch_estimate(registers, HLL_REGISTERS_LOG2), count);
    }
}

static void union_is_the_greater_rank_and_repeats_add_nothing(void **state) {
    (void)state;
    static uint8_t whole[HLL_REGISTERS];
    static uint8_t left[HLL_REGISTERS];
    static uint8_t right[HLL_REGISTERS];
    for (uint64_t person = 0; person < 30000; person++) {
        add(whole, person);
        if (person < 20000) add(left, person);
        if (person >= 10000) add(right, person);
    }
    sketch_unite(left, right);
    sketch_unite(left, right);
    sketch_unite(left, NULL);
    assert_memory_equal(left, whole, HLL_REGISTERS);
}

static void published_decimals_are_read_back_exactly(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ten_thousandths;
        int decimals;
    } good[] = {{"0", 0, 0}, {"70.00", 700000, 2}, {"-0.0001", -1, 4}, {"12.5", 125000, 1}, {"-3", -30000, 0}};
    static const char *const bad[] = {"", "-", ".", "1.", ".5", "1.00000", "1e3", "+1", "1,5", " 1", "x",
                                      "1234567890123456789012345678901"};
    __int128 value;
    int decimals;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(decimal_parse(good[i].text, &value, &decimals));
        assert_true(value == good[i].ten_thousandths && decimals == good[i].decimals);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) assert_false(decimal_parse(bad[i], &value, &decimals));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_decimals_are_read_back_exactly),
        cmocka_unit_test(quotients_round_half_to_even_once),
        cmocka_unit_test(whole_numbers_round_half_to_even),
        cmocka_unit_test(products_round_half_to_even_at_each_step),
        cmocka_unit_test(scaled_numbers_keep_every_digit),
        cmocka_unit_test(estimates_stay_within_three_standard_errors),
        cmocka_unit_test(a_handful_is_counted_exactly),
        cmocka_unit_test(union_is_the_greater_rank_and_repeats_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
