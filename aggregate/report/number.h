/* Published decimals as people read them: "1234.50" is 1.234,50 in Vietnamese and 1,234.50 in English. The digits are never
 * changed; comparing and subtracting is exact. Pure. */
#ifndef NHIP_REPORT_NUMBER_H
#define NHIP_REPORT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_BYTES = 80, NUMBER_DIGITS_MAX = 30, NUMBER_SCALE = 10000, NUMBER_DECIMALS_MAX = 4 };

enum language { VIETNAMESE = 0, ENGLISH = 1, LANGUAGE_COUNT = 2 };

/* A decimal of obs.csv in units of 1/NUMBER_SCALE; false for anything else ("", words, more than four decimals). */
bool number_read(const char *decimal, __int128 *value);
/* Digits in groups of three, the sign as a minus (U+2212). What is no decimal is copied as it is. */
void number_write(const char *decimal, enum language language, char out[static NUMBER_BYTES]);
/* first - second with as many decimals as the longer one, always with a sign ("+0.08", "-30.00"; "0.00" for none). False when one
 * of the two is no decimal. */
bool number_difference(const char *first, const char *second, char out[static NUMBER_BYTES]);
/* part / whole in 1/10,000, limited to 0..10,000: where a mark stands on an axis. */
int number_position(__int128 part, __int128 whole);

#endif
