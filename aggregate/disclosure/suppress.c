/* Verdicts to the fixed point: primary rules, then whatever subtraction would undo.
 *
 * An equation (whole = parts) with exactly one unknown gives it away, so every equation has none or at least two. The sum of the
 * unknown parts of a published whole is known, too: it is judged like a figure of its own (a lone contributor, or one that knows
 * its own part, could subtract itself), and the next smallest part is withheld until it passes. Withheld figures only ever become
 * more, so this ends.
 *
 * That every equation has none or two unknowns is enough because equations form a tree: a place is the part of one whole at most
 * (schemas/disclosure.md §4 has the argument; tests/oracle/disclosure_solver.py tries it on random tables). */
#include "aggregate/disclosure/table_parts.h"

#include "aggregate/snapshot/memory.h"

#include <string.h>

static bool withheld(const struct figure *figure, uint32_t place) {
    return figure->verdicts[place].status != 'F';
}

/* Takes the verdict where the figure is free so far. */
static bool withhold(struct figure *figure, uint32_t place, struct judgement verdict) {
    if (withheld(figure, place)) return false;
    figure->verdicts[place] = verdict;
    return true;
}

/* A part, and what the window before tells of it. */
static struct judgement judge_part(const struct disclosure_rules *rules, const struct figure *figure,
                                   const struct place_cut *place, __int128 part, __int128 whole) {
    int64_t entered;
    int64_t left;
    struct judgement verdict = disclosure_part(rules, part, whole);
    if (verdict.status != 'F' || figure->move_count == 0) return verdict;
    figure_changes(figure, place, &entered, &left);
    return disclosure_change(rules, entered, left, whole);
}

/* `whole`: of JUDGE_PART, the value that it is part of. */
static struct judgement judge(const struct disclosure_rules *rules, const struct figure *figure, const struct place_cut *place,
                              const struct measures *measures, __int128 whole) {
    switch (figure->judge) {
    case JUDGE_NONE:
        break;
    case JUDGE_MAGNITUDE:
        return disclosure_magnitude(rules, &measures->units, &measures->platforms, measures->payers);
    case JUDGE_POPULATION:
        return disclosure_population(rules, measures->units.contributors);
    case JUDGE_PART:
        return judge_part(rules, figure, place, measures->units.total, whole);
    }
    UNREACHABLE();
    return (struct judgement){'F', GROUND_NONE};
}

static struct judgement judge_at(const struct disclosure_table *table, const struct figure *figure,
                                 const struct place_cut *place) {
    struct measures measures;
    __int128 whole = 0;
    figure_measures(figure, place, 1, &measures);
    if (figure->judge == JUDGE_PART) figure_totals(&table->figures[figure->whole], place, 1, &whole);
    return judge(&table->rules, figure, place, &measures, whole);
}

/* The same figure, of what has one of the codes only. */
static struct figure figure_within(const struct figure *figure, unsigned dimension, uint64_t mask) {
    struct figure within = *figure;
    within.count = 0;
    within.move_count = 0;
    within.items = memory_zeroed(figure->count, sizeof(*within.items));
    for (size_t i = 0; i < figure->count; i++) {
        if ((mask >> figure->items[i].codes[dimension] & 1) != 0) within.items[within.count++] = figure->items[i];
    }
    return within;
}

struct judgement disclosure_judge_within(const struct disclosure_table *table, uint32_t figure, uint32_t place,
                                         unsigned dimension, uint64_t mask) {
    struct disclosure_table narrow = *table;
    struct figure both[2] = {figure_within(&table->figures[figure], dimension, mask)};
    if (both[0].judge == JUDGE_PART) {
        both[1] = figure_within(&table->figures[both[0].whole], dimension, mask);
        both[0].whole = 1;
        narrow.figures = both;
    }
    struct judgement judgement = judge_at(&narrow, &both[0], &table->places[place]);
    free(both[0].items);
    free(both[1].items);
    return judgement;
}

