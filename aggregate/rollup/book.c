/* Booking: an applied event becomes cells (schemas/booking.md §3).
 *
 *     accounts   seller side, then a business buyer that books
 *     ledger     booking day x account x facet; `order.returned` books twice
 *     pulse      minute and hour of event time, every event once
 *     histogram, sketches, activities    of first successes and created orders only
 *     delay, late, watermark
 *
 * Everything added here is a sum, a maximum, or a minimum and maximum, so the order of bookings, and whether the
 * stored part of a cell is in memory already, cannot matter. */
#include "aggregate/rollup/state.h"

#include "check.h"

uint64_t facet_of_ledger(const struct event *event, enum role role, enum outcome outcome) {
    enum family family = event_family(event->kind);
    uint64_t facet = facet_with_family(0, family) | facet_with_role(0, role) | facet_with_outcome(0, outcome);
    switch (family) {
    case FAMILY_PAYMENT:
        facet |= facet_with_party(0, event->party) | facet_with_instrument(0, event->instrument) |
                 facet_with_context(0, event->context) | facet_with_cross_border(0, event->cross_border) |
                 facet_with_person_type(0, event->person_type);
        return outcome == OUTCOME_DECLINED ? facet | facet_with_reason_class(0, event->reason_class) : facet;
    case FAMILY_ORDER:
        return facet | facet_with_outlet(0, event->outlet) | facet_with_pay_mode(0, event->pay_mode) |
               facet_with_category(0, event->category) | facet_with_cross_border(0, event->cross_border) |
               facet_with_person_type(0, event->person_type);
    case FAMILY_RIDE:
        return facet | facet_with_outlet(0, OUTLET_RIDE_APP) | facet_with_person_type(0, event->person_type);
    case FAMILY_WEBSITE: return facet;
    case FAMILY_UNIT:
    case FAMILY_NONE:
    case FAMILY_COUNT: break;
    }
    UNREACHABLE();
    return 0;
}

uint64_t facet_of_family(const struct event *event) {
    enum family family = event_family(event->kind);
    uint64_t facet = facet_with_family(0, family);
    if (family == FAMILY_PAYMENT) return facet | facet_with_instrument(0, event->instrument);
    if (family == FAMILY_ORDER) return facet | facet_with_outlet(0, event->outlet);
    return family == FAMILY_RIDE ? facet | facet_with_outlet(0, OUTLET_RIDE_APP) : facet;
}

uint64_t facet_of_group(const struct event *event, enum outcome outcome) {
    return facet_of_family(event) | facet_with_outcome(0, outcome);
}

uint64_t facet_of_pulse(const struct event *event, enum outcome outcome) {
    uint64_t facet = facet_of_family(event) | facet_with_outcome(0, outcome);
    if (event_family(event->kind) == FAMILY_PAYMENT) facet |= facet_with_context(0, event->context);
    return outcome == OUTCOME_DECLINED ? facet | facet_with_reason_class(0, event->reason_class) : facet;
}

static int64_t day_start(struct rollup *rollup, int32_t day) {
    if (rollup->day_start_day != day) {
        rollup->day_start_ms = zone_day_start_ms(rollup->options.zone, day);
        rollup->day_start_day = day;
    }
    return rollup->day_start_ms;
}

static int32_t month_of(struct rollup *rollup, int32_t day) {
    if (rollup->month_day != day) {
        rollup->month = month_of_day(day);
        rollup->month_day = day;
    }
    return rollup->month;
}

bool bucket_open(struct rollup *rollup, enum kind_rank rank, int32_t bucket) {
    int64_t now_ms = rollup->progress.record_time_max_ms;
    int32_t floor = (int32_t)rollup->progress.ledger_day_min;
    switch (rank) {
    case RANK_LEDGER: return bucket >= floor;
    case RANK_MINUTE: return (int64_t)bucket * MINUTE_MS >= now_ms - (int64_t)MINUTE_CELLS_DAYS * DAY_MS;
    case RANK_HOUR: return (int64_t)bucket * HOUR_MS >= now_ms - (int64_t)HOUR_CELLS_DAYS * DAY_MS;
    case RANK_SKETCH_DAY: return day_start(rollup, bucket) >= now_ms - (int64_t)HOUR_CELLS_DAYS * DAY_MS;
    case RANK_HISTOGRAM:
    case RANK_DELAY:
    case RANK_SKETCH_ACCOUNT:
    case RANK_SKETCH_MONTH: return day_of_month_start(bucket + 1) > floor;
    case RANK_LATE: return true;
    case RANK_NONE:
    case RANK_COUNT: break;
    }
    UNREACHABLE();
    return false;
}

