/* What is booked where: booking.md §3 and §6, a claim per sentence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/scene.h"
#include "zone.h"

enum { D = SCENE_DAY };

static int32_t minute_of(const struct event *event) {
    return (int32_t)(event->event_time_ms / 60000);
}

static int32_t hour_of(const struct event *event) {
    return (int32_t)(event->event_time_ms / 3600000);
}

static size_t sketch_persons(struct scene *scene, enum hash_kind kind, int32_t bucket, uint64_t facet) {
    scene_commit(scene);
    char field[FACET_TEXT_LENGTH];
    facet_format(facet, field);
    struct slice value = memory_store_value(scene->store, (struct hash_id){kind, bucket, 0},
                                            (struct slice){field, sizeof(field)});
    return value.length / 3; /* sparse: form byte + 3 per register */
}

static void cells_add_number_and_value(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event event = scene_payment(scene, "p1", PAY_REFUNDED, scene_time(D, 9));
    (void)scene_put(scene, &event);
    event = scene_payment(scene, "p2", PAY_REFUNDED, scene_time(D, 9));
    event.amount_minor = 0;
    (void)scene_put(scene, &event);
    event = scene_payment(scene, "p3", PAY_REFUNDED, scene_time(D, 9));
    event.amount_minor = 0;
    event.unconverted = true;
    (void)scene_put(scene, &event);
    event = scene_payment(scene, "p4", PAY_REFUNDED, scene_time(D, 9));
    event.amount_minor = INT64_MAX;
    (void)scene_put(scene, &event);
    (void)scene_commit(scene);
    event = scene_payment(scene, "p5", PAY_REFUNDED, scene_time(D, 9));
    event.amount_minor = INT64_MAX;
    (void)scene_put(scene, &event);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&event, ROLE_SELLER, OUTCOME_REFUNDED)),
                        "5,18446744073709552614,1");
    assert_string_equal(scene_cell(scene, HASH_MINUTE, minute_of(&event),
                                   scene_pulse_facet(&event, OUTCOME_REFUNDED), ""),
                        "5,18446744073709552614,1");
    assert_int_equal(scene_counts(scene)->unconverted, 1);
    scene_destroy(scene);
}

static void the_facet_holds_the_coordinates_of_the_family(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event wallet = scene_payment(scene, "p1", PAY_CAPTURED, scene_time(D, 9));
    wallet.instrument = INSTRUMENT_EWALLET;
    wallet.party = PARTY_ZALOPAY;
    wallet.cross_border = CROSS_BORDER_IMPORT;
    wallet.category = CATEGORY_FOOD; /* not a payment's */
    wallet.outlet = OUTLET_TIKI;
    (void)scene_put(scene, &wallet);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&wallet, ROLE_SELLER, OUTCOME_OK)), "1,1000");
    /* A reason class that an event carries without being declined is not a coordinate; the follow-up under FIRST neither. */
    struct event declined = scene_payment(scene, "p2", PAY_DECLINED, scene_time(D, 9));
    declined.captured_ms = scene_time(D - 1, 3);
    (void)scene_put(scene, &declined);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&declined, ROLE_SELLER, OUTCOME_UNRESOLVED)),
                        "1,1000");
    struct event order = scene_order(scene, "o1", KIND_ORDER_CREATED, scene_time(D, 9));
    order.cross_border = CROSS_BORDER_EXPORT;
    order.person_type = PERSON_GOVERNMENT;
    order.instrument = INSTRUMENT_CARD; /* not an order's */
    order.context = CONTEXT_POS;
    (void)scene_put(scene, &order);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&order, ROLE_SELLER, OUTCOME_CREATED)),
                        "1,1000");
    assert_string_equal(scene_cell(scene, HASH_MINUTE, minute_of(&order),
                                   scene_pulse_facet(&order, OUTCOME_CREATED), ""),
                        "1,1000");
    struct event site = scene_website(scene, scene_time(D, 9), scene_time(D, 3));
    site.person_type = PERSON_BUSINESS;
    (void)scene_put(scene, &site);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&site, ROLE_SELLER, OUTCOME_OBSERVED)), "1,0");
    scene_destroy(scene);
}

