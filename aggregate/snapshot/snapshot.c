/* One snapshot, from the state to a named directory: read, join, compute, control, write aside, rename. The order is in
 * snapshot_write_state() and computation_run(); the files are in the table of publication.c.
 *
 * Everything is in memory at once - a province's ledger is some hundred megabytes at most - which makes the order of computation
 * free and the result a pure function of its inputs. There is no clock here: AS_OF comes from the state (its greatest record
 * time) or from the caller, who may name a later instant but never an earlier one, because the counters cannot be turned back
 * (past states are made by replay). */
#include "aggregate/snapshot/snapshot.h"

#include "aggregate/snapshot/jumps.h"
#include "aggregate/snapshot/provenance.h"
#include "aggregate/snapshot/publication.h"
#include "aggregate/snapshot/snapshot_state.h"
#include "aggregate/snapshot/staging.h"
#include "decode.h"
#include "fault_point.h"
#include "log.h"

enum { TRIES_MAX = 8 };

/* Everything that one try holds. */
struct work {
    const struct snapshot_options *options;
    struct computation computation;
    struct previous *previous;
    struct previous *neighbour; /* of the period before: what its cohorts withhold stays in; null: none, or no cohorts here */
    struct revisions revisions;
    struct jumps jumps;
    struct vintage vintage;
};

static bool choose_as_of(struct work *work, struct fault *fault) {
    struct computation *computation = &work->computation;
    int64_t greatest = state_record_time_max(computation->state);
    if (greatest == INT64_MIN && work->options->as_of_ms == TIME_NONE) {
        return fault_set(fault, STOP_NOTHING_COUNTED, false,
                         "the state holds no record yet: run the consumer first, or name --as-of");
    }
    computation->as_of_ms = work->options->as_of_ms == TIME_NONE ? greatest : work->options->as_of_ms;
    if (computation->as_of_ms >= greatest) return true;
    char asked[25];
    char held[25];
    rfc3339_format(computation->as_of_ms, asked);
    rfc3339_format(greatest, held);
    return fault_set(fault, STOP_AS_OF_PAST, false,
                     "as of %s: the state already holds records of %s; an earlier state is made by replay (nhip run --until)",
                     asked, held);
}

