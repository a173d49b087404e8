/* Reading configuration that people write: strict about unknown keys and names, because a misspelt condition that is silently
 * ignored would publish a wrong figure. Messages name the place; see json_reading.h. */
#include "aggregate/snapshot/json_reading.h"

#include "check.h"

#include <stdio.h>

static const char *const column_names[COLUMN_COUNT] = {
    [COLUMN_HAS_EMAIL] = "has_email",
    [COLUMN_ACCEPTS_EPAY] = "accepts_epay",
    [COLUMN_BILLS_HOUSEHOLDS] = "bills_households",
    [COLUMN_MGMT_SOFTWARE] = "mgmt_software",
    [COLUMN_HAS_EMAIL_ASOF] = "has_email_asof",
    [COLUMN_WEBSITE_UPDATED_AT] = "website_updated_at",
    [COLUMN_WEBSITE_URL] = "website_url",
    [COLUMN_MKTPL_ACCOUNTS] = "mktpl_accounts",
    [COLUMN_ECHANNELS] = "echannels",
};

bool reading_refuse(struct reading *reading, const char *where, const char *key, const json_t *found, const char *accepted) {
    char *text = found == NULL ? NULL : json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT);
    (void)fault_set(reading->fault, STOP_DEFINITIONS, false, "%s line %d: %s%s%s: found %.60s, accepted: %s", reading->file.path,
                    json_file_line(&reading->file, key), where, where[0] == '\0' ? "" : ".", key, text == NULL ? "nothing" : text,
                    accepted);
    free(text);
    return false;
}

bool reading_word(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += length) {
        bool starts = at == words || at[-1] == ' ';
        if (length > 0 && starts && (at[length] == ' ' || at[length] == '\0')) return true;
    }
    return false;
}

bool reading_keys(struct reading *reading, const char *where, json_t *object, const char *allowed) {
    if (!json_is_object(object)) return reading_refuse(reading, "", where, object, "an object");
    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i)) {
        const char *key = json_object_iter_key(i);
        if (!reading_word(allowed, key)) return reading_refuse(reading, where, key, json_object_iter_value(i), allowed);
    }
    return true;
}

/* Names and codes end up in CSV cells and keys. */
static bool plain(const char *text) {
    if (text == NULL || text[0] == '\0' || strlen(text) > 48) return false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < 0x21 || *at > 0x7E || *at == ',' || *at == '"') return false;
    }
    return true;
}

static const char plain_text[] = "1 to 48 bytes of printable ASCII without blank, comma and quote";

bool reading_name(struct reading *reading, const char *where, const char *name) {
    return plain(name) ? true : reading_refuse(reading, where, name, NULL, plain_text);
}

bool reading_text(struct reading *reading, const char *where, json_t *object, const char *key, bool required, const char **out) {
    json_t *value = json_object_get(object, key);
    if (value == NULL && !required) return true;
    const char *text = json_string_value(value);
    if (!plain(text)) return reading_refuse(reading, where, key, value, plain_text);
    *out = text;
    return true;
}

bool reading_bool(struct reading *reading, const char *where, json_t *object, const char *key, bool *out) {
    json_t *value = json_object_get(object, key);
    if (value == NULL) return true;
    if (!json_is_boolean(value)) return reading_refuse(reading, where, key, value, "true or false");
    *out = json_is_true(value);
    return true;
}

bool reading_whole(struct reading *reading, const char *where, json_t *object, const char *key, int64_t min, int64_t max,
                   int64_t *out) {
    json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max) {
        char accepted[64];
        (void)snprintf(accepted, sizeof(accepted), "a whole number from %lld to %lld", (long long)min, (long long)max);
        return reading_refuse(reading, where, key, value, accepted);
    }
    *out = json_integer_value(value);
    return true;
}

bool reading_object(struct reading *reading, const char *where, json_t *object, const char *key, json_t **out) {
    *out = json_object_get(object, key);
    return json_is_object(*out) ? true : reading_refuse(reading, where, key, *out, "an object");
}

bool reading_texts(struct reading *reading, const char *where, json_t *object, const char *key, bool required,
                   struct text_list *out) {
    json_t *value = json_object_get(object, key);
    if (value == NULL && !required) return true;
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > TEXTS_MAX)
        return reading_refuse(reading, where, key, value, "a list of at most 64 texts");
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (!plain(text)) return reading_refuse(reading, where, key, json_array_get(value, i), plain_text);
        out->items[out->count++] = text;
    }
    return true;
}

