/* The sketch: its stored bytes, merging, and which record changed it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregate/rollup/sketch.h"
#include "tests/support/event_stream.h"

static char blob_a[SKETCH_BLOB_BYTES_MAX];
static char blob_b[SKETCH_BLOB_BYTES_MAX];

static struct slice format(const struct sketch *sketch, char *out) {
    return (struct slice){out, sketch_format(sketch, out)};
}

static void rank_is_leading_zeros_of_50_bits_plus_one(void **state) {
    (void)state;
    static const struct {
        uint64_t print;
        uint32_t index;
        int rank;
    } cases[] = {
        {UINT64_C(1) << 49, 0, 1},
        {UINT64_C(1) << 48, 0, 2},
        {UINT64_C(1), 0, 50},
        {0, 0, 51},
        {UINT64_C(0xFFFC000000000000), 16383, 51},
        {UINT64_MAX, 16383, 1},
        {UINT64_C(5) << 50 | 7, 5, 48},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sketch *sketch = sketch_create(HLL_REGISTERS_LOG2, false);
        assert_true(sketch_add(sketch, cases[i].print, 1));
        assert_false(sketch_add(sketch, cases[i].print, 2));
        assert_int_equal(sketch->registers[cases[i].index], cases[i].rank);
        const unsigned char expected[] = {1, (unsigned char)(cases[i].index >> 8),
                                          (unsigned char)cases[i].index, (unsigned char)cases[i].rank};
        struct slice blob = format(sketch, blob_a);
        assert_int_equal(blob.length, sizeof(expected));
        assert_memory_equal(blob.data, expected, sizeof(expected));
        sketch_destroy(sketch);
    }
}

static void the_form_is_a_function_of_the_content(void **state) {
    (void)state;
    struct sketch *sketch = sketch_create(HLL_REGISTERS_LOG2, false);
    for (uint64_t i = 0; i < SKETCH_SPARSE_MAX; i++) (void)sketch_add(sketch, i << 50 | 1, 1);
    struct slice blob = format(sketch, blob_a);
    assert_int_equal(blob.data[0], 1);
    assert_int_equal(blob.length, 1 + 3 * SKETCH_SPARSE_MAX);
    (void)sketch_add(sketch, (uint64_t)SKETCH_SPARSE_MAX << 50 | 1, 1);
    blob = format(sketch, blob_a);
    assert_int_equal(blob.data[0], 2);
    assert_int_equal(blob.length, SKETCH_BLOB_BYTES_MAX);
    assert_int_equal(blob.data[1], 50);
    assert_int_equal(blob.data[1 + SKETCH_SPARSE_MAX + 1], 0);
    sketch_destroy(sketch);
}

/* An account's sketch is a list before it is registers: nobody can tell from what is stored. */
static void a_small_sketch_stores_what_registers_would(void **state) {
    (void)state;
    static uint8_t registers[1 << HLL_ACCOUNT_REGISTERS_LOG2];
    memset(registers, 0, sizeof(registers));
    struct sketch *sketch = sketch_create(HLL_ACCOUNT_REGISTERS_LOG2, false);
    uint64_t seed = 5;
    uint32_t set = 0;
    bool was_small = false;
    bool was_dense_early = false;
    for (int i = 0; i < 3000; i++) {
        uint64_t print = stream_random(&seed);
        if (i % 5 == 0) print &= UINT64_C(0xFFF000FFFFFFFFFF);
        uint64_t rest = print << 12;
        uint8_t rank = rest == 0 ? 53 : (uint8_t)(__builtin_clzll(rest) + 1);
        bool rises = rank > registers[print >> 52];
        set += registers[print >> 52] == 0;
        if (rises) registers[print >> 52] = rank;
        assert_int_equal(sketch_add(sketch, print, i), rises);
        assert_int_equal(sketch->set, set);
        struct slice blob = format(sketch, blob_a);
        size_t length = 0;
        blob_b[length++] = set > 1000 ? 2 : 1;
        for (uint32_t k = 0; k < sizeof(registers); k++) {
            if (set > 1000) {
                blob_b[length++] = (char)registers[k];
            } else if (registers[k] != 0) {
                blob_b[length++] = (char)(k >> 8);
                blob_b[length++] = (char)k;
                blob_b[length++] = (char)registers[k];
            }
        }
        assert_int_equal(blob.length, length);
        assert_memory_equal(blob.data, blob_b, length);
        was_small = was_small || sketch->registers == NULL;
        was_dense_early = was_dense_early || (sketch->registers != NULL && set <= 1000);
    }
    assert_true(was_small && was_dense_early && set > 1000);
    sketch_destroy(sketch);
}

static void a_sketch_of_few_persons_takes_few_bytes(void **state) {
    (void)state;
    struct sketch *sketch = sketch_create(HLL_ACCOUNT_REGISTERS_LOG2, false);
    uint64_t seed = 6;
    for (int i = 0; i < 4; i++) (void)sketch_add(sketch, stream_random(&seed), i);
    assert_true(sketch->bytes <= 80);
    for (int i = 0; i < 10000; i++) (void)sketch_add(sketch, stream_random(&seed), i);
    assert_true(sketch->bytes <= 4096 + 64);
    sketch_destroy(sketch);
}

