/* Money is read as text: the significant digits are one whole number, and everything else (point, exponent, scale,
 * multiplier, the currency's exponent) is one power of ten. What that power cannot make whole, or what does not fit
 * an int64, is refused; nothing is rounded. */
#include "ingest/mapping_money.h"

enum { DIGITS_MAX = 19, POWER_BOUND = 1000000 /* beyond any number of digits that a message can hold */ };

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* "e-12" at `at`, to the end of the text; *power is cut to POWER_BOUND. */
static bool exponent_read(struct slice text, size_t at, int32_t *power) {
    bool negative = false;
    int32_t value = 0;
    at++;
    if (at < text.length && (text.data[at] == '-' || text.data[at] == '+')) negative = text.data[at++] == '-';
    if (at == text.length) return false;
    for (; at < text.length; at++) {
        if (!is_digit(text.data[at])) return false;
        if (value < POWER_BOUND) value = value * 10 + (text.data[at] - '0');
    }
    if (value > POWER_BOUND) value = POWER_BOUND;
    *power += negative ? -value : value;
    return true;
}

/* The digits as one number, without zeros at either side. */
struct digits {
    uint64_t value;
    size_t significant; /* up to the last digit that is not 0 */
    size_t zeros;       /* after that */
    size_t count;       /* of all, with leading zeros */
};

static void digit_add(struct digits *digits, char byte) {
    digits->count++;
    if (byte == '0') {
        digits->zeros += digits->significant > 0;
        return;
    }
    for (; digits->zeros > 0; digits->zeros--) {
        if (digits->significant++ < DIGITS_MAX) digits->value *= 10;
    }
    if (digits->significant++ < DIGITS_MAX) digits->value = digits->value * 10 + (uint64_t)(byte - '0');
}

/* value * 10^power, or false when it is no int64. */
static bool scaled(const struct digits *digits, int64_t power, int64_t *minor) {
    if (digits->significant == 0) {
        *minor = 0;
        return true;
    }
    if (power < 0 || power > DIGITS_MAX || digits->significant + (size_t)power > DIGITS_MAX) return false;
    uint64_t value = digits->value;
    for (int64_t i = 0; i < power; i++) value *= 10; /* below 10^19, which fits 64 bits */
    if (value > INT64_MAX) return false;
    *minor = (int64_t)value;
    return true;
}

/* Digits at `at`, one at least. Behind them, or 0. */
static size_t digits_read(struct slice text, size_t at, struct digits *digits) {
    size_t first = at;
    for (; at < text.length && is_digit(text.data[at]); at++) digit_add(digits, text.data[at]);
    return at > first ? at : 0;
}

/* Digits only, few enough for an int64, which is what nearly all amounts are; false for others. */
static bool plain_read(const struct money_form *form, struct slice text, int64_t *minor) {
    enum { PLAIN_MAX = 18 };
    uint64_t value = 0;
    if (text.length - 1 >= PLAIN_MAX || form->shift > 0) return false;
    for (size_t i = 0; i < text.length; i++) {
        if (!is_digit(text.data[i])) return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    for (int32_t i = form->shift; i < 0; i++) {
        if (value % 10 != 0) return false;
        value /= 10;
    }
    *minor = (int64_t)value;
    return true;
}

bool money_read(const struct money_form *form, struct slice text, int64_t *minor) {
    if (plain_read(form, text, minor)) return true;
    struct digits digits = {0, 0, 0, 0};
    int32_t power = form->shift;
    bool negative = text.length > 0 && text.data[0] == '-';
    if (negative && !form->absolute) return false;
    size_t at = digits_read(text, negative ? 1 : 0, &digits);
    if (at == 0) return false;
    if (at < text.length && text.data[at] == '.') {
        size_t whole = digits.count;
        at = digits_read(text, at + 1, &digits);
        if (at == 0) return false;
        power -= (int32_t)(digits.count - whole);
    }
    if (at < text.length) {
        if (!form->is_number || (text.data[at] | 0x20) != 'e' || !exponent_read(text, at, &power)) return false;
    }
    return scaled(&digits, power + (int64_t)digits.zeros, minor);
}
