/* Long division, digit by digit: the quotient of two 128-bit sums times ten thousand does not fit 128 bits, but each step of the
 * school method does, as the remainder stays below the denominator. Half to even looks at the last remainder, which is exact. */
#include "aggregate/snapshot/decimal.h"

#include "check.h"

#include <stdbool.h>

enum { DIGITS_MAX = 40 };

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

void decimal_quotient(char out[static DECIMAL_BYTES], __int128 numerator, __int128 denominator, int shift, int decimals) {
    CHECK(denominator != 0 && shift >= 0 && shift <= 4 && decimals >= 0 && decimals <= 4);
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
    unsigned __int128 above = bottom - rest; /* rest against one half: rest < above, = or > */
    if (rest > above || (rest == above && quotient % 2 == 1)) quotient++;
    write(out, quotient, (numerator < 0) != (denominator < 0), decimals);
}

void decimal_scaled(char out[static DECIMAL_BYTES], __int128 value, int exponent) {
    CHECK(exponent >= 0 && exponent <= 4);
    write(out, magnitude(value), value < 0, exponent);
}

void decimal_integer(char out[static DECIMAL_BYTES], __int128 value) {
    write(out, magnitude(value), value < 0, 0);
}
