/* The registry's reader: what each column becomes, what is refused and how it is said, and that nothing leaks when
 * memory runs out. */
#include "unit.h"

#include "check.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD                                                                                                        \
    "{\"event_id\":\"r1\",\"source\":\"REGISTRY\",\"merchant_id\":\"M1\",\"recorded_at\":\"2020-01-05T07:00:00+07:00\"," \
    "\"valid_from\":\"2020-01-01\",\"status\":\"SUSPENDED\",\"legal_form\":\"COOPERATIVE\",\"unit_type\":\"MALL\","       \
    "\"vsic\":\"G47111\",\"vsic_version\":2018,\"district\":\"380\""

enum { DAY_2020_01_01 = 18262, DAY_2021_08_15 = 18854 };

static struct unit_record *parsed(const char *more) {
    char text[2000];
    struct unit_refusal refusal = {.field = ""};
    (void)snprintf(text, sizeof(text), HEAD "%s}", more);
    struct unit_record *record = unit_parse(slice_of(text), &refusal);
    memset(text, '#', sizeof(text)); /* the record must not depend on the document */
    if (record == NULL) fail_msg("%s: %s (%s)", more, refusal.field, refusal.message);
    return record;
}

static void required_columns_are_kept(void **state) {
    (void)state;
    struct unit_record *record = parsed("");
    assert_string_equal(record->unit_id, "M1");
    assert_string_equal(record->event_id, "r1");
    assert_string_equal(record->source, "REGISTRY");
    assert_true(record->recorded_at_ms == 1578182400000);
    assert_int_equal(record->valid_from, DAY_2020_01_01);
    assert_int_equal(record->status, UNIT_SUSPENDED);
    assert_string_equal(record->legal_form, "COOPERATIVE");
    assert_string_equal(record->unit_type, "MALL");
    assert_string_equal(record->vsic, "47111");
    assert_int_equal(record->vsic_version, 2018);
    assert_int_equal(record->district, 380);
    unit_destroy(record);
}

static void absent_columns_are_absent_and_null_is_absent(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        ",\"valid_to\":null,\"employees\":null,\"has_email\":null,\"mgmt_software\":null,\"website_url\":null,"
        "\"accounts\":null,"
        "\"website_updated_at\":null,\"echannels\":null,\"mktpl_accounts\":null,\"has_email_asof\":null,"
        "\"parent_enterprise_id\":null",
    };
    for (size_t i = 0; i < 2; i++) {
        struct unit_record *record = parsed(texts[i]);
        assert_int_equal(record->valid_to, DAY_ABSENT);
        assert_int_equal(record->employees, EMPLOYEES_UNKNOWN);
        assert_int_equal(record->has_email, YES_NO_ABSENT);
        assert_int_equal(record->accepts_epay, YES_NO_ABSENT);
        assert_int_equal(record->bills_households, YES_NO_ABSENT);
        assert_int_equal(record->mgmt_software, YES_NO_ABSENT);
        assert_int_equal(record->has_email_asof, DAY_ABSENT);
        assert_int_equal(record->website_updated_at, DAY_ABSENT);
        assert_int_equal(record->website_url, YES_NO_ABSENT);
        assert_int_equal(record->mktpl_accounts, YES_NO_ABSENT);
        assert_int_equal(record->echannels, YES_NO_ABSENT);
        assert_int_equal(record->account_count, 0);
        unit_destroy(record);
    }
}

static void empty_is_not_absent(void **state) {
    (void)state;
    struct unit_record *record =
        parsed(",\"employees\":\"\",\"has_email\":\"\",\"mgmt_software\":\"\",\"website_url\":\"\",\"website_updated_at\":\"\","
               "\"echannels\":[],\"mktpl_accounts\":\"\",\"has_email_asof\":\"\",\"accounts\":[]");
    assert_int_equal(record->employees, EMPLOYEES_UNKNOWN);
    assert_int_equal(record->has_email, YES_NO_EMPTY);
    assert_int_equal(record->mgmt_software, YES_NO_EMPTY);
    assert_int_equal(record->website_url, YES_NO_EMPTY);
    assert_int_equal(record->website_updated_at, DAY_EMPTY);
    assert_int_equal(record->has_email_asof, DAY_EMPTY);
    assert_int_equal(record->echannels, YES_NO_EMPTY);
    assert_int_equal(record->mktpl_accounts, YES_NO_EMPTY);
    unit_destroy(record);
}

