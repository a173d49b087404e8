/* Words for the mutations: see fuzz_words.h.
 *
 * Names and codes come from the lists that the decoders are made from (decode_fields.h, codes.h), so a field or a code
 * that is added is fuzzed the same day. Everything else is what rules have an edge at: int64, the last millisecond of
 * 2199, 19 digits, blocks of 8, 16 and 32 bytes, ids of 64, depth 32. */
#include "tests/fuzz/fuzz_words.h"

#include "check.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

uint32_t chance_below(struct chance *chance, uint32_t limit) {
    uint64_t z = (chance->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z >> 32) * limit >> 32);
}

void draft_put(struct draft *draft, const char *bytes, size_t length) {
    size_t left = draft->capacity - draft->length;
    if (length > left) length = left;
    if (length > 0) memcpy(draft->data + draft->length, bytes, length);
    draft->length += length;
}

void draft_text(struct draft *draft, const char *text) {
    draft_put(draft, text, strlen(text));
}

static const char *one_of(struct chance *chance, const char *const *words, uint32_t count) {
    return words[chance_below(chance, count)];
}

#define PICK(chance, words) one_of(chance, words, COUNT(words))

#define FIELD_NAME(name, wire, value, list, p, o, d, w, u) wire,
#define NAME(name) #name,
#define WIRE(name, wire, family) wire,
static const char *const field_names[] = {"", EVENT_FIELDS(FIELD_NAME)};
static const char *const codes[] = {
    EVENT_KINDS(WIRE) PAY_STATUSES(NAME) REASON_CLASSES(NAME) INSTRUMENTS(NAME) CONTEXTS(NAME) CHANNELS(NAME) PAY_MODES(NAME)
        PERSON_TYPES(NAME) CATEGORIES(NAME) OUTLETS(NAME) PARTIES(NAME) SCHEMES(NAME) "_Z", "X", "", "card", "CARD ", "NONE",
    "MASTERCARDMASTERC", "ABCDEFGHIJKLMNOP", "payment.statu", "order.return_requested2",
};
static const char *const currencies[] = {
    "VND", "USD", "EUR", "JPY", "BHD", "CLF", "XAU", "XXX", "vnd", "VN", "VNDD", "V\\u004ED",
};
static const char *const countries[] = {"VN", "US", "ZZ", "AA", "vn", "V", "VNM", "@[", "V\\u004E"};
static const char *const numbers[] = {
    "0", "-0", "1", "-1", "2", "9", "10", "150000", "99999999", "100000000", "2147483647", "4294967296", "9007199254740993",
    "999999999999999999", "1000000000000000000", "9223372036854775806", "9223372036854775807", "9223372036854775808",
    "9223372036854775809", "-9223372036854775807", "-9223372036854775808", "-9223372036854775809", "9999999999999999999",
    "18446744073709551615", "18446744073709551616", "10000000000000000000", "99999999999999999999", "1.0", "1e3", "1E400",
    "-1e-400", "0.5", "0e0", "0.0", "-0.0", "00", "01", "-01", "-", "--1", "+1", "1.", ".5", "1e", "1e+", "1e-", "1.e1", "0x10",
    "1_0", "Infinity", "NaN", "1630666800000", "7258118399999", "7258118400000", "7258118400001", "253402300800000",
};
static const char *const dates[] = {
    "\"2020-01-01\"", "\"2020-02-30\"", "\"\"", "\"2021-12-31\"", "\"20200101\"", "null", "20200101",
};
static const char *const odd_values[] = {
    "null", "true", "false", "nul", "True", "{}", "[]", "[1]", "{\"a\":1}", "[[[]]]", "[{\"a\":[null]}]", "[1,]", "[,1]", "{,}",
    "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "\"", "'a'", "", "[}", "{]", "[true,false,null,-1.5e+3,\"x\"]",
    "{\"type\":\"order.paid\"}",
    "{\"a\":{\"a\":{\"a\":1}}}", "//", "/**/1",
};
static const char *const registry_values[] = {
    "\"ACTIVE\"", "\"SUSPENDED\"", "\"ENTERPRISE\"", "\"BRANCH\"", "\"SUPERMARKET\"", "\"UTILITY\"", "\"G47111\"", "\"47\"",
    "\"2018\"", "2018", "2007", "407", "\"380\"", "\"Y\"", "\"N\"", "\"\"", "[\"ERP\",\"CRM\"]", "[\"NONE\"]", "\"ERP;CRM\"",
    "\"https://a.vn\"", "\"a;b\"", "[\"OWN_WEB\"]", "[{\"source\":\"SHOPEE\",\"account_id\":\"S1\"}]",
    "[{\"source\":\"SHOPEE\",\"account_id\":\"S1\",\"valid_from\":\"2020-02-01\",\"valid_to\":\"2020-02-01\"}]", "[{}]", "250",
    "1e2", "-5", "1578182400000", "\"2020-01-05T00:00:00Z\"", "12345678901234567890",
};
static const char *const pieces[] = {
    "\\u0000", "\\u0041", "\\u00e0", "\\u001f", "\\u007f", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\ud83d\\u0041",
    "\\ud83d\\ud83d",
    "\\ud800\\udc00", "\\udbff\\udfff", "\\uD83D\\uDE00", "\\ud83d\\ude0", "\\ud83dx", "\\u12", "\\u12G4", "\\u", "\\", "\\\"",
    "\\\\",
    "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v", "\\0", "\\x41", "\\U0041", "\x7f", "\x1f", "\x01", "\n", "\t", "\xc3\xa0",
    "\xe1\xba\xa1", "\xf0\x9f\x98\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xe0\x80\x80", "\xe0\x9f\xbf",
    "\xe0\xa0\x80",
    "\xed\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xef\xbb\xbf", "\xf0\x80\x80\x80",
    "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\x80",
    "\xbf",
    "\xe1\x80", "\xf1\x80\x80", " ", "~", "\"", "{", "}", "[", "]", ",", ":",
};
static const char *const events[] = {
    "{\"event_id\":\"e1\",\"schema_version\":1,\"type\":\"payment.status\",\"source\":\"PSP1\",\"event_time\":1630666800000,"
    "\"ingest_time\":1630666800500,\"payment_id\":\"P1\",\"merchant_id\":\"M1\",\"payer_id\":\"b1\",\"payer_type\":\"HOUSEHOLD\","
    "\"context\":\"POS\",\"instrument\":\"CARD\",\"status\":\"CAPTURED\",\"amount_minor\":150000,\"currency\":\"VND\","
    "\"scheme\":\"NAPAS\"}",
    "{\"type\":\"payment.status\",\"event_id\":\"e2\",\"source\":\"PSP2\",\"schema_version\":1,\"currency\":\"USD\","
    "\"amount_minor\":15000,\"fx_amount_minor\":350000000,\"instrument\":\"EWALLET\",\"wallet\":\"MOMO\",\"context\":\"AD\","
    "\"ad_platform\":\"GOOGLE\",\"status\":\"DECLINED\",\"reason_class\":\"TECHNICAL\",\"payment_id\":\"P2\","
    "\"payment_intent_id\":\"I1\",\"terminal_id\":\"T1\","
    "\"payer_id\":\"b2\",\"payer_type\":\"BUSINESS\",\"payer_country\":\"VN\",\"merchant_country\":\"US\",\"same_owner\":false,"
    "\"captured_at\":\"2021-09-03T18:00:00+07:00\",\"event_time\":\"2021-09-03T11:00:00.123Z\",\"ingest_time\":1630666800500}",
    "{\"event_id\":\"e3\",\"schema_version\":1,\"type\":\"order.delivered\",\"source\":\"SHOPEE\",\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"order_id\":\"A2\",\"seller_id\":\"M6\",\"buyer_type\":\"BUSINESS\",\"buyer_id\":\"M3\","
    "\"channel\":\"MARKETPLACE\",\"platform\":\"SHOPEE\",\"pay_mode\":\"COD\",\"amount_minor\":300000,\"currency\":\"VND\","
    "\"seller_country\":\"VN\",\"buyer_country\":\"VN\",\"product_class\":\"GOODS\",\"order_created_at\":1630800000000,"
    "\"shipped_at\":1630803600000,\"delivered_at\":\"2021-09-05T09:00:00+07:00\",\"test\":true}",
    "{\"event_id\":\"e4\",\"schema_version\":1,\"type\":\"ride.completed\",\"source\":\"GRAB\",\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"trip_id\":\"T2\",\"operator\":\"GRAB\",\"fare_minor\":52000,\"currency\":\"VND\","
    "\"driver_id\":\"D1\",\"buyer_type\":\"BUSINESS\",\"buyer_id\":\"M9\"}",
    "{\"event_id\":\"e5\",\"schema_version\":1,\"type\":\"website.observed\",\"source\":\"CRAWL\",\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"merchant_id\":\"M1\",\"content_changed_at\":1630807100000}",
    "{\"event_id\":\"r1\",\"schema_version\":1,\"type\":\"unit.registered\",\"source\":\"REGISTRY\",\"merchant_id\":\"M1\","
    "\"recorded_at\":1578182400000,\"valid_from\":\"2020-01-01\",\"status\":\"ACTIVE\",\"legal_form\":\"ENTERPRISE\","
    "\"unit_type\":\"SUPERMARKET\",\"vsic\":\"G47111\",\"vsic_version\":2018,\"district\":407}",
};

