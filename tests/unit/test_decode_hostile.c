/* What somebody writes who means harm: texts at the edge of every rule, keys and codes with the hash of ours, ids prepared to
 * have one fingerprint, and everything that the fuzzer has found. Both decoders, each message in a block of its very size. */
#include "check.h"
#include "ingest/decode_print.h"
#include "tests/support/corpus.h"
#include "tests/support/event_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char payment[] =
    "{\"event_id\":\"e1\",\"schema_version\":1,\"type\":\"payment.status\",\"source\":\"PSP1\",\"event_time\":1630666800000,"
    "\"ingest_time\":1630666800500,\"payment_id\":\"P1\",\"merchant_id\":\"M1\",\"payer_id\":\"b1\",\"payer_type\":\"HOUSEHOLD\","
    "\"context\":\"POS\",\"instrument\":\"CARD\",\"status\":\"CAPTURED\",\"amount_minor\":150000,\"currency\":\"VND\","
    "\"scheme\":\"NAPAS\"}";

/* Both decoders must say the same; what decode() says is returned, and its event when it is valid. */
static struct rejection verdict(const struct decoder *decoder, struct slice text, struct event *event) {
    struct event other_event;
    struct rejection rejection = {REASON_NONE, 0, ""};
    struct rejection other = {REASON_NONE, 0, ""};
    char *exact = malloc(text.length > 0 ? text.length : 1);
    CHECK(exact != NULL);
    if (text.length > 0) memcpy(exact, text.data, text.length);
    struct slice message = {exact, text.length};
    bool valid = decode(decoder, message, event, &rejection);
    bool valid_too = decode_reference(decoder, message, &other_event, &other);
    if (valid != valid_too || rejection.reason != other.reason || rejection.byte != other.byte ||
        strcmp(rejection.field, other.field) != 0) {
        fail_msg("decode %s %u %s, decode_reference %s %u %s: %.*s", reason_name(rejection.reason), rejection.byte,
                 rejection.field, reason_name(other.reason), other.byte, other.field, (int)text.length, text.data);
    }
    if (valid) assert_null(event_difference(event, &other_event));
    free(exact);
    return rejection;
}

struct hostile {
    const char *claim;
    struct slice text;
    enum reason reason;
    uint32_t byte;
    const char *field;
};

static void check_all(const struct hostile *cases, size_t count) {
    struct decoder *decoder = test_decoder();
    struct event event;
    for (size_t i = 0; i < count; i++) {
        const struct hostile *wanted = &cases[i];
        struct rejection got = verdict(decoder, wanted->text, &event);
        if (got.reason != wanted->reason || got.byte != wanted->byte || strcmp(got.field, wanted->field) != 0) {
            fail_msg("%s: %s %u `%s`, expected %s %u `%s`", wanted->claim, reason_name(got.reason), got.byte, got.field,
                     reason_name(wanted->reason), wanted->byte, wanted->field);
        }
    }
    decoder_destroy(decoder);
}

