/* Mappings: pointers, conditions, texts and their refusals (schemas/mapping.md §2, §3, and §4 but for money and times). */
#include "tests/unit/mapping_scene.h"

static void is_id(const char *pointer, const char *message, const char *expected) {
    char rules[400];
    (void)snprintf(rules, sizeof(rules), "'order_id':{'from':'%s'}", pointer);
    rule_is(rules, "order_id", message, expected);
}

static void pointers_lead_through_objects_and_arrays(void **state) {
    (void)state;
    is_id("/a", "{'a':'x'}", "'x'");
    is_id("/a/b/c", "{'z':{'b':1},'a':{'c':2,'b':{'c':'x','d':[1,{'c':3}]}}}", "'x'");
    is_id("/a/1", "{'a':['x','y','z']}", "'y'");
    is_id("/a/1", "{'a':{'0':'x','1':'y'}}", "'y'");
    is_id("/a/2/0", "{'a':['x',['p'],['q','r']]}", "'q'");
    is_id("/0", "['x']", "'x'");
    is_id("/", "{'':'x'}", "'x'");
    is_id("/a/", "{'a':{'':'x'}}", "'x'");
    is_id("//", "{'':{'':'x'}}", "'x'");
    is_id("/a~0b~1c", "{'a~b/c':'x'}", "'x'");
    is_id("/~01", "{'~1':'x'}", "'x'");
    is_id("/key that is longer than sixteen bytes", "{'key that is longer than sixteen bytes':'x'}", "'x'");
    is_id("/ti\xe1\xba\xbfng", "{'ti\xe1\xba\xbfng':'x'}", "'x'");
    is_id("/a", " \n{ 'a' \t:\r 'x' } ", "'x'");
    is_id("/a", "{'a':'x','b':[],'c':{},'d':[[],{}],'e':-1.5e+3,'f':true,'g':false}", "'x'");
}

static void a_key_is_what_its_escapes_say(void **state) {
    (void)state;
    is_id("/ab", "{'a\\u0062':'x'}", "'x'");
    is_id("/a~1b", "{'a\\/b':'x'}", "'x'");
    is_id("/ti\xe1\xba\xbfng", "{'ti\\u1ebfng':'x'}", "'x'");
    is_id("/0123456789012345678901234567890123456789012345678901234567890123456789",
          "{'\\u00301234567890123456789012345678901234567890123456789012345678901234567890':1,"
          "'\\u0030123456789012345678901234567890123456789012345678901234567890123456789':'x'}", "'x'");
}

static void minus_one_is_the_last_element(void **state) {
    (void)state;
    is_id("/a/-1", "{'a':['x','y','z']}", "'z'");
    is_id("/a/-1", "{'a':['x']}", "'x'");
    is_id("/a/-1", "{'a':[]}", "-");
    is_id("/a/-1", "{'a':{'-1':'x'}}", "'x'");
    is_id("/-1/-1/b", "[[{'b':1}],[{'b':2},{'b':3,'c':[[]]}]]", "'3'");
    is_id("/a/-1/b", "{'a':[{'b':1,'b':2},{'b':3}]}", "'3'");
    rule_is("'order_id':{'concat':[{'from':'/a/0'},{'from':'/a/1'},{'from':'/a/-1'}]}", "order_id", "{'a':[1,2]}", "'122'");
}

static void what_is_not_there_is_absent(void **state) {
    (void)state;
    is_id("/a", "{}", "-");
    is_id("/a", "[]", "-");
    is_id("/a", "{'a':null}", "-");
    is_id("/a/b", "{'a':null}", "-");
    is_id("/a/b", "{'a':'b'}", "-");
    is_id("/a/b", "{'a':1}", "-");
    is_id("/a/b", "{'a':['b']}", "-");
    is_id("/a/1", "{'a':['x']}", "-");
    is_id("/a/01", "{'a':['x','y']}", "-");
    is_id("/a/00", "{'a':['x','y']}", "-");
    is_id("/a/-2", "{'a':['x','y']}", "-");
    is_id("/a/4294967296", "{'a':['x','y']}", "-");
    is_id("/a/+1", "{'a':['x','y']}", "-");
    is_id("/ab", "{'a':1,'abc':2,'b':3}", "-");
}

