/* A partition of mapped messages (aggregate/runtime/partition.h) on a real Redis: messages of up to 256 events pass through
 * chunks of 64, windows begin inside messages, restarts rebuild them, and no stop makes a message count in part.
 *
 * The mapping is tests/cases/mapped/shop.json. Messages are receipts of `items` lines; every 50th line is a note (ignored),
 * every 33rd a gift (refused). */
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/partition.h"
#include "aggregate/store/reader.h"
#include "ingest/deadletter_line.h"
#include "log.h"
#include "tests/support/event_text.h"
#include "tests/unit/store_scene.h"

#include <fcntl.h>
#include <unistd.h>

enum { WINDOW = 100, MESSAGES = 40, TEXT_BYTES = 60000, LETTERS_MAX = 4096, FLUSH_MS = 10000 };

#define START_MS INT64_C(1630602000000) /* 2021-09-03 00:00 in Asia/Ho_Chi_Minh */

static const struct source_partition WHO = {"shop.t", 3};

/* Keeps the places of letters; refuses to keep more than `room`. */
struct letters {
    struct deadletter deadletter;
    size_t count;
    size_t room;
    bool failing;
    size_t flushes;
    struct deadletter_entry entries[LETTERS_MAX];
    int64_t offsets[LETTERS_MAX];
};

struct bench {
    struct scene scene;
    struct zone *zone;
    struct decoder *decoder;
    struct mappings *mappings;
    struct status *status;
    struct letters letters;
    struct chunk chunk;
    struct rollup_options rollup;
    struct partition_context context;
    char *texts[MESSAGES];
    struct record records[MESSAGES];
    int64_t events[MESSAGES]; /* of each message */
};

static struct bench bench;

static bool letter_put(struct deadletter *deadletter, const struct deadletter_entry *entry, struct slice line,
                       struct fault *fault) {
    struct letters *letters = (struct letters *)deadletter;
    (void)line;
    if (letters->count >= letters->room) return fault_set(fault, STOP_FILE_UNWRITABLE, true, "no room for letters");
    letters->offsets[letters->count] = entry->record->offset;
    letters->entries[letters->count++] = *entry;
    return true;
}

static bool letter_flush(struct deadletter *deadletter, int timeout_ms, struct fault *fault) {
    struct letters *letters = (struct letters *)deadletter;
    (void)timeout_ms;
    letters->flushes++;
    if (letters->failing) return fault_set(fault, STOP_FILE_UNWRITABLE, true, "the disk is full");
    return true;
}

static enum success_at first_always(const void *sources, struct slice source) {
    (void)sources, (void)source;
    return SUCCESS_AT_FIRST;
}

static const char *kind_of(int item) {
    if (item % 50 == 49) return "NOTE";
    return item % 33 == 32 ? "GIFT" : "LINE";
}

static char *receipt(int number, int items, const char *more) {
    char *text = malloc(TEXT_BYTES);
    assert_non_null(text);
    int length = snprintf(text, TEXT_BYTES,
                          "{\"no\":\"R%d\",\"at\":\"2021-09-03 10:%02d:00.000\",\"till\":1,\"shop\":{\"id\":\"S%d\"},"
                          "\"customer\":\"c\",\"cod\":true,\"company\":false%s,\"items\":[",
                          number, number % 60, number % 7, more);
    for (int i = 0; i < items; i++) {
        length += snprintf(text + length, TEXT_BYTES - (size_t)length,
                           "%s{\"n\":%d,\"kind\":\"%s\",\"line\":\"L%d-%d\",\"price\":%d}", i > 0 ? "," : "", i, kind_of(i),
                           number, i, 100 + i);
    }
    length += snprintf(text + length, TEXT_BYTES - (size_t)length, "]}");
    assert_true(length < TEXT_BYTES);
    return text;
}

static void fill_record(size_t at, char *text, int64_t events) {
    free(bench.texts[at]);
    bench.texts[at] = text;
    bench.events[at] = events;
    bench.records[at] = (struct record){.offset = 500 + (int64_t)at,
                                        .next_offset = 501 + (int64_t)at,
                                        .timestamp_ms = START_MS + 11 * INT64_C(3600000) + (int64_t)at};
    if (text != NULL) bench.records[at].value = slice_of(text);
}

