/* Who contributes, the places that districts make, and the pass over the rows.
 *
 * A contributor is the largest body that the registry knows behind a unit: the enterprise group, else the enterprise whose
 * establishment it is, else the unit. Five shops of one chain are one contributor: the chain can subtract all of them. */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

/* First bytes of contributors' names: a group and a unit may have the same id. */
static const char group_mark = 'G';
static const char unit_mark = 'U';

enum { NAME_BYTES = 1024 };

static uint32_t named(struct text_map *names, char mark, const char *id) {
    char name[NAME_BYTES];
    int length = snprintf(name, sizeof(name), "%c%s", mark, id);
    CHECK(length > 0 && (size_t)length < sizeof(name));
    return text_map_intern(names, (struct slice){name, (size_t)length});
}

/* The group that the enterprise is in on that day, or null. */
static const char *group_of(const struct registry *registry, const char *enterprise, int32_t day) {
    uint32_t unit = registry_unit(registry, slice_of(enterprise));
    uint32_t version = unit == TEXT_NONE ? VERSION_NONE : registry_version(registry, unit, day);
    return version == VERSION_NONE ? NULL : registry_record(registry, version)->group;
}

uint32_t *control_contributors(const struct registry *registry, int32_t day, uint32_t *count) {
    struct text_map *names = text_map_create();
    uint32_t *contributors = memory_zeroed(registry->version_count, sizeof(*contributors));
    for (uint32_t i = 0; i < registry->version_count; i++) {
        const struct unit_record *record = registry_record(registry, i);
        const char *enterprise = record->enterprise != NULL ? record->enterprise : record->unit_id;
        const char *group = record->group;
        if (group == NULL && record->enterprise != NULL) group = group_of(registry, enterprise, day);
        contributors[i] = group != NULL ? named(names, group_mark, group) : named(names, unit_mark, enterprise);
    }
    *count = text_map_count(names);
    text_map_destroy(names);
    return contributors;
}

uint32_t control_contributor(const struct control *control, uint32_t version) {
    return control->contributors[version];
}

uint32_t control_cell_contributor(const struct control *control, const struct cell *cell) {
    return cell->version == VERSION_NONE ? control->contributor_count + cell->account : control->contributors[cell->version];
}

uint32_t control_cell_platform(const struct control *control, const struct cell *cell) {
    const struct cell_kind *kind = cell_kind(control->inputs.cells, cell);
    bool marketplace = kind->outlet >= OUTLET_LAZADA && kind->outlet <= OUTLET_TIKTOK_SHOP;
    bool wallet = kind->instrument == INSTRUMENT_EWALLET && kind->party >= PARTY_MOMO && kind->party < PARTY_OTHER;
    if (marketplace) return kind->outlet;
    if (wallet) return (uint32_t)OUTLET_COUNT + kind->party;
    return (uint32_t)OUTLET_COUNT + PARTY_COUNT + control->inputs.cells->sources[cell->account];
}

/* A counting sort by contributor: every figure's contributions then come in order, and no figure has to sort. */
static void order_cells(struct control *control) {
    const struct cells *cells = control->inputs.cells;
    size_t first = cells_from(cells, control->inputs.period->first);
    size_t end = cells_from(cells, control->inputs.period->last + 1);
    size_t contributors = (size_t)control->contributor_count + cells->account_count;
    size_t *starts = memory_zeroed(contributors + 1, sizeof(*starts));
    for (size_t i = first; i < end; i++)
        starts[control_cell_contributor(control, &cells->items[i]) + 1]++;
    for (size_t i = 0; i < contributors; i++)
        starts[i + 1] += starts[i];
    control->order_count = end - first;
    control->order = memory_zeroed(control->order_count, sizeof(*control->order));
    CHECK(end <= UINT32_MAX);
    for (size_t i = first; i < end; i++)
        control->order[starts[control_cell_contributor(control, &cells->items[i])]++] = (uint32_t)i;
    free(starts);
}

