/* Hostile input, fingerprints, and the promise that a decoded event costs no allocation. */
#include "check.h"
#include "tests/support/event_text.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char payment[] =
    "{\"event_id\":\"e1\",\"schema_version\":1,\"type\":\"payment.status\",\"source\":\"PSP1\","
    "\"event_time\":1630666800000,"
    "\"ingest_time\":1630666800500,\"payment_id\":\"P1\",\"merchant_id\":\"M1\",\"payer_id\":\"b1\","
    "\"payer_type\":\"HOUSEHOLD\","
    "\"context\":\"POS\",\"instrument\":\"CARD\",\"status\":\"CAPTURED\",\"amount_minor\":150000,"
    "\"currency\":\"VND\",\"scheme\":\"NAPAS\"}";
static const char order[] =
    "{\"event_id\":\"e2\",\"schema_version\":1,\"type\":\"order.created\",\"source\":\"SHOPEE\","
    "\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200500,\"order_id\":\"A2\",\"seller_id\":\"M6\",\"buyer_type\":\"BUSINESS\","
    "\"buyer_id\":\"M3\","
    "\"channel\":\"MARKETPLACE\",\"platform\":\"SHOPEE\",\"pay_mode\":\"COD\",\"amount_minor\":300000,"
    "\"currency\":\"VND\"}";

/* Allocations of this program, counted. A sanitizer brings its own allocator; then nothing is counted. */
static size_t allocations;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
enum { COUNTS_ALLOCATIONS = 1 };
#define COUNTED(name, parameters, arguments)                                                  \
    void *name parameters {                                                                    \
        static void *(*next) parameters;                                                       \
        if (next == NULL) next = (void *(*)parameters)dlsym(RTLD_NEXT, #name);                 \
        allocations++;                                                                         \
        return next arguments;                                                                 \
    }
COUNTED(malloc, (size_t size), (size))
COUNTED(calloc, (size_t count, size_t size), (count, size))
COUNTED(realloc, (void *old, size_t size), (old, size))
COUNTED(aligned_alloc, (size_t alignment, size_t size), (alignment, size))
#else
enum { COUNTS_ALLOCATIONS = 0 };
#endif

/* Both decoders must say the same; what decode() says is returned. */
static enum reason verdict(const struct decoder *decoder, const char *bytes, size_t length, uint32_t *byte) {
    struct event event;
    struct event other_event;
    struct rejection rejection = {REASON_NONE, 0, ""};
    struct rejection other = {REASON_NONE, 0, ""};
    struct slice message = {bytes, length};
    bool valid = decode(decoder, message, &event, &rejection);
    assert_int_equal(valid, decode_reference(decoder, message, &other_event, &other));
    assert_int_equal(rejection.reason, other.reason);
    assert_int_equal(rejection.byte, other.byte);
    if (valid) assert_null(event_difference(&event, &other_event));
    *byte = rejection.byte;
    return rejection.reason;
}

struct pattern {
    const char *claim;
    const char *head;
    const char *repeated;
    size_t times;
    const char *tail;
    enum reason reason;
    uint32_t byte;
};

static void hostile_texts_are_refused_without_effort(void **state) {
    (void)state;
    static const struct pattern patterns[] = {
        {"a million brackets", "{\"a\":", "[", 1000000, "", REASON_TOO_LARGE, 65536},
        {"sixty thousand brackets", "{\"a\":", "[", 60000, "", REASON_TOO_DEEP, 36},
        {"sixty thousand objects", "{\"a\":", "{\"a\":", 12000, "", REASON_TOO_DEEP, 160},
        {"a hundred thousand keys", "{", "\"a\":1,", 100000, "\"a\":1}", REASON_TOO_LARGE, 65536},
        {"ten thousand unlisted keys", "{", "\"a\":1,", 10000, "\"a\":1}", REASON_MISSING_FIELD, 60007},
        {"a number of a megabyte", "{\"amount_minor\":", "9", 1000000, "}", REASON_TOO_LARGE, 65536},
        {"a number of sixty thousand digits", "{\"amount_minor\":", "9", 60000, "}", REASON_BAD_AMOUNT, 16},
        {"a long number that nobody reads", "{\"x\":", "9", 60000, "}", REASON_MISSING_FIELD, 60006},
        {"an id of sixty thousand bytes", "{\"event_id\":\"", "x", 60000, "\"}", REASON_BAD_ID, 12},
        {"an id of ten thousand escapes", "{\"event_id\":\"", "\\u0041", 10000, "\"}", REASON_BAD_ID, 12},
        {"a code of sixty thousand bytes", "{\"wallet\":\"", "x", 60000, "\"}", REASON_UNKNOWN_CODE, 10},
        {"a time of sixty thousand bytes", "{\"event_time\":\"", "1", 60000, "\"}", REASON_BAD_TIME, 14},
        {"a key of sixty thousand bytes", "{\"", "k", 60000, "\":1}", REASON_MISSING_FIELD, 60006},
        {"spaces only", "", " ", 65536, "", REASON_NOT_JSON, 65536},
        {"a string without end", "{\"a\":\"", "x", 65000, "", REASON_NOT_JSON, 65006},
        {"quotes only", "{", "\"", 60000, "}", REASON_NOT_JSON, 3},
        {"backslashes only", "{\"", "\\", 60001, "}", REASON_NOT_JSON, 60003},
        {"zeros", "{\"a\":", "0", 5000, "}", REASON_NOT_JSON, 6},
        {"commas", "{\"a\":[1", ",", 5000, "]}", REASON_NOT_JSON, 8},
        {"closing braces", "{", "}", 5000, "", REASON_NOT_JSON, 2},
        {"half a hundred kilobytes of surrogates", "{\"a\":\"", "\\ud83d\\ude00", 4000, "\"}", REASON_MISSING_FIELD, 48008},
    };
    struct decoder *decoder = test_decoder();
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const struct pattern *p = &patterns[i];
        size_t unit = strlen(p->repeated);
        size_t head = strlen(p->head);
        size_t length = head + unit * p->times + strlen(p->tail);
        char *text = malloc(length);
        CHECK(text != NULL);
        memcpy(text, p->head, head);
        for (size_t n = 0; n < p->times; n++) memcpy(text + head + n * unit, p->repeated, unit);
        memcpy(text + head + unit * p->times, p->tail, strlen(p->tail));
        uint32_t byte;
        enum reason reason = verdict(decoder, text, length, &byte);
        if (reason != p->reason || byte != p->byte) {
            fail_msg("%s: %s at %u, expected %s at %u", p->claim, reason_name(reason), byte, reason_name(p->reason), p->byte);
        }
        free(text);
    }
    decoder_destroy(decoder);
}

