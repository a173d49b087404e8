/* Counting what was meant, while it is made.
 *
 * Each booked intention goes to plain arrays: month x stratum x outlet (or instrument). A stratum is a district, the
 * unmatched, or a unit type; the registry is consulted on the booking day with the final view of all versions, as a
 * snapshot after the end of the stream would. Who was seen doing what is one bit per month and unit, persons, intents and drivers
 * are one bit per month and each: exact, where the engine has a sketch. Minutes are kept for the last six hours, so that the
 * rolling hour can be checked for whatever watermark a reader arrives at. */
#include "ingest/province_truth.h"

#include "check.h"

#include <stdlib.h>

static void months_make(struct province_truth *truth, const struct province_calendar *calendar) {
    int32_t end_day = calendar->first_day + calendar->days;
    int32_t first = province_month_of(truth->day_base);
    truth->month_count = (uint32_t)(province_month_of(end_day) - first + 1);
    CHECK(truth->month_count <= 64);
    truth->months = calloc(truth->month_count, sizeof *truth->months);
    CHECK_MEMORY(truth->months);
    truth->covered_first = truth->covered_end = 0;
    for (uint32_t m = 0; m < truth->month_count; m++) {
        truth->months[m].month = first + (int32_t)m;
        int32_t start = province_month_start(first + (int32_t)m), end = province_month_start(first + (int32_t)m + 1);
        for (int32_t day = start; day < end; day++) {
            if (day >= truth->day_base && day < truth->day_base + truth->day_count)
                truth->day_month[day - truth->day_base] = (uint8_t)m;
        }
        for (int32_t day = end - 90; day < end; day++) {
            if (day < truth->day_base || day >= truth->day_base + truth->day_count) continue;
            truth->day_windows[day - truth->day_base] |= (uint64_t)1 << m;
        }
        /* A month before the last full 90 days of retention would be figured from deleted days. */
        bool kept = end - 90 >= end_day - 400 + 2;
        if (start < calendar->first_day || end > end_day || !kept) continue;
        if (truth->covered_end == 0) truth->covered_first = m;
        truth->covered_end = m + 1;
    }
}

struct province_truth *province_truth_create(const struct province *province) {
    struct province_truth *truth = calloc(1, sizeof *truth);
    CHECK_MEMORY(truth);
    truth->day_base = province->calendar.first_day - TRUTH_PAST_DAYS;
    truth->day_count = TRUTH_PAST_DAYS + province->calendar.days + 1;
    truth->day_month = calloc((size_t)truth->day_count, 1);
    truth->day_windows = calloc((size_t)truth->day_count, sizeof *truth->day_windows);
    truth->units = calloc(province->units.unit_count, sizeof *truth->units);
    truth->persons = calloc(PROVINCE_PERSONS, sizeof *truth->persons);
    truth->drivers = calloc((size_t)province->units.account_count * PROVINCE_DRIVERS, sizeof *truth->drivers);
    truth->minute_capacity = 1 << 12;
    truth->minutes = calloc(truth->minute_capacity, sizeof *truth->minutes);
    CHECK_MEMORY(truth->day_month && truth->day_windows && truth->units && truth->persons && truth->drivers && truth->minutes);
    for (uint32_t i = 0; i < province->units.unit_count; i++) truth->units[i].first_active_day = PROVINCE_FOREVER;
    months_make(truth, &province->calendar);
    truth->event_ms_max = PROVINCE_NEVER;
    truth->tail_start_ms = province->calendar.end_ms - (int64_t)TRUTH_TAIL_MINUTES * 60000;
    return truth;
}

void province_truth_destroy(struct province_truth *truth) {
    if (!truth) return;
    free(truth->months);
    free(truth->day_month);
    free(truth->day_windows);
    free(truth->units);
    free(truth->persons);
    free(truth->intents);
    free(truth->drivers);
    free(truth->minutes);
    free(truth);
}

