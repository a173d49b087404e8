/* The names of codes: include/codes.h read a second time.
 *
 * Every list of the vocabulary is an X-macro that makes an enum in the header; here the same lists make the tables of
 * names, so a number and its name cannot drift apart, and schemas/codes/ is compared with the same header by
 * tests/schemas_check.py.
 *
 * Numbers come out of stored state and out of other people's Redis, so a number outside its list gives "", like 0: the
 * caller decides what that means, and nothing is read beyond a table. Names are needed on the cold paths only
 * (snapshot, inspect, dead letters, the rolling windows once a second); text -> number is the decoder's business, which
 * knows the lists by length and first bytes. */
#include "codes.h"

#include <stddef.h>

#define NAME(name) #name,
#define NAMES(function, type, LIST)                                                          \
    const char *function(enum type code) {                                                   \
        static const char *const names[] = {"", LIST(NAME)};                                 \
        return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "";           \
    }

NAMES(family_name, family, FAMILIES)
NAMES(pay_status_name, pay_status, PAY_STATUSES)
NAMES(reason_class_name, reason_class, REASON_CLASSES)
NAMES(instrument_name, instrument, INSTRUMENTS)
NAMES(context_name, context, CONTEXTS)
NAMES(channel_name, channel, CHANNELS)
NAMES(pay_mode_name, pay_mode, PAY_MODES)
NAMES(person_type_name, person_type, PERSON_TYPES)
NAMES(category_name, category, CATEGORIES)
NAMES(cross_border_name, cross_border, CROSS_BORDERS)
NAMES(outlet_name, outlet, OUTLETS)
NAMES(party_name, party, PARTIES)
NAMES(outcome_name, outcome, OUTCOMES)
NAMES(activity_name, activity, ACTIVITIES)

#define WIRE(name, wire, other) wire,

const char *event_kind_name(enum event_kind code) {
    static const char *const names[] = {"", EVENT_KINDS(WIRE)};
    return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "";
}

const char *reason_name(enum reason code) {
    static const char *const names[] = {"", REASONS(WIRE)};
    return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "";
}

enum reason_kind reason_kind_of(enum reason code) {
#define KIND(name, wire, class) REASON_KIND_##class,
    static const enum reason_kind kinds[] = {REASON_KIND_NONE, REASONS(KIND)};
#undef KIND
    return (size_t)code < sizeof(kinds) / sizeof(kinds[0]) ? kinds[code] : REASON_KIND_NONE;
}

enum family event_kind_family(enum event_kind code) {
#define FAMILY(name, wire, family) FAMILY_##family,
    static const enum family families[] = {FAMILY_NONE, EVENT_KINDS(FAMILY)};
#undef FAMILY
    return (size_t)code < sizeof(families) / sizeof(families[0]) ? families[code] : FAMILY_NONE;
}
