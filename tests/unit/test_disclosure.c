/* The rules on their own, with the vectors of the statistics page, and tables small enough to be judged by hand. */
#include "aggregate/disclosure/table.h"

#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct disclosure_rules standard = {
    .min_units = 5,
    .min_platforms = 3,
    .min_payers = 10,
    .p = 10,
    .dominance = DOMINANCE_P,
    .near_ends = true,
    .allow_zero = true,
    .windows = true,
};

/* Values of one place, one contributor each, three platforms of equal size. */
static char judge_values(const struct disclosure_rules *rules, const int64_t *values, size_t count) {
    struct disclosure_table *table = disclosure_table_create(rules);
    struct contributions contributions = {.items = NULL};
    uint32_t all = disclosure_place(table, DISCLOSURE_ALL, UINT64_MAX, true);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t platform = 0; platform < 3; platform++) {
            struct contribution item = {.unit = i, .platform = platform, .payers = 100, .value = values[i]};
            contributions_add(&contributions, &item);
        }
    }
    uint32_t figure = disclosure_figure(table, &contributions, JUDGE_MAGNITUDE, 0, 0);
    disclosure_table_run(table);
    char status = disclosure_verdict(table, figure, all).status;
    disclosure_table_destroy(table);
    return status;
}

static void the_vectors_of_the_statistics_page(void **state) {
    (void)state;
    struct disclosure_rules nk = standard;
    nk.dominance = DOMINANCE_NK;
    assert_int_equal(judge_values(&standard, (const int64_t[]){700, 150, 60, 50, 40}, 5), 'F');
    assert_int_equal(judge_values(&standard, (const int64_t[]){900, 60, 20, 10, 10}, 5), 'O');
    assert_int_equal(judge_values(&standard, (const int64_t[]){500, 460, 20, 10, 10}, 5), 'T');
    assert_int_equal(judge_values(&standard, (const int64_t[]){500, 400, 40, 30, 30}, 5), 'F');
    assert_int_equal(judge_values(&nk, (const int64_t[]){500, 400, 40, 30, 30}, 5), 'T');
    assert_int_equal(judge_values(&standard, (const int64_t[]){5, 5, 5, 5}, 4), 'A');
}

static void the_rest_must_reach_p_per_cent_exactly(void **state) {
    (void)state;
    /* rest = 100 = 10 % of 1000: free; 99: not */
    assert_int_equal(judge_values(&standard, (const int64_t[]){1000, 900, 50, 25, 25}, 5), 'F');
    assert_int_equal(judge_values(&standard, (const int64_t[]){1000, 900, 50, 25, 24}, 5), 'T');
    struct disclosure_rules wide = standard;
    wide.p = 60;
    /* rest 500 < 60 % of 1000; the first has 44 %, both 78 %: neither O nor T */
    assert_int_equal(judge_values(&wide, (const int64_t[]){1000, 760, 200, 200, 100}, 5), 'M');
    struct disclosure_rules off = standard;
    off.dominance = DOMINANCE_OFF;
    assert_int_equal(judge_values(&off, (const int64_t[]){900, 60, 20, 10, 10}, 5), 'F');
}

static void each_axis_has_its_own_minimum(void **state) {
    (void)state;
    struct contributed five = {.contributors = 5, .total = 50, .first = 10, .second = 10};
    struct contributed three = {.contributors = 3, .total = 50, .first = 17, .second = 17};
    struct contributed two = {.contributors = 2, .total = 50, .first = 25, .second = 25};
    struct contributed none = {.contributors = 0};
    assert_int_equal(disclosure_magnitude(&standard, &five, &three, 10).status, 'F');
    assert_int_equal(disclosure_magnitude(&standard, &three, &three, 10).ground, GROUND_UNITS);
    assert_int_equal(disclosure_magnitude(&standard, &five, &two, 10).ground, GROUND_PLATFORMS);
    assert_int_equal(disclosure_magnitude(&standard, &five, &three, 9).ground, GROUND_PAYERS);
    assert_int_equal(disclosure_magnitude(&standard, &none, &none, 0).status, 'F');
    struct disclosure_rules strict = standard;
    strict.allow_zero = false;
    assert_int_equal(disclosure_magnitude(&strict, &none, &none, 0).ground, GROUND_ZERO);
    struct contributed lopsided = {.contributors = 3, .total = 100, .first = 95, .second = 4};
    assert_int_equal(disclosure_magnitude(&standard, &five, &lopsided, 10).status, 'O');
    assert_int_equal(disclosure_magnitude(&standard, &five, &lopsided, 10).ground, GROUND_PLATFORM_SHARE);
}

