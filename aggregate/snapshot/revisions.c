/* The ledger of revisions is made from what is written, not from what is in memory: the rows of this release are rendered as text
 * and compared with the text of the release before, cell by cell.
 *
 * A figure that changed has one of three groups of causes: other counters, another registry cut, other definitions. Where only
 * one group differs it is the cause of every change. Where several do, the release is computed again with the old cut and the old
 * definitions, then with the old definitions alone: three steps from the old figure to the new one, and a step that moves the
 * figure names its group. The counters of then are not in the state any more, so what is in the first group is told apart by
 * evidence only: a registry's own declarations (R) do not hang on events. */
#include "aggregate/snapshot/revisions.h"

#include "aggregate/snapshot/memory.h"

#include <stdio.h>

/* The columns that are the figure. Not among them: COVERAGE (of the sources, not of the row), METHOD (its change is in
 * snapshot.json), RELEASE, AS_OF. */
static const enum obs_column figure_columns[] = {
    OBS_VALUE,       OBS_UNIT_MEASURE, OBS_UNIT_MULT, OBS_DECIMALS, OBS_CONF_STATUS, OBS_NUMERATOR, OBS_DENOMINATOR,
    OBS_N_UNITS,     OBS_BOUND_LO,     OBS_BOUND_HI,  OBS_ERR_TYPE, OBS_WINDOW,      OBS_OBS_PRE_BREAK, OBS_PERIOD_START,
    OBS_PERIOD_END,
};

/* P and A are the same figure; that it became final is no revision. */
static char status_of(const struct obs_row *row) {
    char status = row->cells[OBS_OBS_STATUS][0];
    return status == 'A' ? 'P' : status;
}

static bool same_figure(const struct obs_row *left, const struct obs_row *right) {
    if (left == NULL || right == NULL) return left == right;
    if (status_of(left) != status_of(right)) return false;
    for (size_t i = 0; i < sizeof(figure_columns) / sizeof(figure_columns[0]); i++) {
        if (strcmp(left->cells[figure_columns[i]], right->cells[figure_columns[i]]) != 0) return false;
    }
    return true;
}

bool tables_agree(const struct obs_table *left, const struct obs_table *right) {
    if (left->count != right->count) return false;
    for (size_t i = 0; i < left->count; i++) {
        if (strcmp(left->rows[i].key, right->rows[i].key) != 0 || !same_figure(&left->rows[i], &right->rows[i])) return false;
    }
    return true;
}

