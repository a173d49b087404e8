/* Mappings: envelopes, wires, and messages of several events (schemas/mapping.md §1, §5). */
#include "tests/unit/mapping_scene.h"

/* A mapping whose event shows one field, `order_id`. Two %s: members of the mapping (with a comma behind), the pointer. */
static const char shown[] =
    "{'name':'n','topics':['t'],%s'event':{'type':'website.observed','source':'S','event_id':'e','event_time':1,"
    "'merchant_id':'m','content_changed_at':1,'order_id':%s}}";

/* What becomes of `message`: of an event its order_id, a space between events. */
static void shows_in(const char *members, const char *rule, struct slice message, const struct scene_record *around,
                     const char *expected) {
    char json[2000];
    char got[6000] = "";
    (void)snprintf(json, sizeof(json), shown, members, rule);
    struct mapping *mapping = scene_mapping(json);
    char *lines = scene_read(mapping, message, around);
    for (char *line = lines; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        char *next = line[length] == '\n' ? line + length + 1 : NULL;
        line[length] = '\0';
        size_t at = strlen(got);
        (void)snprintf(got + at, sizeof(got) - at, "%s%s", at > 0 ? ", " : "", scene_field(line, "order_id"));
        line = next;
    }
    same(json, message.data, got, expected);
    free(lines);
    mapping_destroy(mapping);
}

static void shows(const char *members, const char *rule, const char *message, const char *expected) {
    char *text = quoted(message);
    shows_in(members, rule, slice_of(text), NULL, expected);
    free(text);
}

/* ---- CloudEvents ---- */

static void structured(const char *rule, const char *message, const char *expected) {
    shows("'envelope':'cloudevents',", rule, message, expected);
}

static void a_structured_cloudevent_wraps_its_data(void **state) {
    (void)state;
    structured("{'from':'/a'}", "{'specversion':'1.0','id':'i','data':{'a':'x'}}", "'x'");
    structured("{'from':'/a'}", "{'data':{'a':'x'},'a':'y','specversion':'1.0'}", "'x'");
    structured("{'from':''}", "{'data':{'a':'x'},'specversion':'1.0'}", "wrong_type order_id 8");
    structured("{'from':'envelope:id'}", "{'specversion':'1.0','id':'i','data':{'id':'x'}}", "'i'");
    structured("{'from':'envelope:/id'}", "{'specversion':'1.0','id':'i','data':{'id':'x'}}", "'i'");
    structured("{'from':'envelope:/data/id'}", "{'specversion':'1.0','id':'i','data':{'id':'x'}}", "'x'");
    structured("{'from':'envelope:specversion'}", "{'specversion':'\\u0031.0','data':{}}", "'1.0'");
    structured("{'from':'envelope:none','default':'d'}", "{'specversion':'1.0','data':{}}", "'d'");
}

static void what_is_no_cloudevent_is_refused(void **state) {
    (void)state;
    structured("'o'", " {'data':{}}", "bad_envelope - 1");
    structured("'o'", "{'specversion':'1.0'}", "bad_envelope - 0");
    structured("'o'", "{'specversion':'1.0','data':null}", "bad_envelope - 0");
    structured("'o'", "{'specversion':'1.0','data':'{}'}", "bad_envelope - 28");
    structured("'o'", "{'specversion':'1.0','data':[]}", "bad_envelope - 28");
    structured("'o'", "{'specversion':'1.0','data_base64':'e30='}", "bad_envelope - 0");
    structured("'o'", "{'specversion':'0.3','data':{}}", "bad_envelope - 15");
    structured("'o'", "{'specversion':1.0,'data':{}}", "bad_envelope - 15");
    structured("'o'", "[]", "bad_envelope - 0");
    structured("'o'", "{'specversion':'1.0','data':{},'data':{}}", "duplicate_key - 31");
    structured("'o'", "{'specversion':'1.0','specversion':'1.0','data':{}}", "duplicate_key - 21");
    structured("{'from':'envelope:id'}", "{'specversion':'1.0','id':1,'id':2,'data':{}}", "duplicate_key - 28");
    structured("'o'", "{'specversion':'1.0','id':1,'id':2,'data':{}}", "'o'");
    structured("{'from':'/a'}", "{'specversion':'1.0','data':{'a':1,'a':2}}", "duplicate_key - 35");
    structured("'o'", "{'specversion':'0.3','data':{}", "not_json - 30");
}

