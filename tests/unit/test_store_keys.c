/* Keys, tags and meta text against schemas/store-layout.md, the slots against Redis' own CLUSTER KEYSLOT. */
#include "aggregate/store/meta.h"
#include "tests/unit/store_scene.h"

static int slot_of(struct keys *keys) {
    return crc16(slice_of(keys->tag)) % SLOT_COUNT;
}

static uint32_t reversed14(uint32_t number) {
    uint32_t result = 0;
    for (int i = 0; i < 14; i++) {
        if ((number & (1U << i)) != 0) result |= 1U << (13 - i);
    }
    return result;
}

static void slots_are_what_redis_computes(void **state) {
    (void)state;
    const char *const extra[] = {"--cluster-enabled", "yes", NULL};
    struct scene scene;
    redis_server_start(&scene.server, false, extra);
    scene.options = (struct store_options){.address = scene.server.socket, .name_space = "nhip", .timeout_ms = 5000};
    scene_witness(&scene);
    const char *const topics[] = {"payments", "orders.v2", "a", "registry_units-2021"};
    for (size_t t = 0; t < 4; t++) {
        for (int32_t partition = 0; partition < 8; partition++) {
            struct keys keys;
            struct key key;
            struct fault fault;
            assert_true(keys_create(&keys, "nhip", (struct source_partition){topics[t], partition}, &fault));
            char expected[16];
            (void)snprintf(expected, sizeof(expected), "%d", slot_of(&keys));
            assert_answer(&scene, expected, SLICE("CLUSTER"), SLICE("KEYSLOT"), key_meta(&keys, &key));
            struct hash_id id = {.kind = HASH_LEDGER, .bucket = 18900, .shard = 77};
            assert_answer(&scene, expected, SLICE("CLUSTER"), SLICE("KEYSLOT"), key_hash(&keys, id, &key));
            int topic_slot = crc16(slice_of(topics[t])) % SLOT_COUNT;
            assert_int_equal(slot_of(&keys), (topic_slot + (int)reversed14((uint32_t)partition)) % SLOT_COUNT);
        }
    }
    scene_close(&scene);
}

static void partitions_spread_evenly_over_any_power_of_two_of_shards(void **state) {
    (void)state;
    for (int shards = 2; shards <= 16; shards *= 2) {
        int held[16] = {0};
        for (int32_t partition = 0; partition < 32; partition++) {
            struct keys keys;
            struct fault fault;
            assert_true(keys_create(&keys, "nhip", (struct source_partition){"payments", partition}, &fault));
            held[slot_of(&keys) * shards / SLOT_COUNT]++;
        }
        for (int i = 0; i < shards; i++)
            assert_in_range(held[i], 32 / shards - 1, 32 / shards + 1);
    }
}

static void the_suffix_is_the_smallest_that_fits(void **state) {
    (void)state;
    struct keys keys;
    struct fault fault;
    assert_true(keys_create(&keys, "nhip", (struct source_partition){"payments", 3}, &fault));
    const char *suffix = strrchr(keys.tag, '/') + 1;
    long number = strtol(suffix, NULL, 36);
    int wanted = slot_of(&keys);
    for (long smaller = 0; smaller < number; smaller++) {
        char digits[16];
        char tag[64];
        size_t at = sizeof(digits);
        long rest = smaller;
        digits[--at] = '\0';
        do {
            digits[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest % 36];
            rest /= 36;
        } while (rest > 0);
        (void)snprintf(tag, sizeof(tag), "payments/3/%s", digits + at);
        assert_int_not_equal(crc16(slice_of(tag)) % SLOT_COUNT, wanted);
    }
}

