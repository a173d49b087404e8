/* What compiling and reading of rules share: constants and digests. */
#ifndef NHIP_MAPPING_VALUE_H
#define NHIP_MAPPING_VALUE_H

#include "ingest/mapping_inner.h"
#include "ingest/mapping_money.h"

enum { DIGEST_BYTES = 34 };

/* `x:` and 32 hex digits of XXH3-128 (seed 0, high half first). */
void text_digest(struct slice text, char out[static DIGEST_BYTES]);

/* Whether a text is printable ASCII. */
bool text_is_printable(struct slice text);

/* Whether a text is an id: 1..64 printable ASCII. */
bool text_is_id(struct slice text);

/* Two capital letters, big endian; 0 for anything else. */
int64_t country_number(struct slice text);

#endif
