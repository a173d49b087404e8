/* decode() and decode_reference() promise the same; here they are compared over many mutations of valid events.
 *
 * Mutations are seeded, so a failure repeats: the message is printed. Each is made of one to three steps on a
 * valid event: bytes are changed, cut, doubled, or replaced by tokens that are at the edge of some rule. Every
 * message lies in a block of exactly its size, so that a sanitizer sees any reading beyond it. Verdict, reason,
 * byte, field name and every member of the event must be equal. */
#include "check.h"
#include "tests/support/event_text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MUTATIONS = 200000, UNIT_SHARE = 16, MESSAGE_MAX = 4096, SHOWN_MAX = 5 };

static const char *const seeds[] = {
    "{\"event_id\":\"e1\",\"schema_version\":1,\"type\":\"payment.status\",\"source\":\"PSP1\","
    "\"event_time\":1630666800000,"
    "\"ingest_time\":1630666800500,\"payment_id\":\"P1\",\"merchant_id\":\"M1\",\"payer_id\":\"b1\","
    "\"payer_type\":\"HOUSEHOLD\","
    "\"context\":\"POS\",\"instrument\":\"CARD\",\"status\":\"CAPTURED\",\"amount_minor\":150000,"
    "\"currency\":\"VND\",\"scheme\":\"NAPAS\"}",
    "{\"type\":\"payment.status\",\"event_id\":\"e2\",\"source\":\"PSP2\",\"schema_version\":1,"
    "\"currency\":\"USD\",\"amount_minor\":15000,"
    "\"fx_amount_minor\":350000000,\"instrument\":\"EWALLET\",\"wallet\":\"MOMO\",\"context\":\"AD\","
    "\"ad_platform\":\"X\",\"status\":\"DECLINED\","
    "\"reason_class\":\"TECHNICAL\",\"payer_id\":\"p\",\"payer_type\":\"BUSINESS\",\"payer_country\":\"VN\","
    "\"merchant_country\":\"US\","
    "\"terminal_id\":\"T9\",\"payment_id\":\"P\",\"captured_at\":\"2021-09-03T18:00:00+07:00\","
    "\"same_owner\":false,\"test\":true,"
    "\"event_time\":\"2021-09-03T18:00:00.5Z\",\"ingest_time\":1630666800500,\"order_id\":\"A1\"}",
    "{ \"event_id\" : \"e3\", \"schema_version\" : 1, \"type\" : \"order.created\", "
    "\"source\" : \"SHOPEE\", \"event_time\" : 1630807200000,\n"
    "  \"ingest_time\" : 1630807200500, \"order_id\" : \"A2\", \"seller_id\" : \"M6\", "
    "\"buyer_type\" : \"BUSINESS\", \"buyer_id\" : \"M\\u0033\",\n"
    "  \"channel\" : \"MARKETPLACE\", \"platform\" : \"SHOPEE\", \"pay_mode\" : \"COD\", "
    "\"amount_minor\" : 300000, \"currency\" : \"VND\",\n"
    "  \"product_class\" : \"GOODS\", \"note\" : \"C\xc3\xa0 ph\xc3\xaa \\ud83d\\ude00\" }\n",
    "{\"event_id\":\"e4\",\"schema_version\":1,\"type\":\"order.failed_delivery\",\"source\":\"LAZADA\","
    "\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"order_id\":\"A2\",\"seller_id\":\"M6\",\"buyer_type\":\"HOUSEHOLD\","
    "\"channel\":\"OWN_WEB\","
    "\"platform\":\"_Z\",\"pay_mode\":\"PREPAID\",\"amount_minor\":0,\"currency\":\"KWD\","
    "\"seller_country\":\"VN\",\"buyer_country\":\"JP\","
    "\"order_created_at\":1630800000000,\"shipped_at\":1630800000001,\"delivered_at\":1630800000002,"
    "\"items\":[{\"a\":[1,2.5e3,null]},\"x\"]}",
    "{\"event_id\":\"e5\",\"schema_version\":1,\"type\":\"ride.completed\",\"source\":\"GRAB\","
    "\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"trip_id\":\"T1\",\"operator\":\"GRAB\",\"fare_minor\":45000,"
    "\"currency\":\"VND\",\"buyer_id\":\"b\"}",
    "{\"event_id\":\"e6\",\"schema_version\":1,\"type\":\"website.observed\",\"source\":\"CRAWL\","
    "\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"merchant_id\":\"M1\",\"content_changed_at\":1630800000000,\"status\":\"200\"}",
    "{\"event_id\":\"r1\",\"schema_version\":1,\"type\":\"unit.registered\",\"source\":\"REGISTRY\","
    "\"merchant_id\":\"M1\","
    "\"recorded_at\":\"2020-01-05T00:00:00Z\",\"valid_from\":\"2020-01-01\",\"status\":\"ACTIVE\","
    "\"legal_form\":\"ENTERPRISE\","
    "\"unit_type\":\"MALL\",\"vsic\":\"47111\",\"vsic_version\":2018,\"district\":\"380\",\"employees\":5,"
    "\"mgmt_software\":\"ERP;CRM\","
    "\"accounts\":[{\"source\":\"S\",\"account_id\":\"1\"}]}",
};

