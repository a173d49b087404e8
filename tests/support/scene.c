/* Scenes, see scene.h. The facets are written out here once more, from booking.md and not from book.c, so that a
 * wrong coordinate shows. */
#include "scene.h"

#include "check.h"
#include "tests/support/event_stream.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000 };

struct scene *scene_create_with(uint32_t window_records, int64_t age_ms, size_t cells_max) {
    struct scene *scene = calloc(1, sizeof(*scene));
    CHECK(scene != NULL);
    struct fault fault;
    scene->zone = zone_create("Asia/Ho_Chi_Minh", &fault);
    CHECK(scene->zone != NULL);
    scene->options = (struct rollup_options){.zone = scene->zone,
                                             .window_records = window_records,
                                             .window_age_ms_max = age_ms,
                                             .watermark_bound_ms = 60000,
                                             .retention_days = SCENE_RETENTION_DAYS,
                                             .oldest_day = SCENE_OLDEST_DAY,
                                             .account_sketches = true,
                                             .success_at = stream_success_at,
                                             .cells_max = cells_max};
    scene->rollup = rollup_create(&scene->options, &fault);
    CHECK(scene->rollup != NULL);
    scene->store = memory_store_create();
    scene->next_offset = 1000;
    return scene;
}

struct scene *scene_create(void) {
    return scene_create_with(1000, (int64_t)14 * DAY_MS, SIZE_MAX);
}

void scene_destroy(struct scene *scene) {
    rollup_destroy(scene->rollup);
    memory_store_destroy(scene->store);
    zone_destroy(scene->zone);
    free(scene);
}

int64_t scene_time(int32_t day, int32_t hour) {
    return (int64_t)day * DAY_MS + (int64_t)(hour - 7) * HOUR_MS;
}

static struct event base(struct scene *scene, enum event_kind kind, int64_t time_ms) {
    struct event event = {.kind = kind,
                          .event_time_ms = time_ms,
                          .order_created_ms = TIME_NONE,
                          .shipped_ms = TIME_NONE,
                          .delivered_ms = TIME_NONE,
                          .captured_ms = TIME_NONE,
                          .changed_ms = TIME_NONE,
                          .amount_minor = 1000,
                          .person_type = PERSON_HOUSEHOLD};
    char id[24];
    int length = snprintf(id, sizeof(id), "auto%u", scene->serial++);
    event.source = SLICE("SRC");
    event.account_id = SLICE("m1");
    event.event_print = stream_print(event.source, (struct slice){id, (size_t)length});
    event.payload_print = event.event_print + 1;
    return event;
}

static uint64_t entity(const struct event *event, const char *id) {
    return stream_print(event->source, slice_of(id));
}

struct event scene_payment(struct scene *scene, const char *payment_id, enum pay_status status,
                           int64_t time_ms) {
    struct event event = base(scene, KIND_PAYMENT_STATUS, time_ms);
    event.status = status;
    event.instrument = INSTRUMENT_CARD;
    event.context = CONTEXT_ONLINE;
    event.reason_class = status == PAY_DECLINED ? REASON_CLASS_TECHNICAL : REASON_CLASS_NONE;
    event.entity_print = entity(&event, payment_id);
    event.person_print = 1;
    return event;
}

struct event scene_order(struct scene *scene, const char *order_id, enum event_kind kind, int64_t time_ms) {
    struct event event = base(scene, kind, time_ms);
    event.outlet = OUTLET_SHOPEE;
    event.pay_mode = PAY_MODE_COD;
    event.category = CATEGORY_FOOD;
    event.entity_print = entity(&event, order_id);
    event.person_print = 2;
    return event;
}

struct event scene_ride(struct scene *scene, int64_t time_ms) {
    struct event event = base(scene, KIND_RIDE_COMPLETED, time_ms);
    event.outlet = OUTLET_RIDE_APP;
    return event;
}

struct event scene_website(struct scene *scene, int64_t time_ms, int64_t changed_ms) {
    struct event event = base(scene, KIND_WEBSITE_OBSERVED, time_ms);
    event.amount_minor = 0;
    event.person_type = PERSON_NONE;
    event.changed_ms = changed_ms;
    return event;
}

struct event scene_unit(struct scene *scene, const char *document, int64_t recorded_ms) {
    struct event event = base(scene, KIND_UNIT_REGISTERED, recorded_ms);
    event.document = slice_of(document);
    return event;
}

void scene_account(struct event *event, const char *source, const char *account_id) {
    event->entity_print ^= stream_print(event->source, SLICE("")) ^ stream_print(slice_of(source), SLICE(""));
    event->source = slice_of(source);
    event->account_id = slice_of(account_id);
}

void scene_buyer(struct event *event, const char *buyer_id) {
    event->person_type = PERSON_BUSINESS;
    event->buyer_id = slice_of(buyer_id);
    event->buyer_print = stream_print(event->source, event->buyer_id);
}