static struct truth_month *month_of(struct province_truth *truth, int32_t day) {
    CHECK(day >= truth->day_base && day < truth->day_base + truth->day_count);
    return &truth->months[truth->day_month[day - truth->day_base]];
}

/* The strata of an account on a day; returns the unit or PROVINCE_NOBODY. */
static int32_t strata_of(const struct province *province, uint32_t account, int32_t day, uint32_t strata[2], size_t *count) {
    int32_t owner = province_owner_on(&province->units, account, day);
    strata[0] = TRUTH_UNMATCHED;
    *count = 1;
    if (owner == PROVINCE_NOBODY) return owner;
    const struct province_version *version = province_version_on(&province->units.units[owner], day);
    strata[0] = version->district;
    strata[1] = TRUTH_UNMATCHED + 1 + (uint32_t)version->type;
    *count = 2;
    return owner;
}

static void busy_mark(struct province_truth *truth, int32_t unit, int32_t day) {
    struct truth_unit *seen = &truth->units[unit];
    seen->busy |= truth->day_windows[day - truth->day_base];
    seen->active |= (uint64_t)1 << truth->day_month[day - truth->day_base];
    if (day < seen->first_active_day) seen->first_active_day = day;
}

/* A business of the province as buyer: takes part in the marketplace, or is served by mail. */
static void buyer_mark(struct province *province, const struct province_story *story, int32_t day) {
    if (story->person_type != PERSON_BUSINESS || story->nameless || story->stranger) return;
    int32_t buyer = province_owner_on(&province->units, story->buyer, day);
    if (buyer == PROVINCE_NOBODY) return;
    uint64_t windows = province->truth->day_windows[day - province->truth->day_base];
    if (story->outlet <= OUTLET_OTHER) province->truth->units[buyer].market |= windows;
    if (story->outlet == OUTLET_EMAIL) province->truth->units[buyer].mail |= windows;
}

static void created_mark(struct province *province, const struct province_story *story, int32_t unit, int32_t day) {
    struct province_truth *truth = province->truth;
    uint64_t windows = truth->day_windows[day - truth->day_base];
    bool electronic = story->outlet != OUTLET_EMAIL && story->outlet != OUTLET_PHONE;
    bool household = electronic && story->person_type == PERSON_HOUSEHOLD;
    buyer_mark(province, story, day);
    if (story->outlet == OUTLET_EMAIL) truth->any_mail |= windows;
    if (household && !story->nameless) truth->persons[story->buyer] |= (uint64_t)1 << truth->day_month[day - truth->day_base];
    if (unit == PROVINCE_NOBODY) return;
    struct truth_unit *seen = &truth->units[unit];
    if (story->outlet <= OUTLET_OTHER) seen->market |= windows;
    if (story->outlet == OUTLET_EMAIL) seen->mail |= windows;
    if (household) seen->channel |= windows;
    if (electronic) busy_mark(truth, unit, day);
}

void province_truth_order(struct province *province, const struct province_story *story, enum outcome outcome, int32_t day,
                          int64_t value) {
    uint32_t strata[2];
    size_t count = 0;
    int32_t unit = strata_of(province, story->account, day, strata, &count);
    if (outcome == OUTCOME_CREATED) created_mark(province, story, unit, day);
    struct truth_month *month = month_of(province->truth, day);
    for (size_t i = 0; i < count; i++) {
        struct truth_orders *cell = &month->orders[strata[i]][story->outlet];
        if (outcome == OUTCOME_CREATED) {
            cell->created_n++;
            cell->created_sum += value;
            if (story->pay_mode == PAY_MODE_COD) {
                cell->cod_n++;
                cell->cod_sum += value;
            }
        } else if (outcome == OUTCOME_CANCELLED) {
            cell->cancelled_n++;
            cell->cancelled_sum += value;
        } else if (outcome == OUTCOME_DELIVERED) {
            cell->delivered_n++;
            cell->delivered_sum += value;
        } else if (outcome == OUTCOME_RETURNED) {
            cell->returned_n++;
        } else if (outcome == OUTCOME_REFUNDED) {
            cell->refunded_sum += value;
        }
    }
}

