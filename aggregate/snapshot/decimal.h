/* Published numbers as text, from exact integers: one rounding at the end, half to even; never a double, never "-0". Pure. */
#ifndef NHIP_SNAPSHOT_DECIMAL_H
#define NHIP_SNAPSHOT_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

enum { DECIMAL_BYTES = 48 };

/* numerator / denominator * 10^shift with `decimals` digits behind the point (shift 0..4, decimals 0..6). The denominator is not
 * 0; the quotient must have fewer than 36 digits (checked). Remainders are exact for |denominator| < 1.7e37. */
void decimal_quotient(char out[static DECIMAL_BYTES], __int128 numerator, __int128 denominator, int shift, int decimals);

/* *value * top / bottom, exactly, with one rounding to an integer, half to even. All are not negative, bottom is above 0. False
 * when that is more than 10^20, which *value must not be before. */
bool decimal_multiply(__int128 *value, __int128 top, __int128 bottom);

/* value / 10^exponent, exactly, with `exponent` digits behind the point (0..4). */
void decimal_scaled(char out[static DECIMAL_BYTES], __int128 value, int exponent);

/* A published text back, exactly: its value in ten-thousandths and how many digits stood behind the point (0..4). False for
 * anything else: "", words, a bare point, more than four decimals, more than 30 digits before them. */
bool decimal_parse(const char *text, __int128 *ten_thousandths, int *decimals);

/* numerator / denominator as an integer, half to even; neither is negative, the denominator is not 0. */
__int128 decimal_rounded(__int128 numerator, __int128 denominator);

void decimal_integer(char out[static DECIMAL_BYTES], __int128 value);

#endif
