/* The names of hashes in an archive, and writing one: see archive.h, schemas/backup.md.
 *
 *     header (text, with its own check)
 *     blocks: packed bytes, plain bytes, zstd frame, check over (header's check, number, sizes, frame)
 *     a block of nothing, then one line: blocks, bytes, hashes, fields, SHA-256 of everything before it
 *
 * Each check covers the header's, so that a block of another file does not fit, and its own number, so that blocks cannot change
 * places: what is wrong is found at its byte, not only that something is. The body is one stream; blocks cut it where they are
 * full.
 *
 * What was not done: Redis' own RDB or DUMP (an image of one version's encodings, not of our layout), a file of commands (nothing
 * in it could be checked), tar (names and times that mean nothing here). */
#include "aggregate/backup/archive_parts.h"

#include "aggregate/runtime/squeeze.h"
#include "check.h"

struct archive_writer {
    FILE *file;
    struct squeeze *squeeze;
    struct digest all; /* everything written so far */
    uint8_t header_check[DIGEST_RAW_BYTES];
    char *plain;
    size_t plain_bytes;
    char *packed;
    struct archive_totals totals;
    struct archive_key last_key;
    size_t pairs_left;
    struct resp last_field;
    bool begun;
};

int archive_key_compare(struct archive_key a, struct archive_key b) {
    if (a.group != b.group) return a.group < b.group ? -1 : 1;
    return hash_id_compare(a.id, b.id);
}

static int key_print(struct archive_key key, char out[static ARCHIVE_KEY_TEXT_BYTES]) {
    const struct hash_id id = key.id;
    switch (key.group) {
    case ARCHIVE_META:
        return snprintf(out, ARCHIVE_KEY_TEXT_BYTES, "f");
    case ARCHIVE_INDEX:
        return snprintf(out, ARCHIVE_KEY_TEXT_BYTES, "i");
    case ARCHIVE_SHARDS:
        return snprintf(out, ARCHIVE_KEY_TEXT_BYTES, "x:%c%d", (char)id.kind, id.bucket);
    case ARCHIVE_HASH:
        break;
    }
    if (kind_has_shards(id.kind)) return snprintf(out, ARCHIVE_KEY_TEXT_BYTES, "%c:%d:%u", (char)id.kind, id.bucket, id.shard);
    return snprintf(out, ARCHIVE_KEY_TEXT_BYTES, "%c:%d", (char)id.kind, id.bucket);
}

struct slice archive_key_text(struct archive_key key, char out[static ARCHIVE_KEY_TEXT_BYTES]) {
    int length = key_print(key, out);
    CHECK(length > 0 && length < ARCHIVE_KEY_TEXT_BYTES);
    return (struct slice){out, (size_t)length};
}

static bool read_number(struct slice text, int64_t min, int64_t max, int64_t *value) {
    return decimal_read(text, value) && *value >= min && *value <= max;
}

/* `<bucket>` or `<bucket>:<shard>`, behind the kind. */
static bool read_place(struct slice rest, bool shard_follows, struct hash_id *id) {
    int64_t bucket = 0;
    int64_t shard = 0;
    if (shard_follows) {
        const char *colon = memchr(rest.data, ':', rest.length);
        if (colon == NULL) return false;
        size_t length = (size_t)(colon - rest.data);
        if (!read_number((struct slice){colon + 1, rest.length - length - 1}, 0, UINT32_MAX, &shard)) return false;
        rest.length = length;
    }
    id->shard = (uint32_t)shard;
    if (!read_number(rest, INT32_MIN, INT32_MAX, &bucket)) return false;
    id->bucket = (int32_t)bucket;
    return true;
}

