/* COVERAGE by hand: source-days, the registry match, what was not collected, and that nothing of it is there without the file. */
#include "snapshot_scene.h"

#include "aggregate/snapshot/coverage.h"

struct world {
    struct scene scene;
    struct expected *expected;
    struct obs_table table;
    struct snapshot_result result;
    char path[128];
    int64_t platforms;
};

static uint64_t facet_of(enum family family) {
    uint64_t facet = facet_with_role(facet_with_family(0, family), ROLE_SELLER);
    if (family == FAMILY_ORDER) return facet_with_outlet(facet_with_outcome(facet, OUTCOME_CREATED), OUTLET_SHOPEE);
    facet = facet_with_outcome(facet, OUTCOME_OK);
    if (family != FAMILY_PAYMENT) return facet_with_outlet(facet, OUTLET_RIDE_APP);
    return facet_with_instrument(facet_with_context(facet, CONTEXT_POS), INSTRUMENT_CARD);
}

/* Two sources of payments; PSP1 knows unit M1, PSP2 an account that nobody claims. As of noon of 10 September. */
static void open_world(struct world *world) {
    scene_open(&world->scene);
    struct scene *scene = &world->scene;
    scene_partition(scene, "r", 0, 0, "2021-09-10T05:00:00Z", false);
    scene_unit(scene, "\"merchant_id\":\"M1\",\"valid_from\":\"2021-01-01\",\"recorded_at\":\"2021-01-02T00:00:00Z\","
                      "\"district\":384,\"employees\":3,\"accepts_epay\":\"Y\",\"status\":\"ACTIVE\","
                      "\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"SUPERMARKET\",\"vsic\":\"47111\",\"vsic_version\":\"2018\"");
    scene->state->partitions[0].progress.units = 1;
    scene_partition(scene, "t", 0, 2, "2021-09-10T05:00:00Z", true);
    scene_account(scene, 0, "PSP1", "M1", ";;;");
    scene_account(scene, 1, "PSP2", "X", ";;;");
}

static void expect_text(struct world *world, const char *text) {
    (void)snprintf(world->path, sizeof(world->path), "%s/expected.csv", world->scene.directory);
    FILE *file = fopen(world->path, "w");
    CHECK(file != NULL);
    (void)fputs(text, file);
    CHECK(fclose(file) == 0);
    if (!expected_open(&world->expected, world->path, &world->scene.fault)) fail_msg("%s", world->scene.fault.message);
}

static void publish(struct world *world, const char *period, int64_t merchants) {
    struct snapshot_options options = scene_options(&world->scene, period);
    options.expected = world->expected;
    options.raw = true;
    options.daily = true;
    options.disclosure.min_units = merchants;
    options.disclosure.min_platforms = world->platforms;
    scene_snapshot(&world->scene, &options, &world->result, &world->table);
}

static void close_world(struct world *world) {
    obs_table_close(&world->table);
    expected_close(world->expected);
    scene_close(&world->scene);
}

/* "VALUE STATUS COVERAGE" of the row. */
static void expect_row(const struct world *world, const char *key, const char *wanted) {
    char found[128];
    const struct obs_row *row = scene_row(&world->table, key);
    if (row == NULL) fail_msg("no row %s", key);
    (void)snprintf(found, sizeof(found), "%s %s %s", row->cells[OBS_VALUE], row->cells[OBS_OBS_STATUS], row->cells[OBS_COVERAGE]);
    if (strcmp(found, wanted) != 0) fail_msg("%s: found \"%s\", expected \"%s\"", key, found, wanted);
}

#define PAYMENTS(period) "VN_38 PAY_ATT_N O _T _T _T _Z _T " period
#define ORDERS(period) "VN_38 ORD_N O _T _T _T _T _Z " period
#define RIDES(period) "VN_38 RIDE_TRIPS_N O _T _T _T RIDE_APP _Z " period

