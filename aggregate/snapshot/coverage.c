/* COVERAGE = source-days delivered / source-days expected x events matched / events, exactly, until the one rounding at the end.
 *
 * The ledger says what each source booked on each local day, so a delivery is a day with a cell: not when a file arrived, which
 * nobody keeps, but which days the source has spoken of. A source that goes silent and sends everything a week later has then
 * delivered all of its days, and the figures are whole again.
 *
 * A day counts while it can: days after AS_OF are expected of nobody, and the day of AS_OF itself only of those who have already
 * delivered on it. Memory: a byte for each source and day, counts for each family and day. */
#include "aggregate/snapshot/coverage.h"

#include "aggregate/snapshot/memory.h"
#include "facet.h"

enum { RECORDS_MIN = 100 };

/* A cell of an account that no unit claims. */
struct stray {
    uint32_t account;
    int32_t day;
    enum family family;
};

struct counts_of_day {
    int64_t booked;
    int64_t matched;
};

/* What came of one family on some days; figures of a memo. */
struct tally {
    enum family family;
    int32_t first;
    int32_t last;
    struct source_days days;
    int64_t booked;
    int64_t matched;
    int64_t stray_accounts;
    int64_t sources; /* that have cells */
};

struct coverage {
    struct coverage_inputs inputs;
    int32_t as_of_day;
    int32_t day_first; /* of the ledger */
    size_t day_count;
    struct text_map *sources;     /* of the file, then of the ledger */
    uint32_t *order;              /* their numbers, by name */
    uint32_t *row_source;         /* row of the file -> number in sources */
    uint8_t *seen;                /* source * day_count + day: families, as bits */
    struct counts_of_day *counts; /* family * day_count + day */
    struct stray *strays; /* by account */
    size_t stray_count;
    struct tally *tallies;
    size_t tally_count;
    size_t tally_capacity;
};

/* ---- what the ledger holds ---- */

static void find_days(struct coverage *coverage) {
    size_t count;
    const struct ledger_block *blocks = ledger_blocks(coverage->inputs.state->ledger, &count);
    coverage->day_first = count == 0 ? INT32_MAX : blocks[0].day;
    coverage->day_count = count == 0 ? 0 : (size_t)((int64_t)blocks[count - 1].day - blocks[0].day) + 1;
}

/* Per account: the number of its source. */
static uint32_t *number_sources(struct coverage *coverage) {
    const struct state *state = coverage->inputs.state;
    uint32_t count = text_map_count(state->accounts);
    uint32_t *numbers = memory_zeroed(count, sizeof(*numbers));
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = text_map_intern(coverage->sources, state_source(state, i));
    return numbers;
}

static int compare_names(const void *left, const void *right, void *sources) {
    return strcmp(text_map_text(sources, *(const uint32_t *)left).data, text_map_text(sources, *(const uint32_t *)right).data);
}

static void order_sources(struct coverage *coverage) {
    uint32_t count = text_map_count(coverage->sources);
    coverage->order = memory_zeroed(count, sizeof(*coverage->order));
    for (uint32_t i = 0; i < count; i++)
        coverage->order[i] = i;
    qsort_r(coverage->order, count, sizeof(*coverage->order), compare_names, coverage->sources);
}

/* An order of a business buyer is booked for the seller and for the buyer: a delivery of its source by either, one event. */
static void read_cell(struct coverage *coverage, const struct ledger_cell *cell, int32_t on, const uint32_t *sources,
                      size_t *capacity) {
    enum family family = facet_family(cell->facet);
    if (cell->n <= 0 || feed_name(family)[0] == '\0') return;
    size_t day = (size_t)(on - coverage->day_first);
    uint32_t account = coverage->inputs.state->slots[cell->slot].account;
    coverage->seen[sources[account] * coverage->day_count + day] |= (uint8_t)(1U << family);
    if (facet_role(cell->facet) == ROLE_BUYER || on < coverage->inputs.first || on > coverage->inputs.last) return;
    struct counts_of_day *counts = &coverage->counts[family * coverage->day_count + day];
    counts->booked += cell->n;
    if (crosswalk_version(coverage->inputs.crosswalk, account, on) != VERSION_NONE) {
        counts->matched += cell->n;
        return;
    }
    coverage->strays = memory_reserve(coverage->strays, capacity, coverage->stray_count + 1, sizeof(*coverage->strays));
    coverage->strays[coverage->stray_count++] = (struct stray){account, on, family};
}

static int compare_strays(const void *left, const void *right) {
    const struct stray *a = left;
    const struct stray *b = right;
    return (a->account > b->account) - (a->account < b->account);
}

