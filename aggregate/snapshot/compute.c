/* The order of work, in one place: definitions, registry, crosswalk, cells, figures, control of disclosure, growth, finality. A
 * snapshot does it once; finding the cause of a revision does it again with parts of the release before. */
#include "aggregate/snapshot/compute.h"

#include "aggregate/snapshot/gaps.h"
#include "decode.h"

static void prepare(struct computation *computation) {
    const struct snapshot_options *options = computation->options;
    bool window_before = !options->raw && options->disclosure.windows && options->disclosure.near_ends;
    computation->crosswalk = crosswalk_create(computation->registry, computation->state->accounts);
    computation->cells = cells_create(computation->state, computation->registry, computation->crosswalk, computation->definitions,
                                      options->sources, &computation->period, window_before);
    const struct period *period = &computation->period;
    int32_t before = period_before(period).first; /* turnover looks back to it, shares to the window's first day */
    int32_t window_first = period->last - computation->definitions->window_days + 1;
    const struct coverage_inputs coverage = {
        .state = computation->state,
        .crosswalk = computation->crosswalk,
        .expected = options->expected,
        .zone = options->zone,
        .as_of_ms = computation->as_of_ms,
        .accounts_min = options->disclosure.min_units,
        .sources_min = options->disclosure.min_platforms,
        .first = before < window_first ? before : window_first,
        .last = period->last,
    };
    computation->coverage = coverage_create(&coverage);
    computation->statistics = (struct statistics){
        .definitions = computation->definitions,
        .state = computation->state,
        .registry = computation->registry,
        .crosswalk = computation->crosswalk,
        .cells = computation->cells,
        .sources = options->sources,
        .zone = options->zone,
        .currency = options->reporting_currency,
        .currency_exponent = currency_exponent(slice_of(options->reporting_currency)),
        .area = options->reporting_area,
        .period = computation->period,
        .observations = &computation->observations,
    };
}

/* The figures, and what of them may leave. */
static void calculate(struct computation *computation) {
    const struct snapshot_options *options = computation->options;
    const struct control_inputs inputs = {
        .rules = &options->disclosure,
        .definitions = computation->definitions,
        .registry = computation->registry,
        .cells = computation->cells,
        .period = &computation->period,
        .daily = options->daily && computation->period.frequency != FREQUENCY_DAY,
        .by_source = computation->panel != NULL,
    };
    struct control *control = options->raw ? NULL : control_create(&inputs);
    computation->statistics.control = control;
    statistics_run(&computation->statistics, options->daily);
    gaps_mark(computation->state, options->zone, computation->definitions, &computation->observations);
    observations_sort(&computation->observations);
    if (control != NULL && computation->before != NULL) control_hold(control, &computation->observations, computation->before);
    control_apply(control, &computation->observations, &computation->disclosure);
    coverage_mark(computation->coverage, computation->definitions, &computation->observations);
    chain_measure(computation, control);
    control_destroy(control);
    computation->statistics.control = NULL;
}

bool computation_define(struct computation *computation, struct fault *fault) {
    const char *path = computation->definitions_path;
    if (path == NULL) path = computation->options->definitions_path;
    if (computation->definitions == NULL) computation->definitions = definitions_create(path, fault);
    return computation->definitions != NULL;
}

bool computation_run(struct computation *computation, struct fault *fault) {
    const struct snapshot_options *options = computation->options;
    if (!computation_define(computation, fault)) return false;
    computation->registry =
        registry_create_cut(computation->state, computation->as_of_ms, computation->cut, computation->definitions, fault);
    if (computation->registry == NULL) return false;
    prepare(computation);
    if (chain_plan_of(computation).goes)
        computation->panel = computation->panel_made =
            panel_create(computation->state, computation->cells, computation->coverage);
    calculate(computation);
    if (options->growth && !growth_add(computation, fault)) return false;
    const struct finality finality = {
        .definitions = computation->definitions,
        .registry = computation->registry,
        .zone = options->zone,
        .as_of_ms = computation->as_of_ms,
    };
    finality_apply(&finality, &computation->observations);
    return true;
}

void computation_clear(struct computation *computation) {
    observations_clear(&computation->observations);
    free(computation->ends);
    panel_destroy(computation->panel_made);
    coverage_destroy(computation->coverage);
    cells_destroy(computation->cells);
    crosswalk_destroy(computation->crosswalk);
    registry_destroy(computation->registry);
    definitions_destroy(computation->definitions);
}
