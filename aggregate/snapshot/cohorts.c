/* One pass over the units. A unit is at risk in a run of months: from the one in which it was registered (or the data begins) to
 * the one in which it first is active, is not alive at the end any more, or the last one there is. It is a run, and never comes
 * back, so that a cohort's numbers form a chain: n(k+1) = n(k) - d(k) - closures.
 *
 * The data begins with the first month before which some account was active, and not where the ledger does: accounts keep their
 * first days for ever, so cohorts stay what they are when retention moves on. Were they to melt into PRE one by one, two vintages
 * with and without a cohort in PRE would differ by the cohort. For the same reason a table that follows another begins where that
 * did, also when a record of an older day came in between. */
#include "aggregate/snapshot/cohorts.h"

#include "aggregate/snapshot/memory.h"

static int32_t data_start(const struct state *state) {
    int32_t day = state_first_active_day(state);
    if (day == INT32_MAX) return INT32_MAX;
    int32_t month = month_of_day(day);
    return day_of_month_start(month) < day ? month + 1 : month;
}

static int32_t last_complete_month(const struct statistics *statistics, int64_t as_of_ms, int32_t first_month) {
    int32_t month = month_of_day(statistics->period.last + 1) - 1;
    while (month >= first_month && zone_day_start_ms(statistics->zone, day_of_month_start(month + 1)) > as_of_ms)
        month--;
    return month;
}

/* The first month, from `month` on, at whose end the unit is not alive; INT32_MAX: it stays. */
static int32_t closing_month(const struct registry *registry, uint32_t unit, int32_t month) {
    for (;;) {
        uint32_t version = registry_alive(registry, unit, day_of_month_start(month + 1) - 1);
        if (version == VERSION_NONE) return month;
        if (registry->versions[version].to == INT32_MAX) return INT32_MAX;
        month = month_of_day(registry->versions[version].to);
    }
}

static void add_member(struct cohorts *cohorts, uint32_t contributor, int32_t cohort, int32_t last_month, size_t *capacity) {
    cohorts->members = memory_reserve(cohorts->members, capacity, cohorts->member_count + 1, sizeof(*cohorts->members));
    cohorts->members[cohorts->member_count++] = (struct cohort_member){contributor, cohort, last_month};
}

static int compare_members(const void *left, const void *right) {
    const struct cohort_member *a = left;
    const struct cohort_member *b = right;
    if (a->contributor != b->contributor) return a->contributor < b->contributor ? -1 : 1;
    if (a->cohort != b->cohort) return a->cohort < b->cohort ? -1 : 1;
    return b->last_month - a->last_month;
}

/* One member for each contributor and cohort, with its longest run; who of them is at risk in which cell. */
static void count_contributors(struct cohorts *cohorts) {
    size_t kept = 0;
    if (cohorts->member_count > 0) qsort(cohorts->members, cohorts->member_count, sizeof(*cohorts->members), compare_members);
    for (size_t i = 0; i < cohorts->member_count; i++) {
        struct cohort_member member = cohorts->members[i];
        const struct cohort_member *before = kept > 0 ? &cohorts->members[kept - 1] : NULL;
        if (before != NULL && before->contributor == member.contributor && before->cohort == member.cohort) continue;
        cohorts->members[kept++] = member;
        for (int32_t month = cohort_entry(member.cohort); month <= member.last_month; month++)
            cohort_cell(cohorts, member.cohort, month)->contributors++;
    }
    cohorts->member_count = kept;
}

/* `first_day`: on which the unit was active for the first time. Gives its cohort, and the last month (from first_month) in which
 * it is at risk; false: it is in none. */
