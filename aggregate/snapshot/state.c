/* From stored text to arrays.
 *
 * The reader hands over a partition only when its prefix is proved, so this file has no transactions to think of: it parses, and
 * it refuses what is not of the layout, because a figure from half-understood state would be worse than none. Ledger cells are
 * kept as they are (day, account, facet), packed (ledger.c): which unit an account belonged to is decided later, from the
 * registry (crosswalk.c), so that a corrected link changes past periods. Sketches are united here, register by register (max):
 * union is all that a snapshot ever does with them, so a partition's own sketch is not kept. Pulse, histogram and late cells are
 * not needed for indicators and are skipped.
 *
 * The order of delivery does not matter beyond the partition: cells may come before the accounts they name. */
#include "aggregate/snapshot/state.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/sketch.h"
#include "facet.h"

enum {
    CAPACITY_PARTITIONS,
    CAPACITY_SLOTS,
    CAPACITY_DOCUMENTS,
    CAPACITY_SKETCHES,
    CAPACITY_DELAYS,
    CAPACITY_PERSONS,
    CAPACITY_BLOBS
};
enum { SHARD_SIZE = 1 << SHARD_ACCOUNTS_LOG2, SUM_DIGITS_MAX = 26, LOW_DIGITS = 18, SKETCH_NAME_BYTES = 13 };

struct cursor {
    const char *at;
    const char *end;
};

struct state *state_create(void) {
    struct state *state = memory_zeroed(1, sizeof(*state));
    state->ledger = ledger_create();
    state->accounts = text_map_create();
    state->sketch_names = text_map_create();
    return state;
}

void state_destroy(struct state *state) {
    if (state == NULL) return;
    for (size_t i = 0; i < state->partition_count; i++) {
        free(state->partitions[i].topic);
        free(state->partitions[i].configuration_hash);
        free(state->partitions[i].cluster_id);
    }
    for (uint32_t i = 0; i < text_map_count(state->sketch_names); i++)
        free(state->sketches[i]);
    for (size_t i = 0; i < state->document_count; i++)
        free((char *)(uintptr_t)state->documents[i].text.data);
    free(state->partitions);
    free(state->slots);
    ledger_destroy(state->ledger);
    free(state->documents);
    free(state->delays);
    free(state->persons);
    free(state->blobs);
    free(state->sketches);
    text_map_destroy(state->accounts);
    text_map_destroy(state->sketch_names);
    free(state);
}

/* A decimal integer of at most SUM_DIGITS_MAX digits; stops behind it. No sign: stored numbers are counts, sums of amounts and
 * days. */
static bool read_number(struct cursor *cursor, __int128 *value) {
    const char *start = cursor->at;
    uint64_t low = 0;
    for (; cursor->at < cursor->end && cursor->at - start < LOW_DIGITS && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++)
        low = low * 10 + (uint64_t)(*cursor->at - '0');
    *value = low;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        if (cursor->at - start == SUM_DIGITS_MAX) return false;
        *value = *value * 10 + (*cursor->at++ - '0');
    }
    return cursor->at > start;
}

static bool read_count(struct cursor *cursor, int64_t max, int64_t *value) {
    __int128 wide;
    if (!read_number(cursor, &wide) || wide > max) return false;
    *value = (int64_t)wide;
    return true;
}

static bool read_mark(struct cursor *cursor, char mark) {
    if (cursor->at == cursor->end || *cursor->at != mark) return false;
    cursor->at++;
    return true;
}

static struct cursor cursor_of(struct slice text) {
    return (struct cursor){text.data, text.data + text.length};
}

