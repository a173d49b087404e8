/* What must hold for any log: the state is a function of the log, whatever the commits, evictions, stops and rebuilds
 * were (I3), and delivered records are all accounted for (I4). Random streams of event_stream.h against the store in
 * memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/event_stream.h"
#include "tests/support/memory_store.h"

#include <malloc.h>

enum { RECORDS = 6000, DAY_MS = 86400000 };

/* jemalloc's, when it is linked (not under sanitizers): bytes this thread has ever allocated. Else what glibc has
 * given out now. */
int mallctl(const char *name, void *old, size_t *old_length, void *new, size_t new_length)
    __attribute__((weak));

static uint64_t allocated(void) {
    uint64_t bytes = 0;
    size_t length = sizeof(bytes);
    if (mallctl != NULL && mallctl("thread.allocated", &bytes, &length, NULL, 0) == 0) return bytes;
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static struct zone *zone;

struct play {
    uint32_t window_records;
    int64_t age_ms;
    size_t cells_max;
    uint64_t seed;       /* of cuts and stops */
    uint32_t cut_every;  /* about */
    uint32_t stop_every; /* about, in cuts; 0 = never */
};

static struct rollup *make(const struct play *play) {
    const struct rollup_options options = {
        .zone = zone,
        .window_records = play->window_records,
        .window_age_ms_max = play->age_ms,
        .watermark_bound_ms = 60000,
        .retention_days = 70,
        .oldest_day = 16436,
        .account_sketches = true,
        .success_at = stream_success_at,
        .cells_max = play->cells_max,
    };
    struct fault fault;
    struct rollup *rollup = rollup_create(&options, &fault);
    assert_non_null(rollup);
    return rollup;
}

/* How often a state was brought back whose window began inside a message. */
static size_t begun_inside;

/* The final state of a log played with these cuts and stops. */
static char *run(const struct play *play, const struct stream_item *items, size_t count, size_t *reads) {
    struct memory_store *store = memory_store_create();
    struct rollup *rollup = make(play);
    uint64_t seed = play->seed;
    *reads = 0;
    for (size_t at = 0; at < count;) {
        size_t length = 1 + stream_random(&seed) % (2 * play->cut_every);
        size_t to = stream_whole(items, count, at + length < count ? at + length : count);
        stream_feed(rollup, items, at, to);
        at = to;
        if (stream_random(&seed) % 3 == 0) *reads += memory_store_warm(store, rollup);
        if (stream_random(&seed) % 4 == 0 && at < count) continue; /* warmed, not cut: generation goes on */
        memory_store_commit(store, rollup);
        if (play->stop_every == 0 || stream_random(&seed) % play->stop_every != 0) continue;
        /* A crash: some more records are applied and lost, then another owner recovers. */
        size_t lost = stream_random(&seed) % 300;
        stream_feed(rollup, items, at, at + lost < count ? at + lost : count);
        rollup_destroy(rollup);
        rollup = make(play);
        memory_store_recover(store, rollup);
        begun_inside += rollup_progress(rollup)->window_element > 0;
        assert_int_equal(stream_rewarm(rollup, items, count), at);
    }
    memory_store_commit(store, rollup);
    rollup_destroy(rollup);
    char *dump = memory_store_dump(store);
    memory_store_destroy(store);
    return dump;
}

static void assert_same(const char *a, const char *b) {
    if (strcmp(a, b) == 0) return;
    size_t i = 0;
    while (a[i] == b[i]) i++;
    while (i > 0 && a[i - 1] != '\n') i--;
    print_message("first difference:\n  %.160s\n  %.160s\n", a + i, b + i);
    fail_msg("the states differ");
}

struct setting {
    uint32_t window_records;
    int64_t age_ms;
    int64_t step_ms_max;
    uint32_t entities;
    bool files;
    uint32_t fan_out;
};

static const struct setting settings[] = {
    {16, 14LL * DAY_MS, 60000, 40, false, 0},        {17, DAY_MS / 24, 600000, 40, true, 0},
    {100, 3 * DAY_MS, 2000000, 60, false, 0},        {1000, DAY_MS / 2, 2000000, 300, true, 0},
    {524288, 14LL * DAY_MS, 1000000, 500, false, 0}, {16, 14LL * DAY_MS, 60000, 40, false, 40},
    {100, DAY_MS, 9000000, 60, true, 256},           {1000, DAY_MS / 24, 600000, 300, false, 7},
};

static struct stream_item *stream_of(const struct setting *setting, uint64_t seed) {
    const struct stream_options options = {.seed = seed,
                                           .count = RECORDS,
                                           .start_ms = INT64_C(1630000000000),
                                           .step_ms_max = setting->step_ms_max,
                                           .entities = setting->entities,
                                           .accounts = 150,
                                           .files = setting->files,
                                           .fan_out = setting->fan_out};
    return stream_create(&options);
}

static void state_does_not_depend_on_cuts_or_evictions(void **state) {
    (void)state;
    size_t reads_total = 0;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        struct stream_item *items = stream_of(&settings[i], 11 + i);
        struct play play = {settings[i].window_records, settings[i].age_ms, SIZE_MAX, 1, RECORDS, 0};
        size_t reads;
        char *once = run(&play, items, RECORDS, &reads);
        for (uint64_t seed = 2; seed < 6; seed++) {
            play.seed = seed;
            play.cells_max = seed % 2 == 0 ? 400 : 4000;
            play.cut_every = seed < 4 ? 7 : 150;
            char *other = run(&play, items, RECORDS, &reads);
            reads_total += reads;
            assert_same(once, other);
            free(other);
        }
        free(once);
        free(items);
    }
    assert_true(reads_total > 100); /* else eviction was never tried */
}

