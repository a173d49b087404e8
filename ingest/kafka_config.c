/* How librdkafka is set up, and why: see kafka_config.h.
 *
 * Three layers. `fixed` holds what exactly-once rests on: offsets live in Redis and start positions are always
 * explicit, so librdkafka must neither store, commit, reset nor hide anything; a user who sets one of them
 * otherwise gets a refusal with the reason instead of a wrong figure. `defaults` are ours and may be overridden.
 * Everything else of the user's goes through as it is, and librdkafka's own words come back when it refuses.
 *
 * Of the defaults: `partition.assignment.strategy=range` because it is eager (2.0.2 carries several bugs of
 * cooperative assignment: endless loops, resuming at an old position, losing the assignment on commit), and eager
 * costs us nothing, since a revoked partition moves no state. `enable.partition.eof` lets `next` pass transaction
 * markers and compaction holes at the end of a log. `fetch.wait.max.ms` is short because a partition that is newly
 * given, or whose full queue has just been eaten, waits for the fetch that is already on its way; and a fetch that holds
 * only partitions at their end lies at the broker for as long as this. One busy partition beside idle ones would get a
 * queue's worth per wait: of 4 M records, twice as many in one of eight partitions, at 0.7 us each, 1.35 s
 * of 4.4 were lost with 100 ms, 0.36 with 20, 0.31 with 10. An idle process then uses 1.3 % of a core (0.5 with 100).
 * `topic.metadata.refresh` finds new partitions within a minute. The sizes of the queues are discussed in
 * source_kafka_wake.c.
 *
 * Against hostile topics (kafka_guard.c): `receive.message.max.bytes` also bounds what one batch may inflate to, after
 * `fetch.error.backoff.ms` a batch that did not fit is asked for again, and `fetch.max.bytes` bounds what records of nearly
 * nothing take that no codec has packed (some 320 bytes each: 4 MiB of them are 150 MiB in memory). The time for 1.5 M events of
 * 340 bytes in 8 partitions is the same with 4, 8 and 16 MiB. */
#include "ingest/kafka_config.h"

#include "ingest/kafka_guard.h"
#include "log.h"

#include <stdatomic.h>
#include <unistd.h>

enum { COMMIT_LOG_S = 60, HOST_BYTES = 64 };

struct fixed {
    const char *key;
    const char *value; /* null: only looked at for what must not be in it */
    const char *forbidden;
    const char *why;
};

static const struct fixed consumer_fixed[] = {
    {"enable.auto.commit", "false", NULL,
     "offsets are committed with the state, in Redis; a second, earlier copy would lose events"},
    {"auto.commit.enable", "false", NULL,
     "offsets are committed with the state, in Redis; a second, earlier copy would lose events"},
    {"enable.auto.offset.store", "false", NULL, "only nhip knows which offset its state has reached"},
    {"auto.offset.reset", "error", NULL,
     "a silent jump to another offset loses or doubles events; nhip stops and says where it stands"},
    {"enable.partition.eof", "true", NULL, "without it the position cannot pass transaction markers at the end of a partition"},
    {"isolation.level", "read_committed", NULL, "records of aborted transactions never happened and must not be counted"},
    {"partition.assignment.strategy", NULL, "cooperative",
     "librdkafka 2.0.2 can lose or repeat positions with it (fixed in 2.10), and nhip "
     "gains nothing from it, since a revoked partition moves no state; `range` and `roundrobin` are fine"},
    {"group.protocol", NULL, "consumer", "its incremental assignments are not supported; use classic"},
    {"group.remote.assignor", NULL, "", "assignment is done by the client (classic protocol)"},
};

static const struct kafka_property consumer_safety[] = {
    {"enable.auto.commit", "false"},  {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
    {"enable.partition.eof", "true"}, {"isolation.level", "read_committed"},
};

static const struct kafka_property consumer_defaults[] = {
    {"group.id", "nhip"},
    {"partition.assignment.strategy", "range"},
    {"check.crcs", "true"},
    {"allow.auto.create.topics", "false"},
    {"fetch.wait.max.ms", "10"},
    {"fetch.message.max.bytes", "1048576"},
    {"fetch.max.bytes", "4194304"},
    {"receive.message.max.bytes", "33554432"},
    {"fetch.error.backoff.ms", "50"},
    {"topic.metadata.refresh.interval.ms", "60000"},
};

static const struct kafka_property producer_defaults[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"compression.codec", "lz4"},
    {"partitioner", "murmur2_random"},
    {"linger.ms", "20"},
    {"batch.size", "1000000"},
    {"queue.buffering.max.messages", "200000"},
    {"queue.buffering.max.kbytes", "65536"},
    {"message.timeout.ms", "0"}, /* never give up by time: what was put must arrive or be reported */
};

static const struct kafka_property common_defaults[] = {
    {"socket.keepalive.enable", "true"},  {"socket.nagle.disable", "true"},  {"socket.timeout.ms", "30000"},
    {"reconnect.backoff.max.ms", "5000"}, {"log.connection.close", "false"}, /* brokers close idle connections; that is no news */
};

/* librdkafka's own lines. Lost connections are reported by the source as faults, with the address; failed mirror
 * commits are harmless and common (rebalances), so one a minute is enough; CONFWARN is about properties of the
 * other kind of client, AUTOCREATE about very old brokers. Any thread. */
