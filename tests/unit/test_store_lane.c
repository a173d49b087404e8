/* Lanes on a real Redis: claiming, committing, recovering, and every way to be refused. Broken connections: test_store_faults.c.
 */
#include "aggregate/store/lane.h"
#include "tests/unit/lane_scene.h"

#include <pthread.h>

static void a_fresh_partition_starts_at_the_beginning(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct lane *lane = open_lane(&scene->options, &progress);
    assert_true(progress.next == SOURCE_START_BEGINNING);
    assert_true(progress.counts.delivered == 0 && progress.watermark_ms == INT64_MIN);
    assert_meta(scene, "epoch", "1");
    assert_meta(scene, "layout", "1");
    assert_meta(scene, "config", HASH_A);
    assert_meta(scene, "cluster", "c1");
    assert_meta(scene, "next", "");
    assert_answer(scene, "1", SLICE("SISMEMBER"), SLICE("nhip:p"), SLICE("payments/3"));
    char owner[TEXT_MAX];
    meta_field(scene, "owner", owner);
    assert_int_equal(strlen(owner), 16);
    lane_close(lane, true);
    assert_meta(scene, "owner", "");
}

static void what_was_committed_is_read_back_by_the_next_owner(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    const struct hash_id account_0 = {.kind = HASH_ACCOUNT, .bucket = 0, .shard = 0};
    const struct hash_id account_1 = {.kind = HASH_ACCOUNT, .bucket = 0, .shard = 1};
    fake_set(rollup, LEDGER_1, "cell", "3,900", 41);
    fake_set(rollup, account_1, "0", "late", 40);
    fake_set(rollup, account_0, "31", "first", 39);
    fake_set(rollup, account_0, "2", "second", 39);
    fake_set(rollup, MINUTE_1, "cell", "1,300", 38);
    fake_advance(rollup, 42);
    rollup->progress.accounts = 3;
    rollup->progress.watermark_ms = 1633190400123;
    rollup->progress.counts.reasons[REASON_FUTURE] = 7;
    commit_and_settle(lane, rollup);
    lane_close(lane, false);

    struct rollup *second = rollup_fake();
    lane = open_lane(&scene->options, &progress);
    assert_memory_equal(&progress, &rollup->progress, sizeof(progress));
    assert_true(lane_recover(lane, second, &fault));
    assert_memory_equal(&second->progress, &rollup->progress, sizeof(progress));
    assert_int_equal(second->restored_count, 5);
    assert_true(second->restored[0].id.kind == HASH_MINUTE && second->restored[0].offset == 38);
    assert_true(second->restored[1].id.kind == HASH_LEDGER && second->restored[1].id.shard == 2 &&
                second->restored[1].offset == 41);
    assert_string_equal(second->restored[2].field, "2"); /* by number */
    assert_string_equal(second->restored[3].field, "31");
    assert_string_equal(second->restored[4].field, "32");
    assert_string_equal(second->restored[4].value, "late");
    commit_value(lane, second, "2,600", 43);
    assert_stored(scene, MINUTE_1, "cell", "2,600");
    assert_stored(scene, LEDGER_1, "cell", "3,900");
    lane_close(lane, true);
    free(rollup);
    free(second);
}

static void a_missing_account_is_noticed(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    rollup->progress.accounts = 1;
    commit_value(lane, rollup, "1", 5);
    lane_close(lane, true);
    lane = open_lane(&scene->options, &progress);
    assert_false(lane_recover(lane, rollup, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    lane_close(lane, true);
    free(rollup);
}

static void the_index_names_the_last_record_of_every_bucket_and_shard(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct keys keys;
    struct key key;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    assert_true(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18900, 9}, "f", "1", 7);
    fake_set(rollup, (struct hash_id){HASH_MINUTE, 5, 0}, "f", "1", 3);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18900, 1}, "f", "1", 11);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18901, 1}, "f", "1", 12);
    fake_set(rollup, (struct hash_id){HASH_UNIT, 0, 0}, "f", "1", 4);
    fake_set(rollup, (struct hash_id){HASH_LATE, 0, 0}, "f", "1", 6);
    fake_advance(rollup, 13);
    commit_and_settle(lane, rollup);
    struct slice index = key_index(&keys, &key);
    assert_answer(scene, "5", SLICE("HLEN"), index);
    assert_answer(scene, "11", SLICE("HGET"), index, SLICE("d18900"));
    assert_answer(scene, "12", SLICE("HGET"), index, SLICE("d18901"));
    assert_answer(scene, "3", SLICE("HGET"), index, SLICE("m5"));
    assert_answer(scene, "4", SLICE("HGET"), index, SLICE("u"));
    assert_answer(scene, "6", SLICE("HGET"), index, SLICE("l0"));
    struct slice shards = key_shard_index(&keys, HASH_LEDGER, 18900, &key);
    assert_answer(scene, "2", SLICE("HLEN"), shards);
    assert_answer(scene, "7", SLICE("HGET"), shards, SLICE("9"));
    assert_answer(scene, "11", SLICE("HGET"), shards, SLICE("1"));
    assert_answer(scene, "4", SLICE("HGET"), key_shard_index(&keys, HASH_UNIT, 0, &key), SLICE("0"));
    lane_close(lane, true);
    free(rollup);
}

