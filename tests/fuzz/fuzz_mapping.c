/* Fuzzing of mappings: whatever a message is, reading it ends, touches no byte too many, and what is mapped is exactly what its
 * canonical text means.
 *
 * Every input goes through each of the mappings below, which between them use every kind of pointer, condition, rule and
 * envelope. For each event: decode() of its canonical text gives the same event, member by member; its slices lie in
 * the message, the mapping's file or the event. Each message is read twice, from different bytes in the event and after
 * another message, and must come out the same. The input is tried as a mapping file, too: it compiles or is refused with a
 * message.
 *
 * Built and run by tests/fuzz.sh mapping (libFuzzer of clang); given files as arguments, the program replays them. */
#include "check.h"
#include "mapping.h"
#include "tests/support/event_text.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* ' stands for ". */
static const char *const sources[] = {
    /* canonical names, so that seeds for decode() say something; conditions */
    "{'name':'flat','topics':['t'],'ignore':[{'at':'/test','in':['true']},{'all':[{'at':'/source','in':['X']},{'at':"
    "'/order_id','exists':"
    "true}]}],'only':[{'at':'/event_id','not_in':['e']},{'at':'/type','exists':true}],'event':{'type':{'from':'/type'},"
    "'source':{'from':"
    "'/source'},'event_id':{'from':'/event_id'},'event_time':{'from':'/event_time','time':'epoch_ms'},'payment_id':{'from':"
    "'/payment_id'},'payment_intent_id':{'from':'/payment_intent_id'},"
    "'order_id':{'from':'/order_id'},'trip_id':{'from':'/trip_id'},'merchant_id':{'from':'/merchant_id'},"
    "'seller_id':"
    "{'from':'/seller_id'},'operator':{'from':'/operator'},'driver_id':{'from':'/driver_id'},"
    "'status':{'from':'/status'},'reason_class':{'from':'/reason_class'},"
    "'currency':{'from':'/currency'},'amount_minor':{'from':'/amount_minor','unit':'major'},'fare_minor':{'from':'/fare_minor'},"
    "'instrument':{'from':'/instrument'},'wallet':{'from':'/wallet'},'scheme':{'from':'/scheme'},'context':{'from':'/context'},"
    "'ad_platform':{'from':'/ad_platform'},'payer_id':{'from':'/payer_id'},'payer_type':{'from':'/payer_type'},'channel':{'from':"
    "'/channel'},'platform':{'from':'/platform'},'pay_mode':{'from':'/pay_mode'},'buyer_type':{'from':'/buyer_type'},"
    "'buyer_id':{'from':"
    "'/buyer_id'},'seller_country':{'from':'/seller_country'},'product_class':{'from':'/product_class'},'same_owner':{'from':"
    "'/same_owner'},'content_changed_at':{'from':'/content_changed_at'}}}",
    /* tables, digests, concats, capitals, formats, defaults */
    "{'name':'made','topics':['t'],'event':{'type':'payment.status','source':{'from':['/s','record:key','header:s'],"
    "'nonempty':true,"
    "'default':'S'},'event_id':{'concat':[{'from':'/id'},':',{'from':'/st'}]},'payment_id':{'from':'/id','digest':true},"
    "'merchant_id':"
    "{'from':['/m/id','/m/-1/id','/m/0','record:topic'],'upper':true},'payer_id':{'concat':[{'from':'/p'},{'from':'/p'},{'from':"
    "'/p'}],'digest':true,'default':'p'},'event_time':{'from':['/w','record:time'],'time':'yyyy-MM-dd HH:mm:ss.SSS','zone':"
    "'Europe/Berlin','default':5},'captured_at':{'from':'/c','time':'epoch_s','zone':'Pacific/Apia'},'status':{'from':'/st',"
    "'upper':true,"
    "'table':{'00':'CAPTURED','1':'DECLINED','':'EXPIRED','TRUE':null},'otherwise':{'value':'SETTLED'}},'reason_class':"
    "'BUSINESS',"
    "'amount_minor':{'from':'/a','scale':2,'multiply':1,'absolute':true,'default':1},'currency':{'from':'/cur','upper':true,"
    "'default':"
    "'VND'},'instrument':{'from':'/i','table':{'card':'CARD','x':'CASH'},'otherwise':'skip','default':'CASH'},'scheme':"
    "{'from':'/sch',"
    "'default':'VISA'},'context':'POS','payer_type':'HOUSEHOLD','same_owner':{'from':'/so','table':{'1':'true'},'otherwise':"
    "{'value':"
    "null}}}}",
    /* one event per element */
    "{'name':'each','topics':['t'],'each':'/i','only_each':[{'at':'@/k','not_in':['x']}],'ignore_each':[{'at':'@/z','exists':"
    "true}],"
    "'event':{'type':'website.observed','source':{'from':'/s','default':'S'},'event_id':{'concat':[{'from':'/id'},'.',{'from':"
    "'@/id'}]},"
    "'event_time':1,'merchant_id':{'from':['@/m/-1','@/m/0/a~1b','@'],'default':'m'},'content_changed_at':{'from':'@/t',"
    "'time':'epoch_us',"
    "'default':7}}}",
    "{'name':'top','topics':['t'],'each':'','event':{'type':'ride.completed','source':'S','event_id':{'from':['@','@/id','@/0'],"
    "'default':'e'},'event_time':1,'trip_id':{'from':'/-1/id','default':'t'},'operator':'o','fare_minor':{'from':'@/f',"
    "'default':1},"
    "'currency':'USD'}}",
    /* envelopes */
    "{'name':'ce','topics':['t'],'envelope':'cloudevents','event':{'type':'website.observed','source':{'from':'envelope:source'},"
    "'event_id':{'from':'envelope:id'},'event_time':{'from':'envelope:time'},'merchant_id':{'from':'/m'},'content_changed_at':"
    "1}}",
    "{'name':'db','topics':['t'],'envelope':'debezium','deletes':'before','snapshots':'ignore','event':{'type':"
    "'website.observed','source':"
    "{'from':'envelope:/source/table','default':'S'},'event_id':{'concat':[{'from':'envelope:op'},{'from':'/id'}]},"
    "'event_time':{'from':"
    "'envelope:ts_ms','time':'epoch_ms','default':1},'merchant_id':{'from':['/m','envelope:/before/m'],'default':'m'},"
    "'content_changed_at':1}}",
    "{'name':'wire','topics':['t'],'wire':'confluent','envelope':'debezium','each':'/i','event':{'type':'website.observed',"
    "'source':'S',"
    "'event_id':{'from':'@'},'event_time':1,'merchant_id':'m','content_changed_at':1}}",
};

