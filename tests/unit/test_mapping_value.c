/* Mappings: amounts and times, exactly (schemas/mapping.md §4). */
#include "tests/unit/mapping_scene.h"

static void amount_is(const char *options, const char *value, const char *expected) {
    char rules[300];
    char message[300];
    (void)snprintf(rules, sizeof(rules), "'amount_minor':{'from':'/a'%s%s}", options[0] != '\0' ? "," : "", options);
    (void)snprintf(message, sizeof(message), "{'a':%s}", value);
    rule_is(rules, "amount_minor", message, expected);
}

static const char bad[] = "bad_amount amount_minor 5";

static void an_amount_is_read_as_text(void **state) {
    (void)state;
    amount_is("", "0", "0");
    amount_is("", "12", "12");
    amount_is("", "'12'", "12");
    amount_is("", "12.00", "12");
    amount_is("", "'0012.000'", "12");
    amount_is("", "12.50", bad);
    amount_is("", "0.1", bad);
    amount_is("", "0.000", "0");
    amount_is("", "9223372036854775807", "9223372036854775807");
    amount_is("", "'9223372036854775807.0'", "9223372036854775807");
    amount_is("", "9223372036854775808", bad);
    amount_is("", "9999999999999999999", bad);
    amount_is("", "10000000000000000000", bad);
    amount_is("", "'00000000000000000000000000000009223372036854775807'", "9223372036854775807");
    amount_is("", "18446744073709551617", bad);
    amount_is("", "9007199254740993", "9007199254740993");
    amount_is("", "0.1e1", "1");
}

static void exponents_stand_in_numbers_only(void **state) {
    (void)state;
    amount_is("", "1e3", "1000");
    amount_is("", "1.5e3", "1500");
    amount_is("", "1.5E+1", "15");
    amount_is("", "1500e-2", "15");
    amount_is("", "1501e-2", bad);
    amount_is("", "92233720368547758.07e2", "9223372036854775807");
    amount_is("", "92233720368547758.08e2", bad);
    amount_is("", "1e18", "1000000000000000000");
    amount_is("", "1e19", bad);
    amount_is("", "1e999999999999999999999", bad);
    amount_is("", "1e-999999999999999999999", bad);
    amount_is("", "0e999999999999999999999", "0");
    amount_is("", "0.0e-999999999999999999999", "0");
    amount_is("", "'1e3'", bad);
    amount_is("", "'1.0e0'", bad);
}

static void other_forms_are_no_amounts(void **state) {
    (void)state;
    const char *const wrong[] = {"''",    "' 1'",     "'1 '",   "'+1'",  "'1,000'",        "'1.'",  "'.5'",  "'0x10'", "'1_000'",
                                 "'VND 1'", "'1.2.3'", "'--1'", "'1\\n'", "'\xef\xbc\x91'", "'-'", "'-.5'", "'1-'"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) amount_is("", wrong[i], bad);
    amount_is("", "'\\u0031\\u0032'", "12");
    amount_is("", "true", "wrong_type amount_minor 5");
    amount_is("", "{}", "wrong_type amount_minor 5");
    amount_is("", "null", "-");
    amount_is("'default':7", "null", "7");
    amount_is("'default':0,'scale':2", "null", "0");
}

static void a_minus_is_refused_or_dropped(void **state) {
    (void)state;
    amount_is("", "-5", bad);
    amount_is("", "'-5'", bad);
    amount_is("", "-0", bad);
    amount_is("", "'-0.00'", bad);
    amount_is("'absolute':true", "-5", "5");
    amount_is("'absolute':true", "'-5.0'", "5");
    amount_is("'absolute':true", "5", "5");
    amount_is("'absolute':true", "-0", "0");
    amount_is("'absolute':true", "'--5'", bad);
    amount_is("'absolute':false", "-5", bad);
    amount_is("'absolute':true", "-9223372036854775808", bad);
    amount_is("'absolute':true", "-9223372036854775807", "9223372036854775807");
}