static void an_event_of_exactly_64_kib_is_read_and_one_byte_more_is_not(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    static char text[MESSAGE_BYTES_MAX + 1];
    uint32_t byte;
    memset(text, ' ', sizeof(text));
    memcpy(text, payment, sizeof(payment) - 1);
    assert_int_equal(verdict(decoder, text, MESSAGE_BYTES_MAX, &byte), REASON_NONE);
    assert_int_equal(verdict(decoder, text, MESSAGE_BYTES_MAX + 1, &byte), REASON_TOO_LARGE);
    assert_int_equal(verdict(decoder, text, 0, &byte), REASON_EMPTY);
    decoder_destroy(decoder);
}

static void no_event_costs_an_allocation(void **state) {
    (void)state;
    if (!COUNTS_ALLOCATIONS) skip();
    static const char *const texts[] = {
        payment,
        order,
        "{\"event_id\":\"e\\u0031\",\"schema_version\":2,\"type\":\"payment.status\",\"x\":[{\"a\":1e400}],"
        "\"note\":\"C\xc3\xa0 ph\xc3\xaa\"}",
        "{\"event_id\":\"\xff",
        "[[[[",
    };
    struct decoder *decoder = test_decoder();
    struct event event;
    struct rejection rejection;
    char *probe = malloc(1); /* the counter must be able to move */
    assert_true(allocations > 0);
    free(probe);
    size_t before = allocations;
    for (int round = 0; round < 1000; round++) {
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            (void)decode(decoder, slice_of(texts[i]), &event, &rejection);
        }
    }
    assert_int_equal(allocations - before, 0);
    decoder_destroy(decoder);
}

static struct event event_of(const struct decoder *decoder, const char *text) {
    struct event event;
    struct rejection rejection;
    if (!decode(decoder, slice_of(text), &event, &rejection)) {
        fail_msg("%s at %u (%s): %s", reason_name(rejection.reason), rejection.byte, rejection.field, text);
    }
    return event;
}