static void follow_ups_book_their_own_codes_and_amount(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event created = scene_order(scene, "o", KIND_ORDER_CREATED, scene_time(D - 1, 9));
    (void)scene_put(scene, &created);
    struct event cancelled = scene_order(scene, "o", KIND_ORDER_CANCELLED, scene_time(D, 9));
    cancelled.outlet = OUTLET_LAZADA;
    cancelled.amount_minor = 7;
    (void)scene_put(scene, &cancelled);
    assert_string_equal(scene_ledger(scene, D - 1, 0,
                                     scene_facet(&cancelled, ROLE_SELLER, OUTCOME_CANCELLED)),
                        "1,7");
    /* The pulse has the cancellation at its own minute. */
    assert_string_equal(scene_cell(scene, HASH_MINUTE, minute_of(&cancelled),
                                   scene_pulse_facet(&cancelled, OUTCOME_CANCELLED), ""),
                        "1,7");
    scene_destroy(scene);
}

static void a_business_buyer_has_cells_of_its_own(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event order = scene_order(scene, "o", KIND_ORDER_CREATED, scene_time(D, 9));
    scene_buyer(&order, "b7");
    (void)scene_put(scene, &order);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&order, ROLE_SELLER, OUTCOME_CREATED)),
                        "1,1000");
    assert_string_equal(scene_ledger(scene, D, 1, scene_facet(&order, ROLE_BUYER, OUTCOME_CREATED)),
                        "1,1000");
    assert_string_equal(scene_cell(scene, HASH_HOUR, hour_of(&order),
                                   scene_pulse_facet(&order, OUTCOME_CREATED), ""),
                        "1,1000");
    assert_string_equal(scene_account_value(scene, 0), "SRC\x1Fm1\x1F;18900-18900;;");
    assert_string_equal(scene_account_value(scene, 1), "SRC\x1F"
                                                       "b7\x1F;;18900-18900;");
    /* Other stages need no buyer. */
    struct event shipped = scene_order(scene, "o", KIND_ORDER_SHIPPED, scene_time(D, 10));
    scene_buyer(&shipped, "b8");
    (void)scene_put(scene, &shipped);
    assert_int_equal(rollup_progress(scene->rollup)->accounts, 2);
    scene_destroy(scene);
}

static void an_account_is_numbered_even_if_nothing_is_booked(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event paid = scene_order(scene, "o", KIND_ORDER_PAID, scene_time(D, 9));
    (void)scene_put(scene, &paid);
    assert_string_equal(scene_account_value(scene, 0), "SRC\x1Fm1\x1F;;;");
    struct event refused = scene_order(scene, "o", KIND_ORDER_CANCELLED, scene_time(D, 9));
    scene_account(&refused, "SRC", "m2");
    refused.order_created_ms = scene_time(D + 1, 1);
    assert_int_equal(scene_put(scene, &refused), VERDICT_QUARANTINED);
    assert_int_equal(rollup_progress(scene->rollup)->accounts, 1);
    /* A buyer may be the seller, and numbers go by (source, id). */
    struct event created = scene_order(scene, "o2", KIND_ORDER_CREATED, scene_time(D, 9));
    scene_buyer(&created, "m1");
    (void)scene_put(scene, &created);
    assert_int_equal(rollup_progress(scene->rollup)->accounts, 1);
    struct event other = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 9));
    scene_account(&other, "SR", "Cm1");
    (void)scene_put(scene, &other);
    assert_string_equal(scene_account_value(scene, 1), "SR\x1F"
                                                       "Cm1\x1F"
                                                       "18900-18900;;;");
    scene_destroy(scene);
}

struct purchase_case {
    enum instrument instrument;
    enum context context;
    enum person_type person_type;
    uint64_t person_print;
    bool paid;   /* counts as adoption */
    bool person; /* is in the sketch */
};

