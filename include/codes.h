/* The vocabulary of events: every code list, once. The decoder, the JSON names, the facet bits and the tests read these lists;
 * schemas/codes/ prints them with provenance and tests/ compares the two.
 *
 * Value 0 always means "absent". Lists are append-only: a code's number is part of the stored layout (facet.h).
 * CLOSED lists refuse an unknown code (reject.h: unknown_code); OPEN lists read it as OTHER and count it. */
#ifndef NHIP_CODES_H
#define NHIP_CODES_H

/* kind, wire name of `type`, family */
#define EVENT_KINDS(X)                                        \
    X(PAYMENT_STATUS, "payment.status", PAYMENT)              \
    X(ORDER_CREATED, "order.created", ORDER)                  \
    X(ORDER_PAID, "order.paid", ORDER)                        \
    X(ORDER_CONFIRMED, "order.confirmed", ORDER)              \
    X(ORDER_SHIPPED, "order.shipped", ORDER)                  \
    X(ORDER_DELIVERED, "order.delivered", ORDER)              \
    X(ORDER_FAILED_DELIVERY, "order.failed_delivery", ORDER)  \
    X(ORDER_CANCELLED, "order.cancelled", ORDER)              \
    X(ORDER_RETURN_REQUESTED, "order.return_requested", ORDER) \
    X(ORDER_RETURNED, "order.returned", ORDER)                \
    X(ORDER_REFUNDED, "order.refunded", ORDER)                \
    X(RIDE_COMPLETED, "ride.completed", RIDE)                 \
    X(WEBSITE_OBSERVED, "website.observed", WEBSITE)          \
    X(UNIT_REGISTERED, "unit.registered", UNIT)

#define FAMILIES(X) X(PAYMENT) X(ORDER) X(RIDE) X(WEBSITE) X(UNIT) /* CLOSED */

#define PAY_STATUSES(X) /* CLOSED */                                                                            \
    X(INITIATED) X(AUTHORISED) X(CAPTURED) X(SETTLED) X(DECLINED) X(EXPIRED) X(VOIDED) X(REFUNDED)              \
    X(PART_REFUNDED) X(CHARGED_BACK) X(CHARGEBACK_WON) X(REVERSED)

#define REASON_CLASSES(X) X(BUSINESS) X(TECHNICAL) X(FRAUD) /* CLOSED; FRAUD counts as a business decline */
#define INSTRUMENTS(X) /* CLOSED */ X(CARD) X(EWALLET) X(BANK_A2A) X(QR_A2A) X(CASH) X(MOBILE_MONEY) X(BNPL) X(OTHER)
#define CONTEXTS(X) /* CLOSED */ X(POS) X(ONLINE) X(BILL) X(RIDE) X(TRANSFER) X(TOPUP) X(CASHOUT) X(AD) X(DIGITAL)
#define CHANNELS(X) /* CLOSED */ X(MARKETPLACE) X(OWN_WEB) X(OWN_APP) X(SOCIAL) X(OTA) X(EMAIL) X(PHONE)
#define PAY_MODES(X) X(PREPAID) X(COD) X(INSTALMENT) /* CLOSED */
#define PERSON_TYPES(X) X(HOUSEHOLD) X(BUSINESS) X(GOVERNMENT) X(UNKNOWN) /* CLOSED; payer_type and buyer_type */
#define CATEGORIES(X) X(GOODS) X(SERVICE) X(DIGITAL) X(TRAVEL) X(RIDE) X(FOOD) X(OTHER) /* OPEN; product_class */
#define CROSS_BORDERS(X) X(DOMESTIC) X(IMPORT) X(EXPORT) /* derived from countries; absent country = absent code */

/* Where a sale happens, one axis: for channel MARKETPLACE the platform, for every other channel the channel itself
 * (its `platform` is then only checked to be a string; `_Z` = none). Unknown or `_Z` platforms of a marketplace are OTHER. */
#define OUTLETS(X)                                                                                              \
    X(LAZADA) X(SHOPEE) X(TIKI) X(SENDO) X(TIKTOK_SHOP) X(OTHER)  /* platforms: OPEN */                           \
    X(OWN_WEB) X(OWN_APP) X(SOCIAL) X(OTA) X(EMAIL) X(PHONE) X(RIDE_APP)

