/* Bitemporal records -> versions in force.
 *
 * The version of a unit on day d is, among its records with valid_from <= d, the one with the greatest valid_from, then the
 * greatest recorded_at, then the last in log order. So, once the records of a unit are sorted that way, only the last of each
 * valid_from can ever hold, from there to the next valid_from; a valid_to cuts its interval short and nothing older comes back
 * behind it. That makes the registry piecewise constant, and everything else a binary search.
 *
 * Records are numbered by (recorded_at, log order): the crosswalk lets the smallest number win, the versions let the greatest. */
#include "aggregate/snapshot/registry.h"

#include "aggregate/snapshot/memory.h"

struct entry {
    struct unit_record *record;
    size_t log_order;
    uint32_t unit;
    uint32_t rank;
};

static int compare_recorded(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->record->recorded_at_ms != b->record->recorded_at_ms)
        return a->record->recorded_at_ms < b->record->recorded_at_ms ? -1 : 1;
    return (a->log_order > b->log_order) - (a->log_order < b->log_order);
}

static int compare_in_force(const void *left, const void *right) {
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->unit != b->unit) return a->unit < b->unit ? -1 : 1;
    if (a->record->valid_from != b->record->valid_from) return a->record->valid_from < b->record->valid_from ? -1 : 1;
    return (a->rank > b->rank) - (a->rank < b->rank);
}

static void see_columns(struct registry *registry, const struct unit_record *record) {
    bool *columns = registry->columns;
    columns[COLUMN_HAS_EMAIL] |= record->has_email != YES_NO_ABSENT;
    columns[COLUMN_ACCEPTS_EPAY] |= record->accepts_epay != YES_NO_ABSENT;
    columns[COLUMN_BILLS_HOUSEHOLDS] |= record->bills_households != YES_NO_ABSENT;
    columns[COLUMN_MGMT_SOFTWARE] |= record->mgmt_software != YES_NO_ABSENT;
    columns[COLUMN_HAS_EMAIL_ASOF] |= record->has_email_asof != DAY_ABSENT;
    columns[COLUMN_WEBSITE_UPDATED_AT] |= record->website_updated_at != DAY_ABSENT;
    columns[COLUMN_WEBSITE_URL] |= record->website_url != YES_NO_ABSENT;
    columns[COLUMN_MKTPL_ACCOUNTS] |= record->mktpl_accounts != YES_NO_ABSENT;
    columns[COLUMN_ECHANNELS] |= record->echannels != YES_NO_ABSENT;
}

/* Parses the documents in log order, keeps those recorded until `as_of_ms`. */
static struct entry *read_documents(struct registry *registry, const struct state *state, int64_t as_of_ms,
                                    const struct registry_cut *cut, struct fault *fault) {
    struct entry *entries = memory_zeroed(state->document_count, sizeof(*entries));
    char *lines = NULL;
    size_t length = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < state->document_count; i++) {
        const struct state_document *document = &state->documents[i];
        struct unit_refusal refusal = {.field = ""};
        struct unit_record *record = unit_parse(document->text, &refusal);
        if (record == NULL) {
            const struct state_partition *partition = &state->partitions[document->partition];
            (void)fault_set(fault, STOP_REGISTRY_RULE, false, "registry record at %.80s/%d offset %lld: field %s: %s",
                            partition->topic, (int)partition->partition, (long long)document->offset, refusal.field,
                            refusal.message);
            free(lines);
            for (size_t j = 0; j < registry->record_count; j++)
                unit_destroy(entries[j].record);
            registry->record_count = 0;
            free(entries);
            return NULL;
        }
        registry->record_total++;
        bool beyond = cut != NULL && (int64_t)document->ordinal >= cut->end_ordinals[document->partition];
        if (beyond || record->recorded_at_ms > as_of_ms) {
            unit_destroy(record);
            continue;
        }
        see_columns(registry, record);
        entries[registry->record_count++] =
            (struct entry){.record = record, .log_order = i, .unit = text_map_intern(registry->units, slice_of(record->unit_id))};
        lines = memory_reserve(lines, &capacity, length + document->text.length + 1, 1);
        memcpy(lines + length, document->text.data, document->text.length);
        length += document->text.length;
        lines[length++] = '\n';
    }
    digest_bytes((struct slice){lines, length}, registry->sha256);
    free(lines);
    return entries;
}

