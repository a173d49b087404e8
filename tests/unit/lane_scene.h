/* A lane with a roll-up that is told what to say: shared by the tests of lanes. */
#ifndef NHIP_TEST_LANE_SCENE_H
#define NHIP_TEST_LANE_SCENE_H

#include "aggregate/store/reader.h"
#include "aggregate/store/store.h"
#include "tests/unit/fake_rollup.h"
#include "tests/unit/store_scene.h"

#include <unistd.h>

enum { TEXT_MAX = 128 };

static const struct source_partition PAYMENTS_3 = {"payments", 3};
static const struct hash_id MINUTE_1 = {.kind = HASH_MINUTE, .bucket = 1001};
static const struct hash_id LEDGER_1 = {.kind = HASH_LEDGER, .bucket = 18900, .shard = 2};

static inline struct rollup *rollup_fake(void) {
    struct rollup *rollup = calloc(1, sizeof(*rollup));
    CHECK(rollup != NULL);
    progress_clear(&rollup->progress);
    return rollup;
}

static inline struct lane *open_lane(const struct store_options *options, struct progress *progress) {
    struct fault fault = {.code = FAULT_NONE};
    struct lane *lane = lane_open(options, PAYMENTS_3, progress, &fault);
    if (lane == NULL) print_message("%s\n", fault.message);
    assert_non_null(lane);
    return lane;
}

/* Polls until the commit in flight is decided, passing over retriable faults as a worker does. False for others. */
static inline bool settle(struct lane *lane, int64_t *committed_next, int *faults, struct fault *fault) {
    bool in_flight = true;
    for (int i = 0; i < 500 && in_flight; i++) {
        if (lane_poll(lane, 20, committed_next, &in_flight, fault)) continue;
        if (!fault->retriable) return false;
        if (faults != NULL) (*faults)++;
        (void)usleep(2000);
    }
    return !in_flight;
}

static inline void commit_and_settle(struct lane *lane, struct rollup *rollup) {
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    bool sent = lane_commit(lane, rollup, &fault);
    if (!sent) print_message("%s\n", fault.message);
    assert_true(sent);
    bool settled = settle(lane, &committed, NULL, &fault);
    if (!settled) print_message("%s\n", fault.message);
    assert_true(settled);
    assert_true(committed == rollup->progress.next);
}

/* Commits `value` into one cell and moves `next`. */
static inline void commit_value(struct lane *lane, struct rollup *rollup, const char *value, int64_t next) {
    fake_set(rollup, MINUTE_1, "cell", value, next - 1);
    fake_advance(rollup, next);
    commit_and_settle(lane, rollup);
}

/* Field `field` of hash `id` of payments/3, or "". */
static inline void stored(struct scene *scene, struct hash_id id, const char *field, char out[TEXT_MAX]) {
    struct keys keys;
    struct key key;
    struct fault fault;
    CHECK(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    text_of(ASK(scene, SLICE("HGET"), key_hash(&keys, id, &key), slice_of(field)), out, TEXT_MAX);
}

static inline void meta_field(struct scene *scene, const char *field, char out[TEXT_MAX]) {
    struct keys keys;
    struct key key;
    struct fault fault;
    CHECK(keys_create(&keys, "nhip", PAYMENTS_3, &fault));
    text_of(ASK(scene, SLICE("HGET"), key_meta(&keys, &key), slice_of(field)), out, TEXT_MAX);
}

#define assert_stored(scene, id, field, expected)                                                                                \
    do {                                                                                                                         \
        char value_[TEXT_MAX];                                                                                                   \
        stored(scene, id, field, value_);                                                                                        \
        assert_string_equal(value_, expected);                                                                                   \
    } while (0)
#define assert_meta(scene, field, expected)                                                                                      \
    do {                                                                                                                         \
        char value_[TEXT_MAX];                                                                                                   \
        meta_field(scene, field, value_);                                                                                        \
        assert_string_equal(value_, expected);                                                                                   \
    } while (0)

static inline int scene_set_up(void **state) {
    static struct scene scene;
    scene_open(&scene);
    *state = &scene;
    return 0;
}

static inline int scene_tear_down(void **state) {
    scene_close(*state);
    return 0;
}

static inline int scene_empty(void **state) {
    DO((struct scene *)*state, SLICE("FLUSHALL"));
    return 0;
}

#endif
