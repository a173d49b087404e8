/* The Kafka source (ingest/source_kafka.h) on librdkafka's mock cluster. A group costs the mock three seconds for
 * each change of membership, so most tests read without one (`until`); real brokers, crashes and rebalances under
 * load are in tests/e2e. */
#include "check.h"
#include "ingest/mock_kafka.h"
#include "ingest/producer.h"
#include "ingest/source_kafka.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { PARTITIONS = 4, SEEN_MAX = 20000, WAIT_MS = 60000 };

static struct mock_kafka *mock;
static struct kafka_property properties[4];

/* One consumer and what it has been given; `slot` = topic (t: 0, u: 1) * PARTITIONS + partition. */
struct reader {
    struct source *source;
    int64_t starts[2 * PARTITIONS]; /* what resume() answers */
    int64_t firsts[2 * PARTITIONS], log_ends[2 * PARTITIONS];
    bool owned[2 * PARTITIONS];
    bool refuse;
    size_t resumes;
    int64_t offsets[2 * PARTITIONS][SEEN_MAX];
    size_t counts[2 * PARTITIONS];
    int64_t ends[2 * PARTITIONS];
    size_t end_events[2 * PARTITIONS];
    bool finished;
    struct fault fault;
};

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t slot_of(struct source_partition who) {
    CHECK(who.partition >= 0 && who.partition < PARTITIONS);
    return (size_t)(who.topic[0] == 'u' ? PARTITIONS : 0) + (size_t)who.partition;
}

static bool resume(void *context, struct source_partition who, int64_t first, int64_t end, struct source_position *position,
                   struct fault *fault) {
    struct reader *reader = context;
    size_t slot = slot_of(who);
    reader->resumes++;
    if (reader->refuse) return fault_set(fault, STOP_LOG_PASSED, false, "no");
    reader->firsts[slot] = first;
    reader->log_ends[slot] = end;
    *position = (struct source_position){.window_start = reader->starts[slot], .next = reader->starts[slot]};
    return true;
}

static void take_batch(struct reader *reader, const struct source_event *event) {
    size_t slot = slot_of(event->partition);
    CHECK(reader->owned[slot]);
    for (size_t i = 0; i < event->count; i++) {
        const struct record *record = &event->records[i];
        CHECK(reader->counts[slot] < SEEN_MAX);
        CHECK(record->next_offset == record->offset + 1);
        reader->offsets[slot][reader->counts[slot]++] = record->offset;
    }
    CHECK(event->next_offset == event->records[event->count - 1].next_offset);
}

/* One poll; the kind of what came. */
static enum source_event_kind step(struct reader *reader, int timeout_ms) {
    struct source_event event;
    reader->source->operations->poll(reader->source, timeout_ms, &event);
    size_t slot = event.kind == SOURCE_NOTHING || event.kind == SOURCE_FINISHED || event.kind == SOURCE_FAULT
                      ? 0
                      : slot_of(event.partition);
    switch (event.kind) {
    case SOURCE_NOTHING:
        break;
    case SOURCE_BATCH:
        take_batch(reader, &event);
        reader->source->operations->release(reader->source, event.batch);
        break;
    case SOURCE_ASSIGNED:
        CHECK(!reader->owned[slot]);
        reader->owned[slot] = true;
        break;
    case SOURCE_REVOKED:
        CHECK(reader->owned[slot]);
        reader->owned[slot] = false;
        if (reader->counts[slot] > 0) { /* as a worker does: what was read is committed, the next owner goes on there */
            reader->starts[slot] = reader->offsets[slot][reader->counts[slot] - 1] + 1;
            reader->source->operations->mirror(reader->source, event.partition, reader->starts[slot]);
        }
        break;
    case SOURCE_LOST:
        reader->owned[slot] = false;
        break;
    case SOURCE_END:
        reader->ends[slot] = event.next_offset;
        reader->end_events[slot]++;
        break;
    case SOURCE_FINISHED:
        reader->finished = true;
        break;
    case SOURCE_FAULT:
        reader->fault = event.fault;
        break;
    }
    return event.kind;
}

