/* What somebody may have meant: how far two words are from each other. Any thread. */
#ifndef NHIP_NEAREST_H
#define NHIP_NEAREST_H

#include <stddef.h>

/* Characters that must be put in, taken out or changed to make `b` of `a` (Levenshtein); SIZE_MAX when `b` has 63 or more. */
size_t text_distance(const char *a, const char *b);

#endif
