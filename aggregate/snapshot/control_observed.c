/* Flows of all that the sources report, whether it belongs to a unit or not: one total, and its ad platforms.
 *
 * The contributors are accounts (units, where an account has one), and on the platform axis the ad platforms: each of them knows
 * its own figure, and no two of them may be left alone with each other.
 *
 * Such a total stands beside sums that are published of units and of no unit (payments, of which advertising is a part): less the
 * one, the other tells of what is left, so that is judged, and where it must not be told, this total gives way. */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

static void lay_places(const struct control *control, struct observed_figures *observed) {
    const struct axis *axis = &control->inputs.definitions->ad_platform;
    uint32_t all = disclosure_place(observed->table, DISCLOSURE_ALL, UINT64_MAX, true);
    for (size_t i = 0; i < axis->code_count; i++)
        observed->ad_platforms[i] = disclosure_place(observed->table, BY_PARTY, axis->codes[i].codes, true);
    disclosure_adds_up(observed->table, all, observed->ad_platforms, axis->code_count);
}

static void add_figure(const struct control *control, struct observed_figures *observed, const struct indicator *indicator) {
    struct contributions contributions = {.items = NULL};
    struct form form = form_of(&indicator->plus);
    for (size_t i = 0; i < control->pool_count; i++) {
        struct contribution item;
        if (!form_amount(&form, NULL, &control->pool[i], &item)) continue;
        item.platform = item.codes[BY_PARTY];
        contributions_add(&contributions, &item);
    }
    (void)disclosure_figure(observed->table, &contributions, JUDGE_MAGNITUDE, 0, 1u << BY_PARTY);
    observed->indicators[observed->count++] = indicator;
}

static bool is_among(const struct observed_rest *rest, const struct pooled *amount) {
    return amount->unmatched ? rest->unmatched : rest->matched;
}

/* Adds the rest of `known`, there where it is published, less what is observed, or the reverse. There is none where a part of
 * what is observed lies elsewhere. */
static void add_rest(const struct control *control, struct observed_figures *observed, struct observed_rest rest, bool reverse) {
    struct contributions contributions = {.items = NULL};
    struct form form = form_of(&observed->indicators[rest.observed]->plus);
    const struct form *known = &control->flows.uses[rest.known].form;
    bool elsewhere = false;
    for (size_t i = 0; i < control->pool_count; i++) {
        const struct pooled *amount = &control->pool[i];
        bool among = is_among(&rest, amount);
        struct contribution item;
        elsewhere = elsewhere || (!among && form_amount(&form, NULL, amount, &item));
        if (!among && !reverse) continue;
        bool any = reverse ? form_amount(&form, among ? known : NULL, amount, &item) : form_amount(known, &form, amount, &item);
        if (any) contributions_add(&contributions, &item);
    }
    if (elsewhere && !reverse) {
        free(contributions.items);
        return;
    }
    rest.nothing = contributions.count == 0;
    rest.figure = disclosure_figure(observed->table, &contributions, JUDGE_MAGNITUDE, 0, 0);
    observed->rests =
        memory_reserve(observed->rests, &observed->rest_capacity, observed->rest_count + 1, sizeof(*observed->rests));
    observed->rests[observed->rest_count++] = rest;
}

static void add_rests(const struct control *control, struct observed_figures *observed, const struct patterns *patterns,
                      uint32_t figure) {
    struct form form = form_of(&observed->indicators[figure]->plus);
    for (uint32_t known = 0; known < control->flows.count; known++) {
        const struct form *other = &control->flows.uses[known].form;
        bool part = form_is_part(patterns, &form, other);
        if (!part && !form_is_part(patterns, other, &form)) continue;
        for (int places = 1; places <= 3; places++) {
            struct observed_rest rest = {
                .observed = figure, .known = known, .matched = (places & 1) != 0, .unmatched = (places & 2) != 0};
            add_rest(control, observed, rest, !part);
        }
    }
}

void observed_figures_fill(struct control *control) {
    struct observed_figures *observed = &control->observed;
    const struct definitions *definitions = control->inputs.definitions;
    observed->table = disclosure_table_create(control->inputs.rules);
    lay_places(control, observed);
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        if (definitions->indicators[i].observed) add_figure(control, observed, &definitions->indicators[i]);
    }
    struct patterns *patterns = memory_zeroed(1, sizeof(*patterns));
    patterns_find(control, patterns);
    for (uint32_t i = 0; i < observed->count; i++)
        add_rests(control, observed, patterns, i);
    free(patterns);
}

/* Whether everybody sees the sum that the rest is made with. */
static bool is_known(const struct flow_figures *flows, const struct observed_rest *rest) {
    return (!rest->matched || disclosure_verdict(flows->matched, rest->known, 0).status == 'F') &&
           (!rest->unmatched || disclosure_verdict(flows->unmatched, rest->known, 0).status == 'F');
}

void observed_figures_run(struct control *control) {
    static const struct judgement secondary = {'D', GROUND_SECONDARY};
    struct observed_figures *observed = &control->observed;
    struct flow_figures *flows = &control->flows;
    bool same = false;
    for (size_t i = 0; i < observed->rest_count; i++) {
        const struct observed_rest *rest = &observed->rests[i];
        bool known = is_known(flows, rest);
        if (known) disclosure_companion(observed->table, rest->figure, rest->observed);
        if (!known && rest->nothing) disclosure_hold(observed->table, rest->observed, 0, secondary);
    }
    disclosure_table_run(observed->table);
    /* Where nothing but it belongs to no unit, the two are withheld together. */
    for (size_t i = 0; i < observed->rest_count; i++) {
        const struct observed_rest *rest = &observed->rests[i];
        if (!rest->nothing || rest->matched || disclosure_verdict(observed->table, rest->observed, 0).status == 'F') continue;
        disclosure_hold(flows->unmatched, rest->known, 0, secondary);
        same = true;
    }
    if (same) disclosure_table_run(flows->unmatched);
}

void observed_figures_clear(struct observed_figures *observed) {
    disclosure_table_destroy(observed->table);
    free(observed->rests);
}

static uint32_t place_number(const struct control *control, struct place place) {
    const struct axis *axis = &control->inputs.definitions->ad_platform;
    for (size_t i = 0; i < axis->code_count && place.axis == PLACE_PARTIES; i++) {
        if (axis->codes[i].codes == place.codes) return control->observed.ad_platforms[i];
    }
    return 0;
}

struct origin observed_origin(const struct control *control, const struct indicator *indicator, struct place place) {
    const struct observed_figures *observed = &control->observed;
    struct origin origin = {.known = true, .own = {'F', GROUND_NONE}, .table = observed->table};
    origin.place = place_number(control, place);
    for (uint32_t i = 0; i < observed->count; i++) {
        if (observed->indicators[i] == indicator) origin.figures[origin.figure_count++] = i;
    }
    CHECK(origin.figure_count == 1);
    return origin;
}
