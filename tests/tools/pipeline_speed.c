/* What our own rooms cost without Kafka and Redis: one NDJSON log in memory, decoded, then decoded and rolled up in
 * chunks as a worker does it. Prints nanoseconds per event and, for the second half of the log, how often our code
 * called the allocator (the linker wraps malloc and its kin).
 *
 *     pipeline_speed FILE [WINDOW_RECORDS]
 */
#include "aggregate/rollup/rollup.h"
#include "check.h"
#include "decode.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 };

static int64_t allocations;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t bytes) {
    allocations++;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    allocations++;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *block, size_t bytes) {
    allocations++;
    return __real_realloc(block, bytes);
}

char *__wrap_strdup(const char *text) {
    allocations++;
    return __real_strdup(text);
}

static double now_s(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum success_at first_always(const void *sources, struct slice source) {
    (void)sources;
    (void)source;
    return SUCCESS_AT_FIRST;
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

/* Lines of the log as records; record time from the digits behind "ingest_time": of the workload. */
static size_t split(struct slice text, struct record *records, size_t records_max) {
    size_t count = 0;
    const char *end = text.data + text.length;
    for (const char *at = text.data; at < end && count < records_max;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL) newline = end;
        struct slice line = {at, (size_t)(newline - at)};
        const char *time = memmem(line.data, line.length, "\"ingest_time\":", 14);
        records[count++] = (struct record){.value = line, .offset = at - text.data, .next_offset = newline + 1 - text.data,
                                           .timestamp_ms = time != NULL ? strtoll(time + 14, NULL, 10) : 0};
        at = newline + 1;
    }
    return count;
}

static void drop_hash(void *context, struct hash_id id, int64_t last) {
    (void)context;
    (void)id;
    (void)last;
}

static void drop_field(void *context, struct slice field, struct slice value) {
    *(size_t *)context += field.length + value.length;
}

static void drop_retired(void *context, struct hash_id id) {
    (void)context;
    (void)id;
}

static void roll(struct rollup *rollup, const struct decoder *decoder, const struct record *records, size_t count) {
    static struct event events[CHUNK];
    static struct rejection rejections[CHUNK];
    bool valid[CHUNK];
    for (size_t i = 0; i < count; i++) {
        valid[i] = decode(decoder, records[i].value, &events[i], &rejections[i]);
        if (!valid[i]) events[i].kind = KIND_NONE;
    }
    rollup_prefetch(rollup, events, count);
    for (size_t i = 0; i < count; i++) {
        enum reason reason = valid[i] ? REASON_NONE : rejections[i].reason;
        (void)rollup_record(rollup, &records[i], valid[i] ? &events[i] : NULL, &reason);
    }
}

static double time_decode(const struct decoder *decoder, const struct record *records, size_t count) {
    static struct event event;
    struct rejection rejection;
    double started = now_s();
    for (size_t i = 0; i < count; i++) (void)decode(decoder, records[i].value, &event, &rejection);
    return now_s() - started;
}

int main(int argc, char **argv) {
    enum { RECORDS_MAX = 4000000 };
    if (argc < 2) return 2;
    struct fault fault;
    struct slice text = map_file(argv[1]);
    struct record *records = calloc(RECORDS_MAX, sizeof(*records));
    CHECK(records != NULL);
    size_t count = split(text, records, RECORDS_MAX);
    const struct decoder_options decoding = {
        .secret_key = SLICE("0123456789abcdef"), .reporting_currency = "VND", .reporting_country = "VN"};
    struct decoder *decoder = decoder_create(&decoding, &fault);
    struct zone *zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    const struct rollup_options options = {.zone = zone,
                                           .window_records = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 524288,
                                           .window_age_ms_max = INT64_C(14) * 86400000,
                                           .watermark_bound_ms = 300000,
                                           .retention_days = 400,
                                           .oldest_day = 16436,
                                           .success_at = first_always,
                                           .cells_max = 2000000};
    struct rollup *rollup = rollup_create(&options, &fault);
    CHECK(decoder != NULL && zone != NULL && rollup != NULL);
    double decoding_s = time_decode(decoder, records, count);
    size_t bytes = 0;
    const struct batch_writer writer = {.hash = drop_hash, .field = drop_field, .retire = drop_retired, .context = &bytes};
    double rolling_s = 0, cutting_s = 0;
    int64_t before = 0;
    for (size_t at = 0; at < count; at += CHUNK) {
        if (at >= count / 2 && before == 0) before = allocations;
        double started = now_s();
        roll(rollup, decoder, records + at, count - at < CHUNK ? count - at : CHUNK);
        rolling_s += now_s() - started;
        if (at / CHUNK % 1024 != 1023) continue;
        int64_t outside = allocations;
        started = now_s();
        rollup_cut(rollup, &writer);
        cutting_s += now_s() - started;
        before += allocations - outside; /* cuts are per commit, not per event */
    }
    int64_t during = allocations - before;
    double n = (double)count;
    (void)printf("%zu events: decode %.0f ns, decode + rollup %.0f ns, cut %.0f ns per event; rollup holds %.1f MiB; allocations "
                 "per event: %.6f\n",
                 count, decoding_s / n * 1e9, rolling_s / n * 1e9, cutting_s / n * 1e9, (double)rollup_bytes(rollup) / 1048576,
                 (double)during / (n / 2));
    rollup_destroy(rollup);
    return 0;
}