static void judge_places(struct disclosure_table *table, struct figure *figure) {
    struct measures *measures = memory_zeroed(table->place_count, sizeof(*measures));
    __int128 *wholes = memory_zeroed(table->place_count, sizeof(*wholes));
    figure_measures(figure, table->places, table->place_count, measures);
    if (figure->judge == JUDGE_PART) figure_totals(&table->figures[figure->whole], table->places, table->place_count, wholes);
    for (uint32_t place = 0; place < table->place_count; place++) {
        figure->units[place] = measures[place].units;
        if (!figure_stands(table, figure, place)) continue;
        struct judgement verdict = judge(&table->rules, figure, &table->places[place], &measures[place], wholes[place]);
        if (verdict_prevails(verdict, figure->verdicts[place])) figure->verdicts[place] = verdict;
    }
    free(wholes);
    free(measures);
}

/* Takes what is published inside of a withheld place out of its codes, and adds what remains to `masks`. */
static void add_unknown(const struct disclosure_table *table, const struct figure *figure, uint32_t place,
                        uint64_t masks[static DISCLOSURE_DIMENSIONS]) {
    uint64_t left[DISCLOSURE_DIMENSIONS];
    memcpy(left, table->places[place].masks, sizeof(left));
    for (size_t i = 0; i < table->equation_count; i++) {
        const struct equation *equation = &table->equations[i];
        for (size_t j = 0; equation->whole == place && j < equation->count; j++) {
            uint64_t unknown[DISCLOSURE_DIMENSIONS] = {0};
            if (withheld(figure, equation->parts[j])) add_unknown(table, figure, equation->parts[j], unknown);
            for (unsigned k = 0; k < DISCLOSURE_DIMENSIONS; k++)
                left[k] &= ~table->places[equation->parts[j]].masks[k] | unknown[k];
        }
    }
    for (unsigned k = 0; k < DISCLOSURE_DIMENSIONS; k++)
        masks[k] |= left[k];
}

struct unknowns {
    size_t count;          /* withheld parts */
    struct place_cut place; /* all of them together */
};

static struct unknowns find_unknowns(const struct disclosure_table *table, const struct figure *figure,
                                     const struct equation *equation) {
    struct unknowns unknowns = {.count = 0};
    for (size_t i = 0; i < equation->count; i++) {
        uint32_t part = equation->parts[i];
        if (!withheld(figure, part)) continue;
        unknowns.count++;
        add_unknown(table, figure, part, unknowns.place.masks);
    }
    return unknowns;
}

/* The singleton check: the sum of what is unknown is known. */
static bool union_passes(const struct disclosure_table *table, const struct figure *figure, const struct place_cut *place) {
    return judge_at(table, figure, place).status == 'F';
}

/* The free part, published or only known of, with the smallest value that is not below `least`, the first of equals; or the
 * whole. */
static uint32_t next_part(const struct disclosure_table *table, const struct figure *figure, const struct equation *equation,
                          bool published, int least) {
    uint32_t next = equation->whole;
    for (size_t i = 0; i < equation->count; i++) {
        uint32_t part = equation->parts[i];
        bool may = !withheld(figure, part) && table->places[part].published == published && figure->units[part].total >= least;
        if (may && (next == equation->whole || figure->units[part].total < figure->units[next].total)) next = part;
    }
    return next;
}

/* A published part; the whole when there is none left. Where a zero is partner enough (what is withheld is safe by itself, or the
 * whole is withheld), a zero before the whole. */
static bool withhold_next(const struct disclosure_table *table, struct figure *figure, const struct equation *equation,
                          bool zero_will_do) {
    uint32_t next = next_part(table, figure, equation, true, 1);
    if (next == equation->whole && zero_will_do) next = next_part(table, figure, equation, true, 0);
    if (withheld(figure, next)) next = next_part(table, figure, equation, false, 0);
    return withhold(figure, next, (struct judgement){'D', GROUND_SECONDARY});
}