/* Persons before and after a stop give the same bytes, and the same last change, as persons in one go. */
static void ends_alike(uint8_t registers_log2) {
    static const size_t befores[] = {0, 3, 10, 3000, 20000};
    for (size_t i = 0; i < sizeof(befores) / sizeof(befores[0]); i++) {
        uint64_t seed = 77 + i;
        struct sketch *whole = sketch_create(registers_log2, false);
        for (size_t k = 0; k < befores[i]; k++) (void)sketch_add(whole, stream_random(&seed), -1);
        struct slice stored = format(whole, blob_b);
        struct sketch *cold = sketch_create(registers_log2, true);
        int64_t last_change = INT64_MIN;
        for (int64_t offset = 0; offset < 3000; offset++) {
            uint64_t print = stream_random(&seed);
            if (offset % 3 == 0) print &= UINT64_C(0x0FFF0000FFFFFFFF); /* raises, and raises again */
            (void)sketch_add(cold, print, offset);
            if (sketch_add(whole, print, offset)) last_change = offset;
        }
        int64_t raised_at;
        assert_true(sketch_fill(cold, befores[i] > 0 ? stored : (struct slice){NULL, 0}, &raised_at));
        assert_int_equal(raised_at, last_change);
        struct slice a = format(whole, blob_a);
        struct slice b = format(cold, blob_b);
        assert_int_equal(a.length, b.length);
        assert_memory_equal(a.data, b.data, a.length);
        sketch_destroy(whole);
        sketch_destroy(cold);
    }
}

static void a_cold_sketch_ends_like_one_that_was_always_in_memory(void **state) {
    (void)state;
    ends_alike(HLL_REGISTERS_LOG2);
    ends_alike(HLL_ACCOUNT_REGISTERS_LOG2);
}

static void an_addition_that_the_stored_part_covers_changes_nothing(void **state) {
    (void)state;
    struct sketch *cold = sketch_create(HLL_REGISTERS_LOG2, true);
    (void)sketch_add(cold, UINT64_C(1) << 49, 10); /* register 0, rank 1 */
    int64_t raised_at = 0;
    assert_true(sketch_fill(cold, (struct slice){"\x01\x00\x00\x05", 4}, &raised_at));
    assert_int_equal(raised_at, INT64_MIN);
    assert_int_equal(cold->registers[0], 5);
    sketch_destroy(cold);
}

static void damaged_bytes_are_refused(void **state) {
    (void)state;
    static char dense[SKETCH_BLOB_BYTES_MAX] = {2};
    static const struct {
        uint8_t registers_log2;
        struct slice bytes;
    } damaged[] = {
        {HLL_REGISTERS_LOG2, {"\x03", 1}},                                 /* no such form */
        {HLL_REGISTERS_LOG2, {"\x02\x00\x00", 3}},                         /* dense, too short */
        {HLL_REGISTERS_LOG2, {"\x01\x00\x00", 3}},                         /* half an entry */
        {HLL_REGISTERS_LOG2, {"\x01\x00\x00\x00", 4}},                     /* rank 0 */
        {HLL_REGISTERS_LOG2, {"\x01\x00\x00\x34", 4}},                     /* rank 52 */
        {HLL_REGISTERS_LOG2, {"\x01\x40\x00\x01", 4}},                     /* register 16384 */
        {HLL_REGISTERS_LOG2, {"\x01\x00\x02\x01\x00\x01\x01", 7}},         /* not ascending */
        {HLL_REGISTERS_LOG2, {"\x01\x00\x02\x01\x00\x02\x01", 7}},         /* twice */
        {HLL_REGISTERS_LOG2, {dense, 1 + (1 << HLL_ACCOUNT_REGISTERS_LOG2)}}, /* the other size */
        {HLL_ACCOUNT_REGISTERS_LOG2, {dense, sizeof(dense)}},
        {HLL_ACCOUNT_REGISTERS_LOG2, {"\x01\x00\x00\x36", 4}}, /* rank 54 */
        {HLL_ACCOUNT_REGISTERS_LOG2, {"\x01\x10\x00\x01", 4}}, /* register 4096 */
    };
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct sketch *cold = sketch_create(damaged[i].registers_log2, true);
        int64_t raised_at;
        assert_false(sketch_fill(cold, damaged[i].bytes, &raised_at));
        sketch_destroy(cold);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_is_leading_zeros_of_50_bits_plus_one),
        cmocka_unit_test(the_form_is_a_function_of_the_content),
        cmocka_unit_test(a_small_sketch_stores_what_registers_would),
        cmocka_unit_test(a_sketch_of_few_persons_takes_few_bytes),
        cmocka_unit_test(a_cold_sketch_ends_like_one_that_was_always_in_memory),
        cmocka_unit_test(an_addition_that_the_stored_part_covers_changes_nothing),
        cmocka_unit_test(damaged_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
