/* The table of fields, spread out: names and types by field, sets of fields by family.
 *
 * Nothing here is written twice: all arrays are made from EVENT_FIELDS by the preprocessor, so a field that is
 * added to the contract is one line in decode_fields.h (and one rule in decode_event.c if it means something
 * beyond its own token). */
#include "ingest/decode_fields.h"

#define X(name, wire, value, list, p, o, d, w, u) [FIELD_##name] = {wire, VALUE_##value, LIST_##list},
const struct field_rule field_rules[FIELD_LIMIT] = {[FIELD_NONE] = {"", VALUE_NONE, LIST_NONE}, EVENT_FIELDS(X)};
#undef X

enum { NEED_N = 0, NEED_O = 1, NEED_R = 2 };
#define BIT_IF(condition, name) | (uint64_t)((condition) ? 1 : 0) << ((FIELD_##name - 1) % 64)

#define ASTRAY(name, wire, value, list, p, o, d, w, u) \
    +((VALUE_##value == VALUE_REGISTRY) != (FIELD_##name >= REGISTRY_FIELD_FIRST))
_Static_assert((0 EVENT_FIELDS(ASTRAY)) == 0, "the registry's keys stand behind all others");

#define REQUIRED_P(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##p == NEED_R, name)
#define REQUIRED_O(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##o == NEED_R, name)
#define REQUIRED_D(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##d == NEED_R, name)
#define REQUIRED_W(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##w == NEED_R, name)
#define REQUIRED_U(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##u == NEED_R, name)
const uint64_t family_required[FAMILY_COUNT] = {
    [FAMILY_PAYMENT] = 0 EVENT_FIELDS(REQUIRED_P), [FAMILY_ORDER] = 0 EVENT_FIELDS(REQUIRED_O),
    [FAMILY_RIDE] = 0 EVENT_FIELDS(REQUIRED_D),    [FAMILY_WEBSITE] = 0 EVENT_FIELDS(REQUIRED_W),
    [FAMILY_UNIT] = 0 EVENT_FIELDS(REQUIRED_U),
};

#define READ_P(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##p != NEED_N, name)
#define READ_O(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##o != NEED_N, name)
#define READ_D(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##d != NEED_N, name)
#define READ_W(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##w != NEED_N, name)
#define READ_U(name, wire, value, list, p, o, d, w, u) BIT_IF(NEED_##u != NEED_N, name)
const uint64_t family_read[FAMILY_COUNT] = {
    [FAMILY_PAYMENT] = 0 EVENT_FIELDS(READ_P), [FAMILY_ORDER] = 0 EVENT_FIELDS(READ_O),
    [FAMILY_RIDE] = 0 EVENT_FIELDS(READ_D),    [FAMILY_WEBSITE] = 0 EVENT_FIELDS(READ_W),
    [FAMILY_UNIT] = 0 EVENT_FIELDS(READ_U),
};

#define COUNT_ID(name, wire, value, list, p, o, d, w, u) +(VALUE_##value == VALUE_ID)
_Static_assert((0 EVENT_FIELDS(COUNT_ID)) == ID_FIELDS, "one room for each id");
