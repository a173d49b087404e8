/* Claims -> spans of days.
 *
 * A version in force claims the accounts it lists, each for the days that the version and the entry share. Where several units
 * claim one account on one day, the record that comes first by (recorded_at, log order) stands. Where nobody claims it, an
 * account whose id is a unit's id belongs to that unit: a claim that loses against every other one.
 *
 * Each account's days are cut at every start and end of its claims; between two cuts nothing changes, so one winner is chosen
 * there. Spans of all accounts lie in one array; a look-up is a binary search over the few of one account. */
#include "aggregate/snapshot/crosswalk.h"

#include "aggregate/snapshot/memory.h"

#define RANK_OWN_ID UINT32_MAX /* after every claim */

struct claim {
    uint32_t name; /* number in the map of claimed names */
    uint32_t rank; /* of the record; the smallest wins */
    int32_t from;
    int32_t to;
    uint32_t version;
    bool refused;
};

struct span {
    int32_t from;
    int32_t to;
    uint32_t version;
};

struct crosswalk {
    struct span *spans;
    size_t span_count;
    size_t span_capacity;
    uint32_t *first; /* spans of account a: [first[a], first[a + 1]) */
    int64_t refused;
};

struct claims {
    struct claim *items;
    size_t count;
    size_t capacity;
    struct text_map *names; /* source 0x1F id */
    uint32_t *first;        /* after sorting: claims of name n */
};

static void add_claim(struct claims *claims, struct claim claim) {
    claims->items = memory_reserve(claims->items, &claims->capacity, claims->count + 1, sizeof(*claims->items));
    claims->items[claims->count++] = claim;
}

static uint32_t name_of(struct claims *claims, const struct unit_account *account) {
    char name[2 * ID_BYTES_MAX + 2];
    int length = snprintf(name, sizeof(name), "%s\x1f%s", account->source, account->account_id);
    CHECK(length > 0 && (size_t)length < sizeof(name));
    return text_map_intern(claims->names, (struct slice){name, (size_t)length});
}

static int compare_claims(const void *left, const void *right) {
    const struct claim *a = left;
    const struct claim *b = right;
    if (a->name != b->name) return a->name < b->name ? -1 : 1;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    return (a->version > b->version) - (a->version < b->version);
}

static void collect(struct claims *claims, const struct registry *registry) {
    for (uint32_t i = 0; i < registry->version_count; i++) {
        const struct version *version = &registry->versions[i];
        const struct unit_record *record = registry->records[version->record];
        for (size_t j = 0; j < record->account_count; j++) {
            const struct unit_account *account = &record->accounts[j];
            struct claim claim = {.name = name_of(claims, account), .rank = version->record, .version = i};
            claim.from =
                account->valid_from != DAY_ABSENT && account->valid_from > version->from ? account->valid_from : version->from;
            claim.to = account->valid_to != DAY_ABSENT && account->valid_to < version->to ? account->valid_to : version->to;
            if (claim.from < claim.to) add_claim(claims, claim);
        }
    }
    if (claims->count > 0) qsort(claims->items, claims->count, sizeof(*claims->items), compare_claims);
    claims->first = memory_zeroed(text_map_count(claims->names) + (size_t)1, sizeof(*claims->first));
    for (size_t i = 0; i < claims->count; i++)
        claims->first[claims->items[i].name + 1] = (uint32_t)i + 1;
    for (uint32_t i = 0; i < text_map_count(claims->names); i++) {
        if (claims->first[i + 1] == 0) claims->first[i + 1] = claims->first[i]; /* names whose claims were all empty */
    }
}

