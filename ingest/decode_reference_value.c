/* Types of values for the reference decoder: what one token may be, written from schemas/README.md §1 without
 * looking at decode.c. Lists are walked by name, integers go through strtoll. */
#include "check.h"
#include "ingest/decode_reference.h"
#include "zone.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool bad(const struct plain_reader *reader, enum reason reason, const struct plain_token *token, enum field field) {
    return plain_refuse(reader, reason, token->begin, field_rules[field].name);
}

typedef const char *name_function(unsigned code);

#define NAMES(list, function, type)                    \
    static const char *list##_name_of(unsigned code) { \
        return function((enum type)code);              \
    }
NAMES(kind, event_kind_name, event_kind)
NAMES(pay, pay_status_name, pay_status)
NAMES(reason_class, reason_class_name, reason_class)
NAMES(instrument, instrument_name, instrument)
NAMES(context, context_name, context)
NAMES(person, person_type_name, person_type)
NAMES(channel, channel_name, channel)
NAMES(pay_mode, pay_mode_name, pay_mode)
NAMES(category, category_name, category)
NAMES(party, party_name, party)
NAMES(outlet, outlet_name, outlet)

static const char *scheme_name(unsigned code) {
#define X(name) #name,
    static const char *const names[] = {"", SCHEMES(X)};
#undef X
    return code < sizeof(names) / sizeof(names[0]) ? names[code] : "";
}

/* 0 when `text` is none of the codes first .. last. */
static int64_t code_of(struct slice text, name_function *name, unsigned first, unsigned last) {
    for (unsigned code = first; code <= last; code++) {
        if (slice_equal(text, slice_of(name(code)))) return code;
    }
    return 0;
}

/* Code of the field's list, 0 = not in it. Numbers as decode_fields.h says. */
static int64_t find_code(enum code_list list, struct slice text) {
    int64_t code = 0;
    switch (list) {
    case LIST_KIND:
        return code_of(text, kind_name_of, 1, KIND_COUNT - 1);
    case LIST_STATUS:
        return code_of(text, pay_name_of, 1, PAY_COUNT - 1);
    case LIST_REASON_CLASS:
        return code_of(text, reason_class_name_of, 1, REASON_CLASS_COUNT - 1);
    case LIST_INSTRUMENT:
        return code_of(text, instrument_name_of, 1, INSTRUMENT_COUNT - 1);
    case LIST_WALLET:
        return code_of(text, party_name_of, 1, PARTY_OTHER);
    case LIST_SCHEME:
        /* Stored nowhere; its number only enters the payload print: OTHER is 1, the others count from 2. */
        code = code_of(text, scheme_name, 1, 7);
        return code == 0 ? 0 : slice_equal(text, SLICE("OTHER")) ? 1 : code + 1;
    case LIST_CONTEXT:
        return code_of(text, context_name_of, 1, CONTEXT_COUNT - 1);
    case LIST_AD_PLATFORM:
        return slice_equal(text, SLICE("X")) ? PARTY_TWITTER : code_of(text, party_name_of, PARTY_OTHER, PARTY_COUNT - 1);
    case LIST_PERSON:
        return code_of(text, person_name_of, 1, PERSON_COUNT - 1);
    case LIST_CHANNEL:
        return code_of(text, channel_name_of, 1, CHANNEL_COUNT - 1);
    case LIST_PLATFORM:
        return slice_equal(text, SLICE("_Z")) ? PLATFORM_NOT_ANY : code_of(text, outlet_name_of, 1, OUTLET_OTHER);
    case LIST_PAY_MODE:
        return code_of(text, pay_mode_name_of, 1, PAY_MODE_COUNT - 1);
    case LIST_CATEGORY:
        return code_of(text, category_name_of, 1, CATEGORY_COUNT - 1);
    case LIST_NONE:
    case LIST_COUNT:
        break;
    }
    UNREACHABLE();
}

static int64_t other_of(enum code_list list) {
    return list == LIST_PLATFORM ? OUTLET_OTHER : list == LIST_CATEGORY ? CATEGORY_OTHER : list == LIST_SCHEME ? 1 : PARTY_OTHER;
}

static bool store(struct plain_reader *reader, enum field field, const struct plain_token *token, int64_t number) {
    reader->reading->present |= field_bit(field);
    reader->reading->number[field] = number;
    reader->reading->place[field] = reader->message.data + token->begin;
    reader->reading->payload += print_field(reader->decoder, reader->reading, field);
    return true;
}