/* Wallet of an EWALLET payment, or advertising platform of a payment with context AD (`ad_platform`): OPEN. */
#define PARTIES(X)                                                                                              \
    X(MOMO) X(ZALOPAY) X(VNPAY) X(SHOPEEPAY) X(VIETTEL) X(OTHER)                                                 \
    X(FACEBOOK) X(INSTAGRAM) X(TWITTER) X(GOOGLE) X(TIKTOK)

/* Card schemes, OPEN: required for CARD, checked, not stored. */
#define SCHEMES(X) X(NAPAS) X(VISA) X(MASTERCARD) X(JCB) X(AMEX) X(UNIONPAY) X(OTHER)

/* What an event books (schemas/booking.md). */
#define OUTCOMES(X)                                                                                             \
    X(OK)           /* payment: first success; ride: completed */                                               \
    X(DECLINED)     /* payment: first outcome, with a reason class */                                           \
    X(REFUNDED)     /* payment or order: value given back, own day */                                           \
    X(CHARGED_BACK) /* payment, own day */                                                                      \
    X(CHARGEBACK_WON)                                                                                           \
    X(CREATED)      /* order: creation day */                                                                   \
    X(CANCELLED)    /* order: creation day */                                                                   \
    X(SHIPPED)      /* order: shipping day */                                                                   \
    X(FAILED)       /* order: shipping day */                                                                   \
    X(DELIVERED)    /* order: delivery day */                                                                   \
    X(RETURNED)     /* order: delivery day, count only (sum 0) */                                               \
    X(RETURN_VALUE) /* order: own day */                                                                        \
    X(OBSERVED)     /* website: day of content change */                                                        \
    X(UNRESOLVED)   /* a follow-up whose booking day is unknown: own day */                                     \
    X(PROGRESS)     /* pulse only: applied, books nothing */

/* What an account did, with first and last day for ever. */
#define ACTIVITIES(X)                                                                                           \
    X(PAID)   /* accepted non-cash payment booked OK (contexts TRANSFER, TOPUP, CASHOUT and same_owner excluded) */ \
    X(SOLD)   /* order CREATED as seller through an outlet other than EMAIL and PHONE */                        \
    X(BOUGHT) /* order CREATED as business buyer through an outlet other than EMAIL and PHONE */                \
    X(CHANGED) /* website content changed */                                                                    \
    X(NAMED) /* payment attempt that named its intent, or ride that named its driver */

/* Why a record was not applied: name, wire name, class. REJECTED: not a valid event. QUARANTINED: valid, but a rule forbids
 * booking it. Both go to the dead letters. */
#define REASONS(X)                                                                        \
    X(EMPTY, "empty_value", REJECTED)          /* zero bytes (a null value is a tombstone: ignored) */ \
    X(TOO_LARGE, "too_large", REJECTED)                                                   \
    X(NOT_JSON, "not_json", REJECTED)          /* syntax, trailing bytes, BOM, not an object at the top */ \
    X(BAD_UTF8, "bad_utf8", REJECTED)          /* also lone surrogates and NUL in strings */ \
    X(TOO_DEEP, "too_deep", REJECTED)                                                     \
    X(DUPLICATE_KEY, "duplicate_key", REJECTED) /* of a key that nhip reads */            \
    X(MISSING_FIELD, "missing_field", REJECTED)                                           \
    X(WRONG_TYPE, "wrong_type", REJECTED)      /* null is no type: it counts as absent */  \
    X(UNKNOWN_TYPE, "unknown_type", REJECTED)  /* `type` not in the list */               \
    X(UNKNOWN_VERSION, "unknown_version", REJECTED)                                       \
    X(UNKNOWN_CODE, "unknown_code", REJECTED)  /* closed list */                          \
    X(BAD_ID, "bad_id", REJECTED)                                                         \
    X(BAD_TIME, "bad_time", REJECTED)          /* no offset, impossible, outside 1970..2199 */ \
    X(BAD_AMOUNT, "bad_amount", REJECTED)      /* fraction, exponent, negative, beyond int64 */ \
    X(BAD_REGISTRY, "bad_registry", REJECTED)  /* a unit.registered record that breaks a registry rule */ \
    X(BAD_ENVELOPE, "bad_envelope", REJECTED)  /* what a mapping expects around the body is not there */ \
    X(IMPLAUSIBLE_AMOUNT, "implausible_amount", REJECTED) /* beyond `amount.max` of its currency */ \
    X(FUTURE, "future", QUARANTINED)                                                      \
    X(TOO_OLD, "too_old", QUARANTINED)                                                    \
    X(IMPOSSIBLE_STATE, "impossible_state", QUARANTINED)                                  \
    X(WITHDRAWN, "withdrawn", QUARANTINED)     /* in a range of `exclusions.file`: its delivery was bad */