struct control *control_create(const struct control_inputs *inputs) {
    struct control *control = memory_zeroed(1, sizeof(*control));
    control->inputs = *inputs;
    control->observed_flows = definitions_observed_flows(inputs->definitions);
    control->contributors = control_contributors(inputs->registry, inputs->period->last, &control->contributor_count);
    order_cells(control);
    control_pool_fill(control);
    if (!inputs->daily) {
        free(control->order);
        control->order = NULL;
        control->order_count = 0;
    }
    flow_figures_fill(control);
    observed_figures_fill(control);
    return control;
}

void control_destroy(struct control *control) {
    if (control == NULL) return;
    flow_figures_clear(&control->flows);
    observed_figures_clear(&control->observed);
    for (size_t i = 0; i < control->unit_count; i++)
        unit_figures_destroy(control->units[i]);
    free(control->units);
    free(control->order);
    free(control->pool);
    free(control->contributors);
    free(control);
}

bool control_merged_known(const struct control *control) {
    static const int32_t merged_day = 20089; /* 2025-01-01 */
    return control->inputs.period->last >= merged_day;
}

void control_district_places(const struct control *control, struct disclosure_table *table, unsigned dimension, uint32_t all,
                             uint32_t districts[static DISTRICT_COUNT]) {
    uint32_t parts[DISTRICT_COUNT + 1];
    size_t count = 0;
    bool merged = control_merged_known(control);
    for (int i = 0; i < DISTRICT_COUNT; i++) {
        districts[i] = disclosure_place(table, dimension, (uint64_t)1 << i, unit_district_known(DISTRICT_FIRST + i));
        if (!merged || (i != DISTRICT_MERGED && i != DISTRICT_MERGED_INTO)) parts[count++] = districts[i];
    }
    if (merged) {
        uint64_t both = (uint64_t)1 << DISTRICT_MERGED | (uint64_t)1 << DISTRICT_MERGED_INTO;
        uint32_t place = disclosure_place(table, dimension, both, false);
        disclosure_adds_up(table, place, (const uint32_t[]){districts[DISTRICT_MERGED_INTO], districts[DISTRICT_MERGED]}, 2);
        parts[count++] = place;
    }
    disclosure_adds_up(table, all, parts, count);
}

static void empty_row(struct observation *row, struct judgement verdict) {
    row->value[0] = row->numerator[0] = row->denominator[0] = row->bound_low[0] = row->bound_high[0] = '\0';
    row->unit_class = "";
    row->error_type = "NONE";
    row->status = 'Q';
    row->confidentiality = verdict.status;
}

static struct judgement row_verdict(const struct observation *row) {
    const struct origin *origin = &row->origin;
    struct judgement verdict = origin->own;
    if (!origin->known) return (struct judgement){'C', GROUND_UNJUDGED};
    for (size_t i = 0; i < origin->figure_count; i++) {
        struct judgement part = disclosure_verdict(origin->table, origin->figures[i], origin->place);
        if (verdict_prevails(part, verdict)) verdict = part;
        if (origin->everywhere_too) part = disclosure_verdict(origin->table, origin->figures[i], 0);
        if (verdict_prevails(part, verdict)) verdict = part;
    }
    return verdict;
}

void control_apply(struct control *control, struct observations *observations, struct disclosure_audit *audit) {
    *audit = (struct disclosure_audit){.raw = control == NULL};
    if (control == NULL) return;
    control_hold_months(control);
    audit->differencing_checks = control->differencing_checks;
    flow_figures_run(&control->flows);
    observed_figures_run(control);
    for (size_t i = 0; i < control->unit_count; i++) {
        disclosure_table_run(control->units[i]->table);
        audit->differencing_checks += control->units[i]->checks;
    }
    for (size_t i = 0; i < observations->count; i++) {
        struct observation *row = &observations->items[i];
        bool tells = row->value[0] != '\0' || row->numerator[0] != '\0' || row->denominator[0] != '\0';
        struct judgement verdict = tells ? row_verdict(row) : (struct judgement){'F', GROUND_NONE};
        row->confidentiality = 'F';
        audit->free += verdict.status == 'F';
        audit->statuses[(unsigned char)verdict.status & 127]++;
        audit->grounds[verdict.ground]++;
        if (verdict.status != 'F') empty_row(row, verdict);
    }
}
