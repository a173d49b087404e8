/* One remedy for each reason, twice: who writes a mapping can change a rule, who sends canonical events must change the
 * record. The words are those of schemas/README.md and schemas/mapping.md, so that they can be searched there. */
#include "aggregate/check_remedy.h"

static const struct {
    const char *canonical;
    const char *mapped;
} remedies[REASON_COUNT] = {
    [REASON_EMPTY] = {"a record of zero bytes: send the event, or null for a tombstone",
                            "a record of zero bytes: nothing can be mapped from it"},
    [REASON_TOO_LARGE] = {"a message may have 65,536 bytes",
                          "a message may have 65,536 bytes, and the array of \"each\" 256 elements"},
    [REASON_NOT_JSON] = {"one JSON object is expected, and nothing behind it",
                         "one JSON object or array is expected, and nothing behind it"},
    [REASON_BAD_UTF8] = {"text must be UTF-8, without NUL and single surrogates",
                         "text must be UTF-8, without NUL and single surrogates, also where the mapping does not look"},
    [REASON_TOO_DEEP] = {"nesting of at most 32", "nesting of at most 32, also where the mapping does not look"},
    [REASON_DUPLICATE_KEY] = {"a listed key may appear once", "a key on the way of a pointer may appear once in its object"},
    [REASON_MISSING_FIELD] = {"required for this type: schemas/README.md, section 2",
                              "its pointers lead nowhere or to null: try another pointer, or give a \"default\""},
    [REASON_WRONG_TYPE] = {"a value of another JSON type is expected: schemas/README.md, section 2",
                           "a value of another JSON type is expected; a \"table\" takes numbers and booleans by their text"},
    [REASON_UNKNOWN_TYPE] = {"not one of the kinds of schemas/codes/event_kinds.csv",
                             "add it to the \"table\" of type, or leave such messages out: \"otherwise\": \"skip\""},
    [REASON_UNKNOWN_VERSION] = {"schema_version must be 1", "schema_version must be 1"},
    [REASON_UNKNOWN_CODE] = {"not in the list of this field: schemas/codes/",
                             "add it to the rule's \"table\", or say what becomes of others: \"otherwise\""},
    [REASON_BAD_ID] = {"an id has 1 to 64 printable ASCII characters",
                       "an id has 1 to 64 printable ASCII characters; \"digest\": true makes one of any text"},
    [REASON_BAD_TIME] = {"RFC 3339 with offset, or epoch milliseconds, within 1970-2199",
                         "does not fit \"time\" (and \"zone\") of the rule, or lies outside 1970-2199"},
    [REASON_BAD_AMOUNT] = {"an integer of minor units from 0 to 2^63-1",
                           "must come to a whole number of minor units from 0: \"unit\", \"scale\", \"multiply\", \"absolute\""},
    [REASON_BAD_REGISTRY] = {"a rule of schemas/README.md, section 3, is broken", "units are not mapped: nhip registry import"},
    [REASON_IMPLAUSIBLE_AMOUNT] = {"the amount is beyond `amount.max` of its currency: minor units sent as major ones?",
                                   "the amount is beyond `amount.max` of its currency: see `unit` and `scale` in the mapping"},
    [REASON_WITHDRAWN] = {"in a range of `exclusions.file`: its delivery was bad",
                          "in a range of `exclusions.file`: its delivery was bad"},
    [REASON_BAD_ENVELOPE] = {"there is no envelope in canonical events",
                             "not what \"envelope\" or \"wire\" expects around the body: schemas/mapping.md, section 5"},
};

const char *check_remedy(enum reason reason, bool mapped) {
    if ((int)reason <= 0 || reason >= REASON_COUNT) return "";
    const char *remedy = mapped ? remedies[reason].mapped : remedies[reason].canonical;
    return remedy != NULL ? remedy : "";
}
