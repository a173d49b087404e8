/* Pulse cells as texts, the same in the rolling windows and in the stream. Any thread. */
#ifndef NHIP_PULSE_TEXT_H
#define NHIP_PULSE_TEXT_H

#include "slice.h"

#include <stdint.h>

__extension__ typedef __int128 wide; /* sums are decimal integers of any length in Redis; 38 digits are beyond any economy */

enum { FACET_NAME_BYTES = 160, WIDE_BYTES = 41 };

/* `family|outlet|instrument|context|outcome` and `suffix`; `_Z` for absent, a decline with `:reason class`. */
struct slice facet_name(uint64_t facet, const char *suffix, char out[static FACET_NAME_BYTES]);
/* Decimal; the slice points into `out`, which is not terminated. */
struct slice wide_text(wide value, char out[static WIDE_BYTES]);

#endif
