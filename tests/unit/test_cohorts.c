/* What of the cohorts may leave (schemas/disclosure.md §7), on tables written by hand. The counting, and the same rules on whole
 * registers: tests/system/cohorts.sh. */
#include "aggregate/snapshot/cohorts.h"
#include "aggregate/snapshot/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MONTHS = 3 };

/* At risk and adopting, by cohort (PRE, then by month) and month; nobody shares a contributor with anybody. */
struct numbers {
    int64_t at_risk[MONTHS + 1][MONTHS];
    int64_t adoptions[MONTHS + 1][MONTHS];
};

static const struct disclosure_rules rules = {.min_units = 5, .near_ends = true, .allow_zero = true};

static struct cohorts *table_of(const struct numbers *numbers) {
    struct cohorts *cohorts = memory_zeroed(1, sizeof(*cohorts));
    uint32_t contributor = 0;
    *cohorts = (struct cohorts){.month_count = MONTHS};
    cohorts->cells = memory_zeroed((size_t)(MONTHS + 1) * MONTHS, sizeof(*cohorts->cells));
    cohorts->members = memory_zeroed(1000, sizeof(*cohorts->members));
    for (int32_t cohort = 0; cohort <= MONTHS; cohort++) {
        for (int32_t month = cohort_entry(cohort); month < MONTHS; month++) {
            struct cohort_cell *cell = cohort_cell(cohorts, cohort, month);
            cell->at_risk = cell->contributors = numbers->at_risk[cohort][month];
            cell->adoptions = numbers->adoptions[cohort][month];
            int64_t next = month + 1 < MONTHS ? numbers->at_risk[cohort][month + 1] : 0;
            for (int64_t i = next; i < cell->at_risk; i++)
                cohorts->members[cohorts->member_count++] = (struct cohort_member){contributor++, cohort, month};
        }
    }
    return cohorts;
}

/* The verdicts, cohort after cohort: "FFF FFF FF F". `held`: of that cohort the last month. */
static void expect(const struct numbers *numbers, int32_t held, const char *wanted) {
    struct cohorts *cohorts = table_of(numbers);
    char found[32] = "";
    size_t length = 0;
    if (held >= 0) cohort_cell(cohorts, held, MONTHS - 1)->held = true;
    cohorts_control(cohorts, &rules);
    for (int32_t cohort = 0; cohort <= MONTHS; cohort++) {
        for (int32_t month = cohort_entry(cohort); month < MONTHS; month++)
            found[length++] = cohort_cell(cohorts, cohort, month)->status;
        found[length++] = cohort < MONTHS ? ' ' : '\0';
    }
    assert_string_equal(found, wanted);
    cohorts_destroy(cohorts);
}

static const struct numbers large = {
    .at_risk = {{100, 90, 80}, {60, 50, 40}, {0, 60, 50}, {0, 0, 60}},
    .adoptions = {{10, 10, 9}, {10, 10, 9}, {0, 10, 9}, {0, 0, 9}},
};

static void many_units_are_told(void **state) {
    (void)state;
    expect(&large, -1, "FFF FFF FF F");
}

static void who_is_withheld_stays_so_and_takes_the_smallest_along(void **state) {
    (void)state;
    struct numbers numbers = large;
    numbers.at_risk[2][1] = 12; /* 1 of 12: near the end */
    numbers.adoptions[2][1] = 1;
    numbers.at_risk[2][2] = 11; /* 5 of 11 would be told */
    numbers.adoptions[2][2] = 5;
    expect(&numbers, -1, "FFF FDD DD F");
}

static void of_equals_the_latest_cohort_is_taken(void **state) {
    (void)state;
    struct numbers numbers = large;
    numbers.at_risk[3][2] = 4; /* too few */
    numbers.adoptions[3][2] = 0;
    numbers.at_risk[1][2] = numbers.at_risk[2][2] = 40;
    expect(&numbers, -1, "FFF FFF FD A");
}

static void a_sum_that_tells_takes_another_cohort(void **state) {
    (void)state;
    struct numbers numbers = large;
    numbers.at_risk[3][2] = 4;
    numbers.adoptions[3][2] = 1;
    numbers.at_risk[2][2] = 6;
    numbers.adoptions[2][2] = 0; /* together 1 of 10 */
    expect(&numbers, -1, "FFF FFD FD A");
    numbers.adoptions[2][2] = 4; /* together 5 of 10: enough; 4 of 6 alone would be near the end */
    expect(&numbers, -1, "FFF FFF FD A");
}

static void nobody_at_risk_hides_nobody(void **state) {
    (void)state;
    struct numbers numbers = large;
    numbers.at_risk[3][2] = 4;
    numbers.adoptions[3][2] = 2;
    numbers.at_risk[2][1] = 60;
    numbers.adoptions[2][1] = 60; /* all of them: told, and nobody is left */
    numbers.at_risk[2][2] = numbers.adoptions[2][2] = 0;
    expect(&numbers, -1, "FFF FFD FF A");
}

static void what_was_withheld_before_stays_in(void **state) {
    (void)state;
    expect(&large, 2, "FFF FFD FD F");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_units_are_told),
        cmocka_unit_test(who_is_withheld_stays_so_and_takes_the_smallest_along),
        cmocka_unit_test(of_equals_the_latest_cohort_is_taken),
        cmocka_unit_test(a_sum_that_tells_takes_another_cohort),
        cmocka_unit_test(nobody_at_risk_hides_nobody),
        cmocka_unit_test(what_was_withheld_before_stays_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
