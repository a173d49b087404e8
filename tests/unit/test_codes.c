/* Names of codes: the first, the last and the numbers outside of every list. That the lists say what schemas/codes/ says is the
 * business of tests/schemas_check.py. */
#include "codes.h"
#include "facet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LIST_CHECK(function, type, none, count, first, last)            \
    do {                                                                \
        assert_string_equal(function(none), "");                        \
        assert_string_equal(function((enum type)1), first);             \
        assert_string_equal(function((enum type)((count) - 1)), last);  \
        assert_string_equal(function((enum type)(count)), "");          \
        assert_string_equal(function((enum type)4000000), "");          \
        for (int i = 1; i < (int)(count); i++) {                        \
            for (int j = 1; j < i; j++) {                               \
                assert_string_not_equal(function((enum type)i), function((enum type)j)); \
            }                                                           \
        }                                                               \
    } while (0)

static void every_number_of_a_list_has_its_own_name_and_others_none(void **state) {
    (void)state;
    LIST_CHECK(family_name, family, FAMILY_NONE, FAMILY_COUNT, "PAYMENT", "UNIT");
    LIST_CHECK(event_kind_name, event_kind, KIND_NONE, KIND_COUNT, "payment.status", "unit.registered");
    LIST_CHECK(pay_status_name, pay_status, PAY_NONE, PAY_COUNT, "INITIATED", "REVERSED");
    LIST_CHECK(reason_class_name, reason_class, REASON_CLASS_NONE, REASON_CLASS_COUNT, "BUSINESS", "FRAUD");
    LIST_CHECK(instrument_name, instrument, INSTRUMENT_NONE, INSTRUMENT_COUNT, "CARD", "OTHER");
    LIST_CHECK(context_name, context, CONTEXT_NONE, CONTEXT_COUNT, "POS", "DIGITAL");
    LIST_CHECK(channel_name, channel, CHANNEL_NONE, CHANNEL_COUNT, "MARKETPLACE", "PHONE");
    LIST_CHECK(pay_mode_name, pay_mode, PAY_MODE_NONE, PAY_MODE_COUNT, "PREPAID", "INSTALMENT");
    LIST_CHECK(person_type_name, person_type, PERSON_NONE, PERSON_COUNT, "HOUSEHOLD", "UNKNOWN");
    LIST_CHECK(category_name, category, CATEGORY_NONE, CATEGORY_COUNT, "GOODS", "OTHER");
    LIST_CHECK(cross_border_name, cross_border, CROSS_BORDER_NONE, CROSS_BORDER_COUNT, "DOMESTIC", "EXPORT");
    LIST_CHECK(outlet_name, outlet, OUTLET_NONE, OUTLET_COUNT, "LAZADA", "RIDE_APP");
    LIST_CHECK(party_name, party, PARTY_NONE, PARTY_COUNT, "MOMO", "TIKTOK");
    LIST_CHECK(outcome_name, outcome, OUTCOME_NONE, OUTCOME_COUNT, "OK", "PROGRESS");
    LIST_CHECK(activity_name, activity, ACTIVITY_NONE, ACTIVITY_COUNT, "PAID", "NAMED");
    LIST_CHECK(reason_name, reason, REASON_NONE, REASON_COUNT, "empty_value", "withdrawn");
}

static void reasons_are_rejected_up_to_future_and_quarantined_from_there(void **state) {
    (void)state;
    assert_int_equal(reason_kind_of(REASON_NONE), REASON_KIND_NONE);
    assert_int_equal(reason_kind_of(REASON_COUNT), REASON_KIND_NONE);
    for (int i = 1; i < (int)REASON_COUNT; i++) {
        assert_int_equal(reason_kind_of((enum reason)i), i < (int)REASON_FUTURE ? REASON_KIND_REJECTED : REASON_KIND_QUARANTINED);
    }
}

static void kinds_belong_to_the_family_of_their_prefix(void **state) {
    (void)state;
    assert_int_equal(event_kind_family(KIND_NONE), FAMILY_NONE);
    assert_int_equal(event_kind_family(KIND_COUNT), FAMILY_NONE);
    assert_int_equal(event_kind_family(KIND_PAYMENT_STATUS), FAMILY_PAYMENT);
    for (int i = (int)KIND_ORDER_CREATED; i <= (int)KIND_ORDER_REFUNDED; i++) {
        assert_int_equal(event_kind_family((enum event_kind)i), FAMILY_ORDER);
    }
    assert_int_equal(event_kind_family(KIND_RIDE_COMPLETED), FAMILY_RIDE);
    assert_int_equal(event_kind_family(KIND_WEBSITE_OBSERVED), FAMILY_WEBSITE);
    assert_int_equal(event_kind_family(KIND_UNIT_REGISTERED), FAMILY_UNIT);
}

