/* Compression bombs, and answers that unfold to more memory than there is.
 *
 * What is dangerous. A record batch of 1 MB may inflate to 1 GB (gzip), 255 MB (lz4) or, as far as the format goes, to anything
 * (zstd); a broker lets it through, because it looks at the compressed size only. And librdkafka 2.0.2 unpacks a whole answer
 * before we see a record of it: zstd up to receive.message.max.bytes and no further, but lz4 to the end, growing its buffer, and
 * gzip to the end twice, first to learn the size. (Snappy is harmless, 21:1 at best.) Then each record takes some 320 bytes of
 * bookkeeping, however short it is. An out-of-memory condition is an assertion there, so a limit on the process
 * (RLIMIT_AS, a limit in the allocator) would end it without a word about where.
 *
 * What is done. librdkafka calls the codecs of its own dynamic libraries; a program that defines a function of that name is
 * called in their place, and calls them. So the functions at the end of this file stand between the two, and say "damaged" when
 * a batch grows beyond its limit: librdkafka frees what it had and reports RD_KAFKA_RESP_ERR__BAD_COMPRESSION with the offset, at
 * no cost in memory. Two limits:
 *
 *  - A batch that inflates beyond receive.message.max.bytes (as librdkafka has it for zstd, though between a third and the
 *    whole of it when the frame does not say its size), or holds more than a record for each 32 of these bytes, is refused for
 *    good: the run ends with topic, partition, offset and remedy (source_kafka_fault.c).
 *  - Many batches that are each within the limit may be too much together. From the second one on, a batch that would take the
 *    answer beyond ANSWER_BYTES_MAX is put off: librdkafka asks for it again after fetch.error.backoff.ms, when what came
 *    before it has been read. So nothing is lost, and good data that unfolds well is slowed and never stopped.
 *
 * With the default of 32 MiB an answer takes 370 MiB at worst (a million records of no bytes) and else 192 + 32 MiB.
 *
 * Then there are records of nearly nothing: librdkafka asks for more of a partition when less than queued.min.messages wait in
 * its queue, so each partition may hold what one answer brought, and a megabyte may be 150,000 of them without any codec. When
 * all queues together hold more than WAITING_MAX, the thread of the broker sleeps before it takes an answer apart, until we
 * have read on; DELAY_MS_MAX at most, so that nothing can stand still for ever.
 *
 * Not bounded here: large batches within the limit that wait in the queues of many partitions, 32 MiB each at worst.
 *
 * Only the threads that read answers for a guarded consumer are concerned: an interceptor, called before an answer is
 * taken apart, marks them. The number of records stands in the head of the batch, which lies just before the compressed
 * bytes; a head that contradicts itself (an old format) counts as none. */
#include "ingest/kafka_guard.h"

#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    API_FETCH = 1,
    HEAD_BYTES = 61,      /* of a record batch, in front of its records */
    HEAD_COUNTED = 49,    /* of those, behind the field that holds the length */
    RECORD_BYTES = 320,   /* what librdkafka keeps for a record beside its bytes */
    BYTES_PER_RECORD = 32, /* of batch_bytes_max */
    ANSWER_BYTES_MAX = 192 << 20,
    WAITING_MAX = 200000, /* more than the queues hold as we set them up (source_kafka_wake.c); work for a sixth of a second */
    QUEUE_MAX = 60000,    /* queued.min.messages beyond this: somebody wants more, and has the memory */
    DELAY_MS_MAX = 2000,
    DELAY_STEP_MS = 5,
    SMALL_ANSWER_BYTES = 65536,
    POSTPONED_MAX = 4096, /* errors on their way to us; more than partitions in all answers together */
};

/* The answer that this thread takes apart. */
static _Thread_local struct {
    uint64_t batch_bytes_max; /* 0: nobody's business */
    uint64_t taken;           /* by the batches so far, in memory */
    const void *batch;        /* compressed bytes of the one in hand */
    bool counted;             /* what it takes is in `taken` */
    uint64_t inflated;        /* lz4: bytes so far */
} answer;

static struct {
    pthread_mutex_t lock;
    size_t count;
    int64_t offsets[POSTPONED_MAX];
} postponed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
    pthread_mutex_t lock;
    size_t count;
    size_t capacity;
    rd_kafka_queue_t **queues;
} watched = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Its place, or the end. */
static size_t watched_find(const rd_kafka_queue_t *queue) {
    size_t at = 0;
    while (at < watched.count && watched.queues[at] != queue) at++;
    return at;
}

void kafka_guard_watch(rd_kafka_queue_t *queue) {
    (void)pthread_mutex_lock(&watched.lock);
    if (watched_find(queue) == watched.count) {
        if (watched.count == watched.capacity) {
            watched.capacity = watched.capacity * 2 + 16;
            watched.queues = realloc(watched.queues, watched.capacity * sizeof(rd_kafka_queue_t *));
            CHECK_MEMORY(watched.queues != NULL);
        }
        watched.queues[watched.count++] = queue;
    }
    (void)pthread_mutex_unlock(&watched.lock);
}

