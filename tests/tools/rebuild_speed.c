/* How fast a window is rebuilt, beside how fast the same log was applied: one NDJSON log in memory, no Kafka, no Redis.
 *
 *     rebuild_speed FILE [WINDOW_RECORDS]
 *
 * Prints events/s of decoding alone, of applying the whole log, and of rebuilding the window that a restart would need,
 * with and without prefetching (best of five each, apply once). All include decoding, in chunks as a worker does it. */
#include "aggregate/rollup/rollup.h"
#include "check.h"
#include "decode.h"
#include "tests/support/memory_store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 64, RECORDS_MAX = 8000000, ROUNDS = 5 };

enum work { WORK_DECODE = 0, WORK_APPLY, WORK_REBUILD, WORK_REBUILD_PLAIN };

static struct event events[CHUNK];
static struct rejection rejections[CHUNK];
static bool valid[CHUNK];

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum success_at first_always(const void *sources, struct slice source) {
    (void)sources;
    (void)source;
    return SUCCESS_AT_FIRST;
}

static struct slice map_file(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    CHECK(fd >= 0 && fstat(fd, &status) == 0);
    char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    CHECK(bytes != MAP_FAILED);
    (void)close(fd);
    return (struct slice){bytes, (size_t)status.st_size};
}

static int64_t ingest_time(struct slice line) {
    const char *at = memmem(line.data, line.length, "\"ingest_time\":", 14);
    return at != NULL ? strtoll(at + 14, NULL, 10) : 0;
}

static size_t split(struct slice text, struct record *records) {
    size_t count = 0;
    for (const char *at = text.data, *end = text.data + text.length; at < end && count < RECORDS_MAX;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        CHECK(newline != NULL);
        struct slice line = {at, (size_t)(newline - at)};
        records[count++] = (struct record){
            .value = line, .offset = at - text.data, .next_offset = newline + 1 - text.data, .timestamp_ms = ingest_time(line)};
        at = newline + 1;
    }
    return count;
}

static void chunk_work(struct rollup *rollup, enum work work, const struct record *records, size_t count) {
    if (work == WORK_APPLY) rollup_prefetch(rollup, events, count);
    if (work == WORK_REBUILD) rollup_prefetch_window(rollup, events, count);
    for (size_t i = 0; i < count && work != WORK_DECODE; i++) {
        const struct event *event = valid[i] ? &events[i] : NULL;
        enum reason reason = valid[i] ? REASON_NONE : rejections[i].reason;
        if (work == WORK_APPLY) {
            (void)rollup_record(rollup, &records[i], event, &reason);
        } else {
            rollup_rewarm(rollup, &records[i], event);
        }
    }
}

/* Seconds for all records. */
static double run(struct rollup *rollup, const struct decoder *decoder, enum work work, const struct record *records,
                  size_t count) {
    double started = now_s();
    for (size_t at = 0; at < count; at += CHUNK) {
        size_t width = count - at < CHUNK ? count - at : CHUNK;
        for (size_t i = 0; i < width; i++) {
            valid[i] = decode(decoder, records[at + i].value, &events[i], &rejections[i]);
            if (!valid[i]) events[i].kind = KIND_NONE;
        }
        chunk_work(rollup, work, records + at, width);
    }
    return now_s() - started;
}

static void tell(const char *what, size_t count, double seconds) {
    (void)printf("%-22s %9zu events  %7.3f s  %9.0f events/s  %6.0f ns\n", what, count, seconds, (double)count / seconds,
                 seconds / (double)count * 1e9);
}

/* Seconds for the records of the window; `*rebuilt` is how many they are. */
static double rebuild(const struct rollup_options *options, const struct memory_store *store, const struct decoder *decoder,
                      enum work work, const struct record *records, size_t count, size_t *rebuilt) {
    struct fault fault;
    struct rollup *rollup = rollup_create(options, &fault);
    CHECK(rollup != NULL);
    memory_store_recover(store, rollup);
    int64_t window_offset = rollup_progress(rollup)->window_offset;
    size_t first = 0;
    while (first < count && records[first].offset < window_offset) first++;
    double seconds = run(rollup, decoder, work, records + first, count - first);
    CHECK(rollup_rewarmed(rollup, &fault));
    rollup_destroy(rollup);
    *rebuilt = count - first;
    return seconds;
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    struct fault fault;
    struct record *records = calloc(RECORDS_MAX, sizeof(*records));
    CHECK(records != NULL);
    size_t count = split(map_file(argv[1]), records);
    const struct decoder_options decoding = {
        .secret_key = SLICE("0123456789abcdef"), .reporting_currency = "VND", .reporting_country = "VN"};
    struct decoder *decoder = decoder_create(&decoding, &fault);
    struct zone *zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    CHECK(decoder != NULL && zone != NULL);
    const struct rollup_options options = {.zone = zone,
                                           .window_records = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 524288,
                                           .window_age_ms_max = INT64_C(14) * 86400000,
                                           .watermark_bound_ms = 300000,
                                           .retention_days = 400,
                                           .oldest_day = 16436,
                                           .success_at = first_always,
                                           .cells_max = 2000000};
    struct rollup *rollup = rollup_create(&options, &fault);
    CHECK(rollup != NULL);
    double decoding_s = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double seconds = run(NULL, decoder, WORK_DECODE, records, count);
        if (seconds < decoding_s) decoding_s = seconds;
    }
    tell("decode", count, decoding_s);
    tell("apply", count, run(rollup, decoder, WORK_APPLY, records, count));
    struct memory_store *store = memory_store_create();
    memory_store_commit(store, rollup);
    rollup_destroy(rollup);
    double best[2] = {1e9, 1e9}; /* without and with prefetching, in turn: the machine is not alone */
    size_t rebuilt = 0;
    for (int i = 0; i < 2 * ROUNDS; i++) {
        enum work work = i % 2 == 0 ? WORK_REBUILD_PLAIN : WORK_REBUILD;
        double seconds = rebuild(&options, store, decoder, work, records, count, &rebuilt);
        if (seconds < best[i % 2]) best[i % 2] = seconds;
    }
    tell("rebuild, no prefetch", rebuilt, best[0]);
    tell("rebuild", rebuilt, best[1]);
    memory_store_destroy(store);
    decoder_destroy(decoder);
    zone_destroy(zone);
    free(records);
    return 0;
}
