/* Mistakes in mapping files: each is refused with file, line, JSON pointer and remedy; and what reading costs: no allocation. */
#include "tests/unit/mapping_scene.h"

#include <dlfcn.h>

/* Allocations of this program, counted. A sanitizer brings its own allocator; then nothing is counted. */
static volatile size_t allocations; /* the compiler believes that malloc() changes nothing of ours */

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

struct mistake {
    const char *json;     /* a whole file */
    const char *expected; /* behind the file's name; how the message begins */
};

static void each_is_refused(const struct mistake *mistakes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char message[512];
        char *text = quoted(mistakes[i].json);
        char *expected = quoted(mistakes[i].expected);
        struct mapping *mapping = scene_compile(text, message);
        if (mapping != NULL) fail_msg("%s is taken", mistakes[i].json);
        if (strncmp(message, expected, strlen(expected)) != 0) {
            fail_msg("%s:\nexpected %s\ngot      %s", mistakes[i].json, expected, message);
        }
        free(expected);
        free(text);
    }
}

#define EACH_IS_REFUSED(mistakes) each_is_refused(mistakes, sizeof(mistakes) / sizeof(mistakes[0]))

#define HEAD "{\n'name':'n',\n'topics':['t'],\n"
#define EVENT "'event':{'type':'ride.completed','source':'S'}}"
#define FIELD(rule) HEAD "'event':{\n'type':'ride.completed',\n'source':'S',\n" rule "}}"