static void only_purchases_count_as_adoption(void **state) {
    (void)state;
    static const struct purchase_case cases[] = {
        {INSTRUMENT_CARD, CONTEXT_POS, PERSON_HOUSEHOLD, 9, true, true},
        {INSTRUMENT_CARD, CONTEXT_POS, PERSON_HOUSEHOLD, 0, true, false},
        {INSTRUMENT_CARD, CONTEXT_AD, PERSON_BUSINESS, 9, true, false},
        {INSTRUMENT_OTHER, CONTEXT_BILL, PERSON_UNKNOWN, 9, true, false},
        {INSTRUMENT_CASH, CONTEXT_POS, PERSON_HOUSEHOLD, 9, false, false},
        {INSTRUMENT_BANK_A2A, CONTEXT_TRANSFER, PERSON_HOUSEHOLD, 9, false, false},
        {INSTRUMENT_BANK_A2A, CONTEXT_TOPUP, PERSON_HOUSEHOLD, 9, false, false},
        {INSTRUMENT_BANK_A2A, CONTEXT_CASHOUT, PERSON_HOUSEHOLD, 9, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene *scene = scene_create();
        struct event event = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 9));
        event.instrument = cases[i].instrument;
        event.context = cases[i].context;
        event.person_type = cases[i].person_type;
        event.person_print = cases[i].person_print;
        (void)scene_put(scene, &event);
        assert_string_equal(scene_account_value(scene, 0), cases[i].paid ? "SRC\x1Fm1\x1F"
                                                                           "18900-18900;;;"
                                                                         : "SRC\x1Fm1\x1F;;;");
        uint64_t facet = facet_with_instrument(facet_with_family(0, FAMILY_PAYMENT), event.instrument);
        assert_int_equal(sketch_persons(scene, HASH_SKETCH_DAY, D, facet), cases[i].person);
        assert_int_equal(sketch_persons(scene, HASH_SKETCH_MONTH, month_of_day(D), facet), cases[i].person);
        assert_int_equal(sketch_persons(scene, HASH_SKETCH_ACCOUNT, month_of_day(D), 0), cases[i].person);
        /* The histogram has every payment booked OK, cash and transfers too. 1000 = 16 * 9 + 15 + 1. */
        assert_string_equal(scene_cell(scene, HASH_HISTOGRAM, month_of_day(D), facet, "Cg"), "1,1000");
        scene_destroy(scene);
    }
}

/* The sketch of intents or drivers with this outcome has so many registers set. */
static size_t sketch_groups(struct scene *scene, enum hash_kind kind, int32_t bucket, uint64_t facet, enum outcome outcome) {
    return sketch_persons(scene, kind, bucket, facet_with_outcome(facet, outcome));
}

