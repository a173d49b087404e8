/* The slow, plain reader of the same contract; private to decode_reference*.c. */
#ifndef NHIP_DECODE_REFERENCE_H
#define NHIP_DECODE_REFERENCE_H

#include "ingest/decode_inner.h"

struct plain_reader {
    const struct decoder *decoder; /* for its secret and its home currency and country only */
    struct slice message;
    size_t at;
    struct reading *reading;
    struct rejection *rejection;
};

enum plain_kind { PLAIN_NONE = 0, PLAIN_STRING, PLAIN_NUMBER, PLAIN_TRUE, PLAIN_FALSE, PLAIN_NULL, PLAIN_OPEN };

struct plain_token {
    enum plain_kind kind;
    size_t begin; /* of its first byte, the quote of a string */
    size_t end;
};

/* Fills the rejection; always false. */
bool plain_refuse(const struct plain_reader *reader, enum reason reason, size_t at, const char *field);

/* Grammar: reads the token at reader->at (spaces before it are gone). An object or array is not entered:
 * PLAIN_OPEN. */
bool plain_token(struct plain_reader *reader, struct plain_token *token);
/* Any value, entered and thrown away; `depth` = number of values it is inside of. */
bool plain_skip(struct plain_reader *reader, int depth);
void plain_space(struct plain_reader *reader);
/* The byte at reader->at, or -1 at the end. */
int plain_peek(const struct plain_reader *reader);
/* That byte must come next, else not_json. */
bool plain_expect(struct plain_reader *reader, char byte);

/* Meaning: judges a value token of a field that is read, and stores it. `text` is the string as jansson unescapes
 * it. */
bool plain_judge(struct plain_reader *reader, enum field field, const struct plain_token *token, struct slice text);

/* The whole: rules between fields, and the event. */
bool plain_derive(const struct plain_reader *reader, struct event *event);

#endif
