/* What the roll-up costs per event, alone: synthetic decoded events, nothing else.
 *
 *     build/tools/rollup_speed [events] [accounts] [window]        default 4000000 200000 524288
 *
 * Half payments (one CAPTURED each), half orders (created, paid, shipped, delivered, up to 200,000 records apart);
 * accounts by Zipf's law, 4 facets each; one day of event time; 1 % redelivered. Events are made in chunks of 64, as
 * a decoder would leave them: making them is not timed. Cuts go to a writer that only adds up lengths, every 200,000
 * events, and are timed apart. */
#include "aggregate/rollup/rollup.h"

#include "check.h"
#include "tests/support/event_stream.h"

#include <inttypes.h>
#include <math.h>

enum { CHUNK = 64, OPEN_ORDERS = 1 << 17, CUT_EVERY = 200000 };

struct maker {
    uint64_t seed;
    uint32_t accounts;
    double scale; /* of the Zipf inverse */
    uint32_t order_stage[OPEN_ORDERS];
    uint32_t order_number[OPEN_ORDERS];
    uint32_t orders;
    int64_t made;
    int64_t start_ms;
    int64_t span_ms;
    int64_t expected;
    char texts[CHUNK][24];
};

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Rank with probability ~ 1 / rank. */
static uint32_t zipf(struct maker *maker) {
    double u = (double)(stream_random(&maker->seed) >> 11) / 9007199254740992.0;
    uint32_t rank = (uint32_t)exp(u * maker->scale) - 1;
    return rank < maker->accounts ? rank : maker->accounts - 1;
}

static void fill_order(struct maker *maker, struct event *event, uint32_t *account) {
    static const enum event_kind kinds[] = {KIND_ORDER_CREATED, KIND_ORDER_PAID, KIND_ORDER_SHIPPED,
                                            KIND_ORDER_DELIVERED};
    uint32_t slot = (uint32_t)stream_random(&maker->seed) % OPEN_ORDERS;
    if (maker->order_stage[slot] == 0) maker->order_number[slot] = maker->orders++;
    uint32_t number = maker->order_number[slot];
    event->kind = kinds[maker->order_stage[slot]];
    maker->order_stage[slot] = (maker->order_stage[slot] + 1) % 4;
    uint64_t state = number;
    event->entity_print = stream_random(&state) | 1;
    event->outlet = (enum outlet)(1 + number % 4);
    event->pay_mode = PAY_MODE_COD;
    *account = (uint32_t)(stream_random(&state) % maker->accounts);
}

static void fill(struct maker *maker, struct event *event, struct record *record, size_t i) {
    uint64_t random = stream_random(&maker->seed);
    *event = (struct event){.order_created_ms = TIME_NONE,
                            .shipped_ms = TIME_NONE,
                            .delivered_ms = TIME_NONE,
                            .captured_ms = TIME_NONE};
    event->event_time_ms = maker->start_ms +
                           maker->span_ms * (maker->made / 64) / (maker->expected / 64 + 1) -
                           (int64_t)(random % 3000);
    event->event_print = random | 1;
    event->payload_print = random >> 7;
    event->person_print = stream_random(&maker->seed) % 2000000 * UINT64_C(0x9e3779b97f4a7c15) | 1;
    event->person_type = PERSON_HOUSEHOLD;
    event->amount_minor = (int64_t)(random >> 44);
    uint32_t account = zipf(maker);
    if ((random & 1) != 0) {
        fill_order(maker, event, &account);
    } else {
        event->kind = KIND_PAYMENT_STATUS;
        event->status = PAY_CAPTURED;
        event->instrument = (enum instrument)(1 + (random >> 8 & 3));
        event->context = CONTEXT_ONLINE;
        event->entity_print = stream_random(&maker->seed) | 1;
    }
    int length = snprintf(maker->texts[i], sizeof(maker->texts[i]), "M%09u", account);
    event->source = SLICE("PSP-A");
    event->account_id = (struct slice){maker->texts[i], (size_t)length};
    static char value[333];
    record->value = (struct slice){value, sizeof(value)};
    record->offset = maker->made;
    record->next_offset = maker->made + 1;
    record->timestamp_ms = event->event_time_ms + 1000;
    maker->made++;
}

