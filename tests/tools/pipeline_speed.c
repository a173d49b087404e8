/* What our own rooms cost without Kafka: one NDJSON log in memory goes through partition_feed() and partition_step() as a
 * worker calls them, with commits into a private Redis. For `make bench-profile` (under callgrind) and `make bench` (the
 * allocations of the whole path, commits included).
 *
 *     pipeline_speed FILE WARM RECORDS COMMIT_EVERY
 *
 * The first WARM records fill window and tables, the next RECORDS are measured: nanoseconds, instructions (valgrind collects
 * nothing before them) and calls of the allocator, those of commits apart. Batches are as source_kafka.c delivers them; a
 * commit is sent after each COMMIT_EVERY records of the measured part and waited for before anything goes on.
 *
 * Repeatable to the instruction, nearly: the records are fixed, commits come by count and never by the clock, and the answer
 * of Redis is waited for outside of what is counted, in one piece; send() is made to take all bytes at once, or the number
 * of pieces would depend on how fast Redis reads. */
#include "aggregate/runtime/clock.h"
#include "aggregate/runtime/partition.h"
#include "aggregate/runtime/setup.h"
#include "check.h"
#include "ingest/source_kafka_parts.h"
#include "tests/support/redis_server.h"
#include "tests/tools/allocation_count.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { ANSWER_MS = 300, ANSWERS_MAX = 100, PATIENCE_MS = 30000 };

#define COMMIT_NOW_MS (INT64_C(1) << 60)

struct measured {
    double feed_s;
    double commit_s;
    struct allocation_count feed;
    struct allocation_count commit;
};

ssize_t __real_send(int socket, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int socket, const void *bytes, size_t length, int flags);

ssize_t __wrap_send(int socket, const void *bytes, size_t length, int flags) {
    size_t sent = 0;
    while (sent < length) {
        ssize_t got = __real_send(socket, (const char *)bytes + sent, length - sent, flags);
        if (got > 0) sent += (size_t)got;
        struct pollfd room = {.fd = socket, .events = POLLOUT};
        if (got < 0 && (errno != EAGAIN || poll(&room, 1, PATIENCE_MS) != 1)) return got;
    }
    return (ssize_t)sent;
}

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void note(struct allocation_count *sum, struct allocation_count before) {
    sum->growth += allocation_count.growth - before.growth;
    sum->others += allocation_count.others - before.others;
}

static struct slice map_file(const char *path) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0 && fstat(file, &status) == 0);
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    CHECK(bytes != MAP_FAILED);
    (void)close(file);
    return (struct slice){bytes, (size_t)status.st_size};
}

/* The first `count` lines as Kafka would deliver them; record time from the digits behind "ingest_time": of the workload. */
static struct record *split(struct slice text, size_t count) {
    struct record *records = calloc(count, sizeof(*records));
    CHECK(records != NULL);
    const char *end = text.data + text.length;
    const char *at = text.data;
    for (size_t i = 0; i < count; i++) {
        const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (newline == NULL) {
            (void)fprintf(stderr, "pipeline_speed: the log holds only %zu records\n", i);
            exit(2);
        }
        struct slice line = {at, (size_t)(newline - at)};
        const char *time = memmem(line.data, line.length, "\"ingest_time\":", 14);
        records[i] = (struct record){.value = line,
                                     .offset = (int64_t)i,
                                     .next_offset = (int64_t)i + 1,
                                     .timestamp_ms = time != NULL ? strtoll(time + 14, NULL, 10) : 0};
        at = newline + 1;
    }
    return records;
}

static void fail(const struct fault *fault) {
    (void)fprintf(stderr, "pipeline_speed: %s\n", fault->message);
    exit(1);
}

/* Sends a commit and waits until it is confirmed. */
static void commit(struct partition *partition, int64_t next, struct measured *measured) {
    struct fault fault;
    struct allocation_count before = allocation_count;
    int64_t committed = 0;
    double started = now_s();
    if (!partition_step(partition, COMMIT_NOW_MS, &committed, &fault)) fail(&fault);
    measured->commit_s += now_s() - started;
    for (int i = 0; committed != next; i++) {
        CHECK(i < ANSWERS_MAX);
        clock_sleep_ms(ANSWER_MS);
        started = now_s();
        if (!partition_step(partition, 0, &committed, &fault)) fail(&fault);
        measured->commit_s += now_s() - started;
    }
    note(&measured->commit, before);
}

