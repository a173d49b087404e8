/* Figures, the places they are published for, how places add up, and which of them must not be published (schemas/disclosure.md
 * §3, §4). Works on contributions only: no Redis, no file, no clock. One thread. */
#ifndef NHIP_DISCLOSURE_TABLE_H
#define NHIP_DISCLOSURE_TABLE_H

#include "aggregate/disclosure/rules.h"

#include <stddef.h>

enum {
    DISCLOSURE_DIMENSIONS = 6,
    DISCLOSURE_ALL = DISCLOSURE_DIMENSIONS, /* the dimension of the place that is everywhere */
    DISCLOSURE_CODES = 64,                  /* codes of a dimension: 0 .. 63 */
    DISCLOSURE_NONE = 63                    /* nowhere in this dimension; no place names it */
};

/* What one contributor adds in one place of every dimension. */
struct contribution {
    uint32_t unit;     /* who, on the merchant axis */
    uint32_t platform; /* who, on the platform axis */
    uint8_t codes[DISCLOSURE_DIMENSIONS];
    int64_t payers; /* no more payers than this; INT64_MAX: not a question here */
    __int128 value; /* not negative */
};

struct contributions {
    struct contribution *items;
    size_t count;
    size_t capacity;
};

/* Adds to the last contribution of the same unit, platform and codes among the `unit`'s (which come together), or appends. */
void contributions_add(struct contributions *contributions, const struct contribution *contribution);

/* A unit that a part counts now, in the window before, or in both, and where it is and was. */
struct disclosure_move {
    bool now, before;
    uint8_t codes[DISCLOSURE_DIMENSIONS];
    uint8_t codes_before[DISCLOSURE_DIMENSIONS];
};

struct disclosure_moves {
    struct disclosure_move *items;
    size_t count;
    size_t capacity;
};

/* Appends, where the figure may differ by it somewhere. */
void disclosure_moves_add(struct disclosure_moves *moves, const struct disclosure_move *move);

enum judge {
    JUDGE_NONE = 0,
    JUDGE_MAGNITUDE,  /* counts and sums of events */
    JUDGE_POPULATION, /* numbers of units */
    JUDGE_PART        /* numerators of shares, and what is missing to the whole */
};

struct disclosure_table;

struct disclosure_table *disclosure_table_create(const struct disclosure_rules *rules);
void disclosure_table_destroy(struct disclosure_table *table);

/* A place: the codes of `mask` in a dimension; the first is DISCLOSURE_ALL. `published`: some figure may stand there; others are
 * only known of. Returns its number. Places come before figures. */
uint32_t disclosure_place(struct disclosure_table *table, unsigned dimension, uint64_t mask, bool published);
/* The same for a long dimension, laid out over several: the codes of all masks together. */
uint32_t disclosure_place_across(struct disclosure_table *table, const uint64_t masks[static DISCLOSURE_DIMENSIONS],
                                 bool published);
/* Parts do not overlap, and anybody may subtract them from their whole. */
void disclosure_adds_up(struct disclosure_table *table, uint32_t whole, const uint32_t *parts, size_t count);
/* A figure over all places of the dimensions in `dimensions` (bit set) and everywhere. Takes the items over. `whole`: for
 * JUDGE_PART the figure that it is part of, else ignored. */
uint32_t disclosure_figure(struct disclosure_table *table, struct contributions *contributions, enum judge judge, uint32_t whole,
                           unsigned dimensions);
/* What the figure of the window before tells of this one (JUDGE_PART): wherever the figure is judged, who came in and who left is
 * judged, too. Takes the items over. */
void disclosure_moved(struct disclosure_table *table, uint32_t figure, struct disclosure_moves *moves);
/* outer = inner + rest in every place: whoever sees two of them has the third. */
void disclosure_nested(struct disclosure_table *table, uint32_t inner, uint32_t outer, uint32_t rest);
/* Several figures add up to another in every place; where `figure`, one of them, is withheld, `companion`, another, must be. */
void disclosure_companion(struct disclosure_table *table, uint32_t figure, uint32_t companion);
/* `part` everywhere is, by its definition, what `whole` is at `place`. */
void disclosure_same(struct disclosure_table *table, uint32_t part, uint32_t whole, uint32_t place);
/* A figure that was suppressed before and stays so. */
void disclosure_hold(struct disclosure_table *table, uint32_t figure, uint32_t place, struct judgement verdict);

/* All verdicts, to the fixed point. */
void disclosure_table_run(struct disclosure_table *table);
struct judgement disclosure_verdict(const struct disclosure_table *table, uint32_t figure, uint32_t place);
/* The figure at a place, of what has one of the codes of `mask` in `dimension` only. */
struct judgement disclosure_judge_within(const struct disclosure_table *table, uint32_t figure, uint32_t place,
                                         unsigned dimension, uint64_t mask);
uint32_t disclosure_places(const struct disclosure_table *table);
/* Whether a figure stands at a place, which is when its verdict may be asked for. */
bool disclosure_stands(const struct disclosure_table *table, uint32_t figure, uint32_t place);
/* A figure's value everywhere, before or after the run. */
__int128 disclosure_total(const struct disclosure_table *table, uint32_t figure);

#endif