/* Replaces the first `from` in `text`. The caller frees the result. */
static char *replaced(const char *text, const char *from, const char *to) {
    const char *place = strstr(text, from);
    CHECK(place != NULL);
    size_t bytes = strlen(text) + strlen(to) + 1;
    char *result = malloc(bytes);
    CHECK(result != NULL);
    (void)snprintf(result, bytes, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    return result;
}

static void the_payload_print_tells_a_redelivery_from_a_conflict(void **state) {
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        bool same;
    } changes[] = {
        {"1630666800500", "1630666999999", true},                         /* ingest_time */
        {"{\"event_id\":\"e1\",\"schema_version\":1,", "{\"schema_version\":1,\"event_id\":\"e1\",", true}, /* order of keys */
        {"\"status\":", " \"status\" :\t", true},                         /* spaces */
        {"\"POS\"", "\"P\\u004fS\"", true},                               /* escapes */
        {"1630666800000", "\"2021-09-03T18:00:00+07:00\"", true},         /* the same instant, written differently */
        {"\"scheme\"", "\"note\":1,\"scheme\"", true},                    /* a key that nobody reads */
        {"\"scheme\"", "\"trip_id\":\"T1\",\"scheme\"", true},            /* a key that this family does not read */
        {"\"scheme\"", "\"order_id\":null,\"scheme\"", true},             /* null is absent */
        {"\"NAPAS\"", "\"VISA\"", false},
        {"150000", "150001", false},
        {"\"CAPTURED\"", "\"SETTLED\"", false},
        {"\"b1\"", "\"b2\"", false},
        {"\"merchant_id\"", "\"terminal_id\"", false},
        {"\"scheme\"", "\"order_id\":\"A1\",\"scheme\"", false},
        {"\"scheme\"", "\"test\":false,\"scheme\"", false},
    };
    struct decoder *decoder = test_decoder();
    struct event first = event_of(decoder, payment);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char *text = replaced(payment, changes[i].from, changes[i].to);
        struct event second = event_of(decoder, text);
        if ((first.payload_print == second.payload_print) != changes[i].same) {
            fail_msg("%s -> %s: payloads should be %s", changes[i].from, changes[i].to,
                     changes[i].same ? "the same" : "different");
        }
        free(text);
    }
    decoder_destroy(decoder);
}

static void prints_are_those_of_the_public_functions(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    struct event event = event_of(decoder, payment);
    assert_true(event.event_print == decoder_print(decoder, SLICE("PSP1"), SLICE("e1")));
    assert_true(event.entity_print == decoder_print(decoder, SLICE("PSP1"), SLICE("P1")));
    assert_true(event.account_print == decoder_print(decoder, SLICE("PSP1"), SLICE("M1")));
    assert_true(event.person_print == decoder_person_print(decoder, SLICE("b1")));
    assert_true(event.buyer_print == 0);
    event = event_of(decoder, order);
    assert_true(event.buyer_print == decoder_print(decoder, SLICE("SHOPEE"), SLICE("M3")));
    assert_true(event.person_print == decoder_person_print(decoder, SLICE("M3")));
    assert_true(event.entity_print == decoder_print(decoder, SLICE("SHOPEE"), SLICE("A2")));
    assert_true(event.group_print == 0);
    decoder_destroy(decoder);
}

static void an_intent_is_of_its_source_and_a_driver_of_the_operator(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    assert_true(event_of(decoder, payment).group_print == 0);
    char *text = replaced(payment, "\"payment_id\"", "\"payment_intent_id\":\"I7\",\"payment_id\"");
    struct event event = event_of(decoder, text);
    assert_true(event.group_print == decoder_print(decoder, SLICE("PSP1"), SLICE("I7")));
    assert_true(event.payload_print != event_of(decoder, payment).payload_print);
    free(text);
    static const char ride[] = "{\"event_id\":\"e3\",\"schema_version\":1,\"type\":\"ride.completed\",\"source\":\"HUB\","
                               "\"event_time\":1630807200000,\"ingest_time\":1630807200500,\"trip_id\":\"T1\","
                               "\"operator\":\"BE\","
                               "\"driver_id\":\"D9\",\"payment_intent_id\":\"I7\",\"fare_minor\":45000,\"currency\":\"VND\"}";
    assert_true(event_of(decoder, ride).group_print == decoder_print(decoder, SLICE("BE"), SLICE("D9")));
    decoder_destroy(decoder);
}

static void pairs_are_not_their_joined_text_and_keys_matter(void **state) {
    (void)state;
    struct fault fault;
    const struct decoder_options options = {SLICE("another secret, also long"), "USD", "US", NULL};
    struct decoder *one = test_decoder();
    struct decoder *two = decoder_create(&options, &fault);
    assert_non_null(two);
    assert_true(decoder_print(one, SLICE("AB"), SLICE("C")) != decoder_print(one, SLICE("A"), SLICE("BC")));
    assert_true(decoder_print(one, SLICE("A"), SLICE("B")) != decoder_print(one, SLICE("B"), SLICE("A")));
    assert_true(decoder_print(one, SLICE("A"), SLICE("B")) != decoder_print(two, SLICE("A"), SLICE("B")));
    assert_true(decoder_person_print(one, SLICE("A")) != decoder_person_print(two, SLICE("A")));
    decoder_destroy(two);
    decoder_destroy(one);
}