static void a_binary_cloudevent_has_its_attributes_in_headers(void **state) {
    (void)state;
    const struct scene_header headers[] = {{"ce_specversion", SLICE("1.0")}, {"ce_id", SLICE("i")}, {NULL, {NULL, 0}}};
    const struct scene_header old[] = {{"ce_specversion", SLICE("0.3")}, {NULL, {NULL, 0}}};
    const struct scene_record around = {headers, "t", {NULL, 0}, 0};
    const struct scene_record before = {old, "t", {NULL, 0}, 0};
    const char *envelope = "'envelope':'cloudevents',";
    shows_in(envelope, "{'from':'/a'}", SLICE("{\"a\":\"x\"}"), &around, "'x'");
    shows_in(envelope, "{'from':'envelope:id'}", SLICE("{\"id\":\"x\"}"), &around, "'i'");
    shows_in(envelope, "{'from':'envelope:/id','default':'d'}", SLICE("{\"id\":\"x\"}"), &around, "'d'");
    shows_in(envelope, "{'from':'envelope:source','default':'d'}", SLICE("{}"), &around, "'d'");
    shows_in(envelope, "{'from':'/data/a'}", SLICE("{\"specversion\":\"0.3\",\"data\":{\"a\":\"x\"}}"), &around, "'x'");
    shows_in(envelope, "{'from':'/0'}", SLICE("[\"x\"]"), &around, "'x'");
    shows_in(envelope, "{'from':'/a'}", SLICE("{\"a\":1,\"a\":2}"), &around, "duplicate_key - 7");
    shows_in(envelope, "{'from':'/a'}", SLICE("{\"a\":1"), &before, "not_json - 6");
    shows_in(envelope, "{'from':'/a'}", SLICE(" {\"a\":1}"), &before, "bad_envelope - 0");
}

/* ---- Debezium ---- */

static const char change[] = "'envelope':'debezium',";
static const char change_before[] = "'envelope':'debezium','deletes':'before',";

static void a_change_wraps_the_row_after_it(void **state) {
    (void)state;
    const char *rule = "{'from':'/a'}";
    shows(change, rule, "{'op':'c','before':null,'after':{'a':'x'}}", "'x'");
    shows(change, rule, "{'after':{'a':'x'},'before':{'a':'y'},'op':'u'}", "'x'");
    shows(change, rule, "{'before':{'a':'y','a':'z'},'after':{'a':'x'},'op':'r'}", "'x'");
    shows(change, rule, "{'schema':{'op':'?','after':1},'payload':{'op':'c','after':{'a':'x'}}}", "'x'");
    shows(change, rule, "{'payload':{'op':'c','after':{'a':'x'}},'op':'d','after':{'a':'y'}}", "'x'");
    shows(change, rule, "{'payload':null,'op':'c','after':{'a':'x'}}", "'x'");
    shows(change, "{'from':'envelope:op'}", "{'op':'c','after':{}}", "'c'");
    shows(change, "{'from':'envelope:op'}", "{'payload':{'op':'c','after':{}}}", "'c'");
    shows(change, "{'concat':[{'from':'envelope:/source/table'},'/',{'from':'envelope:/before/a'},'/',{'from':'envelope:"
          "/after/a'}]}",
          "{'payload':{'source':{'table':'p'},'op':'u','before':{'a':1},'after':{'a':2}}}", "'p/1/2'");
}