static bool render(struct obs_table *table, const struct computation *computation, int64_t release) {
    const struct observation_frame frame = {
        .structure_id = computation->definitions->structure_id,
        .method = computation->definitions->version,
        .release = release,
        .as_of_ms = computation->as_of_ms,
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    CHECK(out != NULL);
    observations_write(&computation->observations, &frame, out);
    CHECK(fclose(out) == 0);
    return obs_table_parse(table, text);
}

/* The release computed again with parts of the one before. */
struct step {
    bool there;
    struct computation computation;
    struct obs_table table;
    int64_t *ordinals;
    struct registry_cut cut;
    char definitions_path[PREVIOUS_PATH_BYTES + 20];
};

struct search {
    const struct previous *previous;
    const struct computation *now;
    struct causes causes;
    struct step counting;    /* counters of now; registry cut and definitions of then */
    struct step definitions; /* counters and registry of now; definitions of then */
};

static void cut_of(const struct previous *previous, const struct state *state, struct step *step) {
    step->ordinals = memory_zeroed(state->partition_count, sizeof(*step->ordinals));
    for (size_t i = 0; i < state->partition_count; i++) {
        for (size_t j = 0; j < previous->input_count; j++) {
            const struct previous_input *input = &previous->inputs[j];
            if (strcmp(input->topic, state->partitions[i].topic) == 0 && input->partition == state->partitions[i].partition)
                step->ordinals[i] = input->units;
        }
    }
    step->cut = (struct registry_cut){.end_ordinals = step->ordinals, .recorded_until_ms = previous->as_of_ms};
}

static bool run_step(struct search *search, struct step *step, bool old_registry, int64_t release, struct fault *fault) {
    const struct computation *now = search->now;
    step->computation = (struct computation){
        .options = now->options, .state = now->state, .period = now->period, .as_of_ms = now->as_of_ms,
        .before = now->before};
    if (search->causes.definitions != 0) {
        (void)snprintf(step->definitions_path, sizeof(step->definitions_path), "%s/indicators.json", search->previous->path);
        step->computation.definitions_path = step->definitions_path;
    }
    if (old_registry) {
        cut_of(search->previous, now->state, step);
        step->computation.cut = &step->cut;
    }
    step->there = computation_run(&step->computation, fault) && render(&step->table, &step->computation, release);
    /* A registry log that was written anew holds no cut of then: the digest says so. */
    if (step->there && old_registry && strcmp(step->computation.registry->sha256, search->previous->registry_sha256) != 0)
        step->there = false;
    return step->there;
}

static void clear_step(struct step *step) {
    obs_table_close(&step->table);
    computation_clear(&step->computation);
    free(step->ordinals);
}

/* False: the steps cannot be made, because the old definitions are not accepted any more, or the old cut is not in the log. */
static bool recompute(struct search *search, int64_t release) {
    struct fault fault = {.code = FAULT_NONE};
    bool registry = search->causes.registry != 0;
    bool definitions = search->causes.definitions != 0;
    if (!run_step(search, &search->counting, registry, release, &fault)) return false;
    return !(registry && definitions) || run_step(search, &search->definitions, false, release, &fault);
}

static unsigned counting_causes(const struct search *search, const char *evidence) {
    unsigned causes = search->causes.counting;
    if (evidence[0] == 'R') causes &= ~(unsigned)(REVISED_LATE_EVENT | REVISED_DEDUP | REVISED_EXCLUSION);
    return causes;
}

static bool suppressed(const struct obs_row *row) {
    return row != NULL && row->cells[OBS_OBS_STATUS][0] == 'Q';
}

/* The control of disclosure decides whether a figure is there: where it decided differently, that is the cause. */
static bool control_differs(const struct revision *revision) {
    if (revision->old == NULL || revision->new == NULL) return false;
    return suppressed(revision->old) != suppressed(revision->new) ||
           strcmp(revision->old->cells[OBS_CONF_STATUS], revision->new->cells[OBS_CONF_STATUS]) != 0;
}

static unsigned stepped(const struct search *search, const struct revision *revision) {
    const char *evidence = (revision->new != NULL ? revision->new : revision->old)->cells[OBS_EVIDENCE];
    unsigned causes = 0;
    const struct obs_row *first = obs_table_key(&search->counting.table, revision->key);
    const struct obs_row *second = search->definitions.there ? obs_table_key(&search->definitions.table, revision->key) : first;
    if (!same_figure(revision->old, first)) causes |= counting_causes(search, evidence);
    if (search->definitions.there) {
        if (!same_figure(first, second)) causes |= search->causes.registry;
        if (!same_figure(second, revision->new)) causes |= search->causes.definitions;
    } else if (!same_figure(first, revision->new)) {
        causes |= search->causes.registry | search->causes.definitions;
    }
    return causes;
}

static unsigned causes_of(const struct search *search, const struct revision *revision) {
    if (control_differs(revision)) return REVISED_SUPPRESSION;
    const char *evidence = (revision->new != NULL ? revision->new : revision->old)->cells[OBS_EVIDENCE];
    unsigned causes = search->counting.there
                          ? stepped(search, revision)
                          : counting_causes(search, evidence) | search->causes.registry | search->causes.definitions;
    /* Same inputs, other figure: one of the two programs was wrong. */
    return causes != 0 ? causes : REVISED_BUGFIX;
}

static void add(struct revisions *revisions, size_t *capacity, const struct search *search, const struct obs_row *old,
                const struct obs_row *new) {
    if (same_figure(old, new)) {
        revisions->finalised += old->cells[OBS_OBS_STATUS][0] == 'P' && new->cells[OBS_OBS_STATUS][0] == 'A';
        return;
    }
    revisions->items = memory_reserve(revisions->items, capacity, revisions->count + 1, sizeof(*revisions->items));
    struct revision *revision = &revisions->items[revisions->count++];
    *revision = (struct revision){.key = new != NULL ? new->key : old->key, .old = old, .new = new};
    revision->causes = causes_of(search, revision);
    revisions->after_final += old != NULL && old->cells[OBS_OBS_STATUS][0] == 'A';
}

/* Both tables are sorted by key. */
static void compare(struct revisions *revisions, const struct search *search) {
    const struct obs_table *then = &search->previous->table;
    const struct obs_table *now = &revisions->now;
    size_t capacity = 0;
    for (size_t i = 0, j = 0; i < then->count || j < now->count;) {
        int order = i == then->count ? 1 : j == now->count ? -1 : strcmp(then->rows[i].key, now->rows[j].key);
        add(revisions, &capacity, search, order <= 0 ? &then->rows[i] : NULL, order >= 0 ? &now->rows[j] : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

bool hundredths_of(const char *value, __int128 *out) {
    bool negative = value[0] == '-';
    const char *at = value + negative;
    __int128 number = 0;
    int decimals = -1;
    if (*at == '\0') return false;
    for (; *at != '\0' && decimals < 2; at++) {
        if (*at == '.') {
            decimals = 0;
            continue;
        }
        if (*at < '0' || *at > '9') return false;
        number = number * 10 + (*at - '0');
        decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
        number *= 10;
    *out = negative ? -number : number;
    return true;
}

static void add_to_summary(struct revision_summary *summary, const struct obs_row *old, const struct obs_row *new, bool total) {
    __int128 before;
    __int128 after;
    if (old == NULL || !hundredths_of(old->cells[OBS_VALUE], &before) || !hundredths_of(new->cells[OBS_VALUE], &after)) return;
    __int128 difference = after - before;
    __int128 absolute = difference < 0 ? -difference : difference;
    summary->rows++;
    summary->sum += difference;
    summary->sum_absolute += absolute;
    if (absolute > summary->max_absolute) summary->max_absolute = absolute;
    if (!total) return;
    summary->has_total = true;
    summary->total = difference;
}

/* The total row of an indicator: that of the province, with the coordinates of its definition. */
static bool is_total(const struct obs_row *row, const struct computation *computation, const struct indicator *indicator) {
    const char *const *cells = row->cells;
    return strcmp(cells[OBS_TRANSFORMATION], "N") == 0 &&
           strcmp(cells[OBS_REF_AREA], computation->options->reporting_area) == 0 && strcmp(cells[OBS_ACTIVITY], "_T") == 0 &&
           strcmp(cells[OBS_UNIT_TYPE], indicator->unit_type) == 0 && strcmp(cells[OBS_SIZE_CLASS], "_T") == 0 &&
           strcmp(cells[OBS_PLATFORM], indicator->platform) == 0 && strcmp(cells[OBS_INSTRUMENT], indicator->instrument) == 0 &&
           strcmp(cells[OBS_TIME_PERIOD], computation->period.text) == 0;
}

static void summarise(struct revisions *revisions, const struct previous *previous, const struct computation *computation) {
    const struct definitions *definitions = computation->definitions;
    revisions->summaries = memory_zeroed(definitions->indicator_count, sizeof(*revisions->summaries));
    for (size_t i = 0; i < definitions->indicator_count; i++) {
        const struct indicator *indicator = &definitions->indicators[i];
        if (indicator->headline == 0) continue;
        struct revision_summary *summary = &revisions->summaries[revisions->summary_count++];
        summary->indicator = indicator;
        for (size_t j = 0; j < revisions->now.count; j++) {
            const struct obs_row *new = &revisions->now.rows[j];
            if (strcmp(new->cells[OBS_INDICATOR], indicator->code) != 0 || new->cells[OBS_EVIDENCE][0] != indicator->headline)
                continue;
            add_to_summary(summary, obs_table_key(&previous->table, new->key), new, is_total(new, computation, indicator));
        }
    }
}

bool revisions_find(struct revisions *revisions, const struct previous *previous, const struct computation *computation,
                    int64_t release, struct fault *fault) {
    *revisions = (struct revisions){.previous = previous};
    if (!render(&revisions->now, computation, release))
        return fault_set(fault, STOP_BROKEN_PROMISE, false, "the rows of this release cannot be read back");
    if (previous == NULL) return true;
    struct search *search = memory_zeroed(1, sizeof(*search));
    search->previous = previous;
    search->now = computation;
    search->causes = causes_find(previous, computation);
    int groups = (search->causes.counting != 0) + (search->causes.registry != 0) + (search->causes.definitions != 0);
    if (groups > 1) {
        revisions->recomputed = recompute(search, release);
        if (!revisions->recomputed) search->counting.there = false;
    }
    compare(revisions, search);
    summarise(revisions, previous, computation);
    clear_step(&search->counting);
    clear_step(&search->definitions);
    free(search);
    return true;
}

void revisions_clear(struct revisions *revisions) {
    obs_table_close(&revisions->now);
    free(revisions->items);
    free(revisions->summaries);
    *revisions = (struct revisions){.previous = NULL};
}
