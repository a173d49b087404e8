/* The hot decoder: the bytes of one message become one event, or a reason and a position, in a single pass.
 *
 * It reads no JSON in general. It reads *our* contract: one flat object whose keys are known beforehand
 * (decode_fields.h). So there is no tree and no token list. Each key is looked up in a perfect hash of the 66
 * names (decode_lexicon.h) and says what its value must be; the value is judged where it stands and becomes a
 * number in `struct reading` at once: a code, milliseconds, minor units. Ids stay where they are, as slices of the
 * message, until the fingerprints are taken. What nobody reads is checked and skipped.
 *
 *     message --scan--> reading --event_derive--> event
 *             tokens            the rules that need the whole text: type, version, status, missing fields, coordinates
 *
 * What the order of refusals demands falls out of that: whatever a single token shows is refused while reading
 * from left to right, and only a text that was read to its end is judged as a whole (schemas/README.md §1). A
 * token is first read to its end by the grammar of JSON and then judged by its meaning; an object or array in the
 * place of a value that we read is refused at its bracket.
 *
 * No token but a closing bracket can swallow a `}`. So in a text whose last byte (spaces aside) is `}` nothing has
 * to look out for the end of the text, until a bracket has been closed: the text is *closed*. Every valid message
 * is. Others are read by a second, careful instance of the same functions, which finds out what is wrong with them
 * and where.
 *
 * The cost is the number of instructions, some 2,200 for an event of 340 bytes and 16 members (`make bench-profile`); there
 * are few cache misses and the steps overlap well. Hence: a short way for members that come as expected (decode_plain.h);
 * strings 16 bytes at a time with SSE2, which every x86-64 has (the plain loop beside it serves other machines); look-ups
 * without branches on lengths; fingerprints while reading; no bounds checks that cannot fail.
 *
 * Not done: an index of all quotes in a first pass over the message (simdjson's way; at this size its making costs what it
 * saves), and AVX2 chosen at run time: keys and values are shorter than 16 bytes, and a clone of decode() for x86-64-v3 took
 * 6 % more instructions and the same time.
 *
 * The promise is written twice: decode_reference.c keeps it with jansson and byte by byte, and tests compare both
 * on every fixture, on mutations and under a fuzzer. */
#include "decode.h"

#include "check.h"
#include "ingest/decode_plain.h"
#include "ingest/decode_scan.h"
#include "zone.h"

/* Functions with a parameter `closed` are written once and compiled twice, with true and with false. */
#define INSTANCE static inline __attribute__((always_inline))

enum { NUMBER_DIGITS_MAX = 19 }; /* more cannot be an int64 */

/* What an open code that is in no list is read as. */
static const int64_t other_code[LIST_COUNT] = {
    [LIST_WALLET] = PARTY_OTHER,    [LIST_AD_PLATFORM] = PARTY_OTHER,   [LIST_SCHEME] = 1,
    [LIST_PLATFORM] = OUTLET_OTHER, [LIST_CATEGORY] = CATEGORY_OTHER,
};

static int64_t country_pack(struct slice text) {
    if (text.length != 2) return 0;
    unsigned char first = (unsigned char)text.data[0];
    unsigned char second = (unsigned char)text.data[1];
    if (first < 'A' || first > 'Z' || second < 'A' || second > 'Z') return 0;
    return first << 8 | second;
}

/* A value of this field is refused; always NULL. */
static const char *refuse(const struct scan *scan, enum reason reason, const char *at, const struct field_card *card) {
    return scan_refuse(scan, reason, at, (enum field)card->field);
}

/* True at the end of the text, where a closed text never is. */
INSTANCE bool ended(const struct scan *scan, const char *at, bool closed) {
    return !closed && at == scan->end;
}

INSTANCE const char *space_skip(const struct scan *scan, const char *at, bool closed) {
    if (!closed) return scan_space(scan, at);
    if (__builtin_expect((unsigned char)*at > ' ', 1)) return at;
    return scan_space(scan, at);
}

INSTANCE const char *value_id(const struct scan *scan, const char *at, const struct field_card *card) {
    struct reading *reading = scan->reading;
    struct text text;
    char *room = reading->room[reading->rooms];
    const char *next = scan_string(scan, at + 1, room, &text);
    if (next == NULL) return NULL;
    if (!text.printable || text.length - 1 >= ID_BYTES_MAX) return refuse(scan, REASON_BAD_ID, at, card);
    if (__builtin_expect(text.data == room, 0)) reading->rooms++;
    reading->text[card->field] = (struct slice){text.data, text.length};
    store(reading, card, (int64_t)print_hash(scan->decoder, text.data, text.length));
    return next;
}

