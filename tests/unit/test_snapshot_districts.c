/* Distinct persons by district: where an account's month goes, that nobody is counted twice, and who is judged. */
#include "snapshot_scene.h"

#define REST                                                                                                                     \
    "\"status\":\"ACTIVE\",\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"GENERIC\",\"vsic\":\"47711\",\"vsic_version\":\"2018\""
#define DISTRICT(code) "VN_38_D" code " BUYERS_ACT_N O _T . _T _T _T "

static void put_unit(struct scene *scene, const char *unit, const char *from, int district, const char *more) {
    char fields[512];
    (void)snprintf(fields, sizeof(fields),
                   "\"merchant_id\":\"%s\",\"valid_from\":\"%s\",\"recorded_at\":\"2021-01-05T00:00:00Z\"," REST
                   ",\"district\":%d%s",
                   unit, from, district, more);
    scene_unit(scene, fields);
}

/* So many persons of the account in the month. */
static void put_persons(struct scene *scene, uint32_t account, const char *month, uint64_t first, uint64_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
    char value[1 + HLL_REGISTERS];
    char field[FACET_TEXT_LENGTH + 2] = "AAAAAAAA";
    size_t length = scene_blob(HLL_ACCOUNT_REGISTERS_LOG2, first, count, value);
    if ((account & 31) != 0) field[FACET_TEXT_LENGTH] = digits[account & 31];
    struct hash_id id = {HASH_SKETCH_ACCOUNT, month_of_day(on_day(month)), account >> 5};
    assert_true(scene_field(scene, id, field, (struct slice){value, length}));
}

/* A card payment on that day. */
static void put_sale(struct scene *scene, uint32_t account, const char *day) {
    uint64_t facet = facet_with_family(0, FAMILY_PAYMENT) | facet_with_role(0, ROLE_SELLER) |
                     facet_with_instrument(0, INSTRUMENT_CARD) | facet_with_context(0, CONTEXT_POS) |
                     facet_with_outcome(0, OUTCOME_OK) | facet_with_person_type(0, PERSON_HOUSEHOLD);
    scene_cell(scene, account, day, facet, 1, 1000);
}

static void open_moves(struct scene *scene) {
    scene_open(scene);
    scene_partition(scene, "p", 0, 4, "2021-10-01T00:00:00Z", true);
    static const char *const names[] = {"A", "B", "C", "NOBODY"};
    for (uint32_t i = 0; i < 4; i++)
        scene_account(scene, i, "PSP1", names[i], ";;;");
    put_unit(scene, "A", "2021-01-01", 380, "");
    put_unit(scene, "B", "2021-01-01", 380, "");
    put_unit(scene, "B", "2021-09-10", 381, "");
    put_unit(scene, "C", "2021-01-01", 384, ",\"valid_to\":\"2021-09-05\"");
    put_persons(scene, 0, "2021-09-01", 1, 20);
    put_persons(scene, 1, "2021-08-01", 11, 20);
    put_persons(scene, 1, "2021-09-01", 11, 20);
    put_persons(scene, 2, "2021-09-01", 31, 3);
    put_persons(scene, 2, "2021-10-01", 31, 3); /* it belongs to no unit any more */
    put_persons(scene, 3, "2021-09-01", 40, 10);
}

static void row_is(const struct obs_table *table, const char *key, const char *value) {
    const struct obs_row *row = scene_row(table, key);
    if (row == NULL) fail_msg("no row %s", key);
    if (strcmp(row->cells[OBS_VALUE], value) != 0) fail_msg("%s: found %s, not %s", key, row->cells[OBS_VALUE], value);
}

static void a_month_goes_where_its_last_unit_is(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    open_moves(&scene);
    struct snapshot_options options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &result, &table);
    row_is(&table, DISTRICT("380") "2021-09", "20");
    row_is(&table, DISTRICT("381") "2021-09", "20");
    row_is(&table, DISTRICT("384") "2021-09", "3");
    row_is(&table, DISTRICT("385") "2021-09", "0");
    assert_null(scene_row(&table, DISTRICT("383") "2021-09")); /* there is no such district */
    const struct obs_row *row = scene_row(&table, DISTRICT("380") "2021-09");
    assert_string_equal(row->cells[OBS_OBS_STATUS], "E");
    assert_string_equal(row->cells[OBS_BOUND_LO], "19");
    assert_string_equal(row->cells[OBS_BOUND_HI], "21");
    obs_table_close(&table);
    options.period = "2021-Q3"; /* persons 11 to 20 bought from A and from B, and B's of August were in 380 */
    scene_snapshot(&scene, &options, &result, &table);
    row_is(&table, DISTRICT("380") "2021-Q3", "30");
    row_is(&table, DISTRICT("381") "2021-Q3", "20");
    obs_table_close(&table);
    options.period = "2021-10";
    scene_snapshot(&scene, &options, &result, &table);
    row_is(&table, DISTRICT("384") "2021-10", "0");
    obs_table_close(&table);
    scene_close(&scene);
}

