/* Which record of a unit holds on a day, and which unit an account belongs to. */
#include "aggregate/snapshot/crosswalk.h"

#include "snapshot_scene.h"

struct world {
    struct scene scene;
    struct definitions *definitions;
    struct registry *registry;
    struct crosswalk *crosswalk;
};

#define REST                                                                                                                     \
    "\"status\":\"ACTIVE\",\"legal_form\":\"ENTERPRISE\",\"unit_type\":\"GENERIC\",\"vsic\":\"47711\",\"vsic_version\":\"2018\""

/* One record: unit, valid_from, recorded_at, district, further members. */
static void put(struct world *world, const char *unit, const char *from, const char *recorded, int district, const char *more) {
    char fields[1024];
    (void)snprintf(fields, sizeof(fields),
                   "\"merchant_id\":\"%s\",\"valid_from\":\"%s\",\"recorded_at\":\"%s\",\"district\":%d," REST "%s%s", unit, from,
                   recorded, district, more[0] == '\0' ? "" : ",", more);
    scene_unit(&world->scene, fields);
}

static void begin(struct world *world, int64_t accounts) {
    *world = (struct world){.registry = NULL};
    scene_open(&world->scene);
    scene_partition(&world->scene, "p", 0, accounts, "2021-10-01T00:00:00Z", true);
}

static void build(struct world *world, const char *as_of) {
    world->definitions = definitions_create(DEFINITIONS, &world->scene.fault);
    assert_true(state_finish(world->scene.state, &world->scene.fault));
    world->registry = registry_create(world->scene.state, at_time(as_of), world->definitions, &world->scene.fault);
    assert_non_null(world->registry);
    world->crosswalk = crosswalk_create(world->registry, world->scene.state->accounts);
}

static void end(struct world *world) {
    crosswalk_destroy(world->crosswalk);
    registry_destroy(world->registry);
    definitions_destroy(world->definitions);
    scene_close(&world->scene);
}

/* District of the version of `unit` on `day`, 0 when none holds. */
static int district_on(const struct world *world, const char *unit, const char *day) {
    uint32_t version = registry_version(world->registry, registry_unit(world->registry, slice_of(unit)), on_day(day));
    return version == VERSION_NONE ? 0 : registry_record(world->registry, version)->district;
}

/* "unit:district" that account `number` belongs to on `day`, "-" for none. */
static const char *owner_on(const struct world *world, uint32_t number, const char *day) {
    static char text[96];
    uint32_t version = crosswalk_version(world->crosswalk, world->scene.state->slots[number].account, on_day(day));
    if (version == VERSION_NONE) return "-";
    const struct unit_record *record = registry_record(world->registry, version);
    (void)snprintf(text, sizeof(text), "%s:%d", record->unit_id, (int)record->district);
    return text;
}

static void the_latest_valid_from_then_recorded_then_logged_holds(void **state) {
    (void)state;
    struct world world;
    begin(&world, 0);
    put(&world, "A", "2021-01-01", "2021-01-05T00:00:00Z", 380, "");
    put(&world, "A", "2021-06-01", "2021-06-05T00:00:00Z", 381, "");
    put(&world, "A", "2021-01-01", "2021-07-05T00:00:00Z", 382, ""); /* corrects the first: recorded later, same valid_from */
    put(&world, "A", "2021-06-01", "2021-06-05T00:00:00Z", 384, ""); /* same times as the second: later in the log */
    put(&world, "A", "2021-08-01", "2021-09-01T00:00:00Z", 385, "\"valid_to\":\"2021-08-10\"");
    put(&world, "A", "2021-09-01", "2022-01-01T00:00:00Z", 386, ""); /* recorded after A */
    build(&world, "2021-12-31T00:00:00Z");
    assert_int_equal(district_on(&world, "A", "2020-12-31"), 0);
    assert_int_equal(district_on(&world, "A", "2021-01-01"), 382);
    assert_int_equal(district_on(&world, "A", "2021-05-31"), 382);
    assert_int_equal(district_on(&world, "A", "2021-06-01"), 384);
    assert_int_equal(district_on(&world, "A", "2021-08-09"), 385);
    assert_int_equal(district_on(&world, "A", "2021-08-10"), 0); /* cut short: nothing older comes back */
    assert_int_equal(district_on(&world, "A", "2021-12-31"), 0);
    assert_int_equal(world.registry->record_count, 5);
    assert_int_equal(world.registry->record_total, 6);
    end(&world);
}

static void ordinals_beyond_nine_stay_in_log_order(void **state) {
    (void)state;
    struct world world;
    begin(&world, 0);
    for (int i = 0; i < 40; i++)
        put(&world, "A", "2021-01-01", "2021-01-05T00:00:00Z", i == 39 ? 399 : 380 + (i == 3), "");
    build(&world, "2021-12-31T00:00:00Z");
    assert_int_equal(district_on(&world, "A", "2021-03-01"), 399);
    end(&world);
}