static void columns_with_something_in_them(void **state) {
    (void)state;
    struct unit_record *record =
        parsed(",\"employees\":60,\"has_email\":\"Y\",\"accepts_epay\":\"N\",\"mgmt_software\":\"ERP;POS_ERP\","
               "\"website_url\":\"u\",\"website_updated_at\":\"2021-08-15\",\"echannels\":\"OWN_WEB\","
               "\"mktpl_accounts\":[\"a;b\"],\"valid_to\":\"2021-08-15\"");
    assert_int_equal(record->employees, 60);
    assert_int_equal(record->has_email, YES_NO_YES);
    assert_int_equal(record->accepts_epay, YES_NO_NO);
    assert_int_equal(record->mgmt_software, YES_NO_YES);
    assert_int_equal(record->website_url, YES_NO_YES);
    assert_int_equal(record->website_updated_at, DAY_2021_08_15);
    assert_int_equal(record->valid_to, DAY_2021_08_15);
    assert_int_equal(record->echannels, YES_NO_YES);
    assert_int_equal(record->mktpl_accounts, YES_NO_YES);
    unit_destroy(record);
}

static void software_may_be_a_letter_or_a_list(void **state) {
    (void)state;
    static const struct {
        const char *json;
        enum yes_no wanted;
    } values[] = {
        {"\"Y\"", YES_NO_YES}, {"\"N\"", YES_NO_NO}, {"\"\"", YES_NO_EMPTY}, {"[]", YES_NO_NO}, {"[\"CRM\"]", YES_NO_YES},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[100];
        (void)snprintf(text, sizeof(text), ",\"mgmt_software\":%s", values[i].json);
        struct unit_record *record = parsed(text);
        assert_int_equal(record->mgmt_software, values[i].wanted);
        unit_destroy(record);
    }
}

static void accounts_are_kept_with_their_days(void **state) {
    (void)state;
    struct unit_record *record = parsed(",\"accounts\":[{\"source\":\"S1\",\"account_id\":\"a\",\"valid_from\":\"2020-01-01\"},"
                                        "{\"account_id\":\"b\",\"source\":\"S2\",\"valid_to\":\"2021-08-15\",\"note\":[1]}]");
    assert_int_equal(record->account_count, 2);
    assert_string_equal(record->accounts[0].source, "S1");
    assert_string_equal(record->accounts[0].account_id, "a");
    assert_int_equal(record->accounts[0].valid_from, DAY_2020_01_01);
    assert_int_equal(record->accounts[0].valid_to, DAY_ABSENT);
    assert_string_equal(record->accounts[1].source, "S2");
    assert_int_equal(record->accounts[1].valid_from, DAY_ABSENT);
    assert_int_equal(record->accounts[1].valid_to, DAY_2021_08_15);
    unit_destroy(record);
}

static void numbers_that_nobody_reads_do_no_harm(void **state) {
    (void)state;
    unit_destroy(parsed(",\"x\":1e400,\"y\":[123456789012345678901234567890,-0,2.5E-3],"
                        "\"z\":\"1e400 \\\" 99999999999999999999\""));
}

