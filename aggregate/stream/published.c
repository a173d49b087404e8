/* Groups of (name, print), merged with the rows that are wanted: see published.h.
 *
 * While a topic is read back, entries are appended as they come, several of one key perhaps; a group is sorted, and only the last
 * of each key kept, when it grows and when it is looked at. The print is SHA-256 cut to 64 bits: two values of one key that are
 * wrongly taken for equal are one chance in 10^19 per change. */
#include "aggregate/stream/published.h"

#include "aggregate/runtime/digest.h"
#include "aggregate/snapshot/memory.h"

struct entry {
    uint32_t name;
    uint32_t order; /* of arrival, while it is not settled */
    uint64_t print;
};

struct group {
    struct entry *entries;
    size_t count, capacity;
    size_t settled; /* so many of them are sorted by name, each name once */
};

struct row {
    uint32_t name;
    uint32_t index; /* as it was added */
    uint64_t print;
};

struct published {
    struct names groups; /* the number is the index in `items` */
    struct group *items;
    size_t item_capacity;
    struct names names;
    struct row *rows;
    size_t row_count, row_capacity;
    char *key; /* being told */
    size_t key_capacity;
};

struct published *published_create(void) {
    return memory_zeroed(1, sizeof(struct published));
}

void published_destroy(struct published *published) {
    if (published == NULL) return;
    for (size_t i = 0; i < published->groups.count; i++)
        free(published->items[i].entries);
    free(published->items);
    free(published->rows);
    free(published->key);
    names_free(&published->groups);
    names_free(&published->names);
    free(published);
}

uint64_t published_print(struct slice value) {
    static const char cut[] = ",\"version\":";
    const char *end = value.length == 0 ? NULL : memmem(value.data, value.length, cut, sizeof(cut) - 1);
    struct digest digest;
    uint8_t raw[DIGEST_RAW_BYTES];
    uint64_t print = 0;
    digest_begin(&digest);
    digest_add(&digest, (struct slice){value.data, end == NULL ? value.length : (size_t)(end - value.data)});
    digest_end(&digest, raw);
    memcpy(&print, raw, sizeof(print));
    return print <= PRINT_DOUBT ? print + PRINT_DOUBT + 1 : print;
}

static struct group *group_of(struct published *published, struct slice name) {
    size_t before = published->groups.count;
    uint32_t number = names_number(&published->groups, name);
    if (published->groups.count > before) {
        published->items = memory_reserve(published->items, &published->item_capacity, before + 1, sizeof(*published->items));
        published->items[before] = (struct group){.entries = NULL};
    }
    return &published->items[number];
}

static int by_name(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->name != b->name) return a->name < b->name ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static void settle(struct group *group) {
    if (group->settled == group->count) return;
    for (size_t i = 0; i < group->count; i++)
        group->entries[i].order = (uint32_t)i;
    qsort(group->entries, group->count, sizeof(*group->entries), by_name);
    size_t kept = 0;
    for (size_t i = 0; i < group->count; i++) {
        if (i + 1 < group->count && group->entries[i + 1].name == group->entries[i].name) continue;
        if (group->entries[i].print != PRINT_NONE) group->entries[kept++] = group->entries[i];
    }
    group->count = group->settled = kept;
}

/* Where the second bar stands; the length of the key when there is none. */
static size_t group_length(struct slice key) {
    const char *first = memchr(key.data, '|', key.length);
    if (first == NULL) return key.length;
    size_t from = (size_t)(first - key.data) + 1;
    const char *second = memchr(key.data + from, '|', key.length - from);
    return second == NULL ? key.length : (size_t)(second - key.data);
}

void published_take(struct published *published, struct slice key, struct slice value) {
    if (key.length == 0) return;
    size_t length = group_length(key);
    struct group *group = group_of(published, (struct slice){key.data, length});
    size_t from = length == key.length ? length : length + 1;
    uint32_t name = names_number(&published->names, (struct slice){key.data + from, key.length - from});
    if (group->count == group->capacity) settle(group);
    group->entries = memory_reserve(group->entries, &group->capacity, group->count + 1, sizeof(*group->entries));
    group->entries[group->count++] =
        (struct entry){.name = name, .print = value.data == NULL ? PRINT_NONE : published_print(value)};
}

void published_groups(struct published *published, struct slice kind, void (*visit)(void *context, struct slice group),
                      void *context) {
    for (uint32_t i = 0; i < published->groups.count; i++) {
        struct slice name = names_text(&published->groups, i);
        if (name.length <= kind.length || memcmp(name.data, kind.data, kind.length) != 0) continue;
        settle(&published->items[i]);
        if (published->items[i].count > 0) visit(context, name);
    }
}

size_t published_group_count(const struct published *published) {
    return published->groups.count;
}