/* In this order, each only when nothing of the ones before is left to do: figures that are published choose their partners first,
 * rests follow them where they can, and a zero is chosen last. */
enum effort { EFFORT_FIGURES = 0, EFFORT_RESTS, EFFORT_ZEROS, EFFORT_COUNT };

static bool mend(const struct disclosure_table *table, struct figure *figure, const struct equation *equation,
                 enum effort effort) {
    if (!figure_stands(table, figure, equation->parts[0]) || (figure->rest && effort < EFFORT_RESTS)) return false;
    struct unknowns unknowns = find_unknowns(table, figure, equation);
    bool whole = withheld(figure, equation->whole);
    if (whole ? unknowns.count > 0 : unknowns.count == 0) return false;
    bool safe_together = whole || union_passes(table, figure, &unknowns.place);
    if (unknowns.count >= 2 && safe_together) return false;
    bool positive = next_part(table, figure, equation, true, 1) != equation->whole;
    if (!positive && safe_together && effort < EFFORT_ZEROS) return false;
    return withhold_next(table, figure, equation, safe_together);
}

static bool level(struct figure *left, uint32_t left_place, struct figure *right, uint32_t right_place) {
    if (withheld(left, left_place) == withheld(right, right_place)) return false;
    return withheld(left, left_place) ? withhold(right, right_place, left->verdicts[left_place])
                                      : withhold(left, left_place, right->verdicts[right_place]);
}

/* A part of what is withheld is withheld, and a part and its rest share their fate. */
static bool spread(const struct disclosure_table *table, const struct nesting *nesting) {
    struct figure *inner = &table->figures[nesting->inner];
    struct figure *outer = &table->figures[nesting->outer];
    struct figure *rest = &table->figures[nesting->rest];
    bool changed = false;
    for (uint32_t place = 0; place < table->place_count; place++) {
        if (!figure_stands(table, inner, place) || !figure_stands(table, outer, place)) continue;
        if (withheld(outer, place)) changed |= withhold(inner, place, outer->verdicts[place]);
        if (figure_stands(table, rest, place)) changed |= level(inner, place, rest, place);
    }
    return changed;
}

static bool spread_companion(const struct disclosure_table *table, const struct companionship *pair) {
    const struct figure *figure = &table->figures[pair->figure];
    struct figure *companion = &table->figures[pair->companion];
    bool changed = false;
    for (uint32_t place = 0; place < table->place_count; place++) {
        if (!figure_stands(table, figure, place) || !figure_stands(table, companion, place)) continue;
        if (withheld(figure, place)) changed |= withhold(companion, place, (struct judgement){'D', GROUND_SECONDARY});
    }
    return changed;
}

static bool spread_same(const struct disclosure_table *table, const struct sameness *same) {
    struct figure *whole = &table->figures[same->whole];
    return figure_stands(table, whole, same->place) && level(&table->figures[same->part], 0, whole, same->place);
}

static bool pass(const struct disclosure_table *table, enum effort effort) {
    bool changed = false;
    for (size_t i = 0; i < table->nesting_count; i++)
        changed |= spread(table, &table->nestings[i]);
    for (size_t i = 0; i < table->companion_count; i++)
        changed |= spread_companion(table, &table->companions[i]);
    for (size_t i = 0; i < table->same_count; i++)
        changed |= spread_same(table, &table->same[i]);
    for (size_t i = 0; i < table->figure_count; i++) {
        for (size_t j = 0; j < table->equation_count; j++)
            changed |= mend(table, &table->figures[i], &table->equations[j], effort);
    }
    return changed;
}

void disclosure_table_run(struct disclosure_table *table) {
    CHECK(table->place_count > 0 && table->places[0].all);
    for (size_t i = 0; i < table->figure_count; i++)
        judge_places(table, &table->figures[i]);
    for (int effort = 0; effort < EFFORT_COUNT;)
        effort = pass(table, (enum effort)effort) ? 0 : effort + 1;
}
