/* RESP is counted strings: `*3\r\n$4\r\nHSET\r\n$1\r\nk\r\n...`. There is nothing to escape, so a command is written by copying
 * its arguments once, straight into the bytes that go to the socket and stay there until the commit is confirmed.
 *
 * What was not done: hiredis' own formatting (redisAppendCommandArgv): it wants arrays of pointers for a whole variadic HSET
 * first, and its context owns the bytes, so that nobody can say what was sent when the connection dies. */
#include "aggregate/store/resp.h"

#include "check.h"

#include <stdlib.h>

enum { RESP_BYTES_FIRST = 4096 };

static void reserve(struct resp *resp, size_t extra) {
    size_t wanted = resp->length + extra;
    if (wanted <= resp->capacity) return;
    size_t capacity = resp->capacity == 0 ? RESP_BYTES_FIRST : resp->capacity;
    while (capacity < wanted)
        capacity *= 2;
    resp->data = realloc(resp->data, capacity);
    CHECK_MEMORY(resp->data != NULL);
    resp->capacity = capacity;
}

void resp_append(struct resp *resp, struct slice bytes) {
    if (bytes.length == 0) return;
    reserve(resp, bytes.length);
    memcpy(resp->data + resp->length, bytes.data, bytes.length);
    resp->length += bytes.length;
}

void resp_clear(struct resp *resp) {
    resp->length = 0;
}

void resp_free(struct resp *resp) {
    free(resp->data);
    *resp = (struct resp){0};
}

/* `mark`, a count, CR LF. */
static char *put_count(char *at, char mark, size_t count) {
    char digits[DECIMAL_BYTES_MAX];
    struct slice text = decimal_text((int64_t)count, digits);
    *at++ = mark;
    memcpy(at, text.data, text.length);
    at += text.length;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

void resp_begin(struct resp *resp, size_t arguments) {
    reserve(resp, DECIMAL_BYTES_MAX + 3);
    char *end = put_count(resp->data + resp->length, '*', arguments);
    resp->length = (size_t)(end - resp->data);
}

void resp_argument(struct resp *resp, struct slice argument) {
    reserve(resp, argument.length + DECIMAL_BYTES_MAX + 5);
    char *at = put_count(resp->data + resp->length, '$', argument.length);
    if (argument.length > 0) memcpy(at, argument.data, argument.length);
    at += argument.length;
    *at++ = '\r';
    *at++ = '\n';
    resp->length = (size_t)(at - resp->data);
}

void resp_integer(struct resp *resp, int64_t argument) {
    char digits[DECIMAL_BYTES_MAX];
    resp_argument(resp, decimal_text(argument, digits));
}

void resp_words(struct resp *resp, const struct slice *words, size_t count) {
    resp_begin(resp, count);
    for (size_t i = 0; i < count; i++)
        resp_argument(resp, words[i]);
}

struct slice decimal_text(int64_t value, char out[static DECIMAL_BYTES_MAX]) {
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t at = DECIMAL_BYTES_MAX - 1;
    out[at] = '\0';
    do {
        out[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) out[--at] = '-';
    return (struct slice){out + at, DECIMAL_BYTES_MAX - 1 - at};
}

bool decimal_read(struct slice text, int64_t *value) {
    bool negative = text.length > 0 && text.data[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == text.length) return false;
    int64_t result = 0;
    for (; i < text.length; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9) return false;
        /* Built up below zero, because INT64_MIN has no positive twin. */
        if (__builtin_mul_overflow(result, 10, &result) || __builtin_sub_overflow(result, digit, &result)) return false;
    }
    if (!negative && result == INT64_MIN) return false;
    *value = negative ? result : -result;
    return true;
}
