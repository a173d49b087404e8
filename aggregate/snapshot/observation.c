/* The canonical table in the layout of SDMX-CSV 2.0. ACTION is R (replace): under the default "merge" an emptied cell would
 * survive in every consumer's database. No cell holds a comma, a quote or a line break (definitions.c and the code lists see to
 * it), so nothing is quoted. */
#include "aggregate/snapshot/observation.h"

#include "aggregate/snapshot/memory.h"
#include "zone.h"

#include <stdlib.h>

static const char header[] =
    "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,INDICATOR,EVIDENCE,ACTIVITY,UNIT_TYPE,SIZE_CLASS,PLATFORM,INSTRUMENT,"
    "TRANSFORMATION,TIME_PERIOD,OBS_VALUE,UNIT_MEASURE,UNIT_MULT,DECIMALS,OBS_STATUS,CONF_STATUS,NUMERATOR,DENOMINATOR,N_UNITS,"
    "BOUND_LO,BOUND_HI,ERR_TYPE,COVERAGE,WINDOW,METHOD,OBS_PRE_BREAK,PERIOD_START,PERIOD_END,RELEASE,AS_OF\n";

struct observation *observations_add(struct observations *observations, const struct coordinates *at,
                                     const struct period *period) {
    observations->items =
        memory_reserve(observations->items, &observations->capacity, observations->count + 1, sizeof(*observations->items));
    struct observation *row = &observations->items[observations->count++];
    *row = (struct observation){
        .at = *at,
        .period = *period,
        .unit_measure = "NB",
        .status = 'P',
        .confidentiality = 'N',
        .unit_class = "",
        .error_type = "NONE",
        .window = "",
        .origin = {.own = {'F', GROUND_NONE}},
    };
    return row;
}

void observations_clear(struct observations *observations) {
    free(observations->items);
    *observations = (struct observations){.items = NULL};
}

const char *unit_class_of(int64_t units) {
    if (units <= 0) return "0";
    if (units < 5) return "1-4";
    if (units < 10) return "5-9";
    return units < 50 ? "10-49" : "50+";
}

static void make_key(struct observation *row) {
    const struct coordinates *at = &row->at;
    int length = snprintf(row->key, sizeof(row->key), "%c,%s,%s,%c,%s,%s,%s,%s,%s,%s,%s", (char)row->period.frequency,
                          at->area, at->indicator, at->evidence, at->activity, at->unit_type, at->size_class, at->platform,
                          at->instrument, at->transformation == NULL ? "N" : at->transformation, row->period.text);
    CHECK(length > 0 && length < OBSERVATION_KEY_BYTES);
}

static int compare_keys(const void *left, const void *right) {
    return strcmp(((const struct observation *)left)->key, ((const struct observation *)right)->key);
}

void observations_sort(struct observations *observations) {
    for (size_t i = 0; i < observations->count; i++)
        make_key(&observations->items[i]);
    if (observations->count == 0) return;
    qsort(observations->items, observations->count, sizeof(*observations->items), compare_keys);
    for (size_t i = 1; i < observations->count; i++)
        CHECK(strcmp(observations->items[i - 1].key, observations->items[i].key) != 0);
}

static int compare_key(const void *key, const void *row) {
    return strcmp(key, ((const struct observation *)row)->key);
}

struct observation *observations_find(const struct observations *observations, const char *key) {
    if (observations->count == 0) return NULL;
    return bsearch(key, observations->items, observations->count, sizeof(*observations->items), compare_key);
}

struct observation *observations_find_in(const struct observations *observations, const struct observation *like,
                                         const struct period *period) {
    struct observation probe = {.at = like->at, .period = *period};
    probe.at.transformation = NULL;
    make_key(&probe);
    return observations_find(observations, probe.key);
}

static void write_row(const struct observation *row, const struct observation_frame *frame, const char *as_of, FILE *out) {
    char first[11];
    char last[11];
    iso_date_format(row->period.first, first);
    iso_date_format(row->period.last, last);
    (void)fprintf(out, "dataflow,%s,R,%s,%s,%s,0,%d,%c,%c,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%lld,%s\n", frame->structure_id,
                  row->key, row->value, row->unit_measure, row->decimals, row->status, row->confidentiality, row->numerator,
                  row->denominator, row->unit_class, row->bound_low, row->bound_high, row->error_type, row->coverage, row->window,
                  frame->method, row->before_break, first, last, (long long)frame->release, as_of);
}

void observations_write(const struct observations *observations, const struct observation_frame *frame, FILE *out) {
    char as_of[25];
    rfc3339_format(frame->as_of_ms, as_of);
    (void)fputs(header, out);
    for (size_t i = 0; i < observations->count; i++)
        write_row(&observations->items[i], frame, as_of, out);
}
