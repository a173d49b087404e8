/* Rows that say how a flow moved: on the period before (G1), on the same period a year ago (GY), on the mean of a base period
 * (IX), along the sources that delivered (IXM, chain.c), and January with February on both of a year ago (GYT), because Tet lies
 * in one of them this year and in the other the next.
 *
 * A base is a whole computation of its period from the same state, registry cut and definitions, with its own control of
 * disclosure, held to the newest release of that period: its figures are those that its next release would publish. So a growth
 * tells of two figures that may both be told; where one may not, neither may it. A growth of a period that goes on still, or on
 * one that was not observed from its first day, compares unlike things: there is none (M).
 *
 * A flow's value is an exact integer of minor units, written in full: the text of a row is the unrounded figure. */
#include "aggregate/snapshot/growth.h"

#include "aggregate/snapshot/growth_parts.h"
#include "aggregate/snapshot/memory.h"

#include <stdio.h>

enum { FEBRUARY = 1 };

int32_t growth_first_day(const struct state *state) {
    int32_t seen = state_first_active_day(state);
    int64_t kept = INT32_MIN;
    for (size_t i = 0; i < state->partition_count; i++) {
        int64_t least = state->partitions[i].progress.ledger_day_min;
        if (least > kept) kept = least;
    }
    return kept > seen ? (int32_t)kept : seen;
}

/* Everything but the rows is let go: many bases need not be in memory at once. */
static void keep_rows(struct computation *computation) {
    cells_destroy(computation->cells);
    crosswalk_destroy(computation->crosswalk);
    registry_destroy(computation->registry);
    coverage_destroy(computation->coverage);
    computation->cells = NULL;
    computation->crosswalk = NULL;
    computation->registry = NULL;
    computation->coverage = NULL;
}

/* A chain goes through the months from its start to the one before. */
static bool is_in_chain(const struct growth *growth, const struct period *period) {
    return growth->plan.goes && period->frequency == FREQUENCY_MONTH && period->first >= growth->plan.start.first &&
           period->first < growth->computation->period.first;
}

static bool run_base(struct growth *growth, const struct period *period, const struct base **at, struct fault *fault) {
    struct computation *now = growth->computation;
    for (size_t i = 0; i < now->base_count; i++) {
        *at = &growth->bases[i];
        if (strcmp(now->bases[i].period.text, period->text) == 0) return true;
    }
    CHECK(now->base_count < GROWTH_BASES_MAX);
    struct base *base = &growth->bases[now->base_count];
    struct growth_base *note = &now->bases[now->base_count++];
    char flow[VINTAGE_FLOW_BYTES];
    *at = base;
    base->observed = period->first >= growth->first_day && period_ended(period, now->options->zone, now->as_of_ms);
    base->options = *now->options;
    base->options.growth = false;
    base->options.daily = false;
    base->options.disclosure.windows = false; /* it judges numbers of units: none has a growth */
    base->computation = (struct computation){
        .options = &base->options, .state = now->state, .period = *period, .as_of_ms = now->as_of_ms, .cut = now->cut,
        .definitions_path = now->definitions_path, .panel = is_in_chain(growth, period) ? now->panel : NULL};
    *note = (struct growth_base){.period = *period};
    vintage_flow(now->definitions->structure_id, base->options.raw, flow);
    if (!previous_find(base->options.directory, flow, period, &base->release, fault)) return false;
    if (base->release != NULL) {
        base->computation.before = &base->release->table;
        note->release = base->release->release;
        (void)snprintf(note->vintage, sizeof(note->vintage), "%s", base->release->name);
        memcpy(note->manifest_sha256, base->release->manifest_sha256, sizeof(note->manifest_sha256));
    }
    if (!computation_run(&base->computation, fault)) return false;
    keep_rows(&base->computation);
    return true;
}

