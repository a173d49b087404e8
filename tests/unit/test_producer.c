/* Producers (ingest/producer.h): the same partition as Kafka's own clients, and nothing lost on the way. */
#include "ingest/mock_kafka.h"
#include "ingest/producer_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64];

static int setup(void **state) {
    (void)state;
    memcpy(directory, "/tmp/nhip-producer-XXXXXX", sizeof("/tmp/nhip-producer-XXXXXX"));
    return mkdtemp(directory) == NULL;
}

static int teardown(void **state) {
    (void)state;
    char command[96];
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static void read_back(const char *name, char *out, size_t bytes) {
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    out[fread(out, 1, bytes - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

/* murmur2 of these keys as Apache Kafka's own test states them (UtilsTest: signed 32-bit numbers). */
static void partitions_are_those_of_the_java_client(void **state) {
    (void)state;
    static const struct {
        const char *key;
        int32_t murmur2;
    } cases[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    static const int32_t partitions[] = {1, 2, 3, 8, 12, 1024};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t j = 0; j < sizeof(partitions) / sizeof(partitions[0]); j++) {
            int32_t expected = (cases[i].murmur2 & 0x7fffffff) % partitions[j];
            assert_int_equal(producer_partition(slice_of(cases[i].key), partitions[j]), expected);
        }
    }
}

static void directory_holds_a_file_for_every_partition(void **state) {
    (void)state;
    struct fault fault;
    char text[256];
    struct producer *producer = producer_directory_create(directory, 3, &fault);
    assert_non_null(producer);
    assert_true(producer_put(producer, "t", -1, SLICE("21"), SLICE("{\"k\":21}"), 5, &fault)); /* 1173551340 mod 3 = 0 */
    assert_true(producer_put(producer, "t", 2, SLICE(""), SLICE("two\nlines"), 5, &fault));
    assert_true(producer_put(producer, "t", 2, SLICE("x"), (struct slice){NULL, 0}, 5, &fault));
    assert_true(producer_put(producer, "u", 0, SLICE("x"), SLICE(""), 5, &fault));
    assert_false(producer_put(producer, "t", 3, SLICE("x"), SLICE("{}"), 5, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    assert_false(producer_put(producer, "t", -1, SLICE(""), SLICE("{}"), 5, &fault));
    assert_int_equal(fault.code, FAULT_USAGE);
    assert_true(producer_flush(producer, 1000, &fault));
    read_back("t-0.ndjson", text, sizeof(text));
    assert_string_equal(text, "{\"k\":21}\n");
    read_back("t-1.ndjson", text, sizeof(text));
    assert_string_equal(text, "");
    read_back("t-2.ndjson", text, sizeof(text));
    assert_string_equal(text, "two lines\nnull\n");
    read_back("u-0.ndjson", text, sizeof(text));
    assert_string_equal(text, "\n");
    producer_destroy(producer);
}

static void one_stream_takes_everything(void **state) {
    (void)state;
    struct fault fault;
    char path[96], text[64];
    (void)snprintf(path, sizeof(path), "%s/all.ndjson", directory);
    struct producer *producer = producer_file_create(path, &fault);
    assert_non_null(producer);
    assert_true(producer_put(producer, "t", 0, SLICE("k"), SLICE("1"), 0, &fault));
    assert_true(producer_put(producer, "u", 7, SLICE("k"), SLICE("2"), 0, &fault));
    producer_destroy(producer);
    read_back("all.ndjson", text, sizeof(text));
    assert_string_equal(text, "1\n2\n");
    assert_null(producer_file_create("/nonexistent/all.ndjson", &fault));
    assert_int_equal(fault.code, FAULT_IO);
}

static void kafka_acknowledges_what_is_flushed(void **state) {
    (void)state;
    struct fault fault;
    struct mock_kafka *mock = mock_kafka_create(1, &fault);
    assert_non_null(mock);
    assert_true(mock_kafka_topic(mock, "t", 4, &fault));
    const struct kafka_property properties[] = {{"bootstrap.servers", mock_kafka_bootstrap(mock)},
                                                {"group.id", "is for consumers"}};
    assert_true(kafka_topic_create(properties, 2, "t", 4, 10000, &fault)); /* is there already */
    struct producer *producer = producer_kafka_create(properties, 2, &fault);
    assert_non_null(producer);
    for (int i = 0; i < 1000; i++) {
        char key[16];
        int length = snprintf(key, sizeof(key), "k%d", i);
        assert_true(producer_put(producer, "t", -1, (struct slice){key, (size_t)length}, SLICE("{}"), 1600000000000 + i, &fault));
    }
    assert_true(producer_flush(producer, 20000, &fault));
    producer_destroy(producer);
    mock_kafka_destroy(mock);
}

static void a_record_that_was_not_taken_is_the_last(void **state) {
    (void)state;
    struct fault fault;
    struct mock_kafka *mock = mock_kafka_create(1, &fault);
    assert_non_null(mock);
    assert_true(mock_kafka_topic(mock, "t", 1, &fault));
    const struct kafka_property properties[] = {{"bootstrap.servers", mock_kafka_bootstrap(mock)},
                                                {"message.max.bytes", "2000"}};
    struct producer *producer = producer_kafka_create(properties, 2, &fault);
    assert_non_null(producer);
    static const char large[4000];
    assert_true(producer_put(producer, "t", 0, SLICE("k"), SLICE("{}"), 0, &fault));
    for (int i = 0; i < 2; i++) { /* known at once; then there is a hole, which must not be passed over */
        struct slice value = {large, i == 0 ? sizeof(large) : 1};
        assert_false(producer_put(producer, "t", 0, SLICE("k"), value, 0, &fault));
        assert_int_equal(fault.stop, STOP_RECORD_NOT_TAKEN);
        assert_non_null(strstr(fault.message, "topic t: Broker: Message size too large"));
    }
    assert_false(producer_flush(producer, 20000, &fault));
    assert_int_equal(fault.stop, STOP_RECORD_NOT_TAKEN);
    producer_destroy(producer);
    mock_kafka_destroy(mock);
}

static void kafka_that_does_not_answer_is_a_retriable_fault(void **state) {
    (void)state;
    struct fault fault;
    const struct kafka_property properties[] = {{"bootstrap.servers", "127.0.0.1:1"}};
    char id[64];
    struct producer *producer = producer_kafka_create(properties, 1, &fault);
    assert_non_null(producer);
    assert_true(producer_put(producer, "t", 0, SLICE("k"), SLICE("{}"), 0, &fault));
    assert_false(producer_flush(producer, 300, &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    assert_true(fault.retriable);
    assert_non_null(strstr(fault.message, "127.0.0.1:1"));
    producer_destroy(producer);
    assert_false(kafka_cluster_id(properties, 1, 300, id, sizeof(id), &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
    assert_false(kafka_topic_create(properties, 1, "t", 1, 300, &fault));
    assert_int_equal(fault.code, FAULT_UNREACHABLE);
}

static void settings_that_librdkafka_refuses_are_named(void **state) {
    (void)state;
    struct fault fault;
    const struct kafka_property unknown[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"compresion.codec", "lz4"}};
    assert_null(producer_kafka_create(unknown, 2, &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
    assert_non_null(strstr(fault.message, "kafka.compresion.codec"));
    assert_null(producer_kafka_create(unknown + 1, 0, &fault));
    assert_non_null(strstr(fault.message, "bootstrap.servers"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_are_those_of_the_java_client),
        cmocka_unit_test(directory_holds_a_file_for_every_partition),
        cmocka_unit_test(one_stream_takes_everything),
        cmocka_unit_test(kafka_acknowledges_what_is_flushed),
        cmocka_unit_test(a_record_that_was_not_taken_is_the_last),
        cmocka_unit_test(kafka_that_does_not_answer_is_a_retriable_fault),
        cmocka_unit_test(settings_that_librdkafka_refuses_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
