/* A mapping that is written down in a test, and what it makes of messages: shared by the tests of mappings.
 *
 * JSON is written with ' for " here. Every event is decoded once more from its canonical text, and must come out the same. */
#ifndef NHIP_TEST_MAPPING_SCENE_H
#define NHIP_TEST_MAPPING_SCENE_H

#include "check.h"
#include "mapping.h"
#include "tests/support/event_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { SCENE_TEXT_MAX = 200000 };

struct scene_header {
    const char *name;
    struct slice value;
};

/* What surrounds a message. `native` of its record is the list of headers, which ends in a null name. */
struct scene_record {
    const struct scene_header *headers;
    const char *topic;
    struct slice key;
    int64_t timestamp_ms;
};

static struct decoder *scene_decoder;
static struct mapping_cursor *scene_cursor;

static inline void scene_open(void) {
    if (scene_decoder == NULL) scene_decoder = test_decoder();
    if (scene_cursor == NULL) scene_cursor = mapping_cursor_create();
    assert_non_null(scene_cursor);
}

static inline void scene_close(void) {
    mapping_cursor_destroy(scene_cursor);
    decoder_destroy(scene_decoder);
    scene_cursor = NULL;
    scene_decoder = NULL;
}

/* A copy with " for '; the caller frees it. */
static inline char *quoted(const char *text) {
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '\'') *at = '"';
    }
    return copy;
}

/* Compiles a mapping from its text (quotes as they are). Null and the fault's message behind the file's name. */
static inline struct mapping *scene_compile(const char *text, char message[static 512]) {
    char path[] = "/tmp/nhip-mapping-XXXXXX";
    struct fault fault = {.code = FAULT_NONE};
    scene_open();
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(file), 0);
    struct mapping *mapping = mapping_create(path, scene_decoder, &fault);
    (void)unlink(path);
    message[0] = '\0';
    if (mapping != NULL) return mapping;
    assert_int_equal(fault.code, FAULT_CONFIG);
    assert_memory_equal(fault.message, path, strlen(path));
    (void)snprintf(message, 512, "%s", fault.message + strlen(path));
    return NULL;
}

static inline struct mapping *scene_mapping(const char *json) {
    char message[512];
    char *text = quoted(json);
    struct mapping *mapping = scene_compile(text, message);
    free(text);
    if (mapping == NULL) fail_msg("%s\n%s", json, message);
    return mapping;
}

static inline bool scene_header_find(const void *native, const char *name, struct slice *value) {
    const struct scene_header *headers = native;
    for (; headers->name != NULL; headers++) {
        if (strcmp(headers->name, name) != 0) continue;
        *value = headers->value;
        return true;
    }
    return false;
}

/* The mapped event must be the event of its text. Appends the text. */
static inline void scene_event(const struct event *event, char *out) {
    struct event again;
    struct rejection rejection = {REASON_NONE, 0, ""};
    char *text = malloc(SCENE_TEXT_MAX);
    CHECK(text != NULL);
    size_t length = mapping_text(scene_cursor, text, SCENE_TEXT_MAX);
    if (!decode(scene_decoder, (struct slice){text, length}, &again, &rejection)) {
        fail_msg("%.*s\nis refused: %s %s", (int)length, text, reason_name(rejection.reason), rejection.field);
    }
    const char *member = event_difference(event, &again);
    if (member != NULL) fail_msg("%.*s\nis another event: %s", (int)length, text, member);
    memcpy(out + strlen(out), text, length + 1 < SCENE_TEXT_MAX ? length : 0);
    free(text);
}

