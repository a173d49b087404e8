/* An archive as a source (aggregate/archive/source_archive.h): it delivers what was archived, headers included, up to the offsets
 * that are asked for, from where resume() says, holds and goes back as the contract of include/source.h says, and refuses what it
 * cannot deliver. */
#include "aggregate/archive/kept_writer.h"
#include "aggregate/archive/source_archive.h"
#include "aggregate/runtime/tree.h"
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { RECORDS = 5000, HOUR = 3600000, HOLE = 11, SEEN_MAX = 20000 };

static const int64_t start_ms = (int64_t)18871 * 24 * HOUR;
static char directory[64];
static struct zone *zone;
static int64_t start_at; /* what resume() answers */
static int64_t told_first, told_end;
static int64_t seen[SEEN_MAX]; /* offsets, in order */
static size_t seen_count;

static bool is_hole(int64_t offset) {
    return offset % HOLE == 3;
}

static size_t value_of(int64_t offset, int32_t partition, char out[static 64]) {
    return (size_t)snprintf(out, 64, "%c{\"n\":%lld,\"p\":%d}", (char)(offset % 256), (long long)offset, partition);
}

static void write_partition(const char *archive, int32_t partition, int64_t lost) {
    struct fault fault;
    struct kept_log log;
    assert_true(kept_log_resume(&log, archive, "t", partition, &fault));
    struct kept_writer *writer = kept_writer_create(&log, zone, "c");
    kept_writer_begin(writer, 0);
    for (int64_t offset = 0; offset < RECORDS; offset++) {
        char value[64];
        const struct kept_header headers[] = {
            {SLICE("a"), SLICE("first")}, {SLICE("b"), {.data = NULL}}, {SLICE("a"), SLICE("\xff")}};
        const struct record record = {.value = {offset % 5 == 0 ? NULL : value, value_of(offset, partition, value)},
                                      .key = {offset % 3 == 0 ? NULL : value, 3},
                                      .offset = offset,
                                      .timestamp_ms = start_ms + offset * HOUR / 100};
        if (offset == 2000 && lost > 0) {
            assert_true(kept_writer_close(writer, &fault));
            kept_writer_lose(writer, offset + lost);
        }
        if (is_hole(offset) || (offset >= 2000 && offset < 2000 + lost)) continue;
        assert_true(kept_writer_put(writer, &record, headers, offset % 2 == 0 ? 3 : 0, &fault));
        if (offset % 700 == 699) assert_true(kept_writer_close(writer, &fault));
    }
    assert_true(kept_writer_pass(writer, RECORDS + 2, &fault) && kept_writer_close(writer, &fault));
    kept_writer_destroy(writer);
    kept_log_close(&log);
}

static int setup(void **state) {
    (void)state;
    struct fault fault;
    char lost[96];
    memcpy(directory, "/tmp/nhip-archive-XXXXXX", sizeof("/tmp/nhip-archive-XXXXXX"));
    zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    if (zone == NULL || mkdtemp(directory) == NULL) return 1;
    for (int32_t partition = 0; partition < 2; partition++) write_partition(directory, partition, 0);
    (void)snprintf(lost, sizeof(lost), "%s/lost", directory);
    write_partition(lost, 0, 100);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    zone_destroy(zone);
    tree_remove(directory);
    return 0;
}

static bool resume(void *context, struct source_partition who, int64_t first, int64_t end, struct source_position *position,
                   struct fault *fault) {
    (void)context, (void)who, (void)fault;
    told_first = first;
    told_end = end;
    *position = (struct source_position){.window_start = start_at, .next = start_at};
    return true;
}

static struct source *open_source(const char *archive, const struct source_vector_entry *vector, size_t count) {
    static const struct source_resume how = {.resume = resume};
    struct fault fault;
    struct source *source = source_archive_create(archive, vector, count, &fault);
    assert_non_null(source);
    assert_true(source->operations->own_times);
    assert_true(source->operations->start(source, &how, &fault));
    return source;
}

