/* The hot decoder: the bytes of one message become one event, or a reason and a position, in a single pass.
 *
 * It reads no JSON in general. It reads *our* contract: one flat object whose keys are known beforehand (decode_fields.h). So there is
 * no tree and no token list. Each key is looked up in a perfect hash of the 64 names (decode_lexicon.h) and says what its value must
 * be; the value is judged where it stands and becomes a number in `struct reading` at once: a code, milliseconds, minor units. Ids stay
 * where they are, as slices of the message, until the fingerprints are taken. What nobody reads is checked and skipped.
 *
 *     message --scan--> reading --event_derive--> event
 *             tokens            the rules that need the whole text: type, version, status, missing fields, coordinates
 *
 * What the order of refusals demands falls out of that: whatever a single token shows is refused while reading from left to right,
 * and only a text that was read to its end is judged as a whole (schemas/README.md §1). A token is first read to its end by the
 * grammar of JSON and then judged by its meaning; an object or array in the place of a value that we read is refused at its bracket.
 *
 * Where the time goes (340-byte payment of 19 keys, 2 GHz class cores, tests/tools/decode_speed.c): scanning strings 16 bytes at a time
 * about 45 %, key and code look-ups 20 %, numbers 10 %, fingerprints 20 %. Strings are found with SSE2, which every x86-64 has; the
 * plain loop beside it serves other machines and the last 15 bytes. We do not read beyond the message, so records need no padding.
 *
 * Not done: a structural index in a first pass over all bytes (simdjson's way) was weighed and left out. At this size its set-up
 * costs what it saves, and positions of refusals would have to be found a second time. A generated switch over key lengths and
 * letters is as fast as the perfect hash, but it is code that nobody reads and everybody has to trust.
 *
 * The promise is written twice: decode_reference.c keeps it with jansson and byte by byte, and tests compare both on every fixture,
 * on mutations and under a fuzzer. */
#include "decode.h"

#include "check.h"
#include "ingest/decode_scan.h"
#include "zone.h"

enum { NUMBER_DIGITS_MAX = 19 }; /* more cannot be an int64 */

static const int64_t time_end_ms = 7258118400000; /* 2200-01-01T00:00:00Z */

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

static int64_t currency_number(const struct decoder *decoder, struct slice text) {
    int32_t packed = currency_pack(text);
    if (packed == decoder->reporting_currency) return packed;
    return packed != 0 && currency_exponent(text) >= 0 ? packed : 0;
}

static inline const char *value_id(const struct scan *scan, const char *at, enum field field) {
    struct reading *reading = scan->reading;
    struct text text;
    char *room = reading->room[reading->rooms];
    const char *next = scan_string(scan, at + 1, room, &text);
    if (next == NULL) return NULL;
    if (!text.printable || text.length - 1 >= ID_BYTES_MAX) return scan_refuse(scan, REASON_BAD_ID, at, field);
    reading->text[field] = (struct slice){text.data, text.length};
    reading->rooms += text.data == room;
    reading->present |= field_bit(field);
    return next;
}

/* A string whose meaning is a number: codes, currencies, countries, times. */
static inline const char *value_string(const struct scan *scan, const char *at, enum field field) {
    struct reading *reading = scan->reading;
    const struct field_rule *rule = &field_rules[field];
    const struct lexicon *list = &scan->decoder->lists[rule->list];
    struct text text;
    const char *next = scan_string(scan, at + 1, reading->room[ID_FIELDS], &text);
    if (next == NULL) return NULL;
    int64_t number = 0;
    bool fits = text.length <= CODE_BYTES_MAX;
    switch (rule->value) {
    case VALUE_CLOSED:
        number = lexicon_find(list, text.data, text.length);
        if (number == 0) return scan_refuse(scan, REASON_UNKNOWN_CODE, at, field);
        break;
    case VALUE_OPEN:
        if (!fits) return scan_refuse(scan, REASON_UNKNOWN_CODE, at, field);
        number = lexicon_find(list, text.data, text.length);
        if (number == 0) {
            number = other_code[rule->list];
            reading->unknown |= field_bit(field);
        }
        break;
    case VALUE_CURRENCY:
        number = currency_number(scan->decoder, (struct slice){text.data, text.length});
        if (number == 0) return scan_refuse(scan, REASON_UNKNOWN_CODE, at, field);
        break;
    case VALUE_COUNTRY:
        number = country_pack((struct slice){text.data, text.length});
        if (number == 0) return scan_refuse(scan, REASON_UNKNOWN_CODE, at, field);
        break;
    case VALUE_TIME:
        if (!fits || !rfc3339_parse((struct slice){text.data, text.length}, &number)) {
            return scan_refuse(scan, REASON_BAD_TIME, at, field);
        }
        break;
    case VALUE_TYPE:
        number = lexicon_find(list, text.data, text.length);
        reading->type_byte = (uint32_t)(at - scan->begin);
        break;
    case VALUE_STATUS:
        number = lexicon_find(list, text.data, text.length);
        reading->status_byte = (uint32_t)(at - scan->begin);
        break;
    case VALUE_MONEY:
    case VALUE_INT:
    case VALUE_BOOL:
        return scan_refuse(scan, REASON_WRONG_TYPE, at, field);
    case VALUE_NONE:
    case VALUE_ID:
    case VALUE_REGISTRY:
        UNREACHABLE();
    }
    reading->number[field] = number;
    reading->present |= field_bit(field);
    return next;
}

