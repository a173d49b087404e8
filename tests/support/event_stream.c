/* Seeded streams, see event_stream.h. Fields are drawn independently; whatever that gives is a valid event or is
 * marked as refused. */
#include "event_stream.h"

#include "check.h"

enum { DAY_MS = 86400000 };

uint64_t stream_random(uint64_t *seed) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *seed, uint32_t bound) {
    return (uint32_t)(stream_random(seed) % bound);
}

static bool one_in(uint64_t *seed, uint32_t n) {
    return below(seed, n) == 0;
}

uint64_t stream_print(struct slice source, struct slice id) {
    uint64_t print = UINT64_C(1469598103934665603);
    for (size_t i = 0; i < source.length + 1 + id.length; i++) {
        const char *byte = i < source.length ? source.data + i : "\x1f";
        if (i > source.length) byte = id.data + i - source.length - 1;
        print = (print ^ (unsigned char)*byte) * UINT64_C(1099511628211);
    }
    uint64_t state = print;
    print = stream_random(&state);
    return print != 0 ? print : 1;
}

enum success_at stream_success_at(const void *sources, struct slice source) {
    (void)sources;
    if (source.length >= 3 && memcmp(source.data, "CAP", 3) == 0) return SUCCESS_AT_CAPTURED;
    if (source.length >= 3 && memcmp(source.data, "SET", 3) == 0) return SUCCESS_AT_SETTLED;
    return SUCCESS_AT_FIRST;
}

static struct slice text(char out[24], const char *prefix, uint32_t number) {
    int length = snprintf(out, 24, "%s%u", prefix, number);
    return (struct slice){out, (size_t)length};
}

static uint64_t number_print(struct slice source, char kind, uint32_t number) {
    char id[24];
    int length = snprintf(id, sizeof(id), "%c%u", kind, number);
    return stream_print(source, (struct slice){id, (size_t)length});
}

static int64_t maybe_time(uint64_t *seed, int64_t around_ms, int32_t days) {
    if (!one_in(seed, 3)) return TIME_NONE;
    return around_ms - (int64_t)below(seed, (uint32_t)days * 24 + 1) * 3600000 +
           (one_in(seed, 12) ? DAY_MS : 0);
}

static void make_payment(uint64_t *seed, const struct stream_options *options, struct event *event) {
    event->kind = KIND_PAYMENT_STATUS;
    event->status = (enum pay_status)(1 + below(seed, PAY_COUNT - 1));
    if (one_in(seed, 2)) event->status = one_in(seed, 2) ? PAY_CAPTURED : PAY_SETTLED;
    if (event->status == PAY_DECLINED)
        event->reason_class = (enum reason_class)(1 + below(seed, REASON_CLASS_COUNT - 1));
    event->instrument = (enum instrument)(1 + below(seed, INSTRUMENT_COUNT - 1));
    event->context = (enum context)(1 + below(seed, CONTEXT_COUNT - 1));
    if (event->instrument == INSTRUMENT_EWALLET) event->party = PARTY_MOMO;
    event->captured_ms = one_in(seed, 5) ? event->event_time_ms - DAY_MS : TIME_NONE;
    event->entity_print = number_print(event->source, 'e', below(seed, options->entities));
}

static void make_order(uint64_t *seed, const struct stream_options *options, struct event *event) {
    event->kind =
        (enum event_kind)(KIND_ORDER_CREATED + below(seed, KIND_ORDER_REFUNDED - KIND_ORDER_CREATED + 1));
    event->outlet = (enum outlet)(1 + below(seed, OUTLET_RIDE_APP - 1));
    event->pay_mode = (enum pay_mode)(1 + below(seed, PAY_MODE_COUNT - 1));
    event->category = (enum category)below(seed, CATEGORY_COUNT);
    event->order_created_ms = maybe_time(seed, event->event_time_ms, 20);
    event->shipped_ms = maybe_time(seed, event->event_time_ms, 9);
    event->delivered_ms = maybe_time(seed, event->event_time_ms, 400);
    event->entity_print = number_print(event->source, 'e', below(seed, options->entities));
}

