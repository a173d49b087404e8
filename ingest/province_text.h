/* Writing JSON by hand: bytes appended to one fixed buffer. No escaping: the province only writes strings that need none. */
#ifndef NHIP_PROVINCE_TEXT_H
#define NHIP_PROVINCE_TEXT_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROVINCE_TEXT_BYTES = 96 * 1024 };

struct province_text {
    char data[PROVINCE_TEXT_BYTES];
    size_t length;
};

/* Exceeding the buffer is a programmer's error (checked). */
void province_text_bytes(struct province_text *text, const char *bytes, size_t length);
void province_text_string(struct province_text *text, const char *string);
void province_text_number(struct province_text *text, int64_t number);
void province_text_hex(struct province_text *text, uint64_t number); /* 16 digits */
void province_text_date(struct province_text *text, int32_t day);    /* YYYY-MM-DD, without quotes */
/* RFC 3339 in quotes, with +07:00 and milliseconds. */
void province_text_time(struct province_text *text, int64_t time_ms);
/* RFC 3339 in UTC with Z, without quotes. */
void province_text_utc(struct province_text *text, int64_t time_ms);

/* ,"NAME":"VALUE" */
void province_text_field(struct province_text *text, const char *name, const char *value);

#define PROVINCE_TEXT(text, literal) province_text_bytes((text), (literal), sizeof(literal) - 1)

static inline struct slice province_text_slice(const struct province_text *text) {
    return (struct slice){text->data, text->length};
}

#endif
