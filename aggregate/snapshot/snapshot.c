/* One snapshot, from the state to a named directory: read, join, compute, write aside, rename.
 *
 * Everything is in memory at once - a province's ledger is some hundred megabytes at most - which makes the order of computation
 * free and the result a pure function of its inputs. There is no clock here: AS_OF comes from the state (its greatest record
 * time) or from the caller, who may name a later instant but never an earlier one, because the counters cannot be turned back
 * (past states are made by replay). */
#include "aggregate/snapshot/snapshot.h"

#include "aggregate/snapshot/statistics.h"
#include "aggregate/snapshot/provenance.h"
#include "aggregate/snapshot/snapshot_state.h"
#include "aggregate/snapshot/vintage.h"
#include "decode.h"

/* Everything that one run holds. */
struct work {
    const struct snapshot_options *options;
    const struct state *state;
    struct definitions *definitions;
    struct registry *registry;
    struct crosswalk *crosswalk;
    struct cells *cells;
    struct statistics statistics;
    struct observations observations;
    struct vintage vintage;
    int64_t as_of_ms;
};

static bool choose_as_of(struct work *work, struct fault *fault) {
    int64_t greatest = state_record_time_max(work->state);
    if (greatest == INT64_MIN && work->options->as_of_ms == TIME_NONE) {
        return fault_set(fault, FAULT_REFUSED, false, "the state holds no record yet: run the consumer first, or name --as-of");
    }
    work->as_of_ms = work->options->as_of_ms == TIME_NONE ? greatest : work->options->as_of_ms;
    if (work->as_of_ms >= greatest) return true;
    char asked[25];
    char held[25];
    rfc3339_format(work->as_of_ms, asked);
    rfc3339_format(greatest, held);
    return fault_set(fault, FAULT_REFUSED, false,
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
    return fault_set(fault, FAULT_CONFIG, false,
                     "reporting.area: found \"%.40s\", accepted are up to %d of A-Z 0-9 _ -, such as VN_38", area,
                     AREA_BYTES - 9);
}

static bool prepare(struct work *work, struct fault *fault) {
    const struct snapshot_options *options = work->options;
    struct statistics *statistics = &work->statistics;
    int exponent = currency_exponent(slice_of(options->reporting_currency));
    if (exponent < 0) {
        return fault_set(fault, FAULT_CONFIG, false,
                         "reporting.currency: found \"%.8s\", accepted are ISO 4217 codes such as VND",
                         options->reporting_currency);
    }
    if (!check_area(options->reporting_area, fault) || !period_parse(options->period, &statistics->period, fault)) return false;
    work->definitions = definitions_create(options->definitions_path, fault);
    if (work->definitions == NULL) return false;
    if (!provenance_check(work->state, fault) || !choose_as_of(work, fault)) return false;
    work->registry = registry_create(work->state, work->as_of_ms, work->definitions, fault);
    if (work->registry == NULL) return false;
    work->crosswalk = crosswalk_create(work->registry, work->state->accounts);
    work->cells =
        cells_create(work->state, work->registry, work->crosswalk, work->definitions, options->sources, &statistics->period);
    statistics->definitions = work->definitions;
    statistics->state = work->state;
    statistics->registry = work->registry;
    statistics->crosswalk = work->crosswalk;
    statistics->cells = work->cells;
    statistics->sources = options->sources;
    statistics->zone = options->zone;
    statistics->currency = options->reporting_currency;
    statistics->currency_exponent = exponent;
    statistics->area = options->reporting_area;
    statistics->observations = &work->observations;
    return true;
}

/* THDX:DF_ADOPTION(1.0.0) -> THDX_ADOPTION */
static void flow_name(const char *structure_id, char out[static 64]) {
    size_t length = 0;
    for (const char *at = structure_id; *at != '\0' && *at != '(' && length < 48; at++) {
        if (*at == ':') {
            out[length++] = '_';
            if (strncmp(at + 1, "DF_", 3) == 0) at += 3;
            continue;
        }
        bool plain = (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_' || *at == '-';
        out[length++] = plain ? *at : '_';
    }
    out[length] = '\0';
}

static bool write_observations(struct work *work, struct fault *fault) {
    struct observation_frame frame = {
        .structure_id = work->definitions->structure_id,
        .method = work->definitions->version,
        .release = work->vintage.release,
        .as_of_ms = work->as_of_ms,
    };
    FILE *file = vintage_file(&work->vintage, "obs.csv", fault);
    if (file == NULL) return false;
    observations_write(&work->observations, &frame, file);
    return vintage_close_file(&work->vintage, file, "obs.csv", fault);
}

static bool write_definitions(struct work *work, struct fault *fault) {
    FILE *file = vintage_file(&work->vintage, "indicators.json", fault);
    if (file == NULL) return false;
    (void)fwrite(work->definitions->text, 1, work->definitions->text_length, file);
    return vintage_close_file(&work->vintage, file, "indicators.json", fault);
}

static bool write_provenance(struct work *work, struct fault *fault) {
    struct provenance provenance = {
        .options = work->options,
        .definitions = work->definitions,
        .state = work->state,
        .registry = work->registry,
        .cells = work->cells,
        .period = &work->statistics.period,
        .vintage = &work->vintage,
        .as_of_ms = work->as_of_ms,
        .refused_claims = crosswalk_refused(work->crosswalk),
        .observations = (int64_t)work->observations.count,
    };
    FILE *file = vintage_file(&work->vintage, "snapshot.json", fault);
    if (file == NULL) return false;
    provenance_write(&provenance, file);
    return vintage_close_file(&work->vintage, file, "snapshot.json", fault);
}

static bool publish(struct work *work, struct snapshot_result *result, struct fault *fault) {
    char flow[64];
    flow_name(work->definitions->structure_id, flow);
    if (!vintage_open(&work->vintage, work->options->directory, flow, &work->statistics.period, work->as_of_ms, fault))
        return false;
    if (!write_observations(work, fault) || !write_definitions(work, fault) || !write_provenance(work, fault)) return false;
    if (!vintage_publish(&work->vintage, result->path, fault)) return false;
    memcpy(result->vintage, work->vintage.name, sizeof(result->vintage));
    result->observations = (int64_t)work->observations.count;
    result->unmatched_accounts = work->cells->unmatched_accounts;
    result->refused_claims = crosswalk_refused(work->crosswalk);
    return true;
}

bool snapshot_write_state(const struct snapshot_options *options, const struct state *state, struct snapshot_result *result,
                          struct fault *fault) {
    struct work work = {.options = options, .state = state};
    bool good = prepare(&work, fault);
    if (good) statistics_run(&work.statistics, options->daily);
    good = good && publish(&work, result, fault);
    vintage_abandon(&work.vintage);
    observations_clear(&work.observations);
    cells_destroy(work.cells);
    crosswalk_destroy(work.crosswalk);
    registry_destroy(work.registry);
    definitions_destroy(work.definitions);
    return good;
}

bool snapshot_write(const struct snapshot_options *options, struct snapshot_result *result, struct fault *fault) {
    struct state *state = state_create();
    struct reader_sink sink = state_sink(state);
    bool good = reader_read(options->store, &sink, fault) && state_finish(state, fault) &&
                snapshot_write_state(options, state, result, fault);
    state_destroy(state);
    return good;
}
