/* The table of settings: one row makes the parser, the help, the example file and ops/config.md. Private to config.c
 * and config_print.c. */
#ifndef NHIP_SETTINGS_H
#define NHIP_SETTINGS_H

#include "aggregate/runtime/config.h"

enum setting_type {
    SETTING_TEXT = 1,
    SETTING_COUNT,    /* decimal integer within [min, max] */
    SETTING_DURATION, /* integer with unit ms, s, m, h or d; within [min, max] ms */
    SETTING_DATE,     /* YYYY-MM-DD */
    SETTING_SWITCH,   /* off or on: 0 or 1 */
    SETTING_DURABILITY, /* async or replica: 0 or 1 */
    SETTING_DOMINANCE, /* off, p or nk: enum disclosure_dominance */
};

enum setting_scope {
    SCOPE_OPERATION = 1, /* how it runs */
    SCOPE_STATE,         /* what the stored state means: part of the state's configuration hash */
    SCOPE_PRESENTATION,  /* how snapshots are made */
};

struct setting {
    const char *name;
    enum setting_type type;
    enum setting_scope scope;
    const char *initial; /* as text */
    int64_t min;
    int64_t max;
    size_t offset; /* in struct settings */
    const char *prose;
};

extern const struct setting settings_table[];
extern const size_t settings_count;

/* The words of a type that is a choice, null-terminated: a value is the number of its word. Null for other types. */
const char *const *setting_words(enum setting_type type);
/* What a type accepts, for messages and help. */
void setting_accepts(const struct setting *setting, char *out, size_t out_bytes);

#endif
