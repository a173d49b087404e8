/* Order of judgement, duplicates, time, retention and recovery: booking.md §1, §2 and §7, through the whole roll-up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/scene.h"
#include "zone.h"

enum { D = SCENE_DAY, DAY_MS = 86400000 };

static void each_kind_of_record_has_its_verdict(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    assert_int_equal(scene_refuse(scene, REASON_NONE, scene_time(D, 1)), VERDICT_IGNORED);
    assert_int_equal(scene->reason, REASON_NONE);
    assert_int_equal(scene_refuse(scene, REASON_BAD_ID, scene_time(D, 1)), VERDICT_REJECTED);
    assert_int_equal(scene->reason, REASON_BAD_ID);
    struct event event = scene_ride(scene, scene_time(D, 2));
    event.test = true;
    assert_int_equal(scene_put(scene, &event), VERDICT_IGNORED);
    event.test = false;
    assert_int_equal(scene_put(scene, &event),
                     VERDICT_APPLIED); /* a test leaves nothing: this is no duplicate */
    assert_int_equal(scene_put(scene, &event), VERDICT_DUPLICATE);
    const struct counts *counts = scene_counts(scene);
    assert_int_equal(counts->delivered, 5);
    assert_int_equal(counts->ignored, 2);
    assert_int_equal(counts->rejected, 1);
    assert_int_equal(counts->reasons[REASON_BAD_ID], 1);
    assert_int_equal(counts->applied, 1);
    assert_int_equal(counts->duplicate, 1);
    assert_int_equal(rollup_progress(scene->rollup)->ordinal, 5);
    assert_int_equal(rollup_progress(scene->rollup)->next, 1005);
    assert_int_equal(rollup_progress(scene->rollup)->tail_offset, 1004);
    scene_destroy(scene);
}

static void a_duplicate_that_says_something_else_is_a_conflict(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event event = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 1));
    scene_id(&event, "one");
    event.payload_print = 1;
    (void)scene_put(scene, &event);
    assert_int_equal(scene_put(scene, &event), VERDICT_DUPLICATE);
    assert_int_equal(scene_counts(scene)->conflict, 0);
    event.payload_print = 2;
    assert_int_equal(scene_put(scene, &event), VERDICT_DUPLICATE);
    assert_int_equal(scene_counts(scene)->conflict, 1);
    assert_int_equal(scene_put(scene, &event), VERDICT_DUPLICATE); /* the latest one said 2 */
    assert_int_equal(scene_counts(scene)->conflict, 1);
    event.payload_print = 1;
    assert_int_equal(scene_put(scene, &event), VERDICT_DUPLICATE);
    assert_int_equal(scene_counts(scene)->conflict, 2);
    assert_string_equal(scene_ledger(scene, D, 0, scene_facet(&event, ROLE_SELLER, OUTCOME_OK)), "1,1000");
    /* Ids are unique per source only. */
    struct event other = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 1));
    scene_account(&other, "OTHER", "m1");
    scene_id(&other, "one");
    assert_int_equal(scene_put(scene, &other), VERDICT_APPLIED);
    scene_destroy(scene);
}

static void registry_records_can_be_duplicates_too(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event unit = scene_unit(scene, "{}", scene_time(D, 1));
    assert_int_equal(scene_put(scene, &unit), VERDICT_APPLIED);
    assert_int_equal(scene_put(scene, &unit), VERDICT_DUPLICATE);
    assert_int_equal(rollup_progress(scene->rollup)->units, 1);
    scene_destroy(scene);
}

static void the_window_counts_delivered_records(void **state) {
    (void)state;
    for (int between = 15; between <= 16; between++) {
        struct scene *scene = scene_create_with(16, (int64_t)14 * DAY_MS, SIZE_MAX);
        struct event event = scene_ride(scene, scene_time(D, 1));
        (void)scene_put(scene, &event);
        for (int i = 0; i < between; i++)
            (void)scene_refuse(scene, i % 2 == 0 ? REASON_NONE : REASON_NOT_JSON, scene_time(D, 1));
        assert_int_equal(scene_put(scene, &event), between == 15 ? VERDICT_DUPLICATE : VERDICT_APPLIED);
        const struct progress *progress = rollup_progress(scene->rollup);
        assert_int_equal(progress->window_ordinal, progress->ordinal - 16);
        assert_int_equal(progress->window_offset, 1000 + progress->window_ordinal);
        scene_destroy(scene);
    }
}

