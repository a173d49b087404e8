/* From what was read to what it means: the rules that need the whole text, and the coordinates of booking.md §3.
 *
 * Order of the judgement (schemas/README.md §1): `type`, `schema_version`, `status` (whose list depends on the
 * type), missing fields in the order of the table, rules between fields in the same order, `amount.max`. The table of required
 * fields is a set per family, so finding the first missing one is one AND and one count of zeros.
 *
 * Decided here, because two people could decide it differently:
 *  - `null` counts as absent, so null in a required field is `missing_field`, reported at the end of the text like
 *    any other.
 *  - `status` of an order, ride or website event is only checked to be a string: no list belongs to it. A unit's
 *    status is one of the registry's fields, so a wrong one is `bad_registry`.
 *  - An ad platform gives the party only while the context is AD; `same_owner` makes the context TRANSFER first. A
 *    wallet gives it only for EWALLET. An AD payment without `ad_platform` keeps its wallet.
 *  - Unknown open codes are counted when they are read: `platform` only for a MARKETPLACE, `ad_platform` only for AD
 *    (as the event says it, whoever owns the accounts). `_Z` is known. */
#include "ingest/decode_inner.h"

#define FAMILY_OF(name, wire, family) [KIND_##name] = FAMILY_##family,
static const uint8_t kind_family[KIND_COUNT] = {EVENT_KINDS(FAMILY_OF)};

static bool missing(struct rejection *rejection, struct slice message, enum field field) {
    return reject(rejection, REASON_MISSING_FIELD, message.length, field_rules[field].name);
}

/* Refused where the value of `field` stands. */
static bool reject_value(const struct reading *reading, struct slice message, enum field field, enum reason reason,
                         struct rejection *rejection) {
    return reject(rejection, reason, (size_t)(reading->place[field] - message.data), field_rules[field].name);
}

/* The only status with a list of ours is a payment's; a unit's is judged by unit_parse(). */
static bool status_holds(const struct reading *reading, struct slice message, enum family family, struct rejection *rejection) {
    if (family != FAMILY_PAYMENT || !reading_has(reading, FIELD_STATUS) || reading->number[FIELD_STATUS] != PAY_NONE) return true;
    return reject_value(reading, message, FIELD_STATUS, REASON_UNKNOWN_CODE, rejection);
}

/* Payments only: what one field's value makes another's presence necessary for. */
static enum field payment_lacks(const struct reading *reading) {
    if (reading->number[FIELD_STATUS] == PAY_DECLINED && !reading_has(reading, FIELD_REASON_CLASS)) return FIELD_REASON_CLASS;
    int64_t instrument = reading->number[FIELD_INSTRUMENT];
    if (instrument == INSTRUMENT_EWALLET && !reading_has(reading, FIELD_WALLET)) return FIELD_WALLET;
    if (instrument == INSTRUMENT_CARD && !reading_has(reading, FIELD_SCHEME)) return FIELD_SCHEME;
    return FIELD_NONE;
}

static bool reading_holds(const struct reading *reading, struct slice message, enum family *family,
                          struct rejection *rejection) {
    if (!reading_has(reading, FIELD_TYPE)) return missing(rejection, message, FIELD_TYPE);
    int64_t kind = reading->number[FIELD_TYPE];
    if (kind == KIND_NONE) return reject_value(reading, message, FIELD_TYPE, REASON_UNKNOWN_TYPE, rejection);
    if (!reading_has(reading, FIELD_SCHEMA_VERSION)) return missing(rejection, message, FIELD_SCHEMA_VERSION);
    if (reading->number[FIELD_SCHEMA_VERSION] != 1) {
        return reject_value(reading, message, FIELD_SCHEMA_VERSION, REASON_UNKNOWN_VERSION, rejection);
    }
    *family = (enum family)kind_family[kind];
    if (!status_holds(reading, message, *family, rejection)) return false;
    uint64_t lacking = family_required[*family] & ~reading->present;
    if (*family == FAMILY_PAYMENT && reading_has(reading, FIELD_TERMINAL_ID)) lacking &= ~field_bit(FIELD_MERCHANT_ID);
    if (lacking != 0) return missing(rejection, message, (enum field)(__builtin_ctzll(lacking) + 1));
    enum field lacked = *family == FAMILY_PAYMENT ? payment_lacks(reading) : FIELD_NONE;
    return lacked == FIELD_NONE || missing(rejection, message, lacked);
}

