/* paradata.csv: how the data came in, so that a user can judge coverage without asking. One figure a row, because rules and
 * measures grow and columns must not.
 *
 * The counts of partitions are those of the whole log up to the cut-off, as in snapshot.json. What is said of a single source -
 * a company - is shares and a size class only, in whole per cents and none of fewer than a hundred records: its turnover is its
 * secret. */
#include "aggregate/publication/writers.h"

#include "aggregate/publication/text_out.h"
#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/provenance.h"
#include "facet.h"

enum { RECORDS_MIN = 100, CLASS_BYTES = 64 };

/* Whose row it is: empty texts where the scope has none; partition -1 likewise. */
struct subject {
    const char *scope;
    const char *source;
    const char *topic;
    int32_t partition;
    const char *period;
};

struct figure {
    const char *measure;
    const char *rule;
    const char *value;
    const char *unit;
    const char *size_class;
};

static void write_row(const struct subject *subject, struct figure figure, FILE *out) {
    char partition[12] = "";
    if (subject->partition >= 0) (void)snprintf(partition, sizeof(partition), "%d", (int)subject->partition);
    csv_cell(out, subject->scope, false);
    csv_cell(out, subject->source, false);
    csv_cell(out, subject->topic, false);
    csv_cell(out, partition, false);
    csv_cell(out, subject->period, false);
    csv_cell(out, figure.measure, false);
    csv_cell(out, figure.rule, false);
    csv_cell(out, figure.value, false);
    csv_cell(out, figure.unit, false);
    csv_cell(out, figure.size_class, true);
}

static void write_count(const struct subject *subject, const char *measure, const char *rule, int64_t count, FILE *out) {
    char value[DECIMAL_BYTES];
    decimal_integer(value, count);
    write_row(subject, (struct figure){measure, rule, value, "NB", ""}, out);
}

/* 100 * part / whole; empty when the whole is nothing. Whole per cents where decimals would let the whole be guessed. */
static void write_share(const struct subject *subject, const char *measure, int64_t part, int64_t whole, int decimals,
                        FILE *out) {
    char value[DECIMAL_BYTES] = "";
    if (whole > 0) decimal_quotient(value, part, whole, 2, decimals);
    write_row(subject, (struct figure){measure, "", value, "PT", ""}, out);
}

static void write_counts(const struct subject *subject, const struct counts *counts, FILE *out) {
    const struct {
        const char *measure;
        int64_t count;
    } verdicts[] = {
        {"DELIVERED", counts->delivered},       {"APPLIED", counts->applied},
        {"DUPLICATE", counts->duplicate},       {"CONFLICT", counts->conflict},
        {"QUARANTINED", counts->quarantined},   {"REJECTED", counts->rejected},
        {"IGNORED", counts->ignored},           {"LATE", counts->late},
        {"UNRESOLVED", counts->unresolved},     {"UNCONVERTED", counts->unconverted},
        {"OPEN_UNKNOWN", counts->open_unknown},
    };
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
        write_count(subject, verdicts[i].measure, "", verdicts[i].count, out);
    for (int i = 1; i < REASON_COUNT; i++) {
        if (counts->reasons[i] > 0) write_count(subject, "REFUSED", reason_name((enum reason)i), counts->reasons[i], out);
    }
}

/* What Kafka had deleted before it was read and the operator gave up (nhip run --accept-gap). Seconds from the last record before
 * a gap to the first behind it, where both are known: nothing else says how long a gap was. */
static void write_gaps(const struct subject *subject, const struct state *state, size_t first, size_t count, FILE *out) {
    int64_t gaps = 0;
    int64_t records = 0;
    int64_t known_ms = 0;
    bool known = true;
    for (size_t i = first; i < first + count; i++) {
        const struct progress *progress = &state->partitions[i].progress;
        for (int64_t j = 0; j < progress->gap_count; j++) {
            const struct gap *gap = &progress->gaps[j];
            gaps++;
            records += gap->to - gap->from;
            known = known && gap->since_ms != INT64_MIN && gap->until_ms != INT64_MAX;
            if (known) known_ms += gap->until_ms - gap->since_ms;
        }
    }
    write_count(subject, "GAPS", "", gaps, out);
    write_count(subject, "GAP_RECORDS", "", records, out);
    char seconds[DECIMAL_BYTES] = "";
    if (known) decimal_quotient(seconds, known_ms, 1000, 0, 0);
    write_row(subject, (struct figure){"GAP_DURATION", "", seconds, "S", ""}, out);
}

/* How many days of the Tet holiday lie in the period and in those that growths were measured from. */
static void write_tet_days(const struct period *period, FILE *out) {
    const struct subject subject = {"PERIOD", "", "", -1, period->text};
    int32_t days = growth_tet_days(period->first, period->last);
    if (days >= 0) write_count(&subject, "TET_DAYS", "", days, out);
}