static bool store_id(struct plain_reader *reader, enum field field, const struct plain_token *token, struct slice text) {
    bool good = text.length >= 1 && text.length <= ID_BYTES_MAX;
    for (size_t i = 0; good && i < text.length; i++) good = isascii(text.data[i]) && text.data[i] >= ' ' && text.data[i] != 0x7F;
    if (!good) return bad(reader, REASON_BAD_ID, token, field);
    struct reading *reading = reader->reading;
    char *room = reading->room[reading->rooms++];
    memcpy(room, text.data, text.length);
    reading->text[field] = (struct slice){room, text.length};
    return store(reader, field, token, (int64_t)print_bytes(reader->decoder, text));
}

static bool judge_string(struct plain_reader *reader, enum field field, const struct plain_token *token, struct slice text) {
    enum code_list list = field_rules[field].list;
    int64_t number = 0;
    switch (field_rules[field].value) {
    case VALUE_ID:
        return store_id(reader, field, token, text);
    case VALUE_TYPE:
    case VALUE_STATUS:
        return store(reader, field, token, find_code(list, text));
    case VALUE_CLOSED:
        number = find_code(list, text);
        return number != 0 ? store(reader, field, token, number) : bad(reader, REASON_UNKNOWN_CODE, token, field);
    case VALUE_OPEN:
        if (text.length > 64) return bad(reader, REASON_UNKNOWN_CODE, token, field);
        number = find_code(list, text);
        if (number == 0) reader->reading->unknown |= field_bit(field);
        return store(reader, field, token, number != 0 ? number : other_of(list));
    case VALUE_CURRENCY:
        if (currency_exponent(text) < 0) return bad(reader, REASON_UNKNOWN_CODE, token, field);
        return store(reader, field, token, currency_pack(text));
    case VALUE_COUNTRY:
        if (text.length != 2 || !isupper((unsigned char)text.data[0]) || !isupper((unsigned char)text.data[1])) {
            return bad(reader, REASON_UNKNOWN_CODE, token, field);
        }
        return store(reader, field, token, text.data[0] * 256 + text.data[1]);
    case VALUE_TIME:
        if (!rfc3339_parse(text, &number)) return bad(reader, REASON_BAD_TIME, token, field);
        return store(reader, field, token, number);
    case VALUE_MONEY:
    case VALUE_INT:
    case VALUE_BOOL:
        return bad(reader, REASON_WRONG_TYPE, token, field);
    case VALUE_NONE:
    case VALUE_REGISTRY:
        break;
    }
    UNREACHABLE();
}

/* An integer within int64, from its text. */
static bool integer_of(struct slice text, int64_t *number) {
    char copy[32];
    if (text.length >= sizeof(copy)) return false;
    for (size_t i = 0; i < text.length; i++) {
        if (!isdigit((unsigned char)text.data[i]) && !(i == 0 && text.data[i] == '-')) return false;
    }
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    errno = 0;
    *number = strtoll(copy, NULL, 10);
    return errno == 0;
}

static bool judge_number(struct plain_reader *reader, enum field field, const struct plain_token *token) {
    int64_t number = 0;
    bool integer = integer_of((struct slice){reader->message.data + token->begin, token->end - token->begin}, &number);
    enum value_kind value = field_rules[field].value;
    if (value == VALUE_TIME) {
        if (!integer || number < 0 || number >= 7258118400000) return bad(reader, REASON_BAD_TIME, token, field);
    } else if (value == VALUE_MONEY) {
        if (!integer || reader->message.data[token->begin] == '-') return bad(reader, REASON_BAD_AMOUNT, token, field);
    } else if (value != VALUE_INT || !integer) {
        return bad(reader, REASON_WRONG_TYPE, token, field);
    }
    return store(reader, field, token, number);
}

bool plain_judge(struct plain_reader *reader, enum field field, const struct plain_token *token, struct slice text) {
    switch (token->kind) {
    case PLAIN_STRING:
        return judge_string(reader, field, token, text);
    case PLAIN_NUMBER:
        return judge_number(reader, field, token);
    case PLAIN_TRUE:
    case PLAIN_FALSE:
        if (field_rules[field].value != VALUE_BOOL) return bad(reader, REASON_WRONG_TYPE, token, field);
        return store(reader, field, token, token->kind == PLAIN_TRUE);
    case PLAIN_NULL:
        return true;
    case PLAIN_OPEN:
        return bad(reader, REASON_WRONG_TYPE, token, field);
    case PLAIN_NONE:
        break;
    }
    UNREACHABLE();
}
