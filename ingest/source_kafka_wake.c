/* Keeping the fetcher of librdkafka 2.0.2 awake: how much may wait in our queues, and who tells it that there is
 * room again.
 *
 * The trap. librdkafka fetches a partition only while its queue is below `queued.min.messages` and
 * `queued.max.messages.kbytes`. The thread of a broker looks at that before each fetch; when *all* its partitions
 * are full it sends none and sleeps for up to a second, and nothing that the application does with its queues
 * wakes it (fixed by fetch.queue.backoff.ms in 2.2). A worker that is slower than the fetcher, which is the rule
 * while it catches up, thus runs in bursts: a full queue is eaten in 0.1 s, then nothing comes for 0.9 s. Queues
 * that hold a second of traffic avoid that, but cost half a gigabyte.
 *
 * The remedy. Any request to that broker wakes its thread, and the cheapest one that the public interface has is
 * the question for a partition's offsets (ListOffsets). So when a queue that was full falls below half, a thread
 * of ours asks, throws the answer away, and the fetcher goes on while the other half is being eaten. It asks at
 * most once per half a queue, and not at all when the fetcher keeps pace with us or the log's end is reached. With
 * 2.2 and later the thread is not made.
 *
 * Measured on two busy cores (Kafka 4.1 and other work beside it; 4 M records of 397 bytes, lz4, 8 partitions; a worker
 * that spends 0, 0.3 or 1 us of its own on a record; longest wait of one poll, peak resident memory of the process):
 *
 *     queue of a partition     asks   0 us          0.3 us         1 us            CPU of librdkafka and this source
 *     25,000 / 8,192 kB        no     25 ms, 68 MiB  46 ms, 70 MiB  401 ms, 194 MiB
 *     100,000 / 65,536 kB      yes    36 ms, 73 MiB  33 ms, 84 MiB   56 ms, 601 MiB
 *     25,000 / 8,192 kB        yes    36 ms, 65 MiB  69 ms, 117 MiB  65 ms, 207 MiB
 *     15,000 / 5,120 kB        yes    29 ms, 67 MiB  89 ms, 78 MiB   74 ms, 160 MiB  0.64 us (noop_consumer 0.59)   <- ours
 *     5,000 / 8,192 kB         yes   111 ms, 45 MiB 114 ms, 80 MiB  103 ms, 112 MiB
 *
 * So 120,000 records or 40 MiB are shared out among the partitions. What one fetch brings comes on top (fetch.max.bytes, 4
 * MiB compressed, is looked at before it is unpacked), and so does some 300 bytes of librdkafka's for a record. Sizes of
 * fetches between 256 KiB and 2 MiB, fetch.min.bytes and check.crcs make no difference that can be seen in CPU.
 *
 * Not done: signals to librdkafka's threads (its poll loop then sleeps on the other of its two queues, deaf to the
 * socket: worse), pause and resume (2.0.2 skips offsets after it), one shared queue for all partitions (its limit
 * would count for all together, but a held partition could not be left alone in it). */
#include "ingest/source_kafka_parts.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ASKED_MAX = 64, ASK_MS = 2000, FIXED_VERSION = 0x02020000 };

struct question {
    char topic[250];
    int32_t partition;
};

struct waker {
    rd_kafka_t *kafka;
    size_t messages_max;
    size_t bytes_max;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    bool stop;
    bool asking;
    size_t first;
    size_t count;
    struct question questions[ASKED_MAX];
};

struct kafka_sizes kafka_sizes_for(int partitions) {
    enum { MESSAGES = 120000, KBYTES = 40960, MESSAGES_MIN = 500, KBYTES_MIN = 256, MESSAGES_MAX = 60000, KBYTES_MAX = 20480 };
    int among = partitions < 1 ? 8 : partitions;
    struct kafka_sizes sizes = {.queued_messages = MESSAGES / among, .queued_kbytes = KBYTES / among};
    if (sizes.queued_messages > MESSAGES_MAX) sizes.queued_messages = MESSAGES_MAX;
    if (sizes.queued_messages < MESSAGES_MIN) sizes.queued_messages = MESSAGES_MIN;
    if (sizes.queued_kbytes > KBYTES_MAX) sizes.queued_kbytes = KBYTES_MAX;
    if (sizes.queued_kbytes < KBYTES_MIN) sizes.queued_kbytes = KBYTES_MIN;
    return sizes;
}

