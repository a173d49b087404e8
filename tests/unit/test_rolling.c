/* The rolling windows on a real Redis, against a direct sum over every event. */
#include "tests/unit/lane_scene.h"

#include "aggregate/store/current.h"
#include "facet.h"
#include "zone.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PARTITIONS = 3, EVENTS_MAX = 2000, FACETS = 4, IDLE_MS = 60000 };
enum { DAY_MINUTES = 1440 };

struct booked {
    int32_t partition, minute;
    size_t facet;
    int64_t amount;
};

struct model {
    struct booked events[EVENTS_MAX];
    size_t count, committed;
    struct lane *lanes[PARTITIONS];
    struct rollup *rollups[PARTITIONS];
    uint64_t facets[FACETS];
    uint64_t seed;
};

static const char *const NAMES[FACETS] = {"PAYMENT|_Z|CARD|POS|OK", "PAYMENT|_Z|EWALLET|ONLINE|DECLINED:FRAUD",
                                          "ORDER|SHOPEE|_Z|_Z|CREATED", "RIDE|RIDE_APP|_Z|_Z|OK"};

static uint64_t facet_of(enum family family, enum outlet outlet, enum instrument instrument, enum context context,
                         enum outcome outcome, enum reason_class reason) {
    uint64_t facet = facet_with_family(0, family);
    facet = facet_with_outlet(facet, outlet);
    facet = facet_with_instrument(facet, instrument);
    facet = facet_with_context(facet, context);
    facet = facet_with_outcome(facet, outcome);
    return facet_with_reason_class(facet, reason);
}

static uint32_t chance(struct model *model, uint32_t below) {
    model->seed = model->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((model->seed >> 33) % below);
}

static void book(struct model *model, int32_t partition, int32_t minute, size_t facet, int64_t amount) {
    CHECK(model->count < EVENTS_MAX);
    model->events[model->count++] = (struct booked){partition, minute, facet, amount};
}

/* The cell of `event` in its minute (per = 1) or hour (per = 60) bucket, as it stands after all events. */
static void set_cell(struct model *model, size_t at, enum hash_kind kind, int32_t per) {
    const struct booked *event = &model->events[at];
    long long n = 0;
    long long sum = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct booked *other = &model->events[i];
        if (other->partition != event->partition || other->facet != event->facet || other->minute / per != event->minute / per)
            continue;
        n++;
        sum += other->amount;
    }
    char field[FACET_TEXT_LENGTH + 1] = "";
    char value[FAKE_TEXT_MAX];
    facet_format(model->facets[event->facet], field);
    (void)snprintf(value, sizeof(value), n % 2 == 0 ? "%lld,%lld" : "%lld,%lld,1", n, sum);
    struct hash_id id = {.kind = kind, .bucket = event->minute / per};
    fake_set(model->rollups[event->partition], id, field, value, (int64_t)at);
}

static void commit(struct model *model, int32_t partition, int64_t watermark_ms, bool end) {
    struct rollup *rollup = model->rollups[partition];
    for (size_t i = model->committed; i < model->count; i++) {
        if (model->events[i].partition != partition) continue;
        set_cell(model, i, HASH_MINUTE, 1);
        set_cell(model, i, HASH_HOUR, 60);
    }
    rollup->progress.watermark_ms = watermark_ms;
    fake_advance(rollup, rollup->progress.next < 0 ? 1000 : rollup->progress.next + 1);
    lane_set_end(model->lanes[partition], end);
    commit_and_settle(model->lanes[partition], rollup);
}

/* Commits what was booked; all partitions' watermarks in `minute` (plus some seconds). */
static void commit_all(struct model *model, int32_t minute) {
    for (int32_t p = 0; p < PARTITIONS; p++)
        commit(model, p, (int64_t)minute * 60000 + 1000 * p, false);
    model->committed = model->count;
}