static void keys_are_written_as_the_layout_says(void **state) {
    (void)state;
    struct keys keys = {.name_space = "ns", .tag = "t/0/a"};
    const struct {
        struct hash_id id;
        const char *key;
        const char *field;
    } cases[] = {
        {{HASH_LEDGER, 18900, 77}, "ns:d:{t/0/a}:18900:77", "d18900"},
        {{HASH_LEDGER, -3, 0}, "ns:d:{t/0/a}:-3:0", "d-3"},
        {{HASH_MINUTE, 27219840, 0}, "ns:m:{t/0/a}:27219840", "m27219840"},
        {{HASH_HOUR, 453664, 0}, "ns:h:{t/0/a}:453664", "h453664"},
        {{HASH_HISTOGRAM, 24260, 0}, "ns:g:{t/0/a}:24260", "g24260"},
        {{HASH_LATE, 0, 0}, "ns:l:{t/0/a}:0", "l0"},
        {{HASH_SKETCH_DAY, 18900, 0}, "ns:s:{t/0/a}:18900", "s18900"},
        {{HASH_SKETCH_MONTH, 24260, 0}, "ns:t:{t/0/a}:24260", "t24260"},
        {{HASH_SKETCH_ACCOUNT, 24260, 7}, "ns:w:{t/0/a}:24260:7", "w24260"},
        {{HASH_ACCOUNT, 0, 5}, "ns:a:{t/0/a}:0:5", "a"},
        {{HASH_UNIT, 0, 0}, "ns:u:{t/0/a}:0:0", "u"},
    };
    struct key key;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(slice_equal(key_hash(&keys, cases[i].id, &key), slice_of(cases[i].key)));
        char field[INDEX_FIELD_BYTES_MAX];
        struct slice written = index_field(cases[i].id.kind, cases[i].id.bucket, field);
        assert_true(slice_equal(written, slice_of(cases[i].field)));
        enum hash_kind kind = HASH_NONE;
        int32_t bucket = 1;
        assert_true(index_field_read(written, &kind, &bucket));
        assert_int_equal(kind, cases[i].id.kind);
        assert_int_equal(bucket, cases[i].id.bucket);
    }
    assert_true(slice_equal(key_meta(&keys, &key), SLICE("ns:f:{t/0/a}")));
    assert_true(slice_equal(key_index(&keys, &key), SLICE("ns:i:{t/0/a}")));
    assert_true(slice_equal(key_shard_index(&keys, HASH_LEDGER, 18900, &key), SLICE("ns:x:{t/0/a}:d18900")));
    assert_true(slice_equal(key_shard_index(&keys, HASH_ACCOUNT, 0, &key), SLICE("ns:x:{t/0/a}:a0")));
    assert_true(slice_equal(key_global("ns", "p", &key), SLICE("ns:p")));
}

static void names_that_would_break_a_key_are_refused(void **state) {
    (void)state;
    struct keys keys;
    struct fault fault = {.code = FAULT_NONE};
    const struct source_partition fine = {"payments", 0};
    const char *const bad[] = {"", "a b", "{x}", "a:b", "0123456789012345678901234567890123456789012345678901234567890123456789"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(keys_create(&keys, bad[i], fine, &fault));
        assert_int_equal(fault.code, FAULT_CONFIG);
    }
    assert_false(keys_create(&keys, "nhip", (struct source_partition){"a{b", 0}, &fault));
    assert_false(keys_create(&keys, "nhip", (struct source_partition){"a", -1}, &fault));
}

static void index_fields_that_are_none_are_refused(void **state) {
    (void)state;
    const char *const bad[] = {"", "d", "q5", "d5x", "a1", "m99999999999", "d 5", "d+5"};
    enum hash_kind kind;
    int32_t bucket;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(index_field_read(slice_of(bad[i]), &kind, &bucket));
}