/* Receipts of 1 to 256 lines, tombstones, drafts, and a message that is refused as a whole. */
static void make_messages(void) {
    static const int sizes[] = {1, 63, 64, 65, 256, 2, 128, 1, 1, 255, 7, 200};
    for (size_t i = 0; i < MESSAGES; i++) {
        int items = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];
        if (i % 13 == 5) {
            fill_record(i, NULL, 1);
        } else if (i % 13 == 9) {
            fill_record(i, receipt((int)i, items, ",\"draft\":true"), 1);
        } else if (i % 13 == 11) {
            fill_record(i, receipt((int)i, items, ",\"no\":\"twice\""), 1);
        } else {
            fill_record(i, receipt((int)i, items, ""), items);
        }
    }
}

static void start_over(void) {
    DO(&bench.scene, SLICE("FLUSHALL"));
    bench.letters.count = 0;
    bench.letters.room = LETTERS_MAX;
}

static struct partition *open_partition(struct source_position *position) {
    struct fault fault;
    position->mirrored = -1;
    struct partition *partition = partition_open(&bench.context, WHO, 500, 500 + MESSAGES, position, &fault);
    if (partition == NULL) fail_msg("%s", fault.message);
    return partition;
}

static void feed(struct partition *partition, size_t from, size_t to) {
    struct fault fault;
    if (from < to && !partition_feed(partition, bench.records + from, to - from, &fault)) fail_msg("%s", fault.message);
}

static void flush(struct partition *partition) {
    struct fault fault;
    int64_t committed = 0;
    if (!partition_flush(partition, clock_monotonic_ms() + FLUSH_MS, &committed, &fault)) fail_msg("%s", fault.message);
}