static void attempts_that_name_their_intent_go_to_sketches_by_outcome(void **state) {
    static const struct {
        enum pay_status status;
        enum instrument instrument;
        enum context context;
        uint64_t intent;
        enum outcome booked; /* NONE: not an attempt of commerce, or it names no intent */
    } cases[] = {
        {PAY_CAPTURED, INSTRUMENT_CARD, CONTEXT_POS, 9, OUTCOME_OK},
        {PAY_DECLINED, INSTRUMENT_CARD, CONTEXT_POS, 9, OUTCOME_DECLINED},
        {PAY_CAPTURED, INSTRUMENT_CARD, CONTEXT_POS, 0, OUTCOME_NONE},
        {PAY_CAPTURED, INSTRUMENT_CASH, CONTEXT_POS, 9, OUTCOME_NONE},
        {PAY_DECLINED, INSTRUMENT_BANK_A2A, CONTEXT_TRANSFER, 9, OUTCOME_NONE},
        {PAY_CAPTURED, INSTRUMENT_BANK_A2A, CONTEXT_TOPUP, 9, OUTCOME_NONE},
        {PAY_CAPTURED, INSTRUMENT_BANK_A2A, CONTEXT_CASHOUT, 9, OUTCOME_NONE},
        {PAY_AUTHORISED, INSTRUMENT_CARD, CONTEXT_POS, 9, OUTCOME_NONE},
        {PAY_REFUNDED, INSTRUMENT_CARD, CONTEXT_POS, 9, OUTCOME_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene *scene = scene_create();
        struct event event = scene_payment(scene, "p", cases[i].status, scene_time(D, 9));
        event.instrument = cases[i].instrument;
        event.context = cases[i].context;
        event.person_type = PERSON_BUSINESS; /* intents count whoever pays */
        event.group_print = cases[i].intent;
        assert_int_equal(scene_put(scene, &event), VERDICT_APPLIED);
        uint64_t facet = facet_with_instrument(facet_with_family(0, FAMILY_PAYMENT), event.instrument);
        for (enum outcome outcome = OUTCOME_OK; outcome <= OUTCOME_DECLINED; outcome++) {
            bool there = outcome == cases[i].booked;
            assert_int_equal(sketch_groups(scene, HASH_SKETCH_DAY, D, facet, outcome), there);
            assert_int_equal(sketch_groups(scene, HASH_SKETCH_MONTH, month_of_day(D), facet, outcome), there);
        }
        assert_int_equal(sketch_persons(scene, HASH_SKETCH_MONTH, month_of_day(D), facet), 0);
        bool named = strstr(scene_account_value(scene, 0), ";18900-18900") != NULL;
        assert_int_equal(named, cases[i].booked != OUTCOME_NONE);
        scene_destroy(scene);
    }
}

static void rides_that_name_their_driver_go_to_one_sketch(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    uint64_t facet = facet_with_outlet(facet_with_family(0, FAMILY_RIDE), OUTLET_RIDE_APP);
    for (uint64_t i = 0; i < 4; i++) {
        struct event event = scene_ride(scene, scene_time(D, 9));
        event.group_print = i / 2 << 60; /* none, none, one, the same */
        assert_int_equal(scene_put(scene, &event), VERDICT_APPLIED);
    }
    assert_int_equal(sketch_groups(scene, HASH_SKETCH_MONTH, month_of_day(D), facet, OUTCOME_OK), 1);
    assert_string_equal(scene_account_value(scene, 0), "SRC\x1Fm1\x1F;;;;18900-18900");
    scene_destroy(scene);
}

static void only_electronic_orders_count_as_adoption(void **state) {
    (void)state;
    for (enum outlet outlet = OUTLET_LAZADA; outlet < OUTLET_RIDE_APP; outlet++) {
        struct scene *scene = scene_create();
        struct event event = scene_order(scene, "o", KIND_ORDER_CREATED, scene_time(D, 9));
        event.outlet = outlet;
        (void)scene_put(scene, &event);
        bool counts = outlet != OUTLET_EMAIL && outlet != OUTLET_PHONE;
        assert_string_equal(scene_account_value(scene, 0),
                            counts ? "SRC\x1Fm1\x1F;18900-18900;;" : "SRC\x1Fm1\x1F;;;");
        uint64_t facet = facet_with_outlet(facet_with_family(0, FAMILY_ORDER), outlet);
        assert_int_equal(sketch_persons(scene, HASH_SKETCH_DAY, D, facet), counts);
        assert_int_equal(sketch_persons(scene, HASH_SKETCH_ACCOUNT, month_of_day(D), 0), counts);
        assert_string_equal(scene_cell(scene, HASH_HISTOGRAM, month_of_day(D), facet, "Cg"), "1,1000");
        scene_destroy(scene);
    }
}

/* One sketch for all that an account sells and takes, in the account's shard; none unless the setting asks for it. */
static void persons_are_kept_by_account_and_month(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event paid = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 9));
    struct event bought = scene_order(scene, "o", KIND_ORDER_CREATED, scene_time(D, 10));
    paid.person_print = 1;
    bought.person_print = UINT64_C(1) << 52 | 1;
    (void)scene_put(scene, &paid);
    (void)scene_put(scene, &bought);
    for (int i = 1; i < 40; i++) {
        char account[8];
        struct event more = scene_payment(scene, "q", PAY_CAPTURED, scene_time(D, 11));
        (void)snprintf(account, sizeof(account), "n%d", i);
        scene_account(&more, "SRC", account);
        more.entity_print += (uint64_t)i;
        (void)scene_put(scene, &more);
    }
    scene_commit(scene);
    assert_int_equal(sketch_persons(scene, HASH_SKETCH_ACCOUNT, month_of_day(D), 0), 2);
    struct hash_id second = {HASH_SKETCH_ACCOUNT, month_of_day(D), 1};
    assert_true(memory_store_has(scene->store, second));
    assert_int_equal(memory_store_value(scene->store, second, SLICE("AAAAAAAAH")).length, 4);
    assert_int_equal(memory_store_value(scene->store, second, SLICE("AAAAAAAAI")).length, 0);
    scene_destroy(scene);

    scene = scene_create();
    scene->options.account_sketches = false;
    struct fault fault;
    rollup_destroy(scene->rollup);
    scene->rollup = rollup_create(&scene->options, &fault);
    (void)scene_put(scene, &paid);
    scene_commit(scene);
    assert_true(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_MONTH, month_of_day(D), 0}));
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_ACCOUNT, month_of_day(D), 0}));
    scene_destroy(scene);
}

