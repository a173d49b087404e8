/* By name, and by snapshot.json: see newest.h. A vintage comes into its directory by one rename, so what is listed is whole. */
#include "aggregate/stream/newest.h"

#include "aggregate/runtime/file_text.h"
#include "aggregate/runtime/json_peek.h"
#include "aggregate/snapshot/memory.h"

#include <dirent.h>
#include <errno.h>

static int by_series(const void *left, const void *right) {
    return strcmp(((const struct newest *)left)->series, ((const struct newest *)right)->series);
}

static bool is_published(const char *name, size_t stem) {
    return name[0] != '.' && stem >= sizeof("_r") && strlen(name) < VINTAGE_NAME_BYTES && strstr(name, "_RAW_") == NULL &&
           strpbrk(name, "|\"\\") == NULL;
}

static void take(struct newest_list *vintages, size_t *capacity, const char *name) {
    size_t stem = vintage_stem(name);
    int64_t release = vintage_release(name, name, stem);
    if (release == 0 || !is_published(name, stem)) return;
    size_t length = stem - 2; /* without `_r` */
    struct newest *found = NULL;
    for (size_t i = 0; i < vintages->count && found == NULL; i++) {
        const char *series = vintages->items[i].series;
        if (strlen(series) == length && memcmp(series, name, length) == 0) found = &vintages->items[i];
    }
    if (found == NULL) {
        vintages->items = memory_reserve(vintages->items, capacity, vintages->count + 1, sizeof(*vintages->items));
        found = &vintages->items[vintages->count++];
        *found = (struct newest){.release = 0};
        memcpy(found->series, name, length);
    }
    if (release < found->release || (release == found->release && strcmp(name, found->name) <= 0)) return;
    found->release = release;
    memcpy(found->name, name, strlen(name) + 1);
}

bool newest_list(const char *directory, struct newest_list *vintages, struct fault *fault) {
    size_t capacity = 0;
    *vintages = (struct newest_list){.items = NULL};
    DIR *listing = opendir(directory);
    if (listing == NULL && errno == ENOENT) return true;
    if (listing == NULL) {
        return fault_set(fault, STOP_FILE_UNREADABLE, false, "%.300s: cannot be listed: %s", directory, strerror(errno));
    }
    for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
        take(vintages, &capacity, entry->d_name);
    (void)closedir(listing);
    if (vintages->count > 0) qsort(vintages->items, vintages->count, sizeof(*vintages->items), by_series);
    return true;
}

/* The object that begins at `at` in `text`; empty when none does. Names of topics hold no brackets. */
static struct slice object_at(struct slice text, size_t at) {
    size_t depth = 0;
    for (size_t i = at; i < text.length; i++) {
        if (text.data[i] == '{') depth++;
        if (text.data[i] == '}' && --depth == 0) return (struct slice){text.data + at, i + 1 - at};
    }
    return (struct slice){text.data, 0};
}

void newest_offsets(const char *path, struct resp *out) {
    char file[VINTAGE_PATH_BYTES];
    struct fault ignored;
    size_t length = 0;
    struct slice inputs, topic, partition, end;
    size_t begin = out->length;
    (void)snprintf(file, sizeof(file), "%.480s/snapshot.json", path);
    char *text = file_text(file, &length, &ignored);
    if (text == NULL || !json_peek((struct slice){text, length}, "inputs", &inputs)) {
        free(text);
        return;
    }
    for (const char *at = memchr(inputs.data, '{', inputs.length); at != NULL;) {
        struct slice object = object_at(inputs, (size_t)(at - inputs.data));
        if (object.length == 0) break;
        if (json_peek(object, "topic", &topic) && topic.length > 2 && json_peek(object, "partition", &partition) &&
            json_peek(object, "end_offset", &end)) {
            if (out->length > begin) resp_append(out, SLICE(" "));
            resp_append(out, (struct slice){topic.data + 1, topic.length - 2});
            resp_append(out, SLICE("/"));
            resp_append(out, partition);
            resp_append(out, SLICE("="));
            resp_append(out, end);
        }
        at = object.data + object.length;
        at = memchr(at, '{', inputs.length - (size_t)(at - inputs.data));
    }
    free(text);
}
