/* What of the cohorts may leave. The table has two ways, cohorts and calendar months, and is known from both sides: the
 * adoptions of a month add up to what MER_NEW_N says, and a cohort's numbers at risk go down by what adopts or closes. The
 * general control of tables (aggregate/disclosure/) protects sums of one way each; here the shape helps instead: who is
 * withheld once stays withheld, so of any two cohorts that are withheld in a month both are in every later one, and an
 * adoption may be thought to have been the other's without anything that is published changing (schemas/disclosure.md §7 has
 * the proof).
 *
 * Months are gone through once, from the first on: what a month makes us withhold goes on to the later ones and never back. */
#include "aggregate/snapshot/cohorts.h"

#include "aggregate/snapshot/memory.h"

enum { CELLS_TOGETHER = 2 };

struct pass {
    struct cohorts *cohorts;
    const struct disclosure_rules *rules;
    bool *withheld; /* per cohort, from some month on */
};

/* CONF_STATUS of a number at risk and its part. A says that there are too few, which the register says, too. Whether the part is
 * near an end is no business of the status: it is D, as if the cell were withheld for others. */
static char verdict_of(const struct disclosure_rules *rules, int64_t contributors, int64_t adoptions, int64_t at_risk) {
    if (disclosure_population(rules, contributors).status != 'F') return 'A';
    bool told = disclosure_part(rules, adoptions, at_risk).status != 'F' ||
                disclosure_part(rules, at_risk - adoptions, at_risk).status != 'F';
    return told ? 'D' : 'F';
}

/* The distinct contributors at risk in the month's withheld cells; no more are counted than are asked for. */
static int64_t contributors_together(const struct pass *pass, int32_t month) {
    const struct cohorts *cohorts = pass->cohorts;
    int64_t count = 0;
    for (size_t i = 0; i < cohorts->member_count && count < pass->rules->min_units;) {
        bool found = false;
        uint32_t contributor = cohorts->members[i].contributor;
        for (; i < cohorts->member_count && cohorts->members[i].contributor == contributor; i++) {
            const struct cohort_member *member = &cohorts->members[i];
            bool at_risk = cohort_entry(member->cohort) <= month && month <= member->last_month;
            found = found || (pass->withheld[member->cohort] && at_risk);
        }
        count += found;
    }
    return count;
}

/* Whoever knows all adoptions of the month knows those of its withheld cells together. */
static bool sum_may_leave(const struct pass *pass, int32_t month) {
    int64_t adoptions = 0, at_risk = 0, cells = 0;
    for (int32_t cohort = 0; cohort <= month + 1; cohort++) {
        const struct cohort_cell *cell = cohort_cell(pass->cohorts, cohort, month);
        if (!pass->withheld[cohort]) continue;
        adoptions += cell->adoptions;
        at_risk += cell->at_risk;
        cells += cell->at_risk > 0;
    }
    if (at_risk == 0) return true;
    return cells >= CELLS_TOGETHER && adoptions < at_risk &&
           verdict_of(pass->rules, contributors_together(pass, month), adoptions, at_risk) == 'F';
}

static void withhold(const struct pass *pass, int32_t cohort, int32_t month, char status) {
    pass->withheld[cohort] = true;
    for (int32_t i = month; i < pass->cohorts->month_count; i++)
        cohort_cell(pass->cohorts, cohort, i)->status = i == month ? status : 'D';
}

/* Of the published cells with somebody at risk the one with the fewest, of equals that of the latest cohort; -1: none. */
static int32_t next_to_withhold(const struct pass *pass, int32_t month) {
    int32_t chosen = -1;
    for (int32_t cohort = 0; cohort <= month + 1; cohort++) {
        int64_t at_risk = cohort_cell(pass->cohorts, cohort, month)->at_risk;
        if (pass->withheld[cohort] || at_risk == 0) continue;
        if (chosen < 0 || at_risk <= cohort_cell(pass->cohorts, chosen, month)->at_risk) chosen = cohort;
    }
    return chosen;
}

static void judge_month(const struct pass *pass, int32_t month) {
    bool any = false;
    for (int32_t cohort = 0; cohort <= month + 1; cohort++) {
        const struct cohort_cell *cell = cohort_cell(pass->cohorts, cohort, month);
        char verdict = verdict_of(pass->rules, cell->contributors, cell->adoptions, cell->at_risk);
        if (verdict == 'F' && cell->held) verdict = 'D';
        if (!pass->withheld[cohort] && verdict != 'F') withhold(pass, cohort, month, verdict);
        any = any || pass->withheld[cohort];
    }
    while (any && !sum_may_leave(pass, month)) {
        int32_t cohort = next_to_withhold(pass, month);
        if (cohort < 0) break; /* the whole month: what is known of it then is MER_NEW_N, which is judged by itself */
        withhold(pass, cohort, month, 'D');
    }
}

void cohorts_control(struct cohorts *cohorts, const struct disclosure_rules *rules) {
    const struct pass pass = {cohorts, rules, memory_zeroed((size_t)cohorts->month_count + 1, sizeof(bool))};
    for (int32_t cohort = 0; cohort <= cohorts->month_count; cohort++) {
        for (int32_t month = cohort_entry(cohort); month < cohorts->month_count; month++)
            cohort_cell(cohorts, cohort, month)->status = 'F';
    }
    for (int32_t month = 0; month < cohorts->month_count; month++)
        judge_month(&pass, month);
    free(pass.withheld);
}
