/* What tests do to a real cluster besides reading and writing events: the few administrative requests, and transactions.
 *
 *     kafka_admin HOST:PORT create TOPIC PARTITIONS REPLICAS [KEY=VALUE]...
 *     kafka_admin HOST:PORT grow TOPIC PARTITIONS
 *     kafka_admin HOST:PORT alter TOPIC KEY=VALUE...            the topic's own settings are these from now on
 *     kafka_admin HOST:PORT delete TOPIC
 *     kafka_admin HOST:PORT cut TOPIC PARTITION OFFSET          deletes what lies before OFFSET, as retention would
 *     kafka_admin HOST:PORT put TOPIC PARTITION FILE [FIRST [COUNT]]      lines of FILE, record time = that of the line; a
 *                                                               line `-` is a record without value
 *     kafka_admin HOST:PORT transact TOPIC PARTITION FILE CHUNK           transactions of CHUNK lines; before every third,
 *                                                               the same lines in one that is aborted
 *     kafka_admin HOST:PORT hold TOPIC PARTITION FILE           one transaction; says `open`, then waits for a line on standard
 *                                                               input: `commit` or `abort`
 *     kafka_admin HOST:PORT bounds TOPIC PARTITION              first offset, and the end for who reads committed records only
 *     kafka_admin HOST:PORT leader TOPIC PARTITION              number of the node
 *     kafka_admin HOST:PORT allow|forbid PRINCIPAL OPERATION TYPE NAME     an ACL is made or taken away: User:alice Read Topic t
 *     kafka_admin HOST:PORT group GROUP TOPIC PARTITION         the offset that the group has committed
 *     kafka_admin HOST:PORT dump TOPIC [read_uncommitted]       every record as {"key":"...","value":...}, for values that are
 *                                                               JSON; null where there is none
 */
#include "check.h"
#include "ingest/line_time.h"

#include <librdkafka/rdkafka.h>
#include <unistd.h>

enum { WAIT_MS = 30000, LINE_BYTES = 1 << 20, RETRY_MS = 100 };

static const char *bootstrap;

static void die(const char *what, const char *why) {
    (void)fprintf(stderr, "kafka_admin: %s: %s\n", what, why);
    exit(1);
}

static void must(const char *what, rd_kafka_resp_err_t code) {
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) die(what, rd_kafka_err2str(code));
}

static void must_error(const char *what, rd_kafka_error_t *error) {
    if (error != NULL) die(what, rd_kafka_error_string(error));
}

static int number(const char *text) {
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < 0 || value > INT32_MAX) die(text, "not a number");
    return (int)value;
}

static rd_kafka_t *handle(rd_kafka_type_t type, const char *key, const char *value) {
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    CHECK(rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, error, sizeof(error)) == RD_KAFKA_CONF_OK);
    CHECK(rd_kafka_conf_set(conf, "log_level", "3", error, sizeof(error)) == RD_KAFKA_CONF_OK);
    if (key != NULL && rd_kafka_conf_set(conf, key, value, error, sizeof(error)) != RD_KAFKA_CONF_OK) die(key, error);
    rd_kafka_t *kafka = rd_kafka_new(type, conf, error, sizeof(error));
    if (kafka == NULL) die("a client", error);
    return kafka;
}

/* The one result of an administrative request; its error ends the program. */
static void admin_result(rd_kafka_queue_t *queue, const char *what) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event == NULL) die(what, "no answer");
    if (rd_kafka_event_error(event)) die(what, rd_kafka_event_error_string(event));
    size_t count = 0;
    const rd_kafka_topic_result_t **topics = NULL;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
        topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DELETETOPICS_RESULT)
        topics = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT)
        topics = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
    for (size_t i = 0; i < count; i++)
        must(what, rd_kafka_topic_result_error(topics[i]));
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DELETERECORDS_RESULT) {
        const rd_kafka_topic_partition_list_t *offsets =
            rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        for (int i = 0; i < offsets->cnt; i++)
            must(what, offsets->elems[i].err);
    }
    rd_kafka_event_destroy(event);
}

static const struct rd_kafka_metadata *metadata_of(rd_kafka_t *kafka, const char *topic) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *name = rd_kafka_topic_new(kafka, topic, NULL);
    CHECK(name != NULL);
    must("metadata", rd_kafka_metadata(kafka, 0, name, &metadata, WAIT_MS));
    rd_kafka_topic_destroy(name);
    return metadata;
}