/* What the ledger knows of one source in the period. */
struct source_tally {
    struct slice name; /* data null: it has no cell */
    int64_t booked;
    int64_t unmatched;
    int64_t unresolved;
    int64_t arrived; /* in `delays` */
    int64_t delays[STATE_DELAY_LANES];
};

static int compare_names(const void *left, const void *right) {
    const struct slice *a = &((const struct source_tally *)left)->name;
    const struct slice *b = &((const struct source_tally *)right)->name;
    int order = memcmp(a->data, b->data, a->length < b->length ? a->length : b->length);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static struct source_tally *tally_of(const struct publication *publication, uint32_t account, struct source_tally *tallies) {
    struct source_tally *tally = &tallies[publication->cells->sources[account]];
    if (tally->name.data == NULL) tally->name = state_source(publication->state, account);
    return tally;
}

static void tally_delays(const struct publication *publication, struct source_tally *tallies) {
    const struct state *state = publication->state;
    const struct period *period = &publication->statistics->period;
    /* Delays are kept by month. */
    for (size_t i = 0; i < state->delay_count && period_months(period->frequency) > 0; i++) {
        const struct state_delay *delay = &state->delays[i];
        if (delay->month < month_of_day(period->first) || delay->month > month_of_day(period->last)) continue;
        struct source_tally *tally = tally_of(publication, state->slots[delay->slot].account, tallies);
        tally->arrived += delay->n;
        tally->delays[delay->lane] += delay->n;
    }
}

/* An order of a business buyer is booked twice, for the seller and for the buyer; it is one record of the source. */
static void tally_block(const struct publication *publication, const struct ledger_block *block, struct source_tally *tallies) {
    const struct state *state = publication->state;
    struct ledger_reading reading = ledger_read(block);
    struct ledger_cell cell;
    while (ledger_next(&reading, &cell)) {
        if (cell.n <= 0 || facet_role(cell.facet) == ROLE_BUYER) continue;
        uint32_t account = state->slots[cell.slot].account;
        struct source_tally *tally = tally_of(publication, account, tallies);
        tally->booked += cell.n;
        if (crosswalk_version(publication->crosswalk, account, block->day) == VERSION_NONE) tally->unmatched += cell.n;
        if (facet_outcome(cell.facet) == OUTCOME_UNRESOLVED) tally->unresolved += cell.n;
    }
}

/* Of the sources that have cells in the period, by name; to be given to free(). */
static struct source_tally *tally_sources(const struct publication *publication, size_t *count) {
    const struct period *period = &publication->statistics->period;
    const struct ledger *ledger = publication->state->ledger;
    struct source_tally *tallies = memory_zeroed(publication->cells->source_count, sizeof(*tallies));
    size_t block_count;
    const struct ledger_block *blocks = ledger_blocks(ledger, &block_count);
    size_t end = ledger_from(ledger, period->last + 1);
    for (size_t i = ledger_from(ledger, period->first); i < end; i++)
        tally_block(publication, &blocks[i], tallies);
    tally_delays(publication, tallies);
    *count = 0;
    for (uint32_t i = 0; i < publication->cells->source_count; i++) {
        if (tallies[i].name.data != NULL) tallies[(*count)++] = tallies[i];
    }
    if (*count > 0) qsort(tallies, *count, sizeof(*tallies), compare_names);
    return tallies;
}

/* "1-99", "100-999", "1000-9999", ... */
static void size_class_of(int64_t count, char out[static CLASS_BYTES]) {
    int64_t low = 100;
    if (count < RECORDS_MIN) {
        (void)snprintf(out, CLASS_BYTES, "%s", count > 0 ? "1-99" : "0");
        return;
    }
    while (count / low >= 10)
        low *= 10;
    (void)snprintf(out, CLASS_BYTES, "%lld-%lld", (long long)low, (long long)(low * 10 - 1));
}

/* One more than the greatest whole second of a lane: all of it came in less. */
static int64_t lane_end_s(uint32_t lane) {
    if (lane == 0) return 1;
    uint32_t exponent = (lane - 1) / 4;
    int64_t quarters = (int64_t)((lane - 1) % 4) + 5; /* of 2^exponent */
    return exponent >= 2 ? quarters << (exponent - 2) : ((quarters - 1) >> (2 - exponent)) + 1;
}

/* In less than so many seconds came 50, 90 and 99 per cent of the period's events. */
static void write_delays(const struct subject *subject, const struct source_tally *tally, FILE *out) {
    static const struct {
        const char *measure;
        int64_t percent;
    } quantiles[] = {{"DELAY_P50", 50}, {"DELAY_P90", 90}, {"DELAY_P99", 99}};
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        char value[DECIMAL_BYTES] = "";
        uint32_t lane = 0;
        __int128 reached = tally->delays[0];
        while (lane + 1 < STATE_DELAY_LANES && reached * 100 < (__int128)tally->arrived * quantiles[i].percent)
            reached += tally->delays[++lane];
        if (tally->arrived >= RECORDS_MIN) decimal_integer(value, lane_end_s(lane));
        write_row(subject, (struct figure){quantiles[i].measure, "", value, "S", ""}, out);
    }
}

