/* What a table is made of. Verdicts: suppress.c. */
#include "aggregate/disclosure/table_parts.h"

#include "aggregate/snapshot/memory.h"

#include <string.h>

enum { LOOK_BACK = 48 }; /* merging saves memory and changes nothing: not worth a long search */

void contributions_add(struct contributions *contributions, const struct contribution *contribution) {
    size_t end = contributions->count > LOOK_BACK ? contributions->count - LOOK_BACK : 0;
    for (size_t i = contributions->count; i > end && contributions->items[i - 1].unit == contribution->unit; i--) {
        struct contribution *item = &contributions->items[i - 1];
        bool same = item->platform == contribution->platform &&
                    memcmp(item->codes, contribution->codes, sizeof(item->codes)) == 0;
        if (!same) continue;
        item->value += contribution->value;
        item->payers = item->payers > INT64_MAX - contribution->payers ? INT64_MAX : item->payers + contribution->payers;
        return;
    }
    contributions->items = memory_reserve(contributions->items, &contributions->capacity, contributions->count + 1,
                                          sizeof(*contributions->items));
    contributions->items[contributions->count++] = *contribution;
}

void disclosure_moves_add(struct disclosure_moves *moves, const struct disclosure_move *move) {
    bool stays = move->now == move->before &&
                 (!move->now || memcmp(move->codes, move->codes_before, sizeof(move->codes)) == 0);
    if (stays) return;
    moves->items = memory_reserve(moves->items, &moves->capacity, moves->count + 1, sizeof(*moves->items));
    moves->items[moves->count++] = *move;
}

struct disclosure_table *disclosure_table_create(const struct disclosure_rules *rules) {
    struct disclosure_table *table = memory_zeroed(1, sizeof(*table));
    table->rules = *rules;
    return table;
}

void disclosure_table_destroy(struct disclosure_table *table) {
    if (table == NULL) return;
    for (size_t i = 0; i < table->figure_count; i++) {
        free(table->figures[i].items);
        free(table->figures[i].moves);
        free(table->figures[i].units);
        free(table->figures[i].verdicts);
    }
    for (size_t i = 0; i < table->equation_count; i++)
        free(table->equations[i].parts);
    free(table->places);
    free(table->equations);
    free(table->figures);
    free(table->nestings);
    free(table->companions);
    free(table->same);
    free(table);
}

uint32_t disclosure_place(struct disclosure_table *table, unsigned dimension, uint64_t mask, bool published) {
    CHECK(table->figure_count == 0 && dimension <= DISCLOSURE_ALL);
    table->places = memory_reserve(table->places, &table->place_capacity, table->place_count + 1, sizeof(*table->places));
    struct place_cut *place = &table->places[table->place_count];
    *place = (struct place_cut){.all = dimension == DISCLOSURE_ALL, .published = published};
    if (!place->all) place->masks[dimension] = mask;
    return (uint32_t)table->place_count++;
}

uint32_t disclosure_place_across(struct disclosure_table *table, const uint64_t masks[static DISCLOSURE_DIMENSIONS],
                                 bool published) {
    uint32_t number = disclosure_place(table, 0, masks[0], published);
    memcpy(table->places[number].masks, masks, sizeof(table->places[number].masks));
    return number;
}

void disclosure_adds_up(struct disclosure_table *table, uint32_t whole, const uint32_t *parts, size_t count) {
    if (count == 0) return;
    table->equations =
        memory_reserve(table->equations, &table->equation_capacity, table->equation_count + 1, sizeof(*table->equations));
    struct equation *equation = &table->equations[table->equation_count++];
    *equation = (struct equation){.whole = whole, .count = count};
    equation->parts = memory_zeroed(count, sizeof(*equation->parts));
    memcpy(equation->parts, parts, count * sizeof(*parts));
}

static int by_unit(const void *left, const void *right) {
    uint32_t a = ((const struct contribution *)left)->unit;
    uint32_t b = ((const struct contribution *)right)->unit;
    return a < b ? -1 : a > b;
}

static bool sorted_by_unit(const struct contributions *contributions) {
    for (size_t i = 1; i < contributions->count; i++) {
        if (contributions->items[i - 1].unit > contributions->items[i].unit) return false;
    }
    return true;
}

uint32_t disclosure_figure(struct disclosure_table *table, struct contributions *contributions, enum judge judge, uint32_t whole,
                           unsigned dimensions) {
    table->figures = memory_reserve(table->figures, &table->figure_capacity, table->figure_count + 1, sizeof(*table->figures));
    struct figure *figure = &table->figures[table->figure_count];
    *figure = (struct figure){
        .items = contributions->items, .count = contributions->count, .judge = judge, .whole = whole, .dimensions = dimensions};
    if (!sorted_by_unit(contributions)) qsort(figure->items, figure->count, sizeof(*figure->items), by_unit);
    figure->units = memory_zeroed(table->place_count, sizeof(*figure->units));
    figure->verdicts = memory_zeroed(table->place_count, sizeof(*figure->verdicts));
    for (size_t i = 0; i < table->place_count; i++)
        figure->verdicts[i] = (struct judgement){'F', GROUND_NONE};
    *contributions = (struct contributions){.items = NULL};
    return (uint32_t)table->figure_count++;
}

void disclosure_moved(struct disclosure_table *table, uint32_t figure, struct disclosure_moves *moves) {
    CHECK(figure < table->figure_count && table->figures[figure].judge == JUDGE_PART);
    table->figures[figure].moves = moves->items;
    table->figures[figure].move_count = moves->count;
    *moves = (struct disclosure_moves){.items = NULL};
}

void disclosure_nested(struct disclosure_table *table, uint32_t inner, uint32_t outer, uint32_t rest) {
    table->nestings =
        memory_reserve(table->nestings, &table->nesting_capacity, table->nesting_count + 1, sizeof(*table->nestings));
    table->figures[rest].rest = true;
    table->nestings[table->nesting_count++] = (struct nesting){inner, outer, rest};
}

void disclosure_companion(struct disclosure_table *table, uint32_t figure, uint32_t companion) {
    table->companions =
        memory_reserve(table->companions, &table->companion_capacity, table->companion_count + 1, sizeof(*table->companions));
    table->companions[table->companion_count++] = (struct companionship){figure, companion};
}

void disclosure_same(struct disclosure_table *table, uint32_t part, uint32_t whole, uint32_t place) {
    table->same = memory_reserve(table->same, &table->same_capacity, table->same_count + 1, sizeof(*table->same));
    table->same[table->same_count++] = (struct sameness){part, whole, place};
}

void disclosure_hold(struct disclosure_table *table, uint32_t figure, uint32_t place, struct judgement verdict) {
    CHECK(figure < table->figure_count && place < table->place_count);
    struct judgement *held = &table->figures[figure].verdicts[place];
    if (verdict_prevails(verdict, *held)) *held = verdict;
}

struct judgement disclosure_verdict(const struct disclosure_table *table, uint32_t figure, uint32_t place) {
    CHECK(figure < table->figure_count && figure_stands(table, &table->figures[figure], place));
    return table->figures[figure].verdicts[place];
}

__int128 disclosure_total(const struct disclosure_table *table, uint32_t figure) {
    const struct figure *at = &table->figures[figure];
    __int128 total = 0;
    for (size_t i = 0; i < at->count; i++)
        total += at->items[i].value;
    return total;
}

uint32_t disclosure_places(const struct disclosure_table *table) {
    return (uint32_t)table->place_count;
}

bool disclosure_stands(const struct disclosure_table *table, uint32_t figure, uint32_t place) {
    return figure_stands(table, &table->figures[figure], place);
}
