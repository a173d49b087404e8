/* The life cycle of payments and orders, sentence by sentence of booking.md §4 and §5, through the whole roll-up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/scene.h"

enum { D = SCENE_DAY };

/* A payment: what came before, the event, and what must follow. */
struct payment_case {
    const char *source;
    enum pay_status before;
    enum pay_status status;
    bool captured_at;
    enum outcome outcome; /* NONE: books nothing */
    enum reason reason;
};

static const struct payment_case payment_cases[] = {
    /* FIRST */
    {"SRC", PAY_NONE, PAY_CAPTURED, false, OUTCOME_OK, 0},
    {"SRC", PAY_NONE, PAY_SETTLED, false, OUTCOME_OK, 0},
    {"SRC", PAY_CAPTURED, PAY_SETTLED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_SETTLED, PAY_CAPTURED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_CAPTURED, PAY_CAPTURED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_AUTHORISED, PAY_CAPTURED, false, OUTCOME_OK, 0},
    {"SRC", PAY_REFUNDED, PAY_CAPTURED, false, OUTCOME_OK, 0},
    {"SRC", PAY_NONE, PAY_SETTLED, true, OUTCOME_UNRESOLVED, 0},
    {"SRC", PAY_CAPTURED, PAY_SETTLED, true, OUTCOME_NONE, 0},
    {"SRC", PAY_DECLINED, PAY_CAPTURED, false, OUTCOME_NONE, REASON_IMPOSSIBLE_STATE},
    {"SRC", PAY_DECLINED, PAY_SETTLED, true, OUTCOME_NONE, REASON_IMPOSSIBLE_STATE},
    {"SRC", PAY_NONE, PAY_DECLINED, false, OUTCOME_DECLINED, 0},
    {"SRC", PAY_NONE, PAY_DECLINED, true, OUTCOME_UNRESOLVED, 0},
    {"SRC", PAY_DECLINED, PAY_DECLINED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_CAPTURED, PAY_DECLINED, false, OUTCOME_NONE, REASON_IMPOSSIBLE_STATE},
    {"SRC", PAY_SETTLED, PAY_DECLINED, false, OUTCOME_NONE, REASON_IMPOSSIBLE_STATE},
    /* CAPTURED: settling books nothing, captured_at says nothing */
    {"CAP", PAY_NONE, PAY_CAPTURED, true, OUTCOME_OK, 0},
    {"CAP", PAY_NONE, PAY_SETTLED, false, OUTCOME_NONE, 0},
    {"CAP", PAY_SETTLED, PAY_CAPTURED, false, OUTCOME_OK, 0},
    {"CAP", PAY_CAPTURED, PAY_CAPTURED, false, OUTCOME_NONE, 0},
    {"CAP", PAY_DECLINED, PAY_SETTLED, false, OUTCOME_NONE, REASON_IMPOSSIBLE_STATE},
    {"CAP", PAY_NONE, PAY_DECLINED, true, OUTCOME_DECLINED, 0},
    /* SETTLED */
    {"SET", PAY_CAPTURED, PAY_SETTLED, true, OUTCOME_OK, 0},
    {"SET", PAY_NONE, PAY_CAPTURED, false, OUTCOME_NONE, 0},
    {"SET", PAY_SETTLED, PAY_SETTLED, false, OUTCOME_NONE, 0},
    {"SET", PAY_CAPTURED, PAY_DECLINED, false, OUTCOME_NONE, REASON_IMPOSSIBLE_STATE},
    /* no look-up */
    {"SRC", PAY_NONE, PAY_REFUNDED, false, OUTCOME_REFUNDED, 0},
    {"SRC", PAY_REFUNDED, PAY_REFUNDED, false, OUTCOME_REFUNDED, 0},
    {"SRC", PAY_DECLINED, PAY_PART_REFUNDED, false, OUTCOME_REFUNDED, 0},
    {"SRC", PAY_NONE, PAY_REVERSED, true, OUTCOME_REFUNDED, 0},
    {"SRC", PAY_NONE, PAY_CHARGED_BACK, false, OUTCOME_CHARGED_BACK, 0},
    {"SRC", PAY_NONE, PAY_CHARGEBACK_WON, false, OUTCOME_CHARGEBACK_WON, 0},
    {"SRC", PAY_NONE, PAY_INITIATED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_CAPTURED, PAY_AUTHORISED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_NONE, PAY_EXPIRED, false, OUTCOME_NONE, 0},
    {"SRC", PAY_NONE, PAY_VOIDED, false, OUTCOME_NONE, 0},
};