static void forward_log(const rd_kafka_t *kafka, int level, const char *facility, const char *text) {
    (void)kafka;
    static atomic_llong commit_logged_s;
    static const char *const harmless[] = {"FAIL", "ERROR", "CONFWARN", "AUTOCREATE"};
    bool noise = false;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        noise = noise || strcmp(facility, harmless[i]) == 0;
    if (strcmp(facility, "COMMITFAIL") == 0) {
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        long long last_s = atomic_load(&commit_logged_s);
        noise = last_s != 0 && now.tv_sec - last_s < COMMIT_LOG_S;
        if (!noise) atomic_store(&commit_logged_s, now.tv_sec);
    }
    enum log_level as = noise || level > 5 ? LOG_DEBUG : level > 4 ? LOG_INFO : LOG_WARN;
    log_line(as, "kafka", "facility=%s text=\"%s\"", facility, text);
}

const char *kafka_property_value(const struct kafka_property *properties, size_t count, const char *key) {
    const char *value = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp(properties[i].key, key) == 0) value = properties[i].value;
    }
    return value;
}

static bool set(rd_kafka_conf_t *config, const char *key, const char *value, struct fault *fault) {
    char error[256] = "";
    if (rd_kafka_conf_set(config, key, value, error, sizeof(error)) == RD_KAFKA_CONF_OK) return true;
    return fault_set(fault, STOP_KAFKA_SETTING, false, "setting kafka.%s = %s: %s", key, value, error);
}

static bool set_all(rd_kafka_conf_t *config, const struct kafka_property *properties, size_t count, struct fault *fault) {
    for (size_t i = 0; i < count; i++) {
        if (!set(config, properties[i].key, properties[i].value, fault)) return false;
    }
    return true;
}

#define SET_ALL(config, table, fault) set_all(config, table, sizeof(table) / sizeof((table)[0]), fault)

static bool allowed(const struct kafka_property *property, struct fault *fault) {
    for (size_t i = 0; i < sizeof(consumer_fixed) / sizeof(consumer_fixed[0]); i++) {
        const struct fixed *fixed = &consumer_fixed[i];
        if (strcmp(fixed->key, property->key) != 0) continue;
        if (fixed->value != NULL && strcmp(fixed->value, property->value) == 0) continue;
        if (fixed->value == NULL && strstr(property->value, fixed->forbidden) == NULL) continue;
        return fault_set(fault, STOP_KAFKA_SETTING, false, "setting kafka.%s = %s is refused: %s%s%s", property->key,
                         property->value, fixed->why, fixed->value == NULL ? "" : "; leave it out or set ",
                         fixed->value == NULL ? "" : fixed->value);
    }
    return true;
}

static bool set_common(rd_kafka_conf_t *config, const struct kafka_property *properties, size_t count, struct fault *fault) {
    char host[HOST_BYTES] = "host";
    char client[HOST_BYTES + 32];
    (void)gethostname(host, sizeof(host) - 1);
    (void)snprintf(client, sizeof(client), "nhip-%s-%d", host, (int)getpid());
    if (kafka_property_value(properties, count, "bootstrap.servers")[0] == '\0') {
        return fault_set(fault, STOP_KAFKA_SETTING, false,
                         "setting kafka.bootstrap.servers is missing: host:port of one or more brokers");
    }
    rd_kafka_conf_set_log_cb(config, forward_log);
    return set(config, "client.id", client, fault) && SET_ALL(config, common_defaults, fault);
}

static bool set_sizes(rd_kafka_conf_t *config, const struct kafka_sizes *sizes, struct fault *fault) {
    char messages[16], kbytes[16];
    (void)snprintf(messages, sizeof(messages), "%d", sizes->queued_messages);
    (void)snprintf(kbytes, sizeof(kbytes), "%d", sizes->queued_kbytes);
    if (!set(config, "queued.min.messages", messages, fault) || !set(config, "queued.max.messages.kbytes", kbytes, fault))
        return false;
    return rd_kafka_version() < 0x02020000 || set(config, "fetch.queue.backoff.ms", "10", fault);
}

rd_kafka_conf_t *kafka_config_consumer(const struct kafka_property *properties, size_t count, const struct kafka_sizes *sizes,
                                       struct fault *fault) {
    rd_kafka_conf_t *config = rd_kafka_conf_new();
    if (!set_common(config, properties, count, fault) || !SET_ALL(config, consumer_defaults, fault)) goto refuse;
    if (!set_sizes(config, sizes, fault)) goto refuse;
    for (size_t i = 0; i < count; i++) {
        if (!allowed(&properties[i], fault) || !set(config, properties[i].key, properties[i].value, fault)) goto refuse;
    }
    if (!SET_ALL(config, consumer_safety, fault) || !kafka_guard_consumer(config, fault)) goto refuse;
    rd_kafka_conf_set_events(config, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR);
    return config;

refuse:
    rd_kafka_conf_destroy(config);
    return NULL;
}

rd_kafka_conf_t *kafka_config_producer(const struct kafka_property *properties, size_t count, struct fault *fault) {
    rd_kafka_conf_t *config = rd_kafka_conf_new();
    if (set_common(config, properties, count, fault) && SET_ALL(config, producer_defaults, fault) &&
        set_all(config, properties, count, fault)) {
        return config;
    }
    rd_kafka_conf_destroy(config);
    return NULL;
}

rd_kafka_t *kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *config, struct fault *fault) {
    char error[256] = "";
    rd_kafka_t *kafka = rd_kafka_new(type, config, error, sizeof(error));
    if (kafka != NULL) return kafka;
    rd_kafka_conf_destroy(config);
    (void)fault_set(fault, STOP_KAFKA_SETTING, false, "librdkafka refuses the settings kafka.*: %s", error);
    return NULL;
}