static void wrong_records_are_refused_by_field(void **state) {
    (void)state;
    static const struct {
        const char *more;
        const char *field;
    } wrong[] = {
        {",\"valid_to\":\"2021\"", "valid_to"},
        {",\"employees\":1e3", "employees"},
        {",\"employees\":-1", "employees"},
        {",\"employees\":99999999999", "employees"},
        {",\"has_email\":\"yes\"", "has_email"},
        {",\"has_email\":1", "has_email"},
        {",\"mgmt_software\":\"ERP;\"", "mgmt_software"},
        {",\"mgmt_software\":{}", "mgmt_software"},
        {",\"echannels\":[\"OWN_WEB\",\"Y\"]", "echannels"},
        {",\"echannels\":\"Y\"", "echannels"},
        {",\"mktpl_accounts\":[1]", "mktpl_accounts"},
        {",\"website_url\":[]", "website_url"},
        {",\"accounts\":{}", "accounts"},
        {",\"accounts\":[1]", "accounts"},
        {",\"accounts\":[{\"source\":\"\",\"account_id\":\"1\"}]", "accounts"},
        {",\"enterprise_group_id\":\"caf\\u00e9\"", "enterprise_group_id"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[1000];
        struct unit_refusal refusal = {.field = ""};
        (void)snprintf(text, sizeof(text), HEAD "%s}", wrong[i].more);
        struct unit_record *record = unit_parse(slice_of(text), &refusal);
        if (record != NULL) fail_msg("%s: not refused", wrong[i].more);
        assert_string_equal(refusal.field, wrong[i].field);
        assert_true(strlen(refusal.message) > 10);
    }
}

static void what_is_no_object_is_refused_too(void **state) {
    (void)state;
    static const char *const wrong[] = {"[]", "1", "\"x\"", "null", "{}", "{"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct unit_refusal refusal = {.field = "?"};
        assert_null(unit_parse(slice_of(wrong[i]), &refusal));
        assert_true(strlen(refusal.message) > 10);
    }
}

static void there_are_twenty_seven_districts(void **state) {
    (void)state;
    FILE *file = fopen("schemas/codes/districts.csv", "r");
    char line[512];
    int listed = 0;
    int known = 0;
    for (int32_t code = -1; code < 1000; code++) known += unit_district_known(code);
    assert_int_equal(known, 27);
    assert_false(unit_district_known(383));
    if (file == NULL) fail_msg("schemas/codes/districts.csv not found; tests run at the top of the repository");
    assert_non_null(fgets(line, sizeof(line), file));
    while (fgets(line, sizeof(line), file) != NULL) {
        int code = 0;
        assert_int_equal(sscanf(line, "%d,", &code), 1);
        assert_true(unit_district_known(code));
        listed++;
    }
    (void)fclose(file);
    assert_int_equal(listed, 27);
}

static int allowed; /* allocations of jansson until one fails */

static void *failing_malloc(size_t size) {
    return allowed-- > 0 ? malloc(size) : NULL;
}

static void running_out_of_memory_is_a_refusal_and_leaks_nothing(void **state) {
    (void)state;
    static const char text[] = HEAD ",\"accounts\":[{\"source\":\"S1\",\"account_id\":\"a\"}],\"mgmt_software\":[\"ERP\"]}";
    struct unit_record *record = NULL;
    int tries = 0;
    json_set_alloc_funcs(failing_malloc, free);
    for (; record == NULL && tries < 1000; tries++) {
        struct unit_refusal refusal = {.field = "?"};
        allowed = tries;
        record = unit_parse(SLICE(text), &refusal);
    }
    json_set_alloc_funcs(malloc, free);
    assert_non_null(record);
    assert_true(tries > 10);
    unit_destroy(record);
    unit_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(required_columns_are_kept),
        cmocka_unit_test(absent_columns_are_absent_and_null_is_absent),
        cmocka_unit_test(empty_is_not_absent),
        cmocka_unit_test(columns_with_something_in_them),
        cmocka_unit_test(software_may_be_a_letter_or_a_list),
        cmocka_unit_test(accounts_are_kept_with_their_days),
        cmocka_unit_test(numbers_that_nobody_reads_do_no_harm),
        cmocka_unit_test(wrong_records_are_refused_by_field),
        cmocka_unit_test(what_is_no_object_is_refused_too),
        cmocka_unit_test(there_are_twenty_seven_districts),
        cmocka_unit_test(running_out_of_memory_is_a_refusal_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
