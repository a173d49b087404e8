/* Typed reading of registry fields from a jansson tree; private to unit.c. jansson is included by the .c files
 * only. */
#ifndef NHIP_UNIT_FIELDS_H
#define NHIP_UNIT_FIELDS_H

#include "unit.h"

struct json_t;

enum need { NEED_REQUIRED = 1, NEED_OPTIONAL };

/* Where reading stands: the object, and where to say what is wrong. All readers return false after filling
 * `refusal`; `key` must be static storage. A null value is an absent one. */
struct unit_reader {
    const struct json_t *object;
    struct unit_refusal *refusal;
    const char *prefix; /* field to be blamed for keys of a nested object; NULL = the key itself */
};

bool unit_refuse(const struct unit_reader *reader, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An id of 1..64 printable ASCII characters; *out is NULL when absent, else owned by the tree. */
bool unit_id(const struct unit_reader *reader, const char *key, enum need need, const char **out);
/* YYYY-MM-DD -> local day. `empty_day` is what "" means, or DAY_ABSENT when "" is refused. */
bool unit_date(const struct unit_reader *reader, const char *key, enum need need, int32_t empty_day, int32_t *out);
bool unit_time(const struct unit_reader *reader, const char *key, int64_t *out_ms);
/* Index into `names`, which ends with NULL. */
bool unit_code(const struct unit_reader *reader, const char *key, const char *const *names, size_t *out);
bool unit_yes_no(const struct unit_reader *reader, const char *key, enum yes_no *out);
bool unit_text(const struct unit_reader *reader, const char *key, enum yes_no *out);
/* A list of texts (names == NULL) or of codes, as array or joined by `;`. `yn`: "Y" and "N" are accepted instead. */
bool unit_list(const struct unit_reader *reader, const char *key, const char *const *names, bool yn, enum yes_no *out);
bool unit_vsic(const struct unit_reader *reader, const char **digits);
bool unit_vsic_version(const struct unit_reader *reader, int32_t *out);
bool unit_district(const struct unit_reader *reader, int32_t *out);
bool unit_employees(const struct unit_reader *reader, int32_t *out);

#endif
