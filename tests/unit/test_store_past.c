/* A Redis that is not where it was left: set back, emptied, claimed by others, or touched. A lane must tell these apart, since
 * one heals by reading again, one is the end, and one is a person's affair. And the routes to a Redis that is several. */
#include "aggregate/store/route.h"
#include "tests/unit/lane_scene.h"

static struct slice meta_key(struct key *key) {
    struct keys keys;
    struct fault fault;
    CHECK(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    return key_meta(&keys, key);
}

static void set_meta(struct scene *scene, const char *field, const char *value) {
    struct key key;
    DO(scene, SLICE("HSET"), meta_key(&key), slice_of(field), slice_of(value));
}

/* A lane that has committed offset 10, whose Redis is then changed by `field` = `value`, at its next commit (or, when it is idle,
 * at its next question). */
static enum fault_code after_change(struct scene *scene, const char *field, const char *value, bool idle, struct fault *fault) {
    struct progress progress;
    int64_t committed = 0;
    bool in_flight = true;
    struct rollup *rollup = rollup_fake();
    DO(scene, SLICE("FLUSHALL"));
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    set_meta(scene, field, value);
    *fault = (struct fault){.code = FAULT_NONE};
    if (idle) {
        lane_verify(lane);
    } else {
        fake_set(rollup, MINUTE_1, "cell", "2", 10);
        fake_advance(rollup, 11);
        assert_true(lane_commit(lane, rollup, fault));
    }
    for (int i = 0; i < 100 && in_flight && lane_poll(lane, 20, &committed, &in_flight, fault); i++)
        continue;
    assert_true(committed == 10);
    assert_stored(scene, MINUTE_1, "cell", "1");
    lane_close(lane, false);
    free(rollup);
    return fault->code;
}

static void an_older_state_is_told_from_a_claim_of_somebody_else(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    for (int idle = 0; idle < 2; idle++) {
        assert_int_equal(after_change(scene, "next", "7", idle, &fault), FAULT_WENT_BACK);
        assert_non_null(strstr(fault.message, "stands at offset 7"));
        assert_int_equal(after_change(scene, "epoch", "0", idle, &fault), FAULT_WENT_BACK);
        assert_non_null(strstr(fault.message, "before our claim"));
        assert_int_equal(after_change(scene, "epoch", "2", idle, &fault), FAULT_FENCED);
        assert_int_equal(after_change(scene, "owner", "0123456789abcdef", idle, &fault), FAULT_FENCED);
        assert_false(fault.retriable);
    }
}

static void a_touch_between_two_commits_is_not_a_claim(void **state) {
    struct fault fault;
    assert_int_equal(after_change(*state, "commit_ms", "1", false, &fault), FAULT_WENT_BACK);
    assert_non_null(strstr(fault.message, "written to between two commits"));
    assert_int_equal(after_change(*state, "commit_ms", "1", true, &fault), FAULT_NONE); /* idle: it stands where it stood */
}

static void an_idle_lane_notices_that_its_state_is_gone(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    bool in_flight = false;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    lane_verify(lane);
    assert_true(lane_poll(lane, 1000, &committed, &in_flight, &fault));
    assert_false(in_flight);
    commit_value(lane, rollup, "2", 11); /* being asked has not cost the licence to commit */
    DO(scene, SLICE("FLUSHALL"));
    lane_verify(lane);
    assert_false(lane_poll(lane, 1000, &committed, &in_flight, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "committed was offset 11"));
    lane_close(lane, true);
    assert_answer(scene, "0", SLICE("DBSIZE"));
    free(rollup);
}

static void a_claim_that_is_lost_before_any_commit_is_taken_again(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    DO(scene, SLICE("FLUSHALL"));
    fake_set(rollup, LEDGER_1, "cell", "1,1", 0);
    fake_advance(rollup, 1);
    assert_true(lane_commit(lane, rollup, &fault));
    assert_false(settle(lane, &committed, NULL, &fault));
    assert_int_equal(fault.code, FAULT_WENT_BACK);
    lane_close(lane, false);
    free(rollup);
}

static void offsets_that_are_read_again_add_up_in_meta(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    lane_close(lane, true);
    assert_meta(scene, "replayed", "");
    static const int64_t pasts[] = {25, 10, -1, 13};
    static const char *const sums[] = {"15", "15", "15", "18"};
    for (int i = 0; i < 4; i++) {
        lane = lane_open_after(&scene->options, PAYMENTS_3, pasts[i], &progress, &fault);
        assert_non_null(lane);
        assert_true(progress.next == 10);
        assert_meta(scene, "replayed", sums[i]);
        lane_close(lane, true);
    }
    free(rollup);
}

static void a_commit_without_replicas_is_not_confirmed_when_they_are_asked_for(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    bool in_flight = true;
    struct store_options options = scene->options;
    options.replicas = 1;
    options.replicas_ms = 30;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&options, &progress);
    for (int64_t next = 10; next < 12; next++) {
        char value[FAKE_TEXT_MAX];
        (void)snprintf(value, sizeof(value), "%d", (int)next);
        fake_set(rollup, MINUTE_1, "field", value, next - 1);
        fake_advance(rollup, next);
        assert_true(lane_commit(lane, rollup, &fault));
        assert_true(lane_poll(lane, 2000, &committed, &in_flight, &fault));
        assert_false(in_flight);
        assert_true(committed == SOURCE_START_BEGINNING);
    }
    assert_stored(scene, MINUTE_1, "field", "11"); /* it is in the primary all the same */
    assert_meta(scene, "next", "11");
    lane_close(lane, true);
    free(rollup);
}

