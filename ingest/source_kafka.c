/* A consumer group as a source: see source_kafka.h and include/source.h. This file holds the poll and the life of
 * the handle.
 *
 *     kafka_config.c          properties: ours, the user's, the refused ones
 *     source_kafka_group.c    assignments and revocations
 *     source_kafka_read.c     partition queues -> batches
 *     source_kafka_wake.c     queue sizes, and the fetcher that falls asleep
 *     source_kafka_rewind.c   going back, and the witness in the group
 *     source_kafka_fault.c    errors -> faults
 *     source_kafka_cluster.c  cluster id, topics
 *
 * One poll, in this order: deliver what is waiting to be told; finish a revocation that has been told in full;
 * take news of the group (this also keeps kafka.max.poll.interval.ms content); read a partition; and only when all
 * this brings nothing, sleep on the eventfd that librdkafka writes when a queue that was empty gets something.
 *
 * Leaving can hang in 2.0.2 (a deleted topic, a lost coordinator), so it is done by a thread that is waited for
 * CLOSE_MS and then left behind: the state is safe in Redis, and the process is about to end. */
#include "ingest/kafka_guard.h"
#include "ingest/source_kafka_parts.h"

#include "check.h"
#include "fault_point.h"
#include "log.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CLOSE_MS = 5000, COUNT_MS = 3000, CLOSE_POLL_MS = 50, RETRY_MS = 20, NUDGE_MS = 20 };

void kafka_push(struct source_kafka *kafka, struct source_event event) {
    CHECK(kafka->event_count < EVENTS_MAX);
    kafka->events[(kafka->event_first + kafka->event_count++) % EVENTS_MAX] = event;
}

static bool pop(struct source_kafka *kafka, struct source_event *event) {
    if (kafka->event_count == 0) return false;
    *event = kafka->events[kafka->event_first];
    kafka->event_first = (kafka->event_first + 1) % EVENTS_MAX;
    kafka->event_count--;
    return true;
}

/* Takes events of the main queue until one of them has something to tell. */
static void serve_main(struct source_kafka *kafka) {
    while (kafka->event_count == 0 && kafka->phase != GROUP_REVOKING) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(kafka->main_queue, 0);
        if (event == NULL) return;
        rd_kafka_event_type_t type = rd_kafka_event_type(event);
        if (type == RD_KAFKA_EVENT_REBALANCE) kafka_group_event(kafka, event);
        if (type == RD_KAFKA_EVENT_ERROR) kafka_error_event(kafka, event);
        rd_kafka_event_destroy(event);
    }
}

/* A partition that should have something to read and has nothing. */
static const struct owned *starving(const struct source_kafka *kafka) {
    for (size_t i = 0; i < kafka->owned_count; i++) {
        const struct owned *owned = kafka->owned[i];
        if (!owned->at_end && !owned->held && !owned->done) return owned;
    }
    return NULL;
}

static void wait_ms(struct source_kafka *kafka, int64_t ms) {
    uint64_t drained;
    struct pollfd wake = {.fd = kafka->wake_fd, .events = POLLIN};
    bool reading = kafka->waker != NULL && kafka->phase == GROUP_STEADY;
    const struct owned *waiting = reading && ms > NUDGE_MS ? starving(kafka) : NULL;
    if (poll(&wake, 1, waiting != NULL ? NUDGE_MS : (int)ms) > 0) {
        ssize_t got = read(kafka->wake_fd, &drained, sizeof(drained));
        (void)got;
    } else if (waiting != NULL) {
        waker_nudge(kafka->waker, waiting);
    }
}

static bool begin_again(struct source_kafka *kafka);

static void poll_kafka(struct source *source, int timeout_ms, struct source_event *event) {
    struct source_kafka *kafka = (struct source_kafka *)source;
    int64_t deadline_ms = kafka_clock_ms() + timeout_ms;
    *event = (struct source_event){.kind = SOURCE_NOTHING};
    for (;;) {
        if (pop(kafka, event)) return;
        if (kafka->fenced && !begin_again(kafka)) continue;
        kafka_group_step(kafka);
        kafka_send_mirror(kafka, false);
        serve_main(kafka);
        if (kafka->event_count > 0) continue;
        if (kafka->phase == GROUP_STEADY && kafka_read(kafka, event)) return;
        kafka_check_missing(kafka);
        if (kafka->event_count > 0 || kafka->phase == GROUP_REVOKING) continue;
        if (kafka_finished(kafka)) {
            event->kind = SOURCE_FINISHED;
            return;
        }
        int64_t left_ms = deadline_ms - kafka_clock_ms();
        if (left_ms <= 0) return;
        wait_ms(kafka, kafka->phase == GROUP_ASSIGNING && left_ms > RETRY_MS ? RETRY_MS : left_ms);
    }
}

static void hold(struct source *source, struct source_partition partition, bool hold) {
    struct source_kafka *kafka = (struct source_kafka *)source;
    for (size_t i = 0; i < kafka->owned_count; i++) {
        struct owned *owned = kafka->owned[i];
        if (owned->who.partition != partition.partition || strcmp(owned->who.topic, partition.topic) != 0) continue;
        owned->held = hold;
        if (hold) kafka_guard_unwatch(owned->queue); /* nobody is to wait for what is not being read */
        if (!hold && !owned->done && owned->queue != NULL) kafka_guard_watch(owned->queue);
    }
}