static void deletes_snapshots_and_others_are_left_out_unless_asked_for(void **state) {
    (void)state;
    const char *rule = "{'from':'/a'}";
    const char *deleted = "{'op':'d','before':{'a':'x'},'after':null}";
    shows(change, rule, deleted, "ignored");
    shows("'envelope':'debezium','deletes':'ignore',", rule, deleted, "ignored");
    shows(change_before, rule, deleted, "'x'");
    shows(change_before, rule, "{'payload':{'op':'d','before':{'a':'x'},'after':{'a':'y'}}}", "'x'");
    shows(change_before, rule, "{'op':'u','before':{'a':'x'},'after':{'a':'y'}}", "'y'");
    shows(change_before, rule, "{'op':'d','before':null}", "bad_envelope - 0");
    shows(change_before, "{'from':'envelope:/after/a'}", "{'op':'d','before':{'a':1,'a':2},'after':{'a':3}}", "'3'");
    shows(change_before, "{'from':['/a','envelope:/after/b']}", "{'op':'d','before':{'a':1,'a':2},'after':{'a':3}}",
          "duplicate_key - 26");
    shows(change, rule, "{'op':'t'}", "ignored");
    shows(change, rule, "{'op':'m','message':{}}", "ignored");
    shows(change_before, rule, "{'op':'t'}", "ignored");
    shows(change, rule, "{'op':'r','after':{'a':'x'}}", "'x'");
    shows("'envelope':'debezium','snapshots':'take',", rule, "{'op':'r','after':{'a':'x'}}", "'x'");
    shows("'envelope':'debezium','snapshots':'ignore',", rule, "{'op':'r','after':{'a':'x'}}", "ignored");
    shows("'envelope':'debezium','snapshots':'ignore',", rule, "{'op':'c','after':{'a':'x'}}", "'x'");
}

static void what_is_no_change_is_refused(void **state) {
    (void)state;
    shows(change, "'o'", "{}", "bad_envelope - 0");
    shows(change, "'o'", "[]", "bad_envelope - 0");
    shows(change, "'o'", " {'op':null}", "bad_envelope - 1");
    shows(change, "'o'", "{'op':'x','after':{}}", "bad_envelope - 6");
    shows(change, "'o'", "{'op':'','after':{}}", "bad_envelope - 6");
    shows(change, "'o'", "{'op':'cc','after':{}}", "bad_envelope - 6");
    shows(change, "'o'", "{'op':'C','after':{}}", "bad_envelope - 6");
    shows(change, "'o'", "{'op':1,'after':{}}", "bad_envelope - 6");
    shows(change, "'o'", "{'op':{},'after':{}}", "bad_envelope - 6");
    shows(change, "'o'", "{'op':'c'}", "bad_envelope - 0");
    shows(change, "'o'", "{'op':'c','after':null}", "bad_envelope - 0");
    shows(change, "'o'", "{'op':'c','after':'x'}", "bad_envelope - 18");
    shows(change, "'o'", "{'op':'c','after':[]}", "bad_envelope - 18");
    shows(change, "'o'", "{'payload':{}}", "bad_envelope - 11");
    shows(change, "'o'", "{'payload':{'op':'c','after':null}}", "bad_envelope - 11");
    shows(change, "'o'", "{'payload':[],'op':'c','after':{}}", "bad_envelope - 11");
    shows(change, "'o'", "{'payload':0,'op':'c','after':{}}", "bad_envelope - 11");
    shows(change, "'o'", "{'op':'c','op':'c','after':{}}", "duplicate_key - 10");
    shows(change, "'o'", "{'op':'t','op':'c'}", "duplicate_key - 10");
    shows(change, "'o'", "{'payload':null,'payload':{'op':'c','after':{}}}", "duplicate_key - 16");
    shows(change, "'o'", "{'op':'c','after':{},'after':{}}", "duplicate_key - 21");
    shows(change, "'o'", "{'op':'d','after':{},'after':{}}", "ignored");
    shows(change, "'o'", "{'op':'c','after':{},'before':{},'before':{}}", "'o'");
    shows(change, "{'from':'/a'}", "{'op':'c','after':{'a':1,'a':2}}", "duplicate_key - 25");
    shows(change, "{'from':'/a'}", "{'payload':{'op':'c','after':{'a':1}},'after':{},'after':{'a':1,'a':2}}", "'1'");
}