static size_t total(const struct reader *reader) {
    size_t sum = 0;
    for (size_t i = 0; i < 2 * PARTITIONS; i++)
        sum += reader->counts[i];
    return sum;
}

static void produce(const char *topic, int32_t partition, int count) {
    struct fault fault;
    struct producer *producer = producer_kafka_create(properties, 1, &fault);
    assert_non_null(producer);
    for (int i = 0; i < count; i++) {
        char value[32];
        int length = snprintf(value, sizeof(value), "{\"n\":%d}", i);
        assert_true(producer_put(producer, topic, partition, SLICE("key"), (struct slice){value, (size_t)length},
                                 1633046400000 + i, &fault));
    }
    assert_true(producer_flush(producer, 20000, &fault));
    producer_destroy(producer);
}

static struct reader *begin(const struct source_kafka_options *options) {
    struct fault fault = {.code = FAULT_NONE};
    struct reader *reader = calloc(1, sizeof(*reader));
    assert_non_null(reader);
    for (size_t i = 0; i < 2 * PARTITIONS; i++)
        reader->starts[i] = SOURCE_START_BEGINNING;
    reader->source = source_kafka_create(options, &fault);
    if (reader->source == NULL) fail_msg("%s", fault.message);
    return reader;
}

static void go(struct reader *reader) {
    const struct source_resume how = {.resume = resume, .context = reader};
    struct fault fault;
    if (!reader->source->operations->start(reader->source, &how, &fault)) fail_msg("%s", fault.message);
}

static void end(struct reader *reader) {
    int64_t started_ms = now_ms();
    reader->source->operations->destroy(reader->source);
    assert_true(now_ms() - started_ms < WAIT_MS);
    free(reader);
}

static void run_to_the_end(struct reader *reader) {
    int64_t deadline_ms = now_ms() + WAIT_MS;
    while (!reader->finished && reader->fault.code == FAULT_NONE && now_ms() < deadline_ms)
        (void)step(reader, 50);
}

static struct reader *until(const struct source_vector_entry *vector, size_t count) {
    return begin(
        &(struct source_kafka_options){.properties = properties, .property_count = 1, .until = vector, .until_count = count});
}

static void assert_run(const struct reader *reader, size_t slot, int64_t first, int64_t next) {
    assert_int_equal(reader->counts[slot], next - first);
    for (int64_t i = 0; i < next - first; i++)
        assert_int_equal(reader->offsets[slot][i], first + i);
}

static void until_reads_exactly_the_vector(void **state) {
    (void)state;
    produce("t", 0, 1500);
    produce("t", 1, 700);
    static const struct source_vector_entry vector[] = {{"t", 0, 1300}, {"t", 1, 700}, {"u", 2, 0}};
    struct reader *reader = until(vector, 3);
    reader->starts[1] = 600; /* this one goes on */
    go(reader);
    run_to_the_end(reader);
    assert_true(reader->finished);
    assert_run(reader, 0, 0, 1300);
    assert_run(reader, 1, 600, 700);
    assert_int_equal(total(reader), 1400);
    assert_int_equal(reader->firsts[0], 0);
    assert_int_equal(reader->log_ends[0], 1500);
    assert_int_equal(reader->ends[0], 1300);
    assert_int_equal(reader->ends[1], 700);
    assert_int_equal(reader->end_events[PARTITIONS + 2], 1);
    end(reader);
}