/* The amount as it is written, in its own currency; then what is booked of a foreign one. */
static bool amount_holds(const struct decoder *decoder, const struct reading *reading, struct slice message, enum family family,
                         struct rejection *rejection) {
    if (family != FAMILY_PAYMENT && family != FAMILY_ORDER && family != FAMILY_RIDE) return true;
    enum field amount = family == FAMILY_RIDE ? FIELD_FARE_MINOR : FIELD_AMOUNT_MINOR;
    int64_t currency = reading->number[FIELD_CURRENCY];
    if (reading->number[amount] > amount_bound(&decoder->bounds, currency))
        return reject_value(reading, message, amount, REASON_IMPLAUSIBLE_AMOUNT, rejection);
    if (currency == decoder->reporting_currency || !reading_has(reading, FIELD_FX_AMOUNT_MINOR)) return true;
    if (reading->number[FIELD_FX_AMOUNT_MINOR] <= amount_bound(&decoder->bounds, decoder->reporting_currency)) return true;
    return reject_value(reading, message, FIELD_FX_AMOUNT_MINOR, REASON_IMPLAUSIBLE_AMOUNT, rejection);
}

static int64_t time_or_none(const struct reading *reading, enum field field) {
    return reading_has(reading, field) ? reading->number[field] : TIME_NONE;
}

static int64_t code_or_none(const struct reading *reading, enum field field) {
    return reading_has(reading, field) ? reading->number[field] : 0;
}

/* There are hardly ever any, so a loop is quicker than counting without an instruction for it. */
static uint8_t bit_count(uint64_t bits) {
    uint8_t count = 0;
    for (; bits != 0; bits &= bits - 1) count++;
    return count;
}

static enum cross_border cross_border_of(const struct decoder *decoder, const struct reading *reading, enum field seller,
                                         enum field buyer) {
    if (!reading_has(reading, seller) || !reading_has(reading, buyer)) return CROSS_BORDER_NONE;
    bool seller_home = reading->number[seller] == decoder->reporting_country;
    bool buyer_home = reading->number[buyer] == decoder->reporting_country;
    if (seller_home == buyer_home) return CROSS_BORDER_DOMESTIC;
    return buyer_home ? CROSS_BORDER_IMPORT : CROSS_BORDER_EXPORT;
}

static void amount_take(const struct decoder *decoder, const struct reading *reading, enum field amount, struct event *event) {
    if (reading->number[FIELD_CURRENCY] == decoder->reporting_currency) {
        event->amount_minor = reading->number[amount];
    } else if (reading_has(reading, FIELD_FX_AMOUNT_MINOR)) {
        event->amount_minor = reading->number[FIELD_FX_AMOUNT_MINOR];
    } else {
        event->unconverted = true;
    }
}