/* The stored state as text; the caller frees. */
static char *dump(void) {
    struct fault fault;
    char path[] = "/tmp/nhip-partition-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_true(reader_dump(&bench.scene.options, file, &fault));
    off_t length = lseek(file, 0, SEEK_END);
    char *text = calloc(1, (size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(pread(file, text, (size_t)length, 0), length);
    assert_int_equal(close(file), 0);
    assert_int_equal(unlink(path), 0);
    return text;
}

/* The state of all messages fed at once, with one commit. */
static char *at_once(void) {
    struct source_position position;
    start_over();
    struct partition *partition = open_partition(&position);
    feed(partition, 0, MESSAGES);
    flush(partition);
    partition_close(partition, true);
    return dump();
}

static void messages_pass_through_chunks_whole(void **state) {
    (void)state;
    struct source_position position;
    free(at_once());
    struct partition *partition = open_partition(&position);
    const struct progress *progress = partition_progress(partition);
    int64_t delivered = 0, refused = 0, notes = 0, refused_whole = 0, ignored_whole = 0;
    for (size_t i = 0; i < MESSAGES; i++) {
        delivered += bench.events[i];
        ignored_whole += i % 13 == 5 || i % 13 == 9;
        refused_whole += i % 13 == 11;
        for (int item = 0; item < bench.events[i] && i % 13 != 5 && i % 13 != 9 && i % 13 != 11; item++) {
            refused += strcmp(kind_of(item), "GIFT") == 0;
            notes += strcmp(kind_of(item), "NOTE") == 0;
        }
    }
    assert_int_equal(progress->next, 500 + MESSAGES);
    assert_int_equal(progress->counts.delivered, delivered);
    assert_int_equal(progress->counts.rejected, refused + refused_whole);
    assert_int_equal(progress->counts.ignored, notes + ignored_whole);
    assert_int_equal(progress->counts.applied, delivered - refused - notes - refused_whole - ignored_whole);
    assert_int_equal(progress->counts.reasons[REASON_UNKNOWN_TYPE], refused);
    assert_int_equal(progress->counts.reasons[REASON_DUPLICATE_KEY], refused_whole);
    assert_int_equal(bench.letters.count, refused + refused_whole);
    for (size_t i = 0; i < bench.letters.count; i++) {
        const struct deadletter_entry *entry = &bench.letters.entries[i];
        assert_true(entry->fans_out);
        if (entry->reason == REASON_UNKNOWN_TYPE) assert_string_equal(kind_of((int)entry->element), "GIFT");
        if (entry->reason == REASON_DUPLICATE_KEY) assert_int_equal(entry->element, 0);
    }
    assert_int_equal(progress->window_ordinal, delivered - WINDOW);
    partition_close(partition, true);
}

static void any_batches_and_commits_give_one_state(void **state) {
    (void)state;
    char *expected = at_once();
    for (size_t step = 1; step <= 7; step += 3) {
        struct source_position position;
        start_over();
        struct partition *partition = open_partition(&position);
        for (size_t at = 0; at < MESSAGES; at += step) {
            feed(partition, at, at + step < MESSAGES ? at + step : MESSAGES);
            flush(partition);
        }
        partition_close(partition, true);
        char *other = dump();
        assert_string_equal(other, expected);
        free(other);
    }
    free(expected);
}

static void a_restart_at_any_message_gives_the_same_state(void **state) {
    (void)state;
    char *expected = at_once();
    size_t inside = 0;
    struct source_position position;
    start_over();
    for (size_t at = 0; at < MESSAGES; at++) {
        struct partition *partition = open_partition(&position);
        assert_int_equal(position.next, at == 0 ? SOURCE_START_BEGINNING : 500 + (int64_t)at);
        inside += partition_progress(partition)->window_element > 0;
        size_t first = at == 0 ? 0 : (size_t)(position.window_start - 500);
        feed(partition, first, at + 1); /* a batch that is rebuild first and new at its end */
        flush(partition);
        /* What comes then is applied, never committed, and lost: a crash. */
        feed(partition, at + 1, at + 3 < MESSAGES ? at + 3 : MESSAGES);
        partition_close(partition, false);
    }
    char *other = dump();
    assert_string_equal(other, expected);
    assert_true(inside > MESSAGES / 3);
    free(other);
    free(expected);
}

/* The letter of the middle of a message cannot be kept: nothing of that message may be committed. */
static void a_message_is_never_counted_in_part(void **state) {
    (void)state;
    char *expected = at_once();
    struct source_position position;
    struct fault fault = {.code = FAULT_NONE};
    start_over();
    struct partition *partition = open_partition(&position);
    feed(partition, 0, 4);
    flush(partition);
    bench.letters.room = bench.letters.count + 3; /* message 4 is 256 events, 7 of them refused */
    int64_t before = partition_progress(partition)->ordinal;
    assert_false(partition_feed(partition, bench.records + 4, 1, &fault));
    assert_int_equal(fault.code, FAULT_IO);
    int64_t counted = partition_progress(partition)->ordinal - before;
    assert_true(counted > 64 && counted < 256); /* it was in the middle */
    partition_close(partition, false);
    bench.letters.room = LETTERS_MAX;
    partition = open_partition(&position);
    assert_int_equal(position.next, 504);
    feed(partition, (size_t)(position.window_start - 500), MESSAGES);
    flush(partition);
    partition_close(partition, true);
    char *other = dump();
    assert_string_equal(other, expected);
    free(other);
    free(expected);
}

/* A flush that is refused at once is not asked for again and again without a pause until the deadline. */
static void letters_that_cannot_be_kept_are_waited_for(void **state) {
    (void)state;
    struct source_position position;
    struct fault fault = {.code = FAULT_NONE};
    int64_t committed = 0;
    start_over();
    struct partition *partition = open_partition(&position);
    feed(partition, 0, 5); /* with some that are refused */
    bench.letters.failing = true;
    bench.letters.flushes = 0;
    assert_false(partition_flush(partition, clock_monotonic_ms() + 300, &committed, &fault));
    assert_true(fault.retriable);
    assert_in_range(bench.letters.flushes, 2, 20);
    bench.letters.failing = false;
    flush(partition);
    partition_close(partition, true);
}

/* The window begins inside message 6; now that message has an event less or more. */
static void another_log_is_refused_before_anything_is_applied(void **state) {
    (void)state;
    struct source_position position;
    start_over();
    struct partition *partition = open_partition(&position);
    feed(partition, 0, 7);
    flush(partition);
    partition_close(partition, true);
    char *text = bench.texts[6];
    bench.texts[6] = NULL;
    for (int items = 127; items <= 129; items += 2) {
        struct fault fault = {.code = FAULT_NONE};
        fill_record(6, receipt(6, items, ""), items);
        partition = open_partition(&position);
        size_t first = (size_t)(position.window_start - 500);
        assert_int_equal(first, 6);
        assert_false(partition_feed(partition, bench.records + first, 2, &fault)); /* the second would be new */
        assert_int_equal(partition_progress(partition)->next, 507);
        assert_int_equal(fault.code, FAULT_REFUSED);
        assert_non_null(strstr(fault.message, "namespace"));
        partition_close(partition, false);
    }
    fill_record(6, text, 128);
}

static struct partition *open_at(int64_t first, struct source_position *position, struct fault *fault) {
    position->mirrored = -1;
    return partition_open(&bench.context, WHO, first, 500 + MESSAGES, position, fault);
}

/* The log begins in the window: refused; then accepted, committed before anything comes behind it, and rebuilt. */
static void a_gap_is_refused_and_then_noted_in_the_state(void **state) {
    (void)state;
    struct source_position position;
    struct fault fault = {.code = FAULT_NONE};
    start_over();
    struct partition *partition = open_partition(&position);
    feed(partition, 0, 20);
    flush(partition);
    int64_t delivered = partition_progress(partition)->counts.delivered;
    partition_close(partition, true);
    assert_null(open_at(523, &position, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "starts at offset 523"));
    assert_non_null(strstr(fault.message, "(next 520)"));
    assert_non_null(strstr(fault.message, "--accept-gap"));

    bench.scene.options.accept_gap = true;
    partition = open_at(523, &position, &fault);
    assert_non_null(partition);
    assert_int_equal(position.next, 523);
    assert_int_equal(position.window_start, 523);
    flush(partition);
    partition_close(partition, true);
    bench.scene.options.accept_gap = false;
    char *text = dump();
    assert_non_null(strstr(text, " gap.0 520,523,0,"));
    assert_non_null(strstr(text, " next 523\n"));
    free(text);

    partition = open_at(523, &position, &fault);
    assert_non_null(partition);
    feed(partition, 23, 30);
    flush(partition);
    int64_t behind = 0;
    for (int i = 23; i < 30; i++) behind += bench.events[i];
    assert_int_equal(partition_progress(partition)->counts.delivered, delivered + behind);
    assert_int_equal(progress_lost(partition_progress(partition)), 3);
    partition_close(partition, true);
}

/* Nothing uncounted is lost, but the window's beginning: what is left of it is read again, several events a message, and the gap
 * is committed when it is read, not before. */
static void a_window_is_read_again_behind_a_gap(void **state) {
    (void)state;
    struct source_position position;
    struct fault fault = {.code = FAULT_NONE};
    start_over();
    bench.rollup.window_records = 3000;
    struct partition *partition = open_partition(&position);
    feed(partition, 0, 20);
    flush(partition);
    int64_t delivered = partition_progress(partition)->counts.delivered;
    partition_close(partition, true);
    bench.scene.options.accept_gap = true;
    partition = open_at(518, &position, &fault);
    bench.scene.options.accept_gap = false;
    assert_non_null(partition);
    assert_int_equal(position.next, 520);
    assert_int_equal(position.window_start, 518);
    flush(partition);
    char *text = dump();
    assert_null(strstr(text, "gap.0"));
    free(text);
    feed(partition, 18, 20);
    assert_true(partition_end(partition, 520, &fault));
    flush(partition);
    text = dump();
    char expected[64];
    (void)snprintf(expected, sizeof(expected), " gap.0 520,520,%lld,", (long long)(bench.events[18] + bench.events[19]));
    assert_non_null(strstr(text, expected));
    free(text);
    assert_int_equal(partition_progress(partition)->counts.delivered, delivered);
    partition_close(partition, true);
    partition = open_at(518, &position, &fault); /* whole again: no gap is asked for */
    assert_non_null(partition);
    feed(partition, (size_t)(position.window_start - 500), 30);
    flush(partition);
    partition_close(partition, true);
    bench.rollup.window_records = WINDOW;
}

/* A source without times (files): an event's is its ingest_time, here that of the receipt; what is no event takes the one
 * before. */
static void files_take_their_time_from_the_events(void **state) {
    (void)state;
    struct source_position position;
    start_over();
    bench.context.own_times = false;
    struct partition *partition = open_partition(&position);
    feed(partition, 0, 1);
    assert_int_equal(partition_progress(partition)->record_time_max_ms, START_MS + 10 * INT64_C(3600000));
    assert_int_equal(partition_progress(partition)->counts.applied, 1);
    feed(partition, 1, 6); /* receipts of 10:01 to 10:04, a tombstone */
    assert_int_equal(partition_progress(partition)->record_time_max_ms, START_MS + 10 * INT64_C(3600000) + 4 * 60000);
    assert_int_equal(partition_progress(partition)->counts.quarantined, 0);
    partition_close(partition, true);
    bench.context.own_times = true;
}

static int setup(void **state) {
    (void)state;
    struct fault fault;
    static const struct deadletter_operations operations = {.put = letter_put, .flush = letter_flush};
    log_set_level(LOG_ERROR);
    scene_open(&bench.scene);
    bench.zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    bench.decoder = test_decoder();
    bench.mappings = mappings_create("tests/cases/mapped/shop.json", bench.decoder, &fault);
    if (bench.mappings == NULL) print_message("%s\n", fault.message);
    bench.status = status_create(NULL, &fault);
    bench.letters.deadletter.operations = &operations;
    bench.rollup = (struct rollup_options){.zone = bench.zone,
                                           .window_records = WINDOW,
                                           .window_age_ms_max = INT64_C(14) * 86400000,
                                           .watermark_bound_ms = 300000,
                                           .retention_days = 400,
                                           .oldest_day = 16436,
                                           .success_at = first_always,
                                           .cells_max = 2000000};
    bench.context = (struct partition_context){.decoder = bench.decoder,
                                               .mappings = bench.mappings,
                                               .cursor = mapping_cursor_create(),
                                               .own_times = true,
                                               .rollup = &bench.rollup,
                                               .store = &bench.scene.options,
                                               .deadletter = &bench.letters.deadletter,
                                               .status = bench.status,
                                               .chunk = &bench.chunk,
                                               .commit_interval_ms = 1000,
                                               .commit_cells_max = 50000};
    make_messages();
    return bench.mappings == NULL || bench.context.cursor == NULL;
}

static int teardown(void **state) {
    (void)state;
    for (size_t i = 0; i < MESSAGES; i++) free(bench.texts[i]);
    free(bench.letters.deadletter.line);
    mapping_cursor_destroy(bench.context.cursor);
    mappings_destroy(bench.mappings);
    decoder_destroy(bench.decoder);
    zone_destroy(bench.zone);
    status_destroy(bench.status);
    scene_close(&bench.scene);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_pass_through_chunks_whole),
        cmocka_unit_test(any_batches_and_commits_give_one_state),
        cmocka_unit_test(a_restart_at_any_message_gives_the_same_state),
        cmocka_unit_test(a_message_is_never_counted_in_part),
        cmocka_unit_test(letters_that_cannot_be_kept_are_waited_for),
        cmocka_unit_test(another_log_is_refused_before_anything_is_applied),
        cmocka_unit_test(a_gap_is_refused_and_then_noted_in_the_state),
        cmocka_unit_test(a_window_is_read_again_behind_a_gap),
        cmocka_unit_test(files_take_their_time_from_the_events),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