void book_memos_clear(struct rollup *rollup) {
    memset(rollup->pulse_memos, 0, sizeof(rollup->pulse_memos)); /* no facet is 0 */
    memset(rollup->person_memos, 0, sizeof(rollup->person_memos));
    memset(rollup->delay_memos, 0, sizeof(rollup->delay_memos)); /* no place is 0 */
    rollup->guesses.count = 0;
}

enum success_at book_success_at(struct rollup *rollup, const struct passage *passage) {
    if (passage->source != SOURCE_NONE)
        return (enum success_at)rollup->accounts.sources[passage->source].mark;
    return rollup->options.success_at(rollup->options.sources, passage->event->source);
}

void book_seek(struct rollup *rollup, struct passage *passage) {
    struct accounts *accounts = &rollup->accounts;
    const struct event *event = passage->event;
    uint32_t guess = passage->guess.account;
    if (guess != ACCOUNT_NONE && accounts_is(accounts, guess, event->source, event->account_id)) {
        passage->seller = guess;
        passage->source = accounts_at(accounts, guess)->source;
        return;
    }
    passage->seller = ACCOUNT_NONE;
    passage->source = accounts_source(accounts, event->source, accounts_source_hash(accounts, event->source));
}

/* The handle of an account of the event's source, numbered when it is new. */
static uint32_t account_of(struct rollup *rollup, struct passage *passage, struct slice id) {
    struct accounts *accounts = &rollup->accounts;
    uint64_t source_hash = accounts_source_hash(accounts, passage->event->source);
    if (passage->source == SOURCE_NONE) {
        uint8_t mark = (uint8_t)book_success_at(rollup, passage);
        passage->source = accounts_source_add(accounts, passage->event->source, source_hash, mark);
    }
    uint32_t source = passage->source;
    uint64_t hash = accounts_hash(accounts, source_hash, id);
    uint32_t handle = accounts_find(accounts, source, id, hash);
    if (handle != ACCOUNT_NONE) return handle;
    CHECK(rollup->progress.accounts < UINT32_MAX);
    handle = accounts_add(accounts, source, id, hash, (uint32_t)rollup->progress.accounts);
    rollup->progress.accounts++;
    accounts_touch(accounts, handle, passage->offset);
    return handle;
}

static void book_ledger(struct rollup *rollup, const struct passage *passage, uint32_t account,
                        enum role role, enum outcome outcome, int32_t day, bool count_only) {
    const struct event *event = passage->event;
    uint64_t place = place_of(RANK_LEDGER, day, accounts_at(&rollup->accounts, account)->number);
    uint64_t facet = facet_of_ledger(event, role, outcome);
    uint32_t cell = table_cell_guessed(&rollup->table, passage->guess.cell, place, facet);
    table_add(&rollup->table, cell, passage->offset, count_only ? 0 : event->amount_minor,
              !count_only && event->unconverted);
}

static uint32_t pulse_cell(struct rollup *rollup, enum kind_rank rank, int32_t bucket, uint64_t facet) {
    if (!bucket_open(rollup, rank, bucket)) return CELL_END;
    return table_cell(&rollup->table, place_of(rank, bucket, 0), facet);
}

/* A memo may name a bucket that has fallen behind since: it then holds a cell that was open once, and is asked again. */
static const struct pulse_memo *pulse_cells(struct rollup *rollup, uint64_t facet, int64_t event_time_ms) {
    struct pulse_memo *memo = &rollup->pulse_memos[facet * MIX_A >> 58];
    int32_t minute = minute_of(event_time_ms);
    int32_t hour = hour_of(event_time_ms);
    bool known = memo->facet == facet;
    if (!known || memo->minute != minute || !bucket_open(rollup, RANK_MINUTE, minute)) {
        memo->minute_cell = pulse_cell(rollup, RANK_MINUTE, minute, facet);
    }
    if (!known || memo->hour != hour || !bucket_open(rollup, RANK_HOUR, hour)) {
        memo->hour_cell = pulse_cell(rollup, RANK_HOUR, hour, facet);
    }
    memo->facet = facet;
    memo->minute = minute;
    memo->hour = hour;
    return memo;
}

