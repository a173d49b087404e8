/* Lanes when things break: connections cut after every so many bytes in either direction, a Redis that is full, stopped, killed
 * or emptied. After each, the state is exactly that of the commits that were confirmed, each applied once, and the lane goes on
 * or knows that it must not. */
#include "tests/support/cut_proxy.h"
#include "tests/unit/lane_scene.h"

#include "aggregate/runtime/clock.h"

#include <signal.h>

struct cut_case {
    long up, down; /* bytes until the cut; CUT_NEVER */
};

/* One lane through the proxy: commit 1 in peace, commit 2 with a cut and with cold reads around it, commit 3 in peace. */
static void commit_through_a_cut(struct scene *scene, struct cut_proxy *proxy, struct cut_case cut) {
    struct store_options options = scene->options;
    options.address = proxy->socket;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    int faults = 0;
    struct rollup *rollup = rollup_fake();
    DO(scene, SLICE("FLUSHALL"));
    struct lane *lane = open_lane(&options, &progress);
    commit_value(lane, rollup, "1", 10);

    atomic_store(&proxy->cut_up, cut.up);
    atomic_store(&proxy->cut_down, cut.down);
    fake_set(rollup, MINUTE_1, "cell", "2", 10);
    fake_set(rollup, LEDGER_1, "cell", "2,20", 11);
    fake_advance(rollup, 12);
    bool sent = false;
    while (!(sent = lane_commit(lane, rollup, &fault)))
        assert_true(fault.retriable);
    fake_cold(rollup, MINUTE_1);
    (void)lane_warm(lane, rollup, &fault);
    assert_true(settle(lane, &committed, &faults, &fault));
    assert_true(committed == 12);
    assert_stored(scene, MINUTE_1, "cell", "2");
    assert_stored(scene, LEDGER_1, "cell", "2,20");
    assert_meta(scene, "next", "12");
    assert_meta(scene, "epoch", "1");

    atomic_store(&proxy->cut_up, CUT_NEVER);
    atomic_store(&proxy->cut_down, CUT_NEVER);
    fake_set(rollup, MINUTE_1, "cell", "3", 12);
    fake_advance(rollup, 13);
    while (!(sent = lane_commit(lane, rollup, &fault)))
        assert_true(fault.retriable);
    assert_true(settle(lane, &committed, &faults, &fault));
    assert_true(committed == 13);
    assert_stored(scene, MINUTE_1, "cell", "3");
    /* The cold hash was read with commit 2 in it, whatever happened. */
    assert_int_equal(rollup->filled_count, 1);
    assert_string_equal(rollup->filled[0].value, "2");
    assert_int_equal(rollup->cuts, 3);
    lane_close(lane, true);
    free(rollup);
}

static void a_connection_cut_after_any_byte_sent_leaves_every_commit_applied_once(void **state) {
    struct scene *scene = *state;
    struct cut_proxy proxy;
    cut_proxy_start(&proxy, scene->server.directory, scene->server.socket);
    int before = 0;
    for (long bytes = 1; bytes < 2000; bytes += 13) {
        commit_through_a_cut(scene, &proxy, (struct cut_case){.up = bytes, .down = CUT_NEVER});
        if (atomic_load(&proxy.cuts) == before) break; /* the commit was shorter: all has been tried */
        before = atomic_load(&proxy.cuts);
    }
    assert_in_range(before, 20, 150);
    cut_proxy_stop(&proxy);
}

static void a_connection_cut_after_any_byte_received_leaves_every_commit_applied_once(void **state) {
    struct scene *scene = *state;
    struct cut_proxy proxy;
    cut_proxy_start(&proxy, scene->server.directory, scene->server.socket);
    int before = 0;
    for (long bytes = 1; bytes < 1000; bytes += 3) {
        commit_through_a_cut(scene, &proxy, (struct cut_case){.up = CUT_NEVER, .down = bytes});
        if (atomic_load(&proxy.cuts) == before) break;
        before = atomic_load(&proxy.cuts);
    }
    assert_in_range(before, 20, 300);
    cut_proxy_stop(&proxy);
}

