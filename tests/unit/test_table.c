/* The table of cells and what it stands on: refs, catalog, text of fields and values, accounts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregate/rollup/accounts.h"
#include "aggregate/rollup/table.h"
#include "tests/support/event_stream.h"

static const uint64_t no_key[2] = {0, 0};

static void refs_find_what_was_inserted_and_not_removed(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    static uint64_t hashes[COUNT];
    static bool inside[COUNT];
    struct refs refs;
    assert_true(refs_create(&refs, 2));
    uint64_t seed = 3;
    for (uint32_t i = 0; i < COUNT; i++)
        hashes[i] = stream_random(&seed) & (i % 3 == 0 ? ~(uint64_t)0xFFF << 32 : UINT64_MAX);
    for (uint32_t round = 0; round < 40000; round++) {
        uint32_t i = (uint32_t)(stream_random(&seed) % COUNT);
        if (inside[i]) {
            refs_remove(&refs, hashes[i], i);
        } else {
            refs_insert(&refs, hashes[i], i);
        }
        inside[i] = !inside[i];
        uint32_t probe = (uint32_t)(stream_random(&seed) % COUNT);
        uint64_t at = refs_home(&refs, hashes[probe]);
        uint32_t index;
        bool found = false;
        while (refs_next(&refs, hashes[probe], &at, &index)) found = found || index == probe;
        assert_int_equal(found, inside[probe]);
    }
    refs_destroy(&refs);
}

static void a_catalog_forgets_whole_buckets(void **state) {
    (void)state;
    struct catalog catalog;
    assert_true(catalog_create(&catalog));
    for (int32_t day = -1; day < 500; day++) {
        for (uint32_t shard = 0; shard < 300; shard += 7)
            catalog_add(&catalog, place_of(RANK_LEDGER, day, shard << SHARD_ACCOUNTS_LOG2));
    }
    assert_true(catalog_has(&catalog, place_of(RANK_LEDGER, -1, 7 << SHARD_ACCOUNTS_LOG2)));
    assert_false(catalog_has(&catalog, place_of(RANK_LEDGER, -1, 8 << SHARD_ACCOUNTS_LOG2)));
    assert_false(catalog_has(&catalog, place_of(RANK_LEDGER, 3, 700 << SHARD_ACCOUNTS_LOG2)));
    assert_false(catalog_has(&catalog, place_of(RANK_MINUTE, 3, 0)));
    for (int32_t day = -1; day < 499; day++) catalog_remove(&catalog, place_of(RANK_LEDGER, day, 0));
    for (int32_t day = -1; day < 499; day++)
        assert_false(catalog_has(&catalog, place_of(RANK_LEDGER, day, 0)));
    assert_true(catalog_has(&catalog, place_of(RANK_LEDGER, 499, 0)));
    catalog_add(&catalog, place_of(RANK_HOUR, 12, 0));
    assert_true(catalog_has(&catalog, place_of(RANK_HOUR, 12, 0)));
    catalog_destroy(&catalog);
}

static void fields_and_values_read_as_they_were_written(void **state) {
    (void)state;
    static const struct {
        enum kind_rank rank;
        uint32_t lane;
        const char *text;
    } fields[] = {
        {RANK_LEDGER, 0, "AAAAAAAB"},       {RANK_LEDGER, 31, "AAAAAAABf"},
        {RANK_LEDGER, 32, "AAAAAAAB"},      {RANK_HISTOGRAM, 63, "AAAAAAAB_"},
        {RANK_HISTOGRAM, 64, "AAAAAAABBA"}, {RANK_HISTOGRAM, 1009, "AAAAAAABPx"},
        {RANK_MINUTE, 0, "AAAAAAAB"},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char out[FIELD_BYTES_MAX];
        size_t length = layout_field(place_of(fields[i].rank, 5, fields[i].lane), 1, out);
        assert_int_equal(length, strlen(fields[i].text));
        assert_memory_equal(out, fields[i].text, length);
        uint64_t facet;
        uint32_t lane;
        assert_true(layout_field_parse((struct slice){out, length}, &facet, &lane));
        assert_int_equal(facet, 1);
        assert_int_equal(lane, fields[i].rank == RANK_LEDGER ? fields[i].lane & 31 : fields[i].lane);
    }
    static const struct {
        struct amounts amounts;
        const char *text;
    } values[] = {
        {{.n = 1}, "1,0"},
        {{.n = 3, .sum = 9223372036854775807, .unconverted = 2}, "3,9223372036854775807,2"},
        {{.n = 7, .sum = (__int128)INT64_MAX * 1000000}, "7,9223372036854775807000000"},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char out[VALUE_BYTES_MAX];
        size_t length = layout_value(&values[i].amounts, out);
        assert_int_equal(length, strlen(values[i].text));
        assert_memory_equal(out, values[i].text, length);
        struct amounts read;
        assert_true(layout_value_parse((struct slice){out, length}, &read));
        assert_true(read.n == values[i].amounts.n && read.sum == values[i].amounts.sum);
        assert_int_equal(read.unconverted, values[i].amounts.unconverted);
    }
    static const char *const damaged[] = {"",
                                          ",",
                                          "1",
                                          "1,",
                                          "-1,2",
                                          "1,2,",
                                          "1,2,3,",
                                          "1, 2",
                                          "1,2x",
                                          "+1,2",
                                          "1,00000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct amounts read;
        assert_false(layout_value_parse(slice_of(damaged[i]), &read));
    }
    static const char *const damaged_fields[] = {"",          "AAAAAAA",   "AAAAAAA!",
                                                 "AAAAAAAAA", "AAAAAAAA!", "AAAAAAAABCDEFG"};
    for (size_t i = 0; i < sizeof(damaged_fields) / sizeof(damaged_fields[0]); i++) {
        uint64_t facet;
        uint32_t lane;
        assert_false(layout_field_parse(slice_of(damaged_fields[i]), &facet, &lane));
    }
}

static void tickets_fall_into_sixteen_buckets_a_doubling(void **state) {
    (void)state;
    static const struct {
        int64_t amount;
        uint32_t lane;
    } cases[] = {{0, 0},
                 {1, 1},
                 {2, 17},
                 {3, 25},
                 {16, 65},
                 {17, 66},
                 {31, 80},
                 {32, 81},
                 {33, 81},
                 {34, 82},
                 {INT64_MAX, 16 * 62 + 16}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(layout_histogram_lane(cases[i].amount), cases[i].lane);
    }
}

static void accounts_are_told_apart_by_their_bytes(void **state) {
    (void)state;
    struct accounts accounts;
    assert_true(accounts_create(&accounts, no_key));
    uint64_t hash = UINT64_C(0x1234567800000000); /* the same for all: as bad as a hash can be */
    uint32_t a = accounts_source_add(&accounts, SLICE("A"), 1, 0);
    uint32_t b = accounts_source_add(&accounts, SLICE("B"), 1, 0);
    assert_int_not_equal(a, b);
    assert_int_equal(accounts_source_add(&accounts, SLICE("A"), 1, 0), a);
    uint32_t first = accounts_add(&accounts, a, SLICE("m1"), hash, 0);
    uint32_t second = accounts_add(&accounts, b, SLICE("m1"), hash, 1);
    uint32_t third = accounts_add(&accounts, a, SLICE("m2"), hash, 2);
    assert_int_equal(accounts_find(&accounts, a, SLICE("m1"), hash), first);
    assert_int_equal(accounts_find(&accounts, b, SLICE("m1"), hash), second);
    assert_int_equal(accounts_find(&accounts, a, SLICE("m2"), hash), third);
    assert_int_equal(accounts_find(&accounts, b, SLICE("m2"), hash), ACCOUNT_NONE);
    accounts_destroy(&accounts);
}

