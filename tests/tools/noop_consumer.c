/* A consumer that does nothing: what librdkafka alone costs on this machine, the line that `make bench` measures
 * nhip against.
 *
 *     noop_consumer BOOTSTRAP TOPIC COUNT [key=value]...
 *
 * Reads COUNT records of TOPIC from the beginning of every partition, by the cheapest way that librdkafka has
 * (batches of one shared queue, no group, no per-message callback), touches no byte of them, and prints one line
 * of JSON: events, seconds, events per second, CPU microseconds per event (user + system, all threads) and the
 * peak resident memory. The clock runs from the first record to the last, so connecting is not counted. The queue
 * limits are far above what a consumer that does nothing ever lets pile up. */
#include "check.h"

#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BATCH = 1000, WAIT_MS = 100, GIVE_UP_MS = 30000 };

static const char *const settings[][2] = {
    {"group.id", "nhip-noop"},          {"enable.auto.commit", "false"},          {"enable.auto.offset.store", "false"},
    {"queued.min.messages", "1000000"}, {"queued.max.messages.kbytes", "262144"},
};

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value) {
    char error[256];
    if (rd_kafka_conf_set(conf, key, value, error, sizeof(error)) == RD_KAFKA_CONF_OK) return;
    (void)fprintf(stderr, "noop_consumer: %s=%s: %s\n", key, value, error);
    exit(2);
}

static void assign_all(rd_kafka_t *kafka, const char *topic) {
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    CHECK(handle != NULL);
    rd_kafka_resp_err_t error = rd_kafka_metadata(kafka, 0, handle, &metadata, GIVE_UP_MS);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt == 0) {
        (void)fprintf(stderr, "noop_consumer: topic %s: %s\n", topic, error ? rd_kafka_err2str(error) : "not there");
        exit(1);
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int32_t i = 0; i < metadata->topics[0].partition_cnt; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    CHECK(rd_kafka_assign(kafka, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
}

/* Reads until `count` records have come; the times and CPU since the first one. */
static int64_t drain(rd_kafka_queue_t *queue, int64_t count, double *seconds, double *cpu) {
    static rd_kafka_message_t *batch[BATCH];
    int64_t events = 0;
    double last_s = now_s(), first_s = last_s, first_cpu_s = cpu_s();
    while (events < count) {
        ssize_t got = rd_kafka_consume_batch_queue(queue, WAIT_MS, batch, BATCH);
        CHECK(got >= 0);
        if (got > 0 && events == 0) first_s = now_s(), first_cpu_s = cpu_s();
        for (ssize_t i = 0; i < got; i++) {
            events += batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR;
            rd_kafka_message_destroy(batch[i]);
        }
        if (got > 0) last_s = now_s();
        if (now_s() - last_s > GIVE_UP_MS / 1000) break;
    }
    *seconds = last_s - first_s;
    *cpu = cpu_s() - first_cpu_s;
    return events;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        (void)fprintf(stderr, "usage: noop_consumer BOOTSTRAP TOPIC COUNT [key=value]...\n");
        return 2;
    }
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[1]);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        set(conf, settings[i][0], settings[i][1]);
    for (int i = 4; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        CHECK(equals != NULL);
        *equals = '\0';
        set(conf, argv[i], equals + 1);
    }
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    CHECK(kafka != NULL);
    (void)rd_kafka_poll_set_consumer(kafka);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    assign_all(kafka, argv[2]);
    double seconds = 0, cpu = 0;
    int64_t count = strtoll(argv[3], NULL, 10);
    int64_t events = drain(queue, count, &seconds, &cpu);
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("{\"events\":%lld,\"seconds\":%.3f,\"events_per_s\":%.0f,\"cpu_us\":%.3f,\"rss_mib\":%.1f}\n", (long long)events,
                 seconds, (double)events / seconds, cpu * 1e6 / (double)events, (double)usage.ru_maxrss / 1024);
    (void)fflush(stdout);
    _exit(events >= count ? 0 : 1); /* closing a consumer of 2.0.2 can hang, and there is nothing to save */
}
