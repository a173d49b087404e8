/* Adoption shares: of the units alive at the end of the period, how many declare (R), are seen to (O), or either (C).
 *
 * Each evidence is a list of per-unit answers over the same population, so every slice is a count over a subset of it: by
 * district and unit type a subset of units, by platform and instrument a stricter answer to "seen" over all of them. An evidence
 * that is not collected at all (no record has the column; no cell of the flows anywhere) is M: nobody knows, which is not "nobody
 * does". */
#include "aggregate/snapshot/statistics.h"

#include "aggregate/snapshot/memory.h"
#include "aggregate/snapshot/population.h"

struct member {
    uint32_t unit;
    const struct version *version;
    enum declaration declared;
    bool observed;
    bool ge10;
};

enum { EVIDENCE_R = 0, EVIDENCE_O, EVIDENCE_C, EVIDENCE_COUNT };
static const char evidence_letters[] = "ROC";

struct share {
    const struct statistics *statistics;
    const struct indicator *indicator;
    struct member *members;
    size_t count;
    struct member *before; /* of the window before; null: not compared */
    size_t before_count;
    bool declared_collected;
    bool observed_collected, observed_before;
    struct unit_figures *figures; /* null: raw */
    uint32_t yes[EVIDENCE_COUNT], upper[EVIDENCE_COUNT];
};

enum subset_kind { SUBSET_ALL = 0, SUBSET_DISTRICT, SUBSET_UNIT_TYPE, SUBSET_GE10 };

struct subset {
    enum subset_kind kind;
    int code;
};

static bool seen_through(const struct share *share, const struct window *window, uint32_t unit, uint32_t outlets,
                         uint32_t instruments) {
    for (uint64_t flows = share->indicator->flows; flows != 0; flows &= flows - 1) {
        const struct use *use = window_use(window, unit, (uint32_t)__builtin_ctzll(flows));
        if ((use->outlets & outlets) != 0 && (use->instruments & instruments) != 0) return true;
    }
    return false;
}

/* The population at the end of a window, in order of units, and what each of it answers. */
static struct member *gather(const struct share *share, const struct window *window, size_t *count) {
    const struct registry *registry = share->statistics->registry;
    const struct indicator *indicator = share->indicator;
    bool declarable = indicator->declared.column != COLUMN_NONE;
    struct member *members = memory_zeroed(registry->unit_count, sizeof(*members));
    *count = 0;
    for (uint32_t unit = 0; unit < registry->unit_count; unit++) {
        uint32_t version = window->alive[unit];
        if (version == VERSION_NONE) continue;
        const struct unit_record *record = registry_record(registry, version);
        if (!population_holds(indicator->populations[0], record, window->first, window->last)) continue;
        members[(*count)++] = (struct member){
            .unit = unit,
            .version = &registry->versions[version],
            .declared = !declarable ? DECLARED_NO : population_declared(indicator, record, window->first, window->last),
            .observed = seen_through(share, window, unit, UINT32_MAX, UINT32_MAX),
            .ge10 = record->employees >= 10,
        };
    }
    return members;
}

static bool in_subset(const struct member *member, struct subset subset) {
    switch (subset.kind) {
    case SUBSET_ALL:
        return true;
    case SUBSET_DISTRICT:
        return member->version->district == subset.code;
    case SUBSET_UNIT_TYPE:
        return member->version->unit_type == subset.code;
    case SUBSET_GE10:
        return member->ge10;
    }
    return false;
}

/* What one evidence says of a member. */
static enum declaration answer_of(const struct member *member, int evidence) {
    if (evidence != EVIDENCE_R && member->observed) return DECLARED_YES;
    return evidence == EVIDENCE_O ? DECLARED_NO : member->declared;
}

static bool collected(const struct share *share, int evidence) {
    return (evidence == EVIDENCE_O || share->declared_collected) && (evidence == EVIDENCE_R || share->observed_collected);
}

static struct unit_member *unit_members(const struct share *share, const struct member *members, size_t count) {
    struct unit_member *units = memory_zeroed(count + 1, sizeof(*units));
    for (size_t i = 0; i < count; i++) {
        uint32_t version = (uint32_t)(members[i].version - share->statistics->registry->versions);
        units[i] = unit_member_of(share->statistics, version, members[i].ge10 ? KIND_GE10 : KIND_SMALL);
    }
    return units;
}

static struct unit_figures *control_members(const struct share *share) {
    struct unit_member *members = unit_members(share, share->members, share->count);
    unsigned slices = 0;
    if ((share->indicator->slices & SLICE_DISTRICT) != 0) slices |= UNITS_BY_DISTRICT;
    if ((share->indicator->slices & SLICE_UNIT_TYPE) != 0) slices |= UNITS_BY_TYPE;
    if (share->indicator->size_ge10) slices |= UNITS_BY_KIND;
    struct unit_figures *figures = control_units(share->statistics->control, members, share->count, slices, KINDS_SIZE);
    free(members);
    if (share->before == NULL) return figures;
    members = unit_members(share, share->before, share->before_count);
    control_before(figures, members, share->before_count);
    free(members);
    return figures;
}

