/* Text in, text out: a figure that went through a double could come out with another last digit, and the page must show what
 * obs.csv holds, cell by cell. */
#include "aggregate/report/number.h"

#include "aggregate/snapshot/decimal.h"

#include <stdio.h>
#include <string.h>

static const char minus[] = "\xE2\x88\x92";

/* Digits before the point; 0 when the text is no decimal. */
static size_t whole_digits(const char *digits) {
    size_t whole = strspn(digits, "0123456789");
    if (whole == 0 || whole > NUMBER_DIGITS_MAX) return 0;
    if (digits[whole] == '\0') return whole;
    if (digits[whole] != '.') return 0;
    size_t decimals = strspn(digits + whole + 1, "0123456789");
    return decimals > 0 && decimals <= NUMBER_DECIMALS_MAX && digits[whole + 1 + decimals] == '\0' ? whole : 0;
}

void number_write(const char *decimal, enum language language, char out[static NUMBER_BYTES]) {
    bool negative = decimal[0] == '-';
    const char *digits = decimal + (negative || decimal[0] == '+');
    size_t whole = whole_digits(digits);
    if (whole == 0) {
        (void)snprintf(out, NUMBER_BYTES, "%s", decimal);
        return;
    }
    const char group = language == VIETNAMESE ? '.' : ',';
    const char point = language == VIETNAMESE ? ',' : '.';
    size_t length = (size_t)snprintf(out, NUMBER_BYTES, "%s", negative ? minus : decimal[0] == '+' ? "+" : "");
    for (size_t i = 0; digits[i] != '\0'; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0) out[length++] = group;
        out[length++] = digits[i] == '.' ? point : digits[i];
    }
    out[length] = '\0';
}

bool number_read(const char *decimal, __int128 *value) {
    int decimals;
    return decimal_parse(decimal, value, &decimals);
}

bool number_difference(const char *first, const char *second, char out[static NUMBER_BYTES]) {
    __int128 one = 0;
    __int128 two = 0;
    int decimals = 0;
    int others = 0;
    char digits[DECIMAL_BYTES];
    if (!decimal_parse(first, &one, &decimals) || !decimal_parse(second, &two, &others)) return false;
    if (others > decimals) decimals = others;
    __int128 gap = one - two;
    for (int i = decimals; i < NUMBER_DECIMALS_MAX; i++)
        gap /= 10;
    decimal_scaled(digits, gap, decimals);
    (void)snprintf(out, NUMBER_BYTES, "%s%s", gap > 0 ? "+" : "", digits);
    return true;
}

int number_position(__int128 part, __int128 whole) {
    if (whole <= 0 || part <= 0) return 0;
    if (part >= whole) return 10000;
    return (int)(part * 10000 / whole);
}
