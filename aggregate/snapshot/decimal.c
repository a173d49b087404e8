/* Long division, digit by digit: the quotient of two 128-bit sums times ten thousand does not fit 128 bits, but each step of the
 * school method does, as the remainder stays below the denominator. Half to even looks at the last remainder, which is exact. */
#include "aggregate/snapshot/decimal.h"

#include "check.h"

#include <string.h>

enum { DIGITS_MAX = 40, PARSED_DIGITS_MAX = 30, PARSED_DECIMALS_MAX = 4 };

static const __int128 multiplied_max = (__int128)10000000000 * 10000000000; /* 10^20 */

static unsigned __int128 magnitude(__int128 value) {
    return value < 0 ? (unsigned __int128)0 - (unsigned __int128)value : (unsigned __int128)value;
}

/* Writes `value` with the point in front of the last `decimals` digits. */
static void write(char out[static DECIMAL_BYTES], unsigned __int128 value, bool negative, int decimals) {
    char digits[DIGITS_MAX];
    int count = 0;
    bool zero = value == 0;
    while (value > 0 || count <= decimals) {
        CHECK(count < DIGITS_MAX);
        digits[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    }
    int length = 0;
    if (negative && !zero) out[length++] = '-';
    while (count > 0) {
        if (count == decimals) out[length++] = '.';
        out[length++] = digits[--count];
    }
    out[length] = '\0';
}

/* `quotient`, or one more, by what is left of `bottom`. */
static unsigned __int128 half_to_even(unsigned __int128 quotient, unsigned __int128 rest, unsigned __int128 bottom) {
    unsigned __int128 above = bottom - rest; /* rest against one half: rest < above, = or > */
    return quotient + (rest > above || (rest == above && quotient % 2 == 1));
}

void decimal_quotient(char out[static DECIMAL_BYTES], __int128 numerator, __int128 denominator, int shift, int decimals) {
    CHECK(denominator != 0 && shift >= 0 && shift <= 4 && decimals >= 0 && decimals <= 6);
    unsigned __int128 top = magnitude(numerator);
    unsigned __int128 bottom = magnitude(denominator);
    CHECK(bottom <= ~(unsigned __int128)0 / 20);
    unsigned __int128 quotient = top / bottom;
    unsigned __int128 rest = top % bottom;
    for (int i = 0; i < shift + decimals; i++) {
        CHECK(quotient < ~(unsigned __int128)0 / 100);
        rest *= 10;
        quotient = quotient * 10 + rest / bottom;
        rest %= bottom;
    }
    write(out, half_to_even(quotient, rest, bottom), (numerator < 0) != (denominator < 0), decimals);
}

__int128 decimal_rounded(__int128 numerator, __int128 denominator) {
    CHECK(numerator >= 0 && denominator > 0);
    unsigned __int128 top = magnitude(numerator);
    unsigned __int128 bottom = magnitude(denominator);
    return (__int128)half_to_even(top / bottom, top % bottom, bottom);
}

bool decimal_multiply(__int128 *value, __int128 top, __int128 bottom) {
    CHECK(*value >= 0 && *value <= multiplied_max && top >= 0 && bottom > 0);
    unsigned __int128 factor = magnitude(*value);
    unsigned __int128 whole = magnitude(top) / magnitude(bottom);
    unsigned __int128 step = magnitude(top) % magnitude(bottom);
    unsigned __int128 below = magnitude(bottom);
    unsigned __int128 quotient = 0; /* of factor * step / below, bit by bit */
    unsigned __int128 rest = 0;
    if (whole > 0 && factor > magnitude(multiplied_max) / whole) return false;
    for (int bit = 127; bit >= 0; bit--) {
        rest *= 2;
        quotient = 2 * quotient + rest / below;
        rest %= below;
        if ((factor >> bit & 1) != 0) rest += step;
        quotient += rest / below;
        rest %= below;
    }
    *value = (__int128)half_to_even(quotient + factor * whole, rest, below);
    return *value <= multiplied_max;
}

void decimal_scaled(char out[static DECIMAL_BYTES], __int128 value, int exponent) {
    CHECK(exponent >= 0 && exponent <= 4);
    write(out, magnitude(value), value < 0, exponent);
}

void decimal_integer(char out[static DECIMAL_BYTES], __int128 value) {
    write(out, magnitude(value), value < 0, 0);
}

bool decimal_parse(const char *text, __int128 *ten_thousandths, int *decimals) {
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    size_t whole = strspn(digits, "0123456789");
    size_t behind = digits[whole] == '.' ? strspn(digits + whole + 1, "0123456789") : 0;
    size_t length = behind > 0 ? whole + 1 + behind : whole;
    if (whole == 0 || whole > PARSED_DIGITS_MAX || behind > PARSED_DECIMALS_MAX || digits[length] != '\0') return false;
    __int128 value = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] != '.') value = value * 10 + (digits[i] - '0');
    }
    for (size_t i = behind; i < PARSED_DECIMALS_MAX; i++) value *= 10;
    *ten_thousandths = negative ? -value : value;
    *decimals = (int)behind;
    return true;
}