static void histogram_and_sketches_take_first_outcomes_only(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event events[] = {
        scene_payment(scene, "p1", PAY_DECLINED, scene_time(D, 9)),
        scene_payment(scene, "p2", PAY_REFUNDED, scene_time(D, 9)),
        scene_payment(scene, "p3", PAY_AUTHORISED, scene_time(D, 9)),
        scene_order(scene, "o1", KIND_ORDER_SHIPPED, scene_time(D, 9)),
        scene_order(scene, "o2", KIND_ORDER_REFUNDED, scene_time(D, 9)),
        scene_ride(scene, scene_time(D, 9)),
        scene_payment(scene, "p4", PAY_SETTLED, scene_time(D, 9)),
    };
    events[6].captured_ms = scene_time(D - 1, 1); /* UNRESOLVED */
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        assert_int_equal(scene_put(scene, &events[i]), VERDICT_APPLIED);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_HISTOGRAM, month_of_day(D), 0}));
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_DAY, D, 0}));
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_MONTH, month_of_day(D), 0}));
    struct event foreign = scene_payment(scene, "p5", PAY_CAPTURED, scene_time(D, 9));
    foreign.unconverted = true;
    foreign.amount_minor = 0;
    (void)scene_put(scene, &foreign);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_HISTOGRAM, month_of_day(D), 0}));
    assert_true(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_DAY, D, 0}));
    scene_destroy(scene);
}

static void progress_and_returned_have_no_unconverted_value(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event paid = scene_order(scene, "o", KIND_ORDER_PAID, scene_time(D, 9));
    paid.unconverted = true;
    paid.amount_minor = 0;
    (void)scene_put(scene, &paid);
    assert_string_equal(scene_cell(scene, HASH_MINUTE, minute_of(&paid),
                                   scene_pulse_facet(&paid, OUTCOME_PROGRESS), ""),
                        "1,0");
    struct event returned = scene_order(scene, "o", KIND_ORDER_RETURNED, scene_time(D, 9));
    returned.unconverted = true;
    returned.amount_minor = 0;
    returned.delivered_ms = scene_time(D - 1, 1);
    (void)scene_put(scene, &returned);
    assert_string_equal(scene_ledger(scene, D - 1, 0, scene_facet(&returned, ROLE_SELLER, OUTCOME_RETURNED)),
                        "1,0");
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&returned, ROLE_SELLER, OUTCOME_RETURN_VALUE)),
                        "1,0,1");
    assert_string_equal(scene_cell(scene, HASH_MINUTE, minute_of(&paid),
                                   scene_pulse_facet(&returned, OUTCOME_RETURNED), ""),
                        "1,0,1");
    scene_destroy(scene);
}

static void activities_are_dated_by_the_booking_day(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event site = scene_website(scene, scene_time(D, 9), scene_time(D - 30, 9));
    (void)scene_put(scene, &site);
    assert_string_equal(scene_account_value(scene, 0), "SRC\x1Fm1\x1F;;;18870-18870");
    site = scene_website(scene, scene_time(D, 9), scene_time(D - 40, 9));
    (void)scene_put(scene, &site);
    struct event pay = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D + 1, 0) - 1);
    (void)scene_put(scene, &pay);
    pay = scene_payment(scene, "q", PAY_CAPTURED, scene_time(D + 1, 0));
    (void)scene_put(scene, &pay);
    assert_string_equal(scene_account_value(scene, 0), "SRC\x1Fm1\x1F"
                                                       "18900-18901;;;18860-18870");
    scene_destroy(scene);
}