/* Whatever is read must be spelt as it would be written: so there is one text for one key. */
bool archive_key_read(struct slice text, struct archive_key *key) {
    char again[ARCHIVE_KEY_TEXT_BYTES];
    *key = (struct archive_key){.group = ARCHIVE_META};
    if (slice_equal(text, SLICE("f"))) return true;
    key->group = ARCHIVE_INDEX;
    if (slice_equal(text, SLICE("i"))) return true;
    if (text.length < 3 || text.length >= ARCHIVE_KEY_TEXT_BYTES || text.data[1] != ':') return false;
    bool shards = text.data[0] == 'x';
    char kind = shards ? text.data[2] : text.data[0];
    struct slice rest = shards ? (struct slice){text.data + 3, text.length - 3} : (struct slice){text.data + 2, text.length - 2};
    if (!kind_known(kind) || (shards && !kind_has_shards((enum hash_kind)kind))) return false;
    key->group = shards ? ARCHIVE_SHARDS : ARCHIVE_HASH;
    key->id.kind = (enum hash_kind)kind;
    if (!read_place(rest, !shards && kind_has_shards(key->id.kind), &key->id)) return false;
    return slice_equal(archive_key_text(*key, again), text);
}

struct slice archive_key_name(struct archive_key key, const struct keys *keys, struct key *out) {
    switch (key.group) {
    case ARCHIVE_META:
        return key_meta(keys, out);
    case ARCHIVE_INDEX:
        return key_index(keys, out);
    case ARCHIVE_SHARDS:
        return key_shard_index(keys, key.id.kind, key.id.bucket, out);
    case ARCHIVE_HASH:
        return key_hash(keys, key.id, out);
    }
    UNREACHABLE();
}

void archive_file_name(const char *topic, int32_t partition, char out[static ARCHIVE_FILE_NAME_BYTES]) {
    int length = snprintf(out, ARCHIVE_FILE_NAME_BYTES, "%s-%d.nhip", topic, partition);
    CHECK(length > 0 && length < ARCHIVE_FILE_NAME_BYTES);
}

void block_check(const uint8_t header_check[static DIGEST_RAW_BYTES], int64_t number, struct slice bytes,
                 uint8_t out[static DIGEST_RAW_BYTES]) {
    struct digest digest;
    char text[DECIMAL_BYTES_MAX];
    digest_begin(&digest);
    digest_add(&digest, (struct slice){(const char *)header_check, DIGEST_RAW_BYTES});
    digest_add(&digest, decimal_text(number, text));
    digest_add(&digest, SLICE("\n"));
    digest_add(&digest, bytes);
    digest_end(&digest, out);
}

static void put_out(struct archive_writer *writer, struct slice bytes) {
    digest_add(&writer->all, bytes);
    (void)fwrite(bytes.data, 1, bytes.length, writer->file);
}

static void put_size(char *at, size_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (char)(unsigned char)(value >> (8 * i) & 0xFF);
}

/* What is gathered becomes a block; nothing gathered: the block that ends the body. */
static void put_block(struct archive_writer *writer) {
    uint8_t check[DIGEST_RAW_BYTES];
    size_t packed =
        writer->plain_bytes == 0
            ? 0
            : squeeze_pack(writer->squeeze, writer->plain, writer->plain_bytes, writer->packed + BLOCK_SIZES_BYTES);
    put_size(writer->packed, packed);
    put_size(writer->packed + 4, writer->plain_bytes);
    const struct slice bytes = {writer->packed, BLOCK_SIZES_BYTES + packed};
    block_check(writer->header_check, writer->totals.blocks, bytes, check);
    put_out(writer, bytes);
    put_out(writer, (struct slice){(const char *)check, BLOCK_CHECK_BYTES});
    if (writer->plain_bytes > 0) writer->totals.blocks++;
    writer->totals.body_bytes += (int64_t)writer->plain_bytes;
    writer->plain_bytes = 0;
}

static void put_body(struct archive_writer *writer, struct slice bytes) {
    while (bytes.length > 0) {
        size_t room = ARCHIVE_BLOCK_BYTES - writer->plain_bytes;
        size_t length = bytes.length < room ? bytes.length : room;
        memcpy(writer->plain + writer->plain_bytes, bytes.data, length);
        writer->plain_bytes += length;
        bytes.data += length;
        bytes.length -= length;
        if (writer->plain_bytes == ARCHIVE_BLOCK_BYTES) put_block(writer);
    }
}

static void put_number(struct archive_writer *writer, size_t value) {
    char bytes[10];
    size_t length = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[length++] = (char)(unsigned char)(value | 0x80);
    bytes[length++] = (char)(unsigned char)value;
    put_body(writer, (struct slice){bytes, length});
}