struct sums {
    int64_t hashes;
    int64_t fields;
    int64_t bytes;
};

static void sum_hash(void *context, struct hash_id id, int64_t last_change_offset) {
    (void)id;
    (void)last_change_offset;
    ((struct sums *)context)->hashes++;
}
static void sum_field(void *context, struct slice field, struct slice value) {
    struct sums *sums = context;
    sums->fields++;
    sums->bytes += (int64_t)(field.length + value.length);
}
static void sum_retire(void *context, struct hash_id id) {
    (void)context;
    (void)id;
}

struct timing {
    int64_t prefetch_ns;
    int64_t record_ns;
    int64_t cut_ns;
    int64_t events;
};

static void run(struct rollup *rollup, struct maker *maker, const struct batch_writer *writer,
                struct timing *timing) {
    static struct event chunk[CHUNK];
    static struct record records[CHUNK];
    while (maker->made < maker->expected) {
        for (size_t i = 0; i < CHUNK; i++) fill(maker, &chunk[i], &records[i], i);
        if (stream_random(&maker->seed) % 2 == 0) chunk[1].event_print = chunk[0].event_print;
        int64_t t0 = now_ns();
        rollup_prefetch(rollup, chunk, CHUNK);
        int64_t t1 = now_ns();
        for (size_t i = 0; i < CHUNK; i++) {
            enum reason reason = REASON_NONE;
            (void)rollup_record(rollup, &records[i], &chunk[i], &reason);
        }
        int64_t t2 = now_ns();
        if (maker->made % CUT_EVERY < CHUNK) rollup_cut(rollup, writer);
        int64_t t3 = now_ns();
        if (maker->made < maker->expected / 4) continue; /* the window and the tables are still filling */
        timing->prefetch_ns += t1 - t0;
        timing->record_ns += t2 - t1;
        timing->cut_ns += t3 - t2;
        timing->events += CHUNK;
    }
}

static void report(const struct rollup *rollup, const struct timing *timing, const struct sums *sums) {
    const struct progress *progress = rollup_progress(rollup);
    const struct counts *counts = &progress->counts;
    printf("applied %" PRId64 " duplicate %" PRId64 " unresolved %" PRId64 " late %" PRId64
           " accounts %" PRId64 "\n",
           counts->applied, counts->duplicate, counts->unresolved, counts->late, progress->accounts);
    double events = (double)timing->events;
    printf("prefetch %.1f ns/event, record %.1f ns/event, cut %.1f ns/event\n",
           (double)timing->prefetch_ns / events, (double)timing->record_ns / events,
           (double)timing->cut_ns / events);
    printf("written %" PRId64 " fields, %" PRId64 " hashes, %" PRId64 " bytes; memory %.1f MiB\n",
           sums->fields, sums->hashes, sums->bytes, (double)rollup_bytes(rollup) / 1048576);
}

int main(int argc, char **argv) {
    int64_t events = argc > 1 ? strtoll(argv[1], NULL, 10) : 4000000;
    uint32_t accounts = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200000;
    uint32_t window = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 524288;
    struct fault fault;
    struct zone *zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    CHECK(zone != NULL);
    const struct rollup_options options = {.zone = zone,
                                           .window_records = window,
                                           .window_age_ms_max = INT64_C(1209600000),
                                           .watermark_bound_ms = 60000,
                                           .retention_days = 400,
                                           .oldest_day = 16436,
                                           .success_at = stream_success_at,
                                           .cells_max = SIZE_MAX};
    struct rollup *rollup = rollup_create(&options, &fault);
    CHECK(rollup != NULL);
    struct maker *maker = calloc(1, sizeof(*maker));
    CHECK(maker != NULL);
    maker->seed = 7;
    maker->accounts = accounts;
    maker->scale = log((double)accounts + 1);
    maker->start_ms = INT64_C(1630000000000);
    maker->span_ms = 86400000;
    maker->expected = events;
    struct sums sums = {0};
    struct batch_writer writer = {sum_hash, sum_field, sum_retire, &sums};
    struct timing timing = {0};
    run(rollup, maker, &writer, &timing);
    report(rollup, &timing, &sums);
    rollup_destroy(rollup);
    zone_destroy(zone);
    free(maker);
    return 0;
}
