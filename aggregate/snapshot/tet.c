/* Tet moves between 21 January and 20 February, so a year-on-year growth of either month says more of the calendar than of trade:
 * a user needs to know how many days of the holiday a period has. The holiday is counted as the five days of the Labour Code
 * (45/2019/QH14, article 112): the eve and the first four days of the lunar year, which is the commonest choice of the yearly
 * decision. The days are a table, because the Vietnamese lunar calendar is reckoned at UTC+7 and differs from the Chinese one at
 * times (2030); tests/oracle/tet.py reckons them from the moon. */
#include "aggregate/snapshot/growth.h"
#include "zone.h"

enum { TET_YEAR_FIRST = 2015, DAYS_BEFORE = 1, DAYS_BEHIND = 3 };

static const struct {
    int8_t month, day;
} new_years[] = {
    {2, 19}, {2, 8},  {1, 28}, {2, 16}, {2, 5},  {1, 25}, {2, 12}, /* 2015 to 2021 */
    {2, 1},  {1, 22}, {2, 10}, {1, 29}, {2, 17}, {2, 6},  {1, 26}, /* 2022 to 2028 */
    {2, 13}, {2, 2},  {1, 23}, {2, 11}, {1, 31}, {2, 19}, {2, 8},  /* 2029 to 2035 */
};

int32_t growth_tet_days(int32_t first, int32_t last) {
    const int32_t years = (int32_t)(sizeof(new_years) / sizeof(new_years[0]));
    int32_t from = civil_from_day(first).year - TET_YEAR_FIRST;
    int32_t to = civil_from_day(last).year - TET_YEAR_FIRST;
    int32_t days = 0;
    if (from < 0 || to >= years) return -1;
    for (int32_t i = from; i <= to; i++) {
        int32_t new_year = day_from_civil((struct civil_date){
            .year = TET_YEAR_FIRST + i, .month = new_years[i].month, .day = new_years[i].day});
        int32_t begin = new_year - DAYS_BEFORE > first ? new_year - DAYS_BEFORE : first;
        int32_t end = new_year + DAYS_BEHIND < last ? new_year + DAYS_BEHIND : last;
        if (end >= begin) days += end - begin + 1;
    }
    return days;
}
