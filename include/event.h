/* One valid event, fixed size: what ingest hands to the roll-up.
 *
 * Everything that a rule needs is a number here; the few strings that must survive (account names, the registry document) are
 * slices into the record's bytes, or into `scratch` when they had escapes, and live as long as both. */
#ifndef NHIP_EVENT_H
#define NHIP_EVENT_H

#include "codes.h"
#include "limits.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define TIME_NONE INT64_MIN

struct event {
    enum event_kind kind;
    enum pay_status status; /* payments only */
    enum reason_class reason_class;
    enum instrument instrument;
    enum context context; /* TRANSFER also stands for same_owner = true */
    enum outlet outlet;   /* orders; RIDE_APP for rides */
    enum party party;
    enum pay_mode pay_mode;
    enum category category;
    enum cross_border cross_border;
    enum person_type person_type; /* payer_type or buyer_type; rides: HOUSEHOLD unless buyer_type says otherwise */
    bool test;
    bool unconverted;     /* a foreign currency without fx_amount_minor: counted in number, not in value */
    uint8_t open_unknown; /* how many open codes were read as OTHER */

    int64_t event_time_ms;   /* unit.registered: recorded_at */
    int64_t order_created_ms; /* TIME_NONE when absent; so for the next four */
    int64_t shipped_ms;
    int64_t delivered_ms;
    int64_t captured_ms;
    int64_t changed_ms;      /* website.observed: content_changed_at, always there */
    int64_t amount_minor;    /* in reporting currency, 0 when unconverted or without amount */

    uint64_t event_print;   /* keyed fingerprint of (source, event_id) */
    uint64_t entity_print;  /* keyed fingerprint of (source, payment_id | order_id); 0 for other families */
    uint64_t payload_print; /* of everything read except ingest_time: tells a redelivery from a conflict */
    uint64_t person_print;  /* keyed hash of payer_id or buyer_id without source; 0 when absent */
    uint64_t account_print; /* keyed hash of (source, account_id) */
    uint64_t buyer_print;   /* the same of (source, buyer_id) when buyer_type = BUSINESS; else 0 */
    uint64_t group_print;   /* of (source, payment_intent_id) of payments, (operator, driver_id) of rides; 0 when absent */

    struct slice source;
    struct slice account_id; /* merchant_id (else terminal_id) | seller_id | operator | merchant_id */
    struct slice buyer_id;   /* business buyers only; else empty */
    struct slice document;   /* unit.registered: the whole JSON text; else empty */
    char scratch[3][ID_BYTES_MAX];
};

#endif