static void what_retention_passed_goes_with_its_index_entries(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18900, 0}, "f", "1", 1);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18900, 1}, "f", "1", 2);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18999, 1}, "f", "keep", 3);
    fake_set(rollup, (struct hash_id){HASH_MINUTE, 5, 0}, "f", "1", 4);
    fake_advance(rollup, 5);
    commit_and_settle(lane, rollup);
    /* The hash of minute 6 is changed and passed in one cut: it must leave nothing. */
    fake_set(rollup, (struct hash_id){HASH_MINUTE, 6, 0}, "f", "1", 5);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 18900, 1}, "f", "2", 5);
    rollup->retired[rollup->retired_count++] = (struct hash_id){HASH_MINUTE, 6, 0};
    rollup->retired[rollup->retired_count++] = (struct hash_id){HASH_LEDGER, 18900, 1};
    rollup->retired[rollup->retired_count++] = (struct hash_id){HASH_MINUTE, 5, 0};
    rollup->retired[rollup->retired_count++] = (struct hash_id){HASH_LEDGER, 18900, 0};
    fake_advance(rollup, 6);
    DO(scene, SLICE("CONFIG"), SLICE("RESETSTAT"));
    commit_and_settle(lane, rollup);
    assert_int_equal(calls_of(scene, "del"), 1);
    assert_int_equal(calls_of(scene, "hdel"), 1);
    /* meta, the state's name, index, day 18999 with its shard index, and the set of partitions */
    assert_answer(scene, "6", SLICE("DBSIZE"));
    struct keys keys;
    struct key key;
    struct fault fault;
    assert_true(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    assert_answer(scene, "1", SLICE("HLEN"), key_index(&keys, &key));
    assert_answer(scene, "3", SLICE("HGET"), key_index(&keys, &key), SLICE("d18999"));
    lane_close(lane, true);
    free(rollup);
}

static void a_commit_is_exactly_so_many_commands(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    DO(scene, SLICE("CONFIG"), SLICE("RESETSTAT"));
    for (int commit = 0; commit < 2; commit++) {
        char field[16];
        for (int i = 0; i < 2500; i++) { /* three chunks of one hash */
            (void)snprintf(field, sizeof(field), "f%d", i);
            fake_set(rollup, MINUTE_1, field, "1,100", 10 * (commit + 1));
        }
        fake_set(rollup, LEDGER_1, "f", "1", 5);
        fake_set(rollup, (struct hash_id){HASH_LEDGER, 18900, 3}, "f", "1", 5);
        fake_set(rollup, (struct hash_id){HASH_ACCOUNT, 0, 0}, "0", "x", 5);
        fake_advance(rollup, 20 * (commit + 1));
        assert_true(lane_commit(lane, rollup, &fault)); /* the second finishes the first, without a question of its own */
    }
    int64_t committed = 0;
    assert_true(settle(lane, &committed, NULL, &fault));
    assert_int_equal(committed, 40);
    /* Per commit: 3 + 1 + 1 + 1 hashes, 2 shard indexes, 1 index, 1 meta. */
    assert_int_equal(calls_of(scene, "hset"), 2 * 10);
    assert_int_equal(calls_of(scene, "multi"), 2);
    assert_int_equal(calls_of(scene, "exec"), 2);
    assert_int_equal(calls_of(scene, "watch"), 2);
    assert_int_equal(calls_of(scene, "hmget"), 2);
    assert_int_equal(calls_of(scene, "hgetall") + calls_of(scene, "del") + calls_of(scene, "hdel"), 0);
    lane_close(lane, true);
    free(rollup);
}