static void mirror(struct source *source, struct source_partition partition, int64_t next) {
    kafka_note_mirror((struct source_kafka *)source, partition, next);
}

static int64_t log_end(struct source *source, struct source_partition partition) {
    const struct source_kafka *kafka = (const struct source_kafka *)source;
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(kafka->kafka, partition.topic, partition.partition, &low, &high) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return -1;
    return high < 0 ? -1 : high;
}

static bool subscribe(struct source_kafka *kafka, struct fault *fault) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)kafka->topic_count);
    for (size_t i = 0; i < kafka->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, kafka->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(kafka->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    return fault_set(fault, STOP_SETTING, false, "the topics cannot be subscribed: %s", rd_kafka_err2str(error));
}

static bool start(struct source *source, const struct source_resume *resume, struct fault *fault) {
    static const uint64_t one = 1;
    struct source_kafka *kafka = (struct source_kafka *)source;
    kafka->resume = *resume;
    struct kafka_sizes sizes = kafka_sizes_for(kafka_partition_count(kafka, COUNT_MS));
    rd_kafka_conf_t *config = kafka_config_consumer(kafka->properties, kafka->property_count, &sizes, fault);
    if (config == NULL) return false;
    kafka->kafka = kafka_new(RD_KAFKA_CONSUMER, config, fault);
    if (kafka->kafka == NULL) return false;
    (void)rd_kafka_poll_set_consumer(kafka->kafka);
    kafka->main_queue = rd_kafka_queue_get_consumer(kafka->kafka);
    rd_kafka_queue_io_event_enable(kafka->main_queue, kafka->wake_fd, &one, sizeof(one));
    kafka->waker = waker_create(kafka->kafka);
    kafka->phase = GROUP_STEADY;
    return kafka->until_count > 0 ? kafka_group_until(kafka, fault) : subscribe(kafka, fault);
}

/* What the closing thread works on; freed by whoever of the two comes last. */
struct closing {
    rd_kafka_t *kafka;
    rd_kafka_queue_t *main_queue;
    struct waker *waker;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    bool left_behind;
};

static void free_closing(struct closing *closing) {
    (void)pthread_cond_destroy(&closing->changed);
    (void)pthread_mutex_destroy(&closing->lock);
    free(closing);
}

static void *close_kafka(void *argument) {
    struct closing *closing = argument;
    waker_destroy(closing->waker);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(closing->kafka);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(closing->kafka, queue);
    while (error == NULL && !rd_kafka_consumer_closed(closing->kafka)) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, CLOSE_POLL_MS);
        if (event == NULL) continue;
        if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) (void)rd_kafka_assign(closing->kafka, NULL);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    rd_kafka_queue_destroy(closing->main_queue);
    rd_kafka_destroy_flags(closing->kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    (void)pthread_mutex_lock(&closing->lock);
    closing->done = true;
    bool mine = closing->left_behind;
    (void)pthread_cond_signal(&closing->changed);
    (void)pthread_mutex_unlock(&closing->lock);
    if (mine) free_closing(closing);
    return NULL;
}

static void close_bounded(struct source_kafka *kafka) {
    struct closing *closing = calloc(1, sizeof(*closing));
    CHECK_MEMORY(closing != NULL);
    *closing = (struct closing){.kafka = kafka->kafka, .main_queue = kafka->main_queue, .waker = kafka->waker};
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&closing->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)pthread_mutex_init(&closing->lock, NULL);
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += CLOSE_MS / 1000;
    pthread_t thread;
    if (pthread_create(&thread, NULL, close_kafka, closing) != 0)
        return; /* nothing to be done; the broker notices by session timeout */
    (void)pthread_mutex_lock(&closing->lock);
    while (!closing->done && pthread_cond_timedwait(&closing->changed, &closing->lock, &deadline) == 0)
        continue;
    bool done = closing->done;
    closing->left_behind = !done;
    (void)pthread_mutex_unlock(&closing->lock);
    if (done) {
        (void)pthread_join(thread, NULL);
        free_closing(closing);
    } else {
        (void)pthread_detach(thread);
        log_warn("kafka_close_hangs", "after_ms=%d text=\"left behind; the state is safe\"", (int)CLOSE_MS);
    }
}

static void close_handle(struct source_kafka *kafka) {
    if (kafka->main_queue != NULL) rd_kafka_queue_io_event_enable(kafka->main_queue, -1, NULL, 0);
    if (kafka->kafka != NULL) close_bounded(kafka);
    kafka->main_queue = NULL;
    kafka->kafka = NULL;
    kafka->waker = NULL;
}

/* A consumer that was fenced is of no more use: another takes its place. False and a fault to be told when it cannot be made. */
static bool begin_again(struct source_kafka *kafka) {
    struct fault fault;
    kafka->fenced = false;
    kafka_group_lost(kafka);
    close_handle(kafka);
    const struct source_resume how = kafka->resume;
    if (start(&kafka->source, &how, &fault)) return true;
    kafka_push(kafka, (struct source_event){.kind = SOURCE_FAULT, .fault = fault});
    return false;
}