static void the_window_is_bounded_by_record_time(void **state) {
    (void)state;
    for (int64_t late_ms = 0; late_ms <= 1; late_ms++) {
        struct scene *scene = scene_create_with(1000, 3600000, SIZE_MAX);
        struct event event = scene_ride(scene, scene_time(D, 1));
        (void)scene_put(scene, &event);
        scene->record_time_ms = scene_time(D, 2) + late_ms;
        assert_int_equal(scene_put(scene, &event), late_ms == 0 ? VERDICT_DUPLICATE : VERDICT_APPLIED);
        const struct progress *progress = rollup_progress(scene->rollup);
        assert_int_equal(progress->window_ordinal, late_ms == 0 ? 0 : 1);
        assert_int_equal(progress->window_record_time_max_ms, late_ms == 0 ? INT64_MIN : scene_time(D, 1));
        scene_destroy(scene);
    }
}

static void record_time_advances_24_hours_a_record_at_most(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    const struct progress *progress = rollup_progress(scene->rollup);
    int64_t start_ms = scene_time(D, 0);
    (void)scene_refuse(scene, REASON_NONE, start_ms);
    assert_int_equal(progress->record_time_max_ms, start_ms);
    assert_int_equal(progress->ledger_day_min, D - SCENE_RETENTION_DAYS + 1);
    (void)scene_refuse(scene, REASON_EMPTY, start_ms + 10 * (int64_t)DAY_MS);
    assert_int_equal(progress->record_time_max_ms, start_ms + DAY_MS);
    (void)scene_refuse(scene, REASON_EMPTY, start_ms - 10 * (int64_t)DAY_MS);
    assert_int_equal(progress->record_time_max_ms, start_ms + DAY_MS);
    (void)scene_refuse(scene, REASON_EMPTY, INT64_MAX);
    assert_int_equal(progress->record_time_max_ms, start_ms + 2 * (int64_t)DAY_MS);
    assert_int_equal(progress->ledger_day_min, D + 2 - SCENE_RETENTION_DAYS + 1);
    scene_destroy(scene);
}

static void the_floor_is_never_below_the_oldest_date(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    (void)scene_refuse(scene, REASON_NONE, scene_time(SCENE_OLDEST_DAY + 5, 0));
    assert_int_equal(rollup_progress(scene->rollup)->ledger_day_min, SCENE_OLDEST_DAY);
    struct event event = scene_ride(scene, scene_time(SCENE_OLDEST_DAY, 0) - 1);
    scene->record_time_ms = scene_time(SCENE_OLDEST_DAY + 5, 0);
    assert_int_equal(scene_put(scene, &event), VERDICT_QUARANTINED);
    assert_int_equal(scene->reason, REASON_TOO_OLD);
    scene_destroy(scene);
}

static void future_is_relative_to_the_record(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event event = scene_ride(scene, scene_time(D, 1) + 300000);
    scene->record_time_ms = scene_time(D, 1);
    assert_int_equal(scene_put(scene, &event), VERDICT_APPLIED);
    event = scene_ride(scene, scene_time(D, 1) + 300001);
    assert_int_equal(scene_put(scene, &event), VERDICT_QUARANTINED);
    assert_int_equal(scene->reason, REASON_FUTURE);
    assert_int_equal(scene_counts(scene)->reasons[REASON_FUTURE], 1);
    /* A quarantined record is remembered. */
    assert_int_equal(scene_put(scene, &event), VERDICT_DUPLICATE);
    scene_destroy(scene);
}

