/* Numbering of accounts, exactly.
 *
 * The decoder offers keyed fingerprints of accounts, but a restored account has only its name, and two accounts must
 * never become one: their cells would be added for ever. So the table is keyed by an own hash of the name and the
 * bytes are compared, always. That hash has a key, too: names are written by others.
 *
 *     refs: hash(source, id) -> handle       arena: [ change, number, source, days, id bytes ] 8-byte aligned, never moved
 *
 * An account with a 12-byte id takes 72 bytes and about 12 in refs. First and last days only ever widen (minimum,
 * maximum), so late and disordered events need no care, and a value changes rarely: hot accounts are not rewritten at
 * each commit. */
#include "aggregate/rollup/accounts.h"

#include "aggregate/rollup/pages.h"
#include "check.h"

enum {
    REFS_LOG2_FIRST = 10,
    SOURCE_REFS_LOG2_FIRST = 4,
    UNIT_SEPARATOR = 0x1F,
    ACTIVITIES = ACTIVITY_COUNT - 1,
    ACTIVITIES_ALWAYS = ACTIVITY_CHANGED /* every value has a place for these, and for later ones as far as they happened */
};

bool accounts_create(struct accounts *accounts, const uint64_t hash_key[static 2]) {
    *accounts = (struct accounts){.hash_key = {hash_key[0], hash_key[1]}};
    bool fine = refs_create(&accounts->refs, REFS_LOG2_FIRST);
    fine = refs_create(&accounts->source_refs, SOURCE_REFS_LOG2_FIRST) && fine;
    if (!fine) accounts_destroy(accounts);
    return fine;
}

void accounts_destroy(struct accounts *accounts) {
    for (uint32_t i = 0; i < accounts->chunk_count; i++) pages_destroy(accounts->chunks[i], (size_t)1 << ACCOUNT_CHUNK_LOG2);
    free(accounts->chunks);
    free(accounts->sources);
    free(accounts->dirty);
    refs_destroy(&accounts->refs);
    refs_destroy(&accounts->source_refs);
    *accounts = (struct accounts){0};
}

static struct slice source_text(const struct account_source *source) {
    return (struct slice){source->text, source->length};
}

uint32_t accounts_source(struct accounts *accounts, struct slice source, uint64_t source_hash) {
    uint32_t last = accounts->source_last;
    if (last < accounts->source_count && slice_equal(source_text(&accounts->sources[last]), source))
        return last;
    uint64_t at = refs_home(&accounts->source_refs, source_hash);
    uint32_t index;
    while (refs_next(&accounts->source_refs, source_hash, &at, &index)) {
        if (!slice_equal(source_text(&accounts->sources[index]), source)) continue;
        accounts->source_last = index;
        return index;
    }
    return SOURCE_NONE;
}

uint32_t accounts_source_add(struct accounts *accounts, struct slice source, uint64_t source_hash,
                             uint8_t mark) {
    uint32_t index = accounts_source(accounts, source, source_hash);
    if (index != SOURCE_NONE) return index;
    CHECK(source.length <= ID_BYTES_MAX);
    if (accounts->source_count == accounts->source_capacity) {
        accounts->source_capacity = accounts->source_capacity * 2 + 8;
        accounts->sources =
            realloc(accounts->sources, accounts->source_capacity * sizeof(*accounts->sources));
        CHECK_MEMORY(accounts->sources != NULL);
    }
    index = accounts->source_count++;
    accounts->sources[index] =
        (struct account_source){.first = ACCOUNT_NONE, .length = (uint8_t)source.length, .mark = mark};
    if (source.length > 0) memcpy(accounts->sources[index].text, source.data, source.length);
    refs_insert(&accounts->source_refs, source_hash, index);
    return index;
}

bool accounts_is(const struct accounts *accounts, uint32_t handle, struct slice source, struct slice id) {
    const struct account *account = accounts_at(accounts, handle);
    return slice_equal((struct slice){account->id, account->id_length}, id) &&
           slice_equal(source_text(&accounts->sources[account->source]), source);
}

uint32_t accounts_find(const struct accounts *accounts, uint32_t source, struct slice id, uint64_t hash) {
    uint64_t at = refs_home(&accounts->refs, hash);
    uint32_t handle;
    while (refs_next(&accounts->refs, hash, &at, &handle)) {
        const struct account *account = accounts_at(accounts, handle);
        if (account->source == source && slice_equal((struct slice){account->id, account->id_length}, id))
            return handle;
    }
    return ACCOUNT_NONE;
}

