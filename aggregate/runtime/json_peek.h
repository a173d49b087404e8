/* The raw text of one value in a JSON object that is known to be well-formed: for showing things to people. */
#ifndef NHIP_JSON_PEEK_H
#define NHIP_JSON_PEEK_H

#include "slice.h"

/* Finds the first `key` (which needs no escapes) at the top of `object` and cuts its value out, as it is written. False
 * when it is not there or the text is no object; whatever the bytes are, nothing beyond them is read. Any thread. */
bool json_peek(struct slice object, const char *key, struct slice *value);

#endif
