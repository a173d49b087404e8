/* The board that the endpoint reads: what is added, what is replaced, what is forgotten. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregate/runtime/gauges.h"

static const struct source_partition PAYMENTS_1 = {"payments", 1}, PAYMENTS_0 = {"payments", 0}, ORDERS_7 = {"orders", 7};

static void counts_are_added_as_differences(void **state) {
    (void)state;
    struct gauges *gauges = gauges_create();
    struct gauge_totals totals;
    /* A partition that comes with 100 records of its past, reads 5, and leaves; then comes back one commit shorter. */
    struct counts known = {.delivered = 100, .applied = 90, .rejected = 10};
    struct counts now = {.delivered = 105, .applied = 94, .rejected = 11};
    known.reasons[REASON_BAD_ID] = 10;
    now.reasons[REASON_BAD_ID] = 11;
    const struct gauge_reading reading = {.next = 105, .committed_next = 100, .log_end = 200};
    gauges_tell(gauges, PAYMENTS_1, &reading, &now, &known);
    gauges_tell(gauges, PAYMENTS_1, &reading, &now, &now);
    gauges_totals(gauges, &totals);
    assert_true(totals.counts.delivered == 5 && totals.counts.applied == 4 && totals.counts.rejected == 1);
    assert_true(totals.counts.reasons[REASON_BAD_ID] == 1);
    gauges_forget(gauges, PAYMENTS_1);
    gauges_tell(gauges, PAYMENTS_1, &reading, &now, &known);
    gauges_totals(gauges, &totals);
    assert_true(totals.counts.delivered == 10);
    gauges_destroy(gauges);
}

static void readings_are_replaced_and_kept_in_order(void **state) {
    (void)state;
    struct gauges *gauges = gauges_create();
    struct gauge_partition list[4];
    const struct counts none = {0};
    struct gauge_reading reading = {.next = 1};
    gauges_tell(gauges, PAYMENTS_1, &reading, &none, &none);
    gauges_tell(gauges, ORDERS_7, &reading, &none, &none);
    gauges_tell(gauges, PAYMENTS_0, &reading, &none, &none);
    reading.next = 2;
    gauges_tell(gauges, PAYMENTS_0, &reading, &none, &none);
    assert_int_equal(gauges_list(gauges, list, 4), 3);
    assert_string_equal(list[0].topic, "orders");
    assert_true(list[1].partition == 0 && list[1].reading.next == 2 && list[2].partition == 1 && list[2].reading.next == 1);
    gauges_forget(gauges, PAYMENTS_0);
    gauges_forget(gauges, PAYMENTS_0);
    assert_int_equal(gauges_list(gauges, list, 4), 2);
    assert_int_equal(list[1].partition, 1);
    assert_int_equal(gauges_list(gauges, list, 1), 1);
    gauges_destroy(gauges);
}

static void latencies_fall_into_buckets_with_their_upper_bound(void **state) {
    (void)state;
    struct gauges *gauges = gauges_create();
    struct gauge_totals totals;
    gauges_commit(gauges, 1, 10);
    gauges_commit(gauges, 2, 10);
    gauges_commit(gauges, 3, 10);
    gauges_commit(gauges, 5000, 10);
    gauges_commit(gauges, 5001, 10);
    gauges_totals(gauges, &totals);
    assert_true(totals.commits == 5 && totals.commit_cells == 50 && totals.commit_ms == 10007);
    assert_true(totals.commit_latency[0] == 1 && totals.commit_latency[1] == 1 && totals.commit_latency[2] == 1);
    assert_true(totals.commit_latency[LATENCY_BUCKETS - 1] == 1);
    gauges_destroy(gauges);
}

static void the_worker_that_is_silent_longest_counts_until_it_is_gone(void **state) {
    (void)state;
    struct gauges *gauges = gauges_create();
    assert_int_equal(gauges_idle_ms(gauges, 1000), 0);
    gauges_turn(gauges, 0, 900);
    gauges_turn(gauges, 1, 400);
    assert_int_equal(gauges_idle_ms(gauges, 1000), 600);
    gauges_turn(gauges, 1, GAUGE_WORKER_GONE);
    assert_int_equal(gauges_idle_ms(gauges, 1000), 100);
    gauges_destroy(gauges);
}

static void without_a_board_nothing_happens(void **state) {
    (void)state;
    const struct counts none = {0};
    const struct gauge_reading reading = {0};
    struct gauge_partition list[1];
    struct gauge_totals totals;
    gauges_tell(NULL, PAYMENTS_0, &reading, &none, &none);
    gauges_forget(NULL, PAYMENTS_0);
    gauges_occasion(NULL, GAUGE_HELD);
    gauges_commit(NULL, 1, 1);
    gauges_turn(NULL, 0, 1);
    gauges_totals(NULL, &totals);
    assert_int_equal(gauges_list(NULL, list, 1), 0);
    assert_int_equal(totals.commits + gauges_idle_ms(NULL, 5), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_added_as_differences),
        cmocka_unit_test(readings_are_replaced_and_kept_in_order),
        cmocka_unit_test(latencies_fall_into_buckets_with_their_upper_bound),
        cmocka_unit_test(the_worker_that_is_silent_longest_counts_until_it_is_gone),
        cmocka_unit_test(without_a_board_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