/* Room in the arena; its handle. The end of a chunk stays free, so that as many bytes as any name has can be looked at
 * behind each. */
static uint32_t arena_take(struct accounts *accounts, size_t bytes) {
    enum { CHUNK_BYTES = 1 << ACCOUNT_CHUNK_LOG2, UNIT_BYTES = 1 << ACCOUNT_UNIT_LOG2 };
    uint32_t size = (uint32_t)((bytes + UNIT_BYTES - 1) / UNIT_BYTES * UNIT_BYTES);
    if (accounts->chunk_count == 0 || accounts->chunk_used + size > CHUNK_BYTES - ID_BYTES_MAX) {
        CHECK(accounts->chunk_count < UINT32_MAX / (CHUNK_BYTES / UNIT_BYTES));
        if (accounts->chunk_count == accounts->chunk_capacity) {
            accounts->chunk_capacity = accounts->chunk_capacity * 2 + 16;
            accounts->chunks = realloc(accounts->chunks, accounts->chunk_capacity * sizeof(char *));
            CHECK_MEMORY(accounts->chunks != NULL);
        }
        accounts->chunks[accounts->chunk_count] = pages_create(CHUNK_BYTES);
        CHECK_MEMORY(accounts->chunks[accounts->chunk_count] != NULL);
        accounts->chunk_count++;
        accounts->chunk_used = 0;
    }
    uint32_t handle =
        (accounts->chunk_count - 1) * (CHUNK_BYTES / UNIT_BYTES) + accounts->chunk_used / UNIT_BYTES;
    accounts->chunk_used += size;
    return handle;
}

uint32_t accounts_add(struct accounts *accounts, uint32_t source, struct slice id, uint64_t hash,
                      uint32_t number) {
    CHECK(source < accounts->source_count);
    CHECK(id.length <= ID_BYTES_MAX);
    uint32_t handle = arena_take(accounts, sizeof(struct account) + id.length);
    struct account *account = accounts_at(accounts, handle);
    *account = (struct account){.number = number, .source = source, .id_length = (uint8_t)id.length};
    if (number < accounts->sources[source].first) accounts->sources[source].first = number;
    for (int i = 0; i < ACTIVITIES; i++) account->first_days[i] = account->last_days[i] = ACTIVITY_DAY_NONE;
    if (id.length > 0) memcpy(account->id, id.data, id.length);
    refs_insert(&accounts->refs, hash, handle);
    accounts->count++;
    return handle;
}

void accounts_touch(struct accounts *accounts, uint32_t handle, int64_t offset) {
    struct account *account = accounts_at(accounts, handle);
    account->last_change = offset;
    if (account->dirty) return;
    account->dirty = true;
    if (accounts->dirty_count == accounts->dirty_capacity) {
        accounts->dirty_capacity = accounts->dirty_capacity * 2 + 256;
        accounts->dirty = realloc(accounts->dirty, accounts->dirty_capacity * sizeof(*accounts->dirty));
        CHECK_MEMORY(accounts->dirty != NULL);
    }
    accounts->dirty[accounts->dirty_count++] = handle;
}

void accounts_active(struct accounts *accounts, uint32_t handle, enum activity activity, int32_t day,
                     int64_t offset) {
    CHECK(activity > ACTIVITY_NONE && activity < ACTIVITY_COUNT);
    struct account *account = accounts_at(accounts, handle);
    int32_t *first = &account->first_days[activity - 1];
    int32_t *last = &account->last_days[activity - 1];
    bool new = *first == ACTIVITY_DAY_NONE;
    if (!new &&day >= *first && day <= *last) return;
    if (new || day < *first) *first = day;
    if (new || day > *last) *last = day;
    accounts_touch(accounts, handle, offset);
}

struct numbered {
    uint32_t number;
    uint32_t handle;
};

static int numbered_compare(const void *left, const void *right) {
    const struct numbered *a = left;
    const struct numbered *b = right;
    return a->number < b->number ? -1 : a->number > b->number;
}

