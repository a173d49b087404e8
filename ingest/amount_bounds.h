/* The setting `amount.max`: from which amount on an event is no merchant's any more but a mistake in its unit (a sum in
 * minor units written as major ones, a telephone number in the wrong field). Immutable once read; any thread. */
#ifndef NHIP_AMOUNT_BOUNDS_H
#define NHIP_AMOUNT_BOUNDS_H

#include "fault.h"

#include <stddef.h>
#include <stdint.h>

enum { AMOUNT_BOUNDS_MAX = 32 };

struct amount_bounds {
    struct {
        int32_t currency; /* currency_pack() */
        int64_t max;      /* minor units; a greater amount is refused */
    } of[AMOUNT_BOUNDS_MAX];
    size_t count;
};

/* `text`: CUR=N, separated by commas, in alphabetical order, without blanks, so that one meaning has one spelling (the text is
 * part of the state's configuration). Null or "" is no bound. False and `fault` otherwise. */
bool amount_bounds_read(struct amount_bounds *bounds, const char *text, struct fault *fault);

/* The bound of a currency, or INT64_MAX. */
int64_t amount_bound(const struct amount_bounds *bounds, int64_t currency);

#endif
