/* What flows, ratios and concentrations are made of: sums of flows ("forms"), each a figure of its own in every place in which
 * some row shows it, be it as the value, the numerator or the denominator. A row is suppressed when one of its forms is.
 *
 * Which forms are parts of others is read off the data: the sets of flows that occur together on cells are few. A form that is
 * nowhere more than another is a part of it, and what remains is a figure that anybody can subtract (payments less e-wallet
 * payments), so it is judged, too. */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

static unsigned dimensions_of(const struct indicator *indicator) {
    unsigned dimensions = 0;
    if ((indicator->slices & SLICE_DISTRICT) != 0) dimensions |= 1u << BY_DISTRICT;
    if ((indicator->slices & SLICE_UNIT_TYPE) != 0) dimensions |= 1u << BY_UNIT_TYPE;
    if ((indicator->slices & (SLICE_PLATFORM | SLICE_MARKETPLACE_TOTAL)) != 0) dimensions |= 1u << BY_OUTLET;
    if ((indicator->slices & SLICE_INSTRUMENT) != 0) dimensions |= 1u << BY_INSTRUMENT;
    return dimensions;
}

/* A form shown by the indicator. One that is a magnitude somewhere is one everywhere. */
static uint32_t form_use(struct flow_figures *flows, const struct terms *terms, enum judge judge, uint32_t whole,
                         const struct indicator *indicator) {
    if (terms->count == 0) return UINT32_MAX;
    struct form form = form_of(terms);
    uint32_t at = form_find(flows, &form);
    if (at == UINT32_MAX) {
        flows->uses = memory_reserve(flows->uses, &flows->capacity, flows->count + 1, sizeof(*flows->uses));
        at = (uint32_t)flows->count++;
        flows->uses[at] = (struct form_use){.form = form, .judge = judge, .whole = whole};
    }
    struct form_use *use = &flows->uses[at];
    if (judge == JUDGE_MAGNITUDE) use->judge = JUDGE_MAGNITUDE;
    use->dimensions |= dimensions_of(indicator);
    use->daily = use->daily || indicator->daily;
    return at;
}

static bool counts_only(const struct terms *terms) {
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->items[i].sum) return false;
    }
    return true;
}

static struct terms leaf_terms(const struct indicator *indicator) {
    return (struct terms){.items = {{.flow = indicator->flow, .sum = true}}, .count = 1};
}

static void collect_forms(struct flow_figures *flows, const struct definitions *definitions) {
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const struct indicator *indicator = &definitions->indicators[i];
        struct terms leaf = leaf_terms(indicator);
        if (indicator->observed) continue;
        if (indicator->kind == INDICATOR_HHI) (void)form_use(flows, &leaf, JUDGE_MAGNITUDE, UINT32_MAX, indicator);
        if (indicator->plus.count == 0) continue; /* of units, of leaves, of persons */
        uint32_t whole = form_use(flows, &indicator->over, JUDGE_MAGNITUDE, UINT32_MAX, indicator);
        /* The numerator of a share of events is no more than a share of a number that is published. */
        bool share = indicator->measure == MEASURE_PERCENT && whole != UINT32_MAX && counts_only(&indicator->plus) &&
                     counts_only(&indicator->over) && indicator->over_minus.count == 0;
        (void)form_use(flows, &indicator->plus, share ? JUDGE_PART : JUDGE_MAGNITUDE, whole, indicator);
        (void)form_use(flows, &indicator->minus, JUDGE_MAGNITUDE, UINT32_MAX, indicator);
        (void)form_use(flows, &indicator->over_minus, JUDGE_MAGNITUDE, UINT32_MAX, indicator);
    }
}

enum table_kind { TABLE_MATCHED = 0, TABLE_UNMATCHED, TABLE_DAYS };

/* Days of a period, laid out over all dimensions. */
static void code_day(const struct control *control, int32_t day, uint8_t codes[static DISCLOSURE_DIMENSIONS]) {
    uint32_t number = (uint32_t)(day - control->inputs.period->first);
    CHECK(number / DISCLOSURE_NONE < DISCLOSURE_DIMENSIONS);
    codes[number / DISCLOSURE_NONE] = (uint8_t)(number % DISCLOSURE_NONE);
}