struct coverage *coverage_create(const struct coverage_inputs *inputs) {
    if (inputs->expected == NULL) return NULL;
    const struct expected *expected = inputs->expected;
    struct coverage *coverage = memory_zeroed(1, sizeof(*coverage));
    coverage->inputs = *inputs;
    coverage->as_of_day = zone_day(inputs->zone, inputs->as_of_ms);
    coverage->sources = text_map_create();
    coverage->row_source = memory_zeroed(expected->count, sizeof(*coverage->row_source));
    for (size_t i = 0; i < expected->count; i++)
        coverage->row_source[i] = text_map_intern(coverage->sources, slice_of(expected->items[i].source));
    uint32_t *sources = number_sources(coverage);
    order_sources(coverage);
    find_days(coverage);
    coverage->seen = memory_zeroed(text_map_count(coverage->sources) * coverage->day_count, sizeof(*coverage->seen));
    coverage->counts = memory_zeroed(FAMILY_COUNT * coverage->day_count, sizeof(*coverage->counts));
    size_t capacity = 0;
    size_t block_count;
    const struct ledger_block *blocks = ledger_blocks(inputs->state->ledger, &block_count);
    for (size_t i = 0; i < block_count; i++) {
        struct ledger_reading reading = ledger_read(&blocks[i]);
        struct ledger_cell cell;
        while (ledger_next(&reading, &cell))
            read_cell(coverage, &cell, blocks[i].day, sources, &capacity);
    }
    free(sources);
    if (coverage->stray_count > 0)
        qsort(coverage->strays, coverage->stray_count, sizeof(*coverage->strays), compare_strays);
    return coverage;
}

void coverage_destroy(struct coverage *coverage) {
    if (coverage == NULL) return;
    text_map_destroy(coverage->sources);
    free(coverage->order);
    free(coverage->row_source);
    free(coverage->seen);
    free(coverage->counts);
    free(coverage->strays);
    free(coverage->tallies);
    free(coverage);
}

/* ---- source-days ---- */

static bool seen_on(const struct coverage *coverage, uint32_t source, enum family family, int64_t day) {
    int64_t at = day - coverage->day_first;
    if (at < 0 || at >= (int64_t)coverage->day_count) return false;
    return (coverage->seen[source * coverage->day_count + (size_t)at] >> family & 1) != 0;
}

static struct source_days row_days(const struct coverage *coverage, size_t row, enum family family, int32_t first, int32_t last) {
    const struct expectation *expectation = &coverage->inputs.expected->items[row];
    struct source_days days = {.expected = 0};
    if ((expectation->families >> family & 1) == 0) return days;
    int64_t day = first > expectation->first ? first : expectation->first;
    int64_t end = last < expectation->last ? last : expectation->last;
    if (end > coverage->as_of_day) end = coverage->as_of_day;
    int64_t latest = INT64_MIN; /* the latest delivery up to the day */
    for (int64_t before = day - expectation->every_days + 1; before < day; before++) {
        if (seen_on(coverage, coverage->row_source[row], family, before)) latest = before;
    }
    for (; day <= end; day++) {
        if (seen_on(coverage, coverage->row_source[row], family, day)) latest = day;
        bool delivered = latest != INT64_MIN && day - latest < expectation->every_days;
        days.delivered += delivered;
        days.expected += delivered || day < coverage->as_of_day;
    }
    return days;
}

/* Is there a row that expects the family of the source on the day? */
static bool expected_on(const struct coverage *coverage, uint32_t source, enum family family, int64_t day) {
    const struct expected *expected = coverage->inputs.expected;
    for (size_t i = 0; i < expected->count; i++) {
        const struct expectation *row = &expected->items[i];
        if (coverage->row_source[i] == source && (row->families >> family & 1) != 0 && row->first <= day && day <= row->last)
            return true;
    }
    return false;
}

struct source_days coverage_source_days(const struct coverage *coverage, size_t place, enum family family, int32_t first,
                                        int32_t last) {
    uint32_t source = coverage->order[place];
    struct source_days days = {.expected = 0};
    for (size_t i = 0; i < coverage->inputs.expected->count; i++) {
        if (coverage->row_source[i] != source) continue;
        struct source_days of_row = row_days(coverage, i, family, first, last);
        days.expected += of_row.expected;
        days.delivered += of_row.delivered;
    }
    for (int64_t day = first; day <= last; day++)
        days.unexpected += seen_on(coverage, source, family, day) && !expected_on(coverage, source, family, day);
    return days;
}

size_t coverage_source_count(const struct coverage *coverage) {
    return text_map_count(coverage->sources);
}

const char *coverage_source_name(const struct coverage *coverage, size_t place) {
    return text_map_text(coverage->sources, coverage->order[place]).data;
}

