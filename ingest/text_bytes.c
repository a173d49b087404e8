/* UTF-8 and base64, for records inside lines of JSON (dead letters, archives): well-formed bytes stand in a JSON string, where a
 * person can read them; all others in base64, so that nothing is lost or repaired on the way. */
#include "ingest/text_bytes.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Length of the well-formed UTF-8 sequence at `bytes`, 0 when there is none (Unicode 15, table 3-7). */
static size_t utf8_sequence(const unsigned char *bytes, size_t left) {
    unsigned char lead = bytes[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (left < length) return 0;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (bytes[1] < low || bytes[1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
    }
    return length;
}

bool bytes_are_utf8(struct slice bytes) {
    for (size_t i = 0, step; i < bytes.length; i += step) {
        step = utf8_sequence((const unsigned char *)bytes.data + i, bytes.length - i);
        if (step == 0) return false;
    }
    return true;
}

bool bytes_are_text(struct slice bytes) {
    return bytes_are_utf8(bytes) && (bytes.length == 0 || memchr(bytes.data, '\0', bytes.length) == NULL);
}

char *base64_put(char *out, struct slice bytes) {
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t left = bytes.length - i;
        uint32_t word = (uint32_t)(unsigned char)bytes.data[i] << 16;
        if (left > 1) word |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
        if (left > 2) word |= (uint32_t)(unsigned char)bytes.data[i + 2];
        *out++ = digits[word >> 18];
        *out++ = digits[word >> 12 & 63];
        *out++ = left > 1 ? digits[word >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[word & 63] : '=';
    }
    return out;
}

static int digit_value(char digit) {
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);
    return at == NULL ? -1 : (int)(at - digits);
}

/* The four characters at `text`, of which the last `padding` are `=`. */
static bool read_word(const char *text, size_t padding, uint32_t *word) {
    *word = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - padding ? digit_value(text[i]) : 0;
        if (value < 0) return false;
        *word = *word << 6 | (uint32_t)value;
    }
    return padding == 0 || (*word & ((1U << (8 * padding)) - 1)) == 0;
}

bool base64_read(struct slice text, char *out, size_t *length) {
    if (text.length % 4 != 0) return false;
    size_t made = 0;
    for (size_t i = 0; i < text.length; i += 4) {
        uint32_t word;
        bool last = i + 4 == text.length;
        size_t padding = !last || text.data[i + 3] != '=' ? 0 : text.data[i + 2] != '=' ? 1 : 2;
        if (!read_word(text.data + i, padding, &word)) return false;
        out[made++] = (char)(unsigned char)(word >> 16);
        if (padding < 2) out[made++] = (char)(unsigned char)(word >> 8 & 0xff);
        if (padding < 1) out[made++] = (char)(unsigned char)(word & 0xff);
    }
    *length = made;
    return true;
}