/* What a value, or a piece of text, is replaced by. */
static const char *const tokens[] = {
    "null", "true", "false", "0", "-0", "1", "-1", "2", "1.0", "1e3", "1E+2", "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999", "1e400", "01",
    "1.", ".5", "+1",
    "7258118399999", "7258118400000", "1630807200000", "12345678", "123456789", "1234567890123456", "\"\"", "\" \"",
    "\"x\"", "\"VN\"",
    "\"OTHER\"", "\"_Z\"", "\"X\"", "\"SHOPEE\"", "\"MOMO\"", "\"EWALLET\"", "\"CARD\"", "\"AD\"", "\"BUSINESS\"",
    "\"DECLINED\"",
    "\"CLOSED\"", "\"SETTLED\"", "\"MARKETPLACE\"", "\"PHONE\"", "\"order.returned\"", "\"payment.status\"",
    "\"unit.registered\"",
    "\"order.return_requested\"", "\"2021-02-29T00:00:00Z\"", "\"2021-09-03T18:00:00-00:00\"",
    "\"2021-09-03t18:00:00.123456789z\"",
    "\"\\u0041\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\udc00\"", "\"\\x\"", "\"\\",
    "\"\xc3\xa9\"", "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"", "\"\xe1\xba\"", "\"\x7f\"", "\"\x01\"", "[]", "{}", "[1,{\"a\":[]}]",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "{\"a\":1,}", "[1,]", "nul", "tru", "\"\n\"",
    "}", "]", ",", ":",
    "\"0123456789012345678901234567890123456789012345678901234567890123\"",
    "\"01234567890123456789012345678901234567890123456789012345678901234\"",
    "\"\\u0030123456789012345678901234567890123456789012345678901234567890123\"",
};

/* Keys that a mutation puts in, some twice in the end. */
static const char *const keys[] = {
    "event_id", "type", "schema_version", "status", "trip_id", "payment_intent_id", "driver_id", "wallet", "scheme",
    "fx_amount_minor", "test",
    "same_owner", "platform",
    "payer_country", "merchant_country", "buyer_country", "seller_country", "product_class", "captured_at",
    "content_changed_at",
    "employees", "website_updated_at", "parent_enterprise_id", "enterprise_group_id", "ty\\u0070e", "unlisted", "t",
    "order_created_at_",
};

struct text {
    char bytes[MESSAGE_MAX];
    size_t length;
};

static uint64_t random_state;

static size_t random_below(size_t end) {
    uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (size_t)((z ^ (z >> 31)) % end);
}

/* Replaces bytes [from, to) by `insert`, unless the message would become too long. */
static void splice(struct text *text, size_t from, size_t to, const char *insert, size_t length) {
    if (text->length - (to - from) + length > MESSAGE_MAX) return;
    memmove(text->bytes + from + length, text->bytes + to, text->length - to);
    memcpy(text->bytes + from, insert, length);
    text->length = text->length - (to - from) + length;
}

/* The bounds of a value: from behind some colon to the next comma or brace. */
static bool some_value(const struct text *text, size_t *from, size_t *to) {
    size_t start = random_below(text->length);
    const char *colon = memchr(text->bytes + start, ':', text->length - start);
    if (colon == NULL) return false;
    *from = (size_t)(colon - text->bytes) + 1;
    for (*to = *from; *to < text->length && text->bytes[*to] != ',' && text->bytes[*to] != '}';) ++*to;
    return true;
}

