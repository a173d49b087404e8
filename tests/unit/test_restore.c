/* Into Redis: only where nothing is, only under the same settings, and what was broken off is seen by everybody. */
#include "tests/unit/backup_scene.h"

static void a_restore_overwrites_nothing(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    struct progress progress;
    commit_every_kind(scene, PAYMENTS_3, 7000);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    assert_refused(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault, "the state of payments/3 (1 partitions)");
    /* A partition that the backup does not know. */
    DO(scene, SLICE("FLUSHALL"));
    commit_every_kind(scene, (struct source_partition){"orders", 1}, 50);
    assert_refused(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault, "the state of orders/1");
    /* A claim without a commit is somebody at work. */
    DO(scene, SLICE("FLUSHALL"));
    struct lane *lane = open_lane(&scene->options, &progress);
    assert_refused(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault, "payments/3");
    lane_close(lane, true);
    /* Remains without meta. */
    struct keys keys;
    struct key key;
    CHECK(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    DO(scene, SLICE("FLUSHALL"));
    DO(scene, SLICE("HSET"), key_index(&keys, &key), SLICE("m5"), SLICE("1"));
    assert_refused(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault, "payments/3");
    assert_answer(scene, "1", SLICE("DBSIZE"));
    place_remove(&place);
}

static void other_settings_are_refused_by_name(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    struct store_options other = scene->options;
    commit_every_kind(scene, PAYMENTS_3, 7000);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    DO(scene, SLICE("FLUSHALL"));
    other.configuration_hash = HASH_B;
    static const char ours[] = "reporting.currency=USD\nwindow.records=100\nsecret=bb\nmappings=c\n";
    assert_refused(bring_back(&other, place.backup, ours, &fault), fault,
                   "(reporting.currency: backup VND, here USD; secret.key.file (the key); mappings (what they say))");
    assert_answer(scene, "0", SLICE("DBSIZE"));
    char text[200];
    settings_difference("a=1\nb=2\n", "b=2\na=1\n", text, sizeof(text));
    assert_string_equal(text, "");
    settings_difference("a=1\nab=2\n", "a=1\n", text, sizeof(text));
    assert_string_equal(text, "ab: backup 2, here (none)");
    place_remove(&place);
}

static void a_file_that_does_not_hold_is_known_before_anything_is_written(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    commit_every_kind(scene, (struct source_partition){"orders", 1}, 50);
    struct file *file = one_file(scene, &place);
    file->bytes[file->length / 2] ^= 1;
    file_write(file, file->length);
    DO(scene, SLICE("FLUSHALL"));
    assert_refused(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault, "payments-3.nhip: byte ");
    assert_answer(scene, "0", SLICE("DBSIZE"));
    free(file);
    place_remove(&place);
}

static bool nobody_may(struct scene *scene) {
    struct fault fault = {.code = FAULT_NONE};
    struct progress progress;
    struct image image;
    struct lane *lane = lane_open(&scene->options, PAYMENTS_3, &progress, &fault);
    assert_null(lane);
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "a restore (backup "));
    bool read = image_read(&image, scene->witness, &scene->options, NULL, PAYMENTS_3, &fault);
    image_free(&image);
    return !read && fault.code == FAULT_REFUSED && strstr(fault.message, "nhip restore") != NULL;
}

static void a_restore_that_was_broken_off_is_seen_and_repeated(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    struct backup backup;
    char newer[PATH_BYTES];
    static const struct source_partition list[] = {{"payments", 12}, {"payments", 3}};
    commit_every_kind(scene, PAYMENTS_3, 7000);
    commit_every_kind(scene, list[0], 8000);
    char *before = dump_of(&scene->options);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    (void)snprintf(newer, sizeof(newer), "%s/newer", place.root);
    assert_fine(back_up(&scene->options, newer, &fault), fault);
    assert_fine(backup_open(&backup, place.backup, &fault), fault);
    DO(scene, SLICE("FLUSHALL"));
    /* Both are marked; some fields of one have come, among them one that the backup does not know. */
    struct refill *refill = refill_open(&scene->options, backup.id, list, 2, &fault);
    assert_non_null(refill);
    put_bytes(scene, PAYMENTS_3, LEDGER_1, "stray", SLICE("1,1"));
    assert_true(nobody_may(scene));
    assert_refused(bring_back(&scene->options, newer, SETTINGS, &fault), fault, "unfinished restore of another backup");
    assert_fine(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault);
    char *after = dump_of(&scene->options);
    assert_string_equal(before, after);
    free(after);
    /* The first attempt was only slow: its mark is gone, and it may not finish. */
    assert_refused(refill_finish(refill, 1, (struct slice){"", 0}, 0, &fault), fault, "the mark of this restore is gone");
    refill_close(refill);
    after = dump_of(&scene->options);
    assert_string_equal(before, after);
    free(before);
    free(after);
    backup_close(&backup);
    place_remove(&place);
}

