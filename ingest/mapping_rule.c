/* Compiling the rules of a mapping: each field's way from a pointer to a canonical value.
 *
 * Whatever can be decided now is decided now: constants and the values of tables become numbers with their share of the
 * payload print, times become places and zones, powers of ten are added up. What is left for reading is in
 * mapping_value.c. */
#include "ingest/decode_print.h"
#include "ingest/mapping_draft.h"
#include "ingest/mapping_value.h"

#include <stdlib.h>

static const char *const rule_keys[] = {"from", "concat", "nonempty", "default", "upper",    "table",    "otherwise", "digest",
                                        "time", "zone",   "unit",     "scale",   "multiply", "absolute", NULL};

/* What a key of rules is for, and who may have it: a set of value kinds. */
#define KIND_BIT(kind) (1U << VALUE_##kind)
#define CODE_KINDS                                                                                                          \
    (KIND_BIT(TYPE) | KIND_BIT(STATUS) | KIND_BIT(CLOSED) | KIND_BIT(OPEN) | KIND_BIT(CURRENCY) | KIND_BIT(COUNTRY))

static const struct {
    const char *key;
    unsigned kinds;
    const char *whose;
} fitting[] = {
    {"upper", CODE_KINDS | KIND_BIT(ID) | KIND_BIT(BOOL), "ids, codes and booleans"},
    {"table", CODE_KINDS | KIND_BIT(ID) | KIND_BIT(BOOL), "ids, codes and booleans"},
    {"otherwise", CODE_KINDS | KIND_BIT(ID) | KIND_BIT(BOOL), "ids, codes and booleans"},
    {"digest", KIND_BIT(ID), "ids"},
    {"time", KIND_BIT(TIME), "times"},
    {"zone", KIND_BIT(TIME), "times"},
    {"unit", KIND_BIT(MONEY), "amounts"},
    {"scale", KIND_BIT(MONEY), "amounts"},
    {"multiply", KIND_BIT(MONEY), "amounts"},
    {"absolute", KIND_BIT(MONEY), "amounts"},
};

static const char *kind_name(const struct field_card *card) {
    unsigned bit = 1U << card->value;
    if ((bit & KIND_BIT(ID)) != 0) return "an id";
    if ((bit & KIND_BIT(TIME)) != 0) return "a time";
    if ((bit & KIND_BIT(MONEY)) != 0) return "an amount";
    return (bit & KIND_BIT(BOOL)) != 0 ? "a boolean" : "a code";
}

static bool keys_fit(struct draft *draft, const json_t *rule, const struct field_card *card) {
    if (!draft_keys_hold(draft, rule, rule_keys, "a rule")) return false;
    for (size_t i = 0; i < sizeof(fitting) / sizeof(fitting[0]); i++) {
        if (json_object_get(rule, fitting[i].key) == NULL || (fitting[i].kinds & 1U << card->value) != 0) continue;
        (void)draft_enter(draft, fitting[i].key);
        return draft_refuse(draft, "\"%s\" is for %s, and %s is %s; take it out", fitting[i].key, fitting[i].whose,
                            field_rules[card->field].name, kind_name(card));
    }
    return true;
}

/* ---- flags and numbers of a rule ---- */

/* A boolean key; false (and *value false) when it is absent. */
static bool flag_compile(struct draft *draft, const json_t *rule, const char *key, bool *value) {
    const json_t *json = json_object_get(rule, key);
    *value = json_is_true(json);
    if (json == NULL || json_is_boolean(json)) return true;
    (void)draft_enter(draft, key);
    return draft_refuse(draft, "true or false is expected");
}

static bool power_compile(struct draft *draft, const json_t *rule, const char *key, int32_t *power) {
    const json_t *json = json_object_get(rule, key);
    *power = 0;
    if (json == NULL) return true;
    size_t mark = draft_enter(draft, key);
    if (!json_is_integer(json) || json_integer_value(json) < 0 || json_integer_value(json) > 9) {
        return draft_refuse(draft, "an integer from 0 to 9 is expected, a power of ten");
    }
    *power = (int32_t)json_integer_value(json);
    draft_leave(draft, mark);
    return true;
}

static bool money_compile(struct draft *draft, const json_t *json, struct rule *rule) {
    int32_t scale;
    int32_t multiply;
    if (!flag_compile(draft, json, "absolute", &rule->absolute)) return false;
    if (!power_compile(draft, json, "scale", &scale) || !power_compile(draft, json, "multiply", &multiply)) return false;
    rule->shift = multiply - scale;
    const json_t *unit = json_object_get(json, "unit");
    const char *text = json_string_value(unit);
    if (unit == NULL) return true;
    rule->major = text != NULL && strcmp(text, "major") == 0;
    if (rule->major && rule->card->field != FIELD_FX_AMOUNT_MINOR) return true;
    if (text != NULL && strcmp(text, "minor") == 0) return true;
    (void)draft_enter(draft, "unit");
    if (rule->major) {
        return draft_refuse(draft, "the currency of fx_amount_minor is not in the event; write \"multiply\" instead");
    }
    return draft_refuse(draft, "accepted are \"minor\" and \"major\"");
}