static void files_that_are_no_mapping_are_refused(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {"", " line 1: not well-formed JSON: "},
        {"{\n\n", " line 3: not well-formed JSON: "},
        {"{'name':1,\n'name':2}", " line 2: not well-formed JSON: duplicate object key"},
        {"[]", " line 1: a JSON object is expected"},
        {"{}", " line 1: 'name' is needed"},
        {"{'name':5}", " line 1, /name: 'name' is needed"},
        {"{\n'name':''}", " line 2, /name: 'name' is needed: 1 to 32 of a-z, 0-9 and -"},
        {"{\n'name':'A'}", " line 2, /name: 'name' is needed"},
        {"{'name':'012345678901234567890123456789012'}", " line 1, /name: 'name' is needed"},
        {"{'name':'n'}", " line 1: 'topics' is needed"},
        {"{'name':'n','topics':'t'}", " line 1, /topics: 'topics' is needed"},
        {"{'name':'n','topics':[]}", " line 1, /topics: 'topics' is needed"},
        {"{'name':'n','topics':['a',\n'*b']}", " line 2, /topics/1: a topic is 1 to 249 of "},
        {"{'name':'n','topics':['a/b']}", " line 1, /topics/0: a topic is"},
        {"{'name':'n','topics':['']}", " line 1, /topics/0: a topic is"},
        {"{'name':'n','topics':[1]}", " line 1, /topics/0: a topic is"},
        {"{'name':'n','topics':['a','b',\n'a']}", " line 2, /topics/2: comes twice"},
        {"{'name':'n','topics':['a']}", " line 1: 'event' is needed"},
        {"{'name':'n','topics':['a'],'title':1," EVENT, " line 1, /title: a text is expected"},
        {"{'name':'n','topics':['a'],'documentation':'x'," EVENT, " line 1, /documentation: an array of addresses"},
        {"{'name':'n',\n'topic':['a'],'title':1," EVENT, " line 2, /topic: "
         "'topic' is not a key of a mapping; nearest is 'topics'"},
        {"{'name':'n',\n'evnt':{}}", " line 2, /evnt: 'evnt' is not a key of a mapping; nearest is 'event'"},
        {HEAD "'event':[]}", " line 4, /event: an object is expected"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void frames_that_nhip_does_not_know_are_refused(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {HEAD "'wire':'avro'," EVENT, " line 4, /wire: nhip does not read avro; let the connector write JSON"},
        {HEAD "'wire':'protobuf'," EVENT, " line 4, /wire: nhip does not read protobuf"},
        {HEAD "'wire':'xml'," EVENT, " line 4, /wire: found 'xml', accepted are 'json', 'confluent'"},
        {HEAD "'wire':1," EVENT, " line 4, /wire: found another type, accepted are 'json', 'confluent'"},
        {HEAD "'envelope':'soap'," EVENT, " line 4, /envelope: found 'soap', accepted are 'none', 'cloudevents', 'debezium'"},
        {HEAD "'deletes':'before'," EVENT, " line 4, /deletes: belongs to 'envelope': 'debezium'"},
        {HEAD "'envelope':'cloudevents',\n'snapshots':'take'," EVENT, " line 5, /snapshots: belongs to"},
        {HEAD "'envelope':'debezium',\n'deletes':'after'," EVENT, " line 5, /deletes: found 'after', accepted are 'ignore', "
         "'before'"},
        {HEAD "'envelope':'debezium',\n'snapshots':true," EVENT, " line 5, /snapshots: found another type, "
         "accepted are 'take', 'ignore'"},
        {HEAD "'each':1," EVENT, " line 4, /each: a pointer into the body"},
        {HEAD "'each':'@/a'," EVENT, " line 4, /each: a pointer into the body"},
        {HEAD "'each':'items'," EVENT, " line 4, /each: a pointer into the body"},
        {HEAD "'only_each':[]," EVENT, " line 4, /only_each: without 'each' there are no elements; write 'only'"},
        {HEAD "'ignore_each':[]," EVENT, " line 4, /ignore_each: without 'each'"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void conditions_that_say_nothing_are_refused(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {HEAD "'only':{}," EVENT, " line 4, /only: an array of conditions is expected"},
        {HEAD "'only':[\n5]," EVENT, " line 5, /only/0: a condition is an object"},
        {HEAD "'only':[\n{}]," EVENT, " line 5, /only/0: a condition has exactly one of 'exists', 'in', 'not_in'"},
        {HEAD "'only':[{'at':'/a'}]," EVENT, " line 4, /only/0: a condition has exactly one of"},
        {HEAD "'only':[{'at':'/a','in':['x'],'exists':true}]," EVENT, " line 4, /only/0: a condition has exactly one of"},
        {HEAD "'only':[{'at':'/a','int':['x']}]," EVENT, " line 4, /only/0/int: "
         "'int' is not a key of a condition; nearest is 'in'"},
        {HEAD "'only':[{'in':['x']}]," EVENT, " line 4, /only/0/at: a pointer is expected"},
        {HEAD "'only':[{'at':5,'in':['x']}]," EVENT, " line 4, /only/0/at: a pointer is expected"},
        {HEAD "'only':[{'at':'a','in':['x']}]," EVENT, " line 4, /only/0/at: pointer 'a': accepted are /a/b, @/a, envelope:NAME"},
        {HEAD "'ignore':[{'at':'/a','in':[]}]," EVENT, " line 4, /ignore/0/in: an array of texts"},
        {HEAD "'ignore':[{'at':'/a','in':'x'}]," EVENT, " line 4, /ignore/0/in: an array of texts"},
        {HEAD "'ignore':[{'at':'/a','not_in':['x',\n5]}]," EVENT, " line 5, /ignore/0/not_in/1: write texts in quotes"},
        {HEAD "'ignore':[{'at':'/a','exists':'yes'}]," EVENT, " line 4, /ignore/0/exists: true or false"},
        {HEAD "'ignore':[{'at':'@/a','exists':true}]," EVENT, " line 4, /ignore/0/at: pointer '@/a': @ is an element of `each`"},
        {HEAD "'each':'','ignore':[{'at':'@','exists':true}]," EVENT, " line 4, /ignore/0/at: pointer '@': @ is an element"},
        {HEAD "'ignore':[{'all':[{'all':[]}]}]," EVENT, " line 4, /ignore/0/all/0: 'all' stands alone"},
        {HEAD "'ignore':[{'all':[],'at':'/a'}]," EVENT, " line 4, /ignore/0: 'all' stands alone"},
        {HEAD "'ignore':[{'all':[]}]," EVENT, " line 4, /ignore/0/all: at least one condition"},
        {HEAD "'ignore':[{'all':[{'at':'/a','in':[1]}]}]," EVENT, " line 4, /ignore/0/all/0/in/0: write texts in quotes"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void pointers_that_lead_nowhere_ever_are_refused(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {FIELD("'event_id':\n{'from':'a'}"), " line 8, /event/event_id/from: pointer 'a': accepted are"},
        {FIELD("'event_id':{'from':'/a~'}"), " line 7, /event/event_id/from: pointer '/a~': ~ must be followed by 0"},
        {FIELD("'event_id':{'from':'/a~2b'}"), " line 7, /event/event_id/from: pointer '/a~2b': ~ must be"},
        {FIELD("'event_id':{'from':['/a',\n'/b~']}"), " line 8, /event/event_id/from/1: pointer '/b~'"},
        {FIELD("'event_id':{'from':[]}"), " line 7, /event/event_id/from: at least one pointer"},
        {FIELD("'event_id':{'from':5}"), " line 7, /event/event_id/from: a pointer is expected"},
        {FIELD("'event_id':{'from':'@/a'}"), " line 7, /event/event_id/from: pointer '@/a': @ is an element of `each`"},
        {FIELD("'event_id':{'from':'@a'}"), " line 7, /event/event_id/from: pointer '@a': accepted are"},
        {FIELD("'event_id':{'from':'envelope:id'}"),
         " line 7, /event/event_id/from: pointer 'envelope:id': this mapping has no envelope"},
        {FIELD("'event_id':{'from':'header:'}"), " line 7, /event/event_id/from: pointer 'header:': a name of 1 to 64 bytes"},
        {FIELD("'event_id':{'from':'record:offset'}"), " line 7, /event/event_id/from: pointer 'record:offset': accepted are"},
        {FIELD("'event_id':{'from':'/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0'}"),
         " line 7, /event/event_id/from: pointer '/0/0/0/0"},
        {HEAD "'envelope':'debezium','event':{'type':'ride.completed','source':{'from':'envelope:'}}}",
         " line 4, /event/source/from: pointer 'envelope:': a name of"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void rules_that_do_not_fit_their_field_are_refused(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {HEAD "'event':{'source':'S'}}", " line 4, /event: 'type' and 'source' must be there"},
        {HEAD "'event':{'type':'ride.completed'}}", " line 4, /event: 'type' and 'source' must be there"},
        {FIELD("'schema_version':1"), " line 7, /event/schema_version: is always 1"},
        {FIELD("'vsic':'1'"), " line 7, /event/vsic: 'vsic' is not a key of an event; nearest is '"},
        {FIELD("'amount':1"), " line 7, /event/amount: 'amount' is not a key of an event; nearest is '"},
        {FIELD("'event_ids':'a'"), " line 7, /event/event_ids: 'event_ids' is not a key of an event; nearest is 'event_id'"},
        {FIELD("'event_id':{}"), " line 7, /event/event_id: a rule has exactly one of 'from' and 'concat'"},
        {FIELD("'event_id':{'from':'/a','concat':['a']}"), " line 7, /event/event_id: a rule has exactly one of"},
        {FIELD("'event_id':{'from':'/a',\n'frm':1}"),
         " line 8, /event/event_id/frm: 'frm' is not a key of a rule; nearest is 'from'"},
        {FIELD("'event_id':{'from':'/a','scale':2}"),
         " line 7, /event/event_id/scale: 'scale' is for amounts, and event_id is an id"},
        {FIELD("'event_id':{'from':'/a','time':'epoch_s'}"), " line 7, /event/event_id/time: 'time' is for times"},
        {FIELD("'fare_minor':{'from':'/a','digest':true}"),
         " line 7, /event/fare_minor/digest: 'digest' is for ids, and fare_minor is "},
        {FIELD("'fare_minor':{'from':'/a','table':{}}"),
         " line 7, /event/fare_minor/table: 'table' is for ids, codes and booleans"},
        {FIELD("'fare_minor':{'from':'/a','upper':true}"), " line 7, /event/fare_minor/upper: 'upper' is for"},
        {FIELD("'event_time':{'from':'/a','table':{}}"), " line 7, /event/event_time/table: 'table' is for"},
        {FIELD("'event_time':{'from':'/a','unit':'minor'}"),
         " line 7, /event/event_time/unit: 'unit' is for amounts, and event_time is a time"},
        {FIELD("'currency':{'from':'/a','digest':true}"),
         " line 7, /event/currency/digest: 'digest' is for ids, and currency is a code"},
        {FIELD("'test':{'from':'/a','zone':'UTC'}"), " line 7, /event/test/zone: 'zone' is for times, and test is a boolean"},
        {FIELD("'event_id':{'from':'/a','digest':1}"), " line 7, /event/event_id/digest: true or false"},
        {FIELD("'event_id':{'from':'/a','upper':'yes'}"), " line 7, /event/event_id/upper: true or false"},
        {FIELD("'event_id':{'from':'/a','nonempty':0}"), " line 7, /event/event_id/nonempty: true or false"},
        {FIELD("'event_id':{'concat':[]}"), " line 7, /event/event_id/concat: an array of 1 to 16 "},
        {FIELD("'event_id':{'concat':['a']}"), " line 7, /event/event_id/concat: no part is a pointer; write a constant"},
        {FIELD("'event_id':{'concat':['a',\n5]}"), " line 8, /event/event_id/concat/1: a text or {'from': POINTER}"},
        {FIELD("'event_id':{'concat':[{'form':'/a'}]}"),
         " line 7, /event/event_id/concat/0/form: 'form' is not a key of a part of"},
        {FIELD("'event_id':{'concat':[{'from':['/a']}]}"), " line 7, /event/event_id/concat/0/from: a pointer is expected"},
        {FIELD("'fare_minor':{'from':'/a','scale':10}"), " line 7, /event/fare_minor/scale: an integer from 0 to 9"},
        {FIELD("'fare_minor':{'from':'/a','scale':-1}"), " line 7, /event/fare_minor/scale: an integer from 0 to 9"},
        {FIELD("'fare_minor':{'from':'/a','multiply':1.0}"), " line 7, /event/fare_minor/multiply: an integer from 0 to 9"},
        {FIELD("'fare_minor':{'from':'/a','unit':'cents'}"), " line 7, /event/fare_minor/unit: accepted are 'minor' and 'major'"},
        {FIELD("'fx_amount_minor':{'from':'/a','unit':'major'}"),
         " line 7, /event/fx_amount_minor/unit: the currency of fx_amount_minor"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void tables_and_constants_are_checked_at_once(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {FIELD("'status':{'from':'/a','table':{}}"), " line 7, /event/status/table: an object is expected"},
        {FIELD("'status':{'from':'/a','table':{'0':'CAPTURED',\n'a/b':'CAPTUERD'}}"),
         " line 8, /event/status/table/a~1b: 'CAPTUERD' is not a code of status; nearest is 'CAPTURED'"},
        {FIELD("'status':{'from':'/a','table':{'0':5}}"), " line 7, /event/status/table/0: a text is expected"},
        {FIELD("'status':{'from':'/a','otherwise':'skip'}"), " line 7, /event/status/otherwise: without 'table'"},
        {FIELD("'status':{'from':'/a','table':{'0':'CAPTURED'},'otherwise':'drop'}"),
         " line 7, /event/status/otherwise: accepted are"},
        {FIELD("'status':{'from':'/a','table':{'0':'CAPTURED'},'otherwise':{}}"), " line 7, /event/status/otherwise"},
        {FIELD("'status':{'from':'/a','table':{'0':'CAPTURED'},'otherwise':{'value':'X'}}"),
         " line 7, /event/status/otherwise/value: 'X' is not a code of status"},
        {FIELD("'status':{'from':'/a','table':{'0':'CAPTURED'},'otherwise':{'is':'X'}}"),
         " line 7, /event/status/otherwise/is: 'is' is not a key of otherwise; nearest is 'value'"},
        {FIELD("'same_owner':{'from':'/a','table':{'0':true}}"),
         " line 7, /event/same_owner/table/0: 'true' or 'false' is expected"},
        {FIELD("'same_owner':{'from':'/a','default':'true'}"), " line 7, /event/same_owner/default: true or false"},
        {FIELD("'same_owner':'true'"), " line 7, /event/same_owner: true or false"},
        {FIELD("'same_owner':null"), " line 7, /event/same_owner: true or false"},
        {FIELD("'event_id':''"), " line 7, /event/event_id: an id has 1 to 64 printable ASCII"},
        {FIELD("'event_id':'\xc3\xa9'"), " line 7, /event/event_id: an id has 1 to 64"},
        {FIELD("'event_id':5"), " line 7, /event/event_id: a text is expected"},
        {FIELD("'event_id':['a']"), " line 7, /event/event_id: a text is expected"},
        {FIELD("'event_id':{'from':'/a','default':7}"), " line 7, /event/event_id/default: a text is expected"},
        {FIELD("'wallet':'MOM'"), " line 7, /event/wallet: 'MOM' is not a code of wallet; nearest is 'MOMO', or write 'OTHER'"},
        {FIELD("'wallet':''"), " line 7, /event/wallet: '' is not a code of wallet"},
        {FIELD("'currency':'VNX'"), " line 7, /event/currency: 'VNX' is no currency"},
        {FIELD("'currency':'vnd'"), " line 7, /event/currency: 'vnd' is no currency"},
        {FIELD("'payer_country':'vn'"), " line 7, /event/payer_country: a country is two capital letters"},
        {FIELD("'fare_minor':-1"), " line 7, /event/fare_minor: an amount is an integer"},
        {FIELD("'fare_minor':1.0"), " line 7, /event/fare_minor: an amount is an integer"},
        {FIELD("'fare_minor':'1'"), " line 7, /event/fare_minor: an amount is an integer"},
        {FIELD("'event_time':-1"), " line 7, /event/event_time: a time is an integer"},
        {FIELD("'event_time':7258118400000"), " line 7, /event/event_time: a time is an integer"},
        {FIELD("'event_time':'yesterday'"), " line 7, /event/event_time: a time is an integer"},
        {HEAD "'event':{'type':'unit.registered','source':'S'}}", " line 4, /event/type: unit.registered cannot be mapped"},
        {HEAD "'event':{'type':{'from':'/a','table':{'u':'unit.registered'}},'source':'S'}}",
         " line 4, /event/type/table/u: unit.registered cannot be mapped"},
        {HEAD "'event':{'type':'ride.complete','source':'S'}}",
         " line 4, /event/type: 'ride.complete' is not a code of type; nearest is "
                                                                "'ride.completed'"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void formats_and_zones_are_checked_at_once(void **state) {
    (void)state;
    static const struct mistake mistakes[] = {
        {FIELD("'event_time':{'from':'/a','time':'yyyyMMdd'}"),
         " line 7, /event/event_time: a format says nothing of the offset: add 'zone'"},
        {FIELD("'event_time':{'from':'/a','zone':'UTC'}"), " line 7, /event/event_time/zone: RFC 3339 carries its own offset"},
        {FIELD("'event_time':{'from':'/a','time':'epoch_s','zone':'Hanoi'}"),
         " line 7, /event/event_time/zone: time zone: found 'Hanoi', accepted is an IANA name"},
        {FIELD("'event_time':{'from':'/a','time':'epoch_s','zone':7}"), " line 7, /event/event_time/zone: a name is expected"},
        {FIELD("'event_time':{'from':'/a','time':5}"), " line 7, /event/event_time/time: a text is expected"},
        {FIELD("'event_time':{'from':'/a','time':'epoch_ns'}"), " line 7, /event/event_time/time: 'epoch_ns': "},
        {FIELD("'event_time':{'from':'/a','time':''}"), " line 7, /event/event_time/time: '': accepted are rfc3339, epoch_s"},
        {FIELD("'event_time':{'from':'/a','time':'yyyy-MM','zone':'UTC'}"),
         " line 7, /event/event_time/time: 'yyyy-MM': accepted are"},
        {FIELD("'event_time':{'from':'/a','time':'yyyyMMdd MM','zone':'UTC'}"),
         " line 7, /event/event_time/time: 'yyyyMMdd MM': a group comes"},
        {FIELD("'event_time':{'from':'/a','time':'yyyyMMdd H','zone':'UTC'}"),
         " line 7, /event/event_time/time: 'yyyyMMdd H': the letters"},
        {FIELD("'event_time':{'from':'/a','time':'yyMMdd','zone':'UTC'}"),
         " line 7, /event/event_time/time: 'yyMMdd': the letters"},
    };
    EACH_IS_REFUSED(mistakes);
}

static void a_mapping_has_at_most_128_pointers(void **state) {
    (void)state;
    for (int pointers = 127; pointers <= 129; pointers++) {
        char json[8000] = "{\"name\":\"n\",\"topics\":[\"t\"],\"only\":[";
        for (int i = 0; i < pointers; i++) {
            size_t length = strlen(json);
            (void)snprintf(json + length, sizeof(json) - length, "%s{\"at\":\"/k/%d\",\"exists\":false}", i > 0 ? "," : "", i);
        }
        size_t length = strlen(json);
        (void)snprintf(json + length, sizeof(json) - length,
                       "],\"event\":{\"type\":\"ride.completed\",\"source\":{\"from\":[\"/k/0\",\"/k/1\"]}}}");
        char message[512];
        struct mapping *mapping = scene_compile(json, message);
        if (pointers > 128) {
            assert_null(mapping);
            assert_non_null(strstr(message, "/only/128/at: this is pointer 129 of the mapping; at most 128"));
            continue;
        }
        assert_non_null(mapping);
        char *line = scene_read(mapping, SLICE("{\"k\":{\"a\":1,\"126x\":2,\"12\":null}}"), NULL);
        assert_string_equal(line, "missing_field event_id 32");
        free(line);
        line = scene_read(mapping, SLICE("{\"k\":{\"126\":1}}"), NULL);
        assert_string_equal(line, "ignored");
        free(line);
        mapping_destroy(mapping);
    }
}

static void a_file_that_is_not_there_is_named(void **state) {
    (void)state;
    struct fault fault;
    scene_open();
    assert_null(mapping_create("/nonexistent/mapping.json", scene_decoder, &fault));
    assert_int_equal(fault.code, FAULT_CONFIG);
    assert_string_equal(fault.message, "/nonexistent/mapping.json: cannot be read: No such file or directory");
}

static void reading_allocates_nothing(void **state) {
    (void)state;
    const struct scene_header headers[] = {{"h", SLICE("x")}, {NULL, {NULL, 0}}};
    struct mapping *mapping = scene_mapping(
        "{'name':'n','topics':['t'],'each':'/i','envelope':'cloudevents','ignore':[{'at':'envelope:id','in':['z']}],'event':{"
        "'type':{'from':'@/t','table':{'o':'order.created'},'otherwise':'skip'},'source':'S',"
        "'event_id':{'concat':[{'from':'@/a'},'-',{'from':'@/b/-1'}]},'order_id':{'from':'@/a','digest':true},"
        "'seller_id':{'from':'@/b/0','upper':true},'amount_minor':{'from':'@/m','unit':'major'},'currency':'USD',"
        "'event_time':{'from':'@/w','time':'yyyyMMddHHmmss','zone':'Europe/Berlin'},'channel':'OWN_WEB','platform':'_Z',"
        "'pay_mode':{'from':'header:h','table':{'x':'COD'},'otherwise':{'value':'PREPAID'}},'buyer_type':'HOUSEHOLD'}}");
    char *text = quoted("{'specversion':'1.0','id':'i','data':{'i':[{'t':'o','a':'p\\u0041','b':['q\\n',1],'m':12.5,'w':"
    "'20210101000000'},"
                        "{'t':'x'},{'t':'o','a':'1','b':['s','u'],'m':'12.50','w':20210601000000},{'t':'o','a':[]}]}}");
    const struct record record = {.value = slice_of(text), .native = headers, .timestamp_ms = 1};
    size_t events = 0;
    size_t refused = 0;
    allocations = 0;
    for (int i = 0; i < 1000; i++) {
        bool last = false;
        mapping_begin(scene_cursor, mapping, &record, "t", scene_header_find);
        while (!last) {
            struct event event;
            struct rejection rejection;
            enum mapped mapped = mapping_next(scene_cursor, &event, &rejection, &last);
            events += mapped == MAPPED_EVENT;
            refused += mapped == MAPPED_REJECTED;
        }
    }
    size_t counted = allocations;
    assert_int_equal(events, 1000);
    assert_int_equal(refused, 2000); /* one has a line feed in an id */
    assert_int_equal(counted, 0);
    allocations = 0;
    void *volatile block = malloc(1);
    free(block);
    assert_int_equal(allocations, COUNTS_ALLOCATIONS);
    free(text);
    mapping_destroy(mapping);
}

static int done(void **state) {
    (void)state;
    scene_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_no_mapping_are_refused),
        cmocka_unit_test(frames_that_nhip_does_not_know_are_refused),
        cmocka_unit_test(conditions_that_say_nothing_are_refused),
        cmocka_unit_test(pointers_that_lead_nowhere_ever_are_refused),
        cmocka_unit_test(rules_that_do_not_fit_their_field_are_refused),
        cmocka_unit_test(tables_and_constants_are_checked_at_once),
        cmocka_unit_test(formats_and_zones_are_checked_at_once),
        cmocka_unit_test(a_mapping_has_at_most_128_pointers),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(reading_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
