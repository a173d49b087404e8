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
#include "ingest/decode_print.h"

#include "check.h"

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

static inline uint64_t pair(uint64_t source_hash, uint64_t id_hash) {
    return not_zero(mix(id_hash ^ source_hash * 0x9E3779B97F4A7C15u));
}

void print_setup(struct decoder *decoder, struct slice secret_key) {
    XXH_errorcode code = XXH3_generateSecret(decoder->secret, sizeof(decoder->secret), secret_key.data, secret_key.length);
    CHECK(code == XXH_OK);
    for (uint8_t field = 0; field < FIELD_LIMIT; field++) {
        uint64_t *salt = decoder->cards[field].salt;
        salt[0] = print_hash(decoder, (const char *)&field, sizeof(field));
        salt[1] = field == FIELD_INGEST_TIME ? 0 : mix(salt[0] + 1) | 1;
    }
}

uint64_t print_hash_long(const struct decoder *decoder, const char *data, size_t length) {
    return XXH3_64bits_withSecret(data, length, decoder->secret, sizeof(decoder->secret));
}

uint64_t print_field(const struct decoder *decoder, const struct reading *reading, enum field field) {
    return print_part(&decoder->cards[field], (uint64_t)reading->number[field]);
}

static uint64_t pair_or_none(const struct reading *reading, enum field owner, enum field id) {
    return id != FIELD_NONE ? pair((uint64_t)reading->number[owner], (uint64_t)reading->number[id]) : 0;
}

void print_take(const struct decoder *decoder, const struct reading *reading, const struct print_plan *plan,
                struct prints *prints) {
    uint64_t payload = reading->payload;
    for (uint64_t unread = reading->present & ~plan->read; unread != 0; unread &= unread - 1) {
        payload -= print_field(decoder, reading, (enum field)(__builtin_ctzll(unread) + 1));
    }
    prints->payload = not_zero(mix(payload));
    prints->event = pair_or_none(reading, FIELD_SOURCE, FIELD_EVENT_ID);
    prints->entity = pair_or_none(reading, FIELD_SOURCE, plan->entity);
    prints->account = pair_or_none(reading, FIELD_SOURCE, plan->account);
    prints->buyer = pair_or_none(reading, FIELD_SOURCE, plan->buyer);
    prints->group = pair_or_none(reading, plan->group_owner, plan->group);
    prints->person = plan->person != FIELD_NONE ? not_zero(mix((uint64_t)reading->number[plan->person])) : 0;
}

uint64_t print_bytes(const struct decoder *decoder, struct slice bytes) {
    return print_hash(decoder, bytes.data, bytes.length);
}

uint64_t decoder_print(const struct decoder *decoder, struct slice source, struct slice id) {
    return pair(print_bytes(decoder, source), print_bytes(decoder, id));
}

uint64_t decoder_person_print(const struct decoder *decoder, struct slice id) {
    return not_zero(mix(print_bytes(decoder, id)));
}
