/* indicators.json, read and checked: what is computed (schemas/indicators.md). Built once, immutable. Texts live as long as the
 * definitions. Sets of codes are bit masks over the numbers of codes.h; bit 0 stands for "absent". */
#ifndef NHIP_SNAPSHOT_DEFINITIONS_H
#define NHIP_SNAPSHOT_DEFINITIONS_H

#include "aggregate/runtime/digest.h"
#include "codes.h"
#include "fault.h"

#include <stdint.h>

enum {
    TEXTS_MAX = 64,
    FLOWS_MAX = 64,
    POPULATIONS_MAX = 32,
    INDICATORS_MAX = 128,
    ALTERNATIVES_MAX = 4,
    SIDES_MAX = 4,
    TERMS_MAX = 6,
    AXIS_CODES_MAX = 32,
    GROUPS_MAX = 4,
    UNIT_TYPES_MAX = 16,
    MEMBERS_MAX = 8,
    NAMES_MAX = 192,
    BENCHMARKS_MAX = 64
};

struct text_list {
    const char *items[TEXTS_MAX];
    size_t count;
};

/* Columns of a registry record that conditions look at. */
enum column {
    COLUMN_NONE = 0,
    COLUMN_HAS_EMAIL,
    COLUMN_ACCEPTS_EPAY,
    COLUMN_BILLS_HOUSEHOLDS,
    COLUMN_MGMT_SOFTWARE,
    COLUMN_HAS_EMAIL_ASOF,
    COLUMN_WEBSITE_UPDATED_AT,
    COLUMN_WEBSITE_URL,
    COLUMN_MKTPL_ACCOUNTS,
    COLUMN_ECHANNELS,
    COLUMN_COUNT
};

enum test { TEST_NONE = 0, TEST_YES, TEST_NO, TEST_IN_WINDOW, TEST_WITHIN_DAYS, TEST_NON_EMPTY };

struct side {
    enum column column;
    enum test test;
    int32_t days; /* TEST_WITHIN_DAYS */
};

struct condition {
    struct text_list legal_form; /* empty list: any */
    struct text_list unit_type;
    struct text_list vsic; /* leading digits */
    struct side sides[SIDES_MAX];
    size_t side_count;
};

struct population {
    const char *name;
    struct condition base;
    struct condition any[ALTERNATIVES_MAX]; /* none: base alone decides */
    size_t any_count;
};

/* Which ledger cells belong to a flow: one set per coordinate; all bits where the definition says nothing. */
struct flow_rule {
    const char *name;
    uint64_t family, role, outlet, instrument, context, pay_mode, person_type, outcome, reason_class;
    uint64_t category, cross_border;
    bool records_cash; /* only accounts whose source records cash */
    bool named;        /* only accounts that named intents or drivers, from the first such day to the last */
};

struct code_group {
    const char *name;
    uint64_t codes;
};

/* The platform axis is over enum outlet, the instrument axis over enum instrument. */
struct axis {
    uint64_t total;
    struct code_group groups[GROUPS_MAX];
    size_t group_count;
    struct code_group codes[AXIS_CODES_MAX]; /* one row each; a group is its members */
    size_t code_count;
};

struct term {
    uint32_t flow;
    bool sum; /* else n */
};

struct terms {
    struct term items[TERMS_MAX];
    size_t count;
};

enum indicator_kind {
    INDICATOR_NONE = 0,
    INDICATOR_SHARE,
    INDICATOR_UNITS,
    INDICATOR_STRUCTURE,
    INDICATOR_ACTIVE,
    INDICATOR_TURNOVER,
    INDICATOR_FLOW,
    INDICATOR_RATIO,
    INDICATOR_DISTINCT, /* without `plus`: persons; with it: intents or drivers that events of these flows name */
    INDICATOR_DISTINCT_SHARE,
    INDICATOR_HHI
};
enum turnover_part { PART_NONE = 0, PART_NEW, PART_RETAINED, PART_REACTIVATED, PART_CHURNED };
enum measure { MEASURE_NONE = 0, MEASURE_NUMBER, MEASURE_CURRENCY, MEASURE_PERCENT };
enum leaf { LEAF_NONE = 0, LEAF_OUTLET, LEAF_PARTY };
enum slice_bit {
    SLICE_DISTRICT = 1,
    SLICE_UNIT_TYPE = 2,
    SLICE_PLATFORM = 4,
    SLICE_MARKETPLACE = 8,
    SLICE_INSTRUMENT = 16,
    SLICE_MARKETPLACE_TOTAL = 32,
    SLICE_AD_PLATFORM = 64
};