static struct model *model_create(const struct store_options *options) {
    struct model *model = calloc(1, sizeof(*model));
    CHECK(model != NULL);
    model->seed = 7;
    model->facets[0] = facet_of(FAMILY_PAYMENT, OUTLET_NONE, INSTRUMENT_CARD, CONTEXT_POS, OUTCOME_OK, REASON_CLASS_NONE);
    model->facets[1] =
        facet_of(FAMILY_PAYMENT, OUTLET_NONE, INSTRUMENT_EWALLET, CONTEXT_ONLINE, OUTCOME_DECLINED, REASON_CLASS_FRAUD);
    model->facets[2] = facet_of(FAMILY_ORDER, OUTLET_SHOPEE, INSTRUMENT_NONE, CONTEXT_NONE, OUTCOME_CREATED, REASON_CLASS_NONE);
    model->facets[3] = facet_of(FAMILY_RIDE, OUTLET_RIDE_APP, INSTRUMENT_NONE, CONTEXT_NONE, OUTCOME_OK, REASON_CLASS_NONE);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        struct progress progress;
        struct fault fault;
        model->lanes[p] = lane_open(options, (struct source_partition){"payments", p}, &progress, &fault);
        CHECK(model->lanes[p] != NULL);
        model->rollups[p] = rollup_fake();
    }
    return model;
}

static void model_destroy(struct model *model) {
    for (int32_t p = 0; p < PARTITIONS; p++) {
        lane_close(model->lanes[p], true);
        free(model->rollups[p]);
    }
    free(model);
}

static void window_field(struct scene *scene, const char *window, const char *field, char out[TEXT_MAX]) {
    char key[32];
    (void)snprintf(key, sizeof(key), "nhip:rolling:%s", window);
    text_of(ASK(scene, SLICE("HGET"), slice_of(key), slice_of(field)), out, TEXT_MAX);
}

#define assert_window(scene, window, field, expected)                                                                            \
    do {                                                                                                                         \
        char value_[TEXT_MAX];                                                                                                   \
        window_field(scene, window, field, value_);                                                                              \
        assert_string_equal(value_, expected);                                                                                   \
    } while (0)

static void number_text(long long number, char out[TEXT_MAX]) {
    (void)snprintf(out, TEXT_MAX, "%lld", number);
}

/* Every field of every window against the sum over all events. */
static void assert_windows(struct scene *scene, const struct model *model, int32_t end) {
    static const struct {
        const char *name;
        int32_t minutes;
    } windows[] = {{"1m", 1}, {"5m", 5}, {"1h", 60}, {"24h", DAY_MINUTES}, {"7d", 7 * DAY_MINUTES}};
    for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
        long long total = 0;
        int fields = 5;
        char text[TEXT_MAX];
        for (size_t f = 0; f < FACETS; f++) {
            long long n = 0;
            long long sum = 0;
            char name[TEXT_MAX];
            for (size_t i = 0; i < model->committed; i++) {
                const struct booked *event = &model->events[i];
                if (event->facet != f || event->minute >= end || event->minute < end - windows[w].minutes) continue;
                n++;
                sum += event->amount;
            }
            total += n;
            if (n > 0) {
                fields += 2;
                number_text(n, text);
                assert_window(scene, windows[w].name, NAMES[f], text);
                (void)snprintf(name, sizeof(name), "%s|sum", NAMES[f]);
                number_text(sum, text);
                assert_window(scene, windows[w].name, name, text);
            } else {
                assert_window(scene, windows[w].name, NAMES[f], "");
            }
        }
        number_text(total, text);
        assert_window(scene, windows[w].name, "_total", text);
        char time[25];
        rfc3339_format((int64_t)end * 60000, time);
        assert_window(scene, windows[w].name, "_to", time);
        rfc3339_format((int64_t)(end - windows[w].minutes) * 60000, time);
        assert_window(scene, windows[w].name, "_from", time);
        char key[32];
        (void)snprintf(key, sizeof(key), "nhip:rolling:%s", windows[w].name);
        number_text(fields, text);
        assert_answer(scene, text, SLICE("HLEN"), slice_of(key));
    }
}

