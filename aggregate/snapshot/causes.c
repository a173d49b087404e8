/* Two vintages differ in what was counted, in the registry they saw, and in the definitions they executed; each is named in
 * snapshot.json, so it can be compared. What is the same cannot be a cause. */
#include "aggregate/snapshot/causes.h"

#include <stdio.h>

static const char *const names[REVISED_COUNT] = {"LATE_EVENT",     "REGISTRY",    "DEDUP",  "METHOD",   "BOUNDARY",
                                               "CLASSIFICATION", "SUPPRESSION", "BUGFIX", "EXCLUSION"};

const char *cause_name(int bit) {
    return names[bit];
}

void causes_text(unsigned causes, char out[static CAUSES_TEXT_BYTES]) {
    size_t length = 0;
    out[0] = '\0';
    for (int i = 0; i < REVISED_COUNT; i++) {
        if ((causes >> i & 1) == 0) continue;
        length += (size_t)snprintf(out + length, CAUSES_TEXT_BYTES - length, "%s%s", length == 0 ? "" : "+", names[i]);
    }
}

/* Another end of the log than then; in a copy of it, another number of records. */
static bool end_differs(const struct previous_input *then, const struct progress *now, bool copy) {
    if (copy) return then->delivered != now->counts.delivered;
    return then->end_offset != now->next || then->tail_print != now->tail_print;
}

/* More records, fewer, or another log. */
static bool records_differ(const struct previous *previous, const struct state *state, bool copies) {
    if (previous->input_count != state->partition_count) return true;
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *now = &state->partitions[i];
        const struct previous_input *then = &previous->inputs[i];
        if (strcmp(then->topic, now->topic) != 0 || then->partition != now->partition) return true;
        /* A log of registry records only has no watermark: what it brought is in the registry. */
        if (end_differs(then, &now->progress, copies) && now->progress.watermark_ms != INT64_MIN) return true;
    }
    return false;
}

/* Which cause a setting of the counting is, when it was changed. */
static unsigned setting_cause(struct slice key) {
    if (slice_equal(key, SLICE("window.records")) || slice_equal(key, SLICE("window.max_age"))) return REVISED_DEDUP;
    if (slice_equal(key, SLICE("codes"))) return REVISED_CLASSIFICATION;
    if (slice_equal(key, SLICE("exclusions"))) return REVISED_EXCLUSION;
    return REVISED_METHOD;
}

/* Is the line `key=value` one of the lines of `text`? */
static bool has_line(const char *text, struct slice line) {
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (length == line.length && memcmp(at, line.data, length) == 0) return true;
        at += length + (at[length] == '\n');
    }
    return false;
}

static unsigned lines_missing(const char *text, const char *other) {
    unsigned causes = 0;
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        const char *equals = memchr(at, '=', length);
        struct slice line = {at, length};
        if (equals != NULL && !slice_equal((struct slice){at, (size_t)(equals - at)}, SLICE("secret")) && !has_line(other, line))
            causes |= setting_cause((struct slice){at, (size_t)(equals - at)});
        at += length + (at[length] == '\n');
    }
    return causes;
}

static unsigned configuration_causes(const struct previous *previous, const struct computation *computation) {
    const struct state *state = computation->state;
    const char *hash = state->partition_count == 0 ? "" : state->partitions[0].configuration_hash;
    if (strcmp(hash, previous->state_config_sha256) == 0) return 0;
    const char *text = computation->options->state_text == NULL ? "" : computation->options->state_text;
    if (text[0] == '\0' || previous->state_config[0] == '\0') return REVISED_METHOD | REVISED_DEDUP;
    unsigned causes = lines_missing(text, previous->state_config) | lines_missing(previous->state_config, text);
    /* Nothing that is listed: the secret key, which the sketches and the fingerprints of ids hang on. */
    return causes != 0 ? causes : REVISED_METHOD | REVISED_DEDUP;
}

static unsigned engine_causes(const struct previous *previous, const struct snapshot_options *options) {
    bool same = strcmp(previous->engine_version, options->engine_version) == 0 &&
                strcmp(previous->engine_commit, options->engine_commit) == 0;
    unsigned causes = same ? 0 : REVISED_BUGFIX;
    if (strcmp(previous->presentation_sha256, options->presentation_hash) != 0) causes |= REVISED_METHOD;
    const char *expected = options->expected == NULL ? "" : options->expected->sha256;
    if (strcmp(previous->expected_sha256, expected) != 0) causes |= REVISED_METHOD;
    return causes;
}

struct causes causes_find(const struct previous *previous, const struct computation *computation) {
    struct causes causes = {.counting = engine_causes(previous, computation->options)};
    causes.counting |= configuration_causes(previous, computation);
    if (records_differ(previous, computation->state, computation->options->from_copies)) causes.counting |= REVISED_LATE_EVENT;
    if (strcmp(previous->registry_sha256, computation->registry->sha256) != 0) causes.registry = REVISED_REGISTRY;
    if (strcmp(previous->definitions_sha256, computation->definitions->sha256) != 0)
        causes.definitions = definitions_changed(previous->path, computation->definitions);
    return causes;
}
