/* Rules between fields and the coordinates of an event, for the reference decoder: written from schemas/README.md
 * §2 and booking.md §3, not from decode_event.c. Fields are asked for one after the other, by family, in the order
 * of the table. */
#include "check.h"
#include "ingest/decode_reference.h"
#include "unit.h"

static bool has(const struct reading *reading, enum field field) {
    return (reading->present >> (field - 1) & 1) != 0;
}

static int64_t number_or(const struct reading *reading, enum field field, int64_t absent) {
    return has(reading, field) ? reading->number[field] : absent;
}

static bool refuse_at_value(const struct plain_reader *reader, enum reason reason, enum field field) {
    size_t at = (size_t)(reader->reading->place[field] - reader->message.data);
    return plain_refuse(reader, reason, at, field_rules[field].name);
}

/* Each of `fields` (ended by FIELD_NONE) must be there. */
static bool need(const struct plain_reader *reader, const enum field *fields) {
    for (; *fields != FIELD_NONE; fields++) {
        if (has(reader->reading, *fields)) continue;
        if (*fields == FIELD_MERCHANT_ID && has(reader->reading, FIELD_TERMINAL_ID) && has(reader->reading, FIELD_PAYMENT_ID) &&
            event_kind_family((enum event_kind)reader->reading->number[FIELD_TYPE]) == FAMILY_PAYMENT) {
            continue;
        }
        return plain_refuse(reader, REASON_MISSING_FIELD, reader->message.length, field_rules[*fields].name);
    }
    return true;
}

static bool need_one(const struct plain_reader *reader, enum field field) {
    return need(reader, (const enum field[]){field, FIELD_NONE});
}

static const enum field payment_needs[] = {
    FIELD_EVENT_ID,     FIELD_SOURCE, FIELD_EVENT_TIME, FIELD_INGEST_TIME, FIELD_PAYMENT_ID, FIELD_MERCHANT_ID, FIELD_STATUS,
    FIELD_AMOUNT_MINOR, FIELD_CURRENCY, FIELD_INSTRUMENT, FIELD_CONTEXT,   FIELD_PAYER_ID,   FIELD_PAYER_TYPE,  FIELD_NONE,
};
static const enum field order_needs[] = {
    FIELD_EVENT_ID,     FIELD_SOURCE,   FIELD_EVENT_TIME, FIELD_INGEST_TIME, FIELD_ORDER_ID,   FIELD_SELLER_ID,
    FIELD_AMOUNT_MINOR, FIELD_CURRENCY, FIELD_CHANNEL,    FIELD_PLATFORM,    FIELD_PAY_MODE,   FIELD_BUYER_TYPE,
    FIELD_NONE,
};
static const enum field ride_needs[] = {
    FIELD_EVENT_ID, FIELD_SOURCE,   FIELD_EVENT_TIME, FIELD_INGEST_TIME, FIELD_TRIP_ID,
    FIELD_OPERATOR, FIELD_FARE_MINOR, FIELD_CURRENCY, FIELD_NONE,
};
static const enum field website_needs[] = {
    FIELD_EVENT_ID, FIELD_SOURCE, FIELD_EVENT_TIME, FIELD_INGEST_TIME, FIELD_MERCHANT_ID, FIELD_CONTENT_CHANGED_AT, FIELD_NONE,
};
static const enum field unit_needs[] = {FIELD_EVENT_ID, FIELD_SOURCE, FIELD_MERCHANT_ID, FIELD_STATUS, FIELD_NONE};

static void take_amount(const struct plain_reader *reader, enum field amount, struct event *event) {
    const struct reading *reading = reader->reading;
    bool foreign = reading->number[FIELD_CURRENCY] != reader->decoder->reporting_currency;
    event->unconverted = foreign && !has(reading, FIELD_FX_AMOUNT_MINOR);
    event->amount_minor = !foreign             ? reading->number[amount]
                          : event->unconverted ? 0
                                               : reading->number[FIELD_FX_AMOUNT_MINOR];
}

/* What is written against the bound of its currency, then what is booked against that of the reporting one. */
static bool plausible(const struct plain_reader *reader, enum field amount, const struct event *event) {
    const struct decoder *decoder = reader->decoder;
    int64_t currency = reader->reading->number[FIELD_CURRENCY];
    if (reader->reading->number[amount] > amount_bound(&decoder->bounds, currency))
        return refuse_at_value(reader, REASON_IMPLAUSIBLE_AMOUNT, amount);
    bool held = event->amount_minor <= amount_bound(&decoder->bounds, decoder->reporting_currency);
    return held || refuse_at_value(reader, REASON_IMPLAUSIBLE_AMOUNT, FIELD_FX_AMOUNT_MINOR);
}

