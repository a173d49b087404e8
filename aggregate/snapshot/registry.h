/* The registry as known at A: every unit's records as intervals of days on which one of them holds (schemas/indicators.md §2).
 * Built once, read only. */
#ifndef NHIP_SNAPSHOT_REGISTRY_H
#define NHIP_SNAPSHOT_REGISTRY_H

#include "aggregate/runtime/digest.h"
#include "aggregate/snapshot/definitions.h"
#include "aggregate/snapshot/state.h"
#include "unit.h"

#define VERSION_NONE UINT32_MAX

enum { DISTRICT_FIRST = 380, DISTRICT_COUNT = 28 }; /* codes 380 .. 407; 383 is no district */

/* Days [from, to) on which `record` is the version of `unit`. */
struct version {
    uint32_t unit;
    uint32_t record; /* index in registry.records = rank by (recorded_at, log order) */
    int32_t from;
    int32_t to;        /* INT32_MAX: open */
    int16_t district;  /* code - DISTRICT_FIRST */
    int16_t unit_type; /* index in definitions.unit_types, -1 when it is not listed */
};

struct registry {
    struct unit_record **records; /* those with recorded_at <= A, by (recorded_at, log order) */
    size_t record_count;
    size_t record_total;      /* also the later ones */
    struct version *versions; /* by unit, from */
    size_t version_count;
    uint32_t *unit_versions; /* versions of unit u: [unit_versions[u], unit_versions[u + 1]) */
    uint32_t unit_count;
    struct text_map *units;         /* ids */
    bool columns[COLUMN_COUNT];     /* some record seen has the column */
    char sha256[DIGEST_TEXT_BYTES]; /* of the documents seen, in log order, one line each */
};

/* An older registry: per partition of the state, in its order, how many records it had, and until when they were recorded. */
struct registry_cut {
    const int64_t *end_ordinals;
    int64_t recorded_until_ms;
};

/* Null and FAULT_REFUSED when a stored document breaks a registry rule (only another version of nhip can have admitted it). */
struct registry *registry_create(const struct state *state, int64_t as_of_ms, const struct definitions *definitions,
                                 struct fault *fault);
/* The same of a part of the records; `cut` null: of all. */
struct registry *registry_create_cut(const struct state *state, int64_t as_of_ms, const struct registry_cut *cut,
                                     const struct definitions *definitions, struct fault *fault);
void registry_destroy(struct registry *registry);

uint32_t registry_unit(const struct registry *registry, struct slice unit_id);          /* TEXT_NONE when unknown */
uint32_t registry_version(const struct registry *registry, uint32_t unit, int32_t day); /* VERSION_NONE when none holds */

static inline const struct unit_record *registry_record(const struct registry *registry, uint32_t version) {
    return registry->records[registry->versions[version].record];
}

/* The unit's version on that day when it is ACTIVE there, else VERSION_NONE. */
static inline uint32_t registry_alive(const struct registry *registry, uint32_t unit, int32_t day) {
    uint32_t version = registry_version(registry, unit, day);
    bool active = version != VERSION_NONE && registry_record(registry, version)->status == UNIT_ACTIVE;
    return active ? version : VERSION_NONE;
}

#endif
