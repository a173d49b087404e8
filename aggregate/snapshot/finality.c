/* Days after the end of the period are local days, so that a figure becomes final at local midnight. The registry comes in cuts:
 * the next cut after a period is known by its first record, so class REG counts from the first record that was recorded at or
 * after the end of the period, among those that the snapshot sees. Nothing here asks a clock: AS_OF is what has been read. */
#include "aggregate/snapshot/finality.h"

#include "check.h"

enum { REGISTRY_DAYS = 7 };

static const int32_t class_days[] = {[FINALITY_F7] = 7, [FINALITY_F45] = 45, [FINALITY_F120] = 120};

static int64_t registry_instant(const struct finality *finality, int64_t end_ms) {
    const struct registry *registry = finality->registry;
    for (size_t i = 0; i < registry->record_count; i++) { /* by recorded_at */
        if (registry->records[i]->recorded_at_ms < end_ms) continue;
        int32_t day = zone_day(finality->zone, registry->records[i]->recorded_at_ms);
        return zone_day_start_ms(finality->zone, day + 1 + REGISTRY_DAYS);
    }
    return INT64_MAX;
}

int64_t finality_instant(const struct finality *finality, enum finality_class class, const struct period *period) {
    if (class == FINALITY_REG) return registry_instant(finality, zone_day_start_ms(finality->zone, period->last + 1));
    return zone_day_start_ms(finality->zone, period->last + 1 + class_days[class]);
}

int64_t finality_of(const struct finality *finality, const struct indicator *indicator, char evidence,
                    const struct period *period) {
    int64_t observed = evidence == 'R' ? INT64_MIN : finality_instant(finality, indicator->finality, period);
    int64_t declared = evidence == 'O' ? INT64_MIN : finality_instant(finality, FINALITY_REG, period);
    return observed > declared ? observed : declared;
}

/* Rows are sorted by key, so most share indicator, evidence and period with the row before. */
void finality_apply(const struct finality *finality, struct observations *observations) {
    const struct observation *last = NULL;
    int64_t instant = INT64_MAX;
    for (size_t i = 0; i < observations->count; i++) {
        struct observation *row = &observations->items[i];
        if (last == NULL || last->at.indicator != row->at.indicator || last->at.evidence != row->at.evidence ||
            last->period.first != row->period.first || last->period.last != row->period.last) {
            const struct indicator *indicator = definitions_indicator(finality->definitions, row->at.indicator);
            CHECK(indicator != NULL);
            instant = finality_of(finality, indicator, row->at.evidence, &row->period);
        }
        if (row->status == 'P' && instant <= finality->as_of_ms) row->status = 'A';
        last = row;
    }
}
