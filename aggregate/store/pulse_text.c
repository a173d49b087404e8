/* Names of codes.h joined by bars, and integers beyond 64 bits: see pulse_text.h. */
#include "aggregate/store/pulse_text.h"

#include "check.h"
#include "facet.h"

static const char *or_none(const char *name) {
    return name[0] != '\0' ? name : "_Z";
}

struct slice facet_name(uint64_t facet, const char *suffix, char out[static FACET_NAME_BYTES]) {
    const char *reason = reason_class_name(facet_reason_class(facet));
    int length = snprintf(out, FACET_NAME_BYTES, "%s|%s|%s|%s|%s%s%s%s", or_none(family_name(facet_family(facet))),
                          or_none(outlet_name(facet_outlet(facet))), or_none(instrument_name(facet_instrument(facet))),
                          or_none(context_name(facet_context(facet))), or_none(outcome_name(facet_outcome(facet))),
                          reason[0] != '\0' ? ":" : "", reason, suffix);
    CHECK(length > 0 && length < FACET_NAME_BYTES);
    return (struct slice){out, (size_t)length};
}

struct slice wide_text(wide value, char out[static WIDE_BYTES]) {
    size_t at = WIDE_BYTES;
    bool negative = value < 0;
    do {
        int digit = (int)(value % 10);
        out[--at] = (char)('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    } while (value != 0);
    if (negative) out[--at] = '-';
    return (struct slice){out + at, WIDE_BYTES - at};
}