static void records_come_as_they_were_written(void **state) {
    (void)state;
    struct fault fault;
    struct producer *producer = producer_kafka_create(properties, 1, &fault);
    assert_non_null(producer);
    assert_true(producer_put(producer, "u", 0, SLICE("key"), SLICE("{}"), 1633046400123, &fault));
    assert_true(producer_put(producer, "u", 0, SLICE("gone"), (struct slice){NULL, 0}, 1633046400124, &fault));
    assert_true(producer_put(producer, "u", 0, SLICE(""), SLICE(""), 1633046400125, &fault));
    assert_true(producer_flush(producer, 20000, &fault));
    producer_destroy(producer);
    static const struct source_vector_entry vector[] = {{"u", 0, 3}};
    struct reader *reader = until(vector, 1);
    go(reader);
    struct source_event event = {.kind = SOURCE_NOTHING};
    struct record records[3];
    size_t count = 0;
    struct source_event batches[3];
    while (count < 3) {
        reader->source->operations->poll(reader->source, 100, &event);
        assert_int_not_equal(event.kind, SOURCE_FAULT);
        if (event.kind != SOURCE_BATCH) continue;
        batches[count] = event;
        for (size_t i = 0; i < event.count; i++)
            records[count + i] = event.records[i];
        if (event.count < 3) batches[count + event.count - 1] = event;
        count += event.count;
    }
    assert_true(slice_equal(records[0].key, SLICE("key")));
    assert_true(slice_equal(records[0].value, SLICE("{}")));
    assert_int_equal(records[0].timestamp_ms, 1633046400123);
    assert_true(slice_equal(records[1].key, SLICE("gone")));
    assert_null(records[1].value.data);
    assert_non_null(records[2].value.data); /* empty is not a tombstone */
    assert_int_equal(records[2].value.length, 0);
    assert_int_equal(records[2].key.length, 0);
    reader->source->operations->release(reader->source, batches[0].batch);
    for (size_t i = 1; i < 3; i++) {
        if (batches[i].batch != NULL && batches[i].batch != batches[i - 1].batch && batches[i].count > 0 &&
            batches[0].count < 3) {
            reader->source->operations->release(reader->source, batches[i].batch);
        }
    }
    end(reader);
}

static void refused_positions_and_vectors_stop_the_run(void **state) {
    (void)state;
    static const struct source_vector_entry beyond[] = {{"t", 0, 999999}}, good[] = {{"t", 0, 10}}, nowhere[] = {{"t", 77, 10}};
    struct reader *reader = until(beyond, 1);
    go(reader);
    run_to_the_end(reader);
    assert_int_equal(reader->fault.code, FAULT_REFUSED);
    assert_false(reader->fault.retriable);
    end(reader);

    reader = until(good, 1); /* the caller refuses */
    reader->refuse = true;
    go(reader);
    run_to_the_end(reader);
    assert_int_equal(reader->fault.code, FAULT_REFUSED);
    assert_string_equal(reader->fault.message, "no");
    end(reader);

    reader = until(nowhere, 1);
    go(reader);
    run_to_the_end(reader);
    assert_int_equal(reader->fault.code, FAULT_REFUSED);
    assert_non_null(strstr(reader->fault.message, "t/77"));
    end(reader);
}

/* The caller should not have allowed it; Kafka says so, and nothing is reset. */
static void offset_outside_the_log_is_a_fault_with_its_place(void **state) {
    (void)state;
    static const struct source_vector_entry vector[] = {{"t", 1, 700}};
    struct reader *reader = until(vector, 1);
    reader->starts[1] = 5000;
    go(reader);
    run_to_the_end(reader);
    assert_int_equal(reader->fault.code, FAULT_REFUSED);
    assert_non_null(strstr(reader->fault.message, "t/1"));
    assert_non_null(strstr(reader->fault.message, "5000"));
    assert_int_equal(total(reader), 0);
    end(reader);
}

static void held_partitions_wait_and_lose_nothing(void **state) {
    (void)state;
    produce("u", 1, 5000);
    produce("u", 3, 5000);
    static const struct source_vector_entry vector[] = {{"u", 1, 5000}, {"u", 3, 5000}};
    struct reader *reader = until(vector, 2);
    struct source_partition first = {"u", 1}, second = {"u", 3};
    size_t a = PARTITIONS + 1, b = PARTITIONS + 3;
    go(reader);
    while (reader->counts[a] == 0 && reader->fault.code == FAULT_NONE)
        (void)step(reader, 50);
    reader->source->operations->hold(reader->source, first, true);
    size_t before = reader->counts[a];
    while (reader->counts[b] < 5000)
        assert_int_not_equal(step(reader, 50), SOURCE_FAULT);
    for (int i = 0; i < 5; i++)
        (void)step(reader, 20);
    assert_int_equal(reader->counts[a], before);
    assert_false(reader->finished);
    for (int i = 0; i < 40 && reader->counts[a] < 5000; i++) { /* on and off */
        reader->source->operations->hold(reader->source, first, i % 2 == 1);
        reader->source->operations->hold(reader->source, second, i % 2 == 0);
        (void)step(reader, 10);
    }
    reader->source->operations->hold(reader->source, first, false);
    run_to_the_end(reader);
    assert_true(reader->finished);
    assert_run(reader, a, 0, 5000);
    assert_run(reader, b, 0, 5000);
    end(reader);
}