static void a_key_that_is_asked_for_must_not_come_twice(void **state) {
    (void)state;
    is_id("/a", "{'a':1,'a':2}", "duplicate_key - 7");
    is_id("/a", "{'a':null,'a':2}", "duplicate_key - 10");
    is_id("/a", "{'a':1,'\\u0061':2}", "duplicate_key - 7");
    is_id("/a/b", "{'a':{'c':1},'a':{'b':1}}", "duplicate_key - 13");
    is_id("/a/b", "{'a':{'b':1,'b':2}}", "duplicate_key - 12");
    is_id("/a/b", "{'a':{'b':1},'b':2,'b':3}", "'1'");
    is_id("/a/0/b", "{'a':[{'b':1},{'b':1,'b':2}]}", "'1'");
    is_id("/a", "{'b':1,'b':2,'a':3}", "'3'");
    rule_is("'order_id':{'from':'/b/c'},'trip_id':{'from':'/a'}", "order_id", "{'b':{'c':1,'c':2},'a':1,'a':2}",
            "duplicate_key - 12");
    rule_is("'order_id':{'from':'/b/-1/c'},'trip_id':{'from':'/b/0/a'}", "order_id", "{'b':[{'c':1,'c':2,'a':1,'a':2}]}",
            "duplicate_key - 13");
}

static void the_text_must_be_json(void **state) {
    (void)state;
    is_id("/a", "", "empty_value - 0");
    is_id("/a", " ", "not_json - 1");
    is_id("/a", "1", "not_json - 0");
    is_id("/a", " 'a'", "not_json - 1");
    is_id("/a", "null", "not_json - 0");
    is_id("/a", "{'a':1", "not_json - 6");
    is_id("/a", "{'a':1}}", "not_json - 7");
    is_id("/a", "{'a':1} x", "not_json - 8");
    is_id("/a", "{'a' 1}", "not_json - 5");
    is_id("/a", "{'a':}", "not_json - 5");
    is_id("/a", "{'a':1,}", "not_json - 7");
    is_id("/a", "{,}", "not_json - 1");
    is_id("/a", "[1,]", "not_json - 3");
    is_id("/a", "[1}", "not_json - 2");
    is_id("/a", "{'b':[1,2}", "not_json - 9");
    is_id("/a", "{'b':01}", "not_json - 6");
    is_id("/a", "{'b':1.}", "not_json - 7");
    is_id("/a", "{'b':tru}", "not_json - 8");
    is_id("/a", "{'b':'\\x'}", "not_json - 7");
    is_id("/a", "{'b':'\n'}", "not_json - 6");
    is_id("/a", "{'b':'\xff'}", "bad_utf8 - 6");
    is_id("/a", "{'b':'\\ud800'}", "bad_utf8 - 6");
    is_id("/a", "{'b':'\\u0000'}", "bad_utf8 - 6");
    is_id("/a", "\xef\xbb\xbf{}", "not_json - 0");
    is_id("/a", "{'a':1,'a':2,'b':'\xff'}", "bad_utf8 - 18");
}

static void nesting_and_size_are_those_of_the_contract(void **state) {
    (void)state;
    is_id("/a", "{'b':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],'a':1}", "'1'");
    is_id("/a", "{'b':[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],'a':1}", "too_deep - 36");
    enum { BYTES = 65536 };
    char *text = malloc(BYTES + 2);
    CHECK(text != NULL);
    memset(text, ' ', BYTES + 2);
    memcpy(text, "{'a':1}", 7);
    text[BYTES] = '\0';
    is_id("/a", text, "'1'");
    text[BYTES] = ' ';
    text[BYTES + 1] = '\0';
    is_id("/a", text, "too_large - 65536");
    free(text);
}

static void an_id_is_a_string_or_a_whole_number_as_written(void **state) {
    (void)state;
    is_id("/a", "{'a':'a b~'}", "'a b~'");
    is_id("/a", "{'a':007}", "not_json - 6");
    is_id("/a", "{'a':-7}", "'-7'");
    is_id("/a", "{'a':123456789012345678901234567890}", "'123456789012345678901234567890'");
    is_id("/a", "{'a':1.0}", "bad_id order_id 5");
    is_id("/a", "{'a':1e3}", "bad_id order_id 5");
    is_id("/a", "{'a':true}", "wrong_type order_id 5");
    is_id("/a", "{'a':{}}", "wrong_type order_id 5");
    is_id("/a", "{'a':[1]}", "wrong_type order_id 5");
    is_id("/a", "{'a':''}", "bad_id order_id 5");
    is_id("/a", "{'a':'\xc3\xa9'}", "bad_id order_id 5");
    is_id("/a", "{'a':'\\u00e9'}", "bad_id order_id 5");
    is_id("/a", "{'a':'\x7f'}", "bad_id order_id 5");
    is_id("/a", "{'a':'a\\n'}", "bad_id order_id 5");
    is_id("/a", "{'a':'\\u0041\\/\\\\'}", "'A/\\\\'");
    is_id("/a", "{'a':'0123456789012345678901234567890123456789012345678901234567890123'}",
          "'0123456789012345678901234567890123456789012345678901234567890123'");
    is_id("/a", "{'a':'01234567890123456789012345678901234567890123456789012345678901234'}", "bad_id order_id 5");
    is_id("/a", "{'a':'\\u00301234567890123456789012345678901234567890123456789012345678901234'}", "bad_id order_id 5");
    is_id("/a", "{'a':01234567890123456789012345678901234567890123456789012345678901234}", "not_json - 6");
    is_id("/a", "{'a':12345678901234567890123456789012345678901234567890123456789012345}", "bad_id order_id 5");
}