const uint32_t *accounts_dirty(struct accounts *accounts, size_t *count) {
    struct numbered *numbered = calloc(accounts->dirty_count + 1, sizeof(*numbered));
    CHECK_MEMORY(numbered != NULL);
    for (size_t i = 0; i < accounts->dirty_count; i++) {
        numbered[i] =
            (struct numbered){accounts_at(accounts, accounts->dirty[i])->number, accounts->dirty[i]};
    }
    qsort(numbered, accounts->dirty_count, sizeof(*numbered), numbered_compare);
    for (size_t i = 0; i < accounts->dirty_count; i++) accounts->dirty[i] = numbered[i].handle;
    free(numbered);
    *count = accounts->dirty_count;
    return accounts->dirty;
}

void accounts_clean(struct accounts *accounts) {
    for (size_t i = 0; i < accounts->dirty_count; i++)
        accounts_at(accounts, accounts->dirty[i])->dirty = false;
    accounts->dirty_count = 0;
}

size_t accounts_format(const struct accounts *accounts, const struct account *account,
                       char out[static ACCOUNT_VALUE_BYTES_MAX]) {
    const struct account_source *source = &accounts->sources[account->source];
    size_t length = source->length;
    memcpy(out, source->text, length);
    out[length++] = UNIT_SEPARATOR;
    memcpy(out + length, account->id, account->id_length);
    length += account->id_length;
    out[length++] = UNIT_SEPARATOR;
    int count = ACTIVITIES;
    while (count > ACTIVITIES_ALWAYS && account->first_days[count - 1] == ACTIVITY_DAY_NONE) count--;
    for (int i = 0; i < count; i++) {
        if (i > 0) out[length++] = ';';
        if (account->first_days[i] == ACTIVITY_DAY_NONE) continue;
        char number[24];
        size_t digits = layout_number(account->first_days[i], number);
        memcpy(out + length, number, digits);
        length += digits;
        out[length++] = '-';
        digits = layout_number(account->last_days[i], number);
        memcpy(out + length, number, digits);
        length += digits;
    }
    return length;
}

static bool day_parse(struct slice text, size_t *at, int32_t *day) {
    bool negative = *at < text.length && text.data[*at] == '-';
    if (negative) (*at)++;
    size_t start = *at;
    int32_t number = 0;
    while (*at < text.length && text.data[*at] >= '0' && text.data[*at] <= '9') {
        if (*at - start == 8) return false;
        number = number * 10 + (text.data[*at] - '0');
        (*at)++;
    }
    *day = negative ? -number : number;
    return *at > start;
}

static bool days_parse(struct slice text, struct account *days) {
    size_t at = 0;
    for (int i = 0; i < ACTIVITIES; i++) {
        days->first_days[i] = days->last_days[i] = ACTIVITY_DAY_NONE;
        if (i >= ACTIVITIES_ALWAYS && at == text.length) continue;
        if (i > 0 && (at == text.length || text.data[at++] != ';')) return false;
        if (at == text.length || text.data[at] == ';') continue;
        if (!day_parse(text, &at, &days->first_days[i])) return false;
        if (at == text.length || text.data[at++] != '-') return false;
        if (!day_parse(text, &at, &days->last_days[i])) return false;
        if (days->last_days[i] < days->first_days[i]) return false;
    }
    return at == text.length;
}

bool accounts_parse(struct slice value, struct slice *source, struct slice *id, struct account *days) {
    const char *first = memchr(value.data, UNIT_SEPARATOR, value.length);
    if (first == NULL) return false;
    *source = (struct slice){value.data, (size_t)(first - value.data)};
    struct slice rest = {first + 1, value.length - source->length - 1};
    const char *second = memchr(rest.data, UNIT_SEPARATOR, rest.length);
    if (second == NULL) return false;
    *id = (struct slice){rest.data, (size_t)(second - rest.data)};
    if (source->length == 0 || source->length > ID_BYTES_MAX || id->length == 0 || id->length > ID_BYTES_MAX)
        return false;
    return days_parse((struct slice){second + 1, rest.length - id->length - 1}, days);
}

size_t accounts_bytes(const struct accounts *accounts) {
    return refs_bytes(&accounts->refs) + refs_bytes(&accounts->source_refs) +
           ((size_t)accounts->chunk_count << ACCOUNT_CHUNK_LOG2) +
           accounts->source_capacity * sizeof(*accounts->sources) +
           accounts->dirty_capacity * sizeof(*accounts->dirty);
}