static void registry_records_are_kept_in_log_order(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    int64_t first_offset = scene->next_offset;
    for (int i = 0; i < 40; i++) {
        char document[32];
        (void)snprintf(document, sizeof(document), "{\"unit\":%d}", i);
        struct event unit =
            scene_unit(scene, document, scene_time(D - 300, 1)); /* older than retention: does not matter */
        assert_int_equal(scene_put(scene, &unit), VERDICT_APPLIED);
        if (i % 7 == 0) scene_commit(scene);
    }
    scene_commit(scene);
    struct slice value = memory_store_value(scene->store, (struct hash_id){HASH_UNIT, 0, 1}, SLICE("7"));
    char expected[64];
    (void)snprintf(expected, sizeof(expected), "%lld\x1F{\"unit\":39}", (long long)first_offset + 39);
    assert_string_equal(value.data, expected);
    assert_int_equal(memory_store_last_change(scene->store, (struct hash_id){HASH_UNIT, 0, 1}),
                     first_offset + 39);
    assert_int_equal(memory_store_last_change(scene->store, (struct hash_id){HASH_UNIT, 0, 0}),
                     first_offset + 31);
    assert_int_equal(rollup_progress(scene->rollup)->units, 40);
    assert_int_equal(rollup_progress(scene->rollup)->accounts, 0);
    assert_int_equal(rollup_progress(scene->rollup)->watermark_ms, INT64_MIN);
    assert_int_equal(memory_store_hashes(scene->store), 2);
    scene_destroy(scene);
}

static void the_index_names_the_record_that_changed_a_hash(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event event = scene_payment(scene, "p1", PAY_CAPTURED, scene_time(D, 9));
    (void)scene_put(scene, &event); /* 1000 */
    event = scene_payment(scene, "p2", PAY_CAPTURED, scene_time(D - 1, 9));
    (void)scene_put(scene, &event); /* 1001: another day, the same account and person */
    event = scene_payment(scene, "p3", PAY_REFUNDED, scene_time(D, 9));
    (void)scene_put(scene, &event); /* 1002 */
    (void)scene_refuse(scene, REASON_NOT_JSON, scene_time(D, 9));
    scene_commit(scene);
    assert_int_equal(memory_store_last_change(scene->store, (struct hash_id){HASH_LEDGER, D, 0}), 1002);
    assert_int_equal(memory_store_last_change(scene->store, (struct hash_id){HASH_LEDGER, D - 1, 0}), 1001);
    assert_int_equal(memory_store_last_change(scene->store, (struct hash_id){HASH_ACCOUNT, 0, 0}), 1001);
    assert_int_equal(memory_store_last_change(scene->store,
                                              (struct hash_id){HASH_HISTOGRAM, month_of_day(D), 0}),
                     1001);
    assert_int_equal(memory_store_last_change(scene->store, (struct hash_id){HASH_SKETCH_DAY, D, 0}), 1000);
    assert_int_equal(memory_store_last_change(scene->store,
                                              (struct hash_id){HASH_SKETCH_MONTH, month_of_day(D), 0}),
                     1000);
    scene_destroy(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_add_number_and_value),
        cmocka_unit_test(the_facet_holds_the_coordinates_of_the_family),
        cmocka_unit_test(follow_ups_book_their_own_codes_and_amount),
        cmocka_unit_test(a_business_buyer_has_cells_of_its_own),
        cmocka_unit_test(an_account_is_numbered_even_if_nothing_is_booked),
        cmocka_unit_test(only_purchases_count_as_adoption),
        cmocka_unit_test(attempts_that_name_their_intent_go_to_sketches_by_outcome),
        cmocka_unit_test(rides_that_name_their_driver_go_to_one_sketch),
        cmocka_unit_test(only_electronic_orders_count_as_adoption),
        cmocka_unit_test(persons_are_kept_by_account_and_month),
        cmocka_unit_test(histogram_and_sketches_take_first_outcomes_only),
        cmocka_unit_test(progress_and_returned_have_no_unconverted_value),
        cmocka_unit_test(activities_are_dated_by_the_booking_day),
        cmocka_unit_test(registry_records_are_kept_in_log_order),
        cmocka_unit_test(the_index_names_the_record_that_changed_a_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