static void a_rebuilt_window_decides_as_the_live_one_did(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        for (uint64_t seed = 1; seed < 4; seed++) {
            struct stream_item *items = stream_of(&settings[i], 100 * seed + i);
            struct play play = {settings[i].window_records, settings[i].age_ms, SIZE_MAX, seed, RECORDS, 0};
            size_t reads;
            char *once = run(&play, items, RECORDS, &reads);
            play.cut_every = seed == 1 ? 40 : 400;
            play.stop_every = 2;
            play.cells_max = seed == 2 ? 500 : SIZE_MAX;
            char *stopped = run(&play, items, RECORDS, &reads);
            assert_same(once, stopped);
            free(once);
            free(stopped);
            free(items);
        }
    }
    assert_true(begun_inside > 50); /* else it was never tried */
}

static void every_delivered_record_is_counted_once(void **state) {
    (void)state;
    struct stream_item *items = stream_of(&settings[2], 5);
    struct play play = {100, 3 * DAY_MS, SIZE_MAX, 1, RECORDS, 0};
    struct rollup *rollup = make(&play);
    int64_t verdicts[VERDICT_IGNORED + 1] = {0};
    int64_t reasons = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        enum reason reason = items[i].reason;
        enum verdict verdict =
            rollup_record(rollup, &items[i].record, items[i].valid ? &items[i].event : NULL, &reason);
        verdicts[verdict]++;
        bool refused = verdict == VERDICT_QUARANTINED || verdict == VERDICT_REJECTED;
        assert_int_equal(reason != REASON_NONE, refused);
        reasons += refused;
        const struct counts *counts = &rollup_progress(rollup)->counts;
        assert_int_equal(counts->applied + counts->duplicate + counts->quarantined + counts->rejected +
                             counts->ignored,
                         i + 1);
    }
    const struct counts *counts = &rollup_progress(rollup)->counts;
    assert_int_equal(counts->applied, verdicts[VERDICT_APPLIED]);
    assert_int_equal(counts->duplicate, verdicts[VERDICT_DUPLICATE]);
    assert_int_equal(counts->rejected, verdicts[VERDICT_REJECTED]);
    assert_int_equal(counts->ignored, verdicts[VERDICT_IGNORED]);
    int64_t by_reason = 0;
    for (int i = 0; i < REASON_COUNT; i++) by_reason += counts->reasons[i];
    assert_int_equal(by_reason, reasons);
    for (int i = VERDICT_APPLIED; i <= VERDICT_IGNORED; i++) assert_true(verdicts[i] > 20);
    rollup_destroy(rollup);
    free(items);
}

