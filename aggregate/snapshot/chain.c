/* The chain is made of links. A link is what the sources that are complete in two neighbouring months have in the later one, over
 * what they have in the earlier one; the index is 100 at the start, times all links up to the month.
 *
 * The index is kept as an integer of 10^-9 and rounded at each link, half to even: a product of sixty fractions of money would be
 * numbers of thousands of digits, and nobody could write it a second time.
 *
 * A link tells. With the flow of both months, which are published, it can be solved for the flow of the sources that are not in
 * it: one that has just come, one that leaves. So in the earlier month sources are of four classes - in this link or not, in the
 * link before it or not - because two links over one month can be subtracted from each other; in the later month they are of
 * two, and the link after it will ask again (schemas/disclosure.md §3). */
#include "aggregate/snapshot/chain.h"

#include "aggregate/snapshot/growth_parts.h"
#include "aggregate/snapshot/memory.h"

static const __int128 hundred = 100000000000; /* in 10^-9 */

enum { IN_LATER = 1, IN_EARLIER = 2 }; /* classes of sources: in the link from the month before, in the link to the month after */

struct chain_plan chain_plan_of(const struct computation *computation) {
    const struct snapshot_options *options = computation->options;
    const struct period *period = &computation->period;
    struct chain_plan plan = {.made = false};
    struct period base;
    bool based = options->growth && options->growth_base != NULL && options->growth_base[0] != '\0' &&
                 period_parse(options->growth_base, &base, &(struct fault){.code = FAULT_NONE});
    if (!based || period_months(base.frequency) == 0 || period->frequency != FREQUENCY_MONTH) return plan;
    plan.start = period_preceding(&(struct period){.frequency = FREQUENCY_MONTH, .first = base.last + 1});
    plan.made = period->first >= plan.start.first;
    plan.goes = plan.made && month_of_day(period->first) - month_of_day(plan.start.first) <= CHAIN_LINKS_MAX &&
                plan.start.first >= growth_first_day(computation->state) &&
                period_ended(period, options->zone, computation->as_of_ms);
    return plan;
}

/* ---- one month ---- */

/* One month while it is measured. */
struct month {
    const struct computation *computation;
    const struct control *control;
    struct amount *amounts; /* source * flow_count + flow: matched cells */
    unsigned families;      /* of the classes */
    uint8_t *class_of;      /* per source */
    bool last;              /* the period that is published: no link goes on from it */
};

static void add_up_cells(struct month *month) {
    const struct computation *computation = month->computation;
    const struct cells *cells = computation->cells;
    size_t flow_count = computation->definitions->flow_count;
    month->amounts = memory_zeroed(cells->source_count * flow_count, sizeof(*month->amounts));
    size_t end = cells_from(cells, computation->period.last + 1);
    for (size_t i = cells_from(cells, computation->period.first); i < end; i++) {
        const struct cell *cell = &cells->items[i];
        if (cell->version == VERSION_NONE) continue;
        struct amount amount = cell_amount(cells, cell);
        for (uint64_t flows = cell_kind(cells, cell)->flows; flows != 0; flows &= flows - 1) {
            struct amount *sum =
                &month->amounts[cells->sources[cell->account] * flow_count + (unsigned)__builtin_ctzll(flows)];
            sum->n += amount.n;
            sum->sum += amount.sum;
        }
    }
}

static void class_sources(struct month *month, unsigned families) {
    const struct computation *computation = month->computation;
    if (month->families == families) return;
    const struct period before = period_before(&computation->period);
    const struct period after = period_after(&computation->period);
    month->families = families;
    for (uint32_t source = 0; source < computation->cells->source_count; source++) {
        month->class_of[source] = 0;
        if (!panel_complete(computation->panel, source, families, &computation->period)) continue;
        if (panel_complete(computation->panel, source, families, &before)) month->class_of[source] |= IN_LATER;
        if (!month->last && panel_complete(computation->panel, source, families, &after))
            month->class_of[source] |= IN_EARLIER;
    }
}

/* A term list of one source; false when it has no cell of it. */
static bool add_terms(const struct month *month, uint32_t source, const struct terms *terms, __int128 *value) {
    const struct amount *amounts = &month->amounts[source * month->computation->definitions->flow_count];
    bool any = false;
    for (size_t i = 0; i < terms->count; i++) {
        const struct amount *amount = &amounts[terms->items[i].flow];
        any = any || amount->n > 0;
        *value += terms->items[i].sum ? amount->sum : amount->n;
    }
    return any;
}

