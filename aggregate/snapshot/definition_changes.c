/* What kind of change lies between two indicators.json: of the lists of codes (which industries, which platforms), or of the
 * method. What is no part of a figure (version, names, benchmarks, finality, bounds of headlines) is left out of the
 * comparison. */
#include "aggregate/snapshot/causes.h"
#include "aggregate/snapshot/json_reading.h"

#include "check.h"

#include <stdio.h>

static void drop_all(json_t *objects, const char *const *keys) {
    for (void *i = json_object_iter(objects); i != NULL; i = json_object_iter_next(objects, i)) {
        for (const char *const *key = keys; *key != NULL; key++)
            (void)json_object_del(json_object_iter_value(i), *key);
    }
}

/* A copy without what no figure hangs on; `lists`: without the lists of codes either. */
static json_t *reduced(const json_t *root, bool lists) {
    static const char *const code_lists[] = {"vsic", NULL};
    json_t *copy = json_deep_copy(root);
    CHECK(copy != NULL);
    (void)json_object_del(copy, "version");
    (void)json_object_del(copy, "$schema");
    (void)json_object_del(copy, "names");
    (void)json_object_del(copy, "benchmarks");
    json_t *indicators = json_object_get(copy, "indicators");
    for (size_t i = 0; i < json_array_size(indicators); i++) {
        (void)json_object_del(json_array_get(indicators, i), "finality");
        (void)json_object_del(json_array_get(indicators, i), "headline");
    }
    if (!lists) return copy;
    (void)json_object_del(copy, "axes");
    json_t *populations = json_object_get(copy, "populations");
    drop_all(populations, code_lists);
    for (void *i = json_object_iter(populations); i != NULL; i = json_object_iter_next(populations, i)) {
        json_t *any = json_object_get(json_object_iter_value(i), "any");
        for (size_t j = 0; j < json_array_size(any); j++)
            (void)json_object_del(json_array_get(any, j), "vsic");
    }
    return copy;
}

static bool same(const json_t *left, const json_t *right, bool lists) {
    json_t *a = reduced(left, lists);
    json_t *b = reduced(right, lists);
    bool equal = json_equal(a, b) != 0;
    json_decref(a);
    json_decref(b);
    return equal;
}

unsigned definitions_changed(const char *previous_path, const struct definitions *definitions) {
    const struct reading *reading = definitions->owner;
    char path[PREVIOUS_PATH_BYTES + 20];
    struct json_file file;
    struct fault fault = {.code = FAULT_NONE};
    (void)snprintf(path, sizeof(path), "%s/indicators.json", previous_path);
    if (!json_file_open(&file, path, &fault)) return REVISED_METHOD | REVISED_CLASSIFICATION;
    unsigned causes = 0;
    if (!same(file.root, reading->file.root, true)) causes |= REVISED_METHOD;
    if (causes == 0 && !same(file.root, reading->file.root, false)) causes |= REVISED_CLASSIFICATION;
    if (causes != 0 && !json_equal(json_object_get(file.root, "axes"), json_object_get(reading->file.root, "axes")))
        causes |= REVISED_CLASSIFICATION;
    json_file_close(&file);
    return causes;
}