static void the_first_pointer_that_is_present_wins(void **state) {
    (void)state;
    const char *rules = "'order_id':{'from':['/a','/b','/c'],'default':'d'}";
    rule_is(rules, "order_id", "{'c':'z','b':'y','a':'x'}", "'x'");
    rule_is(rules, "order_id", "{'c':'z','b':'y','a':null}", "'y'");
    rule_is(rules, "order_id", "{'c':'z'}", "'z'");
    rule_is(rules, "order_id", "{}", "'d'");
    rule_is(rules, "order_id", "{'a':[],'b':'y'}", "wrong_type order_id 5");
}

static void concat_joins_texts_or_is_absent(void **state) {
    (void)state;
    const char *rules = "'order_id':{'concat':['<',{'from':'/a'},':',{'from':'/b'},'>']}";
    rule_is(rules, "order_id", "{'a':'x','b':1.50}", "'<x:1.50>'");
    rule_is(rules, "order_id", "{'b':true,'a':'\\u0041\\/'}", "'<A/:true>'");
    rule_is(rules, "order_id", "{'a':'','b':''}", "'<:>'");
    rule_is(rules, "order_id", "{'a':'x'}", "-");
    rule_is(rules, "order_id", "{'b':'x','a':null}", "-");
    rule_is(rules, "order_id", "{'b':[],'a':1}", "wrong_type order_id 5");
    rule_is(rules, "order_id", "{'b':[]}", "-");
    rule_is(rules, "order_id", "{'b':1,'a':'\xc3\xa9'}", "bad_id order_id 11");
    rule_is("'order_id':{'concat':[{'from':'/a'},{'from':'/a'}]}", "order_id", "{'a':'012345678901234567890123456789012'}",
            "bad_id order_id 5");
    rule_is("'order_id':{'concat':[{'from':'/a'},'-'],'default':'d'}", "order_id", "{}", "'d'");
    rule_is("'status':{'concat':[{'from':'/a'},'ED']}", "status", "{'a':'SETTL'}", "'SETTLED'");
}

static void an_empty_string_can_count_as_nothing(void **state) {
    (void)state;
    const char *rules = "'order_id':{'from':['/a','/b'],'nonempty':true,'default':'d'}";
    rule_is(rules, "order_id", "{'a':'','b':'y'}", "'y'");
    rule_is(rules, "order_id", "{'a':'','b':''}", "'d'");
    rule_is(rules, "order_id", "{'a':' ','b':'y'}", "' '");
    rule_is(rules, "order_id", "{'a':0,'b':'y'}", "'0'");
    rule_is("'order_id':{'from':['/a','/b']}", "order_id", "{'a':'','b':'y'}", "bad_id order_id 5");
    rule_is("'order_id':{'from':['/a','/b'],'nonempty':false}", "order_id", "{'a':'','b':'y'}", "bad_id order_id 5");
    rule_is("'order_id':{'concat':['<',{'from':'/a'},'>'],'nonempty':true}", "order_id", "{'a':''}", "-");
    rule_is("'order_id':{'concat':['<',{'from':'/a'},'>'],'nonempty':true}", "order_id", "{'a':'x'}", "'<x>'");
    rule_is("'status':{'from':'/a','nonempty':true,'table':{'':'VOIDED'}}", "status", "{'a':''}", "-");
    rule_is("'shipped_at':{'from':'/a','nonempty':true}", "shipped_at", "{'a':''}", "-");
    rule_is("'amount_minor':{'from':'/a','nonempty':true}", "amount_minor", "{'a':''}", "-");
    const struct scene_header headers[] = {{"h", SLICE("")}, {NULL, {NULL, 0}}};
    const struct scene_record around = {headers, "t", {NULL, 0}, 0};
    rule_is_in("'order_id':{'from':['header:h','/a'],'nonempty':true}", "order_id", "{'a':'x'}", &around, "'x'");
}

