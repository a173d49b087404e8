/* indicators.json as data: the shipped file is read whole, what is wrong is refused with its place, and conditions on registry
 * records keep absent and empty apart. */
#include "aggregate/snapshot/cells.h"
#include "aggregate/snapshot/population.h"

#include "check.h"
#include "facet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define SHIPPED "schemas/indicators.json"

static const struct indicator *find_indicator(const struct definitions *definitions, const char *code) {
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        if (strcmp(definitions->indicators[i].code, code) == 0) return &definitions->indicators[i];
    }
    fail_msg("no indicator %s", code);
    return NULL;
}

static const struct population *find_population(const struct definitions *definitions, const char *name) {
    for (size_t i = 0; i < definitions->population_count; i++) {
        if (strcmp(definitions->populations[i].name, name) == 0) return &definitions->populations[i];
    }
    fail_msg("no population %s", name);
    return NULL;
}

static void shipped_definitions_are_read_whole(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    struct definitions *definitions = definitions_create(SHIPPED, &fault);
    if (definitions == NULL) fail_msg("%s", fault.message);
    assert_int_equal(definitions->window_days, 90);
    assert_int_equal(definitions->indicator_count, 51);
    assert_int_equal(definitions->flow_count, 36);
    assert_int_equal(definitions->platform.code_count, 11);
    assert_int_equal(definitions->platform.codes[0].codes, 0x7E);
    const struct indicator *indicator = find_indicator(definitions, "EW_SH_VNET");
    assert_int_equal(indicator->kind, INDICATOR_RATIO);
    assert_int_equal(indicator->shift, 2);
    assert_int_equal(indicator->over.count, 2);
    assert_true(indicator->over_minus.items[0].sum);
    indicator = find_indicator(definitions, "ENT_EMAIL");
    assert_int_equal(indicator->sides[0].test, TEST_WITHIN_DAYS);
    assert_int_equal(indicator->sides[0].days, 365);
    assert_true(indicator->needs_flow);
    definitions_destroy(definitions);
}