static int16_t unit_type_of(const struct definitions *definitions, const char *unit_type) {
    for (size_t i = 0; i < definitions->unit_types.count; i++) {
        if (strcmp(definitions->unit_types.items[i], unit_type) == 0) return (int16_t)i;
    }
    return -1;
}

/* `entries` sorted by compare_in_force. */
static void lay_versions(struct registry *registry, const struct entry *entries, const struct definitions *definitions) {
    size_t count = registry->record_count;
    registry->versions = memory_zeroed(count, sizeof(*registry->versions));
    registry->unit_count = text_map_count(registry->units);
    registry->unit_versions = memory_zeroed(registry->unit_count + (size_t)1, sizeof(*registry->unit_versions));
    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &entries[i];
        bool last = i + 1 == count || entries[i + 1].unit != entry->unit;
        int32_t to = last ? INT32_MAX : entries[i + 1].record->valid_from;
        const struct unit_record *record = entry->record;
        if (record->valid_to != DAY_ABSENT && record->valid_to < to) to = record->valid_to;
        if (to > record->valid_from) {
            CHECK(record->district >= DISTRICT_FIRST && record->district < DISTRICT_FIRST + DISTRICT_COUNT);
            registry->versions[registry->version_count++] = (struct version){
                .unit = entry->unit,
                .record = entry->rank,
                .from = record->valid_from,
                .to = to,
                .district = (int16_t)(record->district - DISTRICT_FIRST),
                .unit_type = unit_type_of(definitions, record->unit_type),
            };
        }
        registry->unit_versions[entry->unit + 1] = (uint32_t)registry->version_count;
    }
}

struct registry *registry_create(const struct state *state, int64_t as_of_ms, const struct definitions *definitions,
                                 struct fault *fault) {
    return registry_create_cut(state, as_of_ms, NULL, definitions, fault);
}

struct registry *registry_create_cut(const struct state *state, int64_t as_of_ms, const struct registry_cut *cut,
                                     const struct definitions *definitions, struct fault *fault) {
    if (cut != NULL && cut->recorded_until_ms < as_of_ms) as_of_ms = cut->recorded_until_ms;
    struct registry *registry = memory_zeroed(1, sizeof(*registry));
    registry->units = text_map_create();
    struct entry *entries = read_documents(registry, state, as_of_ms, cut, fault);
    if (entries == NULL) {
        registry_destroy(registry);
        return NULL;
    }
    size_t count = registry->record_count;
    registry->records = memory_zeroed(count, sizeof(struct unit_record *));
    qsort(entries, count, sizeof(*entries), compare_recorded);
    for (size_t i = 0; i < count; i++) {
        entries[i].rank = (uint32_t)i;
        registry->records[i] = entries[i].record;
    }
    qsort(entries, count, sizeof(*entries), compare_in_force);
    lay_versions(registry, entries, definitions);
    free(entries);
    return registry;
}

void registry_destroy(struct registry *registry) {
    if (registry == NULL) return;
    for (size_t i = 0; registry->records != NULL && i < registry->record_count; i++)
        unit_destroy(registry->records[i]);
    free(registry->records);
    free(registry->versions);
    free(registry->unit_versions);
    text_map_destroy(registry->units);
    free(registry);
}

uint32_t registry_unit(const struct registry *registry, struct slice unit_id) {
    return text_map_find(registry->units, unit_id);
}

uint32_t registry_version(const struct registry *registry, uint32_t unit, int32_t day) {
    uint32_t low = registry->unit_versions[unit];
    uint32_t high = registry->unit_versions[unit + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (registry->versions[middle].to <= day)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == registry->unit_versions[unit + 1] || registry->versions[low].from > day) return VERSION_NONE;
    return low;
}