static void payment_case_holds(const struct payment_case *one) {
    struct scene *scene = scene_create();
    if (one->before != PAY_NONE) {
        struct event before = scene_payment(scene, "p", one->before, scene_time(D - 1, 10));
        scene_account(&before, one->source, "m0");
        (void)scene_put(scene, &before);
    }
    int64_t unresolved = scene_counts(scene)->unresolved;
    struct event event = scene_payment(scene, "p", one->status, scene_time(D, 10));
    scene_account(&event, one->source, "m1");
    if (one->captured_at) event.captured_ms = scene_time(D - 3, 1);
    enum verdict verdict = scene_put(scene, &event);
    assert_int_equal(verdict, one->reason != REASON_NONE ? VERDICT_QUARANTINED : VERDICT_APPLIED);
    assert_int_equal(scene->reason, one->reason);
    uint32_t account = one->before != PAY_NONE ? 1 : 0;
    for (enum outcome outcome = OUTCOME_OK; outcome <= OUTCOME_UNRESOLVED; outcome++) {
        const char *expected = outcome == one->outcome ? "1,1000" : "";
        assert_string_equal(scene_ledger(scene, D, account, scene_facet(&event, ROLE_SELLER, outcome)),
                            expected);
    }
    int32_t minute = (int32_t)(event.event_time_ms / 60000);
    enum outcome pulse = one->outcome != OUTCOME_NONE ? one->outcome : OUTCOME_PROGRESS;
    const char *value = one->outcome != OUTCOME_NONE ? "1,1000" : "1,0";
    assert_string_equal(scene_cell(scene, HASH_MINUTE, minute, scene_pulse_facet(&event, pulse), ""),
                        one->reason == REASON_NONE ? value : "");
    assert_int_equal(scene_counts(scene)->unresolved - unresolved, one->outcome == OUTCOME_UNRESOLVED);
    scene_destroy(scene);
}

static void payments_book_their_first_outcome(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(payment_cases) / sizeof(payment_cases[0]); i++)
        payment_case_holds(&payment_cases[i]);
}

enum stage_source { NOT_KNOWN, CARRIED, REMEMBERED };

struct order_case {
    enum event_kind kind;
    enum event_kind stage; /* whose day is needed */
    enum stage_source how;
    int32_t stage_day; /* relative to D */
    enum outcome outcome;
    int32_t day; /* relative to D */
    const char *value;
    enum outcome pulse;
    enum reason reason;
};

static const struct order_case order_cases[] = {
    {KIND_ORDER_CREATED, KIND_NONE, NOT_KNOWN, 0, OUTCOME_CREATED, 0, "1,1000", OUTCOME_CREATED, 0},
    {KIND_ORDER_CREATED, KIND_ORDER_CREATED, REMEMBERED, -1, OUTCOME_NONE, 0, "", 0, REASON_IMPOSSIBLE_STATE},
    {KIND_ORDER_PAID, KIND_NONE, NOT_KNOWN, 0, OUTCOME_NONE, 0, "", OUTCOME_PROGRESS, 0},
    {KIND_ORDER_CONFIRMED, KIND_NONE, NOT_KNOWN, 0, OUTCOME_NONE, 0, "", OUTCOME_PROGRESS, 0},
    {KIND_ORDER_RETURN_REQUESTED, KIND_NONE, NOT_KNOWN, 0, OUTCOME_NONE, 0, "", OUTCOME_PROGRESS, 0},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, REMEMBERED, -2, OUTCOME_CANCELLED, -2, "1,1000",
     OUTCOME_CANCELLED, 0},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, CARRIED, -5, OUTCOME_CANCELLED, -5, "1,1000",
     OUTCOME_CANCELLED, 0},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, CARRIED, 0, OUTCOME_CANCELLED, 0, "1,1000", OUTCOME_CANCELLED,
     0},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, CARRIED, 1, OUTCOME_NONE, 0, "", 0, REASON_IMPOSSIBLE_STATE},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, CARRIED, -100, OUTCOME_NONE, 0, "", 0, REASON_TOO_OLD},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, CARRIED, -99, OUTCOME_CANCELLED, -99, "1,1000",
     OUTCOME_CANCELLED, 0},
    {KIND_ORDER_CANCELLED, KIND_ORDER_CREATED, NOT_KNOWN, 0, OUTCOME_UNRESOLVED, 0, "1,1000",
     OUTCOME_UNRESOLVED, 0},
    {KIND_ORDER_SHIPPED, KIND_ORDER_CREATED, CARRIED, 1, OUTCOME_SHIPPED, 0, "1,1000", OUTCOME_SHIPPED, 0},
    {KIND_ORDER_FAILED_DELIVERY, KIND_ORDER_SHIPPED, REMEMBERED, -1, OUTCOME_FAILED, -1, "1,1000",
     OUTCOME_FAILED, 0},
    {KIND_ORDER_FAILED_DELIVERY, KIND_ORDER_SHIPPED, CARRIED, -3, OUTCOME_FAILED, -3, "1,1000",
     OUTCOME_FAILED, 0},
    {KIND_ORDER_FAILED_DELIVERY, KIND_ORDER_SHIPPED, CARRIED, 2, OUTCOME_NONE, 0, "", 0,
     REASON_IMPOSSIBLE_STATE},
    {KIND_ORDER_FAILED_DELIVERY, KIND_ORDER_CREATED, REMEMBERED, -1, OUTCOME_UNRESOLVED, 0, "1,1000",
     OUTCOME_UNRESOLVED, 0},
    {KIND_ORDER_DELIVERED, KIND_ORDER_CREATED, NOT_KNOWN, 0, OUTCOME_DELIVERED, 0, "1,1000",
     OUTCOME_DELIVERED, 0},
    {KIND_ORDER_DELIVERED, KIND_ORDER_CREATED, CARRIED, -200, OUTCOME_DELIVERED, 0, "1,1000",
     OUTCOME_DELIVERED, 0},
    {KIND_ORDER_DELIVERED, KIND_ORDER_CREATED, CARRIED, 1, OUTCOME_NONE, 0, "", 0, REASON_IMPOSSIBLE_STATE},
    {KIND_ORDER_RETURNED, KIND_ORDER_DELIVERED, REMEMBERED, -4, OUTCOME_RETURNED, -4, "1,0", OUTCOME_RETURNED,
     0},
    {KIND_ORDER_RETURNED, KIND_ORDER_DELIVERED, CARRIED, -9, OUTCOME_RETURNED, -9, "1,0", OUTCOME_RETURNED,
     0},
    {KIND_ORDER_RETURNED, KIND_ORDER_DELIVERED, CARRIED, 1, OUTCOME_NONE, 0, "", 0, REASON_IMPOSSIBLE_STATE},
    {KIND_ORDER_RETURNED, KIND_ORDER_DELIVERED, CARRIED, -100, OUTCOME_NONE, 0, "", 0, REASON_TOO_OLD},
    {KIND_ORDER_RETURNED, KIND_ORDER_DELIVERED, NOT_KNOWN, 0, OUTCOME_UNRESOLVED, 0, "1,1000",
     OUTCOME_UNRESOLVED, 0},
    {KIND_ORDER_REFUNDED, KIND_NONE, NOT_KNOWN, 0, OUTCOME_REFUNDED, 0, "1,1000", OUTCOME_REFUNDED, 0},
};

