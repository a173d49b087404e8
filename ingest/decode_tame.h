/* Makes well-formed JSON digestible for jansson, which refuses numbers that the contract merely skips (1e400,
 * 2^64). */
#ifndef NHIP_DECODE_TAME_H
#define NHIP_DECODE_TAME_H

#include "slice.h"

/* A copy of `document` (well-formed JSON) of the same length, in which every number with a fraction, an exponent
 * or more than 18 digits reads 0.5 and spaces: still a number, still no integer, and whoever needs its text has
 * the original. The caller frees it. Any thread. */
char *json_tame(struct slice document);

#endif