enum field words_field(struct chance *chance) {
    return (enum field)(1 + chance_below(chance, FIELD_LIMIT - 1));
}

/* A letter written as an escape, or as it is. */
static void letter(struct chance *chance, char byte, struct draft *draft) {
    char escape[8];
    (void)snprintf(escape, sizeof(escape), chance_below(chance, 2) == 0 ? "\\u%04x" : "\\u%04X", (unsigned char)byte);
    if (chance_below(chance, 12) == 0) {
        draft_text(draft, escape);
    } else {
        draft_put(draft, &byte, 1);
    }
}

/* In quotes; seldom with escaped letters, a letter more or less, or another piece inside. */
static void quoted(struct chance *chance, const char *text, struct draft *draft) {
    size_t length = strlen(text);
    uint32_t how = chance_below(chance, 24);
    if (how == 0 && length > 0) length--;
    draft_text(draft, "\"");
    if (how == 1) {
        for (size_t i = 0; i < length; i++) letter(chance, text[i], draft);
    } else {
        draft_put(draft, text, length);
    }
    if (how == 2) draft_text(draft, "X");
    if (how == 3) words_piece(chance, draft);
    draft_text(draft, "\"");
}

void words_key(struct chance *chance, enum field field, struct draft *draft) {
    static const char *const unlisted[] = {
        "", "x", "note", "event_id2", "tags", "typ", "types", "a key of more than 16", "amount",
    };
    quoted(chance, field != FIELD_NONE ? field_names[field] : PICK(chance, unlisted), draft);
}