/* Distinct accounts that no unit claims, of one family on some days. */
static int64_t count_stray_accounts(const struct coverage *coverage, enum family family, int32_t first, int32_t last) {
    int64_t accounts = 0;
    uint32_t counted = TEXT_NONE;
    for (size_t i = 0; i < coverage->stray_count; i++) {
        const struct stray *stray = &coverage->strays[i];
        if (stray->account == counted || stray->family != family || stray->day < first || stray->day > last) continue;
        counted = stray->account;
        accounts++;
    }
    return accounts;
}

static int64_t count_sources(const struct coverage *coverage, enum family family, int32_t first, int32_t last) {
    int64_t sources = 0;
    for (uint32_t i = 0; i < text_map_count(coverage->sources); i++) {
        bool seen = false;
        for (int64_t day = first; day <= last && !seen; day++)
            seen = seen_on(coverage, i, family, day);
        sources += seen;
    }
    return sources;
}

/* Rows repeat the same few questions thousands of times. */
static const struct tally *tally_of(struct coverage *coverage, enum family family, int32_t first, int32_t last) {
    for (size_t i = 0; i < coverage->tally_count; i++) {
        const struct tally *known = &coverage->tallies[i];
        if (known->family == family && known->first == first && known->last == last) return known;
    }
    coverage->tallies =
        memory_reserve(coverage->tallies, &coverage->tally_capacity, coverage->tally_count + 1, sizeof(*coverage->tallies));
    struct tally *tally = &coverage->tallies[coverage->tally_count++];
    *tally = (struct tally){.family = family, .first = first, .last = last};
    for (size_t i = 0; i < coverage->inputs.expected->count; i++) {
        struct source_days days = row_days(coverage, i, family, first, last);
        tally->days.expected += days.expected;
        tally->days.delivered += days.delivered;
    }
    for (size_t i = 0; i < coverage->day_count; i++) {
        int64_t day = coverage->day_first + (int64_t)i;
        if (day < first || day > last) continue;
        tally->booked += coverage->counts[family * coverage->day_count + i].booked;
        tally->matched += coverage->counts[family * coverage->day_count + i].matched;
    }
    CHECK(first >= coverage->inputs.first && last <= coverage->inputs.last);
    tally->sources = count_sources(coverage, family, first, last);
    tally->stray_accounts = count_stray_accounts(coverage, family, first, last);
    return tally;
}

/* ---- the share ---- */

/* 100 * part / whole to an integer, half to even. */
static int64_t whole_percent(int64_t part, int64_t whole) {
    __int128 scaled = (__int128)part * 100;
    int64_t percent = (int64_t)(scaled / whole);
    __int128 rest = 2 * (scaled % whole);
    return percent + (rest > whole || (rest == whole && percent % 2 == 1));
}

/* Would decimals of the match tell what a few accounts had, or how many records a source has, as in paradata.csv? */
static bool is_telling(const struct coverage *coverage, const struct tally *tally) {
    const struct coverage_inputs *inputs = &coverage->inputs;
    return (tally->stray_accounts > 0 && tally->stray_accounts < inputs->accounts_min) || tally->sources < inputs->sources_min ||
           tally->booked < RECORDS_MIN;
}

/* Without any event the registry could not match any. */
static struct fraction fraction_of(const struct coverage *coverage, const struct tally *tally) {
    struct fraction match = {tally->matched, tally->booked};
    if (tally->days.delivered == 0) return (struct fraction){0, 1};
    if (tally->booked == 0)
        match = (struct fraction){1, 1};
    else if (is_telling(coverage, tally))
        match = (struct fraction){whole_percent(tally->matched, tally->booked), 100};
    return (struct fraction){tally->days.delivered * match.top, tally->days.expected * match.bottom};
}

/* By continued fractions: nothing is multiplied, so nothing overflows. */
bool fraction_less(struct fraction a, struct fraction b) {
    for (;;) {
        __int128 whole_a = a.top / a.bottom;
        __int128 whole_b = b.top / b.bottom;
        if (whole_a != whole_b) return whole_a < whole_b;
        __int128 rest_a = a.top % a.bottom;
        __int128 rest_b = b.top % b.bottom;
        if (rest_a == 0 || rest_b == 0) return rest_a == 0 && rest_b != 0;
        /* rest_a / a.bottom < rest_b / b.bottom: the other way round for their inverses. */
        struct fraction inverse_a = {a.bottom, rest_a};
        a = (struct fraction){b.bottom, rest_b};
        b = inverse_a;
    }
}

struct covered coverage_of(struct coverage *coverage, enum family family, int32_t first, int32_t last) {
    const struct tally *tally = tally_of(coverage, family, first, last);
    struct covered covered = {.share = fraction_of(coverage, tally), .missing = tally->days.delivered == 0};
    covered.connected = covered.missing ? covered.share : (struct fraction){tally->days.delivered, tally->days.expected};
    return covered;
}
