/* A handful of currencies at most has a bound, so they are searched one after the other; without any, no event pays for them. */
#include "ingest/amount_bounds.h"

#include "decode.h"
#include "ingest/decode_fields.h"

#include <string.h>

/* One to eighteen digits, no zero before others: every such number is an int64. */
static bool read_max(struct slice text, int64_t *max) {
    if (text.length == 0 || text.length > 18 || (text.data[0] == '0' && text.length > 1)) return false;
    *max = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        *max = *max * 10 + (text.data[i] - '0');
    }
    return true;
}

static bool read_bound(struct amount_bounds *bounds, struct slice text) {
    const char *equals = memchr(text.data, '=', text.length);
    if (equals == NULL || bounds->count == AMOUNT_BOUNDS_MAX) return false;
    struct slice code = {text.data, (size_t)(equals - text.data)};
    struct slice max = {equals + 1, text.length - code.length - 1};
    int32_t currency = currency_exponent(code) < 0 ? 0 : currency_pack(code);
    int32_t before = bounds->count == 0 ? 0 : bounds->of[bounds->count - 1].currency;
    if (currency <= before || !read_max(max, &bounds->of[bounds->count].max)) return false;
    bounds->of[bounds->count++].currency = currency;
    return true;
}

bool amount_bounds_read(struct amount_bounds *bounds, const char *text, struct fault *fault) {
    bounds->count = 0;
    if (text == NULL || text[0] == '\0') return true;
    for (const char *at = text;; at++) {
        struct slice one = {at, strcspn(at, ",")};
        if (!read_bound(bounds, one)) {
            return fault_set(fault, STOP_SETTING, false,
                             "amount.max: found \"%.*s\", accepted is CODE=N with an ISO 4217 code and minor units (1 to 18 "
                             "digits), several separated by commas in alphabetical order, such as USD=100000000,VND=50000000000",
                             (int)(one.length < 60 ? one.length : 60), one.data);
        }
        at += one.length;
        if (*at == '\0') return true;
    }
}

int64_t amount_bound(const struct amount_bounds *bounds, int64_t currency) {
    for (size_t i = 0; i < bounds->count; i++) {
        if (bounds->of[i].currency == currency) return bounds->of[i].max;
    }
    return INT64_MAX;
}