static void shares_close_to_their_ends_are_told_only_of_many(void **state) {
    (void)state;
    assert_int_equal(disclosure_part(&standard, 2, 19).status, 'A');
    assert_int_equal(disclosure_part(&standard, 0, 19).status, 'F');
    assert_int_equal(disclosure_part(&standard, 3, 19).status, 'F');
    assert_int_equal(disclosure_part(&standard, 1, 20).status, 'F');
    struct disclosure_rules off = standard;
    off.near_ends = false;
    assert_int_equal(disclosure_part(&off, 1, 5).status, 'F');
}

static void a_change_is_asked_like_a_part(void **state) {
    (void)state;
    assert_int_equal(disclosure_change(&standard, 0, 0, 19).status, 'F');
    assert_int_equal(disclosure_change(&standard, 1, 0, 19).ground, GROUND_WINDOWS);
    assert_int_equal(disclosure_change(&standard, 5, 2, 19).ground, GROUND_WINDOWS);
    assert_int_equal(disclosure_change(&standard, 3, 3, 19).status, 'F');
    assert_int_equal(disclosure_change(&standard, 1, 1, 20).status, 'F');
    struct disclosure_rules off = standard;
    off.windows = false;
    assert_int_equal(disclosure_change(&off, 1, 0, 19).status, 'F');
    off = standard;
    off.near_ends = false;
    assert_int_equal(disclosure_change(&off, 1, 0, 19).status, 'F');
}

static void a_concentration_of_two_can_be_solved(void **state) {
    (void)state;
    struct contributed two = {.contributors = 2, .total = 1100000, .first = 600000, .second = 500000};
    struct contributed three = {.contributors = 3, .total = 30, .first = 10, .second = 10};
    assert_int_equal(disclosure_concentration(&standard, &two).status, 'A');
    assert_int_equal(disclosure_concentration(&standard, &three).status, 'F');
}

static void huge_values_are_exact(void **state) {
    (void)state;
    __int128 huge = (__int128)INT64_MAX * 1000000000;
    struct contributed units = {.contributors = 5, .total = huge * 21, .first = huge * 10, .second = huge * 10};
    struct contributed platforms = {.contributors = 3, .total = huge * 21, .first = huge * 7, .second = huge * 7};
    assert_int_equal(disclosure_magnitude(&standard, &units, &platforms, 10).status, 'F');
    units.total -= 1;
    assert_int_equal(disclosure_magnitude(&standard, &units, &platforms, 10).status, 'T');
}

/* A table of districts: how many equal contributors each has, and the value of each of them. */
struct district {
    uint32_t contributors;
    int64_t value;
};

struct outcome_of_table {
    char all;
    char districts[8];
};

static struct outcome_of_table judge_districts(const struct district *districts, uint32_t count) {
    struct disclosure_table *table = disclosure_table_create(&standard);
    struct contributions contributions = {.items = NULL};
    uint32_t places[8];
    uint32_t unit = 0;
    uint32_t all = disclosure_place(table, DISCLOSURE_ALL, UINT64_MAX, true);
    for (uint32_t i = 0; i < count; i++)
        places[i] = disclosure_place(table, 0, (uint64_t)1 << i, true);
    disclosure_adds_up(table, all, places, count);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < districts[i].contributors; j++) {
            for (uint32_t platform = 0; platform < 3; platform++) {
                struct contribution item = {
                    .unit = unit, .platform = platform, .codes = {(uint8_t)i}, .payers = 100, .value = districts[i].value};
                contributions_add(&contributions, &item);
            }
            unit++;
        }
    }
    uint32_t figure = disclosure_figure(table, &contributions, JUDGE_MAGNITUDE, 0, 1);
    disclosure_table_run(table);
    struct outcome_of_table outcome = {.all = disclosure_verdict(table, figure, all).status};
    for (uint32_t i = 0; i < count; i++)
        outcome.districts[i] = disclosure_verdict(table, figure, places[i]).status;
    disclosure_table_destroy(table);
    return outcome;
}