static void an_account_with_the_unit_s_id_needs_no_entry(void **state) {
    (void)state;
    struct world world;
    begin(&world, 2);
    scene_account(&world.scene, 0, "PSP1", "A", ";;;");
    scene_account(&world.scene, 1, "PSP1", "B", ";;;");
    put(&world, "A", "2021-01-01", "2021-01-05T00:00:00Z", 380, "");
    put(&world, "A", "2021-06-01", "2021-06-05T00:00:00Z", 381, "");
    build(&world, "2021-12-31T00:00:00Z");
    assert_string_equal(owner_on(&world, 0, "2020-12-31"), "-");
    assert_string_equal(owner_on(&world, 0, "2021-05-31"), "A:380");
    assert_string_equal(owner_on(&world, 0, "2021-06-01"), "A:381");
    assert_string_equal(owner_on(&world, 1, "2021-06-01"), "-");
    end(&world);
}

static void entries_hold_for_their_days_and_win_over_ids(void **state) {
    (void)state;
    struct world world;
    begin(&world, 3);
    scene_account(&world.scene, 0, "PSP1", "T1", ";;;");
    scene_account(&world.scene, 1, "PSP1", "B", ";;;");  /* also a unit's id */
    scene_account(&world.scene, 2, "PSP2", "T1", ";;;"); /* another source */
    put(&world, "A", "2021-01-01", "2021-01-05T00:00:00Z", 380,
        "\"accounts\":[{\"source\":\"PSP1\",\"account_id\":\"T1\",\"valid_from\":\"2021-03-01\",\"valid_to\":\"2021-07-01\"},"
        "{\"source\":\"PSP1\",\"account_id\":\"B\",\"valid_from\":\"2021-04-01\",\"valid_to\":\"2021-05-01\"}]");
    put(&world, "A", "2021-06-01", "2021-06-05T00:00:00Z", 381,
        "\"accounts\":[{\"source\":\"PSP1\",\"account_id\":\"T1\",\"valid_to\":\"2021-07-01\"}]");
    put(&world, "B", "2021-01-01", "2021-01-05T00:00:00Z", 382, "");
    build(&world, "2021-12-31T00:00:00Z");
    assert_string_equal(owner_on(&world, 0, "2021-02-28"), "-");
    assert_string_equal(owner_on(&world, 0, "2021-03-01"), "A:380");
    assert_string_equal(owner_on(&world, 0, "2021-06-01"), "A:381");
    assert_string_equal(owner_on(&world, 0, "2021-07-01"), "-");
    assert_string_equal(owner_on(&world, 1, "2021-03-31"), "B:382");
    assert_string_equal(owner_on(&world, 1, "2021-04-15"), "A:380");
    assert_string_equal(owner_on(&world, 1, "2021-05-01"), "B:382");
    assert_string_equal(owner_on(&world, 2, "2021-04-01"), "-");
    assert_int_equal(crosswalk_refused(world.crosswalk), 0);
    end(&world);
}

static void the_claim_recorded_first_stands_and_others_are_counted(void **state) {
    (void)state;
    struct world world;
    begin(&world, 1);
    scene_account(&world.scene, 0, "PSP1", "T1", ";;;");
    static const char claim[] = "\"accounts\":[{\"source\":\"PSP1\",\"account_id\":\"T1\"}]";
    put(&world, "B", "2021-03-01", "2021-03-05T00:00:00Z", 382, claim);
    put(&world, "A", "2021-01-01", "2021-01-05T00:00:00Z", 380, claim); /* logged later, recorded earlier */
    put(&world, "A", "2021-06-01", "2021-06-05T00:00:00Z", 381, "");    /* gives the account up */
    put(&world, "C", "2021-06-10", "2021-06-12T00:00:00Z", 384, claim); /* B has it by then */
    put(&world, "C", "2021-06-10", "2021-06-13T00:00:00Z", 384, "\"accounts\":[{\"source\":\"PSP1\",\"account_id\":\"T9\"}]");
    build(&world, "2021-12-31T00:00:00Z");
    assert_string_equal(owner_on(&world, 0, "2021-02-01"), "A:380");
    assert_string_equal(owner_on(&world, 0, "2021-05-31"), "A:380");
    assert_string_equal(owner_on(&world, 0, "2021-06-01"), "B:382");
    assert_string_equal(owner_on(&world, 0, "2021-06-20"), "B:382");
    assert_int_equal(crosswalk_refused(world.crosswalk), 1); /* B's before June; C's was corrected in time */
    end(&world);
}

static void a_record_that_breaks_a_rule_is_a_refused_snapshot(void **state) {
    (void)state;
    struct world world;
    begin(&world, 0);
    put(&world, "A", "2021-01-01", "2021-01-05T00:00:00Z", 100, "");
    world.definitions = definitions_create(DEFINITIONS, &world.scene.fault);
    assert_true(state_finish(world.scene.state, &world.scene.fault));
    assert_null(registry_create(world.scene.state, at_time("2021-12-31T00:00:00Z"), world.definitions, &world.scene.fault));
    assert_int_equal(world.scene.fault.code, FAULT_REFUSED);
    assert_non_null(strstr(world.scene.fault.message, "district"));
    end(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_valid_from_then_recorded_then_logged_holds),
        cmocka_unit_test(ordinals_beyond_nine_stay_in_log_order),
        cmocka_unit_test(an_account_with_the_unit_s_id_needs_no_entry),
        cmocka_unit_test(entries_hold_for_their_days_and_win_over_ids),
        cmocka_unit_test(the_claim_recorded_first_stands_and_others_are_counted),
        cmocka_unit_test(a_record_that_breaks_a_rule_is_a_refused_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