#define CHECK_ALL(cases) check_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void numbers_at_the_edge_are_exact_or_refused(void **state) {
    (void)state;
    /* A number that is accepted leaves an event without `type`. */
    static const struct hostile cases[] = {
        {"2^63 - 1", SLICE("{\"amount_minor\":9223372036854775807}"), REASON_MISSING_FIELD, 36, "type"},
        {"2^63", SLICE("{\"amount_minor\":9223372036854775808}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"2^63 + 1", SLICE("{\"amount_minor\":9223372036854775809}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"2^64", SLICE("{\"amount_minor\":18446744073709551616}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"2^64 + 5, which is 5 in 64 bits", SLICE("{\"amount_minor\":18446744073709551621}"), REASON_BAD_AMOUNT, 16,
         "amount_minor"},
        {"-2^63 as an int", SLICE("{\"schema_version\":-9223372036854775808}"), REASON_MISSING_FIELD, 39, "type"},
        {"-2^63 - 1 as an int", SLICE("{\"schema_version\":-9223372036854775809}"), REASON_WRONG_TYPE, 18, "schema_version"},
        {"2^63 as an int", SLICE("{\"schema_version\":9223372036854775808}"), REASON_WRONG_TYPE, 18, "schema_version"},
        {"2^63 as a time", SLICE("{\"event_time\":9223372036854775808}"), REASON_BAD_TIME, 14, "event_time"},
        {"the last millisecond of 2199", SLICE("{\"event_time\":7258118399999}"), REASON_MISSING_FIELD, 28, "type"},
        {"the first of 2200", SLICE("{\"event_time\":7258118400000}"), REASON_BAD_TIME, 14, "event_time"},
        {"-1 as a time", SLICE("{\"event_time\":-1}"), REASON_BAD_TIME, 14, "event_time"},
        {"1e400", SLICE("{\"amount_minor\":1e400}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"1e400 that nobody reads", SLICE("{\"x\":1e400,\"y\":-1e-400}"), REASON_MISSING_FIELD, 23, "type"},
        {"2^63 that nobody reads", SLICE("{\"x\":9223372036854775808}"), REASON_MISSING_FIELD, 25, "type"},
        {"1e0 is no integer", SLICE("{\"amount_minor\":1e0}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"-0", SLICE("{\"amount_minor\":-0}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"-0 as an int is 0", SLICE("{\"schema_version\":-0}"), REASON_MISSING_FIELD, 21, "type"},
        {"-0 as a time is 1970", SLICE("{\"event_time\":-0}"), REASON_MISSING_FIELD, 17, "type"},
        {"-0.0", SLICE("{\"amount_minor\":-0.0}"), REASON_BAD_AMOUNT, 16, "amount_minor"},
        {"01", SLICE("{\"amount_minor\":01}"), REASON_NOT_JSON, 17, ""},
        {"a bare minus", SLICE("{\"amount_minor\":-}"), REASON_NOT_JSON, 17, ""},
        {"digits of another script", SLICE("{\"amount_minor\":\xd9\xa1}"), REASON_NOT_JSON, 16, ""},
    };
    CHECK_ALL(cases);
}

static void nul_and_broken_text_are_refused_in_keys_and_values(void **state) {
    (void)state;
    static const struct hostile cases[] = {
        {"NUL in a key", SLICE("{\"ty\0pe\":1}"), REASON_NOT_JSON, 4, ""},
        {"NUL behind a key", SLICE("{\"type\0\":1}"), REASON_NOT_JSON, 6, ""},
        {"NUL instead of a key", SLICE("{\0}"), REASON_NOT_JSON, 1, ""},
        {"NUL as an escape behind a key", SLICE("{\"type\\u0000\":1}"), REASON_BAD_UTF8, 6, ""},
        {"NUL as an escape in a key that nobody reads", SLICE("{\"x\\u0000\":1}"), REASON_BAD_UTF8, 3, ""},
        {"NUL as an escape behind a code", SLICE("{\"instrument\":\"CARD\\u0000\"}"), REASON_BAD_UTF8, 19, ""},
        {"NUL in an id", SLICE("{\"event_id\":\"a\0b\"}"), REASON_NOT_JSON, 14, ""},
        {"NUL behind the event", SLICE("{}\0"), REASON_NOT_JSON, 2, ""},
        {"an overlong slash in a key", SLICE("{\"a\xc0\xaf\":1}"), REASON_BAD_UTF8, 3, ""},
        {"an overlong quote", SLICE("{\"a\":\"\xc0\xa2\"}"), REASON_BAD_UTF8, 6, ""},
        {"an overlong letter of three bytes in an id", SLICE("{\"event_id\":\"\xe0\x81\x81\"}"), REASON_BAD_UTF8, 13, ""},
        {"an overlong letter of four bytes", SLICE("{\"a\":\"\xf0\x80\x81\x81\"}"), REASON_BAD_UTF8, 6, ""},
        {"a surrogate in UTF-8", SLICE("{\"a\":\"\xed\xa0\x80\"}"), REASON_BAD_UTF8, 6, ""},
        {"a code point beyond the last", SLICE("{\"a\":\"\xf4\x90\x80\x80\"}"), REASON_BAD_UTF8, 6, ""},
        {"a sequence that the quote cuts", SLICE("{\"a\":\"\xe1\x80\"}"), REASON_BAD_UTF8, 6, ""},
        {"a sequence that the end cuts", SLICE("{\"a\":\"\xe1\x80"), REASON_BAD_UTF8, 6, ""},
        {"a high surrogate alone", SLICE("{\"a\":\"\\ud83d\"}"), REASON_BAD_UTF8, 6, ""},
        {"a high surrogate and a letter", SLICE("{\"a\":\"\\ud83d\\u0041\"}"), REASON_BAD_UTF8, 6, ""},
        {"two high surrogates", SLICE("{\"a\":\"\\ud83d\\ud83d\\ude00\"}"), REASON_BAD_UTF8, 6, ""},
        {"a low surrogate first", SLICE("{\"\\ude00\\ud83d\":1}"), REASON_BAD_UTF8, 2, ""},
        {"a surrogate that the end cuts", SLICE("{\"a\":\"\\ud83d\\ude0"), REASON_BAD_UTF8, 6, ""},
        {"a byte order mark", SLICE("\xef\xbb\xbf{}"), REASON_NOT_JSON, 0, ""},
        {"UTF-16", SLICE("{\0}\0"), REASON_NOT_JSON, 1, ""},
        {"nothing", {"", 0}, REASON_EMPTY, 0, ""},
        {"spaces", SLICE(" \t\r\n  "), REASON_NOT_JSON, 6, ""},
        {"a space that is not JSON's", SLICE("\xc2\xa0{}"), REASON_NOT_JSON, 0, ""},
        {"one brace", SLICE("{"), REASON_NOT_JSON, 1, ""},
        {"one quote", SLICE("\""), REASON_NOT_JSON, 0, ""},
        {"a key that an escape makes another", SLICE("{\"type\":null,\"\\u0074ype\":1}"), REASON_DUPLICATE_KEY, 13, "type"},
    };
    CHECK_ALL(cases);
}

/* The decoder expects the members of the last event; what was changed since must be seen all the same. */
static void one_changed_byte_of_an_event_like_the_last_is_seen(void **state) {
    (void)state;
    static const char bytes[] = "\0\x01\x1f\"\\ \x7f\x80\xc3\xff{}[],:0-.eE";
    struct decoder *decoder = test_decoder();
    struct event event;
    char text[sizeof(payment) + 1];
    for (size_t at = 0; at < sizeof(payment); at++) {
        for (size_t i = 0; i < 2 * (sizeof(bytes) - 1); i++) {
            size_t cut = i < sizeof(bytes) - 1 ? 1 : 0; /* in the place of a byte, and between two */
            if (at + cut > sizeof(payment) - 1) continue;
            assert_int_equal(verdict(decoder, slice_of(payment), &event).reason, REASON_NONE);
            memcpy(text, payment, at);
            text[at] = bytes[i % (sizeof(bytes) - 1)];
            memcpy(text + at + 1, payment + at + cut, sizeof(payment) - 1 - at - cut);
            (void)verdict(decoder, (struct slice){text, sizeof(payment) - cut}, &event);
        }
    }
    decoder_destroy(decoder);
}

/* Odd: makes neighbours unlike. */
#define MIXED_UP UINT64_C(0x9E3779B97F4A7C15)

/* x with x * odd = 1 in 64 bits. */
static uint64_t inverse(uint64_t odd) {
    uint64_t x = odd;
    for (int i = 0; i < 5; i++) x *= 2 - odd * x;
    return x;
}

static bool writable(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] < 0x20 || bytes[i] > 0x7E || bytes[i] == '"' || bytes[i] == '\\') return false;
    }
    return true;
}

/* Another text of 16 letters that the multiplicative hash of a lexicon cannot tell from `word`: for a second half of our
 * choice the equation part0 * salt0 ^ part1 * salt1 = mixed is solved for the first; some thousand choices until it consists
 * of letters. */
static void collide(const struct lexicon *lexicon, const uint64_t word[2], uint64_t serial, char text[static 17]) {
    uint64_t mixed = word[0] * lexicon->salt[0] ^ word[1] * lexicon->salt[1];
    uint64_t back = inverse(lexicon->salt[0]);
    for (uint32_t i = 0; i < 10000000; i++) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        char half[8];
        uint64_t part[2];
        uint64_t chosen = (serial + i) * MIXED_UP;
        for (int k = 0; k < 8; k++) half[k] = letters[chosen >> (58 - 6 * k) & 63];
        memcpy(&part[1], half, 8);
        part[0] = (mixed ^ part[1] * lexicon->salt[1]) * back;
        memcpy(text, part, 16);
        text[16] = '\0';
        assert_int_equal(lexicon_slot(lexicon, part), lexicon_slot(lexicon, word));
        if (writable(text, 16)) return;
    }
    fail_msg("no text found");
}

static void keys_with_the_hash_of_ours_are_not_ours(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    struct event plain;
    struct event event;
    struct decoder *fresh = test_decoder();
    assert_int_equal(verdict(fresh, slice_of(payment), &plain).reason, REASON_NONE);
    const struct lexicon *keys = &decoder->keys;
    for (uint32_t word = 1; word <= keys->count; word++) {
        char text[sizeof(payment) + 64];
        char key[17];
        collide(keys, keys->words[word].part, 10000000 + word, key);
        int length = snprintf(text, sizeof(text), "{\"%s\":[0],\"%s\":1,%s", key, key, payment + 1);
        struct rejection got = verdict(decoder, (struct slice){text, (size_t)length}, &event);
        if (got.reason != REASON_NONE) fail_msg("key %s: %s at %u", key, reason_name(got.reason), got.byte);
        assert_true(event.payload_print == plain.payload_print);
    }
    decoder_destroy(fresh);
    decoder_destroy(decoder);
}

static void codes_with_the_hash_of_ours_are_not_ours(void **state) {
    (void)state;
    static const struct {
        enum code_list list;
        const char *field;
        bool open;
    } lists[] = {
        {LIST_INSTRUMENT, "instrument", false}, {LIST_CONTEXT, "context", false}, {LIST_PERSON, "payer_type", false},
        {LIST_WALLET, "wallet", true},          {LIST_SCHEME, "scheme", true},    {LIST_CATEGORY, "product_class", true},
    };
    struct decoder *decoder = test_decoder();
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const struct lexicon *list = &decoder->lists[lists[i].list];
        for (uint32_t word = 1; word <= list->count; word++) {
            char text[100];
            char code[17];
            struct event event;
            collide(list, list->words[word].part, 20000000 + word, code);
            int length = snprintf(text, sizeof(text), "{\"%s\":\"%s\"}", lists[i].field, code);
            struct rejection got = verdict(decoder, (struct slice){text, (size_t)length}, &event);
            assert_int_equal(got.reason, lists[i].open ? REASON_MISSING_FIELD : REASON_UNKNOWN_CODE);
        }
    }
    decoder_destroy(decoder);
}

