/* Helpers to read indicators.json: every refusal says file, line, key, what was found and what is accepted. Private to
 * definitions.c and definition_indicators.c; the only other user of jansson in this room. */
#ifndef NHIP_SNAPSHOT_JSON_READING_H
#define NHIP_SNAPSHOT_JSON_READING_H

#include "aggregate/runtime/json_file.h"
#include "aggregate/snapshot/definitions.h"

struct reading {
    struct json_file file;
    struct fault *fault;
};

/* The code lists a definition may name. */
enum code_list {
    LIST_NONE = 0,
    LIST_FAMILY,
    LIST_ROLE,
    LIST_OUTLET,
    LIST_INSTRUMENT,
    LIST_CONTEXT,
    LIST_PAY_MODE,
    LIST_PERSON_TYPE,
    LIST_OUTCOME,
    LIST_REASON_CLASS,
    LIST_ACTIVITY,
    LIST_CATEGORY,
    LIST_CROSS_BORDER,
    LIST_PARTY
};

/* Always false: "FILE line N: WHERE.KEY: found X, accepted: ACCEPTED". `found` may be null (missing). */
bool reading_refuse(struct reading *reading, const char *where, const char *key, const json_t *found, const char *accepted);

/* Is `word` one of `words` (joined by blanks)? */
bool reading_word(const char *words, const char *word);

/* Refuses keys of `object` outside `allowed` (names joined by blanks). */
bool reading_keys(struct reading *reading, const char *where, json_t *object, const char *allowed);

/* Refuses a key that cannot stand in a CSV cell (1 to 48 bytes of printable ASCII without blank, comma, quote). */
bool reading_name(struct reading *reading, const char *where, const char *name);

/* Each reads `object[key]`. `required` false: a missing key leaves *out as it is. */
bool reading_text(struct reading *reading, const char *where, json_t *object, const char *key, bool required, const char **out);
bool reading_bool(struct reading *reading, const char *where, json_t *object, const char *key, bool *out);
bool reading_whole(struct reading *reading, const char *where, json_t *object, const char *key, int64_t min, int64_t max,
                   int64_t *out);
bool reading_texts(struct reading *reading, const char *where, json_t *object, const char *key, bool required,
                   struct text_list *out);
bool reading_object(struct reading *reading, const char *where, json_t *object, const char *key, json_t **out);

/* A code of a list as its number; 0 when the list has no such name. The accepted names as text for messages. */
int reading_code(enum code_list list, const char *name);
const char *reading_code_list_name(enum code_list list);
/* Reads an array of names into a set of codes. Missing key: *out stays. */
bool reading_codes(struct reading *reading, const char *where, json_t *object, const char *key, enum code_list list,
                   uint64_t *out);

enum column reading_column(const char *name); /* COLUMN_NONE when unknown */
/* {"has_email_asof": {"within_days": 365}, "bills_households": "Y", "website_url": {"non_empty": true}} */
bool reading_sides(struct reading *reading, const char *where, json_t *object, const char *key, struct side *sides,
                   size_t *count);

/* definition_names.c: both are optional; after the indicators and populations */
bool reading_names(struct reading *reading, struct definitions *definitions);
bool reading_benchmarks(struct reading *reading, struct definitions *definitions);

/* definition_indicators.c */
bool reading_indicators(struct reading *reading, json_t *list, struct definitions *definitions);

#endif