static void step(struct rolling *rolling, int64_t now_ms) {
    struct fault fault = {.code = FAULT_NONE};
    bool fine = rolling_step(rolling, now_ms, &fault);
    if (!fine) print_message("%s\n", fault.message);
    assert_true(fine);
}

static void windows_equal_the_sum_over_all_events(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct model *model = model_create(&scene->options);
    struct rolling *rolling = rolling_create(&scene->options, IDLE_MS, &fault);
    const int32_t start = 453600 * 60; /* a full hour */
    for (int i = 0; i < 500; i++) {
        book(model, (int32_t)chance(model, PARTITIONS), start - (int32_t)chance(model, 8 * DAY_MINUTES), chance(model, FACETS),
             (int64_t)chance(model, 1000000000) * 5000000);
    }
    int64_t now_ms = 0;
    static const int32_t ends[] = {0, 1, 2, 59, 60, 61, 179, 180, 1440, 1500};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        int32_t end = start + ends[i];
        for (int k = 0; k < 60; k++) { /* around the end, some beyond it, some late */
            int32_t minute = end + 2 - (int32_t)chance(model, k < 40 ? 10 : 3000);
            book(model, (int32_t)chance(model, PARTITIONS), minute, chance(model, FACETS), chance(model, 100000));
        }
        commit_all(model, end);
        step(rolling, now_ms += 1000);
        assert_windows(scene, model, end);
    }
    assert_window(scene, "1m", "_offsets", "payments/0=1009 payments/1=1009 payments/2=1009");
    rolling_destroy(rolling);
    model_destroy(model);
}

static void a_quiet_second_reads_no_cells_and_writes_nothing(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct model *model = model_create(&scene->options);
    struct rolling *rolling = rolling_create(&scene->options, IDLE_MS, &fault);
    const int32_t end = 453600 * 60 + 30;
    for (int i = 0; i < 200; i++)
        book(model, i % PARTITIONS, end - 1 - i, (size_t)i % FACETS, 5);
    commit_all(model, end);
    step(rolling, 0);
    DO(scene, SLICE("CONFIG"), SLICE("RESETSTAT"));
    step(rolling, 100); /* too early: nothing at all is asked */
    assert_int_equal(calls_of(scene, "smembers"), 0);
    step(rolling, 1000);
    assert_int_equal(calls_of(scene, "hmget"), PARTITIONS);
    assert_int_equal(calls_of(scene, "hgetall"), 1); /* which namespace is the current one */
    assert_int_equal(calls_of(scene, "hset"), 0);
    /* One event more: its minute and its hour are read again, and the five windows are written. */
    book(model, 1, end - 3, 0, 5);
    commit(model, 1, (int64_t)end * 60000 + 5000, false);
    model->committed = model->count;
    DO(scene, SLICE("CONFIG"), SLICE("RESETSTAT"));
    step(rolling, 2000);
    assert_int_equal(calls_of(scene, "hgetall"), 2); /* the hour is not whole yet, so only the minute is needed */
    assert_int_equal(calls_of(scene, "rename"), 5);
    assert_windows(scene, model, end);
    rolling_destroy(rolling);
    model_destroy(model);
}

static void the_slowest_partition_that_is_not_idle_decides_the_end(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct model *model = model_create(&scene->options);
    struct rolling *rolling = rolling_create(&scene->options, IDLE_MS, &fault);
    const int64_t minute_ms = 60000;
    const int64_t late = 27216000;
    char time[25];
    commit(model, 0, (late + 10) * minute_ms + 59999, false);
    commit(model, 1, late * minute_ms, false); /* behind, and not at its end */
    commit(model, 2, (late + 8) * minute_ms, true);
    step(rolling, 0);
    rfc3339_format(late * minute_ms, time);
    assert_window(scene, "1h", "_to", time);
    commit(model, 1, late * minute_ms, true); /* at its end: idle, since more than a minute behind */
    step(rolling, 1000);
    rfc3339_format((late + 10) * minute_ms, time); /* partition 2 is at its end too and idle */
    assert_window(scene, "1h", "_to", time);
    commit(model, 2, (late + 10) * minute_ms - 1, true); /* at its end, but hardly behind: not idle */
    step(rolling, 2000);
    rfc3339_format((late + 9) * minute_ms, time);
    assert_window(scene, "1h", "_to", time);
    rolling_destroy(rolling);
    model_destroy(model);
}