enum { MAPPINGS = sizeof(sources) / sizeof(sources[0]), TEXT_MAX = 70000 };

/* One reading of a message, in short. */
struct digest {
    uint64_t sum;
    size_t events;
};

static struct decoder *decoder;
static struct mapping *mappings[MAPPINGS];
static struct mapping_cursor *cursor;

/* A file in memory with this text. */
static struct mapping *compile(const char *text, size_t length, struct fault *fault) {
    char path[64];
    int file = memfd_create("mapping", MFD_CLOEXEC);
    CHECK(file >= 0);
    CHECK(write(file, text, length) == (ssize_t)length);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    struct mapping *mapping = mapping_create(path, decoder, fault);
    (void)close(file);
    return mapping;
}

static void open_once(void) {
    if (decoder != NULL) return;
    decoder = test_decoder();
    cursor = mapping_cursor_create();
    CHECK(cursor != NULL);
    for (size_t i = 0; i < MAPPINGS; i++) {
        struct fault fault = {.code = FAULT_NONE};
        char *text = strdup(sources[i]);
        CHECK(text != NULL);
        for (char *at = text; *at != '\0'; at++) {
            if (*at == '\'') *at = '"';
        }
        mappings[i] = compile(text, strlen(text), &fault);
        if (mappings[i] == NULL) (void)fprintf(stderr, "%s\n", fault.message);
        CHECK(mappings[i] != NULL);
        free(text);
    }
}

static bool header_find(const void *native, const char *name, struct slice *value) {
    if (strcmp(name, "s") != 0 && strcmp(name, "ce_id") != 0) return false;
    *value = *(const struct slice *)native;
    return true;
}

static void mix(struct digest *outcome, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) outcome->sum = outcome->sum * 1099511628211u + ((const unsigned char *)bytes)[i];
}

static void event_hold(const struct event *event, struct digest *outcome) {
    static char text[TEXT_MAX];
    struct event again;
    struct rejection rejection = {REASON_NONE, 0, ""};
    size_t length = mapping_text(cursor, text, sizeof(text));
    if (!decode(decoder, (struct slice){text, length}, &again, &rejection)) {
        (void)fprintf(stderr, "%.*s\nis refused: %s %s\n", (int)length, text, reason_name(rejection.reason), rejection.field);
        abort();
    }
    const char *member = event_difference(event, &again);
    if (member != NULL) {
        (void)fprintf(stderr, "%.*s\nis another event: %s\n", (int)length, text, member);
        abort();
    }
    mix(outcome, text, length);
    mix(outcome, &event->payload_print, sizeof(event->payload_print));
}

static struct digest read_all(const struct mapping *mapping, struct slice message, int filler) {
    struct digest outcome = {0, 0};
    const struct slice outside = {message.data, message.length < 20 ? message.length : 20};
    const struct record record = {.value = message, .key = outside, .native = &outside, .timestamp_ms = 1633168800000};
    mapping_begin(cursor, mapping, &record, "topic", header_find);
    for (bool last = false; !last; outcome.events++) {
        struct event event;
        struct rejection rejection = {REASON_NONE, 0, ""};
        memset(&event, filler, sizeof(event));
        CHECK(outcome.events < FAN_OUT_MAX);
        enum mapped mapped = mapping_next(cursor, &event, &rejection, &last);
        mix(&outcome, &mapped, sizeof(mapped));
        if (mapped == MAPPED_EVENT) {
            event_hold(&event, &outcome);
        } else if (mapped == MAPPED_REJECTED) {
            CHECK(rejection.reason != REASON_NONE);
            CHECK(rejection.byte <= message.length);
            mix(&outcome, &rejection.reason, sizeof(rejection.reason));
            mix(&outcome, &rejection.byte, sizeof(rejection.byte));
            mix(&outcome, rejection.field, strlen(rejection.field));
        } else {
            CHECK(mapped == MAPPED_IGNORED);
        }
    }
    return outcome;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    open_once();
    /* A block of exactly this size, so that the sanitizer sees every byte too many. */
    char *exact = malloc(size > 0 ? size : 1);
    CHECK(exact != NULL);
    memcpy(exact, data, size);
    struct slice message = {exact, size};
    for (size_t i = 0; i < MAPPINGS; i++) {
        struct digest first = read_all(mappings[i], message, 0x55);
        (void)read_all(mappings[(i + 1) % MAPPINGS], SLICE("{\"op\":\"c\",\"i\":[{\"a\":1}]}"), 0);
        struct digest second = read_all(mappings[i], message, 0xAA);
        CHECK(first.sum == second.sum);
        CHECK(first.events == second.events);
    }
    struct fault fault = {.code = FAULT_NONE};
    struct mapping *mapping = compile(exact, size, &fault);
    if (mapping == NULL) CHECK(fault.code == FAULT_CONFIG);
    mapping_destroy(mapping);
    free(exact);
    return 0;
}
