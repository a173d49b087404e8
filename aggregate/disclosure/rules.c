/* Thresholds and dominance. The p% rule: the second greatest contributor, who knows its own part, must not be able to estimate
 * the greatest within p per cent, which it can when all others together are less than that: X - x1 - x2 < p/100 * x1. The
 * alternative (n,k) family, (1,75) and (2,85), already implies p = 10, so one family is chosen and never both. */
#include "aggregate/disclosure/rules.h"

#include "check.h"

#include <stddef.h>

enum {
    SHARE_OF_ONE = 75,
    SHARE_OF_TWO = 85,
    WHOLE_SMALL = 20,     /* a share of fewer units than this... */
    PART_TOLD = 3,        /* ...tells about each of them when fewer than this are on one side */
    LEAVES_SOLVABLE = 3   /* fewer shares than this follow from their squares' sum */
};

static const __int128 total_max = (__int128)1000000000000000000 * 1000000000000000000;

void contributed_add(struct contributed *measure, __int128 value) {
    measure->contributors++;
    measure->total += value;
    if (value > measure->first) {
        measure->second = measure->first;
        measure->first = value;
    } else if (value > measure->second) {
        measure->second = value;
    }
}

char disclosure_dominated(const struct disclosure_rules *rules, const struct contributed *measure) {
    CHECK(measure->total >= 0 && measure->total < total_max);
    if (rules->dominance == DOMINANCE_OFF || measure->total == 0) return 'F';
    bool one = measure->first * 100 >= measure->total * SHARE_OF_ONE;
    bool two = (measure->first + measure->second) * 100 >= measure->total * SHARE_OF_TWO;
    if (rules->dominance == DOMINANCE_NK) return one ? 'O' : two ? 'T' : 'F';
    __int128 rest = measure->total - measure->first - measure->second;
    if (rest * 100 >= measure->first * rules->p) return 'F';
    return one ? 'O' : two ? 'T' : 'M';
}

static bool too_few(int64_t count, int64_t least) {
    return count > 0 && count < least;
}

struct judgement disclosure_magnitude(const struct disclosure_rules *rules, const struct contributed *units,
                                    const struct contributed *platforms, int64_t payers) {
    const struct judgement nobody = {rules->allow_zero ? 'F' : 'A', rules->allow_zero ? GROUND_NONE : GROUND_ZERO};
    if (units->contributors == 0) return nobody;
    if (too_few(units->contributors, rules->min_units)) return (struct judgement){'A', GROUND_UNITS};
    if (too_few(platforms->contributors, rules->min_platforms)) return (struct judgement){'A', GROUND_PLATFORMS};
    if (too_few(payers, rules->min_payers)) return (struct judgement){'A', GROUND_PAYERS};
    char label = disclosure_dominated(rules, units);
    if (label != 'F') return (struct judgement){label, GROUND_UNITS_SHARE};
    label = disclosure_dominated(rules, platforms);
    return (struct judgement){label, label == 'F' ? GROUND_NONE : GROUND_PLATFORM_SHARE};
}

struct judgement disclosure_population(const struct disclosure_rules *rules, int64_t contributors) {
    if (contributors == 0 && !rules->allow_zero) return (struct judgement){'A', GROUND_ZERO};
    bool few = too_few(contributors, rules->min_units);
    return (struct judgement){few ? 'A' : 'F', few ? GROUND_UNITS : GROUND_NONE};
}

struct judgement disclosure_part(const struct disclosure_rules *rules, __int128 part, __int128 whole) {
    bool told = rules->near_ends && whole < WHOLE_SMALL && part > 0 && part < PART_TOLD;
    return (struct judgement){told ? 'A' : 'F', told ? GROUND_NEAR_ENDS : GROUND_NONE};
}

struct judgement disclosure_change(const struct disclosure_rules *rules, __int128 entered, __int128 left, __int128 whole) {
    bool told = rules->windows && (disclosure_part(rules, entered, whole).status != 'F' ||
                                   disclosure_part(rules, left, whole).status != 'F');
    return (struct judgement){told ? 'D' : 'F', told ? GROUND_WINDOWS : GROUND_NONE};
}

struct judgement disclosure_concentration(const struct disclosure_rules *rules, const struct contributed *leaves) {
    bool told = rules->min_platforms <= 1; /* where single platforms are published there is nothing to solve for */
    int64_t least = rules->min_platforms > LEAVES_SOLVABLE ? rules->min_platforms : LEAVES_SOLVABLE;
    if (!told && too_few(leaves->contributors, least))
        return (struct judgement){'A', GROUND_PLATFORMS};
    char label = disclosure_dominated(rules, leaves);
    return (struct judgement){label, label == 'F' ? GROUND_NONE : GROUND_PLATFORM_SHARE};
}

static int rank_of(char status) {
    static const char order[] = "AOTMDC";
    for (int i = 0; order[i] != '\0'; i++) {
        if (order[i] == status) return i;
    }
    return (int)sizeof(order);
}

bool verdict_prevails(struct judgement verdict, struct judgement other) {
    return rank_of(verdict.status) < rank_of(other.status);
}

const char *disclosure_ground_name(enum disclosure_ground ground) {
    static const char *const names[GROUND_COUNT] = {
        "none",           "merchants",          "platforms", "payers",  "share_near_ends", "zero",
        "merchant_share", "platform_share", "secondary", "two_way", "months", "windows", "vintage", "unjudged"};
    return names[ground];
}