static void scale_divides_and_multiply_multiplies(void **state) {
    (void)state;
    amount_is("'scale':2", "1200", "12");
    amount_is("'scale':2", "1250", bad);
    amount_is("'scale':2", "1250.00", bad);
    amount_is("'scale':2", "12.5e2", bad);
    amount_is("'scale':2", "'922337203685477580700'", "9223372036854775807");
    amount_is("'scale':2", "'922337203685477580800'", bad);
    amount_is("'scale':9", "1000000000", "1");
    amount_is("'scale':0", "1", "1");
    amount_is("'multiply':3", "1", "1000");
    amount_is("'multiply':3", "1.234", "1234");
    amount_is("'multiply':3", "1.2345", bad);
    amount_is("'multiply':9", "9223372036.854775807", "9223372036854775807");
    amount_is("'multiply':9", "9223372036.854775808", bad);
    amount_is("'multiply':2,'scale':3", "10", "1");
    amount_is("'multiply':2,'scale':3", "1", bad);
    amount_is("'scale':1", "0", "0");
}

static void major_is(const char *currency, const char *value, const char *expected) {
    char message[300];
    (void)snprintf(message, sizeof(message), "{'a':%s,'c':%s}", value, currency);
    rule_is("'amount_minor':{'from':'/a','unit':'major'},'currency':{'from':'/c'}", "amount_minor", message, expected);
}

static void a_major_unit_has_the_exponent_of_the_currency(void **state) {
    (void)state;
    major_is("'VND'", "150000", "150000");
    major_is("'VND'", "150000.00", "150000");
    major_is("'VND'", "150000.5", bad);
    major_is("'JPY'", "5", "5");
    major_is("'USD'", "12.34", "1234");
    major_is("'USD'", "'12.3'", "1230");
    major_is("'USD'", "12.345", bad);
    major_is("'USD'", "12.340", "1234");
    major_is("'USD'", "92233720368547758.07", "9223372036854775807");
    major_is("'USD'", "92233720368547758.08", bad);
    major_is("'KWD'", "12.345", "12345");
    major_is("'KWD'", "1e1", "10000");
    major_is("'CLF'", "0.0001", "1");
    major_is("null", "1", "missing_field currency 16");
    major_is("'ABC'", "1", "unknown_code currency 11");
    major_is("null", "null", "-");
    rule_is("'amount_minor':{'from':'/a','unit':'major'},'currency':'USD'", "amount_minor", "{'a':1.5}", "150");
    rule_is("'amount_minor':{'from':'/a','unit':'major'},'currency':{'from':'/c','default':'USD'}", "amount_minor", "{'a':1.5}",
            "150");
    rule_is("'amount_minor':{'from':'/a','unit':'major','scale':2},'currency':'USD'", "amount_minor", "{'a':1234}", "1234");
    rule_is("'fare_minor':{'from':'/a','unit':'major'},'currency':'KWD'", "fare_minor", "{'a':1.5}", "1500");
    rule_is("'amount_minor':{'from':'/a','unit':'major'}", "amount_minor", "{'a':'?'}", "missing_field currency 9");
    rule_is("'amount_minor':{'from':'/a','unit':'minor'}", "amount_minor", "{'a':5}", "5");
}

static void time_is(const char *options, const char *value, const char *expected) {
    char rules[300];
    char message[300];
    (void)snprintf(rules, sizeof(rules), "'shipped_at':{'from':'/a'%s%s}", options[0] != '\0' ? "," : "", options);
    (void)snprintf(message, sizeof(message), "{'a':%s}", value);
    rule_is(rules, "shipped_at", message, expected);
}

static const char no_time[] = "bad_time shipped_at 5";

static void rfc3339_is_what_a_time_is_by_default(void **state) {
    (void)state;
    const char *const ways[] = {"", "'time':'rfc3339'"};
    for (size_t i = 0; i < 2; i++) {
        time_is(ways[i], "'2021-10-02T17:00:00Z'", "1633194000000");
        time_is(ways[i], "'2021-10-02T17:00:00.1239+07:00'", "1633168800123");
        time_is(ways[i], "'2021-10-02T17:00:00\\u005a'", "1633194000000");
        time_is(ways[i], "'2021-10-02T17:00:00'", no_time);
        time_is(ways[i], "'2021-10-02 17:00:00Z'", no_time);
        time_is(ways[i], "1633194000000", no_time);
        time_is(ways[i], "''", no_time);
        time_is(ways[i], "true", "wrong_type shipped_at 5");
        time_is(ways[i], "[]", "wrong_type shipped_at 5");
        time_is(ways[i], "null", "-");
    }
    time_is("'default':1", "null", "1");
    time_is("'default':'1970-01-01T00:00:01Z'", "null", "1000");
}

