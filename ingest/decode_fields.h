/* The table of schemas/README.md §2 and §3 as data: every key of the event contract, its type of value, and which
 * family reads it.
 *
 * Both decoders, the fingerprints and the tests are made from this one list. The order is the order in which
 * missing fields are reported. A key of events keeps its number for ever, because prints depend on it and a state remembers one
 * (`tail_print`): what is added goes behind the last of them. The keys of events and those of the registry's own reader are at
 * most 64 each, so a set of either is one 64-bit word. */
#ifndef NHIP_DECODE_FIELDS_H
#define NHIP_DECODE_FIELDS_H

#include "codes.h"
#include "limits.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* name, wire name, type of value, code list, then R = required, O = optional, N = not read by
 * payment.status, order.*, ride.completed, website.observed, unit.registered */
#define EVENT_FIELDS(X)                                                                 \
    X(TYPE, "type", TYPE, KIND, R, R, R, R, R)                                          \
    X(SCHEMA_VERSION, "schema_version", INT, NONE, R, R, R, R, R)                       \
    X(EVENT_ID, "event_id", ID, NONE, R, R, R, R, R)                                    \
    X(SOURCE, "source", ID, NONE, R, R, R, R, R)                                        \
    X(EVENT_TIME, "event_time", TIME, NONE, R, R, R, R, N)                              \
    X(INGEST_TIME, "ingest_time", TIME, NONE, R, R, R, R, N)                            \
    X(PAYMENT_ID, "payment_id", ID, NONE, R, N, N, N, N)                                \
    X(ORDER_ID, "order_id", ID, NONE, O, R, N, N, N)                                    \
    X(TRIP_ID, "trip_id", ID, NONE, N, N, R, N, N)                                      \
    X(MERCHANT_ID, "merchant_id", ID, NONE, R, N, N, R, R)                              \
    X(TERMINAL_ID, "terminal_id", ID, NONE, O, N, N, N, N)                              \
    X(SELLER_ID, "seller_id", ID, NONE, N, R, N, N, N)                                  \
    X(OPERATOR, "operator", ID, NONE, N, N, R, N, N)                                    \
    X(STATUS, "status", STATUS, STATUS, R, N, N, N, R)                                  \
    X(REASON_CLASS, "reason_class", CLOSED, REASON_CLASS, O, N, N, N, N)                \
    X(AMOUNT_MINOR, "amount_minor", MONEY, NONE, R, R, N, N, N)                         \
    X(FARE_MINOR, "fare_minor", MONEY, NONE, N, N, R, N, N)                             \
    X(CURRENCY, "currency", CURRENCY, NONE, R, R, R, N, N)                              \
    X(FX_AMOUNT_MINOR, "fx_amount_minor", MONEY, NONE, O, O, O, N, N)                   \
    X(INSTRUMENT, "instrument", CLOSED, INSTRUMENT, R, N, N, N, N)                      \
    X(WALLET, "wallet", OPEN, WALLET, O, N, N, N, N)                                    \
    X(SCHEME, "scheme", OPEN, SCHEME, O, N, N, N, N)                                    \
    X(CONTEXT, "context", CLOSED, CONTEXT, R, N, N, N, N)                               \
    X(AD_PLATFORM, "ad_platform", OPEN, AD_PLATFORM, O, N, N, N, N)                     \
    X(PAYER_ID, "payer_id", ID, NONE, R, N, N, N, N)                                    \
    X(PAYER_TYPE, "payer_type", CLOSED, PERSON, R, N, N, N, N)                          \
    X(PAYER_COUNTRY, "payer_country", COUNTRY, NONE, O, N, N, N, N)                     \
    X(MERCHANT_COUNTRY, "merchant_country", COUNTRY, NONE, O, N, N, N, N)               \
    X(CAPTURED_AT, "captured_at", TIME, NONE, O, N, N, N, N)                            \
    X(SAME_OWNER, "same_owner", BOOL, NONE, O, N, N, N, N)                              \
    X(CHANNEL, "channel", CLOSED, CHANNEL, N, R, N, N, N)                               \
    X(PLATFORM, "platform", OPEN, PLATFORM, N, R, N, N, N)                              \
    X(PAY_MODE, "pay_mode", CLOSED, PAY_MODE, N, R, N, N, N)                            \
    X(BUYER_TYPE, "buyer_type", CLOSED, PERSON, N, R, O, N, N)                          \
    X(BUYER_ID, "buyer_id", ID, NONE, N, O, O, N, N)                                    \
    X(SELLER_COUNTRY, "seller_country", COUNTRY, NONE, N, O, N, N, N)                   \
    X(BUYER_COUNTRY, "buyer_country", COUNTRY, NONE, N, O, N, N, N)                     \
    X(PRODUCT_CLASS, "product_class", OPEN, CATEGORY, N, O, N, N, N)                    \
    X(ORDER_CREATED_AT, "order_created_at", TIME, NONE, N, O, N, N, N)                  \
    X(SHIPPED_AT, "shipped_at", TIME, NONE, N, O, N, N, N)                              \
    X(DELIVERED_AT, "delivered_at", TIME, NONE, N, O, N, N, N)                          \
    X(CONTENT_CHANGED_AT, "content_changed_at", TIME, NONE, N, N, N, R, N)              \
    X(TEST, "test", BOOL, NONE, O, O, O, O, O)                                          \
    X(PAYMENT_INTENT_ID, "payment_intent_id", ID, NONE, O, N, N, N, N)                  \
    X(DRIVER_ID, "driver_id", ID, NONE, N, N, O, N, N)                                  \
    REGISTRY_FIELDS(X)

