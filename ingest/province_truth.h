/* The truth of the synthetic province: what every message was meant to be, counted while it is made.
 *
 * It books intentions, not messages: nothing here reads text back, nothing is shared with the engine, and the only rules
 * it knows are those of schemas/booking.md and indicators.md as the author of the stream understood them. */
#ifndef NHIP_PROVINCE_TRUTH_H
#define NHIP_PROVINCE_TRUTH_H

#include "ingest/province_story.h"

enum {
    TRUTH_MONTHS_MAX = 36,
    TRUTH_STRATA = PROVINCE_DISTRICTS + 1 + TYPE_COUNT, /* districts, the unmatched, unit types */
    TRUTH_UNMATCHED = PROVINCE_DISTRICTS,
    TRUTH_PAST_DAYS = 130, /* days before the stream that are still told apart */
    TRUTH_TAIL_MINUTES = 360, /* pulse cells are kept for the last six hours */
};

struct truth_orders { /* of one month, stratum and outlet */
    int64_t created_n, created_sum, cod_n, cod_sum, cancelled_n, cancelled_sum, delivered_n, delivered_sum, returned_n,
        refunded_sum;
};

struct truth_payments { /* of one month, stratum and instrument */
    int64_t ok_n, ok_sum, business_n, technical_n, refunded_sum, won_sum, recorded_n, recorded_sum;
};

struct truth_month {
    int32_t month; /* year * 12 + month - 1 */
    struct truth_orders orders[TRUTH_STRATA][OUTLET_COUNT];
    struct truth_payments payments[TRUTH_STRATA][INSTRUMENT_COUNT];
    int64_t wallets[TRUTH_STRATA][PARTY_COUNT]; /* value of accepted e-wallet payments */
};

/* What was seen of a unit: bit m of each = in the 90 days up to the end of month m; active: in month m. */
struct truth_unit {
    uint64_t market, mail, website, cards, bills, channel, busy; /* busy: accepted payment or received e-order, 90 days */
    uint64_t active;
    int32_t first_active_day; /* PROVINCE_FOREVER = never */
};

struct truth_intent { /* months in which it was tried, and paid; otherwise than in cash, in commerce */
    uint64_t tried, paid;
};

struct truth_minute { /* pulse cell */
    uint32_t minute; /* from tail_start_ms; +1, 0 = free */
    uint32_t key;
    int64_t n, sum;
};

struct province_truth {
    struct truth_month *months;
    uint32_t month_count;
    uint32_t covered_first, covered_end; /* months that lie fully in the stream and in the default retention */
    int32_t day_base;                    /* first day of the next two */
    int32_t day_count;
    uint8_t *day_month;    /* index of the month */
    uint64_t *day_windows; /* months whose 90 days hold this day */
    struct truth_unit *units;
    uint64_t *persons; /* months in which a person was seen */
    struct truth_intent *intents; /* by number */
    size_t intent_capacity;
    uint64_t *drivers; /* account * PROVINCE_DRIVERS + driver - 1: months in which one was seen */
    uint64_t any_mail, any_website;
    int64_t delivered, applied, duplicate, conflict, quarantined, rejected, ignored, unresolved;
    int64_t reasons[REASON_COUNT];
    int64_t event_ms_max;
    int64_t tail_start_ms;
    struct truth_minute *minutes; /* open addressing */
    size_t minute_count, minute_capacity;
};

struct province_truth *province_truth_create(const struct province *province);
void province_truth_destroy(struct province_truth *truth);

/* One ledger cell of the seller's account: outcome, booking day, value in VND. */
void province_truth_order(struct province *province, const struct province_story *story, enum outcome outcome, int32_t day,
                          int64_t value);
void province_truth_payment(struct province *province, const struct province_story *story, enum outcome outcome, int32_t day,
                            int64_t value);
void province_truth_ride(struct province *province, const struct province_story *story, int32_t day);
void province_truth_website(struct province *province, const struct province_story *story, int32_t day);
/* One applied event: its minute cell. */
void province_truth_pulse(struct province *province, const struct province_story *story, enum outcome outcome, int64_t value);
/* One record that was refused, quarantined (by its reason) or ignored (REASON_NONE). */
void province_truth_refusal(struct province *province, enum reason reason);

/* Helpers of the figures. */
int64_t province_truth_end_ms(const struct province_truth *truth); /* the watermark, floored to the minute */
bool province_truth_print(const struct province *province, FILE *file);
void province_truth_figures(const struct province *province, uint32_t month, FILE *file, bool *first); /* province_figures.c */
void province_truth_shares(const struct province *province, uint32_t month, FILE *file, bool *first);  /* province_shares.c */

#endif
