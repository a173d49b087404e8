/* Keyed fingerprints: what is remembered of ids, payments, persons and payloads.
 *
 * Each id is hashed once, alone, with XXH3 under a secret of 192 bytes that is made from the key: h(id). A pair is
 *
 *     print(source, id) = mix(h(id) ^ h(source) * odd)
 *
 * with a bijective mix. For one source this maps different h(id) to different prints, so pairs meet exactly as
 * rarely as two hashes of 64 bits do (booking.md §7 counts on 2^-64 per pair); two sources meet with the same
 * chance. The alternative, hashing the two strings joined, needs a copy of each id behind each source, which costs
 * more than the hashes themselves.
 *
 * The payload print is a sum over the fields that the event's family reads, each mixed with a salt of its own, so
 * it depends neither on the order of keys nor on spaces. Values enter by their meaning: a code as its number, a
 * time in ms whichever way it was written, so both decoders agree. `null` and absent are the same. Ids enter by
 * h(id).
 *
 * XXH3 is fast and well distributed, but no cryptographic MAC: the key keeps outsiders from preparing colliding
 * ids and from testing guesses against stored sketches, not a holder of many prints with their ids. No print of a
 * person is ever stored, only register values. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "check.h"
#include "ingest/decode_inner.h"

static uint64_t mix(uint64_t value) {
    value ^= value >> 32;
    value *= 0xD6E8FEB86659FD93u;
    value ^= value >> 32;
    value *= 0xD6E8FEB86659FD93u;
    return value ^ (value >> 32);
}

static uint64_t not_zero(uint64_t print) {
    return print != 0 ? print : 1;
}

static inline uint64_t hash(const struct decoder *decoder, struct slice bytes) {
    return XXH3_64bits_withSecret(bytes.data, bytes.length, decoder->secret, sizeof(decoder->secret));
}

static inline uint64_t pair(uint64_t source_hash, uint64_t id_hash) {
    return not_zero(mix(id_hash ^ source_hash * 0x9E3779B97F4A7C15u));
}

/* The 128-bit product folded: every bit of the value reaches every bit of the sum. */
static inline uint64_t salted(const struct decoder *decoder, enum field field, uint64_t value) {
    const uint64_t *salt = decoder->field_salt[field];
    __extension__ unsigned __int128 product = (unsigned __int128)(value ^ salt[0]) * salt[1];
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline enum field lowest(uint64_t fields) {
    return (enum field)(__builtin_ctzll(fields) + 1);
}

void print_setup(struct decoder *decoder, struct slice secret_key) {
    XXH_errorcode code = XXH3_generateSecret(decoder->secret, sizeof(decoder->secret), secret_key.data, secret_key.length);
    CHECK(code == XXH_OK);
    for (unsigned field = 0; field < FIELD_LIMIT; field++) {
        decoder->field_salt[field][0] = hash(decoder, (struct slice){(const char *)&field, sizeof(field)});
        decoder->field_salt[field][1] = mix(decoder->field_salt[field][0] + 1) | 1;
    }
}

void print_take(const struct decoder *decoder, const struct reading *reading, const struct print_plan *plan,
                struct prints *prints) {
    uint64_t hashes[FIELD_LIMIT]; /* of ids that are read; defined where present */
    uint64_t payload = 0;
    uint64_t fields = reading->present & plan->read & ~field_bit(FIELD_INGEST_TIME);
    for (uint64_t ids = fields & id_fields; ids != 0; ids &= ids - 1) {
        enum field field = lowest(ids);
        hashes[field] = hash(decoder, reading->text[field]);
        payload += salted(decoder, field, hashes[field]);
    }
    for (uint64_t numbers = fields & ~id_fields; numbers != 0; numbers &= numbers - 1) {
        enum field field = lowest(numbers);
        payload += salted(decoder, field, (uint64_t)reading->number[field]);
    }
    uint64_t source = hashes[FIELD_SOURCE];
    prints->payload = not_zero(mix(payload));
    prints->event = pair(source, hashes[FIELD_EVENT_ID]);
    prints->entity = plan->entity != FIELD_NONE ? pair(source, hashes[plan->entity]) : 0;
    prints->account = plan->account != FIELD_NONE ? pair(source, hashes[plan->account]) : 0;
    prints->buyer = plan->buyer != FIELD_NONE ? pair(source, hashes[plan->buyer]) : 0;
    prints->person = plan->person != FIELD_NONE ? not_zero(mix(hashes[plan->person])) : 0;
}

uint64_t print_bytes(const struct decoder *decoder, struct slice bytes) {
    return hash(decoder, bytes);
}

uint64_t decoder_print(const struct decoder *decoder, struct slice source, struct slice id) {
    return pair(hash(decoder, source), hash(decoder, id));
}

uint64_t decoder_person_print(const struct decoder *decoder, struct slice id) {
    return not_zero(mix(hash(decoder, id)));
}