static void delivered_days_times_matched_events(void **state) {
    (void)state;
    struct world world = {.expected = NULL};
    open_world(&world);
    for (int day = 1; day <= 9; day++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "2021-09-%02d", day);
        scene_cell(&world.scene, 0, text, facet_of(FAMILY_PAYMENT), 100, 1000);
        if (day <= 6) scene_cell(&world.scene, 1, text, facet_of(FAMILY_PAYMENT), 10, 100);
    }
    expect_text(&world, "source,feeds,from\nPSP1,payments,\nPSP2,payments rides,2021-09-04\n");
    publish(&world, "2021-09", 1);
    /* 9 + 6 days expected until yesterday, 9 + 3 delivered; 900 of 960 payments are of a unit: 75 %. */
    expect_row(&world, PAYMENTS("2021-09"), "900 P 75.00");
    /* A day: PSP1 alone; 100 of 110. */
    expect_row(&world, PAYMENTS("2021-09-02"), "100 A 90.91");
    /* PSP2 is silent from the 7th: 1 of 2 is not below one half. */
    expect_row(&world, PAYMENTS("2021-09-07"), "100 P 50.00");
    /* The day of AS_OF is expected of nobody who has not delivered on it; neither is a day to come: nobody delivered. */
    expect_row(&world, PAYMENTS("2021-09-10"), " L 0.00");
    expect_row(&world, PAYMENTS("2021-09-11"), " L 0.00");
    /* Rides are expected and never came; orders are expected of nobody. */
    expect_row(&world, RIDES("2021-09"), " L 0.00");
    expect_row(&world, ORDERS("2021-09"), " L 0.00");
    /* One of two families is missing. */
    expect_row(&world, "VN_38 MER_ACTIVE_N O _T _T _T _Z _Z 2021-09", " L 0.00");
    /* What was declared does not hang on events. */
    expect_row(&world, "VN_38 MDT_EPAY R _T EST _T _Z _T 2021-09", "100.00 P ");
    /* ... and what was seen does: the window begins before PSP1 is known to have delivered. 12 of 69 + 6 days, 900 of 960. */
    expect_row(&world, "VN_38 MDT_EPAY O _T EST _T _Z _T 2021-09", "100.00 U 15.00");
    close_world(&world);
}

static void expect_match(int64_t matched, int64_t unmatched, int64_t merchants, int64_t platforms, const char *wanted) {
    struct world world = {.expected = NULL};
    open_world(&world);
    scene_cell(&world.scene, 0, "2021-09-09", facet_of(FAMILY_PAYMENT), matched, 1000);
    scene_cell(&world.scene, 1, "2021-09-09", facet_of(FAMILY_PAYMENT), unmatched, 100);
    expect_text(&world, "source,feeds\nPSP1,payments\n");
    world.platforms = platforms;
    publish(&world, "2021-09-09", merchants);
    const struct obs_row *row = scene_row(&world.table, PAYMENTS("2021-09-09"));
    assert_non_null(row);
    assert_string_equal(row->cells[OBS_COVERAGE], wanted);
    close_world(&world);
}

static void a_match_that_could_tell_of_one_company_is_in_whole_percents(void **state) {
    (void)state;
    expect_match(100, 10, 1, 2, "90.91");
    expect_match(100, 10, 2, 2, "91.00"); /* one unmatched account */
    expect_match(100, 10, 1, 3, "91.00"); /* two sources */
    expect_match(90, 9, 1, 2, "91.00");   /* below a hundred */
    expect_match(90, 10, 1, 2, "90.00");
}

static void a_delivery_counts_for_every_days_days(void **state) {
    (void)state;
    struct world world = {.expected = NULL};
    open_world(&world);
    scene_cell(&world.scene, 0, "2021-08-31", facet_of(FAMILY_ORDER), 2, 1000);
    scene_cell(&world.scene, 0, "2021-09-04", facet_of(FAMILY_ORDER), 2, 1000);
    expect_text(&world, "source,feeds,every_days\nPSP1,orders,3\n");
    publish(&world, "2021-09", 1);
    /* Of 1 to 9 September: 1, 2 (of 31 August), 4, 5, 6. */
    expect_row(&world, ORDERS("2021-09"), "2 P 55.56");
    /* A quiet day of a source that is on time is a true 0. */
    expect_row(&world, ORDERS("2021-09-02"), "0 A 100.00");
    expect_row(&world, ORDERS("2021-09-03"), " L 0.00");
    close_world(&world);
}

