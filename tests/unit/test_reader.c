/* Reading a true prefix, also while a writer commits as fast as it can. */
#include "aggregate/store/image.h"
#include "tests/unit/lane_scene.h"

#include <pthread.h>
#include <stdatomic.h>

enum { LINES_MAX = 64, LINE_BYTES = 256, WRITER_COMMITS_MAX = 100000, READINGS = 40, BUCKETS = 24 };

/* What a sink was told, as lines of text. */
struct told {
    char lines[LINES_MAX][LINE_BYTES];
    size_t count;
    size_t stop_after; /* refuses then; 0: never */
};

static bool tell_partition(void *context, struct source_partition partition, const struct progress *progress,
                           const char *configuration_hash, const char *cluster_id, struct fault *fault) {
    struct told *told = context;
    (void)fault;
    CHECK(told->count < LINES_MAX);
    (void)snprintf(told->lines[told->count++], LINE_BYTES, "%s/%d next=%lld applied=%lld %.4s %s", partition.topic,
                   partition.partition, (long long)progress->next, (long long)progress->counts.applied, configuration_hash,
                   cluster_id);
    return true;
}

static bool tell_field(void *context, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct told *told = context;
    if (told->stop_after != 0 && told->count >= told->stop_after) return fault_set(fault, STOP_SETTING, false, "enough");
    CHECK(told->count < LINES_MAX);
    (void)snprintf(told->lines[told->count++], LINE_BYTES, "%c %d %u %.*s=%.*s", (char)id.kind, id.bucket, id.shard,
                   (int)field.length, field.data, (int)value.length, value.data);
    return true;
}

static void commit_some_state(struct scene *scene, struct source_partition who, int64_t next) {
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = lane_open(&scene->options, who, &progress, &fault);
    assert_non_null(lane);
    fake_set(rollup, (struct hash_id){HASH_MINUTE, 1000, 0}, "zz", "1,1", 1);
    fake_set(rollup, (struct hash_id){HASH_MINUTE, 1000, 0}, "Z", "1,2", 1);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 20, 11}, "b", "2,20", 2);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 20, 2}, "b", "3 %\n", 3);
    fake_set(rollup, (struct hash_id){HASH_LEDGER, 3, 0}, "b", "4,40", 3);
    fake_set(rollup, (struct hash_id){HASH_ACCOUNT, 0, 0}, "0", "s\037a", 3);
    rollup->progress.accounts = 1;
    fake_advance(rollup, next);
    commit_and_settle(lane, rollup);
    lane_close(lane, true);
    free(rollup);
}

static const char *const STATE_LINES[] = {
    "a 0 0 0=s\037a", "d 3 0 b=4,40", "d 20 2 b=3 %\n", "d 20 11 b=2,20", "m 1000 0 Z=1,2", "m 1000 0 zz=1,1",
};

static void state_is_delivered_in_one_order(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct progress progress;
    commit_some_state(scene, (struct source_partition){"payments", 10}, 7);
    commit_some_state(scene, (struct source_partition){"payments", 9}, 5);
    commit_some_state(scene, (struct source_partition){"orders", 1}, 6);
    /* Claimed, but nothing committed: has no state and is passed over. */
    lane_close(lane_open(&scene->options, (struct source_partition){"aaa", 0}, &progress, &fault), true);
    struct told *told = calloc(1, sizeof(*told));
    const struct reader_sink sink = {tell_partition, tell_field, told, NULL};
    assert_true(reader_read(&scene->options, &sink, &fault));
    static const char *const heads[] = {"orders/1 next=6 applied=6 aaaa c1", "payments/9 next=5 applied=5 aaaa c1",
                                        "payments/10 next=7 applied=7 aaaa c1"};
    assert_int_equal(told->count, 3 * 7);
    for (size_t i = 0; i < told->count; i++)
        assert_string_equal(told->lines[i], i % 7 == 0 ? heads[i / 7] : STATE_LINES[i % 7 - 1]);

    *told = (struct told){.stop_after = 3};
    assert_false(reader_read(&scene->options, &sink, &fault));
    assert_string_equal(fault.message, "enough");
    assert_int_equal(told->count, 3);
    free(told);
}

static void keys_that_are_gone_are_noticed(void **state) {
    struct scene *scene = *state;
    struct keys keys;
    struct fault fault = {.code = FAULT_NONE};
    const struct source_partition who = {"payments", 1};
    assert_true(keys_create(&keys, "nhip", who, &fault));
    struct key key;
    for (int i = 0; i < 5; i++) {
        struct told *told = calloc(1, sizeof(*told));
        const struct reader_sink sink = {tell_partition, tell_field, told, NULL};
        DO(scene, SLICE("FLUSHALL"));
        commit_some_state(scene, who, 7);
        assert_true(reader_read(&scene->options, &sink, &fault));
        struct slice name = key_hash(&keys, (struct hash_id){HASH_MINUTE, 1000, 0}, &key);
        if (i == 1) name = key_hash(&keys, (struct hash_id){HASH_LEDGER, 20, 2}, &key);
        if (i == 2) name = key_shard_index(&keys, HASH_LEDGER, 20, &key);
        if (i == 3) name = key_index(&keys, &key);
        if (i == 4) name = key_hash(&keys, (struct hash_id){HASH_ACCOUNT, 0, 0}, &key);
        DO(scene, SLICE("DEL"), name);
        told->count = 0;
        assert_false(reader_read(&scene->options, &sink, &fault));
        assert_int_equal(fault.stop, STOP_STATE_GONE);
        assert_non_null(strstr(fault.message, "evicted"));
        assert_int_equal(told->count, 0);
        free(told);
    }
}