#define X(name) FAMILY_##name,
enum family { FAMILY_NONE = 0, FAMILIES(X) FAMILY_COUNT };
#undef X
#define X(name, wire, family) KIND_##name,
enum event_kind { KIND_NONE = 0, EVENT_KINDS(X) KIND_COUNT };
#undef X
#define X(name) PAY_##name,
enum pay_status { PAY_NONE = 0, PAY_STATUSES(X) PAY_COUNT };
#undef X
#define X(name) REASON_CLASS_##name,
enum reason_class { REASON_CLASS_NONE = 0, REASON_CLASSES(X) REASON_CLASS_COUNT };
#undef X
#define X(name) INSTRUMENT_##name,
enum instrument { INSTRUMENT_NONE = 0, INSTRUMENTS(X) INSTRUMENT_COUNT };
#undef X
#define X(name) CONTEXT_##name,
enum context { CONTEXT_NONE = 0, CONTEXTS(X) CONTEXT_COUNT };
#undef X
#define X(name) CHANNEL_##name,
enum channel { CHANNEL_NONE = 0, CHANNELS(X) CHANNEL_COUNT };
#undef X
#define X(name) PAY_MODE_##name,
enum pay_mode { PAY_MODE_NONE = 0, PAY_MODES(X) PAY_MODE_COUNT };
#undef X
#define X(name) PERSON_##name,
enum person_type { PERSON_NONE = 0, PERSON_TYPES(X) PERSON_COUNT };
#undef X
#define X(name) CATEGORY_##name,
enum category { CATEGORY_NONE = 0, CATEGORIES(X) CATEGORY_COUNT };
#undef X
#define X(name) CROSS_BORDER_##name,
enum cross_border { CROSS_BORDER_NONE = 0, CROSS_BORDERS(X) CROSS_BORDER_COUNT };
#undef X
#define X(name) OUTLET_##name,
enum outlet { OUTLET_NONE = 0, OUTLETS(X) OUTLET_COUNT };
#undef X
#define X(name) PARTY_##name,
enum party { PARTY_NONE = 0, PARTIES(X) PARTY_COUNT };
#undef X
#define X(name) OUTCOME_##name,
enum outcome { OUTCOME_NONE = 0, OUTCOMES(X) OUTCOME_COUNT };
#undef X
#define X(name) ACTIVITY_##name,
enum activity { ACTIVITY_NONE = 0, ACTIVITIES(X) ACTIVITY_COUNT };
#undef X
#define X(name, wire, class) REASON_##name,
enum reason { REASON_NONE = 0, REASONS(X) REASON_COUNT };
#undef X

enum role { ROLE_NONE = 0, ROLE_SELLER, ROLE_BUYER, ROLE_COUNT };
enum reason_kind { REASON_KIND_NONE = 0, REASON_KIND_REJECTED, REASON_KIND_QUARANTINED };

/* Names as on the wire and in files; "" for 0 and for numbers outside the list. Static storage. Any thread. */
const char *family_name(enum family code);
const char *event_kind_name(enum event_kind code);
const char *pay_status_name(enum pay_status code);
const char *reason_class_name(enum reason_class code);
const char *instrument_name(enum instrument code);
const char *context_name(enum context code);
const char *channel_name(enum channel code);
const char *pay_mode_name(enum pay_mode code);
const char *person_type_name(enum person_type code);
const char *category_name(enum category code);
const char *cross_border_name(enum cross_border code);
const char *outlet_name(enum outlet code);
const char *party_name(enum party code);
const char *outcome_name(enum outcome code);
const char *activity_name(enum activity code);
const char *reason_name(enum reason code);
enum reason_kind reason_kind_of(enum reason code);
enum family event_kind_family(enum event_kind code);

#endif