/* The record is the one that was archived. */
static void judge(const struct source *source, const struct source_event *event, const struct record *record) {
    char value[64];
    struct slice header;
    const int64_t offset = record->offset;
    size_t length = value_of(offset, event->partition.partition, value);
    assert_int_equal(record->next_offset, offset + 1);
    assert_int_equal(record->timestamp_ms, start_ms + offset * HOUR / 100);
    assert_int_equal(record->value.data == NULL, offset % 5 == 0);
    if (record->value.data != NULL) assert_true(slice_equal(record->value, (struct slice){value, length}));
    assert_int_equal(record->key.data == NULL, offset % 3 == 0);
    bool has = source->operations->header(record->native, "a", &header);
    assert_int_equal(has, offset % 2 == 0);
    if (has) assert_true(slice_equal(header, SLICE("\xff"))); /* the last one of that name */
    assert_false(source->operations->header(record->native, "b", &header));
    assert_false(source->operations->header(record->native, "c", &header));
}

/* The next event that is not nothing; batches are judged, noted and released. */
static enum source_event_kind next(struct source *source, struct source_event *event) {
    do {
        source->operations->poll(source, 1, event);
    } while (event->kind == SOURCE_NOTHING);
    if (event->kind != SOURCE_BATCH) return event->kind;
    for (size_t i = 0; i < event->count; i++) {
        judge(source, event, &event->records[i]);
        CHECK(seen_count < SEEN_MAX);
        seen[seen_count++] = event->records[i].offset;
    }
    assert_int_equal(event->next_offset, event->records[event->count - 1].next_offset);
    source->operations->release(source, event->batch);
    return event->kind;
}

/* Everything from `first` up to `until` was seen from seen[from] on, in order; returns the place behind it. */
static size_t assert_seen(size_t from, int64_t first, int64_t until) {
    for (int64_t offset = first; offset < until; offset++) {
        if (!is_hole(offset)) assert_int_equal(seen[from++], offset);
    }
    return from;
}

static void read_one(int64_t start, int64_t until) {
    const struct source_vector_entry vector = {.topic = "t", .partition = 1, .next = until};
    struct source_event event;
    seen_count = 0;
    start_at = start;
    struct source *source = open_source(directory, &vector, 1);
    assert_int_equal(next(source, &event), SOURCE_ASSIGNED);
    while (next(source, &event) == SOURCE_BATCH) continue;
    assert_int_equal(event.kind, SOURCE_END);
    assert_int_equal(event.next_offset, until);
    assert_int_equal(next(source, &event), SOURCE_FINISHED);
    source->operations->destroy(source);
    assert_int_equal(assert_seen(0, start < 0 ? 0 : start, until < RECORDS ? until : RECORDS), seen_count);
}

static void delivers_up_to_the_offset_from_where_resume_says(void **state) {
    (void)state;
    read_one(SOURCE_START_BEGINNING, RECORDS + 2);
    assert_int_equal(told_first, 0);
    assert_int_equal(told_end, RECORDS + 2);
    static const int64_t places[] = {1, 3, 4, 699, 700, 701, 1400, 2399, 4999, 5000, 5001, 5002};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        read_one(SOURCE_START_BEGINNING, places[i]);
        read_one(places[i], RECORDS + 2);
        if (places[i] <= 1400) read_one(places[i], 1400);
    }
}

static void a_partition_without_records_is_at_its_end(void **state) {
    (void)state;
    read_one(SOURCE_START_BEGINNING, 0);
}

static void a_held_partition_waits_and_the_others_go_on(void **state) {
    (void)state;
    static const struct source_vector_entry vector[] = {{"t", 0, RECORDS}, {"t", 1, RECORDS}};
    struct source_event event;
    seen_count = 0;
    start_at = SOURCE_START_BEGINNING;
    struct source *source = open_source(directory, vector, 2);
    assert_int_equal(next(source, &event), SOURCE_ASSIGNED);
    const struct source_partition first = event.partition;
    assert_int_equal(next(source, &event), SOURCE_ASSIGNED);
    assert_int_equal(next(source, &event), SOURCE_BATCH);
    assert_int_equal(event.partition.partition, 0);
    size_t before = seen_count;
    source->operations->hold(source, first, true);
    while (next(source, &event) == SOURCE_BATCH) assert_int_equal(event.partition.partition, 1);
    assert_int_equal(event.kind, SOURCE_END);
    assert_int_equal(event.partition.partition, 1);
    size_t behind = assert_seen(before, 0, RECORDS);
    assert_int_equal(behind, seen_count);
    source->operations->poll(source, 1, &event);
    assert_int_equal(event.kind, SOURCE_NOTHING);
    source->operations->hold(source, first, false);
    while (next(source, &event) == SOURCE_BATCH) continue;
    assert_int_equal(event.kind, SOURCE_END);
    assert_int_equal(assert_seen(behind, seen[before - 1] + 1, RECORDS), seen_count);
    assert_int_equal(next(source, &event), SOURCE_FINISHED);
    source->operations->destroy(source);
}