static void topic_that_is_not_there_is_said(void **state) {
    (void)state;
    static const struct source_vector_entry vector[] = {{"tabsent", 0, 10}};
    const struct kafka_property silent[] = {{"bootstrap.servers", "127.0.0.1:1"}};
    struct reader *reader =
        begin(&(struct source_kafka_options){.properties = silent, .property_count = 1, .until = vector, .until_count = 1});
    go(reader);
    run_to_the_end(reader);
    assert_int_equal(reader->fault.code, FAULT_UNREACHABLE);
    assert_true(reader->fault.retriable);
    assert_non_null(strstr(reader->fault.message, "127.0.0.1:1"));
    end(reader);
}

static void settings_that_would_break_the_counts_are_refused(void **state) {
    (void)state;
    static const struct kafka_property cases[] = {
        {"enable.auto.commit", "true"},
        {"enable.auto.offset.store", "true"},
        {"auto.offset.reset", "earliest"},
        {"enable.partition.eof", "false"},
        {"isolation.level", "read_uncommitted"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"partition.assignment.strategy", "range,cooperative-sticky"},
        {"no.such.setting", "1"},
    };
    const char *topics[] = {"t"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fault fault = {.code = FAULT_NONE};
        struct kafka_property with[] = {{"bootstrap.servers", "127.0.0.1:1"}, cases[i]};
        assert_null(source_kafka_create(
            &(struct source_kafka_options){.properties = with, .property_count = 2, .topics = topics, .topic_count = 1}, &fault));
        assert_int_equal(fault.code, FAULT_CONFIG);
        assert_non_null(strstr(fault.message, cases[i].key));
    }
    static const struct kafka_property fine[] = {{"bootstrap.servers", "127.0.0.1:1"},
                                                 {"enable.auto.commit", "false"},
                                                 {"partition.assignment.strategy", "roundrobin"},
                                                 {"group.instance.id", "one"},
                                                 {"compression.codec", "zstd"}};
    struct fault fault;
    struct source *source = source_kafka_create(
        &(struct source_kafka_options){.properties = fine, .property_count = 5, .topics = topics, .topic_count = 1}, &fault);
    assert_non_null(source);
    source->operations->destroy(source); /* never started */
    topics[0] = "^t.*";
    assert_null(source_kafka_create(
        &(struct source_kafka_options){.properties = fine, .property_count = 5, .topics = topics, .topic_count = 1}, &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
}

static struct reader *member(bool once) {
    static const char *const topics[] = {"t"};
    properties[1] = (struct kafka_property){"group.id", "members"};
    properties[2] = (struct kafka_property){"session.timeout.ms", "2500"}; /* the mock waits so long for a rebalance */
    properties[3] = (struct kafka_property){"heartbeat.interval.ms", "500"};
    return begin(&(struct source_kafka_options){
        .properties = properties, .property_count = 4, .topics = topics, .topic_count = 1, .once = once});
}

static size_t owns(const struct reader *reader) {
    size_t count = 0;
    for (size_t i = 0; i < PARTITIONS; i++)
        count += reader->owned[i];
    return count;
}

/* Polls both until the first has `first` partitions and the second `second`; both work on one state, and never both on a
 * partition. */
static void share(struct reader *one, size_t first, struct reader *two, size_t second) {
    int64_t deadline_ms = now_ms() + WAIT_MS;
    while ((owns(one) != first || owns(two) != second) && now_ms() < deadline_ms) {
        (void)step(one, 20);
        if (two->resumes == 0) memcpy(two->starts, one->starts, sizeof(one->starts));
        (void)step(two, 20);
        for (size_t i = 0; i < PARTITIONS; i++)
            assert_false(one->owned[i] && two->owned[i]);
    }
    assert_int_equal(owns(one), first);
    assert_int_equal(owns(two), second);
}

/* Two members share the topic: the first must have given back (and been asked to commit) before the second gets anything;
 * together they read everything once. Then one leaves and the other goes on. */
static void members_hand_over_without_loss_or_repetition(void **state) {
    (void)state;
    struct reader *one = member(false), *two = member(false);
    int64_t deadline_ms = now_ms() + WAIT_MS;
    go(one);
    while (one->end_events[0] == 0 && now_ms() < deadline_ms)
        (void)step(one, 50);
    assert_int_equal(owns(one), PARTITIONS);
    assert_run(one, 0, 0, 1500);
    assert_int_equal(one->ends[0], 1500);
    go(two);
    share(one, 2, two, 2);
    for (int32_t i = 0; i < PARTITIONS; i++)
        produce("t", i, 100);
    size_t before = total(one), wanted = PARTITIONS * 100;
    while (total(one) - before + total(two) < wanted && now_ms() < deadline_ms)
        (void)step(one, 20), (void)step(two, 20);
    assert_int_equal(total(one) - before, 200);
    assert_int_equal(total(two), 200);
    for (size_t i = 0; i < PARTITIONS; i++) { /* each went on where the other had stopped */
        if (two->counts[i] == 0) continue;
        assert_int_equal(two->offsets[i][0], one->counts[i]);
        assert_run(two, i, two->offsets[i][0], two->offsets[i][0] + 100);
    }
    end(two);
    while (owns(one) < PARTITIONS && now_ms() < deadline_ms)
        (void)step(one, 50);
    assert_int_equal(owns(one), PARTITIONS);
    end(one);
}

/* `once` in a group: the end is the one at assignment; a partition that was empty is finished too. */
static void once_finishes_at_the_end_it_found(void **state) {
    (void)state;
    static const char *const topics[] = {"u"};
    properties[1] = (struct kafka_property){"group.id", "once"};
    struct reader *reader = begin(&(struct source_kafka_options){
        .properties = properties, .property_count = 2, .topics = topics, .topic_count = 1, .once = true});
    go(reader);
    run_to_the_end(reader);
    assert_true(reader->finished);
    assert_run(reader, PARTITIONS + 0, 0, 3);
    assert_run(reader, PARTITIONS + 1, 0, 5000);
    assert_run(reader, PARTITIONS + 3, 0, 5000);
    assert_int_equal(total(reader), 10003);
    for (size_t i = PARTITIONS; i < 2 * PARTITIONS; i++)
        assert_true(reader->end_events[i] > 0);
    end(reader);
}

static int setup(void **state) {
    (void)state;
    struct fault fault;
    log_set_level(LOG_ERROR);
    mock = mock_kafka_create(1, &fault);
    if (mock == NULL) return 1;
    properties[0] = (struct kafka_property){"bootstrap.servers", mock_kafka_bootstrap(mock)};
    return !mock_kafka_topic(mock, "t", PARTITIONS, &fault) || !mock_kafka_topic(mock, "u", PARTITIONS, &fault);
}

static int teardown(void **state) {
    (void)state;
    mock_kafka_destroy(mock);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(until_reads_exactly_the_vector),
        cmocka_unit_test(records_come_as_they_were_written),
        cmocka_unit_test(refused_positions_and_vectors_stop_the_run),
        cmocka_unit_test(offset_outside_the_log_is_a_fault_with_its_place),
        cmocka_unit_test(held_partitions_wait_and_lose_nothing),
        cmocka_unit_test(topic_that_is_not_there_is_said),
        cmocka_unit_test(settings_that_would_break_the_counts_are_refused),
        cmocka_unit_test(members_hand_over_without_loss_or_repetition),
        cmocka_unit_test(once_finishes_at_the_end_it_found),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