/* What an attacker does who knows how names are hashed: of a source, he tries names until the first word of an id can be
 * written in printable letters that make the first factor of the product zero; then all ids that begin with it have the same
 * hash. Returns the prefix that does it. */
static void prepare_names(const struct accounts *accounts, char source[static 16], char prefix[static 8]) {
    enum { ID_BYTES = 16, TRIES_MAX = 1000000 };
    for (int i = 0; i < TRIES_MAX; i++) {
        (void)snprintf(source, 16, "S%d", i);
        uint64_t factor = accounts_source_hash(accounts, slice_of(source)) ^ ID_BYTES ^ MIX_A;
        memcpy(prefix, &factor, 8);
        bool printable = true;
        for (int k = 0; k < 8; k++) printable = printable && prefix[k] >= 0x20 && prefix[k] <= 0x7E;
        if (printable) return;
    }
    fail_msg("no source found");
}

static void names_that_are_made_to_meet_do_not_meet_under_a_key(void **state) {
    (void)state;
    enum { NAMES = 20000 };
    static const uint64_t key[2] = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};
    struct accounts open;
    struct accounts keyed;
    assert_true(accounts_create(&open, no_key));
    assert_true(accounts_create(&keyed, key));
    char source[16], id[17], prefix[8];
    prepare_names(&open, source, prefix);
    uint64_t open_hash = accounts_source_hash(&open, slice_of(source));
    uint64_t keyed_hash = accounts_source_hash(&keyed, slice_of(source));
    uint32_t owner = accounts_source_add(&keyed, slice_of(source), keyed_hash, 0);
    size_t met = 0;
    size_t probes = 0;
    for (uint32_t i = 0; i < NAMES; i++) {
        (void)snprintf(id, sizeof(id), "%.8s%08u", prefix, i);
        struct slice name = {id, 16};
        met += accounts_hash(&open, open_hash, name) == 0;
        uint64_t hash = accounts_hash(&keyed, keyed_hash, name);
        assert_int_equal(accounts_find(&keyed, owner, name, hash), ACCOUNT_NONE);
        uint64_t home = refs_home(&keyed.refs, hash);
        for (uint64_t at = home; keyed.refs.slots[at & keyed.refs.mask] != 0; at++) probes++;
        (void)accounts_add(&keyed, owner, name, hash, i);
    }
    assert_int_equal(met, NAMES);        /* the attack is real: 20,000 names would cost 200 million probes */
    assert_true(probes < NAMES * 3ULL); /* and in vain: a slot or two per name, as with names that nobody prepared */
    accounts_destroy(&keyed);
    accounts_destroy(&open);
}

