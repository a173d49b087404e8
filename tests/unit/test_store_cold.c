/* Cold hashes, that a lane reads back before it changes them, and claims that are overtaken: on a real Redis. What the rest of a
 * lane promises: test_store_lane.c. */
#include "aggregate/store/lane.h"
#include "tests/unit/lane_scene.h"

static void cold_hashes_come_with_the_commit_before_them(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    /* Commit 2 is on its way; the same hash turns cold and is asked for behind it. */
    fake_set(rollup, MINUTE_1, "cell", "2", 10);
    fake_advance(rollup, 11);
    assert_true(lane_commit(lane, rollup, &fault));
    fake_cold(rollup, MINUTE_1);
    assert_true(lane_warm(lane, rollup, &fault));
    fake_advance(rollup, 12);
    commit_and_settle(lane, rollup); /* waits for it by itself; the fake checks that none is open at the cut */
    assert_int_equal(rollup->filled_hashes, 1);
    assert_int_equal(rollup->filled_count, 1);
    assert_string_equal(rollup->filled[0].value, "2");
    lane_close(lane, true);
    free(rollup);
}

static void delete_minute(struct scene *scene) {
    struct keys keys;
    struct key key;
    struct fault fault;
    CHECK(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    DO(scene, SLICE("DEL"), key_hash(&keys, MINUTE_1, &key));
}

/* Commits until it is done or a fault is final. */
static bool commit_at_last(struct lane *lane, struct rollup *rollup, struct fault *fault) {
    for (int i = 0; i < 10; i++) {
        if (lane_commit(lane, rollup, fault)) return true;
        if (!fault->retriable) return false;
    }
    return false;
}

static void a_cold_hash_that_is_gone_stops_the_partition(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    delete_minute(scene);
    fake_cold(rollup, MINUTE_1);
    fake_advance(rollup, 11);
    assert_false(commit_at_last(lane, rollup, &fault));
    assert_int_equal(fault.stop, STOP_STATE_GONE);
    assert_false(fault.retriable);
    assert_non_null(strstr(fault.message, "evicted"));
    assert_int_equal(rollup->cuts, 1);
    assert_meta(scene, "next", "10");
    lane_close(lane, true);
    free(rollup);
}

static void a_cold_hash_that_an_heir_has_retired_is_no_damage(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    struct lane *heir = open_lane(&scene->options, &progress);
    delete_minute(scene);
    fake_cold(rollup, MINUTE_1);
    fake_advance(rollup, 11);
    assert_false(commit_at_last(lane, rollup, &fault));
    assert_int_equal(fault.code, FAULT_FENCED);
    lane_close(lane, false);
    lane_close(heir, true);
    free(rollup);
}

/* The heir claims and commits an account between the claim and the reading of another worker. */
static void a_claim_that_is_overtaken_while_it_reads_is_tried_again(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct rollup *rollup = rollup_fake();
    struct rollup *mine = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    struct lane *heir = open_lane(&scene->options, &progress);
    fake_set(rollup, (struct hash_id){HASH_ACCOUNT, 0, 0}, "0", "s\037a", 3);
    rollup->progress.accounts = 1;
    commit_value(heir, rollup, "1", 5);
    assert_false(lane_recover(lane, mine, &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    assert_true(fault.retriable);
    lane_close(lane, true);
    assert_meta(scene, "epoch", "2"); /* and the name of the heir is still on it */
    commit_value(heir, rollup, "2", 6);
    lane_close(heir, true);
    free(rollup);
    free(mine);
}

static void a_cold_hash_that_is_not_of_the_layout_stops_the_partition(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "broken", 10);
    fake_cold(rollup, MINUTE_1);
    fake_advance(rollup, 11);
    assert_false(lane_commit(lane, rollup, &fault));
    assert_int_equal(fault.stop, STOP_STATE_DAMAGED);
    assert_false(fault.retriable);
    assert_int_equal(rollup->cuts, 1);
    lane_close(lane, true);
    free(rollup);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cold_hashes_come_with_the_commit_before_them, scene_empty),
        cmocka_unit_test_setup(a_cold_hash_that_is_gone_stops_the_partition, scene_empty),
        cmocka_unit_test_setup(a_cold_hash_that_an_heir_has_retired_is_no_damage, scene_empty),
        cmocka_unit_test_setup(a_claim_that_is_overtaken_while_it_reads_is_tried_again, scene_empty),
        cmocka_unit_test_setup(a_cold_hash_that_is_not_of_the_layout_stops_the_partition, scene_empty),
    };
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