void published_begin(struct published *published) {
    published->row_count = 0;
}

void published_row(struct published *published, struct slice name, uint64_t print) {
    published->rows =
        memory_reserve(published->rows, &published->row_capacity, published->row_count + 1, sizeof(*published->rows));
    published->rows[published->row_count] = (struct row){
        .name = names_number(&published->names, name), .index = (uint32_t)published->row_count, .print = print};
    published->row_count++;
}

static int by_row_name(const void *left, const void *right) {
    const struct row *a = left;
    const struct row *b = right;
    return (a->name > b->name) - (a->name < b->name);
}

static struct slice key_of(struct published *published, struct slice group, uint32_t name_number) {
    struct slice name = names_text(&published->names, name_number);
    size_t length = group.length + (name.length > 0 ? 1 + name.length : 0);
    published->key = memory_reserve(published->key, &published->key_capacity, length + 1, 1);
    memcpy(published->key, group.data, group.length);
    if (name.length > 0) {
        published->key[group.length] = '|';
        memcpy(published->key + group.length + 1, name.data, name.length);
    }
    return (struct slice){published->key, length};
}

static struct entry *find_entry(const struct group *group, uint32_t name) {
    size_t low = 0, high = group->settled;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (group->entries[middle].name == name) return &group->entries[middle];
        if (group->entries[middle].name < name)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void append(struct group *group, uint32_t name, uint64_t print) {
    group->entries = memory_reserve(group->entries, &group->capacity, group->count + 1, sizeof(*group->entries));
    group->entries[group->count++] = (struct entry){.name = name, .print = print};
}

/* Entries of one that are not the same in the other. */
static void doubt_group(struct published *published, struct slice name, struct published *seen,
                        void (*visit)(void *context, struct slice group), void *context) {
    struct group *ours = group_of(published, name);
    struct group *theirs = group_of(seen, name);
    size_t doubts = 0;
    settle(ours);
    settle(theirs);
    for (size_t i = 0; i < ours->settled; i++) {
        struct slice text = names_text(&published->names, ours->entries[i].name);
        const struct entry *found = find_entry(theirs, names_number(&seen->names, text));
        if (found != NULL && found->print == ours->entries[i].print) continue;
        ours->entries[i].print = PRINT_DOUBT;
        doubts++;
    }
    for (size_t i = 0; i < theirs->settled; i++) {
        uint32_t number = names_number(&published->names, names_text(&seen->names, theirs->entries[i].name));
        if (find_entry(ours, number) != NULL) continue;
        append(ours, number, PRINT_DOUBT);
        doubts++;
    }
    settle(ours);
    if (doubts > 0) visit(context, names_text(&published->groups, names_number(&published->groups, name)));
}

void published_doubt(struct published *published, struct published *seen, void (*visit)(void *context, struct slice group),
                     void *context) {
    for (uint32_t i = 0; i < seen->groups.count; i++)
        doubt_group(published, names_text(&seen->groups, i), seen, visit, context);
    for (uint32_t i = 0; i < published->groups.count; i++)
        doubt_group(published, names_text(&published->groups, i), seen, visit, context);
}

/* Rows that readers do not have; new names are appended behind those that are settled. */
static bool tell_rows(struct published *published, struct group *group, struct slice name, published_put *put, void *context) {
    for (size_t i = 0; i < published->row_count; i++) {
        const struct row *row = &published->rows[i];
        struct entry *entry = find_entry(group, row->name);
        if (entry != NULL && entry->print == row->print) continue;
        if (!put(context, key_of(published, name, row->name), (int64_t)row->index)) return false;
        if (entry != NULL)
            entry->print = row->print;
        else
            append(group, row->name, row->print);
    }
    return true;
}

/* Keys that are to go; rows are sorted by name. */
static bool tell_gone(struct published *published, struct group *group, struct slice name, size_t known,
                      published_put *put, void *context) {
    for (size_t i = 0, j = 0; i < known; i++) {
        struct entry *entry = &group->entries[i];
        while (j < published->row_count && published->rows[j].name < entry->name) j++;
        if (j < published->row_count && published->rows[j].name == entry->name) continue;
        if (!put(context, key_of(published, name, entry->name), -1)) return false;
        entry->print = PRINT_NONE; /* settle() drops it */
        group->settled = 0;
    }
    return true;
}

bool published_sync(struct published *published, struct slice group_name, published_put *put, void *context) {
    struct group *group = group_of(published, group_name);
    settle(group);
    size_t known = group->count; /* of these some may have to go; rows that are new stand behind them */
    bool fine = tell_rows(published, group, group_name, put, context);
    if (published->row_count > 0) qsort(published->rows, published->row_count, sizeof(*published->rows), by_row_name);
    fine = fine && tell_gone(published, group, group_name, known, put, context);
    settle(group);
    return fine;
}
