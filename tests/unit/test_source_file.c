/* The file source (ingest/source_file.h): where lines start, what they hold, where reading stops and goes on. */
#include "check.h"
#include "ingest/line_time.h"
#include "ingest/source_file.h"
#include "limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEEN_MAX = 200000, TEXT_MAX = 64 };

struct seen {
    int32_t partition;
    int64_t offset, next_offset, timestamp_ms;
    size_t length;
    bool tombstone;
    char text[TEXT_MAX]; /* the head of the value */
};

static struct seen *seen;
static size_t seen_count;
static int64_t start_at; /* what resume() answers */
static int64_t told_first, told_end;
static int64_t ends[8]; /* SOURCE_END by partition */
static char directory[64];

static int setup(void **state) {
    (void)state;
    memcpy(directory, "/tmp/nhip-file-XXXXXX", sizeof("/tmp/nhip-file-XXXXXX"));
    seen = calloc(SEEN_MAX, sizeof(*seen));
    return seen == NULL || mkdtemp(directory) == NULL;
}

static int teardown(void **state) {
    (void)state;
    char command[96];
    free(seen);
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static const char *write_file(const char *name, const char *bytes, size_t length) {
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static bool resume(void *context, struct source_partition who, int64_t first, int64_t end, struct source_position *position,
                   struct fault *fault) {
    (void)context, (void)who, (void)fault;
    told_first = first;
    told_end = end;
    *position = (struct source_position){.window_start = start_at, .next = start_at};
    return true;
}

static void note(const struct source_event *event) {
    for (size_t i = 0; i < event->count; i++) {
        const struct record *record = &event->records[i];
        CHECK(seen_count < SEEN_MAX);
        struct seen *one = &seen[seen_count++];
        *one = (struct seen){.partition = event->partition.partition,
                             .offset = record->offset,
                             .next_offset = record->next_offset,
                             .timestamp_ms = record->timestamp_ms,
                             .length = record->value.length,
                             .tombstone = record->value.data == NULL};
        size_t head = record->value.length < TEXT_MAX - 1 ? record->value.length : TEXT_MAX - 1;
        if (record->value.data != NULL) memcpy(one->text, record->value.data, head);
    }
}

/* Reads to the end; the fault's code, or FAULT_NONE when finished. */
static enum fault_code drain(struct source *source, struct fault *fault) {
    static const struct source_resume how = {.resume = resume};
    enum fault_code code = FAULT_NONE;
    seen_count = 0;
    memset(ends, 0, sizeof(ends));
    assert_true(source->operations->start(source, &how, fault));
    for (bool more = true; more;) {
        struct source_event event;
        source->operations->poll(source, 10, &event);
        if (event.kind == SOURCE_BATCH) {
            note(&event);
            assert_int_equal(event.next_offset, event.records[event.count - 1].next_offset);
            source->operations->release(source, event.batch);
        }
        if (event.kind == SOURCE_END) ends[event.partition.partition] = event.next_offset;
        if (event.kind == SOURCE_FAULT) *fault = event.fault, code = event.fault.code;
        more = event.kind != SOURCE_FINISHED && event.kind != SOURCE_FAULT;
    }
    source->operations->destroy(source);
    return code;
}

static enum fault_code read_file(const char *path, int64_t start, int64_t until, struct fault *fault) {
    struct source_file_options options = {.paths = &path, .path_count = 1, .until = &until};
    struct source *source = source_file_create(&options, fault);
    assert_non_null(source);
    start_at = start;
    return drain(source, fault);
}

static enum fault_code read_text(const char *text, int64_t start) {
    struct fault fault;
    return read_file(write_file("t-3.ndjson", text, strlen(text)), start, 0, &fault);
}

static void offsets_are_bytes(void **state) {
    (void)state;
    assert_int_equal(read_text("{\"a\":1}\n{}\n{\"bc\":2}\n", SOURCE_START_BEGINNING), FAULT_NONE);
    static const int64_t offsets[] = {0, 8, 11, 20};
    assert_int_equal(seen_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(seen[i].offset, offsets[i]);
        assert_int_equal(seen[i].next_offset, offsets[i + 1]);
        assert_int_equal(seen[i].partition, 3);
    }
    assert_string_equal(seen[2].text, "{\"bc\":2}");
    assert_int_equal(told_first, 0);
    assert_int_equal(told_end, 20);
    assert_int_equal(ends[3], 20);
}

static void reading_goes_on_where_resume_says(void **state) {
    (void)state;
    assert_int_equal(read_text("one\ntwo\nthree\n", 4), FAULT_NONE);
    assert_int_equal(seen_count, 2);
    assert_string_equal(seen[0].text, "two");
    assert_int_equal(seen[0].offset, 4);
    assert_int_equal(read_text("one\ntwo\n", 8), FAULT_NONE);
    assert_int_equal(seen_count, 0);
    assert_int_equal(ends[3], 8);
}

static void positions_that_are_not_in_the_file_are_refused(void **state) {
    (void)state;
    assert_int_equal(read_text("one\ntwo\n", 5), FAULT_REFUSED);
    assert_int_equal(read_text("one\ntwo\n", 9), FAULT_REFUSED);
}

static void last_line_without_newline_counts(void **state) {
    (void)state;
    assert_int_equal(read_text("one\ntwo", 0), FAULT_NONE);
    assert_int_equal(seen_count, 2);
    assert_string_equal(seen[1].text, "two");
    assert_int_equal(seen[1].next_offset, 7);
    assert_int_equal(read_text("one\ntwo", 7), FAULT_NONE); /* and is not read again */
    assert_int_equal(seen_count, 0);
    assert_int_equal(read_text("", 0), FAULT_NONE);
    assert_int_equal(seen_count, 0);
    assert_int_equal(read_text("\n", 0), FAULT_NONE);
    assert_int_equal(seen_count, 1);
}

static void empty_lines_tombstones_and_carriage_returns(void **state) {
    (void)state;
    assert_int_equal(read_text("\nnull\nnull \n{}\r\n", 0), FAULT_NONE);
    assert_int_equal(seen_count, 4);
    assert_false(seen[0].tombstone);
    assert_int_equal(seen[0].length, 0);
    assert_true(seen[1].tombstone);
    assert_false(seen[2].tombstone);
    assert_int_equal(seen[2].length, 5);
    assert_int_equal(seen[3].length, 3);
}

/* The time of each line, by its number. */
static void record_time_is_the_ingest_time_at_the_top(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int64_t time_ms;
    } cases[] = {
        {"{\"x\":1}", 0}, /* none before */
        {"{\"ingest_time\":\"1970-01-01T00:00:05Z\"}", 5000},
        {"{\"a\":[{\"ingest_time\":7000}],\"ingest_time\" : 6000 }", 6000},
        {"{\"a\":{\"ingest_time\":7000}}", 6000}, /* not at the top: as before */
        {"{\"a\":\"\\\"ingest_time\\\":8000\",\"ingest_time\":9000}", 9000},
        {"{\"recorded_at\":\"1970-01-01T07:00:10+07:00\"}", 10000},
        {"{\"ingest_time\":\"1970-01-01\"}", 10000}, /* not a time */
        {"{\"ingest_time\":-5}", 10000},
        {"null", 10000},
        {"not json ingest_time", 10000},
        {"{\"ingest_time\":12000.5}", 10000},
        {"{\"ingest_time\":\"12000", 10000},
        {"{\"a\":\"{[\",\"ingest_time\":13000}", 13000},
        {"{\"ingest_time\":14000", 13000}, /* cut */
    };
    char text[2048] = "";
    size_t length = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\n", cases[i].line);
    }
    assert_int_equal(read_text(text, 0), FAULT_NONE);
    assert_int_equal(seen_count, sizeof(cases) / sizeof(cases[0]));
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].timestamp_ms != cases[i].time_ms) fail_msg("line %zu: %lld", i, (long long)seen[i].timestamp_ms);
    }
}