static void carry(struct event *event, enum event_kind stage, int64_t time_ms) {
    if (stage == KIND_ORDER_CREATED) event->order_created_ms = time_ms;
    if (stage == KIND_ORDER_SHIPPED) event->shipped_ms = time_ms;
    if (stage == KIND_ORDER_DELIVERED) event->delivered_ms = time_ms;
}

static void order_case_holds(const struct order_case *one) {
    struct scene *scene = scene_create();
    if (one->how == REMEMBERED) {
        /* Two facts of the stage: the latest one counts. */
        for (int32_t back = 1; back >= 0; back--) {
            struct event before =
                scene_order(scene, "o", one->stage, scene_time(D + one->stage_day - back, 23));
            before.outlet = OUTLET_TIKI;
            (void)scene_put(scene, &before);
        }
    }
    struct event event = scene_order(scene, "o", one->kind, scene_time(D, 1));
    if (one->how == CARRIED) carry(&event, one->stage, scene_time(D + one->stage_day, 0));
    enum verdict verdict = scene_put(scene, &event);
    assert_int_equal(scene->reason, one->reason);
    assert_int_equal(verdict, one->reason != REASON_NONE ? VERDICT_QUARANTINED : VERDICT_APPLIED);
    for (enum outcome outcome = OUTCOME_OK; outcome <= OUTCOME_UNRESOLVED; outcome++) {
        if (outcome == OUTCOME_RETURN_VALUE) continue;
        const char *expected = outcome == one->outcome ? one->value : "";
        assert_string_equal(scene_ledger(scene, D + one->day, 0, scene_facet(&event, ROLE_SELLER, outcome)),
                            expected);
    }
    bool returned = one->kind == KIND_ORDER_RETURNED && one->reason == REASON_NONE;
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&event, ROLE_SELLER, OUTCOME_RETURN_VALUE)),
                        returned ? "1,1000" : "");
    if (one->reason == REASON_NONE) {
        int32_t hour = (int32_t)(event.event_time_ms / 3600000);
        const char *value = one->pulse == OUTCOME_PROGRESS ? "1,0" : "1,1000";
        assert_string_equal(scene_cell(scene, HASH_HOUR, hour, scene_pulse_facet(&event, one->pulse), ""),
                            value);
    }
    scene_destroy(scene);
}

static void orders_book_to_the_day_of_their_stage(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(order_cases) / sizeof(order_cases[0]); i++)
        order_case_holds(&order_cases[i]);
}

