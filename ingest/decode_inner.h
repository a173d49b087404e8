/* What the files of the decoder share and nobody else sees. */
#ifndef NHIP_DECODE_INNER_H
#define NHIP_DECODE_INNER_H

#include "decode.h"
#include "ingest/amount_bounds.h"
#include "ingest/decode_fields.h"
#include "ingest/decode_lexicon.h"

#include <stddef.h>

enum { PRINT_SECRET_BYTES = 192 };

/* How the short way reads a value (decode_plain.h). */
enum short_way { SHORT_NONE = 0, SHORT_ID, SHORT_CODE, SHORT_NUMBER, SHORT_CURRENCY };

/* All that reading a field needs, in one cache line. */
struct field_card {
    char pattern[24];    /* the key as it stands in a text without spaces, with the quote of its text: `"event_id":"` */
    uint64_t bit;        /* field_bit(), 0 for FIELD_NONE */
    uint64_t salt[2];    /* of its part of the payload print (decode_print.h) */
    uint32_t first_half; /* one bit for each of the pattern's first 16 bytes that count; none can match for FIELD_NONE */
    uint32_t second_half;
    uint16_t length; /* of the pattern */
    uint8_t field;   /* enum field */
    uint8_t value;   /* enum value_kind */
    uint8_t list;    /* enum code_list */
    uint8_t way;     /* enum short_way */
    uint8_t unused[2];
};
_Static_assert(sizeof(struct field_card) == 64, "a card is a cache line");
_Static_assert(offsetof(struct field_card, pattern) == 0, "32 bytes are readable from a pattern on");

struct decoder {
    struct field_card cards[FIELD_LIMIT];
    int32_t reporting_currency; /* currency_pack() */
    int32_t reporting_country;  /* two letters, big endian */
    struct amount_bounds bounds;
    uint32_t reporting_currency_text; /* as it stands in a text, with the quote behind it, loaded as it lies */
    unsigned char secret[PRINT_SECRET_BYTES];
    struct lexicon keys;
    struct lexicon lists[LIST_COUNT];
};

/* Which fields the fingerprints are taken of; FIELD_NONE = the print is 0. */
struct print_plan {
    uint64_t read; /* set of fields for the payload print (ingest_time is left out by itself) */
    enum field entity;
    enum field account;
    enum field person;
    enum field buyer;
    enum field group; /* an id of `group_owner`'s */
    enum field group_owner;
};

struct prints {
    uint64_t event;
    uint64_t entity;
    uint64_t account;
    uint64_t person;
    uint64_t buyer;
    uint64_t group;
    uint64_t payload;
};

/* Derives the secret and salts of `decoder` from the key. */
void print_setup(struct decoder *decoder, struct slice secret_key);
/* What `field`, which is present, adds to reading->payload. */
uint64_t print_field(const struct decoder *decoder, const struct reading *reading, enum field field);
void print_take(const struct decoder *decoder, const struct reading *reading, const struct print_plan *plan,
                struct prints *prints);
/* Keyed hash of any bytes; for the registry's part of a payload print. */
uint64_t print_bytes(const struct decoder *decoder, struct slice bytes);

/* Judges a whole reading and derives the event (decode_event.c). False and `rejection` when a rule is broken. */
bool event_derive(const struct decoder *decoder, struct slice message, const struct reading *reading, struct event *event,
                  struct rejection *rejection);

/* unit.registered only (decode_registry.c): unit_parse(), recorded_at, the document, and its share of the payload
 * print. */
void registry_memory(void); /* ends the process where jansson gets no memory; before threads */
bool registry_derive(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection);

static inline bool reject(struct rejection *rejection, enum reason reason, size_t byte, const char *field) {
    rejection->reason = reason;
    rejection->byte = (uint32_t)byte;
    rejection->field = field;
    return false;
}

#endif