static void the_sums_of_the_pulse_are_the_applied_events(void **state) {
    (void)state;
    struct stream_item *items = stream_of(&settings[0], 9);
    struct play play = {16, 14LL * DAY_MS, SIZE_MAX, 3, 100, 3};
    size_t reads;
    char *dump = run(&play, items, 2000, &reads); /* 2000 minutes: no hour has expired */
    int64_t pulse = 0;
    for (const char *line = dump; line != NULL && *line != 0;
         line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, "h:", 2) != 0 || strstr(line, " last change") == strchr(line, ' ')) continue;
        const char *value = strchr(strchr(line, ' ') + 1, ' ') + 1;
        if (strncmp(value, "last", 4) != 0) pulse += strtol(value, NULL, 10);
    }
    struct rollup *rollup = make(&play);
    stream_feed(rollup, items, 0, 2000);
    int64_t expected = 0;
    const struct counts *counts = &rollup_progress(rollup)->counts;
    for (size_t i = 0; i < 2000; i++)
        expected += items[i].valid && items[i].event.kind == KIND_UNIT_REGISTERED;
    /* Registry records have no pulse; some events are older than an hour cell may be. */
    assert_true(pulse <= counts->applied && pulse >= counts->applied - expected - counts->applied / 10);
    rollup_destroy(rollup);
    free(dump);
    free(items);
}

static void a_steady_stream_allocates_nothing(void **state) {
    (void)state;
    struct stream_item *items = stream_of(&settings[3], 21);
    struct play play = {1000, DAY_MS / 2, SIZE_MAX, 1, RECORDS, 0};
    struct rollup *rollup = make(&play);
    stream_feed(rollup, items, 0, RECORDS);
    /* The same events again, under new ids and offsets, at the last record's time: no new day, account or facet comes up. */
    int64_t offset = items[RECORDS - 1].record.next_offset;
    int64_t now_ms = rollup_progress(rollup)->record_time_max_ms;
    size_t bytes = 0;
    for (int round = 0; round < 3; round++) {
        uint64_t before = allocated();
        for (size_t i = 0; i < RECORDS; i++) {
            struct stream_item item = items[i];
            item.record.offset = offset++;
            item.record.next_offset = offset;
            item.record.timestamp_ms = now_ms;
            item.event.event_print ^= (uint64_t)(round + 1) << 32;
            item.event.entity_print = 0;
            if (!item.valid || item.event.kind != KIND_PAYMENT_STATUS) item.event.kind = KIND_RIDE_COMPLETED;
            if (item.event.kind == KIND_PAYMENT_STATUS) item.event.status = PAY_REFUNDED;
            item.event.event_time_ms = now_ms;
            item.event.source = (struct slice){item.texts[0], item.event.source.length};
            item.event.account_id = (struct slice){item.texts[1], item.event.account_id.length};
            enum reason reason = REASON_NONE;
            (void)rollup_record(rollup, &item.record, item.valid ? &item.event : NULL, &reason);
        }
        if (round == 1) assert_int_equal(rollup_bytes(rollup), bytes);
        if (round > 0) assert_int_equal(allocated(), before);
        bytes = rollup_bytes(rollup);
    }
    rollup_destroy(rollup);
    free(items);
}

static int open_zone(void **state) {
    (void)state;
    struct fault fault;
    zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    return zone == NULL;
}

static int close_zone(void **state) {
    (void)state;
    zone_destroy(zone);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_does_not_depend_on_cuts_or_evictions),
        cmocka_unit_test(a_rebuilt_window_decides_as_the_live_one_did),
        cmocka_unit_test(every_delivered_record_is_counted_once),
        cmocka_unit_test(the_sums_of_the_pulse_are_the_applied_events),
        cmocka_unit_test(a_steady_stream_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, open_zone, close_zone);
}