static void over_long_lines_are_cut_and_passed(void **state) {
    (void)state;
    static const size_t lengths[] = {MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX + 1, 3 * 1024 * 1024, 5, 2 * 1024 * 1024};
    struct fault fault;
    size_t total = 0, at = 0;
    for (size_t i = 0; i < 5; i++)
        total += lengths[i] + 1;
    char *text = malloc(total);
    assert_non_null(text);
    for (size_t i = 0; i < 5; i++) {
        memset(text + at, 'a' + (int)i, lengths[i]);
        text[at + lengths[i]] = '\n';
        at += lengths[i] + 1;
    }
    for (size_t missing = 0; missing < 2; missing++) { /* with and without the last newline */
        assert_int_equal(read_file(write_file("long.ndjson", text, total - missing), 0, 0, &fault), FAULT_NONE);
        assert_int_equal(seen_count, 5);
        int64_t offset = 0;
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(seen[i].offset, offset);
            assert_int_equal(seen[i].length, lengths[i] > MESSAGE_BYTES_MAX ? MESSAGE_BYTES_MAX + 1 : lengths[i]);
            assert_int_equal(seen[i].text[0], 'a' + (int)i);
            offset += (int64_t)lengths[i] + 1;
        }
        assert_int_equal(seen[4].next_offset, (int64_t)(total - missing));
    }
    free(text);
}

