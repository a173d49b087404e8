/* The window against a list that is searched from the end, rule by rule as in booking.md §7. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregate/rollup/window.h"
#include "limits.h"
#include "tests/support/event_stream.h"

struct said {
    int64_t offset;
    uint32_t element; /* of the events with this offset */
    int64_t record_time_max_ms;
    uint64_t event_key; /* 0: left nothing */
    uint64_t entity_key;
    uint32_t payload;
    uint32_t stage;
    int32_t day;
};

struct model {
    struct said *said; /* by ordinal */
    size_t count;
    uint32_t records;
    int64_t age_ms;
};

static size_t model_first(const struct model *model, int64_t record_time_max_ms) {
    size_t first = model->count > model->records ? model->count - model->records : 0;
    while (first < model->count && model->said[first].record_time_max_ms < record_time_max_ms - model->age_ms)
        first++;
    return first;
}

static void compare_look(const struct window *window, const struct model *model, int64_t now_ms,
                         uint64_t event_key, uint64_t entity_key) {
    struct window_look look;
    window_look(window, event_key, entity_key, &look);
    size_t first = model_first(model, now_ms);
    size_t age = 0;
    struct history expected = {0};
    int facts = 0;
    for (size_t i = model->count; i-- > first;) {
        const struct said *said = &model->said[i];
        if (said->event_key == event_key && age == 0) {
            age = model->count - i;
            assert_int_equal(look.payload, said->payload);
        }
        if (said->event_key == 0 || entity_key == 0 || said->entity_key != entity_key ||
            facts == ENTITY_FACTS_MAX)
            continue;
        facts++;
        if ((expected.seen >> said->stage & 1) == 0) expected.days[said->stage] = said->day;
        expected.seen |= 1U << said->stage;
    }
    assert_int_equal(look.event.age, age);
    struct history history = {0};
    if (entity_key != 0) window_history(window, &look, &history);
    assert_int_equal(history.seen, expected.seen);
    for (int stage = 0; stage < HISTORY_STAGES; stage++) {
        if ((expected.seen >> stage & 1) != 0) assert_int_equal(history.days[stage], expected.days[stage]);
    }
}

static void compare_tail(const struct window *window, const struct model *model, int64_t now_ms) {
    size_t first = model_first(model, now_ms);
    assert_int_equal(window_ordinal(window), first);
    assert_int_equal(window->tail_offset, model->said[first].offset);
    assert_int_equal(window->tail_element, model->said[first].element);
    int64_t before = first > 0 ? model->said[first - 1].record_time_max_ms : INT64_MIN;
    assert_int_equal(window->before_record_time_max_ms, before);
}

/* `fan_out`: one of so many records begins a new message; 1: each. */
static void play(uint32_t records, int64_t age_ms, size_t count, uint64_t seed, uint32_t keys, uint32_t fan_out) {
    struct window window;
    assert_true(window_create(&window, records, age_ms));
    struct model model = {.said = calloc(count, sizeof(struct said)), .records = records, .age_ms = age_ms};
    assert_non_null(model.said);
    window_start(&window, 0, INT64_MIN);
    int64_t now_ms = 1000000;
    int64_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        now_ms += (int64_t)(stream_random(&seed) % 2000);
        if (stream_random(&seed) % 997 == 0) now_ms += 86400000;
        bool more = i > 0 && stream_random(&seed) % fan_out != 0;
        if (!more) offset += 1 + (int64_t)(stream_random(&seed) % 3);
        if (!more && stream_random(&seed) % 500 == 0)
            offset += INT64_C(5000000000) * (int64_t)(1 + stream_random(&seed) % 3);
        if (!more && stream_random(&seed) % 500 == 0) offset += INT64_C(1) << 32; /* the same lower half */
        struct said said = {.offset = offset, .record_time_max_ms = now_ms};
        if (more) said.element = model.said[i - 1].element + 1;
        window_age(&window, now_ms);
        if (stream_random(&seed) % 10 == 0) {
            window_push(&window, offset, NULL, NULL);
        } else {
            /* Keys that collide in home and tag on purpose: they differ in the middle bits only. */
            uint64_t low = stream_random(&seed) % 3 == 0 ? 0 : UINT64_C(0x5555);
            said.event_key = (1 + stream_random(&seed) % keys) << 20 | low;
            said.entity_key =
                stream_random(&seed) % 4 == 0 ? 0 : (1 + stream_random(&seed) % (keys / 4 + 1)) << 33;
            said.payload = (uint32_t)stream_random(&seed);
            said.stage = 1 + (uint32_t)(stream_random(&seed) % 15);
            said.day = (int32_t)(stream_random(&seed) % 80000) - 1;
            compare_look(&window, &model, now_ms, said.event_key, said.entity_key);
            struct window_look look;
            window_look(&window, said.event_key, said.entity_key, &look);
            struct window_fact fact = {said.payload, said.stage, said.day};
            window_push(&window, offset, &look, &fact);
        }
        model.said[model.count++] = said;
        compare_tail(&window, &model, now_ms);
    }
    free(model.said);
    window_destroy(&window);
}