static void accepted_mark(struct province *province, const struct province_story *story, int32_t unit, int32_t day) {
    struct province_truth *truth = province->truth;
    uint64_t windows = truth->day_windows[day - truth->day_base];
    if (story->person_type == PERSON_HOUSEHOLD) {
        truth->persons[story->buyer] |= (uint64_t)1 << truth->day_month[day - truth->day_base];
    }
    if (unit == PROVINCE_NOBODY) return;
    struct truth_unit *seen = &truth->units[unit];
    if (story->context == CONTEXT_POS) seen->cards |= windows;
    if (story->context == CONTEXT_BILL && story->person_type == PERSON_HOUSEHOLD) seen->bills |= windows;
    busy_mark(truth, unit, day);
}

/* Money that only moves between pockets is in no indicator. */
static bool commerce(const struct province_story *story) {
    return !story->same_owner && story->context != CONTEXT_TRANSFER && story->context != CONTEXT_TOPUP &&
           story->context != CONTEXT_CASHOUT;
}

/* An attempt that counts names its intent. */
static void intent_mark(struct province_truth *truth, const struct province_story *story, enum outcome outcome, int32_t day) {
    uint64_t intent = story->intent;
    bool paid = outcome == OUTCOME_OK;
    if (intent == 0 || story->instrument == INSTRUMENT_CASH || (!paid && outcome != OUTCOME_DECLINED)) return;
    if (intent >= truth->intent_capacity) {
        size_t capacity = (size_t)intent * 2 + 1024;
        truth->intents = realloc(truth->intents, capacity * sizeof *truth->intents);
        CHECK_MEMORY(truth->intents);
        memset(truth->intents + truth->intent_capacity, 0, (capacity - truth->intent_capacity) * sizeof *truth->intents);
        truth->intent_capacity = capacity;
    }
    uint64_t month = (uint64_t)1 << truth->day_month[day - truth->day_base];
    truth->intents[intent].tried |= month;
    if (paid) truth->intents[intent].paid |= month;
}

void province_truth_payment(struct province *province, const struct province_story *story, enum outcome outcome, int32_t day,
                            int64_t value) {
    if (!commerce(story)) return;
    uint32_t strata[2];
    size_t count = 0;
    int32_t unit = strata_of(province, story->account, day, strata, &count);
    bool ok = outcome == OUTCOME_OK;
    if (ok && story->instrument != INSTRUMENT_CASH) accepted_mark(province, story, unit, day);
    intent_mark(province->truth, story, outcome, day);
    bool recorded = province_sources[province->units.accounts[story->account].source].records_cash;
    struct truth_month *month = month_of(province->truth, day);
    for (size_t i = 0; i < count; i++) {
        struct truth_payments *cell = &month->payments[strata[i]][story->instrument];
        if (ok) {
            cell->ok_n++;
            cell->ok_sum += value;
            cell->recorded_n += recorded;
            cell->recorded_sum += recorded ? value : 0;
            if (story->instrument == INSTRUMENT_EWALLET) month->wallets[strata[i]][story->party] += value;
        } else if (outcome == OUTCOME_DECLINED) {
            if (story->reason_class == REASON_CLASS_TECHNICAL) cell->technical_n++;
            else cell->business_n++;
        } else if (outcome == OUTCOME_REFUNDED || outcome == OUTCOME_CHARGED_BACK) {
            cell->refunded_sum += value;
        } else if (outcome == OUTCOME_CHARGEBACK_WON) {
            cell->won_sum += value;
        }
    }
}