/* One payment: its amount members as text; where and as which field both decoders refuse it, or "" when neither does. */
static void check_bound(const struct decoder *decoder, const char *money, const char *field) {
    static struct event event;
    char text[600];
    struct rejection plain = {.reason = REASON_NONE};
    struct rejection quick = {.reason = REASON_NONE};
    (void)snprintf(text, sizeof(text),
                   "{\"type\":\"payment.status\",\"schema_version\":1,\"event_id\":\"e\",\"source\":\"P\",\"payment_id\":\"p\","
                   "\"merchant_id\":\"m\",\"status\":\"SETTLED\",\"instrument\":\"CASH\",\"context\":\"POS\","
                   "\"payer_type\":\"HOUSEHOLD\",\"payer_id\":\"b\","
                   "\"event_time\":1630000000000,\"ingest_time\":1630000000000,%s}",
                   money);
    bool taken = decode(decoder, slice_of(text), &event, &quick);
    assert_int_equal(decode_reference(decoder, slice_of(text), &event, &plain), taken);
    assert_int_equal(taken, field[0] == '\0');
    if (taken) return;
    char member[40];
    (void)snprintf(member, sizeof(member), "\"%s\":", field);
    size_t at = (size_t)(strstr(text, member) - text) + strlen(member);
    assert_int_equal(quick.reason, REASON_IMPLAUSIBLE_AMOUNT);
    assert_int_equal(plain.reason, REASON_IMPLAUSIBLE_AMOUNT);
    assert_string_equal(quick.field, field);
    assert_string_equal(plain.field, field);
    assert_int_equal(quick.byte, at);
    assert_int_equal(plain.byte, at);
}

static void amounts_beyond_the_bound_of_their_currency_are_refused_where_they_stand(void **state) {
    (void)state;
    struct fault fault;
    const struct decoder_options options = {SLICE("a secret only for tests"), "VND", "VN", "USD=5,VND=100"};
    struct decoder *bounded = decoder_create(&options, &fault);
    struct decoder *unbounded = test_decoder();
    assert_non_null(bounded);
    check_bound(bounded, "\"currency\":\"VND\",\"amount_minor\":100", "");
    check_bound(bounded, "\"currency\":\"VND\",\"amount_minor\":101", "amount_minor");
    check_bound(bounded, "\"amount_minor\":9223372036854775807,\"currency\":\"VND\"", "amount_minor");
    check_bound(bounded, "\"currency\":\"VND\",\"amount_minor\":1,\"fx_amount_minor\":101", "");
    check_bound(bounded, "\"currency\":\"USD\",\"amount_minor\":5", "");
    check_bound(bounded, "\"currency\":\"USD\",\"amount_minor\":6", "amount_minor");
    check_bound(bounded, "\"currency\":\"USD\",\"amount_minor\":5,\"fx_amount_minor\":100", "");
    check_bound(bounded, "\"currency\":\"USD\",\"amount_minor\":5,\"fx_amount_minor\":101", "fx_amount_minor");
    check_bound(bounded, "\"currency\":\"EUR\",\"amount_minor\":1000000", "");
    check_bound(unbounded, "\"currency\":\"VND\",\"amount_minor\":9223372036854775807", "");
    decoder_destroy(unbounded);
    decoder_destroy(bounded);
}

static void wrong_options_are_refused_with_a_sentence(void **state) {
    (void)state;
    static const struct decoder_options wrong[] = {
        {SLICE("short"), "VND", "VN", NULL},
        {SLICE("a secret that is long enough"), "VNDX", "VN", NULL},
        {SLICE("a secret that is long enough"), "XAU", "VN", NULL},
        {SLICE("a secret that is long enough"), "VND", "vn", NULL},
        {SLICE("a secret that is long enough"), "VND", "VNM", NULL},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=1,"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=01"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=-1"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=1234567890123456789"},
        {SLICE("a secret that is long enough"), "VND", "VN", "XAU=1"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=1, USD=1"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=1,USD=1"},
        {SLICE("a secret that is long enough"), "VND", "VN", "VND=1,VND=1"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct fault fault = {.code = FAULT_NONE};
        assert_null(decoder_create(&wrong[i], &fault));
        assert_int_equal(fault.code, FAULT_CONFIG);
        assert_true(strlen(fault.message) > 20);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_texts_are_refused_without_effort),
        cmocka_unit_test(an_event_of_exactly_64_kib_is_read_and_one_byte_more_is_not),
        cmocka_unit_test(no_event_costs_an_allocation),
        cmocka_unit_test(the_payload_print_tells_a_redelivery_from_a_conflict),
        cmocka_unit_test(prints_are_those_of_the_public_functions),
        cmocka_unit_test(an_intent_is_of_its_source_and_a_driver_of_the_operator),
        cmocka_unit_test(pairs_are_not_their_joined_text_and_keys_matter),
        cmocka_unit_test(amounts_beyond_the_bound_of_their_currency_are_refused_where_they_stand),
        cmocka_unit_test(wrong_options_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