static void bytes_of_a_zombie_that_arrive_late_count_for_nothing(void **state) {
    struct scene *scene = *state;
    struct cut_proxy proxy;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    cut_proxy_start(&proxy, scene->server.directory, scene->server.socket);
    struct store_options options = scene->options;
    options.address = proxy.socket;
    struct rollup *rollup = rollup_fake();
    struct lane *zombie = open_lane(&options, &progress);
    commit_value(zombie, rollup, "1", 10);

    atomic_store(&proxy.hold_up, true);
    fake_set(rollup, MINUTE_1, "cell", "zombie", 10);
    fake_advance(rollup, 11);
    assert_true(lane_commit(zombie, rollup, &fault)); /* the bytes wait in the network */
    struct lane *heir = open_lane(&scene->options, &progress);
    assert_true(progress.next == 10);
    atomic_store(&proxy.hold_up, false);
    assert_false(settle(zombie, &committed, NULL, &fault));
    assert_int_equal(fault.code, FAULT_FENCED);
    assert_stored(scene, MINUTE_1, "cell", "1");
    lane_close(zombie, true);
    lane_close(heir, true);
    cut_proxy_stop(&proxy);
    free(rollup);
}

/* The first copy is held in the network until the lane has given up on it and reconnected. */
static void a_late_first_copy_of_a_commit_does_not_fence_its_own_lane(void **state) {
    struct scene *scene = *state;
    struct cut_proxy proxy;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    int faults = 0;
    cut_proxy_start(&proxy, scene->server.directory, scene->server.socket);
    struct store_options options = scene->options;
    options.address = proxy.socket;
    options.timeout_ms = 200;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&options, &progress);
    commit_value(lane, rollup, "1", 10);
    atomic_store(&proxy.hold_up, true);
    fake_set(rollup, MINUTE_1, "cell", "2", 10);
    fake_advance(rollup, 11);
    assert_true(lane_commit(lane, rollup, &fault));
    bool in_flight = true;
    while (lane_poll(lane, 50, &committed, &in_flight, &fault))
        assert_true(in_flight);
    assert_true(fault.retriable);                              /* silence: the connection was given up */
    (void)lane_poll(lane, 20, &committed, &in_flight, &fault); /* reconnects; its WATCH and HMGET are held too */
    atomic_store(&proxy.hold_up, false);
    assert_true(settle(lane, &committed, &faults, &fault));
    assert_true(committed == 11);
    assert_stored(scene, MINUTE_1, "cell", "2");
    commit_value(lane, rollup, "3", 12);
    assert_stored(scene, MINUTE_1, "cell", "3");
    lane_close(lane, true);
    cut_proxy_stop(&proxy);
    free(rollup);
}