void province_truth_ride(struct province *province, const struct province_story *story, int32_t day) {
    struct province_truth *truth = province->truth;
    if (story->driver != 0) {
        truth->drivers[(size_t)story->account * PROVINCE_DRIVERS + story->driver - 1] |=
            (uint64_t)1 << truth->day_month[day - truth->day_base];
    }
    int32_t unit = province_owner_on(&province->units, story->account, day);
    if (unit == PROVINCE_NOBODY || story->person_type != PERSON_HOUSEHOLD) return;
    truth->units[unit].channel |= truth->day_windows[day - truth->day_base];
}

void province_truth_website(struct province *province, const struct province_story *story, int32_t day) {
    struct province_truth *truth = province->truth;
    uint64_t windows = truth->day_windows[day - truth->day_base];
    truth->any_website |= windows;
    int32_t unit = province_owner_on(&province->units, story->account, day);
    if (unit != PROVINCE_NOBODY) truth->units[unit].website |= windows;
}

static struct truth_minute *minute_find(struct province_truth *truth, uint32_t minute, uint32_t key) {
    size_t at = (size_t)province_random_spread((uint64_t)minute << 32 | key) & (truth->minute_capacity - 1);
    while (truth->minutes[at].minute != 0 && (truth->minutes[at].minute != minute || truth->minutes[at].key != key)) {
        at = (at + 1) & (truth->minute_capacity - 1);
    }
    return &truth->minutes[at];
}

static void minutes_grow(struct province_truth *truth) {
    struct truth_minute *old = truth->minutes;
    size_t count = truth->minute_capacity;
    truth->minute_capacity *= 2;
    truth->minutes = calloc(truth->minute_capacity, sizeof *truth->minutes);
    CHECK_MEMORY(truth->minutes);
    for (size_t i = 0; i < count; i++) {
        if (old[i].minute != 0) *minute_find(truth, old[i].minute, old[i].key) = old[i];
    }
    free(old);
}

void province_truth_pulse(struct province *province, const struct province_story *story, enum outcome outcome, int64_t value) {
    struct province_truth *truth = province->truth;
    truth->applied++;
    if (story->event_ms > truth->event_ms_max) truth->event_ms_max = story->event_ms;
    if (story->event_ms < truth->tail_start_ms) return;
    uint32_t minute = (uint32_t)((story->event_ms - truth->tail_start_ms) / 60000) + 1;
    bool payment = story->family == FAMILY_PAYMENT;
    enum context context = !payment ? CONTEXT_NONE : story->same_owner ? CONTEXT_TRANSFER : story->context;
    enum reason_class reason = payment && outcome == OUTCOME_DECLINED ? story->reason_class : REASON_CLASS_NONE;
    uint32_t key = (uint32_t)story->family << 20 | (uint32_t)story->outlet << 16 | (uint32_t)story->instrument << 12 |
                   (uint32_t)context << 8 | (uint32_t)outcome << 3 | (uint32_t)reason;
    if (truth->minute_count * 2 >= truth->minute_capacity) minutes_grow(truth);
    struct truth_minute *cell = minute_find(truth, minute, key);
    if (cell->minute == 0) truth->minute_count++;
    cell->minute = minute;
    cell->key = key;
    cell->n++;
    cell->sum += value;
}

void province_truth_refusal(struct province *province, enum reason reason) {
    struct province_truth *truth = province->truth;
    if (reason == REASON_NONE) truth->ignored++;
    else if (reason == REASON_FUTURE || reason == REASON_TOO_OLD || reason == REASON_IMPOSSIBLE_STATE) truth->quarantined++;
    else truth->rejected++;
    truth->reasons[reason]++;
}

int64_t province_truth_end_ms(const struct province_truth *truth) {
    if (truth->event_ms_max == PROVINCE_NEVER) return PROVINCE_NEVER;
    int64_t watermark_ms = truth->event_ms_max - 300000; /* watermark.bound at its default */
    return watermark_ms - watermark_ms % 60000;
}