static void one_suppressed_district_takes_the_smallest_sibling_with_it(void **state) {
    (void)state;
    struct outcome_of_table outcome =
        judge_districts((const struct district[]){{4, 100}, {9, 50}, {0, 0}, {8, 50}, {20, 100}}, 5);
    assert_int_equal(outcome.all, 'F');
    assert_string_equal(outcome.districts, "AFFDF");
}

static void equal_siblings_go_by_code(void **state) {
    (void)state;
    struct outcome_of_table outcome = judge_districts((const struct district[]){{8, 50}, {4, 100}, {8, 50}}, 3);
    assert_string_equal(outcome.districts, "DAF");
}

static void two_lone_contributors_are_not_safe_together(void **state) {
    (void)state;
    /* two of one contributor each: either subtracts itself; a third is added until the union passes */
    struct outcome_of_table outcome = judge_districts((const struct district[]){{1, 100}, {1, 100}, {9, 50}, {20, 100}}, 4);
    assert_string_equal(outcome.districts, "AADF");
    outcome = judge_districts((const struct district[]){{3, 100}, {3, 100}, {9, 50}, {20, 100}}, 4);
    assert_string_equal(outcome.districts, "AAFF");
}

static void without_a_sibling_the_total_goes(void **state) {
    (void)state;
    struct outcome_of_table outcome = judge_districts((const struct district[]){{4, 100}, {0, 0}}, 2);
    assert_string_equal(outcome.districts, "AF");
    assert_int_equal(outcome.all, 'A');
}

/* Two figures of which one is part of the other, in three districts. */
static void a_part_and_its_rest_share_their_fate(void **state) {
    (void)state;
    struct disclosure_table *table = disclosure_table_create(&standard);
    uint32_t places[3];
    uint32_t all = disclosure_place(table, DISCLOSURE_ALL, UINT64_MAX, true);
    for (uint32_t i = 0; i < 3; i++)
        places[i] = disclosure_place(table, 0, (uint64_t)1 << i, true);
    disclosure_adds_up(table, all, places, 3);
    struct contributions whole = {.items = NULL};
    struct contributions part = {.items = NULL};
    struct contributions rest = {.items = NULL};
    for (uint32_t unit = 0; unit < 60; unit++) {
        for (uint32_t platform = 0; platform < 3; platform++) {
            struct contribution item = {
                .unit = unit, .platform = platform, .codes = {(uint8_t)(unit / 20)}, .payers = 100, .value = 10};
            contributions_add(&whole, &item);
            contributions_add(unit % 2 == 1 ? &rest : &part, &item);
        }
    }
    uint32_t outer = disclosure_figure(table, &whole, JUDGE_MAGNITUDE, 0, 1);
    uint32_t inner = disclosure_figure(table, &part, JUDGE_MAGNITUDE, 0, 1);
    uint32_t left = disclosure_figure(table, &rest, JUDGE_MAGNITUDE, 0, 1);
    disclosure_nested(table, inner, outer, left);
    disclosure_hold(table, left, places[0], (struct judgement){'A', GROUND_UNITS});
    disclosure_table_run(table);
    assert_int_equal(disclosure_verdict(table, inner, places[0]).status, 'A');
    assert_int_equal(disclosure_verdict(table, outer, places[0]).status, 'F');
    int withheld = 0;
    for (uint32_t i = 0; i < 3; i++) {
        withheld += disclosure_verdict(table, inner, places[i]).status != 'F';
        assert_int_equal(disclosure_verdict(table, inner, places[i]).status != 'F',
                         disclosure_verdict(table, left, places[i]).status != 'F');
    }
    assert_int_equal(withheld, 2);
    disclosure_table_destroy(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_statistics_page),
        cmocka_unit_test(the_rest_must_reach_p_per_cent_exactly),
        cmocka_unit_test(each_axis_has_its_own_minimum),
        cmocka_unit_test(shares_close_to_their_ends_are_told_only_of_many),
        cmocka_unit_test(a_change_is_asked_like_a_part),
        cmocka_unit_test(a_concentration_of_two_can_be_solved),
        cmocka_unit_test(huge_values_are_exact),
        cmocka_unit_test(one_suppressed_district_takes_the_smallest_sibling_with_it),
        cmocka_unit_test(equal_siblings_go_by_code),
        cmocka_unit_test(two_lone_contributors_are_not_safe_together),
        cmocka_unit_test(without_a_sibling_the_total_goes),
        cmocka_unit_test(a_part_and_its_rest_share_their_fate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