/* The cluster says it has been done before every broker knows of it. */
static void await_partitions(rd_kafka_t *kafka, const char *topic, int partitions) {
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += RETRY_MS) {
        const struct rd_kafka_metadata *metadata = metadata_of(kafka, topic);
        int found = metadata->topics[0].err ? 0 : metadata->topics[0].partition_cnt;
        for (int i = 0; i < found; i++)
            if (metadata->topics[0].partitions[i].leader < 0) found = -1;
        rd_kafka_metadata_destroy(metadata);
        if (found == partitions) return;
        const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    die(topic, "the cluster does not show it so");
}

static void create(int argc, char **argv) {
    char error[256];
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[0], number(argv[1]), number(argv[2]), error, sizeof(error));
    if (topic == NULL) die(argv[0], error);
    for (int i = 3; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        CHECK(equals != NULL);
        *equals = '\0';
        must(argv[i], rd_kafka_NewTopic_set_config(topic, argv[i], equals + 1));
    }
    rd_kafka_CreateTopics(kafka, &topic, 1, NULL, queue);
    admin_result(queue, argv[0]);
    await_partitions(kafka, argv[0], number(argv[1]));
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void grow(int argc, char **argv) {
    (void)argc;
    char error[256];
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(argv[0], (size_t)number(argv[1]), error, sizeof(error));
    if (more == NULL) die(argv[0], error);
    rd_kafka_CreatePartitions(kafka, &more, 1, NULL, queue);
    admin_result(queue, argv[0]);
    await_partitions(kafka, argv[0], number(argv[1]));
    rd_kafka_NewPartitions_destroy(more);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void alter(int argc, char **argv) {
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_ConfigResource_t *topic = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, argv[0]);
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        CHECK(equals != NULL);
        *equals = '\0';
        must(argv[i], rd_kafka_ConfigResource_set_config(topic, argv[i], equals + 1));
    }
    rd_kafka_AlterConfigs(kafka, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event == NULL) die(argv[0], "no answer");
    if (rd_kafka_event_error(event)) die(argv[0], rd_kafka_event_error_string(event));
    size_t count = 0;
    const rd_kafka_ConfigResource_t **results =
        rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count);
    for (size_t i = 0; i < count; i++) must(argv[0], rd_kafka_ConfigResource_error(results[i]));
    rd_kafka_event_destroy(event);
    rd_kafka_ConfigResource_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void delete(int argc, char **argv) {
    (void)argc;
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[0]);
    rd_kafka_DeleteTopics(kafka, &topic, 1, NULL, queue);
    admin_result(queue, argv[0]);
    await_partitions(kafka, argv[0], 0);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void cut(int argc, char **argv) {
    (void)argc;
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, argv[0], number(argv[1]))->offset = number(argv[2]);
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(kafka, &records, 1, NULL, queue);
    admin_result(queue, argv[0]);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void put_line(rd_kafka_t *kafka, const char *topic, int partition, char *line) {
    size_t length = strcspn(line, "\r\n");
    static int64_t time_ms;
    bool none = length == 1 && line[0] == '-';
    if (!none) (void)line_time((struct slice){line, length}, &time_ms);
    for (;;) {
        rd_kafka_resp_err_t code = rd_kafka_producev(
            kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY("k", 1),
            RD_KAFKA_V_VALUE(none ? NULL : line, none ? 0 : length), RD_KAFKA_V_TIMESTAMP(time_ms),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) must(topic, code);
        (void)rd_kafka_poll(kafka, RETRY_MS);
    }
    (void)rd_kafka_poll(kafka, 0);
}

/* Up to `count` lines; false when there is none left. */
static bool put_lines(rd_kafka_t *kafka, char **argv, FILE *file, int count) {
    static char line[LINE_BYTES];
    int put = 0;
    for (; put < count && fgets(line, sizeof(line), file) != NULL; put++)
        put_line(kafka, argv[0], number(argv[1]), line);
    must("flush", rd_kafka_flush(kafka, WAIT_MS));
    return put > 0;
}

static FILE *open_lines(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) die(path, "cannot be read");
    return file;
}

static void put(int argc, char **argv) {
    static char line[LINE_BYTES];
    FILE *file = open_lines(argv[2]);
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, "enable.idempotence", "true");
    for (int skip = argc > 3 ? number(argv[3]) : 0; skip > 0 && fgets(line, sizeof(line), file) != NULL; skip--)
        continue;
    (void)put_lines(kafka, argv, file, argc > 4 ? number(argv[4]) : INT32_MAX);
    (void)fclose(file);
    rd_kafka_destroy(kafka);
}