static void goes_back_and_delivers_again(void **state) {
    (void)state;
    static const struct source_vector_entry vector = {"t", 1, RECORDS};
    const struct source_position position = {.window_start = 1500, .next = 1500};
    struct source_event event;
    struct fault fault;
    seen_count = 0;
    start_at = SOURCE_START_BEGINNING;
    struct source *source = open_source(directory, &vector, 1);
    assert_int_equal(next(source, &event), SOURCE_ASSIGNED);
    const struct source_partition who = event.partition;
    while (next(source, &event) == SOURCE_BATCH) continue;
    assert_int_equal(event.kind, SOURCE_END);
    size_t before = seen_count;
    assert_true(source->operations->rewind(source, who, &position, &fault));
    while (next(source, &event) == SOURCE_BATCH) continue;
    assert_int_equal(event.kind, SOURCE_END);
    assert_int_equal(assert_seen(before, 1500, RECORDS), seen_count);
    source->operations->destroy(source);
}

static void batches_stay_valid_until_they_are_released(void **state) {
    (void)state;
    static const struct source_vector_entry vector = {"t", 1, RECORDS};
    enum { KEPT = 40 };
    static struct source_event events[KEPT];
    struct source_event event;
    size_t count = 0;
    start_at = SOURCE_START_BEGINNING;
    struct source *source = open_source(directory, &vector, 1);
    do {
        source->operations->poll(source, 1, &event);
        if (event.kind == SOURCE_BATCH) events[count++] = event;
    } while (event.kind != SOURCE_END && count < KEPT);
    assert_true(count > 1);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < events[i].count; j++) judge(source, &events[i], &events[i].records[j]);
        source->operations->release(source, events[i].batch);
    }
    source->operations->destroy(source);
}

static void what_it_does_not_hold_is_refused(void **state) {
    (void)state;
    struct fault fault;
    const struct source_vector_entry beyond = {"t", 1, RECORDS + 3}, unknown = {"u", 1, 5};
    assert_null(source_archive_create(directory, &beyond, 1, &fault));
    assert_int_equal(fault.stop, STOP_ARCHIVE_SHORT);
    assert_non_null(strstr(fault.message, "t/1: the archive ends at offset 5002"));
    assert_null(source_archive_create(directory, &unknown, 1, &fault));
    assert_int_equal(fault.stop, STOP_ARCHIVE_SHORT);
}

static void lost_offsets_are_refused_in_front_of_the_end_only(void **state) {
    (void)state;
    char path[96];
    struct source_event event;
    (void)snprintf(path, sizeof(path), "%s/lost", directory);
    for (int64_t until = 2000; until <= 2001; until++) {
        const struct source_vector_entry vector = {"t", 0, until};
        seen_count = 0;
        start_at = SOURCE_START_BEGINNING;
        struct source *source = open_source(path, &vector, 1);
        assert_int_equal(next(source, &event), SOURCE_ASSIGNED);
        while (next(source, &event) == SOURCE_BATCH) continue;
        assert_int_equal(event.kind, until == 2000 ? SOURCE_END : SOURCE_FAULT);
        if (until == 2001) {
            assert_int_equal(event.fault.stop, STOP_ARCHIVE_SHORT);
            assert_non_null(strstr(event.fault.message, "t/0: offsets [2000, 2100)"));
        }
        source->operations->destroy(source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_up_to_the_offset_from_where_resume_says),
        cmocka_unit_test(a_partition_without_records_is_at_its_end),
        cmocka_unit_test(a_held_partition_waits_and_the_others_go_on),
        cmocka_unit_test(goes_back_and_delivers_again),
        cmocka_unit_test(batches_stay_valid_until_they_are_released),
        cmocka_unit_test(what_it_does_not_hold_is_refused),
        cmocka_unit_test(lost_offsets_are_refused_in_front_of_the_end_only),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