static bool check_area(const char *area, struct fault *fault) {
    size_t length = strlen(area);
    bool good = length > 0 && length < AREA_BYTES - 8;
    for (size_t i = 0; good && i < length; i++) {
        char c = area[i];
        good = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    if (good) return true;
    return fault_set(fault, STOP_SETTING, false,
                     "reporting.area: found \"%.40s\", accepted are up to %d of A-Z 0-9 _ -, such as VN_38", area,
                     AREA_BYTES - 9);
}

/* The list of withdrawn deliveries is published: it must be the one that the state was counted with. */
static bool check_exclusions(const struct snapshot_options *options, const struct state *state, struct fault *fault) {
    size_t listed;
    int64_t withdrawn = 0;
    char hash[DIGEST_TEXT_BYTES];
    (void)exclusions_all(options->exclusions, &listed);
    for (size_t i = 0; i < state->partition_count; i++)
        withdrawn += state->partitions[i].progress.counts.reasons[REASON_WITHDRAWN];
    if (listed == 0 && withdrawn == 0) return true;
    digest_bytes(slice_of(options->state_text == NULL ? "" : options->state_text), hash);
    if (listed > 0 && (state->partition_count == 0 || strcmp(hash, state->partitions[0].configuration_hash) == 0)) return true;
    return fault_set(fault, STOP_CONFIGURATION, false,
                     "the state has withdrawn %lld records, and exclusions.file lists %zu ranges here; they are published, so "
                     "the settings must be those of nhip run (state hash %.12s, here %.12s): give its configuration file; a new "
                     "list is counted first (nhip run --namespace N2, nhip promote N2)",
                     (long long)withdrawn, listed, state->partition_count == 0 ? "" : state->partitions[0].configuration_hash,
                     hash);
}

static bool check(struct work *work, struct fault *fault) {
    const struct snapshot_options *options = work->options;
    if (currency_exponent(slice_of(options->reporting_currency)) < 0) {
        return fault_set(fault, STOP_SETTING, false,
                         "reporting.currency: found \"%.8s\", accepted are ISO 4217 codes such as VND",
                         options->reporting_currency);
    }
    return check_area(options->reporting_area, fault) && growth_check_base(options->growth_base, fault) &&
           period_parse(options->period, &work->computation.period, fault) &&
           provenance_check(work->computation.state, fault) &&
           check_exclusions(options, work->computation.state, fault) && choose_as_of(work, fault);
}

/* The release before of this period, and that this one is not older. */
static bool find_previous(struct work *work, struct fault *fault) {
    char flow[VINTAGE_FLOW_BYTES];
    const struct snapshot_options *options = work->options;
    struct computation *computation = &work->computation;
    vintage_flow(computation->definitions->structure_id, options->raw, flow);
    if (options->previous == NULL) {
        if (!previous_find(options->directory, flow, &computation->period, &work->previous, fault)) return false;
    } else if (options->previous[0] != '\0') {
        work->previous = previous_open(options->previous, fault);
        if (work->previous == NULL) return false;
    }
    if (work->previous != NULL) computation->before = &work->previous->table;
    if (work->previous == NULL || work->previous->as_of_ms <= computation->as_of_ms) return true;
    char ours[25];
    char theirs[25];
    rfc3339_format(computation->as_of_ms, ours);
    rfc3339_format(work->previous->as_of_ms, theirs);
    return fault_set(fault, STOP_RELEASE_PAST, false,
                     "as of %s: release %lld of %s is as of %s already; a later release cannot know less: name a later "
                     "--as-of, or another --dir",
                     ours, (long long)work->previous->release, computation->period.text, theirs);
}

/* The newest release of the period before, whose cohorts have the same months as those of this one. */
static bool find_neighbour(struct work *work, struct fault *fault) {
    const struct computation *computation = &work->computation;
    char flow[VINTAGE_FLOW_BYTES];
    struct period before = period_preceding(&computation->period);
    if (!publication_holds_cohorts(work->options, &computation->period)) return true;
    vintage_flow(computation->definitions->structure_id, work->options->raw, flow);
    return previous_find(work->options->directory, flow, &before, &work->neighbour, fault);
}

static bool write_files(struct work *work, struct fault *fault) {
    const struct computation *computation = &work->computation;
    const struct publication publication = {
        .options = work->options,
        .state = computation->state,
        .definitions = computation->definitions,
        .registry = computation->registry,
        .crosswalk = computation->crosswalk,
        .cells = computation->cells,
        .coverage = computation->coverage,
        .statistics = &computation->statistics,
        .observations = &computation->observations,
        .disclosure = &computation->disclosure,
        .previous = work->previous,
        .neighbour = work->neighbour,
        .bases = computation->bases,
        .base_count = computation->base_count,
        .revisions = &work->revisions,
        .vintage = &work->vintage,
        .as_of_ms = computation->as_of_ms,
    };
    return publication_write(&publication, &work->vintage, fault);
}

/* Nothing that a user of the release before would want to know: no figure moved, none became final, no definition or setting of
 * what is published is another, and the period had ended then as it has now. */
static bool is_unchanged(const struct work *work) {
    const struct computation *computation = &work->computation;
    const struct previous *previous = work->previous;
    if (previous == NULL || work->revisions.count > 0 || work->revisions.finalised > 0) return false;
    const struct period *period = &computation->period;
    const struct zone *zone = work->options->zone;
    const struct expected *expected = work->options->expected;
    return strcmp(previous->definitions_sha256, computation->definitions->sha256) == 0 &&
           strcmp(previous->expected_sha256, expected == NULL ? "" : expected->sha256) == 0 &&
           strcmp(previous->presentation_sha256, work->options->presentation_hash) == 0 &&
           period_ended(period, zone, previous->as_of_ms) == period_ended(period, zone, computation->as_of_ms);
}

/* Whether this release is one to be looked at first; `held`: it has been, or is waiting for it, with these very figures. */
static bool judge(struct work *work, const char *flow, int64_t release, struct snapshot_result *result, bool *held,
                  struct fault *fault) {
    const struct snapshot_options *options = work->options;
    *held = false;
    if (!options->judged || options->raw) return true;
    if (!jumps_find(&work->jumps, &work->computation, &work->revisions.now, work->previous, flow, fault)) return false;
    if (work->jumps.count == 0) return true;
    result->staged = true;
    jumps_text(&work->jumps, result->jump, sizeof(result->jump));
    *held = options->only_changed && staging_holds(options->directory, flow, &work->computation.period, release,
                                                   &work->revisions.now, result->vintage, result->path);
    return true;
}

static enum vintage_end publish(struct work *work, struct snapshot_result *result, struct fault *fault) {
    const struct computation *computation = &work->computation;
    char flow[VINTAGE_FLOW_BYTES];
    vintage_flow(computation->definitions->structure_id, work->options->raw, flow);
    int64_t release = work->previous == NULL ? 1 : work->previous->release + 1;
    *result = (struct snapshot_result){.unchanged = false};
    if (!revisions_find(&work->revisions, work->previous, computation, release, fault)) return VINTAGE_FAILED;
    if (work->options->only_changed && is_unchanged(work)) {
        result->unchanged = true;
        memcpy(result->vintage, work->previous->name, sizeof(result->vintage));
        memcpy(result->path, work->previous->path, sizeof(result->path));
        return VINTAGE_PUBLISHED;
    }
    bool held;
    if (!judge(work, flow, release, result, &held, fault)) return VINTAGE_FAILED;
    if (held) return VINTAGE_PUBLISHED;
    if (!vintage_open(&work->vintage, work->options->directory, flow, &computation->period, release, computation->as_of_ms,
                      fault))
        return VINTAGE_FAILED;
    work->vintage.unpublished = work->options->raw;
    work->vintage.staged = result->staged;
    if (!write_files(work, fault)) return VINTAGE_FAILED;
    enum vintage_end end = vintage_publish(&work->vintage, result->path, fault);
    if (end != VINTAGE_PUBLISHED) return end;
    if (result->staged && !staging_note(work->options->directory, work->vintage.name, &work->jumps, fault)) return VINTAGE_FAILED;
    memcpy(result->vintage, work->vintage.name, sizeof(result->vintage));
    result->observations = (int64_t)computation->observations.count;
    result->unmatched_accounts = computation->cells->unmatched_accounts;
    result->refused_claims = crosswalk_refused(computation->crosswalk);
    result->suppressed = computation->disclosure.raw ? 0 : result->observations - computation->disclosure.free;
    result->revisions = (int64_t)work->revisions.count;
    result->revised_after_final = work->revisions.after_final;
    return VINTAGE_PUBLISHED;
}

/* One try, from the release before to the name of this one. */
static enum vintage_end try_it(const struct snapshot_options *options, const struct state *state,
                               struct snapshot_result *result, struct fault *fault) {
    struct work work = {.options = options, .computation = {.options = options, .state = state}};
    bool good = check(&work, fault) && computation_define(&work.computation, fault) && find_previous(&work, fault) &&
                find_neighbour(&work, fault) && computation_run(&work.computation, fault);
    enum vintage_end end = good ? publish(&work, result, fault) : VINTAGE_FAILED;
    vintage_abandon(&work.vintage);
    revisions_clear(&work.revisions);
    previous_destroy(work.previous);
    previous_destroy(work.neighbour);
    computation_clear(&work.computation);
    return end;
}

bool snapshot_write_state(const struct snapshot_options *options, const struct state *state, struct snapshot_result *result,
                          struct fault *fault) {
    for (int i = 0; i < TRIES_MAX; i++) {
        enum vintage_end end = try_it(options, state, result, fault);
        if (end != VINTAGE_OVERTAKEN) return end == VINTAGE_PUBLISHED;
        log_info("snapshot_overtaken", "period=%s directory=\"%s\"", options->period, options->directory);
    }
    return fault_set(fault, STOP_FILE_UNWRITABLE, true,
                     "%s: others have published releases of %s %d times while this one was computed; run it again",
                     options->directory, options->period, TRIES_MAX);
}

struct state *snapshot_read(const struct snapshot_options *options, struct fault *fault) {
    struct state *state = state_create();
    struct reader_sink sink = state_sink(state);
    bool folded = options->folds != NULL && options->folds[0] != '\0';
    const struct reader_manner manner = {.folds = folded ? options->folds : NULL, .ledger_in_any_order = true};
    bool good = reader_read_so(options->store, &manner, &sink, fault) && !FAULT_BREAKS("snapshot.read", fault);
    if (good && state_finish(state, fault)) return state;
    state_destroy(state);
    return NULL;
}

bool snapshot_write(const struct snapshot_options *options, struct snapshot_result *result, struct fault *fault) {
    struct state *state = snapshot_read(options, fault);
    bool good = state != NULL && snapshot_write_state(options, state, result, fault);
    state_destroy(state);
    return good;
}
