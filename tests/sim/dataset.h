/* What one Redis holds: hashes and sets by key, and the way back to every earlier moment. Memory is given back at
 * dataset_forget_all(): a run is short. One thread. */
#ifndef NHIP_SIM_DATASET_H
#define NHIP_SIM_DATASET_H

#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { CLASSES_MAX = 4 }; /* of keys: one per partition, and the last for those that belong to none */

struct field {
    uint32_t hash;
    struct slice name;
    struct slice value; /* data null: a member of a set */
    uint64_t print;     /* of key, name and value; 0 where it does not count */
};

struct entry {
    struct slice key;
    uint32_t hash;
    int klass;
    uint64_t version; /* 0: never written; changes with every write, never comes again */
    bool is_set;
    struct field *fields;
    uint32_t count, capacity;
};

struct dataset;

void dataset_forget_all(void); /* every dataset of the run before */
/* `print_of` says what a field adds to dataset_print(). */
struct dataset *dataset_create(int (*class_of)(struct slice key),
                               uint64_t (*print_of)(const struct entry *entry, struct slice name, struct slice value));
uint64_t dataset_print(const struct dataset *dataset, int klass); /* of everything that stands there, in whatever order */
bool dataset_may_copy(void); /* there is a bound on how many one run has */
struct dataset *dataset_copy(const struct dataset *dataset); /* goes its own way from now on; its past stays behind */

/* The entry, made when it is not there: so that an absent key can be watched. Without fields it does not exist for Redis. */
struct entry *dataset_entry(struct dataset *dataset, struct slice key);
struct slice dataset_get(const struct entry *entry, struct slice name); /* data null: absent */
void dataset_put(struct dataset *dataset, struct entry *entry, struct slice name, struct slice value);
bool dataset_remove(struct dataset *dataset, struct entry *entry, struct slice name);
bool dataset_delete(struct dataset *dataset, struct entry *entry); /* false: there was none */
void dataset_touch(struct dataset *dataset, struct entry *entry);  /* who watches it will know */

void dataset_touch_class(struct dataset *dataset, int klass);

/* Writes belong to units: one transaction or one command. A new one begins. */
void dataset_unit(struct dataset *dataset);
uint64_t dataset_units(const struct dataset *dataset);
/* Back to what stood after `unit` units; of the classes in `classes` (bits) only. */
void dataset_back_to(struct dataset *dataset, uint64_t unit, unsigned classes);
/* A random entry that exists, null when there is none. */
struct entry *dataset_any(struct dataset *dataset, uint32_t number);
size_t dataset_size(const struct dataset *dataset); /* entries, existing or not */

#endif