static bool place_unit(const struct cohorts *cohorts, const struct registry *registry, uint32_t unit, int32_t first_day,
                       int32_t *cohort, int32_t *last_month) {
    uint32_t begin = registry->unit_versions[unit];
    if (begin == registry->unit_versions[unit + 1]) return false;
    int32_t start = day_of_month_start(cohorts->first_month);
    int32_t registered = month_of_day(registry->versions[begin].from) - cohorts->first_month;
    *cohort = registered < 0 ? 0 : registered + 1;
    if (registered >= cohorts->month_count) return false;
    if (*cohort == 0 && (first_day < start || registry_alive(registry, unit, start - 1) == VERSION_NONE)) return false;
    int32_t closing = closing_month(registry, unit, cohorts->first_month + cohort_entry(*cohort));
    int32_t adopting = first_day == INT32_MAX ? INT32_MAX : month_of_day(first_day);
    int32_t end = closing < adopting ? closing : adopting;
    int32_t last = cohorts->first_month + cohorts->month_count - 1;
    *last_month = (end < last ? end : last) - cohorts->first_month;
    return true;
}

/* The unit stands for whom it is part of on the last day, or in its last version. */
static uint32_t contributor_of(const struct statistics *statistics, const uint32_t *contributors, uint32_t unit) {
    uint32_t version = registry_version(statistics->registry, unit, statistics->period.last);
    return contributors[version != VERSION_NONE ? version : statistics->registry->unit_versions[unit + 1] - 1];
}

static void count_units(struct cohorts *cohorts, const struct statistics *statistics, const struct indicator *adoption,
                        const uint32_t *contributors) {
    int32_t *days = activity_first_days(statistics, adoption->activities);
    size_t capacity = 0;
    for (uint32_t unit = 0; unit < statistics->registry->unit_count; unit++) {
        int32_t seen = statistics->cells->past[unit].first_day;
        int32_t first_day = seen < days[unit] ? seen : days[unit];
        int32_t cohort, last;
        if (!place_unit(cohorts, statistics->registry, unit, first_day, &cohort, &last)) continue;
        for (int32_t month = cohort_entry(cohort); month <= last; month++)
            cohort_cell(cohorts, cohort, month)->at_risk++;
        bool adopts = first_day != INT32_MAX && month_of_day(first_day) == cohorts->first_month + last;
        cohort_cell(cohorts, cohort, last)->adoptions += adopts;
        if (contributors != NULL)
            add_member(cohorts, contributor_of(statistics, contributors, unit), cohort, last, &capacity);
    }
    free(days);
}

static void multiply_survivors(struct cohorts *cohorts) {
    for (int32_t cohort = 0; cohort <= cohorts->month_count; cohort++) {
        int64_t survivor = COHORT_SURVIVOR_ONE;
        for (int32_t month = cohort_entry(cohort); month < cohorts->month_count; month++) {
            struct cohort_cell *cell = cohort_cell(cohorts, cohort, month);
            if (cell->at_risk > 0)
                survivor = (int64_t)decimal_rounded((__int128)survivor * (cell->at_risk - cell->adoptions), cell->at_risk);
            cell->survivor = survivor;
            cell->status = 'N';
        }
    }
}

struct cohorts *cohorts_create(const struct statistics *statistics, int64_t as_of_ms, int32_t start,
                               const uint32_t *contributors) {
    struct cohorts *cohorts = memory_zeroed(1, sizeof(*cohorts));
    const struct indicator *adoption = definitions_adoption(statistics->definitions);
    cohorts->first_month = data_start(statistics->state);
    if (adoption == NULL || cohorts->first_month == INT32_MAX) return cohorts;
    if (start != COHORTS_START_NONE) cohorts->first_month = start;
    cohorts->month_count = last_complete_month(statistics, as_of_ms, cohorts->first_month) - cohorts->first_month + 1;
    if (cohorts->month_count <= 0) cohorts->month_count = 0;
    if (cohorts->month_count == 0) return cohorts;
    cohorts->cells =
        memory_zeroed((size_t)(cohorts->month_count + 1) * (size_t)cohorts->month_count, sizeof(*cohorts->cells));
    count_units(cohorts, statistics, adoption, contributors);
    count_contributors(cohorts);
    multiply_survivors(cohorts);
    return cohorts;
}

void cohorts_destroy(struct cohorts *cohorts) {
    if (cohorts == NULL) return;
    free(cohorts->cells);
    free(cohorts->members);
    free(cohorts);
}
