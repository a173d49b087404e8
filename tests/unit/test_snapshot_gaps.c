/* Gaps of the log in a vintage: which rows say that they are unsure, and what snapshot.json says. */
#include "snapshot_scene.h"

enum { GAP_FROM = 100, GAP_TO = 140 };

/* Two partitions: events in `t`, units in `r`; the gap is in the one with number `at`. */
static void book(struct scene *scene, size_t at, const char *since, const char *until) {
    scene_open(scene);
    scene_partition(scene, "r", 0, 0, "2021-10-02T00:00:00Z", false);
    scene_unit(scene, "\"merchant_id\":\"M1\",\"valid_from\":\"2021-01-01\",\"recorded_at\":\"2021-01-02T00:00:00Z\","
                      "\"district\":384,\"employees\":3,\"has_email\":\"Y\",\"accepts_epay\":\"Y\",\"status\":\"ACTIVE\","
                      "\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"SUPERMARKET\",\"vsic\":\"47111\","
                      "\"vsic_version\":\"2018\"");
    scene->state->partitions[0].progress.units = 1;
    scene_partition(scene, "t", 0, 1, "2021-10-02T00:00:00Z", true);
    scene_account(scene, 0, "PSP1", "M1", ";;;");
    uint64_t facet = facet_with_outcome(facet_with_role(facet_with_family(0, FAMILY_PAYMENT), ROLE_SELLER), OUTCOME_OK);
    facet = facet_with_instrument(facet_with_context(facet, CONTEXT_ONLINE), INSTRUMENT_CARD);
    scene_cell(scene, 0, "2021-09-10", facet, 3, 3000);
    struct progress *progress = &scene->state->partitions[at].progress;
    progress->gaps[progress->gap_count++] = (struct gap){.from = GAP_FROM,
                                                         .to = GAP_TO,
                                                         .since_ms = at_time(since),
                                                         .record_time_ms = at_time(since),
                                                         .until_ms = until == NULL ? INT64_MAX : at_time(until)};
}

static char status_of(const struct obs_table *table, const char *key) {
    const struct obs_row *row = scene_row(table, key);
    if (row == NULL) fail_msg("no row %s", key);
    return row->cells[OBS_OBS_STATUS][0];
}

static void write_vintage(struct scene *scene, const char *period, struct obs_table *table) {
    struct snapshot_options options = scene_options(scene, period);
    struct snapshot_result result;
    options.daily = true;
    scene_snapshot(scene, &options, &result, table);
    char path[700], text[4096] = "";
    (void)snprintf(path, sizeof(path), "%s/snapshot.json", result.path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "\"gaps\": [{\"from\": 100, \"to\": 140, \"lost\": 40, \"reread\": 0, \"since\": \"2021-"));
}

static void rows_of_the_days_of_a_gap_are_marked_and_no_others(void **state) {
    (void)state;
    struct scene scene;
    struct obs_table table;
    book(&scene, 1, "2021-09-10T20:00:00Z", "2021-09-12T10:00:00Z"); /* local days: 11th and 12th */
    write_vintage(&scene, "2021-09", &table);
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09"), 'U');
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09-10"), 'A');
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09-11"), 'U');
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09-12"), 'U');
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09-13"), 'A');
    assert_int_equal(status_of(&table, "VN_38 MDT_EPAY R _T SUPERMARKET _T _Z _T 2021-09"), 'P');
    obs_table_close(&table);
    scene_close(&scene);
}

static void windows_and_turnover_look_back_into_a_gap(void **state) {
    (void)state;
    struct scene scene;
    struct obs_table table;
    book(&scene, 1, "2021-07-10T00:00:00Z", "2021-08-02T10:00:00Z");
    write_vintage(&scene, "2021-09", &table);
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09"), 'P');
    assert_int_equal(status_of(&table, "VN_38 MER_ACTIVE_SH O _T _T _T _Z _Z 2021-09"), 'U'); /* 90 days */
    assert_int_equal(status_of(&table, "VN_38 MER_NEW_N O _T _T _T _Z _Z 2021-09"), 'U');       /* August */
    obs_table_close(&table);
    scene_close(&scene);
}

static void a_gap_without_an_end_goes_on(void **state) {
    (void)state;
    struct scene scene;
    struct obs_table table;
    book(&scene, 1, "2021-08-10T00:00:00Z", NULL);
    write_vintage(&scene, "2021-09", &table);
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09"), 'U');
    assert_int_equal(status_of(&table, "VN_38 PAY_ATT_N O _T _T _T _Z _T 2021-09-30"), 'U');
    obs_table_close(&table);
    scene_close(&scene);
}

static void a_gap_of_the_registry_marks_what_was_declared(void **state) {
    (void)state;
    struct scene scene;
    struct obs_table table;
    book(&scene, 0, "2021-09-10T00:00:00Z", "2021-09-12T10:00:00Z");
    write_vintage(&scene, "2021-09", &table);
    assert_int_equal(status_of(&table, "VN_38 MDT_EPAY R _T SUPERMARKET _T _Z _T 2021-09"), 'U');
    obs_table_close(&table);
    scene_close(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_the_days_of_a_gap_are_marked_and_no_others),
        cmocka_unit_test(windows_and_turnover_look_back_into_a_gap),
        cmocka_unit_test(a_gap_without_an_end_goes_on),
        cmocka_unit_test(a_gap_of_the_registry_marks_what_was_declared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