static void one_instance_writes_and_another_takes_over(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct model *model = model_create(&scene->options);
    struct rolling *first = rolling_create(&scene->options, IDLE_MS, &fault);
    struct rolling *second = rolling_create(&scene->options, IDLE_MS, &fault);
    commit_all(model, 27216000);
    step(first, 0);
    step(second, 0);
    assert_answer(scene, "1", SLICE("EXISTS"), SLICE("nhip:rolling:1m"));
    DO(scene, SLICE("DEL"), SLICE("nhip:rolling:1m"));
    step(second, 1000);
    assert_answer(scene, "0", SLICE("EXISTS"), SLICE("nhip:rolling:1m"));
    rolling_destroy(first); /* gives the lease up */
    assert_answer(scene, "0", SLICE("EXISTS"), SLICE("nhip:lease:rolling"));
    step(second, 2000);
    assert_answer(scene, "1", SLICE("EXISTS"), SLICE("nhip:rolling:1m"));
    redisReply *ttl = ASK(scene, SLICE("PTTL"), SLICE("nhip:lease:rolling"));
    assert_in_range(ttl->integer, 1, 5000);
    freeReplyObject(ttl);
    rolling_destroy(second);
    model_destroy(model);
}

static void windows_of_the_current_namespace_are_the_public_ones(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct current current;
    struct store_options other = scene->options;
    other.name_space = "n2";
    struct model *old_model = model_create(&scene->options);
    struct model *new_model = model_create(&other);
    struct rolling *old_one = rolling_create(&scene->options, IDLE_MS, &fault);
    struct rolling *new_one = rolling_create(&other, IDLE_MS, &fault);
    commit_all(old_model, 27216000);
    commit_all(new_model, 27216000);
    step(old_one, 0);
    step(new_one, 0);
    assert_window(scene, "1h", "_namespace", "nhip");
    assert_answer(scene, "n2", SLICE("HGET"), SLICE("n2:rolling:1h"), SLICE("_namespace"));
    assert_true(current_read(&scene->options, &current, &fault));
    assert_true(current_flip(&scene->options, &current, "n2", "", &fault));
    step(new_one, 1000); /* the lease is still the former one's */
    assert_window(scene, "1h", "_namespace", "nhip");
    step(old_one, 1000); /* gives it up and writes no more */
    step(new_one, 2000);
    commit_all(old_model, 27216001);
    step(old_one, 2000);
    assert_window(scene, "1h", "_namespace", "n2");
    assert_false(current_flip(&scene->options, &current, "n3", "", &fault)); /* somebody was faster */
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_true(current_read(&scene->options, &current, &fault));
    assert_string_equal(current.previous, "nhip");
    assert_true(current_flip(&scene->options, &current, current.previous, "", &fault));
    step(new_one, 3000);
    step(old_one, 3000);
    assert_window(scene, "1h", "_namespace", "nhip");
    rolling_destroy(old_one);
    rolling_destroy(new_one);
    assert_answer(scene, "0", SLICE("EXISTS"), SLICE("nhip:lease:rolling"), SLICE("n2:lease:rolling"));
    model_destroy(old_model);
    model_destroy(new_model);
}

static void nothing_is_written_before_anything_is_known(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct rolling *rolling = rolling_create(&scene->options, IDLE_MS, &fault);
    step(rolling, 0);
    assert_answer(scene, "0", SLICE("EXISTS"), SLICE("nhip:rolling:1m"));
    rolling_destroy(rolling);
}