static void book_pulse(struct rollup *rollup, const struct passage *passage) {
    const struct event *event = passage->event;
    bool progress = passage->plan.pulse == OUTCOME_PROGRESS;
    int64_t amount_minor = progress ? 0 : event->amount_minor;
    bool unconverted = !progress && event->unconverted;
    const struct pulse_memo *cells =
        pulse_cells(rollup, facet_of_pulse(event, passage->plan.pulse), event->event_time_ms);
    if (cells->minute_cell != CELL_END) {
        table_add(&rollup->table, cells->minute_cell, passage->offset, amount_minor, unconverted);
    }
    if (cells->hour_cell != CELL_END)
        table_add(&rollup->table, cells->hour_cell, passage->offset, amount_minor, unconverted);
}

/* A payment that is an adopter's when it is booked OK: not cash, not moved between one's own pockets. */
static bool is_purchase(const struct event *event) {
    return event->instrument != INSTRUMENT_CASH && event->context != CONTEXT_TRANSFER &&
           event->context != CONTEXT_TOPUP && event->context != CONTEXT_CASHOUT;
}

static bool is_electronic(const struct event *event) {
    return event->outlet != OUTLET_EMAIL && event->outlet != OUTLET_PHONE;
}

/* Adds a print to the sketches of a facet, those of the booking day and of its month. */
static inline __attribute__((always_inline)) void book_print(struct rollup *rollup, const struct passage *passage,
                                                             uint64_t facet, uint64_t print) {
    struct table *table = &rollup->table;
    int32_t day = passage->plan.day;
    struct person_memo *memo = person_memo(rollup, facet);
    bool open = bucket_open(rollup, RANK_SKETCH_DAY, day);
    if (memo->facet != facet || memo->day != day || !open) {
        memo->facet = facet;
        memo->day = day;
        memo->day_cell = open ? table_cell(table, place_of(RANK_SKETCH_DAY, day, 0), facet) : CELL_END;
        memo->month_cell = table_cell(table, place_of(RANK_SKETCH_MONTH, month_of(rollup, day), 0), facet);
    }
    if (memo->day_cell != CELL_END) table_add_print(table, memo->day_cell, passage->offset, print, HLL_REGISTERS_LOG2);
    table_add_print(table, memo->month_cell, passage->offset, print, HLL_REGISTERS_LOG2);
}

static void book_person(struct rollup *rollup, const struct passage *passage, uint32_t seller) {
    const struct event *event = passage->event;
    if (event->person_type != PERSON_HOUSEHOLD || event->person_print == 0) return;
    book_print(rollup, passage, facet_of_family(event), event->person_print);
    if (!rollup->options.account_sketches) return;
    struct table *table = &rollup->table;
    int32_t day = passage->plan.day;
    uint64_t place = place_of(RANK_SKETCH_ACCOUNT, month_of(rollup, day), accounts_at(&rollup->accounts, seller)->number);
    uint32_t cell = table_cell_guessed(table, passage->guess.persons, place, 0);
    table_add_print(table, cell, passage->offset, event->person_print, HLL_ACCOUNT_REGISTERS_LOG2);
}

/* The intent of an attempt to pay, or the driver of a ride. */
static void book_group(struct rollup *rollup, const struct passage *passage, uint32_t seller) {
    const struct event *event = passage->event;
    enum outcome outcome = passage->plan.outcome;
    if (outcome != OUTCOME_OK && outcome != OUTCOME_DECLINED) return;
    if (event_family(event->kind) == FAMILY_PAYMENT && !is_purchase(event)) return;
    book_print(rollup, passage, facet_of_group(event, outcome), event->group_print);
    accounts_active(&rollup->accounts, seller, ACTIVITY_NAMED, passage->plan.day, passage->offset);
}

static void book_histogram(struct rollup *rollup, const struct passage *passage) {
    const struct event *event = passage->event;
    if (event->unconverted) return;
    uint64_t place = place_of(RANK_HISTOGRAM, month_of(rollup, passage->plan.day),
                              layout_histogram_lane(event->amount_minor));
    uint32_t cell = table_cell_guessed(&rollup->table, passage->guess.ticket, place, facet_of_family(event));
    table_add(&rollup->table, cell, passage->offset, event->amount_minor, false);
}

static void book_created(struct rollup *rollup, struct passage *passage, uint32_t seller) {
    const struct event *event = passage->event;
    int32_t day = passage->plan.day;
    uint32_t buyer = ACCOUNT_NONE;
    if (event->person_type == PERSON_BUSINESS && event->buyer_id.length > 0) {
        buyer = account_of(rollup, passage, event->buyer_id);
        book_ledger(rollup, passage, buyer, ROLE_BUYER, OUTCOME_CREATED, day, false);
    }
    book_histogram(rollup, passage);
    if (!is_electronic(event)) return;
    book_person(rollup, passage, seller);
    accounts_active(&rollup->accounts, seller, ACTIVITY_SOLD, day, passage->offset);
    if (buyer != ACCOUNT_NONE)
        accounts_active(&rollup->accounts, buyer, ACTIVITY_BOUGHT, day, passage->offset);
}