void words_piece(struct chance *chance, struct draft *draft) {
    static const uint8_t lengths[] = {1, 7, 8, 9, 14, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 128};
    if (chance_below(chance, 4) != 0) {
        uint32_t piece = chance_below(chance, COUNT(pieces) + 2);
        if (piece < COUNT(pieces)) draft_text(draft, pieces[piece]);
        if (piece >= COUNT(pieces)) draft_put(draft, "\0\0\0\0\0\0\0", 1 + chance_below(chance, 2) * chance_below(chance, 7));
        return;
    }
    for (uint32_t left = lengths[chance_below(chance, COUNT(lengths))]; left > 0; left--) draft_text(draft, "k");
}

static void id(struct chance *chance, struct draft *draft) {
    static const char *const ids[] = {"e1", "P1", "M1", "SHOPEE", "PSP1", "", "a b", "0", "550e8400-e29b-41d4-a716-446655440000"};
    draft_text(draft, "\"");
    if (chance_below(chance, 3) != 0) draft_text(draft, PICK(chance, ids));
    if (chance_below(chance, 2) == 0) words_piece(chance, draft);
    if (chance_below(chance, 8) == 0) words_piece(chance, draft);
    draft_text(draft, "\"");
}

static void number(struct chance *chance, struct draft *draft) {
    if (chance_below(chance, 3) != 0) {
        draft_text(draft, PICK(chance, numbers));
        return;
    }
    if (chance_below(chance, 6) == 0) draft_text(draft, "-");
    for (uint32_t digits = 1 + chance_below(chance, 23); digits > 0; digits--) {
        char digit = (char)('0' + chance_below(chance, 10));
        draft_put(draft, &digit, 1);
    }
}