static void null_in_a_table_leaves_the_field_away(void **state) {
    (void)state;
    rule_is("'status':{'from':'/a','table':{'1':null},'default':'VOIDED'}", "status", "{'a':1}", "-");
    rule_is("'status':{'from':'/a','table':{'1':null},'default':'VOIDED'}", "status", "{}", "'VOIDED'");
    rule_is("'status':{'from':'/a','table':{'1':'VOIDED'},'otherwise':{'value':null}}", "status", "{'a':2}", "-");
    rule_is("'order_id':{'from':'/a','digest':true,'table':{'1':null}}", "order_id", "{'a':1}", "-");
    rule_is("'test':{'from':'/a','table':{'1':null,'2':'true'}}", "test", "{'a':1}", "-");
    rule_is("'type':{'from':'/a','table':{'1':null}}", "type", "{'a':1}", "missing_field type 7");
}

static void upper_is_for_ascii_letters_of_strings(void **state) {
    (void)state;
    rule_is("'order_id':{'from':'/a','upper':true}", "order_id", "{'a':'az AZ 09{}'}", "'AZ AZ 09{}'");
    rule_is("'order_id':{'from':'/a','upper':true}", "order_id", "{'a':'\\u0061b'}", "'AB'");
    rule_is("'order_id':{'from':'/a','upper':false}", "order_id", "{'a':'ab'}", "'ab'");
    rule_is("'currency':{'from':'/a','upper':true}", "currency", "{'a':'vnd'}", "'VND'");
    rule_is("'payer_country':{'from':'/a','upper':true}", "payer_country", "{'a':'vn'}", "'VN'");
    rule_is("'wallet':{'from':'/a','upper':true}", "wallet", "{'a':'momo'}", "'MOMO'");
    rule_is("'test':{'from':'/a','upper':true,'table':{'Y':'true','true':'false'}}", "test", "{'a':'y'}", "true");
    rule_is("'test':{'from':'/a','upper':true,'table':{'Y':'true','true':'false'}}", "test", "{'a':true}", "false");
    rule_is("'order_id':{'from':'/a','upper':true,'table':{'1e5':'x'}}", "order_id", "{'a':1e5}", "'x'");
}

static void a_table_makes_canonical_texts(void **state) {
    (void)state;
    const char *rules = "'status':{'from':'/a','table':{'00':'CAPTURED','2':'DECLINED','true':'VOIDED','':'EXPIRED',"
                        "'\xc3\xa9':'REFUNDED'}}";
    rule_is(rules, "status", "{'a':'00'}", "'CAPTURED'");
    rule_is(rules, "status", "{'a':2}", "'DECLINED'");
    rule_is(rules, "status", "{'a':true}", "'VOIDED'");
    rule_is(rules, "status", "{'a':''}", "'EXPIRED'");
    rule_is(rules, "status", "{'a':'\\u00e9'}", "'REFUNDED'");
    rule_is(rules, "status", "{'a':'0'}", "unknown_code status 5");
    rule_is(rules, "status", "{'a':2.0}", "unknown_code status 5");
    rule_is(rules, "status", "{'a':'CAPTURED'}", "unknown_code status 5");
    rule_is(rules, "status", "{}", "-");
    rule_is("'status':{'from':'/a','table':{'1':'CAPTURED'},'otherwise':'refuse'}", "status", "{'a':2}", "unknown_code status 5");
    rule_is("'status':{'from':'/a','table':{'1':'CAPTURED'},'otherwise':'skip'}", "status", "{'a':2}", "ignored");
    rule_is("'status':{'from':'/a','table':{'1':'CAPTURED'},'otherwise':{'value':'EXPIRED'}}", "status", "{'a':2}", "'EXPIRED'");
    rule_is("'status':{'from':'/a','table':{'1':'CAPTURED'},'default':'VOIDED'}", "status", "{'a':null}", "'VOIDED'");
    rule_is("'type':{'from':'/a','table':{'w':'website.observed'}}", "type", "{'a':'w'}", "'website.observed'");
    rule_is("'type':{'from':'/a','table':{'w':'website.observed'}}", "type", "{'a':'v'}", "unknown_type type 5");
    rule_is("'order_id':{'from':'/a','table':{'1':'one'}}", "order_id", "{'a':1}", "'one'");
    rule_is("'same_owner':{'from':'/a','table':{'1':'true','0':'false'}}", "same_owner", "{'a':1}", "true");
    rule_is("'same_owner':{'from':'/a','table':{'1':'true','0':'false'}}", "same_owner", "{'a':'0'}", "false");
    rule_is("'same_owner':{'from':'/a','table':{'1':'true'},'otherwise':{'value':'false'}}", "same_owner", "{'a':9}", "false");
}

