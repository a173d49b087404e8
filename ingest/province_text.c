/* JSON text for the synthetic province.
 *
 * A library would escape and check; here every string is ours, and the speed of the generator (a million messages in a
 * few seconds) is decided by this file. The broken records come from ingest/province_broken.c, which edits what this
 * file made. */
#include "ingest/province_text.h"

#include "check.h"
#include "ingest/province_calendar.h"

void province_text_bytes(struct province_text *text, const char *bytes, size_t length) {
    CHECK(length <= PROVINCE_TEXT_BYTES - text->length);
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
}

void province_text_string(struct province_text *text, const char *string) {
    province_text_bytes(text, string, strlen(string));
}

void province_text_number(struct province_text *text, int64_t number) {
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (number < 0) PROVINCE_TEXT(text, "-");
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    province_text_bytes(text, digits + at, sizeof digits - at);
}

void province_text_hex(struct province_text *text, uint64_t number) {
    char digits[16];
    for (int i = 15; i >= 0; i--) {
        digits[i] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
    province_text_bytes(text, digits, sizeof digits);
}

static void padded(char *out, int32_t number, int width) {
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void province_text_date(struct province_text *text, int32_t day) {
    struct province_date date = province_date_of(day);
    char out[10] = "0000-00-00";
    padded(out, date.year, 4);
    padded(out + 5, date.month, 2);
    padded(out + 8, date.day, 2);
    province_text_bytes(text, out, sizeof out);
}

static void clock_of_day(struct province_text *text, int32_t ms) {
    char out[13] = "T00:00:00.000";
    padded(out + 1, ms / 3600000, 2);
    padded(out + 4, ms / 60000 % 60, 2);
    padded(out + 7, ms / 1000 % 60, 2);
    padded(out + 10, ms % 1000, 3);
    province_text_bytes(text, out, sizeof out);
}

void province_text_time(struct province_text *text, int64_t time_ms) {
    int32_t day = province_day(time_ms);
    PROVINCE_TEXT(text, "\"");
    province_text_date(text, day);
    clock_of_day(text, (int32_t)(time_ms + PROVINCE_OFFSET_MS - (int64_t)day * PROVINCE_DAY_MS));
    PROVINCE_TEXT(text, "+07:00\"");
}

void province_text_utc(struct province_text *text, int64_t time_ms) {
    int32_t day = province_day(time_ms - PROVINCE_OFFSET_MS);
    province_text_date(text, day);
    clock_of_day(text, (int32_t)(time_ms - (int64_t)day * PROVINCE_DAY_MS));
    PROVINCE_TEXT(text, "Z");
}

void province_text_field(struct province_text *text, const char *name, const char *value) {
    PROVINCE_TEXT(text, ",\"");
    province_text_string(text, name);
    PROVINCE_TEXT(text, "\":\"");
    province_text_string(text, value);
    PROVINCE_TEXT(text, "\"");
}