static enum cross_border border(const struct plain_reader *reader, enum field seller, enum field buyer) {
    int64_t home = reader->decoder->reporting_country;
    int64_t from = number_or(reader->reading, seller, 0);
    int64_t to = number_or(reader->reading, buyer, 0);
    if (from == 0 || to == 0) return CROSS_BORDER_NONE;
    if (from != home && to == home) return CROSS_BORDER_IMPORT;
    if (from == home && to != home) return CROSS_BORDER_EXPORT;
    return CROSS_BORDER_DOMESTIC;
}

static uint8_t unknown_one(const struct reading *reading, enum field field) {
    return (reading->unknown >> (field - 1) & 1) != 0;
}

/* What `id`, an id of `owner`'s, names, when it is there. */
static void name_group(const struct reading *reading, enum field owner, enum field id, struct print_plan *plan) {
    plan->group_owner = owner;
    if (has(reading, id)) plan->group = id;
}

static bool derive_payment(const struct plain_reader *reader, struct event *event, struct print_plan *plan) {
    const struct reading *reading = reader->reading;
    if (!need(reader, payment_needs)) return false;
    event->status = (enum pay_status)reading->number[FIELD_STATUS];
    event->instrument = (enum instrument)reading->number[FIELD_INSTRUMENT];
    event->context = (enum context)reading->number[FIELD_CONTEXT];
    event->person_type = (enum person_type)reading->number[FIELD_PAYER_TYPE];
    event->reason_class = (enum reason_class)number_or(reading, FIELD_REASON_CLASS, 0);
    if (event->status == PAY_DECLINED && !need_one(reader, FIELD_REASON_CLASS)) return false;
    if (event->instrument == INSTRUMENT_EWALLET && !need_one(reader, FIELD_WALLET)) return false;
    if (event->instrument == INSTRUMENT_CARD && !need_one(reader, FIELD_SCHEME)) return false;
    if (number_or(reading, FIELD_SAME_OWNER, 0) == 1) event->context = CONTEXT_TRANSFER;
    event->open_unknown = (uint8_t)(unknown_one(reading, FIELD_WALLET) + unknown_one(reading, FIELD_SCHEME));
    if (event->instrument == INSTRUMENT_EWALLET) event->party = (enum party)reading->number[FIELD_WALLET];
    if (event->context == CONTEXT_AD) event->party = (enum party)number_or(reading, FIELD_AD_PLATFORM, event->party);
    if (reading->number[FIELD_CONTEXT] == CONTEXT_AD && unknown_one(reading, FIELD_AD_PLATFORM)) event->open_unknown++;
    event->cross_border = border(reader, FIELD_MERCHANT_COUNTRY, FIELD_PAYER_COUNTRY);
    event->captured_ms = number_or(reading, FIELD_CAPTURED_AT, TIME_NONE);
    take_amount(reader, FIELD_AMOUNT_MINOR, event);
    if (!plausible(reader, FIELD_AMOUNT_MINOR, event)) return false;
    plan->entity = FIELD_PAYMENT_ID;
    plan->account = has(reading, FIELD_MERCHANT_ID) ? FIELD_MERCHANT_ID : FIELD_TERMINAL_ID;
    plan->person = FIELD_PAYER_ID;
    name_group(reading, FIELD_SOURCE, FIELD_PAYMENT_INTENT_ID, plan);
    return true;
}

static bool derive_order(const struct plain_reader *reader, struct event *event, struct print_plan *plan) {
    const struct reading *reading = reader->reading;
    if (!need(reader, order_needs)) return false;
    const char *channel = channel_name((enum channel)reading->number[FIELD_CHANNEL]);
    if (reading->number[FIELD_CHANNEL] == CHANNEL_MARKETPLACE) {
        int64_t platform = reading->number[FIELD_PLATFORM];
        event->outlet = platform == PLATFORM_NOT_ANY ? OUTLET_OTHER : (enum outlet)platform;
        event->open_unknown = unknown_one(reading, FIELD_PLATFORM);
    } else { /* the outlet of the channel's own name */
        for (unsigned outlet = OUTLET_OTHER + 1; outlet < OUTLET_COUNT; outlet++) {
            if (slice_equal(slice_of(outlet_name((enum outlet)outlet)), slice_of(channel))) event->outlet = (enum outlet)outlet;
        }
    }
    event->open_unknown = (uint8_t)(event->open_unknown + unknown_one(reading, FIELD_PRODUCT_CLASS));
    event->pay_mode = (enum pay_mode)reading->number[FIELD_PAY_MODE];
    event->category = (enum category)number_or(reading, FIELD_PRODUCT_CLASS, 0);
    event->person_type = (enum person_type)reading->number[FIELD_BUYER_TYPE];
    event->cross_border = border(reader, FIELD_SELLER_COUNTRY, FIELD_BUYER_COUNTRY);
    event->order_created_ms = number_or(reading, FIELD_ORDER_CREATED_AT, TIME_NONE);
    event->shipped_ms = number_or(reading, FIELD_SHIPPED_AT, TIME_NONE);
    event->delivered_ms = number_or(reading, FIELD_DELIVERED_AT, TIME_NONE);
    take_amount(reader, FIELD_AMOUNT_MINOR, event);
    if (!plausible(reader, FIELD_AMOUNT_MINOR, event)) return false;
    plan->entity = FIELD_ORDER_ID;
    plan->account = FIELD_SELLER_ID;
    return true;
}