static void a_source_that_is_not_in_the_file_does_not_help(void **state) {
    (void)state;
    struct world world = {.expected = NULL};
    open_world(&world);
    scene_cell(&world.scene, 0, "2021-09-05", facet_of(FAMILY_RIDE), 7, 700);
    scene_cell(&world.scene, 0, "2021-09-05", facet_of(FAMILY_PAYMENT), 7, 700);
    expect_text(&world, "source,feeds,to\nPSP1,payments,2021-09-04\nPSP2,rides,\n");
    publish(&world, "2021-09", 1);
    expect_row(&world, RIDES("2021-09"), " L 0.00");
    expect_row(&world, PAYMENTS("2021-09"), " L 0.00"); /* after its last day */
    const struct obs_row *row = scene_row(&world.table, "VN_38 PAY_SUCC O _T _T _T _Z _T 2021-09");
    assert_non_null(row);
    assert_string_equal(row->cells[OBS_NUMERATOR], "");
    assert_string_equal(row->cells[OBS_DENOMINATOR], "");
    assert_string_equal(row->cells[OBS_OBS_STATUS], "L");
    close_world(&world);
}

static bool vintage_has(const struct world *world, const char *file) {
    char path[700];
    (void)snprintf(path, sizeof(path), "%s/%s", world->result.path, file);
    return access(path, R_OK) == 0;
}

static void without_the_file_nothing_is_said(void **state) {
    (void)state;
    struct world world = {.expected = NULL};
    open_world(&world);
    scene_cell(&world.scene, 0, "2021-09-05", facet_of(FAMILY_PAYMENT), 7, 700);
    publish(&world, "2021-09", 1);
    expect_row(&world, PAYMENTS("2021-09"), "7 P ");
    expect_row(&world, RIDES("2021-09"), "0 P ");
    assert_false(vintage_has(&world, "expected_sources.csv"));
    obs_table_close(&world.table);
    expect_text(&world, "source,feeds\nPSP1,payments\n");
    publish(&world, "2021-09", 1);
    assert_true(vintage_has(&world, "expected_sources.csv"));
    assert_int_equal(world.result.revisions > 0, true); /* another file is a change of what is published */
    close_world(&world);
}

static void fractions_are_compared_without_overflow(void **state) {
    (void)state;
    const __int128 huge = (__int128)1 << 120;
    static const struct fraction half = {1, 2};
    assert_true(fraction_less((struct fraction){huge - 1, 2 * huge}, half));
    assert_false(fraction_less((struct fraction){huge, 2 * huge}, half));
    assert_false(fraction_less((struct fraction){huge + 1, 2 * huge}, half));
    assert_true(fraction_less((struct fraction){0, 1}, (struct fraction){1, huge}));
    assert_true(fraction_less((struct fraction){2, 3}, (struct fraction){3, 4}));
    assert_false(fraction_less((struct fraction){3, 4}, (struct fraction){2, 3}));
    assert_false(fraction_less((struct fraction){6, 8}, (struct fraction){3, 4}));
    assert_true(fraction_less((struct fraction){99, 100}, (struct fraction){1, 1}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivered_days_times_matched_events),
        cmocka_unit_test(a_match_that_could_tell_of_one_company_is_in_whole_percents),
        cmocka_unit_test(a_delivery_counts_for_every_days_days),
        cmocka_unit_test(a_source_that_is_not_in_the_file_does_not_help),
        cmocka_unit_test(without_the_file_nothing_is_said),
        cmocka_unit_test(fractions_are_compared_without_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
