/* What others wrap around the body: CloudEvents and Debezium, and what comes beside a message in Kafka (headers, key, time).
 *
 * Envelopes are judged after the whole message has been walked, because their keys come in any order; all that is needed
 * stands in spans by then. Of a key that comes twice the walk has followed the first, but one that the envelope itself
 * looks at is refused as soon as it is looked at. */
#include "ingest/mapping_draft.h"
#include "ingest/text_bytes.h"

#include <stdio.h>

/* ---- compiling ---- */

/* Which of `words` (ends in NULL) the key's value is; 0 when it is absent; -1 and the fault when it is none. */
static int choice(struct draft *draft, const char *key, const char *const *words) {
    json_t *value = json_object_get(draft->mapping->root, key);
    if (value == NULL) return 0;
    const char *text = json_string_value(value);
    for (int i = 0; text != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) return i;
    }
    char accepted[80] = "";
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t length = strlen(accepted);
        (void)snprintf(accepted + length, sizeof(accepted) - length, "%s\"%s\"", i > 0 ? ", " : "", words[i]);
    }
    (void)draft_enter(draft, key);
    const char *quote = text != NULL ? "\"" : "";
    (void)draft_refuse(draft, "found %s%.40s%s, accepted are %s", quote, text != NULL ? text : "another type", quote, accepted);
    return -1;
}

static bool only_debezium(struct draft *draft, const char *key) {
    if (draft->mapping->envelope == ENVELOPE_DEBEZIUM || json_object_get(draft->mapping->root, key) == NULL) return true;
    size_t mark = draft_enter(draft, key);
    (void)draft_refuse(draft, "belongs to \"envelope\": \"debezium\"; take it out");
    draft_leave(draft, mark);
    return false;
}

static bool wire_compile(struct draft *draft) {
    static const char *const wires[] = {"json", "confluent", NULL};
    const char *wire = json_string_value(json_object_get(draft->mapping->root, "wire"));
    if (wire != NULL && (strcmp(wire, "avro") == 0 || strcmp(wire, "protobuf") == 0)) {
        size_t mark = draft_enter(draft, "wire");
        (void)draft_refuse(draft, "nhip does not read %s; let the connector write JSON (a JSON converter), then \"json\" or "
                           "\"confluent\"", wire);
        draft_leave(draft, mark);
        return false;
    }
    int found = choice(draft, "wire", wires);
    draft->mapping->confluent = found == 1;
    return found >= 0;
}

bool envelope_compile(struct draft *draft) {
    static const char *const envelopes[] = {"none", "cloudevents", "debezium", NULL};
    static const char *const deletes[] = {"ignore", "before", NULL};
    static const char *const snapshots[] = {"take", "ignore", NULL};
    struct mapping *mapping = draft->mapping;
    if (!wire_compile(draft)) return false;
    int envelope = choice(draft, "envelope", envelopes);
    if (envelope < 0) return false;
    mapping->envelope = (enum envelope)envelope;
    mapping->needs_headers |= mapping->envelope == ENVELOPE_CLOUDEVENTS;
    if (!only_debezium(draft, "deletes") || !only_debezium(draft, "snapshots")) return false;
    int before = choice(draft, "deletes", deletes);
    int ignore = choice(draft, "snapshots", snapshots);
    mapping->deletes_before = before == 1;
    mapping->snapshots_ignore = ignore == 1;
    return before >= 0 && ignore >= 0;
}

/* ---- what stands beside the message ---- */

static void outside_set(struct span *span, struct slice text) {
    bool clean = text.length <= OUTSIDE_BYTES_MAX && bytes_are_text(text);
    *span = (struct span){.text = text.data, .length = clean ? (uint32_t)text.length : 0,
                          .kind = clean ? SPAN_STRING : SPAN_NO_TEXT, .plain = false};
}

static bool header_find(const struct mapping_cursor *cursor, const char *name, struct slice *value) {
    if (cursor->header == NULL || cursor->record->native == NULL) return false;
    return cursor->header(cursor->record->native, name, value) && value->data != NULL;
}

bool record_has_time(const struct record *record) {
    return record->timestamp_ms > 0 && time_is_in_range(record->timestamp_ms);
}

static void pointer_outside(struct mapping_cursor *cursor, const struct pointer *pointer) {
    struct span *span = &cursor->spans[pointer->node[cursor->variant]];
    struct slice value = {NULL, 0};
    if (pointer->origin == ORIGIN_HEADER) {
        if (header_find(cursor, pointer->path, &value)) outside_set(span, value);
    } else if (pointer->origin == ORIGIN_ENVELOPE && cursor->binary) {
        if (pointer->path[0] != '/' && header_find(cursor, pointer->header, &value)) outside_set(span, value);
    } else if (pointer->origin == ORIGIN_KEY) {
        if (cursor->record->key.data != NULL) outside_set(span, cursor->record->key);
    } else if (pointer->origin == ORIGIN_TOPIC) {
        if (cursor->topic != NULL) outside_set(span, slice_of(cursor->topic));
    } else if (pointer->origin == ORIGIN_TIME && record_has_time(cursor->record)) {
        int length = snprintf(cursor->time_text, sizeof(cursor->time_text), "%lld", (long long)cursor->record->timestamp_ms);
        *span = (struct span){.text = cursor->time_text, .length = (uint32_t)length, .kind = SPAN_NUMBER, .plain = true};
    }
}