static void a_killed_client_reconnects_before_and_after_sending(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    for (int after = 0; after < 2; after++) {
        int faults = 0;
        fake_set(rollup, MINUTE_1, "cell", after ? "3" : "2", 10 + after);
        fake_advance(rollup, 11 + after);
        if (!after) DO(scene, SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"), SLICE("normal"), SLICE("SKIPME"), SLICE("yes"));
        while (!lane_commit(lane, rollup, &fault))
            assert_true(fault.retriable);
        if (after) DO(scene, SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"), SLICE("normal"), SLICE("SKIPME"), SLICE("yes"));
        assert_true(settle(lane, &committed, &faults, &fault));
        assert_in_range(faults, 0, 1); /* none when the replies were there before the end */
        assert_true(committed == 11 + after);
    }
    assert_stored(scene, MINUTE_1, "cell", "3");
    lane_close(lane, true);
    free(rollup);
}

/* Lost connection, and while the lane was away somebody else claimed. */
static void a_lane_that_comes_back_too_late_is_fenced(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    DO(scene, SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"), SLICE("normal"), SLICE("SKIPME"), SLICE("yes"));
    struct lane *heir = open_lane(&scene->options, &progress);
    fake_set(rollup, MINUTE_1, "cell", "zombie", 10);
    fake_advance(rollup, 11);
    bool sent = lane_commit(lane, rollup, &fault);
    if (!sent && fault.retriable) sent = lane_commit(lane, rollup, &fault);
    if (sent) assert_false(settle(lane, &committed, NULL, &fault));
    assert_int_equal(fault.code, FAULT_FENCED);
    assert_stored(scene, MINUTE_1, "cell", "1");
    lane_close(lane, true);
    lane_close(heir, true);
    free(rollup);
}

/* Redis refuses while `set` holds; nothing is torn; when it passes, the same bytes go through. */
static void refused_until(struct scene *scene, struct slice setting, struct slice bad, struct slice good, const char *word) {
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    bool in_flight = true;
    struct rollup *rollup = rollup_fake();
    DO(scene, SLICE("FLUSHALL"));
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    DO(scene, SLICE("CONFIG"), SLICE("SET"), setting, bad);
    fake_set(rollup, MINUTE_1, "cell", "2", 10);
    fake_set(rollup, LEDGER_1, "cell", "2", 10);
    fake_advance(rollup, 11);
    assert_true(lane_commit(lane, rollup, &fault));
    fake_cold(rollup, MINUTE_1); /* asked behind a commit that will be refused */
    (void)lane_warm(lane, rollup, &fault);
    int refusals = 0;
    for (int i = 0; i < 40; i++) {
        if (lane_poll(lane, 5, &committed, &in_flight, &fault)) continue;
        assert_true(fault.retriable);
        assert_int_equal(fault.code, FAULT_STORE);
        assert_non_null(strstr(fault.message, word));
        assert_non_null(strstr(fault.message, scene->server.socket));
        refusals++;
    }
    assert_in_range(refusals, 2, 40);
    assert_true(in_flight && committed == 10);
    assert_stored(scene, MINUTE_1, "cell", "1");
    assert_stored(scene, LEDGER_1, "cell", "");
    assert_meta(scene, "next", "10");
    DO(scene, SLICE("CONFIG"), SLICE("SET"), setting, good);
    assert_true(settle(lane, &committed, NULL, &fault));
    assert_true(committed == 11);
    assert_stored(scene, LEDGER_1, "cell", "2");
    commit_value(lane, rollup, "3", 12);
    assert_int_equal(rollup->filled_count, 1);
    assert_string_equal(rollup->filled[0].value, "2"); /* not the answer from behind the refused EXEC */
    lane_close(lane, true);
    free(rollup);
}

static void a_full_redis_tears_nothing_and_is_waited_for(void **state) {
    refused_until(*state, SLICE("maxmemory"), SLICE("1mb"), SLICE("0"), "OOM");
}

static void missing_replicas_tear_nothing_and_are_waited_for(void **state) {
    refused_until(*state, SLICE("min-replicas-to-write"), SLICE("1"), SLICE("0"), "NOREPLICAS");
}

static void a_full_redis_refuses_a_claim_for_now(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    DO(scene, SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), SLICE("1mb"));
    assert_null(lane_open(&scene->options, PAYMENTS_3, &progress, &fault));
    assert_true(fault.retriable);
    DO(scene, SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory"), SLICE("0"));
    lane_close(open_lane(&scene->options, &progress), true);
}

static void a_stopped_redis_blocks_nobody_and_is_found_again(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    int faults = 0;
    bool in_flight = true;
    struct store_options options = scene->options;
    options.timeout_ms = 3000; /* whoever waited for Redis would wait that long */
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&options, &progress);
    commit_value(lane, rollup, "1", 10);
    for (int i = 0; i < FAKE_CELLS_MAX; i++) { /* more than a socket buffer */
        char field[FAKE_TEXT_MAX];
        (void)snprintf(field, sizeof(field), "a-field-that-takes-its-room-%d", i);
        fake_set(rollup, MINUTE_1, field, "1000000,123456789012345678901234567890", 10);
    }
    fake_advance(rollup, 11);
    (void)kill(scene->server.pid, SIGSTOP);
    int64_t before_ms = clock_monotonic_ms();
    assert_true(lane_commit(lane, rollup, &fault));
    assert_true(clock_monotonic_ms() - before_ms < options.timeout_ms);
    before_ms = clock_monotonic_ms();
    while (lane_poll(lane, 0, &committed, &in_flight, &fault)) {
        assert_true(in_flight);
        assert_true(clock_monotonic_ms() - before_ms < 10 * (int64_t)options.timeout_ms);
        (void)usleep(1000);
    }
    assert_true(fault.retriable && fault.code == FAULT_UNREACHABLE);
    (void)kill(scene->server.pid, SIGCONT);
    assert_true(settle(lane, &committed, &faults, &fault));
    assert_true(committed == 11);
    assert_stored(scene, MINUTE_1, "a-field-that-takes-its-room-8191", "1000000,123456789012345678901234567890");
    lane_close(lane, true);
    free(rollup);
}

static void a_redis_that_lost_its_memory_stops_with_both_offsets_and_writes_nothing(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    connection_close(scene->witness);
    redis_server_kill(&scene->server);
    redis_server_restart(&scene->server);
    scene_witness(scene);
    fake_set(rollup, MINUTE_1, "cell", "2", 10);
    fake_advance(rollup, 11);
    bool sent = lane_commit(lane, rollup, &fault);
    while (!sent && fault.retriable)
        sent = lane_commit(lane, rollup, &fault);
    if (sent) assert_false(settle(lane, &committed, NULL, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "payments/3: the state is gone"));
    assert_non_null(strstr(fault.message, "committed was offset 10"));
    assert_non_null(strstr(fault.message, "--accept-empty"));
    assert_answer(scene, "0", SLICE("DBSIZE"));

    /* A witness of the offset refuses a claim too, until a person has decided. */
    struct store_options options = scene->options;
    assert_null(lane_open_after(&options, PAYMENTS_3, 10, &progress, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "offset 10"));
    assert_answer(scene, "0", SLICE("DBSIZE"));
    options.accept_empty = true;
    struct lane *anew = lane_open_after(&options, PAYMENTS_3, 10, &progress, &fault);
    assert_non_null(anew);
    assert_true(progress.next == SOURCE_START_BEGINNING);
    assert_meta(scene, "replayed", "10");
    lane_close(anew, true);
    lane_close(lane, true);
    free(rollup);
}

static void a_redis_that_comes_back_from_its_log_is_taken_up_again(void **state) {
    (void)state;
    struct scene scene;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    redis_server_start(&scene.server, true, NULL);
    scene.options = (struct store_options){.address = scene.server.socket,
                                           .name_space = "nhip",
                                           .configuration_hash = HASH_A,
                                           .cluster_id = "c1",
                                           .timeout_ms = 2000};
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene.options, &progress);
    commit_value(lane, rollup, "1", 10);
    redis_server_kill(&scene.server);
    fake_set(rollup, MINUTE_1, "cell", "2", 10);
    fake_advance(rollup, 11);
    fake_cold(rollup, MINUTE_1); /* so that it must read before it can cut */
    for (int i = 0; i < 3; i++) {
        assert_false(lane_commit(lane, rollup, &fault));
        assert_true(fault.retriable);
        assert_int_equal(rollup->cuts, 1); /* the roll-up is as it was and can be asked again */
    }
    redis_server_restart(&scene.server);
    bool sent = false;
    for (int i = 0; i < 100 && !sent; i++)
        sent = lane_commit(lane, rollup, &fault);
    assert_true(sent);
    assert_true(settle(lane, &committed, NULL, &fault));
    assert_true(committed == 11);
    scene_witness(&scene);
    assert_stored(&scene, MINUTE_1, "cell", "2");
    assert_string_equal(rollup->filled[0].value, "1");
    lane_close(lane, true);
    scene_close(&scene);
    free(rollup);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_killed_client_reconnects_before_and_after_sending, scene_empty),
        cmocka_unit_test_setup(a_lane_that_comes_back_too_late_is_fenced, scene_empty),
        cmocka_unit_test_setup(bytes_of_a_zombie_that_arrive_late_count_for_nothing, scene_empty),
        cmocka_unit_test_setup(a_late_first_copy_of_a_commit_does_not_fence_its_own_lane, scene_empty),
        cmocka_unit_test_setup(a_full_redis_tears_nothing_and_is_waited_for, scene_empty),
        cmocka_unit_test_setup(missing_replicas_tear_nothing_and_are_waited_for, scene_empty),
        cmocka_unit_test_setup(a_full_redis_refuses_a_claim_for_now, scene_empty),
        cmocka_unit_test_setup(a_stopped_redis_blocks_nobody_and_is_found_again, scene_empty),
        cmocka_unit_test_setup(a_connection_cut_after_any_byte_sent_leaves_every_commit_applied_once, scene_empty),
        cmocka_unit_test_setup(a_connection_cut_after_any_byte_received_leaves_every_commit_applied_once, scene_empty),
        cmocka_unit_test(a_redis_that_comes_back_from_its_log_is_taken_up_again),
        cmocka_unit_test_setup(a_redis_that_lost_its_memory_stops_with_both_offsets_and_writes_nothing, scene_empty),
    };
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