static void a_zombie_writes_nothing_and_learns_it(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct rollup *rollup = rollup_fake();
    struct lane *zombie = open_lane(&scene->options, &progress);
    commit_value(zombie, rollup, "1", 10);
    struct lane *heir = open_lane(&scene->options, &progress);
    assert_true(progress.next == 10);
    assert_meta(scene, "epoch", "2");

    fake_set(rollup, MINUTE_1, "cell", "zombie", 10);
    fake_advance(rollup, 11);
    assert_true(lane_commit(zombie, rollup, &fault)); /* it cannot know yet */
    int64_t committed = 0;
    assert_false(settle(zombie, &committed, NULL, &fault));
    assert_int_equal(fault.code, FAULT_FENCED);
    assert_false(fault.retriable);
    assert_true(committed == 10);
    assert_stored(scene, MINUTE_1, "cell", "1");
    assert_meta(scene, "next", "10");
    assert_false(lane_commit(zombie, rollup, &fault));
    assert_int_equal(fault.code, FAULT_FENCED);

    lane_close(zombie, true); /* must not take the heir's name off */
    struct rollup *other = rollup_fake();
    assert_true(lane_recover(heir, other, &fault));
    commit_value(heir, other, "2", 12);
    assert_stored(scene, MINUTE_1, "cell", "2");
    lane_close(heir, true);
    free(rollup);
    free(other);
}

static void a_zombie_that_was_idle_does_not_release_its_heir(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct lane *zombie = open_lane(&scene->options, &progress);
    struct lane *heir = open_lane(&scene->options, &progress);
    char owner[TEXT_MAX];
    meta_field(scene, "owner", owner);
    lane_close(zombie, true);
    assert_meta(scene, "owner", owner);
    lane_close(heir, true);
}

enum { RIVALS = 4, CLAIMS = 40 };

struct rival {
    const struct store_options *options;
    int64_t epochs[CLAIMS];
    pthread_t thread;
};

static void *claim_often(void *context) {
    struct rival *rival = context;
    for (int i = 0; i < CLAIMS; i++) {
        struct progress progress;
        struct fault fault;
        struct lane *lane = NULL;
        /* Twenty lost races in a row are a retriable fault, and a machine under load can bring them about. */
        do {
            lane = lane_open(rival->options, PAYMENTS_3, &progress, &fault);
        } while (lane == NULL && fault.retriable);
        CHECK(lane != NULL);
        rival->epochs[i] = lane->epoch;
        lane_close(lane, i % 2 == 0);
    }
    return NULL;
}

static void no_two_claims_have_one_epoch(void **state) {
    struct scene *scene = *state;
    struct rival rivals[RIVALS];
    static bool taken[RIVALS * CLAIMS * 100];
    for (int i = 0; i < RIVALS; i++) {
        rivals[i].options = &scene->options;
        assert_int_equal(pthread_create(&rivals[i].thread, NULL, claim_often, &rivals[i]), 0);
    }
    for (int i = 0; i < RIVALS; i++)
        (void)pthread_join(rivals[i].thread, NULL);
    for (int i = 0; i < RIVALS * CLAIMS; i++) {
        int64_t epoch = rivals[i / CLAIMS].epochs[i % CLAIMS];
        assert_in_range(epoch, 1, sizeof(taken) - 1);
        assert_false(taken[epoch]);
        taken[epoch] = true;
    }
}

/* Two partitions share nothing: a claim of one does not fence the other. */
static void partitions_do_not_fence_each_other(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    struct lane *other = lane_open(&scene->options, (struct source_partition){"payments", 4}, &progress, &fault);
    assert_non_null(other);
    commit_value(lane, rollup, "1", 10);
    lane_close(other, true);
    lane_close(lane, true);
    free(rollup);
}