static void a_carried_date_wins_over_a_remembered_one(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event created = scene_order(scene, "o", KIND_ORDER_CREATED, scene_time(D - 1, 5));
    (void)scene_put(scene, &created);
    struct event cancelled = scene_order(scene, "o", KIND_ORDER_CANCELLED, scene_time(D, 5));
    cancelled.order_created_ms = scene_time(D - 2, 5);
    (void)scene_put(scene, &cancelled);
    assert_string_equal(scene_ledger(scene, D - 2, 0,
                                     scene_facet(&cancelled, ROLE_SELLER, OUTCOME_CANCELLED)),
                        "1,1000");
    scene_destroy(scene);
}

static void quarantined_and_repeated_records_leave_facts_too(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event future = scene_payment(scene, "p", PAY_DECLINED, scene_time(D, 5));
    scene->record_time_ms = scene_time(D, 4);
    assert_int_equal(scene_put(scene, &future), VERDICT_QUARANTINED);
    scene->record_time_ms = 0;
    struct event captured = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 6));
    assert_int_equal(scene_put(scene, &captured), VERDICT_QUARANTINED);
    assert_int_equal(scene->reason, REASON_IMPOSSIBLE_STATE);
    /* An order and a payment with the same id do not know of each other, whatever their statuses and stages. */
    for (enum pay_status status = PAY_INITIATED; status < PAY_COUNT; status++) {
        struct event payment = scene_payment(scene, "p", status, scene_time(D, 7));
        (void)scene_put(scene, &payment);
    }
    struct event order = scene_order(scene, "p", KIND_ORDER_CREATED, scene_time(D, 7));
    assert_int_equal(scene_put(scene, &order), VERDICT_APPLIED);
    /* A duplicate moves its stage's latest fact. */
    struct event delivered = scene_order(scene, "q", KIND_ORDER_DELIVERED, scene_time(D - 1, 5));
    scene_id(&delivered, "one");
    assert_int_equal(scene_put(scene, &delivered), VERDICT_APPLIED);
    delivered.event_time_ms = scene_time(D - 3, 5);
    assert_int_equal(scene_put(scene, &delivered), VERDICT_DUPLICATE);
    struct event returned = scene_order(scene, "q", KIND_ORDER_RETURNED, scene_time(D, 8));
    assert_int_equal(scene_put(scene, &returned), VERDICT_APPLIED);
    assert_string_equal(scene_ledger(scene, D - 3, 0, scene_facet(&returned, ROLE_SELLER, OUTCOME_RETURNED)),
                        "1,0");
    scene_destroy(scene);
}

static void entities_of_two_sources_do_not_meet(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event a = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 5));
    struct event b = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 6));
    scene_account(&b, "OTHER", "m1");
    (void)scene_put(scene, &a);
    (void)scene_put(scene, &b);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&a, ROLE_SELLER, OUTCOME_OK)), "1,1000");
    assert_string_equal(scene_ledger(scene, D, 1, scene_facet(&b, ROLE_SELLER, OUTCOME_OK)), "1,1000");
    scene_destroy(scene);
}

static void rides_and_websites_book_without_a_look_up(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event ride = scene_ride(scene, scene_time(D, 9));
    assert_int_equal(scene_put(scene, &ride), VERDICT_APPLIED);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&ride, ROLE_SELLER, OUTCOME_OK)), "1,1000");
    struct event site = scene_website(scene, scene_time(D, 9), scene_time(D - 20, 3));
    assert_int_equal(scene_put(scene, &site), VERDICT_APPLIED);
    assert_string_equal(scene_ledger(scene, D - 20, 0, scene_facet(&site, ROLE_SELLER, OUTCOME_OBSERVED)),
                        "1,0");
    struct event soon = scene_website(scene, scene_time(D, 9), scene_time(D, 9) + 300000);
    assert_int_equal(scene_put(scene, &soon), VERDICT_APPLIED);
    struct event future = scene_website(scene, scene_time(D, 9), scene_time(D, 9) + 300001);
    assert_int_equal(scene_put(scene, &future), VERDICT_QUARANTINED);
    assert_int_equal(scene->reason, REASON_FUTURE);
    struct event old = scene_website(scene, scene_time(D, 9), scene_time(D - SCENE_RETENTION_DAYS, 9));
    assert_int_equal(scene_put(scene, &old), VERDICT_QUARANTINED);
    assert_int_equal(scene->reason, REASON_TOO_OLD);
    scene_destroy(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payments_book_their_first_outcome),
        cmocka_unit_test(orders_book_to_the_day_of_their_stage),
        cmocka_unit_test(a_carried_date_wins_over_a_remembered_one),
        cmocka_unit_test(quarantined_and_repeated_records_leave_facts_too),
        cmocka_unit_test(entities_of_two_sources_do_not_meet),
        cmocka_unit_test(rides_and_websites_book_without_a_look_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
