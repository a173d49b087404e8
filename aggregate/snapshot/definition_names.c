/* The parts of indicators.json that nothing is computed from but every reader needs: how indicators and populations are called in
 * Vietnamese and English, and the published figures and targets they are held against. They stand beside the definitions so that
 * a renamed indicator or a new target is one edit, hashed and kept with the vintage like the formulas. */
#include "aggregate/snapshot/json_reading.h"

#include <stdio.h>
#include <string.h>

static const char label_text[] = "1 to 80 characters without control characters, double quotes, backslashes and backquotes";
static const char value_text[] = "a decimal number as text, at most 12 digits and 4 decimals, such as \"50\"";

enum { LABEL_CHARACTERS_MAX = 80 };

/* What every file of a vintage can hold without escaping. */
static bool is_label(const char *text, size_t characters_max) {
    if (text == NULL || text[0] == '\0') return false;
    size_t characters = 0;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\' || c == '`') return false;
        characters += (c & 0xc0) != 0x80;
    }
    return characters <= characters_max;
}

static bool read_label(struct reading *reading, const char *where, json_t *object, const char *key, const char **out) {
    const char *text = json_string_value(json_object_get(object, key));
    if (!is_label(text, LABEL_CHARACTERS_MAX)) {
        return reading_refuse(reading, where, key, json_object_get(object, key), label_text);
    }
    *out = text;
    return true;
}

static bool is_population(const struct definitions *definitions, const char *code) {
    for (size_t i = 0; i < definitions->population_count; i++) {
        if (strcmp(definitions->populations[i].name, code) == 0) return true;
    }
    return false;
}

bool reading_names(struct reading *reading, struct definitions *definitions) {
    json_t *names = json_object_get(reading->file.root, "names");
    if (names == NULL) return true;
    if (!json_is_object(names) || json_object_size(names) > NAMES_MAX) {
        return reading_refuse(reading, "", "names", names, "an object of at most 192 names");
    }
    for (void *i = json_object_iter(names); i != NULL; i = json_object_iter_next(names, i)) {
        struct name *name = &definitions->names[definitions->name_count++];
        json_t *object = json_object_iter_value(i);
        name->code = json_object_iter_key(i);
        if (definitions_indicator(definitions, name->code) == NULL && !is_population(definitions, name->code)) {
            return reading_refuse(reading, "names", name->code, NULL, "codes of indicators and populations of this file");
        }
        if (!reading_keys(reading, name->code, object, "en vi") || !read_label(reading, name->code, object, "en", &name->en) ||
            !read_label(reading, name->code, object, "vi", &name->vi)) {
            return false;
        }
    }
    return true;
}

const struct indicator *definitions_indicator(const struct definitions *definitions, const char *code) {
    for (size_t i = 0; code != NULL && i < definitions->indicator_count; i++) {
        if (strcmp(definitions->indicators[i].code, code) == 0) return &definitions->indicators[i];
    }
    return NULL;
}

const struct indicator *definitions_adoption(const struct definitions *definitions) {
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const struct indicator *indicator = &definitions->indicators[i];
        if (indicator->kind == INDICATOR_TURNOVER && indicator->part == PART_NEW) return indicator;
    }
    return NULL;
}

struct name definitions_name(const struct definitions *definitions, const char *code) {
    for (size_t i = 0; i < definitions->name_count; i++) {
        if (strcmp(definitions->names[i].code, code) == 0) return definitions->names[i];
    }
    return (struct name){code, code, code};
}

static bool is_value(const char *text) {
    if (text == NULL) return false;
    size_t digits = strspn(text, "0123456789");
    size_t decimals = text[digits] == '.' ? strspn(text + digits + 1, "0123456789") : 0;
    size_t length = digits + (text[digits] == '.' ? 1 + decimals : 0);
    bool dangling = text[digits] == '.' && decimals == 0;
    return digits >= 1 && digits <= 12 && decimals <= 4 && !dangling && text[length] == '\0';
}

static bool read_free_text(struct reading *reading, const char *where, json_t *object, const char *key, bool required,
                           const char **out) {
    if (!required && json_object_get(object, key) == NULL) return true;
    const char *text = json_string_value(json_object_get(object, key));
    if (!is_label(text, 240)) {
        return reading_refuse(reading, where, key, json_object_get(object, key), "1 to 240 characters, as in names");
    }
    *out = text;
    return true;
}

static bool read_benchmark(struct reading *reading, json_t *object, const struct definitions *definitions,
                           struct benchmark *benchmark) {
    const char *const where = "benchmarks";
    int64_t year = 0;
    *benchmark = (struct benchmark){.activity = "_T", .url = "", .note = ""};
    if (!reading_keys(reading, where, object, "indicator activity area kind year value source url note") ||
        !reading_text(reading, where, object, "indicator", true, &benchmark->indicator)) {
        return false;
    }
    if (definitions_indicator(definitions, benchmark->indicator) == NULL) {
        return reading_refuse(reading, where, "indicator", json_object_get(object, "indicator"), "an indicator of this file");
    }
    if (!reading_text(reading, where, object, "activity", false, &benchmark->activity) ||
        !reading_text(reading, where, object, "area", true, &benchmark->area) ||
        !reading_text(reading, where, object, "kind", true, &benchmark->kind) ||
        !reading_whole(reading, where, object, "year", 1990, 2100, &year)) {
        return false;
    }
    benchmark->year = (int32_t)year;
    if (!reading_word("TARGET REPORTED", benchmark->kind)) {
        return reading_refuse(reading, where, "kind", json_object_get(object, "kind"), "TARGET or REPORTED");
    }
    benchmark->value = json_string_value(json_object_get(object, "value"));
    if (!is_value(benchmark->value)) {
        return reading_refuse(reading, where, "value", json_object_get(object, "value"), value_text);
    }
    return read_free_text(reading, where, object, "source", true, &benchmark->source) &&
           read_free_text(reading, where, object, "url", false, &benchmark->url) &&
           read_free_text(reading, where, object, "note", false, &benchmark->note);
}

bool reading_benchmarks(struct reading *reading, struct definitions *definitions) {
    json_t *list = json_object_get(reading->file.root, "benchmarks");
    if (list == NULL) return true;
    if (!json_is_array(list) || json_array_size(list) > BENCHMARKS_MAX) {
        return reading_refuse(reading, "", "benchmarks", list, "a list of at most 64 benchmarks");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct benchmark *benchmark = &definitions->benchmarks[definitions->benchmark_count++];
        if (!read_benchmark(reading, json_array_get(list, i), definitions, benchmark)) return false;
    }
    return true;
}