/* A key whose secret begins with eight letters. Who knows the secret can then write ids of 32 bytes that begin with them: the
 * first product inside XXH3 is zero whatever the next eight bytes are. */
static void weak_key(char key[static 32], char letters[static 9]) {
    unsigned char secret[PRINT_SECRET_BYTES];
    for (int i = 0; i < 1000000; i++) {
        (void)snprintf(key, 32, "a key that leaks %08d", i);
        assert_int_equal(XXH3_generateSecret(secret, sizeof(secret), key, strlen(key)), XXH_OK);
        memcpy(letters, secret, 8);
        letters[8] = '\0';
        if (writable(letters, 8)) return;
    }
    fail_msg("no key found");
}

static void prepared_ids_meet_only_for_who_knows_the_key(void **state) {
    (void)state;
    enum { IDS = 500 };
    struct fault fault;
    char key[32], letters[9];
    weak_key(key, letters);
    const struct decoder_options leaked = {slice_of(key), "VND", "VN", NULL};
    struct decoder *known = decoder_create(&leaked, &fault);
    struct decoder *secret = test_decoder();
    assert_non_null(known);
    static uint64_t prints[IDS];
    for (uint32_t i = 0; i < IDS; i++) {
        char id[40];
        (void)snprintf(id, sizeof(id), "%s%08u0123456789abcdef", letters, i);
        prints[i] = decoder_print(known, SLICE("S"), slice_of(id));
        assert_true(prints[i] == prints[0]); /* the attack is real for the key that leaked: all are one event ... */
    }
    for (uint32_t i = 0; i < IDS; i++) { /* ... and under another key each is itself */
        char id[40];
        (void)snprintf(id, sizeof(id), "%s%08u0123456789abcdef", letters, i);
        prints[i] = decoder_print(secret, SLICE("S"), slice_of(id));
        for (uint32_t k = 0; k < i; k++) assert_true(prints[k] != prints[i]);
    }
    decoder_destroy(secret);
    decoder_destroy(known);
}

static void visit(void *context, struct slice message) {
    struct event event;
    (void)verdict(context, message, &event);
}

static void everything_the_fuzzer_found_is_judged_alike(void **state) {
    (void)state;
    struct decoder *decoder = test_decoder();
    assert_true(corpus_read("tests/fuzz/corpus/found.txt", visit, decoder) > 100);
    decoder_destroy(decoder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_at_the_edge_are_exact_or_refused),
        cmocka_unit_test(nul_and_broken_text_are_refused_in_keys_and_values),
        cmocka_unit_test(one_changed_byte_of_an_event_like_the_last_is_seen),
        cmocka_unit_test(keys_with_the_hash_of_ours_are_not_ours),
        cmocka_unit_test(codes_with_the_hash_of_ours_are_not_ours),
        cmocka_unit_test(prepared_ids_meet_only_for_who_knows_the_key),
        cmocka_unit_test(everything_the_fuzzer_found_is_judged_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