/* A code that is not in its list. False when the rejection has been filled. */
static __attribute__((noinline, cold)) bool code_unknown(const struct scan *scan, const char *at, size_t length,
                                                         const struct field_card *card, int64_t *number) {
    if (card->value == VALUE_TYPE || card->value == VALUE_STATUS) return true; /* judged when the text is whole */
    if (card->value == VALUE_OPEN && length <= CODE_BYTES_MAX) {
        *number = other_code[card->list];
        scan->reading->unknown |= card->bit;
        return true;
    }
    (void)refuse(scan, REASON_UNKNOWN_CODE, at, card);
    return false;
}

/* A string that is no code: currency, country, time, or what should not be a string. False when the rejection has
 * been filled. */
static __attribute__((noinline)) bool string_number(const struct scan *scan, const char *at, struct slice text,
                                                    const struct field_card *card, int64_t *number) {
    enum value_kind value = (enum value_kind)card->value;
    enum reason reason = REASON_WRONG_TYPE;
    bool good = false;
    if (value == VALUE_CURRENCY) {
        reason = REASON_UNKNOWN_CODE;
        *number = currency_pack(text);
        good = *number != 0 && (*number == scan->decoder->reporting_currency || currency_exponent(text) >= 0);
    } else if (value == VALUE_COUNTRY) {
        reason = REASON_UNKNOWN_CODE;
        *number = country_pack(text);
        good = *number != 0;
    } else if (value == VALUE_TIME) {
        reason = REASON_BAD_TIME;
        good = text.length <= CODE_BYTES_MAX && rfc3339_parse(text, number);
    }
    if (!good) (void)refuse(scan, reason, at, card);
    return good;
}

INSTANCE const char *value_string(const struct scan *scan, const char *at, const struct field_card *card) {
    struct reading *reading = scan->reading;
    enum code_list list = (enum code_list)card->list;
    struct text text;
    int64_t number;
    const char *next = scan_string(scan, at + 1, reading->room[ID_FIELDS], &text);
    if (next == NULL) return NULL;
    if (list != LIST_NONE) {
        number = lexicon_find(&scan->decoder->lists[list], text.data, text.length, scan->last_block);
        if (__builtin_expect(number == 0, 0) && !code_unknown(scan, at, text.length, card, &number)) return NULL;
        reading->place[card->field] = at;
    } else if (!string_number(scan, at, (struct slice){text.data, text.length}, card, &number)) {
        return NULL;
    }
    store(reading, card, number);
    return next;
}

INSTANCE const char *value_number(const struct scan *scan, const char *at, const struct field_card *card) {
    struct number number = {0};
    const char *next = scan_number(scan, at, &number);
    if (next == NULL) return NULL;
    int64_t value = (int64_t)(number.negative ? 0 - number.magnitude : number.magnitude);
    bool exact = number.whole && number.digits <= NUMBER_DIGITS_MAX && number.magnitude <= (uint64_t)INT64_MAX + number.negative;
    if (card->value == VALUE_TIME) {
        if (!exact || (uint64_t)value >= (uint64_t)time_end_ms) return refuse(scan, REASON_BAD_TIME, at, card);
    } else if (card->value == VALUE_MONEY) {
        if (!exact || number.negative) return refuse(scan, REASON_BAD_AMOUNT, at, card);
    } else if (card->value != VALUE_INT || !exact) {
        return refuse(scan, REASON_WRONG_TYPE, at, card);
    }
    scan->reading->place[card->field] = at;
    store(scan->reading, card, value);
    return next;
}

/* Literals, brackets, and what is no value at all. */
static __attribute__((noinline, cold)) const char *value_other(const struct scan *scan, const char *at,
                                                               const struct field_card *card) {
    struct reading *reading = scan->reading;
    if (at == scan->end) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    if (*at == '{' || *at == '[') return refuse(scan, REASON_WRONG_TYPE, at, card);
    if (*at == 'n') { /* as if the key were absent, but it must not come again */
        reading->nulls |= card->bit;
        return scan_word(scan, at, "null");
    }
    if (*at != 't' && *at != 'f') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    const char *next = scan_word(scan, at, *at == 't' ? "true" : "false");
    if (next == NULL) return NULL;
    if (card->value != VALUE_BOOL) return refuse(scan, REASON_WRONG_TYPE, at, card);
    store(reading, card, *at == 't');
    return next;
}

/* A value that nobody reads. */
INSTANCE const char *value_skip(const struct scan *scan, const char *at, bool closed) {
    struct text text;
    if (closed && *at == '"') return scan_string(scan, at + 1, scan->reading->room[ID_FIELDS], &text);
    const char *next = scan_skip(scan, at);
    /* Only here the last byte of a closed text may have been passed: it closed a value inside, and the event is still open. */
    if (closed && next != NULL && scan_space(scan, next) == scan->end) {
        return scan_refuse(scan, REASON_NOT_JSON, scan->end, FIELD_NONE);
    }
    return next;
}

/* A mark between tokens, with space before it. Behind it, or NULL. */
static __attribute__((noinline)) const char *mark_find(const struct scan *scan, const char *at, char mark) {
    at = scan_space(scan, at);
    if (at == scan->end || *at != mark) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    return at + 1;
}

