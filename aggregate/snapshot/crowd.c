/* A crowd marks contributors and platforms as it meets them. A month has a million cells and an indicator some twenty rows, so
 * all rows of an indicator are gathered in one pass: which of them a kind of cell belongs to is asked once per kind, and there
 * are some hundred kinds. */
#include "aggregate/snapshot/crowd.h"

#include "aggregate/snapshot/control_parts.h"
#include "aggregate/snapshot/memory.h"

struct crowd {
    const struct control *control;
    const struct indicator *indicator;
    uint64_t flows; /* what of cells counts, and where */
    struct reach reach;
    bool *units, *platforms;
    int64_t unit_count, platform_count;
};

/* The flows that say who sold to whom, or was paid by whom: what the sketches of persons count. */
static uint64_t person_flows(const struct definitions *definitions) {
    uint64_t flows = 0;
    for (size_t i = 0; i < definitions->flow_count; i++) {
        const struct flow_rule *rule = &definitions->flows[i];
        bool sold = rule->family == (uint64_t)1 << FAMILY_ORDER && rule->outcome == (uint64_t)1 << OUTCOME_CREATED &&
                    rule->role == (uint64_t)1 << ROLE_SELLER;
        bool paid = rule->family == (uint64_t)1 << FAMILY_PAYMENT && rule->outcome == (uint64_t)1 << OUTCOME_OK;
        if (sold || paid) flows |= (uint64_t)1 << i;
    }
    return flows;
}

struct crowd *crowd_create(const struct control *control, const struct indicator *indicator, struct reach reach) {
    if (control == NULL) return NULL;
    const struct cells *cells = control->inputs.cells;
    bool persons = indicator->plus.count == 0;
    struct crowd *crowd = memory_zeroed(1, sizeof(*crowd));
    *crowd = (struct crowd){
        .control = control,
        .indicator = indicator,
        .flows = persons ? person_flows(control->inputs.definitions)
                         : terms_flows(&indicator->plus) | terms_flows(&indicator->over),
        .reach = reach,
        .units = memory_zeroed((size_t)control->contributor_count + cells->account_count, sizeof(bool)),
        .platforms = memory_zeroed((size_t)OUTLET_COUNT + PARTY_COUNT + cells->source_count, sizeof(bool)),
    };
    return crowd;
}

void crowd_destroy(struct crowd *crowd) {
    if (crowd == NULL) return;
    free(crowd->units);
    free(crowd->platforms);
    free(crowd);
}

static void mark(bool *marks, int64_t *count, uint32_t which) {
    *count += !marks[which];
    marks[which] = true;
}

void crowd_add_version(struct crowd *crowd, uint32_t version) {
    if (crowd != NULL) mark(crowd->units, &crowd->unit_count, control_contributor(crowd->control, version));
}

static bool counts(const struct crowd *crowd, const struct cell_kind *kind) {
    uint64_t here = kind->outlet != 0 ? crowd->reach.outlets >> kind->outlet : crowd->reach.instruments >> kind->instrument;
    return (kind->flows & crowd->flows) != 0 && (here & 1) != 0;
}

void crowd_add_platform(struct crowd *crowd, const struct cell *cell) {
    if (crowd == NULL || !counts(crowd, cell_kind(crowd->control->inputs.cells, cell))) return;
    mark(crowd->platforms, &crowd->platform_count, control_cell_platform(crowd->control, cell));
}

/* Crowds as bits of a number. */
enum { CROWDS_AT_ONCE = 64 };

/* Per kind of cell the crowds that it counts for. free(). */
static uint64_t *crowds_of_kinds(struct crowd *const *crowds, size_t count) {
    const struct cells *cells = crowds[0]->control->inputs.cells;
    uint64_t *sets = memory_zeroed(cells->kind_count, sizeof(*sets));
    for (size_t kind = 0; kind < cells->kind_count; kind++) {
        for (size_t i = 0; i < count; i++)
            sets[kind] |= (uint64_t)counts(crowds[i], &cells->kinds[kind]) << i;
    }
    return sets;
}

void crowds_add_cells(struct crowd *const *crowds, size_t count, const struct period *period) {
    if (count == 0 || crowds[0] == NULL) return;
    size_t now = count < CROWDS_AT_ONCE ? count : CROWDS_AT_ONCE;
    const struct control *control = crowds[0]->control;
    const struct cells *cells = control->inputs.cells;
    uint64_t *sets = crowds_of_kinds(crowds, now);
    size_t end = cells_from(cells, period->last + 1);
    for (size_t i = cells_from(cells, period->first); i < end; i++) {
        const struct cell *cell = &cells->items[i];
        if (sets[cell->kind] == 0) continue;
        uint32_t unit = control_cell_contributor(control, cell);
        uint32_t platform = control_cell_platform(control, cell);
        for (uint64_t set = sets[cell->kind]; set != 0; set &= set - 1) {
            struct crowd *crowd = crowds[__builtin_ctzll(set)];
            mark(crowd->units, &crowd->unit_count, unit);
            mark(crowd->platforms, &crowd->platform_count, platform);
        }
    }
    free(sets);
    crowds_add_cells(crowds + now, count - now, period);
}

static struct judgement judge_number(const struct crowd *crowd, int64_t number) {
    struct disclosure_rules rules = *crowd->control->inputs.rules;
    rules.dominance = DOMINANCE_OFF; /* nobody knows how many each of them brought */
    struct contributed units = {.contributors = crowd->unit_count};
    struct contributed platforms = {.contributors = crowd->platform_count};
    if (crowd->unit_count == 0 && number > 0 && number < rules.min_payers) return (struct judgement){'A', GROUND_PAYERS};
    return disclosure_magnitude(&rules, &units, &platforms, number);
}

struct judgement crowd_judge(const struct crowd *crowd, int64_t part, int64_t whole) {
    struct judgement judgement = judge_number(crowd, whole);
    for (int side = 0; side < 2 && crowd->indicator->kind == INDICATOR_DISTINCT_SHARE; side++) {
        struct judgement told = disclosure_part(crowd->control->inputs.rules, side == 0 ? part : whole - part, whole);
        if (verdict_prevails(told, judgement)) judgement = told;
    }
    return judgement;
}
