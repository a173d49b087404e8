/* The Kafka source while a broker is dead, on librdkafka's mock cluster: what it asks about a log is answered, or said not to be,
 * within seconds, and reading begins when another broker leads, not when the dead one is back. Real brokers: tests/scale.sh. */
#include "check.h"
#include "ingest/mock_kafka.h"
#include "ingest/producer.h"
#include "ingest/source_kafka.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { RECORDS = 100, DEAD = 2, ALIVE = 1, SOON_MS = 15000, POLL_MS = 50 };

static struct mock_kafka *mock;
static struct kafka_property properties[1];

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool resume(void *context, struct source_partition who, int64_t first, int64_t end, struct source_position *position,
                   struct fault *fault) {
    (void)context, (void)who, (void)fault;
    assert_int_equal(first, 0);
    assert_int_equal(end, RECORDS);
    position->next = position->window_start = SOURCE_START_BEGINNING;
    return true;
}

/* Polls until `kind` comes, and says how long that took; records that come are counted. */
static int64_t wait_for(struct source *source, enum source_event_kind kind, struct fault *fault, size_t *records) {
    struct source_event event = {.kind = SOURCE_NOTHING};
    int64_t began_ms = now_ms();
    while (event.kind != kind && now_ms() - began_ms < 4 * SOON_MS) {
        source->operations->poll(source, POLL_MS, &event);
        if (event.kind == SOURCE_FAULT) *fault = event.fault;
        if (event.kind != SOURCE_BATCH) continue;
        *records += event.count;
        source->operations->release(source, event.batch);
    }
    assert_int_equal(event.kind, kind);
    return now_ms() - began_ms;
}

static void a_dead_leader_is_not_waited_for_when_there_is_another(void **state) {
    (void)state;
    struct fault fault = {.code = FAULT_NONE};
    static const struct source_vector_entry vector[] = {{"t", 0, RECORDS}};
    static const struct source_resume how = {.resume = resume};
    size_t records = 0;
    struct source *source = source_kafka_create(
        &(struct source_kafka_options){.properties = properties, .property_count = 1, .until = vector, .until_count = 1}, &fault);
    assert_non_null(source);
    assert_true(source->operations->start(source, &how, &fault));
    assert_true(mock_kafka_down(mock, DEAD, true)); /* and the cluster has not noticed it yet */
    assert_true(wait_for(source, SOURCE_FAULT, &fault, &records) < SOON_MS);
    assert_int_equal(fault.stop, STOP_KAFKA_SILENT);
    assert_true(fault.retriable);
    assert_true(mock_kafka_lead(mock, "t", 0, ALIVE));
    assert_true(wait_for(source, SOURCE_ASSIGNED, &fault, &records) < SOON_MS);
    assert_true(wait_for(source, SOURCE_FINISHED, &fault, &records) < SOON_MS);
    assert_int_equal(records, RECORDS);
    int64_t began_ms = now_ms();
    source->operations->destroy(source);
    assert_true(now_ms() - began_ms < SOON_MS);
}

static int setup(void **state) {
    (void)state;
    struct fault fault;
    log_set_level(LOG_ERROR);
    mock = mock_kafka_create(2, &fault);
    if (mock == NULL || !mock_kafka_topic(mock, "t", 1, &fault) || !mock_kafka_lead(mock, "t", 0, DEAD)) return 1;
    properties[0] = (struct kafka_property){"bootstrap.servers", mock_kafka_bootstrap(mock)};
    struct producer *producer = producer_kafka_create(properties, 1, &fault);
    if (producer == NULL) return 1;
    for (int i = 0; i < RECORDS; i++)
        assert_true(producer_put(producer, "t", 0, SLICE("key"), SLICE("{}"), 1633046400000 + i, &fault));
    assert_true(producer_flush(producer, 20000, &fault));
    producer_destroy(producer);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mock_kafka_destroy(mock);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_leader_is_not_waited_for_when_there_is_another),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