static void epochs_count_seconds_millis_or_micros(void **state) {
    (void)state;
    time_is("'time':'epoch_s'", "1633194000", "1633194000000");
    time_is("'time':'epoch_s'", "'1633194000'", "1633194000000");
    time_is("'time':'epoch_s'", "1633194000.9999", "1633194000999");
    time_is("'time':'epoch_s'", "'1633194000.5'", "1633194000500");
    time_is("'time':'epoch_s'", "'1633194000.05'", "1633194000050");
    time_is("'time':'epoch_s'", "'1633194000.'", no_time);
    time_is("'time':'epoch_s'", "'.5'", no_time);
    time_is("'time':'epoch_s'", "1.6e9", no_time);
    time_is("'time':'epoch_s'", "0", "0");
    time_is("'time':'epoch_s'", "'000000000000000000000000000001'", "1000");
    time_is("'time':'epoch_s'", "-1", no_time);
    time_is("'time':'epoch_s'", "-0", no_time);
    time_is("'time':'epoch_s'", "'+1'", no_time);
    time_is("'time':'epoch_s'", "' 1'", no_time);
    time_is("'time':'epoch_s'", "7258118399.999", "7258118399999");
    time_is("'time':'epoch_s'", "7258118400", no_time);
    time_is("'time':'epoch_s'", "18446744073709551617", no_time);
    time_is("'time':'epoch_s'", "99999999999999999999999999", no_time);
    time_is("'time':'epoch_ms'", "1633194000123", "1633194000123");
    time_is("'time':'epoch_ms'", "'1633194000123'", "1633194000123");
    time_is("'time':'epoch_ms'", "1633194000123.0", no_time);
    time_is("'time':'epoch_ms'", "7258118399999", "7258118399999");
    time_is("'time':'epoch_ms'", "7258118400000", no_time);
    time_is("'time':'epoch_us'", "1633194000123999", "1633194000123");
    time_is("'time':'epoch_us'", "7258118399999999", "7258118399999");
    time_is("'time':'epoch_us'", "7258118400000000", no_time);
    time_is("'time':'epoch_us'", "1633194000123999.5", no_time);
    time_is("'time':'epoch_us'", "''", no_time);
    time_is("'time':'epoch_us'", "false", "wrong_type shipped_at 5");
}

static void formats_are_local_wall_times(void **state) {
    (void)state;
    const char *vn = "'time':'yyyyMMddHHmmss','zone':'Asia/Ho_Chi_Minh'";
    time_is(vn, "'20211002170000'", "1633168800000");
    time_is(vn, "20211002170000", "1633168800000");
    time_is(vn, "'2021100217000'", no_time);
    time_is(vn, "'202110021700000'", no_time);
    time_is(vn, "'20211002 70000'", no_time);
    time_is(vn, "'20211302170000'", no_time);
    time_is(vn, "'20210229170000'", no_time);
    time_is(vn, "'20200229170000'", "1582970400000");
    time_is(vn, "'20211002240000'", no_time);
    time_is(vn, "'20211002236000'", no_time);
    time_is(vn, "'20211002235960'", no_time);
    time_is(vn, "'00001002170000'", no_time);
    time_is(vn, "'19700101080000'", "0");
    time_is(vn, "'19700101075959'", no_time);
    time_is(vn, "'22000101065959'", "7258118399000");
    time_is(vn, "'22000101070000'", no_time);
    time_is("'time':'dd/MM/yyyy HH:mm:ss.SSS','zone':'UTC'", "'02/10/2021 17:00:00.123'", "1633194000123");
    time_is("'time':'dd/MM/yyyy HH:mm:ss.SSS','zone':'UTC'", "'02-10/2021 17:00:00.123'", no_time);
    time_is("'time':'yyyy-MM-ddTHH:mmZ','zone':'UTC'", "'2021-10-02T17:00Z'", "1633194000000");
    time_is("'time':'yyyy-MM-dd','zone':'UTC'", "'2021-10-02'", "1633132800000");
    time_is("'time':'yyyyMMdd HH','zone':'UTC'", "'20211002 17'", "1633194000000");
    time_is("'time':'yyyyMMdd','zone':'UTC'", "true", "wrong_type shipped_at 5");
    rule_is("'shipped_at':{'concat':[{'from':'/d'},' ',{'from':'/t'}],'time':'yyyyMMdd HHmm','zone':'UTC'}", "shipped_at",
            "{'t':'1700','d':20211002}", "1633194000000");
}