static void codes_are_judged_by_the_canonical_rules(void **state) {
    (void)state;
    rule_is("'instrument':{'from':'/a'}", "instrument", "{'a':'CARD'}", "'CARD'");
    rule_is("'instrument':{'from':'/a'}", "instrument", "{'a':'\\u0043ARD'}", "'CARD'");
    rule_is("'instrument':{'from':'/a'}", "instrument", "{'a':'card'}", "unknown_code instrument 5");
    rule_is("'instrument':{'from':'/a'}", "instrument", "{'a':''}", "unknown_code instrument 5");
    rule_is("'instrument':{'from':'/a'}", "instrument", "{'a':1}", "wrong_type instrument 5");
    rule_is("'instrument':{'from':'/a'}", "instrument", "{'a':true}", "wrong_type instrument 5");
    rule_is("'wallet':{'from':'/a'}", "wallet", "{'a':'some new one'}", "'some new one'");
    rule_is("'wallet':{'from':'/a'}", "wallet", "{'a':'a\\n\\u0001\\'\xc3\xa9'}", "'a\\u000a\\u0001\\'\xc3\xa9'");
    rule_is("'wallet':{'from':'/a'}", "wallet", "{'a':''}", "''");
    rule_is("'wallet':{'from':'/a'}", "wallet", "{'a':'01234567890123456789012345678901234567890123456789012345678901234'}",
            "unknown_code wallet 5");
    rule_is("'ad_platform':{'from':'/a'}", "ad_platform", "{'a':'X'}", "'X'");
    rule_is("'platform':{'from':'/a'}", "platform", "{'a':'_Z'}", "'_Z'");
    rule_is("'currency':{'from':'/a'}", "currency", "{'a':'USD'}", "'USD'");
    rule_is("'currency':{'from':'/a'}", "currency", "{'a':'XXX'}", "unknown_code currency 5");
    rule_is("'currency':{'from':'/a'}", "currency", "{'a':'usd'}", "unknown_code currency 5");
    rule_is("'payer_country':{'from':'/a'}", "payer_country", "{'a':'vn'}", "unknown_code payer_country 5");
    rule_is("'payer_country':{'from':'/a'}", "payer_country", "{'a':'VNM'}", "unknown_code payer_country 5");
    rule_is("'status':{'from':'/a'}", "status", "{'a':'anything in another family'}", "'anything in another family'");
    rule_is("'status':{'from':'/a'}", "status", "{'a':'01234567890123456789012345678901234567890123456789012345678901234'}",
            "unknown_code status 5");
    rule_is("'type':{'from':'/a'}", "type", "{'a':'website.observed'}", "'website.observed'");
    rule_is("'type':{'from':'/a'}", "type", "{'a':'website'}", "unknown_type type 5");
    rule_is("'type':{'from':'/a'}", "type", "{'a':'unit.registered'}", "unknown_type type 5");
    rule_is("'type':{'from':'/a'}", "type", "{}", "missing_field type 2");
    rule_is("'test':{'from':'/a'}", "test", "{'a':true}", "true");
    rule_is("'test':{'from':'/a'}", "test", "{'a':false}", "false");
    rule_is("'test':{'from':'/a'}", "test", "{'a':'true'}", "wrong_type test 5");
    rule_is("'test':{'from':'/a'}", "test", "{'a':1}", "wrong_type test 5");
    rule_is("'test':{'from':'/a','default':true}", "test", "{}", "true");
}