static bool windowed(const struct share *share, int evidence) {
    return evidence != EVIDENCE_R || share->indicator->declared_window;
}

/* Whether rows of the evidence follow on rows of the window before: a window in which nothing was collected told nothing. */
static bool compared(const struct share *share, int evidence) {
    return share->before != NULL && windowed(share, evidence) && (evidence == EVIDENCE_R || share->observed_before);
}

/* Marks who answers at least `least`; whether anybody's answer is unknown. */
static bool choose(const struct member *members, size_t count, int evidence, enum declaration least, bool *chosen) {
    bool unknown = false;
    for (size_t i = 0; i < count; i++) {
        enum declaration answer = answer_of(&members[i], evidence);
        chosen[i] = answer >= least;
        unknown = unknown || answer == DECLARED_UNKNOWN;
    }
    return unknown;
}

/* The parts that rows will show: who says yes, and who may (the upper bound). */
static void control_answers(struct share *share) {
    if (share->statistics->control == NULL) return;
    share->figures = control_members(share);
    bool *chosen = memory_zeroed(share->count, sizeof(*chosen));
    bool *before = memory_zeroed(share->before_count, sizeof(*before));
    for (int evidence = 0; evidence < EVIDENCE_COUNT; evidence++) {
        bool *chosen_before = compared(share, evidence) ? before : NULL;
        bool unknown = choose(share->members, share->count, evidence, DECLARED_YES, chosen);
        (void)choose(share->before, share->before_count, evidence, DECLARED_YES, before);
        share->yes[evidence] = control_part(share->figures, chosen, chosen_before, false);
        share->upper[evidence] = UINT32_MAX;
        if (!unknown) continue;
        (void)choose(share->members, share->count, evidence, DECLARED_UNKNOWN, chosen);
        (void)choose(share->before, share->before_count, evidence, DECLARED_UNKNOWN, before);
        share->upper[evidence] = control_part(share->figures, chosen, chosen_before, false);
    }
    free(chosen);
    free(before);
}

static uint32_t place_of(const struct share *share, struct subset subset) {
    if (share->figures == NULL) return 0;
    switch (subset.kind) {
    case SUBSET_ALL:
        return 0;
    case SUBSET_DISTRICT:
        return share->figures->districts[subset.code];
    case SUBSET_UNIT_TYPE:
        return share->figures->unit_types[subset.code];
    case SUBSET_GE10:
        return share->figures->kinds[KIND_GE10];
    }
    return 0;
}

static struct observation *add_row(const struct share *share, struct coordinates at, int evidence) {
    const struct statistics *statistics = share->statistics;
    at.evidence = evidence_letters[evidence];
    struct observation *row = observations_add(statistics->observations, &at, &statistics->period);
    row->window = windowed(share, evidence) ? statistics->window : "";
    return row;
}

/* A row of evidence that nobody collects: no answer, and so no counts of answers. */
static void set_not_collected(struct observation *row) {
    row->unit_measure = "PT";
    row->decimals = 2;
    row->status = 'M';
}

static void write_evidence(const struct share *share, const struct coordinates *at, int evidence, struct subset subset) {
    int64_t whole = 0;
    int64_t yes = 0;
    int64_t unknown = 0;
    for (size_t i = 0; i < share->count; i++) {
        const struct member *member = &share->members[i];
        if (!in_subset(member, subset)) continue;
        whole++;
        yes += answer_of(member, evidence) == DECLARED_YES;
        unknown += answer_of(member, evidence) == DECLARED_UNKNOWN;
    }
    struct observation *row = add_row(share, *at, evidence);
    if (share->figures != NULL)
        row->origin = control_share(share->figures, place_of(share, subset), share->yes[evidence], share->upper[evidence]);
    if (!collected(share, evidence)) {
        set_not_collected(row);
        return;
    }
    statistics_percent(row, yes, whole);
    if (unknown == 0 || whole == 0) return;
    row->error_type = "BND";
    (void)snprintf(row->bound_low, sizeof(row->bound_low), "%s", row->value);
    decimal_quotient(row->bound_high, yes + unknown, whole, 2, 2);
}

static void write_evidences(const struct share *share, const struct coordinates *at, struct subset subset) {
    bool declarable = share->indicator->declared.column != COLUMN_NONE;
    for (int evidence = 0; evidence < EVIDENCE_COUNT; evidence++) {
        if (declarable || evidence == EVIDENCE_O) write_evidence(share, at, evidence, subset);
    }
}

/* Marks who was seen through some of the outlets and instruments; how many. */
static int64_t choose_through(const struct share *share, const struct window *window, const struct member *members, size_t count,
                              uint64_t outlets, uint64_t instruments, bool *chosen) {
    int64_t yes = 0;
    for (size_t i = 0; i < count; i++) {
        chosen[i] = seen_through(share, window, members[i].unit, (uint32_t)outlets, (uint32_t)instruments);
        yes += chosen[i];
    }
    return yes;
}