static bool corrupt(const struct state *state, struct hash_id id, struct slice field, const char *what, struct fault *fault) {
    const struct state_partition *partition = &state->partitions[state->partition_count - 1];
    char shown[24];
    size_t length = field.length < sizeof(shown) - 1 ? field.length : sizeof(shown) - 1;
    for (size_t i = 0; i < length; i++)
        shown[i] = field.data[i] > 0x20 && field.data[i] < 0x7F ? field.data[i] : '?';
    shown[length] = '\0';
    return fault_set(
        fault, STOP_STATE_DAMAGED, false,
        "state of %.80s/%d, hash %c:%d:%u, field %s: %s (schemas/store-layout.md); rebuild the namespace from the log",
        partition->topic, (int)partition->partition, (char)id.kind, (int)id.bucket, id.shard, shown, what);
}

static char *copy_text(const char *text) {
    char *copy = strdup(text == NULL ? "" : text);
    CHECK_MEMORY(copy != NULL);
    return copy;
}

static bool take_partition(void *context, struct source_partition partition, const struct progress *progress,
                           const char *configuration_hash, const char *cluster_id, struct fault *fault) {
    struct state *state = context;
    if (progress->accounts < 0 || progress->accounts > UINT32_MAX / 4 - (int64_t)state->slot_count) {
        return fault_set(fault, STOP_STATE_DAMAGED, false, "state of %s/%d: %lld accounts in meta, which cannot be",
                         partition.topic, (int)partition.partition, (long long)progress->accounts);
    }
    state->partitions = memory_reserve(state->partitions, &state->capacities[CAPACITY_PARTITIONS], state->partition_count + 1,
                                       sizeof(*state->partitions));
    state->partitions[state->partition_count++] = (struct state_partition){
        .topic = copy_text(partition.topic),
        .partition = partition.partition,
        .configuration_hash = copy_text(configuration_hash),
        .cluster_id = copy_text(cluster_id),
        .progress = *progress,
        .slot_first = (uint32_t)state->slot_count,
    };
    size_t slot_count = state->slot_count + (size_t)progress->accounts;
    state->slots = memory_reserve(state->slots, &state->capacities[CAPACITY_SLOTS], slot_count, sizeof(*state->slots));
    for (; state->slot_count < slot_count; state->slot_count++) {
        struct state_slot *slot = &state->slots[state->slot_count];
        slot->account = TEXT_NONE;
        slot->booked = false;
        for (int i = 0; i < ACTIVITY_COUNT; i++)
            slot->first_day[i] = slot->last_day[i] = INT32_MAX;
    }
    return true;
}

/* The slot of account `shard`*32 + `lane` of the partition that is being read; false when meta knows no such number. */
static bool slot_number(const struct state *state, uint32_t shard, int64_t lane, uint32_t *slot) {
    const struct state_partition *partition = &state->partitions[state->partition_count - 1];
    int64_t number = (int64_t)shard * SHARD_SIZE + lane;
    if (lane >= SHARD_SIZE || number >= partition->progress.accounts) return false;
    *slot = partition->slot_first + (uint32_t)number;
    return true;
}

/* The facet, and the slot of the account that the lane and the shard name, of a cell that is kept by account. */
static bool read_lane(const struct state *state, struct hash_id id, struct slice field, uint64_t *facet, uint32_t *slot) {
    uint64_t lane = 0;
    if (field.length < FACET_TEXT_LENGTH || field.length > FACET_TEXT_LENGTH + 1 || !facet_parse(field.data, facet)) return false;
    if (field.length > FACET_TEXT_LENGTH) {
        char padded[FACET_TEXT_LENGTH] = {'A', 'A', 'A', 'A', 'A', 'A', 'A', field.data[FACET_TEXT_LENGTH]};
        if (!facet_parse(padded, &lane) || lane == 0) return false;
    }
    return slot_number(state, id.shard, (int64_t)lane, slot);
}