static inline const char *value_number(const struct scan *scan, const char *at, enum field field) {
    struct reading *reading = scan->reading;
    struct number number = {0};
    const char *next = scan_number(scan, at, &number);
    if (next == NULL) return NULL;
    enum value_kind value = field_rules[field].value;
    bool whole = number.whole && number.digits <= NUMBER_DIGITS_MAX && number.magnitude <= (uint64_t)INT64_MAX;
    if (value == VALUE_TIME) {
        bool inside = whole && (!number.negative || number.magnitude == 0) && number.magnitude < (uint64_t)time_end_ms;
        if (!inside) return scan_refuse(scan, REASON_BAD_TIME, at, field);
    } else if (value == VALUE_MONEY) {
        if (!whole || number.negative) return scan_refuse(scan, REASON_BAD_AMOUNT, at, field);
    } else {
        bool lowest = number.negative && number.whole && number.digits == NUMBER_DIGITS_MAX &&
                      number.magnitude == (uint64_t)INT64_MAX + 1;
        if (value != VALUE_INT || !(whole || lowest)) return scan_refuse(scan, REASON_WRONG_TYPE, at, field);
        reading->version_byte = (uint32_t)(at - scan->begin);
    }
    reading->number[field] = (int64_t)(number.negative ? 0 - number.magnitude : number.magnitude);
    reading->present |= field_bit(field);
    return next;
}

/* Literals, brackets, and what is no value at all. */
static __attribute__((noinline, cold)) const char *value_other(const struct scan *scan, const char *at, enum field field) {
    struct reading *reading = scan->reading;
    const char *next = NULL;
    if (at == scan->end) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    switch (*at) {
    case '{':
    case '[':
        return scan_refuse(scan, REASON_WRONG_TYPE, at, field);
    case 'n':
        return scan_word(scan, at, "null"); /* as if the key were absent, but it must not come again */
    case 't':
    case 'f':
        next = scan_word(scan, at, *at == 't' ? "true" : "false");
        if (next == NULL) return NULL;
        if (field_rules[field].value != VALUE_BOOL) return scan_refuse(scan, REASON_WRONG_TYPE, at, field);
        reading->number[field] = *at == 't';
        reading->present |= field_bit(field);
        return next;
    default:
        return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    }
}

static inline const char *value_read(const struct scan *scan, const char *at, enum field field) {
    enum value_kind value = field_rules[field].value;
    if (value == VALUE_REGISTRY) return scan_skip(scan, at);
    if (at < scan->end) {
        if (*at == '"') return value == VALUE_ID ? value_id(scan, at, field) : value_string(scan, at, field);
        if (scan_is_digit(*at) || *at == '-') return value_number(scan, at, field);
    }
    return value_other(scan, at, field);
}

/* Nothing but space may follow the event. */
static bool scan_finish(const struct scan *scan, const char *at) {
    at = scan_space(scan, at);
    return at == scan->end || scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
}

/* One `"key": value`. */
static inline const char *member_read(const struct scan *scan, const char *at) {
    struct reading *reading = scan->reading;
    struct text key;
    if (at == scan->end || *at != '"') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE);
    const char *next = scan_string(scan, at + 1, reading->room[ID_FIELDS], &key);
    if (next == NULL) return NULL;
    enum field field = (enum field)lexicon_find(&scan->decoder->keys, key.data, key.length);
    if (field != FIELD_NONE) {
        if ((reading->seen & field_bit(field)) != 0) return scan_refuse(scan, REASON_DUPLICATE_KEY, at, field);
        reading->seen |= field_bit(field);
    }
    next = scan_space(scan, next);
    if (next == scan->end || *next != ':') return scan_refuse(scan, REASON_NOT_JSON, next, FIELD_NONE);
    next = scan_space(scan, next + 1);
    return field != FIELD_NONE ? value_read(scan, next, field) : scan_skip(scan, next);
}

static bool scan_message(const struct scan *scan) {
    const char *at = scan_space(scan, scan->begin);
    if (at == scan->end || *at != '{') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
    at = scan_space(scan, at + 1);
    if (at < scan->end && *at == '}') return scan_finish(scan, at + 1);
    for (;;) {
        at = member_read(scan, at);
        if (at == NULL) return false;
        at = scan_space(scan, at);
        if (at < scan->end && *at == '}') return scan_finish(scan, at + 1);
        if (at == scan->end || *at != ',') return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
        at = scan_space(scan, at + 1);
    }
}

bool decode(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection) {
    if (message.length == 0) return reject(rejection, REASON_EMPTY, 0, "");
    if (message.length > MESSAGE_BYTES_MAX) return reject(rejection, REASON_TOO_LARGE, MESSAGE_BYTES_MAX, "");
    struct reading reading; /* its arrays are defined by `present` only: clearing 2 KiB would cost a tenth of the whole */
    reading.seen = 0;
    reading.present = 0;
    reading.unknown = 0;
    reading.rooms = 0;
    const struct scan scan = {message.data, message.data + message.length, decoder, &reading, rejection};
    return scan_message(&scan) && event_derive(decoder, message, &reading, event, rejection);
}