/* The same by day, from the cells. */
static struct contributions daily_contributions(const struct control *control, const struct form *outer,
                                                const struct form *inner) {
    struct contributions contributions = {.items = NULL};
    const struct cells *cells = control->inputs.cells;
    for (size_t i = 0; i < control->order_count; i++) {
        const struct cell *cell = &cells->items[control->order[i]];
        struct amount amount = cell_amount(cells, cell);
        struct contribution item;
        struct pooled alone = {.flows = cell_kind(cells, cell)->flows, .n = amount.n, .sum = amount.sum};
        if (cell->version == VERSION_NONE || !form_amount(outer, inner, &alone, &item)) continue;
        item.unit = control_cell_contributor(control, cell);
        item.platform = control_cell_platform(control, cell);
        memset(item.codes, DISCLOSURE_NONE, sizeof(item.codes));
        code_day(control, cell_day(cells, cell), item.codes);
        contributions_add(&contributions, &item);
    }
    return contributions;
}

/* What the amounts of a table contribute to `outer` less `inner`. */
static struct contributions contributions_of(const struct control *control, enum table_kind kind, const struct form *outer,
                                             const struct form *inner) {
    struct contributions contributions = {.items = NULL};
    if (kind == TABLE_DAYS) return daily_contributions(control, outer, inner);
    for (size_t i = 0; i < control->pool_count; i++) {
        struct contribution item;
        if (control->pool[i].unmatched != (kind == TABLE_UNMATCHED)) continue;
        if (form_amount(outer, inner, &control->pool[i], &item)) contributions_add(&contributions, &item);
    }
    return contributions;
}

static uint64_t group_members(const struct axis *axis, uint64_t codes) {
    for (size_t i = 0; i < axis->group_count; i++) {
        if (axis->groups[i].codes == codes) return codes;
    }
    return 0;
}

/* Codes of an axis add up to everything, and the members of a group to the group, which then stands for them. */
static void lay_axis(struct disclosure_table *table, const struct axis *axis, unsigned dimension, uint32_t all,
                     uint32_t *places) {
    uint32_t parts[AXIS_CODES_MAX];
    uint64_t grouped = 0;
    size_t count = 0;
    for (size_t i = 0; i < axis->code_count; i++)
        places[i] = disclosure_place(table, dimension, axis->codes[i].codes, true);
    for (size_t i = 0; i < axis->code_count; i++) {
        uint64_t members = group_members(axis, axis->codes[i].codes);
        if (members == 0 || (members & grouped) != 0) continue;
        uint32_t inside[AXIS_CODES_MAX];
        size_t inside_count = 0;
        grouped |= members;
        parts[count++] = places[i];
        for (size_t j = 0; j < axis->code_count; j++) {
            bool single = (axis->codes[j].codes & (axis->codes[j].codes - 1)) == 0;
            if (single && j != i && (axis->codes[j].codes & members) != 0) inside[inside_count++] = places[j];
        }
        disclosure_adds_up(table, places[i], inside, inside_count);
    }
    for (size_t i = 0; i < axis->code_count; i++) {
        bool single = (axis->codes[i].codes & (axis->codes[i].codes - 1)) == 0;
        if (single && (axis->codes[i].codes & grouped) == 0) parts[count++] = places[i];
    }
    disclosure_adds_up(table, all, parts, count);
}

static void lay_places(struct control *control) {
    struct flow_figures *flows = &control->flows;
    const struct definitions *definitions = control->inputs.definitions;
    uint32_t all = disclosure_place(flows->matched, DISCLOSURE_ALL, UINT64_MAX, true);
    (void)disclosure_place(flows->unmatched, DISCLOSURE_ALL, UINT64_MAX, true);
    control_district_places(control, flows->matched, BY_DISTRICT, all, flows->districts);
    for (size_t i = 0; i < definitions->unit_types.count; i++)
        flows->unit_types[i] = disclosure_place(flows->matched, BY_UNIT_TYPE, (uint64_t)1 << i, true);
    disclosure_adds_up(flows->matched, all, flows->unit_types, definitions->unit_types.count);
    lay_axis(flows->matched, &definitions->platform, BY_OUTLET, all, flows->outlets);
    lay_axis(flows->matched, &definitions->instrument, BY_INSTRUMENT, all, flows->instruments);
}