static void a_lost_redis_is_found_again(void **state) {
    struct scene *scene = *state;
    struct fault fault = {.code = FAULT_NONE};
    struct model *model = model_create(&scene->options);
    struct rolling *rolling = rolling_create(&scene->options, IDLE_MS, &fault);
    book(model, 0, 27215999, 0, 5);
    commit_all(model, 27216000);
    step(rolling, 0);
    DO(scene, SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"), SLICE("normal"), SLICE("SKIPME"), SLICE("yes"));
    assert_false(rolling_step(rolling, 1000, &fault));
    assert_true(fault.retriable);
    step(rolling, 2000);
    assert_windows(scene, model, 27216000);
    rolling_destroy(rolling);
    model_destroy(model);
}

/* --- windows under a writer that does not stop --- */

enum { SPREAD = 8, FIRST_MINUTE = 27216000 };

struct writer {
    const struct store_options *options;
    atomic_bool stop;
    atomic_int commits;
};

/* Commit k sets the cell of minute k % SPREAD to n = k and `next` to k. */
static void *write_on(void *context) {
    struct writer *writer = context;
    struct progress progress;
    struct fault fault;
    struct rollup *rollup = rollup_fake();
    struct lane *lane = lane_open(writer->options, PAYMENTS_3, &progress, &fault);
    CHECK(lane != NULL);
    rollup->progress.watermark_ms = (int64_t)(FIRST_MINUTE + SPREAD) * 60000;
    for (int k = 1; !atomic_load(&writer->stop); k++) {
        char value[FAKE_TEXT_MAX];
        (void)snprintf(value, sizeof(value), "%d,0", k);
        struct hash_id id = {.kind = HASH_MINUTE, .bucket = FIRST_MINUTE + k % SPREAD};
        fake_set(rollup, id, "AAAAAAAA", value, k);
        fake_advance(rollup, k);
        CHECK(lane_commit(lane, rollup, &fault));
        atomic_store(&writer->commits, k);
        (void)usleep(100);
    }
    int64_t committed = 0;
    CHECK(settle(lane, &committed, NULL, &fault));
    lane_close(lane, true);
    free(rollup);
    return NULL;
}

static void windows_stand_for_the_offsets_they_name(void **state) {
    struct scene *scene = *state;
    struct fault fault;
    struct writer writer = {.options = &scene->options};
    struct rolling *rolling = rolling_create(&scene->options, IDLE_MS, &fault);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    while (atomic_load(&writer.commits) < 20)
        (void)usleep(1000);
    long last = 0;
    int seen = 0;
    for (int i = 0; i < 400 || (seen < 3 && i < 20000); i++) { /* a loaded machine may let few commits through */
        char offsets[TEXT_MAX], total[TEXT_MAX];
        step(rolling, i * 1000);
        window_field(scene, "1h", "_offsets", offsets);
        window_field(scene, "1h", "_total", total);
        if (offsets[0] == '\0') continue;
        long next = strtol(strchr(offsets, '=') + 1, NULL, 10);
        long expected = 0;
        for (long k = next; k > next - SPREAD; k--)
            expected += k;
        assert_int_equal(strtol(total, NULL, 10), expected);
        seen += next > last;
        last = next;
    }
    atomic_store(&writer.stop, true);
    (void)pthread_join(thread, NULL);
    assert_in_range(seen, 3, 20000);
    rolling_destroy(rolling);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(windows_equal_the_sum_over_all_events, scene_empty),
        cmocka_unit_test_setup(a_quiet_second_reads_no_cells_and_writes_nothing, scene_empty),
        cmocka_unit_test_setup(the_slowest_partition_that_is_not_idle_decides_the_end, scene_empty),
        cmocka_unit_test_setup(one_instance_writes_and_another_takes_over, scene_empty),
        cmocka_unit_test_setup(windows_of_the_current_namespace_are_the_public_ones, scene_empty),
        cmocka_unit_test_setup(nothing_is_written_before_anything_is_known, scene_empty),
        cmocka_unit_test_setup(a_lost_redis_is_found_again, scene_empty),
        cmocka_unit_test_setup(windows_stand_for_the_offsets_they_name, scene_empty),
    };
    return cmocka_run_group_tests(tests, scene_set_up, scene_tear_down);
}