void scene_id(struct event *event, const char *event_id) {
    event->event_print = stream_print(event->source, slice_of(event_id));
}

static enum verdict put(struct scene *scene, const struct event *event, enum reason reason, int64_t time_ms,
                        struct slice value) {
    struct record record = {.value = value,
                            .offset = scene->next_offset,
                            .next_offset = scene->next_offset + 1,
                            .timestamp_ms = time_ms};
    scene->next_offset++;
    scene->reason = reason;
    return rollup_record(scene->rollup, &record, event, &scene->reason);
}

enum verdict scene_put(struct scene *scene, const struct event *event) {
    int64_t time_ms =
        scene->record_time_ms != 0 ? scene->record_time_ms : event->event_time_ms + scene->record_delay_ms;
    rollup_prefetch(scene->rollup, event, 1);
    return put(scene, event, REASON_NONE, time_ms, SLICE("{}"));
}

enum verdict scene_refuse(struct scene *scene, enum reason reason, int64_t record_time_ms) {
    return put(scene, NULL, reason, record_time_ms,
               reason != REASON_NONE ? SLICE("{") : (struct slice){NULL, 0});
}

void scene_commit(struct scene *scene) {
    memory_store_commit(scene->store, scene->rollup);
}

const struct counts *scene_counts(const struct scene *scene) {
    return &rollup_progress(scene->rollup)->counts;
}

const char *scene_cell(struct scene *scene, enum hash_kind kind, int32_t bucket, uint64_t facet,
                       const char *lane) {
    scene_commit(scene);
    char field[FACET_TEXT_LENGTH + 8];
    facet_format(facet, field);
    size_t length = strlen(lane);
    CHECK(length < 8);
    memcpy(field + FACET_TEXT_LENGTH, lane, length);
    struct slice text = {field, FACET_TEXT_LENGTH + length};
    struct slice value = memory_store_value(scene->store, (struct hash_id){kind, bucket, 0}, text);
    return value.data != NULL ? value.data : "";
}

const char *scene_ledger(struct scene *scene, int32_t day, uint32_t account, uint64_t facet) {
    CHECK(account < 32);
    char lane[2] = {account < 26 ? (char)('A' + (int)account) : (char)('a' + (int)account - 26), 0};
    return scene_cell(scene, HASH_LEDGER, day, facet, account == 0 ? "" : lane);
}

const char *scene_account_value(struct scene *scene, uint32_t account) {
    CHECK(account < 32);
    scene_commit(scene);
    char field[8];
    int length = snprintf(field, sizeof(field), "%u", account);
    struct slice value = memory_store_value(scene->store, (struct hash_id){HASH_ACCOUNT, 0, 0},
                                            (struct slice){field, (size_t)length});
    return value.data != NULL ? value.data : "";
}

uint64_t scene_facet(const struct event *event, enum role role, enum outcome outcome) {
    uint64_t facet = facet_with_outcome(facet_with_role(0, role), outcome);
    if (event->kind == KIND_WEBSITE_OBSERVED) return facet_with_family(facet, FAMILY_WEBSITE);
    facet = facet_with_person_type(facet, event->person_type);
    if (event->kind == KIND_RIDE_COMPLETED)
        return facet_with_outlet(facet_with_family(facet, FAMILY_RIDE), OUTLET_RIDE_APP);
    facet = facet_with_cross_border(facet, event->cross_border);
    if (event->kind == KIND_PAYMENT_STATUS) {
        facet = facet_with_context(facet_with_instrument(facet_with_family(facet, FAMILY_PAYMENT),
                                                         event->instrument),
                                   event->context);
        if (outcome == OUTCOME_DECLINED) facet = facet_with_reason_class(facet, event->reason_class);
        return facet_with_party(facet, event->party);
    }
    facet = facet_with_pay_mode(facet_with_outlet(facet_with_family(facet, FAMILY_ORDER), event->outlet),
                                event->pay_mode);
    return facet_with_category(facet, event->category);
}

uint64_t scene_pulse_facet(const struct event *event, enum outcome outcome) {
    uint64_t facet = facet_with_outcome(0, outcome);
    if (event->kind == KIND_WEBSITE_OBSERVED) return facet_with_family(facet, FAMILY_WEBSITE);
    if (event->kind == KIND_RIDE_COMPLETED)
        return facet_with_outlet(facet_with_family(facet, FAMILY_RIDE), OUTLET_RIDE_APP);
    if (event->kind != KIND_PAYMENT_STATUS)
        return facet_with_outlet(facet_with_family(facet, FAMILY_ORDER), event->outlet);
    facet =
        facet_with_context(facet_with_instrument(facet_with_family(facet, FAMILY_PAYMENT), event->instrument),
                           event->context);
    return outcome == OUTCOME_DECLINED ? facet_with_reason_class(facet, event->reason_class) : facet;
}