static void book_paid(struct rollup *rollup, const struct passage *passage, uint32_t seller) {
    book_histogram(rollup, passage);
    if (!is_purchase(passage->event)) return;
    book_person(rollup, passage, seller);
    accounts_active(&rollup->accounts, seller, ACTIVITY_PAID, passage->plan.day, passage->offset);
}

/* How long after it happened the event came, by its source. */
static void book_delay(struct rollup *rollup, const struct passage *passage, uint32_t seller) {
    const struct accounts *accounts = &rollup->accounts;
    int32_t month = month_of(rollup, passage->own_day);
    int32_t floor = (int32_t)rollup->progress.ledger_day_min;
    uint64_t facet = accounts->sources[accounts_at(accounts, seller)->source].first;
    uint32_t lane = layout_delay_lane(passage->record_time_ms - passage->event->event_time_ms);
    uint64_t place = place_of(RANK_DELAY, month, lane);
    struct delay_memo *memo = &rollup->delay_memos[(facet * MIX_A ^ lane * MIX_B) >> 58];
    if (memo->facet != facet || memo->place != place || memo->floor != floor) {
        if (!bucket_open(rollup, RANK_DELAY, month)) return;
        *memo = (struct delay_memo){facet, place, floor, table_cell(&rollup->table, place, facet)};
    }
    table_add(&rollup->table, memo->cell, passage->offset, 0, false);
}

static void book_time(struct rollup *rollup, const struct passage *passage) {
    struct progress *progress = &rollup->progress;
    int64_t event_time_ms = passage->event->event_time_ms;
    if (event_time_ms < progress->watermark_ms) {
        progress->counts.late++;
        int32_t arrival_day = zone_day(rollup->options.zone, passage->record_time_ms);
        uint64_t facet = (uint64_t)(int64_t)arrival_day & (((uint64_t)1 << 48) - 1);
        table_add(&rollup->table, table_cell(&rollup->table, place_of(RANK_LATE, 0, 0), facet),
                  passage->offset, 0, false);
    }
    /* Record time is believed only as far as the running maximum, which one record moves by a day at most: a single
     * broken clock cannot carry the watermark into the future. */
    int64_t believed_ms = passage->record_time_ms < progress->record_time_max_ms ? passage->record_time_ms
                                                                                : progress->record_time_max_ms;
    int64_t limit_ms = believed_ms + FUTURE_MS_MAX;
    int64_t watermark_ms =
        (event_time_ms < limit_ms ? event_time_ms : limit_ms) - rollup->options.watermark_bound_ms;
    if (watermark_ms > progress->watermark_ms) progress->watermark_ms = watermark_ms;
}

void book_event(struct rollup *rollup, struct passage *passage) {
    const struct event *event = passage->event;
    const struct plan *plan = &passage->plan;
    struct counts *counts = &rollup->progress.counts;
    enum family family = event_family(event->kind);
    uint32_t seller = passage->seller != ACCOUNT_NONE ? passage->seller : account_of(rollup, passage, event->account_id);

    if (plan->outcome != OUTCOME_NONE)
        book_ledger(rollup, passage, seller, ROLE_SELLER, plan->outcome, plan->day, plan->count_only);
    if (plan->return_value)
        book_ledger(rollup, passage, seller, ROLE_SELLER, OUTCOME_RETURN_VALUE, passage->own_day, false);
    if (family == FAMILY_PAYMENT && plan->outcome == OUTCOME_OK) book_paid(rollup, passage, seller);
    if (plan->outcome == OUTCOME_CREATED) book_created(rollup, passage, seller);
    if (family == FAMILY_WEBSITE)
        accounts_active(&rollup->accounts, seller, ACTIVITY_CHANGED, plan->day, passage->offset);
    if (event->group_print != 0) book_group(rollup, passage, seller);
    book_pulse(rollup, passage);
    book_delay(rollup, passage, seller);
    book_time(rollup, passage);

    counts->unresolved += plan->outcome == OUTCOME_UNRESOLVED;
    counts->unconverted += event->unconverted;
    counts->open_unknown += event->open_unknown;
}

void book_unit(struct rollup *rollup, const struct passage *passage) {
    units_keep(&rollup->units, rollup->progress.units, passage->offset, passage->event->document);
    rollup->progress.units++;
    rollup->progress.counts.open_unknown += passage->event->open_unknown;
}
