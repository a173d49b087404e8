/* The packed ledger gives back what was put in, whatever the numbers and the order; its days are found. */
#include "aggregate/snapshot/ledger.h"
#include "check.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CELLS = 4000, SLOTS = 3000, DAYS = 7, PARTITIONS = 3 };

struct told {
    int32_t day;
    uint32_t slot;
    uint64_t facet;
    int64_t n;
    __int128 sum;
};

static uint64_t seed;

static uint64_t draw(void) { /* splitmix64 */
    uint64_t z = (seed += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static int compare(const void *left, const void *right) {
    const struct told *a = left;
    const struct told *b = right;
    if (a->day != b->day) return a->day < b->day ? -1 : 1;
    if (a->slot != b->slot) return a->slot < b->slot ? -1 : 1;
    if (a->facet != b->facet) return a->facet < b->facet ? -1 : 1;
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    return (a->sum > b->sum) - (a->sum < b->sum);
}

/* Numbers of every length, zero among them. */
static struct told some_cell(void) {
    struct told cell = {.day = (int32_t)(18900 + draw() % DAYS), .slot = (uint32_t)(draw() % (PARTITIONS * SLOTS))};
    cell.facet = draw() % 1500 * 0x10001u;
    cell.n = (int64_t)(draw() >> (1 + draw() % 63));
    cell.sum = (__int128)(draw() >> (draw() % 64)) * (draw() % 4 == 0 ? INT64_C(5421010862427) : 1);
    return cell;
}

static void add(struct ledger *ledger, const struct told *cell) {
    const struct ledger_cell packed = {.facet = cell->facet, .slot = cell->slot, .n = cell->n, .sum = cell->sum};
    ledger_add(ledger, cell->slot / SLOTS * SLOTS, cell->day, &packed);
}

static size_t read_back(const struct ledger *ledger, struct told *out) {
    size_t block_count;
    size_t count = 0;
    const struct ledger_block *blocks = ledger_blocks(ledger, &block_count);
    for (size_t i = 0; i < block_count; i++) {
        struct ledger_reading reading = ledger_read(&blocks[i]);
        struct ledger_cell cell;
        uint32_t slot = 0;
        if (i > 0) assert_true(blocks[i].day >= blocks[i - 1].day);
        while (ledger_next(&reading, &cell)) {
            assert_true(cell.slot >= slot);
            slot = cell.slot;
            assert_true(count < CELLS);
            out[count++] = (struct told){blocks[i].day, cell.slot, cell.facet, cell.n, cell.sum};
        }
    }
    return count;
}

/* `together`: cells of a partition and day come one after the other, as the reader delivers them. */
static void comes_back(bool together, uint64_t from) {
    static struct told told[CELLS], back[CELLS];
    seed = from;
    for (size_t i = 0; i < CELLS; i++)
        told[i] = some_cell();
    if (together) qsort(told, CELLS, sizeof(told[0]), compare);
    struct ledger *ledger = ledger_create();
    for (size_t i = 0; i < CELLS; i++)
        add(ledger, &told[i]);
    ledger_finish(ledger);
    assert_int_equal(ledger_count(ledger), CELLS);
    assert_int_equal(read_back(ledger, back), CELLS);
    qsort(told, CELLS, sizeof(told[0]), compare);
    qsort(back, CELLS, sizeof(back[0]), compare);
    for (size_t i = 0; i < CELLS; i++)
        assert_int_equal(compare(&told[i], &back[i]), 0);
    ledger_destroy(ledger);
}

static void what_is_put_in_comes_out(void **state) {
    (void)state;
    for (uint64_t i = 1; i < 20; i++) {
        comes_back(true, i);
        comes_back(false, i);
    }
}

static void the_greatest_numbers_fit(void **state) {
    (void)state;
    struct ledger *ledger = ledger_create();
    struct ledger_cell cell = {.facet = (UINT64_C(1) << 48) - 1, .slot = UINT32_MAX / 4, .n = INT64_MAX};
    cell.sum = ((__int128)INT64_MAX << 63) + 7;
    ledger_add(ledger, 0, INT32_MAX - 1, &cell);
    ledger_finish(ledger);
    size_t count;
    struct ledger_reading reading = ledger_read(ledger_blocks(ledger, &count));
    struct ledger_cell back;
    assert_int_equal(count, 1);
    assert_true(ledger_next(&reading, &back));
    assert_true(back.facet == cell.facet && back.slot == cell.slot && back.n == cell.n && back.sum == cell.sum);
    assert_false(ledger_next(&reading, &back));
    ledger_destroy(ledger);
}

static void days_are_found(void **state) {
    (void)state;
    struct ledger *ledger = ledger_create();
    for (int32_t day = 10; day < 20; day += 3) { /* 10, 13, 16, 19 */
        const struct ledger_cell cell = {.facet = 1, .n = day};
        ledger_add(ledger, 0, 29 - day, &cell);
    }
    ledger_finish(ledger);
    size_t count;
    const struct ledger_block *blocks = ledger_blocks(ledger, &count);
    assert_int_equal(count, 4);
    assert_int_equal(blocks[0].day, 10);
    assert_int_equal(ledger_from(ledger, 0), 0);
    assert_int_equal(ledger_from(ledger, 10), 0);
    assert_int_equal(ledger_from(ledger, 11), 1);
    assert_int_equal(ledger_from(ledger, 19), 3);
    assert_int_equal(ledger_from(ledger, 20), 4);
    ledger_destroy(ledger);
}

static void an_empty_ledger_is_one(void **state) {
    (void)state;
    struct ledger *ledger = ledger_create();
    size_t count;
    ledger_finish(ledger);
    (void)ledger_blocks(ledger, &count);
    assert_int_equal(count, 0);
    assert_int_equal(ledger_from(ledger, 5), 0);
    ledger_destroy(ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_comes_out),
        cmocka_unit_test(the_greatest_numbers_fit),
        cmocka_unit_test(days_are_found),
        cmocka_unit_test(an_empty_ledger_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
