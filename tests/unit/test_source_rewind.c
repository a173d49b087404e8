/* Sources that go back (source_operations.rewind): one partition is delivered again from the offset that is named, with no
 * record left out and none mixed in that had been fetched before; the other goes on as if nothing had happened. Files, and Kafka
 * on librdkafka's mock cluster. (What a group remembers of a namespace is tried on a real broker, in tests/system/cluster.sh: the
 * mock does not let a member join a group that the last one has left.) */
#include "check.h"
#include "ingest/mock_kafka.h"
#include "ingest/producer.h"
#include "ingest/source_file.h"
#include "ingest/source_kafka.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { RECORDS = 4000, PARTITIONS = 2, WAIT_POLLS = 4000, LINE_BYTES = 8 };

static struct mock_kafka *mock;
static struct kafka_property properties[1];
static char directory[64];

struct reading {
    struct source *source;
    int64_t unit;                 /* bytes or records from one offset to the next */
    int64_t expected[PARTITIONS]; /* offset of the record that must come next */
    size_t count[PARTITIONS];
    size_t assigned;
    bool finished;
};

static bool resume(void *context, struct source_partition who, int64_t first, int64_t end, struct source_position *position,
                   struct fault *fault) {
    (void)context, (void)who, (void)first, (void)end, (void)fault;
    position->next = position->window_start = SOURCE_START_BEGINNING;
    return true;
}

static void step(struct reading *reading) {
    struct source_event event;
    reading->source->operations->poll(reading->source, 10, &event);
    if (event.kind == SOURCE_FAULT) fail_msg("%s", event.fault.message);
    reading->finished = event.kind == SOURCE_FINISHED;
    reading->assigned += event.kind == SOURCE_ASSIGNED;
    if (event.kind != SOURCE_BATCH) return;
    int32_t partition = event.partition.partition;
    for (size_t i = 0; i < event.count; i++) {
        assert_int_equal(event.records[i].offset, reading->expected[partition]);
        reading->expected[partition] += reading->unit;
    }
    reading->count[partition] += event.count;
    reading->source->operations->release(reading->source, event.batch);
}

static void read_until(struct reading *reading, int32_t partition, int64_t offset) {
    for (int i = 0; i < WAIT_POLLS && reading->expected[partition] < offset; i++)
        step(reading);
    assert_true(reading->expected[partition] >= offset);
}

static void read_to_the_end(struct reading *reading) {
    for (int i = 0; i < WAIT_POLLS && !reading->finished; i++)
        step(reading);
    assert_true(reading->finished);
    for (int i = 0; i < PARTITIONS; i++)
        assert_int_equal(reading->expected[i], RECORDS * reading->unit);
}

static void go_back(struct reading *reading, const char *topic, int32_t partition, int64_t to) {
    struct fault fault;
    const struct source_position position = {.window_start = to, .next = to, .mirrored = -1};
    const struct source_partition who = {topic, partition};
    if (!reading->source->operations->rewind(reading->source, who, &position, &fault)) fail_msg("%s", fault.message);
    reading->expected[partition] = to < 0 ? 0 : to;
    reading->finished = false;
}

/* Back in the middle, back while held, back to the beginning, back from behind the end. */
static void go_back_and_forth(struct reading *reading, const char *topic) {
    struct fault fault;
    const struct source_partition first = {topic, 0};
    const struct source_resume how = {.resume = resume};
    if (!reading->source->operations->start(reading->source, &how, &fault)) fail_msg("%s", fault.message);
    read_until(reading, 0, 1000 * reading->unit);
    go_back(reading, topic, 0, 10 * reading->unit);
    read_until(reading, 0, 2000 * reading->unit);
    reading->source->operations->hold(reading->source, first, true);
    for (int i = 0; i < 10; i++)
        step(reading);
    go_back(reading, topic, 0, 500 * reading->unit);
    reading->source->operations->hold(reading->source, first, false);
    read_until(reading, 0, 1000 * reading->unit);
    go_back(reading, topic, 0, SOURCE_START_BEGINNING);
    read_to_the_end(reading);
    size_t before = reading->count[1];
    assert_int_equal(before, RECORDS);
    go_back(reading, topic, 0, 3999 * reading->unit);
    read_to_the_end(reading);
    assert_int_equal(reading->count[1], before);
    assert_true(reading->count[0] >= RECORDS + 2500 + 1);
    assert_int_equal(reading->assigned, PARTITIONS);
    const struct source_position nowhere = {.window_start = 0, .next = 0, .mirrored = -1};
    assert_false(reading->source->operations->rewind(reading->source, (struct source_partition){"other", 0}, &nowhere, &fault));
}