/* Keys that only unit_parse() reads; the decoders merely see to it that none comes twice. */
#define REGISTRY_FIELDS(X)                                                              \
    X(RECORDED_AT, "recorded_at", REGISTRY, NONE, N, N, N, N, N)                        \
    X(VALID_FROM, "valid_from", REGISTRY, NONE, N, N, N, N, N)                          \
    X(LEGAL_FORM, "legal_form", REGISTRY, NONE, N, N, N, N, N)                          \
    X(UNIT_TYPE, "unit_type", REGISTRY, NONE, N, N, N, N, N)                            \
    X(VSIC, "vsic", REGISTRY, NONE, N, N, N, N, N)                                      \
    X(VSIC_VERSION, "vsic_version", REGISTRY, NONE, N, N, N, N, N)                      \
    X(DISTRICT, "district", REGISTRY, NONE, N, N, N, N, N)                              \
    X(VALID_TO, "valid_to", REGISTRY, NONE, N, N, N, N, N)                              \
    X(PARENT, "parent_enterprise_id", REGISTRY, NONE, N, N, N, N, N)                    \
    X(GROUP, "enterprise_group_id", REGISTRY, NONE, N, N, N, N, N)                      \
    X(EMPLOYEES, "employees", REGISTRY, NONE, N, N, N, N, N)                            \
    X(HAS_EMAIL, "has_email", REGISTRY, NONE, N, N, N, N, N)                            \
    X(ACCEPTS_EPAY, "accepts_epay", REGISTRY, NONE, N, N, N, N, N)                      \
    X(BILLS_HOUSEHOLDS, "bills_households", REGISTRY, NONE, N, N, N, N, N)              \
    X(HAS_EMAIL_ASOF, "has_email_asof", REGISTRY, NONE, N, N, N, N, N)                  \
    X(MGMT_SOFTWARE, "mgmt_software", REGISTRY, NONE, N, N, N, N, N)                    \
    X(WEBSITE_URL, "website_url", REGISTRY, NONE, N, N, N, N, N)                        \
    X(WEBSITE_UPDATED_AT, "website_updated_at", REGISTRY, NONE, N, N, N, N, N)          \
    X(MKTPL_ACCOUNTS, "mktpl_accounts", REGISTRY, NONE, N, N, N, N, N)                  \
    X(ECHANNELS, "echannels", REGISTRY, NONE, N, N, N, N, N)                            \
    X(ACCOUNTS, "accounts", REGISTRY, NONE, N, N, N, N, N)