static void an_empty_namespace_is_refused_with_the_remedy(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct progress progress;
    struct told *told = calloc(1, sizeof(*told));
    const struct reader_sink sink = {tell_partition, tell_field, told, NULL};
    for (int claimed = 0; claimed < 2; claimed++) {
        assert_false(reader_read(&scene->options, &sink, &fault));
        assert_int_equal(fault.code, FAULT_REFUSED);
        assert_non_null(strstr(fault.message, "`namespace`"));
        lane_close(open_lane(&scene->options, &progress), true);
    }
    free(told);
}

static size_t dump_to(struct scene *scene, char *out, size_t capacity) {
    struct fault fault = {.code = FAULT_NONE};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_true(reader_dump(&scene->options, fileno(file), &fault));
    rewind(file);
    size_t length = fread(out, 1, capacity - 1, file);
    out[length] = '\0';
    (void)fclose(file);
    return length;
}

static void a_dump_is_sorted_text_without_labels(void **state) {
    struct scene *scene = *state;
    static char text[16384], again[16384];
    commit_some_state(scene, (struct source_partition){"payments", 1}, 7);
    size_t length = dump_to(scene, text, sizeof(text));
    struct keys keys;
    struct fault fault;
    assert_true(keys_create(&keys, "nhip", (struct source_partition){"payments", 1}, &fault));
    static const char *const expected[] = {
        "nhip:d:{%s}:20:2 b 3%%20%%25%%0A\n",
        "nhip:a:{%s}:0:0 0 s%%1Fa\n",
        "nhip:i:{%s} d20 3\n",
        "nhip:i:{%s} a 3\n",
        "nhip:x:{%s}:d20 11 2\n",
        "nhip:x:{%s}:a0 0 3\n",
        "nhip:f:{%s} next 7\n",
        "nhip:f:{%s} cluster c1\n",
        "nhip:m:{%s}:1000 zz 1,1\n",
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        char line[LINE_BYTES];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(line, sizeof(line), expected[i], keys.tag);
#pragma GCC diagnostic pop
        if (strstr(text, line) == NULL) print_message("missing: %s", line);
        assert_non_null(strstr(text, line));
    }
    static const char *const absent[] = {" epoch ", " owner ", " instance ", " commit_ms ", " end "};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_null(strstr(text, absent[i]));
    for (const char *line = text, *after; (after = strchr(line, '\n')) != NULL && after[1] != '\0'; line = after + 1) {
        char one[LINE_BYTES], two[LINE_BYTES];
        (void)snprintf(one, sizeof(one), "%.*s", (int)(after - line), line);
        (void)snprintf(two, sizeof(two), "%.*s", (int)strcspn(after + 1, "\n"), after + 1);
        assert_true(strcmp(one, two) < 0);
    }
    /* Another claim changes only labels. */
    struct progress progress;
    lane_close(lane_open(&scene->options, (struct source_partition){"payments", 1}, &progress, &fault), false);
    assert_int_equal(dump_to(scene, again, sizeof(again)), length);
    assert_string_equal(text, again);
}

/* --- a writer that does not stop --- */

struct writer {
    const struct store_options *options;
    useconds_t pause_us; /* after the first commits */
    atomic_bool stop;
    atomic_int commits;
};

/* Commit k sets one of BUCKETS minute cells, one ledger shard and one shared cell to k, deletes an old bucket now and then, and
 * moves `next` to k: so what every cell must be at `next` can be computed. */
static void *write_on(void *context) {
    struct writer *writer = context;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = lane_open(writer->options, PAYMENTS_3, &progress, &fault);
    CHECK(lane != NULL);
    for (int k = 1; k < WRITER_COMMITS_MAX && !atomic_load(&writer->stop); k++) {
        char value[FAKE_TEXT_MAX];
        (void)snprintf(value, sizeof(value), "%d", k);
        fake_set(rollup, (struct hash_id){HASH_MINUTE, k % BUCKETS, 0}, "f", value, k);
        fake_set(rollup, (struct hash_id){HASH_LEDGER, 7, (uint32_t)(k % BUCKETS)}, "f", value, k);
        fake_set(rollup, (struct hash_id){HASH_LATE, 0, 0}, "f", value, k);
        fake_set(rollup, (struct hash_id){HASH_HOUR, k, 0}, "f", value, k);
        if (k > 3) rollup->retired[rollup->retired_count++] = (struct hash_id){HASH_HOUR, k - 3, 0};
        fake_advance(rollup, k);
        CHECK(lane_commit(lane, rollup, &fault));
        atomic_store(&writer->commits, k);
        if (k > 200) (void)usleep(writer->pause_us);
    }
    int64_t committed = 0;
    CHECK(settle(lane, &committed, NULL, &fault));
    lane_close(lane, true);
    free(rollup);
    return NULL;
}