void kafka_guard_unwatch(rd_kafka_queue_t *queue) {
    (void)pthread_mutex_lock(&watched.lock);
    size_t at = watched_find(queue);
    if (at < watched.count) watched.queues[at] = watched.queues[--watched.count];
    if (watched.count == 0) {
        free(watched.queues);
        watched.queues = NULL;
        watched.capacity = 0;
    }
    (void)pthread_mutex_unlock(&watched.lock);
}

static size_t records_waiting(void) {
    size_t records = 0;
    (void)pthread_mutex_lock(&watched.lock);
    for (size_t i = 0; i < watched.count; i++) records += rd_kafka_queue_length(watched.queues[i]);
    (void)pthread_mutex_unlock(&watched.lock);
    return records;
}

static void let_read(void) {
    static const struct timespec step = {.tv_nsec = DELAY_STEP_MS * 1000000L};
    for (int ms = 0; ms < DELAY_MS_MAX && records_waiting() > WAITING_MAX; ms += DELAY_STEP_MS) (void)nanosleep(&step, NULL);
}

static void postpone(int64_t offset) {
    (void)pthread_mutex_lock(&postponed.lock);
    if (postponed.count < POSTPONED_MAX) postponed.offsets[postponed.count++] = offset;
    (void)pthread_mutex_unlock(&postponed.lock);
}

bool kafka_guard_postponed(int64_t offset) {
    bool found = false;
    (void)pthread_mutex_lock(&postponed.lock);
    for (size_t i = 0; i < postponed.count && !found; i++) {
        found = postponed.offsets[i] == offset;
        if (found) postponed.offsets[i] = postponed.offsets[--postponed.count];
    }
    (void)pthread_mutex_unlock(&postponed.lock);
    return found;
}

static uint64_t load_big_endian(const unsigned char *at, size_t bytes) {
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) number = number << 8 | at[i];
    return number;
}

/* First offset and number of records of the batch whose compressed bytes these are. False for formats before Kafka 0.11. */
static bool head_read(const void *compressed, size_t length, int64_t *offset, uint64_t *records) {
    enum { LENGTH_AT = 8, MAGIC_AT = 16, COUNT_AT = 57, MAGIC = 2 };
    const unsigned char *head = (const unsigned char *)compressed - HEAD_BYTES;
    if (head[MAGIC_AT] != MAGIC || load_big_endian(head + LENGTH_AT, 4) != length + HEAD_COUNTED) return false;
    *offset = (int64_t)load_big_endian(head, 8);
    *records = load_big_endian(head + COUNT_AT, 4);
    return true;
}

/* Whether the batch whose compressed bytes begin here may be unpacked. */
static bool batch_begin(const void *compressed, size_t length) {
    if (answer.batch == compressed) return true; /* the second pass of gzip, or another try of zstd */
    int64_t offset = 0;
    uint64_t records = 0;
    bool known = head_read(compressed, length, &offset, &records);
    if (records > answer.batch_bytes_max / BYTES_PER_RECORD) return false;
    uint64_t more = records * RECORD_BYTES;
    if (known && answer.taken > 0 && answer.taken + more > ANSWER_BYTES_MAX) {
        postpone(offset);
        return false;
    }
    answer.batch = compressed;
    answer.counted = false;
    answer.inflated = 0;
    answer.taken += more;
    return true;
}

/* The batch in hand is unpacked; counted once, though gzip and zstd may do it again. */
static void batch_end(uint64_t inflated) {
    if (!answer.counted) answer.taken += inflated;
    answer.counted = true;
}

/* What the interceptor needs of a consumer's configuration, in one pointer: it has nobody to free anything for it. */
static void *pack(uint64_t batch_bytes_max, bool delays) {
    return (void *)(uintptr_t)(batch_bytes_max << 1 | delays);
}

