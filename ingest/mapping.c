/* Messages of other shapes, one after the other: bytes -> walk -> envelope -> conditions -> rules -> event_derive().
 *
 *     message --mapping_walk--> spans --rules_apply--> reading --event_derive--> event
 *
 * The walk is along a trie of what the mapping asks for (mapping_walk.c); the rules turn the few spans that it leaves into
 * the same `struct reading` that decode() makes of canonical text (mapping_value.c); and from there on there is one way
 * for both, so that a mapped event and its canonical text are the same event by construction.
 *
 * Fan-out: the walk over the whole message has checked its text and counted the elements, so nothing but their own
 * meaning can be wrong with them; each is walked once more on its own, along the trie of the `@` pointers. A message of
 * one event is walked once. */
#include "mapping.h"

#include "check.h"
#include "ingest/mapping_inner.h"

#include <stdlib.h>

const char *mapping_name(const struct mapping *mapping) {
    return mapping->name;
}

int mapping_claims(const struct mapping *mapping, const char *topic) {
    int claim = 0;
    for (size_t i = 0; i < mapping->topic_count; i++) {
        const char *claimed = mapping->topics[i];
        size_t plain = strcspn(claimed, "*");
        if (claimed[plain] == '\0') {
            if (strcmp(claimed, topic) == 0) return 2;
        } else if (strncmp(claimed, topic, plain) == 0) {
            claim = 1;
        }
    }
    return claim;
}

bool mapping_needs_headers(const struct mapping *mapping) {
    return mapping->needs_headers;
}

bool mapping_fans_out(const struct mapping *mapping) {
    return mapping->each >= 0;
}

struct mapping_cursor *mapping_cursor_create(void) {
    return calloc(1, sizeof(struct mapping_cursor));
}

void mapping_cursor_destroy(struct mapping_cursor *cursor) {
    free(cursor);
}

void mapping_begin(struct mapping_cursor *cursor, const struct mapping *mapping, const struct record *record, const char *topic,
                   mapping_header *header) {
    struct slice message = record->value;
    CHECK(message.data != NULL);
    cursor->mapping = mapping;
    cursor->record = record;
    cursor->topic = topic;
    cursor->header = header;
    cursor->begun = false;
    cursor->scan = (struct scan){.begin = message.data,
                                 .end = message.data + message.length,
                                 .decoder = mapping->decoder,
                                 .reading = &cursor->reading,
                                 .last_block = message.data + message.length - 16};
}

/* Where the text begins behind the frame of the wire; NULL and the rejection when the frame is wrong. */
static const char *frame_pass(struct mapping_cursor *cursor) {
    const struct scan *scan = &cursor->scan;
    enum { FRAME_BYTES = 5 }; /* a zero and the schema's id */
    size_t length = (size_t)(scan->end - scan->begin);
    if (length == 0) return scan_refuse(scan, REASON_EMPTY, scan->begin, FIELD_NONE);
    if (length > MESSAGE_BYTES_MAX) return scan_refuse(scan, REASON_TOO_LARGE, scan->begin + MESSAGE_BYTES_MAX, FIELD_NONE);
    if (!cursor->mapping->confluent) return scan->begin;
    if (length <= FRAME_BYTES || scan->begin[0] != 0) return scan_refuse(scan, REASON_BAD_ENVELOPE, scan->begin, FIELD_NONE);
    const char *text = scan->begin + FRAME_BYTES;
    if (*text != '{' && *text != '[') return scan_refuse(scan, REASON_BAD_ENVELOPE, text, FIELD_NONE);
    return text;
}

/* The whole text: an object or array, and nothing behind it. */
static bool text_walk(struct mapping_cursor *cursor, const char *at) {
    const struct scan *scan = &cursor->scan;
    const struct mapping *mapping = cursor->mapping;
    uint32_t from = cursor->binary ? mapping->binary_root : 1;
    uint32_t to = mapping->binary_root != 0 && !cursor->binary ? mapping->binary_root : mapping->message_nodes;
    memset(cursor->spans + from, 0, (to - from) * sizeof(cursor->spans[0])); /* the nodes of the variants that may come */
    cursor->doubled = false;
    at = scan_space(scan, at);
    if (at == scan->end || (*at != '{' && *at != '[')) return scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
    at = mapping_walk(cursor, at, cursor->binary ? mapping->binary_root : mapping->root_node);
    if (at == NULL) return false;
    at = scan_space(scan, at);
    return at == scan->end || scan_refuse(scan, REASON_NOT_JSON, at, FIELD_NONE) != NULL;
}