static void free_options(struct source_kafka *kafka) {
    for (size_t i = 0; i < kafka->property_count; i++) {
        free((char *)(uintptr_t)kafka->properties[i].key);
        free((char *)(uintptr_t)kafka->properties[i].value);
    }
    for (size_t i = 0; i < kafka->topic_count; i++)
        free(kafka->topics[i]);
    free(kafka->properties);
    free(kafka->topics);
    free(kafka->until); /* its topics are ours */
    free(kafka->witness);
}

static void destroy(struct source *source) {
    struct source_kafka *kafka = (struct source_kafka *)source;
    kafka_send_mirror(kafka, true);
    kafka_disown_all(kafka);
    close_handle(kafka);
    for (struct batch *batch = kafka->free_batches, *next; batch != NULL; batch = next) {
        next = batch->next;
        free(batch);
    }
    if (kafka->wake_fd >= 0) (void)close(kafka->wake_fd);
    free_options(kafka);
    free(kafka->owned);
    free(kafka->events);
    free(kafka);
}

static bool copy_options(struct source_kafka *kafka, const struct source_kafka_options *options) {
    kafka->properties = calloc(options->property_count + 1, sizeof(kafka->properties[0]));
    kafka->topics = calloc(options->topic_count + options->until_count + 1, sizeof(kafka->topics[0]));
    kafka->until = calloc(options->until_count + 1, sizeof(kafka->until[0]));
    kafka->owned = calloc(PARTITIONS_MAX, sizeof(struct owned *));
    kafka->events = calloc(EVENTS_MAX, sizeof(kafka->events[0]));
    if (kafka->properties == NULL || kafka->topics == NULL || kafka->until == NULL || kafka->owned == NULL ||
        kafka->events == NULL)
        return false;
    for (; kafka->property_count < options->property_count; kafka->property_count++) {
        const struct kafka_property *from = &options->properties[kafka->property_count];
        kafka->properties[kafka->property_count] =
            (struct kafka_property){.key = strdup(from->key), .value = strdup(from->value)};
    }
    for (; kafka->topic_count < options->topic_count; kafka->topic_count++) {
        kafka->topics[kafka->topic_count] = strdup(options->topics[kafka->topic_count]);
    }
    for (; kafka->until_count < options->until_count; kafka->until_count++) {
        const struct source_vector_entry *from = &options->until[kafka->until_count];
        size_t topic = 0;
        while (topic < kafka->topic_count && strcmp(kafka->topics[topic], from->topic) != 0)
            topic++;
        if (topic == kafka->topic_count) kafka->topics[kafka->topic_count++] = strdup(from->topic);
        kafka->until[kafka->until_count] =
            (struct source_vector_entry){.topic = kafka->topics[topic], .partition = from->partition, .next = from->next};
    }
    kafka->once = options->once;
    if (options->witness != NULL) kafka->witness = strdup(options->witness);
    kafka->bootstrap = kafka_property_value(kafka->properties, kafka->property_count, "bootstrap.servers");
    return true;
}

static bool check_options(const struct source_kafka *kafka, struct fault *fault) {
    if (kafka->topic_count == 0) return fault_set(fault, STOP_SETTING, false, "no topics are named: setting `topics`");
    for (size_t i = 0; i < kafka->topic_count; i++) {
        const char *topic = kafka->topics[i];
        bool fine = topic[0] != '\0' && strlen(topic) < 250 &&
                    strspn(topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(topic);
        if (!fine)
            return fault_set(fault, STOP_SETTING, false, "`%.80s` is not the name of a topic (patterns are not supported)",
                             topic);
    }
    struct kafka_sizes sizes = kafka_sizes_for(0);
    rd_kafka_conf_t *config = kafka_config_consumer(kafka->properties, kafka->property_count, &sizes, fault);
    if (config == NULL) return false;
    rd_kafka_conf_destroy(config); /* it is made again in start(), when the number of partitions is known */
    return true;
}

struct source *source_kafka_create(const struct source_kafka_options *options, struct fault *fault) {
    static const struct source_operations operations = {.name = "kafka",
                                                        .own_times = true,
                                                        .start = start,
                                                        .poll = poll_kafka,
                                                        .release = kafka_release,
                                                        .hold = hold,
                                                        .rewind = kafka_rewind,
                                                        .header = kafka_header,
                                                        .header_at = kafka_header_at,
                                                        .log_end = log_end,
                                                        .mirror = mirror,
                                                        .destroy = destroy};
    struct source_kafka *kafka = calloc(1, sizeof(*kafka));
    if (kafka == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory for a source");
        return NULL;
    }
    kafka->source.operations = &operations;
    kafka->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (kafka->wake_fd < 0 || !copy_options(kafka, options)) {
        (void)fault_set(fault, STOP_MEMORY, false, "out of memory or file descriptors for a source");
    } else if (check_options(kafka, fault)) {
        return &kafka->source;
    }
    destroy(&kafka->source);
    return NULL;
}