static void days_and_weeks_have_no_districts_nor_has_a_state_without_accounts(void **state) {
    (void)state;
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    open_moves(&scene);
    struct snapshot_options options = scene_options(&scene, "2021-W36");
    options.daily = true;
    scene_snapshot(&scene, &options, &result, &table);
    assert_null(scene_row(&table, DISTRICT("380") "."));
    assert_non_null(scene_row(&table, "VN_38 BUYERS_ACT_N O _T . _T _T _T 2021-W36"));
    obs_table_close(&table);
    scene_close(&scene);
    scene_open(&scene);
    scene_partition(&scene, "p", 0, 1, "2021-10-01T00:00:00Z", true);
    scene_account(&scene, 0, "PSP1", "A", ";;;");
    put_unit(&scene, "A", "2021-01-01", 380, "");
    put_sale(&scene, 0, "2021-09-02");
    options = scene_options(&scene, "2021-09");
    scene_snapshot(&scene, &options, &result, &table);
    assert_null(scene_row(&table, DISTRICT("380") "."));
    assert_non_null(scene_row(&table, "VN_38 BUYERS_ACT_N O _T . _T _T _T 2021-09"));
    obs_table_close(&table);
    scene_close(&scene);
}

/* Five merchants a district, of three sources: published. Each of the others lacks one thing. */
static void merchants_platforms_and_payers_are_asked(void **state) {
    (void)state;
    static const struct {
        int district, merchants, sources, chained; /* how many are of one group */
        uint64_t persons;
        const char *verdict;
    } cases[] = {
        {380, 5, 3, 0, 100, "F"}, {381, 4, 3, 0, 100, "A"}, {382, 5, 2, 0, 100, "A"},
        {384, 5, 3, 0, 9, "A"},   {385, 5, 3, 2, 100, "A"}, {386, 5, 3, 0, 10, "F"},
    };
    struct scene scene;
    struct snapshot_result result;
    struct obs_table table;
    scene_open(&scene);
    scene_partition(&scene, "p", 0, 5 * 6, "2021-10-01T00:00:00Z", true);
    uint32_t account = 0;
    for (size_t i = 0; i < 6; i++) {
        for (int k = 0; k < cases[i].merchants; k++, account++) {
            char unit[16];
            char source[16];
            (void)snprintf(unit, sizeof(unit), "U%u", account);
            (void)snprintf(source, sizeof(source), "S%d", k % cases[i].sources);
            put_unit(&scene, unit, "2021-01-01", cases[i].district,
                     k < cases[i].chained ? ",\"enterprise_group_id\":\"G\"" : "");
            scene_account(&scene, account, source, unit, ";;;");
            put_sale(&scene, account, "2021-09-02");
            put_persons(&scene, account, "2021-09-01", 1, cases[i].persons);
        }
    }
    struct snapshot_options options = scene_options(&scene, "2021-09");
    options.disclosure = (struct disclosure_rules){.min_units = 5, .min_platforms = 3, .min_payers = 10, .allow_zero = true};
    scene_snapshot(&scene, &options, &result, &table);
    for (size_t i = 0; i < 6; i++) {
        char key[96];
        (void)snprintf(key, sizeof(key), "VN_38_D%d BUYERS_ACT_N O _T . _T _T _T 2021-09", cases[i].district);
        const struct obs_row *row = scene_row(&table, key);
        assert_non_null(row);
        if (strcmp(row->cells[OBS_CONF_STATUS], cases[i].verdict) != 0) fail_msg("%s is %s", key, row->cells[OBS_CONF_STATUS]);
        assert_int_equal(row->cells[OBS_VALUE][0] == '\0', cases[i].verdict[0] == 'A');
    }
    obs_table_close(&table);
    scene_close(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_goes_where_its_last_unit_is),
        cmocka_unit_test(days_and_weeks_have_no_districts_nor_has_a_state_without_accounts),
        cmocka_unit_test(merchants_platforms_and_payers_are_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