static bool take_cell(struct state *state, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct ledger_cell cell = {.n = 0};
    if (!read_lane(state, id, field, &cell.facet, &cell.slot))
        return corrupt(state, id, field, "no facet of 8 characters and lane of an account that meta knows", fault);
    struct cursor cursor = cursor_of(value);
    int64_t unconverted;
    bool good = read_count(&cursor, INT64_MAX, &cell.n) && read_mark(&cursor, ',') && read_number(&cursor, &cell.sum);
    if (good && cursor.at < cursor.end) good = read_mark(&cursor, ',') && read_count(&cursor, INT64_MAX, &unconverted);
    if (!good || cursor.at != cursor.end) return corrupt(state, id, field, "the value is not n,sum[,unconverted]", fault);
    state->slots[cell.slot].booked = true;
    ledger_add(state->ledger, state->partitions[state->partition_count - 1].slot_first, id.bucket, &cell);
    return true;
}

/* Field: the number of the source's first account in this partition, and the lane in base64url. */
static bool take_delay(struct state *state, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    const struct state_partition *partition = &state->partitions[state->partition_count - 1];
    struct state_delay delay = {.month = id.bucket};
    uint64_t account;
    uint64_t lane = 0;
    __int128 sum;
    char padded[FACET_TEXT_LENGTH];
    size_t digits = field.length - FACET_TEXT_LENGTH;
    if (field.length < FACET_TEXT_LENGTH || digits > 2 || !facet_parse(field.data, &account) ||
        account >= (uint64_t)partition->progress.accounts)
        return corrupt(state, id, field, "no account number that meta knows", fault);
    memset(padded, 'A', sizeof(padded));
    memcpy(padded + sizeof(padded) - digits, field.data + FACET_TEXT_LENGTH, digits);
    if (!facet_parse(padded, &lane) || lane >= STATE_DELAY_LANES)
        return corrupt(state, id, field, "the lane is not that of a delay", fault);
    delay.slot = partition->slot_first + (uint32_t)account;
    delay.lane = (uint32_t)lane;
    state->slots[delay.slot].booked = true;
    struct cursor cursor = cursor_of(value);
    if (!read_count(&cursor, INT64_MAX, &delay.n) || !read_mark(&cursor, ',') || !read_number(&cursor, &sum) ||
        cursor.at != cursor.end)
        return corrupt(state, id, field, "the value is not n,sum", fault);
    state->delays =
        memory_reserve(state->delays, &state->capacities[CAPACITY_DELAYS], state->delay_count + 1, sizeof(*state->delays));
    state->delays[state->delay_count++] = delay;
    return true;
}

static bool read_activities(struct cursor *cursor, struct state_slot *slot) {
    for (int i = 1; i < ACTIVITY_COUNT; i++) {
        if (i > 1 && !read_mark(cursor, ';')) return cursor->at == cursor->end; /* written before an activity was added */
        if (cursor->at == cursor->end || *cursor->at == ';') continue;
        int64_t first;
        int64_t last;
        if (!read_count(cursor, INT32_MAX - 1, &first) || !read_mark(cursor, '-')) return false;
        if (!read_count(cursor, INT32_MAX - 1, &last) || last < first) return false;
        slot->first_day[i] = (int32_t)first;
        slot->last_day[i] = (int32_t)last;
    }
    return cursor->at == cursor->end;
}

static bool take_account(struct state *state, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct cursor cursor = cursor_of(field);
    int64_t lane;
    uint32_t number;
    if (!read_count(&cursor, SHARD_SIZE - 1, &lane) || cursor.at != cursor.end || !slot_number(state, id.shard, lane, &number)) {
        return corrupt(state, id, field, "no account number that meta knows", fault);
    }
    struct state_slot *slot = &state->slots[number];
    const char *first = value.length == 0 ? NULL : memchr(value.data, 0x1F, value.length);
    const char *end = value.data + value.length;
    const char *second = first == NULL ? NULL : memchr(first + 1, 0x1F, (size_t)(end - first - 1));
    if (second == NULL) return corrupt(state, id, field, "the value is not source 0x1F id 0x1F days", fault);
    slot->account = text_map_intern(state->accounts, (struct slice){value.data, (size_t)(second - value.data)});
    cursor = (struct cursor){second + 1, end};
    if (!read_activities(&cursor, slot)) return corrupt(state, id, field, "the activity days are not first-last;...", fault);
    return true;
}