enum value_kind {
    VALUE_NONE = 0,
    VALUE_REGISTRY, /* left to unit_parse(); like VALUE_NONE it is skipped */
    VALUE_TYPE,     /* code of EVENT_KINDS, judged when the text is whole */
    VALUE_STATUS,   /* of a payment; judged when the text is whole */
    VALUE_ID,
    VALUE_CLOSED,   /* code of a closed list */
    VALUE_OPEN,     /* code of an open list */
    VALUE_CURRENCY, /* number = currency_pack() */
    VALUE_COUNTRY,  /* number = two letters, big endian */
    VALUE_TIME,
    VALUE_MONEY,
    VALUE_INT,
    VALUE_BOOL,
};

enum code_list {
    LIST_NONE = 0,
    LIST_KIND,
    LIST_STATUS,
    LIST_REASON_CLASS,
    LIST_INSTRUMENT,
    LIST_WALLET,
    LIST_SCHEME,
    LIST_CONTEXT,
    LIST_AD_PLATFORM,
    LIST_PERSON,
    LIST_CHANNEL,
    LIST_PLATFORM,
    LIST_PAY_MODE,
    LIST_CATEGORY,
    LIST_COUNT,
};

#define X(name, wire, value, list, p, o, d, w, u) FIELD_##name,
enum field { FIELD_NONE = 0, EVENT_FIELDS(X) FIELD_LIMIT };
#undef X
#define REGISTRY_FIELD_FIRST FIELD_RECORDED_AT
_Static_assert(REGISTRY_FIELD_FIRST - 1 <= 64 && FIELD_LIMIT - REGISTRY_FIELD_FIRST <= 64, "a set of fields is one 64-bit word");

enum {
    PLATFORM_NOT_ANY = 64,    /* number of the platform `_Z` */
    ID_FIELDS = 13,           /* how many fields are ids; checked in decode_fields.c */
    CODE_BYTES_MAX = 64,      /* a longer string is no code, not even of an open list */
};

/* What was read of one message, before its meaning as a whole is judged. Only what `present` names is defined. */
struct reading {
    uint64_t seen[2]; /* keys met, by field_set() */
    uint64_t present; /* keys with a value that was read: not null, not left to unit_parse() */
    uint64_t nulls;   /* keys with null: as good as absent */
    uint64_t unknown; /* open codes that are in no list and so were read as OTHER */
    uint32_t rooms;
    const char *place[FIELD_LIMIT]; /* where the value of a code or an int stands: type, version and status are judged later */
    uint64_t payload; /* sum of print_part() of all that is present */
    int64_t number[FIELD_LIMIT];    /* code (0 = not in the list), ms, minor units, 0/1; of an id: its hash */
    struct slice text[FIELD_LIMIT]; /* ids: bytes of the message, or of `room` when they had escapes */
    char room[ID_FIELDS + 1][ID_BYTES_MAX]; /* unescaped ids, `rooms` of them in use, and one for passing texts */
};

/* 0: a key of events, 1: of the registry's own reader. */
static inline unsigned field_set(enum field field) {
    return field >= REGISTRY_FIELD_FIRST;
}

/* Of one field in the set that it is of. */
static inline uint64_t field_bit(enum field field) {
    return (uint64_t)1 << (field - (field_set(field) != 0 ? REGISTRY_FIELD_FIRST : 1));
}

static inline bool reading_has(const struct reading *reading, enum field field) {
    return field_set(field) == 0 && (reading->present & field_bit(field)) != 0;
}

struct field_rule {
    const char *name;
    enum value_kind value;
    enum code_list list;
};

/* Indexed by enum field, and by enum family. */
extern const struct field_rule field_rules[FIELD_LIMIT];
extern const uint64_t family_required[FAMILY_COUNT];
extern const uint64_t family_read[FAMILY_COUNT]; /* required and optional */

/* Packs three capital letters; 0 for anything else. */
int32_t currency_pack(struct slice code);

#endif