static void mutate(struct text *text) {
    size_t from = 0;
    size_t to = 0;
    char member[200];
    const char *token = tokens[random_below(sizeof(tokens) / sizeof(tokens[0]))];
    if (text->length < 2) return;
    switch (random_below(8)) {
    case 0: /* one byte becomes another */
        text->bytes[random_below(text->length)] = (char)random_below(256);
        break;
    case 1: /* a bit flips */
        text->bytes[random_below(text->length)] ^= (char)(1 << random_below(8));
        break;
    case 2: /* cut off, or a piece cut out */
        from = random_below(text->length);
        to = random_below(2) == 0 ? text->length : from + random_below(text->length - from);
        splice(text, from, to, "", 0);
        break;
    case 3: /* a piece is doubled */
        from = random_below(text->length);
        to = from + random_below(text->length - from < 40 ? text->length - from : 40);
        memcpy(member, text->bytes + from, to - from);
        splice(text, from, from, member, to - from);
        break;
    case 4: /* a token in any place */
        from = random_below(text->length);
        splice(text, from, from, token, strlen(token));
        break;
    case 5: /* one more member at the front */
        (void)snprintf(member, sizeof(member), "\"%s\":%s,", keys[random_below(sizeof(keys) / sizeof(keys[0]))], token);
        splice(text, 1, 1, member, strlen(member));
        break;
    default: /* another value */
        if (some_value(text, &from, &to)) splice(text, from, to, token, strlen(token));
        break;
    }
}

static void show(const struct text *text, const char *what, const struct rejection *a, const struct rejection *b) {
    (void)fprintf(stderr, "they differ in %s: decode %s %u %s, reference %s %u %s\n    ", what, reason_name(a->reason), a->byte,
                  a->field, reason_name(b->reason), b->byte, b->field);
    for (size_t i = 0; i < text->length; i++) {
        unsigned char byte = (unsigned char)text->bytes[i];
        (void)fprintf(stderr, byte >= 0x20 && byte < 0x7F ? "%c" : "<%02x>", byte);
    }
    (void)fprintf(stderr, "\n");
}

/* What differs, or NULL. */
static const char *difference(const struct decoder *decoder, const struct text *text, struct rejection *a, struct rejection *b) {
    struct event first;
    struct event second;
    *a = *b = (struct rejection){REASON_NONE, 0, ""};
    char *exact = malloc(text->length > 0 ? text->length : 1);
    CHECK(exact != NULL);
    memcpy(exact, text->bytes, text->length);
    struct slice message = {exact, text->length};
    bool valid = decode(decoder, message, &first, a);
    bool valid_too = decode_reference(decoder, message, &second, b);
    const char *what = NULL;
    if (valid != valid_too) {
        what = "verdict";
    } else if (valid) {
        what = event_difference(&first, &second);
    } else if (a->reason != b->reason) {
        what = "reason";
    } else if (a->byte != b->byte) {
        what = "byte";
    } else if (strcmp(a->field, b->field) != 0) {
        what = "field";
    }
    free(exact);
    return what;
}

static void both_decoders_make_the_same_of_every_mutation(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    int reasons[REASON_COUNT] = {0};
    int differences = 0;
    random_state = 20210930;
    size_t seed_count = sizeof(seeds) / sizeof(seeds[0]);
    for (int i = 0; i < MUTATIONS && differences < SHOWN_MAX; i++) {
        struct text text;
        struct rejection a;
        struct rejection b;
        /* Registry records cost a hundred times more, so they come less often. */
        size_t seed = random_below(UNIT_SHARE) == 0 ? seed_count - 1 : random_below(seed_count - 1);
        text.length = strlen(seeds[seed]);
        memcpy(text.bytes, seeds[seed], text.length);
        for (size_t steps = random_below(4); steps > 0; steps--) mutate(&text);
        const char *what = difference(decoder, &text, &a, &b);
        reasons[a.reason]++;
        if (what == NULL) continue;
        show(&text, what, &a, &b);
        differences++;
    }
    decoder_destroy(decoder);
    assert_int_equal(differences, 0);
    /* The mutations are worth something only if they reach every reason that a text can have, and if many stay valid. */
    for (unsigned reason = REASON_NOT_JSON; reason <= REASON_BAD_REGISTRY; reason++) {
        if (reasons[reason] == 0) fail_msg("no mutation was refused as %s", reason_name((enum reason)reason));
    }
    assert_true(reasons[REASON_NONE] > MUTATIONS / 10);
}

static void every_prefix_of_an_event_is_refused_alike(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    for (size_t seed = 0; seed < sizeof(seeds) / sizeof(seeds[0]); seed++) {
        struct text text = {.length = strlen(seeds[seed])};
        memcpy(text.bytes, seeds[seed], text.length);
        while (text.length > 0) {
            struct rejection a;
            struct rejection b;
            text.length--;
            const char *what = difference(decoder, &text, &a, &b);
            if (what != NULL) show(&text, what, &a, &b);
            assert_null(what);
        }
    }
    decoder_destroy(decoder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_decoders_make_the_same_of_every_mutation),
        cmocka_unit_test(every_prefix_of_an_event_is_refused_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