void outside_read(struct mapping_cursor *cursor) {
    const struct mapping *mapping = cursor->mapping;
    for (size_t i = 0; i < mapping->outside_count; i++) pointer_outside(cursor, &mapping->pointers[mapping->outside[i]]);
}

/* ---- judging ---- */

static enum step bad_envelope(const struct mapping_cursor *cursor, const struct span *span) {
    return mapping_refuse(cursor, REASON_BAD_ENVELOPE, span->place, "");
}

/* A part of the envelope that is looked at must not come twice. */
static enum step once(const struct mapping_cursor *cursor, uint32_t node) {
    uint32_t twice = cursor->spans[node].twice;
    return twice == 0 ? STEP_ON : mapping_refuse(cursor, REASON_DUPLICATE_KEY, twice - 1, "");
}

static bool span_is(struct mapping_cursor *cursor, const struct span *span, const char *text) {
    return span->kind == SPAN_STRING && slice_equal(span_text(cursor, span), slice_of(text));
}

static enum step cloudevent_open(struct mapping_cursor *cursor) {
    const struct envelope_nodes *at = &cursor->mapping->at;
    const struct span *top = &cursor->spans[cursor->mapping->root_node];
    const struct span *version = &cursor->spans[at->specversion];
    const struct span *data = &cursor->spans[at->data];
    if (top->kind != SPAN_OBJECT) return bad_envelope(cursor, top);
    if (once(cursor, at->specversion) != STEP_ON || once(cursor, at->data) != STEP_ON) return STEP_REFUSE;
    if (!span_is_there(version)) return bad_envelope(cursor, top);
    if (!span_is(cursor, version, "1.0")) return bad_envelope(cursor, version);
    if (!span_is_there(data)) return bad_envelope(cursor, top);
    if (data->kind != SPAN_OBJECT) return bad_envelope(cursor, data);
    cursor->variant = VARIANT_STRUCTURED;
    return STEP_ON;
}

/* What is done with a change: 'a' = take after, 'b' = take before, 'i' = ignore, 0 = unknown. */
static char change_taken(struct mapping_cursor *cursor, const struct span *op) {
    const struct mapping *mapping = cursor->mapping;
    struct slice letter = op->kind == SPAN_STRING ? span_text(cursor, op) : (struct slice){"", 0};
    switch (letter.length == 1 ? letter.data[0] : '\0') {
    case 'c':
    case 'u':
        return 'a';
    case 'r':
        return mapping->snapshots_ignore ? 'i' : 'a';
    case 'd':
        return mapping->deletes_before ? 'b' : 'i';
    case 't':
    case 'm':
        return 'i';
    default:
        return 0;
    }
}

static enum step change_open(struct mapping_cursor *cursor) {
    const struct mapping *mapping = cursor->mapping;
    const struct envelope_nodes *at = &mapping->at;
    if (once(cursor, at->payload) != STEP_ON) return STEP_REFUSE;
    unsigned payload = span_is_there(&cursor->spans[at->payload]) ? 1 : 0;
    const struct span *top = &cursor->spans[payload == 1 ? at->payload : mapping->root_node];
    if (top->kind != SPAN_OBJECT) return bad_envelope(cursor, top);
    if (once(cursor, at->op[payload]) != STEP_ON) return STEP_REFUSE;
    const struct span *op = &cursor->spans[at->op[payload]];
    if (!span_is_there(op)) return bad_envelope(cursor, top);
    char taken = change_taken(cursor, op);
    if (taken == 0) return bad_envelope(cursor, op);
    if (taken == 'i') return STEP_IGNORE;
    uint32_t node = taken == 'b' ? at->before[payload] : at->after[payload];
    if (once(cursor, node) != STEP_ON) return STEP_REFUSE;
    const struct span *body = &cursor->spans[node];
    if (!span_is_there(body)) return bad_envelope(cursor, top);
    if (body->kind != SPAN_OBJECT) return bad_envelope(cursor, body);
    cursor->variant = payload * VARIANT_IN_PAYLOAD + (taken == 'b' ? VARIANT_BEFORE : 0);
    return STEP_ON;
}

enum step envelope_open(struct mapping_cursor *cursor) {
    if (cursor->mapping->envelope == ENVELOPE_NONE) return STEP_ON;
    if (cursor->mapping->envelope == ENVELOPE_DEBEZIUM) return change_open(cursor);
    if (!cursor->binary) return cloudevent_open(cursor);
    return cursor->binary_version ? STEP_ON : mapping_refuse(cursor, REASON_BAD_ENVELOPE, 0, "");
}

void envelope_begin(struct mapping_cursor *cursor) {
    struct slice version = {NULL, 0};
    cursor->binary = cursor->mapping->envelope == ENVELOPE_CLOUDEVENTS && header_find(cursor, "ce_specversion", &version);
    cursor->binary_version = cursor->binary && slice_equal(version, SLICE("1.0"));
    cursor->variant = cursor->binary ? VARIANT_BINARY : 0;
}
