/* A mapping file becomes a plan, once, before reading begins. Errors name file, line, JSON pointer and remedy, because who
 * writes a mapping has the provider's page in one window and the file in the other, and neither knows nhip.
 *
 * All texts of the plan are jansson's own; the parsed file is kept as long as the mapping. Nothing is changed in it
 * afterwards, so threads may share it. */
#include "ingest/mapping_draft.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 1 << 20, NAME_BYTES_MAX = 32, TOPIC_BYTES_MAX = 249 };

/* ---- mistakes and where they stand ---- */

bool draft_refuse(struct draft *draft, const char *format, ...) {
    char what[360];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    int line = mapping_line(draft->text, draft->length, draft->place);
    return fault_set(draft->fault, STOP_MAPPING, false, "%s line %d%s%s: %s", draft->path, line,
                     draft->place[0] != '\0' ? ", " : "", draft->place, what);
}

bool draft_memory(struct draft *draft) {
    return fault_set(draft->fault, STOP_MEMORY, false, "%s: out of memory", draft->path);
}

size_t draft_enter(struct draft *draft, const char *key) {
    size_t mark = draft->place_length;
    if (mark + 2 * strlen(key) + 2 > sizeof(draft->place)) return mark; /* too long to name: its object is named */
    draft->place[draft->place_length++] = '/';
    for (; *key != '\0'; key++) {
        if (*key == '~' || *key == '/') {
            draft->place[draft->place_length++] = '~';
            draft->place[draft->place_length++] = *key == '~' ? '0' : '1';
        } else {
            draft->place[draft->place_length++] = *key;
        }
    }
    draft->place[draft->place_length] = '\0';
    return mark;
}

size_t draft_enter_index(struct draft *draft, size_t index) {
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%zu", index);
    return draft_enter(draft, digits);
}

void draft_leave(struct draft *draft, size_t mark) {
    draft->place_length = mark;
    draft->place[mark] = '\0';
}

bool draft_keys_hold(struct draft *draft, const json_t *object, const char *const *keys, const char *what) {
    json_t *mutable = (json_t *)(uintptr_t)object; /* jansson's iterators take no const */
    for (void *i = json_object_iter(mutable); i != NULL; i = json_object_iter_next(mutable, i)) {
        const char *key = json_object_iter_key(i);
        size_t known = 0;
        while (keys[known] != NULL && strcmp(keys[known], key) != 0) known++;
        if (keys[known] != NULL) continue;
        (void)draft_enter(draft, key);
        return draft_refuse(draft, "\"%.64s\" is not a key of %s; nearest is \"%s\"", key, what, mapping_nearest(key, keys));
    }
    return true;
}

/* ---- the file ---- */

static bool file_read(struct draft *draft) {
    FILE *stream = fopen(draft->path, "rbe");
    if (stream == NULL) {
        return fault_set(draft->fault, STOP_MAPPING, false, "%s: cannot be read: %s", draft->path, strerror(errno));
    }
    draft->text = malloc(FILE_BYTES_MAX + 1);
    if (draft->text == NULL) {
        (void)fclose(stream);
        return draft_memory(draft);
    }
    draft->length = fread(draft->text, 1, FILE_BYTES_MAX, stream);
    bool broken = ferror(stream) != 0;
    bool more = !broken && fgetc(stream) != EOF;
    (void)fclose(stream);
    draft->text[draft->length] = '\0';
    if (broken) return fault_set(draft->fault, STOP_MAPPING, false, "%s: cannot be read: %s", draft->path, strerror(errno));
    if (more) return fault_set(draft->fault, STOP_MAPPING, false, "%s: larger than %d bytes", draft->path, FILE_BYTES_MAX);
    return true;
}

static bool file_parse(struct draft *draft) {
    json_error_t error;
    if (!file_read(draft)) return false;
    json_t *root = json_loadb(draft->text, draft->length, JSON_REJECT_DUPLICATES, &error);
    draft->mapping->root = root;
    if (root == NULL) {
        return fault_set(draft->fault, STOP_MAPPING, false, "%s line %d: not well-formed JSON: %s", draft->path, error.line,
                         error.text);
    }
    return json_is_object(root) || draft_refuse(draft, "a JSON object is expected at the top");
}

/* ---- the keys at the top ---- */

static bool name_compile(struct draft *draft) {
    const char *name = json_string_value(json_object_get(draft->mapping->root, "name"));
    bool good = name != NULL && name[0] != '\0' && strlen(name) <= NAME_BYTES_MAX;
    if (good) good = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
    draft->mapping->name = name;
    if (good) return true;
    if (json_object_get(draft->mapping->root, "name") != NULL) (void)draft_enter(draft, "name");
    return draft_refuse(draft, "\"name\" is needed: 1 to %d of a-z, 0-9 and -, such as \"vnpay\"", NAME_BYTES_MAX);
}

/* A topic's name; one `*` may stand at the end. */
static bool topic_hold(const char *topic) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(topic);
    size_t plain = strspn(topic, letters);
    if (length == 0 || length > TOPIC_BYTES_MAX) return false;
    return plain == length || (plain + 1 == length && topic[plain] == '*');
}