static void a_window_remembers_exactly_the_last_records(void **state) {
    (void)state;
    play(16, INT64_C(1) << 50, 3000, 1, 20, 1);
    play(17, INT64_C(1) << 50, 3000, 2, 200, 1);
    play(64, INT64_C(1) << 50, 5000, 3, 60, 1);
    play(1000, INT64_C(1) << 50, 8000, 4, 5000, 1);
}

static void a_window_forgets_what_is_too_old(void **state) {
    (void)state;
    play(16, 5000, 3000, 5, 20, 1);
    play(100, 30000, 5000, 6, 60, 1);
    play(1000, 400000, 6000, 7, 3000, 1);
    play(1000, 0, 2000, 8, 50, 1);
}

static void the_tail_may_lie_inside_a_message(void **state) {
    (void)state;
    play(16, INT64_C(1) << 50, 4000, 9, 20, 2);
    play(17, 5000, 4000, 10, 40, 9);
    play(100, 30000, 6000, 11, 60, 256);
    play(1000, 0, 2000, 12, 50, 4); /* each record forgets all before it, also of its own message */
}

static void a_window_begun_inside_a_message_counts_on(void **state) {
    (void)state;
    struct window window;
    assert_true(window_create(&window, 16, 1000));
    window_start(&window, 300, 0);
    window_start_inside(&window, 77, 40);
    window_age(&window, 0);
    for (uint32_t i = 0; i < 20; i++) {
        window_push(&window, i < 18 ? 77 : 78, NULL, NULL);
        assert_int_equal(window.tail_offset, 77);
        assert_int_equal(window.tail_element, i < 16 ? 40 : 40 + i - 15);
    }
    for (uint32_t i = 0; i < 14; i++) window_push(&window, 78, NULL, NULL);
    assert_int_equal(window.tail_offset, 78);
    assert_int_equal(window.tail_element, 0);
    window_destroy(&window);
}

static void only_the_latest_64_facts_of_an_entity_count(void **state) {
    (void)state;
    struct window window;
    assert_true(window_create(&window, 1000, 1000));
    window_start(&window, 0, INT64_MIN);
    window_age(&window, 0);
    for (uint32_t i = 0; i <= ENTITY_FACTS_MAX; i++) {
        struct window_look look;
        window_look(&window, 1000 + i, 7, &look);
        struct history history;
        window_history(&window, &look, &history);
        assert_int_equal(history.seen, i == 0 ? 0 : i == 1 ? 1U << 3 : (1U << 3 | 1U << 4));
        struct window_fact fact = {0, i == 0 ? 3 : 4, 5};
        window_push(&window, i, &look, &fact);
    }
    struct window_look look;
    window_look(&window, 1, 7, &look);
    struct history history;
    window_history(&window, &look, &history);
    assert_int_equal(history.seen, 1U << 4); /* the 65th latest, stage 3, is out of sight */
    window_destroy(&window);
}

static void a_full_bucket_overflows_and_nothing_is_lost(void **state) {
    (void)state;
    struct window window;
    assert_true(window_create(&window, 4096, 1000));
    window_start(&window, 0, INT64_MIN);
    window_age(&window, 0);
    /* All keys have the same home: 4,000 of them fill bucket after bucket. */
    for (uint32_t i = 0; i < 12000; i++) {
        struct window_look look;
        window_look(&window, 1 + i, 0, &look);
        assert_int_equal(look.event.age, 0);
        struct window_fact fact = {i, 0, 0};
        window_push(&window, i, &look, &fact);
        if (i % 97 != 0) continue;
        for (uint32_t back = 0; back < 5000; back += 501) {
            if (back > i) break;
            window_look(&window, 1 + i - back, 0, &look);
            assert_int_equal(look.event.age, back < 4096 ? back + 1 : 0);
        }
    }
    window_destroy(&window);
}

static void memory_is_48_bytes_a_record(void **state) {
    (void)state;
    struct window window;
    assert_true(window_create(&window, 524288, 1000));
    assert_true(window_bytes(&window) <= (size_t)48 * 524288 + 4096);
    window_destroy(&window);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_remembers_exactly_the_last_records),
        cmocka_unit_test(a_window_forgets_what_is_too_old),
        cmocka_unit_test(the_tail_may_lie_inside_a_message),
        cmocka_unit_test(a_window_begun_inside_a_message_counts_on),
        cmocka_unit_test(only_the_latest_64_facts_of_an_entity_count),
        cmocka_unit_test(a_full_bucket_overflows_and_nothing_is_lost),
        cmocka_unit_test(memory_is_48_bytes_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
