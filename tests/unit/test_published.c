/* What readers of the stream have, and what is told to them (aggregate/stream/published.h). */
#include "aggregate/stream/published.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { TOLD_MAX = 16, TEXT_BYTES = 64 };

/* A reader who writes down what it is told, and may refuse from some point on. */
struct told {
    char keys[TOLD_MAX][TEXT_BYTES];
    int64_t rows[TOLD_MAX];
    int count;
    int refuse_at; /* -1: never */
};

static bool put(void *context, struct slice key, int64_t row) {
    struct told *told = context;
    if (told->count == told->refuse_at) return false;
    assert_true(told->count < TOLD_MAX && key.length < TEXT_BYTES);
    memcpy(told->keys[told->count], key.data, key.length);
    told->keys[told->count][key.length] = '\0';
    told->rows[told->count++] = row;
    return true;
}

struct pair {
    const char *name, *value;
};

static struct told sync_to(struct published *published, const char *group, const struct pair *rows, size_t count, int refuse_at) {
    struct told told = {.refuse_at = refuse_at};
    published_begin(published);
    for (size_t i = 0; i < count; i++)
        published_row(published, slice_of(rows[i].name), published_print(slice_of(rows[i].value)));
    assert_int_equal(published_sync(published, slice_of(group), put, &told), refuse_at < 0);
    return told;
}

static void a_value_is_told_once_and_again_when_it_changes(void **state) {
    (void)state;
    struct published *published = published_create();
    const struct pair first[] = {{"A|X", "{\"n\":1"}, {"B|X", "{\"n\":2"}};
    const struct pair second[] = {{"B|X", "{\"n\":3"}, {"A|X", "{\"n\":1"}};
    struct told told = sync_to(published, "minute|10", first, 2, -1);
    assert_int_equal(told.count, 2);
    assert_string_equal(told.keys[0], "minute|10|A|X");
    told = sync_to(published, "minute|10", first, 2, -1);
    assert_int_equal(told.count, 0);
    told = sync_to(published, "minute|10", second, 2, -1);
    assert_int_equal(told.count, 1);
    assert_string_equal(told.keys[0], "minute|10|B|X");
    assert_int_equal(told.rows[0], 0);
    told = sync_to(published, "minute|11", first, 2, -1);
    assert_int_equal(told.count, 2);
    published_destroy(published);
}

static void a_key_that_is_no_longer_wanted_is_told_to_be_gone_once(void **state) {
    (void)state;
    struct published *published = published_create();
    const struct pair rows[] = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
    (void)sync_to(published, "minute|10", rows, 3, -1);
    struct told told = sync_to(published, "minute|10", &rows[1], 1, -1);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.rows[0], -1);
    assert_string_equal(told.keys[0], "minute|10|A");
    assert_string_equal(told.keys[1], "minute|10|C");
    told = sync_to(published, "minute|10", &rows[1], 1, -1);
    assert_int_equal(told.count, 0);
    told = sync_to(published, "minute|10", rows, 3, -1);
    assert_int_equal(told.count, 2);
    published_destroy(published);
}

static void as_of_when_a_value_is_does_not_make_it_another(void **state) {
    (void)state;
    assert_true(published_print(SLICE("{\"n\":1,\"version\":5,\"offsets\":\"a/0=5\"}")) ==
                published_print(SLICE("{\"n\":1,\"version\":9,\"offsets\":\"a/0=9\"}")));
    assert_true(published_print(SLICE("{\"n\":1,\"version\":5}")) != published_print(SLICE("{\"n\":2,\"version\":5}")));
}

static void of_what_is_read_back_the_last_value_of_each_key_counts(void **state) {
    (void)state;
    struct published *published = published_create();
    const struct slice none = {NULL, 0};
    for (int i = 0; i < 300; i++) { /* more than a group holds at first: it is settled on the way */
        char value[32];
        (void)snprintf(value, sizeof(value), "%d,\"version\":1", i);
        published_take(published, SLICE("minute|10|A"), slice_of(value));
    }
    published_take(published, SLICE("minute|10|B"), SLICE("7"));
    published_take(published, SLICE("minute|10|B"), none);
    published_take(published, SLICE("minute|10|C"), none);
    published_take(published, SLICE("minute|10|C"), SLICE("8"));
    const struct pair rows[] = {{"A", "299"}, {"B", "7"}, {"D", "9"}};
    struct told told = sync_to(published, "minute|10", rows, 3, -1);
    assert_int_equal(told.count, 3);
    assert_string_equal(told.keys[0], "minute|10|B");
    assert_string_equal(told.keys[1], "minute|10|D");
    assert_string_equal(told.keys[2], "minute|10|C");
    assert_int_equal(told.rows[2], -1);
    published_destroy(published);
}

