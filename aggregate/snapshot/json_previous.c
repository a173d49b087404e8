/* snapshot.json of the release before, as far as revisions ask for it: what the figures came from. */
#include "aggregate/snapshot/previous.h"

#include "aggregate/runtime/json_file.h"
#include "aggregate/snapshot/memory.h"
#include "zone.h"

#include <inttypes.h>
#include <stdio.h>

static void read_text(const json_t *object, const char *key, char *out, size_t out_bytes) {
    const char *text = json_string_value(json_object_get(object, key));
    (void)snprintf(out, out_bytes, "%s", text == NULL ? "" : text);
}

static void read_inputs(struct previous *previous, const json_t *root) {
    const json_t *inputs = json_object_get(root, "inputs");
    const json_t *ordinals = json_object_get(json_object_get(root, "registry"), "ordinals");
    previous->inputs = memory_zeroed(json_array_size(inputs), sizeof(*previous->inputs));
    for (size_t i = 0; i < json_array_size(inputs); i++) {
        const json_t *from = json_array_get(inputs, i);
        struct previous_input *input = &previous->inputs[previous->input_count++];
        char print[24];
        read_text(from, "topic", input->topic, sizeof(input->topic));
        read_text(from, "tail_print", print, sizeof(print));
        input->partition = (int32_t)json_integer_value(json_object_get(from, "partition"));
        input->end_offset = json_integer_value(json_object_get(from, "end_offset"));
        input->delivered = json_integer_value(json_object_get(json_object_get(from, "counts"), "delivered"));
        input->tail_print = strtoull(print, NULL, 16);
        for (size_t j = 0; j < json_array_size(ordinals); j++) {
            const json_t *ordinal = json_array_get(ordinals, j);
            const char *topic = json_string_value(json_object_get(ordinal, "topic"));
            if (topic != NULL && strcmp(topic, input->topic) == 0 &&
                json_integer_value(json_object_get(ordinal, "partition")) == input->partition)
                input->units = json_integer_value(json_object_get(ordinal, "end_ordinal"));
        }
    }
}

/* {"window.records": "16"} -> "window.records=16\n" */
static void read_state_config(struct previous *previous, const json_t *config) {
    size_t length = 0;
    size_t capacity = 0;
    previous->state_config = memory_reserve(NULL, &capacity, 1, 1);
    for (void *i = json_object_iter((json_t *)(uintptr_t)config); i != NULL;
         i = json_object_iter_next((json_t *)(uintptr_t)config, i)) {
        const char *key = json_object_iter_key(i);
        const char *value = json_string_value(json_object_iter_value(i));
        if (value == NULL) continue;
        size_t needed = strlen(key) + strlen(value) + 3;
        previous->state_config = memory_reserve(previous->state_config, &capacity, length + needed, 1);
        length += (size_t)snprintf(previous->state_config + length, needed, "%s=%s\n", key, value);
    }
    previous->state_config[length] = '\0';
}

bool previous_read_provenance(struct previous *previous, struct fault *fault) {
    char path[PREVIOUS_PATH_BYTES + 16];
    char as_of[32];
    struct json_file file;
    (void)snprintf(path, sizeof(path), "%s/snapshot.json", previous->path);
    if (!json_file_open(&file, path, fault)) return false;
    const json_t *engine = json_object_get(file.root, "engine");
    read_text(engine, "version", previous->engine_version, sizeof(previous->engine_version));
    read_text(engine, "commit", previous->engine_commit, sizeof(previous->engine_commit));
    read_text(engine, "state_config_sha256", previous->state_config_sha256, sizeof(previous->state_config_sha256));
    read_text(engine, "presentation_config_sha256", previous->presentation_sha256, sizeof(previous->presentation_sha256));
    read_text(engine, "definitions_sha256", previous->definitions_sha256, sizeof(previous->definitions_sha256));
    read_text(engine, "expected_sources_sha256", previous->expected_sha256, sizeof(previous->expected_sha256));
    read_text(json_object_get(file.root, "registry"), "sha256", previous->registry_sha256, sizeof(previous->registry_sha256));
    read_text(file.root, "as_of", as_of, sizeof(as_of));
    read_state_config(previous, json_object_get(file.root, "state_config"));
    read_inputs(previous, file.root);
    previous->release = json_integer_value(json_object_get(file.root, "release"));
    bool good = rfc3339_parse(slice_of(as_of), &previous->as_of_ms) && previous->release > 0;
    json_file_close(&file);
    if (good) return true;
    return fault_set(fault, STOP_VERIFY_DIFFERS, false, "%s: no release or as_of in it: not written by nhip", path);
}
