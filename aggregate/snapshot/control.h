/* Disclosure control of one snapshot: gathers of what every row is made of while the rows are computed, then judges them all and
 * empties those that must not be published (schemas/disclosure.md). Created once per snapshot; none for a raw one. One thread. */
#ifndef NHIP_SNAPSHOT_CONTROL_H
#define NHIP_SNAPSHOT_CONTROL_H

#include "aggregate/snapshot/flow_table.h"
#include "aggregate/snapshot/obs_table.h"
#include "aggregate/snapshot/observation.h"

struct control;

struct control_inputs {
    const struct disclosure_rules *rules;
    const struct definitions *definitions;
    const struct registry *registry;
    const struct cells *cells;
    const struct period *period;
    bool daily; /* rows by day are made, too */
    bool by_source; /* control_sources_told() will be asked */
};

/* The inputs outlive it. */
struct control *control_create(const struct control_inputs *inputs);
void control_destroy(struct control *control);

/* Per version of the registry the number, below `count`, of the contributor that its unit is part of: its enterprise group (also
 * that of its enterprise, as of `day`), its enterprise, or itself. free(). */
uint32_t *control_contributors(const struct registry *registry, int32_t day, uint32_t *count);
/* The same of one version, as of the period's last day. */
uint32_t control_contributor(const struct control *control, uint32_t version);

/* Of what a flow, ratio or concentration is made at a place of the period. */
struct origin control_flow(const struct control *control, const struct indicator *indicator, struct place place);
/* Of a row of one day of the period. A total is judged among the days; by platform or instrument it stands in a table of two ways
 * and stays in. */
struct origin control_day(const struct control *control, const struct indicator *indicator, struct place place, int32_t day);
/* The same, with the verdict on the concentration of its leaves. */
struct origin control_concentration(const struct control *control, const struct indicator *indicator, struct place place,
                                    const struct contributed *leaves);

enum { SOURCE_CLASSES_MAX = 4 };
/* Whether sums of a flow over some classes of sources may be told of the province beside all that the period tells. `class_of`:
 * per source of the cells, below SOURCE_CLASSES_MAX; `classes`: sets of classes (bits), without a class in common, each of which
 * somebody may solve for. After control_apply(); without control (null) everything may. */
bool control_sources_told(const struct control *control, const struct indicator *indicator, const uint8_t *class_of,
                          const unsigned *classes, size_t count);

/* Numbers of units of one population, and of parts of it, by place. */
struct unit_member {
    uint32_t contributor;
    uint8_t district;  /* 63: none; so for the others */
    uint8_t unit_type;
    uint8_t kind; /* size class, or part of a structure: a bit of `kinds` below */
    uint32_t unit; /* of the registry; asked only where windows are compared */
};

struct unit_figures {
    struct disclosure_table *table;
    struct unit_member *members;
    size_t count;
    struct unit_member *before; /* of the window before; null: not compared */
    size_t before_count;
    int64_t checks;      /* figures compared with the window before */
    unsigned slices;     /* published ones */
    uint32_t population; /* its figure */
    uint32_t districts[DISTRICT_COUNT];
    uint32_t unit_types[UNIT_TYPES_MAX];
    uint32_t kinds[8];
};

enum { UNIT_CODE_NONE = DISCLOSURE_NONE, KIND_SMALL = 0, KIND_GE10 = 1 };
/* Which slices of units are published. */
enum unit_slices { UNITS_BY_DISTRICT = 1, UNITS_BY_TYPE = 2, UNITS_BY_KIND = 4 };
/* How kinds add up. SIZE: the small ones are not published. */
enum unit_kinds { KINDS_NONE = 0, KINDS_SIZE, KINDS_STRUCTURE, KINDS_TURNOVER };

/* Takes a copy of the members. It belongs to the control and lives as long. */
struct unit_figures *control_units(struct control *control, const struct unit_member *members, size_t count, unsigned slices,
                                   enum unit_kinds kinds);
/* The population of the window before, for control_part(). Takes a copy; these and the members above are in order of units. */
void control_before(struct unit_figures *units, const struct unit_member *members, size_t count);
/* The part of the members that is `chosen`, in the published slices or, with `everywhere`, as one number only. `chosen_before`:
 * the same part in the window before, which everybody may subtract from this one; null: none. Returns its figure. */
uint32_t control_part(struct unit_figures *units, const bool *chosen, const bool *chosen_before, bool everywhere);
/* Of the population at a place and up to two parts of it (UINT32_MAX: none). */
struct origin control_share(const struct unit_figures *units, uint32_t place, uint32_t part, uint32_t upper);

/* What was done, for snapshot.json and for whoever prints. */
struct disclosure_audit {
    bool raw; /* no control: every row is CONF_STATUS N, not for publication */
    int64_t free;
    int64_t statuses[128]; /* rows by CONF_STATUS */
    int64_t grounds[GROUND_COUNT];
    int64_t differencing_checks; /* sums of withheld months, and figures against the window before, judged */
};

/* Before control_apply(): what the release before withheld to protect others stays in. `observations` are sorted. */
void control_hold(struct control *control, struct observations *observations, const struct obs_table *before);
/* Judges every row; a row that must not leave loses everything that tells its figure. Without control (null) every row stays
 * CONF_STATUS N. */
void control_apply(struct control *control, struct observations *observations, struct disclosure_audit *audit);

#endif
