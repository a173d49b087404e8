/* Gaps of the log that were given up (aggregate/rollup/gap.c): what is counted behind them, what the window still knows, and that
 * a state with a gap is rebuilt to the same. Offsets: record i of a scene is 1000 + i. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/scene.h"

enum { D = SCENE_DAY, LOG_MAX = 64, FIRST = 1000 };

/* The log as Kafka would hold it, for reading it again. */
struct log {
    struct event events[LOG_MAX];
    struct record records[LOG_MAX];
    int count;
};

static struct log log_of_rides(struct scene *scene, int count) {
    struct log log = {.count = count};
    assert_true(count <= LOG_MAX);
    for (int i = 0; i < count; i++) {
        log.events[i] = scene_ride(scene, scene_time(D, 8) + i * INT64_C(60000));
        log.records[i] = (struct record){.value = SLICE("{}"),
                                         .offset = FIRST + i,
                                         .next_offset = FIRST + i + 1,
                                         .timestamp_ms = log.events[i].event_time_ms};
    }
    return log;
}

static void apply(struct rollup *rollup, struct log *log, int from, int to) {
    for (int i = from; i < to; i++) {
        enum reason reason = REASON_NONE;
        assert_int_not_equal(rollup_record(rollup, &log->records[i], &log->events[i], &reason), VERDICT_NONE);
    }
}

/* The stored state in a new roll-up, behind a gap up to offset `first` (0: none), its window rebuilt from the log. */
static void recover(struct scene *scene, const struct log *log, int64_t first) {
    struct fault fault;
    struct progress progress = *memory_store_progress(scene->store);
    int64_t next = progress.next;
    if (first > 0 && !progress_pass_gap(&progress, first, &fault)) fail_msg("%s", fault.message);
    memory_store_amend(scene->store, &progress);
    rollup_destroy(scene->rollup);
    scene->rollup = rollup_create(&scene->options, &fault);
    assert_non_null(scene->rollup);
    memory_store_recover(scene->store, scene->rollup);
    for (int64_t i = progress.window_offset - FIRST; i < next - FIRST && i < log->count; i++)
        rollup_rewarm(scene->rollup, &log->records[i], &log->events[i]);
    if (!rollup_rewarmed(scene->rollup, &fault)) fail_msg("%s", fault.message);
}

static void records_behind_a_gap_are_counted_and_those_in_it_are_not(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct log log = log_of_rides(scene, 30);
    apply(scene->rollup, &log, 0, 10);
    scene_commit(scene);
    recover(scene, &log, FIRST + 14);
    assert_int_equal(rollup_progress(scene->rollup)->next, FIRST + 14);
    scene_commit(scene); /* before a record: the gap stands alone */
    recover(scene, &log, 0);
    apply(scene->rollup, &log, 14, 30);
    const struct progress *progress = rollup_progress(scene->rollup);
    assert_int_equal(progress->counts.delivered, 26);
    assert_int_equal(progress->counts.applied, 26);
    assert_int_equal(progress->ordinal, 26);
    assert_int_equal(progress_lost(progress), 4);
    assert_int_equal(progress->gaps[0].from, FIRST + 10);
    assert_int_equal(progress->gaps[0].to, FIRST + 14);
    assert_int_equal(progress->gaps[0].reread, 0);
    assert_int_equal(progress->gaps[0].record_time_ms, log.records[9].timestamp_ms);
    assert_int_equal(progress->gaps[0].since_ms, log.records[9].timestamp_ms - scene->options.watermark_bound_ms);
    assert_int_equal(progress->gaps[0].until_ms, log.records[14].timestamp_ms);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&log.events[0], ROLE_SELLER, OUTCOME_OK)), "26,26000");
    scene_destroy(scene);
}

static void the_window_holds_what_is_left_in_front_of_next(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct log log = log_of_rides(scene, 22);
    log.events[20].event_print = log.events[7].event_print; /* seen again, and still in the log */
    log.events[21].event_print = log.events[2].event_print; /* seen again, and deleted */
    apply(scene->rollup, &log, 0, 10);
    scene_commit(scene);
    recover(scene, &log, FIRST + 6);
    apply(scene->rollup, &log, 10, 22);
    const struct progress *progress = rollup_progress(scene->rollup);
    assert_int_equal(progress->counts.delivered, 22);
    assert_int_equal(progress->counts.duplicate, 1);
    assert_int_equal(progress->counts.applied, 21);
    assert_int_equal(progress_lost(progress), 0);
    assert_int_equal(progress->gaps[0].from, FIRST + 10);
    assert_int_equal(progress->gaps[0].to, FIRST + 10);
    assert_int_equal(progress->gaps[0].reread, 4);
    assert_int_equal(progress->ordinal, 26);
    scene_destroy(scene);
}