/* Of all keys that came twice on the way of a pointer, the one that stands first. */
static enum step doubles_refuse(struct mapping_cursor *cursor, uint32_t from, uint32_t to) {
    if (!cursor->doubled) return STEP_ON;
    uint32_t first = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t twice = cursor->spans[i].twice;
        if ((cursor->mapping->nodes[i].variants & 1U << cursor->variant) == 0 || twice == 0) continue;
        if (first == 0 || twice < first) first = twice;
    }
    return first == 0 ? STEP_ON : mapping_refuse(cursor, REASON_DUPLICATE_KEY, first - 1, "");
}

static enum step elements_open(struct mapping_cursor *cursor) {
    const struct span *span = span_of(cursor, (uint32_t)cursor->mapping->each);
    if (!span_is_there(span)) return STEP_IGNORE;
    if (span->kind != SPAN_ARRAY) return mapping_refuse(cursor, REASON_WRONG_TYPE, span->place, "");
    if (span->count == 0) return STEP_IGNORE;
    if (span->count > FAN_OUT_MAX) return mapping_refuse(cursor, REASON_TOO_LARGE, span->place, "");
    cursor->element = 0;
    cursor->element_count = span->count;
    cursor->element_at = scan_space(&cursor->scan, span->text + 1);
    return STEP_ON;
}

static enum step message_read(struct mapping_cursor *cursor) {
    const struct mapping *mapping = cursor->mapping;
    const char *at = frame_pass(cursor);
    if (at == NULL) return STEP_REFUSE;
    envelope_begin(cursor);
    if (!text_walk(cursor, at)) return STEP_REFUSE;
    enum step step = envelope_open(cursor);
    if (step != STEP_ON) return step;
    outside_read(cursor);
    if (doubles_refuse(cursor, 1, mapping->message_nodes) != STEP_ON) return STEP_REFUSE;
    if (!conditions_hold(cursor, &mapping->only, &mapping->ignore)) return STEP_IGNORE;
    return mapping->each >= 0 ? elements_open(cursor) : STEP_ON;
}

/* Walks the next element and stands at the one behind it. */
static enum step element_read(struct mapping_cursor *cursor) {
    const struct mapping *mapping = cursor->mapping;
    size_t nodes = mapping->node_count - mapping->message_nodes;
    memset(cursor->spans + mapping->message_nodes, 0, nodes * sizeof(cursor->spans[0]));
    cursor->doubled = false;
    const char *at = mapping_walk(cursor, cursor->element_at, mapping->element_root);
    CHECK(at != NULL); /* it has been walked before */
    cursor->element_at = scan_space(&cursor->scan, scan_space(&cursor->scan, at) + 1);
    cursor->element++;
    if (doubles_refuse(cursor, mapping->message_nodes, mapping->node_count) != STEP_ON) return STEP_REFUSE;
    return conditions_hold(cursor, &mapping->only_each, &mapping->ignore_each) ? STEP_ON : STEP_IGNORE;
}

enum mapped mapping_next(struct mapping_cursor *cursor, struct event *event, struct rejection *rejection, bool *last) {
    const struct mapping *mapping = cursor->mapping;
    enum step step = STEP_ON;
    cursor->scan.rejection = rejection;
    *last = true;
    if (!cursor->begun) {
        cursor->begun = true;
        step = message_read(cursor);
    }
    if (step == STEP_ON && mapping->each >= 0) {
        step = element_read(cursor);
        *last = cursor->element == cursor->element_count;
    }
    if (step == STEP_ON) step = rules_apply(cursor);
    if (step == STEP_IGNORE) return MAPPED_IGNORED;
    if (step == STEP_REFUSE) return MAPPED_REJECTED;
    bool whole = event_derive(mapping->decoder, cursor->record->value, &cursor->reading, event, rejection);
    return whole ? MAPPED_EVENT : MAPPED_REJECTED;
}