static void a_digest_makes_an_id_of_any_text(void **state) {
    (void)state;
    const char *rules = "'order_id':{'from':'/a','digest':true}";
    rule_is(rules, "order_id", "{'a':''}", "'x:99aa06d3014798d86001c324468d497f'"); /* XXH3-128 of nothing */
    rule_is(rules, "order_id", "{'a':'abc'}", "'x:06b05ab6733a618578af5f94892f3950'"); /* of the xxhash documentation's abc */
    rule_is(rules, "order_id", "{'a':'a\\u0062c'}", "'x:06b05ab6733a618578af5f94892f3950'");
    rule_is("'order_id':{'from':'/a','upper':true,'digest':true}", "order_id", "{'a':'abc'}",
            "'x:9e947f00ecd6acb2244da40f405c870e'");
    rule_is(rules, "order_id", "{'a':true}", "wrong_type order_id 5");
    rule_is(rules, "order_id", "{'a':null}", "-");
    rule_is(rules, "order_id", "{'a':[]}", "wrong_type order_id 5");
}

static void digests_agree_whatever_way_the_text_took(void **state) {
    (void)state;
    const char *pairs[][2] = {
        {"'order_id':{'from':'/a','digest':true},'trip_id':{'concat':[{'from':'/b'},'c'],'digest':true}", "{'a':'abc','b':'ab'}"},
        {"'order_id':{'from':'/a','digest':true},'trip_id':{'from':'/b','digest':true}", "{'a':1.50,'b':'1.50'}"},
        {"'order_id':{'from':'/a','digest':true},'trip_id':{'from':'/b','digest':true,'table':{'1':'n\xc3\xa9'}}",
         "{'a':'n\xc3\xa9','b':1}"},
        {"'order_id':{'from':'/a','digest':true},'trip_id':{'from':'/b','digest':true,'table':{'1':'x'},'otherwise':{'value':"
         "'o'}}",
         "{'a':'o','b':2}"},
        {"'order_id':{'from':'/a','digest':true},'trip_id':{'from':'/b','digest':true,'upper':true}",
         "{'a':'ABC','b':'\\u0061bc'}"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *json = scene_website(pairs[i][0]);
        struct mapping *mapping = scene_mapping(json);
        char *message = quoted(pairs[i][1]);
        char *line = scene_read(mapping, slice_of(message), NULL);
        char *copy = strdup(line);
        assert_string_equal(scene_field(line, "order_id"), scene_field(copy, "trip_id"));
        free(copy);
        free(line);
        free(message);
        free(json);
        mapping_destroy(mapping);
    }
}

static void a_digest_takes_texts_longer_than_any_message(void **state) {
    (void)state;
    enum { BYTES = 60000 };
    char *message = malloc(BYTES + 20);
    CHECK(message != NULL);
    int head = snprintf(message, 20, "{'a':'");
    memset(message + head, 'q', BYTES);
    (void)snprintf(message + head + BYTES, 14, "'}");
    char rules[1000] = "'order_id':{'digest':true,'concat':[{'from':'/a'}";
    for (int i = 1; i < 16; i++) {
        size_t length = strlen(rules);
        (void)snprintf(rules + length, sizeof(rules) - length, ",{'from':'/a'}");
    }
    size_t length = strlen(rules);
    (void)snprintf(rules + length, sizeof(rules) - length, "]}");
    rule_is(rules, "order_id", message, "'x:9f61c391077ff20a0ce7f7f60e19fb68'");
    free(message);
}

static const char conditional[] =
    "{'name':'n','topics':['t'],%s,'event':{'type':'website.observed','source':'S','event_id':'e','event_time':1,"
    "'merchant_id':'m','content_changed_at':1}}";

static void condition_is(const char *conditions, const char *message, bool taken) {
    char json[1000];
    (void)snprintf(json, sizeof(json), conditional, conditions);
    struct mapping *mapping = scene_mapping(json);
    char *text = quoted(message);
    char *line = scene_read(mapping, slice_of(text), NULL);
    if ((line[0] == '{') != taken) fail_msg("%s of %s: %s", conditions, message, line);
    if (!taken) assert_string_equal(line, "ignored");
    free(line);
    free(text);
    mapping_destroy(mapping);
}

static void conditions_leave_messages_out(void **state) {
    (void)state;
    condition_is("'only':[{'at':'/a','exists':true}]", "{'a':{}}", true);
    condition_is("'only':[{'at':'/a','exists':true}]", "{'a':[]}", true);
    condition_is("'only':[{'at':'/a','exists':true}]", "{'a':false}", true);
    condition_is("'only':[{'at':'/a','exists':true}]", "{'a':null}", false);
    condition_is("'only':[{'at':'/a','exists':true}]", "{}", false);
    condition_is("'only':[{'at':'/a','exists':false}]", "{}", true);
    condition_is("'only':[{'at':'/a','exists':false}]", "{'a':0}", false);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':'x'}", true);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':'\\u0078'}", true);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':1.0}", true);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':1}", false);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':true}", true);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':''}", true);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{'a':['x']}", false);
    condition_is("'only':[{'at':'/a','in':['x','1.0','true','']}]", "{}", false);
    condition_is("'only':[{'at':'/a','not_in':['x']}]", "{'a':'y'}", true);
    condition_is("'only':[{'at':'/a','not_in':['x']}]", "{}", true);
    condition_is("'only':[{'at':'/a','not_in':['x']}]", "{'a':['x']}", true);
    condition_is("'only':[{'at':'/a','not_in':['x']}]", "{'a':'x'}", false);
    condition_is("'only':[{'at':'/a','in':['x']},{'at':'/b','in':['y']}]", "{'a':'x','b':'y'}", true);
    condition_is("'only':[{'at':'/a','in':['x']},{'at':'/b','in':['y']}]", "{'a':'x'}", false);
    condition_is("'ignore':[{'at':'/a','in':['x']},{'at':'/b','in':['y']}]", "{'b':'y'}", false);
    condition_is("'ignore':[{'at':'/a','in':['x']},{'at':'/b','in':['y']}]", "{'b':'x','a':'y'}", true);
    condition_is("'ignore':[{'at':'','exists':true}]", "{}", false);
    condition_is("'ignore':[],'only':[]", "{}", true);
    const char *both = "'ignore':[{'all':[{'at':'/a','in':['x']},{'at':'/b','exists':true}]},{'at':'/c','exists':true}]";
    condition_is(both, "{'a':'x','b':1}", false);
    condition_is(both, "{'a':'x'}", true);
    condition_is(both, "{'b':1}", true);
    condition_is(both, "{'c':1}", false);
    condition_is("'only':[{'all':[{'at':'/a','in':['x']},{'at':'/b','exists':true}]}]", "{'a':'x','b':1}", true);
    condition_is("'only':[{'all':[{'at':'/a','in':['x']},{'at':'/b','exists':true}]}]", "{'a':'x'}", false);
}

