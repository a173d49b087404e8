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

enum { KEY_BYTES = 384 };

struct keyed {
    char key[KEY_BYTES];
    const struct observation *observation;
};

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
        .unit_class = "",
        .error_type = "NONE",
        .window = "",
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

static void write_key(const struct observation *row, char out[static KEY_BYTES]) {
    int length = snprintf(out, KEY_BYTES, "%c,%s,%s,%c,%s,%s,%s,%s,%s,N,%s", (char)row->period.frequency, row->at.area,
                          row->at.indicator, row->at.evidence, row->at.activity, row->at.unit_type, row->at.size_class,
                          row->at.platform, row->at.instrument, row->period.text);
    CHECK(length > 0 && length < KEY_BYTES);
}

static int compare_keys(const void *left, const void *right) {
    return strcmp(((const struct keyed *)left)->key, ((const struct keyed *)right)->key);
}

static void write_row(const struct keyed *keyed, const struct observation_frame *frame, const char *as_of, FILE *out) {
    const struct observation *row = keyed->observation;
    char first[11];
    char last[11];
    iso_date_format(row->period.first, first);
    iso_date_format(row->period.last, last);
    (void)fprintf(out, "dataflow,%s,R,%s,%s,%s,0,%d,%c,N,%s,%s,%s,%s,%s,%s,,%s,%s,,%s,%s,%lld,%s\n", frame->structure_id,
                  keyed->key, row->value, row->unit_measure, row->decimals, row->status, row->numerator, row->denominator,
                  row->unit_class, row->bound_low, row->bound_high, row->error_type, row->window, frame->method, first, last,
                  (long long)frame->release, as_of);
}

void observations_write(struct observations *observations, const struct observation_frame *frame, FILE *out) {
    char as_of[25];
    rfc3339_format(frame->as_of_ms, as_of);
    struct keyed *keyed = memory_zeroed(observations->count, sizeof(*keyed));
    for (size_t i = 0; i < observations->count; i++) {
        keyed[i].observation = &observations->items[i];
        write_key(keyed[i].observation, keyed[i].key);
    }
    qsort(keyed, observations->count, sizeof(*keyed), compare_keys);
    (void)fputs(header, out);
    for (size_t i = 0; i < observations->count; i++) {
        CHECK(i == 0 || strcmp(keyed[i - 1].key, keyed[i].key) != 0);
        write_row(&keyed[i], frame, as_of, out);
    }
    free(keyed);
}
