/* A snapshot: one true prefix of the state -> indicators -> an immutable vintage directory (schemas/indicators.md).
 *
 * Reads Redis through aggregate/store/reader.h only, writes nothing there. G(state at an offset vector, registry cut,
 * definitions, as_of): same inputs, same bytes (I5); no clock: `as_of` comes from the state or the caller. One thread. */
#ifndef NHIP_SNAPSHOT_H
#define NHIP_SNAPSHOT_H

#include "aggregate/disclosure/rules.h"
#include "aggregate/runtime/exclusions.h"
#include "aggregate/runtime/expected.h"
#include "aggregate/runtime/sources.h"
#include "aggregate/store/store.h"
#include "fault.h"
#include "zone.h"

struct snapshot_options {
    const struct store_options *store;
    const struct zone *zone;
    const struct sources *sources;
    const struct expected *expected; /* null: nothing is expected, COVERAGE stays empty */
    const char *definitions_path; /* indicators.json */
    const char *directory;        /* where vintages are collected; made when missing */
    const char *previous;         /* path of the release before; "": this is the first; null: look in `directory` */
    const char *folds;            /* directory of folds (aggregate/store/fold.h); null or "": none */
    const char *period;           /* 2021, 2021-Q3, 2021-09, 2021-W39, 2021-09-30 */
    int64_t as_of_ms;             /* TIME_NONE: the greatest record_time_max of the state */
    struct disclosure_rules disclosure;
    bool raw;                     /* no disclosure control: not for publication */
    bool only_changed;            /* no release when no figure differs from the release before and none became final */
    bool judged;                  /* a headline that jumps beyond its bound: staged, not published */
    bool from_copies;             /* counted from copies, whose offsets are not those of the releases before */
    bool daily;                   /* also FREQ D rows for the days of the period */
    bool growth;                  /* also how flows moved: growth.h */
    const char *growth_base;      /* the period that indices are measured from; null, "": no index */
    const char *reporting_currency;
    const char *reporting_country;
    const char *reporting_area;    /* VN_38 */
    const char *state_text;        /* config_state_text(): what the state's configuration hash is of; may be null */
    const struct exclusions *exclusions; /* that the state was counted with; null: none */
    const char *presentation_hash; /* hex SHA-256 of presentational settings; goes into snapshot.json */
    const char *engine_version;
    const char *engine_commit;
};

/* What was written, for the command that prints it. */
struct snapshot_result {
    char vintage[160]; /* directory name */
    char path[512];    /* directory/vintage */
    int64_t observations;
    int64_t unmatched_accounts;
    int64_t refused_claims;
    int64_t suppressed; /* rows that disclosure control emptied */
    int64_t revisions;           /* cells that differ from the release before */
    int64_t revised_after_final; /* of them: had been final (OBS_STATUS A) */
    bool staged;                 /* `judged` and a headline jumped: `path` is where it waits, `jump` says why */
    char jump[440];
    bool unchanged;              /* `only_changed` and nothing was: `path` and `vintage` are those of the release before */
};

/* Reads, computes, writes into a temporary directory beside the vintage, fsyncs, renames, then replaces LATEST. On failure
 * nothing but an unreferenced temporary directory may remain (it is removed where possible). False and `fault`. */
bool snapshot_write(const struct snapshot_options *options, struct snapshot_result *result, struct fault *fault);

/* One published figure looked up again in a written obs.csv, for the adoption table of `nhip demo` and `nhip snapshot`. */
struct observation_key {
    const char *area, *indicator, *evidence, *activity, *unit_type, *size_class, *platform, *instrument, *period;
};
/* Copies OBS_VALUE and OBS_STATUS of that row of DIR/obs.csv; false when there is no such row. */
bool snapshot_lookup(const char *vintage_path, const struct observation_key *key, char value[static 32], char status[static 4]);

#endif
