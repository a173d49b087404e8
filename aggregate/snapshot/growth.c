/* Rows that say how a flow moved: on the period before (G1), on the same period a year ago (GY), on the mean of a base period
 * (IX), and January with February on both of a year ago (GYT), because Tet lies in one of them this year and in the other the
 * next.
 *
 * A base is a whole computation of its period from the same state, registry cut and definitions, with its own control of
 * disclosure, held to the newest release of that period: its figures are those that its next release would publish. So a growth
 * tells of two figures that may both be told; where one may not, neither may it. A growth of a period that goes on still, or on
 * one that was not observed from its first day, compares unlike things: there is none (M).
 *
 * A flow's value is an exact integer of minor units, written in full: the text of a row is the unrounded figure. */
#include "aggregate/snapshot/growth.h"

#include "aggregate/snapshot/compute.h"
#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/previous.h"

#include <stdio.h>

enum { FEBRUARY = 1 };

/* A period that is measured from, computed. */
struct base {
    bool observed; /* from its first day to its last */
    struct computation computation;
    struct snapshot_options options;
    struct previous *release;
};

enum base_place { BASE_BEFORE, BASE_YEAR, BASE_INDEX, BASE_YEAR_BEFORE, BASE_PLACES };

struct growth {
    struct computation *computation;
    bool ended;            /* the period, by as_of */
    int32_t first_day;     /* from which on all partitions have their ledgers, and something was seen */
    int32_t index_periods; /* periods of this frequency in the index' base */
    struct base bases[BASE_PLACES]; /* as computation.bases: a period once */
    const struct base *at[BASE_PLACES]; /* null: no such base */
};

static int32_t first_day_of(const struct state *state) {
    int32_t seen = state_first_active_day(state);
    int64_t kept = INT32_MIN;
    for (size_t i = 0; i < state->partition_count; i++) {
        int64_t least = state->partitions[i].progress.ledger_day_min;
        if (least > kept) kept = least;
    }
    return kept > seen ? (int32_t)kept : seen;
}

static bool run_base(struct growth *growth, enum base_place place, const struct period *period, struct fault *fault) {
    struct computation *now = growth->computation;
    for (size_t i = 0; i < now->base_count && growth->at[place] == NULL; i++) {
        if (strcmp(now->bases[i].period.text, period->text) == 0) growth->at[place] = &growth->bases[i];
    }
    if (growth->at[place] != NULL) return true;
    struct base *base = &growth->bases[now->base_count];
    struct growth_base *note = &now->bases[now->base_count++];
    char flow[VINTAGE_FLOW_BYTES];
    growth->at[place] = base;
    base->observed = period->first >= growth->first_day && period_ended(period, now->options->zone, now->as_of_ms);
    base->options = *now->options;
    base->options.growth = false;
    base->options.daily = false;
    base->options.disclosure.windows = false; /* it judges numbers of units: none has a growth */
    base->computation = (struct computation){
        .options = &base->options, .state = now->state, .period = *period, .as_of_ms = now->as_of_ms, .cut = now->cut,
        .definitions_path = now->definitions_path};
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
    cells_destroy(base->computation.cells); /* only its rows are looked at: several bases need not be in memory at once */
    base->computation.cells = NULL;
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
    struct period before = period_preceding(period);
    struct period year;
    struct period base;
    /* Of a year the two are the same: GY. */
    if (period->frequency != FREQUENCY_YEAR && !run_base(growth, BASE_BEFORE, &before, fault)) return false;
    bool has_year = period_year_before(period, &year);
    if (has_year && !run_base(growth, BASE_YEAR, &year, fault)) return false;
    if (has_index(growth, &base, &growth->index_periods) && !run_base(growth, BASE_INDEX, &base, fault)) return false;
    bool february = period->frequency == FREQUENCY_MONTH && month_of_day(period->first) % 12 == FEBRUARY;
    if (!has_year || !february) return true;
    struct period january = period_preceding(&year);
    return run_base(growth, BASE_YEAR_BEFORE, &january, fault);
}

/* What goes into a row: values of this period and of bases, added up above and below. */
struct inputs {
    __int128 top;
    __int128 bottom;
    bool withheld, uncollected, missing, unsure;
    char coverage[COVERAGE_BYTES]; /* the least of theirs, or empty */
};

/* A row is as well covered as the least covered of those that it is made of. */
static void take_coverage(struct inputs *inputs, const struct observation *row) {
    __int128 least, coverage;
    int decimals;
    if (row == NULL || !decimal_parse(row->coverage, &coverage, &decimals)) return;
    if (decimal_parse(inputs->coverage, &least, &decimals) && least <= coverage) return;
    memcpy(inputs->coverage, row->coverage, sizeof(inputs->coverage));
}

static void take_row(struct inputs *inputs, const struct observation *row, __int128 *sum) {
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

static void take_base(struct inputs *inputs, const struct base *base, const struct observation *row, __int128 *sum) {
    inputs->missing = inputs->missing || !base->observed;
    take_row(inputs, observations_find_in(&base->computation.observations, row, &base->computation.period), sum);
}

static void write_figure(const struct growth *growth, struct observation *row, const struct inputs *inputs, bool index) {
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
    __int128 top = index ? inputs->top * growth->index_periods : inputs->top - inputs->bottom;
    decimal_quotient(row->value, top, inputs->bottom, 2, row->decimals);
}

static void add_row(const struct growth *growth, const char *transformation, size_t from, const struct inputs *inputs) {
    struct computation *computation = growth->computation;
    struct coordinates at = computation->observations.items[from].at;
    at.transformation = transformation;
    struct observation *row = observations_add(&computation->observations, &at, &computation->period);
    if (!computation->options->raw) row->confidentiality = 'F';
    (void)snprintf(row->coverage, sizeof(row->coverage), "%s", inputs->coverage);
    write_figure(growth, row, inputs, strcmp(transformation, "IX") == 0);
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
        struct inputs inputs = {.top = 0};
        if (base == NULL) continue;
        take_row(&inputs, &observations->items[from], &inputs.top);
        take_base(&inputs, base, &observations->items[from], &inputs.bottom);
        add_row(growth, kinds[i].transformation, from, &inputs);
    }
    if (growth->at[BASE_YEAR_BEFORE] == NULL) return;
    struct inputs inputs = {.top = 0};
    take_row(&inputs, &observations->items[from], &inputs.top);
    take_base(&inputs, growth->at[BASE_BEFORE], &observations->items[from], &inputs.top);
    take_base(&inputs, growth->at[BASE_YEAR], &observations->items[from], &inputs.bottom);
    take_base(&inputs, growth->at[BASE_YEAR_BEFORE], &observations->items[from], &inputs.bottom);
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
    growth->first_day = first_day_of(computation->state);
    bool good = run_bases(growth, fault);
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