/* ---- times ---- */

static const struct zone *zone_find(struct draft *draft, const char *name) {
    struct mapping *mapping = draft->mapping;
    for (size_t i = 0; i < mapping->zone_count; i++) {
        if (strcmp(mapping->zones[i].name, name) == 0) return mapping->zones[i].zone;
    }
    struct zone_entry *grown = realloc(mapping->zones, (mapping->zone_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        (void)draft_memory(draft);
        return NULL;
    }
    mapping->zones = grown;
    struct fault fault = {.code = FAULT_NONE};
    struct zone *zone = zone_create(name, &fault);
    if (zone == NULL) {
        (void)draft_refuse(draft, "%s", fault.message);
        return NULL;
    }
    mapping->zones[mapping->zone_count++] = (struct zone_entry){name, zone};
    return zone;
}

static bool form_compile(struct draft *draft, const json_t *json, struct time_form *form) {
    static const char *const names[] = {"rfc3339", "epoch_s", "epoch_ms", "epoch_us"};
    if (json == NULL) return true;
    size_t mark = draft_enter(draft, "time");
    const char *text = json_string_value(json);
    if (text == NULL) return draft_refuse(draft, "a text is expected, such as \"epoch_ms\" or \"yyyyMMddHHmmss\"");
    bool named = false;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], text) != 0) continue;
        form->kind = (enum time_kind)i;
        named = true;
    }
    const char *wrong = named ? NULL : time_format_compile((struct slice){text, json_string_length(json)}, form);
    if (wrong != NULL) return draft_refuse(draft, "\"%.80s\": %s", text, wrong);
    draft_leave(draft, mark);
    return true;
}

static bool time_compile(struct draft *draft, const json_t *rule, struct time_form *form) {
    const json_t *zone = json_object_get(rule, "zone");
    if (!form_compile(draft, json_object_get(rule, "time"), form)) return false;
    if (zone == NULL) {
        if (form->kind != TIME_FORMAT) return true;
        return draft_refuse(draft, "a format says nothing of the offset: add \"zone\", such as \"Asia/Ho_Chi_Minh\" or \"UTC\"");
    }
    size_t mark = draft_enter(draft, "zone");
    if (form->kind == TIME_RFC3339) return draft_refuse(draft, "RFC 3339 carries its own offset; take \"zone\" out");
    if (!json_is_string(zone)) return draft_refuse(draft, "a name is expected, such as \"Asia/Ho_Chi_Minh\"");
    form->zone = zone_find(draft, json_string_value(zone));
    if (form->zone == NULL) return false;
    draft_leave(draft, mark);
    return true;
}

/* ---- where the value comes from ---- */

static bool part_add(struct draft *draft, struct rule *rule, struct slice text, int32_t pointer) {
    struct mapping *mapping = draft->mapping;
    if (mapping->part_count == REFERENCES_MAX) return draft_refuse(draft, "the rules name more than %d pointers", REFERENCES_MAX);
    mapping->parts[mapping->part_count++] = (struct part){text, pointer, text_is_printable(text)};
    rule->part_count++;
    return true;
}

static bool pointer_part(struct draft *draft, const json_t *json, struct rule *rule) {
    const char *text = json_string_value(json);
    if (text == NULL) return draft_refuse(draft, "a pointer is expected, such as \"/data/id\"");
    int32_t pointer = pointer_add(draft, text, draft->mapping->each >= 0);
    return pointer >= 0 && part_add(draft, rule, (struct slice){"", 0}, pointer);
}

static bool from_compile(struct draft *draft, const json_t *from, struct rule *rule) {
    size_t mark = draft_enter(draft, "from");
    if (json_is_array(from)) {
        if (json_array_size(from) == 0) return draft_refuse(draft, "at least one pointer is expected");
        for (size_t i = 0; i < json_array_size(from); i++) {
            size_t inner = draft_enter_index(draft, i);
            if (!pointer_part(draft, json_array_get(from, i), rule)) return false;
            draft_leave(draft, inner);
        }
    } else if (!pointer_part(draft, from, rule)) {
        return false;
    }
    draft_leave(draft, mark);
    return true;
}