/* One line per list: how many codes, and the name of each. */
static const char *code_name(enum code_list list, int code, int *count) {
    switch (list) {
    case LIST_NONE:
        break;
    case LIST_FAMILY:
        return *count = FAMILY_COUNT, family_name((enum family)code);
    case LIST_ROLE:
        return *count = ROLE_COUNT, code == ROLE_SELLER ? "SELLER" : code == ROLE_BUYER ? "BUYER" : "";
    case LIST_OUTLET:
        return *count = OUTLET_COUNT, outlet_name((enum outlet)code);
    case LIST_INSTRUMENT:
        return *count = INSTRUMENT_COUNT, instrument_name((enum instrument)code);
    case LIST_CONTEXT:
        return *count = CONTEXT_COUNT, context_name((enum context)code);
    case LIST_PAY_MODE:
        return *count = PAY_MODE_COUNT, pay_mode_name((enum pay_mode)code);
    case LIST_PERSON_TYPE:
        return *count = PERSON_COUNT, person_type_name((enum person_type)code);
    case LIST_OUTCOME:
        return *count = OUTCOME_COUNT, outcome_name((enum outcome)code);
    case LIST_REASON_CLASS:
        return *count = REASON_CLASS_COUNT, reason_class_name((enum reason_class)code);
    case LIST_ACTIVITY:
        return *count = ACTIVITY_COUNT, activity_name((enum activity)code);
    case LIST_CATEGORY:
        return *count = CATEGORY_COUNT, category_name((enum category)code);
    case LIST_CROSS_BORDER:
        return *count = CROSS_BORDER_COUNT, cross_border_name((enum cross_border)code);
    case LIST_PARTY:
        return *count = PARTY_COUNT, party_name((enum party)code);
    }
    *count = 0;
    return "";
}

int reading_code(enum code_list list, const char *name) {
    int count = 1;
    for (int code = 1; code < count || code == 1; code++) {
        const char *known = code_name(list, code, &count);
        CHECK(count <= 64);
        if (code < count && strcmp(known, name) == 0) return code;
    }
    return 0;
}

const char *reading_code_list_name(enum code_list list) {
    static const char *const names[] = {
        "",
        "a family (include/codes.h: FAMILIES)",
        "SELLER or BUYER",
        "outlets (include/codes.h: OUTLETS)",
        "instruments (include/codes.h: INSTRUMENTS)",
        "contexts (include/codes.h: CONTEXTS)",
        "pay modes (include/codes.h: PAY_MODES)",
        "person types (include/codes.h: PERSON_TYPES)",
        "outcomes (include/codes.h: OUTCOMES)",
        "reason classes (include/codes.h: REASON_CLASSES)",
        "activities (include/codes.h: ACTIVITIES)",
        "categories (include/codes.h: CATEGORIES)",
        "DOMESTIC, IMPORT or EXPORT",
        "parties (include/codes.h: PARTIES)",
    };
    return names[list];
}

bool reading_codes(struct reading *reading, const char *where, json_t *object, const char *key, enum code_list list,
                   uint64_t *out) {
    struct text_list names = {.count = 0};
    if (json_object_get(object, key) == NULL) return true;
    if (!reading_texts(reading, where, object, key, true, &names)) return false;
    uint64_t set = 0;
    for (size_t i = 0; i < names.count; i++) {
        int code = reading_code(list, names.items[i]);
        if (code == 0) {
            return reading_refuse(reading, where, key, json_array_get(json_object_get(object, key), i),
                                  reading_code_list_name(list));
        }
        set |= (uint64_t)1 << code;
    }
    *out = set;
    return true;
}

enum column reading_column(const char *name) {
    for (int i = 1; i < COLUMN_COUNT; i++) {
        if (strcmp(column_names[i], name) == 0) return (enum column)i;
    }
    return COLUMN_NONE;
}

static bool read_side(struct reading *reading, const char *where, const char *name, json_t *value, struct side *side) {
    side->column = reading_column(name);
    const char *text = json_string_value(value);
    if (side->column == COLUMN_NONE) return reading_refuse(reading, where, name, value, "columns of schemas/README.md §3");
    if (text != NULL && (strcmp(text, "Y") == 0 || strcmp(text, "N") == 0)) {
        side->test = text[0] == 'Y' ? TEST_YES : TEST_NO;
        return true;
    }
    json_t *days = json_object_get(value, "within_days");
    if (json_is_integer(days) && json_object_size(value) == 1 && json_integer_value(days) > 0 &&
        json_integer_value(days) <= 36500) {
        side->test = TEST_WITHIN_DAYS;
        side->days = (int32_t)json_integer_value(days);
        return true;
    }
    side->test = TEST_NON_EMPTY;
    if (json_is_true(json_object_get(value, "non_empty")) && json_object_size(value) == 1) return true;
    return reading_refuse(reading, where, name, value, "\"Y\", \"N\", {\"within_days\": 1..36500}, {\"non_empty\": true}");
}

bool reading_sides(struct reading *reading, const char *where, json_t *object, const char *key, struct side *sides,
                   size_t *count) {
    json_t *value = json_object_get(object, key);
    if (value == NULL) return true;
    if (!json_is_object(value) || json_object_size(value) > SIDES_MAX) {
        return reading_refuse(reading, where, key, value, "an object of at most 4 side conditions");
    }
    for (void *i = json_object_iter(value); i != NULL; i = json_object_iter_next(value, i)) {
        if (!read_side(reading, where, json_object_iter_key(i), json_object_iter_value(i), &sides[*count])) return false;
        (*count)++;
    }
    return true;
}