static void one_broken_clock_carries_the_watermark_a_day_at_most(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event first = scene_ride(scene, scene_time(D, 12));
    (void)scene_put(scene, &first);
    int64_t before_ms = rollup_progress(scene->rollup)->record_time_max_ms;
    scene->record_time_ms = scene_time(D + 300, 0);
    struct event broken = scene_ride(scene, scene_time(D + 300, 0));
    (void)scene_put(scene, &broken);
    assert_int_equal(rollup_progress(scene->rollup)->watermark_ms, before_ms + 86400000 + 300000 - 60000);
    scene_destroy(scene);
}

static void a_late_event_lands_in_its_own_bucket(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event first = scene_ride(scene, scene_time(D, 12));
    (void)scene_put(scene, &first);
    assert_int_equal(rollup_progress(scene->rollup)->watermark_ms, scene_time(D, 12) - 60000);
    scene->record_time_ms = scene_time(D + 1, 0) - 1;
    struct event edge = scene_ride(scene, scene_time(D, 12) - 60000);
    (void)scene_put(scene, &edge);
    assert_int_equal(scene_counts(scene)->late, 0);
    struct event late = scene_ride(scene, scene_time(D - 2, 9));
    (void)scene_put(scene, &late);
    scene->record_time_ms = scene_time(D + 1, 0);
    late = scene_ride(scene, scene_time(D - 2, 9));
    (void)scene_put(scene, &late);
    assert_int_equal(scene_counts(scene)->late, 2);
    assert_string_equal(scene_ledger(scene, D - 2, 0, scene_facet(&late, ROLE_SELLER, OUTCOME_OK)), "2,2000");
    assert_string_equal(scene_cell(scene, HASH_LATE, 0, (uint64_t)D, ""), "1,0");
    assert_string_equal(scene_cell(scene, HASH_LATE, 0, (uint64_t)D + 1, ""), "1,0");
    assert_int_equal(rollup_progress(scene->rollup)->watermark_ms, scene_time(D, 12) - 60000);
    scene_destroy(scene);
}

static void delays_are_kept_by_month_and_source(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    static const struct {
        int64_t delay_ms;
        const char *lane;
    } cases[] = {{-5000, ""}, {999, ""}, {1000, "B"}, {3999, "H"}, {7200000, "0"}, {7200000, "0"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event ride = scene_ride(scene, scene_time(D, 9));
        scene->record_time_ms = scene_time(D, 9) + cases[i].delay_ms;
        (void)scene_put(scene, &ride);
    }
    int32_t month = month_of_day(D);
    assert_string_equal(scene_cell(scene, HASH_DELAY, month, 0, ""), "2,0");
    assert_string_equal(scene_cell(scene, HASH_DELAY, month, 0, "B"), "1,0");
    assert_string_equal(scene_cell(scene, HASH_DELAY, month, 0, "H"), "1,0");
    assert_string_equal(scene_cell(scene, HASH_DELAY, month, 0, "0"), "2,0");
    /* Another source is named by its first account. */
    struct event other = scene_ride(scene, scene_time(D, 9));
    other.source = SLICE("OTHER");
    (void)scene_put(scene, &other);
    assert_string_equal(scene_cell(scene, HASH_DELAY, month, 1, "0"), "1,0");
    scene_destroy(scene);
}

static void old_events_make_no_pulse_but_stay_in_the_ledger(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    scene->record_time_ms = scene_time(D, 0);
    static const struct {
        int64_t age_ms;
        bool minute;
        bool hour;
    } cases[] = {
        {(int64_t)8 * DAY_MS, true, true},
        {(int64_t)8 * DAY_MS + 1, false, true},
        {(int64_t)35 * DAY_MS, false, true},
        {(int64_t)35 * DAY_MS + 1, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event event = scene_payment(scene, "p", PAY_REFUNDED, scene_time(D, 0) - cases[i].age_ms);
        assert_int_equal(scene_put(scene, &event), VERDICT_APPLIED);
        scene_commit(scene);
        struct hash_id minute = {HASH_MINUTE, (int32_t)(event.event_time_ms / 60000), 0};
        struct hash_id hour = {HASH_HOUR, (int32_t)(event.event_time_ms / 3600000), 0};
        assert_int_equal(memory_store_has(scene->store, minute), cases[i].minute);
        assert_int_equal(memory_store_has(scene->store, hour), cases[i].hour);
    }
    struct event old = scene_payment(scene, "q", PAY_CAPTURED, scene_time(D - 36, 23));
    assert_int_equal(scene_put(scene, &old), VERDICT_APPLIED);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_DAY, D - 36, 0}));
    assert_true(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_MONTH, month_of_day(D - 36), 0}));
    assert_true(memory_store_has(scene->store, (struct hash_id){HASH_LEDGER, D - 36, 0}));
    scene_destroy(scene);
}