static int compare_days(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left;
    int32_t b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* The claim that stands on `day`, null when there is none; marks those that lose there against another unit. `claims` sorted by
 * rank. */
static const struct claim *winner_on(const struct registry *registry, struct claim *claims, size_t count, int32_t day) {
    const struct claim *winner = NULL;
    for (size_t i = 0; i < count; i++) {
        struct claim *claim = &claims[i];
        if (claim->from > day || claim->to <= day) continue;
        if (winner == NULL)
            winner = claim;
        else if (registry->versions[claim->version].unit != registry->versions[winner->version].unit)
            claim->refused = true;
    }
    return winner;
}

/* Appends the span, or lengthens the last one since `start` when it goes on. */
static void add_span(struct crosswalk *crosswalk, size_t start, struct span span) {
    struct span *last = crosswalk->span_count > start ? &crosswalk->spans[crosswalk->span_count - 1] : NULL;
    if (last != NULL && last->version == span.version && last->to == span.from) {
        last->to = span.to;
        return;
    }
    crosswalk->spans =
        memory_reserve(crosswalk->spans, &crosswalk->span_capacity, crosswalk->span_count + 1, sizeof(*crosswalk->spans));
    crosswalk->spans[crosswalk->span_count++] = span;
}

/* Lays the winners of claims[0..count) as spans; marks claims that lost against another unit. `out` null: only marks. */
static void lay_spans(const struct registry *registry, struct claim *claims, size_t count, struct crosswalk *out) {
    int32_t *cuts = memory_zeroed(count * 2, sizeof(*cuts));
    for (size_t i = 0; i < count; i++) {
        cuts[2 * i] = claims[i].from;
        cuts[2 * i + 1] = claims[i].to;
    }
    qsort(cuts, count * 2, sizeof(*cuts), compare_days);
    size_t start = out == NULL ? 0 : out->span_count;
    for (size_t i = 0; i + 1 < count * 2; i++) {
        if (cuts[i] == cuts[i + 1]) continue;
        const struct claim *winner = winner_on(registry, claims, count, cuts[i]);
        if (winner != NULL && out != NULL) add_span(out, start, (struct span){cuts[i], cuts[i + 1], winner->version});
    }
    free(cuts);
}

/* All that one account can belong to: the claims on its name, then the versions of the unit that has its id. */
static void lay_account(struct crosswalk *crosswalk, const struct registry *registry, const struct claims *claims,
                        struct slice account, struct claims *scratch) {
    scratch->count = 0;
    uint32_t name = text_map_find(claims->names, account);
    if (name != TEXT_NONE) {
        for (uint32_t i = claims->first[name]; i < claims->first[name + 1]; i++)
            add_claim(scratch, claims->items[i]);
    }
    const char *mark = memchr(account.data, 0x1F, account.length);
    CHECK(mark != NULL);
    uint32_t unit = registry_unit(registry, (struct slice){mark + 1, (size_t)(account.data + account.length - mark - 1)});
    if (unit != TEXT_NONE) {
        for (uint32_t i = registry->unit_versions[unit]; i < registry->unit_versions[unit + 1]; i++) {
            const struct version *version = &registry->versions[i];
            add_claim(scratch, (struct claim){.rank = RANK_OWN_ID, .from = version->from, .to = version->to, .version = i});
        }
    }
    if (scratch->count > 0) lay_spans(registry, scratch->items, scratch->count, crosswalk);
}

struct crosswalk *crosswalk_create(const struct registry *registry, const struct text_map *accounts) {
    struct crosswalk *crosswalk = memory_zeroed(1, sizeof(*crosswalk));
    struct claims claims = {.names = text_map_create()};
    struct claims scratch = {.count = 0};
    collect(&claims, registry);
    for (uint32_t i = 0; i < text_map_count(claims.names); i++) {
        uint32_t count = claims.first[i + 1] - claims.first[i];
        if (count > 1) lay_spans(registry, &claims.items[claims.first[i]], count, NULL);
    }
    for (size_t i = 0; i < claims.count; i++)
        crosswalk->refused += claims.items[i].refused;
    uint32_t count = text_map_count(accounts);
    crosswalk->first = memory_zeroed(count + (size_t)1, sizeof(*crosswalk->first));
    for (uint32_t i = 0; i < count; i++) {
        lay_account(crosswalk, registry, &claims, text_map_text(accounts, i), &scratch);
        crosswalk->first[i + 1] = (uint32_t)crosswalk->span_count;
    }
    text_map_destroy(claims.names);
    free(claims.items);
    free(claims.first);
    free(scratch.items);
    return crosswalk;
}

void crosswalk_destroy(struct crosswalk *crosswalk) {
    if (crosswalk == NULL) return;
    free(crosswalk->spans);
    free(crosswalk->first);
    free(crosswalk);
}

/* The account's first span that ends behind `day`; the end of its spans when there is none. */
static uint32_t span_behind(const struct crosswalk *crosswalk, uint32_t account, int32_t day) {
    uint32_t low = crosswalk->first[account];
    uint32_t high = crosswalk->first[account + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (crosswalk->spans[middle].to <= day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t crosswalk_version(const struct crosswalk *crosswalk, uint32_t account, int32_t day) {
    uint32_t at = span_behind(crosswalk, account, day);
    if (at == crosswalk->first[account + 1] || crosswalk->spans[at].from > day) return VERSION_NONE;
    return crosswalk->spans[at].version;
}

uint32_t crosswalk_version_within(const struct crosswalk *crosswalk, uint32_t account, int32_t first, int32_t last) {
    uint32_t version = crosswalk_version(crosswalk, account, last);
    uint32_t behind = span_behind(crosswalk, account, last);
    if (version != VERSION_NONE || behind == crosswalk->first[account]) return version;
    const struct span *before = &crosswalk->spans[behind - 1];
    return before->to > first ? before->version : VERSION_NONE;
}

int64_t crosswalk_refused(const struct crosswalk *crosswalk) {
    return crosswalk->refused;
}