static void put_text(struct archive_writer *writer, struct slice text) {
    put_number(writer, text.length);
    put_body(writer, text);
}

static size_t line_count(const char *text) {
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void put_header(struct archive_writer *writer, const struct archive_header *header) {
    char *text = NULL;
    size_t length = 0;
    char check[DIGEST_TEXT_BYTES];
    FILE *memory = open_memstream(&text, &length);
    CHECK_MEMORY(memory != NULL);
    (void)fprintf(memory, "nhip-backup %d\ntopic %s\npartition %d\ncluster %s\nlayout %lld\nconfig %s\n", ARCHIVE_VERSION,
                  header->topic, header->partition, header->cluster, (long long)header->layout, header->configuration);
    (void)fprintf(memory, "next %lld\ntail_offset %lld\ntail_print %llu\nnamespace %s\ntaken %s\nengine %s\nsettings %zu\n%s",
                  (long long)header->next, (long long)header->tail_offset, (unsigned long long)header->tail_print,
                  header->name_space, header->taken, header->engine, line_count(header->settings), header->settings);
    CHECK(fclose(memory) == 0 && length < ARCHIVE_HEADER_BYTES_MAX - HEADER_CHECK_BYTES);
    struct digest digest;
    digest_begin(&digest);
    digest_add(&digest, (struct slice){text, length});
    digest_end(&digest, writer->header_check);
    digest_text(writer->header_check, check);
    put_out(writer, (struct slice){text, length});
    put_out(writer, SLICE("check "));
    put_out(writer, slice_of(check));
    put_out(writer, SLICE("\n"));
    free(text);
}

struct archive_writer *archive_begin(FILE *file, const struct archive_header *header) {
    struct archive_writer *writer = calloc(1, sizeof(*writer));
    CHECK_MEMORY(writer != NULL);
    writer->file = file;
    writer->squeeze = squeeze_create();
    writer->plain = malloc(ARCHIVE_BLOCK_BYTES);
    writer->packed = malloc(BLOCK_SIZES_BYTES + squeeze_bound(ARCHIVE_BLOCK_BYTES));
    CHECK_MEMORY(writer->plain != NULL && writer->packed != NULL);
    digest_begin(&writer->all);
    put_header(writer, header);
    return writer;
}

void archive_hash(struct archive_writer *writer, struct archive_key key, size_t pairs) {
    char text[ARCHIVE_KEY_TEXT_BYTES];
    CHECK(writer->pairs_left == 0 && (!writer->begun || archive_key_compare(writer->last_key, key) < 0));
    writer->begun = true;
    writer->last_key = key;
    writer->pairs_left = pairs;
    resp_clear(&writer->last_field);
    writer->totals.hashes++;
    put_text(writer, archive_key_text(key, text));
    put_number(writer, pairs);
}

int bytes_compare(struct slice a, struct slice b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0) return order;
    return (a.length > b.length) - (a.length < b.length);
}

void archive_pair(struct archive_writer *writer, struct slice field, struct slice value) {
    struct resp *last = &writer->last_field;
    CHECK(writer->pairs_left > 0);
    CHECK(last->length == 0 || bytes_compare((struct slice){last->data, last->length}, field) < 0);
    writer->pairs_left--;
    resp_clear(last);
    resp_append(last, field);
    writer->totals.fields++;
    put_text(writer, field);
    put_text(writer, value);
}

struct archive_totals archive_finish(struct archive_writer *writer) {
    struct archive_totals totals;
    uint8_t raw[DIGEST_RAW_BYTES];
    char all[DIGEST_TEXT_BYTES];
    CHECK(writer->pairs_left == 0);
    if (writer->plain_bytes > 0) put_block(writer);
    put_block(writer);
    totals = writer->totals;
    digest_end(&writer->all, raw);
    digest_text(raw, all);
    (void)fprintf(writer->file, ARCHIVE_END_FORMAT, (long long)totals.blocks, (long long)totals.body_bytes,
                  (long long)totals.hashes, (long long)totals.fields, all);
    squeeze_destroy(writer->squeeze);
    resp_free(&writer->last_field);
    free(writer->plain);
    free(writer->packed);
    free(writer);
    return totals;
}