static void a_file_is_read_again_from_a_line(void **state) {
    (void)state;
    char paths[PARTITIONS][96];
    const char *names[PARTITIONS];
    struct fault fault;
    for (int p = 0; p < PARTITIONS; p++) {
        (void)snprintf(paths[p], sizeof(paths[p]), "%s/t-%d.ndjson", directory, p);
        names[p] = paths[p];
        FILE *file = fopen(paths[p], "w");
        assert_non_null(file);
        for (int i = 0; i < RECORDS; i++)
            (void)fprintf(file, "{\"%04d\"\n", i); /* LINE_BYTES */
        assert_int_equal(fclose(file), 0);
    }
    struct reading reading = {.unit = LINE_BYTES};
    reading.source = source_file_create(&(struct source_file_options){.paths = names, .path_count = PARTITIONS}, &fault);
    assert_non_null(reading.source);
    go_back_and_forth(&reading, "t");
    reading.source->operations->destroy(reading.source);
}

static void a_pipe_does_not_go_back(void **state) {
    (void)state;
    struct fault fault;
    int ends[2];
    int saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    (void)dup2(ends[0], STDIN_FILENO);
    const char *standard_input = "-";
    struct source *source =
        source_file_create(&(struct source_file_options){.paths = &standard_input, .path_count = 1}, &fault);
    assert_non_null(source);
    const struct source_position position = {.window_start = 0, .next = 0, .mirrored = -1};
    assert_false(source->operations->rewind(source, (struct source_partition){"stdin", 0}, &position, &fault));
    assert_int_equal(fault.code, FAULT_REFUSED);
    assert_non_null(strstr(fault.message, "pipes"));
    source->operations->destroy(source);
    (void)dup2(saved, STDIN_FILENO);
    (void)close(saved), (void)close(ends[0]), (void)close(ends[1]);
}

static void a_partition_of_kafka_is_read_again_and_the_other_goes_on(void **state) {
    (void)state;
    struct fault fault;
    static const struct source_vector_entry vector[] = {{"t", 0, RECORDS}, {"t", 1, RECORDS}};
    struct reading reading = {.unit = 1};
    reading.source = source_kafka_create(
        &(struct source_kafka_options){.properties = properties, .property_count = 1, .until = vector, .until_count = 2}, &fault);
    assert_non_null(reading.source);
    go_back_and_forth(&reading, "t");
    reading.source->operations->destroy(reading.source);
}

static void produce(int32_t partition) {
    struct fault fault;
    struct producer *producer = producer_kafka_create(properties, 1, &fault);
    assert_non_null(producer);
    for (int i = 0; i < RECORDS; i++)
        assert_true(producer_put(producer, "t", partition, SLICE("key"), SLICE("{}"), 1633046400000 + i, &fault));
    assert_true(producer_flush(producer, 20000, &fault));
    producer_destroy(producer);
}

static int setup(void **state) {
    (void)state;
    struct fault fault;
    log_set_level(LOG_ERROR);
    memcpy(directory, "/tmp/nhip-rewind-XXXXXX", sizeof("/tmp/nhip-rewind-XXXXXX"));
    mock = mock_kafka_create(1, &fault);
    if (mock == NULL || mkdtemp(directory) == NULL || !mock_kafka_topic(mock, "t", PARTITIONS, &fault)) return 1;
    properties[0] = (struct kafka_property){"bootstrap.servers", mock_kafka_bootstrap(mock)};
    for (int32_t p = 0; p < PARTITIONS; p++)
        produce(p);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    char path[96];
    for (int p = 0; p < PARTITIONS; p++) {
        (void)snprintf(path, sizeof(path), "%s/t-%d.ndjson", directory, p);
        (void)unlink(path);
    }
    (void)rmdir(directory);
    mock_kafka_destroy(mock);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_again_from_a_line),
        cmocka_unit_test(a_pipe_does_not_go_back),
        cmocka_unit_test(a_partition_of_kafka_is_read_again_and_the_other_goes_on),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