/* ---- the wire of Confluent ---- */

static void confluent(const char *members, const char *bytes, size_t length, const char *expected) {
    char all[100];
    (void)snprintf(all, sizeof(all), "'wire':'confluent',%s", members);
    shows_in(all, "{'from':'/a'}", (struct slice){bytes, length}, NULL, expected);
}

#define CONFLUENT(members, bytes, expected) confluent(members, bytes, sizeof(bytes) - 1, expected)

static void the_frame_of_confluent_is_five_bytes(void **state) {
    (void)state;
    CONFLUENT("", "\0\0\0\1\2{\"a\":\"x\"}", "'x'");
    CONFLUENT("", "\0\xff{}[{\"a\":1.5}", "bad_id order_id 10");
    CONFLUENT("", "\0\0\0\1\2[]", "-");
    CONFLUENT("", "\0\0\0\1\2", "bad_envelope - 0");
    CONFLUENT("", "\0", "bad_envelope - 0");
    CONFLUENT("", "", "empty_value - 0");
    CONFLUENT("", "\1\0\0\1\2{}", "bad_envelope - 0");
    CONFLUENT("", "{\"a\":\"x\"}", "bad_envelope - 0");
    CONFLUENT("", "\0\0\0\1\2 {}", "bad_envelope - 5");
    CONFLUENT("", "\0\0\0\1\2\x02x", "bad_envelope - 5");
    CONFLUENT("", "\0\0\0\1\2{\"a\":}", "not_json - 10");
    CONFLUENT("", "\0\0\0\1\2{\"a\":1,\"a\":1}", "duplicate_key - 12");
    CONFLUENT("'envelope':'debezium',", "\0\0\0\1\2{\"op\":\"c\",\"after\":{\"a\":\"x\"}}", "'x'");
    CONFLUENT("'envelope':'debezium',", "\0\0\0\1\2{\"op\":\"z\"}", "bad_envelope - 11");
    CONFLUENT("'envelope':'debezium',", "\0\0\0\1\2{}", "bad_envelope - 5");
}

/* ---- several events in one message ---- */

static void each(const char *members, const char *rule, const char *message, const char *expected) {
    char all[300];
    (void)snprintf(all, sizeof(all), "'each':'/i',%s", members);
    shows(all, rule, message, expected);
}

static void an_array_is_an_event_per_element(void **state) {
    (void)state;
    each("", "{'from':'@/a'}", "{'i':[{'a':1}]}", "'1'");
    each("", "{'from':'@/a'}", "{'i':[{'a':1},{'a':2} , {'a':3}],'z':[]}", "'1', '2', '3'");
    each("", "{'from':'@'}", "{'i':[1,'x',2 ]}", "'1', 'x', '2'");
    each("", "{'from':'@/0/-1'}", "{'i':[[[1,2]],[[3]]]}", "'2', '3'");
    each("", "{'concat':[{'from':'/a'},'.',{'from':'@/a'}]}", "{'i':[{'a':1},{'a':2}],'a':0}", "'0.1', '0.2'");
    each("", "{'from':'@/a','default':'d'}", "{'i':[{'a':1},{},null,7,{'a':2}]}", "'1', 'd', 'd', 'd', '2'");
    each("", "{'from':'/i/1/a'}", "{'i':[{'a':1},{'a':2}]}", "'2', '2'");
    shows("'each':'',", "{'from':'@/a'}", "[{'a':1},{'a':2}]", "'1', '2'");
    shows("'each':'/j/0',", "{'from':'@/a'}", "{'j':[[{'a':1},{'a':2}],5]}", "'1', '2'");
    shows("'each':'/j/-1',", "{'from':'@/a'}", "{'j':[5,[{'a':1},{'a':2}]]}", "'1', '2'");
    shows("'each':'/i','envelope':'debezium',", "{'from':'@'}", "{'op':'c','after':{'i':[1,2]},'before':{'i':[3]}}", "'1', '2'");
    shows("'each':'/i','wire':'json','envelope':'cloudevents',", "{'from':'@'}", "{'data':{'i':[1,2]},'specversion':'1.0'}",
          "'1', '2'");
}