static void payment_take(const struct decoder *decoder, const struct reading *reading, struct event *event,
                         struct print_plan *plan) {
    event->status = (enum pay_status)reading->number[FIELD_STATUS];
    event->reason_class = (enum reason_class)code_or_none(reading, FIELD_REASON_CLASS);
    event->instrument = (enum instrument)reading->number[FIELD_INSTRUMENT];
    event->context = (enum context)reading->number[FIELD_CONTEXT];
    if (code_or_none(reading, FIELD_SAME_OWNER) != 0) event->context = CONTEXT_TRANSFER;
    if (event->instrument == INSTRUMENT_EWALLET) event->party = (enum party)reading->number[FIELD_WALLET];
    uint64_t unknown = reading->unknown & (field_bit(FIELD_WALLET) | field_bit(FIELD_SCHEME));
    if (reading->number[FIELD_CONTEXT] == CONTEXT_AD) unknown |= reading->unknown & field_bit(FIELD_AD_PLATFORM);
    if (event->context == CONTEXT_AD && reading_has(reading, FIELD_AD_PLATFORM)) {
        event->party = (enum party)reading->number[FIELD_AD_PLATFORM];
    }
    event->open_unknown = bit_count(unknown);
    event->person_type = (enum person_type)reading->number[FIELD_PAYER_TYPE];
    event->cross_border = cross_border_of(decoder, reading, FIELD_MERCHANT_COUNTRY, FIELD_PAYER_COUNTRY);
    event->captured_ms = time_or_none(reading, FIELD_CAPTURED_AT);
    amount_take(decoder, reading, FIELD_AMOUNT_MINOR, event);
    plan->entity = FIELD_PAYMENT_ID;
    plan->account = reading_has(reading, FIELD_MERCHANT_ID) ? FIELD_MERCHANT_ID : FIELD_TERMINAL_ID;
    plan->person = FIELD_PAYER_ID;
    if (reading_has(reading, FIELD_PAYMENT_INTENT_ID)) plan->group = FIELD_PAYMENT_INTENT_ID;
    plan->group_owner = FIELD_SOURCE;
}

static enum outlet outlet_of(enum channel channel, int64_t platform) {
    switch (channel) {
    case CHANNEL_MARKETPLACE:
        return platform == PLATFORM_NOT_ANY ? OUTLET_OTHER : (enum outlet)platform;
    case CHANNEL_OWN_WEB:
        return OUTLET_OWN_WEB;
    case CHANNEL_OWN_APP:
        return OUTLET_OWN_APP;
    case CHANNEL_SOCIAL:
        return OUTLET_SOCIAL;
    case CHANNEL_OTA:
        return OUTLET_OTA;
    case CHANNEL_EMAIL:
        return OUTLET_EMAIL;
    case CHANNEL_PHONE:
        return OUTLET_PHONE;
    case CHANNEL_NONE:
    case CHANNEL_COUNT:
        break;
    }
    return OUTLET_NONE;
}

/* The person of an order or ride, and the account of a business that buys. */
static void buyer_take(const struct reading *reading, struct event *event, struct print_plan *plan) {
    if (!reading_has(reading, FIELD_BUYER_ID)) return;
    plan->person = FIELD_BUYER_ID;
    if (event->person_type == PERSON_BUSINESS) plan->buyer = FIELD_BUYER_ID;
}

static void order_take(const struct decoder *decoder, const struct reading *reading, struct event *event,
                       struct print_plan *plan) {
    enum channel channel = (enum channel)reading->number[FIELD_CHANNEL];
    event->outlet = outlet_of(channel, reading->number[FIELD_PLATFORM]);
    event->pay_mode = (enum pay_mode)reading->number[FIELD_PAY_MODE];
    event->category = (enum category)code_or_none(reading, FIELD_PRODUCT_CLASS);
    uint64_t unknown = reading->unknown & field_bit(FIELD_PRODUCT_CLASS);
    if (channel == CHANNEL_MARKETPLACE) unknown |= reading->unknown & field_bit(FIELD_PLATFORM);
    event->open_unknown = bit_count(unknown);
    event->person_type = (enum person_type)reading->number[FIELD_BUYER_TYPE];
    event->cross_border = cross_border_of(decoder, reading, FIELD_SELLER_COUNTRY, FIELD_BUYER_COUNTRY);
    event->order_created_ms = time_or_none(reading, FIELD_ORDER_CREATED_AT);
    event->shipped_ms = time_or_none(reading, FIELD_SHIPPED_AT);
    event->delivered_ms = time_or_none(reading, FIELD_DELIVERED_AT);
    amount_take(decoder, reading, FIELD_AMOUNT_MINOR, event);
    plan->entity = FIELD_ORDER_ID;
    plan->account = FIELD_SELLER_ID;
    buyer_take(reading, event, plan);
}