/* Days add up to months, which other vintages publish, and those to the period. */
static void lay_days(struct control *control) {
    struct flow_figures *flows = &control->flows;
    const struct period *period = control->inputs.period;
    uint32_t all = disclosure_place(flows->days, DISCLOSURE_ALL, UINT64_MAX, true);
    uint32_t months[12];
    size_t month_count = 0;
    flows->day_places = memory_zeroed((size_t)(period->last - period->first) + 1, sizeof(*flows->day_places));
    for (int32_t first = period->first; first <= period->last;) {
        uint64_t together[DISCLOSURE_DIMENSIONS] = {0};
        uint32_t *places = &flows->day_places[first - period->first];
        size_t count = 0;
        bool month = period->frequency == FREQUENCY_QUARTER || period->frequency == FREQUENCY_YEAR;
        int32_t day = first;
        for (; day <= period->last && (!month || month_of_day(day) == month_of_day(first)); day++) {
            uint64_t masks[DISCLOSURE_DIMENSIONS] = {0};
            uint32_t number = (uint32_t)(day - period->first);
            masks[number / DISCLOSURE_NONE] = (uint64_t)1 << number % DISCLOSURE_NONE;
            together[number / DISCLOSURE_NONE] |= masks[number / DISCLOSURE_NONE];
            places[count++] = disclosure_place_across(flows->days, masks, true);
        }
        uint32_t whole = month ? disclosure_place_across(flows->days, together, false) : all;
        disclosure_adds_up(flows->days, whole, places, count);
        if (month) months[month_count++] = whole;
        first = day;
    }
    disclosure_adds_up(flows->days, all, months, month_count);
}

static unsigned table_dimensions(const struct form_use *use, enum table_kind kind) {
    if (kind == TABLE_DAYS) return use->daily ? (1u << DISCLOSURE_DIMENSIONS) - 1 : 0;
    return use->dimensions;
}

/* The form of one term of another form. */
static uint32_t term_form(const struct flow_figures *flows, const struct form *form, size_t flow, bool sum) {
    struct form single = {.n = {0}};
    if (sum)
        single.sum[flow] = form->sum[flow];
    else
        single.n[flow] = form->n[flow];
    return form_find(flows, &single);
}

/* The smallest of the parts everywhere but `not`. */
static uint32_t least_part(const struct disclosure_table *table, const uint32_t *parts, size_t count, uint32_t not) {
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == not) continue;
        if (least == UINT32_MAX || disclosure_total(table, parts[i]) < disclosure_total(table, least)) least = parts[i];
    }
    return least;
}

/* Attempts are successes, business declines and technical declines. Each of such parts has a companion that goes with it: the
 * smallest of the others everywhere. */
static void find_companions(const struct flow_figures *flows, struct disclosure_table *table) {
    for (size_t i = 0; i < flows->count; i++) {
        const struct form *form = &flows->uses[i].form;
        uint32_t parts[TERMS_MAX];
        size_t count = 0;
        size_t terms = 0;
        for (size_t j = 0; j < 2 * (size_t)FLOWS_MAX; j++) {
            bool sum = j >= FLOWS_MAX;
            if ((sum ? form->sum[j - FLOWS_MAX] : form->n[j]) == 0) continue;
            uint32_t part = term_form(flows, form, sum ? j - FLOWS_MAX : j, sum);
            terms++;
            if (part != UINT32_MAX && count < TERMS_MAX) parts[count++] = part;
        }
        if (terms < 2 || count < terms) continue;
        for (size_t j = 0; j < count; j++)
            disclosure_companion(table, parts[j], least_part(table, parts, count, parts[j]));
    }
}

