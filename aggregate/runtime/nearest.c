/* Levenshtein's distance with one row: for hints in messages about settings, parameters and codes. */
#include "aggregate/runtime/nearest.h"

#include <stdint.h>
#include <string.h>

size_t text_distance(const char *a, const char *b) {
    size_t row[64];
    size_t length = strlen(b);
    if (length >= 63) return SIZE_MAX;
    for (size_t j = 0; j <= length; j++) row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t change = diagonal + (a[i] != b[j] ? 1 : 0);
            diagonal = row[j + 1];
            size_t shorter = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            row[j + 1] = change < shorter ? change : shorter;
        }
    }
    return row[length];
}
