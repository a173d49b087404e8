/* Keys and hash tags.
 *
 * All keys of a partition must be in one slot of a Redis Cluster, since a commit is one MULTI/EXEC; and the partitions of a topic
 * should spread evenly over the slots, however many partitions and shards there are. Plain tags (`{payments/3}`) fall at random:
 * of 8 partitions on 2 shards, 6 to 2 is common. So the slot is chosen first (the topic's own slot plus the bit-reversed
 * partition number: 0, 1/2, 1/4, 3/4, ... of the circle), and a suffix is searched for which the CRC falls there: 16,384 trials
 * on average, each of a few table look-ups because the CRC of the fixed part is kept; under a millisecond per claim. */
#include "aggregate/store/keys.h"

#include "check.h"

enum { SLOT_BITS = 14 };

static uint16_t crc16_more(uint16_t before, struct slice bytes) {
    uint32_t crc = before;
    for (size_t i = 0; i < bytes.length; i++) {
        crc ^= (uint32_t)(unsigned char)bytes.data[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1;
    }
    return (uint16_t)crc;
}

uint16_t crc16(struct slice bytes) {
    return crc16_more(0, bytes);
}

static uint32_t slot_wanted(struct source_partition who) {
    uint32_t number = (uint32_t)who.partition % SLOT_COUNT;
    uint32_t reversed = 0;
    for (int bit = 0; bit < SLOT_BITS; bit++)
        reversed |= ((number >> bit) & 1) << (SLOT_BITS - 1 - bit);
    return (crc16(slice_of(who.topic)) + reversed) % SLOT_COUNT;
}

static struct slice base36(uint32_t number, char out[static 8]) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    size_t at = 8;
    do {
        out[--at] = digits[number % 36];
        number /= 36;
    } while (number > 0);
    return (struct slice){out + at, 8 - at};
}

/* The only things that may stand between the colons and braces of a key. */
static bool plain(const char *text, size_t length_max) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(text);
    return length > 0 && length <= length_max && strspn(text, allowed) == length;
}

static bool name_space_fits(const char *name_space, struct fault *fault) {
    if (plain(name_space, NAMESPACE_BYTES_MAX)) return true;
    return fault_set(fault, STOP_SETTING, false, "namespace: \"%.80s\" is not 1 to %d characters of A-Z a-z 0-9 . _ -",
                     name_space, NAMESPACE_BYTES_MAX);
}

bool keys_create(struct keys *keys, const char *name_space, struct source_partition who, struct fault *fault) {
    if (!name_space_fits(name_space, fault)) return false;
    if (!plain(who.topic, TOPIC_BYTES_MAX) || who.partition < 0) {
        return fault_set(fault, STOP_SETTING, false, "topic \"%.249s\" partition %d: not a name and number that Kafka allows",
                         who.topic, who.partition);
    }
    int start = snprintf(keys->tag, sizeof(keys->tag), "%s/%d/", who.topic, who.partition);
    CHECK(start > 0 && (size_t)start < sizeof(keys->tag) - 8);
    memcpy(keys->name_space, name_space, strlen(name_space) + 1);

    uint32_t wanted = slot_wanted(who);
    uint16_t begun = crc16((struct slice){keys->tag, (size_t)start});
    char digits[8];
    uint32_t number = 0;
    struct slice suffix = base36(number, digits);
    while (crc16_more(begun, suffix) % SLOT_COUNT != wanted)
        suffix = base36(++number, digits);
    memcpy(keys->tag + start, suffix.data, suffix.length);
    keys->tag[(size_t)start + suffix.length] = '\0';
    return true;
}

/* Appends within the key; keys_create() has bounded all parts. */
static size_t put(struct key *out, size_t at, struct slice text) {
    CHECK(at + text.length < sizeof(out->text));
    memcpy(out->text + at, text.data, text.length);
    return at + text.length;
}

static size_t put_decimal(struct key *out, size_t at, int64_t value) {
    char digits[DECIMAL_BYTES_MAX];
    return put(out, at, decimal_text(value, digits));
}

/* NS:<letter>:{TAG} */
static size_t put_head(const struct keys *keys, struct key *out, char letter) {
    size_t at = put(out, 0, slice_of(keys->name_space));
    const char middle[4] = {':', letter, ':', '{'};
    at = put(out, at, (struct slice){middle, sizeof(middle)});
    at = put(out, at, slice_of(keys->tag));
    return put(out, at, SLICE("}"));
}

struct slice key_meta(const struct keys *keys, struct key *out) {
    return (struct slice){out->text, put_head(keys, out, 'f')};
}

struct slice key_index(const struct keys *keys, struct key *out) {
    return (struct slice){out->text, put_head(keys, out, 'i')};
}

struct slice key_born(const struct keys *keys, struct key *out) {
    return (struct slice){out->text, put_head(keys, out, 'b')};
}

struct slice key_shard_index(const struct keys *keys, enum hash_kind kind, int32_t bucket, struct key *out) {
    CHECK(kind_has_shards(kind));
    size_t at = put_head(keys, out, 'x');
    const char kind_text[2] = {':', (char)kind};
    at = put(out, at, (struct slice){kind_text, sizeof(kind_text)});
    return (struct slice){out->text, put_decimal(out, at, bucket)};
}

struct slice key_hash(const struct keys *keys, struct hash_id id, struct key *out) {
    size_t at = put_head(keys, out, (char)id.kind);
    at = put(out, at, SLICE(":"));
    at = put_decimal(out, at, id.bucket);
    if (kind_has_shards(id.kind)) {
        at = put(out, at, SLICE(":"));
        at = put_decimal(out, at, id.shard);
    }
    return (struct slice){out->text, at};
}

struct slice key_global(const char *name_space, const char *rest, struct key *out) {
    size_t at = put(out, 0, slice_of(name_space));
    at = put(out, at, SLICE(":"));
    return (struct slice){out->text, put(out, at, slice_of(rest))};
}

bool kind_known(char letter) {
    return letter != '\0' && strchr("dmhglstauyw", letter) != NULL;
}

bool kind_has_shards(enum hash_kind kind) {
    return kind == HASH_LEDGER || kind == HASH_SKETCH_ACCOUNT || kind == HASH_ACCOUNT || kind == HASH_UNIT;
}

struct slice index_field(enum hash_kind kind, int32_t bucket, char out[static INDEX_FIELD_BYTES_MAX]) {
    out[0] = (char)kind;
    if (kind == HASH_ACCOUNT || kind == HASH_UNIT) return (struct slice){out, 1};
    char digits[DECIMAL_BYTES_MAX];
    struct slice text = decimal_text(bucket, digits);
    memcpy(out + 1, text.data, text.length);
    return (struct slice){out, text.length + 1};
}

bool index_field_read(struct slice field, enum hash_kind *kind, int32_t *bucket) {
    if (field.length == 0 || !kind_known(field.data[0])) return false;
    *kind = (enum hash_kind)field.data[0];
    *bucket = 0;
    if (*kind == HASH_ACCOUNT || *kind == HASH_UNIT) return field.length == 1;
    int64_t number = 0;
    if (!decimal_read((struct slice){field.data + 1, field.length - 1}, &number)) return false;
    if (number < INT32_MIN || number > INT32_MAX) return false;
    *bucket = (int32_t)number;
    return true;
}

int hash_id_compare(struct hash_id a, struct hash_id b) {
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    if (a.bucket != b.bucket) return a.bucket < b.bucket ? -1 : 1;
    if (a.shard != b.shard) return a.shard < b.shard ? -1 : 1;
    return 0;
}
