/* The types of registry fields (schemas/README.md §3), one reader each.
 *
 * A reader gets a value, says in one sentence what is wrong with it, or stores it; which fields there are and what
 * they mean together is unit.c's business. Sentences name what was found and what is accepted, because they are
 * read by the person who has the register's CSV file open beside them. Values of people's text are cut to a few
 * characters in messages. */
#include "ingest/unit_fields.h"

#include "limits.h"
#include "zone.h"

#include <jansson.h>
#include <stdarg.h>

enum { TEXT_BYTES_MAX = 256, SHOWN_BYTES = 40, VSIC_DIGITS_MIN = 2, VSIC_DIGITS_MAX = 5 };

static const int64_t time_end_ms = 7258118400000; /* 2200-01-01T00:00:00Z */

bool unit_refuse(const struct unit_reader *reader, const char *key, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reader->refusal->message, sizeof(reader->refusal->message), format, arguments);
    va_end(arguments);
    reader->refusal->field = reader->prefix != NULL ? reader->prefix : key;
    return false;
}

/* The value, or NULL when it is absent or null. */
static const json_t *value_of(const struct unit_reader *reader, const char *key) {
    const json_t *value = json_object_get(reader->object, key);
    return json_is_null(value) ? NULL : value;
}

static struct slice slice_of_string(const json_t *value) {
    return (struct slice){json_string_value(value), json_string_length(value)};
}

static bool absent(const struct unit_reader *reader, const char *key, enum need need) {
    return need == NEED_OPTIONAL || unit_refuse(reader, key, "%s is missing", key);
}

static bool not_string(const struct unit_reader *reader, const char *key) {
    return unit_refuse(reader, key, "%s must be a string", key);
}

bool unit_id(const struct unit_reader *reader, const char *key, enum need need, const char **out) {
    *out = NULL;
    const json_t *value = value_of(reader, key);
    if (value == NULL) return absent(reader, key, need);
    if (!json_is_string(value)) return not_string(reader, key);
    struct slice text = slice_of_string(value);
    bool good = text.length >= 1 && text.length <= ID_BYTES_MAX;
    for (size_t i = 0; good && i < text.length; i++) good = text.data[i] >= 0x20 && text.data[i] <= 0x7E;
    if (!good) return unit_refuse(reader, key, "%s must have 1 to %d printable ASCII characters", key, ID_BYTES_MAX);
    *out = text.data;
    return true;
}

bool unit_date(const struct unit_reader *reader, const char *key, enum need need, int32_t empty_day, int32_t *out) {
    *out = DAY_ABSENT;
    const json_t *value = value_of(reader, key);
    if (value == NULL) return absent(reader, key, need);
    if (!json_is_string(value)) return not_string(reader, key);
    struct slice text = slice_of_string(value);
    if (text.length == 0 && empty_day != DAY_ABSENT) {
        *out = empty_day;
        return true;
    }
    return iso_date_parse(text, out) ||
           unit_refuse(reader, key, "%s: `%.*s` is not a date such as 2021-09-30", key, SHOWN_BYTES, text.data);
}

bool unit_time(const struct unit_reader *reader, const char *key, int64_t *out_ms) {
    const json_t *value = value_of(reader, key);
    if (value == NULL) return absent(reader, key, NEED_REQUIRED);
    bool good = false;
    if (json_is_integer(value)) {
        *out_ms = json_integer_value(value);
        good = *out_ms >= 0 && *out_ms < time_end_ms;
    } else if (json_is_string(value)) {
        good = rfc3339_parse(slice_of_string(value), out_ms);
    }
    return good || unit_refuse(reader, key, "%s must be a time such as 2021-09-30T08:00:00+07:00, or epoch milliseconds", key);
}

static bool code_find(struct slice text, const char *const *names, size_t *index) {
    for (*index = 0; names[*index] != NULL; ++*index) {
        if (slice_equal(text, slice_of(names[*index]))) return true;
    }
    return false;
}

bool unit_code(const struct unit_reader *reader, const char *key, const char *const *names, size_t *out) {
    const json_t *value = value_of(reader, key);
    if (value == NULL) return absent(reader, key, NEED_REQUIRED);
    if (!json_is_string(value)) return not_string(reader, key);
    struct slice text = slice_of_string(value);
    return code_find(text, names, out) ||
           unit_refuse(reader, key, "%s: `%.*s` is not in the list (%s, ...)", key, SHOWN_BYTES, text.data, names[0]);
}

static bool letter_of(struct slice text, enum yes_no *out) {
    if (text.length == 0) {
        *out = YES_NO_EMPTY;
        return true;
    }
    if (text.length != 1 || (text.data[0] != 'Y' && text.data[0] != 'N')) return false;
    *out = text.data[0] == 'Y' ? YES_NO_YES : YES_NO_NO;
    return true;
}

bool unit_yes_no(const struct unit_reader *reader, const char *key, enum yes_no *out) {
    *out = YES_NO_ABSENT;
    const json_t *value = value_of(reader, key);
    if (value == NULL) return true;
    return (json_is_string(value) && letter_of(slice_of_string(value), out)) ||
           unit_refuse(reader, key, "%s must be \"Y\", \"N\" or \"\" (not known)", key);
}