static void no_elements_no_events(void **state) {
    (void)state;
    each("", "{'from':'@'}", "{}", "ignored");
    each("", "{'from':'@'}", "{'i':null}", "ignored");
    each("", "{'from':'@'}", "{'i':[]}", "ignored");
    each("", "{'from':'@'}", "{'i':[ ]}", "ignored");
    each("", "{'from':'@'}", "[]", "ignored");
    each("", "{'from':'@'}", "{'i':{}}", "wrong_type - 5");
    each("", "{'from':'@'}", "{'i':'[]'}", "wrong_type - 5");
    each("", "{'from':'@'}", "{'i': 0}", "wrong_type - 6");
}

static void elements_are_judged_alone(void **state) {
    (void)state;
    each("", "{'from':'@/a'}", "{'i':[{'a':1},{'a':''},{'a':1.5},{'a':[]},{'a':5}]}",
         "'1', bad_id order_id 19, bad_id order_id 28, wrong_type order_id 38, '5'");
    each("", "{'from':'@/a'}", "{'i':[{'a':1,'a':2},{'a':3}]}", "duplicate_key - 13, '3'");
    each("", "{'from':'@/a'}", "{'i':[{'a':1},{'b':2,'b':2,'a':3}]}", "'1', '3'");
    each("", "{'concat':[{'from':'/i/0/a'},{'from':'@/a'}]}", "{'i':[{'a':1,'a':2},{'a':3}]}", "duplicate_key - 13");
    each("", "{'from':'@/a'}", "{'i':[{'a':1},{'a':2}],'i':[]}", "duplicate_key - 23");
    each("", "{'from':'@/a'}", "{'i':[{'a':1},{'a':2]}", "not_json - 20");
    each("'only_each':[{'at':'@/k','in':['x']}],", "{'from':'@/a'}", "{'i':[{'a':1,'k':'x'},{'a':'','k':'y'},{'k':'x'}]}",
         "'1', ignored, -");
    each("'ignore_each':[{'at':'@/k','exists':true},{'at':'/m','in':['1']}],", "{'from':'@/a'}", "{'i':[{'a':1},{'a':2,'k':0}]}",
         "'1', ignored");
    each("'ignore_each':[{'at':'@/k','exists':true},{'at':'/m','in':['1']}],", "{'from':'@/a'}", "{'m':1,'i':[{'a':1},{'a':2}]}",
         "ignored, ignored");
    each("'only_each':[{'at':'@/k','in':['x']}],", "{'from':'@/a'}", "{'i':[{'k':'y','k':'x'}]}", "duplicate_key - 15");
    each("'ignore':[{'at':'/m','in':['1']}],", "{'from':'@/a'}", "{'m':1,'i':{}}", "ignored");
    each("", "{'from':'@/a','table':{'1':'one','2':null},'otherwise':'skip'}", "{'i':[{'a':1},{'a':2},{'a':3},{'a':1}]}",
         "'one', -, ignored, 'one'");
}

static void a_message_has_at_most_256_events(void **state) {
    (void)state;
    const size_t counts[] = {1, 255, 256, 257, 10000, 32000};
    struct mapping *mapping = scene_mapping("{'name':'n','topics':['t'],'each':'/i','only_each':[{'at':'@','in':['1']}],"
                                            "'event':{'type':'website.observed','source':'S'}}");
    assert_true(mapping_fans_out(mapping));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        size_t length = 6;
        char *message = malloc(2 * counts[i] + 20);
        CHECK(message != NULL);
        memcpy(message, "{\"i\":[", length);
        for (size_t j = 0; j < counts[i]; j++) {
            message[length++] = '0';
            message[length++] = j + 1 < counts[i] ? ',' : ']';
        }
        message[length++] = '}';
        char *lines = scene_read(mapping, (struct slice){message, length}, NULL);
        size_t ignored = 0;
        for (char *at = lines; (at = strstr(at, "ignored")) != NULL; at++) ignored++;
        if (counts[i] <= 256) {
            assert_int_equal(ignored, counts[i]);
        } else {
            assert_string_equal(lines, "too_large - 5");
        }
        free(lines);
        free(message);
    }
    mapping_destroy(mapping);
}