static bool derive_ride(const struct plain_reader *reader, struct event *event, struct print_plan *plan) {
    if (!need(reader, ride_needs)) return false;
    event->outlet = OUTLET_RIDE_APP;
    event->person_type = (enum person_type)number_or(reader->reading, FIELD_BUYER_TYPE, PERSON_HOUSEHOLD);
    take_amount(reader, FIELD_FARE_MINOR, event);
    if (!plausible(reader, FIELD_FARE_MINOR, event)) return false;
    plan->account = FIELD_OPERATOR;
    name_group(reader->reading, FIELD_OPERATOR, FIELD_DRIVER_ID, plan);
    return true;
}

static bool derive_family(const struct plain_reader *reader, enum family family, struct event *event, struct print_plan *plan) {
    const struct reading *reading = reader->reading;
    switch (family) {
    case FAMILY_PAYMENT:
        return derive_payment(reader, event, plan);
    case FAMILY_ORDER:
        if (!derive_order(reader, event, plan)) return false;
        break;
    case FAMILY_RIDE:
        if (!derive_ride(reader, event, plan)) return false;
        break;
    case FAMILY_WEBSITE:
        plan->account = FIELD_MERCHANT_ID;
        event->changed_ms = number_or(reading, FIELD_CONTENT_CHANGED_AT, TIME_NONE);
        return need(reader, website_needs);
    case FAMILY_UNIT:
        return need(reader, unit_needs);
    case FAMILY_NONE:
    case FAMILY_COUNT:
        UNREACHABLE();
    }
    if (has(reading, FIELD_BUYER_ID)) { /* orders and rides */
        plan->person = FIELD_BUYER_ID;
        if (event->person_type == PERSON_BUSINESS) plan->buyer = FIELD_BUYER_ID;
    }
    return true;
}

static bool judge_head(const struct plain_reader *reader, enum family *family) {
    const struct reading *reading = reader->reading;
    if (!need_one(reader, FIELD_TYPE)) return false;
    if (reading->number[FIELD_TYPE] == 0) return refuse_at_value(reader, REASON_UNKNOWN_TYPE, FIELD_TYPE);
    if (!need_one(reader, FIELD_SCHEMA_VERSION)) return false;
    if (reading->number[FIELD_SCHEMA_VERSION] != 1) return refuse_at_value(reader, REASON_UNKNOWN_VERSION, FIELD_SCHEMA_VERSION);
    *family = event_kind_family((enum event_kind)reading->number[FIELD_TYPE]);
    bool wrong = *family == FAMILY_PAYMENT && number_or(reading, FIELD_STATUS, PAY_CAPTURED) == PAY_NONE;
    return !wrong || refuse_at_value(reader, REASON_UNKNOWN_CODE, FIELD_STATUS);
}

static struct slice copied(const struct reading *reading, enum field field, char *scratch) {
    if (field == FIELD_NONE) return (struct slice){"", 0};
    memcpy(scratch, reading->text[field].data, reading->text[field].length);
    return (struct slice){scratch, reading->text[field].length};
}

bool plain_derive(const struct plain_reader *reader, struct event *event) {
    const struct reading *reading = reader->reading;
    enum family family = FAMILY_NONE;
    struct print_plan plan = {.read = 0};
    struct prints prints;
    if (!judge_head(reader, &family)) return false;
    memset(event, 0, sizeof(*event));
    event->kind = (enum event_kind)reading->number[FIELD_TYPE];
    event->order_created_ms = event->shipped_ms = event->delivered_ms = event->captured_ms = event->changed_ms = TIME_NONE;
    event->document.data = "";
    if (!derive_family(reader, family, event, &plan)) return false;
    plan.read = family_read[family];
    event->test = number_or(reading, FIELD_TEST, 0) == 1;
    event->event_time_ms = number_or(reading, FIELD_EVENT_TIME, 0);
    print_take(reader->decoder, reading, &plan, &prints);
    event->event_print = prints.event;
    event->entity_print = prints.entity;
    event->payload_print = prints.payload;
    event->person_print = prints.person;
    event->account_print = prints.account;
    event->buyer_print = prints.buyer;
    event->group_print = prints.group;
    event->source = copied(reading, FIELD_SOURCE, event->scratch[0]);
    event->account_id = copied(reading, plan.account, event->scratch[1]);
    event->buyer_id = copied(reading, plan.buyer, event->scratch[2]);
    return family != FAMILY_UNIT || registry_derive(reader->decoder, reader->message, event, reader->rejection);
}
