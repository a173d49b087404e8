/* jansson keeps numbers as long long or double and refuses a whole text because of one number that fits neither.
 * Our contract refuses such a number only in a field that is read, and there no fraction or exponent is ever
 * accepted. So those numbers are replaced by one that jansson likes and that every rule refuses as "not an
 * integer"; bytes keep their places, so positions stay true. */
#include "ingest/decode_tame.h"

#include "check.h"

#include <stdlib.h>

enum { DIGITS_SAFE = 18 };

static bool number_byte(char byte) {
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E';
}

/* `at` is the first byte of a number outside strings; returns its end. */
static size_t tame_number(char *text, size_t at, size_t length) {
    size_t end = at;
    bool wild = false;
    for (; end < length && number_byte(text[end]); end++) wild |= text[end] == '.' || text[end] == 'e' || text[end] == 'E';
    size_t digits = end - at - (text[at] == '-');
    if (!wild && digits <= DIGITS_SAFE) return end;
    memset(text + at, ' ', end - at);
    memcpy(text + at, "0.5", end - at < 3 ? end - at : 3);
    return end;
}

char *json_tame(struct slice document) {
    char *text = malloc(document.length + 1);
    CHECK_MEMORY(text != NULL);
    memcpy(text, document.data, document.length);
    text[document.length] = '\0';
    bool in_string = false;
    for (size_t i = 0; i < document.length;) {
        if (in_string) {
            if (text[i] == '"') in_string = false;
            i += text[i] == '\\' ? 2 : 1;
        } else if (text[i] == '"') {
            in_string = true;
            i++;
        } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
            i = tame_number(text, i, document.length);
        } else {
            i++;
        }
    }
    return text;
}