static void ride_take(const struct decoder *decoder, const struct reading *reading, struct event *event,
                      struct print_plan *plan) {
    event->outlet = OUTLET_RIDE_APP;
    event->person_type =
        reading_has(reading, FIELD_BUYER_TYPE) ? (enum person_type)reading->number[FIELD_BUYER_TYPE] : PERSON_HOUSEHOLD;
    amount_take(decoder, reading, FIELD_FARE_MINOR, event);
    plan->account = FIELD_OPERATOR;
    if (reading_has(reading, FIELD_DRIVER_ID)) plan->group = FIELD_DRIVER_ID;
    plan->group_owner = FIELD_OPERATOR;
    buyer_take(reading, event, plan);
}

/* An id that had escapes lives in the reading, which ends with the call: the event keeps a copy. */
static struct slice slice_kept(const struct reading *reading, enum field field, char scratch[static ID_BYTES_MAX]) {
    struct slice text = reading->text[field];
    uintptr_t distance = (uintptr_t)text.data - (uintptr_t)&reading->room[0][0];
    if (distance >= sizeof(reading->room)) return text;
    memcpy(scratch, text.data, text.length);
    return (struct slice){scratch, text.length};
}

/* All that families set differently; member by member, because clearing a quarter of a KiB costs more. */
static void event_clear(struct event *event) {
    event->status = PAY_NONE;
    event->reason_class = REASON_CLASS_NONE;
    event->instrument = INSTRUMENT_NONE;
    event->context = CONTEXT_NONE;
    event->outlet = OUTLET_NONE;
    event->party = PARTY_NONE;
    event->pay_mode = PAY_MODE_NONE;
    event->category = CATEGORY_NONE;
    event->cross_border = CROSS_BORDER_NONE;
    event->person_type = PERSON_NONE;
    event->unconverted = false;
    event->open_unknown = 0;
    event->order_created_ms = TIME_NONE;
    event->shipped_ms = TIME_NONE;
    event->delivered_ms = TIME_NONE;
    event->captured_ms = TIME_NONE;
    event->changed_ms = TIME_NONE;
    event->amount_minor = 0;
    event->account_id = (struct slice){"", 0};
    event->buyer_id = (struct slice){"", 0};
    event->document = (struct slice){"", 0};
}

static void prints_store(const struct decoder *decoder, const struct reading *reading, const struct print_plan *plan,
                         struct event *event) {
    struct prints prints;
    print_take(decoder, reading, plan, &prints);
    event->event_print = prints.event;
    event->entity_print = prints.entity;
    event->payload_print = prints.payload;
    event->person_print = prints.person;
    event->account_print = prints.account;
    event->buyer_print = prints.buyer;
    event->group_print = prints.group;
}

bool event_derive(const struct decoder *decoder, struct slice message, const struct reading *reading, struct event *event,
                  struct rejection *rejection) {
    enum family family = FAMILY_NONE;
    if (!reading_holds(reading, message, &family, rejection)) return false;
    if (decoder->bounds.count > 0 && !amount_holds(decoder, reading, message, family, rejection)) return false;
    struct print_plan plan = {.read = family_read[family]};
    event_clear(event);
    event->kind = (enum event_kind)reading->number[FIELD_TYPE];
    event->test = code_or_none(reading, FIELD_TEST) != 0;
    if (family == FAMILY_PAYMENT) {
        payment_take(decoder, reading, event, &plan);
    } else if (family == FAMILY_ORDER) {
        order_take(decoder, reading, event, &plan);
    } else if (family == FAMILY_RIDE) {
        ride_take(decoder, reading, event, &plan);
    } else if (family == FAMILY_WEBSITE) {
        event->changed_ms = reading->number[FIELD_CONTENT_CHANGED_AT];
        plan.account = FIELD_MERCHANT_ID;
    }
    prints_store(decoder, reading, &plan, event);
    event->source = slice_kept(reading, FIELD_SOURCE, event->scratch[0]);
    if (plan.account != FIELD_NONE) event->account_id = slice_kept(reading, plan.account, event->scratch[1]);
    if (plan.buyer != FIELD_NONE) event->buyer_id = slice_kept(reading, plan.buyer, event->scratch[2]);
    if (family == FAMILY_UNIT) return registry_derive(decoder, message, event, rejection);
    event->event_time_ms = reading->number[FIELD_EVENT_TIME];
    return true;
}