static void make_family(uint64_t *seed, const struct stream_options *options, struct stream_item *item,
                        int64_t record_ms) {
    struct event *event = &item->event;
    uint32_t family = below(seed, 20);
    if (family < 9) {
        make_payment(seed, options, event);
    } else if (family < 17) {
        make_order(seed, options, event);
    } else if (family == 17) {
        event->kind = KIND_RIDE_COMPLETED;
        event->outlet = OUTLET_RIDE_APP;
    } else if (family == 18) {
        event->kind = KIND_WEBSITE_OBSERVED;
        event->amount_minor = 0;
        event->unconverted = false;
        event->changed_ms =
            event->event_time_ms - (int64_t)below(seed, 40) * DAY_MS + (one_in(seed, 5) ? DAY_MS : 0);
    } else {
        event->kind = KIND_UNIT_REGISTERED;
        event->event_time_ms = record_ms;
        event->document = (struct slice){item->value, item->record.value.length};
    }
}

static void make_event(uint64_t *seed, const struct stream_options *options, struct stream_item *item,
                       int64_t record_ms) {
    static const char *const sources[] = {"CAPA", "SETB", "SRC", "S"};
    struct event *event = &item->event;
    *event = (struct event){.order_created_ms = TIME_NONE,
                            .shipped_ms = TIME_NONE,
                            .delivered_ms = TIME_NONE,
                            .captured_ms = TIME_NONE,
                            .changed_ms = TIME_NONE};
    event->source = text(item->texts[0], sources[below(seed, 4)], 0);
    event->account_id = text(item->texts[1], "m", below(seed, options->accounts));
    event->event_time_ms = record_ms - below(seed, 3600000);
    if (one_in(seed, 10)) event->event_time_ms -= (int64_t)below(seed, 45) * DAY_MS;
    if (one_in(seed, 200)) event->event_time_ms -= (int64_t)500 * DAY_MS;
    if (one_in(seed, 30)) event->event_time_ms = record_ms + below(seed, 600000);
    event->person_type = (enum person_type)(1 + below(seed, PERSON_COUNT - 1));
    event->cross_border = (enum cross_border)below(seed, CROSS_BORDER_COUNT);
    event->amount_minor = below(seed, 1000000);
    event->unconverted = one_in(seed, 15);
    if (event->unconverted) event->amount_minor = 0;
    event->open_unknown = one_in(seed, 20);
    event->test = one_in(seed, 50);
    if (!one_in(seed, 4))
        event->person_print =
            stream_print((struct slice){"p", 1}, text(item->texts[2], "p", below(seed, 5000)));
    make_family(seed, options, item, record_ms);
    bool names = event->kind == KIND_PAYMENT_STATUS || event->kind == KIND_RIDE_COMPLETED;
    if (names) event->group_print = event->person_print; /* as good as any print: some have none */
    bool buys = event->kind >= KIND_ORDER_CREATED && event->kind <= KIND_ORDER_REFUNDED;
    if (buys && event->person_type == PERSON_BUSINESS && !one_in(seed, 3)) {
        event->buyer_id = text(item->texts[2], "m", below(seed, options->accounts));
        event->buyer_print = stream_print(event->source, event->buyer_id);
    }
    event->account_print = stream_print(event->source, event->account_id);
    event->payload_print = stream_random(seed);
}

static void repeat(uint64_t *seed, const struct stream_item *old, struct stream_item *item) {
    item->event = old->event;
    memcpy(item->texts, old->texts, sizeof(item->texts));
    item->event.source.data = item->texts[0];
    item->event.account_id.data = item->texts[1];
    if (item->event.buyer_id.length > 0) item->event.buyer_id.data = item->texts[2];
    if (item->event.document.length > 0)
        item->event.document = (struct slice){item->value, item->record.value.length};
    if (one_in(seed, 3)) item->event.payload_print ^= 1;
}