static void what_was_refused_is_still_owed(void **state) {
    (void)state;
    struct published *published = published_create();
    const struct pair rows[] = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
    struct told told = sync_to(published, "minute|10", rows, 3, 1);
    assert_int_equal(told.count, 1);
    told = sync_to(published, "minute|10", rows, 3, -1);
    assert_int_equal(told.count, 2);
    told = sync_to(published, "minute|10", rows, 0, 2);
    assert_int_equal(told.count, 2);
    told = sync_to(published, "minute|10", rows, 0, -1);
    assert_int_equal(told.count, 1);
    published_destroy(published);
}

static void note_group(void *context, struct slice group) {
    (void)snprintf(context, TEXT_BYTES, "%.*s", (int)group.length, group.data);
}

static void what_readers_do_not_agree_on_is_told_whatever_it_is(void **state) {
    (void)state;
    struct published *published = published_create();
    struct published *seen = published_create();
    char group[TEXT_BYTES] = "";
    const char *const both = "1", *const other = "2";
    published_take(published, SLICE("minute|10|SAME"), slice_of(both));
    published_take(seen, SLICE("minute|10|SAME"), slice_of(both));
    published_doubt(published, seen, note_group, group);
    assert_string_equal(group, "");
    published_take(published, SLICE("minute|10|OTHER"), slice_of(both));
    published_take(seen, SLICE("minute|10|OTHER"), slice_of(other));
    published_take(published, SLICE("minute|10|HIDDEN"), slice_of(both));
    published_take(seen, SLICE("minute|10|GHOST"), slice_of(both));
    published_doubt(published, seen, note_group, group);
    assert_string_equal(group, "minute|10");
    const struct pair rows[] = {{"SAME", "1"}, {"OTHER", "1"}, {"HIDDEN", "1"}};
    struct told told = sync_to(published, "minute|10", rows, 3, -1);
    assert_int_equal(told.count, 3);
    assert_string_equal(told.keys[0], "minute|10|OTHER");
    assert_string_equal(told.keys[1], "minute|10|HIDDEN");
    assert_string_equal(told.keys[2], "minute|10|GHOST");
    assert_int_equal(told.rows[2], -1);
    assert_int_equal(sync_to(published, "minute|10", rows, 3, -1).count, 0);
    published_destroy(seen);
    published_destroy(published);
}

static void count_group(void *context, struct slice group) {
    (void)group;
    ++*(int *)context;
}

static void groups_that_hold_nothing_are_not_visited(void **state) {
    (void)state;
    struct published *published = published_create();
    int count = 0;
    published_take(published, SLICE("minute|10|A"), SLICE("1"));
    published_take(published, SLICE("minute|11|A"), SLICE("1"));
    published_take(published, SLICE("minute|11|A"), (struct slice){NULL, 0});
    published_take(published, SLICE("observation|S|A"), SLICE("1"));
    published_groups(published, SLICE("minute|"), count_group, &count);
    assert_int_equal(count, 1);
    assert_int_equal(published_group_count(published), 3);
    published_destroy(published);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_told_once_and_again_when_it_changes),
        cmocka_unit_test(a_key_that_is_no_longer_wanted_is_told_to_be_gone_once),
        cmocka_unit_test(as_of_when_a_value_is_does_not_make_it_another),
        cmocka_unit_test(of_what_is_read_back_the_last_value_of_each_key_counts),
        cmocka_unit_test(what_was_refused_is_still_owed),
        cmocka_unit_test(what_readers_do_not_agree_on_is_told_whatever_it_is),
        cmocka_unit_test(groups_that_hold_nothing_are_not_visited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
