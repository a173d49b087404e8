/* snapshot.json, read back: see passport.h. Read with a JSON library, although it is written by hand: two implementations. */
#include "aggregate/verify/passport.h"

#include "aggregate/runtime/json_file.h"
#include "check.h"
#include "zone.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool text_of(json_t *object, const char *key, char *out, size_t out_bytes) {
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL || strlen(text) >= out_bytes) return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool whole_of(json_t *object, const char *key, int64_t *out) {
    const json_t *value = json_object_get(object, key);
    *out = json_integer_value(value);
    return json_is_integer(value);
}

static bool read_input(json_t *json, struct passport_input *input) {
    int64_t partition;
    json_t *counts = json_object_get(json, "counts");
    bool fine = text_of(json, "topic", input->topic, sizeof(input->topic)) && whole_of(json, "partition", &partition) &&
                whole_of(json, "end_offset", &input->end_offset) && whole_of(counts, "delivered", &input->delivered) &&
                text_of(json, "cluster_id", input->cluster_id, sizeof(input->cluster_id)) &&
                text_of(json, "tail_print", input->tail_print, sizeof(input->tail_print));
    if (!fine) return false;
    static const char *const verdicts[] = {"applied", "duplicate", "quarantined", "rejected", "ignored"};
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        input->judged += json_integer_value(json_object_get(counts, verdicts[i]));
    input->partition = (int32_t)partition;
    input->gaps = json_array_size(json_object_get(json, "gaps")) > 0;
    input->counts = json_dumps(counts, JSON_COMPACT | JSON_SORT_KEYS);
    return input->counts != NULL;
}

static bool read_inputs(struct passport *passport, const json_t *list) {
    size_t count = json_array_size(list);
    passport->inputs = calloc(count + 1, sizeof(*passport->inputs));
    CHECK(passport->inputs != NULL);
    for (size_t i = 0; i < count; i++) {
        if (!read_input(json_array_get(list, i), &passport->inputs[i])) return false;
        passport->input_count++;
    }
    return count > 0;
}

/* FLOW of FLOW_FREQ_PERIOD_r..., then the period of the base. */
static bool read_base(const struct passport *passport, json_t *json, struct passport_base *base) {
    char frequency[2], period[32];
    size_t behind = strlen("_M_") + strlen(passport->period) + strlen("_r");
    size_t stem = vintage_stem(passport->vintage);
    if (stem <= behind || !text_of(json, "freq", frequency, sizeof(frequency)) ||
        !text_of(json, "period", period, sizeof(period)) || !whole_of(json, "release", &base->release))
        return false;
    (void)snprintf(base->prefix, sizeof(base->prefix), "%.*s_%s_%s_r", (int)(stem - behind), passport->vintage, frequency,
                   period);
    return true;
}

static bool read_bases(struct passport *passport, const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i == GROWTH_BASES_MAX || !read_base(passport, json_array_get(list, i), &passport->bases[i])) return false;
        passport->base_count++;
    }
    return true;
}

/* The release that cohorts were held to; absent where there are none. */
static bool read_cohorts(struct passport *passport, json_t *json) {
    if (json == NULL) return true;
    return read_base(passport, json, &passport->bases[passport->base_count++]);
}

static bool read_exclusion(json_t *json, struct exclusion *range) {
    int64_t partition;
    bool fine = text_of(json, "topic", range->topic, sizeof(range->topic)) && whole_of(json, "partition", &partition) &&
                whole_of(json, "from_offset", &range->from) && whole_of(json, "to_offset", &range->to) &&
                text_of(json, "source", range->source, sizeof(range->source)) &&
                text_of(json, "reason", range->reason, sizeof(range->reason)) &&
                text_of(json, "date", range->date, sizeof(range->date));
    range->partition = fine ? (int32_t)partition : 0;
    return fine;
}

/* Absent where nothing was withdrawn. */
static bool read_exclusions(struct passport *passport, const json_t *list) {
    size_t count = json_array_size(list);
    passport->exclusions = calloc(count + 1, sizeof(*passport->exclusions));
    CHECK(passport->exclusions != NULL);
    for (size_t i = 0; i < count; i++) {
        if (!read_exclusion(json_array_get(list, i), &passport->exclusions[i])) return false;
        passport->exclusion_count++;
    }
    return true;
}

/* The file of expected sources, of which a vintage speaks only when there was one. */
static bool read_expected(struct passport *passport, json_t *engine) {
    passport->expected_hash[0] = '\0';
    if (json_object_get(engine, "expected_sources_sha256") == NULL) return true;
    return text_of(engine, "expected_sources_sha256", passport->expected_hash, sizeof(passport->expected_hash));
}

static bool read_lists(struct passport *passport, json_t *root) {
    return read_bases(passport, json_object_get(root, "growth")) &&
           read_cohorts(passport, json_object_get(root, "cohorts")) && read_inputs(passport, json_object_get(root, "inputs")) &&
           read_exclusions(passport, json_object_get(root, "exclusions"));
}