static rd_kafka_t *transactional(void) {
    char name[64];
    (void)snprintf(name, sizeof(name), "nhip-test-%d", (int)getpid());
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, "transactional.id", name);
    must_error("a transactional producer", rd_kafka_init_transactions(kafka, WAIT_MS));
    return kafka;
}

static void transact(int argc, char **argv) {
    (void)argc;
    FILE *file = open_lines(argv[2]);
    int chunk = number(argv[3]);
    rd_kafka_t *kafka = transactional();
    bool more = true;
    for (int i = 0; more; i++) {
        long place = ftell(file);
        if (i % 3 == 2) {
            must_error("begin", rd_kafka_begin_transaction(kafka));
            (void)put_lines(kafka, argv, file, chunk);
            must_error("abort", rd_kafka_abort_transaction(kafka, WAIT_MS));
            CHECK(fseek(file, place, SEEK_SET) == 0);
        }
        must_error("begin", rd_kafka_begin_transaction(kafka));
        more = put_lines(kafka, argv, file, chunk);
        must_error("commit", rd_kafka_commit_transaction(kafka, WAIT_MS));
    }
    (void)fclose(file);
    rd_kafka_destroy(kafka);
}

static void hold(int argc, char **argv) {
    (void)argc;
    char word[16] = "";
    FILE *file = open_lines(argv[2]);
    rd_kafka_t *kafka = transactional();
    must_error("begin", rd_kafka_begin_transaction(kafka));
    (void)put_lines(kafka, argv, file, INT32_MAX);
    (void)puts("open");
    (void)fflush(stdout);
    bool commit = fgets(word, sizeof(word), stdin) != NULL && strcmp(word, "commit\n") == 0;
    must_error(word, commit ? rd_kafka_commit_transaction(kafka, WAIT_MS) : rd_kafka_abort_transaction(kafka, WAIT_MS));
    (void)fclose(file);
    rd_kafka_destroy(kafka);
}

static void bounds(int argc, char **argv) {
    (void)argc;
    int64_t first = 0, end = 0;
    rd_kafka_t *kafka = handle(RD_KAFKA_CONSUMER, "group.id", "nhip-admin");
    must(argv[0], rd_kafka_query_watermark_offsets(kafka, argv[0], number(argv[1]), &first, &end, WAIT_MS));
    (void)printf("%lld %lld\n", (long long)first, (long long)end);
    rd_kafka_destroy(kafka);
}

static void leader(int argc, char **argv) {
    (void)argc;
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    const struct rd_kafka_metadata *metadata = metadata_of(kafka, argv[0]);
    int partition = number(argv[1]);
    if (partition >= metadata->topics[0].partition_cnt) die(argv[0], "no such partition");
    (void)printf("%d\n", metadata->topics[0].partitions[partition].leader);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_destroy(kafka);
}

static void group(int argc, char **argv) {
    (void)argc;
    rd_kafka_t *kafka = handle(RD_KAFKA_CONSUMER, "group.id", argv[0]);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, argv[1], number(argv[2]));
    must(argv[0], rd_kafka_committed(kafka, list, WAIT_MS));
    (void)printf("%lld\n", (long long)list->elems[0].offset);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(kafka);
}

static void dump_record(const rd_kafka_message_t *message) {
    (void)printf("{\"key\":\"%.*s\",\"value\":", (int)message->key_len, (const char *)message->key);
    if (message->payload == NULL)
        (void)fputs("null", stdout);
    else
        (void)fwrite(message->payload, 1, message->len, stdout);
    (void)fputs("}\n", stdout);
}

static void dump(int argc, char **argv) {
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *const settings[][2] = {{"bootstrap.servers", bootstrap},
                                       {"group.id", "nhip-dump"},
                                       {"enable.auto.commit", "false"},
                                       {"enable.partition.eof", "true"},
                                       {"isolation.level", argc > 1 ? argv[1] : "read_committed"}};
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof(error)) != RD_KAFKA_CONF_OK)
            die(settings[i][1], error);
    }
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    if (kafka == NULL) die("a consumer", error);
    (void)rd_kafka_poll_set_consumer(kafka);
    const struct rd_kafka_metadata *metadata = metadata_of(kafka, argv[0]);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
        rd_kafka_topic_partition_list_add(list, argv[0], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    must("assign", rd_kafka_assign(kafka, list));
    for (int left = list->cnt; left > 0;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, WAIT_MS);
        if (message == NULL) die(argv[0], "no record and no end");
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            left--;
        else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            dump_record(message);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_destroy(kafka);
}

