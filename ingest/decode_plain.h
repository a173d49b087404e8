/* The short way: a member that comes where it came the last time, with a value in its plainest form.
 *
 * Programs write the same keys in the same order, so the decoder guesses the next key from the one before, compares 16 or 24
 * bytes, and reads a value that it knows the type of. Everything here either does exactly what the long way
 * (decode.c) would do, or gives NULL and has changed nothing: a guess that was wrong, spaces, escapes, long codes, codes
 * outside the list, strange numbers, the last bytes of the message, all are left to it. So nothing is refused here,
 * and no rule is written twice but for what is plainly right.
 *
 * Nothing but time depends on the guesses. They are kept per thread, by kind of event and key before: the last two
 * keys that followed (behind `instrument` may come `wallet`, `scheme` or `status`). */
#ifndef NHIP_DECODE_PLAIN_H
#define NHIP_DECODE_PLAIN_H

#include "ingest/decode_print.h"
#include "ingest/decode_scan.h"

#define PLAIN static inline __attribute__((always_inline))

/* Places of the cards of the keys that followed a key, in bytes from the first card; 0: no guess. */
struct successors {
    uint16_t place[2];
};
static _Thread_local struct successors successors[KIND_COUNT][128]; /* by kind, then by the field before */

PLAIN void successors_note(struct successors *after, const struct decoder *decoder, const struct field_card *next) {
    uint16_t place = (uint16_t)((const char *)next - (const char *)decoder->cards);
    if (after->place[0] == place) return;
    after->place[1] = after->place[0];
    after->place[0] = place;
}

PLAIN const struct field_card *card_at(const struct decoder *decoder, uint16_t place) {
    return (const struct field_card *)(const void *)((const char *)decoder->cards + place);
}

static const int64_t time_end_ms = 7258118400000; /* 2200-01-01T00:00:00Z */

PLAIN void store(struct reading *reading, const struct field_card *card, int64_t number) {
    reading->number[card->field] = number;
    reading->payload += print_part(card, (uint64_t)number);
}

#if defined(__SSE2__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* Length of the printable text without escapes that starts at `text` and ends with a quote; 0 when it is something else,
 * empty, or not wholly inside blocks of 16 bytes. */
PLAIN size_t plain_length(const struct scan *scan, const char *text) {
    const char *block = text;
    for (; block <= scan->last_block; block += 16) {
        unsigned found = scan_odd(block);
        if (__builtin_expect(found == 0, 0)) continue;
        block += __builtin_ctz(found);
        return *block == '"' ? (size_t)(block - text) : 0;
    }
    return 0;
}

PLAIN const char *plain_id(const struct scan *scan, const char *text, const struct field_card *card) {
    struct reading *reading = scan->reading;
    size_t length = plain_length(scan, text);
    if (__builtin_expect(length - 1 >= ID_BYTES_MAX, 0)) return NULL;
    reading->text[card->field] = (struct slice){text, length};
    store(reading, card, (int64_t)print_hash(scan->decoder, text, length));
    return text + length + 1;
}

/* What lies before the quote equals a word of the list, or is none of this function's business. */
PLAIN const char *plain_code(const struct scan *scan, const char *text, const struct field_card *card) {
    if (__builtin_expect(text > scan->last_block, 0)) return NULL;
    unsigned quotes = scan_quotes(text);
    if (__builtin_expect(quotes == 0, 0)) return NULL;
    size_t length = (size_t)__builtin_ctz(quotes);
    uint32_t number = lexicon_find_loaded(&scan->decoder->lists[card->list], text, length);
    /* Words are compared with zeros behind their end, so a NUL before the quote would pass for one. */
    if (__builtin_expect(number == 0 || text[length - 1] == '\0', 0)) return NULL;
    scan->reading->place[card->field] = text - 1;
    store(scan->reading, card, number);
    return text + length + 1;
}

/* Only the reporting currency. A brace follows somewhere, so that four letters and a quote can be looked at. */
PLAIN const char *plain_currency(const struct scan *scan, const char *text, const struct field_card *card) {
    const struct decoder *decoder = scan->decoder;
    if (__builtin_expect(scan->end - text < 4 || lexicon_load4(text) != decoder->reporting_currency_text, 0)) return NULL;
    store(scan->reading, card, decoder->reporting_currency);
    return text + 4;
}

/* 1 to 16 digits with a comma or the brace behind them, and no leading zero. */
PLAIN const char *plain_number(const struct scan *scan, const char *at, const struct field_card *card) {
    if (__builtin_expect(at > scan->last_block || !scan_is_digit(*at), 0)) return NULL;
    uint64_t value = 0;
    const char *first = at;
    size_t digits = scan_eight_digits(at, &value);
    at += digits;
    if (digits == 8 && scan_is_digit(*at)) at += scan_eight_digits(at, &value);
    if (__builtin_expect((*at != ',' && *at != '}') || (*first == '0' && at - first > 1), 0)) return NULL;
    if (card->value == VALUE_TIME && value >= (uint64_t)time_end_ms) return NULL;
    scan->reading->place[card->field] = first;
    store(scan->reading, card, (int64_t)value);
    return at;
}

/* `at` is behind the pattern of the card: the first byte of a text, or of what should be a number. */
PLAIN const char *plain_value(const struct scan *scan, const char *at, const struct field_card *card) {
    if (card->way == SHORT_ID) return plain_id(scan, at, card);
    if (card->way == SHORT_CODE) return plain_code(scan, at, card);
    if (card->way == SHORT_NUMBER) return plain_number(scan, at, card);
    return card->way == SHORT_CURRENCY ? plain_currency(scan, at, card) : NULL;
}

/* `at` is where the key's quote should be; `after` holds the guesses. Behind the value, and the key's card; NULL: see
 * above. */
PLAIN const char *plain_member(const struct scan *scan, const char *at, const struct successors *after,
                               const struct field_card **found) {
    const struct field_card *card = card_at(scan->decoder, after->place[0]);
    if (!scan_matches(scan, at, card)) {
        card = card_at(scan->decoder, after->place[1]);
        if (!scan_matches(scan, at, card)) return NULL;
    }
    if (__builtin_expect((scan->reading->seen[0] & card->bit) != 0, 0)) return NULL;
    const char *next = plain_value(scan, at + card->length, card);
    if (__builtin_expect(next == NULL, 0)) return NULL;
    scan->reading->seen[0] |= card->bit;
    *found = card;
    return next;
}

#else

PLAIN const char *plain_member(const struct scan *scan, const char *at, const struct successors *after,
                               const struct field_card **found) {
    (void)scan;
    (void)at;
    (void)after;
    (void)found;
    return NULL;
}

#endif
#endif