/* The index' base is made of whole periods like this one. */
static bool has_index(const struct growth *growth, struct period *base, int32_t *periods) {
    const struct computation *computation = growth->computation;
    struct fault ignored;
    const char *text = computation->options->growth_base;
    if (text == NULL || text[0] == '\0' || !period_parse(text, base, &ignored)) return false;
    int32_t months = period_months(computation->period.frequency);
    if (months == 0) {
        *periods = 1;
        return base->frequency == computation->period.frequency;
    }
    *periods = period_months(base->frequency) / months;
    return *periods > 0;
}

static bool run_bases(struct growth *growth, struct fault *fault) {
    const struct period *period = &growth->computation->period;
    const struct base **at = growth->at;
    struct period before = period_preceding(period);
    struct period year;
    struct period base;
    /* Of a year the two are the same: GY. */
    if (period->frequency != FREQUENCY_YEAR && !run_base(growth, &before, &at[BASE_BEFORE], fault)) return false;
    bool has_year = period_year_before(period, &year);
    if (has_year && !run_base(growth, &year, &at[BASE_YEAR], fault)) return false;
    if (has_index(growth, &base, &growth->index_periods) && !run_base(growth, &base, &at[BASE_INDEX], fault)) return false;
    bool february = period->frequency == FREQUENCY_MONTH && month_of_day(period->first) % 12 == FEBRUARY;
    if (!has_year || !february) return true;
    struct period january = period_preceding(&year);
    return run_base(growth, &january, &at[BASE_YEAR_BEFORE], fault);
}

static bool run_chain(struct growth *growth, struct fault *fault) {
    for (struct period month = growth->plan.start; is_in_chain(growth, &month); month = period_after(&month)) {
        if (!run_base(growth, &month, &growth->chain[growth->link_count++], fault)) return false;
    }
    return true;
}

/* A row is as well covered as the least covered of those that it is made of. */
static void take_coverage(struct growth_inputs *inputs, const struct observation *row) {
    __int128 least, coverage;
    int decimals;
    if (row == NULL || !decimal_parse(row->coverage, &coverage, &decimals)) return;
    if (decimal_parse(inputs->coverage, &least, &decimals) && least <= coverage) return;
    memcpy(inputs->coverage, row->coverage, sizeof(inputs->coverage));
}

void growth_take_row(struct growth_inputs *inputs, const struct observation *row, __int128 *sum) {
    __int128 value = 0;
    int decimals;
    bool has_value = row != NULL && decimal_parse(row->value, &value, &decimals);
    inputs->withheld = inputs->withheld || (row != NULL && row->status == 'Q');
    inputs->uncollected = inputs->uncollected || (row != NULL && row->status == 'L');
    inputs->missing = inputs->missing || !has_value;
    inputs->unsure = inputs->unsure || (row != NULL && row->status == 'U');
    take_coverage(inputs, row);
    *sum += value;
}

void growth_take_base(struct growth_inputs *inputs, const struct base *base, const struct observation *row, __int128 *sum) {
    inputs->missing = inputs->missing || !base->observed;
    growth_take_row(inputs, observations_find_in(&base->computation.observations, row, &base->computation.period), sum);
}

static void write_figure(const struct growth *growth, struct observation *row, const struct growth_inputs *inputs, bool index) {
    row->decimals = 1;
    row->unit_measure = index ? "IX" : "PT";
    if (inputs->withheld) {
        row->status = 'Q';
        row->confidentiality = 'D';
        return;
    }
    if (inputs->missing || !growth->ended || inputs->bottom <= 0) {
        row->status = inputs->uncollected ? 'L' : 'M';
        return;
    }
    if (inputs->unsure) row->status = 'U';
    decimal_quotient(row->value, index ? inputs->top : inputs->top - inputs->bottom, inputs->bottom, 2, row->decimals);
}

