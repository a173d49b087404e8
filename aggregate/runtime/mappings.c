/* Compiles the files of `mappings` and finds the one that reads a topic: see mappings.h.
 *
 * The bytes of the files are part of what the state means, so they are hashed; their names and order are not, because
 * neither can change a result. Two mappings that claim a topic equally well are refused and not ranked by order: an
 * operator who adds a file should not change what another one does. */
#include "aggregate/runtime/mappings.h"

#include "aggregate/runtime/digest.h"
#include "check.h"
#include "log.h"

enum { MAPPINGS_MAX = 64 };

struct entry {
    struct mapping *mapping;
    char *path;
    char hash[DIGEST_TEXT_BYTES];
};

struct mappings {
    struct entry entries[MAPPINGS_MAX];
    size_t count;
    char hash[DIGEST_TEXT_BYTES];
};

static bool add(struct mappings *mappings, const char *path, const struct decoder *decoder, struct fault *fault) {
    if (mappings->count == MAPPINGS_MAX) return fault_set(fault, STOP_SETTING, false, "mappings: more than %d", MAPPINGS_MAX);
    struct entry *entry = &mappings->entries[mappings->count];
    entry->path = strdup(path);
    CHECK_MEMORY(entry->path != NULL);
    mappings->count++;
    entry->mapping = mapping_create(path, decoder, fault);
    if (entry->mapping == NULL || !digest_file(path, entry->hash, fault)) return false;
    for (size_t i = 0; i + 1 < mappings->count; i++) {
        const struct entry *other = &mappings->entries[i];
        if (strcmp(mapping_name(other->mapping), mapping_name(entry->mapping)) != 0) continue;
        return fault_set(fault, STOP_MAPPING_CLASH, false,
                         "mappings: %s and %s both have the name \"%s\": leave one out, or give one another name", other->path,
                         path, mapping_name(entry->mapping));
    }
    return true;
}

static int compare_text(const void *left, const void *right) {
    return memcmp(left, right, DIGEST_TEXT_BYTES);
}

static void hash_all(struct mappings *mappings) {
    char texts[MAPPINGS_MAX][DIGEST_TEXT_BYTES];
    for (size_t i = 0; i < mappings->count; i++) memcpy(texts[i], mappings->entries[i].hash, DIGEST_TEXT_BYTES);
    if (mappings->count == 0) return;
    qsort(texts, mappings->count, DIGEST_TEXT_BYTES, compare_text);
    digest_bytes((struct slice){texts[0], mappings->count * DIGEST_TEXT_BYTES}, mappings->hash);
}

struct mappings *mappings_create(const char *files, const struct decoder *decoder, struct fault *fault) {
    struct mappings *mappings = calloc(1, sizeof(*mappings));
    char *list = strdup(files);
    CHECK_MEMORY(mappings != NULL && list != NULL);
    bool fine = true;
    char *rest = NULL;
    for (char *path = strtok_r(list, ",", &rest); fine && path != NULL; path = strtok_r(NULL, ",", &rest)) {
        path += strspn(path, " \t");
        size_t length = strlen(path);
        while (length > 0 && (path[length - 1] == ' ' || path[length - 1] == '\t')) path[--length] = '\0';
        if (length > 0) fine = add(mappings, path, decoder, fault);
    }
    free(list);
    if (!fine) {
        mappings_destroy(mappings);
        return NULL;
    }
    hash_all(mappings);
    return mappings;
}

void mappings_destroy(struct mappings *mappings) {
    if (mappings == NULL) return;
    for (size_t i = 0; i < mappings->count; i++) {
        if (mappings->entries[i].mapping != NULL) mapping_destroy(mappings->entries[i].mapping);
        free(mappings->entries[i].path);
    }
    free(mappings);
}

size_t mappings_count(const struct mappings *mappings) {
    return mappings != NULL ? mappings->count : 0;
}

const char *mappings_hash(const struct mappings *mappings) {
    return mappings->hash;
}

/* The entry that claims `topic` best, and how well; `*rival` claims it as well as that one, null when none does. */
static const struct entry *best_of(const struct mappings *mappings, const char *topic, const struct entry **rival) {
    const struct entry *best = NULL;
    int best_claim = 0;
    *rival = NULL;
    for (size_t i = 0; i < mappings->count; i++) {
        const struct entry *entry = &mappings->entries[i];
        int claim = mapping_claims(entry->mapping, topic);
        if (claim == 0 || claim < best_claim) continue;
        *rival = claim == best_claim ? best : NULL;
        best_claim = claim;
        best = entry;
    }
    return best;
}

const struct mapping *mappings_find(const struct mappings *mappings, const char *topic) {
    const struct entry *rival;
    const struct entry *best = mappings != NULL ? best_of(mappings, topic, &rival) : NULL;
    return best != NULL ? best->mapping : NULL;
}

bool mappings_check(const struct mappings *mappings, const char *topic, const char *kept, struct fault *fault) {
    const struct entry *rival;
    const struct entry *best = best_of(mappings, topic, &rival);
    if (rival != NULL) {
        return fault_set(fault, STOP_MAPPING_CLASH, false,
                         "topic %s is claimed by two mappings, %s (%s) and %s (%s): leave one out, or name the topic exactly in "
                         "one of them",
                         topic, mapping_name(rival->mapping), rival->path, mapping_name(best->mapping), best->path);
    }
    if (best == NULL || kept == NULL || !mapping_needs_headers(best->mapping)) return true;
    return fault_set(fault, STOP_MAPPING_CLASH, false,
                     "%s: topic %s is read through mapping %s (%s), which needs headers, key or time of the records, and copies "
                     "as NDJSON do not keep them: run without %s, or leave the topic to another process",
                     kept, topic, mapping_name(best->mapping), best->path, kept);
}

void mappings_warn_unused(const struct mappings *mappings, const char *const *topics, size_t topic_count) {
    for (size_t i = 0; i < mappings->count; i++) {
        const struct entry *entry = &mappings->entries[i];
        bool used = false;
        for (size_t k = 0; k < topic_count && !used; k++) used = mapping_claims(entry->mapping, topics[k]) > 0;
        if (used) continue;
        log_warn("mapping_unused", "mapping=%s file=\"%s\" text=\"claims none of the topics that are read\"",
                 mapping_name(entry->mapping), entry->path);
    }
}