static void decimals_survive_at_their_limits(void **state) {
    (void)state;
    const int64_t values[] = {0, 1, -1, 9, 10, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char digits[DECIMAL_BYTES_MAX];
        int64_t back = 7;
        assert_true(decimal_read(decimal_text(values[i], digits), &back));
        assert_true(back == values[i]);
    }
    int64_t value = 0;
    const char *const bad[] = {"", "-", "+1", "1 ", "9223372036854775808", "-9223372036854775809", "1.0", "0x1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(decimal_read(slice_of(bad[i]), &value));
}

/* Writes `progress` the way a commit does and reads it back as HGETALL would give it. */
static void round_trip(struct scene *scene, const struct progress *progress, struct meta *meta) {
    struct resp arguments = {0};
    struct resp out = {0};
    struct fault fault = {.code = FAULT_NONE};
    size_t count = meta_write(&arguments, progress);
    DO(scene, SLICE("DEL"), SLICE("m"));
    resp_begin(&out, count + 4);
    resp_argument(&out, SLICE("HSET"));
    resp_argument(&out, SLICE("m"));
    resp_argument(&out, SLICE("layout"));
    resp_argument(&out, SLICE("1"));
    resp_append(&out, (struct slice){arguments.data, arguments.length});
    assert_true(connection_send(scene->witness, (struct slice){out.data, out.length}, &fault));
    freeReplyObject(connection_answer(scene->witness, 5000, "testing", &fault));
    redisReply *reply = ASK(scene, SLICE("HGETALL"), SLICE("m"));
    assert_true(meta_read(reply, SLICE("m"), meta, &fault));
    freeReplyObject(reply);
    resp_free(&arguments);
    resp_free(&out);
}

static void progress_survives_its_text(void **state) {
    struct scene *scene = *state;
    struct progress written;
    struct meta meta;
    progress_clear(&written);
    assert_int_equal(written.next, SOURCE_START_BEGINNING);
    assert_true(written.watermark_ms == INT64_MIN && written.ledger_day_min == INT32_MIN && written.tail_offset == -1);
    round_trip(scene, &written, &meta);
    assert_memory_equal(&meta.progress, &written, sizeof(written));
    assert_answer(scene, "0", SLICE("HEXISTS"), SLICE("m"), SLICE("watermark"));
    assert_answer(scene, "0", SLICE("HEXISTS"), SLICE("m"), SLICE("next"));

    int64_t *numbers = (int64_t *)(void *)&written;
    for (size_t i = 0; i < sizeof(written) / sizeof(int64_t); i++)
        numbers[i] = (int64_t)(i + 1) * 1000003;
    written.counts.reasons[0] = 0; /* no reason has number 0 */
    written.tail_print = UINT64_MAX;
    written.gap_count = GAPS_MAX;
    written.gaps[1].since_ms = written.gaps[1].record_time_ms = INT64_MIN;
    written.gaps[2].until_ms = INT64_MAX;
    round_trip(scene, &written, &meta);
    assert_memory_equal(&meta.progress, &written, sizeof(written));
    assert_answer(scene, "18446744073709551615", SLICE("HGET"), SLICE("m"), SLICE("tail_print"));
    written = (struct progress){.gap_count = 1, .gaps = {{1, 2, 3, INT64_MIN, INT64_MIN, INT64_MAX}}};
    round_trip(scene, &written, &meta);
    assert_answer(scene, "1,2,3,,,", SLICE("HGET"), SLICE("m"), SLICE("gap.0"));
}

static void meta_of_another_hand_is_refused(void **state) {
    struct scene *scene = *state;
    static const char *const bad[][2] = {
        {"layout", "2"}, {"layout", "x"}, {"next", "12x"}, {"reason.no_such_reason", "1"}, {"tail_print", "-1"},
        {"gap.16", "1,2,0,,,"}, {"gap.x", "1,2,0,,,"}, {"gap.0", "1,2"}, {"gap.0", "2,1,0,,,"}, {"gap.0", "1,,0,,,"},
        {"gap.0", "1,2,0,,,,"}, {"gap.0", "1,2,-1,,,"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fault fault = {.code = FAULT_NONE};
        struct meta meta;
        DO(scene, SLICE("DEL"), SLICE("m"));
        DO(scene, SLICE("HSET"), SLICE("m"), SLICE("layout"), SLICE("1"));
        DO(scene, SLICE("HSET"), SLICE("m"), slice_of(bad[i][0]), slice_of(bad[i][1]));
        redisReply *reply = ASK(scene, SLICE("HGETALL"), SLICE("m"));
        assert_false(meta_read(reply, SLICE("m"), &meta, &fault));
        assert_int_equal(fault.code, FAULT_REFUSED);
        freeReplyObject(reply);
    }
}

static int set_up(void **state) {
    static struct scene scene;
    scene_open(&scene);
    *state = &scene;
    return 0;
}

static int tear_down(void **state) {
    scene_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_what_redis_computes),
        cmocka_unit_test(partitions_spread_evenly_over_any_power_of_two_of_shards),
        cmocka_unit_test(the_suffix_is_the_smallest_that_fits),
        cmocka_unit_test(keys_are_written_as_the_layout_says),
        cmocka_unit_test(names_that_would_break_a_key_are_refused),
        cmocka_unit_test(index_fields_that_are_none_are_refused),
        cmocka_unit_test(decimals_survive_at_their_limits),
        cmocka_unit_test_setup_teardown(progress_survives_its_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(meta_of_another_hand_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