/* The numbers are part of the stored layout: a code that moves would re-label published state. */
static void numbers_of_the_stored_layout_stand_still(void **state) {
    (void)state;
    assert_int_equal(KIND_UNIT_REGISTERED, 14);
    assert_int_equal(FAMILY_UNIT, 5);
    assert_int_equal(INSTRUMENT_OTHER, 8);
    assert_int_equal(CONTEXT_AD, 8);
    assert_int_equal(OUTLET_OTHER, 6);
    assert_int_equal(OUTLET_RIDE_APP, 13);
    assert_int_equal(PARTY_OTHER, 6);
    assert_int_equal(PARTY_TIKTOK, 11);
    assert_int_equal(PAY_MODE_COD, 2);
    assert_int_equal(PERSON_UNKNOWN, 4);
    assert_int_equal(CATEGORY_OTHER, 7);
    assert_int_equal(OUTCOME_UNRESOLVED, 14);
    assert_int_equal(OUTCOME_PROGRESS, 15);
    assert_int_equal(ACTIVITY_CHANGED, 4);
    assert_int_equal(ACTIVITY_NAMED, 5);
}

static void every_list_fits_into_its_bits_of_a_facet(void **state) {
    (void)state;
#define X(name, type, low, width) assert_true((low) + (width) <= 48);
    FACET_COORDINATES(X)
#undef X
    uint64_t facet = facet_with_family(0, (enum family)(FAMILY_COUNT - 1));
    facet = facet_with_role(facet, (enum role)(ROLE_COUNT - 1));
    facet = facet_with_outlet(facet, (enum outlet)(OUTLET_COUNT - 1));
    facet = facet_with_party(facet, (enum party)(PARTY_COUNT - 1));
    facet = facet_with_instrument(facet, (enum instrument)(INSTRUMENT_COUNT - 1));
    facet = facet_with_pay_mode(facet, (enum pay_mode)(PAY_MODE_COUNT - 1));
    facet = facet_with_context(facet, (enum context)(CONTEXT_COUNT - 1));
    facet = facet_with_category(facet, (enum category)(CATEGORY_COUNT - 1));
    facet = facet_with_cross_border(facet, (enum cross_border)(CROSS_BORDER_COUNT - 1));
    facet = facet_with_person_type(facet, (enum person_type)(PERSON_COUNT - 1));
    facet = facet_with_outcome(facet, (enum outcome)(OUTCOME_COUNT - 1));
    facet = facet_with_reason_class(facet, (enum reason_class)(REASON_CLASS_COUNT - 1));
    assert_int_equal(facet_family(facet), FAMILY_COUNT - 1);
    assert_int_equal(facet_role(facet), ROLE_COUNT - 1);
    assert_int_equal(facet_outlet(facet), OUTLET_COUNT - 1);
    assert_int_equal(facet_party(facet), PARTY_COUNT - 1);
    assert_int_equal(facet_instrument(facet), INSTRUMENT_COUNT - 1);
    assert_int_equal(facet_pay_mode(facet), PAY_MODE_COUNT - 1);
    assert_int_equal(facet_context(facet), CONTEXT_COUNT - 1);
    assert_int_equal(facet_category(facet), CATEGORY_COUNT - 1);
    assert_int_equal(facet_cross_border(facet), CROSS_BORDER_COUNT - 1);
    assert_int_equal(facet_person_type(facet), PERSON_COUNT - 1);
    assert_int_equal(facet_outcome(facet), OUTCOME_COUNT - 1);
    assert_int_equal(facet_reason_class(facet), REASON_CLASS_COUNT - 1);
    char text[FACET_TEXT_LENGTH];
    uint64_t back;
    facet_format(facet, text);
    assert_true(facet_parse(text, &back));
    assert_true(back == facet);
    text[3] = '!';
    assert_false(facet_parse(text, &back));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_a_list_has_its_own_name_and_others_none),
        cmocka_unit_test(reasons_are_rejected_up_to_future_and_quarantined_from_there),
        cmocka_unit_test(kinds_belong_to_the_family_of_their_prefix),
        cmocka_unit_test(numbers_of_the_stored_layout_stand_still),
        cmocka_unit_test(every_list_fits_into_its_bits_of_a_facet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