static void foreign_state_is_refused_with_the_remedy(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct keys keys;
    struct key key;
    lane_close(open_lane(&scene->options, &progress), true);
    struct store_options changed = scene->options;
    changed.configuration_hash = HASH_B;
    assert_null(lane_open(&changed, PAYMENTS_3, &progress, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "nhip promote"));

    changed = scene->options;
    changed.cluster_id = "c2";
    assert_null(lane_open(&changed, PAYMENTS_3, &progress, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);

    assert_true(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    DO(scene, SLICE("HSET"), key_meta(&keys, &key), SLICE("layout"), SLICE("2"));
    assert_null(lane_open(&scene->options, PAYMENTS_3, &progress, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_meta(scene, "epoch", "1"); /* a refused claim changes nothing */

    changed = scene->options;
    changed.name_space = "fresh";
    lane_close(lane_open(&changed, PAYMENTS_3, &progress, &fault), true);
}

static void a_key_of_another_type_stops_the_partition(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct fault fault = {.code = FAULT_NONE};
    struct keys keys;
    struct key key;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    assert_true(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    DO(scene, SLICE("SET"), key_hash(&keys, MINUTE_1, &key), SLICE("mine"));
    fake_set(rollup, MINUTE_1, "cell", "1", 1);
    fake_advance(rollup, 2);
    assert_true(lane_commit(lane, rollup, &fault));
    int64_t committed = 0;
    assert_false(settle(lane, &committed, NULL, &fault));
    assert_int_equal(fault.stop, STOP_STATE_DAMAGED);
    assert_false(fault.retriable);
    lane_close(lane, true);
    free(rollup);
}

static void the_end_of_the_log_is_told_by_the_next_commit(void **state) {
    struct scene *scene = *state;
    struct progress progress;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    commit_value(lane, rollup, "1", 10);
    assert_meta(scene, "end", "0");
    lane_set_end(lane, true);
    commit_and_settle(lane, rollup); /* nothing changed but this */
    assert_meta(scene, "end", "1");
    assert_meta(scene, "next", "10");
    lane_set_end(lane, false);
    commit_value(lane, rollup, "2", 11);
    assert_meta(scene, "end", "0");
    lane_close(lane, true);
    free(rollup);
}

static void a_redis_that_evicts_is_refused(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    assert_true(store_check(&scene->options, &fault));
    DO(scene, SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory-policy"), SLICE("allkeys-lru"));
    assert_false(store_check(&scene->options, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "allkeys-lru"));
    assert_non_null(strstr(fault.message, scene->server.socket));
    DO(scene, SLICE("CONFIG"), SLICE("SET"), SLICE("maxmemory-policy"), SLICE("noeviction"));
    struct store_options nobody = scene->options;
    nobody.address = "/tmp/nhip-no-such-socket";
    assert_false(store_check(&nobody, &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    assert_true(fault.retriable);
    nobody.address = "no-port";
    assert_false(store_check(&nobody, &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
}

static void users_and_passwords_are_used(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct progress progress;
    DO(scene, SLICE("ACL"), SLICE("SETUSER"), SLICE("nhip"), SLICE("on"), SLICE(">secret"), SLICE("~nhip:*"), SLICE("+@all"));
    struct store_options named = scene->options;
    named.user = "nhip";
    named.password = "secret";
    assert_true(store_check(&named, &fault));
    lane_close(lane_open(&named, PAYMENTS_3, &progress, &fault), true);
    named.password = "wrong";
    assert_false(store_check(&named, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_false(fault.retriable);
    assert_null(strstr(fault.message, "secret"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_fresh_partition_starts_at_the_beginning, scene_empty),
        cmocka_unit_test_setup(what_was_committed_is_read_back_by_the_next_owner, scene_empty),
        cmocka_unit_test_setup(a_missing_account_is_noticed, scene_empty),
        cmocka_unit_test_setup(the_index_names_the_last_record_of_every_bucket_and_shard, scene_empty),
        cmocka_unit_test_setup(what_retention_passed_goes_with_its_index_entries, scene_empty),
        cmocka_unit_test_setup(a_commit_is_exactly_so_many_commands, scene_empty),
        cmocka_unit_test_setup(a_zombie_writes_nothing_and_learns_it, scene_empty),
        cmocka_unit_test_setup(a_zombie_that_was_idle_does_not_release_its_heir, scene_empty),
        cmocka_unit_test_setup(no_two_claims_have_one_epoch, scene_empty),
        cmocka_unit_test_setup(partitions_do_not_fence_each_other, scene_empty),
        cmocka_unit_test_setup(foreign_state_is_refused_with_the_remedy, scene_empty),
        cmocka_unit_test_setup(a_key_of_another_type_stops_the_partition, scene_empty),
        cmocka_unit_test_setup(the_end_of_the_log_is_told_by_the_next_commit, scene_empty),
        cmocka_unit_test_setup(a_redis_that_evicts_is_refused, scene_empty),
        cmocka_unit_test_setup(users_and_passwords_are_used, scene_empty),
    };
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