static void write_source(const struct publication *publication, const struct source_tally *tally, FILE *out) {
    char size_class[CLASS_BYTES];
    const struct subject subject = {"SOURCE", tally->name.data, "", -1, publication->statistics->period.text};
    int64_t whole = tally->booked >= RECORDS_MIN ? tally->booked : 0;
    size_class_of(tally->booked, size_class);
    write_row(&subject, (struct figure){"BOOKED", "", "", "CLASS", size_class}, out);
    write_share(&subject, "UNMATCHED", tally->unmatched, whole, 0, out);
    write_share(&subject, "UNRESOLVED", tally->unresolved, whole, 0, out);
    if (period_months(publication->statistics->period.frequency) > 0) write_delays(&subject, tally, out);
}

static void write_sources(const struct publication *publication, FILE *out) {
    size_t count;
    struct source_tally *tallies = tally_sources(publication, &count);
    for (size_t i = 0; i < count; i++) {
        char name[256];
        (void)snprintf(name, sizeof(name), "%.*s", (int)tallies[i].name.length, tallies[i].name.data);
        struct source_tally tally = tallies[i];
        tally.name.data = name;
        write_source(publication, &tally, out);
    }
    free(tallies);
}

/* What was expected of one source, family by family, and what came: days only, so nothing of its turnover. */
static void write_source_days(const struct publication *publication, size_t place, FILE *out) {
    const struct period *period = &publication->statistics->period;
    const struct subject subject = {"SOURCE", coverage_source_name(publication->coverage, place), "", -1, period->text};
    for (int i = FAMILY_NONE + 1; i < FAMILY_COUNT; i++) {
        const char *feed = feed_name((enum family)i);
        struct source_days days =
            coverage_source_days(publication->coverage, place, (enum family)i, period->first, period->last);
        if (days.expected > 0) {
            write_count(&subject, "EXPECTED_DAYS", feed, days.expected, out);
            write_count(&subject, "DELIVERED_DAYS", feed, days.delivered, out);
        }
        if (days.unexpected > 0) write_count(&subject, "UNEXPECTED_DAYS", feed, days.unexpected, out);
    }
}

/* Coverage of each family in the period, as rows of obs.csv that hang on nothing else have it. */
static void write_coverage(const struct publication *publication, FILE *out) {
    const struct period *period = &publication->statistics->period;
    const struct subject all = {"ALL", "", "", -1, period->text};
    for (int i = FAMILY_NONE + 1; publication->coverage != NULL && i < FAMILY_COUNT; i++) {
        char share[DECIMAL_BYTES];
        const char *feed = feed_name((enum family)i);
        if (feed[0] == '\0') continue;
        struct covered covered = coverage_of(publication->coverage, (enum family)i, period->first, period->last);
        decimal_quotient(share, covered.share.top, covered.share.bottom, 2, 2);
        write_row(&all, (struct figure){"COVERAGE", feed, share, "PT", ""}, out);
    }
}

bool paradata_csv_write(const struct publication *publication, FILE *out, struct fault *fault) {
    (void)fault;
    const struct state *state = publication->state;
    struct counts total;
    const struct subject all = {"ALL", "", "", -1, ""};
    (void)fputs("scope,source,topic,partition,period,measure,rule,value,unit,class\n", out);
    provenance_counts(state, &total);
    write_counts(&all, &total, out);
    write_share(&all, "DUPLICATE_SHARE", total.duplicate, total.delivered, 2, out);
    write_share(&all, "REFUSED_SHARE", total.rejected + total.quarantined, total.delivered, 2, out);
    write_share(&all, "LATE_SHARE", total.late, total.applied, 2, out);
    write_gaps(&all, state, 0, state->partition_count, out);
    write_coverage(publication, out);
    for (size_t i = 0; i < state->partition_count; i++) {
        const struct state_partition *partition = &state->partitions[i];
        const struct subject subject = {"PARTITION", "", partition->topic, partition->partition, ""};
        write_counts(&subject, &partition->progress.counts, out);
        write_gaps(&subject, state, i, 1, out);
    }
    if (publication->base_count > 0) write_tet_days(&publication->statistics->period, out);
    for (size_t i = 0; i < publication->base_count; i++) {
        if (strcmp(publication->bases[i].period.text, publication->statistics->period.text) != 0)
            write_tet_days(&publication->bases[i].period, out);
    }
    write_sources(publication, out);
    for (size_t i = 0; publication->coverage != NULL && i < coverage_source_count(publication->coverage); i++)
        write_source_days(publication, i, out);
    return true;
}