static void an_account_keeps_first_and_last_day_of_each_activity(void **state) {
    (void)state;
    struct accounts accounts;
    assert_true(accounts_create(&accounts, no_key));
    uint32_t source = accounts_source_add(&accounts, SLICE("SRC"), 1, 0);
    uint32_t handle = accounts_add(&accounts, source, SLICE("m 1"), 5, 0);
    accounts_active(&accounts, handle, ACTIVITY_SOLD, 100, 10);
    accounts_active(&accounts, handle, ACTIVITY_SOLD, 105, 11);
    accounts_active(&accounts, handle, ACTIVITY_SOLD, 99, 12);
    accounts_active(&accounts, handle, ACTIVITY_SOLD, 101, 13); /* inside: changes nothing */
    accounts_active(&accounts, handle, ACTIVITY_CHANGED, -1, 9);
    const struct account *account = accounts_at(&accounts, handle);
    assert_int_equal(account->last_change,
                     9); /* offsets of a log only grow; here the last call stands for the last record */
    char value[ACCOUNT_VALUE_BYTES_MAX];
    struct slice text = {value, accounts_format(&accounts, account, value)};
    assert_true(slice_equal(text, SLICE("SRC\x1Fm 1\x1F;99-105;;-1--1")));
    struct slice source_text;
    struct slice id;
    struct account days;
    assert_true(accounts_parse(text, &source_text, &id, &days));
    assert_true(slice_equal(source_text, SLICE("SRC")));
    assert_true(slice_equal(id, SLICE("m 1")));
    assert_memory_equal(days.first_days, account->first_days, sizeof(days.first_days));
    assert_memory_equal(days.last_days, account->last_days, sizeof(days.last_days));
    /* What was added later has its place only where it happened: values without it are those of before. */
    accounts_active(&accounts, handle, ACTIVITY_NAMED, 77, 14);
    text.length = accounts_format(&accounts, account, value);
    assert_true(slice_equal(text, SLICE("SRC\x1Fm 1\x1F;99-105;;-1--1;77-77")));
    assert_true(accounts_parse(text, &source_text, &id, &days));
    assert_memory_equal(days.first_days, account->first_days, sizeof(days.first_days));
    static const char *const damaged[] = {"",
                                          "S",
                                          "S\x1F",
                                          "S\x1Fm",
                                          "S\x1Fm\x1F",
                                          "S\x1Fm\x1F;;",
                                          "S\x1Fm\x1F;;;;;",
                                          "S\x1Fm\x1F;;;5",
                                          "S\x1Fm\x1F;;;5-",
                                          "S\x1Fm\x1F;;;5-4",
                                          "\x1Fm\x1F;;;",
                                          "S\x1F\x1F;;;",
                                          "S\x1Fm\x1F;;;x"};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        assert_false(accounts_parse(slice_of(damaged[i]), &source_text, &id, &days));
    }
    accounts_destroy(&accounts);
}

