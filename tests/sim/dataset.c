/* Keys and fields: see dataset.h.
 *
 * Texts are copied into one long arena and never changed, so an old value is a pointer that is still good: the way back is a list
 * of (entry, field, value before), and going back is putting them there again, the youngest first. */
#include "tests/sim/dataset.h"

#include "check.h"

enum { ARENA_BYTES = 1 << 20, DATASETS_MAX = 64, SLOTS = 16384 };

struct undo {
    uint64_t unit;
    struct entry *entry;
    struct slice name;
    struct slice before;
    bool existed;
};

struct dataset {
    int (*class_of)(struct slice key);
    uint64_t (*print_of)(const struct entry *entry, struct slice name, struct slice value);
    uint64_t prints[CLASSES_MAX];
    struct entry *slots[SLOTS]; /* open addressing */
    struct entry **all;
    size_t count, capacity;
    struct undo *undo;
    size_t undo_length, undo_capacity;
    uint64_t unit;
};

struct block {
    struct block *next;
    size_t used, size;
    char bytes[];
};

static struct {
    struct block *blocks, *spare;
    struct dataset *datasets[DATASETS_MAX];
    size_t dataset_count;
    uint64_t version;
} all;

static void *take(size_t bytes) {
    bytes = (bytes + 15) & ~(size_t)15;
    if (all.blocks == NULL || all.blocks->used + bytes > all.blocks->size) {
        struct block *block = all.spare;
        if (block != NULL && bytes <= block->size) {
            all.spare = block->next;
        } else {
            size_t size = bytes > ARENA_BYTES ? bytes : ARENA_BYTES;
            block = malloc(sizeof(*block) + size);
            CHECK(block != NULL);
            block->size = size;
        }
        block->used = 0;
        block->next = all.blocks;
        all.blocks = block;
    }
    void *taken = all.blocks->bytes + all.blocks->used;
    all.blocks->used += bytes;
    return taken;
}

static struct slice keep(struct slice text) {
    char *bytes = take(text.length + 1);
    if (text.length > 0) memcpy(bytes, text.data, text.length);
    return (struct slice){bytes, text.length};
}

void dataset_forget_all(void) {
    while (all.blocks != NULL) {
        struct block *block = all.blocks;
        all.blocks = block->next;
        block->next = all.spare;
        all.spare = block;
    }
    for (size_t i = 0; i < all.dataset_count; i++) {
        free(all.datasets[i]->all);
        free(all.datasets[i]->undo);
        free(all.datasets[i]);
    }
    all.dataset_count = 0;
}

static uint32_t hash_of(struct slice text) {
    uint64_t hash = UINT64_C(1469598103934665603);
    for (size_t i = 0; i < text.length; i++) hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return (uint32_t)(hash ^ hash >> 32);
}

struct dataset *dataset_create(int (*class_of)(struct slice key),
                               uint64_t (*print_of)(const struct entry *entry, struct slice name, struct slice value)) {
    CHECK(all.dataset_count < DATASETS_MAX);
    struct dataset *dataset = calloc(1, sizeof(*dataset));
    CHECK(dataset != NULL);
    dataset->class_of = class_of;
    dataset->print_of = print_of;
    all.datasets[all.dataset_count++] = dataset;
    return dataset;
}

static struct entry *add(struct dataset *dataset, struct slice key, uint32_t hash) {
    CHECK(dataset->count < SLOTS / 2);
    if (dataset->count == dataset->capacity) {
        dataset->capacity = dataset->capacity * 2 + 256;
        dataset->all = realloc(dataset->all, dataset->capacity * sizeof(struct entry *));
        CHECK(dataset->all != NULL);
    }
    struct entry *entry = take(sizeof(*entry));
    *entry = (struct entry){.key = keep(key), .hash = hash, .klass = dataset->class_of(key)};
    dataset->all[dataset->count++] = entry;
    uint32_t slot = hash % SLOTS;
    while (dataset->slots[slot] != NULL) slot = (slot + 1) % SLOTS;
    dataset->slots[slot] = entry;
    return entry;
}

struct entry *dataset_entry(struct dataset *dataset, struct slice key) {
    uint32_t hash = hash_of(key);
    for (uint32_t slot = hash % SLOTS; dataset->slots[slot] != NULL; slot = (slot + 1) % SLOTS) {
        struct entry *entry = dataset->slots[slot];
        if (entry->hash == hash && slice_equal(entry->key, key)) return entry;
    }
    return add(dataset, key, hash);
}

static struct field *find(const struct entry *entry, struct slice name, uint32_t hash) {
    for (uint32_t i = 0; i < entry->count; i++) {
        struct field *field = &entry->fields[i];
        if (field->hash == hash && slice_equal(field->name, name)) return field;
    }
    return NULL;
}

struct slice dataset_get(const struct entry *entry, struct slice name) {
    const struct field *field = find(entry, name, hash_of(name));
    return field != NULL ? field->value : (struct slice){NULL, 0};
}

static struct field *grow(struct entry *entry) {
    if (entry->count == entry->capacity) {
        uint32_t capacity = entry->capacity * 2 + 4;
        struct field *fields = take(capacity * sizeof(*fields));
        if (entry->count > 0) memcpy(fields, entry->fields, entry->count * sizeof(*fields));
        entry->fields = fields;
        entry->capacity = capacity;
    }
    return &entry->fields[entry->count++];
}