static bool topics_compile(struct draft *draft) {
    struct mapping *mapping = draft->mapping;
    const json_t *topics = json_object_get(mapping->root, "topics");
    if (topics != NULL) (void)draft_enter(draft, "topics");
    size_t count = json_array_size(topics);
    if (count == 0) return draft_refuse(draft, "\"topics\" is needed: names of Kafka topics, or prefixes that end in *");
    mapping->topics = calloc(count, sizeof(*mapping->topics));
    if (mapping->topics == NULL) return draft_memory(draft);
    for (size_t i = 0; i < count; i++) {
        const char *topic = json_string_value(json_array_get(topics, i));
        size_t mark = draft_enter_index(draft, i);
        if (topic == NULL || !topic_hold(topic)) {
            return draft_refuse(draft, "a topic is 1 to %d of a-z, A-Z, 0-9 . _ -, and may end in *", TOPIC_BYTES_MAX);
        }
        for (size_t j = 0; j < mapping->topic_count; j++) {
            if (strcmp(mapping->topics[j], topic) == 0) return draft_refuse(draft, "comes twice; take one out");
        }
        mapping->topics[mapping->topic_count++] = topic;
        draft_leave(draft, mark);
    }
    draft_leave(draft, 0);
    return true;
}

/* What is there for people only. */
static bool remarks_hold(struct draft *draft) {
    static const char *const texts[] = {"title", "verified"};
    const json_t *pages = json_object_get(draft->mapping->root, "documentation");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const json_t *text = json_object_get(draft->mapping->root, texts[i]);
        if (text == NULL || json_is_string(text)) continue;
        (void)draft_enter(draft, texts[i]);
        return draft_refuse(draft, "a text is expected");
    }
    bool good = pages == NULL || json_is_array(pages);
    for (size_t i = 0; good && i < json_array_size(pages); i++) good = json_is_string(json_array_get(pages, i));
    if (good) return true;
    (void)draft_enter(draft, "documentation");
    return draft_refuse(draft, "an array of addresses is expected");
}

static bool each_compile(struct draft *draft) {
    struct mapping *mapping = draft->mapping;
    const json_t *each = json_object_get(mapping->root, "each");
    mapping->each = -1;
    if (each == NULL) return true;
    const char *text = json_string_value(each);
    size_t mark = draft_enter(draft, "each");
    if (text == NULL || (text[0] != '/' && text[0] != '\0')) {
        return draft_refuse(draft, "a pointer into the body is expected, such as \"/items\"");
    }
    mapping->each = pointer_add(draft, text, false);
    draft_leave(draft, mark);
    return mapping->each >= 0;
}

static bool elements_hold(struct draft *draft) {
    static const char *const keys[] = {"only_each", "ignore_each"};
    for (size_t i = 0; i < 2 && draft->mapping->each < 0; i++) {
        if (json_object_get(draft->mapping->root, keys[i]) == NULL) continue;
        (void)draft_enter(draft, keys[i]);
        return draft_refuse(draft, "without \"each\" there are no elements; write \"%s\"", i == 0 ? "only" : "ignore");
    }
    return true;
}

static bool exponent_compile(struct mapping *mapping) {
    int32_t packed = mapping->decoder->reporting_currency;
    const char code[3] = {(char)(packed >> 16), (char)(packed >> 8), (char)packed};
    mapping->reporting_exponent = currency_exponent((struct slice){code, sizeof(code)});
    return true;
}

static bool draft_compile(struct draft *draft) {
    static const char *const keys[] = {"name", "title", "documentation", "verified", "topics", "wire", "envelope", "deletes",
                                       "snapshots", "only", "ignore", "each", "only_each", "ignore_each", "event", NULL};
    struct mapping *mapping = draft->mapping;
    if (!file_parse(draft) || !draft_keys_hold(draft, mapping->root, keys, "a mapping")) return false;
    if (!name_compile(draft) || !topics_compile(draft) || !remarks_hold(draft)) return false;
    if (!envelope_compile(draft) || !each_compile(draft) || !elements_hold(draft)) return false;
    struct condition_list *const lists[] = {&mapping->only, &mapping->ignore, &mapping->only_each, &mapping->ignore_each};
    static const char *const names[] = {"only", "ignore", "only_each", "ignore_each"};
    for (size_t i = 0; i < 4; i++) {
        if (!conditions_compile(draft, names[i], i >= 2, lists[i])) return false;
    }
    json_t *event = json_object_get(mapping->root, "event");
    if (event == NULL) return draft_refuse(draft, "\"event\" is needed: canonical field -> rule");
    return rules_compile(draft, event) && pointers_build(draft) && exponent_compile(mapping);
}

struct mapping *mapping_create(const char *path, const struct decoder *decoder, struct fault *fault) {
    struct draft draft = {.path = path, .fault = fault};
    draft.mapping = calloc(1, sizeof(*draft.mapping));
    if (draft.mapping == NULL) {
        (void)draft_memory(&draft);
        return NULL;
    }
    static atomic_uint_fast64_t serials;
    draft.mapping->decoder = decoder;
    draft.mapping->serial = (atomic_fetch_add(&serials, 1) + 1) << 16;
    draft.mapping->owned = json_array();
    bool good = draft.mapping->owned != NULL ? draft_compile(&draft) : draft_memory(&draft);
    free(draft.text);
    if (good) return draft.mapping;
    mapping_destroy(draft.mapping);
    return NULL;
}

void mapping_destroy(struct mapping *mapping) {
    if (mapping == NULL) return;
    conditions_free(&mapping->only);
    conditions_free(&mapping->ignore);
    conditions_free(&mapping->only_each);
    conditions_free(&mapping->ignore_each);
    for (size_t i = 0; i < mapping->rule_count; i++) free(mapping->rules[i].table);
    for (size_t i = 0; i < mapping->zone_count; i++) zone_destroy(mapping->zones[i].zone);
    free(mapping->zones);
    free(mapping->constants);
    free(mapping->rules);
    free(mapping->parts);
    free(mapping->buckets);
    free(mapping->nodes);
    free(mapping->topics);
    json_decref(mapping->owned);
    json_decref(mapping->root);
    free(mapping);
}