static void fill_table(const struct control *control, struct disclosure_table *table, enum table_kind kind,
                       const struct patterns *patterns) {
    const struct flow_figures *flows = &control->flows;
    for (size_t i = 0; i < flows->count; i++) {
        const struct form_use *use = &flows->uses[i];
        struct contributions contributions = contributions_of(control, kind, &use->form, NULL);
        (void)disclosure_figure(table, &contributions, use->judge, use->whole, table_dimensions(use, kind));
    }
    find_companions(flows, table);
    for (uint32_t inner = 0; inner < flows->count; inner++) {
        for (uint32_t outer = 0; outer < flows->count; outer++) {
            const struct form_use *a = &flows->uses[inner];
            const struct form_use *b = &flows->uses[outer];
            if (inner == outer || !form_is_part(patterns, &a->form, &b->form)) continue;
            if (inner > outer && form_is_part(patterns, &b->form, &a->form)) continue; /* equal: once is enough */
            struct contributions rest = contributions_of(control, kind, &b->form, &a->form);
            bool magnitude = memcmp(a->form.sum, (uint8_t[FLOWS_MAX]){0}, FLOWS_MAX) != 0;
            unsigned dimensions = table_dimensions(a, kind) & table_dimensions(b, kind);
            uint32_t figure =
                disclosure_figure(table, &rest, magnitude ? JUDGE_MAGNITUDE : JUDGE_PART, outer, dimensions);
            disclosure_nested(table, inner, outer, figure);
        }
    }
}

/* Flow `part` is what `whole` is through these outlets and instruments, by definition. */
static bool flow_restricted(const struct flow_rule *part, const struct flow_rule *whole, uint64_t outlets, uint64_t instruments) {
    return part->family == whole->family && part->role == whole->role && part->context == whole->context &&
           part->pay_mode == whole->pay_mode && part->person_type == whole->person_type && part->outcome == whole->outcome &&
           part->reason_class == whole->reason_class && part->records_cash == whole->records_cash &&
           part->named == whole->named &&
           part->outlet == (whole->outlet & outlets) && part->instrument == (whole->instrument & instruments);
}

/* Every flow of `part` restricts one of `whole` that is in it as often, and none of `whole` is left. */
static bool form_restricted(const struct definitions *definitions, const struct form *part, const struct form *whole,
                            uint64_t outlets, uint64_t instruments) {
    struct form left = *whole;
    for (size_t i = 0; i < definitions->flow_count; i++) {
        if (part->n[i] + part->sum[i] == 0) continue;
        size_t at = 0;
        while (at < definitions->flow_count &&
               (left.n[at] != part->n[i] || left.sum[at] != part->sum[i] ||
                !flow_restricted(&definitions->flows[i], &definitions->flows[at], outlets, instruments)))
            at++;
        if (at == definitions->flow_count) return false;
        left.n[at] = left.sum[at] = 0;
    }
    return memcmp(&left, &(struct form){.n = {0}}, sizeof(left)) == 0;
}

/* E-wallet payments everywhere are payments by e-wallet: two rows, one number. */
static void find_same(struct flow_figures *flows, const struct definitions *definitions) {
    for (uint32_t part = 0; part < flows->count; part++) {
        for (uint32_t whole = 0; whole < flows->count; whole++) {
            const struct form *a = &flows->uses[part].form;
            const struct form *b = &flows->uses[whole].form;
            for (size_t i = 0; part != whole && i < definitions->platform.code_count; i++) {
                if (form_restricted(definitions, a, b, definitions->platform.codes[i].codes, UINT64_MAX))
                    disclosure_same(flows->matched, part, whole, flows->outlets[i]);
            }
            for (size_t i = 0; part != whole && i < definitions->instrument.code_count; i++) {
                if (form_restricted(definitions, a, b, UINT64_MAX, definitions->instrument.codes[i].codes))
                    disclosure_same(flows->matched, part, whole, flows->instruments[i]);
            }
        }
    }
}

void flow_figures_fill(struct control *control) {
    struct flow_figures *flows = &control->flows;
    flows->matched = disclosure_table_create(control->inputs.rules);
    flows->unmatched = disclosure_table_create(control->inputs.rules);
    collect_forms(flows, control->inputs.definitions);
    lay_places(control);
    struct patterns *patterns = memory_zeroed(1, sizeof(*patterns));
    patterns_find(control, patterns);
    fill_table(control, flows->matched, TABLE_MATCHED, patterns);
    find_same(flows, control->inputs.definitions);
    fill_table(control, flows->unmatched, TABLE_UNMATCHED, patterns);
    if (control->inputs.daily) {
        flows->days = disclosure_table_create(control->inputs.rules);
        lay_days(control);
        fill_table(control, flows->days, TABLE_DAYS, patterns);
    }
    free(patterns);
}

