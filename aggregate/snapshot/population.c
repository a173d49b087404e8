/* Conditions on registry records. The rule that needs care is absent against empty: a *side* condition on a column that the
 * record does not have holds (the source has no such column, so it cannot exclude anybody); the *main* column of a declaration,
 * absent or empty, is unknown for yes/no columns and no for dates and lists. */
#include "aggregate/snapshot/population.h"

#include "check.h"

struct column_value {
    bool dated;
    enum yes_no answer;
    int32_t day;
};

static struct column_value value_of(const struct unit_record *record, enum column column) {
    switch (column) {
    case COLUMN_NONE:
    case COLUMN_COUNT:
        break;
    case COLUMN_HAS_EMAIL:
        return (struct column_value){.answer = record->has_email};
    case COLUMN_ACCEPTS_EPAY:
        return (struct column_value){.answer = record->accepts_epay};
    case COLUMN_BILLS_HOUSEHOLDS:
        return (struct column_value){.answer = record->bills_households};
    case COLUMN_MGMT_SOFTWARE:
        return (struct column_value){.answer = record->mgmt_software};
    case COLUMN_HAS_EMAIL_ASOF:
        return (struct column_value){.dated = true, .day = record->has_email_asof};
    case COLUMN_WEBSITE_UPDATED_AT:
        return (struct column_value){.dated = true, .day = record->website_updated_at};
    case COLUMN_WEBSITE_URL:
        return (struct column_value){.answer = record->website_url};
    case COLUMN_MKTPL_ACCOUNTS:
        return (struct column_value){.answer = record->mktpl_accounts};
    case COLUMN_ECHANNELS:
        return (struct column_value){.answer = record->echannels};
    }
    UNREACHABLE();
    return (struct column_value){.dated = false};
}

static bool has_day(const struct column_value *value) {
    return value->dated && value->day != DAY_ABSENT && value->day != DAY_EMPTY;
}

static bool test_holds(const struct side *side, const struct column_value *value, int32_t window_first, int32_t last) {
    switch (side->test) {
    case TEST_NONE:
        return true;
    case TEST_YES:
        return value->answer == YES_NO_YES;
    case TEST_NO:
        return value->answer == YES_NO_NO;
    case TEST_IN_WINDOW:
        return has_day(value) && value->day >= window_first && value->day <= last;
    case TEST_WITHIN_DAYS:
        return !has_day(value) || value->day > last - side->days;
    case TEST_NON_EMPTY:
        return value->dated ? has_day(value) : value->answer == YES_NO_YES;
    }
    return false;
}

static bool sides_hold(const struct side *sides, size_t count, const struct unit_record *record, int32_t window_first,
                       int32_t last) {
    for (size_t i = 0; i < count; i++) {
        struct column_value value = value_of(record, sides[i].column);
        bool absent = value.dated ? value.day == DAY_ABSENT : value.answer == YES_NO_ABSENT;
        if (!absent && !test_holds(&sides[i], &value, window_first, last)) return false;
    }
    return true;
}

static bool listed(const struct text_list *list, const char *text) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) return true;
    }
    return list->count == 0;
}

static bool vsic_listed(const struct text_list *list, const char *vsic) {
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->items[i], vsic, strlen(list->items[i])) == 0) return true;
    }
    return list->count == 0;
}

static bool condition_holds(const struct condition *condition, const struct unit_record *record, int32_t window_first,
                            int32_t last) {
    return listed(&condition->legal_form, record->legal_form) && listed(&condition->unit_type, record->unit_type) &&
           vsic_listed(&condition->vsic, record->vsic) &&
           sides_hold(condition->sides, condition->side_count, record, window_first, last);
}

bool population_holds(const struct population *population, const struct unit_record *record, int32_t window_first, int32_t last) {
    if (!condition_holds(&population->base, record, window_first, last)) return false;
    for (size_t i = 0; i < population->any_count; i++) {
        if (condition_holds(&population->any[i], record, window_first, last)) return true;
    }
    return population->any_count == 0;
}

enum declaration population_declared(const struct indicator *indicator, const struct unit_record *record, int32_t window_first,
                                     int32_t last) {
    struct column_value value = value_of(record, indicator->declared.column);
    if (indicator->declared.test == TEST_YES && (value.answer == YES_NO_ABSENT || value.answer == YES_NO_EMPTY))
        return DECLARED_UNKNOWN;
    if (!test_holds(&indicator->declared, &value, window_first, last)) return DECLARED_NO;
    return sides_hold(indicator->sides, indicator->side_count, record, window_first, last) ? DECLARED_YES : DECLARED_NO;
}
