/* Headers of Kafka records (source_operations.header): found by name when asked for, none where there are none. */
#include "check.h"
#include "ingest/mock_kafka.h"
#include "ingest/source_kafka.h"
#include "log.h"
#include "tests/support/message_producer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RECORDS = 5, POLLS_MAX = 600 };

static struct mock_kafka *mock;

static bool from_beginning(void *context, struct source_partition who, int64_t first, int64_t end,
                           struct source_position *position, struct fault *fault) {
    (void)context, (void)who, (void)first, (void)end, (void)fault;
    *position = (struct source_position){.window_start = SOURCE_START_BEGINNING, .next = SOURCE_START_BEGINNING};
    return true;
}

static void produce(void) {
    const struct message_header two[] = {{"ce_id", SLICE("A-1")}, {"ce_source", SLICE("/shop")}};
    const struct message_header repeated[] = {{"k", SLICE("first")}, {"K", SLICE("capital")}, {"k", SLICE("last")}};
    const struct message_header odd[] = {{"empty", SLICE("")}, {"none", {NULL, 0}}, {"bytes", {"\xff\0x", 3}}};
    struct message messages[RECORDS] = {
        {.headers = two, .header_count = 2, .value = SLICE("{}")},
        {.value = SLICE("{}")},
        {.headers = repeated, .header_count = 3, .value = SLICE("{}")},
        {.headers = odd, .header_count = 3, .value = SLICE("{}")},
        {.headers = two, .header_count = 2}, /* a tombstone may have some */
    };
    struct message_producer *producer = message_producer_create(mock_kafka_bootstrap(mock));
    for (size_t i = 0; i < RECORDS; i++) {
        messages[i].topic = "h";
        messages[i].key = SLICE("key");
        messages[i].timestamp_ms = 1633046400000 + (int64_t)i;
        message_producer_put(producer, &messages[i]);
    }
    message_producer_finish(producer);
}

static void assert_header(const struct source *source, const struct record *record, const char *name, const char *expected) {
    struct slice value = SLICE("untouched");
    bool found = source->operations->header(record->native, name, &value);
    assert_int_equal(found, expected != NULL);
    if (expected != NULL && !slice_equal(value, slice_of(expected))) fail_msg("%s: %.*s", name, (int)value.length, value.data);
}

static void check_records(const struct source *source, const struct record *records) {
    assert_header(source, &records[0], "ce_source", "/shop");
    assert_header(source, &records[0], "ce_id", "A-1");
    assert_header(source, &records[0], "ce_id", "A-1"); /* again */
    assert_header(source, &records[0], "ce_ID", NULL);
    assert_header(source, &records[0], "", NULL);
    assert_header(source, &records[1], "ce_id", NULL);
    assert_header(source, &records[2], "k", "last");
    assert_header(source, &records[2], "K", "capital");
    assert_header(source, &records[3], "empty", "");
    assert_header(source, &records[3], "none", NULL);
    struct slice bytes;
    assert_true(source->operations->header(records[3].native, "bytes", &bytes));
    assert_true(slice_equal(bytes, (struct slice){"\xff\0x", 3}));
    assert_null(records[4].value.data);
    assert_header(source, &records[4], "ce_id", "A-1");
    assert_int_equal(records[4].timestamp_ms, 1633046400004);
}

static void headers_are_found_by_name(void **state) {
    (void)state;
    struct fault fault;
    produce();
    const struct kafka_property property = {"bootstrap.servers", mock_kafka_bootstrap(mock)};
    static const struct source_vector_entry vector[] = {{"h", 0, RECORDS}};
    struct source *source = source_kafka_create(
        &(struct source_kafka_options){.properties = &property, .property_count = 1, .until = vector, .until_count = 1}, &fault);
    assert_non_null(source);
    assert_true(source->operations->own_times);
    const struct source_resume how = {.resume = from_beginning};
    assert_true(source->operations->start(source, &how, &fault));
    struct record records[RECORDS];
    void *batches[RECORDS];
    size_t count = 0, batch_count = 0;
    for (int i = 0; i < POLLS_MAX && count < RECORDS; i++) {
        struct source_event event;
        source->operations->poll(source, 100, &event);
        assert_int_not_equal(event.kind, SOURCE_FAULT);
        if (event.kind != SOURCE_BATCH) continue;
        memcpy(records + count, event.records, event.count * sizeof(records[0]));
        count += event.count;
        batches[batch_count++] = event.batch;
    }
    assert_int_equal(count, RECORDS);
    check_records(source, records);
    for (size_t i = 0; i < batch_count; i++) source->operations->release(source, batches[i]);
    source->operations->destroy(source);
}

static int setup(void **state) {
    (void)state;
    struct fault fault;
    log_set_level(LOG_ERROR);
    mock = mock_kafka_create(1, &fault);
    return mock == NULL || !mock_kafka_topic(mock, "h", 1, &fault);
}

static int teardown(void **state) {
    (void)state;
    mock_kafka_destroy(mock);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