/* What becomes of a message, a line per event: canonical text, "ignored", or "reason field byte". The caller frees it. */
static inline char *scene_read(const struct mapping *mapping, struct slice message, const struct scene_record *around) {
    static const struct scene_record nothing = {NULL, "topic", {NULL, 0}, 0};
    if (around == NULL) around = &nothing;
    scene_open();
    char *out = calloc(1, 4 * SCENE_TEXT_MAX);
    char *exact = malloc(message.length > 0 ? message.length : 1); /* for sanitizers */
    CHECK(out != NULL);
    CHECK(exact != NULL);
    memcpy(exact, message.data, message.length);
    const struct record record = {.value = {exact, message.length},
                                  .key = around->key,
                                  .native = around->headers,
                                  .timestamp_ms = around->timestamp_ms};
    mapping_begin(scene_cursor, mapping, &record, around->topic, around->headers != NULL ? scene_header_find : NULL);
    bool last = false;
    for (size_t events = 0; !last; events++) {
        struct event event;
        struct rejection rejection = {REASON_NONE, 0, "?"};
        assert_true(events < FAN_OUT_MAX);
        memset(&event, (int)events + 1, sizeof(event));
        enum mapped mapped = mapping_next(scene_cursor, &event, &rejection, &last);
        if (events > 0) memcpy(out + strlen(out), "\n", 2);
        char *end = out + strlen(out);
        if (mapped == MAPPED_EVENT) {
            scene_event(&event, out);
        } else if (mapped == MAPPED_IGNORED) {
            (void)snprintf(end, 100, "ignored");
        } else {
            assert_int_equal(mapped, MAPPED_REJECTED);
            const char *field = rejection.field[0] != '\0' ? rejection.field : "-";
            (void)snprintf(end, 100, "%s %s %u", reason_name(rejection.reason), field, rejection.byte);
        }
    }
    free(exact);
    return out;
}

/* Refusals and ignored events are compared whole; of an event, what stands in its text behind `"field":` (- = absent). */
static inline char *scene_field(char *line, const char *field) {
    char key[64];
    if (line[0] != '{') return line;
    (void)snprintf(key, sizeof(key), "\"%s\":", field);
    char *at = strstr(line, key);
    if (at == NULL) {
        memcpy(line, "-", 2);
        return line;
    }
    at += strlen(key);
    bool string = *at == '"';
    char *end = at + (string ? 1 : 0);
    while (string ? *end != '"' : *end != ',' && *end != '}') end += *end == '\\' ? 2 : 1;
    end[string ? 1 : 0] = '\0';
    for (char *c = at; *c != '\0'; c++) {
        if (*c == '"') *c = '\'';
    }
    return at;
}

/* A mapping of website.observed whose fields are constants but for `rules` (members of `event`). The caller frees it. */
static inline char *scene_website(const char *rules) {
    static const char *const constants[][2] = {
        {"type", "'website.observed'"},       {"source", "'S'"},        {"event_id", "'e'"},
        {"event_time", "1633168800000"},      {"merchant_id", "'m'"},   {"content_changed_at", "1633168800000"},
    };
    enum { JSON_MAX = 20000 };
    char *json = malloc(JSON_MAX);
    CHECK(json != NULL);
    size_t length = (size_t)snprintf(json, JSON_MAX, "{'name':'n','topics':['t'],'event':{%s", rules);
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
        char key[40];
        (void)snprintf(key, sizeof(key), "'%s':", constants[i][0]);
        if (strstr(rules, key) != NULL) continue;
        length += (size_t)snprintf(json + length, JSON_MAX - length, "%s%s%s", json[length - 1] == '{' ? "" : ",", key,
                                   constants[i][1]);
    }
    (void)snprintf(json + length, JSON_MAX - length, "}}");
    return json;
}

static inline void same(const char *what, const char *message, const char *got, const char *expected) {
    if (strcmp(got, expected) != 0) fail_msg("%s of %.200s: expected %s, got %s", what, message, expected, got);
}

/* `rules` are members of `event`; the value of `field` in what becomes of `message` is `expected`. */
static inline void rule_is_in(const char *rules, const char *field, const char *message, const struct scene_record *around,
                              const char *expected) {
    char *json = scene_website(rules);
    struct mapping *mapping = scene_mapping(json);
    char *text = quoted(message);
    char *line = scene_read(mapping, slice_of(text), around);
    same(rules, message, scene_field(line, field), expected);
    free(line);
    free(text);
    free(json);
    mapping_destroy(mapping);
}

static inline void rule_is(const char *rules, const char *field, const char *message, const char *expected) {
    rule_is_in(rules, field, message, NULL, expected);
}

/* All that becomes of a message under a whole mapping. */
static inline void reads_as_in(const char *json, struct slice message, const struct scene_record *around, const char *expected) {
    struct mapping *mapping = scene_mapping(json);
    char *wanted = quoted(expected);
    char *lines = scene_read(mapping, message, around);
    same(json, message.data, lines, wanted);
    free(lines);
    free(wanted);
    mapping_destroy(mapping);
}

static inline void reads_as(const char *json, const char *message, const char *expected) {
    char *text = quoted(message);
    reads_as_in(json, slice_of(text), NULL, expected);
    free(text);
}

#endif