/* A key and its colon; `at` is at its quote, or where that should be. *card is the key's. */
INSTANCE const char *key_read(const struct scan *scan, const char *at, bool closed, const struct field_card **card) {
    struct text key;
    if (ended(scan, at, closed) || *at != '"') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    const char *next = scan_string(scan, at + 1, scan->reading->room[ID_FIELDS], &key);
    if (next == NULL) return NULL;
    uint32_t field = lexicon_find(&scan->decoder->keys, key.data, key.length, scan->last_block);
    *card = &scan->decoder->cards[field];
    bool met = (scan->reading->seen[(*card)->value == VALUE_REGISTRY] & (*card)->bit) != 0;
    if (met) return scan_refuse(scan, REASON_DUPLICATE_KEY, at, (enum field)field);
    return closed && *next == ':' ? next + 1 : mark_find(scan, next, ':');
}

/* One `"key": value` of whatever form. */
INSTANCE const char *member_read(const struct scan *scan, const char *at, bool closed, const struct field_card **last) {
    struct reading *reading = scan->reading;
    const char *next = key_read(scan, at, closed, last);
    if (next == NULL) return NULL;
    const struct field_card *card = *last;
    reading->seen[card->value == VALUE_REGISTRY] |= card->bit;
    next = space_skip(scan, next, closed);
    if (card->value <= VALUE_REGISTRY) return value_skip(scan, next, closed);
    if (ended(scan, next, closed)) return value_other(scan, next, card);
    if (*next == '"') return card->value == VALUE_ID ? value_id(scan, next, card) : value_string(scan, next, card);
    if (scan_is_digit(*next) || *next == '-') return value_number(scan, next, card);
    return value_other(scan, next, card);
}

static __attribute__((noinline)) const char *member_closed(const struct scan *scan, const char *at,
                                                           const struct field_card **last) {
    return member_read(scan, at, true, last);
}

/* Nothing but space may follow the event. */
static bool scan_finish(const struct scan *scan, const char *at) {
    at = scan_space(scan, at);
    return at == scan->end || scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
}

/* The members of an event up to its brace: those that come as expected by the short way, all others by the long one. */
INSTANCE const char *members_read(const struct scan *scan, const char *at, bool closed) {
    const struct scan plain = *scan; /* its address goes nowhere, so it can live in registers */
    struct successors *row = successors[KIND_NONE];
    struct successors *after = &row[FIELD_NONE];
    for (;;) {
        const struct field_card *card;
        const char *next = closed ? plain_member(&plain, at, after, &card) : NULL;
        if (__builtin_expect(next == NULL, 0)) {
            const struct field_card *found = plain.decoder->cards;
            next = closed ? member_closed(scan, at, &found) : member_read(scan, at, false, &found);
            if (next == NULL) return NULL;
            card = found;
            successors_note(after, plain.decoder, card);
        }
        if (__builtin_expect(!closed || *next != ',', 0)) next = scan_space(scan, next);
        if (ended(scan, next, closed) || *next != ',') return next;
        if (card->field == FIELD_TYPE) row = successors[plain.reading->number[FIELD_TYPE]];
        after = &row[card->field];
        at = space_skip(scan, next + 1, closed);
    }
}

INSTANCE bool message_read(const struct scan *scan, bool closed) {
    const char *at = space_skip(scan, scan->begin, closed);
    if (ended(scan, at, closed) || *at != '{') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
    at = space_skip(scan, at + 1, closed);
    if (!ended(scan, at, closed) && *at == '}') return scan_finish(scan, at + 1);
    at = members_read(scan, at, closed);
    if (at == NULL) return false;
    if (ended(scan, at, closed) || *at != '}') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
    scan->reading->present = scan->reading->seen[0] & ~scan->reading->nulls;
    return scan_finish(scan, at + 1);
}

static __attribute__((noinline, cold)) bool open_read(const struct scan *scan) {
    return message_read(scan, false);
}

bool decode(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection) {
    if (message.length == 0) return reject(rejection, REASON_EMPTY, 0, "");
    if (message.length > MESSAGE_BYTES_MAX) return reject(rejection, REASON_TOO_LARGE, MESSAGE_BYTES_MAX, "");
    struct reading reading; /* its arrays are defined by `present` only: clearing 2 KiB would cost a tenth of the whole */
    reading.seen[0] = reading.seen[1] = 0;
    reading.present = 0;
    reading.nulls = 0;
    reading.payload = 0;
    reading.unknown = 0;
    reading.rooms = 0;
    reading.number[FIELD_TYPE] = KIND_NONE;
    const struct scan scan = {message.data, message.data + message.length, decoder, &reading, rejection,
                              message.data + message.length - 16};
    const char *last = scan.end - 1;
    while (last > scan.begin && (*last == '\n' || *last == ' ' || *last == '\r' || *last == '\t')) last--;
    bool whole = *last == '}' ? message_read(&scan, true) : open_read(&scan);
    return whole && event_derive(decoder, message, &reading, event, rejection);
}