static void clocks_that_skip_or_repeat_keep_the_offset_before(void **state) {
    (void)state;
    const char *berlin = "'time':'yyyy-MM-dd HH:mm:ss','zone':'Europe/Berlin'";
    time_is(berlin, "'2021-03-28 01:59:59'", "1616893199000"); /* +01:00 */
    time_is(berlin, "'2021-03-28 02:00:00'", "1616893200000"); /* skipped: as +01:00, that is 03:00 +02:00 */
    time_is(berlin, "'2021-03-28 02:30:00'", "1616895000000");
    time_is(berlin, "'2021-03-28 03:00:00'", "1616893200000"); /* +02:00 */
    time_is(berlin, "'2021-10-31 01:59:59'", "1635638399000"); /* +02:00 */
    time_is(berlin, "'2021-10-31 02:00:00'", "1635638400000"); /* twice: the first, +02:00 */
    time_is(berlin, "'2021-10-31 02:59:59'", "1635641999000");
    time_is(berlin, "'2021-10-31 03:00:00'", "1635645600000"); /* +01:00 */
    const char *lord_howe = "'time':'yyyy-MM-dd HH:mm','zone':'Australia/Lord_Howe'"; /* half an hour */
    time_is(lord_howe, "'2021-04-04 01:45'", "1617461100000"); /* twice: +11:00 */
    time_is(lord_howe, "'2021-10-03 02:15'", "1633189500000"); /* skipped: +10:30 */
    const char *apia = "'time':'yyyy-MM-dd HH:mm','zone':'Pacific/Apia'"; /* 2011-12-30 was left out */
    time_is(apia, "'2011-12-29 23:59'", "1325239140000"); /* -10:00 */
    time_is(apia, "'2011-12-30 12:00'", "1325282400000"); /* skipped: -10:00 */
    time_is(apia, "'2011-12-31 00:00'", "1325239200000"); /* +14:00 */
}

static void an_epoch_with_a_zone_counts_local_time(void **state) {
    (void)state;
    time_is("'time':'epoch_ms','zone':'Asia/Ho_Chi_Minh'", "1633194000000", "1633168800000");
    time_is("'time':'epoch_us','zone':'Asia/Ho_Chi_Minh'", "1633194000123456", "1633168800123");
    time_is("'time':'epoch_s','zone':'UTC'", "1633194000", "1633194000000");
    time_is("'time':'epoch_ms','zone':'Asia/Ho_Chi_Minh'", "0", no_time);
    time_is("'time':'epoch_ms','zone':'America/New_York'", "0", "18000000");
    time_is("'time':'epoch_ms','zone':'Europe/Berlin'", "1635647400000", "1635640200000"); /* 02:30, the first */
    time_is("'time':'epoch_us','zone':'Europe/Berlin'", "9223372036854775807", no_time);
}

static int done(void **state) {
    (void)state;
    scene_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_is_read_as_text),
        cmocka_unit_test(exponents_stand_in_numbers_only),
        cmocka_unit_test(other_forms_are_no_amounts),
        cmocka_unit_test(a_minus_is_refused_or_dropped),
        cmocka_unit_test(scale_divides_and_multiply_multiplies),
        cmocka_unit_test(a_major_unit_has_the_exponent_of_the_currency),
        cmocka_unit_test(rfc3339_is_what_a_time_is_by_default),
        cmocka_unit_test(epochs_count_seconds_millis_or_micros),
        cmocka_unit_test(formats_are_local_wall_times),
        cmocka_unit_test(clocks_that_skip_or_repeat_keep_the_offset_before),
        cmocka_unit_test(an_epoch_with_a_zone_counts_local_time),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