static rd_kafka_AclOperation_t operation_of(const char *name) {
    for (int i = RD_KAFKA_ACL_OPERATION_READ; i < RD_KAFKA_ACL_OPERATION__CNT; i++) {
        char title[32]; /* READ -> Read, IDEMPOTENT_WRITE -> IdempotentWrite */
        size_t length = 0;
        bool capital = true;
        for (const char *at = rd_kafka_AclOperation_name((rd_kafka_AclOperation_t)i); *at != '\0'; at++) {
            if (*at != '_') title[length++] = capital ? *at : (char)(*at | 0x20);
            capital = *at == '_';
        }
        title[length] = '\0';
        if (strcmp(title, name) == 0) return (rd_kafka_AclOperation_t)i;
    }
    die(name, "no operation");
    return RD_KAFKA_ACL_OPERATION_UNKNOWN;
}

static rd_kafka_ResourceType_t resource_of(const char *name) {
    if (strcmp(name, "Topic") == 0) return RD_KAFKA_RESOURCE_TOPIC;
    if (strcmp(name, "Group") == 0) return RD_KAFKA_RESOURCE_GROUP;
    die(name, "no type of resource");
    return RD_KAFKA_RESOURCE_UNKNOWN;
}

/* The first result of a request that is one for each ACL. */
static void acl_result(rd_kafka_queue_t *queue, const char *what) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (event == NULL) die(what, "no answer");
    if (rd_kafka_event_error(event)) die(what, rd_kafka_event_error_string(event));
    size_t count = 0;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATEACLS_RESULT) {
        const rd_kafka_acl_result_t **results =
            rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
        for (size_t i = 0; i < count; i++) must_error(what, (rd_kafka_error_t *)(uintptr_t)rd_kafka_acl_result_error(results[i]));
    } else {
        const rd_kafka_DeleteAcls_result_response_t **results =
            rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event), &count);
        size_t gone = 0;
        for (size_t i = 0; i < count; i++) (void)rd_kafka_DeleteAcls_result_response_matching_acls(results[i], &gone);
        if (gone == 0) die(what, "there is no such ACL");
    }
    rd_kafka_event_destroy(event);
}

static void change_acl(char **argv, bool allow) {
    char error[256];
    rd_kafka_t *kafka = handle(RD_KAFKA_PRODUCER, NULL, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_AclBinding_t *(*make)(rd_kafka_ResourceType_t, const char *, rd_kafka_ResourcePatternType_t, const char *,
                                   const char *, rd_kafka_AclOperation_t, rd_kafka_AclPermissionType_t, char *, size_t) =
        allow ? rd_kafka_AclBinding_new : rd_kafka_AclBindingFilter_new;
    rd_kafka_AclBinding_t *acl = make(resource_of(argv[2]), argv[3], RD_KAFKA_RESOURCE_PATTERN_LITERAL, argv[0], "*",
                                      operation_of(argv[1]), RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error, sizeof(error));
    if (acl == NULL) die(argv[3], error);
    if (allow) {
        rd_kafka_CreateAcls(kafka, &acl, 1, NULL, queue);
    } else {
        rd_kafka_DeleteAcls(kafka, &acl, 1, NULL, queue);
    }
    acl_result(queue, argv[3]);
    rd_kafka_AclBinding_destroy(acl);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void allow(int argc, char **argv) {
    (void)argc;
    change_acl(argv, true);
}

static void forbid(int argc, char **argv) {
    (void)argc;
    change_acl(argv, false);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int arguments;
        void (*run)(int argc, char **argv);
    } commands[] = {{"create", 3, create}, {"grow", 2, grow},         {"delete", 1, delete}, {"cut", 3, cut},
                    {"put", 3, put},       {"transact", 4, transact}, {"hold", 3, hold},     {"bounds", 2, bounds},
                    {"leader", 2, leader}, {"group", 3, group},       {"allow", 4, allow},   {"forbid", 4, forbid},
                    {"alter", 2, alter},   {"dump", 1, dump}};
    if (argc > 2) bootstrap = argv[1];
    for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, argv[2]) != 0 || argc - 3 < commands[i].arguments) continue;
        commands[i].run(argc - 3, argv + 3);
        return 0;
    }
    (void)fprintf(stderr, "usage: see the head of tests/tools/kafka_admin.c\n");
    return 2;
}