static void add_row(const struct growth *growth, const char *transformation, size_t from, const struct growth_inputs *inputs) {
    struct computation *computation = growth->computation;
    struct coordinates at = computation->observations.items[from].at;
    at.transformation = transformation;
    struct observation *row = observations_add(&computation->observations, &at, &computation->period);
    if (!computation->options->raw) row->confidentiality = 'F';
    (void)snprintf(row->coverage, sizeof(row->coverage), "%s", inputs->coverage);
    write_figure(growth, row, inputs, strncmp(transformation, "IX", 2) == 0);
    if (computation->options->raw) return;
    struct disclosure_audit *audit = &computation->disclosure;
    audit->free += row->confidentiality == 'F';
    audit->statuses[(unsigned char)row->confidentiality & 127]++;
    audit->grounds[row->confidentiality == 'F' ? GROUND_NONE : GROUND_SECONDARY]++;
}

static void add_rows_of(const struct growth *growth, size_t from) {
    static const struct {
        const char *transformation;
        enum base_place place;
    } kinds[] = {{"G1", BASE_BEFORE}, {"GY", BASE_YEAR}, {"IX", BASE_INDEX}};
    struct observations *observations = &growth->computation->observations;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct base *base = growth->at[kinds[i].place];
        struct growth_inputs inputs = {.top = 0};
        if (base == NULL) continue;
        growth_take_row(&inputs, &observations->items[from], &inputs.top);
        growth_take_base(&inputs, base, &observations->items[from], &inputs.bottom);
        if (kinds[i].place == BASE_INDEX) inputs.top *= growth->index_periods;
        add_row(growth, kinds[i].transformation, from, &inputs);
    }
    if (growth->plan.made && chain_is_total(growth->computation, from)) {
        struct growth_inputs inputs = chain_inputs(growth, from);
        add_row(growth, "IXM", from, &inputs);
    }
    if (growth->at[BASE_YEAR_BEFORE] == NULL) return;
    struct growth_inputs inputs = {.top = 0};
    growth_take_row(&inputs, &observations->items[from], &inputs.top);
    growth_take_base(&inputs, growth->at[BASE_BEFORE], &observations->items[from], &inputs.top);
    growth_take_base(&inputs, growth->at[BASE_YEAR], &observations->items[from], &inputs.bottom);
    growth_take_base(&inputs, growth->at[BASE_YEAR_BEFORE], &observations->items[from], &inputs.bottom);
    add_row(growth, "GYT", from, &inputs);
}

static bool is_flow(const struct computation *computation, const struct observation *row) {
    const struct indicator *indicator = definitions_indicator(computation->definitions, row->at.indicator);
    return indicator != NULL && indicator->kind == INDICATOR_FLOW && row->period.first == computation->period.first &&
           row->period.last == computation->period.last;
}

bool growth_add(struct computation *computation, struct fault *fault) {
    if (computation->period.frequency == FREQUENCY_DAY) return true;
    struct growth *growth = memory_zeroed(1, sizeof(*growth));
    growth->computation = computation;
    growth->ended = period_ended(&computation->period, computation->options->zone, computation->as_of_ms);
    growth->first_day = growth_first_day(computation->state);
    growth->plan = chain_plan_of(computation);
    bool good = run_bases(growth, fault) && run_chain(growth, fault);
    size_t count = computation->observations.count;
    for (size_t i = 0; good && i < count; i++) {
        if (is_flow(computation, &computation->observations.items[i])) add_rows_of(growth, i);
    }
    if (good) observations_sort(&computation->observations);
    for (size_t i = 0; i < computation->base_count; i++) {
        computation_clear(&growth->bases[i].computation);
        previous_destroy(growth->bases[i].release);
    }
    free(growth);
    return good;
}

bool growth_check_base(const char *base, struct fault *fault) {
    struct period period;
    struct fault ignored;
    if (base == NULL || base[0] == '\0' || period_parse(base, &period, &ignored)) return true;
    return fault_set(fault, STOP_SETTING, false,
                     "snapshot.base: found \"%.40s\", accepted are 2021, 2021-Q3, 2021-09, 2021-W39 and nothing", base);
}