/* When a figure is final: days after the end of the period, or 7 days after the next registry cut. */
enum finality_class { FINALITY_NONE = 0, FINALITY_F7, FINALITY_F45, FINALITY_F120, FINALITY_REG };

struct indicator {
    const char *code;
    enum indicator_kind kind;
    const char *unit_type, *platform, *instrument; /* coordinates of the total row */
    unsigned slices;                               /* enum slice_bit */
    bool daily;
    const struct population *populations[MEMBERS_MAX]; /* share, active: the first; units, structure: all */
    size_t population_count;
    uint64_t flows;       /* set of flow numbers: share (O), active, turnover */
    bool needs_flow;      /* share: evidence O counts only when some cell of the flows exists */
    struct side declared; /* share: main column and its test; COLUMN_NONE: nothing is declared, evidence O only */
    struct side sides[SIDES_MAX];
    size_t side_count;
    bool declared_window; /* share: R looks at the window */
    bool size_ge10;
    bool share; /* active */
    enum turnover_part part;
    uint64_t activities;  /* turnover: set of enum activity */
    enum measure measure; /* flow, ratio */
    bool observed;        /* flow: all that the sources report, whether it belongs to a unit or not */
    int shift;            /* ratio: the factor as a power of ten */
    struct terms plus, minus, over, over_minus;
    enum finality_class finality; /* of evidence O; evidence R is REG, C the later of both */
    char headline;                /* the evidence whose province total is held to `jump`; 0: no headline */
    int64_t jump;                 /* PT: percentage points; else percent */
    uint32_t flow; /* hhi */
    enum leaf leaf;
};

/* How an indicator or a population is called by people; at most 80 characters, the longest label that Stata takes. */
struct name {
    const char *code;
    const char *en;
    const char *vi;
};

/* A published figure or a target to hold ours against. */
struct benchmark {
    const char *indicator;
    const char *activity; /* "_T" or as in obs.csv */
    const char *area;     /* whose figure it is: VN, VN_38 */
    const char *kind;     /* TARGET, REPORTED */
    const char *value;    /* decimal text, at most 4 decimals */
    int32_t year;
    const char *source;
    const char *url;  /* "" when it is not known; so is the next */
    const char *note;
};

struct definitions {
    const char *version;
    const char *structure_id;
    int32_t window_days;
    struct axis platform;
    struct axis instrument;
    struct axis ad_platform; /* over enum party; its last code is all that the others are not */
    struct text_list unit_types;
    struct population populations[POPULATIONS_MAX];
    size_t population_count;
    struct flow_rule flows[FLOWS_MAX];
    size_t flow_count;
    struct indicator indicators[INDICATORS_MAX];
    size_t indicator_count;
    struct name names[NAMES_MAX]; /* not every code needs one */
    size_t name_count;
    struct benchmark benchmarks[BENCHMARKS_MAX];
    size_t benchmark_count;
    char sha256[DIGEST_TEXT_BYTES]; /* of the file's bytes */
    const char *text;               /* the file's bytes, for the copy in the vintage */
    size_t text_length;
    void *owner;
};

/* Null and `fault` (FAULT_CONFIG: file, line, key, found, accepted). */
struct definitions *definitions_create(const char *path, struct fault *fault);
void definitions_destroy(struct definitions *definitions);

/* The indicator with this code, or null; a null code has none. */
const struct indicator *definitions_indicator(const struct definitions *definitions, const char *code);
/* The first indicator that counts new units: its flows and activities are what adoption means. Null: there is none. */
const struct indicator *definitions_adoption(const struct definitions *definitions);
/* The flows of indicators that are `observed`. */
uint64_t definitions_observed_flows(const struct definitions *definitions);
/* The name of an indicator or population; its code in both languages when it has none. */
struct name definitions_name(const struct definitions *definitions, const char *code);

/* The set of flows of a term list; whether any of `flows` looks at sources that record cash. */
uint64_t terms_flows(const struct terms *terms);
bool flows_record_cash(const struct definitions *definitions, uint64_t flows);

#endif
