/* Events as text, field by field: for fixtures (key=value lines) and for comparing what two decoders made of one
 * message. */
#ifndef NHIP_TESTS_EVENT_TEXT_H
#define NHIP_TESTS_EVENT_TEXT_H

#include "decode.h"

/* A decoder with a fixed secret, VND and VN; ends the process when that fails. */
struct decoder *test_decoder(void);

/* Writes the field called `key` (a member's name, or document_bytes) to `out`: codes by name, times in ms or
 * "none". False for unknown keys. */
bool event_field_text(const struct event *event, const char *key, char *out, size_t bytes);

/* Name of the first member that differs, or NULL. Slices are compared by their bytes. */
const char *event_difference(const struct event *a, const struct event *b);

#endif
