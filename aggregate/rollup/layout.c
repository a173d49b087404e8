/* Text of fields and values, written by hand because a commit formats every changed cell: about 30 ns instead of
 * printf's 200.
 *
 * The reader is strict (digits only, no signs, no leading nothing): what does not parse was not written by us, and
 * adding to it would hide the damage. Sums have any length in the layout; here they are 128 bits, 38 digits, which is
 * 10^19 events of the greatest possible amount. */
#include "aggregate/rollup/layout.h"

#include "check.h"

static const char base64url[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; /* no NUL is meant */

static const enum hash_kind kinds[RANK_COUNT] = {
    [RANK_LEDGER] = HASH_LEDGER,
    [RANK_HISTOGRAM] = HASH_HISTOGRAM,
    [RANK_HOUR] = HASH_HOUR,
    [RANK_LATE] = HASH_LATE,
    [RANK_DELAY] = HASH_DELAY,
    [RANK_MINUTE] = HASH_MINUTE,
    [RANK_SKETCH_DAY] = HASH_SKETCH_DAY,
    [RANK_SKETCH_MONTH] = HASH_SKETCH_MONTH,
    [RANK_SKETCH_ACCOUNT] = HASH_SKETCH_ACCOUNT,
};

enum kind_rank rank_of_kind(enum hash_kind kind) {
    for (int rank = 1; rank < RANK_COUNT; rank++) {
        if (kinds[rank] == kind) return (enum kind_rank)rank;
    }
    return RANK_NONE;
}

struct hash_id layout_hash_id(uint64_t place) {
    uint32_t shard = rank_has_shards(place_rank(place)) ? (uint32_t)place >> SHARD_ACCOUNTS_LOG2 : 0;
    return (struct hash_id){kinds[place_rank(place)], place_bucket(place), shard};
}

uint64_t layout_place(struct hash_id id) {
    enum kind_rank rank = rank_of_kind(id.kind);
    CHECK(rank != RANK_NONE);
    CHECK(id.bucket > -BUCKET_BIAS && id.bucket < (1 << BUCKET_BITS) - BUCKET_BIAS);
    CHECK(id.shard == 0 || rank_has_shards(rank));
    CHECK(id.shard <= UINT32_MAX >> SHARD_ACCOUNTS_LOG2);
    return place_of(rank, id.bucket, id.shard << SHARD_ACCOUNTS_LOG2);
}

static size_t digits(unsigned __int128 number, char *out) {
    char text[40];
    size_t length = 0;
    while (number > UINT64_MAX) {
        text[length++] = (char)('0' + (int)(number % 10));
        number /= 10;
    }
    uint64_t rest = (uint64_t)number;
    do {
        text[length++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest != 0);
    for (size_t i = 0; i < length; i++) out[i] = text[length - 1 - i];
    return length;
}

size_t layout_number(int64_t number, char out[static 24]) {
    if (number >= 0) return digits((unsigned __int128)number, out);
    out[0] = '-';
    return 1 + digits((unsigned __int128)(-(__int128)number), out + 1);
}

size_t layout_field(uint64_t place, uint64_t facet, char out[static FIELD_BYTES_MAX]) {
    facet_format(facet, out);
    uint32_t lane = (uint32_t)(place & ~place_hash(place));
    unsigned shift = 0;
    while (shift < 30 && lane >> shift >> 6 != 0) shift += 6;
    size_t length = FACET_TEXT_LENGTH;
    if (lane == 0) return length;
    for (;; shift -= 6) {
        out[length++] = base64url[lane >> shift & 63];
        if (shift == 0) return length;
    }
}

size_t layout_value(const struct amounts *amounts, char out[static VALUE_BYTES_MAX]) {
    CHECK(amounts->n >= 0);
    CHECK(amounts->sum >= 0);
    size_t length = digits((unsigned __int128)amounts->n, out);
    out[length++] = ',';
    length += digits((unsigned __int128)amounts->sum, out + length);
    if (amounts->unconverted == 0) return length;
    out[length++] = ',';
    return length + digits((unsigned __int128)amounts->unconverted, out + length);
}

bool layout_field_parse(struct slice text, uint64_t *facet, uint32_t *lane) {
    if (text.length < FACET_TEXT_LENGTH || text.length > FACET_TEXT_LENGTH + 5) return false;
    if (!facet_parse(text.data, facet)) return false;
    *lane = 0;
    for (size_t i = FACET_TEXT_LENGTH; i < text.length; i++) {
        const char *digit = memchr(base64url, text.data[i], sizeof(base64url));
        if (digit == NULL) return false;
        if (i == FACET_TEXT_LENGTH && digit == base64url) return false;
        *lane = *lane << 6 | (uint32_t)(digit - base64url);
    }
    return true;
}

/* One to `digits_max` digits from *at on; moves *at. */
static bool number_parse(struct slice text, size_t *at, size_t digits_max, __int128 *number) {
    size_t start = *at;
    *number = 0;
    while (*at < text.length && text.data[*at] >= '0' && text.data[*at] <= '9') {
        if (*at - start == digits_max) return false;
        *number = *number * 10 + (text.data[*at] - '0');
        (*at)++;
    }
    return *at > start;
}

bool layout_value_parse(struct slice text, struct amounts *amounts) {
    size_t at = 0;
    __int128 n;
    __int128 unconverted = 0;
    if (!number_parse(text, &at, 18, &n)) return false;
    if (at == text.length || text.data[at++] != ',') return false;
    if (!number_parse(text, &at, 37, &amounts->sum)) return false;
    if (at < text.length) {
        if (text.data[at++] != ',') return false;
        if (!number_parse(text, &at, 18, &unconverted)) return false;
    }
    amounts->n = (int64_t)n;
    amounts->unconverted = (int64_t)unconverted;
    return at == text.length;
}
