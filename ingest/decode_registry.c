/* The rest of `unit.registered`: its fields are read by the registry's own reader, not by the hot decoder.
 *
 * Two reasons. A few registry records come for a million events, so nothing is won by speed; and the fields are
 * many, nested, and must be read again at snapshot time by exactly the same rules. So the decoder has checked the
 * common fields (the U column of schemas/README.md §2) and that no listed key comes twice, and hands the whole
 * text to unit_parse(). A breach is `bad_registry` at byte 0.
 *
 * The payload print takes the registry fields as jansson writes them, keys sorted and without spaces. Unlike the
 * numbers of other families they enter by their form: "380" and 380 for the same district are two payloads, and so
 * a conflict and not a mere redelivery. Only `recorded_at` is taken as an instant. */
#include "ingest/decode_inner.h"

#include "check.h"
#include "ingest/decode_tame.h"
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>

#define WIRE_NAME(name, wire, value, list, p, o, d, w, u) wire,
static const char *const registry_keys[] = {REGISTRY_FIELDS(WIRE_NAME)};

/* jansson answers null where memory is out, as where a document is no JSON; a valid record must not be refused for that. */
static void *take_memory(size_t bytes) {
    void *memory = malloc(bytes);
    CHECK_MEMORY(memory != NULL);
    return memory;
}

void registry_memory(void) {
    json_set_alloc_funcs(take_memory, free);
}

static uint64_t registry_print(const struct decoder *decoder, struct slice message, int64_t recorded_at_ms) {
    char *tame = json_tame(message);
    json_t *root = json_loadb(tame, message.length, 0, NULL);
    json_t *kept = json_object();
    for (size_t i = 0; i < sizeof(registry_keys) / sizeof(registry_keys[0]); i++) {
        json_t *value = json_object_get(root, registry_keys[i]);
        if (value != NULL && !json_is_null(value)) (void)json_object_set(kept, registry_keys[i], value);
    }
    (void)json_object_set_new(kept, "recorded_at", json_integer(recorded_at_ms));
    char *text = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK_MEMORY(text != NULL);
    uint64_t print = print_bytes(decoder, slice_of(text));
    free(text);
    json_decref(kept);
    json_decref(root);
    free(tame);
    return print;
}

bool registry_derive(const struct decoder *decoder, struct slice message, struct event *event, struct rejection *rejection) {
    struct unit_refusal refusal = {.field = ""};
    struct unit_record *record = unit_parse(message, &refusal);
    if (record == NULL) return reject(rejection, REASON_BAD_REGISTRY, 0, refusal.field);
    event->event_time_ms = record->recorded_at_ms;
    event->document = message;
    event->payload_print += registry_print(decoder, message, record->recorded_at_ms);
    if (event->payload_print == 0) event->payload_print = 1;
    unit_destroy(record);
    return true;
}