static void time_text(struct chance *chance, struct draft *draft) {
    static const char *const years[] = {
        "1969", "1970", "1999", "2000", "2021", "2024", "2100", "2199", "2200", "0000", "9999", "202",
    };
    static const char *const months[] = {"-00", "-01", "-02", "-06", "-09", "-12", "-13", "-1", "/01"};
    static const char *const days[] = {"-00", "-01", "-28", "-29", "-30", "-31", "-32", "-3"};
    static const char *const marks[] = {"T", "t", " ", "_", ""};
    static const char *const hours[] = {"00:", "11:", "23:", "24:", "1:", "-1:"};
    static const char *const minutes[] = {"00:", "30:", "59:", "60:", "5:"};
    static const char *const seconds[] = {"00", "30", "59", "60", "61", "5", ""};
    static const char *const fractions[] = {"", "", "", ".", ".1", ".12", ".123", ".999999999", ".1234567890", ",5", ".12a"};
    static const char *const zones[] = {"Z", "z", "+00:00", "-00:00", "+07:00", "-12:00", "+14:00", "+23:59", "-23:59",
                                        "+24:00", "+07:60", "+0700", "+07", "", "Z ", "\\u005A"};
    draft_text(draft, "\"");
    draft_text(draft, PICK(chance, years));
    draft_text(draft, PICK(chance, months));
    draft_text(draft, PICK(chance, days));
    draft_text(draft, marks[chance_below(chance, 4) == 0 ? chance_below(chance, COUNT(marks)) : 0]);
    draft_text(draft, PICK(chance, hours));
    draft_text(draft, PICK(chance, minutes));
    draft_text(draft, PICK(chance, seconds));
    draft_text(draft, PICK(chance, fractions));
    draft_text(draft, PICK(chance, zones));
    draft_text(draft, "\"");
}

/* Nested to some depth around the limit, closed or not. */
static void nest(struct chance *chance, struct draft *draft) {
    uint32_t depth = 28 + chance_below(chance, 8);
    bool objects = chance_below(chance, 2) == 0;
    for (uint32_t i = 0; i < depth; i++) draft_text(draft, objects ? "{\"a\":" : "[");
    if (objects) draft_text(draft, "1");
    for (uint32_t i = chance_below(chance, 8) == 0 ? 1 : 0; i < depth; i++) draft_text(draft, objects ? "}" : "]");
}

/* A value of that type. */
static void typed(struct chance *chance, enum value_kind value, struct draft *draft) {
    switch (value) {
    case VALUE_ID:
        id(chance, draft);
        return;
    case VALUE_TYPE:
    case VALUE_STATUS:
    case VALUE_CLOSED:
    case VALUE_OPEN:
        quoted(chance, PICK(chance, codes), draft);
        return;
    case VALUE_CURRENCY:
        quoted(chance, PICK(chance, currencies), draft);
        return;
    case VALUE_COUNTRY:
        quoted(chance, PICK(chance, countries), draft);
        return;
    case VALUE_TIME:
        if (chance_below(chance, 3) == 0) {
            number(chance, draft);
        } else {
            time_text(chance, draft);
        }
        return;
    case VALUE_MONEY:
    case VALUE_INT:
        number(chance, draft);
        return;
    case VALUE_BOOL:
        draft_text(draft, chance_below(chance, 2) == 0 ? "true" : "false");
        return;
    case VALUE_REGISTRY:
        draft_text(draft, chance_below(chance, 4) == 0 ? PICK(chance, dates) : PICK(chance, registry_values));
        return;
    case VALUE_NONE:
        break;
    }
    draft_text(draft, PICK(chance, odd_values));
}

void words_value(struct chance *chance, enum field field, struct draft *draft) {
    uint32_t how = chance_below(chance, 16);
    if (how == 0) {
        draft_text(draft, PICK(chance, odd_values));
    } else if (how == 1) {
        typed(chance, field_rules[words_field(chance)].value, draft);
    } else if (how == 2 && chance_below(chance, 4) == 0) {
        nest(chance, draft);
    } else {
        typed(chance, field_rules[field].value, draft);
    }
}

void words_event(struct chance *chance, struct draft *draft) {
    draft_text(draft, PICK(chance, events));
}