/* What the record at `i` holds; its place and time are set. */
static void make_item(uint64_t *seed, const struct stream_options *options, struct stream_item *items,
                      size_t i) {
    struct stream_item *item = &items[i];
    uint32_t sort = below(seed, 100);
    if (sort < 2) {
        item->record.value = (struct slice){NULL, 0};
        return;
    }
    if (sort < 5) {
        item->reason = (enum reason)(1 + below(seed, REASON_FUTURE - 1));
        return;
    }
    item->valid = true;
    make_event(seed, options, item, item->record.timestamp_ms);
    item->event.event_print = number_print(item->event.source, 'i', (uint32_t)i);
    size_t back = 1 + below(seed, one_in(seed, 2) ? 8 : 3000);
    if (sort < 20 && i >= back && items[i - back].valid) repeat(seed, &items[i - back], item);
}

struct stream_item *stream_create(const struct stream_options *options) {
    struct stream_item *items = calloc(options->count, sizeof(*items));
    CHECK(items != NULL);
    uint64_t seed = options->seed;
    int64_t now_ms = options->start_ms;
    int64_t offset = below(&seed, 1000);
    uint32_t more = 0; /* events of this message that are still to come */
    for (size_t i = 0; i < options->count; i++) {
        struct stream_item *item = &items[i];
        if (more > 0) {
            item->record = items[i - 1].record;
            more = i + 1 == options->count ? 0 : more - 1;
            items[i - 1].record.next_offset = item->record.offset;
            make_item(&seed, options, items, i);
            continue;
        }
        if (options->fan_out > 0 && one_in(&seed, 2) && i + 1 < options->count) more = below(&seed, options->fan_out);
        now_ms += below(&seed, (uint32_t)options->step_ms_max + 1);
        if (one_in(&seed, 500)) now_ms += (int64_t)below(&seed, 72) * 3600000;
        int64_t record_ms = one_in(&seed, 20) ? now_ms - below(&seed, 7200000) : now_ms;
        if (one_in(&seed, 1000)) record_ms += (int64_t)3 * DAY_MS;
        int length = snprintf(item->value, sizeof(item->value), "{\"number\":%zu,\"random\":%llu}", i,
                              (unsigned long long)stream_random(&seed));
        item->record.value = (struct slice){item->value, (size_t)length};
        item->record.offset = offset;
        item->record.next_offset = offset + (options->files ? length + 1 : 1);
        item->record.timestamp_ms = record_ms;
        offset = item->record.next_offset + (options->files || !one_in(&seed, 20) ? 0 : 1 + below(&seed, 5));
        make_item(&seed, options, items, i);
    }
    return items;
}

size_t stream_whole(const struct stream_item *items, size_t count, size_t at) {
    while (at > 0 && at < count && items[at].record.offset == items[at - 1].record.offset) at++;
    return at;
}

void stream_feed(struct rollup *rollup, const struct stream_item *items, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        if (i % 64 == 0) {
            size_t ahead = to - i < 64 ? to - i : 64;
            for (size_t k = 0; k < ahead; k++) {
                if (items[i + k].valid) rollup_prefetch(rollup, &items[i + k].event, 1);
            }
        }
        enum reason reason = items[i].reason;
        (void)rollup_record(rollup, &items[i].record, items[i].valid ? &items[i].event : NULL, &reason);
    }
}

size_t stream_rewarm(struct rollup *rollup, const struct stream_item *items, size_t count) {
    const struct progress *progress = rollup_progress(rollup);
    size_t i = 0;
    while (i < count && progress->ordinal > 0 && items[i].record.offset < progress->window_offset) i++;
    while (i < count && items[i].record.offset < progress->next) {
        rollup_rewarm(rollup, &items[i].record, items[i].valid ? &items[i].event : NULL);
        i++;
    }
    struct fault fault;
    CHECK(rollup_rewarmed(rollup, &fault));
    return i;
}