/* Counts how many cells agree with the prefix `next`. */
struct prefix {
    int64_t next;
    int cells, wrong;
};

static bool prefix_partition(void *context, struct source_partition partition, const struct progress *progress,
                             const char *configuration_hash, const char *cluster_id, struct fault *fault) {
    struct prefix *prefix = context;
    (void)partition;
    (void)configuration_hash;
    (void)cluster_id;
    (void)fault;
    *prefix = (struct prefix){.next = progress->next};
    return true;
}

static bool prefix_field(void *context, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct prefix *prefix = context;
    (void)field;
    (void)fault;
    int64_t number = 0;
    CHECK(decimal_read(value, &number));
    int64_t slot = id.kind == HASH_LEDGER ? (int64_t)id.shard : id.bucket;
    int64_t expected = prefix->next;
    if (id.kind == HASH_MINUTE || id.kind == HASH_LEDGER) expected -= (prefix->next - slot) % BUCKETS;
    if (id.kind == HASH_HOUR) expected = slot;
    prefix->cells++;
    if (number != expected || (id.kind == HASH_HOUR && (slot > prefix->next || slot <= prefix->next - 3))) prefix->wrong++;
    return true;
}

static void what_is_read_under_a_writer_is_a_true_prefix(void **state) {
    struct scene *scene = *state;
    struct writer writer = {.options = &scene->options, .pause_us = 300};
    struct fault fault = {.code = FAULT_NONE};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    while (atomic_load(&writer.commits) < 100)
        (void)usleep(1000);
    int64_t last = 0;
    int moved = 0;
    for (int i = 0; i < READINGS; i++) {
        struct prefix prefix = {.next = 0};
        const struct reader_sink sink = {prefix_partition, prefix_field, &prefix, NULL};
        bool fine = reader_read(&scene->options, &sink, &fault);
        if (!fine) print_message("%s\n", fault.message);
        assert_true(fine);
        assert_int_equal(prefix.wrong, 0);
        assert_int_equal(prefix.cells, 2 * BUCKETS + 1 + 3);
        assert_true(prefix.next >= last);
        moved += prefix.next > last;
        last = prefix.next;
    }
    atomic_store(&writer.stop, true);
    (void)pthread_join(thread, NULL);
    assert_in_range(moved, 5, READINGS);
}

/* 2,000 hashes that stand still beside some fifty that move: the first pass reads all, the others only what moved. */
static void a_pass_that_failed_is_not_repeated_as_a_whole(void **state) {
    struct scene *scene = *state;
    struct writer writer = {.options = &scene->options, .pause_us = 20000};
    struct fault fault;
    struct progress progress;
    struct image image;
    pthread_t thread;
    enum { STILL = 2000, READ = 10, MOVING = 2 * BUCKETS + 10 };
    struct rollup *rollup = rollup_fake();
    struct lane *lane = open_lane(&scene->options, &progress);
    for (int32_t i = 0; i < STILL; i++)
        fake_set(rollup, (struct hash_id){HASH_MINUTE, 5000 + i, 0}, "f", "1", 0);
    fake_advance(rollup, 1);
    commit_and_settle(lane, rollup);
    lane_close(lane, true);
    free(rollup);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    while (atomic_load(&writer.commits) < 205)
        (void)usleep(1000);
    DO(scene, SLICE("CONFIG"), SLICE("RESETSTAT"));
    int passes = 0;
    for (int i = 0; i < READ; i++) {
        assert_true(image_read(&image, scene->witness, &scene->options, NULL, PAYMENTS_3, &fault));
        assert_int_equal(image.hash_count, STILL + 2 * BUCKETS + 1 + 3);
        passes += image.passes;
        image_free(&image);
    }
    int calls = calls_of(scene, "hgetall");
    atomic_store(&writer.stop, true);
    (void)pthread_join(thread, NULL);
    assert_in_range(passes, READ, READ * 200);
    assert_in_range(calls, READ * STILL, READ * STILL + passes * MOVING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(state_is_delivered_in_one_order, scene_empty),
        cmocka_unit_test_setup(keys_that_are_gone_are_noticed, scene_empty),
        cmocka_unit_test_setup(an_empty_namespace_is_refused_with_the_remedy, scene_empty),
        cmocka_unit_test_setup(a_dump_is_sorted_text_without_labels, scene_empty),
        cmocka_unit_test_setup(what_is_read_under_a_writer_is_a_true_prefix, scene_empty),
        cmocka_unit_test_setup(a_pass_that_failed_is_not_repeated_as_a_whole, scene_empty),
    };
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
