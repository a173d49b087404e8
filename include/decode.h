/* Bytes of one message -> one valid event, or a reason and a byte position. No allocation (but for unit.registered),
 * no I/O, and no state between calls that a result could depend on.
 *
 * Two implementations promise exactly this: decode() (fast, hand-written) and decode_reference() (jansson; tests,
 * `nhip check`). */
#ifndef NHIP_DECODE_H
#define NHIP_DECODE_H

#include "event.h"
#include "fault.h"

struct rejection {
    enum reason reason;
    uint32_t byte;     /* position in the message where the reader stood: the first byte of the offending token, or the end */
    const char *field; /* static storage; "" when no field is concerned */
};

struct decoder; /* immutable after creation; shareable between threads */

struct decoder_options {
    struct slice secret_key;       /* 16..256 bytes; keys all fingerprints */
    const char *reporting_currency; /* "VND" */
    const char *reporting_country;  /* "VN" */
    const char *amount_max; /* "USD=1000000,VND=50000000000": larger amounts are refused; null or "": no bound */
};

/* Null and `fault` for an unknown currency, a bad key or bounds that are none. */
struct decoder *decoder_create(const struct decoder_options *options, struct fault *fault);
void decoder_destroy(struct decoder *decoder);

/* Reads `message` into `event`; on refusal returns false and fills `rejection` (event is then unspecified). Any
 * thread. */
bool decode(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection);
bool decode_reference(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection);

/* The minor-unit exponent of an ISO 4217 code, or -1 when it is not in the list. */
int currency_exponent(struct slice code);

/* The keyed fingerprints, for tests, the synthetic province and sketches. Never 0. */
uint64_t decoder_print(const struct decoder *decoder, struct slice source, struct slice id);
uint64_t decoder_person_print(const struct decoder *decoder, struct slice id);

#endif
