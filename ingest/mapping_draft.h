/* Compiling a mapping file: what the files of it share. Start-up only; jansson lives here and not where messages are read. */
#ifndef NHIP_MAPPING_DRAFT_H
#define NHIP_MAPPING_DRAFT_H

#include "ingest/mapping_inner.h"

#include <jansson.h>

/* A mapping file while it is compiled, and where in it we are. */
struct draft {
    const char *path;
    char *text; /* of the file */
    size_t length;
    char place[400]; /* JSON pointer to what is looked at */
    size_t place_length;
    struct mapping *mapping;
    struct fault *fault;
};

/* Always false: fills the fault with file, line, pointer and what printf makes of the rest. */
bool draft_refuse(struct draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool draft_memory(struct draft *draft); /* the same for memory that ran out */
/* Steps into a key or an index; returns what draft_leave() takes to step out again. */
size_t draft_enter(struct draft *draft, const char *key);
size_t draft_enter_index(struct draft *draft, size_t index);
void draft_leave(struct draft *draft, size_t mark);
/* False and the fault when `object` has another key than those (a list that ends in NULL). `what`: "a rule". */
bool draft_keys_hold(struct draft *draft, const json_t *object, const char *const *keys, const char *what);

/* The line (from 1) of the value that a JSON pointer leads to in a well-formed text; of the deepest part that is there. */
int mapping_line(const char *text, size_t length, const char *pointer);
/* The word of a list (ends in NULL) that is most like `word`. */
const char *mapping_nearest(const char *word, const char *const *words);

/* Finds or adds the pointer; its number, or -1 and the fault. `inside`: whether `@` may be used here. */
int32_t pointer_add(struct draft *draft, const char *text, bool inside);
/* Builds the trie when all pointers are known. */
bool pointers_build(struct draft *draft);
bool envelope_compile(struct draft *draft);
bool conditions_compile(struct draft *draft, const char *key, bool inside, struct condition_list *list);
void conditions_free(struct condition_list *list);
/* All rules of `event`. */
bool rules_compile(struct draft *draft, json_t *event);
/* One canonical value of a field, judged. `of_table`: written as text whatever the type. */
bool constant_compile(struct draft *draft, const struct field_card *card, const json_t *json, bool of_table,
                      struct constant *constant);

#endif