static void what_an_earlier_attempt_finished_stays(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    struct backup backup;
    struct progress progress;
    static const struct source_partition list[] = {{"payments", 12}, {"payments", 3}};
    commit_every_kind(scene, PAYMENTS_3, 7000);
    commit_every_kind(scene, list[0], 8000);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    assert_fine(backup_open(&backup, place.backup, &fault), fault);
    /* As if payments/3 had been finished, and a worker had gone on from there, before the restore was broken off. */
    struct keys keys;
    struct key key;
    CHECK(keys_create(&keys, "nhip", list[0], &fault));
    DO(scene, SLICE("DEL"), key_meta(&keys, &key));
    DO(scene, SLICE("HSET"), key_meta(&keys, &key), SLICE("layout"), SLICE("restoring"), SLICE("restore"), slice_of(backup.id));
    struct lane *lane = open_lane(&scene->options, &progress);
    struct rollup *rollup = rollup_fake();
    rollup->progress = progress;
    commit_value(lane, rollup, "5,5", 7500);
    assert_fine(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault);
    commit_value(lane, rollup, "6,6", 7600); /* nobody was in its way */
    lane_close(lane, true);
    free(rollup);
    assert_meta(scene, "next", "7600");
    assert_answer(scene, "8000", SLICE("HGET"), key_meta(&keys, &key), SLICE("next"));
    backup_close(&backup);
    place_remove(&place);
}

/* A worker that lived through the loss and the restore: what it had in flight is void, and it must claim again. */
static void a_worker_of_before_does_not_write_into_what_was_restored(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct place place = place_make();
    struct progress progress;
    int64_t committed = 0;
    commit_every_kind(scene, PAYMENTS_3, 7000);
    assert_fine(back_up(&scene->options, place.backup, &fault), fault);
    struct lane *lane = open_lane(&scene->options, &progress);
    struct rollup *rollup = rollup_fake();
    rollup->progress = progress;
    commit_value(lane, rollup, "5,5", 7500);
    DO(scene, SLICE("FLUSHALL"));
    assert_fine(bring_back(&scene->options, place.backup, SETTINGS, &fault), fault);
    fake_set(rollup, MINUTE_1, "cell", "6,6", 7599);
    fake_advance(rollup, 7600);
    bool sent = lane_commit(lane, rollup, &fault);
    assert_false(sent && settle(lane, &committed, NULL, &fault));
    assert_int_equal(fault.code, FAULT_WENT_BACK);
    lane_close(lane, false);
    assert_meta(scene, "next", "7000");
    assert_stored(scene, MINUTE_1, "cell", "");
    lane = open_lane(&scene->options, &progress);
    assert_true(progress.next == 7000);
    lane_close(lane, true);
    free(rollup);
    place_remove(&place);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_restore_overwrites_nothing, scene_empty),
        cmocka_unit_test_setup(other_settings_are_refused_by_name, scene_empty),
        cmocka_unit_test_setup(a_file_that_does_not_hold_is_known_before_anything_is_written, scene_empty),
        cmocka_unit_test_setup(a_restore_that_was_broken_off_is_seen_and_repeated, scene_empty),
        cmocka_unit_test_setup(what_an_earlier_attempt_finished_stays, scene_empty),
        cmocka_unit_test_setup(a_worker_of_before_does_not_write_into_what_was_restored, scene_empty),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