bool unit_text(const struct unit_reader *reader, const char *key, enum yes_no *out) {
    *out = YES_NO_ABSENT;
    const json_t *value = value_of(reader, key);
    if (value == NULL) return true;
    if (!json_is_string(value)) return not_string(reader, key);
    size_t length = json_string_length(value);
    if (length > TEXT_BYTES_MAX) return unit_refuse(reader, key, "%s has %zu bytes; %d at most", key, length, TEXT_BYTES_MAX);
    *out = length == 0 ? YES_NO_EMPTY : YES_NO_YES;
    return true;
}

static bool list_item(const struct unit_reader *reader, const char *key, const char *const *names, struct slice item) {
    size_t index;
    if (item.length > TEXT_BYTES_MAX) return unit_refuse(reader, key, "%s: an item has more than %d bytes", key, TEXT_BYTES_MAX);
    if (names == NULL || code_find(item, names, &index)) return true;
    int shown = item.length < SHOWN_BYTES ? (int)item.length : SHOWN_BYTES;
    return unit_refuse(reader, key, "%s: `%.*s` is not in the list (%s, ...)", key, shown, item.data, names[0]);
}

static bool list_joined(const struct unit_reader *reader, const char *key, const char *const *names, struct slice rest) {
    for (;;) {
        const char *mark = memchr(rest.data, ';', rest.length);
        size_t length = mark != NULL ? (size_t)(mark - rest.data) : rest.length;
        if (!list_item(reader, key, names, (struct slice){rest.data, length})) return false;
        if (mark == NULL) return true;
        rest = (struct slice){mark + 1, rest.length - length - 1};
    }
}

bool unit_list(const struct unit_reader *reader, const char *key, const char *const *names, bool yn, enum yes_no *out) {
    *out = YES_NO_ABSENT;
    const json_t *value = value_of(reader, key);
    if (value == NULL) return true;
    if (json_is_string(value)) {
        struct slice text = slice_of_string(value);
        if ((yn || text.length == 0) && letter_of(text, out)) return true;
        *out = YES_NO_YES;
        return list_joined(reader, key, names, text);
    }
    if (!json_is_array(value)) return unit_refuse(reader, key, "%s must be a list of strings, or one string joined by `;`", key);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item)) return unit_refuse(reader, key, "%s: every item must be a string", key);
        if (!list_item(reader, key, names, slice_of_string(item))) return false;
    }
    *out = json_array_size(value) > 0 ? YES_NO_YES : yn ? YES_NO_NO : YES_NO_EMPTY; /* [] declares that there is none */
    return true;
}

/* Digits only, `least` to `most` of them. */
static bool all_digits(struct slice text, size_t least, size_t most) {
    if (text.length < least || text.length > most) return false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    }
    return true;
}

bool unit_vsic(const struct unit_reader *reader, const char **digits) {
    const json_t *value = value_of(reader, "vsic");
    if (value == NULL) return absent(reader, "vsic", NEED_REQUIRED);
    if (!json_is_string(value)) return not_string(reader, "vsic");
    struct slice text = slice_of_string(value);
    if (text.length > 0 && text.data[0] >= 'A' && text.data[0] <= 'U') text = (struct slice){text.data + 1, text.length - 1};
    if (!all_digits(text, VSIC_DIGITS_MIN, VSIC_DIGITS_MAX)) {
        return unit_refuse(reader, "vsic", "vsic: `%.*s` must have %d to %d digits, with or without its section letter",
                           SHOWN_BYTES, json_string_value(value), VSIC_DIGITS_MIN, VSIC_DIGITS_MAX);
    }
    *digits = text.data;
    return true;
}

bool unit_vsic_version(const struct unit_reader *reader, int32_t *out) {
    const json_t *value = value_of(reader, "vsic_version");
    if (value == NULL) return absent(reader, "vsic_version", NEED_REQUIRED);
    *out = 2018;
    bool good = json_is_integer(value) ? json_integer_value(value) == 2018
                                       : json_is_string(value) && slice_equal(slice_of_string(value), SLICE("2018"));
    return good || unit_refuse(reader, "vsic_version", "vsic_version must be 2018: other versions cannot be converted yet");
}

bool unit_district_known(int32_t district) {
    return district >= 380 && district <= 407 && district != 383; /* 383 was never given */
}

bool unit_district(const struct unit_reader *reader, int32_t *out) {
    const json_t *value = value_of(reader, "district");
    if (value == NULL) return absent(reader, "district", NEED_REQUIRED);
    int64_t code = 0;
    if (json_is_integer(value)) {
        code = json_integer_value(value);
    } else if (json_is_string(value) && all_digits(slice_of_string(value), 3, 3)) {
        for (const char *digit = json_string_value(value); *digit != '\0'; digit++) code = code * 10 + (*digit - '0');
    }
    if (code < INT32_MIN || code > INT32_MAX || !unit_district_known((int32_t)code)) {
        return unit_refuse(reader, "district", "district must be one of the 27 codes of 2021: 380 to 407 without 383");
    }
    *out = (int32_t)code;
    return true;
}

bool unit_employees(const struct unit_reader *reader, int32_t *out) {
    *out = EMPLOYEES_UNKNOWN;
    const json_t *value = value_of(reader, "employees");
    if (value == NULL || (json_is_string(value) && json_string_length(value) == 0)) return true;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > INT32_MAX) {
        return unit_refuse(reader, "employees", "employees must be a whole number from 0 on, or \"\" (not known)");
    }
    *out = (int32_t)json_integer_value(value);
    return true;
}