/* Evidence O, restricted to some outlets or instruments, over the whole population. */
static void write_seen_through(const struct share *share, const struct coordinates *at, uint64_t outlets, uint64_t instruments) {
    const struct statistics *statistics = share->statistics;
    bool *chosen = memory_zeroed(share->count, sizeof(*chosen));
    bool *before = memory_zeroed(share->before_count, sizeof(*before));
    int64_t yes = choose_through(share, &statistics->now, share->members, share->count, outlets, instruments, chosen);
    (void)choose_through(share, &statistics->before, share->before, share->before_count, outlets, instruments, before);
    struct observation *row = add_row(share, *at, EVIDENCE_O);
    if (share->figures != NULL) {
        uint32_t part = control_part(share->figures, chosen, compared(share, EVIDENCE_O) ? before : NULL, true);
        row->origin = control_share(share->figures, 0, part, UINT32_MAX);
    }
    free(chosen);
    free(before);
    if (share->observed_collected)
        statistics_percent(row, yes, (int64_t)share->count);
    else
        set_not_collected(row);
}

/* The unit types that the population's first alternative names, when it names any: the other rows could never be filled. */
static bool unit_type_in_scope(const struct indicator *indicator, const char *unit_type) {
    const struct population *population = indicator->populations[0];
    const struct text_list *list = population->any_count > 0 ? &population->any[0].unit_type : &population->base.unit_type;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], unit_type) == 0) return true;
    }
    return list->count == 0;
}

static void write_unit_slices(const struct share *share, const struct coordinates *total) {
    const struct definitions *definitions = share->statistics->definitions;
    for (int i = 0; i < DISTRICT_COUNT && (share->indicator->slices & SLICE_DISTRICT) != 0; i++) {
        if (!statistics_district_listed(i)) continue;
        struct coordinates at = *total;
        statistics_district_area(share->statistics, i, at.area);
        write_evidences(share, &at, (struct subset){SUBSET_DISTRICT, i});
    }
    for (size_t i = 0; i < definitions->unit_types.count && (share->indicator->slices & SLICE_UNIT_TYPE) != 0; i++) {
        struct coordinates at = *total;
        at.unit_type = definitions->unit_types.items[i];
        if (unit_type_in_scope(share->indicator, at.unit_type)) {
            write_evidences(share, &at, (struct subset){SUBSET_UNIT_TYPE, (int)i});
        }
    }
}

static uint64_t group_codes(const struct axis *axis, const char *name) {
    for (size_t i = 0; i < axis->group_count; i++) {
        if (strcmp(axis->groups[i].name, name) == 0) return axis->groups[i].codes;
    }
    return 0;
}

static void write_channel_slices(const struct share *share, const struct coordinates *total) {
    const struct axis *platform = &share->statistics->definitions->platform;
    const struct axis *instrument = &share->statistics->definitions->instrument;
    uint64_t members = group_codes(platform, "MARKETPLACE");
    unsigned slices = share->indicator->slices;
    for (size_t i = 0; i < platform->code_count; i++) {
        uint64_t codes = platform->codes[i].codes;
        bool member = (codes & (codes - 1)) == 0 && (codes & members) != 0;
        bool wanted = (slices & SLICE_PLATFORM) != 0 || ((slices & SLICE_MARKETPLACE) != 0 && member);
        struct coordinates at = *total;
        at.platform = platform->codes[i].name;
        if (wanted) write_seen_through(share, &at, codes, UINT32_MAX);
    }
    for (size_t i = 0; i < instrument->code_count && (slices & SLICE_INSTRUMENT) != 0; i++) {
        struct coordinates at = *total;
        at.instrument = instrument->codes[i].name;
        write_seen_through(share, &at, UINT32_MAX, instrument->codes[i].codes);
    }
}

void share_write(const struct statistics *statistics, const struct indicator *indicator) {
    struct share share = {.statistics = statistics, .indicator = indicator};
    bool declarable = indicator->declared.column != COLUMN_NONE;
    share.declared_collected = declarable && statistics->registry->columns[indicator->declared.column];
    share.observed_collected = indicator->flows != 0 || !indicator->needs_flow;
    share.observed_before = share.observed_collected;
    if (indicator->needs_flow) {
        share.observed_collected = (statistics->now.flows & indicator->flows) != 0;
        share.observed_before = (statistics->before.flows & indicator->flows) != 0;
    }
    share.members = gather(&share, &statistics->now, &share.count);
    if (statistics->before.uses != NULL) share.before = gather(&share, &statistics->before, &share.before_count);
    control_answers(&share);
    struct coordinates total = statistics_total(statistics, indicator, 'R');
    write_evidences(&share, &total, (struct subset){SUBSET_ALL, 0});
    write_unit_slices(&share, &total);
    write_channel_slices(&share, &total);
    if (indicator->size_ge10) {
        struct coordinates at = total;
        at.size_class = "S_GE10";
        write_evidences(&share, &at, (struct subset){SUBSET_GE10, 0});
    }
    free(share.members);
    free(share.before);
}