static rd_kafka_resp_err_t answer_received(rd_kafka_t *kafka, int socket, const char *broker, int32_t broker_id, int16_t api,
                                           int16_t api_version, int32_t correlation, size_t size, int64_t time_us,
                                           rd_kafka_resp_err_t error, void *packed) {
    (void)kafka, (void)socket, (void)broker, (void)broker_id, (void)api_version, (void)correlation, (void)time_us;
    bool guarded = api == API_FETCH && error == RD_KAFKA_RESP_ERR_NO_ERROR;
    answer.batch_bytes_max = guarded ? (uint64_t)(uintptr_t)packed >> 1 : 0;
    answer.taken = 0;
    answer.batch = NULL;
    if (guarded && ((uintptr_t)packed & 1) != 0 && size > SMALL_ANSWER_BYTES) let_read();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static uint64_t setting(const rd_kafka_conf_t *config, const char *key) {
    char text[32] = "";
    size_t length = sizeof(text);
    (void)rd_kafka_conf_get(config, key, text, &length);
    return strtoul(text, NULL, 10);
}

static rd_kafka_resp_err_t consumer_made(rd_kafka_t *kafka, const rd_kafka_conf_t *config, void *opaque, char *error,
                                         size_t error_bytes) {
    (void)opaque, (void)error, (void)error_bytes;
    void *packed = pack(setting(config, "receive.message.max.bytes"), setting(config, "queued.min.messages") <= QUEUE_MAX);
    return rd_kafka_interceptor_add_on_response_received(kafka, "nhip", answer_received, packed);
}

bool kafka_guard_consumer(rd_kafka_conf_t *config, struct fault *fault) {
    rd_kafka_resp_err_t error = rd_kafka_conf_interceptor_add_on_new(config, "nhip", consumer_made, NULL);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    return fault_set(fault, STOP_KAFKA_SETTING, false, "librdkafka takes no guard against compression bombs: %s",
                     rd_kafka_err2str(error));
}

/* The function of that name behind ours, looked up once; several threads may do it at the same time. It is there: without it
 * nobody would have called ours. */
static void *behind(const char *name, _Atomic(void *) *memo) {
    void *found = atomic_load_explicit(memo, memory_order_relaxed);
    if (found != NULL) return found;
    found = dlsym(RTLD_NEXT, name);
    CHECK(found != NULL);
    atomic_store_explicit(memo, found, memory_order_relaxed);
    return found;
}

/* From here on: functions of zlib, lz4 and zstd, as their manuals declare them, in their place. What they get and give is passed
 * through; the codes for "damaged" are theirs. */

struct zlib_stream { /* the head of z_stream */
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned long total_in;
    unsigned char *next_out;
    unsigned avail_out;
    unsigned long total_out;
};

int inflate(struct zlib_stream *stream, int flush);
size_t LZ4F_getFrameInfo(void *context, void *info, const void *from, size_t *from_bytes);
size_t LZ4F_decompress(void *context, void *to, size_t *to_bytes, const void *from, size_t *from_bytes, const void *options);
size_t ZSTD_decompress(void *to, size_t to_bytes, const void *from, size_t from_bytes);

int inflate(struct zlib_stream *stream, int flush) {
    enum { ZLIB_END = 1, ZLIB_DATA_ERROR = -3 };
    static _Atomic(void *) memo;
    int (*next)(struct zlib_stream *, int);
    *(void **)&next = behind("inflate", &memo);
    if (answer.batch_bytes_max == 0) return next(stream, flush);
    if (stream->total_in == 0 && !batch_begin(stream->next_in, stream->avail_in)) return ZLIB_DATA_ERROR;
    int status = next(stream, flush);
    if (stream->total_out > answer.batch_bytes_max) return ZLIB_DATA_ERROR;
    if (status == ZLIB_END) batch_end(stream->total_out);
    return status;
}

enum { LZ4_GENERIC_ERROR = 1, ZSTD_CORRUPTION_DETECTED = 20 };

size_t LZ4F_getFrameInfo(void *context, void *info, const void *from, size_t *from_bytes) {
    static _Atomic(void *) memo;
    size_t (*next)(void *, void *, const void *, size_t *);
    *(void **)&next = behind("LZ4F_getFrameInfo", &memo);
    if (answer.batch_bytes_max != 0 && !batch_begin(from, *from_bytes)) return (size_t)-LZ4_GENERIC_ERROR;
    return next(context, info, from, from_bytes);
}

size_t LZ4F_decompress(void *context, void *to, size_t *to_bytes, const void *from, size_t *from_bytes, const void *options) {
    static _Atomic(void *) memo;
    size_t (*next)(void *, void *, size_t *, const void *, size_t *, const void *);
    *(void **)&next = behind("LZ4F_decompress", &memo);
    size_t hint = next(context, to, to_bytes, from, from_bytes, options);
    if (answer.batch_bytes_max == 0) return hint;
    answer.inflated += *to_bytes;
    if (answer.inflated > answer.batch_bytes_max) return (size_t)-LZ4_GENERIC_ERROR;
    if (hint == 0) batch_end(answer.inflated);
    return hint;
}

size_t ZSTD_decompress(void *to, size_t to_bytes, const void *from, size_t from_bytes) {
    static _Atomic(void *) memo;
    size_t (*next)(void *, size_t, const void *, size_t);
    *(void **)&next = behind("ZSTD_decompress", &memo);
    if (answer.batch_bytes_max != 0 && !batch_begin(from, from_bytes)) return (size_t)-ZSTD_CORRUPTION_DETECTED;
    size_t length = next(to, to_bytes, from, from_bytes);
    if (answer.batch_bytes_max != 0 && length <= to_bytes) batch_end(length);
    return length;
}