static void what_the_record_carries_is_asked_for_by_name(void **state) {
    (void)state;
    const struct scene_header headers[] = {{"h", SLICE("a\"b\\u0041")}, {"none", {NULL, 0}}, {"bad", SLICE("a\xff")},
                                           {"zero", {"a\0b", 3}},       {"empty", SLICE("")}, {NULL, {NULL, 0}}};
    const struct scene_record around = {headers, "some.topic", SLICE("the key"), 1633168800123};
    rule_is_in("'order_id':{'from':'header:h'}", "order_id", "{}", &around, "'a\\'b\\\\u0041'");
    rule_is_in("'order_id':{'from':'header:none'}", "order_id", "{}", &around, "-");
    rule_is_in("'order_id':{'from':'header:other'}", "order_id", "{}", &around, "-");
    rule_is_in("'order_id':{'from':'header:bad'}", "order_id", "{'a':1}", &around, "bad_utf8 order_id 0");
    rule_is_in("'order_id':{'from':'header:zero'}", "order_id", "{}", &around, "bad_utf8 order_id 0");
    rule_is_in("'order_id':{'concat':['a',{'from':'header:bad'}]}", "order_id", "{}", &around, "bad_utf8 order_id 0");
    rule_is_in("'order_id':{'from':'header:empty'}", "order_id", " {}", &around, "bad_id order_id 0");
    rule_is_in("'order_id':{'from':'record:key'}", "order_id", "{}", &around, "'the key'");
    rule_is_in("'order_id':{'from':'record:topic'}", "order_id", "{}", &around, "'some.topic'");
    rule_is_in("'order_id':{'from':'record:time'}", "order_id", "{}", &around, "'1633168800123'");
    rule_is_in("'shipped_at':{'from':'record:time'}", "shipped_at", "{}", &around, "1633168800123");
    rule_is_in("'shipped_at':{'from':'record:time','time':'epoch_s','zone':'Asia/Ho_Chi_Minh'}", "shipped_at", "{}", &around,
               "1633168800123");
    rule_is_in("'shipped_at':{'from':['/a','record:time'],'time':'epoch_s'}", "shipped_at", "{'a':5}", &around, "5000");
    rule_is_in("'ingest_time':{'from':'/a'}", "ingest_time", "{}", &around, "missing_field ingest_time 2");
    rule_is_in("'amount_minor':{'from':'header:h'}", "amount_minor", "{}", &around, "bad_amount amount_minor 0");
    rule_is_in("'order_id':'o'", "ingest_time", "{}", &around, "1633168800123");
    rule_is("'order_id':'o'", "ingest_time", "{}", "1633168800000");
    rule_is("'order_id':{'from':['record:key','header:h','record:time'],'default':'d'}", "order_id", "{}", "'d'");
    const struct scene_record late = {NULL, "t", {NULL, 0}, 7258118400000};
    rule_is_in("'shipped_at':{'from':'record:time'}", "shipped_at", "{}", &late, "-");
    rule_is_in("'order_id':'o'", "ingest_time", "{}", &late, "1633168800000");
}