/* Moves R on by tombstones until local day `day`. */
static void pass_days(struct scene *scene, int32_t from, int32_t day) {
    for (int32_t d = from; d <= day; d++) (void)scene_refuse(scene, REASON_NONE, scene_time(d, 0));
}

static void retention_deletes_whole_buckets_at_a_commit(void **state) {
    (void)state;
    enum { B = D - 10 }; /* not the last day of its month, as D is */
    struct scene *scene = scene_create();
    struct event event = scene_payment(scene, "p", PAY_CAPTURED, scene_time(B, 9));
    (void)scene_put(scene, &event);
    scene_commit(scene);
    struct hash_id minute = {HASH_MINUTE, (int32_t)(event.event_time_ms / 60000), 0};
    struct hash_id hour = {HASH_HOUR, (int32_t)(event.event_time_ms / 3600000), 0};
    struct hash_id day = {HASH_LEDGER, B, 0};
    struct hash_id month = {HASH_HISTOGRAM, month_of_day(B), 0};
    int32_t month_end = day_of_month_start(month_of_day(B) + 1) - 1;
    pass_days(scene, B + 1, B + 9);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, minute));
    assert_true(memory_store_has(scene->store, hour));
    pass_days(scene, B + 10, B + 36);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, hour));
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_DAY, B, 0}));
    pass_days(scene, B + 37, B + SCENE_RETENTION_DAYS - 1);
    scene_commit(scene);
    assert_true(memory_store_has(scene->store, day));
    pass_days(scene, B + SCENE_RETENTION_DAYS, B + SCENE_RETENTION_DAYS);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, day));
    assert_true(memory_store_has(scene->store, month));
    pass_days(scene, B + SCENE_RETENTION_DAYS + 1, month_end + SCENE_RETENTION_DAYS - 1);
    scene_commit(scene);
    assert_true(memory_store_has(scene->store, month));
    pass_days(scene, month_end + SCENE_RETENTION_DAYS, month_end + SCENE_RETENTION_DAYS);
    scene_commit(scene);
    assert_false(memory_store_has(scene->store, month));
    assert_false(memory_store_has(scene->store, (struct hash_id){HASH_SKETCH_MONTH, month_of_day(B), 0}));
    assert_int_equal(memory_store_hashes(scene->store), 1); /* the account stays for ever */
    scene_destroy(scene);
}

static void what_expired_before_its_commit_is_never_written(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event event = scene_payment(scene, "p", PAY_CAPTURED, scene_time(D, 9));
    (void)scene_put(scene, &event);
    pass_days(scene, D + 1, D + 200);
    scene_commit(scene);
    assert_int_equal(memory_store_hashes(scene->store), 1);
    event = scene_payment(scene, "q", PAY_CAPTURED, scene_time(D, 9));
    scene->record_time_ms = scene_time(D + 200, 0);
    assert_int_equal(scene_put(scene, &event), VERDICT_QUARANTINED);
    scene_destroy(scene);
}

static void a_partition_end_moves_next_and_nothing_else(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    const struct progress *progress = rollup_progress(scene->rollup);
    rollup_advance(scene->rollup, 1000);
    assert_int_equal(progress->next, 1000);
    assert_int_equal(progress->window_offset, 1000); /* an empty window starts where reading goes on */
    struct event event = scene_ride(scene, scene_time(D, 9));
    (void)scene_put(scene, &event);
    struct progress before = *progress;
    rollup_advance(scene->rollup, 1005);
    before.next = 1005;
    assert_memory_equal(progress, &before, sizeof(before));
    scene_destroy(scene);
}

