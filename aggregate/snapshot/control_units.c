/* Numbers of units: a population, parts of it (who answers yes, who was seen), and what each part lacks to the whole. A unit
 * counts once, whatever it turns over, so the questions are how many there are and whether a share is so close to 0 or 1 that it
 * tells about each of a few.
 *
 * Where the figure of the window before is known, too, anybody may subtract it: so who came into a part since then, and who left
 * it, are asked the same (schemas/disclosure.md §5). */
#include "aggregate/snapshot/control_parts.h"

#include "aggregate/snapshot/memory.h"

enum unit_dimension { UNIT_DISTRICT = 0, UNIT_TYPE, UNIT_KIND };

static void lay_kinds(struct unit_figures *units, uint32_t all, enum unit_kinds kinds) {
    bool published = kinds == KINDS_STRUCTURE || kinds == KINDS_TURNOVER;
    for (int i = 0; i < 8; i++) {
        bool stands = published || (kinds == KINDS_SIZE && i == KIND_GE10);
        units->kinds[i] = disclosure_place(units->table, UNIT_KIND, (uint64_t)1 << i, stands);
    }
    if (kinds == KINDS_SIZE) disclosure_adds_up(units->table, all, (const uint32_t[]){units->kinds[1], units->kinds[0]}, 2);
    if (kinds == KINDS_STRUCTURE) disclosure_adds_up(units->table, all, units->kinds, 8);
    if (kinds != KINDS_TURNOVER) return;
    /* What is active in a period is new, retained or reactivated in it, and retained or churned in the next: whoever reads two
     * periods knows both sums. */
    const uint32_t *kind = units->kinds;
    uint32_t now = disclosure_place(units->table, UNIT_KIND, 1 << PART_NEW | 1 << PART_RETAINED | 1 << PART_REACTIVATED, false);
    uint32_t before = disclosure_place(units->table, UNIT_KIND, 1 << PART_RETAINED | 1 << PART_CHURNED, false);
    disclosure_adds_up(units->table, now, (const uint32_t[]){kind[PART_NEW], kind[PART_RETAINED], kind[PART_REACTIVATED]}, 3);
    disclosure_adds_up(units->table, before, (const uint32_t[]){kind[PART_RETAINED], kind[PART_CHURNED]}, 2);
}

static void lay_places(const struct control *control, struct unit_figures *units, enum unit_kinds kinds) {
    const struct definitions *definitions = control->inputs.definitions;
    uint32_t all = disclosure_place(units->table, DISCLOSURE_ALL, UINT64_MAX, kinds != KINDS_TURNOVER);
    control_district_places(control, units->table, UNIT_DISTRICT, all, units->districts);
    for (size_t i = 0; i < definitions->unit_types.count; i++)
        units->unit_types[i] = disclosure_place(units->table, UNIT_TYPE, (uint64_t)1 << i, true);
    disclosure_adds_up(units->table, all, units->unit_types, definitions->unit_types.count);
    lay_kinds(units, all, kinds);
}

static void codes_of(const struct unit_member *member, uint8_t codes[static DISCLOSURE_DIMENSIONS]) {
    memset(codes, DISCLOSURE_NONE, DISCLOSURE_DIMENSIONS);
    codes[UNIT_DISTRICT] = member->district;
    codes[UNIT_TYPE] = member->unit_type;
    codes[UNIT_KIND] = member->kind;
}

static struct contributions chosen_members(const struct unit_figures *units, const bool *chosen, bool want) {
    struct contributions contributions = {.items = NULL};
    for (size_t i = 0; i < units->count; i++) {
        const struct unit_member *member = &units->members[i];
        if (chosen != NULL && chosen[i] != want) continue;
        struct contribution item = {
            .unit = member->contributor,
            .payers = INT64_MAX,
            .value = 1,
        };
        codes_of(member, item.codes);
        contributions_add(&contributions, &item);
    }
    return contributions;
}

struct unit_figures *control_units(struct control *control, const struct unit_member *members, size_t count, unsigned slices,
                                   enum unit_kinds kinds) {
    struct unit_figures *units = memory_zeroed(1, sizeof(*units));
    units->table = disclosure_table_create(control->inputs.rules);
    units->members = memory_zeroed(count, sizeof(*units->members));
    units->count = count;
    if (count > 0) memcpy(units->members, members, count * sizeof(*members));
    lay_places(control, units, kinds);
    units->slices = slices;
    struct contributions all = chosen_members(units, NULL, true);
    units->population = disclosure_figure(units->table, &all, JUDGE_POPULATION, 0, slices);
    control->units = memory_reserve(control->units, &control->unit_capacity, control->unit_count + 1, sizeof(*control->units));
    control->units[control->unit_count++] = units;
    return units;
}

void unit_figures_destroy(struct unit_figures *units) {
    disclosure_table_destroy(units->table);
    free(units->members);
    free(units->before);
    free(units);
}

void control_before(struct unit_figures *units, const struct unit_member *members, size_t count) {
    units->before = memory_zeroed(count + 1, sizeof(*units->before));
    units->before_count = count;
    memcpy(units->before, members, count * sizeof(*members));
}

/* Members of the part (`want`) or of its rest, as they are now and as they were: a unit of both populations once. */
static struct disclosure_moves moves_of(const struct unit_figures *units, const bool *chosen, const bool *chosen_before,
                                        bool want) {
    struct disclosure_moves moves = {.items = NULL};
    for (size_t i = 0, j = 0; i < units->count || j < units->before_count;) {
        struct disclosure_move move = {.now = false};
        uint32_t unit = i < units->count ? units->members[i].unit : UINT32_MAX;
        uint32_t unit_before = j < units->before_count ? units->before[j].unit : UINT32_MAX;
        if (unit <= unit_before) {
            codes_of(&units->members[i], move.codes);
            move.now = chosen[i++] == want;
        }
        if (unit_before <= unit) {
            codes_of(&units->before[j], move.codes_before);
            move.before = chosen_before[j++] == want;
        }
        disclosure_moves_add(&moves, &move);
    }
    return moves;
}

static void compare_windows(struct unit_figures *units, uint32_t figure, const bool *chosen, const bool *chosen_before,
                            bool want) {
    struct disclosure_moves moves = moves_of(units, chosen, chosen_before, want);
    disclosure_moved(units->table, figure, &moves);
    for (uint32_t place = 0; place < disclosure_places(units->table); place++)
        units->checks += disclosure_stands(units->table, figure, place);
}

uint32_t control_part(struct unit_figures *units, const bool *chosen, const bool *chosen_before, bool everywhere) {
    unsigned dimensions = everywhere ? 0 : units->slices;
    struct contributions inside = chosen_members(units, chosen, true);
    struct contributions outside = chosen_members(units, chosen, false);
    uint32_t part = disclosure_figure(units->table, &inside, JUDGE_PART, units->population, dimensions);
    uint32_t rest = disclosure_figure(units->table, &outside, JUDGE_PART, units->population, dimensions);
    disclosure_nested(units->table, part, units->population, rest);
    if (chosen_before == NULL) return part;
    compare_windows(units, part, chosen, chosen_before, true);
    compare_windows(units, rest, chosen, chosen_before, false);
    return part;
}

struct origin control_share(const struct unit_figures *units, uint32_t place, uint32_t part, uint32_t upper) {
    struct origin origin = {.known = true, .own = {'F', GROUND_NONE}, .table = units->table, .place = place};
    origin.figures[origin.figure_count++] = units->population;
    if (part != UINT32_MAX) origin.figures[origin.figure_count++] = part;
    if (upper != UINT32_MAX) origin.figures[origin.figure_count++] = upper;
    return origin;
}
