/* Inside of a disclosure table: shared by table.c (what there is), measure.c (sums by contributor) and suppress.c (verdicts). */
#ifndef NHIP_DISCLOSURE_TABLE_PARTS_H
#define NHIP_DISCLOSURE_TABLE_PARTS_H

#include "aggregate/disclosure/table.h"

struct place_cut {
    bool all; /* everywhere; else the union of the masks */
    bool published;
    uint64_t masks[DISCLOSURE_DIMENSIONS];
};

struct equation {
    uint32_t whole;
    uint32_t *parts;
    size_t count;
};

struct figure {
    struct contribution *items; /* by unit */
    size_t count;
    enum judge judge;
    uint32_t whole;
    unsigned dimensions;
    bool rest; /* published nowhere: what is left of another figure */
    struct disclosure_move *moves; /* since the window before */
    size_t move_count;
    struct contributed *units; /* per place */
    struct judgement *verdicts;
};

struct nesting {
    uint32_t inner, outer, rest;
};

struct sameness {
    uint32_t part, whole, place;
};

struct companionship {
    uint32_t figure, companion;
};

struct disclosure_table {
    struct disclosure_rules rules;
    struct place_cut *places;
    size_t place_count, place_capacity;
    struct equation *equations;
    size_t equation_count, equation_capacity;
    struct figure *figures;
    size_t figure_count, figure_capacity;
    struct nesting *nestings;
    size_t nesting_count, nesting_capacity;
    struct companionship *companions;
    size_t companion_count, companion_capacity;
    struct sameness *same;
    size_t same_count, same_capacity;
};

/* Everything the rules ask of a figure in places. */
struct measures {
    struct contributed units;
    struct contributed platforms;
    int64_t payers;
};

/* Measures of a figure in `count` places. */
void figure_measures(const struct figure *figure, const struct place_cut *places, size_t count, struct measures *out);

/* Its value in each of them, and nothing of who contributes. */
void figure_totals(const struct figure *figure, const struct place_cut *places, size_t count, __int128 *out);

/* How many units the figure counts at the place that it did not count there in the window before, and the reverse. */
void figure_changes(const struct figure *figure, const struct place_cut *place, int64_t *entered, int64_t *left);

/* Whether a figure of the table stands at a place of it. */
static inline bool figure_stands(const struct disclosure_table *table, const struct figure *figure, uint32_t place) {
    const struct place_cut *cut = &table->places[place];
    for (unsigned i = 0; i < DISCLOSURE_DIMENSIONS; i++) {
        if (cut->masks[i] != 0 && (figure->dimensions >> i & 1) == 0) return false;
    }
    return true;
}

#endif
