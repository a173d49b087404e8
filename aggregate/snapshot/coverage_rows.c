/* What each row hangs on: families of events, and local days. A row is as well covered as the least covered of them, and was not
 * collected when one of them was not, because nobody can tell what the missing part would have added. */
#include "aggregate/snapshot/coverage.h"

#include "check.h"

#include <string.h>

/* The least covered of what a row hangs on. */
struct weakest {
    bool unmatched_too; /* whether an event belongs to a unit is no question */
    bool any;
    bool missing; /* something of it was delivered by nobody */
    struct fraction share;
};

static void weigh(struct coverage *coverage, unsigned families, int32_t first, int32_t last, struct weakest *weakest) {
    for (int family = FAMILY_NONE + 1; family < FAMILY_COUNT; family++) {
        if ((families >> family & 1) == 0) continue;
        struct covered covered = coverage_of(coverage, (enum family)family, first, last);
        weakest->missing = weakest->missing || covered.missing;
        struct fraction share = weakest->unmatched_too ? covered.connected : covered.share;
        if (!weakest->any || fraction_less(share, weakest->share)) weakest->share = share;
        weakest->any = true;
    }
}

static unsigned families_of_flows(const struct definitions *definitions, uint64_t flows) {
    unsigned families = 0;
    for (size_t i = 0; i < definitions->flow_count; i++) {
        if ((flows >> i & 1) != 0) families |= (unsigned)definitions->flows[i].family;
    }
    unsigned fed = 0;
    for (int family = FAMILY_NONE + 1; family < FAMILY_COUNT; family++) {
        if (feed_name((enum family)family)[0] != '\0') fed |= 1U << family;
    }
    return families & fed;
}

unsigned coverage_families(const struct definitions *definitions, const struct indicator *indicator) {
    switch (indicator->kind) {
    case INDICATOR_SHARE:
    case INDICATOR_ACTIVE:
    case INDICATOR_TURNOVER:
        return families_of_flows(definitions, indicator->flows);
    case INDICATOR_FLOW:
    case INDICATOR_RATIO:
    case INDICATOR_DISTINCT:
    case INDICATOR_DISTINCT_SHARE:
        if (indicator->plus.count == 0) return 1U << FAMILY_ORDER | 1U << FAMILY_PAYMENT; /* persons */
        return families_of_flows(definitions, terms_flows(&indicator->plus) | terms_flows(&indicator->minus) |
                                                  terms_flows(&indicator->over) | terms_flows(&indicator->over_minus));
    case INDICATOR_HHI:
        return families_of_flows(definitions, (uint64_t)1 << indicator->flow);
    case INDICATOR_NONE:
    case INDICATOR_UNITS:
    case INDICATOR_STRUCTURE:
        return 0;
    }
    UNREACHABLE();
    return 0;
}

/* Only orders have a place of sale that is sliced, only payments an instrument: such a row hangs on no other family. */
static unsigned families_of_row(const struct indicator *indicator, unsigned families, const struct observation *row) {
    bool platform = strcmp(row->at.platform, indicator->platform) != 0;
    bool instrument = strcmp(row->at.instrument, indicator->instrument) != 0;
    if (indicator->kind == INDICATOR_DISTINCT) {
        if (platform && strcmp(row->at.platform, "_Z") == 0) return families & 1U << FAMILY_PAYMENT;
        if (instrument && strcmp(row->at.instrument, "_Z") == 0) return families & 1U << FAMILY_ORDER;
        return families;
    }
    if (indicator->kind != INDICATOR_SHARE) return families;
    if (platform) return families & 1U << FAMILY_ORDER;
    return instrument ? families & 1U << FAMILY_PAYMENT : families;
}

static struct weakest weakest_of(struct coverage *coverage, const struct definitions *definitions,
                                 const struct indicator *indicator, const struct observation *row) {
    struct weakest weakest = {.unmatched_too = indicator->observed};
    unsigned families = families_of_row(indicator, coverage_families(definitions, indicator), row);
    int32_t first = row->window[0] != '\0' ? row->period.last - definitions->window_days + 1 : row->period.first;
    weigh(coverage, families, first, row->period.last, &weakest);
    if (indicator->kind == INDICATOR_TURNOVER) {
        struct period before = period_before(&row->period);
        weigh(coverage, families, before.first, before.last, &weakest);
    }
    return weakest;
}

/* The figure is taken out with all that it could be had from. */
static void set_not_collected(struct observation *row) {
    row->status = 'L';
    row->value[0] = row->numerator[0] = row->denominator[0] = row->bound_low[0] = row->bound_high[0] = '\0';
    row->before_break[0] = '\0';
    row->unit_class = "";
    row->error_type = "NONE";
}

void coverage_mark(struct coverage *coverage, const struct definitions *definitions, struct observations *observations) {
    static const struct fraction half = {1, 2};
    for (size_t i = 0; coverage != NULL && i < observations->count; i++) {
        struct observation *row = &observations->items[i];
        if (row->at.evidence == 'R') continue;
        const struct indicator *indicator = definitions_indicator(definitions, row->at.indicator);
        CHECK(indicator != NULL);
        struct weakest weakest = weakest_of(coverage, definitions, indicator, row);
        if (!weakest.any) continue;
        char share[DECIMAL_BYTES];
        decimal_quotient(share, weakest.share.top, weakest.share.bottom, 2, 2);
        (void)snprintf(row->coverage, sizeof(row->coverage), "%.7s", share);
        bool figure = row->status == 'P' || row->status == 'A' || row->status == 'E';
        if (weakest.missing && row->status != 'Q')
            set_not_collected(row);
        else if (figure && fraction_less(weakest.share, half))
            row->status = 'U';
    }
}