static void *ask(void *argument) {
    struct waker *waker = argument;
    (void)pthread_mutex_lock(&waker->lock);
    while (!waker->stop) {
        if (waker->count == 0) {
            (void)pthread_cond_wait(&waker->asked, &waker->lock);
            continue;
        }
        struct question question = waker->questions[waker->first];
        waker->first = (waker->first + 1) % ASKED_MAX;
        waker->count--;
        waker->asking = true;
        (void)pthread_mutex_unlock(&waker->lock);
        int64_t ignored = 0;
        (void)kafka_log_end(waker->kafka, question.topic, question.partition, ASK_MS, &ignored);
        (void)pthread_mutex_lock(&waker->lock);
        waker->asking = false;
    }
    (void)pthread_mutex_unlock(&waker->lock);
    return NULL;
}

/* What is in force: the user may have set it. */
static size_t setting(rd_kafka_t *kafka, const char *key) {
    char value[32] = "";
    size_t length = sizeof(value);
    rd_kafka_conf_res_t found = rd_kafka_conf_get(rd_kafka_conf(kafka), key, value, &length);
    return found == RD_KAFKA_CONF_OK ? (size_t)strtoul(value, NULL, 10) : 0;
}

struct waker *waker_create(rd_kafka_t *kafka) {
    if (rd_kafka_version() >= FIXED_VERSION) return NULL;
    struct waker *waker = calloc(1, sizeof(*waker));
    if (waker == NULL) return NULL;
    waker->kafka = kafka;
    waker->messages_max = setting(kafka, "queued.min.messages");
    waker->bytes_max = setting(kafka, "queued.max.messages.kbytes") * 1000;
    (void)pthread_mutex_init(&waker->lock, NULL);
    (void)pthread_cond_init(&waker->asked, NULL);
    if (pthread_create(&waker->thread, NULL, ask, waker) == 0) return waker;
    (void)pthread_cond_destroy(&waker->asked);
    (void)pthread_mutex_destroy(&waker->lock);
    free(waker);
    return NULL;
}

/* Messages that fill a queue: the limit in messages, or that in bytes at the mean size seen so far. */
static size_t full_at(const struct waker *waker, const struct owned *owned) {
    if (owned->records_read == 0) return waker->messages_max;
    size_t mean = (size_t)(owned->bytes_read / owned->records_read) + 1;
    size_t by_bytes = waker->bytes_max / mean;
    return by_bytes < waker->messages_max ? by_bytes : waker->messages_max;
}

/* Unless `waiting_max` questions are open already. */
static void question(struct waker *waker, const struct owned *owned, size_t waiting_max) {
    (void)pthread_mutex_lock(&waker->lock);
    if (waker->count + waker->asking < waiting_max) {
        struct question *next = &waker->questions[(waker->first + waker->count++) % ASKED_MAX];
        (void)snprintf(next->topic, sizeof(next->topic), "%s", owned->who.topic);
        next->partition = owned->who.partition;
        (void)pthread_cond_signal(&waker->asked);
    }
    (void)pthread_mutex_unlock(&waker->lock);
}

void waker_note(struct waker *waker, struct owned *owned, size_t length, size_t taken) {
    if (waker == NULL) return;
    if (length > owned->length_high) owned->length_high = length;
    size_t full = full_at(waker, owned);
    if (owned->length_high < full - full / 8 || length - taken >= full / 2) return;
    owned->length_high = 0;
    question(waker, owned, ASKED_MAX);
}

void waker_nudge(struct waker *waker, const struct owned *owned) {
    if (waker != NULL) question(waker, owned, 1);
}

void waker_destroy(struct waker *waker) {
    if (waker == NULL) return;
    (void)pthread_mutex_lock(&waker->lock);
    waker->stop = true;
    (void)pthread_cond_signal(&waker->asked);
    (void)pthread_mutex_unlock(&waker->lock);
    (void)pthread_join(waker->thread, NULL);
    (void)pthread_cond_destroy(&waker->asked);
    (void)pthread_mutex_destroy(&waker->lock);
    free(waker);
}
