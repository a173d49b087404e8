/* What sources declare about themselves (sources.json), as a sorted array: a look-up happens for every payment of the stream, and
 * a binary search over a handful of names costs less than hashing one.
 *
 * The hash is taken over the meaning (sorted, defaults left out), so that comments of layout - blanks, order, a source that is
 * listed with the defaults - never force an operator to rebuild a namespace. */
#include "aggregate/runtime/sources.h"

#include "aggregate/runtime/digest.h"
#include "aggregate/runtime/json_file.h"
#include "check.h"
#include "limits.h"

enum { HASH_LINE_BYTES = ID_BYTES_MAX + 16 };

struct declaration {
    char source[ID_BYTES_MAX + 1];
    size_t length;
    enum success_at success_at;
    bool records_cash;
};

struct sources {
    struct declaration *declarations; /* sorted by source */
    size_t count;
    char hash[DIGEST_TEXT_BYTES];
};

static const char *const success_names[] = {"FIRST", "CAPTURED", "SETTLED"};

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, shorter);
    if (order != 0) return order;
    return (a_length > b_length) - (a_length < b_length);
}

static int compare_declarations(const void *left, const void *right) {
    const struct declaration *a = left;
    const struct declaration *b = right;
    return compare_bytes(a->source, a->length, b->source, b->length);
}

static const struct declaration *find(const struct sources *sources, struct slice source) {
    size_t low = 0;
    size_t high = sources->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct declaration *declaration = &sources->declarations[middle];
        int order = compare_bytes(source.data, source.length, declaration->source, declaration->length);
        if (order == 0) return declaration;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool read_success(const struct json_file *file, const char *source, const json_t *value, enum success_at *out,
                         struct fault *fault) {
    const char *text = json_string_value(value);
    for (size_t i = 0; text != NULL && i < sizeof(success_names) / sizeof(success_names[0]); i++) {
        if (strcmp(text, success_names[i]) == 0) {
            *out = (enum success_at)i;
            return true;
        }
    }
    return fault_set(fault, STOP_SOURCES, false,
                     "%s line %d: %.64s.success_at: found %.40s, accepted are FIRST, CAPTURED, SETTLED", file->path,
                     json_file_line(file, source), source, text == NULL ? "something that is no string" : text);
}

static bool read_declaration(const struct json_file *file, const char *source, json_t *value, struct declaration *out,
                             struct fault *fault) {
    size_t length = strlen(source);
    int line = json_file_line(file, source);
    bool printable = length > 0 && length <= ID_BYTES_MAX;
    for (size_t i = 0; printable && i < length; i++)
        printable = source[i] >= 0x20 && source[i] <= 0x7E;
    if (!printable) {
        return fault_set(fault, STOP_SOURCES, false, "%s line %d: key %.80s: a source is 1 to %d printable ASCII characters",
                         file->path, line, source, ID_BYTES_MAX);
    }
    if (!json_is_object(value)) {
        return fault_set(fault, STOP_SOURCES, false, "%s line %d: %s: an object with success_at and records_cash is expected",
                         file->path, line, source);
    }
    *out = (struct declaration){.length = length};
    memcpy(out->source, source, length);
    for (void *i = json_object_iter(value); i != NULL; i = json_object_iter_next(value, i)) {
        const char *key = json_object_iter_key(i);
        const json_t *member = json_object_iter_value(i);
        if (strcmp(key, "success_at") == 0) {
            if (!read_success(file, source, member, &out->success_at, fault)) return false;
        } else if (strcmp(key, "records_cash") == 0 && json_is_boolean(member)) {
            out->records_cash = json_is_true(member);
        } else {
            return fault_set(
                fault, STOP_SOURCES, false,
                "%s line %d: %s.%.40s: accepted are success_at (FIRST, CAPTURED, SETTLED) and records_cash (true, false)",
                file->path, line, source, key);
        }
    }
    return true;
}

static void hash_meaning(struct sources *sources) {
    char *text = malloc(sources->count * HASH_LINE_BYTES + 1);
    CHECK_MEMORY(text != NULL);
    size_t length = 0;
    for (size_t i = 0; i < sources->count; i++) {
        const struct declaration *declaration = &sources->declarations[i];
        if (declaration->success_at == SUCCESS_AT_FIRST && !declaration->records_cash) continue;
        int written = snprintf(text + length, HASH_LINE_BYTES, "%s\x1f%s\x1f%d\n", declaration->source,
                               success_names[declaration->success_at], declaration->records_cash);
        CHECK(written > 0 && written < HASH_LINE_BYTES);
        length += (size_t)written;
    }
    digest_bytes((struct slice){text, length}, sources->hash);
    free(text);
}

struct sources *sources_create(const char *path, struct fault *fault) {
    struct json_file file = {0};
    struct sources *sources = calloc(1, sizeof(*sources));
    if (sources == NULL) {
        (void)fault_set(fault, STOP_MEMORY, false, "sources: out of memory");
        return NULL;
    }
    if (path != NULL && path[0] != '\0') {
        if (!json_file_open(&file, path, fault)) goto refuse;
        size_t size = json_object_size(file.root);
        sources->declarations = calloc(size + 1, sizeof(*sources->declarations));
        if (sources->declarations == NULL) {
            (void)fault_set(fault, STOP_MEMORY, false, "sources: out of memory");
            goto refuse;
        }
        for (void *i = json_object_iter(file.root); i != NULL; i = json_object_iter_next(file.root, i)) {
            struct declaration *declaration = &sources->declarations[sources->count];
            if (!read_declaration(&file, json_object_iter_key(i), json_object_iter_value(i), declaration, fault)) goto refuse;
            sources->count++;
        }
        qsort(sources->declarations, sources->count, sizeof(*sources->declarations), compare_declarations);
        json_file_close(&file);
    }
    hash_meaning(sources);
    return sources;
refuse:
    json_file_close(&file);
    sources_destroy(sources);
    return NULL;
}

void sources_destroy(struct sources *sources) {
    if (sources == NULL) return;
    free(sources->declarations);
    free(sources);
}

enum success_at sources_success_at(const void *sources, struct slice source) {
    const struct declaration *declaration = find(sources, source);
    return declaration == NULL ? SUCCESS_AT_FIRST : declaration->success_at;
}

bool sources_records_cash(const struct sources *sources, struct slice source) {
    const struct declaration *declaration = find(sources, source);
    return declaration != NULL && declaration->records_cash;
}

bool sources_any_records_cash(const struct sources *sources) {
    for (size_t i = 0; i < sources->count; i++) {
        if (sources->declarations[i].records_cash) return true;
    }
    return false;
}

const char *sources_hash(const struct sources *sources) {
    return sources->hash;
}