static void addresses_that_do_not_answer_are_passed_over(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    char addresses[256];
    struct rollup *rollup = rollup_fake();
    (void)snprintf(addresses, sizeof(addresses), "/nowhere/redis.sock, 127.0.0.1:1 ,%s", scene->server.socket);
    struct store_options options = scene->options;
    options.address = addresses;
    struct lane *lane = open_lane(&options, &progress);
    commit_value(lane, rollup, "1", 10);
    lane_close(lane, true);
    assert_true(store_check(&options, &fault));
    options.address = "/nowhere/redis.sock,127.0.0.1:1";
    assert_null(lane_open(&options, PAYMENTS_3, &progress, &fault));
    assert_true(fault.retriable && fault.code == FAULT_UNREACHABLE);
    assert_false(store_check(&options, &fault));
    assert_true(fault.retriable);
    options.address = "/nowhere/redis.sock,,x:1";
    assert_null(lane_open(&options, PAYMENTS_3, &progress, &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
    assert_non_null(strstr(fault.message, "address 2"));
    free(rollup);
}

static void errors_say_where_to_go(void **state) {
    (void)state;
    struct fault fault;
    struct route route;
    assert_true(route_begin(&route, "a:1, b:2 ,c:3", &fault));
    assert_int_equal(route_seed_count(&route), 3);
    assert_string_equal(route.address, "a:1");
    assert_false(route_follow(&route, "OOM command not allowed"));
    assert_false(route_follow(&route, "ASK 7 d:4"));
    assert_false(route_follow(&route, "TRYAGAIN Multiple keys request during rehashing of slot"));
    assert_string_equal(route.address, "a:1");
    assert_true(route_follow(&route, "READONLY You can't write against a read only replica."));
    assert_string_equal(route.address, "b:2");
    assert_true(route_follow(&route, "MOVED 7 d:4"));
    assert_string_equal(route.address, "d:4");
    assert_true(route_follow(&route, "EXECABORT Transaction discarded because of: MOVED 8 e.f:5"));
    assert_string_equal(route.address, "e.f:5");
    assert_true(route_follow(&route, "MOVED 8 :6"));
    assert_string_equal(route.address, "e.f:6");
    route_next(&route);
    assert_string_equal(route.address, "c:3");
    route_next(&route);
    assert_string_equal(route.address, "a:1");
    assert_string_equal(error_cause("EXECABORT Transaction discarded because of: LOADING x"), "LOADING x");
    assert_string_equal(error_cause("EXECABORT Transaction discarded because of previous errors."),
                        "EXECABORT Transaction discarded because of previous errors.");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_older_state_is_told_from_a_claim_of_somebody_else, scene_empty),
        cmocka_unit_test_setup(a_touch_between_two_commits_is_not_a_claim, scene_empty),
        cmocka_unit_test_setup(an_idle_lane_notices_that_its_state_is_gone, scene_empty),
        cmocka_unit_test_setup(a_claim_that_is_lost_before_any_commit_is_taken_again, scene_empty),
        cmocka_unit_test_setup(offsets_that_are_read_again_add_up_in_meta, scene_empty),
        cmocka_unit_test_setup(a_commit_without_replicas_is_not_confirmed_when_they_are_asked_for, scene_empty),
        cmocka_unit_test_setup(addresses_that_do_not_answer_are_passed_over, scene_empty),
        cmocka_unit_test(errors_say_where_to_go),
    };
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