static bool read_all(struct passport *passport, json_t *root) {
    char as_of[40];
    json_t *engine = json_object_get(root, "engine");
    passport->daily = json_is_true(json_object_get(root, "daily"));
    return text_of(root, "vintage", passport->vintage, sizeof(passport->vintage)) &&
           text_of(root, "period", passport->period, sizeof(passport->period)) && text_of(root, "as_of", as_of, sizeof(as_of)) &&
           rfc3339_parse(slice_of(as_of), &passport->as_of_ms) && whole_of(root, "release", &passport->release) &&
           whole_of(root, "observations", &passport->observations) &&
           text_of(engine, "version", passport->engine_version, sizeof(passport->engine_version)) &&
           text_of(engine, "commit", passport->engine_commit, sizeof(passport->engine_commit)) &&
           text_of(engine, "state_config_sha256", passport->state_hash, sizeof(passport->state_hash)) &&
           text_of(engine, "presentation_config_sha256", passport->presentation_hash, sizeof(passport->presentation_hash)) &&
           text_of(engine, "definitions_sha256", passport->definitions_hash, sizeof(passport->definitions_hash)) &&
           read_expected(passport, engine) &&
           text_of(json_object_get(root, "registry"), "sha256", passport->registry_hash, sizeof(passport->registry_hash)) &&
           read_lists(passport, root);
}

bool passport_read(struct passport *passport, const char *directory, struct fault *fault) {
    char path[1024];
    struct json_file file;
    *passport = (struct passport){.release = 0};
    (void)snprintf(path, sizeof(path), "%.900s/snapshot.json", directory);
    if (!json_file_open(&file, path, fault)) return false;
    bool fine = read_all(passport, file.root);
    json_file_close(&file);
    passport->raw = strstr(passport->vintage, "_RAW_") != NULL;
    if (fine) return true;
    return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s is not what nhip snapshot of this version writes", path);
}

void passport_clear(struct passport *passport) {
    for (size_t i = 0; i < passport->input_count; i++) free(passport->inputs[i].counts);
    free(passport->inputs);
    free(passport->exclusions);
    *passport = (struct passport){.release = 0};
}

static void check_named(const char *directory, const char *file, const char *what, const char *hash, struct findings *findings) {
    char path[1024], digest[DIGEST_TEXT_BYTES];
    struct fault ignored;
    (void)snprintf(path, sizeof(path), "%.900s/%s", directory, file);
    if (digest_file(path, digest, &ignored) && strcmp(digest, hash) == 0) {
        finding_held(findings, "%s: %s that snapshot.json names", file, what);
    } else {
        finding_differs(findings, "%s: not %s that snapshot.json names", file, what);
    }
}

void passport_check(const struct passport *passport, const char *directory, struct findings *findings) {
    int64_t before = findings->differs;
    for (size_t i = 0; i < passport->input_count; i++) {
        const struct passport_input *input = &passport->inputs[i];
        if (input->judged != input->delivered) {
            finding_differs(findings, "snapshot.json: %s/%d: %" PRId64 " records were delivered, and %" PRId64 " have a verdict",
                            input->topic, input->partition, input->delivered, input->judged);
        }
    }
    if (findings->differs == before)
        finding_held(findings, "snapshot.json: in %zu partitions every record has one verdict", passport->input_count);
    check_named(directory, "indicators.json", "the definitions", passport->definitions_hash, findings);
    if (passport->expected_hash[0] != '\0')
        check_named(directory, "expected_sources.csv", "the expected sources", passport->expected_hash, findings);
}

static const struct passport_input *input_of(const struct passport *passport, const struct passport_input *like) {
    for (size_t i = 0; i < passport->input_count; i++) {
        const struct passport_input *input = &passport->inputs[i];
        if (input->partition == like->partition && strcmp(input->topic, like->topic) == 0) return input;
    }
    return NULL;
}

static bool compare_input(const struct passport_input *published, const struct passport_input *made, bool offsets,
                          struct findings *findings) {
    const char *topic = published->topic;
    if (made == NULL) {
        finding_differs(findings, "%s/%d: the log gives nothing", topic, published->partition);
    } else if (made->delivered != published->delivered) {
        finding_differs(findings,
                        "%s/%d: the log holds %" PRId64 " records in offsets [0, %" PRId64 "), published were %" PRId64
                        ": %" PRId64 " %s",
                        topic, published->partition, made->delivered, published->end_offset, published->delivered,
                        made->delivered < published->delivered ? published->delivered - made->delivered
                                                               : made->delivered - published->delivered,
                        made->delivered < published->delivered ? "are lost" : "too many");
    } else if (strcmp(made->counts, published->counts) != 0) {
        finding_differs(findings, "%s/%d: records in offsets [0, %" PRId64 ") are other ones: %.120s instead of %.120s", topic,
                        published->partition, published->end_offset, made->counts, published->counts);
    } else if (offsets && (made->end_offset != published->end_offset || strcmp(made->tail_print, published->tail_print) != 0)) {
        finding_differs(findings, "%s/%d: the log ends at %" PRId64 " with record %s, published were %" PRId64 " and %s", topic,
                        published->partition, made->end_offset, made->tail_print, published->end_offset,
                        published->tail_print);
    } else {
        return true;
    }
    return false;
}

void passport_compare(const struct passport *published, const struct passport *made, bool offsets, struct findings *findings) {
    bool same = true;
    int64_t records = 0;
    for (size_t i = 0; i < published->input_count; i++) {
        const struct passport_input *input = &published->inputs[i];
        if (!compare_input(input, input_of(made, input), offsets, findings)) same = false;
        records += input->delivered;
    }
    if (same) {
        finding_held(findings, "the log: %" PRId64 " records in %zu partitions, counted alike", records,
                     published->input_count);
    }
    if (strcmp(published->registry_hash, made->registry_hash) == 0) {
        finding_held(findings, "the registry: the same rows");
    } else {
        finding_differs(findings, "the registry: other rows than were published (SHA-256 %.12s..., published %.12s...)",
                        made->registry_hash, published->registry_hash);
    }
}