/* Replaces the first `from` of the shipped file by `to` and reads the result. */
static struct definitions *read_changed(const char *from, const char *to, struct fault *fault) {
    static char text[65536];
    static char changed[65536 + 256];
    FILE *file = fopen(SHIPPED, "r");
    CHECK(file != NULL);
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    CHECK(fclose(file) == 0);
    char *at = strstr(text, from);
    CHECK(at != NULL);
    (void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    char path[] = "/tmp/nhip-indicators-XXXXXX";
    int out = mkstemp(path);
    CHECK(out >= 0 && write(out, changed, strlen(changed)) == (ssize_t)strlen(changed));
    CHECK(close(out) == 0);
    struct definitions *definitions = definitions_create(path, fault);
    CHECK(unlink(path) == 0);
    return definitions;
}

static void wrong_definitions_are_refused_with_their_place(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        const char *said[3];
    } cases[] = {
        {"\"outlet\": [\"EMAIL\"]", "\"outlet\": [\"MAIL\"]", {"flows.email.outlet", "\"MAIL\"", "OUTLETS"}},
        {"\"outlet\": [\"EMAIL\"]", "\"outlets\": [\"EMAIL\"]", {"flows.email.outlets", "accepted", "outlet_not"}},
        {"\"family\": \"WEBSITE\"", "\"family\": \"SITE\"", {"flows.website.family", "\"SITE\"", "family"}},
        {"[\"ENTERPRISE\"]}", "[\"ENTERPRISES\"]}", {"populations.ENT.legal_form", "accepted", "HOUSEHOLD_BIZ"}},
        {"\"vsic\": [\"47111\"", "\"vsic\": [\"G4711\"", {"vsic", "2 to 5 digits", ""}},
        {"{\"bills_households\": \"Y\"}",
         "{\"bills_households\": true}",
         {"populations.UTL.bills_households", "found true", "within_days"}},
        {"{\"bills_households\": \"Y\"}", "{\"bills\": \"Y\"}", {"populations.UTL.bills", "columns", ""}},
        {"\"kind\": \"structure\"", "\"kind\": \"shape\"", {"indicators.IT_ENT_SH.kind", "\"shape\"", "turnover"}},
        {"\"part\": \"new\"", "\"part\": \"newer\"", {"indicators.MER_NEW_N.part", "\"newer\"", "reactivated"}},
        {"[\"cancelled.n\"]", "[\"cancelled.count\"]", {"indicators.CANC_RATE.plus", "cancelled.count", "flow.sum"}},
        {"[\"cancelled.n\"]", "[\"canceled.n\"]", {"indicators.CANC_RATE.plus", "canceled.n", "`flows`"}},
        {"\"factor\": 100", "\"factor\": 50", {"indicators.CANC_RATE.factor", "found 50", "100"}},
        {"[\"named_ride.n\"]", "[\"ride.n\"]", {"indicators.RIDE_DRIVERS_ACT.plus", "ride.n", "named"}},
        {"[\"named_ride.n\"]", "[\"named_ride.sum\"]", {"indicators.RIDE_DRIVERS_ACT.plus", "named_ride.sum", "flow.n"}},
        {"[\"named_ride.n\"]", "[\"named_ride.n\"], \"daily\": true", {"indicators.RIDE_DRIVERS_ACT.daily", "true", "`plus`"}},
        {"\"population\": \"MDT\"",
         "\"population\": \"SHOPS\"",
         {"indicators.MDT_EPAY.population", "\"SHOPS\"", "`populations`"}},
        {"\"slices\": [\"marketplace_total\", \"district\"]",
         "\"slices\": [\"platform\"]",
         {"indicators.HHI_PLATFORM.slices", "\"platform\"", "kind"}},
        {"\"column\": \"echannels\", \"is\": \"non_empty\"",
         "\"column\": \"echannels\", \"is\": \"in_window\"",
         {"TSB_ECHAN.R.column", "a date", ""}},
        {"\"code\": \"MER_NEW_N\"", "\"code\": \"ORD_N\"", {"ORD_N", "each code once", ""}},
        {"\"window_days\": 90", "\"window_days\": \"90\"", {"window_days", "found \"90\"", "1 to 366"}},
        {"THDX:DF_ADOPTION(1.0.0)", "ADOPTION", {"structure_id", "AGENCY:FLOW(version)", ""}},
        {"\"by\": \"party\"", "\"by\": \"wallet\"", {"HHI_WALLET.by", "\"wallet\"", "outlet party"}},
        {"\"version\": \"1.0.0\"", "\"version\": \"1,0\"", {"version", "comma", ""}},
        {"\"ENT_EMAIL\": {\"en\"", "\"ENT_MAIL\": {\"en\"", {"names.ENT_MAIL", "indicators and populations", ""}},
        {"{\"en\": \"Enterprises\"", "{\"en\": \"\"", {"ENT.en", "1 to 80 characters", ""}},
        {"\"kind\": \"TARGET\"", "\"kind\": \"GOAL\"", {"benchmarks.kind", "\"GOAL\"", "TARGET or REPORTED"}},
        {"\"value\": \"100\"", "\"value\": \"100%\"", {"benchmarks.value", "decimal number", ""}},
        {"\"year\": 2020", "\"year\": \"2020\"", {"benchmarks.year", "1990 to 2100", ""}},
        {"\"area\": \"observed\"", "\"area\": \"matched\"", {"indicators.AD_SPEND_V.area", "\"matched\"", "observed"}},
        {"\"area\": \"observed\"", "\"daily\": false", {"indicators.AD_SPEND_V.slices", "\"area\": \"observed\"", ""}},
        {"\"area\": \"observed\"",
         "\"area\": \"observed\", \"minus\": [\"digital_ok.sum\"]",
         {"indicators.AD_SPEND_V.area", "without daily and minus", ""}},
        {"[\"ad_platform\"]", "[\"ad_platform\", \"district\"]", {"indicators.AD_SPEND_V.area", "ad_platform only", ""}},
        {"[\"FACEBOOK\"", "[\"FACEBOOKS\"", {"axes.ad_platform.codes", "\"FACEBOOKS\"", "PARTIES"}},
        {"[\"FACEBOOK\"", "[\"TIKTOK\"", {"axes.ad_platform.codes", "\"TIKTOK\"", "PARTIES"}},
        {"\"codes\": [\"MARKETPLACE\"", "\"codes\": [\"MARKETS\"", {"axes.platform.codes", "\"MARKETS\"", "groups and codes"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault fault = {.code = FAULT_NONE};
        struct definitions *definitions = read_changed(cases[i].from, cases[i].to, &fault);
        if (definitions != NULL) fail_msg("%s was taken", cases[i].to);
        assert_int_equal(fault.code, FAULT_CONFIG);
        for (size_t j = 0; j < 3; j++) {
            if (strstr(fault.message, cases[i].said[j]) == NULL)
                fail_msg("\"%s\" does not say \"%s\"", fault.message, cases[i].said[j]);
        }
    }
}

static struct unit_record plain_record(void) {
    return (struct unit_record){.legal_form = "ENTERPRISE",
                                .unit_type = "GENERIC",
                                .vsic = "47711",
                                .has_email_asof = DAY_ABSENT,
                                .website_updated_at = DAY_ABSENT};
}

enum { LAST = 18900, WINDOW_FIRST = LAST - 89 };

static void populations_take_alternatives_prefixes_and_absent_columns(void **state) {
    (void)state;
    struct fault fault;
    struct definitions *definitions = definitions_create(SHIPPED, &fault);
    static const struct {
        const char *population, *legal_form, *unit_type, *vsic;
        enum yes_no bills;
        bool holds;
    } cases[] = {
        {"ENT", "ENTERPRISE", "OTHER", "47711", YES_NO_ABSENT, true},
        {"ENT", "HOUSEHOLD_BIZ", "OTHER", "47711", YES_NO_ABSENT, false},
        {"UNIT", "HOUSEHOLD_BIZ", "OTHER", "01", YES_NO_ABSENT, true},
        {"MDT", "BRANCH", "SUPERMARKET", "47711", YES_NO_ABSENT, true},
        {"MDT", "BRANCH", "GENERIC", "47111", YES_NO_ABSENT, true},
        {"MDT", "BRANCH", "GENERIC", "47112", YES_NO_ABSENT, false},
        {"MDT", "BRANCH", "CONVENIENCE", "47111", YES_NO_ABSENT, false},
        {"UTL", "ENTERPRISE", "UTILITY", "36000", YES_NO_ABSENT, true},
        {"UTL", "ENTERPRISE", "UTILITY", "36000", YES_NO_YES, true},
        {"UTL", "ENTERPRISE", "UTILITY", "36000", YES_NO_EMPTY, false},
        {"UTL", "ENTERPRISE", "UTILITY", "36000", YES_NO_NO, false},
        {"UTL", "ENTERPRISE", "UTILITY", "360", YES_NO_YES, false},
        {"TSB", "HOUSEHOLD_BIZ", "GENERIC", "55101", YES_NO_ABSENT, true},
        {"IT_SW", "ENTERPRISE", "GENERIC", "62010", YES_NO_ABSENT, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct unit_record record = plain_record();
        record.legal_form = cases[i].legal_form;
        record.unit_type = cases[i].unit_type;
        record.vsic = cases[i].vsic;
        record.bills_households = cases[i].bills;
        bool holds = population_holds(find_population(definitions, cases[i].population), &record, WINDOW_FIRST, LAST);
        if (holds != cases[i].holds) fail_msg("%s %s %s: %d", cases[i].population, cases[i].unit_type, cases[i].vsic, holds);
    }
    definitions_destroy(definitions);
}

static void declarations_keep_absent_empty_and_stale_apart(void **state) {
    (void)state;
    struct fault fault;
    struct definitions *definitions = definitions_create(SHIPPED, &fault);
    static const struct {
        const char *indicator;
        enum yes_no answer; /* of has_email, or website_url */
        int32_t day;        /* has_email_asof, or website_updated_at */
        enum declaration declared;
    } cases[] = {
        {"ENT_EMAIL", YES_NO_YES, DAY_ABSENT, DECLARED_YES},
        {"ENT_EMAIL", YES_NO_YES, DAY_EMPTY, DECLARED_YES},
        {"ENT_EMAIL", YES_NO_YES, LAST - 364, DECLARED_YES},
        {"ENT_EMAIL", YES_NO_YES, LAST - 365, DECLARED_NO},
        {"ENT_EMAIL", YES_NO_NO, LAST, DECLARED_NO},
        {"ENT_EMAIL", YES_NO_EMPTY, LAST, DECLARED_UNKNOWN},
        {"ENT_EMAIL", YES_NO_ABSENT, LAST - 365, DECLARED_UNKNOWN},
        {"ENT_WEB_UPD", YES_NO_YES, WINDOW_FIRST, DECLARED_YES},
        {"ENT_WEB_UPD", YES_NO_YES, WINDOW_FIRST - 1, DECLARED_NO},
        {"ENT_WEB_UPD", YES_NO_YES, LAST, DECLARED_YES},
        {"ENT_WEB_UPD", YES_NO_YES, LAST + 1, DECLARED_NO},
        {"ENT_WEB_UPD", YES_NO_EMPTY, LAST, DECLARED_NO},
        {"ENT_WEB_UPD", YES_NO_ABSENT, LAST, DECLARED_YES},
        {"ENT_WEB_UPD", YES_NO_YES, DAY_EMPTY, DECLARED_NO},
        {"ENT_WEB_UPD", YES_NO_YES, DAY_ABSENT, DECLARED_NO},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct unit_record record = plain_record();
        bool email = strcmp(cases[i].indicator, "ENT_EMAIL") == 0;
        if (email)
            record.has_email = cases[i].answer;
        else
            record.website_url = cases[i].answer;
        if (email)
            record.has_email_asof = cases[i].day;
        else
            record.website_updated_at = cases[i].day;
        const struct indicator *indicator = find_indicator(definitions, cases[i].indicator);
        assert_int_equal(population_declared(indicator, &record, WINDOW_FIRST, LAST), cases[i].declared);
    }
    definitions_destroy(definitions);
}

static uint64_t flow_bit(const struct definitions *definitions, const char *name) {
    for (size_t i = 0; i < definitions->flow_count; i++) {
        if (strcmp(definitions->flows[i].name, name) == 0) return (uint64_t)1 << i;
    }
    fail_msg("no flow %s", name);
    return 0;
}

static void facets_belong_to_the_flows_that_name_them(void **state) {
    (void)state;
    struct fault fault;
    struct definitions *definitions = definitions_create(SHIPPED, &fault);
    uint64_t order = facet_with_outcome(facet_with_family(0, FAMILY_ORDER), OUTCOME_CREATED);
    uint64_t sold = facet_with_role(facet_with_outlet(order, OUTLET_SHOPEE), ROLE_SELLER);
    uint64_t bought = facet_with_role(facet_with_outlet(order, OUTLET_SHOPEE), ROLE_BUYER);
    uint64_t mailed = facet_with_role(facet_with_outlet(order, OUTLET_EMAIL), ROLE_SELLER);
    assert_int_equal(facet_flows(definitions, sold), flow_bit(definitions, "marketplace") | flow_bit(definitions, "created"));
    assert_int_equal(facet_flows(definitions, bought), flow_bit(definitions, "marketplace"));
    assert_int_equal(facet_flows(definitions, mailed), flow_bit(definitions, "email"));
    assert_int_equal(facet_flows(definitions, facet_with_cross_border(sold, CROSS_BORDER_EXPORT)),
                     flow_bit(definitions, "marketplace") | flow_bit(definitions, "created") |
                         flow_bit(definitions, "created_known") | flow_bit(definitions, "created_export"));
    assert_int_equal(facet_flows(definitions, facet_with_pay_mode(sold, PAY_MODE_COD)), flow_bit(definitions, "marketplace") |
                                                                                            flow_bit(definitions, "created") |
                                                                                            flow_bit(definitions, "created_cod"));
    uint64_t paid = facet_with_outcome(facet_with_role(facet_with_family(0, FAMILY_PAYMENT), ROLE_SELLER), OUTCOME_OK);
    paid = facet_with_instrument(facet_with_context(paid, CONTEXT_ONLINE), INSTRUMENT_CARD);
    assert_int_equal(facet_flows(definitions, paid), flow_bit(definitions, "pay_ok") | flow_bit(definitions, "noncash_rc") |
                                                            flow_bit(definitions, "named_try") |
                                                            flow_bit(definitions, "named_ok"));
    assert_int_equal(facet_flows(definitions, facet_with_context(paid, CONTEXT_TRANSFER)), 0);
    uint64_t fraud = facet_with_reason_class(facet_with_outcome(paid, OUTCOME_DECLINED), REASON_CLASS_FRAUD);
    assert_int_equal(facet_flows(definitions, fraud), flow_bit(definitions, "pay_bd") | flow_bit(definitions, "named_try"));
    definitions_destroy(definitions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_definitions_are_read_whole),
        cmocka_unit_test(wrong_definitions_are_refused_with_their_place),
        cmocka_unit_test(populations_take_alternatives_prefixes_and_absent_columns),
        cmocka_unit_test(declarations_keep_absent_empty_and_stale_apart),
        cmocka_unit_test(facets_belong_to_the_flows_that_name_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
