/* Nanoseconds per event for both decoders, over five events of about 340 bytes as producers write them.
 *
 *     build/tools/decode_speed [rounds]        (default 400000 for decode, a fiftieth of it for decode_reference)
 *
 * Each round decodes all five, so that branch predictors see a mixture and not one event. The best of five runs is
 * printed: on a busy machine the minimum is the figure that repeats. Not a test: nothing passes or fails by time. */
#include "decode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const events[] = {
    "{\"event_id\":\"psp1-0000000001234567\",\"schema_version\":1,\"type\":\"payment.status\",\"source\":\"PSP1\","
    "\"event_time\":1630666800123,"
    "\"ingest_time\":1630666800456,\"payment_id\":\"P000000987654\",\"merchant_id\":\"M00012345\","
    "\"payer_id\":\"b9f2a6c41d7e5583\","
    "\"payer_type\":\"HOUSEHOLD\",\"context\":\"POS\",\"instrument\":\"CARD\",\"status\":\"CAPTURED\","
    "\"amount_minor\":150000,\"currency\":\"VND\","
    "\"scheme\":\"NAPAS\"}",
    "{\"event_id\":\"psp1-0000000001234568\",\"schema_version\":1,\"type\":\"payment.status\",\"source\":\"PSP1\","
    "\"event_time\":1630666801123,"
    "\"ingest_time\":1630666801456,\"payment_id\":\"P000000987655\",\"merchant_id\":\"M00012346\","
    "\"payer_id\":\"c9f2a6c41d7e5584\","
    "\"payer_type\":\"HOUSEHOLD\",\"context\":\"ONLINE\",\"instrument\":\"EWALLET\",\"wallet\":\"MOMO\","
    "\"status\":\"SETTLED\","
    "\"amount_minor\":89000,\"currency\":\"VND\"}",
    "{\"event_id\":\"shopee-000000000456789\",\"schema_version\":1,\"type\":\"order.created\","
    "\"source\":\"SHOPEE\",\"event_time\":1630807200000,"
    "\"ingest_time\":1630807200321,\"order_id\":\"A000000123456\",\"seller_id\":\"S00045678\","
    "\"buyer_type\":\"HOUSEHOLD\","
    "\"buyer_id\":\"d1c2b3a495867768\",\"channel\":\"MARKETPLACE\",\"platform\":\"SHOPEE\",\"pay_mode\":\"COD\","
    "\"amount_minor\":300000,"
    "\"currency\":\"VND\"}",
    "{\"event_id\":\"shopee-000000000456790\",\"schema_version\":1,\"type\":\"order.delivered\","
    "\"source\":\"SHOPEE\","
    "\"event_time\":1630907200000,\"ingest_time\":1630907200321,\"order_id\":\"A000000123457\","
    "\"seller_id\":\"S00045679\","
    "\"buyer_type\":\"BUSINESS\",\"buyer_id\":\"M00000777\",\"channel\":\"MARKETPLACE\",\"platform\":\"SHOPEE\","
    "\"pay_mode\":\"PREPAID\","
    "\"amount_minor\":2300000,\"currency\":\"VND\",\"order_created_at\":1630807200000}",
    "{\"event_id\":\"ride-000000000000987654\",\"schema_version\":1,\"type\":\"ride.completed\","
    "\"source\":\"GRAB\",\"event_time\":1630907200000,"
    "\"ingest_time\":1630907200321,\"trip_id\":\"T000000123457\",\"operator\":\"GRAB_THANHHOA\","
    "\"driver_id\":\"D000123\","
    "\"fare_minor\":45000,\"currency\":\"VND\",\"distance_m\":5400,\"vehicle\":\"MOTORBIKE\","
    "\"start_area\":\"14758\","
    "\"buyer_type\":\"HOUSEHOLD\"}",
};

enum { EVENTS = sizeof(events) / sizeof(events[0]), RUNS = 5, REFERENCE_SHARE = 50 };

typedef bool decoder_function(const struct decoder *, struct slice, struct event *, struct rejection *);

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t run(const struct decoder *decoder, decoder_function *function, long rounds, uint64_t *sum) {
    struct event event;
    struct rejection rejection;
    struct slice slices[EVENTS];
    for (int i = 0; i < EVENTS; i++) slices[i] = slice_of(events[i]);
    int64_t start = now_ns();
    for (long round = 0; round < rounds; round++) {
        for (int i = 0; i < EVENTS; i++) {
            if (!function(decoder, slices[i], &event, &rejection)) {
                (void)fprintf(stderr, "decode_speed: event %d refused: field %s\n", i, rejection.field);
                exit(1);
            }
            *sum += event.payload_print;
        }
    }
    return now_ns() - start;
}

static void report(const char *name, const struct decoder *decoder, decoder_function *function, long rounds) {
    uint64_t sum = 0;
    int64_t best = INT64_MAX;
    for (int i = 0; i < RUNS; i++) {
        int64_t took = run(decoder, function, rounds, &sum);
        if (took < best) best = took;
    }
    printf("%-18s %8.1f ns/event   (check %016" PRIx64 ")\n", name, (double)best / (double)(rounds * EVENTS), sum);
}

int main(int argc, char **argv) {
    struct fault fault;
    const struct decoder_options options = {SLICE("decode_speed: a fixed secret"), "VND", "VN", NULL};
    struct decoder *decoder = decoder_create(&options, &fault);
    if (decoder == NULL) {
        (void)fprintf(stderr, "decode_speed: %s\n", fault.message);
        return 1;
    }
    errno = 0;
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 400000;
    if (errno != 0 || rounds < REFERENCE_SHARE) {
        (void)fprintf(stderr, "usage: decode_speed [rounds >= %d]\n", REFERENCE_SHARE);
        return 2;
    }
    size_t bytes = 0;
    for (int i = 0; i < EVENTS; i++) bytes += slice_of(events[i]).length;
    printf("%d events, %zu bytes on average\n", EVENTS, bytes / EVENTS);
    report("decode", decoder, decode, rounds);
    report("decode_reference", decoder, decode_reference, rounds / REFERENCE_SHARE);
    decoder_destroy(decoder);
    return 0;
}