/* Lines of every length lie across the borders of blocks and batches; each start is a place to go on. */
static void nothing_is_lost_at_block_borders(void **state) {
    (void)state;
    struct fault fault;
    size_t total = 4 * 1024 * 1024, at = 0, lines = 0;
    char *text = malloc(total);
    assert_non_null(text);
    while (at + 200 < total) {
        int wrote = snprintf(text + at, total - at, "%zu:%0*d\n", lines, (int)(lines * 37 % 150) + 1, 0);
        at += (size_t)wrote;
        lines++;
    }
    const char *path = write_file("many.ndjson", text, at);
    assert_int_equal(read_file(path, 0, 0, &fault), FAULT_NONE);
    assert_int_equal(seen_count, lines);
    int64_t offset = 0;
    for (size_t i = 0; i < lines; i++) {
        assert_int_equal(seen[i].offset, offset);
        assert_int_equal(strtoul(seen[i].text, NULL, 10), i);
        assert_memory_equal(seen[i].text, text + offset, seen[i].length < TEXT_MAX ? seen[i].length : TEXT_MAX - 1);
        offset = seen[i].next_offset;
    }
    int64_t middle = seen[lines / 2].offset;
    assert_int_equal(read_file(path, middle, 0, &fault), FAULT_NONE);
    assert_int_equal(seen_count, lines - lines / 2);
    assert_int_equal(read_file(path, 0, middle, &fault), FAULT_NONE);
    assert_int_equal(seen_count, lines / 2);
    assert_int_equal(seen[seen_count - 1].next_offset, middle);
    free(text);
}

static void until_beyond_the_file_is_refused(void **state) {
    (void)state;
    struct fault fault;
    assert_int_equal(read_file(write_file("u.ndjson", "one\n", 4), 0, 5, &fault), FAULT_REFUSED);
    assert_int_equal(read_file(write_file("u.ndjson", "one\n", 4), 0, 4, &fault), FAULT_NONE);
    assert_int_equal(seen_count, 1);
    assert_int_equal(read_file(write_file("u.ndjson", "one\ntwo\n", 8), 4, 4, &fault), FAULT_NONE);
    assert_int_equal(seen_count, 0);
}

static void held_partitions_wait_and_the_others_go_on(void **state) {
    (void)state;
    static const struct source_resume how = {.resume = resume};
    char first[128], second[128];
    struct fault fault;
    (void)snprintf(first, sizeof(first), "%s", write_file("h-0.ndjson", "a\nb\n", 4));
    (void)snprintf(second, sizeof(second), "%s", write_file("h-1.ndjson", "c\nd\n", 4));
    const char *paths[] = {first, second};
    struct source *source = source_file_create(&(struct source_file_options){.paths = paths, .path_count = 2}, &fault);
    assert_non_null(source);
    start_at = 0;
    seen_count = 0;
    assert_true(source->operations->start(source, &how, &fault));
    struct source_event event;
    int assigned = 0;
    for (; assigned < 2; assigned++) {
        source->operations->poll(source, 1, &event);
        assert_int_equal(event.kind, SOURCE_ASSIGNED);
    }
    struct source_partition held = {.topic = "h", .partition = 0};
    source->operations->hold(source, held, true);
    for (int i = 0; i < 20; i++) {
        source->operations->poll(source, 1, &event);
        assert_true(event.kind == SOURCE_NOTHING || event.kind == SOURCE_BATCH);
        if (event.kind == SOURCE_BATCH) note(&event), source->operations->release(source, event.batch);
    }
    assert_int_equal(seen_count, 2);
    assert_string_equal(seen[0].text, "c");
    source->operations->hold(source, held, false);
    for (event.kind = SOURCE_NOTHING; event.kind != SOURCE_FINISHED;) {
        source->operations->poll(source, 1, &event);
        if (event.kind == SOURCE_BATCH) note(&event), source->operations->release(source, event.batch);
    }
    assert_int_equal(seen_count, 4);
    source->operations->destroy(source);
}