static void a_cold_cell_adds_what_is_stored_once(void **state) {
    (void)state;
    struct table table;
    assert_true(table_create(&table, no_key));
    uint64_t hash_place = place_of(RANK_LEDGER, 5, 0);
    catalog_add(&table.catalog, hash_place);
    table_add(&table, table_cell(&table, place_of(RANK_LEDGER, 5, 3), 9), 100, 50, false);
    table_add(&table, table_cell(&table, place_of(RANK_LEDGER, 5, 4), 9), 101, 1, true);
    uint64_t place;
    assert_true(table_is_cold(&table));
    assert_true(table_cold(&table, &place));
    assert_int_equal(place, hash_place);
    assert_false(table_cold(&table, &place));
    assert_true(table_is_cold(&table)); /* popped, but not yet filled */
    struct hash_id id = {HASH_LEDGER, 5, 0};
    assert_true(table_fill(&table, id, SLICE("AAAAAAAJD"), SLICE("10,1000,1")));
    table_add(&table, table_cell(&table, place_of(RANK_LEDGER, 5, 3), 9), 102, 5, false);
    assert_true(table_fill(&table, id, SLICE("AAAAAAAJf"), SLICE("2,2")));
    assert_false(
        table_fill(&table, id, SLICE("AAAAAAAJBA"), SLICE("2,2"))); /* lane 64: not a lane of this hash */
    assert_false(table_fill(&table, id, SLICE("AAAAAAAJ"), SLICE("two")));
    table_filled(&table, hash_place);
    assert_false(table_is_cold(&table));
    const struct cell *cell = table_at(&table, table_cell(&table, place_of(RANK_LEDGER, 5, 3), 9));
    assert_int_equal(cell->amounts.n, 12);
    assert_true(cell->amounts.sum == 1055);
    assert_int_equal(cell->amounts.unconverted, 1);
    table_gather(&table);
    size_t count;
    (void)table_dirty(&table, &count);
    assert_int_equal(count, 1);
    assert_int_equal(table.dirty_count, 2); /* the cell that was only read is clean */
    table_clean(&table);
    table_evict(&table, 0);
    assert_int_equal(table.cells, 0);
    assert_true(catalog_has(&table.catalog, hash_place));
    table_destroy(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refs_find_what_was_inserted_and_not_removed),
        cmocka_unit_test(a_catalog_forgets_whole_buckets),
        cmocka_unit_test(fields_and_values_read_as_they_were_written),
        cmocka_unit_test(tickets_fall_into_sixteen_buckets_a_doubling),
        cmocka_unit_test(accounts_are_told_apart_by_their_bytes),
        cmocka_unit_test(names_that_are_made_to_meet_do_not_meet_under_a_key),
        cmocka_unit_test(an_account_keeps_first_and_last_day_of_each_activity),
        cmocka_unit_test(a_cold_cell_adds_what_is_stored_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