static struct rollup *recovered(struct scene *scene) {
    struct fault fault;
    struct rollup *rollup = rollup_create(&scene->options, &fault);
    assert_non_null(rollup);
    memory_store_recover(scene->store, rollup);
    return rollup;
}

static void a_rebuild_from_another_log_is_refused(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event events[3];
    struct record records[3];
    for (int i = 0; i < 3; i++) {
        events[i] = scene_ride(scene, scene_time(D, 9 + i));
        records[i] = (struct record){.value = SLICE("{}"),
                                     .offset = 1000 + i,
                                     .next_offset = 1001 + i,
                                     .timestamp_ms = events[i].event_time_ms};
        (void)scene_put(scene, &events[i]);
    }
    scene_commit(scene);
    struct fault fault;
    struct rollup *good = recovered(scene);
    for (int i = 0; i < 3; i++) rollup_rewarm(good, &records[i], &events[i]);
    assert_true(rollup_rewarmed(good, &fault));
    rollup_destroy(good);

    struct rollup *gap = recovered(scene);
    for (int i = 0; i < 3; i += 2) rollup_rewarm(gap, &records[i], &events[i]);
    assert_false(rollup_rewarmed(gap, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    rollup_destroy(gap);

    struct rollup *short_log = recovered(scene);
    rollup_rewarm(short_log, &records[0], &events[0]);
    assert_false(rollup_rewarmed(short_log, &fault));
    rollup_destroy(short_log);

    struct rollup *other = recovered(scene);
    events[2].event_print++;
    for (int i = 0; i < 3; i++) rollup_rewarm(other, &records[i], &events[i]);
    assert_false(rollup_rewarmed(other, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    rollup_destroy(other);
    scene_destroy(scene);
}

/* Offsets: message 1000 is 12 events, message 1001 is 10; the window of 16 begins at event 6 of message 1000. */
static void a_window_that_begins_inside_a_message_is_rebuilt(void **state) {
    (void)state;
    enum { FIRST = 12, COUNT = 22, WINDOW = 16 };
    struct scene *scene = scene_create_with(WINDOW, (int64_t)14 * DAY_MS, SIZE_MAX);
    struct event events[COUNT];
    struct record records[COUNT];
    enum reason reason = REASON_NONE;
    struct fault fault;
    for (int i = 0; i < COUNT; i++) {
        events[i] = scene_ride(scene, scene_time(D, 9));
        records[i] = (struct record){.value = SLICE("{}"), .offset = i < FIRST ? 1000 : 1001, .timestamp_ms = scene_time(D, 9)};
        bool last = i == FIRST - 1 || i == COUNT - 1;
        records[i].next_offset = records[i].offset + last;
        (void)rollup_record(scene->rollup, &records[i], &events[i], &reason);
    }
    scene_commit(scene);
    const struct progress *progress = rollup_progress(scene->rollup);
    assert_int_equal(progress->next, 1002);
    assert_int_equal(progress->ordinal, COUNT);
    assert_int_equal(progress->window_offset, 1000);
    assert_int_equal(progress->window_element, COUNT - WINDOW);
    assert_int_equal(progress->window_ordinal, COUNT - WINDOW);

    struct rollup *good = recovered(scene);
    for (int i = 0; i < COUNT; i++) rollup_rewarm(good, &records[i], &events[i]);
    assert_true(rollup_rewarmed(good, &fault));
    struct record next = {.value = SLICE("{}"), .offset = 1002, .next_offset = 1003, .timestamp_ms = scene_time(D, 9)};
    assert_int_equal(rollup_record(good, &next, &events[COUNT - WINDOW], &reason), VERDICT_DUPLICATE);
    rollup_destroy(good);
    struct rollup *forgot = recovered(scene);
    for (int i = 0; i < COUNT; i++) rollup_rewarm(forgot, &records[i], &events[i]);
    assert_int_equal(rollup_record(forgot, &next, &events[COUNT - WINDOW - 1], &reason), VERDICT_APPLIED);
    rollup_destroy(forgot);

    for (int left_out = 0; left_out < COUNT; left_out++) { /* another mapping, or other messages: one event is missing */
        struct rollup *other = recovered(scene);
        for (int i = 0; i < COUNT; i++) {
            if (i != left_out) rollup_rewarm(other, &records[i], &events[i]);
        }
        assert_false(rollup_rewarmed(other, &fault));
        assert_int_equal(fault.code, FAULT_REFUSED);
        rollup_destroy(other);
    }
    scene_destroy(scene);
}

static void damaged_state_is_refused(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct event event = scene_ride(scene, scene_time(D, 9));
    (void)scene_put(scene, &event);
    scene_commit(scene);
    struct fault fault;
    struct progress progress = *memory_store_progress(scene->store);
    struct rollup *rollup = rollup_create(&scene->options, &fault);
    progress.ordinal++;
    assert_false(rollup_restore(rollup, &progress, &fault));
    assert_int_equal(fault.stop, STOP_STATE_DAMAGED);
    progress.ordinal--;
    assert_true(rollup_restore(rollup, &progress, &fault));
    assert_false(rollup_restore_account(rollup, 0, SLICE("SRC\x1Fm1"), &fault));
    assert_false(
        rollup_restore_account(rollup, 1, SLICE("SRC\x1Fm1\x1F;;;"), &fault)); /* only one was given out */
    assert_true(rollup_restore_account(rollup, 0, SLICE("SRC\x1Fm1\x1F;;;"), &fault));
    assert_false(rollup_restore_account(rollup, 0, SLICE("SRC\x1Fm1\x1F;;;"), &fault));
    rollup_destroy(rollup);

    rollup = rollup_create(&scene->options, &fault);
    assert_true(rollup_restore(rollup, memory_store_progress(scene->store), &fault));
    assert_false(rollup_rewarmed(rollup, &fault)); /* its account is missing */
    assert_int_equal(fault.stop, STOP_STATE_DAMAGED);
    rollup_destroy(rollup);
    scene_destroy(scene);
}

static void an_empty_partition_restores_to_an_empty_roll_up(void **state) {
    (void)state;
    struct scene *scene = scene_create();
    struct fault fault;
    assert_true(rollup_restore(scene->rollup, memory_store_progress(scene->store), &fault));
    assert_true(rollup_rewarmed(scene->rollup, &fault));
    struct event event = scene_ride(scene, scene_time(D, 9));
    assert_int_equal(scene_put(scene, &event), VERDICT_APPLIED);
    scene_destroy(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_record_has_its_verdict),
        cmocka_unit_test(a_duplicate_that_says_something_else_is_a_conflict),
        cmocka_unit_test(registry_records_can_be_duplicates_too),
        cmocka_unit_test(the_window_counts_delivered_records),
        cmocka_unit_test(the_window_is_bounded_by_record_time),
        cmocka_unit_test(record_time_advances_24_hours_a_record_at_most),
        cmocka_unit_test(the_floor_is_never_below_the_oldest_date),
        cmocka_unit_test(future_is_relative_to_the_record),
        cmocka_unit_test(one_broken_clock_carries_the_watermark_a_day_at_most),
        cmocka_unit_test(a_late_event_lands_in_its_own_bucket),
        cmocka_unit_test(delays_are_kept_by_month_and_source),
        cmocka_unit_test(old_events_make_no_pulse_but_stay_in_the_ledger),
        cmocka_unit_test(retention_deletes_whole_buckets_at_a_commit),
        cmocka_unit_test(what_expired_before_its_commit_is_never_written),
        cmocka_unit_test(a_partition_end_moves_next_and_nothing_else),
        cmocka_unit_test(a_rebuild_from_another_log_is_refused),
        cmocka_unit_test(a_window_that_begins_inside_a_message_is_rebuilt),
        cmocka_unit_test(damaged_state_is_refused),
        cmocka_unit_test(an_empty_partition_restores_to_an_empty_roll_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
