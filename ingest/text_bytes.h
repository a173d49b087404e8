/* Bytes inside text: whether they are text already (UTF-8), and base64 for those that are not. Pure. */
#ifndef NHIP_TEXT_BYTES_H
#define NHIP_TEXT_BYTES_H

#include "slice.h"

/* Well-formed UTF-8 from end to end; no bytes are. */
bool bytes_are_utf8(struct slice bytes);
/* The same without a NUL: what text in JSON may hold. */
bool bytes_are_text(struct slice bytes);

/* Writes base64 (RFC 4648, with padding, no line ends), four characters for each three bytes begun; returns the end. */
char *base64_put(char *out, struct slice bytes);
/* Reads what base64_put() writes and nothing else (no blanks, no loose bits). `out` may be where the text stands. False: it is
 * not of that form. */
bool base64_read(struct slice text, char *out, size_t *length);

#endif
