/* Withdrawn events (schemas/exclusions.md) in the roll-up: counted, and nothing of them is left. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/scene.h"

enum { D = SCENE_DAY };

/* Offsets 1000 and 1001 are withdrawn, 1002 is the first of them again. */
static void a_withdrawn_event_leaves_nothing_and_a_rebuild_must_leave_it_out_too(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event events[3] = {scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 9)), scene_ride(scene, scene_time(D, 10))};
    struct record records[3];
    const struct progress *progress = rollup_progress(scene->rollup);
    events[2] = events[0];
    for (int i = 0; i < 3; i++) {
        records[i] = (struct record){.value = SLICE("{}"),
                                     .offset = 1000 + i,
                                     .next_offset = 1001 + i,
                                     .timestamp_ms = events[i].event_time_ms};
        rollup_prefetch(scene->rollup, &events[i], 1);
        if (i < 2) assert_int_equal(rollup_withdraw(scene->rollup, &records[i], &events[i]), VERDICT_QUARANTINED);
    }
    assert_int_equal(progress->counts.reasons[REASON_WITHDRAWN], 2);
    assert_int_equal(progress->counts.quarantined, 2);
    assert_int_equal(progress->counts.delivered, 2);
    assert_int_equal(progress->accounts, 0);
    assert_int_equal(progress->watermark_ms, INT64_MIN);
    assert_int_equal(progress->record_time_max_ms, events[1].event_time_ms);
    assert_int_equal(progress->next, 1002);
    uint64_t tail = progress->tail_print; /* that of the event, withdrawn or not: it is the same log */
    enum reason reason = REASON_NONE;
    assert_int_equal(rollup_record(scene->rollup, &records[2], &events[2], &reason), VERDICT_APPLIED);
    scene_commit(scene);

    struct fault fault;
    struct rollup *good = rollup_create(&scene->options, &fault);
    assert_non_null(good);
    memory_store_recover(scene->store, good);
    for (int i = 0; i < 2; i++) rollup_rewarm_withdrawn(good, &records[i], &events[i]);
    rollup_rewarm(good, &records[2], &events[2]);
    assert_true(rollup_rewarmed(good, &fault));
    struct record again = {.value = SLICE("{}"), .offset = 1003, .next_offset = 1004, .timestamp_ms = events[1].event_time_ms};
    rollup_prefetch(good, &events[1], 1);
    assert_int_equal(rollup_record(good, &again, &events[1], &reason), VERDICT_APPLIED);
    assert_true(rollup_progress(good)->tail_print == tail);
    rollup_destroy(good);
    scene_destroy(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_withdrawn_event_leaves_nothing_and_a_rebuild_must_leave_it_out_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