static void events_outlive_the_next_one(void **state) {
    (void)state;
    struct mapping *mapping =
        scene_mapping("{'name':'n','topics':['t'],'each':'','event':{'type':'order.created','source':{'from':'@/s','upper':true},"
                      "'event_id':'e','event_time':1,'order_id':'o','seller_id':{'concat':['<',{'from':'@/s'},'>']},"
                      "'amount_minor':1,"
                      "'currency':'VND','channel':'OTA','platform':'_Z','pay_mode':'COD','buyer_type':'BUSINESS',"
                      "'buyer_id':{'from':'header:h'}}}");
    struct scene_header headers[] = {{"h", SLICE("buyer")}, {NULL, {NULL, 0}}};
    char *message = quoted("[{'s':'a'},{'s':'\\u0062'},{'s':'c'}]");
    const struct record record = {.value = slice_of(message), .native = headers};
    struct event events[3];
    struct rejection rejection;
    bool last = false;
    scene_open();
    mapping_begin(scene_cursor, mapping, &record, "t", scene_header_find);
    for (size_t i = 0; i < 3; i++) {
        assert_false(last);
        assert_int_equal(mapping_next(scene_cursor, &events[i], &rejection, &last), MAPPED_EVENT);
    }
    assert_true(last);
    mapping_cursor_destroy(scene_cursor);
    scene_cursor = NULL;
    static const char *const sources[] = {"A", "B", "C"};
    static const char *const accounts[] = {"<a>", "<b>", "<c>"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(slice_equal(events[i].source, slice_of(sources[i])));
        assert_true(slice_equal(events[i].account_id, slice_of(accounts[i])));
        assert_true(slice_equal(events[i].buyer_id, SLICE("buyer")));
    }
    free(message);
    mapping_destroy(mapping);
}

static void missing_fields_stand_at_the_end_of_the_message(void **state) {
    (void)state;
    reads_as("{'name':'n','topics':['t'],'each':'','event':{'type':'website.observed','source':'S','event_id':{'from':'@/e'},"
             "'event_time':1,'merchant_id':{'from':'@/m'},'content_changed_at':1}}",
             "[{'e':1},{'m':1},{'m':'b','e':'a'}]",
             "missing_field merchant_id 35\nmissing_field event_id 35\n{'type':'website.observed','schema_version':1,"
             "'event_id':'a',"
             "'source':'S','event_time':1,'ingest_time':1,'merchant_id':'b','content_changed_at':1}");
}

static int done(void **state) {
    (void)state;
    scene_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_structured_cloudevent_wraps_its_data),
        cmocka_unit_test(what_is_no_cloudevent_is_refused),
        cmocka_unit_test(a_binary_cloudevent_has_its_attributes_in_headers),
        cmocka_unit_test(a_change_wraps_the_row_after_it),
        cmocka_unit_test(deletes_snapshots_and_others_are_left_out_unless_asked_for),
        cmocka_unit_test(what_is_no_change_is_refused),
        cmocka_unit_test(the_frame_of_confluent_is_five_bytes),
        cmocka_unit_test(an_array_is_an_event_per_element),
        cmocka_unit_test(no_elements_no_events),
        cmocka_unit_test(elements_are_judged_alone),
        cmocka_unit_test(a_message_has_at_most_256_events),
        cmocka_unit_test(events_outlive_the_next_one),
        cmocka_unit_test(missing_fields_stand_at_the_end_of_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