static void note(struct dataset *dataset, struct entry *entry, struct slice name, const struct field *before) {
    if (dataset->undo_length == dataset->undo_capacity) {
        dataset->undo_capacity = dataset->undo_capacity * 2 + 1024;
        dataset->undo = realloc(dataset->undo, dataset->undo_capacity * sizeof(*dataset->undo));
        CHECK(dataset->undo != NULL);
    }
    struct slice value = {NULL, 0};
    if (before != NULL) value = before->value;
    dataset->undo[dataset->undo_length++] = (struct undo){dataset->unit, entry, name, value, before != NULL};
}

void dataset_touch(struct dataset *dataset, struct entry *entry) {
    (void)dataset;
    entry->version = ++all.version;
}

static void set_value(struct dataset *dataset, const struct entry *entry, struct field *field, struct slice value) {
    uint64_t print = dataset->print_of(entry, field->name, value);
    dataset->prints[entry->klass] += print - field->print;
    field->print = print;
    field->value = value;
}

uint64_t dataset_print(const struct dataset *dataset, int klass) {
    return dataset->prints[klass];
}

void dataset_put(struct dataset *dataset, struct entry *entry, struct slice name, struct slice value) {
    uint32_t hash = hash_of(name);
    struct field *field = find(entry, name, hash);
    if (field == NULL) {
        struct slice kept = keep(name);
        note(dataset, entry, kept, NULL);
        field = grow(entry);
        *field = (struct field){.hash = hash, .name = kept};
    } else {
        note(dataset, entry, field->name, field);
    }
    set_value(dataset, entry, field, value.data == NULL ? value : keep(value));
    dataset_touch(dataset, entry);
}

static void drop(struct dataset *dataset, struct entry *entry, struct field *field) {
    dataset->prints[entry->klass] -= field->print;
    *field = entry->fields[--entry->count];
}

bool dataset_remove(struct dataset *dataset, struct entry *entry, struct slice name) {
    struct field *field = find(entry, name, hash_of(name));
    if (field == NULL) return false;
    note(dataset, entry, field->name, field);
    drop(dataset, entry, field);
    dataset_touch(dataset, entry);
    return true;
}

bool dataset_delete(struct dataset *dataset, struct entry *entry) {
    if (entry->count == 0) return false;
    while (entry->count > 0) {
        struct field *last = &entry->fields[entry->count - 1];
        note(dataset, entry, last->name, last);
        drop(dataset, entry, last);
    }
    dataset_touch(dataset, entry);
    return true;
}

void dataset_unit(struct dataset *dataset) {
    dataset->unit++;
}

uint64_t dataset_units(const struct dataset *dataset) {
    return dataset->unit;
}

static void put_back(struct dataset *dataset, const struct undo *undo) {
    struct entry *entry = undo->entry;
    uint32_t hash = hash_of(undo->name);
    struct field *field = find(entry, undo->name, hash);
    entry->version = ++all.version;
    if (!undo->existed) {
        if (field != NULL) drop(dataset, entry, field);
        return;
    }
    if (field == NULL) {
        field = grow(entry);
        *field = (struct field){.hash = hash, .name = undo->name};
    }
    set_value(dataset, entry, field, undo->before);
}

void dataset_back_to(struct dataset *dataset, uint64_t unit, unsigned classes) {
    size_t first = dataset->undo_length;
    while (first > 0 && dataset->undo[first - 1].unit > unit) first--;
    for (size_t i = dataset->undo_length; i > first; i--) {
        const struct undo *undo = &dataset->undo[i - 1];
        if ((classes >> undo->entry->klass & 1) != 0) put_back(dataset, undo);
    }
    size_t kept = first;
    for (size_t i = first; i < dataset->undo_length; i++) {
        const struct undo undo = dataset->undo[i];
        if ((classes >> undo.entry->klass & 1) == 0) dataset->undo[kept++] = undo;
    }
    dataset->undo_length = kept;
    dataset->unit++;
}

bool dataset_may_copy(void) {
    return all.dataset_count < DATASETS_MAX;
}

struct dataset *dataset_copy(const struct dataset *dataset) {
    struct dataset *copy = dataset_create(dataset->class_of, dataset->print_of);
    memcpy(copy->prints, dataset->prints, sizeof(copy->prints));
    copy->unit = dataset->unit;
    for (size_t i = 0; i < dataset->count; i++) {
        const struct entry *from = dataset->all[i];
        struct entry *to = add(copy, from->key, from->hash);
        to->version = ++all.version;
        to->is_set = from->is_set;
        if (from->count == 0) continue;
        to->fields = take(from->count * sizeof(*to->fields));
        memcpy(to->fields, from->fields, from->count * sizeof(*to->fields));
        to->count = to->capacity = from->count;
    }
    return copy;
}

struct entry *dataset_any(struct dataset *dataset, uint32_t number) {
    for (size_t i = 0; i < dataset->count; i++) {
        struct entry *entry = dataset->all[(number + i) % dataset->count];
        if (entry->count > 0) return entry;
    }
    return NULL;
}

size_t dataset_size(const struct dataset *dataset) {
    return dataset->count;
}

void dataset_touch_class(struct dataset *dataset, int klass) {
    for (size_t i = 0; i < dataset->count; i++) {
        if (dataset->all[i]->klass == klass) dataset_touch(dataset, dataset->all[i]);
    }
}