/* Bytes of a batch stay where they are until it is released, whatever is read meanwhile. */
static void batches_stay_valid_until_they_are_released(void **state) {
    (void)state;
    enum { BATCHES = 40 };
    static const struct source_resume how = {.resume = resume};
    struct fault fault;
    size_t total = 3 * 1024 * 1024;
    char *text = malloc(total);
    assert_non_null(text);
    for (size_t i = 0; i < total; i++)
        text[i] = i % 256 == 255 ? '\n' : (char)('a' + i / 256 % 26);
    const char *path = write_file("keep.ndjson", text, total);
    struct source *source = source_file_create(&(struct source_file_options){.paths = &path, .path_count = 1}, &fault);
    assert_non_null(source);
    start_at = 0;
    assert_true(source->operations->start(source, &how, &fault));
    struct source_event kept[BATCHES];
    size_t count = 0;
    for (struct source_event event = {.kind = SOURCE_NOTHING}; event.kind != SOURCE_FINISHED;) {
        source->operations->poll(source, 1, &event);
        if (event.kind != SOURCE_BATCH) continue;
        CHECK(count < BATCHES);
        kept[count++] = event;
    }
    assert_true(count > 4);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < kept[i].count; j++) {
            const struct record *record = &kept[i].records[j];
            assert_memory_equal(record->value.data, text + record->offset, record->value.length);
        }
        source->operations->release(source, kept[i].batch);
    }
    source->operations->destroy(source);
    free(text);
}

static void standard_input_is_read_and_never_resumed(void **state) {
    (void)state;
    const char *path = "-";
    struct fault fault;
    for (int round = 0; round < 2; round++) {
        int ends_of_pipe[2];
        assert_int_equal(pipe(ends_of_pipe), 0);
        assert_int_equal(write(ends_of_pipe[1], "one\ntwo", 7), 7);
        assert_int_equal(close(ends_of_pipe[1]), 0);
        int old = dup(STDIN_FILENO);
        assert_int_equal(dup2(ends_of_pipe[0], STDIN_FILENO), STDIN_FILENO);
        enum fault_code code = read_file(path, round == 0 ? SOURCE_START_BEGINNING : 4, 0, &fault);
        assert_int_equal(code, round == 0 ? FAULT_NONE : FAULT_REFUSED);
        if (round == 0) assert_int_equal(seen_count, 2);
        (void)dup2(old, STDIN_FILENO);
        (void)close(old), (void)close(ends_of_pipe[0]);
    }
}

static void files_that_cannot_be_are_refused(void **state) {
    (void)state;
    struct fault fault;
    char path[128];
    (void)snprintf(path, sizeof(path), "%s", write_file("twice.ndjson", "", 0));
    const char *missing = "/nonexistent/file.ndjson";
    const char *twice[] = {path, path};
    const char *folder = directory;
    assert_null(source_file_create(&(struct source_file_options){.paths = &missing, .path_count = 1}, &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_null(source_file_create(&(struct source_file_options){.paths = &folder, .path_count = 1}, &fault));
    assert_int_equal(fault.code, FAULT_IO);
    assert_null(source_file_create(&(struct source_file_options){.paths = twice, .path_count = 2}, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
}

static void names_give_topic_and_partition(void **state) {
    (void)state;
    static const struct {
        const char *path, *topic;
        int32_t partition;
    } cases[] = {
        {"payments-3.ndjson", "payments", 3},
        {"/a/b-7/orders.ndjson", "orders", 0},
        {"x/pay ments-12.ndjson", "pay_ments", 12},
        {"-5.ndjson", "-5", 0},
        {"a-b-0.ndjson", "a-b", 0},
        {"noext-9", "noext", 9},
        {"t-x.ndjson", "t-x", 0},
        {"t-1234567.ndjson", "t-1234567", 0},
        {"f.json", "f.json", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char topic[250];
        int32_t partition;
        source_file_name(cases[i].path, topic, &partition);
        assert_string_equal(topic, cases[i].topic);
        assert_int_equal(partition, cases[i].partition);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_are_bytes),
        cmocka_unit_test(reading_goes_on_where_resume_says),
        cmocka_unit_test(positions_that_are_not_in_the_file_are_refused),
        cmocka_unit_test(last_line_without_newline_counts),
        cmocka_unit_test(empty_lines_tombstones_and_carriage_returns),
        cmocka_unit_test(record_time_is_the_ingest_time_at_the_top),
        cmocka_unit_test(over_long_lines_are_cut_and_passed),
        cmocka_unit_test(nothing_is_lost_at_block_borders),
        cmocka_unit_test(until_beyond_the_file_is_refused),
        cmocka_unit_test(held_partitions_wait_and_the_others_go_on),
        cmocka_unit_test(batches_stay_valid_until_they_are_released),
        cmocka_unit_test(standard_input_is_read_and_never_resumed),
        cmocka_unit_test(files_that_cannot_be_are_refused),
        cmocka_unit_test(names_give_topic_and_partition),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