static bool take_document(struct state *state, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct cursor cursor = cursor_of(field);
    int64_t lane;
    if (!read_count(&cursor, SHARD_SIZE - 1, &lane) || cursor.at != cursor.end)
        return corrupt(state, id, field, "no ordinal", fault);
    struct state_document document = {
        .partition = (uint32_t)state->partition_count - 1,
        .ordinal = id.shard * SHARD_SIZE + (uint32_t)lane,
    };
    cursor = cursor_of(value);
    if (!read_count(&cursor, INT64_MAX, &document.offset) || !read_mark(&cursor, 0x1F)) {
        return corrupt(state, id, field, "the value is not offset 0x1F document", fault);
    }
    size_t length = (size_t)(cursor.end - cursor.at);
    char *copy = malloc(length + 1);
    CHECK_MEMORY(copy != NULL);
    if (length > 0) memcpy(copy, cursor.at, length);
    copy[length] = '\0';
    document.text = (struct slice){copy, length};
    state->documents = memory_reserve(state->documents, &state->capacities[CAPACITY_DOCUMENTS], state->document_count + 1,
                                      sizeof(*state->documents));
    state->documents[state->document_count++] = document;
    return true;
}

static void sketch_name(enum hash_kind kind, int32_t bucket, uint64_t facet, char out[static SKETCH_NAME_BYTES]) {
    out[0] = (char)kind;
    memcpy(out + 1, &bucket, sizeof(bucket));
    memcpy(out + 1 + sizeof(bucket), &facet, sizeof(facet));
}

static uint8_t *sketch_registers(struct state *state, enum hash_kind kind, int32_t bucket, uint64_t facet) {
    char name[SKETCH_NAME_BYTES];
    sketch_name(kind, bucket, facet, name);
    uint32_t count = text_map_count(state->sketch_names);
    uint32_t number = text_map_intern(state->sketch_names, (struct slice){name, sizeof(name)});
    if (number == count) {
        state->sketches =
            memory_reserve(state->sketches, &state->capacities[CAPACITY_SKETCHES], (size_t)count + 1, sizeof(*state->sketches));
        state->sketches[number] = memory_zeroed(HLL_REGISTERS, 1);
    }
    return state->sketches[number];
}

static bool take_sketch(struct state *state, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    uint64_t facet;
    if (field.length != FACET_TEXT_LENGTH || !facet_parse(field.data, &facet)) {
        return corrupt(state, id, field, "no facet of 8 characters", fault);
    }
    if (!sketch_unite_stored(sketch_registers(state, id.kind, id.bucket, facet), HLL_REGISTERS_LOG2, value)) {
        return corrupt(state, id, field, "the sketch is neither sparse nor dense", fault);
    }
    return true;
}

/* Kept as stored: most have few persons, and whose district it is is not known yet. */
static bool take_persons(struct state *state, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct state_persons persons = {.month = id.bucket, .at = state->blob_bytes, .length = (uint32_t)value.length};
    uint8_t registers[HLL_ACCOUNT_REGISTERS] = {0};
    if (!read_lane(state, id, field, &(uint64_t){0}, &persons.slot)) return corrupt(state, id, field, "no such account", fault);
    if (!sketch_unite_stored(registers, HLL_ACCOUNT_REGISTERS_LOG2, value))
        return corrupt(state, id, field, "the sketch is neither sparse nor dense", fault);
    state->slots[persons.slot].booked = true;
    state->persons =
        memory_reserve(state->persons, &state->capacities[CAPACITY_PERSONS], state->person_count + 1, sizeof(*state->persons));
    state->persons[state->person_count++] = persons;
    state->blobs = memory_reserve(state->blobs, &state->capacities[CAPACITY_BLOBS], state->blob_bytes + value.length, 1);
    memcpy(state->blobs + state->blob_bytes, value.data, value.length);
    state->blob_bytes += value.length;
    return true;
}