static void feed(struct partition *partition, const struct record *records, size_t count, size_t commit_every,
                 struct measured *measured) {
    struct fault fault;
    for (size_t done = 0; done < count;) {
        size_t until = (done / commit_every + 1) * commit_every;
        size_t length = until < count ? until - done : count - done;
        if (length > READ_MAX) length = READ_MAX;
        struct allocation_count before = allocation_count;
        int64_t committed = 0;
        double started = now_s();
        if (!partition_feed(partition, records + done, length, &fault)) fail(&fault);
        if (!partition_step(partition, 0, &committed, &fault)) fail(&fault);
        measured->feed_s += now_s() - started;
        note(&measured->feed, before);
        done += length;
        if (done == until || done == count) commit(partition, records[done - 1].next_offset, measured);
    }
}

static void measure(const struct partition_context *context, const struct record *records, size_t warm, size_t count,
                    size_t commit_every) {
    struct fault fault;
    struct source_position position = {.mirrored = -1};
    struct measured before = {0};
    struct measured measured = {0};
    struct partition *partition =
        partition_open(context, (struct source_partition){"bench", 0}, 0, (int64_t)(warm + count), &position, &fault);
    if (partition == NULL) fail(&fault);
    feed(partition, records, warm, warm, &before);
    CALLGRIND_START_INSTRUMENTATION;
    feed(partition, records + warm, count, commit_every, &measured);
    CALLGRIND_STOP_INSTRUMENTATION;
    double n = (double)count;
    (void)printf("{\"events\":%zu,\"commit_every\":%zu,\"feed_ns\":%.1f,\"commit_ns\":%.1f,"
                 "\"allocations\":%lld,\"growth\":%lld,\"commit_allocations\":%lld,\"commit_growth\":%lld}\n",
                 count, commit_every, measured.feed_s / n * 1e9, measured.commit_s / n * 1e9, (long long)measured.feed.others,
                 (long long)measured.feed.growth, (long long)measured.commit.others, (long long)measured.commit.growth);
    partition_close(partition, true);
}

int main(int argc, char **argv) {
    struct fault fault;
    long long warm = argc == 5 ? strtoll(argv[2], NULL, 10) : 0;
    long long count = argc == 5 ? strtoll(argv[3], NULL, 10) : 0;
    long long commit_every = argc == 5 ? strtoll(argv[4], NULL, 10) : 0;
    if (warm < 1 || count < 1 || commit_every < 1) {
        (void)fprintf(stderr, "usage: pipeline_speed FILE WARM RECORDS COMMIT_EVERY\n");
        return 2;
    }
    struct slice text = map_file(argv[1]);
    struct record *records = split(text, (size_t)(warm + count));
    struct redis_server redis = {.pid = 0};
    redis_server_start(&redis, false, NULL);
    char address[128];
    (void)snprintf(address, sizeof(address), "redis.address=%s", redis.socket);
    struct config *config = config_create();
    struct setup setup;
    if (!config_set(config, address, &fault) || !config_finish(config, &fault) || !setup_create(&setup, config, &fault))
        fail(&fault);
    struct status *status = status_create(NULL, &fault);
    static struct chunk chunk;
    if (status == NULL) fail(&fault);
    const struct partition_context context = {.decoder = setup.decoder, .mappings = setup.mappings,
                                              .rollup = &setup.rollup, .store = &setup.store,
                                              .status = status, .chunk = &chunk, .commit_cells_max = SIZE_MAX};
    measure(&context, records, (size_t)warm, (size_t)count, (size_t)commit_every);
    redis_server_stop(&redis);
    status_destroy(status);
    setup_destroy(&setup);
    config_destroy(config);
    free(records);
    return 0;
}