/* Two gaps, windows of 16, and after every record a recovery on the one side and none on the other. */
static void a_state_with_gaps_is_rebuilt_to_the_same(void **state) {
    (void)state;
    struct scene *live = scene_create_with(16, INT64_C(14) * 86400000, SIZE_MAX);
    struct scene *crashing = scene_create_with(16, INT64_C(14) * 86400000, SIZE_MAX);
    struct log log = log_of_rides(live, 60);
    for (int i = 12; i < 60; i += 5) log.events[i].event_print = log.events[i - 9].event_print;
    struct scene *scenes[] = {live, crashing};
    for (int s = 0; s < 2; s++) {
        apply(scenes[s]->rollup, &log, 0, 20);
        scene_commit(scenes[s]);
        recover(scenes[s], &log, FIRST + 13);
    }
    for (int i = 20; i < 60; i++) {
        if (i >= 33 && i < 36) continue; /* the second gap */
        for (int s = 0; s < 2; s++) {
            if (i == 36) recover(scenes[s], &log, FIRST + 36);
            apply(scenes[s]->rollup, &log, i, i + 1);
            scene_commit(scenes[s]);
        }
        char *one = memory_store_dump(live->store);
        char *other = memory_store_dump(crashing->store);
        assert_string_equal(one, other);
        free(one);
        free(other);
        recover(crashing, &log, 0);
    }
    assert_int_equal(rollup_progress(live->rollup)->gap_count, 2);
    assert_int_equal(rollup_progress(live->rollup)->counts.delivered, 57);
    assert_int_equal(rollup_progress(live->rollup)->ordinal, 64);
    scene_destroy(live);
    scene_destroy(crashing);
}

static void a_gap_ends_when_record_time_has_passed_it(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct log log = log_of_rides(scene, 20);
    const int64_t day_ms = 86400000;
    apply(scene->rollup, &log, 0, 5);
    scene_commit(scene);
    recover(scene, &log, FIRST + 10);
    const struct gap *gap = &rollup_progress(scene->rollup)->gaps[0];
    log.records[10].timestamp_ms = log.records[0].timestamp_ms; /* an old one says nothing */
    for (int i = 11; i < 20; i++) log.records[i].timestamp_ms = log.records[4].timestamp_ms + 3 * day_ms + i;
    log.records[11].timestamp_ms += 1000 * day_ms;              /* nor does one that record_time_max does not believe */
    apply(scene->rollup, &log, 10, 12);
    assert_int_equal(gap->until_ms, INT64_MAX);
    apply(scene->rollup, &log, 12, 13); /* two of three days */
    assert_int_equal(gap->until_ms, INT64_MAX);
    apply(scene->rollup, &log, 13, 14);
    assert_int_equal(gap->until_ms, INT64_MAX);
    apply(scene->rollup, &log, 14, 20);
    assert_int_equal(gap->until_ms, log.records[14].timestamp_ms);
    scene_destroy(scene);
}

static void another_log_is_refused_behind_a_gap_too(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct log log = log_of_rides(scene, 10);
    apply(scene->rollup, &log, 0, 10);
    scene_commit(scene);
    struct progress progress = *memory_store_progress(scene->store);
    struct fault fault;
    assert_true(progress_pass_gap(&progress, FIRST + 6, &fault));
    memory_store_amend(scene->store, &progress);
    rollup_destroy(scene->rollup);
    scene->rollup = rollup_create(&scene->options, &fault);
    memory_store_recover(scene->store, scene->rollup);
    log.events[9].payload_print++;
    for (int i = 6; i < 10; i++) rollup_rewarm(scene->rollup, &log.records[i], &log.events[i]);
    assert_false(rollup_rewarmed(scene->rollup, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "1009"));
    assert_non_null(strstr(fault.message, "1010"));
    scene_destroy(scene);
}

static void a_state_takes_no_more_gaps_than_it_has_room_for(void **state) {
    (void)state;
    struct progress progress = {.next = 0, .window_offset = 0, .watermark_ms = INT64_MIN, .record_time_max_ms = INT64_MIN};
    struct fault fault;
    for (int64_t i = 0; i < GAPS_MAX; i++) assert_true(progress_pass_gap(&progress, progress.next + 10, &fault));
    assert_int_equal(progress_lost(&progress), 10 * GAPS_MAX);
    assert_int_equal(progress.gaps[0].since_ms, INT64_MIN); /* nothing had been read */
    assert_false(progress_pass_gap(&progress, progress.next + 10, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_int_equal(progress.gap_count, GAPS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_behind_a_gap_are_counted_and_those_in_it_are_not),
        cmocka_unit_test(the_window_holds_what_is_left_in_front_of_next),
        cmocka_unit_test(a_state_with_gaps_is_rebuilt_to_the_same),
        cmocka_unit_test(a_gap_ends_when_record_time_has_passed_it),
        cmocka_unit_test(another_log_is_refused_behind_a_gap_too),
        cmocka_unit_test(a_state_takes_no_more_gaps_than_it_has_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