static bool take_field(void *context, struct hash_id id, struct slice field, struct slice value, struct fault *fault) {
    struct state *state = context;
    CHECK(state->partition_count > 0);
    switch (id.kind) {
    case HASH_LEDGER:
        return take_cell(state, id, field, value, fault);
    case HASH_ACCOUNT:
        return take_account(state, id, field, value, fault);
    case HASH_UNIT:
        return take_document(state, id, field, value, fault);
    case HASH_DELAY:
        return take_delay(state, id, field, value, fault);
    case HASH_SKETCH_ACCOUNT:
        return take_persons(state, id, field, value, fault);
    case HASH_SKETCH_DAY:
    case HASH_SKETCH_MONTH:
        return take_sketch(state, id, field, value, fault);
    case HASH_NONE:
    case HASH_MINUTE:
    case HASH_HOUR:
    case HASH_HISTOGRAM:
    case HASH_LATE:
        return true;
    }
    return true;
}

struct reader_sink state_sink(struct state *state) {
    return (struct reader_sink){.partition = take_partition, .field = take_field, .context = state};
}

static int compare_documents(const void *left, const void *right) {
    const struct state_document *a = left;
    const struct state_document *b = right;
    if (a->partition != b->partition) return a->partition < b->partition ? -1 : 1;
    return (a->ordinal > b->ordinal) - (a->ordinal < b->ordinal);
}

bool state_finish(struct state *state, struct fault *fault) {
    ledger_finish(state->ledger);
    for (size_t i = 0; i < state->slot_count; i++) {
        if (!state->slots[i].booked || state->slots[i].account != TEXT_NONE) continue;
        size_t partition = state->partition_count - 1;
        while (state->partitions[partition].slot_first > i)
            partition--;
        return fault_set(fault, STOP_STATE_DAMAGED, false,
                         "the state of %.80s/%d has cells of account number %zu, which is not in the state "
                         "(schemas/store-layout.md §6)",
                         state->partitions[partition].topic, (int)state->partitions[partition].partition,
                         i - state->partitions[partition].slot_first);
    }
    if (state->document_count > 0) {
        qsort(state->documents, state->document_count, sizeof(*state->documents), compare_documents);
    }
    return true;
}

const uint8_t *state_sketch(const struct state *state, enum hash_kind kind, int32_t bucket, uint64_t facet) {
    char name[SKETCH_NAME_BYTES];
    sketch_name(kind, bucket, facet, name);
    uint32_t number = text_map_find(state->sketch_names, (struct slice){name, sizeof(name)});
    return number == TEXT_NONE ? NULL : state->sketches[number];
}

struct slice state_source(const struct state *state, uint32_t account) {
    struct slice text = text_map_text(state->accounts, account);
    const char *mark = memchr(text.data, 0x1F, text.length);
    CHECK(mark != NULL);
    return (struct slice){text.data, (size_t)(mark - text.data)};
}

int64_t state_record_time_max(const struct state *state) {
    int64_t greatest = INT64_MIN;
    for (size_t i = 0; i < state->partition_count; i++) {
        int64_t time_ms = state->partitions[i].progress.record_time_max_ms;
        if (time_ms > greatest) greatest = time_ms;
    }
    return greatest;
}

int32_t state_first_active_day(const struct state *state) {
    int32_t seen = INT32_MAX;
    for (size_t i = 0; i < state->slot_count; i++) {
        for (int j = 0; j < ACTIVITY_COUNT; j++)
            seen = state->slots[i].first_day[j] < seen ? state->slots[i].first_day[j] : seen;
    }
    return seen;
}