static void refusals_come_in_the_order_of_the_fields(void **state) {
    (void)state;
    const char *rules = "'currency':{'from':'/c'},'amount_minor':{'from':'/m'},'event_id':{'from':'/e'},"
                        "'shipped_at':{'from':'/s'},"
                        "'order_id':{'from':'/o','table':{'1':'x'},'otherwise':'skip'},'type':{'from':'/t'}";
    rule_is(rules, "type", "{'t':'?','s':'?','m':'?','c':'?','o':2,'e':''}", "bad_id event_id 43");
    rule_is(rules, "type", "{'t':'?','s':'?','m':'?','c':'?','o':2,'e':1}", "ignored");
    rule_is(rules, "type", "{'t':'?','s':'?','m':'?','c':'?','o':1,'e':1}", "unknown_code currency 29");
    rule_is(rules, "type", "{'t':'?','s':'?','m':'?','o':1,'e':1}", "bad_amount amount_minor 21");
    rule_is(rules, "type", "{'t':'?','s':'?','o':1,'e':1}", "bad_time shipped_at 13");
    rule_is(rules, "type", "{'t':'?','o':1}", "unknown_type type 5");
    rule_is(rules, "type", "{'t':'website.observed','o':1}", "missing_field event_id 30");
}

static void topics_are_claimed_by_name_or_prefix(void **state) {
    (void)state;
    struct mapping *mapping = scene_mapping("{'name':'my-name-1','topics':['a.b','c.*','c.d'],'event':{'type':'ride.completed',"
                                            "'source':'S'}}");
    assert_string_equal(mapping_name(mapping), "my-name-1");
    assert_int_equal(mapping_claims(mapping, "a.b"), 2);
    assert_int_equal(mapping_claims(mapping, "a.bc"), 0);
    assert_int_equal(mapping_claims(mapping, "a"), 0);
    assert_int_equal(mapping_claims(mapping, "c."), 1);
    assert_int_equal(mapping_claims(mapping, "c.x"), 1);
    assert_int_equal(mapping_claims(mapping, "c"), 0);
    assert_int_equal(mapping_claims(mapping, "c.d"), 2);
    assert_false(mapping_needs_headers(mapping));
    assert_false(mapping_fans_out(mapping));
    mapping_destroy(mapping);
}

static int done(void **state) {
    (void)state;
    scene_close();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointers_lead_through_objects_and_arrays),
        cmocka_unit_test(a_key_is_what_its_escapes_say),
        cmocka_unit_test(minus_one_is_the_last_element),
        cmocka_unit_test(what_is_not_there_is_absent),
        cmocka_unit_test(a_key_that_is_asked_for_must_not_come_twice),
        cmocka_unit_test(the_text_must_be_json),
        cmocka_unit_test(nesting_and_size_are_those_of_the_contract),
        cmocka_unit_test(an_id_is_a_string_or_a_whole_number_as_written),
        cmocka_unit_test(the_first_pointer_that_is_present_wins),
        cmocka_unit_test(concat_joins_texts_or_is_absent),
        cmocka_unit_test(an_empty_string_can_count_as_nothing),
        cmocka_unit_test(null_in_a_table_leaves_the_field_away),
        cmocka_unit_test(upper_is_for_ascii_letters_of_strings),
        cmocka_unit_test(a_table_makes_canonical_texts),
        cmocka_unit_test(codes_are_judged_by_the_canonical_rules),
        cmocka_unit_test(a_digest_makes_an_id_of_any_text),
        cmocka_unit_test(digests_agree_whatever_way_the_text_took),
        cmocka_unit_test(a_digest_takes_texts_longer_than_any_message),
        cmocka_unit_test(conditions_leave_messages_out),
        cmocka_unit_test(what_the_record_carries_is_asked_for_by_name),
        cmocka_unit_test(refusals_come_in_the_order_of_the_fields),
        cmocka_unit_test(topics_are_claimed_by_name_or_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, done);
}