/* What is withheld for all days together is so in both tables. */
static bool agree(const struct flow_figures *flows) {
    bool changed = false;
    for (uint32_t i = 0; i < flows->count; i++) {
        struct judgement total = disclosure_verdict(flows->matched, i, 0);
        struct judgement of_days = disclosure_verdict(flows->days, i, 0);
        changed = changed || (total.status == 'F' && of_days.status != 'F');
        disclosure_hold(flows->days, i, 0, total);
        disclosure_hold(flows->matched, i, 0, of_days);
    }
    return changed;
}

void flow_figures_run(struct flow_figures *flows) {
    disclosure_table_run(flows->unmatched);
    disclosure_table_run(flows->matched);
    for (bool changed = flows->days != NULL; changed;) {
        (void)agree(flows);
        disclosure_table_run(flows->days);
        changed = agree(flows);
        if (changed) disclosure_table_run(flows->matched);
    }
}

void flow_figures_clear(struct flow_figures *flows) {
    disclosure_table_destroy(flows->matched);
    disclosure_table_destroy(flows->unmatched);
    disclosure_table_destroy(flows->days);
    free(flows->day_places);
    free(flows->uses);
}

static uint32_t axis_place(const struct axis *axis, const uint32_t *places, uint64_t codes) {
    for (size_t i = 0; i < axis->code_count; i++) {
        if (axis->codes[i].codes == codes) return places[i];
    }
    UNREACHABLE();
    return 0;
}

static uint32_t place_number(const struct control *control, struct place place) {
    const struct flow_figures *flows = &control->flows;
    const struct definitions *definitions = control->inputs.definitions;
    switch (place.axis) {
    case PLACE_PROVINCE:
    case PLACE_UNMATCHED:
        return 0;
    case PLACE_DISTRICT:
        return flows->districts[place.codes];
    case PLACE_UNIT_TYPE:
        return flows->unit_types[place.codes];
    case PLACE_OUTLETS:
        return axis_place(&definitions->platform, flows->outlets, place.codes);
    case PLACE_INSTRUMENTS:
        return axis_place(&definitions->instrument, flows->instruments, place.codes);
    case PLACE_OBSERVED:
    case PLACE_PARTIES:
        break;
    }
    UNREACHABLE();
    return 0;
}

/* The forms of an indicator, as figures of a table. */
static struct origin origin_of(const struct flow_figures *flows, const struct indicator *indicator,
                               struct disclosure_table *table, uint32_t place) {
    struct origin origin = {.known = true, .own = {'F', GROUND_NONE}, .table = table, .place = place};
    struct terms leaf = leaf_terms(indicator);
    const struct terms *parts[] = {&indicator->plus, &indicator->minus, &indicator->over, &indicator->over_minus, &leaf};
    size_t first = indicator->kind == INDICATOR_HHI ? 4 : 0;
    size_t end = indicator->kind == INDICATOR_HHI ? 5 : 4;
    for (size_t i = first; i < end; i++) {
        if (parts[i]->count == 0) continue;
        struct form form = form_of(parts[i]);
        uint32_t figure = form_find(flows, &form);
        CHECK(figure != UINT32_MAX);
        origin.figures[origin.figure_count++] = figure;
    }
    return origin;
}

struct origin control_flow(const struct control *control, const struct indicator *indicator, struct place place) {
    if (control == NULL) return (struct origin){.known = false};
    if (indicator->observed) return observed_origin(control, indicator, place);
    const struct flow_figures *flows = &control->flows;
    return origin_of(flows, indicator, place.axis == PLACE_UNMATCHED ? flows->unmatched : flows->matched,
                     place_number(control, place));
}

struct origin control_day(const struct control *control, const struct indicator *indicator, struct place place, int32_t day) {
    if (control == NULL) return (struct origin){.known = false};
    const struct flow_figures *flows = &control->flows;
    struct origin origin =
        origin_of(flows, indicator, flows->days, flows->day_places[day - control->inputs.period->first]);
    if (place.axis != PLACE_PROVINCE)
        origin = (struct origin){.known = true, .own = {'D', GROUND_TWO_WAY}};
    return origin;
}

struct origin control_concentration(const struct control *control, const struct indicator *indicator, struct place place,
                                    const struct contributed *leaves) {
    struct origin origin = control_flow(control, indicator, place);
    if (control != NULL) origin.own = disclosure_concentration(control->inputs.rules, leaves);
    return origin;
}