/* One part of a concat. */
static bool concat_part(struct draft *draft, const json_t *json, struct rule *rule, bool *pointed) {
    static const char *const keys[] = {"from", NULL};
    if (json_is_string(json)) {
        struct slice text = {json_string_value(json), json_string_length(json)};
        if (text.length > LITERAL_BYTES_MAX) return draft_refuse(draft, "a text has at most %d bytes", LITERAL_BYTES_MAX);
        return part_add(draft, rule, text, -1);
    }
    if (!json_is_object(json)) return draft_refuse(draft, "a text or {\"from\": POINTER} is expected");
    if (!draft_keys_hold(draft, json, keys, "a part of a concat")) return false;
    size_t mark = draft_enter(draft, "from");
    if (!pointer_part(draft, json_object_get(json, "from"), rule)) return false;
    draft_leave(draft, mark);
    *pointed = true;
    return true;
}

static bool concat_compile(struct draft *draft, const json_t *concat, struct rule *rule) {
    size_t mark = draft_enter(draft, "concat");
    size_t count = json_array_size(concat);
    bool pointed = false;
    rule->concat = true;
    if (count < 1 || count > CONCAT_PARTS_MAX) {
        return draft_refuse(draft, "an array of 1 to %d texts and {\"from\": POINTER} is expected", CONCAT_PARTS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        size_t inner = draft_enter_index(draft, i);
        if (!concat_part(draft, json_array_get(concat, i), rule, &pointed)) return false;
        draft_leave(draft, inner);
    }
    if (!pointed) return draft_refuse(draft, "no part is a pointer; write a constant instead");
    draft_leave(draft, mark);
    return true;
}

/* ---- tables ---- */

/* What a table makes of a text, with the digest taken already. */
static bool made_compile(struct draft *draft, const struct rule *rule, const json_t *json, struct constant *value) {
    value->absent = json_is_null(json);
    if (value->absent) return true;
    if (!rule->digest) return constant_compile(draft, rule->card, json, true, value);
    if (!json_is_string(json)) return draft_refuse(draft, "a text is expected");
    char digest[DIGEST_BYTES];
    text_digest((struct slice){json_string_value(json), json_string_length(json)}, digest);
    json_t *kept = json_stringn(digest, sizeof(digest));
    if (json_array_append_new(draft->mapping->owned, kept) != 0) return draft_memory(draft);
    return constant_compile(draft, rule->card, kept, true, value);
}

static bool table_compile(struct draft *draft, json_t *table, struct rule *rule) {
    if (table == NULL) return true;
    size_t mark = draft_enter(draft, "table");
    if (json_object_size(table) == 0) return draft_refuse(draft, "an object is expected, such as {\"00\": \"CAPTURED\"}");
    rule->table = word_table_create(json_object_size(table));
    if (rule->table == NULL) return draft_memory(draft);
    for (void *i = json_object_iter(table); i != NULL; i = json_object_iter_next(table, i)) {
        size_t inner = draft_enter(draft, json_object_iter_key(i));
        struct word *word = word_table_add(rule->table, slice_of(json_object_iter_key(i)));
        if (!made_compile(draft, rule, json_object_iter_value(i), &word->value)) return false;
        draft_leave(draft, inner);
    }
    draft_leave(draft, mark);
    return true;
}

static bool otherwise_compile(struct draft *draft, const json_t *json, struct rule *rule) {
    static const char *const keys[] = {"value", NULL};
    if (json == NULL) return true;
    size_t mark = draft_enter(draft, "otherwise");
    if (rule->table == NULL) return draft_refuse(draft, "without \"table\" there is no otherwise; take it out");
    if (json_is_object(json)) {
        if (!draft_keys_hold(draft, json, keys, "otherwise")) return false;
        (void)draft_enter(draft, "value");
        rule->otherwise = OTHERWISE_VALUE;
        if (!made_compile(draft, rule, json_object_get(json, "value"), &rule->other)) return false;
    } else {
        const char *text = json_is_string(json) ? json_string_value(json) : "";
        rule->otherwise = strcmp(text, "skip") == 0 ? OTHERWISE_SKIP : OTHERWISE_REFUSE;
        if (rule->otherwise == OTHERWISE_REFUSE && strcmp(text, "refuse") != 0) {
            return draft_refuse(draft, "accepted are \"refuse\", \"skip\" and {\"value\": \"...\"}");
        }
    }
    draft_leave(draft, mark);
    return true;
}

/* ---- rules ---- */

static bool source_compile(struct draft *draft, const json_t *json, struct rule *rule) {
    const json_t *from = json_object_get(json, "from");
    const json_t *concat = json_object_get(json, "concat");
    if ((from != NULL) + (concat != NULL) != 1) {
        return draft_refuse(draft, "a rule has exactly one of \"from\" and \"concat\" (a constant is written without braces)");
    }
    rule->parts = draft->mapping->parts + draft->mapping->part_count;
    return from != NULL ? from_compile(draft, from, rule) : concat_compile(draft, concat, rule);
}

static bool default_compile(struct draft *draft, const json_t *json, struct rule *rule) {
    if (json == NULL) return true;
    rule->has_default = true;
    size_t mark = draft_enter(draft, "default");
    if (!constant_compile(draft, rule->card, json, false, &rule->value)) return false;
    draft_leave(draft, mark);
    return true;
}

static bool rule_compile(struct draft *draft, json_t *json, struct rule *rule) {
    const struct field_card *card = rule->card;
    const struct decoder *decoder = draft->mapping->decoder;
    if (!keys_fit(draft, json, card) || !source_compile(draft, json, rule)) return false;
    if (!default_compile(draft, json_object_get(json, "default"), rule)) return false;
    if (!flag_compile(draft, json, "nonempty", &rule->nonempty)) return false;
    if (!flag_compile(draft, json, "upper", &rule->upper) || !flag_compile(draft, json, "digest", &rule->digest)) return false;
    if (!table_compile(draft, json_object_get(json, "table"), rule)) return false;
    if (!otherwise_compile(draft, json_object_get(json, "otherwise"), rule)) return false;
    if (card->value == VALUE_TIME && !time_compile(draft, json, &rule->time)) return false;
    if (card->value == VALUE_MONEY && !money_compile(draft, json, rule)) return false;
    if (card->value == VALUE_OPEN) rule->open_other = lexicon_find(&decoder->lists[card->list], "OTHER", 5, NULL);
    return true;
}

static bool field_compile(struct draft *draft, enum field field, json_t *json) {
    struct mapping *mapping = draft->mapping;
    struct rule rule = {.card = &mapping->decoder->cards[field]};
    size_t mark = draft_enter(draft, field_rules[field].name);
    if (json_is_object(json)) {
        struct rule *added = &mapping->rules[mapping->rule_count++]; /* the mapping's from now on, also when it is refused */
        *added = rule;
        if (!rule_compile(draft, json, added)) return false;
    } else {
        if (!constant_compile(draft, rule.card, json, false, &rule.value)) return false;
        mapping->constants[mapping->constant_count++] = rule;
    }
    draft_leave(draft, mark);
    return true;
}

static bool fields_hold(struct draft *draft, const json_t *event) {
    const char *names[FIELD_LIMIT];
    size_t count = 0;
    if (!json_is_object(event)) return draft_refuse(draft, "an object is expected: canonical field -> rule");
    if (json_object_get(event, "schema_version") != NULL) {
        (void)draft_enter(draft, "schema_version");
        return draft_refuse(draft, "is always 1; take it out");
    }
    for (unsigned field = 1; field < FIELD_LIMIT; field++) {
        if (field != FIELD_SCHEMA_VERSION && field_rules[field].value != VALUE_REGISTRY) names[count++] = field_rules[field].name;
    }
    names[count] = NULL;
    if (!draft_keys_hold(draft, event, names, "an event")) return false;
    if (json_object_get(event, "type") != NULL && json_object_get(event, "source") != NULL) return true;
    return draft_refuse(draft, "\"type\" and \"source\" must be there; add a rule or a constant, such as \"source\": \"VNPAY\"");
}

bool rules_compile(struct draft *draft, json_t *event) {
    struct mapping *mapping = draft->mapping;
    mapping->constants = calloc(FIELD_LIMIT, sizeof(*mapping->constants));
    mapping->rules = calloc(FIELD_LIMIT, sizeof(*mapping->rules));
    mapping->parts = calloc(REFERENCES_MAX, sizeof(*mapping->parts));
    if (mapping->constants == NULL || mapping->rules == NULL || mapping->parts == NULL) return draft_memory(draft);
    size_t mark = draft_enter(draft, "event");
    if (!fields_hold(draft, event)) return false;
    struct rule version = {.card = &mapping->decoder->cards[FIELD_SCHEMA_VERSION], .value = {.number = 1}};
    version.value.part = print_part(version.card, 1);
    mapping->constants[mapping->constant_count++] = version;
    for (unsigned i = 1; i < FIELD_LIMIT; i++) {
        if (i == FIELD_CURRENCY) continue; /* amounts need it, so it comes before them */
        json_t *currency = i == FIELD_AMOUNT_MINOR ? json_object_get(event, "currency") : NULL;
        if (currency != NULL && !field_compile(draft, FIELD_CURRENCY, currency)) return false;
        json_t *rule = json_object_get(event, field_rules[i].name);
        if (rule != NULL && !field_compile(draft, (enum field)i, rule)) return false;
    }
    draft_leave(draft, mark);
    mapping->maps_ingest_time = json_object_get(event, "ingest_time") != NULL;
    return true;
}