/* `sets` of classes that split the sources: where only one of them has any cell, nothing is told but the flow itself. */
static bool is_told(const struct month *month, const struct indicator *indicator, unsigned present, const unsigned *sets,
                    size_t count) {
    unsigned asked[SOURCE_CLASSES_MAX];
    size_t asked_count = 0;
    for (size_t i = 0; i < count; i++) {
        if ((sets[i] & present) != 0) asked[asked_count++] = sets[i];
    }
    return asked_count < 2 || control_sources_told(month->control, indicator, month->class_of, asked, asked_count);
}

static void measure(struct month *month, const struct indicator *indicator, struct chain_ends *ends) {
    static const unsigned out_or_in[] = {1u << 0 | 1u << IN_EARLIER, 1u << IN_LATER | 1u << (IN_LATER | IN_EARLIER)};
    static const unsigned each[] = {1u << 0, 1u << IN_LATER, 1u << IN_EARLIER, 1u << (IN_LATER | IN_EARLIER)};
    unsigned present = 0;
    class_sources(month, coverage_families(month->computation->definitions, indicator));
    for (uint32_t source = 0; source < month->computation->cells->source_count; source++) {
        __int128 plus = 0;
        __int128 minus = 0;
        bool added = add_terms(month, source, &indicator->plus, &plus);
        bool taken = add_terms(month, source, &indicator->minus, &minus);
        unsigned class = month->class_of[source];
        if (added || taken) present |= 1u << class;
        if ((class & IN_LATER) != 0) ends->later.value += plus - minus;
        if ((class & IN_EARLIER) != 0) ends->earlier.value += plus - minus;
    }
    ends->later.told = is_told(month, indicator, present, out_or_in, 2);
    ends->earlier.told = !month->last && is_told(month, indicator, present, each, 4);
}

void chain_measure(struct computation *computation, const struct control *control) {
    if (computation->panel == NULL) return;
    const struct definitions *definitions = computation->definitions;
    struct month month = {.computation = computation,
                          .control = control,
                          .class_of = memory_zeroed(computation->cells->source_count, sizeof(uint8_t)),
                          .last = computation->options->growth};
    computation->ends = memory_zeroed(definitions->indicator_count, sizeof(*computation->ends));
    add_up_cells(&month);
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        if (definitions->indicators[i].kind == INDICATOR_FLOW && !definitions->indicators[i].observed)
            measure(&month, &definitions->indicators[i], &computation->ends[i]);
    }
    free(month.amounts);
    free(month.class_of);
}

/* ---- the chain ---- */

bool chain_is_total(const struct computation *computation, size_t from) {
    const struct coordinates *at = &computation->observations.items[from].at;
    const struct indicator *indicator = definitions_indicator(computation->definitions, at->indicator);
    if (indicator->observed) return false;
    struct coordinates total = statistics_total(&computation->statistics, indicator, at->evidence);
    return strcmp(at->area, total.area) == 0 && strcmp(at->unit_type, total.unit_type) == 0 &&
           strcmp(at->platform, total.platform) == 0 && strcmp(at->instrument, total.instrument) == 0;
}

/* One link. A flow that is not above 0 has no growth, and what falls below 0 is no index. */
static void go_on(struct growth_inputs *inputs, const struct chain_end *earlier, const struct chain_end *later) {
    inputs->withheld = inputs->withheld || !earlier->told || !later->told;
    inputs->missing = inputs->missing || earlier->value <= 0 || later->value < 0 ||
                      !decimal_multiply(&inputs->top, later->value, earlier->value);
}

struct growth_inputs chain_inputs(const struct growth *growth, size_t from) {
    const struct computation *computation = growth->computation;
    const struct observation *row = &computation->observations.items[from];
    const struct indicator *indicator = definitions_indicator(computation->definitions, row->at.indicator);
    size_t number = (size_t)(indicator - computation->definitions->indicators);
    struct growth_inputs inputs = {.top = hundred, .bottom = hundred};
    __int128 flow = 0;
    growth_take_row(&inputs, row, &flow);
    inputs.missing = inputs.missing || !growth->plan.goes || (growth->link_count == 0 && flow <= 0);
    for (size_t i = 0; i < growth->link_count; i++) {
        bool last = i + 1 == growth->link_count;
        const struct chain_ends *later = last ? computation->ends : growth->chain[i + 1]->computation.ends;
        growth_take_base(&inputs, growth->chain[i], row, &flow);
        go_on(&inputs, &growth->chain[i]->computation.ends[number].earlier, &later[number].later);
    }
    return inputs;
}
